"""Rulings by a person on what no rule decides: applied where needed, faults where not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from evallib.errors import Fault
from evallib.study.cells import Reading, Step, read_mark, shown, squeeze
from evallib.study.lines import Cell, Facts, Leaf, Line, read_cells
from evallib.study.sheets import Sheet
from evallib.study.tables import Code, IsoDate, Row, Whole, read_rows

FILE = "decisions.csv"
DROP = "drop"
CellKey = tuple[str, str, int, str]  # file, sheet, row and column of a cell


class RulingRow(Row):
    """A row of ``decisions.csv``: what a person decided about one cell."""

    file: str
    sheet: str = ""
    row: Whole
    column: str
    was: str = ""
    becomes: Code
    reason: str
    decided_by: str
    decided_on: IsoDate

    @property
    def key(self) -> CellKey:
        """The cell that is ruled on."""
        return (self.file, self.sheet, self.row, squeeze(self.column))

    def step(self, text: str) -> Step:
        """The ruling as a decision on a cell of that text."""
        return Step("ruling", text, self.becomes, self.reason)


@dataclass(frozen=True)
class Rulings:
    """All rulings of a year by the cell they are about, with their rows in the file."""

    by_cell: Mapping[CellKey, RulingRow]
    rows: Mapping[CellKey, int]
    units: frozenset[str]

    def on(self, entry: Sheet, row: int, column: str, text: str) -> RulingRow | None:
        """The ruling on a cell, if there is one and it saw the cell as it is."""
        found = self.by_cell.get((entry.file, entry.sheet, row, squeeze(column)))
        return found if found and found.was == text.strip() else None


def read_rulings(folder: Path, units: pd.Index, faults: list[Fault]) -> Rulings:
    """The rulings of a year; none when it has no ``decisions.csv``.

    Parameters
    ----------
    folder : Path of the year's folder
    units : iterable of unit ids, which a ruling may give to a line
    faults : list of Fault, extended
    """
    path, file = folder / FILE, f"{folder.name}/{FILE}"
    by_cell, rows = dict[CellKey, RulingRow](), dict[CellKey, int]()
    for number, row in (read_rows(path, RulingRow, file, faults) if path.is_file() else {}).items():
        if row.key in rows:
            problem = f"row {rows[row.key]} already rules on this cell"
            faults.append(Fault(file, number, None, problem, "keep one of the two"))
        else:
            by_cell[row.key], rows[row.key] = row, number
    return Rulings(by_cell, rows, frozenset(units))


def apply_rulings(lines: list[Line], rulings: Rulings, facts: Facts) -> list[Line]:
    """The lines after every ruling that a leaf, a line or a cell needs.

    Parameters
    ----------
    lines : list of Line, read as far as rules go
    rulings : Rulings
    facts : Facts
    """
    if not rulings.by_cell:
        return lines
    lines = _rule_leaves(lines, rulings, facts)
    repeated, contested = repeats(lines)
    lines = [_rule_line(line, rulings, facts, repeated, contested) for line in lines]
    _, contested = repeats(lines)
    return [_rule_cells(line, rulings, facts, contested) for line in lines]


def groups(lines: list[Line]) -> dict[tuple[str, str, str], list[tuple[Line, Cell]]]:
    """Lines and cells that count, by round, unit and leaf."""
    found: dict[tuple[str, str, str], list[tuple[Line, Cell]]] = defaultdict(list)
    for line in lines:
        for cell in () if line.dropped else line.cells:
            if cell.reading and not cell.dropped:
                found[line.entry.round, line.unit, cell.leaf.code].append((line, cell))
    return found


def repeats(lines: list[Line]) -> tuple[set[Cell], set[Cell]]:
    """Cells that share unit and leaf with another, and those of them whose marks differ."""
    repeated, contested = set[Cell](), set[Cell]()
    for members in groups(lines).values():
        cells = [cell for _, cell in members]
        said = {said.said for cell in cells if (said := cell.reading) and not said.problem}
        repeated.update(cells if len(cells) > 1 else ())
        contested.update(cells if len(said) > 1 else ())
    return repeated, contested


def _rule_leaves(lines: list[Line], rulings: Rulings, facts: Facts) -> list[Line]:
    """Settle leaves that no rule names; the cells of one column share their leaf."""
    ruled = {
        cell.leaf: _rule_leaf(cell.leaf, line.entry, rulings, facts)
        for line in lines
        for cell in line.cells
        if cell.leaf.problem and not line.dropped
    }
    if not ruled:
        return lines
    return [
        read_cells(replace(line, cells=tuple(_with_leaf(c, ruled) for c in line.cells)), facts)
        for line in lines
    ]


def _rule_leaf(leaf: Leaf, entry: Sheet, rulings: Rulings, facts: Facts) -> Leaf:
    ruling = rulings.on(entry, leaf.row, leaf.column, leaf.text)
    if not ruling or not _may_become(ruling.becomes, facts.leaf_codes):
        return leaf
    code = "" if ruling.becomes == DROP else ruling.becomes
    return replace(leaf, code=code, problem="", steps=(ruling.step(leaf.text),))


def _may_become(becomes: str, known: frozenset[str]) -> bool:
    return becomes == DROP or becomes in known


def _with_leaf(cell: Cell, ruled: Mapping[Leaf, Leaf]) -> Cell:
    leaf = ruled.get(cell.leaf, cell.leaf)
    dropped = leaf.steps[0] if leaf.steps and not leaf.code else None
    return replace(cell, leaf=leaf, dropped=cell.dropped or dropped)


def _rule_line(
    line: Line, rulings: Rulings, facts: Facts, repeated: set[Cell], contested: set[Cell]
) -> Line:
    ruling = rulings.on(line.entry, line.row, line.column, line.text) if line.column else None
    if not ruling or line.dropped or not _may_become(ruling.becomes, rulings.units):
        return line
    disputed = contested if ruling.becomes == DROP else repeated
    unread = [cell for cell in line.cells if cell.reading and cell.reading.problem]
    if not (line.problem or unread or disputed.intersection(line.cells)):
        return line
    if ruling.becomes == DROP:
        return replace(line, dropped=ruling.step(line.text))
    given = replace(line, unit=ruling.becomes, problem="", steps=(ruling.step(line.text),))
    return line if line.unit == ruling.becomes else read_cells(given, facts)


def _rule_cells(line: Line, rulings: Rulings, facts: Facts, contested: set[Cell]) -> Line:
    if line.dropped:
        return line
    cells = tuple(_rule_cell(line, cell, rulings, facts, contested) for cell in line.cells)
    return replace(line, cells=cells)


def _rule_cell(line: Line, cell: Cell, rulings: Rulings, facts: Facts, contested: set[Any]) -> Cell:
    ruling = rulings.on(line.entry, line.row, cell.column, shown(cell.value))
    if not ruling or not cell.reading or cell.dropped:
        return cell
    if not cell.reading.problem and cell not in contested:
        return cell
    if ruling.becomes == DROP:
        return replace(cell, dropped=ruling.step(shown(cell.value)))
    reading = _ruled(ruling, line, cell, facts)
    return cell if reading.problem else replace(cell, reading=reading)


def _ruled(ruling: RulingRow, line: Line, cell: Cell, facts: Facts) -> Reading:
    """What a cell says by ruling; a number is one that the sheet could have shown."""
    steps = (ruling.step(shown(cell.value)),)
    expected = facts.expect(cell.leaf.code, line.unit, line.entry)
    if ruling.becomes == "missing" and not expected.applies:
        return Reading(problem="missing, but the leaf does not apply to the unit's class")
    if ruling.becomes in ("not_applicable", "missing"):
        return Reading(ruling.becomes, steps=steps)
    reading = read_mark(ruling.becomes, expected)
    if reading.steps:
        return Reading(problem="neither a plain number, not_applicable, missing nor drop")
    return replace(reading, steps=steps)


def ruling_faults(
    lines: list[Line], rulings: Rulings, facts: Facts, unread: set[tuple[str, str]]
) -> Iterator[Fault]:
    """Faults of rulings that were not applied: no such cell, stale, impossible, not needed.

    Parameters
    ----------
    lines : list of Line, after ``apply_rulings``
    rulings : Rulings
    facts : Facts
    unread : set of (file, sheet)
        Sheets with faults of their own, about which nothing can be said.
    """
    places = defaultdict(list)
    for key, *place in _places(lines) if rulings.by_cell else ():
        if key in rulings.by_cell:
            places[key].append(place)
    for key, ruling in rulings.by_cell.items():
        found = places.get(key, [])
        if ruling.file.startswith("evidence/"):  # the reader of evidence answers for these
            continue
        if key[:2] in unread or any(_is_ruled(steps) for _, steps, _, _ in found):
            continue
        wrong = [_wrong(ruling, text, line, at, rulings, facts) for text, _, line, at in found]
        problem, remedy = wrong[0] if wrong else ("no such cell is read", "correct its place")
        yield Fault(f"{facts.folder}/{FILE}", rulings.rows[key], None, problem, remedy)


def _places(lines: list[Line]) -> Iterator[tuple[Any, ...]]:
    """Every cell that can be ruled on: key, text, decisions about it, its line and what it is."""
    for line in lines:
        sheet = (line.entry.file, line.entry.sheet)
        if line.column:
            key = (*sheet, line.row, squeeze(line.column))
            yield key, line.text, (*line.steps, line.dropped), line, line
        for cell in line.cells:
            leaf, steps = cell.leaf, cell.reading.steps if cell.reading else ()
            yield (*sheet, leaf.row, squeeze(leaf.column)), leaf.text, leaf.steps, line, leaf
            key = (*sheet, line.row, squeeze(cell.column))
            own = cell.dropped if cell.dropped not in leaf.steps else None
            yield key, shown(cell.value), (*steps, own), line, cell


def _is_ruled(steps: tuple[Step | None, ...]) -> bool:
    return any(step is not None and step.rule == "ruling" for step in steps)


def _wrong(
    ruling: RulingRow, text: str, line: Line, at: Cell | Leaf | Line, rulings: Rulings, facts: Facts
) -> tuple[str, str]:
    """Why a ruling on a cell was not applied, and what to do."""
    if text.strip() != ruling.was:
        return f"the cell shows {text!r}, not {ruling.was!r}", "rule on it again"
    problem = ""
    if isinstance(at, Line) and not _may_become(ruling.becomes, rulings.units):
        problem = "neither a unit id nor drop"
    elif isinstance(at, Leaf) and not _may_become(ruling.becomes, facts.leaf_codes):
        problem = "neither the code of a leaf nor drop"
    elif isinstance(at, Cell) and at.reading and ruling.becomes != DROP:
        problem = _ruled(ruling, line, at, facts).problem
    if problem:
        return f"it cannot become {ruling.becomes!r}: {problem}", "correct the ruling"
    return "the rules settle this cell without a ruling", "remove the ruling"
