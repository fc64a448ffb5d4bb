"""The measures due for a week, month or quarter: values, what is at risk, repairs that pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from evallib.errors import DataError
from evallib.monitoring.outlook import VALUE_COLUMNS, reaching, repairs_of, values_of
from evallib.monitoring.reach import covers, span_of, tables_for, year_of
from evallib.study.evidence.look import Span
from evallib.study.evidence.rules import PERIODS
from evallib.study.evidence.tally import clock_of, see

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


def monitor(study, *, as_of=None, period) -> Monitor:
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
    as_of = as_of or year.measures.as_of
    day = pd.Timestamp(as_of)
    before, until = SPANS[period].before(day).date(), SPANS[period].after(day)
    leaves, vetoes = _due(year.measures, period)
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
        reaching(year, year.measures, near, until, as_of=day),
        repairs_of(year, year.measures, now, until, as_of=day),
    )


def _day(text):
    if not isinstance(text, str):
        return text
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise DataError(f"{text!r} is no day; write it as 2020-11-30") from None


def _due(measures, period):
    """Rules of leaves and of vetoes that are due for the period."""
    periods = PERIODS[: PERIODS.index(period) + 1]
    found = [
        {code: rule for code, rule in rules.items() if rule.period in periods}
        for rules in (measures.leaves, measures.vetoes)
    ]
    if not any(found):
        raise DataError(f"no measure is due for a {period}: see `period` in measures.yaml")
    return found


def _leaves_seen(study, year, rules, day):
    """What each rule of a year sees on the day, where the evidence tells of its window.

    The evidence is that of the year to which the day belongs: a year ago, of the year before.
    """
    source, clock = year_of(study, day), clock_of(year.measures, day)
    last = study.year_before(source.year)
    before = study.years[last] if last and study.years[last].measures is not None else None
    found = {}
    for code, rule in rules.items():
        if rule.kind.table not in source.evidence.tables:
            continue
        tables = tables_for(rule, source, before)
        if day == source.measures.as_of or covers(tables[rule.kind.table], rule, day):
            found[code] = see(tables, rule, clock)
    return found


def _vetoes_seen(year, rules, day):
    """The same of vetoes, from the year's own rows: what an older log calls open may be closed.

    Faults need no whole window: one that is there is there.
    """
    clock, found = clock_of(year.measures, day), {}
    for code, rule in rules.items():
        rows = year.evidence.tables[rule.kind.table]
        if rule.kind.value == "against" or covers(rows, rule, day):
            found[code] = see(year.evidence.tables, rule, clock)
    return {code: seen for code, seen in found.items() if seen.counted.any()}


def _compared(year, now, then) -> pd.DataFrame:
    key = ["unit", "indicator"]
    earlier = values_of(year, year.measures, then)[[*key, "value", "mark"]]
    table = values_of(year, year.measures, now).merge(
        earlier, "left", key, suffixes=("", "_before")
    )
    numbers = dict.fromkeys(["value_before", "mark_before"], float)
    return table.astype(numbers)[[*VALUE_COLUMNS, *numbers]]
