"""Monitor, trace and what-if: on paper for a small study, by plain loops for the Nanning one."""

from __future__ import annotations

import json
from bisect import bisect_right
from datetime import date, timedelta
from itertools import pairwise
from types import SimpleNamespace

import chinese_calendar
import numpy as np
import pandas as pd
import pytest
from evidence_study import TABLES, make_evidence_study, measures
from studies import make_study

import evallib as ev
from evallib.monitoring import rows as traces
from evallib.monitoring.outlook import reaching, repairs_of
from evallib.monitoring.reach import covers, tables_for
from evallib.publication.views_monitor import row_table
from evallib.study.evidence.rules import LeafRule, Measures
from evallib.study.evidence.tally import clock_of, see

OPEN = (  # due on 3 December (15 working days), and three months old on the 4th of December
    "n6,u2,2020-11-12,\nn7,u3,2020-09-04,\n"
)


def weekly(**keys):
    rules = measures()
    for part in ("leaves", "vetoes"):
        for rule in rules[part].values():
            rule["period"] = "week"
    return rules | keys


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitor")
    letters = TABLES["letters"] + OPEN
    return ev.read_study(make_evidence_study(folder, rules=weekly(), letters=letters))


@pytest.fixture(scope="module")
def week(small):
    return ev.monitor(small, period="week")


@pytest.fixture(scope="module")
def nanning():
    return ev.read_study("nanning")


def of(table, **keys):
    for name, value in keys.items():
        table = table[table[name] == value]
    return table


# --- the small study, on paper


def test_what_is_due_now_and_a_week_before(week):
    """Accounts and guides alone were looked at in the weeks to 23 November; u1 posted on the 18th.

    12 days of silence cost u1 a point on the 30th, 5 days cost nothing on the 23rd.
    """
    assert (week.as_of, week.before) == (date(2020, 11, 30), date(2020, 11, 23))
    (row,) = of(week.values, unit="u1", indicator="p7").itertuples()
    assert (row.value, row.mark, row.value_before, row.mark_before) == (12, 2, 5, 3)
    known = of(week.values, unit="u1").dropna(subset=["mark_before"])["indicator"]
    assert set(known) == {"p7", "g1", "g2", "g3"}
    marks = of(week.values, unit="u1").set_index("indicator")["mark"]
    assert marks["p2"] == 3 - 0.5 - 2 * 0.1
    assert marks["p6"] == pytest.approx(3 - 2 * 0.2 - 2)


def test_marks_of_the_last_day_are_those_of_the_evaluation(small, week):
    marks = small.years[2020].marks
    both = week.values.merge(marks, on=["unit", "indicator"], suffixes=("", "_scored"))
    assert len(both) == len(week.values) > 50
    assert both["mark"].tolist() == both["mark_scored"].tolist()


def test_repairs_of_a_site_are_its_faults_and_what_they_cost(week):
    mine = of(week.repairs, unit="u1", what="repair").set_index("indicator")
    expected = {  # leaf: faults, points
        "p6": (3, 2.4),
        "p7": (1, 1),
        "f1": (2, 1),
        "g1": (1, 1),
        "p2": (3, 0.7),
        **{"p3": (1, 0.5), "p4": (1, 0.5), "p5": (1, 0.5), "g2": (1, 0.5)},
    }
    found = {leaf: (row["count"], row["points"]) for leaf, row in mine.iterrows()}
    assert found == expected
    assert mine["day"].isna().all()
    assert week.repairs["points"].is_monotonic_decreasing


def test_what_is_kept_by_a_day(week):
    """u2's letter of 12 November is due on 3 December: 13 (1), 16 to 20 (6), 23 to 27 (11), 30
    (12), 1 December (13), 2, 3 December (15). Late it halves the share of two: 1.25 points.
    News of 20 November are overdue on 4 December, three days ahead; policies of 30 June on the
    30th are not. u3's letter of 4 September is three months old on 4 December: a point of l3.
    """
    keep = week.repairs[week.repairs["what"] == "keep"]
    days = keep.drop_duplicates("indicator").set_index("indicator")["day"].dt.day.to_dict()
    assert days == {"l1": 3, "p4": 3, "l3": 4}
    assert of(keep, indicator="l3")[["unit", "points"]].values.tolist() == [["u3", 1.0]]
    (letter,) = of(keep, indicator="l1").itertuples()
    assert (letter.unit, letter.points) == ("u2", 1.25)
    assert of(keep, indicator="p4")["unit"].tolist() == ["u2", "u3", "u4"]
    assert set(of(keep, indicator="p4")["points"]) == {0.5}


