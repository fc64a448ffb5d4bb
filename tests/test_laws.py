"""Laws that hold of every study: over random trees, classes, goalposts, gates, caps and vetoes."""

import random
from copy import deepcopy

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from random_years import in_memory, random_year, write

import evallib as ev
from evallib.firmness.engine import engine, places_under

SEEDS = st.integers(0, 2**31)
LAW = settings(max_examples=40, deadline=None, derandomize=True)
FEW = settings(max_examples=20, deadline=None, derandomize=True)


def scored(one):
    return ev.evaluate(in_memory(one), 2020)


def assert_alike(result, other, *, nodes=()):
    """Same totals, print and places by unit, and the same index of the nodes both have."""
    units = result.total.index
    np.testing.assert_allclose(other.total[units], result.total, rtol=0, atol=1e-11)
    nodes = list(nodes) or result.scheme.codes
    a, b = result.scores[nodes], other.scores.loc[units, nodes]
    np.testing.assert_allclose(b, a, rtol=0, atol=1e-12)
    for name in ("rank", "group_rank", "printed", "veto"):
        assert getattr(other, name)[units].equals(getattr(result, name)), name


def leaves(one):
    inner = {n["parent"] for n in one["nodes"]}
    return [n for n in one["nodes"] if n["code"] not in inner]


@LAW
@given(SEEDS)
def test_the_order_of_units_nodes_and_points_changes_nothing(seed):
    one, mix = random_year(seed), random.Random(seed)
    other = deepcopy(one)
    for name in ("nodes", "adjustments"):
        mix.shuffle(other[name])
    other["units"] = dict(mix.sample(list(one["units"].items()), len(one["units"])))
    assert_alike(scored(one), scored(other))


@settings(FEW, max_examples=8)
@given(seed=SEEDS)
def test_the_order_of_rows_in_files_changes_nothing(tmp_path_factory, seed):
    one, folder = random_year(seed, missing="zero"), tmp_path_factory.mktemp("order")
    plain = ev.read_study(write(folder / "plain", one))
    mixed = ev.read_study(write(folder / "mixed", one, order=random.Random(seed).shuffle))
    assert_alike(ev.evaluate(plain, 2020), ev.evaluate(mixed, 2020))


@LAW
@given(SEEDS, st.floats(1e-3, 1e3))
def test_scaling_all_weights_and_full_marks_changes_nothing(seed, factor):
    one = random_year(seed)
    other = deepcopy(one)
    for node in other["nodes"]:
        node["weight"] = node["weight"] and node["weight"] * factor
        if node["full_marks"]:
            node["full_marks"] *= factor
            for unit in one["units"]:
                cell = other["marks"][unit, node["code"]]
                other["marks"][unit, node["code"]] = (
                    cell if isinstance(cell, str) else cell * factor
                )
    assert_alike(scored(one), scored(other))


@LAW
@given(SEEDS)
def test_weights_scaled_among_siblings_alone_change_nothing(seed):
    one, draw = random_year(seed), random.Random(seed)
    factors = {n["parent"]: draw.uniform(0.01, 100) for n in one["nodes"]}
    other = deepcopy(one)
    for node in other["nodes"]:
        node["weight"] = node["weight"] and node["weight"] * factors[node["parent"]]
    assert_alike(scored(one), scored(other))


@LAW
@given(SEEDS)
def test_a_better_mark_never_lowers_a_total_or_worsens_a_place(seed):
    one, draw = random_year(seed), random.Random(seed)
    before, tree = scored(one), {n["code"]: n for n in leaves(one)}
    cells = [key for key, cell in one["marks"].items() if not isinstance(cell, str)]
    for unit, code in draw.sample(cells, min(len(cells), 4)):
        node, other = tree[code], deepcopy(one)
        best = node["high"] if node["full_marks"] is None else node["full_marks"]
        mark, share = one["marks"][unit, code], draw.choice([0.001, 0.3, 1])
        worst = 0 if node["full_marks"] else node["low"]
        if (best - mark) * (best - worst) <= 0:  # at its best, or clipped beyond
            continue
        other["marks"][unit, code] = mark + share * (best - mark)
        after = scored(other)
        pair = before.total[unit], after.total[unit]
        assert np.isnan(pair).all() or pair[1] >= pair[0] - 1e-12 * one["rules"]["scale"]
        if pd.notna(before.rank[unit]):
            assert after.rank[unit] <= before.rank[unit]
            assert after.group_rank[unit] <= before.group_rank[unit]
        others = before.total.drop(unit)
        pd.testing.assert_series_equal(after.total.drop(unit), others)


