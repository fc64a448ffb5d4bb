"""Each measure on a handful of rows worked out on paper, and the boundaries of every rule."""

import re
from datetime import date

import numpy as np
import pandas as pd
import pytest

from evallib.errors import StudyError
from evallib.study.evidence.bounds import HIGH_IS_GOOD
from evallib.study.evidence.look import Span
from evallib.study.evidence.measured import measure
from evallib.study.evidence.rule_faults import rule_faults
from evallib.study.evidence.rules import MEASURES, Measures
from evallib.study.evidence.tally import clock_of, see, tally
from evallib.study.scheme import Node, Scheme

UNITS = pd.DataFrame({"class": ["A", "A", "B"]}, index=pd.Index(["u1", "u2", "u3"], name="unit"))
AS_OF = date(2020, 11, 30)  # a Monday
WHERE = {"source": "rule book", "confirmed": True}


def frame(columns, rows, *, times=()):
    table = pd.DataFrame(rows, columns=columns.split())
    for name in times:
        table[name] = pd.to_datetime(table[name], format="ISO8601").astype("datetime64[s]")
    table["unit"] = pd.Categorical(table["unit"], categories=UNITS.index)
    return table.assign(row=range(2, len(table) + 2))


def letters(*rows):
    """Rows of (unit, received, replied, status, first unit, held since)."""
    filled = [(*row, *("valid", None, None)[len(row) - 3 :]) for row in rows]
    columns = "unit received replied status first_unit held_since"
    table = frame(columns, filled, times=("received", "replied", "held_since"))
    table["first_unit"] = pd.Categorical(
        table["first_unit"].fillna(table["unit"].astype(object)), categories=UNITS.index
    )
    return table.assign(published=table["replied"])


def rules_of(name, *, kind="leaves", as_of=AS_OF, window=None, scale=None, **parameters):
    high = name in MEASURES and MEASURES[name].value in HIGH_IS_GOOD
    side = "below" if high else "at_least"
    scale = scale or {"steps": [{side: 1, "points": 1}]}
    rule = {"measure": {"name": name, **parameters}, "window": window or {"months": 12}}
    extra = {"vetoes": {"zh": "否决"}, "leaves": {}}[kind]
    return Measures.model_validate(
        {"as_of": as_of, kind: {"x": {**rule, **scale, **WHERE, **extra}}}
    )


def tallied(table, name, **keys):
    rules = rules_of(name, **keys)
    rule = rules.rule("x")
    seen = see({rule.kind.table: table}, rule, clock_of(rules, rules.as_of))
    return tally(seen, rule, UNITS.index), seen


IN_TIME = {"limit": {"working_days": 15}, "until": "replied", "charge": "holder"}


def test_letters_are_counted_from_the_day_after_receipt_and_only_when_due():
    """On paper, with 15 working days: the National Day holiday of 2020 is 1 to 8 October, 27
    September (Sunday) and 10 October (Saturday) are worked.

    A letter of Wednesday 16 September: 17, 18 (2), 21 to 25 (7), 27 (8), 28, 29, 30 (11),
    9 October (12), 10 (13), 12 (14), 13 October (15). So 13 October is in time, 14 is late and
    took 16 days. A letter of 9 November is due on the 30th (ten to 13: 4, 16 to 20: 9, 23 to 27:
    14, 30: 15), one of 10 November is not due yet, whether answered or not.
    """
    table = letters(
        ("u1", "2020-09-16 17:40", "2020-10-13 23:59"),
        ("u1", "2020-09-16 08:00", "2020-10-14 00:00"),
        ("u1", "2020-11-09", None),
        ("u1", "2020-11-10", "2020-11-11"),
        ("u1", "2020-11-10", None),
    )
    found, seen = tallied(table, "answered_in_time", **IN_TIME)
    assert seen.reason.tolist() == ["", "", "", "not_due", "not_due"]
    assert seen.look.amount.tolist()[:3] == [15, 16, 15]
    assert found.loc["u1"].tolist() == [1 / 3, 3, 2, 16]
    assert found.loc["u2"].isna().tolist() == [True, False, False, True]
    mean, _ = tallied(table, "mean_working_days", **IN_TIME)
    assert mean.at["u1", "value"] == (15 + 16 + 15) / 3