def test_a_letter_is_a_risk_until_three_months_are_over_and_then_a_veto(week):
    """That of 1 July is over; that of 4 September ends on 4 December, so the 5th is the day."""
    assert week.risks[["unit", "value", "reached", "day"]].values.tolist() == [
        ["u1", 1.0, True, pd.Timestamp("2020-11-30")],
        ["u3", 0.0, False, pd.Timestamp("2020-12-05")],
    ]


def test_a_confirmed_day_without_any_risk_says_so(small):
    early = ev.monitor(small, as_of="2020-06-30", period="week")
    assert early.risks.empty
    assert "没有网站接近单项否决" in ev.describe_risks(small, early, lang="zh")
    assert ev.risk_table(small, early, lang="en").empty


# --- days and periods


@pytest.mark.parametrize(
    ("as_of", "period", "before"),
    [
        (date(2020, 2, 29), "week", date(2020, 2, 22)),
        ("2020-02-29", "month", date(2020, 1, 29)),
        ("2020-03-31", "month", date(2020, 2, 29)),
        ("2020-02-29", "quarter", date(2019, 11, 29)),
        ("2020-02-29", "year", date(2019, 2, 28)),
    ],
)
def test_the_period_before_a_leap_day(small, as_of, period, before):
    rules = Measures.model_validate(weekly())
    rows = {**small.years[2020].evidence.tables}
    rows["posts"] = rows["posts"].assign(posted=pd.Timestamp("2020-02-20"))
    year = SimpleNamespace(**vars(small.years[2020]) | {"measures": rules})
    year.evidence = SimpleNamespace(tables=rows)
    study = SimpleNamespace(
        code="t", provenance="observed", years={2020: year}, year_before=lambda _: None
    )
    found = ev.monitor(study, as_of=as_of, period=period)
    assert found.before == before


def test_days_that_the_evidence_does_not_tell_of_are_refused(small, nanning, tmp_path):
    with pytest.raises(ev.DataError, match=r"ends on 2020-11-30, before 2021-03-01; add what came"):
        ev.monitor(nanning, as_of="2021-03-01", period="week")
    with pytest.raises(ev.DataError, match=r"tells of 2018-01-01: that of 2019 runs from 2018-10"):
        ev.monitor(nanning, as_of="2018-01-01", period="quarter")
    with pytest.raises(ev.DataError, match=r"'30.11.2020' is no day; write it as 2020-11-30"):
        ev.monitor(small, as_of="30.11.2020", period="week")
    with pytest.raises(ev.DataError, match=r"'day' is no period; write one of week, month"):
        ev.monitor(small, period="day")
    with pytest.raises(ev.DataError, match=r"trial measures nothing: no year has measures.yaml"):
        ev.monitor(ev.read_study(make_study(tmp_path)), period="week")
    with pytest.raises(ev.DataError, match=r"no measure is due for a week: see `period`"):
        ev.monitor(ev.read_study(make_evidence_study(tmp_path / "x")), period="week")


def logged(*days):
    stamps = pd.to_datetime(list(days)).astype("datetime64[s]")
    return pd.DataFrame({"time": stamps})


def probing(days):
    data = {"measure": {"name": "failed_probes", "seconds": 15}, "window": {"days": days}}
    steps = {"steps": [{"above": 0, "points": 1}], "source": "s", "confirmed": True}
    return LeafRule.model_validate(data | steps)


@pytest.mark.parametrize(
    ("first", "last", "day", "told"),
    [
        ("2020-03-02 23:59", "2020-03-10 00:00", "2020-03-10", True),  # nine days of ten
        ("2020-03-03 00:00", "2020-03-10 23:59", "2020-03-10", False),  # eight
        ("2020-02-29", "2020-03-09", "2020-03-10", True),  # the last day is lacking
        ("2020-02-29", "2020-03-08", "2020-03-10", False),
        ("2020-03-11", "2020-03-20", "2020-03-10", False),  # all later
    ],
)
def test_a_log_must_span_nine_tenths_of_the_window(first, last, day, told):
    """The ten days to 10 March 2020 begin on the 1st."""
    assert covers(logged(first, last), probing(10), date.fromisoformat(day)) == told


