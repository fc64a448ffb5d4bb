"""Working days: two holidays of 2020 by hand, the laws of a deadline, years nobody knows."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evallib.errors import DataError
from evallib.study.evidence.workdays import Workdays

YEAR = Workdays(date(2019, 12, 1), date(2021, 2, 28), "china")


def off_days(first, last):
    """Days off of 2020 from the first to the last, both inclusive, as month-day."""
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    return [str(day)[5:] for day in days[~YEAR.is_workday(days)]]


def test_spring_festival_of_2020_with_its_extension():
    """Day by day, by the State Council's notices for 2020 and of 26 January 2020.

    Sat 18 Jan   day off, an ordinary Saturday
    Sun 19 Jan   working day, makes up for the holidays (notice for 2020)
    20 - 23 Jan  working days, Monday to Thursday
    24 - 30 Jan  Spring Festival, Friday (New Year's Eve) to Thursday (notice for 2020)
    Fri 31 Jan   day off: the holidays are extended to 2 February (notice of 26 January)
    Sat 1 Feb    day off: was to make up, the extension takes it (notice of 26 January)
    Sun 2 Feb    day off, last day of the extension
    Mon 3 Feb    working day
    """
    festival = [f"01-{day}" for day in range(24, 32)] + ["02-01", "02-02"]
    assert off_days("2020-01-18", "2020-02-07") == ["01-18", *festival]
    assert YEAR.is_workday(["2020-01-19", "2020-01-23", "2020-02-03"]).all()


def test_labour_day_and_dragon_boat_of_2020():
    """1 to 5 May off, Sun 26 April and Sat 9 May work; 25 to 27 June off, Sun 28 June works."""
    labour = ["04-25", "05-01", "05-02", "05-03", "05-04", "05-05", "05-10"]
    assert off_days("2020-04-25", "2020-05-10") == labour
    assert off_days("2020-06-22", "2020-06-28") == ["06-25", "06-26", "06-27"]


def test_national_day_and_mid_autumn_of_2020():
    """Thu 1 to Thu 8 October off, Sun 27 September and Sat 10 October work, Sun 11 is a Sunday."""
    assert off_days("2020-09-26", "2020-10-11") == [
        "09-26",
        *(f"10-0{day}" for day in range(1, 9)),
        "10-11",
    ]


@pytest.mark.parametrize(
    ("received", "limit", "deadline"),
    [
        ("2020-01-17", 1, "2020-01-19"),  # Friday; Saturday is off, Sunday makes up
        ("2020-01-17", 5, "2020-01-23"),  # 19, 20, 21, 22, 23
        ("2020-01-17", 6, "2020-02-03"),  # over the festival
        ("2020-01-23", 1, "2020-02-03"),  # the last day before it
        ("2020-01-26", 1, "2020-02-03"),  # in it
        ("2020-02-01", 2, "2020-02-04"),  # the Saturday that was to make up
        (
            "2020-09-25",
            15,
            "2020-10-22",
        ),  # 27 to 30 Sep: 4; 9, 10 Oct: 6; 12 to 16: 11; 19 to 22: 15
        ("2020-09-30", 1, "2020-10-09"),
        ("2020-10-08", 3, "2020-10-12"),  # 9, 10 (Saturday), 12
        ("2020-02-28", 1, "2020-03-02"),  # leap day is a Saturday
        ("2020-12-31", 1, "2021-01-04"),  # over the year
    ],
)
def test_deadlines_by_hand(received, limit, deadline):
    assert YEAR.deadline([received], limit).astype(str).tolist() == [deadline]


@pytest.mark.parametrize(
    ("received", "replied", "taken"),
    [
        ("2020-11-03", "2020-11-03", 0),  # the same day
        ("2020-11-03 23:59", "2020-11-04 00:00", 1),  # a minute later, and the next day
        ("2020-11-06", "2020-11-07", 1),  # Saturday counts like Monday
        ("2020-11-06", "2020-11-09", 1),
        ("2020-01-23", "2020-01-31", 1),  # in the festival, like 3 February
        ("2020-01-23", "2020-02-04", 2),
        ("2020-01-25", "2020-01-26", 1),  # received and answered on days off
        ("2020-09-30", "2020-10-10", 2),  # the Saturday that makes up
        ("2020-11-02", "2020-11-23", 15),
        ("2020-11-02", "2020-11-24", 16),
    ],
)
def test_days_taken_by_hand(received, replied, taken):
    assert YEAR.taken([received], [replied]).tolist() == [taken]


def test_no_reply_has_taken_nothing():
    found = YEAR.taken(["2020-11-02", "NaT"], ["NaT", "2020-11-03"])
    assert np.isnan(found).all()
    assert np.isnat(YEAR.deadline(["NaT"], 3)).all()
    assert YEAR.taken(np.array([], "datetime64[s]"), np.array([], "datetime64[s]")).size == 0


DAYS = st.dates(date(2019, 12, 1), date(2020, 12, 31))


@settings(max_examples=150, derandomize=True, deadline=None)
@given(DAYS, st.integers(0, 40), st.integers(1, 20))
def test_in_time_exactly_if_within_the_limit(received, wait, limit):
    replied = min(received + timedelta(wait), date(2020, 12, 31))
    taken = YEAR.taken([received], [replied])[0]
    deadline = YEAR.deadline([received], limit)[0]
    assert (taken <= limit) == (np.datetime64(replied) <= deadline)
    assert YEAR.is_workday([deadline]).all()
    between = np.arange(np.datetime64(received) + 1, deadline + 1)
    assert YEAR.is_workday(between).sum() == limit


@settings(max_examples=150, derandomize=True, deadline=None)
@given(DAYS, DAYS, st.integers(1, 20))
def test_later_receipt_or_reply_never_shortens(one, other, limit):
    early, late = sorted((one, other))
    first, second = YEAR.deadline([early, late], limit)
    assert first <= second < YEAR.deadline([late], limit + 1)[0]
    end = date(2020, 12, 31)
    from_early, from_late = YEAR.taken([early, late], [end, end])
    to_early, to_late = YEAR.taken([date(2019, 12, 1)] * 2, [early, late])
    assert from_late <= from_early
    assert to_early <= to_late


def test_a_year_that_nobody_knows_is_refused_by_name():
    far = Workdays(date(2020, 1, 1), date(2100, 12, 31), "china")
    assert far.deadline(["2020-11-02"], 15).astype(str).tolist() == ["2020-11-23"]
    message = r"State Council's holidays of 2099 are not known; give its holidays and workdays under `calendar` in measures\.yaml"
    with pytest.raises(DataError, match=message):
        far.deadline(["2099-03-02"], 1)
    with pytest.raises(DataError, match="holidays of 2003 are not known"):
        Workdays(date(2003, 1, 1), date(2020, 1, 1), "china").taken(["2003-12-31"], ["2004-01-02"])


def test_a_deadline_that_reaches_into_an_unknown_year_is_refused():
    known = max(year for year in range(2020, 2100) if _known(year))
    calendar = Workdays(date(known, 1, 1), date(known + 1, 12, 31), "china")
    assert calendar.deadline([f"{known}-11-02"], 5).size == 1
    with pytest.raises(DataError, match=f"holidays of {known + 1} are not known"):
        calendar.deadline([f"{known}-12-30"], 5)


def _known(year):
    calendar = Workdays(date(year, 1, 1), date(year, 12, 31), "china")
    try:
        return calendar.is_workday([f"{year}-05-05"]).size == 1
    except DataError:
        return False


def test_given_holidays_make_a_year_known_and_win_over_the_notice():
    given = Workdays(
        date(2099, 1, 1),
        date(2099, 12, 31),
        "china",
        holidays=(date(2099, 1, 1),),
        workdays=(date(2099, 1, 3),),
    )
    days = ["2099-01-01", "2099-01-02", "2099-01-03", "2099-01-04"]  # Thursday to Sunday
    assert given.is_workday(days).tolist() == [False, True, True, False]
    other = Workdays(date(2020, 1, 1), date(2020, 12, 31), "china", (date(2020, 11, 3),))
    assert not other.is_workday(["2020-11-03"]).any()


def test_weekdays_know_no_notice():
    plain = Workdays(date(2020, 1, 1), date(2099, 12, 31), "weekdays")
    assert plain.is_workday(["2020-10-01", "2020-10-10", "2099-03-02"]).tolist() == [
        True,
        False,
        True,
    ]
    own = Workdays(
        date(2020, 1, 1),
        date(2020, 12, 31),
        "weekdays",
        (date(2020, 10, 1),),
        (date(2020, 10, 10),),
    )
    assert own.is_workday(["2020-10-01", "2020-10-10"]).tolist() == [False, True]


def test_what_a_calendar_refuses():
    span = date(2020, 1, 1), date(2020, 12, 31)
    with pytest.raises(ValueError, match="calendar 'lunar' is none of china, weekdays"):
        Workdays(*span, "lunar")
    both = (date(2020, 5, 1),)
    with pytest.raises(DataError, match="2020-05-01 is both a holiday and a working day; keep one"):
        Workdays(*span, "china", both, both)
    with pytest.raises(
        DataError, match="2021-01-04 lies outside the calendar, 2020-01-01 to 2020-12-31"
    ):
        Workdays(*span, "china").taken(["2020-12-31"], ["2021-01-04"])
    with pytest.raises(
        DataError, match="a deadline lies after 2020-12-31; give the calendar a longer span"
    ):
        Workdays(*span, "weekdays").deadline(["2020-12-31"], 3)
