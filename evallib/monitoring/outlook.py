"""What follows if nothing is done, and what can still be done: vetoes near, points at stake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api.typing import NaTType

from evallib.monitoring.reach import scheme_of
from evallib.study.evidence.look import Span
from evallib.study.evidence.measured import leaf_marks
from evallib.study.evidence.rules import LeafRule, Measures, VetoRule
from evallib.study.evidence.tally import COUNTED, Seen, tally
from evallib.study.marks import NOT_APPLICABLE
from evallib.study.model import Year

if TYPE_CHECKING:
    pass

VALUE_COLUMNS = ["unit", "indicator", "value", "counted", "against", "worst", "lost", "mark"]
RISK_COLUMNS = ["unit", "veto", "value", "bound", "reached", "day"]
REPAIR_COLUMNS = ["unit", "indicator", "what", "count", "points", "day"]
AHEAD = Span(months=1)  # nobody needs to hear earlier of a letter to be answered
PAGE_AHEAD = Span(days=3)  # nor of a page, which is updated all the time


def values_of(year: Year, rules: Measures, seen: Mapping[str, Seen]) -> pd.DataFrame:
    """Value and mark of each unit and leaf that applies to it.

    Parameters
    ----------
    year : Year
    rules : Measures
    seen : dict of leaf to Seen
    """
    found = [
        leaf_marks(code, rules.leaves[code], what, year.units, scheme_of(year))
        for code, what in seen.items()
    ]
    if not found:
        return pd.DataFrame(columns=VALUE_COLUMNS)
    table = pd.concat(found, ignore_index=True)
    typed = year.marks.loc[year.marks["status"] == NOT_APPLICABLE, ["unit", "indicator"]]
    absent = pd.MultiIndex.from_frame(table[["unit", "indicator"]]).isin(
        pd.MultiIndex.from_frame(typed)
    )
    absent = (table["status"] == NOT_APPLICABLE) | (absent & (table["counted"] == 0))
    return table[~absent].reset_index(drop=True)[VALUE_COLUMNS]


def horizon_of(rule: LeafRule | VetoRule, as_of: pd.Timestamp, until: pd.Timestamp) -> pd.Timestamp:
    """How far ahead a rule looks: to the end of the coming period, but not too far."""
    return min(until, (PAGE_AHEAD if rule.kind.snapshot else AHEAD).after(as_of))


def reaching(
    year: Year,
    rules: Measures,
    seen: Mapping[str, Seen],
    until: pd.Timestamp,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Units at the warning level of a veto, beyond it, or soon there; the soonest veto first.

    Parameters
    ----------
    year : Year
    rules : Measures
    seen : dict of veto to Seen
    until, as_of : Timestamp
        The last day of the coming period, and the last day that counts.
    """
    rows = []
    for code, what in seen.items():
        rule = rules.vetoes[code]
        horizon = horizon_of(rule, as_of, until)
        for unit, value in tally(what, rule, year.units.index)["value"].items():
            day = _veto_day(rule, what, unit, value, as_of)
            soon = rule.kind.value == "against" and day <= horizon
            if rule.warns(value) or soon:
                rows.append((unit, code, value, rule.bound, bool(rule.holds(value)), day))
    table = pd.DataFrame(rows, columns=RISK_COLUMNS).astype({"day": "datetime64[s]"})
    return table.sort_values(["day", "veto", "unit"], na_position="last", ignore_index=True)


def _veto_day(
    rule: VetoRule, seen: Seen, unit: str, value: float, as_of: pd.Timestamp
) -> NaTType | pd.Timestamp:
    """The day on which a veto is reached if nothing is done; NaT where none can be told."""
    if rule.holds(value):
        return as_of
    mine, beyond = (seen.unit == unit).to_numpy() & seen.counted, rule.above is not None
    if rule.kind.value == "days_since" and value == value:
        looked = seen.rows.loc[mine, rule.kind.time].max() if rule.kind.snapshot else as_of
        days = np.floor(rule.bound - value) + 1 if beyond else np.ceil(rule.bound - value)
        return max(looked + pd.Timedelta(days=int(days)), as_of)
    if rule.kind.value != "against" or seen.look.due is None:
        return pd.NaT
    days = seen.look.due[mine & ~seen.look.against].dropna().sort_values() + pd.Timedelta(days=1)
    value = 0 if value != value else value
    needed = int(np.floor(rule.bound - value) + 1 if beyond else np.ceil(rule.bound - value))
    return days.iloc[needed - 1] if len(days) >= needed else pd.NaT


