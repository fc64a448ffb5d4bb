"""The smallest change of weights: by hand, against linear programs, and against the engine."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog, minimize
from studies import synthetic
from test_breakpoints import reweighted, small, with_gate

import evallib as ev
from evallib.firmness.changes import pairwise_changes, smallest_change
from evallib.firmness.linear import linear_scores
from evallib.firmness.reach import NORMS, distance, reach

TWO = {"u": (1.0, 0.5), "v": (0.6, 0.8)}  # 0.75 and 0.70 at equal weights; level at a = 3/7
MIXED = {"u": (0.6, 0.6, 0.9), "v": (0.8, 0.5, 0.0)}  # v lacks c
BY_HAND = {"relative": 1 / 7, "l1": 1 / 7, "l2": 2**0.5 / 14, "linf": 1 / 14}


def by_program(form, weights, norm):
    """The same size by HiGHS, or for l2 by a quadratic solver."""
    count, one = len(form), np.ones(len(form))
    if norm == "l2":
        answer = minimize(
            lambda w: ((w - weights) ** 2).sum(),
            one / count,
            jac=lambda w: 2 * (w - weights),
            bounds=[(0, 1)] * count,
            constraints=[
                {"type": "eq", "fun": lambda w: w.sum() - 1},
                {"type": "ineq", "fun": lambda w: -form @ w},
            ],
            options={"ftol": 1e-15, "maxiter": 500},
        )
        return np.sqrt(answer.fun)
    radius = weights if norm == "relative" else one
    side = np.diag(one) if norm == "l1" else radius[:, None]
    free = np.zeros(side.shape[1])
    rows = np.vstack(
        [np.hstack([np.eye(count), -side]), np.hstack([-np.eye(count), -side]), np.r_[form, free]]
    )
    answer = linprog(
        np.r_[np.zeros(count), free + 1],
        A_ub=rows,
        b_ub=np.r_[weights, -weights, 0],
        A_eq=[np.r_[one, free]],
        b_eq=[1],
    )
    return np.inf if answer.status == 2 else answer.fun


@pytest.mark.parametrize("norm", NORMS)
def test_two_units_by_hand(norm):
    found = smallest_change(ev.evaluate(small(TWO), 2020), pair=("v", "u"), norm=norm)
    assert found.rho == pytest.approx(BY_HAND[norm], abs=1e-12)
    assert found.exact
    assert (found.ahead, found.behind, found.statement) == ("u", "v", "pair")
    assert found.weights["then"].tolist() == pytest.approx([3 / 7, 4 / 7], abs=1e-6)
    assert found.proof["place_now"].tolist() == [1, 2]
    assert found.proof["place_then"].tolist() == [2, 1]
    assert "u ahead of v" in found.caption


@pytest.mark.parametrize("norm", NORMS)
@given(data=st.data())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_closed_forms_agree_with_solvers(norm, data):
    tenths = st.integers(-20, 20).map(lambda k: k / 10)
    form = data.draw(arrays(float, 5, elements=tenths))
    weights = data.draw(arrays(float, 5, elements=st.integers(1, 9).map(float)))
    weights /= weights.sum()
    (size,), (reached,) = reach(form[None], weights, norm)
    if form @ weights <= 0:
        assert size == 0
    elif np.isinf(size):
        assert form.min() > 0
    else:
        assert size == pytest.approx(by_program(form, weights, norm), rel=1e-5, abs=1e-9)
        assert (reached >= -1e-12).all()
        assert reached.sum() == pytest.approx(1)
        assert form @ reached == pytest.approx(0, abs=1e-9)
        assert distance(reached[None], weights, norm)[0] <= size + 1e-9


def nearest_swap_by_search(scores, first, second, norm):
    """Smallest size at which random starts of a local solver make two units meet."""
    w0 = scores.weights

    def lead(w):
        totals = scores.totals(w)[0]
        return totals[first] - totals[second]

    best, rng = np.inf, np.random.default_rng(0)
    for _ in range(12):
        start = np.r_[rng.dirichlet(w0 * 40), 0.5]
        answer = minimize(
            lambda z: z[-1],
            start,
            bounds=[(1e-9, 1)] * len(w0) + [(0, 5)],
            constraints=[
                {"type": "eq", "fun": lambda z: z[:-1].sum() - 1},
                {"type": "ineq", "fun": lambda z: -lead(z[:-1])},
                {"type": "ineq", "fun": lambda z: z[-1] * w0 - (z[:-1] - w0)},
                {"type": "ineq", "fun": lambda z: z[-1] * w0 + (z[:-1] - w0)},
            ],
            options={"ftol": 1e-13, "maxiter": 300},
        )
        if answer.success:
            best = min(best, answer.x[-1])
    return best


def test_units_of_different_classes_swap_where_a_nonlinear_solver_finds_it():
    result = ev.evaluate(small(MIXED, classes={"v": "B"}, only_a="c"), 2020)
    found = smallest_change(result, pair=("u", "v"))
    assert found.exact
    assert found.rho == pytest.approx(
        nearest_swap_by_search(linear_scores(result), 0, 1, "relative"), rel=1e-6
    )


@pytest.mark.parametrize("seed", range(4))
def test_pairs_of_two_classes_agree_with_a_nonlinear_solver(seed):
    result = ev.evaluate(synthetic(seed, units=8, leaves=(2, 2, 2)), 2020)
    scores, kinds = linear_scores(result), result.units["class"]
    pairs = pairwise_changes(result)
    crossing = pairs[
        (kinds[pairs["ahead"]].to_numpy() != kinds[pairs["behind"]].to_numpy()) & (pairs["rho"] < 1)
    ]
    assert len(crossing) > 2
    for row in crossing.head(4).itertuples():
        units = (scores.units.get_loc(row.ahead), scores.units.get_loc(row.behind))
        assert row.lower <= row.rho <= row.lower * 1.0011
        assert row.rho == pytest.approx(
            nearest_swap_by_search(scores, *units, "relative"), rel=1e-5
        )


def near(w0, norm, size, seed):
    """Random weights from 0 no further from w0 than size, half of them in its corners."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(40_000, len(w0)))
    steps[::2] = np.sign(steps[::2])
    steps *= w0 if norm == "relative" else 1
    steps -= steps.sum(axis=1, keepdims=True) * w0
    steps = steps[np.abs(steps).max(axis=1) > 1e-12]
    steps *= (
        size * rng.uniform(size=(len(steps), 1)) ** 0.1 / distance(w0 + steps, w0, norm)[:, None]
    )
    return (w0 + steps)[(w0 + steps >= 0).all(axis=1)]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", range(3))
