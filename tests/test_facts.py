"""Figures that several tables and sentences share."""

import numpy as np
import pandas as pd
import pytest
from studies import MARKS, SCHEME, STUDY, UNITS, make_study

import evallib as ev
from evallib.errors import DataError
from evallib.publication import facts

SUCCESSIONS = "from_unit,to_unit,year,kind\n"


def study_of(tmp_path, **files):
    return ev.read_study(make_study(tmp_path, files=files))


def two_years(tmp_path, successions="", units=UNITS, rules="", marks=MARKS, **more):
    files = {
        "units.csv": units,
        "2019/scheme.csv": SCHEME,
        "2019/marks.csv": MARKS,
        "2020/marks.csv": marks,
        "2020/rules.yaml": rules,
    }
    if successions:
        files["successions.csv"] = SUCCESSIONS + successions
    return study_of(tmp_path, **(files | more))


def test_a_mean_weighs_sites_not_groups(tmp_path):
    result = ev.evaluate(study_of(tmp_path), 2020)
    means = facts.group_means(result)
    assert list(means.index) == ["all", "g", "h"]
    # u1 100, u2 57.5, u3 13/15, u4 60
    assert means["all"] == pytest.approx((100 + 57.5 + 100 * 13 / 15 + 60) / 4)
    assert means["g"] == pytest.approx((100 + 57.5 + 100 * 13 / 15) / 3)
    assert means["all"] != pytest.approx((means["g"] + means["h"]) / 2)


def test_threshold_counts_say_of_how_many(tmp_path):
    result = ev.evaluate(study_of(tmp_path, **{"2020/rules.yaml": "threshold: 86.67"}), 2020)
    counts = facts.threshold_counts(result)  # u3 prints 86.67 and is 86.666...
    assert counts.loc["g"].to_dict() == {"count": 2, "sites": 3}
    assert counts.loc["all"].to_dict() == {"count": 2, "sites": 4}


def test_a_tie_at_the_edge_of_the_top_is_kept(tmp_path):
    marks = MARKS.replace("u4,a,3", "u4,a,2.5")  # u4 57.5, as u2
    result = ev.evaluate(
        study_of(tmp_path, **{"2020/marks.csv": marks, "2020/rules.yaml": "top: 3"}), 2020
    )
    assert list(facts.top_list(result).index) == ["u1", "u3", "u2", "u4"]


@pytest.mark.parametrize(
    ("successions", "was"),
    [
        ("", {"u1": "u1", "u2": "u2", "u3": "u3"}),
        ("u2,u4,2020,rename\n", {"u4": None, "u2": None}),  # u4 was there before: a merger
        ("u2,u4,2020,merge\nu1,u4,2020,merge\n", {"u4": None, "u1": None}),
        ("u2,u4,2020,split\nu2,u3,2020,split\n", {"u4": None, "u3": None, "u2": None}),
        (",u4,2020,founded\n", {"u4": None, "u1": "u1"}),
        ("u2,u4,2019,merge\n", {"u4": "u4", "u2": "u2"}),  # before the earlier year's end
        ("u2,u4,2021,merge\n", {"u4": "u4"}),  # after the later year
    ],
)
def test_renames_are_followed_and_merged_or_split_units_compare_with_nobody(
    tmp_path, successions, was
):
    found = facts.predecessors(two_years(tmp_path, successions), 2019, 2020)
    assert {unit: found[unit] for unit in was} == was


def test_a_renamed_unit_carries_its_place_over(tmp_path):
    units = UNITS.replace("class\n", "class,valid_from,valid_to\n").replace(
        "u2,乙局,,g,A\n", "u2,乙局,,g,A,,2019-12-31\nu9,乙委,,g,A,2020-01-01,\n"
    )
    units = "\n".join(f"{row}{',' * (6 - row.count(','))}" for row in units.splitlines())
    study = two_years(
        tmp_path, "u2,u9,2020,rename\n", units=units, marks=MARKS.replace("u2,", "u9,")
    )
    moves = facts.rank_changes(study, 2019, 2020)
    assert moves.loc["u9", ["was", "rank_before", "change"]].tolist() == ["u2", 4, 0]
    assert moves.loc["u9", "gain"] == 0


IMPROVED = "improved: {{by: {by}, within: {within}, at_least: {at_least}}}"
BETTER = MARKS.replace("u2,a,3", "u2,a,6").replace("u4,c,0", "u4,c,5")  # u2 72.5, u4 85


