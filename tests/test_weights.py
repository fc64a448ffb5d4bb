"""Drawn weights have the law that they claim, respect the tree, and repeat."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, kstest
from studies import synthetic

import evallib as ev
from evallib.firmness.weights import (
    BLOCK,
    concentration,
    given_weights,
    perturb_weights,
)


def flat(*weights):
    """A scheme of one level with those weights."""
    leaves = [ev.Node(f"L{i}", "all", f"L{i}", weight=w) for i, w in enumerate(weights)]
    return ev.Scheme.of([ev.Node("all", "", "总"), *leaves])


@pytest.fixture(scope="module")
def scheme():
    return synthetic(3, leaves=(3, 4, 2, 1)).years[2020].scheme


def drawn(scheme, **choices):
    options = {"at": "leaf", "spread": 0.2, "draws": 20_000, "seed": 5} | choices
    return perturb_weights(scheme, **options).table()


class TestBox:
    def test_all_draws_lie_in_the_box_and_sum_to_one(self, scheme):
        table = drawn(scheme)
        assert (table / scheme.weights - 1).abs().max(axis=None) <= 0.2 + 1e-12
        assert table.sum(axis=1).to_numpy() == pytest.approx(np.ones(len(table)), abs=1e-12)

    def test_three_weights_fill_the_hexagon_evenly(self):
        # Chance of failing by luck: 1 in 10,000 (chi-square over cells of equal size).
        table = drawn(flat(1, 1, 1), draws=60_000, seed=11) * 3
        edges = np.linspace(0.8, 1.2, 9)
        counts = np.histogram2d(table["L0"], table["L1"], bins=edges)[0]
        corner = np.add.outer(edges, edges)
        low, high = corner[:-1, :-1], corner[1:, 1:]
        whole = (low >= 1.8 - 1e-9) & (high <= 2.2 + 1e-9)  # cells wholly inside the hexagon
        assert whole.sum() == 44
        cells = counts[whole]
        statistic = ((cells - cells.mean()) ** 2 / cells.mean()).sum()
        assert statistic < chi2.ppf(1 - 1e-4, len(cells) - 1)

    def test_unequal_weights_have_the_marginal_of_the_uniform_law(self):
        # Two weights, .7 and .3: the smaller is uniform on .24 to .36 (all of it is inside).
        # Chance of failing by luck: 1 in 10,000.
        table = drawn(flat(7, 3), draws=20_000, seed=2)
        assert kstest(table["L1"], "uniform", args=(0.24, 0.12)).pvalue > 1e-4

    def test_agrees_with_plain_rejection_from_the_whole_simplex_slice(self):
        # Four weights against brute force: mean of every weight and every squared weight.
        # Chance of failing by luck: below 1 in 1,000 (8 comparisons at 4.5 standard errors).
        nominal = np.array([0.4, 0.3, 0.2, 0.1])
        table = drawn(flat(4, 3, 2, 1), spread=0.5, draws=40_000, seed=9).to_numpy()
        rng = np.random.default_rng(1)
        tried = nominal[1:] * rng.uniform(0.5, 1.5, (400_000, 3))
        first = 1 - tried.sum(axis=1)
        kept = np.column_stack([first, tried])[np.abs(first - 0.4) <= 0.2]
        for power in (1, 2):
            ours, theirs = table**power, kept**power
            error = np.sqrt(ours.var(axis=0) / len(ours) + theirs.var(axis=0) / len(theirs))
            assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) < 4.5 * error).all()

    def test_draws_are_independent_of_each_other(self, scheme):
        # Lag-one correlation of every weight. Chance of failing by luck: below 1 in 1,000.
        table = drawn(scheme, draws=20_000)
        lag = [table[c].autocorr(1) for c in table]
        assert np.abs(lag).max() < 4.5 / np.sqrt(len(table))

    def test_most_renormalised_draws_leave_the_box_and_none_of_ours_does(self, scheme):
        relative = (drawn(scheme, method="renormalise") / scheme.weights - 1).abs()
        assert 0.2 < (relative.max(axis=1) > 0.2).mean() < 1
        assert relative.max(axis=None) < 0.5 + 1e-12  # (1 + x) / (1 - x) - 1

    def test_spread_one_reaches_from_nothing_to_twice_the_weight(self):
        table = drawn(flat(1, 1), spread=1.0)
        assert table.min(axis=None) < 0.001
        assert table.max(axis=None) > 0.999

    @pytest.mark.parametrize("method", ["box", "dirichlet", "renormalise"])
    @pytest.mark.parametrize("at", ["leaf", "dimension", "nested", "tree"])
    def test_spread_zero_leaves_the_weights_of_the_scheme(self, scheme, method, at):
        table = drawn(scheme, spread=0, method=method, at=at, draws=3)
        assert table.to_numpy() == pytest.approx(np.tile(scheme.weights, (3, 1)), abs=1e-15)

    def test_a_weight_of_zero_stays_zero(self):
        for method in ("box", "dirichlet", "renormalise"):
            table = drawn(flat(3, 0, 1), method=method, draws=50)
            assert (table["L1"] == 0).all()
            assert table["L0"].nunique() == 50


class TestDirichlet:
    def test_moments_are_those_of_the_dirichlet_law(self):
        # Mean w, variance w (1 - w) / (kappa + 1), covariance -w v / (kappa + 1).
        # Chance of failing by luck: below 1 in 1,000 (tolerances are 5 standard errors).
        weights = np.array([0.5, 0.3, 0.2])
        table = drawn(flat(5, 3, 2), method="dirichlet", spread=0.3, draws=200_000, seed=4)
        kappa = concentration(weights, 0.3)
        assert kappa == pytest.approx(2 / 0.09 - 1)
        expected = (np.diag(weights) - np.outer(weights, weights)) / (kappa + 1)
        error = 5 * np.sqrt(np.diag(expected) / len(table))
        assert (np.abs(table.mean().to_numpy() - weights) < error).all()
        assert np.abs(table.cov().to_numpy() - expected).max() < 5 * 0.02 / np.sqrt(len(table))

    def test_the_coefficient_of_variation_is_the_one_stated(self):
        for weights in ((1, 1, 1, 1), (6, 3, 1)):
            share = np.array(weights) / sum(weights)
            table = drawn(flat(*weights), method="dirichlet", spread=0.25, draws=100_000)
            squares = (table.std() / table.mean()).to_numpy() ** 2
            assert np.sqrt(share @ squares) == pytest.approx(0.25, rel=0.01)

    def test_nested_levels_keep_their_own_coefficients(self, scheme):
        table = drawn(scheme, at="nested", method="dirichlet", spread=(0.1, 0.4), draws=50_000)
        dimensions = scheme.dimensions
        top = pd.DataFrame({d: table[scheme.leaves_under(d)].sum(axis=1) for d in dimensions})
        share = scheme.node_weights[dimensions]
        assert np.sqrt((share * (top.std() / top.mean()) ** 2).sum()) == pytest.approx(
            0.1, rel=0.03
        )
        inside = table[scheme.leaves_under("D1")].div(top["D1"], axis=0)
        within = scheme.weights[inside.columns] / share["D1"]
        assert np.sqrt((within * (inside.std() / inside.mean()) ** 2).sum()) == pytest.approx(
            0.4, rel=0.03
        )
        assert np.abs(np.corrcoef(top["D1"], inside.iloc[:, 0])[0, 1]) < 0.03

    def test_an_impossible_coefficient_is_refused(self):
        with pytest.raises(ValueError, match=r"2 siblings cannot vary by a coefficient of 1;"):
            drawn(flat(1, 1), method="dirichlet", spread=1.0)


class TestTree:
    def test_dimensions_move_and_proportions_inside_do_not(self, scheme):
        table = drawn(scheme, at="dimension", spread=0.3, draws=500)
        for dimension in scheme.dimensions:
            leaves = scheme.leaves_under(dimension)
            inside = table[leaves].div(table[leaves].sum(axis=1), axis=0)
            nominal = scheme.weights[leaves] / scheme.weights[leaves].sum()
            assert inside.to_numpy() == pytest.approx(np.tile(nominal, (500, 1)), abs=1e-12)
            moved = table[leaves].sum(axis=1) / scheme.node_weights[dimension] - 1
            assert moved.abs().between(0, 0.3 + 1e-12).all()
            assert moved.nunique() == 500

    def test_nested_box_keeps_both_levels_within_their_spreads(self, scheme):
        table = drawn(scheme, at="nested", spread=(0.1, 0.4), draws=2_000)
        for dimension in scheme.dimensions:
            leaves = scheme.leaves_under(dimension)
            top = table[leaves].sum(axis=1)
            assert (top / scheme.node_weights[dimension] - 1).abs().max() <= 0.1 + 1e-12
            inside = table[leaves].div(top, axis=0) / scheme.weights[leaves]
            relative = (inside * scheme.node_weights[dimension] - 1).abs()
            assert relative.max(axis=None) <= 0.4 + 1e-12

    def test_every_level_of_a_deeper_tree_is_drawn_with_its_own_spread(self):
        nodes = [("all", ""), ("A", "all"), ("B", "all"), ("A1", "A"), ("A2", "A")]
        nodes += [("a", "A1"), ("b", "A1"), ("c", "A2"), ("d", "B")]
        scheme = ev.Scheme.of(ev.Node(code, parent, code, weight=1) for code, parent in nodes)
        table = drawn(scheme, at="tree", spread=(0, 0.5, 0), draws=100)
        assert table["d"].to_numpy() == pytest.approx(0.5)
        assert table["a"].to_numpy() == pytest.approx(table["b"])
        assert table["c"].std() > 0.01
        with pytest.raises(ValueError, match="draws 3 levels, but spread has 2 values"):
            drawn(scheme, at="tree", spread=(0.1, 0.2))


class TestRepeats:
    def test_same_seed_same_numbers_and_more_draws_only_add(self, scheme):
        few, many = drawn(scheme, draws=700), drawn(scheme, draws=3 * BLOCK + 1)
        assert np.array_equal(few, many[:700])
        assert len(many) == 3 * BLOCK + 1
        assert not np.array_equal(few, drawn(scheme, draws=700, seed=6))
        assert drawn(scheme, draws=10, seed=0).shape == (10, len(scheme.leaves))

    def test_blocks_can_be_had_in_any_order(self, scheme):
        draws = perturb_weights(scheme, at="leaf", spread=0.1, draws=5_000, seed=1)
        backwards = [draws.block(number) for number in reversed(list(draws.numbers))]
        assert np.array_equal(np.vstack(backwards[::-1]), draws.table())

    def test_an_open_number_of_draws_has_blocks_but_no_table(self, scheme):
        draws = perturb_weights(scheme, at="leaf", spread=0.1, draws="auto", seed=1)
        assert draws.block(10**6).shape == (BLOCK, len(scheme.leaves))
        with pytest.raises(ValueError, match="draws is auto, which only rank_uncertainty can stop"):
            draws.table()


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"at": "pillar"}, "at is one of leaf, dimension, nested, tree, not 'pillar'"),
        ({"method": "gibbs"}, "method is one of box, dirichlet, renormalise, not 'gibbs'"),
        ({"draws": 0}, 'draws is a whole number from 1, or "auto", not 0'),
        ({"draws": 2.5}, "draws is a whole number"),
        ({"draws": True}, "draws is a whole number"),
        ({"seed": None}, "seed is a whole number from 0, not None"),
        ({"seed": -1}, "seed is a whole number from 0, not -1"),
        ({"spread": 1.01}, "spread of box goes from 0 to 1, not 1.01"),
        ({"spread": -0.1}, "spread of box goes from 0 to 1"),
        ({"spread": np.nan}, "spread of box goes from 0 to 1, not nan"),
        ({"spread": (0.1, 0.2)}, "at='leaf' draws 1 levels, but spread has 2 values"),
    ],
)
def test_bad_choices_are_refused_with_the_reason(scheme, choices, message):
    with pytest.raises(ValueError, match=message):
        drawn(scheme, **choices)


class TestGiven:
    def test_leaf_weights_on_any_scale_in_any_column_order(self, scheme):
        table = pd.DataFrame([scheme.weights * 40]).iloc[:, ::-1]
        given = given_weights(scheme, table)
        assert given.draws == 1
        assert given.table().iloc[0].to_numpy() == pytest.approx(scheme.weights.to_numpy())

    def test_weights_of_all_nodes_multiply_down_the_tree(self, scheme):
        siblings = scheme.sibling_weights.drop(scheme.root) * 7
        table = pd.DataFrame([siblings, siblings])
        given = given_weights(scheme, table).table()
        assert given.iloc[1].to_numpy() == pytest.approx(scheme.weights.to_numpy())

    def test_bad_rows_are_refused(self, scheme):
        good = np.tile(scheme.weights, (2, 1))
        for bad in (np.nan, -0.1, np.inf):
            rows = good.copy()
            rows[1, 0] = bad
            with pytest.raises(ValueError, match="finite weights from 0"):
                given_weights(scheme, rows)
        with pytest.raises(ValueError, match="nothing below all has any weight"):
            given_weights(scheme, good * 0)
        with pytest.raises(ValueError, match="at least one row"):
            given_weights(scheme, good[:0])
        with pytest.raises(ev.DataError, match="3 columns that are neither the 10 leaves nor all"):
            given_weights(scheme, good[:, :3])
