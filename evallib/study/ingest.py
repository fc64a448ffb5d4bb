"""Raw sheets to the long table: every cell scored or set aside, every decision in a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from evallib.errors import DataError, Fault, StudyError
from evallib.study.cells import REASONS, SET_ASIDE, Reading, Step, number_text, shown
from evallib.study.lines import Cell, Facts, Line, facts_of, read_lines
from evallib.study.marks import MARK_COLUMNS, complete_marks
from evallib.study.rules import Rules
from evallib.study.rulings import apply_rulings, groups, read_rulings, ruling_faults
from evallib.study.scheme import Scheme
from evallib.study.sheets import read_grids, read_layout

PLACE_COLUMNS = ["round", "file", "sheet", "row", "column", "unit", "indicator", "was"]
DECISION_COLUMNS = [*PLACE_COLUMNS, "becomes", "rule", "reason"]
SET_ASIDE_COLUMNS = [*PLACE_COLUMNS, "reason", "settled"]
BALANCE_COLUMNS = ["round", "cells_in", "scored", "set_aside"]


@dataclass(frozen=True)
class Ingested:
    """What the raw sheets of a year say, and every decision on the way.

    ``final`` and ``initial`` have one row per unit and leaf, ``cells`` the raw cell of each;
    ``rows`` is the balance per round: cells in = cells scored (with any status) + cells set aside.
    """

    final: pd.DataFrame
    initial: pd.DataFrame | None
    decisions: pd.DataFrame
    set_aside: pd.DataFrame
    rows: pd.DataFrame
    cells: pd.DataFrame


def ingest(
    folder: Path,
    *,
    scheme: Scheme,
    units: pd.DataFrame,
    aliases: pd.DataFrame,
    rules: Rules,
    year: int,
) -> Ingested:
    """Marks of both rounds from the raw sheets of a year, with the decision log.

    Parameters
    ----------
    folder : Path of the year's folder, which holds ``raw/`` and perhaps ``decisions.csv``
    scheme : Scheme
    units : DataFrame indexed by unit, with columns name_zh, name_en and class
    aliases : DataFrame with columns alias and unit, those that hold on 31 December
    rules : Rules
    year : int

    Returns
    -------
    Ingested

    Raises
    ------
    StudyError
        With every fault at once, among them every cell that neither a rule nor a ruling settles.

    Notes
    -----
    An applicable leaf without a cell comes back as ``missing``. Whether that is a fault is for
    the reader of the study to say, who knows the units that a veto excuses.
    """
    layout, faults = read_layout(folder / "raw" / "layout.yaml"), list[Fault]()
    facts = facts_of(str(year), scheme=scheme, units=units, aliases=aliases, rules=rules)
    rulings = read_rulings(folder, units.index, faults)
    grids = read_grids(folder / "raw", layout, faults)
    sheets = [
        read_lines(entry, grids[entry.file, entry.sheet], facts, faults)
        for entry in layout.sheets
        if (entry.file, entry.sheet) in grids
    ]
    lines = [line for sheet in sheets for line in sheet]
    settled = _set_repeats_aside(apply_rulings(lines, rulings, facts))
    read = {(line.entry.file, line.entry.sheet) for line in lines}
    unread = {(entry.file, entry.sheet) for entry in layout.sheets} - read
    faults += [*_open_faults(settled, facts), *ruling_faults(settled, rulings, facts, unread)]
    if faults:
        raise StudyError(faults)
    return _ingested(lines, settled, scheme, units)


def _set_repeats_aside(lines: list[Line]) -> list[Line]:
    """Set aside what repeats a mark identically; two marks that differ become a problem."""
    fates = {}
    for members in groups(lines).values():
        (first, kept), *others = sorted(members, key=lambda member: member[0].hidden)
        for line, cell in others:
            fates[cell] = _fate(cell, kept, line, first)
    return [_fated(line, fates) for line in lines] if fates else lines


def _fate(cell: Cell, kept: Cell, line: Line, first: Line) -> Cell:
    if not (cell.reading and kept.reading) or cell.reading.problem or kept.reading.problem:
        return cell
    if cell.reading.said == kept.reading.said:
        rule = "hidden_row" if line.hidden and not first.hidden else "duplicate_row"
        return replace(cell, dropped=Step(rule, shown(cell.value), SET_ASIDE, REASONS[rule]))
    place = " ".join(filter(None, (first.entry.file, first.entry.sheet, f"row {first.row}")))
    said = [
        one.status if one.mark is None else number_text(one.mark)
        for one in (cell.reading, kept.reading)
    ]
    problem = f"two marks of {line.unit}/{cell.leaf.code}: {said[0]} here, {said[1]} in {place}"
    return replace(cell, reading=replace(cell.reading, problem=problem))


def _fated(line: Line, fates: Mapping[Cell, Cell]) -> Line:
    """The line with its repeats set aside; a wide line that repeats throughout goes as a whole."""
    if line.dropped:
        return line
    cells = tuple(fates.get(cell, cell) for cell in line.cells)
    rules = {cell.dropped.rule if cell.dropped else "" for cell in cells}
    rule = rules.pop() if len(rules) == 1 and line.entry.shape == "wide" else ""
    whole = Step(rule, line.text, SET_ASIDE, REASONS[rule]) if rule in REASONS else None
    return replace(line, cells=cells, dropped=whole)


def _open_faults(lines: list[Line], facts: Facts) -> Iterator[Fault]:
    """Every unit, leaf and cell that neither a rule nor a ruling settled."""
    ruling = f"a ruling to {facts.folder}/decisions.csv"
    unit_remedy = f"add the name to units.csv or aliases.csv with its dates, or {ruling}"
    leaf_remedy = f"name it under columns or ignore in layout.yaml, or add {ruling}"
    for line in lines:
        file, sheet = facts.place(line.entry)
        if line.dropped:
            continue
        if line.problem:
            yield Fault(file, line.row, line.column, line.problem, unit_remedy, sheet)
        for cell in line.cells:
            leaf = cell.leaf
            if leaf.problem:
                yield Fault(file, leaf.row, leaf.column, leaf.problem, leaf_remedy, sheet)
            if cell.reading and cell.reading.problem and not cell.dropped:
                problem = f"{cell.reading.problem} ({line.unit}/{leaf.code})"
                yield Fault(file, line.row, cell.column, problem, f"add {ruling}", sheet)


def _ingested(
    lines: list[Line], settled: list[Line], scheme: Scheme, units: pd.DataFrame
) -> Ingested:
    cells_in = Counter(line.entry.round for line in lines for _ in line.cells)
    counted = {key: members[0] for key, members in groups(settled).items()}
    kept = {key: cell.reading for key, (_, cell) in counted.items() if cell.reading}
    cells = [_cell_place(line, cell) for line, cell in counted.values()]
    aside = pd.DataFrame(_aside_rows(settled), columns=SET_ASIDE_COLUMNS)
    log = list(dict.fromkeys(row for line in settled for row in _log_rows(line)))
    scored = Counter(entry_round for entry_round, _, _ in kept)
    out = Counter(aside["round"])
    balance = [(name, n, scored[name], out[name]) for name, n in cells_in.items()]
    for name, n, n_scored, n_aside in balance:
        if n != n_scored + n_aside:
            raise DataError(f"{name} round: {n} cells in, {n_scored} scored, {n_aside} set aside")
    marks = {name: _marks(kept, name, scheme, units) for name in ("initial", "final")}
    return Ingested(
        marks["final"],
        marks["initial"] if any(line.entry.round == "initial" for line in lines) else None,
        pd.DataFrame(log, columns=DECISION_COLUMNS),
        aside,
        pd.DataFrame(balance, columns=BALANCE_COLUMNS),
        pd.DataFrame(cells, columns=PLACE_COLUMNS),
    )


def _marks(
    kept: Mapping[tuple[str, str, str], Reading], name: str, scheme: Scheme, units: pd.DataFrame
) -> pd.DataFrame:
    rows = [
        (unit, leaf, None if reading.mark is None else float(reading.mark), reading.status)
        for (entry_round, unit, leaf), reading in kept.items()
        if entry_round == name
    ]
    return complete_marks(pd.DataFrame(rows, columns=MARK_COLUMNS), units, scheme)


def _aside_rows(lines: list[Line]) -> Iterator[tuple[int | str, ...]]:
    for line in lines:
        for cell in line.cells:
            step = line.dropped or cell.dropped
            if step:
                settled = "ruling" if step.rule == "ruling" else "rule"
                yield (*_cell_place(line, cell), step.reason, settled)


def _log_rows(line: Line) -> Iterator[tuple[int | str, ...]]:
    """Decisions about a line: its unit, its leaves, then the line as a whole or its cells."""
    for step in (*line.steps, *filter(None, [line.dropped])):
        yield _log_row(line, line.row, line.column, "", step)
    for cell in line.cells:
        leaf, decided = cell.leaf, cell.reading.steps if cell.reading else ()
        for step in leaf.steps:
            yield _log_row(replace(line, unit=""), leaf.row, leaf.column, leaf.code, step)
        if line.dropped or cell.dropped in leaf.steps:
            continue
        for step in (cell.dropped,) if cell.dropped else decided:
            yield _log_row(line, line.row, cell.column, leaf.code, step)


def _log_row(line: Line, row: int, column: str, leaf: str, step: Step) -> tuple[int | str, ...]:
    place = _place(line, row, column, leaf, step.was)
    return (*place, step.becomes, step.rule, step.reason)


def _cell_place(line: Line, cell: Cell) -> tuple[int | str, ...]:
    return _place(line, line.row, cell.column, cell.leaf.code, shown(cell.value))


def _place(line: Line, row: int, column: str, leaf: str, was: str) -> tuple[int | str, ...]:
    entry = line.entry
    return (entry.round, entry.file, entry.sheet, row, column, line.unit, leaf, was)
