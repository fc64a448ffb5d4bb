"""One computed mark, or proposed veto, and the rows of evidence that it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.monitoring.reach import measures_of, tables_of
from evallib.study.evidence.rules import LeafRule, VetoRule
from evallib.study.evidence.tally import Seen, clock_of, see, tally
from evallib.study.model import Study, Year

NAMED = 4  # units that an error names
CELL_COLUMNS = ["file", "sheet", "row", "column", "was", "becomes", "rule", "reason"]


@dataclass(frozen=True)
class MarkTrace:
    """A unit's mark of a measured leaf, or its value for a veto, back to the rows of evidence.

    ``numbers`` holds value, counted, against and worst, for a leaf also mark and status; ``rows``
    the unit's rows of ``table`` inside the window: ``row`` in the file, whether it counted, why
    not, whether it counted against the unit, its amount (days or seconds), and its own columns.
    """

    unit: str
    code: str
    as_of: date
    rule: LeafRule | VetoRule
    table: str
    numbers: pd.Series
    rows: pd.DataFrame


def measured_year(study: Study, year: int) -> Year:
    """The year of a study, if it is measured.

    Raises
    ------
    DataError
        If the study has no such year, or the year no ``measures.yaml``.
    """
    found = _year(study, year)
    if found.measures is None:
        raise DataError(f"{study.code} {year} measures nothing: it has no measures.yaml")
    return found


def _year(study: Study, year: int) -> Year:
    if year not in study.years:
        known = ", ".join(map(str, study.years)) or "none"
        raise DataError(f"{study.code} has no year {year}; it has {known}")
    return study.years[year]


def _unit_of(year: Year, unit: str) -> str:
    if unit not in year.units.index:
        known = ", ".join(year.units.index[:NAMED])
        raise DataError(f"{unit!r} is no unit of {year.year}; units.csv has {known}, ...")
    return unit


def look_again(year: Year, code: str, *, as_of: date | None = None) -> Seen:
    """What the rule of a leaf or veto sees in the evidence of a Year on a day."""
    if code not in measures_of(year).leaves and code not in measures_of(year).vetoes:
        known = ", ".join([*measures_of(year).leaves, *measures_of(year).vetoes])
        raise DataError(f"{code!r} is not measured in {year.year}; measured are {known}")
    clock = clock_of(measures_of(year), as_of or measures_of(year).as_of)
    return see(tables_of(year), measures_of(year).rule(code), clock)


def trace_mark(
    study: Study, year: int, unit: str, code: str, *, as_of: date | None = None
) -> MarkTrace:
    """The rows of evidence behind a unit's mark of a leaf, or behind a proposed veto.

    Parameters
    ----------
    study : Study
    year : int
    unit : str
    code : str
        A measured leaf, or a veto of ``measures.yaml``.
    as_of : date, optional
        Last day that counts; that of ``measures.yaml`` when omitted.

    Raises
    ------
    DataError
        If the year measures nothing, or has no such unit or measured leaf.

    Examples
    --------
    >>> import evallib as ev
    >>> trace = trace_mark(ev.read_study("nanning"), 2020, "dept16", "H2.3")
    >>> trace.table, len(trace.rows) == trace.rows["row"].nunique()
    ('columns', True)
    """
    found = measured_year(study, year)
    unit = _unit_of(found, unit)
    seen = look_again(found, code, as_of=as_of)
    rule = measures_of(found).rule(code)
    if code in measures_of(found).leaves and as_of is None and found.measured is not None:
        marks = found.measured.marks
        of = (marks["unit"] == unit) & (marks["indicator"] == code)
        numbers = marks[of].iloc[0].drop(["unit", "indicator"])
    else:
        numbers = tally(seen, rule, found.units.index).loc[unit]
    return MarkTrace(
        unit,
        code,
        as_of or measures_of(found).as_of,
        rule,
        rule.kind.table,
        numbers,
        _rows_of(seen, unit),
    )


def typed_mark(study: Study, year: int, unit: str, leaf: str) -> pd.DataFrame:
    """Where a typed mark stands: its raw cell and every decision about it, the cell first.

    Returns
    -------
    DataFrame
        Columns file, sheet, row, column, was, becomes, rule, reason; empty for a tidy table.

    Raises
    ------
    DataError
        If the year has no such unit or leaf.
    """
    found = _year(study, year)
    unit = _unit_of(found, unit)
    if found.scheme is None or leaf not in found.scheme.leaves:
        raise DataError(f"{leaf!r} is no leaf of {year}; scheme.csv lists them")
    parts = []
    for table in (found.cells, found.decisions):
        if table is not None:
            of = (table["round"] == "final") & (table["unit"] == unit)
            parts.append(table[of & (table["indicator"] == leaf)])
    table = pd.concat(parts) if parts else pd.DataFrame()
    return table.reindex(columns=CELL_COLUMNS).fillna("").reset_index(drop=True)


def _rows_of(seen: Seen, unit: str) -> pd.DataFrame:
    mine = np.flatnonzero(seen.unit == unit)
    own, amount, counted = seen.rows.iloc[mine], seen.look.amount, seen.counted[mine]
    head = {
        "row": own["row"],
        "counted": counted,
        "reason": np.asarray(seen.reason, object)[mine],
        "against": seen.look.against[mine] & counted,
        "amount": np.nan if amount is None else amount[mine],
    }
    head = pd.DataFrame(head, index=own.index)
    own = own.drop(columns=["row", "unit"])
    return pd.concat([head, own], axis=1).reset_index(drop=True)
