"""From a sheet to its lines of marks: units and leaves named, cells read as far as rules go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import pandas as pd

from evallib.errors import Fault
from evallib.study import cells as say
from evallib.study.cells import REASONS, Expected, Reading, Step, shown, squeeze
from evallib.study.names import Names, find_unit, normal_form, unit_names
from evallib.study.rules import Rules
from evallib.study.scheme import Scheme
from evallib.study.sheets import Grid, Header, Sheet, read_headers


@dataclass(frozen=True)
class Facts:
    """What scheme, units and rules say before the first cell is read."""

    folder: str
    names: Names
    leaves: dict[str, list[str]]  # normal form of code or name -> codes
    expected: dict[tuple[str, bool, str], Expected]  # by leaf, applies, kind of sheet
    applies: frozenset[tuple[str, str]]

    @cached_property
    def leaf_codes(self) -> frozenset[str]:
        """Codes of all leaves."""
        return frozenset(leaf for leaf, _, _ in self.expected)

    def expect(self, leaf: str, unit: str, entry: Sheet) -> Expected:
        """What a cell of that leaf and unit must keep to on a sheet."""
        return self.expected[leaf, (unit, leaf) in self.applies, entry.kind]

    def place(self, entry: Sheet) -> tuple[str, str | None]:
        """File, relative to the study, and sheet of an entry."""
        return f"{self.folder}/raw/{entry.file}", entry.sheet or None


@dataclass(frozen=True, eq=False)
class Leaf:
    """The leaf that a header, or a leaf cell of a long sheet, names, or the problem with it."""

    row: int
    column: str
    text: str
    code: str = ""
    problem: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, eq=False)
class Cell:
    """One mark cell; ``dropped`` is the decision that set it aside."""

    column: str
    value: object
    leaf: Leaf
    reading: Reading | None = None
    dropped: Step | None = None


@dataclass(frozen=True, eq=False)
class Line:
    """One line that carries marks; ``dropped`` is the decision that set it aside as a whole."""

    entry: Sheet
    row: int
    column: str
    text: str
    hidden: bool
    unit: str = ""
    problem: str = ""
    steps: tuple[Step, ...] = ()
    dropped: Step | None = None
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Columns:
    """The part that each column of a sheet plays."""

    unit: Header | None
    leaf: Header | None
    marks: tuple[Header, ...]
    ignored: tuple[Header, ...]

    @property
    def deciding(self) -> tuple[Header, ...]:
        """Columns of which one is filled in every row that is more than layout."""
        return (*[named for named in (self.leaf or self.unit,) if named], *self.marks)


def facts_of(
    folder: str, *, scheme: Scheme, units: pd.DataFrame, aliases: pd.DataFrame, rules: Rules
) -> Facts:
    """What is known of a year before its sheets are read.

    Parameters
    ----------
    folder : str, name of the year's folder
    scheme, units, aliases, rules
        As for ``ingest``.
    """
    leaves = defaultdict(list)
    for leaf in scheme.leaves:
        for name in {normal_form(leaf), normal_form(scheme.node(leaf).name_zh)}:
            leaves[name].append(leaf)
    expected = {
        (leaf, applies, kind): say.expected(
            scheme.node(leaf),
            applies=applies,
            deduction=kind == "deduction",
            may_be_missing=rules.missing != "refuse",
        )
        for leaf, applies, kind in product(scheme.leaves, (True, False), ("score", "deduction"))
    }
    table = scheme.applies(units["class"])
    applies = frozenset((unit, leaf) for leaf in table for unit in table.index[table[leaf]])
    return Facts(folder, unit_names(units, aliases), dict(leaves), expected, applies)


def read_lines(entry: Sheet, grid: Grid, facts: Facts, faults: list[Fault]) -> list[Line]:
    """Lines of one sheet, in its order; faults of its headers are added to ``faults``.

    Parameters
    ----------
    entry : Sheet
    grid : Grid
    facts : Facts
    faults : list of Fault, extended
    """
    before, headers = len(faults), read_headers(entry, grid)
    columns = _columns(entry, grid, headers, facts, faults)
    unit = _constant_unit(entry, facts, faults)
    if len(faults) > before:
        return []
    leaves = {header: _leaf(header.text, header, entry, facts) for header in columns.marks}
    lines = []
    for row in range(entry.title_rows + entry.header_rows, len(grid.rows)):
        values = grid.rows[row]
        if not any(shown(values[header.position]).strip() for header in columns.deciding):
            continue
        if columns.leaf:
            place = replace(columns.leaf, row=row + 1)
            text = shown(values[columns.leaf.position])
            leaves = {columns.marks[0]: _leaf(text, place, entry, facts)}
        cells = tuple(Cell(at.text, values[at.position], leaf) for at, leaf in leaves.items())
        lines.append(_line(entry, row, grid, columns, unit, cells, facts))
    return lines


def read_cells(line: Line, facts: Facts) -> Line:
    """The line with every cell read whose unit and leaf are known."""
    if line.dropped or line.problem or not line.unit:
        return line
    return replace(line, cells=tuple(_read(cell, line, facts) for cell in line.cells))


def _read(cell: Cell, line: Line, facts: Facts) -> Cell:
    if not cell.leaf.code:
        return cell
    expected = facts.expect(cell.leaf.code, line.unit, line.entry)
    return replace(cell, reading=say.read_mark(cell.value, expected))


def _constant_unit(entry: Sheet, facts: Facts, faults: list[Fault]) -> str:
    if not entry.unit:
        return ""
    match = find_unit(entry.unit, facts.names)
    if match.problem:
        remedy = "write the unit as in units.csv or aliases.csv"
        file, sheet = f"{facts.folder}/raw/layout.yaml", f"{entry.file} {entry.sheet}".rstrip()
        faults.append(Fault(file, None, "unit", f"{match.problem} for {sheet}", remedy))
    return match.unit


def _columns(
    entry: Sheet, grid: Grid, headers: list[Header], facts: Facts, faults: list[Fault]
) -> Columns:
    place, layout = facts.place(entry), f"{facts.folder}/raw/layout.yaml"
    ignore = {squeeze(name) for name in entry.ignore}
    named = defaultdict(list)
    for header in headers:
        named[squeeze(header.text)].append(header)
    special = [
        _only(name, named, place, faults)
        for name in (entry.unit_column, entry.leaf_column, entry.mark_column)
    ]
    unit, leaf, mark = special
    ignored = [header for name in ignore for header in named.get(name, ())]
    rest = [header for header in headers if header not in (*special, *ignored)]
    for header in rest:
        _check_rest(header, entry, grid, named, place, faults)
    for code in entry.columns.values():
        if code not in facts.leaf_codes:
            problem = f"{code!r} is no leaf of scheme.csv ({entry.file} {entry.sheet})"
            faults.append(Fault(layout, None, "columns", problem, "write the code of a leaf"))
    marks = [mark] if entry.shape == "long" else [h for h in rest if h.text.strip()]
    return Columns(unit, leaf, tuple(h for h in marks if h), tuple(ignored))


def _only(
    name: str, named: Mapping[str, list[Header]], place: tuple[str, str | None], faults: list[Fault]
) -> Header | None:
    """The one column of that header."""
    found = named.get(squeeze(name), []) if name else []
    if name and not found:
        known = ", ".join(header.text for headers in named.values() for header in headers[:1])
        remedy = f"correct layout.yaml; the headers read are {known}"
        faults.append(Fault(place[0], None, name, "no such column", remedy, place[1]))
    return found[0] if found else None


def _check_rest(
    header: Header,
    entry: Sheet,
    grid: Grid,
    named: Mapping[str, list[Header]],
    place: tuple[str, str | None],
    faults: list[Fault],
) -> None:
    """Faults of a column to which the layout gives no part."""
    first = entry.title_rows + entry.header_rows
    twins = named[squeeze(header.text)]
    if not header.text.strip():
        if any(shown(row[header.position]).strip() for row in grid.rows[first:]):
            remedy = "correct title_rows and header_rows, or list '' under ignore in layout.yaml"
            problem = "a column without a header holds data"
            faults.append(Fault(place[0], None, header.letter, problem, remedy, place[1]))
    elif twins[0] != header:
        problem = f"the header stands over the columns {twins[0].letter} and {header.letter}"
        remedy = "list it under ignore in layout.yaml, or have the sheet sent again"
        faults.append(Fault(place[0], header.row, header.text, problem, remedy, place[1]))
    elif entry.shape == "long":
        remedy = "list it under ignore in layout.yaml"
        faults.append(Fault(place[0], header.row, header.text, "unknown column", remedy, place[1]))


def _leaf(text: str, header: Header, entry: Sheet, facts: Facts) -> Leaf:
    """The leaf that a text names: by the layout's ``columns``, else by code or name."""
    place = Leaf(header.row, header.text, text)
    given = {squeeze(name): code for name, code in entry.columns.items()}
    codes = facts.leaves.get(normal_form(text), [])
    if squeeze(text) in given:
        codes = [given[squeeze(text)]]
    elif text.strip() in facts.leaf_codes:
        codes = [text.strip()]
    if len(codes) == 1:
        return replace(place, code=codes[0])
    if codes:
        return replace(place, problem=f"{text!r} names the leaves {', '.join(codes)}")
    return replace(place, problem=f"unknown leaf {text!r}" if text.strip() else "no leaf named")


