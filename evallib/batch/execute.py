"""Execute one notebook: the piece of work that a thread or a cluster worker does.

It takes bytes and gives bytes, so that workers need share no disk with the caller.
"""

from __future__ import annotations

import io
import logging
import tempfile
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import nbformat
import papermill
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.translators import PythonTranslator, papermill_translators

from evallib.refresh import KERNEL


class ReadableTranslator(PythonTranslator):  # type: ignore[misc]  # papermill ships no types
    """Writes injected text as it is, so that Chinese stays readable in executed notebooks."""

    @classmethod
    def translate_str(cls, val: str) -> str:
        """The text as a Python literal."""
        return repr(val)


class SavedOnce(NBClientEngine):  # type: ignore[misc]  # papermill ships no types
    """Saves a notebook at its end alone; papermill would do so before and after every cell."""

    @classmethod
    def execute_notebook(
        cls, nb: Any, kernel_name: str, output_path: str | None = None, **choices: Any
    ) -> Any:
        """Execute it; papermill itself writes the result, or the notebook as far as it came."""
        return super().execute_notebook(nb, kernel_name, output_path=None, **choices)


papermill_translators.register("python", ReadableTranslator)
papermill_engines.register("saved_once", SavedOnce)


class Kernel(AsyncKernelManager):
    """A kernel that can be ended from another thread."""

    running: ClassVar[set[Any]] = set()

    async def start_kernel(self, **choices: Any) -> None:  # type: ignore[override]  # typed as sync
        """Start it, and remember its process."""
        await super().start_kernel(**choices)
        self.running.add(getattr(self.provisioner, "process"))  # noqa: B009 - of local kernels


def end_kernels() -> None:
    """End the kernels of this process, so that the threads that wait for them go on."""
    for process in Kernel.running:
        if process.poll() is None:
            process.kill()


@dataclass(frozen=True)
class Executed:
    """An executed notebook, as far as it came, and the error that ended it."""

    content: bytes
    seconds: float
    cell: int = 0
    line: str = ""
    error: str = ""


def execute(source: bytes, params: dict[str, Any], archive: bytes | None = None) -> Executed:
    """Run a notebook's bytes with its parameters.

    Parameters
    ----------
    source : bytes of the notebook
    params : dict of those parameters that it declares
    archive : bytes, optional
        The study's folder as of ``pack``, for workers that share no disk.
    """
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="evallib-") as folder:
        if archive is not None:
            params = params | {"study": str(unpack(archive, Path(folder)))}
        given, done = Path(folder) / "given.ipynb", Path(folder) / "done.ipynb"
        given.write_bytes(source)
        cell, line, error = _papermill(given, done, params)
        content = done.read_bytes() if done.exists() else source
    return Executed(content, time.perf_counter() - start, cell, line, error)


def _papermill(given: Path, done: Path, params: Mapping[str, Any]) -> tuple[int, str, str]:
    """Run it; the failing cell (from 1), its first line and the error, or nothing."""
    try:
        papermill.execute_notebook(
            str(given),
            str(done),
            parameters=params,
            progress_bar=False,
            engine_name="saved_once",
            kernel_name="python3",
            log_output=False,
            config=KERNEL,
            kernel_manager_class=Kernel,
            shutdown_kernel="immediate",  # nothing of it is needed any more
        )
    except PapermillExecutionError as error:
        cells = nbformat.read(given, as_version=4).cells
        cell = next((n for n, cell in enumerate(cells, 1) if cell.source == error.source), 0)
        line = error.source.strip().splitlines()[0]
        return cell, line, f"{error.ename}: {error.evalue}".strip()
    except DeadKernelError:
        return 0, "", "the kernel died; it may have run out of memory"
    return 0, "", ""


def pack(folder: Path) -> bytes:
    """A study folder as one zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(path, Path(folder.name) / path.relative_to(folder))
    return buffer.getvalue()


def unpack(content: bytes, folder: Path) -> Path:
    """The study folder of an archive, below the folder given."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
        return folder / Path(archive.namelist()[0]).parts[0]
