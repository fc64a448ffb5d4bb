"""A table of evidence piece by piece: rulings applied, columns read, faults counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evallib.errors import Fault
from evallib.study.cells import shown, squeeze
from evallib.study.evidence.columns import Note, Reader, as_text, joined, note_key, read_column
from evallib.study.evidence.tables import Table
from evallib.study.rulings import DROP, FILE, CellKey, RulingRow

SHOWN = 20  # faults of one column and kind that are listed one by one
EMPTY = ("no value", "fill the cell in")


@dataclass(frozen=True)
class Wrong:
    """Cells of a piece with one kind of fault: how many, and the first of them row by row."""

    column: str | None
    kind: str
    count: int
    first: tuple[tuple[int, str, str], ...]  # row, problem, remedy


@dataclass(frozen=True)
class Read:
    """A piece of a table: its filled rows, their columns, repairs and faults.

    A column is its values, and the texts that these are codes of where it holds text.
    ``dropped`` are the rows that a ruling drops, ``settled`` the rulings that were looked at, with
    the problem and the remedy of those that could not be applied.
    """

    row: np.ndarray
    dropped: np.ndarray
    columns: Mapping[str, tuple[np.ndarray, tuple[str, ...]]]
    notes: Mapping[str, tuple[Note, ...]]
    wrong: tuple[Wrong, ...]
    settled: Mapping[tuple[str, str, int, str], tuple[str, str] | None]


def read_piece(
    start: int,
    frame: Any,
    header: tuple[str, ...],
    table: Table,
    readers: Mapping[str, Reader],
    rulings: Mapping[tuple[str, str, int, str], RulingRow],
) -> Read:
    """A piece of a table, read.

    Parameters
    ----------
    start : int, row of its first line as a spreadsheet counts
    frame : polars DataFrame
    header : names of its first columns; text in any other is a fault
    table : Table
    readers : dict of Reader by column
    rulings : dict of RulingRow by their keys, those on this file
    """
    frame, row_dropped, ruled, settled = _ruled(start, frame, header, table, readers, rulings)
    columns = {
        name: read_column(series, readers[name])
        for name, series in zip(header, frame.get_columns(), strict=False)
    }
    too_long = _too_long(frame, len(header))
    blank = np.logical_and.reduce([piece.blank for piece in columns.values()]) & ~too_long
    looked_at = ~(blank | too_long | row_dropped)
    wrong = [*_long_rows(start, frame, too_long, len(header))]
    for name, series in zip(header, frame.get_columns(), strict=False):
        piece = columns[name]
        if table.column(name).required and piece.blank.any():
            wrong += _wrong(start, series, name, piece.blank & looked_at, "empty", readers[name])
        if piece.bad.any():
            wrong += _wrong(start, series, name, piece.bad & looked_at, "unread", readers[name])
    row = np.arange(start, start + frame.height, dtype=np.int32)
    notes = {name: _in_file(piece.notes, start) for name, piece in columns.items()}
    for name, note in ruled:
        notes[name] = (*notes[name], note)
    keep = ~blank if blank.any() else slice(None)
    lean = {name: (piece.values[keep], piece.texts) for name, piece in columns.items()}
    return Read(row[keep], row_dropped[keep], lean, notes, tuple(wrong), settled)


def _in_file(notes: tuple[Note, ...], start: int) -> tuple[Note, ...]:
    return tuple(replace(note, first=note.first + start) for note in notes)


def _too_long(frame: Any, width: int) -> np.ndarray:
    """Rows with text beyond the last column."""
    found = np.zeros(frame.height, bool)
    for series in frame.get_columns()[width:]:
        found |= (series.fill_null("").str.strip_chars() != "").to_numpy()
    return found


def _long_rows(start: int, frame: Any, too_long: np.ndarray, width: int) -> Iterator[Wrong]:
    at = np.flatnonzero(too_long)
    if at.size:
        first = []
        for position in at[:SHOWN]:
            cells = frame.row(int(position))
            count = max(n for n, cell in enumerate(cells, start=1) if (cell or "").strip())
            problem = f"{count} cells under {width} columns"
            first.append((start + int(position), problem, "quote cells that contain a comma"))
        yield Wrong(None, "long", int(at.size), tuple(first))


def _wrong(
    start: int, series: Any, name: str, mask: np.ndarray, kind: str, reader: Reader
) -> Iterator[Wrong]:
    at = np.flatnonzero(mask)
    if at.size:
        first = []
        for position in at[:SHOWN].tolist():
            problem = _problem(cell_text(series, position), reader, required=True)
            first.append((start + position, *(problem or EMPTY)))
        yield Wrong(name, kind, int(at.size), tuple(first))


def cell_text(series: Any, position: int) -> str:
    """Text of one cell, without space around it."""
    text = as_text(series.slice(position, 1)).item()
    return shown(text).strip()


def _problem(text: str, reader: Reader, *, required: bool) -> tuple[str, str] | None:
    """Problem and remedy of a cell's text; None where it can be read."""
    if not text:
        return EMPTY if required else None
    problem = reader.read(text).problem
    return (problem, reader.remedy) if problem else None