def test_a_log_goes_on_over_the_turn_of_the_year_but_not_over_a_gap():
    def year(day, *days):
        tables = {"probes": logged(*days).assign(unit=pd.Categorical(["u1"] * len(days)), row=2)}
        measures = SimpleNamespace(as_of=date.fromisoformat(day))
        return SimpleNamespace(measures=measures, evidence=SimpleNamespace(tables=tables))

    rule, now = probing(10), year("2020-11-30", "2019-11-25", "2020-11-30")
    joined = tables_for(rule, now, year("2019-11-30", "2019-11-01", "2019-11-25", "2019-11-28"))
    days = joined["probes"]["time"].dt.strftime("%m-%d").tolist()
    assert days == ["11-01", "11-25", "11-30"]  # what both have counts once
    assert len(tables_for(rule, now, year("2019-11-30", "2019-10-20"))["probes"]) == 2
    assert len(tables_for(rule, now, None)["probes"]) == 2


def test_a_day_between_two_evaluations_belongs_to_the_next(nanning):
    found = ev.monitor(nanning, as_of="2019-12-15", period="month")
    assert found.year == 2020
    assert set(found.values["indicator"]) == {"I2.1", "I2.2", "I4.3"}  # no page was looked at yet


# --- when a veto is reached


def frame(units, **columns):
    table = pd.DataFrame({"unit": pd.Categorical(units, categories=["u1"]), **columns})
    stamps = [n for n in columns if n in ("checked", "last_update", "posted", "received")]
    for name in stamps:
        table[name] = pd.to_datetime(table[name]).astype("datetime64[s]")
    return table.assign(row=range(2, len(table) + 2))


YEAR = SimpleNamespace(units=pd.DataFrame({"class": ["A"]}, index=["u1"]))


def risk(table, measure, *, window=31, until="2020-12-31", **bound):
    rule = {"measure": measure, "window": {"days": window}, "source": "s", "confirmed": True}
    rules = Measures.model_validate(
        {"as_of": "2020-11-30", "vetoes": {"v": rule | {"zh": "否决"} | bound}}
    )
    seen = {"v": see(table, rules.vetoes["v"], clock_of(rules, rules.as_of))}
    stamps = pd.Timestamp(until), pd.Timestamp(rules.as_of)
    found = reaching(YEAR, rules, seen, stamps[0], as_of=stamps[1])
    return [(row.value, row.reached, row.day) for row in found.itertuples()]


@pytest.mark.parametrize(
    ("bound", "day"),
    [
        ({"at_least": 14}, "2020-12-02"),
        ({"above": 14}, "2020-12-03"),
        ({"at_least": 12}, "2020-11-30"),
        ({"above": 12}, "2020-12-01"),
        ({"at_least": 12.5}, "2020-12-01"),
    ],
)
def test_the_day_on_which_a_silent_account_reaches_the_bound(bound, day):
    posts = frame(["u1"], account=["a"], posted=["2020-11-18 23:00"])
    measure = {"name": "days_since_post"}
    ((value, reached, found),) = risk({"posts": posts}, measure, warn=11, **bound)
    assert (value, str(found.date())) == (12, day)
    assert reached == (found == pd.Timestamp("2020-11-30"))


def test_days_of_a_page_run_from_the_look_at_it():
    """12 days on the 28th are 14 on the 30th, the last day that counts, if nobody updated it."""
    pages = {"kind": ["home"], "last_update": ["2020-11-16"], "blank": [False]}
    measure = {"name": "days_since_update", "kinds": ["home"]}
    table = frame(["u1"], column=["x"], checked=["2020-11-28"], **pages)
    ((value, reached, day),) = risk({"columns": table}, measure, at_least=14, warn=11)
    assert (value, reached, day) == (12, False, pd.Timestamp("2020-11-30"))
    table = frame(["u1"], column=["x"], checked=["2020-11-30"], **pages)
    assert risk({"columns": table}, measure, at_least=14, warn=11)[0][1]


