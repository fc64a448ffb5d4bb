"""Scores, totals and ranks: worked by hand, by properties, and against published indices."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import MARKS, SCHEME, make_study, synthetic

import evallib as ev
from evallib.aggregation import node_scores, pattern_mass, power_mean
from evallib.scoring import evaluate_year
from evallib.study.rules import Bonus, Penalty, Rules, Veto


def scored(tmp_path, **files):
    return ev.evaluate(ev.read_study(make_study(tmp_path, files=files)), 2020)


def with_rules(study, **rules):
    year = study.years[2020]
    return evaluate_year(
        replace(year, rules=year.rules.model_copy(update=rules)), study="s", provenance="observed"
    )


def test_totals_by_hand(tmp_path):
    # u1 20/20; u2 11.5/20; u3 (class B, leaf c does not apply) 13/15; u4 12/20
    result = scored(tmp_path)
    assert result.total.round(10).tolist() == [100, 57.5, 86.6666666667, 60]
    assert result.printed.tolist() == ["100", "57.5", "86.67", "60"]
    assert result.rank.tolist() == [1, 4, 2, 3]
    assert result.group_rank.tolist() == [1, 3, 2, 1]


def test_score_index_is_sum_of_marks_over_sum_of_applicable_full_marks(tmp_path):
    index = ev.score_index(scored(tmp_path), by="group")
    # group g: leaf c applies to u1 and u2 only: 7.5 of 10; D2: (10 + 6.5 + 5) of 25
    assert index.loc["c", "g"] == pytest.approx(0.75)
    assert index.loc["D2", "g"] == pytest.approx(21.5 / 25)
    assert index.loc["all", "h"] == pytest.approx(12 / 20)


@pytest.mark.parametrize("rule", ["within_parent", "spread"])
def test_the_index_of_one_site_is_its_own_score_where_weight_is_handed_on(tmp_path, rule):
    result = scored(tmp_path, **{"2020/rules.yaml": f"not_applicable: {rule}\n"})
    assert ev.score_index(result, units=["u3"])["all"] == pytest.approx(result.total["u3"] / 100)


@pytest.mark.parametrize(
    "files",
    [
        {"2020/scheme.csv": SCHEME.replace("Total,,,,,", "Total,,,,geometric,")},
        {"2020/rules.yaml": "tier_decimals: 1\n"},
        {"2020/rules.yaml": "missing: sibling_mean\n"},
        {"2020/rules.yaml": "not_applicable: within_parent\n"},
        {"2020/rules.yaml": "not_applicable: spread\n"},
    ],
    ids=["geometric", "tiers", "sibling_mean", "within_parent", "spread"],
)
def test_where_marks_cannot_be_summed_the_index_of_a_population_is_the_mean(tmp_path, files):
    result = scored(tmp_path, **files)
    index = ev.score_index(result, by="group")
    sites = result.scores.loc[["u1", "u2", "u3"]]  # c applies to u1 and u2 only
    assert index["g"].tolist() == pytest.approx(sites.mean().tolist(), abs=1e-12)
    earned, available = 20 + 11.5 + 13, 20 + 20 + 15
    assert index.loc["all", "g"] != pytest.approx(earned / available, abs=1e-6)


def test_full_marks_for_what_does_not_apply_are_summed_too(tmp_path):
    result = scored(tmp_path, **{"2020/rules.yaml": "not_applicable: full_marks\n"})
    index = ev.score_index(result, units=["u1", "u2", "u3"])
    assert index["all"] == pytest.approx((20 + 11.5 + 18) / 60)
    assert index["c"] == pytest.approx((5 + 2.5 + 5) / 15)


def test_every_table_keeps_the_order_of_the_units_and_groups_that_of_first_mention(tmp_path):
    units = "unit,name_zh,group,class\nu1,甲局,h,A\nu2,乙局,g,A\nu3,丙局,h,B\nu4,丁区,g,A\n"
    rules = "bands:\n- {code: good, zh: 良好, at_least: 60}\n"
    result = scored(tmp_path, **{"units.csv": units, "2020/rules.yaml": rules})
    assert result.group_rank.to_dict() == {"u1": 1, "u2": 2, "u3": 2, "u4": 1}
    assert result.band.to_dict() == {"u1": "good", "u2": "", "u3": "good", "u4": "good"}
    for name in ("index", "mass", "missing", "scores", "base", "awarded", "bonus", "penalty"):
        assert list(getattr(result, name).index) == ["u1", "u2", "u3", "u4"], name
    for name in ("veto", "total", "printed", "rank", "group_rank", "band", "reaches_threshold"):
        assert list(getattr(result, name).index) == ["u1", "u2", "u3", "u4"], name
    assert list(ev.score_index(result, by="group").columns) == ["h", "g"]


def test_group_means_weight_sites_not_groups(tmp_path):
    result = scored(tmp_path)
    by_group = result.means_of.groupby(result.units["group"]).mean()
    assert result.means_of.mean() == pytest.approx((3 * by_group["g"] + by_group["h"]) / 4)
    assert result.means_of.mean() != pytest.approx(by_group.mean())


@pytest.mark.parametrize(
    ("rule", "u3"),
    [
        ("rescale", 13 / 15),
        ("within_parent", (8 / 10 + 1) / 2),
        ("spread", (8 / 10 + 1) / 2),
        ("full_marks", 18 / 20),
    ],
)
def test_what_a_leaf_that_does_not_apply_does_is_a_rule(tmp_path, rule, u3):
    result = scored(tmp_path, **{"2020/rules.yaml": f"not_applicable: {rule}\n"})
    assert result.total["u3"] == pytest.approx(100 * u3)
    assert result.total["u1"] == pytest.approx(100)


def test_spread_shares_points_equally_and_within_parent_in_proportion():
    nodes = [
        ev.Node("all", "", "总"),
        *(ev.Node(c, "all", c, full_marks=m) for c, m in (("a", 1), ("b", 3), ("c", 4))),
    ]
    scheme = ev.Scheme.of(nodes)
    gone, none = np.array([False, False, True]), np.zeros(3, bool)
    assert pattern_mass(scheme, none, gone, Rules(not_applicable="within_parent")).tolist() == [
        0.25,
        0.75,
        0,
    ]
    assert pattern_mass(scheme, none, gone, Rules(not_applicable="spread")).tolist() == [
        0.375,
        0.625,
        0,
    ]


def test_a_node_with_nothing_left_hands_its_weight_up():
    scheme = ev.Scheme.of(
        [
            ev.Node("all", "", "总"),
            ev.Node("D", "all", "一"),
            ev.Node("a", "D", "甲", full_marks=2),
            ev.Node("b", "D", "乙", full_marks=2),
            ev.Node("c", "all", "丙", full_marks=4),
        ]
    )
    gone, none = np.array([True, True, False]), np.zeros(3, bool)
    for rule in ("rescale", "within_parent", "spread"):
        assert pattern_mass(scheme, none, gone, Rules(not_applicable=rule)).tolist() == [0, 0, 1]
    assert pattern_mass(scheme, gone, none, Rules(missing="sibling_mean")).tolist() == [0, 0, 1]


@pytest.mark.parametrize(("rule", "total"), [("zero", 70.0), ("sibling_mean", 100.0)])
def test_a_missing_mark_is_decided_by_rule(tmp_path, rule, total):
    files = {
        "2020/rules.yaml": f"missing: {rule}\n",
        "2020/marks.csv": MARKS.replace("u1,a,6\n", ""),
    }
    assert scored(tmp_path, **files).total["u1"] == pytest.approx(total)


def test_missing_and_not_applicable_are_three_things_with_zero(tmp_path):
    text = (
        MARKS.replace("u1,a,6\n", "")
        .replace("mark\n", "mark,status\n", 1)
        .replace("u2,a,3", "u2,a,0")
    )
    text = (
        "\n".join(line if line.count(",") == 3 else line + ",scored" for line in text.splitlines())
        + "\nu1,a,,not_applicable\n"
    )
    result = scored(tmp_path, **{"2020/marks.csv": text})
    assert np.isnan(result.index.loc["u1", "a"])
    assert result.index.loc["u2", "a"] == 0
    assert result.total["u1"] == pytest.approx(100)


def test_goalposts_run_either_way_and_what_lies_outside_is_a_rule(tmp_path):
    scheme = "code,parent,name_zh,weight,low,high,outside\nr,,总,,,,\nx,r,甲,1,0,10,clip\ny,r,乙,3,20,10,keep\n"
    marks = (
        "unit,indicator,mark\nu1,x,12\nu1,y,5\nu2,x,5\nu2,y,20\nu3,x,0\nu3,y,10\nu4,x,1\nu4,y,15\n"
    )
    result = scored(tmp_path, **{"2020/scheme.csv": scheme, "2020/marks.csv": marks})
    assert result.index["x"].tolist() == [1, 0.5, 0, 0.1]
    assert result.index["y"].tolist() == [1.5, 0, 1, 0.5]
    assert result.total["u1"] == pytest.approx(100 * (1 + 3 * 1.5) / 4)


def test_a_value_beyond_its_goalposts_is_refused(tmp_path):
    scheme = "code,parent,name_zh,weight,low,high\nr,,总,,,\nx,r,甲,1,0,10\n"
    marks = "unit,indicator,mark\nu1,x,12\nu2,x,5\nu3,x,0\nu4,x,1\n"
    with pytest.raises(ev.StudyError, match="value 12 of x is outside its goalposts 0 to 10"):
        scored(tmp_path, **{"2020/scheme.csv": scheme, "2020/marks.csv": marks})


def test_geometric_and_harmonic_means_by_hand():
    values, weights = np.array([[0.25, 1.0], [0.0, 1.0]]), np.array([[1.0, 1.0], [1.0, 3.0]])
    assert power_mean(values, weights, "geometric").tolist() == [0.5, 0.0]
    assert power_mean(values, weights, "harmonic").tolist() == [0.4, 0.0]
    assert power_mean(values, weights, "arithmetic").tolist() == [0.625, 0.75]


def test_a_geometric_mean_of_a_negative_index_is_refused():
    with pytest.raises(ev.DataError, match="geometric mean of a negative index; clip the leaf"):
        power_mean(np.array([[-0.1, 1.0]]), np.array([[1.0, 1.0]]), "geometric")


def test_a_geometric_root_over_arithmetic_dimensions(tmp_path):
    scheme = SCHEME.replace("all,,总,Total,,,,,", "all,,总,Total,,,,geometric,")
    result = scored(tmp_path, **{"2020/scheme.csv": scheme})
    assert result.total["u2"] == pytest.approx(100 * np.sqrt(0.5 * 0.65))
    assert result.total["u4"] == pytest.approx(100 * np.sqrt(0.7 * 0.5))


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_the_matrix_and_the_walk_up_the_tree_agree(seed):
    result = ev.evaluate(synthetic(seed), 2020)
    walked = node_scores(
        result.index.to_numpy(), result.mass.to_numpy(), result.scheme, Rules(tier_decimals=10)
    )
    np.testing.assert_allclose(result.scores.to_numpy(), walked, atol=1e-9)


@given(
    st.integers(0, 10_000), st.sampled_from(["rescale", "within_parent", "spread", "full_marks"])
)
@settings(max_examples=30, deadline=None)
def test_masses_sum_to_one(seed, rule):
    study = synthetic(seed, rules=Rules(not_applicable=rule))
    result = ev.evaluate(study, 2020)
    np.testing.assert_allclose(result.mass.sum(axis=1), 1)


def test_totals_equal_exact_fractions():
    study = synthetic(5, step=0.5)
    year, result = study.years[2020], ev.evaluate(study, 2020)
    for unit, rows in year.marks.groupby("unit"):
        rows = rows[rows["status"] == "scored"]
        earned = sum(Fraction(mark) for mark in rows["mark"])
        available = sum(Fraction(year.scheme.full_marks[leaf]) for leaf in rows["indicator"])
        assert result.total[unit] == pytest.approx(float(100 * earned / available), abs=1e-11)


ADJUSTED = """unit,kind,points,reason
u1,bonus,2,甲
u1,bonus,2,乙
u1,penalty,1,
u2,bonus,3,
u4,penalty,4,甲
u4,penalty,4,乙
"""


def test_bonus_and_penalty_are_summed_then_capped_and_gated(tmp_path):
    rules = "bonus: {cap: 3, gate: 80}\npenalty: {cap: 5}\n"
    result = scored(tmp_path, **{"2020/rules.yaml": rules, "2020/adjustments.csv": ADJUSTED})
    assert result.bonus.tolist() == [3, 0, 0, 0]
    assert result.penalty.tolist() == [1, 0, 0, 5]
    assert result.total.round(9).tolist() == [102, 57.5, 86.666666667, 55]


def test_the_gate_opens_only_above_it(tmp_path):
    study = ev.read_study(make_study(tmp_path, files={"2020/adjustments.csv": ADJUSTED}))
    at_gate = with_rules(study, bonus=Bonus(gate=57.5), penalty=Penalty())
    below = with_rules(study, bonus=Bonus(gate=57.4))
    assert (at_gate.bonus["u2"], below.bonus["u2"]) == (0, 3)


VETO = "unit,kind,reason\nu1,veto,首页不更新\n"


def test_a_veto_without_total_fails_the_unit_and_leaves_the_mean(tmp_path):
    result = scored(tmp_path, **{"2020/adjustments.csv": VETO})
    assert result.printed["u1"] == "fail"
    assert result.rank.tolist() == [pd.NA, 3, 1, 2]
    assert "u1" not in result.means_of.index


def test_a_veto_with_a_fixed_total_is_ranked_and_may_enter_the_mean(tmp_path):
    study = ev.read_study(make_study(tmp_path, files={"2020/adjustments.csv": VETO}))
    result = with_rules(study, veto=Veto(total=59, in_mean=True))
    assert (result.printed["u1"], result.rank["u1"]) == ("59", 3)
    assert result.means_of["u1"] == 59
    assert "u1" not in with_rules(study, veto=Veto(total=59)).means_of.index
    assert with_rules(study, veto=Veto(in_mean=True)).means_of["u1"] == 0


def test_an_unranked_unit_is_scored_without_a_place(tmp_path):
    units = "unit,name_zh,group,class,ranked\nu1,甲局,g,A,false\nu2,乙局,g,A,\nu3,丙局,g,B,\nu4,丁区,h,A,\n"
    result = scored(tmp_path, **{"units.csv": units})
    assert result.total["u1"] == pytest.approx(100)
    assert result.rank.tolist() == [pd.NA, 3, 1, 2]


def test_ties_are_decided_in_print_or_at_ten_decimals():
    totals = pd.Series({"a": 90.0049, "b": 90.0001, "c": 90.0001 + 1e-12, "d": 89.0})
    assert ev.rank(totals, decimals=2).tolist() == [1, 1, 1, 4]
    assert ev.rank(totals, decimals=10).tolist() == [1, 2, 2, 4]
    assert ev.rank(totals, decimals=10, ties="dense").tolist() == [1, 2, 2, 3]


def test_the_threshold_tests_the_printed_score_and_includes_the_bound():
    study = synthetic(1, units=3, classes=False)
    result = replace(
        ev.evaluate(study, 2020),
        total=pd.Series([89.995, 89.994999, 90.0], index=["u00", "u01", "u02"]),
    )
    assert result.reaches_threshold.tolist() == [True, False, True]


def test_bands_are_reached_in_print(tmp_path):
    rules = (
        "bands:\n- {code: good, zh: 良好, at_least: 60}\n- {code: top, zh: 优秀, at_least: 86.67}\n"
    )
    result = scored(tmp_path, **{"2020/rules.yaml": rules})
    assert result.band.tolist() == ["top", "", "top", "good"]


def test_only_totals_cannot_be_scored(tmp_path):
    study = ev.read_study(make_study(tmp_path, files={"2019/totals.csv": "unit,total\nu1,90\n"}))
    with pytest.raises(ev.DataError, match="trial 2019: only totals survive"):
        ev.evaluate(study, 2019)
    with pytest.raises(ev.DataError, match="study trial has no year 2018; it has 2019, 2020"):
        ev.evaluate(study, 2018)
