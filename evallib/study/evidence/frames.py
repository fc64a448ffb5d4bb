"""Pieces of a table to one frame: the laws of a row, rows set aside, columns in their types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike
from pandas import Categorical, CategoricalDtype
from pandas.arrays import StringArray

from evallib.study.evidence.columns import TEXTS, codes_of, nothing_of
from evallib.study.evidence.pieces import Read
from evallib.study.evidence.tables import Column, Table

SET_ASIDE_COLUMNS = ["table", "row", "unit", "reason", "text"]
LARGEST = np.iinfo(np.int64).max
RULING, UNIT_LEFT, NEGATIVE = "ruling", "unit_left", "negative_time"
REPEATED, CONTRADICTS = "repeated", "contradicts"


def table_frame(
    table: Table, pieces: list[Read], units: pd.Index, ids: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A table, and the rows of it that are set aside.

    Parameters
    ----------
    table : Table
    pieces : list of Read; emptied on the way, since a table may be long
    units : Index of the year's unit ids
    ids : list of str, these and after them those of other years

    Returns
    -------
    frame, set_aside : DataFrames
    """
    values, texts, row, dropped = _whole(table, pieces)
    passed = passed_days(values, texts) if "transfers" in values else {}
    reasons = broken_laws(table, values | passed, dropped, len(units))
    out = reasons >= 0
    aside = _set_aside(table, values, texts, row, reasons, ids)
    if out.any():
        keep = ~out
        row = row[keep]
        for name in values:
            values[name] = values[name][keep]
    frame = {"row": row}
    for column in table.columns:
        frame[column.name] = _column(column, values.pop(column.name), texts, units)
    if "transfers" in frame:
        frame |= holders(frame, pd.CategoricalDtype(units))
    return pd.DataFrame(frame, copy=False), aside


def _whole(
    table: Table, pieces: list[Read]
) -> tuple[dict[str, np.ndarray], dict[str, list[str]], np.ndarray, np.ndarray]:
    """Values of each column of all pieces, the texts that codes stand for, rows and drops."""
    row = _concat([piece.row for piece in pieces], np.int32)
    dropped = _concat([piece.dropped for piece in pieces], bool)
    columns = [dict(piece.columns) for piece in pieces]
    pieces.clear()
    values, texts = dict[str, np.ndarray](), dict[str, list[str]]()
    for column in table.columns:
        nothing = nothing_of(column)
        given = [part.pop(column.name, None) for part in columns]
        parts = [part for part in given if part is not None]
        if len(parts) < len(given) or not parts:
            values[column.name] = np.full(len(row), nothing)
            parts = []
        if column.kind in TEXTS:
            codes, texts[column.name] = _one_vocabulary(parts, len(row))
            values[column.name] = _concat(codes, np.int32)
        elif parts:
            values[column.name] = np.concatenate([part for part, _ in parts])
    return values, texts, row, dropped


def _concat(parts: list[np.ndarray], dtype: DTypeLike) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


def _one_vocabulary(
    parts: list[tuple[np.ndarray, tuple[str, ...]]], count: int
) -> tuple[list[np.ndarray], list[str]]:
    """Codes of all pieces in one list of texts, that of no text first."""
    known = {"": 0}
    codes = [] if parts else [np.zeros(count, np.int32)]
    for values, texts in parts:
        place = [known.setdefault(text, len(known)) for text in texts]
        codes.append(np.array([*place, 0], np.int32)[values])  # -1, no text, is the last
    return codes, list(known)


def _column(
    column: Column, values: np.ndarray, texts: Mapping[str, list[str]], units: pd.Index
) -> np.ndarray | Categorical | StringArray:
    if column.kind == "unit":
        return pd.Categorical.from_codes(values, dtype=pd.CategoricalDtype(units))
    if column.kind == "word":
        return pd.Categorical.from_codes(values, categories=codes_of(column))
    if column.kind == "id":
        return pd.array(np.array(texts[column.name], object)[values], dtype="str")
    if column.kind in TEXTS:
        used, codes = np.unique(values, return_inverse=True)
        words = pd.Index([texts[column.name][code] for code in used], dtype="str")
        return pd.Categorical.from_codes(codes, categories=words)
    return values