def test_the_fifth_column_to_be_overdue_makes_the_veto():
    """Two weeks from 20, 21, 22, 23 and 24 November; one column is overdue already."""
    updates = ["2020-11-01", *(f"2020-11-{day}" for day in (24, 20, 21, 22, 23))]
    table = frame(
        ["u1"] * 6,
        column=list("abcdef"),
        checked=["2020-11-30"] * 6,
        kind=["dynamic"] * 6,
        last_update=updates,
        blank=[False] * 6,
    )
    measure = {"name": "overdue_columns", "limits": {"dynamic": {"days": 14}}}
    (found,) = risk({"columns": table}, measure, at_least=5, warn=1)
    assert found == (1, False, pd.Timestamp("2020-12-07"))  # the 23rd plus 14
    assert risk({"columns": table}, measure, at_least=4) == []  # more than three days ahead
    (found,) = risk({"columns": table}, measure, at_least=7, warn=1)
    assert found[2] is pd.NaT  # there are six columns


# --- Nanning, by plain loops


DAYS = [date(2018, 9, 1) + timedelta(n) for n in range(900)]
WORKED = [day for day in DAYS if chinese_calendar.is_workday(day)]


def last_day(received):
    """The fifteenth working day after the day of receipt."""
    return WORKED[bisect_right(WORKED, received) + 14]


def letters_of(study, as_of):
    """Letters of 2020, and before them those of 2019, due in the year to the day."""
    begins = min(study.years[2020].evidence.tables["letters"]["received"])
    for year in (2019, 2020):
        for row in study.years[year].evidence.tables["letters"].to_dict("records"):
            day = row["received"].date()
            inside = day <= as_of and as_of.replace(year=as_of.year - 1) < last_day(day)
            if inside and row["status"] == "valid" and (year == 2020 or row["received"] < begins):
                yield row["unit"], day, row["replied"]


def test_shares_of_letters_at_any_day_recount_over_two_years(nanning):
    as_of, counted, late = date(2020, 9, 15), {}, {}
    for unit, received, replied in letters_of(nanning, as_of):
        due = last_day(received)
        if due <= as_of:
            is_late = replied is pd.NaT or replied.date() > due
            counted[unit] = counted.get(unit, 0) + 1
            late[unit] = late.get(unit, 0) + is_late
    values = of(ev.monitor(nanning, as_of=as_of, period="month").values, indicator="I2.1")
    found = {row.unit: (row.counted, row.against) for row in values.itertuples()}
    here = nanning.years[2020].units.index  # three units of 2019 have merged
    expected = {unit: (counted[unit], late[unit]) for unit in here if unit in counted}
    assert len(expected) > 50
    assert {unit: pair for unit, pair in found.items() if pair[0]} == expected


def test_letters_soon_due_recount(nanning):
    as_of, count, first = date(2020, 11, 30), {}, {}
    for unit, received, replied in letters_of(nanning, as_of):
        is_open = replied is pd.NaT or replied.date() > as_of
        due = last_day(received)
        if is_open and as_of < due <= date(2020, 12, 30):
            count[unit] = count.get(unit, 0) + 1
            first[unit] = min(first.get(unit, due), due)
    repairs = ev.monitor(nanning, as_of=as_of, period="month").repairs
    keep = of(repairs, indicator="I2.1", what="keep")
    assert len(keep) > 10
    for row in keep.to_dict("records"):
        assert (row["count"], row["day"].date()) == (count[row["unit"]], first[row["unit"]])


def test_a_year_before_the_last_day_is_the_evaluation_of_the_year_before(nanning):
    """Where rule, full marks and site are the same, so is the mark."""
    then, now = nanning.years[2019], nanning.years[2020]
    same = {
        code
        for code, rule in now.measures.leaves.items()
        if then.measures.leaves.get(code) == rule
        and then.scheme.node(code).full_marks == now.scheme.node(code).full_marks
    }
    values = ev.monitor(nanning, period="year").values
    both = values.merge(then.marks, on=["unit", "indicator"], suffixes=("", "_then"))
    both = both[both["indicator"].isin(same) & (both["status"] == "scored")]
    assert len(same) > 10
    assert len(both) > 500
    assert both["mark_before"].tolist() == both["mark_then"].tolist()


