"""Shapley effects and Sobol indices: closed forms, a grid, and what must sum to what."""

from dataclasses import replace
from itertools import combinations
from math import factorial

import numpy as np
import pytest
from test_acceptability import evaluated
from test_sensitivity import equal_marks, make

import evallib as ev
from evallib.firmness import effects
from evallib.firmness.acceptability import rank_uncertainty
from evallib.firmness.effects import shapley_effects, sobol_indices
from evallib.firmness.weights import perturb_weights


class TestShapleyEffects:
    def test_two_weights_have_a_half_each(self):
        _, result = make(6, leaves=(3, 4), classes=False)
        found = shapley_effects(result, spread=0.3, of="average_shift", draws=400, seed=1)
        assert found["share"].tolist() == pytest.approx([0.5, 0.5], abs=1e-12)

    def test_linear_outcome_has_the_closed_form(self):
        # Y = b.w, w ~ Dirichlet(alpha): given the others, w_J = r Dirichlet(alpha_J), so that
        # c(J) = E r^2 x b_J' S_J b_J. Chance of failing by luck: below 1 in 1,000 (4 errors).
        alpha, b = np.array([6.0, 3.0, 2.0, 1.0]), np.array([1.0, 4.0, -2.0, 3.0])
        total = alpha.sum()

        def cost(J):
            a, y = alpha[J], b[J]
            part = a.sum()
            share = a / part
            inner = (share @ y**2 - (share @ y) ** 2) / (part + 1)
            return inner * part * (part + 1) / (total * (total + 1))

        expected = np.zeros(4)
        for i in range(4):
            rest = [k for k in range(4) if k != i]
            for size in range(4):
                for J in combinations(rest, size):
                    weight = factorial(size) * factorial(3 - size) / factorial(4)
                    gain = cost([*J, i]) - (cost(list(J)) if J else 0)
                    expected[i] += weight * gain
        factor, variances, errors = effects._shapley(lambda w: w @ b, alpha, 20_000, 3)
        effect, error = factor @ variances, np.sqrt(factor**2 @ errors**2)
        assert (np.abs(effect - expected) < 4 * error + 1e-12).all()
        assert (error < 0.05 * expected.sum()).all()

    def test_effects_sum_to_the_variance_of_a_place(self):
        # Chance of failing by luck: below 1 in 1,000 (4 standard errors of both sides).
        year, result = make(7, leaves=(2, 2, 2), rules={"rank_on": "exact"})
        found = shapley_effects(result, spread=0.5, of="u03", draws=4_000, seed=2)
        draws = perturb_weights(
            year.scheme, at="dimension", spread=0.5, draws=20_000, seed=9, method="dirichlet"
        )
        share = rank_uncertainty(result, draws).acceptability().loc["u03"]
        mean = share @ share.index
        variance = share @ (share.index - mean) ** 2
        fourth = share @ (share.index - mean) ** 4
        error = np.hypot(found["error"].sum(), np.sqrt((fourth - variance**2) / 20_000))
        assert abs(found["effect"].sum() - variance) < 4 * error
        assert found["share"].sum() == pytest.approx(1)

    def test_the_error_of_a_share_is_that_of_other_seeds_and_counts_the_sum(self):
        # 60 seeds: their spread is within 35 % of the mean stated error but by luck below 1 in 1,000
        _, result = make(7, leaves=(2, 2, 2), rules={"rank_on": "exact"})
        runs = [
            shapley_effects(result, spread=0.5, of="u03", draws=100, seed=seed)
            for seed in range(60)
        ]
        seen = np.std([run["share"] for run in runs], axis=0)
        stated = np.sqrt(np.mean([run["share_error"] ** 2 for run in runs], axis=0))
        assert np.abs(seen / stated - 1).max() < 0.35
        alone = np.array([run["error"] / run["effect"].sum() for run in runs]).mean(axis=0)
        assert (stated < alone).all()  # what the sum shares with each effect cancels

    def test_bad_requests_are_refused(self):
        _, result = make(6, leaves=(3, 4), classes=False)
        with pytest.raises(ValueError, match="of is average_shift or a ranked unit, not 'nobody'"):
            shapley_effects(result, spread=0.3, of="nobody", draws=10, seed=1)
        with pytest.raises(ValueError, match="need 2 to 10 dimensions with weight"):
            shapley_effects(make(1, leaves=(3,))[1], spread=0.3, of="u01", draws=10, seed=1)
        with pytest.raises(ValueError, match="need 2 to 10 dimensions with weight, and a spread"):
            shapley_effects(result, spread=0, of="u01", draws=10, seed=1)
        tied = evaluated(equal_marks(make(6, leaves=(3, 4), classes=False)[0]))
        with pytest.raises(ev.DataError, match="average_shift never moves under these weights"):
            shapley_effects(tied, spread=0.3, of="average_shift", draws=10, seed=1)


