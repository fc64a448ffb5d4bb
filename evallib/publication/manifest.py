"""``manifest.json``: what a folder of results rests on, what is in it, and what made it."""

from __future__ import annotations

import ast
import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evallib.errors import Fault, StudyError
from evallib.publication.folders import write_whole
from evallib.study.folders import input_files
from evallib.study.model import Study

FILE = "manifest.json"
PACKAGES = ("evallib", "matplotlib", "numpy", "pandas", "papermill", "scipy", "seaborn")
ELSEWHERE = ("cards", "cards-outdated")  # folders with a manifest of their own
TAGS = {"parameters", "injected-parameters"}


def write_manifest(
    path: Path, study: Study, years: list[int], *, params: Mapping[str, int | str]
) -> Path:
    """Write what a run rests on as JSON: parameters, versions, and the SHA-256 of every input.

    Parameters
    ----------
    path : where to write the file
    study : Study
    years : iterable of int
        Years whose files were used.
    params : dict
        Parameters of the run.
    """
    manifest = {
        "study": study.code,
        "names": {lang: study.name(lang) for lang in ("zh", "en")},
        "provenance": study.provenance,
        "years": sorted(years),
        "parameters": dict(params),
        "versions": versions(),
        "inputs": input_digests(study.path, years),
    }
    return _write(path, manifest)


def seal(folder: Path) -> None:
    """Add to a folder's manifest the SHA-256 of every file in it, and the notebooks' parameters.

    To be called when all is there; a folder without a manifest stays as it is.
    """
    folder = Path(folder)
    if (folder / FILE).is_file():
        added = {"notebooks": notebook_parameters(folder), "outputs": output_digests(folder)}
        _write(folder / FILE, read_manifest(folder) | added)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder of results.

    Raises
    ------
    StudyError
        If there is none, or it is damaged.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        remedy = "name the folder of a finished run, such as out/nanning/2020"
        raise StudyError([Fault(str(path), None, None, "no such file", remedy)])
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        manifest["study"], manifest["years"], manifest["inputs"], manifest["parameters"]
    except (ValueError, KeyError, TypeError):
        remedy = "publish the year again"
        raise StudyError([Fault(str(path), None, None, "no manifest of a run", remedy)]) from None
    return manifest


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers and pages come from."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def input_digests(folder: Path, years: list[int]) -> dict[str, str]:
    """SHA-256 of every file of a study that the results of some years rest on."""
    files = {file for year in years for file in input_files(folder, year)}
    return {file.relative_to(folder).as_posix(): _digest(file) for file in sorted(files)}


def output_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a folder of results but its manifest, and but its cards."""
    files = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        file.as_posix(): _digest(folder / file)
        for file in files
        if file.as_posix() != FILE and file.parts[0] not in ELSEWHERE
    }


def notebook_parameters(folder: Path) -> dict[str, dict[str, Any]]:
    """What every executed notebook was run with, its own defaults and seeds among them."""
    return {
        path.stem: _parameters(json.loads(path.read_text(encoding="utf-8"))["cells"])
        for path in sorted(Path(folder).glob("notebooks/*.ipynb"))
    }


def _parameters(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Name and value of every assignment in the cells of parameters, the later ones winning."""
    sources = ["".join(c["source"]) for c in cells if TAGS & {*c["metadata"].get("tags", ())}]
    lines = [line for source in sources for line in ast.parse(source).body]
    return {
        line.targets[0].id: ast.literal_eval(line.value)
        for line in lines
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name)
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: Path, manifest: Mapping[str, Any]) -> Path:
    return write_whole(path, f"{json.dumps(manifest, ensure_ascii=False, indent=2)}\n")