def halves(one, node, *, below):
    """The year with a leaf as two halves of equal marks, its siblings' siblings or its children."""
    other = deepcopy(one)
    code, full = node["code"], node["full_marks"]
    place = [n["code"] for n in one["nodes"]].index(code)
    part = {"parent": code if below else node["parent"]}
    part["weight"] = None if below and full else (node["weight"] or 2) / 2
    part["weight"] = None if node["weight"] is None and full else part["weight"]
    part["full_marks"] = full and full / 2
    new = [node | part | {"code": f"{code}{end}"} for end in "xy"]
    gone = {"low": None, "high": None, "full_marks": None, "classes": (), "outside": "refuse"}
    other["nodes"][place : place + 1] = [*([node | gone] if below else []), *new]
    for unit in one["units"]:
        cell = other["marks"].pop((unit, code))
        mark = cell if isinstance(cell, str) or not full else cell / 2
        other["marks"] |= {(unit, f"{code}{end}"): mark for end in "xy"}
    return other


@LAW
@given(SEEDS, st.booleans())
def test_splitting_a_leaf_in_two_halves_with_equal_marks_changes_nothing(seed, below):
    # spread counts heads among siblings, so there the halves hang below the leaf
    one = random_year(seed)
    below = below or one["rules"]["not_applicable"] == "spread"
    node = random.Random(seed).choice(leaves(one))
    kept = [n["code"] for n in one["nodes"] if below or n["code"] != node["code"]]
    assert_alike(scored(one), scored(halves(one, node, below=below)), nodes=kept)


@LAW
@given(SEEDS, st.sampled_from(["rescale", "within_parent", "full_marks"]))
def test_adding_a_constant_leaf_of_no_weight_changes_nothing(seed, rule):
    # the contract wants a weight above 0: here 1e-200, which no sum of floats can tell from it;
    # under ``spread`` a leaf counts as a head, whatever its weight
    one, draw = random_year(seed, not_applicable=rule), random.Random(seed)
    other = deepcopy(one)
    if not (hosts := [leaf for leaf in leaves(one) if leaf["weight"] and always_heirs(one, leaf)]):
        return
    gone = {"low": None, "high": None, "outside": "refuse", "classes": ()}
    blank = gone | {"code": "zero", "weight": 1e-200, "full_marks": 1.0}
    other["nodes"].append(draw.choice(hosts) | blank)
    other["marks"] |= {(unit, "zero"): draw.choice([0.25, 0.5, 1]) for unit in one["units"]}
    assert_alike(scored(one), scored(other), nodes=[n["code"] for n in one["nodes"]])


def always_heirs(one, leaf):
    """Whether a leaf counts for every unit, so that a new sibling is never its parent's only one."""
    return all(not isinstance(one["marks"][unit, leaf["code"]], str) for unit in one["units"])


@settings(FEW, max_examples=8)
@given(SEEDS)
def test_two_years_swapped_flip_the_account(seed):
    pair = [random_year(seed + i, missing="zero") for i in (0, 1)]
    there, back = (ev.compare(in_memory(*years), 2020, 2021) for years in (pair, pair[::-1]))
    flip = {"entered": "left", "left": "entered"}
    for name in ("means", "counts", "scores", "ranks"):
        ours, turned = getattr(there, name), getattr(back, name).rename(columns=flip)
        turned, causes = turned.reindex(ours.index), [c for c in there.causes if c in ours]
        np.testing.assert_allclose(turned[causes], -ours[causes], rtol=0, atol=1e-9)
        np.testing.assert_array_equal(turned["before"], ours["after"])
        summed = ours[causes].sum(axis=1, skipna=False)  # no change of a mean that nobody enters
        np.testing.assert_allclose(summed, ours["change"], rtol=0, atol=1e-9)


def ranked(one):
    """The result, or None where nobody has a place."""
    result = scored(one)
    return result if result.rank.notna().any() else None


@FEW
@given(SEEDS)
def test_spread_0_moves_no_place(seed):
    result = ranked(random_year(seed, ties="min"))
    if result is None:
        return
    for method in ("box", "dirichlet", "renormalise"):
        draws = ev.perturb_weights(
            result.scheme, at="leaf", spread=0, draws=4, seed=seed, method=method
        )
        table = ev.rank_uncertainty(result, draws).interval(level=0.999)
        places = result.rank.dropna().astype(int)
        last = places + places.map(places.value_counts()) - 1  # a tie holds all of its places
        assert table.loc[places.index, "low"].tolist() == places.tolist()
        assert table.loc[places.index, "high"].tolist() == last.tolist()


@FEW
@given(SEEDS, st.sampled_from([0, 0.1, 0.4]))
def test_extreme_places_hold_the_sampled_ones_and_these_with_the_official_hold_it(seed, spread):
    fixed = {"rank_on": "exact", "ties": "min", "not_applicable": "rescale", "missing": "zero"}
    result = ranked(random_year(seed, linear=True, **fixed))
    if result is None:
        return
    table = ev.extreme_ranks(result, spread=spread).table
    drawn = ev.perturb_weights(result.scheme, at="leaf", spread=spread, draws=300, seed=seed)
    weights = np.vstack([result.scheme.weights, drawn.table()])
    machine = engine(result)
    places = pd.DataFrame(places_under(machine, weights)[0], columns=machine.units)
    for unit, official in result.rank.dropna().items():
        best, worst = table.loc[unit, ["best_bound", "worst_bound"]]
        assert best <= places[unit].min() <= official <= places[unit].max() <= worst
        if spread == 0:
            assert best == official
