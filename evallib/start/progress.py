"""How far a year has come: cells filled, units without a mark, and what else is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from evallib.errors import Fault, StudyError
from evallib.start.looks import text_width
from evallib.start.pages import ROUNDS, pages_of
from evallib.start.plan import read_plan
from evallib.study.cells import shown
from evallib.study.lines import facts_of, read_lines
from evallib.study.load import inspect_study, study_path
from evallib.study.marks import MISSING, MarkRow
from evallib.study.names import find_unit, unit_names
from evallib.study.rulings import apply_rulings, read_rulings
from evallib.study.sheets import read_grids, read_layout
from evallib.study.tables import read_rows

if TYPE_CHECKING:
    from evallib.start.plan import Plan

LISTED, NAMED = 10, 6  # faults and units that are named before the rest is counted


@dataclass(frozen=True)
class Progress:
    """How far a year has come.

    Attributes
    ----------
    cells : DataFrame
        ``round,dimension,filled,cells``: a row per round and score sheet.
    untouched : dict of round to tuple of str
        Names of the units without a single filled cell.
    units : int
        Units that are valid in the year.
    faults : tuple of Fault
        What is wrong besides cells that are still blank.
    ready : bool
        Whether the year can be scored as it is.
    """

    study: str
    year: int
    cells: pd.DataFrame
    untouched: dict[str, tuple[str, ...]]
    units: int
    faults: tuple[Fault, ...]
    ready: bool


@dataclass(frozen=True)
class _Found:
    """Cells found filled, as (round, unit, leaf), and the places of blank ones."""

    rounds: tuple[str, ...] = ("final",)
    filled: frozenset[tuple[str, str, str]] = frozenset()
    blank: frozenset[tuple[str, str | None, int, str]] = frozenset()


def what_is_missing(study: Path | str, year: int) -> list[str]:
    """What keeps a year from being scored, as the lines of one screen; empty when nothing does.

    Parameters
    ----------
    study : path of a study folder, or a folder name under ``data``
    year : int

    Examples
    --------
    >>> what_is_missing("data/nanning", 2020)
    []
    """
    progress = year_progress(study, year)
    if progress.ready:
        return []
    filled, cells = progress.cells["filled"].sum(), progress.cells["cells"].sum()
    how_far = f": {filled} of {cells} cells are filled" if cells else ""
    return [
        f"{progress.study} {year} cannot be scored yet{how_far}",
        *_cell_lines(progress.cells),
        *_untouched_lines(progress),
        *(_sheet_lines(study_path(study) / str(year)) if cells else ()),
        *_fault_lines(progress.faults),
    ]


def year_progress(study: Path | str, year: int) -> Progress:
    """How far a year has come.

    Parameters
    ----------
    study : path of a study folder, or a folder name under ``data``
    year : int

    Examples
    --------
    >>> year_progress("data/sichuan-land", 2011).cells.to_dict("records")
    [{'round': 'final', 'dimension': '总得分', 'filled': 105, 'cells': 105}]
    """
    path = study_path(study)
    faults = StudyError(inspect_study(path, years=[year])[1]).faults
    nothing = pd.DataFrame(columns=["round", "dimension", "filled", "cells"])
    try:
        plan = read_plan(path, year, source=year)
        found = _found(path / str(year), plan)
    except StudyError as error:  # a year of totals alone has no scheme and needs none
        known = {fault.file for fault in faults}
        more = [fault for fault in error.faults if faults and fault.file not in known]
        return Progress(path.name, year, nothing, {}, 0, (*faults, *more), not faults)
    cells, untouched = _counted(plan, found)
    other = tuple(fault for fault in faults if not _is_blank(fault, found, year))
    return Progress(path.name, year, cells, untouched, len(plan.units), other, not faults)


def _found(folder: Path, plan: Plan) -> _Found:
    if (folder / "raw").is_dir():
        return _found_in_sheets(folder, plan)
    names, filled = unit_names(plan.units, plan.aliases), set()
    rows = {}
    if (folder / "marks.csv").is_file():
        rows = read_rows(folder / "marks.csv", MarkRow, "", [])
    for row in rows.values():
        if row.status != MISSING:
            filled.add(("final", find_unit(row.unit, names).unit, row.indicator))
    return _Found(filled=frozenset(filled))


def _found_in_sheets(folder: Path, plan: Plan) -> _Found:
    layout, faults = read_layout(folder / "raw" / "layout.yaml"), list[Fault]()
    rules = {"scheme": plan.scheme, "units": plan.units, "aliases": plan.aliases}
    facts = facts_of(folder.name, rules=plan.rules, **rules)
    grids = read_grids(folder / "raw", layout, faults)
    sheets = [
        read_lines(entry, grids[entry.file, entry.sheet], facts, faults)
        for entry in layout.sheets
        if (entry.file, entry.sheet) in grids
    ]
    lines = [line for sheet in sheets for line in sheet]
    filled, blank = set(), set()
    rulings = read_rulings(folder, plan.units.index, faults)
    for line in apply_rulings(lines, rulings, facts):
        for cell in () if line.dropped else line.cells:
            if cell.dropped or not cell.reading or cell.reading.status == MISSING:
                continue
            if cell.reading.problem and not shown(cell.value).strip():
                blank.add((*facts.place(line.entry), line.row, cell.column))
            else:
                filled.add((line.entry.round, line.unit, cell.leaf.code))
    given = {entry.round for entry in layout.sheets}
    rounds = tuple(name for name in ROUNDS if name in given)
    return _Found(rounds, frozenset(filled), frozenset(blank))


def _counted(plan: Plan, found: _Found) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Filled cells per round and dimension, and the units without any."""
    applies = plan.scheme.applies(plan.units["class"])
    wanted = [(unit, leaf) for leaf in applies for unit in applies.index[applies[leaf]]]
    rows, untouched = [], {}
    for name in found.rounds:
        filled = {(unit, leaf) for unit, leaf in wanted if (name, unit, leaf) in found.filled}
        for page in pages_of(plan):
            count = sum(leaf in page.leaves for _, leaf in filled)
            rows.append((name, page.sheet, count, page.cells))
        begun = {unit for unit, _ in filled}
        names = plan.units["name_zh"]
        untouched[name] = tuple(names[[unit not in begun for unit in names.index]])
    return pd.DataFrame(rows, columns=["round", "dimension", "filled", "cells"]), untouched