def _ruled(
    start: int,
    frame: Any,
    header: tuple[str, ...],
    table: Table,
    readers: Mapping[str, Reader],
    rulings: Mapping[tuple[str, str, int, str], RulingRow],
) -> tuple[Any, np.ndarray, list[tuple[str, Note]], dict[CellKey, tuple[str, str] | None]]:
    """The frame after rulings on its cells, the rows they drop, their notes, and how each fared."""
    dropped = np.zeros(frame.height, bool)
    names = {squeeze(name): name for name in header}
    notes, settled = [], {}
    for key, ruling in rulings.items():
        position, name = ruling.row - start, names.get(key[3])
        if name is None or not 0 <= position < frame.height:
            continue
        series = frame[:, header.index(name)]
        text = cell_text(series, position)
        required = table.column(name).required
        settled[key] = _refused(ruling, text, readers[name], required)
        if settled[key]:
            continue
        notes.append((name, Note("ruling", "", ruling.row, 1, text, ruling.becomes)))
        if ruling.becomes == DROP:
            dropped[position] = True
        else:
            series = as_text(series).scatter(position, ruling.becomes)
            frame = frame.with_columns(series)
    return frame, dropped, notes, settled


def _refused(
    ruling: RulingRow, text: str, reader: Reader, required: bool
) -> tuple[str, str] | None:
    """Why a ruling on a cell is not applied, and what to do."""
    if text != ruling.was:
        return f"the cell shows {text!r}, not {ruling.was!r}", "rule on it again"
    if reader.kind == "id" and ruling.becomes == DROP:
        return None
    if not _problem(text, reader, required=required):
        return "the rules settle this cell without a ruling", "remove the ruling"
    if ruling.becomes == DROP:
        return None
    problem = _problem(ruling.becomes, reader, required=required)
    if problem:
        return f"it cannot become {ruling.becomes!r}: {problem[0]}", "correct the ruling"
    return None


def cell_faults(pieces: list[Read], file: str) -> Iterator[Fault]:
    """Faults of cells and rows: of each column and kind the first, and how many there are beyond.

    Parameters
    ----------
    pieces : list of Read
    file : str
    """
    found: dict[tuple[str | None, str], list[Wrong]] = {}
    for one in (wrong for piece in pieces for wrong in piece.wrong):
        found.setdefault((one.column, one.kind), []).append(one)
    for (column, _), several in found.items():
        rows = [row for one in several for row in one.first][:SHOWN]
        yield from (Fault(file, row, column, problem, remedy) for row, problem, remedy in rows)
        more = sum(one.count for one in several) - len(rows)
        if more:
            problem = f"{more:,} more rows with the fault of row {rows[-1][0]}"
            yield Fault(file, None, column, problem, rows[-1][2])


def ruling_faults(
    rulings: Mapping[tuple[str, str, int, str], RulingRow],
    pieces: list[Read],
    folder: str,
    numbers: Mapping[tuple[str, str, int, str], int],
) -> Iterator[Fault]:
    """Faults of rulings on a table that were not applied.

    Parameters
    ----------
    rulings : dict of RulingRow by their keys
    pieces : list of Read
    folder : str, name of the year's folder
    numbers : mapping of keys to rows of ``decisions.csv``
    """
    settled = {key: fared for piece in pieces for key, fared in piece.settled.items()}
    for key in rulings:
        fared = settled.get(key, ("no such cell is read", "correct its place"))
        if fared:
            yield Fault(f"{folder}/{FILE}", numbers[key], None, *fared)


def all_notes(pieces: list[Read]) -> list[tuple[str, Note]]:
    """Repairs of a table as (column, Note), those of one kind in all pieces together."""
    found: dict[tuple[Any, ...], tuple[str, Note]] = {}
    for piece in pieces:
        for name, notes in piece.notes.items():
            for note in notes:
                key = (name, *note_key(note), note.first if note.rule == "ruling" else 0)
                found[key] = (name, joined(found[key][1], note) if key in found else note)
    return sorted(found.values(), key=lambda pair: pair[1].first)
