"""Run the notebooks in place, and say which cell drifted from its stored output."""

from __future__ import annotations

import base64
import io
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from traitlets.config import Config

from evallib.study.folders import project_root

KERNEL = Config({"KernelManager": {"transport_encryption": "auto"}})  # else kernels warn on stderr
VOLATILE = "nbval-ignore-output"  # tag of cells whose output cannot repeat


@dataclass(frozen=True)
class Drift:
    """A cell whose output is no longer what the notebook stores."""

    notebook: str
    cell: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.notebook}, cell {self.cell}:\n  - {self.before}\n  + {self.after}"


def refresh(names: Collection[str] | None = None, *, write: bool) -> list[Drift]:
    """Run notebooks with their own parameters; store the outputs if asked, and list what moved.

    Parameters
    ----------
    names : list of str, optional
        Notebook names without ending; all of ``notebooks/`` when omitted.
    write : bool
        Whether the new outputs replace the stored ones.
    """
    folder = project_root() / "notebooks"
    paths = sorted(folder.glob("*.ipynb")) if not names else [folder / f"{n}.ipynb" for n in names]
    with ThreadPoolExecutor(2) as pool:
        return [
            drift
            for found in pool.map(lambda path: _refresh(path, write), paths)
            for drift in found
        ]


def _refresh(path: Path, write: bool) -> list[Drift]:
    from nbclient import NotebookClient

    stored = nbformat.read(path, as_version=4)
    fresh = nbformat.reads(nbformat.writes(stored), as_version=4)
    NotebookClient(
        fresh,
        timeout=120,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        config=KERNEL,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    tidy(fresh)
    if write:
        nbformat.write(fresh, path)
    return [
        drift
        for number, (old, new) in enumerate(zip(stored.cells, fresh.cells, strict=True))
        if (drift := _drift(path.stem, number, old, new))
    ]


def tidy(notebook: NotebookNode) -> None:
    """Strip what differs from run to run: times, widget state, versions; make pictures small."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            output.get("metadata", {}).pop("needs_background", None)
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = smaller(output["data"]["image/png"])


def smaller(picture: str, *, colours: int = 128) -> str:
    """A PNG in base64 with so many colours, which line charts do not miss."""
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(colours).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def _drift(name: str, number: int, old: NotebookNode, new: NotebookNode) -> Drift | None:
    if old.cell_type != "code" or VOLATILE in old.metadata.get("tags", ()):
        return None
    before, after = texts(old), texts(new)
    if before == after:
        return None
    lines = [
        (a, b)
        for a, b in zip(before + [""] * len(after), after + [""] * len(before), strict=False)
        if a != b
    ]
    return Drift(name, number, *(lines[0] if lines else ("", "")))


def texts(cell: NotebookNode) -> list[str]:
    """The lines of text that a cell shows; pictures are left out."""
    found = []
    for output in cell.get("outputs", ()):
        shown = (
            output.get("text")
            or output.get("data", {}).get("text/plain")
            or output.get("evalue", "")
        )
        if "image/png" not in output.get("data", {}):
            found += "".join(shown).splitlines()
    return found