def test_a_reply_after_the_last_day_has_not_happened_yet():
    table = letters(("u1", "2020-09-01", "2020-12-01 00:00"), ("u1", "2020-09-01", "2020-09-02"))
    found, seen = tallied(table, "answered_in_time", **IN_TIME)
    assert found.loc["u1", ["value", "counted", "against"]].tolist() == [0.5, 2, 1]
    later, _ = tallied(table, "answered_in_time", as_of=date(2020, 12, 1), **IN_TIME)
    assert later.at["u1", "worst"] == seen.look.amount[0] + 1


def test_letters_that_are_no_valid_ones_are_left_out_with_their_reason():
    reasons = ["duplicate", "withdrawn", "test", "not_ours"]
    rows = [("u1", "2020-05-06", None, reason) for reason in reasons]
    found, seen = tallied(letters(*rows), "answered_in_time", **IN_TIME)
    assert seen.reason.tolist() == reasons
    assert found.at["u1", "counted"] == 0


@pytest.mark.parametrize(
    ("charge", "unit", "late"), [("holder", "u2", 1), ("first", "u1", 1), ("own_days", "u2", 0)]
)
def test_a_transferred_letter_is_charged_by_the_stated_rule(charge, unit, late):
    """u1 had it for 30 days, then u2 answered within ten."""
    table = letters(("u2", "2020-06-01", "2020-07-10", "valid", "u1", "2020-07-01"))
    found, _ = tallied(table, "answered_in_time", **IN_TIME | {"charge": charge})
    assert found.loc[unit, ["counted", "against"]].tolist() == [1, late]
    assert found["counted"].sum() == 1


def test_an_answer_can_count_from_its_publication():
    table = letters(("u1", "2020-06-01", "2020-06-02")).assign(published=pd.NaT)
    assert tallied(table, "answered_in_time", **IN_TIME)[0].at["u1", "value"] == 1
    public = IN_TIME | {"until": "published"}
    assert tallied(table, "answered_in_time", **public)[0].at["u1", "value"] == 0


def test_three_months_without_an_answer_are_over_the_day_after():
    """Received on 29 February: three months end on 29 May; 30 May is beyond."""
    keys = {"kind": "vetoes", "scale": {"at_least": 1}, "limit": {"months": 3}, "charge": "holder"}
    table = letters(("u1", "2020-02-29", None), ("u2", "2020-02-29", None, "test"))
    for day, against in ((29, 0), (30, 1)):
        found, _ = tallied(table, "unanswered_letters", as_of=date(2020, 5, day), **keys)
        assert found.loc["u1", ["counted", "against"]].tolist() == [1, against]
        assert found.at["u2", "counted"] == 0


def test_a_letter_whose_answer_is_published_is_answered():
    """Nobody wrote down when; it was at the latest when the answer became public."""
    table = letters(("u1", "2020-06-01", None), ("u1", "2020-06-01", None))
    table = table.assign(published=pd.to_datetime(["2020-06-10", "2020-12-01"]))
    found, _ = tallied(table, "answered_in_time", **IN_TIME)
    assert found.loc["u1", ["counted", "against"]].tolist() == [2, 1]
    keys = {"scale": {"points_each": 1}, "limit": {"months": 3}, "charge": "holder"}
    assert tallied(table, "unanswered_letters", **keys)[0].at["u1", "against"] == 1


@pytest.mark.parametrize(
    ("received", "replied", "taken"),
    [
        ("2020-10-01 09:00", "2020-10-09 18:00", 1),  # on the holiday; the 9th is the first day
        ("2020-10-01 09:00", "2020-10-05 18:00", 1),  # answered within it
        ("2020-09-30 23:59", "2020-10-09 00:00", 1),
        ("2020-09-27 20:00", "2020-09-28 08:00", 1),  # a Sunday that is worked, after hours
        ("2020-09-27 20:00", "2020-09-27 20:00", 0),
    ],
)
def test_days_off_and_hours_after_office_cost_nobody_a_day(received, replied, taken):
    _, seen = tallied(letters(("u1", received, replied)), "answered_in_time", **IN_TIME)
    assert seen.look.amount.tolist() == [taken]