class TestSobolIndices:
    def test_a_dimension_that_moves_nobody_by_itself(self):
        # All have the same mark in D1: its weight only dilutes the other two, in proportion for
        # everybody, so that no order and no place depends on it.
        pytest.importorskip("SALib")
        year, _ = make(8, units=20, leaves=(2, 2, 2), classes=False, rules={"rank_on": "exact"})
        full = year.marks["indicator"].map(year.scheme.full_marks)
        agreed = year.marks["indicator"].str.startswith("D1")
        marks = year.marks.assign(mark=year.marks["mark"].where(~agreed, full))
        result = evaluated(replace(year, marks=marks))
        found = sobol_indices(result, spread=0.5, of="average_shift", draws=1024, seed=1)
        assert found.loc["D1", ["first", "total"]].tolist() == pytest.approx([0, 0], abs=1e-9)
        assert (found.loc[["D0", "D2"], "total"] > 0.3).all()

    def test_indices_of_three_dimensions(self):
        pytest.importorskip("SALib")
        _, result = make(8, units=20, leaves=(2, 2, 2), classes=False)
        found = sobol_indices(result, spread=0.5, of="average_shift", draws=1024, seed=1)
        assert found.index.tolist() == ["D0", "D1", "D2"]
        assert (found["total"] + found["total_error"] >= found["first"] - 0.05).all()
        assert 0.3 < found["first"].sum() < 1.1
        again = sobol_indices(result, spread=0.5, of="average_shift", draws=1024, seed=1)
        assert again.equals(found)

    def test_two_dimensions_of_a_place_against_a_grid(self):
        # Var E(Y | m_i) / Var Y on a fine grid of both multipliers, within the stated errors.
        pytest.importorskip("SALib")
        _, result = make(9, units=15, leaves=(2, 3), classes=False)
        found = sobol_indices(result, spread=0.8, of="u04", draws=2048, seed=3)
        grid = 0.2 + 1.6 * (np.arange(200) + 0.5) / 200
        tops = np.array(np.meshgrid(grid, grid, indexing="ij")).reshape(2, -1).T
        tops = tops * result.scheme.node_weights[["D0", "D1"]].to_numpy()
        top = np.repeat(tops / tops.sum(axis=1, keepdims=True), [2, 3], axis=1)
        inside = result.scheme.weights.to_numpy() / np.repeat(
            result.scheme.node_weights[["D0", "D1"]].to_numpy(), [2, 3]
        )
        outcome = effects._outcome(result, "u04")(top * inside).reshape(200, 200)
        first = [outcome.mean(axis=1 - i).var() / outcome.var() for i in (0, 1)]
        assert (np.abs(found["first"] - first) < 2 * found["first_error"] + 0.02).all()

    def test_bad_requests_are_refused(self):
        pytest.importorskip("SALib")
        _, result = make(8, leaves=(2, 2), classes=False)
        with pytest.raises(ValueError, match="draws a power of 2"):
            sobol_indices(result, spread=0.5, of="u01", draws=1000, seed=1)
        tied = evaluated(equal_marks(make(8, leaves=(2, 2), classes=False)[0]))
        with pytest.raises(ev.DataError, match="u01 never moves under these weights"):
            sobol_indices(tied, spread=0.5, of="u01", draws=16, seed=1)