def test_the_top_changes_at_rho_and_nowhere_below(seed, norm):
    study = synthetic(seed, units=10, leaves=(3, 2, 3))
    result = ev.evaluate(study, 2020)
    found = smallest_change(result, top=4, norm=norm)
    now, then = reweighted(study, found.weights["now"]), reweighted(study, found.weights["then"])
    assert now[found.ahead] <= 4 < now[found.behind]
    assert then[found.behind] < then[found.ahead]
    assert then[found.behind] <= 4
    assert found.proof["place_then"].tolist() == then.tolist()
    scores, w0 = linear_scores(result), found.weights["now"].to_numpy()
    size = distance(found.weights["then"].to_numpy()[None], w0, norm)[0]
    assert size == pytest.approx(found.rho, rel=2e-6)
    assert found.exact
    # random weights within rho, none of which swaps
    tried = near(w0, norm, 0.9999 * found.rho, seed)
    assert len(tried) > 1000
    totals = scores.totals(tried)
    inside = now.to_numpy() <= 4
    assert (totals[:, inside].min(axis=1) > totals[:, ~inside].max(axis=1)).all()


def test_pairwise_table_holds_the_smallest_change_of_each_statement():
    result = ev.evaluate(synthetic(5, units=12, leaves=(3, 3, 2)), 2020)
    pairs = pairwise_changes(result)
    assert len(pairs) == 66
    assert pairs["rho"].is_monotonic_increasing
    place = result.total.rank(ascending=False)
    crossing = pairs[
        (place[pairs["ahead"]].to_numpy() <= 3) & (place[pairs["behind"]].to_numpy() > 3)
    ]
    assert smallest_change(result, top=3).rho == pytest.approx(crossing["rho"].min(), rel=1e-9)
    assert smallest_change(result).rho == pytest.approx(pairs["rho"].min(), rel=1e-9)
    assert (
        result.total[pairs["ahead"]].to_numpy() > result.total[pairs["behind"]].to_numpy()
    ).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_gate_is_seen_by_the_smallest_change(seed):
    study = with_gate(synthetic(seed, units=8, leaves=(2, 2, 2)))
    result = ev.evaluate(study, 2020)
    scores, pairs = linear_scores(result), pairwise_changes(result)
    tried = near(scores.weights, "relative", 0.6, seed)
    sizes = distance(tried, scores.weights, "relative")
    totals = scores.totals(tried)
    for row in pairs[pairs["lower"] < 0.6].itertuples():
        i, j = scores.units.get_loc(row.ahead), scores.units.get_loc(row.behind)
        swapped = sizes[totals[:, j] > totals[:, i] + 1e-9]
        assert row.lower <= row.rho
        assert swapped.min(initial=np.inf) > row.lower
    found = smallest_change(result, top=3)
    then = reweighted(study, found.weights["then"])
    assert then[found.behind] < then[found.ahead]


