"""Rows of a table to one value per unit: what counts, what counts against it, the worst."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd

from evallib.study.evidence.look import Clock, Look
from evallib.study.evidence.workdays import Workdays

COUNTED = ""  # the reason of a row that counts
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


def clock_of(rules, as_of) -> Clock:
    """The last day that counts, and the working days from four years before it to the next year."""

    span = date(as_of.year - 4, 1, 1), date(as_of.year + 1, 12, 31)
    return Clock(pd.Timestamp(as_of), _workdays(*span, rules.calendar))


@lru_cache
def _workdays(first, last, calendar) -> Workdays:
    """Working days of a span; counted once, since a year has many rules and days."""
    return Workdays(first, last, **calendar.model_dump())


def see(tables, rule, clock) -> Seen:
    """What the rule's measure sees in its table on the last day of the clock.

    Rows after that day do not exist yet and rows before the window are over; of a page that is
    looked at again only the unit's latest look counts.

    Raises
    ------
    KeyError
        If the table is absent.
    """
    kind = rule.kind
    rows = tables[kind.table]
    day = rows[kind.time].dt.normalize()
    inside = (day <= clock.as_of) & (day > rule.window.before(clock.as_of))
    rows, day = rows[inside], day[inside]
    look = kind.look(rows, clock, **rule.parameters)
    unit = rows["unit"] if look.unit is None else look.unit
    left_out = {"unit_left": unit.isna().to_numpy()}
    if kind.snapshot:
        latest = day.groupby(rows["unit"], observed=True).transform("max")
        left_out["earlier_look"] = (day < latest).to_numpy()
    left_out |= look.left_out
    return Seen(rows, look, _first_reason(left_out, len(rows)), unit)


def _first_reason(left_out, count) -> pd.Categorical:
    """For each row the first reason that holds."""
    codes = np.zeros(count, np.int8)
    for number, mask in reversed(list(enumerate(left_out.values(), start=1))):
        codes[mask] = number
    return pd.Categorical.from_codes(codes, categories=[COUNTED, *left_out])


def _kept(seen, units) -> tuple[np.ndarray, np.ndarray]:
    """Rows that count for a unit of the year, and the position among the units of each."""
    place = np.append(units.get_indexer(seen.unit.cat.categories), -1)
    codes = place[seen.unit.cat.codes]
    keep = seen.counted & (codes >= 0)
    return keep, codes[keep]


def tally(seen, rule, units) -> pd.DataFrame:
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
        sums = np.bincount(codes, look.amount[keep], minlength=count)
        value = sums / np.where(counted > 0, counted, np.nan)
    else:
        value = _days_since(look, keep, codes, count)
    table = {"value": value, "counted": counted, "against": hits, "worst": worst}
    return pd.DataFrame(table, index=units)


def _of_counts(kind, counted, hits):
    some = np.where(counted > 0, counted, np.nan)
    values = {
        "share_against": hits / some,
        "share_for": (counted - hits) / some,
        "counted": counted.astype(float),
        "against": np.where(counted > 0, hits, np.nan),
    }
    return values[kind]


def _days_since(look, keep, codes, count):
    """The fewest days of each group, and of a unit's groups the most."""
    groups = np.zeros(len(codes)) if look.group is None else look.group[keep].to_numpy()
    fewest = pd.Series(look.amount[keep]).groupby([codes, groups]).min()
    return fewest.groupby(level=0).max().reindex(range(count)).to_numpy(float)


def lacking_by_unit(seen, units) -> dict[str, np.ndarray]:
    """For each element, whether a row of the unit lacks it: an array over the units."""
    keep, codes = _kept(seen, units)
    return {
        name: np.bincount(codes[lacks[keep]], minlength=len(units)) > 0
        for name, lacks in seen.look.lacking.items()
    }


def faults_by_kind(seen, rule, units) -> pd.DataFrame:
    """How many faults of each kind a unit has: units x kinds; one column ``""`` without kinds."""
    if rule.kind.value == "lacking":
        return pd.DataFrame(lacking_by_unit(seen, units), index=units).astype(int)
    keep, codes = _kept(seen, units)
    against = seen.look.against[keep]
    kinds = pd.Series("", range(len(codes))) if seen.look.kind is None else seen.look.kind[keep]
    table = pd.crosstab(codes[against], kinds.astype(str).to_numpy()[against])
    return table.reindex(range(len(units)), fill_value=0).set_axis(units)