@pytest.mark.parametrize(
    ("by", "within", "at_least", "names"),
    [
        ("rank", "all", 1, ["u4"]),  # 57.5, 60 -> 72.5, 85: u2 stays fourth
        ("score", "all", 15, ["u4", "u2"]),
        ("score", "g", 15, ["u2"]),
        ("score", "all", 15.01, ["u4"]),
        ("score", "all", 26, []),
    ],
)
def test_most_improved_keeps_its_rule(tmp_path, by, within, at_least, names):
    rules = IMPROVED.format(by=by, within=within, at_least=at_least)
    marks = BETTER.replace("u3,d,5", "u3,d,2.5")  # u3 falls to 70
    if by == "rank":
        marks = BETTER.replace("u3,d,5", "u3,d,4.5")  # u3 83.33
    study = two_years(tmp_path, rules=rules, marks=marks)
    assert list(facts.most_improved(study, 2020).index) == names


def test_without_a_rule_or_an_earlier_year_nobody_is_most_improved(tmp_path):
    assert facts.most_improved(two_years(tmp_path), 2020).empty
    assert facts.most_improved(two_years(tmp_path, rules="improved: {at_least: 1}"), 2019).empty


def test_a_year_of_which_only_totals_survive_has_a_standing(tmp_path):
    totals = "unit,total\nu1,80\nu2,95\nu3,80\nu4,70\n"
    study = study_of(tmp_path, **{"2019/totals.csv": totals})
    before = facts.standing(study, 2019)
    assert before.rank.to_dict() == {"u1": 2, "u2": 1, "u3": 2, "u4": 4}
    assert facts.group_means(before)["all"] == 81.25
    assert facts.threshold_counts(before).at["all", "count"] == 1
    assert facts.rank_changes(study, 2019, 2020)["change"].tolist() == [1, -3, 0, 1]


def test_a_share_leaves_out_sites_to_which_it_does_not_apply(tmp_path):
    rules = "findings: {f: {zh: 坏, population: g}}"
    rows = "unit,finding,value\nu1,f,true\nu2,f,false\nu3,f,not_applicable\nu4,f,true\n"
    study = study_of(tmp_path, **{"2020/rules.yaml": rules, "2020/findings.csv": rows})
    shares = facts.finding_shares(study, 2020).loc["f"]
    assert shares.to_dict() == {"population": "g", "count": 1, "applicable": 2, "sites": 3}


def test_strengths_and_gaps_split_at_the_printed_whole(tmp_path):
    scheme = SCHEME.replace("a,D1,甲项", "E1,D1,甲组,Group a,,,,,\na,E1,甲项").replace(
        "b,D1,乙项", "E2,D1,乙组,Group b,,,,,\nb,E2,乙项"
    )
    result = ev.evaluate(study_of(tmp_path, **{"2020/scheme.csv": scheme}), 2020)
    high, low = facts.strengths_and_gaps(result)
    assert set(high.index) | set(low.index) == {"E1", "E2", "c", "d"}
    whole = facts.level_indices(result, 0).iloc[0]
    assert high.min().round(2) >= np.round(whole, 2) > low.max().round(2)
    assert high.round(2).is_monotonic_decreasing
    assert low.round(2).is_monotonic_increasing


def test_a_year_without_an_initial_round_says_so(tmp_path):
    with pytest.raises(
        DataError, match=r"trial 2020: no initial round is kept; name it in raw/layout"
    ):
        facts.initial_result(study_of(tmp_path), 2020)


@pytest.mark.parametrize(
    ("before", "now", "printed"),
    [
        (89.71, 89.95, ("0.24", 1, True)),
        (90.83, 90.73, ("0.1", -1, True)),
        (50.0, 50.001, ("0", 0, True)),
        (50.004, 50.0051, ("0", 0, False)),  # prints 50 and 50.01
        (89.714, 89.955, ("0.24", 1, False)),  # prints 89.71 and 89.96
    ],
)
def test_a_change_is_of_unrounded_totals_and_flagged_where_print_differs(before, now, printed):
    assert facts.printed_change(before, now, ev.Rules()) == printed


def test_vetoed_sites_count_among_the_sites_but_not_in_the_mean(tmp_path):
    veto = "unit,kind,points,reason,source\nu1,veto,,down,\n"
    result = ev.evaluate(study_of(tmp_path, **{"2020/adjustments.csv": veto}), 2020)
    assert facts.threshold_counts(result).loc["all"].tolist() == [0, 4]
    assert facts.group_means(result)["g"] == pytest.approx((57.5 + 100 * 13 / 15) / 2)


def test_groups_keep_file_order():
    units = pd.DataFrame({"group": ["z", "a", "z"]}, index=["1", "2", "3"])
    assert list(facts.populations(units)) == ["all", "z", "a"]
    assert STUDY["groups"].keys() == {"g", "h"}
