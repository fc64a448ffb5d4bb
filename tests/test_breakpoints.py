"""Intervals of one weight in which an order holds: by hand, and against the scoring engine."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from studies import synthetic

import evallib as ev
from evallib.firmness.breakpoints import breakpoints
from evallib.firmness.linear import linear_scores, rescore
from evallib.scoring import evaluate_year

EXACT = ev.Rules(rank_on="exact")


def small(marks, *, classes=None, rules=EXACT, only_a=(), adjustments=()):
    """A flat study: marks by unit, out of 1; leaves in ``only_a`` do not apply to class B."""
    leaves = [chr(ord("a") + i) for i in range(len(next(iter(marks.values()))))]
    study = synthetic(0, units=len(marks), leaves=(len(leaves),), classes=False)
    year = study.years[2020]
    nodes = [ev.Node("all", "", "总")]
    nodes += [
        ev.Node(c, "all", c, full_marks=1.0, classes=("A",) if c in only_a else ()) for c in leaves
    ]
    units = year.units.set_index(pd.Index(marks, name="unit"))
    units["class"] = list((classes or {}).get(unit, "A") for unit in marks)
    applies = [[units["class"][u] == "A" or c not in only_a for c in leaves] for u in marks]
    long = pd.DataFrame(
        {
            "unit": np.repeat(list(marks), len(leaves)),
            "indicator": np.tile(leaves, len(marks)),
            "mark": np.where(applies, list(marks.values()), np.nan).ravel(),
            "status": np.where(applies, "scored", "not_applicable").ravel(),
        }
    )
    given = pd.DataFrame(adjustments, columns=["unit", "kind", "points"])
    given = given.assign(reason="", source="")
    scheme = ev.Scheme.of(nodes)
    year = replace(year, scheme=scheme, rules=rules, units=units, marks=long, adjustments=given)
    return replace(study, years={2020: year})


def with_gate(study):
    """The same study with a gate among the bases, and a bonus for five units about it."""
    base = ev.evaluate(study, 2020).base.sort_values()
    rules = ev.Rules(rank_on="exact", bonus={"gate": float(base.iloc[4] + 0.05), "cap": 3})
    given = pd.DataFrame({"unit": base.index[2:7], "kind": "bonus", "points": [1.0, 4, 2, 2, 3]})
    given = given.assign(reason="", source="")
    return replace(study, years={2020: replace(study.years[2020], rules=rules, adjustments=given)})


def reweighted(study, weights):
    """Exact ranks after the scoring engine has run on a scheme with these leaf weights."""
    year = study.years[2020]
    scheme = year.scheme
    weights = pd.Series(weights, index=scheme.leaves)
    nodes = [
        replace(node, weight=float(weights[scheme.leaves_under(node.code)].sum()))
        for node in scheme.nodes
    ]
    rules = year.rules.model_copy(update={"rank_on": "exact", "ties": "min"})
    year = replace(year, scheme=ev.Scheme.of(nodes), rules=rules)
    return evaluate_year(year, study=study.code, provenance=study.provenance).rank


def moved(scheme, node, weight):
    """Leaf weights after the node has been given that weight."""
    under = scheme.under[node].to_numpy()
    now = scheme.weights.to_numpy()
    total = now @ under
    return now * np.where(under > 0, weight / total, (1 - weight) / (1 - total))


def holds(statement, before, after, top):
    if statement == "order":
        return all((after[before == p].max() < after[before > p]).all() for p in set(before))
    place = {"first": 1, "top": top}[statement]
    inside = before.index[before <= place]
    return after[inside].max() < after.drop(inside).min()


def assert_table_is_what_the_engine_says(study, result, top):
    before = reweighted(study, result.scheme.weights)
    table = breakpoints(result, top=top).table
    assert len(table) == 3 * (len(result.scheme.codes) - 1)
    for row in table.itertuples():
        inside = [(row.low + row.high) / 2]
        edges = [(row.low + 1e-6, True), (row.high - 1e-6, True)]
        edges += [(row.low - 1e-6, False)] if row.low_ahead else []
        edges += [(row.high + 1e-6, False)] if row.high_ahead else []
        for weight, expected in [*((t, True) for t in inside), *edges]:
            after = reweighted(study, moved(result.scheme, row.node, weight))
            assert holds(row.holds, before, after, top) == expected, (row, weight)
            if not expected:
                pair = (
                    (row.low_ahead, row.low_behind)
                    if weight < row.low
                    else (row.high_ahead, row.high_behind)
                )
                assert after[pair[0]] > after[pair[1]]


def test_two_units_by_hand():
    # .5 + .5 t against .8 - .2 t: they meet at 3/7
    result = ev.evaluate(small({"u": (1.0, 0.5), "v": (0.6, 0.8)}), 2020)
    found = breakpoints(result, top=1)
    row = found.table.query("node == 'a' and holds == 'first'").iloc[0]
    assert row.low == pytest.approx(3 / 7, abs=1e-14)
    assert (row.low_ahead, row.low_behind) == ("u", "v")
    assert (row.high, row.high_ahead, row.high_behind) == (1.0, "", "")
    assert row.critical == pytest.approx(1 / 7)
    assert found.table["holds"].tolist() == ["first", "top", "order"] * 2
    assert found.caption.startswith("synthetic 2020: weight of one node at a time")


def test_two_units_of_different_classes_meet_at_the_root_of_a_quadratic():
    # .75 - .15 t against (.25 + .55 t) / (.5 + .5 t): .075 t^2 + .25 t - .125 = 0
    study = small({"u": (0.6, 0.6, 0.9), "v": (0.8, 0.5, 0)}, classes={"v": "B"}, only_a="c")
    table = breakpoints(ev.evaluate(study, 2020), top=1).table
    row = table.query("node == 'a' and holds == 'order'").iloc[0]
    assert row.high == pytest.approx((np.sqrt(0.1) - 0.25) / 0.15, abs=1e-14)
    assert (row.high_ahead, row.high_behind) == ("u", "v")


def test_the_top_set_outlives_the_order():
    # weight t on a: u = .2 + .8 t, v = .5 + .3 t, w = .6 - .6 t
    study = small({"u": (1.0, 0.2), "v": (0.8, 0.5), "w": (0.0, 0.6)})
    table = breakpoints(ev.evaluate(study, 2020), top=2).table.query("node == 'a'")
    found = {row.holds: (row.low, row.high) for row in table.itertuples()}
    assert found["first"] == pytest.approx((0.1 / 0.9, 0.6))
    assert found["top"] == pytest.approx((0.4 / 1.4, 1.0))
    assert found["order"] == pytest.approx((0.4 / 1.4, 0.6))


@pytest.mark.parametrize("seed", range(3))
def test_breakpoints_agree_with_the_engine_a_millionth_either_side(seed):
    study = synthetic(seed, units=9, leaves=(2, 2, 2))
    assert_table_is_what_the_engine_says(study, ev.evaluate(study, 2020), top=3)


@pytest.mark.parametrize("seed", range(4))
def test_a_gate_that_a_base_crosses_ends_an_interval(seed):
    study = with_gate(synthetic(seed, units=8, leaves=(2, 2, 2)))
    result = ev.evaluate(study, 2020)
    assert (linear_scores(result).gated > 0).sum() == 5
    assert_table_is_what_the_engine_says(study, result, top=3)


def test_the_linear_view_gives_the_engine_s_totals():
    study = synthetic(3, units=20, leaves=(4, 3, 3))
    result = ev.evaluate(study, 2020)
    scores = linear_scores(result)
    draws = np.random.default_rng(0).dirichlet(np.ones(10), 5)
    for weights, totals in zip(draws, scores.totals(draws), strict=True):
        again = rescore(result, weights)
        assert np.allclose(again["total"], totals, atol=1e-10)
        assert again["place"].equals(reweighted(study, weights).rename("place"))


def test_vetoed_and_unranked_units_hold_no_place_and_a_fixed_total_does():
    marks = {"u": (1.0, 0.5), "v": (0.6, 0.8), "w": (0.5, 0.5), "x": (0.9, 0.9)}
    study = small(marks, adjustments=[("x", "veto", np.nan)])
    study.years[2020].units.loc["w", "ranked"] = False
    assert list(linear_scores(ev.evaluate(study, 2020)).units) == ["u", "v"]
    fixed = ev.Rules(rank_on="exact", veto={"total": 72})
    result = ev.evaluate(small(marks, rules=fixed, adjustments=[("x", "veto", np.nan)]), 2020)
    table = breakpoints(result, top=1).table.query("node == 'a' and holds == 'order'")
    # u = 50 + 50 t is at 75 now and meets 72 at 0.44
    assert table["low"].item() == pytest.approx(0.44)
    assert rescore(result, (0.5, 0.5))["total"]["x"] == 72


def test_ties_are_listed_apart_and_do_not_close_the_interval():
    study = small({"u": (1.0, 0.5), "v": (0.5, 1.0), "w": (0.2, 0.2)})
    found = breakpoints(ev.evaluate(study, 2020), top=1)
    assert found.ties.values.tolist() == [["u", "v", 1, True]]
    assert (found.table["critical"].isna()).all()
    assert found.bands.empty


def test_printed_ranks_come_with_bands_of_one_print_unit():
    marks = {"u": (0.90004, 0.9), "v": (0.90001, 0.9), "w": (0.8999, 0.9), "x": (0.5, 0.5)}
    found = breakpoints(ev.evaluate(small(marks, rules=ev.Rules()), 2020), top=1)
    # 90.002, 90.0005, 89.995: all within 0.01 of the first
    assert found.bands["unit"].tolist() == ["u", "v", "w"]
    assert found.bands["band"].tolist() == [1, 1, 1]
    assert found.bands["printed"].tolist() == ["90", "90", "90"]


def test_bands_may_overlap_but_none_lies_inside_another():
    marks = {"u": (0.9001,), "v": (0.90004,), "w": (0.89996,), "x": (0.8999,), "y": (0.5,)}
    found = breakpoints(ev.evaluate(small(marks, rules=ev.Rules()), 2020), top=1)
    bands = found.bands.groupby("band")["unit"].agg("".join)
    assert bands.tolist() == ["uv", "vw", "wx"]


@pytest.mark.parametrize(
    "marks",
    [
        {"u": (0.4, 0.7)},
        {"u": (0.4, 0.7), "v": (0.4, 0.7)},
        {"u": (0.4, 0.4), "v": (0.4, 0.4), "w": (0.4, 0.4)},
    ],
    ids=["one unit", "two alike", "all tied and constant"],
)
def test_without_a_pair_to_swap_every_interval_is_the_whole(marks):
    table = breakpoints(ev.evaluate(small(marks), 2020), top=5).table
    assert (table["low"] == 0).all()
    assert (table["high"] == 1).all()
    assert (table[["low_ahead", "high_behind"]] == "").all(axis=None)


def test_a_class_with_one_member_and_a_top_beyond_everyone():
    marks = {"u": (0.9, 0.6, 0.5), "v": (0.8, 0.5, 0.6), "w": (0.7, 0.9, 0)}
    study = small(marks, classes={"w": "B"}, only_a="c")
    table = breakpoints(ev.evaluate(study, 2020), top=3).table
    assert (table.query("holds == 'top'")[["low", "high"]] == [0.0, 1.0]).all(axis=None)
    assert_table_is_what_the_engine_says(study, ev.evaluate(study, 2020), top=2)


def test_a_constant_leaf_still_moves_the_others():
    study = small({"u": (0.5, 1.0, 0.0), "v": (0.5, 0.6, 0.3)})
    row = breakpoints(ev.evaluate(study, 2020), top=1).table.query("node == 'a'").iloc[0]
    assert (row.low, row.high) == (0.0, 1.0)  # both scaled alike, u stays ahead


def test_a_leaf_of_weight_0_can_only_gain():
    result = ev.evaluate(small({"u": (0.2, 1.0), "v": (0.9, 0.5)}), 2020)
    nodes = [replace(n, weight={"a": 0.0, "b": 1.0}.get(n.code)) for n in result.scheme.nodes]
    mass = pd.DataFrame([[0.0, 1.0]] * 2, result.mass.index, result.mass.columns)
    result = replace(result, scheme=ev.Scheme.of(nodes), mass=mass)
    table = breakpoints(result, top=1).table
    assert table["node"].unique().tolist() == ["a"]  # b carries everything
    row = table.iloc[0]
    assert (row.weight, row.low, row.high) == (0, 0, pytest.approx(0.5 / 1.2))
    assert row.critical == np.inf


@pytest.mark.parametrize("top", [0, -1, 2.5, None])
def test_top_is_a_whole_number(top):
    result = ev.evaluate(small({"u": (1.0, 0.5), "v": (0.6, 0.8)}), 2020)
    with pytest.raises(ValueError, match=r"top is a whole number from 1, not"):
        breakpoints(result, top=top)


def refused(study, message, *, rules=None, **changes):
    year = study.years[2020]
    year = replace(year, rules=rules or year.rules, **changes)
    with pytest.raises(ev.DataError, match=message):
        breakpoints(ev.evaluate(replace(study, years={2020: year}), 2020), top=1)


def test_rules_under_which_totals_are_no_lines_are_refused_by_name():
    study = synthetic(1, units=12)
    year = study.years[2020]
    nodes = [
        replace(n, aggregation="geometric") if n.code == "D1" else n for n in year.scheme.nodes
    ]
    refused(study, "D1 is a geometric mean, no line", scheme=ev.Scheme.of(nodes))
    refused(study, "rounding at every level is no line", rules=ev.Rules(tier_decimals=2))
    for rule in ("within_parent", "spread"):
        refused(study, f"not_applicable: {rule} the total", rules=ev.Rules(not_applicable=rule))
    units = year.units.assign(ranked=False)
    refused(study, "2020: no unit is ranked", units=units)
    marks = year.marks.copy()
    marks.loc[0, ["mark", "status"]] = [np.nan, "missing"]
    rules = ev.Rules(missing="sibling_mean")
    refused(study, r"missing: sibling_mean .*, first u00/D0.0; use rank", rules=rules, marks=marks)


def test_rules_that_leave_lines_are_taken():
    study = synthetic(1, units=7, leaves=(2, 2))
    for rules in (ev.Rules(not_applicable="full_marks"), ev.Rules(missing="zero")):
        year = replace(study.years[2020], rules=rules)
        changed = replace(study, years={2020: year})
        assert_table_is_what_the_engine_says(changed, ev.evaluate(changed, 2020), top=3)


def test_a_leaf_that_does_not_apply_to_one_unit_is_no_missing_mark():
    study = synthetic(1, units=7, leaves=(2, 2), classes=False)
    year = study.years[2020]
    marks = year.marks.copy()
    marks.loc[0, ["mark", "status"]] = [np.nan, "not_applicable"]
    rules = ev.Rules(missing="sibling_mean")  # under which a missing mark would make no line
    changed = replace(study, years={2020: replace(year, marks=marks, rules=rules)})
    assert_table_is_what_the_engine_says(changed, ev.evaluate(changed, 2020), top=3)
