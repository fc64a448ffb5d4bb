"""One interface to those who work: threads of this machine, or workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import evallib
from evallib.study.folders import project_root


class ClusterError(Exception):
    """The cluster cannot be used: not reachable, or with workers of another version."""


class Threads:
    """Local work: every kernel is a process of its own, so threads suffice."""

    def __init__(self, executor):
        self.executor = executor

    def submit(self, folder: Path, source: bytes, params: dict) -> Future:
        """Execute a notebook of the study in the folder."""
        from evallib.batch.execute import execute

        named = folder == project_root() / "data" / str(params.get("study"))
        given = params if named else params | {"study": str(folder)}
        return self.executor.submit(execute, source, given)


class Cluster:
    """Work on a Dask cluster; the study's folder travels with it."""

    def __init__(self, executor):
        self.executor = executor
        self.archive = cache(self._archive)

    @staticmethod
    def _archive(folder):
        from evallib.batch.execute import pack

        return pack(folder)

    def submit(self, folder: Path, source: bytes, params: dict) -> Future:
        """Execute a notebook of the study in the folder, wherever there is room."""
        from evallib.batch.execute import execute

        return self.executor.submit(execute, source, params, self.archive(folder))


@contextmanager
def open_pool(jobs, address=None) -> Iterator[Threads | Cluster]:
    """Threads, or the cluster of that address.

    Raises
    ------
    ClusterError
        If no scheduler answers, or a worker runs another version of evallib (it is named).
    """
    if address is None:
        with ThreadPoolExecutor(jobs) as executor:
            yield Threads(executor)
        return
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError("--cluster needs dask: install evallib[cluster]") from None
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise ClusterError(f"no scheduler answers at {address}: {error}") from None
    with client:
        _same_version(client, address)
        with client.get_executor(retries=3, pure=False) as executor:
            yield Cluster(executor)


def _same_version(client, address):
    found = client.run(_version)
    if not found:
        raise ClusterError(f"the scheduler at {address} has no workers; start some")
    others = {
        worker: version for worker, version in found.items() if version != evallib.__version__
    }
    if others:
        named = ", ".join(f"{worker} has {version}" for worker, version in sorted(others.items()))
        raise ClusterError(f"evallib here is {evallib.__version__}, but {named}; install the same")


def _version():
    return evallib.__version__
