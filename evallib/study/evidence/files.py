"""Files of evidence as pieces of one table: a header and frames of cells, text or typed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain, zip_longest
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from evallib.errors import Fault
from evallib.study.cells import shown
from evallib.study.sheets import read_first_sheet
from evallib.study.texts import ENCODINGS, read_text

if TYPE_CHECKING:
    from _io import StringIO

    import polars as pl
    from polars.dataframe.frame import DataFrame

SUFFIXES = (".csv", ".xlsx", ".parquet")
UTF8 = ENCODINGS[0]
PIECE = 1 << 22  # characters of a CSV file read at once
ROWS = 1 << 19  # rows of a parquet file read at once
MB = 10**6
SIZE_LIMIT, ROW_LIMIT = 2_000 * MB, 50_000_000  # 55 probes a minute, a year, have 29 million
EDGES = (',"', '\n"', '",', '"\n')  # where a quote stands that opens or closes a whole cell


@dataclass(frozen=True)
class Opened:
    """A file of evidence: its header, and pieces as (row of the first line, frame of cells)."""

    header: tuple[str, ...]
    pieces: Iterator[tuple[int, pl.DataFrame]]


class Unreadable(Exception):
    """A file turns out to be damaged while its pieces are read."""

    def __init__(self, *fault: Any) -> None:
        self.fault = Fault(*fault)
        super().__init__(str(self.fault))


def open_table(path: Path, file: str, faults: list[Fault]) -> Opened | None:
    """A file of evidence, opened; None, and a fault, where it cannot be read.

    Parameters
    ----------
    path : Path of a ``.csv``, ``.xlsx`` or ``.parquet`` file
    file : str, as faults name it
    faults : list of Fault, extended

    Raises
    ------
    Unreadable
        With a fault, where a CSV file turns out to be damaged in its first line, or later while
        its pieces are read.
    """
    size = path.stat().st_size
    if not size or size > SIZE_LIMIT:
        limit = f"at most {SIZE_LIMIT / MB:,.0f} MB are read"
        large = f"the file has {size / MB:,.0f} MB; {limit}", "keep one year in it"
        empty = "the file is empty", "fill it in or remove it"
        faults.append(Fault(file, None, None, *(large if size else empty)))
        return None
    if path.suffix == ".csv":
        return _open_csv(path, file, faults)
    return (_open_parquet if path.suffix == ".parquet" else _open_sheet)(path, file, faults)


def _open_csv(path: Path, file: str, faults: list[Fault]) -> Opened | None:
    source: IO[str]
    if _is_utf8(path):
        source = path.open(encoding=UTF8)
    else:
        text = read_text(path, file, faults)
        if text is None:
            return None
        source = io.StringIO(text)
    pieces = _whole_lines(source)
    first = io.StringIO(next(pieces, ""), newline="")
    header = _header(next(_records(first, file, 1), []))
    if not header:
        source.close()
        faults.append(Fault(file, 1, None, "no header", "name the columns in row 1"))
        return None
    return Opened(header, _csv_pieces(first.read(), pieces, len(header), file))


def _is_utf8(path: Path) -> bool:
    """Whether a file is plain text in UTF-8, read piece by piece, since it may be long.

    Of any other file `read_text` says what it is, or what is wrong with it.
    """
    filled = False
    try:
        with path.open(encoding=UTF8) as text:
            while piece := text.read(PIECE):
                if "\0" in piece:
                    return False
                filled = filled or not piece.isspace()
    except UnicodeDecodeError:
        return False
    return filled


def _header(cells: Iterable[str]) -> tuple[str, ...]:
    """Names of the columns, without the empty ones at the end."""
    names = [shown(cell).strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _whole_lines(source: IO[str]) -> Iterator[str]:
    """Text in pieces that end with a line, line breaks inside quotes not counted; then closed."""
    rest = ""
    with source:
        while more := source.read(PIECE):
            rest += more
            end = _last_line(rest)
            if end:
                yield rest[:end]
                rest = rest[end:]
    if rest:
        yield rest


def _last_line(text: str) -> int:
    """Where the last whole line ends: the last line break with an even number of quotes before."""
    end = text.rfind("\n") + 1
    odd = text.count('"', 0, end) % 2
    while odd and end:
        before = text.rfind("\n", 0, end - 1) + 1
        odd ^= text.count('"', before, end) % 2
        end = before
    return end


def _csv_pieces(
    first: str, others: Iterator[Any], width: int, file: str
) -> Iterator[tuple[int, DataFrame]]:
    row, before = 2, ""
    for text in chain([first] if first else (), others):
        frame = _cells(text, width, file, row)
        _refuse_cut_off(before + text, file, row + frame.height - 1)
        yield row, frame
        row += frame.height
        before = text[text.rfind("\n", 0, -1) + 1 :]


def _refuse_cut_off(text: str, file: str, row: int) -> None:
    """Raise where the last line has no end and fewer cells than the one before."""
    if text.endswith("\n"):
        return
    *_, before, last = ["", *text.splitlines()]
    count, usual = (len(next(csv.reader([line]), [])) for line in (last, before))
    if count < usual:
        remedy = "complete the line, or end it with a line break if that is all"
        problem = f"the file breaks off after {count} of {usual} cells"
        raise Unreadable(file, row, None, problem, remedy)


def _records(lines: StringIO, file: str, row: int) -> Iterator[list[str]]:
    """Records of CSV lines; a quote that stays open, or closes too early, is a fault."""
    try:
        for record in csv.reader(lines, strict=True):
            yield record
            row += 1
    except csv.Error as error:
        problem = f"no CSV ({error})"
        raise Unreadable(file, row, None, problem, "close the quotes in it") from None


def _cells(text: str, width: int, file: str, row: int) -> pl.DataFrame:
    """Cells of a piece of CSV, as text; lines that are too long make the frame wider."""
    import polars as pl

    if _quotes_whole_cells(text):
        schema = {f"c{number}": pl.String for number in range(width)}
        try:
            return pl.read_csv(text.encode(), has_header=False, schema=schema)
        except pl.exceptions.PolarsError:  # a line with more cells, or none; csv sees which
            pass
    records = _records(io.StringIO(text, newline=""), file, row)
    columns = list(zip_longest(*records, fillvalue=None))
    columns += [()] * (width - len(columns))
    return _text_frame(columns)


def _quotes_whole_cells(text: str) -> bool:
    """Whether quotes stand only where a cell begins or ends, as any reader understands them."""
    quotes = text.count('"')
    at_ends = text.startswith('"') + text.endswith('"')
    return not quotes or quotes == sum(map(text.count, EDGES)) + at_ends


def _text_frame(columns: Sequence[Sequence[str | None]]) -> pl.DataFrame:
    import polars as pl

    height = max(map(len, columns), default=0)
    filled = [[*column, *[None] * (height - len(column))] for column in columns]
    return pl.DataFrame([pl.Series(f"c{n}", cells, pl.String) for n, cells in enumerate(filled)])


def _open_sheet(path: Path, file: str, faults: list[Fault]) -> Opened | None:
    grid = read_first_sheet(path, file, faults)
    if grid is None:
        return None
    header = _header(grid.value(0, n) for n in range(len(grid.rows[0])))
    width = max(len(header), *map(len, grid.rows))
    columns = [
        [_sheet_text(grid.value(row, column)) for row in range(1, len(grid.rows))]
        for column in range(width)
    ]
    return Opened(header, iter([(2, _text_frame(columns))]))


def _sheet_text(value: Any) -> str:
    """Text of a cell of a workbook; a moment in ISO form, to the nearest second."""
    if isinstance(value, datetime):
        value = (value + timedelta(microseconds=500_000)).replace(microsecond=0)
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, (date, time)) else shown(value)


def _open_parquet(path: Path, file: str, faults: list[Fault]) -> Opened | None:
    import polars as pl

    try:
        frame = pl.scan_parquet(path)
        schema, height = frame.collect_schema(), frame.select(pl.len()).collect().item()
    except (pl.exceptions.PolarsError, OSError) as error:
        problem = f"no parquet file ({str(error).splitlines()[0]})"
        faults.append(Fault(file, None, None, problem, "write it again"))
        return None
    odd = {name: kind for name, kind in schema.items() if not _is_plain(kind)}
    for name, kind in odd.items():
        problem, remedy = f"the column holds {kind}", "write text, numbers or dates"
        faults.append(Fault(file, None, name, problem, remedy))
    if height > ROW_LIMIT:
        problem = f"the table has {height:,} rows; at most {ROW_LIMIT:,} are read"
        raise Unreadable(file, None, None, problem, "keep one year in it")
    starts = range(0, height, ROWS)
    pieces = ((start + 2, frame.slice(start, ROWS).collect()) for start in starts)
    return None if odd else Opened(tuple(schema), pieces)


def _is_plain(kind: pl.DataType) -> bool:
    """Whether a column of that type can be read as text."""
    import polars as pl

    plain = (pl.String, pl.Boolean, pl.Date, pl.Datetime, pl.Categorical, pl.Enum, pl.Null)
    return kind.is_numeric() or kind.base_type() in plain
