"""Rows of a table to one value per unit: what counts, what counts against it, the worst."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.study.evidence.look import Clock, Look
from evallib.study.evidence.rules import Calendar, LeafRule, Measures, Rule, VetoRule
from evallib.study.evidence.times import YEARS
from evallib.study.evidence.workdays import Workdays

LONGEST = pd.DateOffset(years=1)  # a limit that runs longer than this is none
COUNTED = ""  # the reason of a row that counts
FEWEST = 200  # working days that any year has
TALLY_COLUMNS = ["value", "counted", "against", "worst"]


@dataclass(frozen=True)
class Seen:
    """A rule applied to its table: each row's reason not to count, and what the measure saw."""

    rows: pd.DataFrame
    look: Look
    reason: pd.Categorical
    unit: pd.Series

    @property
    def counted(self) -> np.ndarray:
        """Rows that count."""
        return np.asarray(self.reason == COUNTED)


def clock_of(rules: Measures, as_of: date) -> Clock:
    """The last day that counts, and the working days round it, as far as windows and limits go.

    Raises
    ------
    DataError
        If no evidence can be of that day.
    """
    if not YEARS[0] <= as_of.year <= YEARS[1]:
        raise DataError(f"{as_of} lies outside {YEARS[0]} to {YEARS[1]}; name another day")
    day, every = pd.Timestamp(as_of), (rules.leaves | rules.vetoes).values()
    first = min((rule.window.before(day).year for rule in every), default=as_of.year)
    limits = [getattr(rule.parameters.get("limit"), "working_days", 0) for rule in every]
    years = 1 + max(limits, default=0) // FEWEST
    span = date(first - 1, 1, 1), date(as_of.year + years, 12, 31)
    return Clock(day, _workdays(*span, rules.calendar))


@lru_cache
def _workdays(first: date, last: date, calendar: Calendar) -> Workdays:
    """Working days of a span; counted once, since a year has many rules and days."""
    return Workdays(first, last, **calendar.model_dump())


def see(tables: Mapping[str, pd.DataFrame], rule: LeafRule | VetoRule, clock: Clock) -> Seen:
    """What the rule's measure sees in its table on the last day of the clock.

    Rows after that day do not exist yet and rows before the window are over; of a page that is
    looked at again only the unit's latest look counts. Fewer rows of a unit than the rule asks for
    do not count.

    Raises
    ------
    KeyError
        If the table is absent.
    """
    kind = rule.kind
    rows = tables[kind.table]
    day = rows[kind.time].dt.normalize()
    begin = rule.window.before(clock.as_of)
    inside = (day <= clock.as_of) & (day > (begin - LONGEST if kind.by_due else begin))
    rows, day = rows[inside], day[inside]
    look = kind.look(rows, clock, **rule.parameters)
    unit = rows["unit"] if look.unit is None else look.unit
    left_out = {"unit_left": unit.isna().to_numpy()}
    if kind.by_due:
        left_out["before_window"] = (look.day <= begin).to_numpy()
    if kind.snapshot:
        latest = day.groupby(rows["unit"], observed=True).transform("max")
        left_out["earlier_look"] = (day < latest).to_numpy()
    if kind.item:
        latest = day.groupby(rows[kind.item]).transform("max")
        left_out["earlier_look"] = (day < latest).to_numpy()
    left_out |= look.left_out
    if rule.at_least_rows > 1:
        counted = ~np.logical_or.reduce(list(left_out.values()))
        codes = unit.cat.codes.to_numpy(np.int64)
        rows_of_unit = np.bincount(codes[counted], minlength=len(unit.cat.categories) + 1)
        left_out["too_few"] = rows_of_unit[codes] < rule.at_least_rows
    return Seen(rows, look, _first_reason(left_out, len(rows)), unit)


def _first_reason(left_out: Mapping[str, np.ndarray], count: int) -> pd.Categorical:
    """For each row the first reason that holds."""
    codes = np.zeros(count, np.int8)
    for number, mask in reversed(list(enumerate(left_out.values(), start=1))):
        codes[mask] = number
    return pd.Categorical.from_codes(codes, categories=[COUNTED, *left_out])


def _kept(seen: Seen, units: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """Rows that count for a unit of the year, and the position among the units of each."""
    place = np.append(units.get_indexer(seen.unit.cat.categories), -1)
    codes = place[seen.unit.cat.codes]
    keep = seen.counted & (codes >= 0)
    return keep, codes[keep]


def tally(seen: Seen, rule: LeafRule | VetoRule, units: pd.Index) -> pd.DataFrame:
    """One row per unit: value, counted, against, worst (largest amount against it, or NaN).

    The value of a unit for which nothing counts is NaN, but a count of nothing is 0.
    """
    keep, codes = _kept(seen, units)
    look, count = seen.look, len(units)
    against = look.against[keep]
    counted = np.bincount(codes, minlength=count)
    hits = np.bincount(codes[against], minlength=count)
    worst = np.full(count, np.nan)
    if look.amount is not None:
        np.fmax.at(worst, codes[against], look.amount[keep][against])
    if rule.kind.value in ("share_against", "share_for", "counted", "against"):
        value = _of_counts(rule.kind.value, counted, hits)
    elif rule.kind.value == "lacking":
        lacking = lacking_by_unit(seen, units)
        value = np.where(counted > 0, np.sum(list(lacking.values()), axis=0), np.nan)
    elif rule.kind.value == "mean":
        sums = np.bincount(codes, look.amounts[keep], minlength=count)
        value = sums / np.where(counted > 0, counted, np.nan)
    else:
        value = _days_since(look, keep, codes, count)
    table = {"value": value, "counted": counted, "against": hits, "worst": worst}
    return pd.DataFrame(table, index=units)


def _of_counts(kind: str, counted: np.ndarray, hits: np.ndarray) -> np.ndarray:
    some = np.where(counted > 0, counted, np.nan)
    values = {
        "share_against": hits / some,
        "share_for": (counted - hits) / some,
        "counted": counted.astype(float),
        "against": np.where(counted > 0, hits, np.nan),
    }
    return values[kind]


def _days_since(look: Look, keep: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """The fewest days of each group, and of a unit's groups the most."""
    groups = np.zeros(len(codes)) if look.group is None else look.group[keep].to_numpy()
    fewest = pd.Series(look.amounts[keep]).groupby([codes, groups]).min()
    return fewest.groupby(level=0).max().reindex(range(count)).to_numpy(float)


def lacking_by_unit(seen: Seen, units: pd.Index) -> dict[str, np.ndarray]:
    """For each element, whether a row of the unit lacks it: an array over the units."""
    keep, codes = _kept(seen, units)
    return {
        name: np.bincount(codes[lacks[keep]], minlength=len(units)) > 0
        for name, lacks in seen.look.lacking.items()
    }


def faults_by_kind(seen: Seen, rule: Rule, units: pd.Index) -> pd.DataFrame:
    """How many faults of each kind a unit has: units x kinds; one column ``""`` without kinds."""
    if rule.kind.value == "lacking":
        return pd.DataFrame(lacking_by_unit(seen, units), index=units).astype(int)
    keep, codes = _kept(seen, units)
    against = seen.look.against[keep]
    kinds = pd.Series("", range(len(codes))) if seen.look.kind is None else seen.look.kind[keep]
    table = pd.crosstab(codes[against], kinds.astype(str).to_numpy()[against])
    return table.reindex(range(len(units)), fill_value=0).set_axis(units)