def test_a_letter_passed_to_a_unit_that_left_counts_for_nobody_and_says_why():
    table = letters(("u1", "2020-06-01", None))
    table["first_unit"] = pd.Categorical([None], categories=UNITS.index)
    found, seen = tallied(table, "answered_in_time", **IN_TIME | {"charge": "first"})
    assert seen.reason.tolist() == ["unit_left"]
    assert found["counted"].sum() == 0


def test_windows_and_limits_beyond_four_years_have_their_calendar():
    table = letters(("u1", "2012-02-29", None))
    long = {"window": {"months": 120}, "limit": {"working_days": 700}}
    found, _ = tallied(table, "answered_in_time", **IN_TIME | long)
    assert found.loc["u1", ["counted", "against"]].tolist() == [1, 1]


def consultations(*rows):
    return frame(
        "unit start end results_published", rows, times=("start", "end", "results_published")
    )


def test_results_are_due_a_month_after_the_end_and_counted_when_that_is_over():
    """31 January ends its month on 29 February of a leap year; what is not due is not counted."""
    table = consultations(
        ("u1", "2020-01-02", "2020-01-31", "2020-02-29"),
        ("u1", "2020-01-02", "2020-01-31", "2020-03-01"),
        ("u1", "2020-09-01", "2020-10-30", None),
        ("u1", "2020-10-01", "2020-10-31", "2020-11-02"),
        ("u2", "2020-10-01", "2020-12-24", None),
    )
    found, seen = tallied(table, "results_published_in_time", limit={"months": 1})
    # 31 October plus a month is 30 November, the last day that counts: due
    assert seen.counted.tolist() == [True, True, True, True]
    assert found.loc["u1"].tolist() == [0.5, 4, 2, 31]
    assert found.at["u2", "counted"] == 0
    held, _ = tallied(table, "consultations_held")
    assert held["value"].tolist() == [4, 1, 0]


def probes(unit, failed, total):
    stamps = pd.date_range("2020-11-24", periods=total, freq="h")
    rows = [(unit, s, 200.0, 16.0 if i < failed else 1.0) for i, s in enumerate(stamps)]
    return frame("unit time status seconds", rows, times=("time",))


@pytest.mark.parametrize(("failed", "total", "proposed"), [(5, 100, True), (499, 10000, False)])
def test_five_percent_of_failed_probes_is_a_veto_and_4_99_is_none(failed, total, proposed):
    keys = {"kind": "vetoes", "scale": {"at_least": 0.05, "warn": 0.03}, "seconds": 15}
    table = probes("u1", failed, total).assign(time=pd.Timestamp("2020-11-29 10:00"))
    found, _ = tallied(table, "failed_probes", **keys)
    rule = rules_of("failed_probes", **keys).rule("x")
    assert rule.holds(found.at["u1", "value"]) == proposed
    assert rule.warns(found.at["u1", "value"])


def test_a_probe_fails_without_an_answer_with_an_error_or_after_the_limit():
    rows = [
        ("u1", "2020-11-30 23:59:59", 200, 14.99),
        ("u1", "2020-11-30", 200, 15.0),
        ("u1", "2020-11-30", np.nan, np.nan),
        ("u1", "2020-11-30", 503, 0.2),
        ("u1", "2020-11-24 00:00:00", 302, 0.2),
        ("u1", "2020-11-23 23:59:59", 0, np.nan),
        ("u1", "2020-12-01 00:00:00", 0, np.nan),
    ]
    table = frame("unit time status seconds", rows, times=("time",))
    found, seen = tallied(table, "failed_probes", seconds=15, window={"days": 7})
    assert found.loc["u1"].tolist() == [3 / 5, 5, 3, 15.0]
    assert len(seen.rows) == 5  # seven days end with the whole of 30 November


def test_fewer_rows_than_a_rule_asks_for_say_nothing():
    """One failed probe of three is a third; the rule book asks for 20 a day."""
    table = pd.concat([probes("u1", 1, 3), probes("u2", 1, 20)], ignore_index=True)
    keys = {"kind": "vetoes", "scale": {"at_least": 0.05}, "seconds": 15}
    found, _ = tallied(table, "failed_probes", **keys)
    assert found["value"].tolist()[:2] == [1 / 3, 0.05]
    keys["scale"] |= {"at_least_rows": 20}
    found, seen = tallied(table, "failed_probes", **keys)
    assert found["counted"].tolist() == [0, 20, 0]
    assert found["value"].isna().tolist() == [True, False, True]
    assert seen.reason.tolist() == ["too_few"] * 3 + [""] * 20


