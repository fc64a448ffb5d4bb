"""The measures due for a week, month or quarter: values, what is at risk, repairs that pay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from evallib.errors import DataError
from evallib.monitoring.outlook import VALUE_COLUMNS, reaching, repairs_of, values_of
from evallib.monitoring.reach import covers, measures_of, span_of, tables_for, tables_of, year_of
from evallib.study.evidence.look import Span
from evallib.study.evidence.rules import PERIODS, LeafRule, Measures, VetoRule
from evallib.study.evidence.tally import Seen, clock_of, see
from evallib.study.model import Study, Year

if TYPE_CHECKING:
    pass

SPANS = {
    "week": Span(days=7),
    "month": Span(months=1),
    "quarter": Span(months=3),
    "year": Span(months=12),
}


@dataclass(frozen=True)
class Monitor:
    """What the evidence says on one day, and what it said a period earlier.

    Attributes
    ----------
    year : int
        The year whose rules and evidence are used.
    as_of, before : date
        The last day that counts, and the one a period earlier.
    due : tuple of str
        Leaves that are due for the period.
    values : DataFrame
        A row per unit and leaf that is due and that the evidence tells of: value, counted,
        against, worst, lost, mark, and ``value_before`` and ``mark_before``, NaN where the
        evidence does not reach back so far.
    risks : DataFrame
        A row per unit and veto that is reached, at its warning level or reached by the end of
        the coming period: value, bound, whether it is ``reached``, and the ``day`` on which it
        is if nothing is done, NaT where none can be told. The soonest first.
    repairs : DataFrame
        What a unit can win back or keep, see ``repairs_of``.
    """

    study: str
    provenance: str
    year: int
    as_of: date
    before: date
    period: str
    due: tuple[str, ...]
    values: pd.DataFrame
    risks: pd.DataFrame
    repairs: pd.DataFrame


def monitor(study: Study, *, as_of: date | str | None = None, period: str) -> Monitor:
    """The measures due for a period, compared with the period before.

    A week's measures are due also for a month, a month's also for a quarter, and so on. A day
    belongs to the first measured year whose own last day is not before it; the rules are those of
    the year of ``as_of``. Logs go on from those of the year before.

    Parameters
    ----------
    study : Study
    as_of : date or str, optional
        Last day that counts, a text as in 2020-11-30; the last day of the last measured year when
        omitted or empty.
    period : str
        ``week``, ``month``, ``quarter`` or ``year``.

    Raises
    ------
    DataError
        If the study measures nothing, no measure is due, or the evidence does not tell of the day.

    Examples
    --------
    >>> import evallib as ev
    >>> week = monitor(ev.read_study("nanning"), as_of=date(2020, 11, 30), period="week")
    >>> week.before.isoformat(), "I4.3" in week.due
    ('2020-11-23', False)
    """
    if period not in PERIODS:
        raise DataError(f"{period!r} is no period; write one of {', '.join(PERIODS)}")
    as_of = _day(as_of)
    year = year_of(study, as_of)
    as_of = as_of or measures_of(year).as_of
    clock_of(measures_of(year), as_of)
    day = pd.Timestamp(as_of)
    before, until = SPANS[period].before(day).date(), SPANS[period].after(day)
    leaves, vetoes = _due(measures_of(year), period)
    now, then = (_leaves_seen(study, year, leaves, on) for on in (as_of, before))
    near = _vetoes_seen(year, vetoes, as_of)
    if not (now or near):
        first, last = span_of(year)
        problem = f"no evidence of {study.code} tells of {as_of}: that of {year.year} runs from"
        raise DataError(f"{problem} {first} to {last}; name a later day, or a shorter period")
    return Monitor(
        study.code,
        study.provenance,
        year.year,
        as_of,
        before,
        period,
        tuple(leaves),
        _compared(year, now, then),
        reaching(year, measures_of(year), near, until, as_of=day),
        repairs_of(year, measures_of(year), now, until, as_of=day),
    )


def _day(text: date | str | None) -> date | None:
    if not isinstance(text, str):
        return text
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise DataError(f"{text!r} is no day; write it as 2020-11-30") from None


def _due(measures: Measures, period: str) -> tuple[dict[str, LeafRule], dict[str, VetoRule]]:
    """Rules of leaves and of vetoes that are due for the period."""
    periods = PERIODS[: PERIODS.index(period) + 1]
    leaves = {code: rule for code, rule in measures.leaves.items() if rule.period in periods}
    vetoes = {code: rule for code, rule in measures.vetoes.items() if rule.period in periods}
    if not (leaves or vetoes):
        raise DataError(f"no measure is due for a {period}: see `period` in measures.yaml")
    return leaves, vetoes


def _leaves_seen(
    study: Study, year: Year, rules: Mapping[str, LeafRule], day: date
) -> dict[str, Seen]:
    """What each rule of a year sees on the day, where the evidence tells of its window.

    The evidence is that of the year to which the day belongs: a year ago, of the year before.
    """
    source, clock = year_of(study, day), clock_of(measures_of(year), day)
    last = study.year_before(source.year)
    before = study.years[last] if last and study.years[last].measures is not None else None
    found = {}
    for code, rule in rules.items():
        if rule.kind.table not in tables_of(source):
            continue
        tables = tables_for(rule, source, before)
        if day == measures_of(source).as_of or covers(tables[rule.kind.table], rule, day):
            found[code] = see(tables, rule, clock)
    return found


def _vetoes_seen(year: Year, rules: Mapping[str, VetoRule], day: date) -> dict[str, Seen]:
    """The same of vetoes, from the year's own rows: what an older log calls open may be closed.

    Faults need no whole window: one that is there is there.
    """
    clock, found = clock_of(measures_of(year), day), {}
    for code, rule in rules.items():
        rows = tables_of(year)[rule.kind.table]
        if rule.kind.value == "against" or covers(rows, rule, day):
            found[code] = see(tables_of(year), rule, clock)
    return {code: seen for code, seen in found.items() if seen.counted.any()}


def _compared(year: Year, now: Mapping[str, Seen], then: Mapping[str, Seen]) -> pd.DataFrame:
    key = ["unit", "indicator"]
    earlier = values_of(year, measures_of(year), then)[[*key, "value", "mark"]]
    table = values_of(year, measures_of(year), now).merge(
        earlier, "left", key, suffixes=("", "_before")
    )
    numbers = dict.fromkeys(["value_before", "mark_before"], float)
    return table.astype(numbers)[[*VALUE_COLUMNS, *numbers]]
