"""Working days as officials count them: weekends, holidays and the Saturdays that make up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from evallib.errors import DataError

KINDS = ("china", "weekdays")
REMEDY = "give its holidays and workdays under `calendar` in measures.yaml"


@dataclass(frozen=True)
class Workdays:
    """The working days of a span of dates, both ends inclusive.

    Parameters
    ----------
    first, last : date
        The span outside which nothing is asked.
    kind : str
        ``china`` follows the State Council's notices, ``weekdays`` knows Monday to Friday.
    holidays, workdays : iterable of date
        Further days off and working days; they win over the kind.

    Raises
    ------
    DataError
        As soon as a day or a deadline lies outside the span, or in a year whose notice is not
        known and none of whose holidays is given.

    Examples
    --------
    >>> october = Workdays(date(2020, 9, 1), date(2020, 10, 31), "china")
    >>> october.deadline(["2020-09-28"], 3).astype(str).tolist()
    ['2020-10-09']
    >>> october.taken(["2020-09-28"], ["2020-10-10"]).tolist()
    [4.0]
    """

    first: date
    last: date
    kind: str
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"calendar {self.kind!r} is none of {', '.join(KINDS)}")
        for name in ("holidays", "workdays"):
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))
        if both := set(self.holidays) & set(self.workdays):
            raise DataError(f"calendar: {min(both)} is both a holiday and a working day; keep one")

    @cached_property
    def _rules(self) -> dict[int, Callable[[date], bool] | None]:
        """For each year, which of its days are working days; None where that is not known."""
        return {year: _rule(self, year) for year in range(self.first.year, self.last.year + 1)}

    @cached_property
    def _calendar(self) -> np.busdaycalendar:
        """Every day but those off; numpy counts in it."""
        days = [self.first + timedelta(n) for n in range((self.last - self.first).days + 1)]
        works = {day: (self._rules[day.year] or _is_weekday)(day) for day in days}
        off = [day for day in days if not self._given(day, works[day])]
        return np.busdaycalendar("1111111", np.array(off, dtype="datetime64[D]"))

    def _given(self, day: date, otherwise: bool) -> bool:
        return day in self.workdays or (otherwise and day not in self.holidays)

    def is_workday(self, days: ArrayLike) -> np.ndarray:
        """Whether each day is a working day."""
        return np.is_busday(self._days(days), busdaycal=self._calendar)

    def deadline(self, received: ArrayLike, limit: int) -> np.ndarray:
        """Last day to reply in: the ``limit``-th working day after the day of receipt.

        Parameters
        ----------
        received : array of dates
        limit : int, at least 1; the day after receipt, where it is a working day, counts 1

        Returns
        -------
        array of datetime64[D], NaT where nothing was received
        """
        days = self._days(received)
        found = np.busday_offset(days, limit, roll="backward", busdaycal=self._calendar)
        if (found > np.datetime64(self.last, "D")).any():
            raise DataError(f"a deadline lies after {self.last}; give the calendar a longer span")
        return self._days(found)

    def taken(self, received: ArrayLike, replied: ArrayLike) -> np.ndarray:
        """Working days that a reply took: the smallest limit that it keeps, 0 on the same day.

        A reply on a day off counts like one on the next working day.

        Parameters
        ----------
        received, replied : arrays of dates, one pair per letter

        Returns
        -------
        array of float
            NaN where there is no reply.
        """
        received, replied = self._days(received), self._days(replied)
        there = ~(np.isnat(received) | np.isnat(replied))
        days = np.full(received.shape, np.nan)
        began, ended = received[there], replied[there]
        passed = np.busday_count(began + 1, ended, busdaycal=self._calendar) + 1
        days[there] = np.where(ended > began, passed, 0)
        return days

    def _days(self, days: ArrayLike) -> np.ndarray:
        """Moments as days, each of them in the span and in a year that is known."""
        days = np.asarray(days, dtype="datetime64[s]").astype("datetime64[D]")
        outside = (days < np.datetime64(self.first, "D")) | (days > np.datetime64(self.last, "D"))
        if outside.any():
            problem = f"{days[outside][0]} lies outside the calendar, {self.first} to {self.last}"
            raise DataError(f"{problem}; give it a longer span")
        for year in (year for year, rule in self._rules.items() if rule is None):
            if (days.astype("datetime64[Y]") == np.datetime64(str(year), "Y")).any():
                raise DataError(f"the State Council's holidays of {year} are not known; {REMEDY}")
        return days


def _rule(calendar: Workdays, year: int) -> Callable[..., Any] | None:
    """Whether a day of the year is a working day, as a function of the day; None if not known."""
    if calendar.kind == "weekdays":
        return _is_weekday
    import chinese_calendar  # only where evidence is measured in working days

    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        given = {day.year for day in (*calendar.holidays, *calendar.workdays)}
        return _is_weekday if year in given else None
    return chinese_calendar.is_workday


def _is_weekday(day: date) -> bool:
    return day.weekday() < 5