def test_rows_that_do_not_count_do_not_make_a_unit_looked_at_enough():
    rows = [("u1", "2020-05-06", "2020-05-07"), ("u1", "2020-05-06", None, "test")]
    scale = {"steps": [{"below": 1, "points": 1}], "at_least_rows": 2}
    _, seen = tallied(letters(*rows), "answered_in_time", scale=scale, **IN_TIME)
    assert seen.reason.tolist() == ["too_few", "test"]


def columns(*rows):
    table = frame(
        "unit checked column kind last_update blank", rows, times=("checked", "last_update")
    )
    return table.astype({"kind": "category"})


def test_columns_are_overdue_on_the_day_their_time_is_over_and_blank_ones_not_again():
    """Two weeks before 30 November is the 16th; the six months of 31 May end on 30 November."""
    table = columns(
        ("u1", "2020-11-30", "a", "dynamic", "2020-11-16", False),
        ("u1", "2020-11-30", "b", "dynamic", "2020-11-17", False),
        ("u1", "2020-11-30", "c", "notice", "2020-05-31", False),
        ("u1", "2020-11-30", "d", "notice", "2020-06-01", False),
        ("u1", "2020-11-30", "e", "notice", None, True),
        ("u1", "2020-11-30", "f", "notice", None, False),
        ("u1", "2020-11-30", "g", "static", "2011-01-01", False),
        ("u1", "2020-10-30", "b", "dynamic", "2019-01-01", False),
        ("u2", "2020-11-29", "h", "home", "2020-11-15", False),
    )
    limits = {"dynamic": {"days": 14}, "notice": {"months": 6}}
    found, seen = tallied(table, "overdue_columns", limits=limits, scale={"points_each": 0.5})
    assert seen.look.against.tolist()[:4] == [True, False, True, False]
    assert found.loc["u1", ["counted", "against", "worst"]].tolist() == [5, 3, np.inf]
    assert seen.reason.tolist()[4:8] == ["blank", "", "other_kind", "earlier_look"]
    blank, _ = tallied(table, "blank_columns", scale={"points_each": 0.5})
    assert blank.loc["u1", ["counted", "against"]].tolist() == [7, 1]
    home, _ = tallied(table, "days_since_update", kinds=["home"])
    assert home.loc["u2", "value"] == 14
    assert home.loc["u1"].isna().tolist() == [True, False, False, True]


def test_each_account_is_judged_apart_and_the_most_silent_one_counts():
    rows = [("u1", "a", "2020-11-29"), ("u1", "a", "2020-10-01"), ("u1", "b", "2020-11-16 23:00")]
    table = frame("unit account posted", rows, times=("posted",))
    found, _ = tallied(table, "days_since_post")
    assert found["value"].tolist()[:2] == [14, pytest.approx(np.nan, nan_ok=True)]


def test_links_articles_typos_and_elements():
    day = "2020-11-30"
    links = frame(
        "unit checked status home",
        [
            ("u1", day, 200, True),
            ("u1", day, 404, True),
            ("u1", day, np.nan, False),
            ("u2", day, 301, True),
        ],
        times=("checked",),
    )
    assert tallied(links, "dead_links", scale={"points_each": 1})[0]["value"].tolist()[:2] == [2, 0]
    articles = frame(
        "unit published reposted",
        [("u1", day, True), ("u1", day, False), ("u1", day, False), ("u1", "2019-11-30", False)],
        times=("published",),
    )
    assert tallied(articles, "article_count")[0]["value"].tolist() == [3, 0, 0]
    assert tallied(articles, "original_share")[0].at["u1", "value"] == 2 / 3
    flags = frame(
        "guide unit sampled p q",
        [
            ("a", "u1", day, True, False),
            ("b", "u1", day, False, True),
            ("c", "u1", day, True, True),
            ("d", "u2", day, True, True),
        ],
        times=("sampled",),
    )
    both = {"elements": ["p", "q"], "scale": {"points_each": 1}}
    assert tallied(flags, "guides_lacking", **both)[0]["value"].tolist()[:2] == [2, 0]
    assert tallied(flags, "faulty_guides", **both)[0]["value"].tolist()[:2] == [2, 0]
    assert tallied(flags, "poor_guides", lacking=2, **both)[0]["value"].tolist()[:2] == [0, 0]
    typos = frame(
        "unit checked severity", [("u1", day, "none"), ("u1", day, "minor")], times=("checked",)
    )
    found, _ = tallied(typos, "typos", scale={"points_each": {"minor": 0.2}})
    assert found.loc["u1", ["counted", "against"]].tolist() == [2, 1]


