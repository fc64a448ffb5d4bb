"""Workbooks and CSV files as ``layout.yaml`` describes them: headers, lines and their cells."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from pydantic import Field
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from evallib.errors import Fault, StudyError
from evallib.study.cells import Formula, shown
from evallib.study.folders import inside
from evallib.study.guard import archive_fault
from evallib.study.strays import unlisted_faults
from evallib.study.tables import Setting, read_yaml
from evallib.study.texts import csv_lines, read_text

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

# what the two readers raise on damaged or odd workbooks
UNREADABLE: tuple[type[Exception], ...] = (CalamineError, BadZipFile, InvalidFileException)
UNREADABLE += (KeyError, OSError, SyntaxError, AttributeError, TypeError, ValueError)


class Sheet(Setting):
    """One entry of ``layout.yaml``: where a sheet is, and how to read it."""

    file: str
    sheet: str = ""
    round: Literal["initial", "final"]
    kind: Literal["score", "deduction"]
    shape: Literal["wide", "long"]
    title_rows: int = Field(0, ge=0)
    header_rows: int = Field(1, ge=1)
    unit_column: str = ""
    unit: str = ""
    leaf_column: str = ""
    mark_column: str = ""
    columns: Mapping[str, str] = {}
    ignore: tuple[str, ...] = ()


class Layout(Setting):
    """``raw/layout.yaml``: every sheet that assessors handed in."""

    sheets: tuple[Sheet, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Grid:
    """Cells of one sheet from A1 on, with what a spreadsheet hides from a plain reader."""

    rows: tuple[tuple[Any, ...], ...]
    covered: dict[tuple[int, int], tuple[int, int]]  # cell of a merged range -> its top left cell
    hidden: frozenset[int]

    def value(self, row: int, column: int) -> Any:
        """Value of a cell; a cell inside a merged range has its top left value."""
        row, column = self.covered.get((row, column), (row, column))
        return self.rows[row][column]


@dataclass(frozen=True)
class Header:
    """Header of one column: its text and the spreadsheet row in which the text stands."""

    position: int
    row: int
    text: str

    @property
    def letter(self) -> str:
        """Letter of the column, as a spreadsheet shows it."""
        return get_column_letter(self.position + 1)


def read_layout(path: Path) -> Layout:
    """The layout of a year's raw files.

    Parameters
    ----------
    path : Path of ``<year>/raw/layout.yaml``

    Raises
    ------
    StudyError
        With every fault of the file at once.
    """
    file, faults = f"{path.parent.parent.name}/raw/layout.yaml", list[Fault]()
    if not path.is_file():
        raise StudyError(
            [Fault(file, None, None, "the file is missing", "describe the raw sheets")]
        )
    layout = read_yaml(path, Layout, file, faults)
    sheets = layout.sheets if layout else ()
    for number, sheet in enumerate(sheets):
        place = f"sheets.{number}"
        faults += [Fault(file, None, place, *wrong) for wrong in _layout_faults(sheet)]
        for other in sheets[:number]:
            if (other.file, other.sheet, other.round) == (sheet.file, sheet.sheet, sheet.round):
                problem = f"the {sheet.round} round lists {sheet.file} {sheet.sheet}".rstrip()
                faults.append(Fault(file, None, place, f"{problem} twice", "keep one entry"))
    if faults or layout is None:
        raise StudyError(faults)
    return layout


def _layout_faults(sheet: Sheet) -> Iterator[tuple[str, str]]:
    suffix = Path(sheet.file).suffix.lower()
    if not inside(sheet.file):
        yield f"{sheet.file!r} is no file of raw/", "put it there, and write its name"
    if suffix not in (".xlsx", ".csv"):
        yield f"{sheet.file} is neither .xlsx nor .csv", "save it as one of them"
    elif bool(sheet.sheet) != (suffix == ".xlsx"):
        yield f"{sheet.file} needs {'a' if suffix == '.xlsx' else 'no'} sheet", "correct `sheet`"
    if bool(sheet.unit) == bool(sheet.unit_column):
        yield "give either `unit_column` or `unit`", "name the column, or the one unit of the sheet"
    if sheet.shape == "wide" and (sheet.unit or sheet.leaf_column or sheet.mark_column):
        yield "a wide sheet has one column per leaf", "give `unit_column` only, or `shape: long`"
    if sheet.shape == "long" and not (sheet.leaf_column and sheet.mark_column):
        yield "a long sheet has a leaf and a mark column", "give `leaf_column` and `mark_column`"


def read_grids(raw: Path, layout: Layout, faults: list[Fault]) -> dict[tuple[str, str], Grid]:
    """Every sheet of the layout that can be read, by file and sheet; faults for the others.

    Parameters
    ----------
    raw : Path of the folder ``raw``
    layout : Layout
    faults : list of Fault, extended
    """
    wanted: dict[str, dict[str, None]] = {}
    for entry in layout.sheets:
        wanted.setdefault(entry.file, {})[entry.sheet] = None
    faults += unlisted_faults(raw, set(wanted), f"{raw.parent.name}/raw")
    grids: dict[tuple[str, str], Grid] = {}
    for file, sheets in wanted.items():
        place = f"{raw.parent.name}/raw/{file}"
        if not (raw / file).is_file():
            remedy = "add the file or remove it from layout.yaml"
            faults.append(Fault(place, None, None, "the file is missing", remedy))
        elif file.lower().endswith(".csv"):
            grid = _read_csv(raw / file, place, faults)
            grids |= {(file, ""): grid} if grid else {}
        else:
            read = _read_workbook(raw / file, sheets, place, faults)
            grids |= {(file, sheet): grid for sheet, grid in read.items()}
    return grids


def read_first_sheet(path: Path, place: str, faults: list[Fault]) -> Grid | None:
    """The first sheet of a workbook; None, and a fault, where it cannot be read or is empty.

    Parameters
    ----------
    path : Path
    place : str, as faults name the file
    faults : list of Fault, extended
    """
    return next(iter(_read_workbook(path, None, place, faults).values()), None)


def _read_csv(path: Path, place: str, faults: list[Fault]) -> Grid | None:
    text = read_text(path, place, faults)
    rows = None if text is None else csv_lines(text, place, faults)
    if rows is None:
        return None
    width = max(map(len, rows), default=0)
    filled = tuple((*row, *[""] * (width - len(row))) for row in rows)
    return Grid(filled, {}, frozenset())


def _read_workbook(
    path: Path, wanted: Iterable[str] | None, place: str, faults: list[Fault]
) -> dict[str, Grid]:
    if fault := archive_fault(path, place):
        faults.append(fault)
        return {}
    try:
        book, shadow = CalamineWorkbook.from_path(path), _shadow(path)
        sheets = book.sheet_names[:1] if wanted is None else [*wanted]
        found = {name: book.get_sheet_by_name(name) for name in sheets if name in book.sheet_names}
    except UNREADABLE as error:
        problem = f"the workbook cannot be opened ({error})"
        faults.append(Fault(place, None, None, problem, "open and save it again as .xlsx"))
        return {}
    grids = {name: _grid(sheet, shadow[name]) for name, sheet in found.items()}
    for name in sheets:
        if name not in found:
            remedy = f"correct layout.yaml; the file has {', '.join(book.sheet_names)}"
            faults.append(Fault(place, None, None, f"no sheet {name!r}", remedy, name))
        elif not any(shown(value).strip() for row in grids[name].rows for value in row):
            faults.append(Fault(place, None, None, "the sheet is empty", "fill it in", name))
            del grids[name]
    if wanted is None and grids:
        heads = {name: _head(book.get_sheet_by_name(name)) for name in book.sheet_names}
        for name in book.sheet_names[1:]:
            if heads[name] == heads[sheets[0]]:
                remedy = "move its rows to the first sheet, or remove it"
                faults.append(
                    Fault(place, None, None, "only the first sheet is read", remedy, name)
                )
    return grids


def _head(sheet: CalamineSheet) -> set[str]:
    """What stands in the first row of a sheet."""
    (first, *_) = sheet.to_python(skip_empty_area=False, nrows=1) or [[]]
    return {shown(value).strip() for value in first} - {""}


def _shadow(path: Path) -> Workbook:
    """The workbook with formulas, hidden rows and error values, which calamine leaves out."""
    with warnings.catch_warnings(), path.open("rb") as file:  # openpyxl leaves a damaged file open
        warnings.simplefilter("ignore")  # on styles and extensions, which carry no marks
        return openpyxl.load_workbook(file)


def _grid(sheet: CalamineSheet, shadow: Worksheet) -> Grid:
    rows = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    for cells in shadow.iter_rows():
        for cell in cells:
            if cell.data_type in "fe":
                _restore(rows, cell)
    width = max(map(len, rows), default=0)
    filled = tuple((*row, *[""] * (width - len(row))) for row in rows)
    covered = {
        (row, column): (top, left)
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
        for row in range(top, min(bottom + 1, len(rows)))
        for column in range(left, min(right + 1, width))
        if (row, column) != (top, left)
    }
    hidden = frozenset(row - 1 for row, size in shadow.row_dimensions.items() if size.hidden)
    return Grid(filled, covered, hidden)


def _restore(rows: list[list[Any]], cell: Cell) -> None:
    """Put a formula without a stored value, or an error value, where calamine reads a blank."""
    row, column = cell.row - 1, cell.column - 1
    rows.extend([] for _ in range(row + 1 - len(rows)))
    rows[row].extend([""] * (column + 1 - len(rows[row])))
    if rows[row][column] == "":
        text = str(getattr(cell.value, "text", cell.value))
        rows[row][column] = Formula(text) if cell.data_type == "f" else text


def read_headers(entry: Sheet, grid: Grid) -> list[Header]:
    """Header of every column: the lowest non-empty text of the header rows.

    Parameters
    ----------
    entry : Sheet
    grid : Grid
    """
    last = min(entry.title_rows + entry.header_rows, len(grid.rows))
    headers = []
    for position in range(len(grid.rows[0]) if grid.rows else 0):
        texts = [(row, shown(grid.value(row, position))) for row in range(entry.title_rows, last)]
        texts = [(row + 1, "".join(text.splitlines()).strip()) for row, text in texts]
        named = [(row, text) for row, text in texts if text]
        headers.append(Header(position, *(named[-1] if named else (last, ""))))
    return headers
