"""Each measure on a handful of rows worked out on paper, and the boundaries of every rule."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from evallib.errors import StudyError
from evallib.study.evidence.look import Span
from evallib.study.evidence.measured import measure
from evallib.study.evidence.rules import Measures, rule_faults
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
    scale = scale or {"steps": [{"at_least": 1, "points": 1}]}
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
        "unit sampled p q",
        [
            ("u1", day, True, False),
            ("u1", day, False, True),
            ("u1", day, True, True),
            ("u2", day, True, True),
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
        ("no row of columns counts for it on 2020-11-30; complete", "blank_columns", 1, {"columns": table.iloc[:0]}),
        ("x.points_each: no points for serious; add them", "typos", {"minor": 0.2}, {"typos": typo}),
        ("mark 1.75 of x is off its step 0.5; correct the points", "blank_columns", 0.25, {"columns": table}),
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