class Logs:
    def __init__(self, **tables):
        self.absent = {}
        self.tables = tables


SCHEME = Scheme.of(
    [
        Node("T", "", "总"),
        Node("x", "T", "甲", full_marks=2, step=0.5, classes=("A",)),
        Node("y", "T", "乙", full_marks=2),
    ]
)


def measured_of(rules, **tables):
    return measure(Logs(**tables), rules, units=UNITS, scheme=SCHEME)


@pytest.mark.parametrize(
    ("none", "mark", "status"),
    [
        ("missing", None, "missing"),
        ("zero", 0, "scored"),
        ("full", 2, "scored"),
        ("not_applicable", None, "not_applicable"),
    ],
)
def test_a_unit_without_evidence_is_what_the_rule_says_and_missing_by_default(none, mark, status):
    scale = {"points_each": 0.5, "none": none}
    table = columns(("u1", "2020-11-30", "a", "dynamic", None, True))
    marks = measured_of(rules_of("blank_columns", scale=scale), columns=table).marks
    assert marks["mark"].tolist()[0] == 1.5
    assert marks["status"].tolist() == ["scored", status, "not_applicable"]  # u3 has no such leaf
    assert marks["mark"].isna().tolist()[1] if mark is None else marks["mark"].tolist()[1] == mark
    assert rules_of("blank_columns", scale={"points_each": 0.5}).rule("x").none == "missing"


def test_points_are_capped_at_full_marks_and_the_largest_step_counts():
    table = columns(*[("u1", "2020-11-30", str(i), "dynamic", None, True) for i in range(9)])
    marks = measured_of(rules_of("blank_columns", scale={"points_each": 0.5}), columns=table).marks
    assert marks.at[0, "mark"] == 0
    steps = {"steps": [{"at_least": 5, "points": 1}, {"at_least": 2, "points": 0.5}]}
    marks = measured_of(rules_of("blank_columns", scale=steps), columns=table).marks
    assert marks.at[0, "mark"] == 1


def test_what_cannot_be_measured_is_said_with_its_place():
    table = columns(("u1", "2020-11-30", "a", "dynamic", None, True))
    typo = frame("unit checked severity", [("u1", AS_OF, "serious")], times=("checked",))
    late = rules_of("answered_in_time", as_of=date(2031, 11, 30), **IN_TIME)
    cases = [
        ("column x: x needs the table links; add evidence/links.csv", "dead_links", 1, {}),
        (
            "no row of columns counts for it on 2020-11-30; complete",
            "blank_columns",
            1,
            {"columns": table.iloc[:0]},
        ),
        (
            "x.points_each: no points for serious; add them",
            "typos",
            {"minor": 0.2},
            {"typos": typo},
        ),
        (
            "mark 1.75 of x is off its step 0.5; correct the points",
            "blank_columns",
            0.25,
            {"columns": table},
        ),
    ]
    for message, name, each, tables in cases:
        rules = rules_of(name, scale={"points_each": each})
        with pytest.raises(StudyError, match=message):
            measured_of(rules, **tables)
    with pytest.raises(StudyError, match="holidays of 2031 are not known; give its holidays"):
        measured_of(late, letters=letters(("u1", "2031-05-06", None)))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"name": "blank_columns", "scale": {}}, "neither or both of steps and points_each"),
        (
            {"name": "article_count", "scale": {"points_each": 1}},
            "article_count counts no faults; give steps",
        ),
        ({"name": "sunshine"}, "does not match any of the expected tags"),
        ({"name": "failed_probes", "seconds": 0}, "greater than 0"),
        (
            {"name": "failed_probes", "seconds": 15, "window": {"days": 7, "months": 1}},
            "give one of them",
        ),
        ({"name": "blank_columns", "seconds": 15}, "Extra inputs are not permitted"),
        (
            {"name": "blank_columns", "scale": {"steps": [{"below": 1, "above": 2, "points": 1}]}},
            "not one bound; give one of below, at_most, above, at_least",
        ),
    ],
)
def test_rules_that_say_nothing_are_refused(keys, message):
    name = keys.pop("name")
    with pytest.raises(ValueError, match=message):
        rules_of(
            name,
            **(
                {"scale": None} | keys
                if keys.get("scale") != {}
                else keys | {"scale": {"none": "zero"}}
            ),
        )