def test_links_and_accounts_recount_a_week_before(nanning):
    before, dead, looks, last = date(2020, 11, 23), {}, {}, {}
    tables = nanning.years[2020].evidence.tables
    links = [r for r in tables["links"].to_dict("records") if r["checked"].date() <= before]
    for row in links:
        looks[row["unit"]] = max(looks.get(row["unit"], row["checked"]), row["checked"])
    for row in links:
        status = row["status"]
        if row["checked"] == looks[row["unit"]]:
            alive = status == status and 0 < status < 400
            dead[row["unit"]] = dead.get(row["unit"], 0) + (not alive)
    for row in tables["posts"].to_dict("records"):
        if row["posted"].date() <= before:
            key = row["unit"], row["account"]
            last[key] = max(last.get(key, row["posted"]), row["posted"])
    silent = {}
    for (unit, _), stamp in last.items():
        silent[unit] = max(silent.get(unit, 0), (before - stamp.date()).days)
    values = ev.monitor(nanning, as_of="2020-11-30", period="week").values
    for leaf, expected in (("H1.2", dead), ("F3.2", silent)):
        found = of(values, indicator=leaf).set_index("unit")["value_before"].to_dict()
        assert found == expected


def test_repairing_everything_leaves_full_marks_where_all_can_be_repaired(nanning):
    year = nanning.years[2020]
    seen = {code: traces.look_again(year, code) for code in ("H2.3", "S2.2")}
    repairs = repairs_of(year, year.measures, seen, pd.Timestamp("2020-11-30"))
    marks = year.measured.marks
    for row in repairs.itertuples():
        (mark,) = of(marks, unit=row.unit, indicator=row.indicator)["mark"]
        assert mark + row.points == year.scheme.node(row.indicator).full_marks
    assert len(repairs) == sum(
        (of(marks, indicator=code)["mark"] < year.scheme.node(code).full_marks).sum()
        for code in seen
    )


# --- one mark, back to its rows


@pytest.mark.parametrize(("year", "step"), [(2019, 5), (2020, 1)])
def test_rows_of_every_unit_and_leaf_recount_to_its_numbers(nanning, year, step, monkeypatch):
    found = nanning.years[year]
    seen = {code: traces.look_again(found, code) for code in found.measures.leaves}
    monkeypatch.setattr(traces, "look_again", lambda _, code, as_of=None: seen[code])
    for code, rule in found.measures.leaves.items():
        asked = {"counted", "against", "reason", "amount", "account", *_elements(rule)}
        for unit in found.units.index[::step]:
            trace = ev.trace_mark(nanning, year, unit, code)
            rows = trace.rows[[n for n in trace.rows if n in asked]].to_dict("records")
            counted = [row for row in rows if row["counted"]]
            against = [row for row in counted if row["against"]]
            numbers = trace.numbers
            assert (numbers["counted"], numbers["against"]) == (len(counted), len(against))
            assert all(bool(row["reason"]) != row["counted"] for row in rows)
            again = recounted(rule, counted, against)
            assert numbers["value"] == pytest.approx(again, abs=1e-12, nan_ok=True)
            full = found.scheme.node(code).full_marks
            if numbers["status"] == "scored" and counted:
                assert numbers["mark"] == pytest.approx(max(full - numbers["lost"], 0))


def _elements(rule):
    return rule.parameters.get("elements", ())


def recounted(rule, counted, against):
    """The value of a rule, from the rows that count."""
    kind = rule.kind.value
    if kind == "counted":
        return len(counted)
    if not counted:
        return np.nan
    if kind == "against":
        return len(against)
    if kind == "lacking":
        return sum(not all(row[name] for row in counted) for name in _elements(rule))
    if kind == "mean":
        return sum(row["amount"] for row in counted) / len(counted)
    if kind == "days_since":
        accounts = {}
        for row in counted:
            key = row.get("account", "")
            accounts[key] = min(accounts.get(key, np.inf), row["amount"])
        return max(accounts.values())
    share = len(against) / len(counted)
    return share if kind == "share_against" else 1 - share


def test_a_trace_on_another_day_is_that_of_the_monitor(nanning):
    day = date(2020, 11, 25)
    values = ev.monitor(nanning, as_of=day, period="week").values
    for unit in ("dept09", "zone2"):
        trace = ev.trace_mark(nanning, 2020, unit, "F3.2", as_of=day)
        (row,) = of(values, unit=unit, indicator="F3.2").itertuples()
        assert trace.numbers["value"] == row.value


