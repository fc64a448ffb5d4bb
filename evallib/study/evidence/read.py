"""Evidence of a year: files in, checked tables out, every repair and every row set aside listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from evallib.errors import DataError, Fault
from evallib.study.evidence.columns import Note, Reader, readers_of
from evallib.study.evidence.files import SUFFIXES, Unreadable, open_table
from evallib.study.evidence.frames import CONTRADICTS, SET_ASIDE_COLUMNS, table_frame
from evallib.study.evidence.pieces import Read, all_notes, cell_faults, read_piece, ruling_faults
from evallib.study.evidence.tables import TABLES, Table
from evallib.study.names import Names, normal_form
from evallib.study.rulings import FILE, CellKey, RulingRow, Rulings
from evallib.study.tables import header_faults

FOLDER = "evidence"
DECISION_COLUMNS = ["table", "column", "row", "rows", "was", "becomes", "rule"]
BALANCE_COLUMNS = ["table", "rows_in", "kept", "set_aside"]


@dataclass(frozen=True)
class Evidence:
    """What was observed in a year, by table, and what became of every row.

    Attributes
    ----------
    tables : mapping of table name to DataFrame
        Only those that have a file. ``row`` is the row as a spreadsheet counts, ``unit`` a
        category of the year's units; moments are local, flags bool, words and texts categories,
        numbers float32; an empty text is ``""``, any other empty cell NaT or NaN.
    decisions : DataFrame
        One row per repair: table, column, first row, rows, was, becomes, rule. Texts of one other
        form of time, number or transfers are one repair, whose first text stands for them.
    set_aside : DataFrame
        One row per row that does not count: table, row, unit, reason, text.
    rows : DataFrame
        Balance of each table: rows_in, kept, set_aside.
    absent : mapping of table name to tuple of str
        Columns that the file of the table does not have: there is nothing in them, and nobody
        knows whether there would be.
    """

    tables: Mapping[str, pd.DataFrame]
    decisions: pd.DataFrame
    set_aside: pd.DataFrame
    rows: pd.DataFrame
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_evidence(
    folder: Path,
    *,
    names: Names,
    left: Mapping[str, str],
    units: pd.Index,
    rulings: Rulings,
    timezone: str,
    faults: list[Fault],
) -> Evidence:
    """The evidence of a year folder; faults of its files are added to the list.

    Parameters
    ----------
    folder : Path of the year's folder; the tables are in ``evidence`` below it
    names : Names of the year's units
    left : mapping of the names of other years' units to their ids
    units : Index of the year's unit ids
    rulings : Rulings; those on files of ``evidence/`` are applied
    timezone : str, ``Asia/Shanghai``
    faults : list of Fault, extended
    """
    ids = [*units, *dict.fromkeys(unit for unit in left.values() if unit not in units)]
    known = {normal_form(name): unit for name, unit in left.items()} | dict(left)
    ruled = _rulings_by_file(rulings)
    tables, decisions, aside, balance, absent = {}, [], [], [], {}
    for name, file in _files(folder, faults).items():
        readers = readers_of(TABLES[name], names=names, left=known, ids=ids, timezone=timezone)
        mine = ruled.pop(f"{FOLDER}/{file}", {})
        pieces = _pieces(folder, file, TABLES[name], readers, mine, rulings, faults)
        if pieces is None:
            continue
        decisions += [_decision(name, *pair) for pair in all_notes(pieces)]
        rows_in = sum(len(piece.row) for piece in pieces)
        absent[name] = _absent(TABLES[name], pieces)
        tables[name], out = table_frame(TABLES[name], pieces, units, ids)
        faults += _contradictions(TABLES[name], out, f"{folder.name}/{FOLDER}/{file}")
        aside.append(out)
        balance.append(_balance(name, rows_in, len(tables[name]), len(out)))
    faults += [_nowhere(folder, rulings, key) for several in ruled.values() for key in several]
    return Evidence(
        tables,
        pd.DataFrame(decisions, columns=DECISION_COLUMNS),
        pd.concat(aside, ignore_index=True) if aside else pd.DataFrame(columns=SET_ASIDE_COLUMNS),
        pd.DataFrame(balance, columns=BALANCE_COLUMNS),
        absent,
    )


def _files(folder: Path, faults: list[Fault]) -> dict[str, str]:
    """File of each table, in the order of the tables; faults of files that are none of them."""
    found: dict[str, str] = {}
    root = folder / FOLDER
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if path.name.startswith((".", "~$", "README")):
            continue
        place = f"{folder.name}/{FOLDER}/{path.name}"
        if not path.is_file():
            if any(inner.suffix in SUFFIXES for inner in path.rglob("*")):
                remedy = "move them up, or elsewhere"
                faults.append(Fault(place, None, None, "tables in it are not read", remedy))
            continue
        if path.stem not in TABLES or path.suffix not in SUFFIXES:
            remedy = f"name it {', '.join(TABLES)} and save it as .csv, .xlsx or .parquet"
            faults.append(Fault(place, None, None, "no table of evidence", remedy))
        elif path.stem in found:
            problem = f"{found[path.stem]} holds the same table"
            faults.append(Fault(place, None, None, problem, "keep one of the two"))
        else:
            found[path.stem] = path.name
    return {name: found[name] for name in TABLES if name in found}


def _rulings_by_file(rulings: Rulings) -> dict[str, dict[CellKey, RulingRow]]:
    """Rulings on files of evidence by file and key."""
    found: dict[str, dict[CellKey, RulingRow]] = {}
    for key, ruling in rulings.by_cell.items():
        if ruling.file.startswith(f"{FOLDER}/"):
            found.setdefault(ruling.file, {})[key] = ruling
    return found


def _pieces(
    folder: Path,
    file: str,
    table: Table,
    readers: Mapping[str, Reader],
    mine: Mapping[tuple[str, str, int, str], RulingRow],
    rulings: Rulings,
    faults: list[Fault],
) -> list[Any] | None:
    """All pieces of a table; None where there are faults."""
    place, before = f"{folder.name}/{FOLDER}/{file}", len(faults)
    try:
        opened = open_table(folder / FOLDER / file, place, faults)
        if opened is None or not _has_columns(opened.header, table, place, faults):
            return None
        pieces = [
            read_piece(start, frame, opened.header, table, readers, mine)
            for start, frame in opened.pieces
        ]
    except Unreadable as damage:
        faults.append(damage.fault)
        return None
    faults += cell_faults(pieces, place)
    faults += ruling_faults(mine, pieces, folder.name, rulings.rows)
    return pieces if len(faults) == before else None


def _has_columns(header: tuple[str, ...], table: Table, place: str, faults: list[Fault]) -> bool:
    required = {column.name: column.required for column in table.columns}
    found = list(header_faults([*header], required, place))
    faults += found
    return not found


def _absent(table: Table, pieces: list[Read]) -> tuple[str, ...]:
    """Columns that a table with lines does not have."""
    there = [set(piece.columns) for piece in pieces]
    return tuple(c.name for c in table.columns if there and c.name not in there[0])


def _contradictions(table: Table, aside: pd.DataFrame, place: str) -> Iterator[Fault]:
    """Faults of rows whose id stands already, with other content: no rule says which one holds."""
    for row in aside[aside["reason"] == CONTRADICTS].itertuples():
        problem = f"{row.text!r} stands already in an earlier row, which says something else"
        remedy = f"keep one of the two, or drop one by a ruling in {FILE}"
        yield Fault(place, row.row, table.columns[0].name, problem, remedy)


def _decision(table: str, column: str, note: Note) -> tuple[Any, ...]:
    return (table, column, note.first, note.rows, note.was, note.becomes, note.rule)


def _balance(table: str, rows_in: int, kept: int, out: int) -> tuple[str, int, int, int]:
    if rows_in != kept + out:
        raise DataError(f"{table}: {rows_in} rows in, {kept} kept, {out} set aside")
    return (table, rows_in, kept, out)


def _nowhere(folder: Path, rulings: Rulings, key: tuple[str, str, int, str]) -> Fault:
    place = f"{folder.name}/{FILE}"
    return Fault(place, rulings.rows[key], None, "no such cell is read", "correct its place")
