"""Days of the evidence: the day it was taken, days off, and working days counted from receipt."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from datetime import date, datetime, timedelta

AS_OF = {2019: date(2019, 11, 30), 2020: date(2020, 11, 30)}
# holidays that the State Council announced, first and last day (2020: Spring Festival prolonged)
HOLIDAYS = (
    ("2018-10-01", "2018-10-07"), ("2018-12-30", "2019-01-01"), ("2019-02-04", "2019-02-10"),
    ("2019-04-05", "2019-04-07"), ("2019-05-01", "2019-05-04"), ("2019-06-07", "2019-06-09"),
    ("2019-09-13", "2019-09-15"), ("2019-10-01", "2019-10-07"), ("2020-01-01", "2020-01-01"),
    ("2020-01-24", "2020-02-02"), ("2020-04-04", "2020-04-06"), ("2020-05-01", "2020-05-05"),
    ("2020-06-25", "2020-06-27"), ("2020-10-01", "2020-10-08"),
)  # fmt: skip
# Saturdays and Sundays worked in exchange
EXCHANGED = (
    "2018-09-29", "2018-09-30", "2018-12-29", "2019-02-02", "2019-02-03", "2019-04-28",
    "2019-05-05", "2019-09-29", "2019-10-12", "2020-01-19", "2020-04-26", "2020-05-09",
    "2020-06-28", "2020-09-27", "2020-10-10",
)  # fmt: skip
FIRST, LAST = date(2018, 10, 1), date(2020, 12, 31)
BUSY = ("02-05", "10-01")  # month and day round which more letters come in
DAY = timedelta(1)


def _working_days():
    off = [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in HOLIDAYS]
    exchanged = {date.fromisoformat(day) for day in EXCHANGED}
    day = FIRST
    while day <= LAST:
        free = day.weekday() > 4 or any(a <= day <= b for a, b in off)
        if day in exchanged or not free:
            yield day
        day += DAY


WORKING = tuple(_working_days())


def deadline(received, count):
    """The count-th working day after the day of receipt."""
    return WORKING[bisect_right(WORKING, received) + count - 1]


def taken(received, replied):
    """Working days from receipt to reply: the day after receipt is the first, that day itself 0."""
    if replied <= received:
        return 0
    return bisect_left(WORKING, replied) - bisect_right(WORKING, received) + 1


def months_later(day, count):
    """The same day of a later (or earlier) month, or that month's last day."""
    years, month = divmod(12 * day.year + day.month - 1 + count, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def at(day, rng, *, hours=(8, 18)):
    """A minute of that day."""
    minute = int(rng.integers(60 * hours[0], 60 * hours[1]))
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60)


def written(moment):
    """A day or a minute as the tables hold it; nothing as an empty text."""
    if moment is None:
        return ""
    return f"{moment:%Y-%m-%d %H:%M}" if isinstance(moment, datetime) else moment.isoformat()
