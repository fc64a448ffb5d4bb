"""How far the evidence of a study reaches: from which day, to which day, and over which windows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from evallib.errors import DataError
from evallib.study.evidence.rules import LeafRule, Measures, VetoRule
from evallib.study.model import Study, Year
from evallib.study.scheme import Scheme

if TYPE_CHECKING:
    pass

REACH = 0.9  # share of a log's window that its rows must span
GAP = pd.Timedelta(days=31)  # between two years' logs that still count as one
DAY = pd.Timedelta(days=1)


def measures_of(year: Year) -> Measures:
    """The rules of a measured year; raises DataError of another one."""
    if year.measures is None:
        raise DataError(f"{year.year}: nothing is measured; add measures.yaml and evidence")
    return year.measures


def scheme_of(year: Year) -> Scheme:
    """The scheme of a measured year; raises DataError where only totals survive."""
    if year.scheme is None:
        raise DataError(f"{year.year}: only totals survive, so there is nothing to measure")
    return year.scheme


def tables_of(year: Year) -> Mapping[str, pd.DataFrame]:
    """The evidence of a measured year, by table; raises DataError of another one."""
    if year.evidence is None:
        raise DataError(f"{year.year}: nothing is measured; add measures.yaml and evidence")
    return year.evidence.tables


def year_of(study: Study, as_of: date | None) -> Year:
    """The first measured year whose last day is not before a day; the last measured one else.

    Raises
    ------
    DataError
        If the study measures nothing, or its evidence ends before the day.
    """
    years = [year for _, year in sorted(study.years.items()) if year.measures is not None]
    if not years:
        raise DataError(f"{study.code} measures nothing: no year has measures.yaml and evidence")
    if as_of is None:
        return years[-1]
    found = next((year for year in years if as_of <= measures_of(year).as_of), years[-1])
    _, last = span_of(found)
    if as_of > last:
        problem = f"{study.code} {found.year}: the evidence ends on {last}, before {as_of}"
        raise DataError(f"{problem}; add what came after it, or name a day up to then")
    return found


def span_of(year: Year) -> tuple[date, date]:
    """First and last day on which anything was looked at, the year's own last day among them."""
    times = {
        rule.kind.table: rule.kind.time
        for rule in {**measures_of(year).leaves, **measures_of(year).vetoes}.values()
    }
    stamps = [tables_of(year)[table][time] for table, time in times.items()]
    first = min(column.min() for column in stamps).date()
    return first, max(measures_of(year).as_of, max(column.max() for column in stamps).date())


def tables_for(rule: LeafRule, year: Year, before: Year | None) -> dict[str, pd.DataFrame]:
    """The rule's table; a log goes on from that of the year before, if there is no gap between.

    Parameters
    ----------
    rule : LeafRule or VetoRule
    year : Year
    before : Year or None
        The year before, if that is measured.

    Returns
    -------
    dict of the table's name to DataFrame
        Its rows, after those rows of the year before that lie earlier than all of them; a row of
        a unit that this year does not have belongs to nobody.
    """
    table, time = rule.kind.table, rule.kind.time
    rows = tables_of(year)[table]
    if rule.kind.snapshot or before is None or table not in tables_of(before):
        return {table: rows}
    old = tables_of(before)[table]
    old = old[old[time] < min(rows[time].min(), pd.Timestamp(measures_of(before).as_of) + DAY)]
    if old.empty or rows[time].min() - old[time].max() > GAP:
        return {table: rows}
    known = {
        name: old[name].cat.set_categories(rows[name].cat.categories)
        for name in ("unit", "first_unit")
        if name in rows
    }
    return {table: pd.concat([old.assign(**known), rows], ignore_index=True)}


def covers(rows: pd.DataFrame, rule: LeafRule | VetoRule, day: date) -> bool:
    """Whether rows tell of the window that ends on a day.

    Of pages, guides and accounts one look inside the window is enough; rows of a log must span
    nine tenths of it.
    """
    last, stamps = pd.Timestamp(day), rows[rule.kind.time]
    first = rule.window.before(last) + DAY
    known = stamps[stamps < last + DAY]
    if known.empty or rule.kind.repairable:
        return bool((known >= first).any())
    begins = rows.select_dtypes("datetime").min().min()  # what began earlier shows the log did too
    spanned = known.max().normalize() - max(first, begins.normalize()) + DAY
    return bool(spanned >= REACH * (last - first + DAY))