def _line(
    entry: Sheet,
    row: int,
    grid: Grid,
    columns: Columns,
    unit: str,
    cells: tuple[Cell, ...],
    facts: Facts,
) -> Line:
    line = Line(entry, row + 1, "", "", row in grid.hidden, unit=unit, cells=cells)
    if columns.unit:
        line = _named(line, row, grid, columns.unit, facts)
    total = _subtotal(line, row, grid, columns)
    if not total:
        return read_cells(line, facts)
    column, text = total
    step = Step("subtotal_row", text, say.SET_ASIDE, REASONS["subtotal_row"])
    return replace(line, column=column, text=text, unit="", problem="", steps=(), dropped=step)


def _named(line: Line, row: int, grid: Grid, header: Header, facts: Facts) -> Line:
    """The line with the unit that its own cell, or the merged range over it, names."""
    own = shown(grid.rows[row][header.position])
    match = find_unit(shown(grid.value(row, header.position)), facts.names)
    rule = "unit_fill" if match.unit and not own.strip() else match.rule
    steps = (Step(rule, own, match.unit, REASONS[rule]),) if rule else ()
    found = replace(line, unit=match.unit, problem=match.problem, steps=steps)
    return replace(found, column=header.text, text=own)


def _subtotal(line: Line, row: int, grid: Grid, columns: Columns) -> tuple[str, str] | None:
    """Column and text of the word that makes a line one of totals, if there is one."""
    named = [columns.unit] if line.problem else []
    if columns.leaf and line.cells[0].leaf.problem:
        named.append(columns.leaf)
    texts = [(header.text, shown(grid.value(row, header.position))) for header in named if header]
    if any(not text.strip() for _, text in texts):
        texts += [(h.text, shown(grid.value(row, h.position))) for h in columns.ignored]
    return next((found for found in texts if say.is_subtotal(found[1])), None)
