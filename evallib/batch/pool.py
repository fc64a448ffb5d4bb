"""One interface to those who work: threads of this machine, or workers of a Dask cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import evallib
from evallib.study.folders import project_root

if TYPE_CHECKING:
    from distributed import Client

    from evallib.batch.execute import Executed

PATIENCE = 10  # seconds that a scheduler has to answer


class ClusterError(Exception):
    """The cluster cannot be used: not reachable, or with workers of another version."""


class Threads:
    """Local work: every kernel is a process of its own, so threads suffice."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor

    def submit(self, folder: Path, source: bytes, params: dict[str, Any]) -> Future[Executed]:
        """Execute a notebook of the study in the folder."""
        from evallib.batch.execute import execute

        named = folder == project_root() / "data" / str(params.get("study"))
        given = params if named else params | {"study": str(folder)}
        return self.executor.submit(execute, source, given)


class Cluster:
    """Work on a Dask cluster; the study's folder travels with it."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.archive = cache(self._archive)

    @staticmethod
    def _archive(folder: Path) -> bytes:
        from evallib.batch.execute import pack

        return pack(folder)

    def submit(self, folder: Path, source: bytes, params: dict[str, Any]) -> Future[Executed]:
        """Execute a notebook of the study in the folder, wherever there is room."""
        from evallib.batch.execute import execute

        return self.executor.submit(execute, source, params, self.archive(folder))


@contextmanager
def open_pool(jobs: int, address: str | None = None) -> Iterator[Threads | Cluster]:
    """Threads, or the cluster of that address, for notebooks; see :func:`open_executor`."""
    with open_executor(jobs, address) as executor:
        yield Threads(executor) if address is None else Cluster(executor)


@contextmanager
def open_executor(jobs: int | None = None, cluster: str | None = None) -> Iterator[Executor]:
    """A pool of threads, or a Dask cluster behind the same interface.

    Parameters
    ----------
    jobs : int, optional
        Threads, where there is no cluster; as many as cores when omitted.
    cluster : str, optional
        Address of a Dask scheduler, ``tcp://host:port``.

    Raises
    ------
    ClusterError
        If no scheduler answers, or a worker runs another version of evallib (it is named).

    Examples
    --------
    Draws are counted in blocks; neither who counts nor in which order moves a number.

    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> drawn = ev.perturb_weights(result.scheme, at="leaf", spread=0.2, draws=4_000, seed=1)
    >>> with open_executor(jobs=2) as executor:
    ...     there = ev.rank_uncertainty(result, drawn, executor=executor)
    >>> bool((there.mass == ev.rank_uncertainty(result, drawn, threads=1).mass).all())
    True
    """
    with ExitStack() as stack:
        if cluster is None:
            executor = stack.enter_context(ThreadPoolExecutor(jobs or os.cpu_count()))
        else:
            client = stack.enter_context(_client(cluster))
            executor = stack.enter_context(client.get_executor(retries=3, pure=False))
        try:
            yield executor
        except BaseException:  # Ctrl-C above all: nothing more is begun, what runs is ended
            _stop(executor, local=cluster is None)
            raise


def _stop(executor: Executor, *, local: bool) -> None:
    choices: dict[str, Any] = {"cancel_futures": True} if local else {}
    executor.shutdown(wait=False, **choices)
    if local and "evallib.batch.execute" in sys.modules:
        sys.modules["evallib.batch.execute"].end_kernels()


def _client(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError("--cluster needs dask: install evallib[cluster]") from None
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no scheduler answers at {address}: {error}") from None
    try:
        _same_version(client, address)
    except ClusterError:
        client.close()
        raise
    return client


def _same_version(client: Client, address: str) -> None:
    found = client.run(_version)
    if not found:
        raise ClusterError(f"the scheduler at {address} has no workers; start some")
    others = {
        worker: version for worker, version in found.items() if version != evallib.__version__
    }
    if others:
        named = ", ".join(f"{worker} has {version}" for worker, version in sorted(others.items()))
        raise ClusterError(f"evallib here is {evallib.__version__}, but {named}; install the same")


def _version() -> str:
    return evallib.__version__
