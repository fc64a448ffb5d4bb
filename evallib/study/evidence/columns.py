"""One column of a piece of a table: many texts at once to values, repairs and what is unread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from evallib.study.evidence.said import (
    Said,
    read_flag,
    read_number,
    read_transfers,
    read_unit,
    read_word,
)
from evallib.study.evidence.tables import Column, Table
from evallib.study.evidence.times import NAT, iso_times, read_time, typed_times
from evallib.study.guard import unseen
from evallib.study.names import Names

if TYPE_CHECKING:
    import polars as pl
    from polars.series.series import Series

REMEMBERED = 1 << 16  # distinct texts of a column that are not read again
TEXTS = ("id", "text", "transfers")  # read as codes of the texts that there are
NOTHING = {
    **{"date": NAT, "time": NAT, "number": np.float32(np.nan), "flag": np.bool_(False)},
    **{"unit": np.int16(-1), "word": np.int16(-1)},
    **dict.fromkeys(TEXTS, np.int32(-1)),
}
REMEDIES = {
    "id": "type the cell anew",
    "unit": "correct the name, or add it to aliases.csv",
    "transfers": "write each as unit@2020-12-31, joined by ;",
    "date": "write dates as 2020-12-31",
    "time": "write times as 2020-12-31 10:05",
    "number": "write a plain number such as 2.5",
    "flag": "write true or false",
}


@dataclass(frozen=True)
class Reader:
    """How a column is read: one text, and where there is a way, many texts at once.

    ``nothing`` is the value of an empty cell.
    """

    kind: str
    read: Callable[[str], Said]
    timezone: str
    remedy: str
    nothing: Any
    many: Callable[..., np.ndarray] | None = None


@dataclass(frozen=True)
class Note:
    """A repair: the rule, its first row in the piece, how many rows, one text before and after.

    Texts that differ in one ``form`` only are one repair.
    """

    rule: str
    form: str
    first: int
    rows: int
    was: str
    becomes: str


@dataclass(frozen=True)
class Piece:
    """Values of a piece of a column: codes of ``texts`` where it holds text.

    ``blank`` are the empty cells, ``bad`` those that cannot be read.
    """

    values: np.ndarray
    blank: np.ndarray
    bad: np.ndarray
    notes: tuple[Note, ...] = ()
    texts: tuple[str, ...] = ()


def readers_of(
    table: Table, *, names: Names, left: Mapping[str, str], ids: list[str], timezone: str
) -> dict[str, Reader]:
    """How each column of a table is read.

    Parameters
    ----------
    table : Table
    names : Names of the year's units
    left : mapping of the names of other years' units to their ids
    ids : list of str, the year's units and after them those of other years
    timezone : str
    """
    unit = lru_cache(REMEMBERED)(partial(read_unit, names=names, left=left, ids=ids))
    time = lru_cache(REMEMBERED)(partial(read_time, timezone=timezone))
    one: dict[str, Any] = {
        "id": _read_id,
        "text": Said,
        "unit": unit,
        "transfers": partial(read_transfers, unit=unit, time=time, ids=ids),
        "date": time,
        "time": time,
        "number": read_number,
        "flag": read_flag,
    }
    found = {}
    for column in table.columns:
        read: Any
        read, remedy = one.get(column.kind), REMEDIES.get(column.kind, "")
        if column.kind == "word":
            codes = codes_of(column)
            read = partial(read_word, words=column.words, codes=codes)
            remedy = f"write one of {', '.join(codes)}"
        many = {"date": iso_times, "time": iso_times, "number": _numbers}.get(column.kind)
        nothing = nothing_of(column)
        found[column.name] = Reader(column.kind, read, timezone, remedy, nothing, many)
    return found


def codes_of(column: Column) -> list[str]:
    """The codes of a column of words, in the order in which they are listed."""
    return list(dict.fromkeys(column.words.values()))


def nothing_of(column: Column) -> Any:
    """Value of an empty cell of a column; a word may have one that it means."""
    nothing = NOTHING[column.kind]
    return type(nothing)(codes_of(column).index(column.empty)) if column.empty else nothing


def _read_id(text: str) -> Said:
    sign = unseen(text)
    return Said(text, problem=f"it holds {sign}, a sign that nobody sees" if sign else "")


def _numbers(texts: Series) -> np.ndarray:
    """Plain numbers of all texts at once, NaN where a text is none."""
    import polars as pl

    values = texts.cast(pl.Float32, strict=False).to_numpy()
    return np.where(np.isfinite(values), values, np.float32(np.nan))


def read_column(series: Series, reader: Reader) -> Piece:
    """A piece of a column, read.

    Parameters
    ----------
    series : polars Series, of text or of the column's own type
    reader : Reader
    """
    typed = _typed(series, reader)
    if typed is not None:
        blank = series.is_null().to_numpy() if reader.kind == "flag" else is_nothing(typed)
        return Piece(typed, blank, np.zeros(len(series), bool))
    texts = as_text(series)
    blank = (texts.is_null() | (texts == "")).fill_null(True).to_numpy().copy()
    if reader.many:
        values = reader.many(texts)
        todo = is_nothing(values) & ~blank
    else:
        values, todo = np.full(len(texts), reader.nothing), ~blank
    bad, notes, found = np.zeros(len(texts), bool), tuple[Note, ...](), dict[str, None]()
    if todo.any():
        at = np.flatnonzero(todo)
        rest = texts if at.size == len(texts) else texts.gather(at)
        codes, said = _each(rest, reader)
        values[at], found = _values(codes, said, reader, values.dtype)
        blank[at] = np.array([one is None for one in said.values()])[codes]
        bad[at] = np.array([bool(one and one.problem) for one in said.values()])[codes]
        notes = _notes(at, codes, said)
    if reader.kind == "date":
        values = values.astype("datetime64[D]").astype("datetime64[s]")
    return Piece(values, blank, bad, notes, tuple(found))


def is_nothing(values: np.ndarray) -> np.ndarray:
    """Which numbers are NaN, which moments NaT."""
    return np.isnan(values) if values.dtype.kind == "f" else np.isnat(values)


def _typed(series: Series, reader: Reader) -> np.ndarray | None:
    """Values of a column that has its own type already; None where it must be read as text."""
    import polars as pl

    if reader.kind in ("date", "time") and series.dtype in (pl.Date, pl.Datetime):
        values = typed_times(series, timezone=reader.timezone)
        days = values.astype("datetime64[D]") if reader.kind == "date" else values
        return days.astype("datetime64[s]")
    if reader.kind == "flag" and series.dtype == pl.Boolean:
        return series.fill_null(False).to_numpy()
    if reader.kind == "number" and series.dtype.is_numeric():
        values = series.cast(pl.Float32).to_numpy()
        return None if np.isinf(values).any() else values
    return None


def as_text(series: Series) -> pl.Series:
    """A column as text, as a spreadsheet would show it: 2 for 2.0."""
    import polars as pl

    if series.dtype == pl.String:
        return series
    if series.dtype.is_float():
        whole = series.fill_nan(None).cast(pl.Int64, strict=False)
        texts = series.fill_nan(None).cast(pl.String)
        return whole.cast(pl.String).zip_with((whole == series).fill_null(False), texts)
    return series.cast(pl.String)


def _each(texts: Series, reader: Reader) -> tuple[np.ndarray, dict[str, Said | None]]:
    """For each text its position among the distinct ones, and what each of those says.

    A text of nothing but space says None.
    """
    import polars as pl

    distinct = texts.unique(maintain_order=True)
    codes = texts.cast(pl.Enum(distinct)).to_physical().to_numpy()
    return codes, {text: reader.read(text.strip()) if text.strip() else None for text in distinct}


def _values(
    codes: np.ndarray, said: Mapping[str, Said | None], reader: Reader, dtype: Any
) -> tuple[np.ndarray, dict[str, None]]:
    """Value of each text, and the texts that these are codes of where they are."""
    if reader.kind not in TEXTS:
        each = [reader.nothing if one is None else one.value for one in said.values()]
        return np.array(each, dtype)[codes], {}
    texts = dict.fromkeys(one.value for one in said.values() if one)
    place = {text: number for number, text in enumerate(texts)}
    each = [place[one.value] if one else reader.nothing for one in said.values()]
    return np.array(each, dtype)[codes], texts


def _notes(at: np.ndarray, codes: np.ndarray, said: Mapping[str, Said | None]) -> tuple[Note, ...]:
    """Repairs among the distinct texts, those of one form together."""
    ruled = [(n, was, one) for n, (was, one) in enumerate(said.items()) if one and one.rule]
    if not ruled:
        return ()
    texts = list(said)
    rows = np.bincount(codes, minlength=len(texts))
    first = np.empty(len(texts), np.int64)
    first[codes[::-1]] = at[::-1]
    notes: dict[tuple[Any, ...], Note] = {}
    for number, was, one in ruled:
        becomes = one.becomes or str(one.value).replace("T", " ")
        new = Note(one.rule, one.form, int(first[number]), int(rows[number]), was, becomes)
        key = note_key(new)
        notes[key] = joined(notes[key], new) if key in notes else new
    return tuple(notes.values())


def note_key(note: Note) -> tuple[str, str]:
    """What makes two repairs one: the rule and the form, or the text where it has no form."""
    return note.rule, note.form or note.was


def joined(one: Note, other: Note) -> Note:
    """Two repairs of a kind as one; the earlier stands for both."""
    early = min(one, other, key=lambda note: note.first)
    both = one.rows + other.rows
    return Note(early.rule, early.form, early.first, both, early.was, early.becomes)