BELOW, ABOVE = {"below": 0.9, "points": 1}, {"above": 0.9, "points": 1}


@pytest.mark.parametrize(
    ("name", "keys", "message"),
    [
        ("answered_in_time", {"steps": [ABOVE]}, "good when it is high; write below or at_most"),
        ("failed_probes", {"steps": [BELOW]}, "good when it is low; write above or at_least"),
        ("failed_probes", {"steps": [ABOVE, BELOW]}, "good when it is low; write above or at_le"),
        ("failed_probes", {"steps": [{"above": 5, "points": 1}]}, "5 is no share.*5 % as 0.05"),
        ("typos", {"steps": [{"above": -1, "points": 1}]}, "-1 is below 0, and no value is"),
        (
            "failed_probes",
            {"steps": [{"above": 0.1, "points": 1}, {"above": 0.2, "points": 0.5}]},
            "a worse value must cost more points than a better one, not 0.5 at 0.2, 1 at 0.1",
        ),
        (
            "answered_in_time",
            {"steps": [BELOW, {"below": 0.9, "points": 2}]},
            "a worse value must cost more points",
        ),
        (
            "days_since_post",
            {"steps": [{"at_least": 14, "points": 1}], "window": {"days": 14}},
            "14 days are never seen in a window of 14; make the window longer",
        ),
        ("typos", {"points_each": {"minor": -1}}, "-1 is no number above 0; write the points"),
        ("typos", {"points_each": float("nan")}, "nan is no number above 0"),
        ("typos", {"points_each": 1, "at_least_rows": 0}, "greater than or equal to 1"),
        ("typos", {"points_each": 1, "window": {"months": 10**9}}, "less than or equal to 1200"),
    ],
)
def test_rules_that_can_only_be_a_mistake_are_refused(name, keys, message):
    window = keys.pop("window", None)
    parameters = {"failed_probes": {"seconds": 15}, "answered_in_time": IN_TIME}.get(name, {})
    with pytest.raises(ValueError, match=message):
        rules_of(name, scale=keys, window=window, **parameters)


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        ({"at_least": 0.05, "warn": 0.06}, "it warns at 0.06, the bound is 0.05; correct it"),
        ({"at_least": 0.05, "warn": -1}, "it warns at -1, the bound is 0.05"),
        ({"below": 0.05}, "good when it is low; write above or at_least"),
        ({"at_least": 5}, "5 is no share"),
    ],
)
def test_vetoes_that_can_only_be_a_mistake_are_refused(scale, message):
    with pytest.raises(ValueError, match=message):
        rules_of("failed_probes", kind="vetoes", scale=scale, seconds=15)
    rule = rules_of("failed_probes", kind="vetoes", scale={"above": 0.05, "warn": 0.05}, seconds=15)
    assert rule.rule("x").warns(0.05)


@pytest.mark.parametrize(
    ("name", "scale", "message"),
    [
        ("typos", {"points_each": {"small": 0.5}}, "'small' is no kind of fault that typos tells"),
        ("blank_columns", {"points_each": {"x": 0.5}}, "'x' is no kind .*; write one number"),
        ("typos", {"points_each": 30}, "30 points are more than the full marks of 2; write the"),
        ("typos", {"points_each": 0.3}, "0.3 points are off the step 0.5; correct the points"),
        ("typos", {"steps": [{"above": 3, "points": 3}]}, "3 points are more than the full marks"),
    ],
)
def test_points_that_the_leaf_cannot_lose_are_refused_before_anybody_loses_them(
    name, scale, message
):
    (fault,) = rule_faults(rules_of(name, scale=scale), SCHEME, [], "2020/measures.yaml")
    assert re.search(message, str(fault))


