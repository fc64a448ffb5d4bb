"""A published folder held to its manifest and to its study: is it what it says, and still true?"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import load_workbook

from evallib.errors import StudyError
from evallib.publication.check.read import read_blocks
from evallib.publication.letter import write_letter
from evallib.publication.manifest import (
    input_digests,
    output_digests,
    read_manifest,
    versions,
)
from evallib.publication.publish import year_tables
from evallib.publication.tables import write_csv
from evallib.publication.workbook import write_workbook
from evallib.study.folders import study_path
from evallib.study.guard import checked_archive
from evallib.study.load import read_study
from evallib.study.model import Study

COLUMNS = ["file", "place", "problem", "recorded", "found"]
CHANGED, MISSING, NEW = "it has changed", "it is missing", "it is not on record"
DIFFERS = "recomputed, it differs"


@dataclass(frozen=True)
class Verification:
    """What a published folder says, and what is there and comes out now.

    Attributes
    ----------
    outputs, inputs, results : DataFrame
        ``file, place, problem, recorded, found``: files of the folder, and files of the study,
        that are not what the manifest records; and cells, paragraphs or rows of results that
        come out otherwise when they are computed anew. All text; empty where nothing differs.
    counts : dict of str to int
        How many outputs, inputs and results were compared.
    notes : tuple of str
        What is no fault, but good to know: other versions, a manifest of before outputs were
        recorded.
    """

    outputs: pd.DataFrame
    inputs: pd.DataFrame
    results: pd.DataFrame
    counts: dict[str, int]
    notes: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing at all differs."""
        return self.outputs.empty and self.inputs.empty and self.results.empty


def verify(folder: Path, *, study: Path | str | None = None) -> Verification:
    """Hold a folder of results to its manifest, and compute its results anew from the study.

    Parameters
    ----------
    folder : path of ``out/<study>/<year>``
    study : path of the study's folder, or its name under ``data``
        The one that the manifest names when omitted.

    Raises
    ------
    StudyError
        If the folder has no manifest, or there is no such study, or it has become faulty.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    path = study_path(study or manifest["parameters"].get("study", manifest["study"]))
    recorded = manifest.get("outputs", {})
    outputs = _files(recorded, output_digests(folder)) if recorded else []
    outputs += _cards(folder / "cards")
    inputs = _files(manifest["inputs"], input_digests(path, manifest["years"]))
    with tempfile.TemporaryDirectory() as work:
        names = _recompute(read_study(path), manifest, folder, Path(work))
        results = [row for name in names for row in _compare(name, folder, Path(work))]
    counts = {"outputs": len(recorded), "inputs": len(manifest["inputs"]), "results": len(names)}
    out, given, results_ = (pd.DataFrame(r, columns=COLUMNS) for r in (outputs, inputs, results))
    return Verification(out, given, results_, counts, tuple(_notes(manifest)))


def _files(recorded: Mapping[str, str], found: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Files that are not what was recorded."""
    names = sorted(name for name in {*recorded, *found} if recorded.get(name) != found.get(name))
    problems = {name: CHANGED for name in names}
    problems |= {name: MISSING for name in names if name not in found}
    problems |= {name: NEW for name in names if name not in recorded}
    return [
        (name, "", problem, recorded.get(name, ""), found.get(name, ""))
        for name, problem in problems.items()
    ]


def _cards(folder: Path) -> list[tuple[str, ...]]:
    """Cards that are not what their own manifest records."""
    recorded = read_manifest(folder).get("outputs", {}) if folder.is_dir() else {}
    rows = _files(recorded, output_digests(folder)) if recorded else []
    return [(f"{folder.name}/{name}", *rest) for name, *rest in rows]


def _notes(manifest: Mapping[str, Any]) -> Iterator[str]:
    if "outputs" not in manifest:
        yield "the manifest does not record the files of this folder: it is of an earlier version"
    made, here = manifest.get("versions", {}), versions()
    for name in here:
        if made.get(name) != here[name]:
            yield f"made with {name} {made.get(name, 'of unknown version')}, here is {here[name]}"


def _recompute(study: Study, manifest: Mapping[str, Any], folder: Path, work: Path) -> list[str]:
    """Write again into another folder what comes from the study alone; the files' names."""
    year, lang = max(manifest["years"]), manifest["parameters"].get("lang", "zh")
    made = year_tables(study, year)
    for name, table in made.items():
        write_csv(table, work / f"{name}.csv")
    picture = folder / "figures" / "letter.png"  # beside the text, as it was
    figure = picture if picture.is_file() else None
    write_letter(work / "letter.docx", study, year, lang=lang, figure=figure)
    write_workbook(work / "scores.xlsx", study, year, lang=lang)
    return sorted(path.name for path in work.iterdir())


def _compare(name: str, folder: Path, work: Path) -> Iterator[tuple[str, ...]]:
    """Places at which a file of the folder and its recomputed like differ."""
    published, again = folder / name, work / name
    if not published.is_file():
        yield name, "", MISSING, "", ""
    elif published.read_bytes() != again.read_bytes():
        parts = {".csv": _csv_parts, ".xlsx": _cells, ".docx": _paragraphs}[published.suffix]
        try:
            sides = [parts(path) for path in (published, again)]
        except (StudyError, ValueError, KeyError) as error:
            yield name, "", f"it cannot be read ({error})", "", ""
            return
        for place in {**sides[0], **sides[1]}:
            old, new = (side.get(place, "") for side in sides)
            if old != new:
                yield name, place, DIFFERS, old, new


def _csv_parts(path: Path) -> dict[str, str]:
    """Cells of a table by row, as a spreadsheet counts them, and column."""
    with path.open(encoding="utf-8", newline="") as file:
        heads, *rows = csv.reader(file)
    return {
        f"row {number} ({row[0]}), column {head}": cell
        for number, row in enumerate(rows, start=2)
        for head, cell in zip_longest(heads, row, fillvalue="")
    }


def _cells(path: Path) -> dict[str, str]:
    """Cells of a workbook by sheet and place."""
    book = load_workbook(checked_archive(path))
    return {
        f"sheet {sheet.title}, cell {cell.coordinate}": str(cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }


def _paragraphs(path: Path) -> dict[str, str]:
    """Paragraphs and table rows of a letter by their number."""
    blocks = read_blocks(path)
    return {f"paragraph {n}": block.text for n, block in enumerate(blocks, start=1)}