def _is_blank(fault: Fault, found: _Found, year: int) -> bool:
    """Whether a fault says only what the count of filled cells says as well."""
    place: tuple[Any, ...] = (fault.file, fault.sheet, fault.row, fault.column)
    if place in found.blank:
        return True
    counted = (f"{year}/raw", f"{year}/marks.csv")
    return fault.file in counted and fault.row is None and fault.column in ("unit", "mark")


def _cell_lines(cells: pd.DataFrame) -> Iterator[str]:
    """A line per dimension, a column per round, and a last line that sums up."""
    if cells.empty:
        return
    rounds = list(dict.fromkeys(cells["round"]))
    total = cells.groupby("round", sort=False)[["filled", "cells"]].sum().reset_index()
    table = pd.concat([cells, total.assign(dimension="in all")])
    width = max(map(text_width, table["dimension"])) + 2
    yield _padded("", width + 2) + "".join(_padded(ROUNDS[name], 18) for name in rounds).rstrip()
    for title, rows in table.groupby("dimension", sort=False):
        texts = (_padded(f"{row.filled} of {row.cells}", 18) for row in rows.itertuples())
        yield _padded(f"  {title}", width + 2) + "".join(texts).rstrip()


def _padded(text: str, width: int) -> str:
    return text + " " * (width - text_width(text))


def _untouched_lines(progress: Progress) -> Iterator[str]:
    for name, units in progress.untouched.items():
        if not units:
            continue
        if len(units) == progress.units:
            yield f"{ROUNDS[name]}: no cell filled in any of the {len(units)} units"
            continue
        more = f" and {len(units) - NAMED} more" if len(units) > NAMED else ""
        count = f"{len(units)} unit{'s' if len(units) > 1 else ''}"
        yield f"{ROUNDS[name]}: nothing yet for {count}: {', '.join(units[:NAMED])}{more}"


def _sheet_lines(folder: Path) -> Iterator[str]:
    """How to get score sheets, where there is a scheme and nothing to mark on."""
    there = [(folder / name).exists() for name in ("scheme.csv", "raw", "marks.csv", "totals.csv")]
    if there == [True, False, False, False]:
        yield f"score sheets for assessors: evallib new {folder.parent.name} {folder.name}"


def _fault_lines(faults: Sequence[Fault]) -> Iterator[str]:
    """Every fault where they are few, else the first of each file and sheet with their number."""
    if not faults:
        return
    yield f"wrong besides: {len(faults)} fault{'s' if len(faults) > 1 else ''}"
    if len(faults) <= LISTED:
        yield from (f"  {_one_line(fault)}" for fault in faults)
        return
    places = defaultdict(list)
    for fault in faults:
        places[fault.file, fault.sheet].append(fault)
    for here in list(places.values())[:LISTED]:
        more = f" (and {len(here) - 1} more there)" if len(here) > 1 else ""
        yield f"  {_one_line(here[0])}{more}"
    if len(places) > LISTED:
        yield f"  and {sum(map(len, list(places.values())[LISTED:]))} in other files and sheets"


def _one_line(fault: Fault) -> str:
    """The fault without the line breaks that headers of a sheet may have."""
    return str(fault).replace("\n", "")