def test_what_cannot_be_traced_is_named(small, tmp_path):
    for keys, message in (
        ((2018, "u1", "p1"), r"trial has no year 2018; it has 2020"),
        ((2020, "u9", "p1"), r"'u9' is no unit of 2020; units.csv has u1, u2, u3, u4"),
        ((2020, "u1", "typed"), r"'typed' is not measured in 2020; measured are c1, c2"),
    ):
        with pytest.raises(ev.DataError, match=message):
            ev.trace_mark(small, *keys)
    plain = ev.read_study(make_study(tmp_path))
    with pytest.raises(ev.DataError, match=r"trial 2020 measures nothing: it has no measures"):
        ev.trace_mark(plain, 2020, "u1", "a")
    with pytest.raises(ev.DataError, match=r"'z' is no leaf of 2020; scheme.csv lists them"):
        traces.typed_mark(plain, 2020, "u1", "z")


def test_rows_print_what_the_rule_asks_for(small):
    """Two of u1's letters are against it: late by four days, and never answered."""
    table = row_table(ev.trace_mark(small, 2020, "u1", "l1"))
    assert table.columns.tolist() == ["row", "amount", "letter", "received", "replied"]
    assert table["letter"].tolist() == ["n1", "n3"]
    assert table["replied"].tolist() == ["", "2020-10-15"]
    assert table["amount"].tolist()[1] == "19"
    whole = row_table(ev.trace_mark(small, 2020, "u1", "g2"), every=True)
    assert whole["counts"].tolist() == ["against", "yes"]
    assert {"item_name", "materials"} <= set(whole)
    assert "charges" not in whole
    probes = row_table(ev.trace_mark(small, 2020, "u1", "p1"))
    assert probes["time"].tolist() == ["2020-11-28 10:00"]


# --- what if


def test_the_same_limit_changes_nothing(nanning):
    table = ev.under_other_rule(nanning, 2020, "I2.1", limit={"working_days": 15})
    for name in ("mark", "total", "rank"):
        assert table[name].equals(table[f"{name}_if"])
    text = ev.describe_other_rule(
        nanning, 2020, "I2.1", ev.other_rule(nanning.years[2020].measures, "I2.1"), table, lang="en"
    )
    assert "No mark changes." in text
    assert ev.other_rule_table(nanning, 2020, table, lang="en").empty


def test_no_mark_rises_under_a_shorter_limit(nanning):
    marks = []
    for limit in (20, 15, 10, 5):
        table = ev.under_other_rule(nanning, 2020, "I2.1", limit={"working_days": limit})
        marks.append(table["mark_if"].to_numpy(float))
        assert table["mark"].sum() == pytest.approx(
            of(nanning.years[2020].marks, indicator="I2.1")["mark"].sum()
        )
    for longer, shorter in pairwise(marks):
        assert (shorter <= longer + 1e-9).all()
    assert marks[2].sum() < marks[1].sum()


def test_ranks_under_another_limit_are_those_of_the_other_marks(nanning):
    table = ev.under_other_rule(nanning, 2020, "I2.1", limit={"working_days": 10})
    moved = (table["mark_if"] - table["mark"]).fillna(0)
    totals = table["total_if"] - table["total"]
    assert (totals[moved == 0].abs() < 1e-9).all()
    assert (totals[moved < 0] < 0).all()
    shown = ev.other_rule_table(nanning, 2020, table, lang="zh")
    assert shown["name"].is_unique
    assert len(shown) >= (moved < 0).sum()


@pytest.mark.parametrize(
    ("leaf", "changes", "message"),
    [
        ("typed", {}, r"'typed' is not measured; measured are c1, c2"),
        ("l1", {"limit": {"working_days": 0}}, r"l1 cannot be measured so: .*greater than or eq"),
        ("l1", {"sunshine": 1}, r"l1 cannot be measured so: .*sunshine.*Extra inputs"),
        ("p7", {"window": {"days": 5}}, r"p7 cannot be measured so: 9 days are never seen in a w"),
    ],
)
def test_other_rules_that_make_no_sense_are_refused(small, leaf, changes, message):
    with pytest.raises(ev.DataError, match=message):
        ev.under_other_rule(small, 2020, leaf, **changes)