def test_a_bonus_lost_at_the_gate_swaps_before_the_bases_do():
    # bases 75 and 74 + bonus 2 each above 74.5: u loses its bonus when its base falls by 0.5
    marks = {"u": (1.0, 0.5), "v": (0.74, 0.76)}
    rules = ev.Rules(rank_on="exact", bonus={"gate": 74.5})
    study = small(marks, rules=rules, adjustments=[("u", "bonus", 2.0)])
    found = smallest_change(ev.evaluate(study, 2020), pair=("u", "v"))
    # base of u = 50 + 50 a = 74.5 at a = 0.49
    assert found.rho == pytest.approx(0.02)
    assert found.exact
    assert found.proof["total_then"].tolist() == pytest.approx([74.5, 75.02], abs=1e-3)


def test_scaling_all_points_changes_no_relative_size():
    result = ev.evaluate(synthetic(2, units=8), 2020)
    other = ev.evaluate(synthetic(2, units=8, rules=ev.Rules(scale=1, decimals=4)), 2020)
    assert smallest_change(other).rho == pytest.approx(smallest_change(result).rho, rel=1e-9)


@pytest.mark.parametrize(
    ("marks", "top"),
    [
        ({"u": (0.4, 0.7)}, 1),
        ({"u": (0.4, 0.7), "v": (0.4, 0.7)}, 1),
        ({"u": (0.4, 0.4), "v": (0.4, 0.4), "w": (0.4, 0.4)}, 2),
        ({"u": (0.9, 0.9), "v": (0.4, 0.5)}, 1),
        (TWO, 2),
        (TWO, 9),
    ],
    ids=["one unit", "two alike", "all tied", "dominated", "top = n", "top > n"],
)
def test_where_nothing_can_change_rho_is_infinite(marks, top):
    found = smallest_change(ev.evaluate(small(marks), 2020), top=top)
    assert (found.rho, found.lower, found.exact) == (np.inf, np.inf, True)
    assert (found.ahead, found.behind) == ("", "")
    assert found.proof["place_now"].tolist() == found.proof["place_then"].tolist()
    assert (found.weights["change"] == 0).all()


def test_a_class_with_one_member_and_a_constant_leaf():
    marks = {"u": (0.9, 0.5, 0.5), "v": (0.8, 0.5, 0.6), "w": (0.7, 0.5, 0.0)}
    result = ev.evaluate(small(marks, classes={"w": "B"}, only_a="c"), 2020)
    found = smallest_change(result)
    assert found.exact
    assert np.isfinite(found.rho)


def test_bad_choices_are_refused():
    result = ev.evaluate(small(TWO | {"w": (1.0, 0.5)}), 2020)
    with pytest.raises(ValueError, match="norm is one of relative, l1, l2, linf, not 'l3'"):
        smallest_change(result, top=1, norm="l3")
    with pytest.raises(ValueError, match="give top or pair, not both"):
        smallest_change(result, top=1, pair=("u", "v"))
    with pytest.raises(ValueError, match="pair names two ranked units, not 'u', 'x'"):
        smallest_change(result, pair=("u", "x"))
    with pytest.raises(ValueError, match="pair names two ranked units, not 'u', 'u'"):
        smallest_change(result, pair=("u", "u"))
    with pytest.raises(ValueError, match="u and w share place 1: none of them is ahead"):
        smallest_change(result, pair=("u", "w"))
    with pytest.raises(ValueError, match="top is a whole number from 1, not 0"):
        smallest_change(result, top=0)


