"""Best and worst places over a set of weights: against enumeration, sampling and the engine."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from studies import synthetic
from test_breakpoints import reweighted, small, with_gate

import evallib as ev
from evallib.firmness.extremes import extreme_ranks
from evallib.firmness.linear import linear_scores, places
from evallib.firmness.weightset import WeightSet

TRIO = {"u": (1.0, 0.5), "v": (0.6, 0.8), "w": (0.3, 0.3)}


def box(scores, spread):
    return scores.weights * (1 - spread), scores.weights * (1 + spread)


def by_enumeration(scores, spread, parts=(), within=0.0):
    """Best and worst place of every unit of one pattern: a linear program per set of rivals."""
    n, found = len(scores.units), []
    low, high = box(scores, 1 if parts else spread)
    high = high if not parts else high + 1
    forms = scores.forms(scores.points)
    limits = []  # rows that must not be positive: totals of parts, and shares inside them
    for part in parts:
        under = np.isin(np.arange(len(low)), part).astype(float)
        total = scores.weights @ under
        limits += [under - (1 + spread) * total, (1 - spread) * total - under]
        for leaf in part:
            only, share = np.eye(len(low))[leaf], scores.weights[leaf] / total
            limits += [only - (1 + within) * share * under, (1 - within) * share * under - only]
    limits = np.c_[np.reshape(limits, (-1, len(low))), np.zeros(len(limits))]

    def feasible(rows):  # some weights at which every row is clearly positive
        answer = linprog(
            np.r_[np.zeros(len(low)), -1],
            A_ub=np.vstack([np.c_[-rows, np.ones(len(rows))], limits]),
            b_ub=np.zeros(len(rows) + len(limits)),
            A_eq=[np.r_[np.ones(len(low)), 0]],
            b_eq=[1],
            bounds=[*zip(low, high, strict=True), (None, 1)],
        )
        return -answer.fun > 1e-7

    for u in range(n):
        others = [k for k in range(n) if k != u]
        ends = []
        for sign in (1, -1):
            beaten = next(
                size
                for size in range(n - 1, -1, -1)
                for some in combinations(others, size)
                if not some or feasible(sign * (forms[u] - forms[list(some)]))
            )
            ends.append(n - beaten if sign == 1 else 1 + beaten)
        found.append(ends)
    return found


def inside(result, weights, at, spread, within):
    """Whether each row of weights lies in the set, to float precision."""
    weights, w0 = weights.to_numpy(), result.scheme.weights.to_numpy()
    if at == "leaf":
        gap = np.abs(weights - w0) - spread * w0
    else:
        under = result.scheme.under[result.scheme.dimensions].to_numpy()
        totals, now = weights @ under, w0 @ under
        even = w0 / (under @ now) * (totals @ under.T)
        gap = np.abs(weights - even) - (within or 0) * even
        assert (np.abs(totals - now) - spread * now).max() < 1e-12
    return gap.max() < 1e-12 and np.allclose(weights.sum(axis=1), 1, atol=1e-12)


def samples(result, at, spread, within, seed=0, draws=60_000):
    """Weights of the set, most of them in its corners."""
    rng, w0 = np.random.default_rng(seed), result.scheme.weights.to_numpy()

    def around(centre, x):
        step = rng.uniform(-1, 1, (draws, len(centre)))
        step[::2] = np.sign(step[::2])
        step = (step - (step @ centre)[:, None]) * centre
        reach = np.abs(step / centre).max(axis=1)[:, None]
        return centre + x * np.divide(step, reach, where=reach > 1e-9, out=np.zeros_like(step))

    if at == "leaf":
        return around(w0, spread)
    under = result.scheme.under[result.scheme.dimensions].to_numpy()
    weights, totals = np.zeros((draws, len(w0))), around(w0 @ under, spread)
    for d, column in enumerate(under.T > 0):
        weights[:, column] = totals[:, [d]] * around(w0[column] / w0[column].sum(), within or 0)
    return weights


SETS = [("leaf", 0.2, None), ("leaf", 0.7, None), ("dimension", 0.3, None), ("dimension", 0.3, 0.4)]


def assert_extremes(study, result, at, spread, within):
    found = extreme_ranks(result, at=at, spread=spread, within=within)
    table, scores = found.table, linear_scores(result)
    assert (table["best"] <= table["place"]).all()
    assert (table["place"] <= table["worst"]).all()
    reached = places(scores.totals(samples(result, at, spread, within)))
    assert (table["best_bound"].to_numpy() <= reached.min(axis=0)).all()
    assert (table["worst_bound"].to_numpy() >= reached.max(axis=0)).all()
    for name, weights in (("best", found.best_weights), ("worst", found.worst_weights)):
        assert inside(result, weights, at, spread, within)
        for unit, row in weights.iterrows():
            row = row.clip(lower=1e-12)  # a scheme has no weights of 0
            assert reweighted(study, row)[unit] == table.loc[unit, name]
    return found


def test_three_units_by_hand():
    # u = .5 + .5 t and v = .8 - .2 t meet at t = 3/7, that is 1/7 below now; w is always last
    result = ev.evaluate(small(TRIO), 2020)
    narrow, wide = (extreme_ranks(result, spread=s).table for s in (0.14, 0.15))
    assert narrow[["best", "worst"]].values.tolist() == [[1, 1], [2, 2], [3, 3]]
    assert wide[["best", "worst"]].values.tolist() == [[1, 2], [1, 2], [3, 3]]
    assert (wide[["best_status", "worst_status"]] == "exact").all(axis=None)


def test_units_of_two_classes_by_hand():
    # u = .6 + .3 c and, without c, v = .5 + .3 a / (a + b), at equal weights .7 and .65
    study = small({"u": (0.6, 0.6, 0.9), "v": (0.8, 0.5, 0)}, classes={"v": "B"}, only_a="c")
    result = ev.evaluate(study, 2020)
    # least c and most a: .6 + .1 (1 - x) against .5 + .3 (1 + x) / (2 + x) meet at (sqrt(13) - 3) / 2
    meet = (np.sqrt(13) - 3) / 2
    for spread, worst in ((meet - 1e-4, 1), (meet + 1e-4, 2)):
        found = extreme_ranks(result, spread=spread)
        assert found.exact
        assert found.table.loc["u", "worst"] == worst
        assert found.table.loc["v", "best"] == 3 - worst


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("spread", [0.15, 0.6])
def test_places_within_one_class_agree_with_enumeration(seed, spread):
    study = synthetic(seed, units=7, leaves=(2, 2, 2), classes=False)
    result = ev.evaluate(study, 2020)
    found = assert_extremes(study, result, "leaf", spread, None)
    assert found.exact
    expected = by_enumeration(linear_scores(result), spread)
    assert found.table[["best", "worst"]].values.tolist() == expected


@pytest.mark.parametrize("seed", range(3))
def test_nested_places_within_one_class_agree_with_enumeration(seed):
    study = synthetic(seed + 20, units=6, leaves=(2, 3, 2), classes=False)
    result = ev.evaluate(study, 2020)
    found = assert_extremes(study, result, "dimension", 0.3, 0.4)
    assert found.exact
    parts = ([0, 1], [2, 3, 4], [5, 6])
    expected = by_enumeration(linear_scores(result), 0.3, parts, 0.4)
    assert found.table[["best", "worst"]].values.tolist() == expected


@pytest.mark.parametrize(("spread", "parts"), [(0.3, None), (0.6, None), (0.3, (3, 2, 2))])
def test_forms_that_exclude_each_other_are_never_both_positive_and_few_are_missed(spread, parts):
    rng = np.random.default_rng(5)
    weights, forms = rng.dirichlet(np.full(7, 3.0)), rng.normal(0, 1, (30, 7))
    forms -= 0.8 * (forms @ weights + 0.25 * np.abs(forms) @ weights)[:, None]  # rarely positive
    ends = None if parts is None else np.split(np.arange(7), np.cumsum(parts)[:-1])
    within = WeightSet(weights, spread, 0.2 if parts else 0.0, ends)
    found = {tuple(pair) for pair in within.exclude(forms)}
    low, high, inside, equal = within.limits()
    missed = 0
    for pair in combinations(range(30), 2):
        rows = np.pad(-forms[list(pair)], ((0, 0), (0, len(low) - 7)))
        answer = linprog(
            np.r_[np.zeros(len(low)), -1],
            A_ub=np.c_[np.vstack([rows, inside]), [1, 1] + [0] * len(inside)],
            b_ub=np.zeros(2 + len(inside)),
            A_eq=np.c_[np.vstack([np.arange(len(low)) < 7, equal]), np.zeros(1 + len(equal))],
            b_eq=[1] + [0] * len(equal),
            bounds=[*zip(low, high, strict=True), (None, None)],
        )
        apart = -answer.fun < 0
        assert apart or pair not in found
        missed += apart and pair not in found
    assert len(found) > 20
    assert missed <= 0.05 * (len(found) + missed)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("at", "spread", "within"), SETS)
def test_places_of_two_classes_hold_every_sample_and_are_attained(seed, at, spread, within):
    study = synthetic(seed, units=14, leaves=(3, 2, 3))
    result = ev.evaluate(study, 2020)
    assert result.units["class"].nunique() == 2
    found = assert_extremes(study, result, at, spread, within)
    assert found.exact


def test_many_patterns_of_leaves_at_once():
    study = synthetic(4, units=12, leaves=(3, 3, 2), classes=False)
    marks = study.years[2020].marks
    gone = np.random.default_rng(0).random(len(marks)) < 0.15
    marks.loc[gone, ["mark", "status"]] = [np.nan, "not_applicable"]
    result = ev.evaluate(study, 2020)
    assert linear_scores(result).pattern.max() > 5
    assert assert_extremes(study, result, "leaf", 0.25, None).exact


@pytest.mark.parametrize("seed", range(4))
def test_a_gate_is_settled_case_by_case(seed):
    study = with_gate(synthetic(seed, units=9, leaves=(2, 2, 2)))
    result = ev.evaluate(study, 2020)
    found = assert_extremes(study, result, "leaf", 0.3, None)
    assert found.exact


def test_spread_0_is_the_present_order():
    study = synthetic(1, units=10)
    result = ev.evaluate(study, 2020)
    for at in ("leaf", "dimension"):
        table = extreme_ranks(result, spread=0, at=at).table
        assert table["best"].equals(table["place"].rename("best"))
        assert table["worst"].equals(table["place"].rename("worst"))


def test_spread_1_reaches_every_corner():
    study = synthetic(2, units=9, leaves=(2, 2, 2))
    result = ev.evaluate(study, 2020)
    assert assert_extremes(study, result, "leaf", 1, None).exact
    assert assert_extremes(study, result, "dimension", 1, 1).exact


def test_a_set_that_can_empty_a_class_is_refused():
    marks = {"u": (0.6, 0.6, 0.9), "v": (0.8, 0, 0)}
    result = ev.evaluate(small(marks, classes={"v": "B"}, only_a="bc"), 2020)
    message = "2020: a spread of 1 can take all weight from the leaves of v; choose a smaller one"
    with pytest.raises(ev.DataError, match=message):
        extreme_ranks(result, spread=1)


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ({"u": (0.4, 0.7)}, [[1, 1]]),
        ({"u": (0.4, 0.7), "v": (0.4, 0.7)}, [[1, 1], [1, 1]]),
        ({"u": (0.5, 0.5), "v": (0.5, 0.5), "w": (0.5, 0.5)}, [[1, 1]] * 3),
        ({"u": (0.7, 0.4), "v": (0.4, 0.7)}, [[1, 2], [1, 2]]),
        ({"u": (0.7, 0.5), "v": (0.4, 0.5)}, [[1, 1], [2, 2]]),
    ],
    ids=["one unit", "two alike", "all tied", "tied now", "constant leaf"],
)
def test_small_orders(marks, expected):
    table = extreme_ranks(ev.evaluate(small(marks), 2020), spread=0.5).table
    assert table[["best", "worst"]].values.tolist() == expected


def test_a_place_reached_only_in_a_tie_is_best_but_not_worst():
    # at spread 1/4, v = 1.25 - t meets u = t + ... only at the corner a = 0.375
    study = small({"u": (1.0, 0.5), "v": (0.5, 0.8)})  # .5 + .5 t and .8 - .3 t meet at t = .375
    table = extreme_ranks(ev.evaluate(study, 2020), spread=0.25).table
    assert table[["best", "worst"]].values.tolist() == [[1, 1], [1, 2]]


def test_a_stopped_solver_leaves_bounds_that_say_so(capfd):
    result = ev.evaluate(synthetic(1, units=30, leaves=(5, 5, 5)), 2020)
    stopped = extreme_ranks(result, spread=0.2, time_limit=0)
    full = extreme_ranks(result, spread=0.2)
    assert full.exact
    assert not stopped.exact
    for name, order in (("best", 1), ("worst", -1)):
        limits = order * stopped.table[f"{name}_bound"], order * full.table[name]
        assert (limits[0] <= limits[1]).all()
        assert (limits[1] <= order * stopped.table[name]).all()
        met = stopped.table[name] == stopped.table[f"{name}_bound"]
        assert (stopped.table[f"{name}_status"] == np.where(met, "exact", "bound")).all()
    captured = capfd.readouterr()
    assert captured.out == ""


def test_ties_at_ten_decimals_count_once():
    result = ev.evaluate(synthetic(0, units=10, rules=ev.Rules(ties="dense")), 2020)
    table = extreme_ranks(result, spread=0.1).table
    assert table["place"].tolist() == result.total.rank(ascending=False).astype(int).tolist()


def test_bad_choices_are_refused():
    result = ev.evaluate(small(TRIO), 2020)
    with pytest.raises(ValueError, match=r"spread goes from 0 to 1, not 1\.2"):
        extreme_ranks(result, spread=1.2)
    with pytest.raises(ValueError, match="spread goes from 0 to 1, not nan"):
        extreme_ranks(result, spread=np.nan)
    with pytest.raises(ValueError, match=r"within goes from 0 to 1, not -0\.1"):
        extreme_ranks(result, spread=0.2, within=-0.1, at="dimension")
    with pytest.raises(ValueError, match="within is for at='dimension'"):
        extreme_ranks(result, spread=0.2, within=0.1)
    with pytest.raises(ValueError, match="at is leaf or dimension, not 'pillar'"):
        extreme_ranks(result, spread=0.2, at="pillar")
    with pytest.raises(ValueError, match="time_limit is a number of seconds from 0, not -1"):
        extreme_ranks(result, spread=0.2, time_limit=-1)


def test_55_units_are_exact_and_repeat():
    result = ev.evaluate(synthetic(1, units=55, leaves=(8, 8, 11, 8, 6)), 2020)
    found = extreme_ranks(result, spread=0.2)
    assert found.exact
    again = extreme_ranks(result, spread=0.2)
    pd.testing.assert_frame_equal(found.table, again.table)
    assert found.caption.endswith(
        "within ±20% per leaf, up to a lead of 1e-6 points; order of exact totals"
    )