def broken_laws(
    table: Table, values: Mapping[str, np.ndarray], dropped: np.ndarray, count: int
) -> np.ndarray:
    """For each row the position of the law that it breaks in ``reasons_of``, -1 for none.

    A row is repeated when an earlier one that breaks no law has its key; one with an id that says
    something else than all earlier ones contradicts them.
    """
    masks = {RULING: dropped, UNIT_LEFT: values["unit"] >= count}
    for earlier, later, reason in table.order:
        masks[reason] = before(values[later], values[earlier])
    if table.positive:
        masks[NEGATIVE] = np.logical_or.reduce([values[name] < 0 for name in table.positive])
    found = np.full(len(dropped), -1, np.int8)
    for number, mask in reversed(list(enumerate(masks.values()))):
        found[mask] = number
    told = found < 0
    for name in table.key:
        if table.column(name).kind in TEXTS:
            told &= values[name] > 0  # code 0 is no text
    fine = slice(None) if told.all() else np.flatnonzero(told)
    keys = {name: values[name][fine] for name in table.key}
    if keys:
        again = repeated(keys)
        found[fine] = np.where(again, len(masks), found[fine])
        if again.any() and table.columns[0].kind == "id":
            whole = {column.name: values[column.name][fine] for column in table.columns}
            other = again & ~pd.DataFrame(whole).duplicated().to_numpy()
            found[fine] = np.where(other, len(masks) + 1, found[fine])
    return found


def reasons_of(table: Table) -> list[str]:
    """Reasons to set a row aside; where several hold the first is named."""
    laws = [reason for _, _, reason in table.order]
    last = [REPEATED, CONTRADICTS]
    return [RULING, UNIT_LEFT, *laws, *([NEGATIVE] if table.positive else []), *last]


def before(later: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """Whether what comes later came before; one without a time of day is compared by its day."""
    days = later.astype("datetime64[D]")
    only_day = later == days.astype("datetime64[s]")
    return np.where(only_day, days < earlier.astype("datetime64[D]"), later < earlier)


def repeated(keys: Mapping[str, np.ndarray]) -> np.ndarray:
    """Rows whose key an earlier row has already.

    Parameters
    ----------
    keys : dict of arrays of codes or moments, at least one
    """
    count = len(next(iter(keys.values())))
    found = np.zeros(count, bool)
    if count < 2:
        return found
    whole = _one_number(keys.values(), count)
    ordered = np.sort(whole)
    if (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(whole, kind="stable")
        ordered = whole[order]
        found[order[1:][ordered[1:] == ordered[:-1]]] = True
    return found


def _one_number(parts: Iterable[np.ndarray], count: int) -> np.ndarray:
    """The key of each row as one number; in place, since a table may be long."""
    whole = np.zeros(count, np.int64)
    for values in parts:
        part = values.astype(np.int64)
        part -= part.min()
        width = int(part.max()) + 1
        if (int(whole.max()) + 1) * width > LARGEST:
            whole = np.unique(whole, return_inverse=True)[1]
        whole *= width
        whole += part
    return whole


def _set_aside(
    table: Table,
    values: Mapping[str, np.ndarray],
    texts: Mapping[str, list[str]],
    row: np.ndarray,
    reasons: np.ndarray,
    ids: list[str],
) -> pd.DataFrame:
    at = np.flatnonzero(reasons >= 0)
    units = [ids[code] if code >= 0 else "" for code in values["unit"][at]]
    if table.columns[0].kind == "id":
        name = table.columns[0].name
        said = [texts[name][code] for code in values[name][at]]
    else:
        stamps = values[table.time][at].astype(str)
        said = ["" if stamp == "NaT" else stamp.replace("T", " ") for stamp in stamps]
    names = reasons_of(table)
    columns = (table.name, row[at], units, [names[code] for code in reasons[at]], said)
    return pd.DataFrame(dict(zip(SET_ASIDE_COLUMNS, columns, strict=True)), index=range(at.size))


def passed_days(values: Mapping[str, np.ndarray], texts: Mapping[str, list[str]]) -> dict[str, Any]:
    """Of letters: the days of the first and of the last transfer, NaT where there is none."""
    chains = [re.findall(r"@([0-9-]+)", text) or ["NaT"] for text in texts["transfers"]]
    ends = {"passed_first": [days[0] for days in chains], "passed_last": [d[-1] for d in chains]}
    codes = values["transfers"]
    return {name: np.array(days, "datetime64[s]")[codes] for name, days in ends.items()}


def holders(frame: Mapping[str, Any], dtype: CategoricalDtype) -> dict[str, Any]:
    """Of letters: the unit that had it first, and the day since which the present one has it.

    ``held_since`` is NaT where the letter was never transferred; the first unit is the present one
    there.
    """
    chain, unit = frame["transfers"], pd.Series(frame["unit"])
    passed = [text.split(";") if text else [] for text in chain.categories]
    first = pd.Index([parts[0].split("@")[0] if parts else "" for parts in passed])
    days = [parts[-1].split("@")[1] if parts else "NaT" for parts in passed]
    codes = dtype.categories.get_indexer(first)[chain.codes]
    moved = (first != "")[chain.codes]
    codes = np.where(moved, codes, unit.cat.codes)
    since = np.array(days, "datetime64[s]")[chain.codes]
    return {"first_unit": pd.Categorical.from_codes(codes, dtype=dtype), "held_since": since}