def repairs_of(
    year: Year,
    rules: Measures,
    seen: Mapping[str, Seen],
    until: pd.Timestamp,
    *,
    as_of: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Points that a unit can win back or keep: most points first, among equals the soonest.

    ``what`` is ``repair`` for faults that can still be mended, at any time, and ``keep`` for rows
    that are overdue after ``day`` and are so within the coming period; ``count`` how many of them
    there are, ``points`` what they are worth together in points of the leaf.

    Parameters
    ----------
    year : Year
    rules : Measures
    seen : dict of leaf to Seen
    until : Timestamp
        The last day of the coming period.
    as_of : Timestamp, optional
        The last day that counts; that of the rules when omitted.
    """
    parts, as_of = [], pd.Timestamp(rules.as_of) if as_of is None else as_of
    for code, what in seen.items():
        rule = rules.leaves[code]
        for action, done, left, count in _courses(rule, what, horizon_of(rule, as_of, until)):
            better, worse = (
                leaf_marks(code, rule, other, year.units, scheme_of(year)).set_index("unit")["mark"]
                for other in (done, left)
            )
            table = count.reindex(better.index)
            table = table.assign(indicator=code, what=action, points=(better - worse).round(10))
            parts.append(table[(table["points"] > 0) & (table["count"] > 0)].reset_index())
    if not parts:
        return pd.DataFrame(columns=REPAIR_COLUMNS)
    table = pd.concat(parts, ignore_index=True)[REPAIR_COLUMNS].astype({"count": int})
    order = {"points": False, "day": True, "unit": True, "indicator": True}
    return table.sort_values(
        [*order], ascending=[*order.values()], na_position="last", ignore_index=True
    )


def _courses(
    rule: LeafRule, seen: Seen, horizon: pd.Timestamp
) -> Iterator[tuple[str, Seen, Seen, pd.DataFrame]]:
    """What can be done: the action, what is seen when it is done and when not, and how much it is.

    A letter or consultation whose time ends by the horizon counts on both courses.
    """
    look = seen.look
    if rule.kind.repairable:
        yield "repair", _mended(rule, seen), seen, _counted(seen, *_faults(rule, seen))
    if look.due is not None:
        open_ = np.isin(seen.reason, [COUNTED, "not_due"]) & ~(look.against & seen.counted)
        ending = open_ & (look.due <= horizon).to_numpy()
        reason = np.where(ending, COUNTED, seen.reason)
        done, left = (
            replace(seen, look=replace(look, against=against), reason=reason)
            for against in (look.against & ~ending, look.against | ending)
        )
        yield "keep", done, left, _counted(seen, ending, np.ones(len(ending)), look.due)


def _mended(rule: LeafRule, seen: Seen) -> Seen:
    look = seen.look
    if rule.kind.value == "days_since":
        return replace(seen, look=replace(look, amount=np.zeros(len(look.against))))
    lacking = {name: np.zeros_like(lacks) for name, lacks in look.lacking.items()}
    mended = replace(look, against=np.zeros_like(look.against), lacking=lacking)
    return replace(seen, look=mended)


def _faults(rule: LeafRule, seen: Seen) -> tuple[np.ndarray, np.ndarray]:
    """Rows to mend, and how many faults each has."""
    look, counted = seen.look, seen.counted
    if rule.kind.value == "lacking":
        return counted & look.against, np.sum(list(look.lacking.values()), axis=0)
    if rule.kind.value != "days_since":
        return counted & look.against, np.ones(len(counted))
    groups = [seen.unit.astype(object), 0 if look.group is None else look.group.astype(object)]
    days = pd.Series(np.where(counted, look.amounts, np.inf), seen.rows.index)
    table = pd.DataFrame({"unit": groups[0], "group": groups[1], "days": days})[counted]
    table = table.sort_values("days", kind="stable")
    latest = ~table.duplicated(["unit", "group"])  # each column's or account's last sign of life
    costs = np.any([step.holds(table["days"]) for step in rule.steps], axis=0)
    return np.isin(seen.rows.index, table.index[latest & costs]), np.ones(len(counted))


def _counted(
    seen: Seen, rows: np.ndarray, faults: np.ndarray, due: pd.Series | None = None
) -> pd.DataFrame:
    """How many faults in the rows each unit has, and the soonest day on which one is due."""
    day = pd.Series(pd.NaT, seen.rows.index, dtype="datetime64[s]") if due is None else due
    table = pd.DataFrame({"unit": seen.unit.astype(object), "count": faults, "day": day})[rows]
    grouped = table.groupby("unit")
    return pd.DataFrame({"count": grouped["count"].sum(), "day": grouped["day"].min()})