def test_what_nothing_means_can_be_asked_too(small):
    """u4 got no letters: not applicable by the rule, nothing by another; and never left open."""
    table = ev.under_other_rule(small, 2020, "l1", none="zero")
    assert np.isnan(table.at["u4", "mark"])
    assert table.at["u4", "mark_if"] == 0
    assert table.at["u4", "total_if"] < table.at["u4", "total"]
    assert table.drop("u4")["total_if"].equals(table.drop("u4")["total"])
    with pytest.raises(ev.StudyError, match=r"u4 has no evidence that counts for l1; add its rows"):
        ev.under_other_rule(small, 2020, "l1", none="missing")


def test_what_a_person_typed_as_not_applicable_stays_so(tmp_path):
    raw = {
        "2020/marks.csv": None,
        "2020/raw/layout.yaml": "sheets: [{file: a.csv, round: final, kind: score, shape: wide, unit_column: unit}]\n",
        "2020/raw/a.csv": "unit,typed,l1\nu1,3,0\nu2,2.5,3\nu3,2,0\nu4,3,不适用\n",
    }
    study = ev.read_study(make_evidence_study(tmp_path, files=raw))
    assert np.isnan(ev.under_other_rule(study, 2020, "l1", none="zero").at["u4", "mark_if"])


def test_days_that_no_evidence_can_be_of_are_refused(small):
    for ask in (
        lambda day: ev.monitor(small, as_of=day, period="week"),
        lambda day: ev.trace_mark(small, 2020, "u1", "p7", as_of=day),
    ):
        with pytest.raises(ev.DataError, match=r"0001-01-01 lies outside 1900 to 2199; name anot"):
            ask(date(1, 1, 1))


# --- what is said and shown


def test_the_tables_of_the_small_study_say_what_was_worked_out(small, week):
    table = ev.change_table(small, week, lang="zh")
    assert table.loc["p7"].tolist() == ["A维·项p7", "4.33天", "5天", "1", "0", "0", "1", "−1"]
    assert table.loc["p2", ["value_before", "points"]].tolist() == ["–", "–"]
    risks = ev.risk_table(small, week, lang="zh")
    assert risks["day"].tolist() == ["已达到", "2020-12-05"]
    keep = ev.repair_table(small, week, what="keep", lang="en")
    assert keep["what"].tolist().count("answer 1 letter soon due") == 1
    mend = ev.repair_table(small, week, what="repair", lang="zh", most=1)
    assert mend.values.tolist() == [["甲局", "A维·项p6", "改正3处错误表述", "2.4"]]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_measure_has_words_for_its_repair(small, week, lang):
    from evallib.publication.views_monitor import repair_text

    for rule in small.years[2020].measures.leaves.values():
        due = rule.kind.table in ("letters", "consultations")
        if rule.kind.repairable or (due and rule.measure.name != "consultations_held"):
            assert repair_text(rule, "keep", 2, lang)


def test_the_paragraph_holds_the_numbers_of_the_monitor(small, week):
    text = ev.describe_monitor(small, week, lang="zh")
    assert "本周应测的指标有18项" in text
    assert "甲局的“来信超过3个月未回应”（1件，界限1件）" in text
    assert "不处理则在2020年12月5日达到" in text
    assert "改正3处错误表述（2.4分）" in text
    english = ev.describe_monitor(small, week, lang="en")
    assert "18 indicators are due for the week" in english
    assert "  " not in english
    assert ").1" not in english


def test_the_figures_are_labelled_as_reconstructed_and_hold_the_values(nanning):
    now = ev.monitor(nanning, as_of="2020-11-30", period="week")
    ax = ev.plot_monitor_losses(nanning, now, lang="zh")
    assert "重构数据" in ax.figure._supxlabel.get_text()
    names = [text.get_text() for text in ax.get_yticklabels()]
    table = ev.change_table(nanning, now, lang="zh")
    assert sorted(names) == sorted(table["name"])
    ax = ev.plot_monitor_vetoes(nanning, now, lang="en")
    assert "reconstructed" in ax.figure._supxlabel.get_text()
    assert len(ax.get_yticklabels()) == len(now.risks)
    assert "重构数据" in ev.describe_monitor(nanning, now, lang="zh")


def test_records_of_a_monitor_are_plain_json(week):
    for table in (week.values, week.risks, week.repairs):
        assert json.loads(table.to_json(orient="records", date_format="iso"))