def test_elements_and_bounds_of_findings_that_make_no_sense_are_refused():
    twice = rules_of(
        "poor_guides", elements=["charges", "charges"], lacking=3, scale={"points_each": 1}
    )
    problems = [fault.problem for fault in rule_faults(twice, SCHEME, [], "f")]
    assert problems == [
        "'charges' stands twice",
        "no guide lacks 3 of 2 elements",
    ]
    rules = rules_of("original_share").model_dump(exclude_unset=True)
    rules = Measures.model_validate(
        rules | {"findings": {"low": {"leaf": "x", "when": {"below": 50}}}}
    )
    (fault,) = rule_faults(rules, SCHEME, ["low"], "f")
    assert "column findings.low.when: 50 is no share, which lies between 0 and 1" in str(fault)
    (fault,) = rule_faults(Measures(as_of=AS_OF), SCHEME, [], "f")
    assert "it measures nothing; add a rule, or remove the file" in str(fault)


@pytest.mark.parametrize(
    ("name", "column", "parameters"),
    [
        ("failed_probes", "status", {"seconds": 15}),
        ("answered_in_time", "published", IN_TIME | {"until": "published"}),
        ("answered_in_time", "transfers", IN_TIME | {"charge": "own_days"}),
        ("mean_working_days", "replied", IN_TIME),
        ("results_published_in_time", "results_published", {"limit": {"months": 1}}),
    ],
)
def test_a_column_left_out_is_not_a_fault_of_every_site(name, column, parameters):
    rules = rules_of(name, **parameters)
    table = rules.rule("x").kind.table
    logs = Logs(**{table: None})
    logs.absent = {table: (column, "type")}
    with pytest.raises(StudyError, match=f"x needs the column {column} of {table}; add it to evid"):
        measure(logs, rules, units=UNITS, scheme=SCHEME)


def test_where_nothing_counts_and_that_means_zero_all_points_are_lost():
    table = columns(("u1", "2020-11-30", "a", "dynamic", None, True))
    rules = rules_of("blank_columns", scale={"points_each": 0.5, "none": "zero"})
    assert measured_of(rules, columns=table).marks["lost"].tolist()[:2] == [0.5, 2]


def test_rules_are_held_against_scheme_and_tables():
    rules = rules_of(
        "footer_lacking", elements=["site_code", "flag_of_mars"], scale={"points_each": 1}
    )
    (fault,) = rule_faults(rules, SCHEME, [], "2020/measures.yaml")
    assert "'flag_of_mars' is no element of footer; write some of party_emblem" in str(fault)
    data = {"leaf": "y", "when": {"below": 1}}
    more = rules.model_copy(
        update={
            "findings": {
                "late": Measures.model_validate(
                    {"as_of": AS_OF, "findings": {"late": data}}
                ).findings["late"]
            }
        }
    )
    problems = [fault.problem for fault in rule_faults(more, SCHEME, [], "f")]
    assert problems[1:] == ["'late' is not defined in rules.yaml", "'y' is not measured"]


def test_a_month_ends_on_its_last_day():
    assert Span(months=1).after(pd.Timestamp("2019-01-31")) == pd.Timestamp("2019-02-28")
    assert Span(days=7).before(pd.Timestamp("2020-03-01")) == pd.Timestamp("2020-02-23")


def test_every_letter_and_consultation_is_judged_once_by_this_year_or_the_next():
    """One of each day of three years: those due in the two years count in one of them, no other."""
    days = [str(day.date()) for day in pd.date_range("2018-01-01", "2020-12-31")]
    table = letters(*[("u1", day, None) for day in days])
    ended = consultations(*[("u1", "2018-01-01", day, None) for day in days])
    for name, rows, keys in (
        ("answered_in_time", table, IN_TIME),
        ("results_published_in_time", ended, {"limit": {"months": 1}}),
    ):
        counted = []
        for year in (2019, 2020):
            _, seen = tallied(rows, name, as_of=date(year, 11, 30), **keys)
            counted += seen.rows["row"][seen.counted].tolist()
        assert len(counted) == len(set(counted))
        assert counted == list(range(counted[0], counted[-1] + 1)), "no gap between the years"