def test_the_headline_of_55_units_is_exact_and_quick():
    result = ev.evaluate(synthetic(2, units=55, leaves=(8, 8, 11, 8, 6)), 2020)
    found = smallest_change(result, top=10)
    assert found.exact
    kinds = result.units["class"]
    assert kinds[found.ahead] != kinds[found.behind]  # a pair of two classes decides
    assert pd.Series(found.weights["then"]).sum() == pytest.approx(1)


def test_a_search_that_found_nothing_is_not_called_exact():
    found = smallest_change(ev.evaluate(small(TWO), 2020), top=1)
    assert found.exact
    assert not replace(found, rho=np.inf, lower=0.1).exact
    assert replace(found, rho=np.inf, lower=np.inf).exact


def test_lead_and_gate_that_bind_together_are_found():
    rules = ev.Rules(rank_on="exact", bonus={"gate": 49.4, "cap": 36})
    marks = {"u": (0.59, 0.13, 0.73), "v": (0.28, 0.19, 0.86)}
    for owner in ("u", "v"):
        study = small(marks, rules=rules, adjustments=[(owner, "bonus", 36.0)])
        result = ev.evaluate(study, 2020)
        found = smallest_change(result, top=1)
        scores = linear_scores(result)
        grid = near(scores.weights, "relative", 1.5, 0)
        totals = scores.totals(grid)
        first = scores.units.get_loc(result.rank.idxmin())
        swapped = totals[:, 1 - first] > totals[:, first]
        size = distance(grid, scores.weights, "relative")
        if owner == "u":
            assert found.rho < 0.325
        assert found.exact
        assert size[swapped].min(initial=np.inf) >= found.rho - 1e-9
        if np.isfinite(found.rho):
            assert found.proof.loc[found.behind, "place_then"] == 1


def test_a_far_swap_between_patterns_is_found_from_the_edges():
    marks = {"u": (0.14, 0.67, 0.71), "v": (0.17, 0.40, 0.0)}
    result = ev.evaluate(small(marks, classes={"v": "B"}, only_a="c"), 2020)
    found = smallest_change(result, pair=("u", "v"))
    assert found.rho == pytest.approx(1.7)  # a = 0.9, b = 0.1: 0.193 both
    assert found.lower <= found.rho
    assert found.proof["place_then"].tolist() == [2, 1]


@given(data=st.data())
@settings(max_examples=80, deadline=None, derandomize=True)
def test_no_swap_between_patterns_is_called_impossible_that_a_fine_grid_shows(data):
    hundredths = st.integers(0, 100).map(lambda k: k / 100)
    marks = {unit: tuple(data.draw(hundredths) for _ in range(3)) for unit in "uv"}
    result = ev.evaluate(small(marks, classes={"v": "B"}, only_a="c"), 2020)
    if result.rank["u"] == result.rank["v"]:
        return
    found, scores = smallest_change(result, pair=("u", "v")), linear_scores(result)
    side = np.linspace(0.001, 0.998, 60)
    grid = np.array([(a, b, 1 - a - b) for a in side for b in side if a + b <= 0.999])
    totals = scores.totals(grid)
    first = scores.units.get_loc(found.ahead or result.rank.idxmin())
    swapped = totals[:, 1 - first] > totals[:, first] + 1e-7
    size = distance(grid, scores.weights, "relative")[swapped].min(initial=np.inf)
    assert found.lower <= size * (1 + 1e-9)
    if np.isfinite(size):
        assert np.isfinite(found.rho)
    if np.isfinite(found.rho):
        assert found.proof.loc[found.behind, "place_then"] == 1


def test_a_tie_across_the_cut_falls_apart_at_once():
    result = ev.evaluate(small({"u": (0.7, 0.4), "v": (0.4, 0.7)}), 2020)
    found = smallest_change(result, top=1)
    assert (found.rho, found.lower, found.exact) == (0.0, 0.0, True)
    assert {found.ahead, found.behind} == {"u", "v"}
    assert found.proof.loc[found.ahead, ["place_now", "place_then"]].tolist() == [1, 2]
    assert found.proof.loc[found.behind, ["place_now", "place_then"]].tolist() == [1, 1]
    assert found.weights["change"].abs().max() < 1e-5
    assert smallest_change(result, top=2).rho == np.inf  # both are inside, whatever happens


def test_a_table_of_pairs_without_pairs_is_empty():
    for marks in ({"u": (0.4, 0.7)}, {"u": (0.4, 0.7), "v": (0.4, 0.7)}):
        assert pairwise_changes(ev.evaluate(small(marks), 2020)).empty
