"""Measures of letters and consultations: who answered, how fast, and what was published."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from evallib.study.evidence.look import Charge, Clock, Look, Span, WorkingDays, days_between, never

Until = Literal["replied", "published"]


def answered_in_time(
    rows: pd.DataFrame, clock: Clock, *, limit: WorkingDays | Span, until: Until, charge: Charge
) -> Look:
    """Letters due, and those of them not answered by their last day.

    The day after receipt is the first day. A letter is due once its last day is over, answered or
    not: counting early answers before that would flatter a unit. It belongs to the window in which
    its last day lies, so that each is judged once, by this year or the next. Time is in working
    days.

    Parameters
    ----------
    rows : DataFrame
        Table ``letters``.
    clock : Clock
    limit : WorkingDays or Span
    until : str
        What ends the time: ``replied``, or ``published`` where an answer counts once it is public.
    charge : str
        Who answers for a transferred letter: the ``holder`` from receipt on, the ``first`` unit
        from receipt on, or the holder for its ``own_days`` since it got the letter.

    Notes
    -----
    国办发〔2017〕47号 on answering letters. Whose delay a transfer is has no national rule.
    """
    since, last = _began(rows, charge), _last_day(rows, clock, limit, charge)
    answered = _answered(rows, until, clock)
    late = ~(answered.dt.normalize() <= last).to_numpy()
    taken = clock.workdays.taken(_days(since), _days(answered.fillna(clock.as_of)))
    left_out = _not_valid(rows) | {"not_due": (last > clock.as_of).to_numpy()}
    due, unit = last.where(answered.isna()), _charged(rows, charge)
    return Look(late, taken.astype(float), left_out, due=due, day=last, unit=unit)


def mean_working_days(
    rows: pd.DataFrame, clock: Clock, *, limit: WorkingDays | Span, until: Until, charge: Charge
) -> Look:
    """Working days to the answer of every letter due; one without an answer has its days so far.

    The letters are those of ``answered_in_time``, so that leaving a letter open never helps.
    """
    return answered_in_time(rows, clock, limit=limit, until=until, charge=charge)


def unanswered_letters(rows: pd.DataFrame, clock: Clock, *, limit: Span, charge: Charge) -> Look:
    """Valid letters that have waited longer than the limit without an answer, in days.

    Notes
    -----
    国办秘函〔2019〕19号, single-item veto: a valid question unanswered for over three months.
    """
    since = _began(rows, charge)
    open_ = _answered(rows, "replied", clock).isna()
    against = (open_ & (limit.after(since) < clock.as_of)).to_numpy()
    waited = days_between(since, clock.as_of)
    due = limit.after(since).where(open_)
    return Look(against, waited, _not_valid(rows), due=due, unit=_charged(rows, charge))


def consultations_held(rows: pd.DataFrame, clock: Clock) -> Look:
    """Consultations begun.

    Notes
    -----
    国办秘函〔2019〕19号: campaigns of the past year on the online channel.
    """
    return Look(never(rows))


def results_published_in_time(rows: pd.DataFrame, clock: Clock, *, limit: Span) -> Look:
    """Consultations whose time to publish is over, and those not published within it, in days.

    Results published after the limit count as not published in time. Nothing is due before the
    limit has passed, and each belongs to the window in which its last day lies.
    """
    last = limit.after(rows["end"])
    published = _known(rows["results_published"], clock)
    waited = days_between(rows["end"], published.fillna(clock.as_of))
    late = ~(published <= last).to_numpy()
    left_out = {"not_due": (last > clock.as_of).to_numpy()}
    return Look(late, waited, left_out, due=last.where(published.isna()), day=last)


def _began(rows: pd.DataFrame, charge: str) -> pd.Series:
    since = rows["received"]
    if charge == "own_days":
        since = rows["held_since"].where(rows["held_since"].notna(), since)
    return since.dt.normalize()


def _charged(rows: pd.DataFrame, charge: str) -> pd.Series | None:
    return rows["first_unit"] if charge == "first" else None


def _last_day(
    rows: pd.DataFrame, clock: Clock, limit: WorkingDays | Span, charge: str
) -> pd.Series:
    since = _began(rows, charge)
    if isinstance(limit, Span):
        return limit.after(since)
    last = clock.workdays.deadline(_days(since), limit.working_days)
    return pd.Series(last.astype("datetime64[s]"), index=rows.index)


def _known(stamps: pd.Series, clock: Clock) -> pd.Series:
    """Stamps as known on the last day: what happened later has not happened yet."""
    return stamps.where(stamps < clock.as_of + pd.Timedelta(days=1))


def _answered(rows: pd.DataFrame, until: str, clock: Clock) -> pd.Series:
    """When each letter was answered, as known on the last day; one published has been answered."""
    published = _known(rows["published"], clock)
    if until == "published":
        return published
    replied = _known(rows["replied"], clock)
    return replied.where(replied.notna(), published)


def _days(stamps: pd.Series) -> np.ndarray:
    return stamps.to_numpy("datetime64[D]")


def _not_valid(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    status = rows["status"]
    return {
        word: (status == word).to_numpy() for word in ("duplicate", "withdrawn", "test", "not_ours")
    }
