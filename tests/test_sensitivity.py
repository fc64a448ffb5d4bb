"""Importance of weights, and change of rank under doubt: closed forms and brute force."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from studies import synthetic
from test_acceptability import asem, evaluated, read_asem, with_status

import evallib as ev
from evallib.firmness import sensitivity
from evallib.firmness.acceptability import rank_uncertainty
from evallib.firmness.sensitivity import (
    central_weights,
    covariance_shares,
    leave_one_out,
    rank_change_uncertainty,
    ranks_without,
    shifts_without,
)
from evallib.firmness.weights import given_weights, perturb_weights


def make(seed=1, *, rules=None, **options):
    study = synthetic(seed, rules=ev.Rules(**rules) if rules else None, **options)
    return study.years[2020], ev.evaluate(study, 2020)


def equal_marks(year):
    """The year with full marks for everybody."""
    full = np.tile(year.scheme.full_marks, len(year.units))
    return replace(year, marks=year.marks.assign(mark=full))


class TestCovarianceShares:
    def test_shares_sum_to_one_over_leaves_and_over_dimensions(self):
        _, result = make(2)
        table = covariance_shares(result)
        for codes in (result.scheme.leaves, result.scheme.dimensions):
            assert table.loc[codes].sum().tolist() == pytest.approx([1, 1], abs=1e-12)
        assert table.loc["all"].tolist() == pytest.approx([1, 1])

    def test_by_hand_with_one_leaf_that_works_against_the_total(self):
        year, _ = make(1, units=3, leaves=(1, 1), classes=False)
        nodes = [replace(n, full_marks=1.0) if "." in n.code else n for n in year.scheme.nodes]
        marks = year.marks.assign(mark=[0, 0.2, 0.5, 0.1, 1.0, 0.0])
        result = evaluated(replace(year, scheme=ev.Scheme.of(nodes), marks=marks))
        # x = (0, .5, 1), z = (.2, .1, 0): Cov(x, x + z) = .25 - .05, Var(x + z) = .16
        shares = covariance_shares(result)["effective"]
        assert shares[["D0.0", "D1.0"]].tolist() == pytest.approx([0.2 / 0.16, -0.04 / 0.16])

    def test_is_the_shapley_value_of_the_variance_of_sums(self):
        _, result = make(3, leaves=(1, 1, 1), classes=False)
        parts = (result.mass * result.index).to_numpy()
        value = lambda J: parts[:, list(J)].sum(axis=1).var()  # noqa: E731
        first = (value([0]) / 3 + (value([0, 1]) - value([1])) / 6) + (
            (value([0, 2]) - value([2])) / 6 + (value([0, 1, 2]) - value([1, 2])) / 3
        )
        shares = covariance_shares(result)["effective"]
        assert shares["D0.0"] == pytest.approx(first / value([0, 1, 2]))

    def test_a_constant_leaf_has_no_share(self):
        year, _ = make(2, classes=False)
        marks = year.marks.copy()
        marks.loc[marks["indicator"] == "D0.0", "mark"] = 1.0
        shares = covariance_shares(evaluated(replace(year, marks=marks)))["effective"]
        assert shares["D0.0"] == pytest.approx(0, abs=1e-15)

    def test_equal_totals_and_other_means_are_refused(self):
        year, _ = make(2, classes=False)
        with pytest.raises(ev.DataError, match="all units have the same score"):
            covariance_shares(evaluated(equal_marks(year)))
        with pytest.raises(ev.DataError, match="all units have the same score"):
            covariance_shares(make(2, units=1)[1])
        nodes = [
            replace(n, aggregation="geometric" if n.code == "all" else n.aggregation)
            for n in year.scheme.nodes
        ]
        with pytest.raises(ev.DataError, match="totals are no sums of leaves"):
            covariance_shares(evaluated(replace(year, scheme=ev.Scheme.of(nodes))))


class TestLeaveOneOut:
    def test_equals_scoring_without_the_leaf(self):
        year, result = make(4)
        without = ranks_without(result, at="leaf")
        for leaf in ("D0.1", "D2.0"):
            shares = year.scheme.sibling_weights
            nodes = [replace(n, weight=shares[n.code]) for n in year.scheme.nodes if n.code != leaf]
            marks = year.marks[year.marks["indicator"] != leaf].reset_index(drop=True)
            other = evaluated(replace(year, scheme=ev.Scheme.of(nodes), marks=marks))
            assert without[leaf].tolist() == other.rank.tolist()

    def test_a_dimension_takes_its_only_leaf_along(self):
        _, result = make(4, leaves=(3, 1), classes=False)
        by_leaf, by_top = ranks_without(result, at="leaf"), ranks_without(result, at="dimension")
        assert by_leaf["D1.0"].tolist() == by_top["D1"].tolist()

    @pytest.mark.parametrize(("at", "file"), [("leaf", "indicator"), ("dimension", "pillar")])
    def test_asem_shifts_of_coinr(self, reference, at, file):
        result = asem(reference, read_asem(reference, "asem_normalised_0_100.csv"))
        theirs = read_asem(reference, f"asem_leave_one_{file}_out_COINr.csv").iloc[1:, 0]
        if at == "leaf":
            ours = leave_one_out(result, at="leaf")
        else:  # its pillars are two levels down
            nominal = result.rank
            ours = pd.Series(
                {
                    code: (sensitivity._ranks_of(sensitivity._without(result, code)) - nominal)
                    .abs()
                    .mean()
                    for code in theirs.index
                }
            )
        assert ours[theirs.index].to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-12)

    def test_bad_requests_are_refused(self):
        _, result = make(4, leaves=(1,), classes=False)
        with pytest.raises(ev.DataError, match="nothing is left without D0"):
            leave_one_out(result, at="leaf")
        with pytest.raises(ValueError, match="at is leaf or dimension, not 'tree'"):
            leave_one_out(result, at="tree")

    def test_a_unit_of_which_nothing_is_left_has_no_place_and_pushes_nobody(self):
        year, _ = make(4, units=4, leaves=(1, 1), classes=False)
        bare = evaluated(with_status(year, [("u02", "D0.0")], "not_applicable"))
        others = bare.index["D0.0"].drop("u02")
        without = ranks_without(bare, at="leaf")["D1.0"]
        assert without.isna().tolist() == [unit == "u02" for unit in bare.units.index]
        assert without[others.index].tolist() == others.rank(ascending=False).tolist()
        before = bare.total[others.index].rank(ascending=False)
        shift = shifts_without(bare, at="leaf")["D1.0"]
        assert shift[others.index].tolist() == (others.rank(ascending=False) - before).tolist()
        assert leave_one_out(bare, at="leaf")["D1.0"] == shift.abs().mean()


class TestCentralWeights:
    def test_are_the_means_of_the_winning_draws(self):
        year, result = make(5, rules={"rank_on": "exact"})
        draws = perturb_weights(year.scheme, at="leaf", spread=0.8, draws=3_000, seed=1)
        table, found = draws.table(), central_weights(result, draws, top=1)
        share = rank_uncertainty(result, draws).top(1)
        assert found.loc[share == 0].isna().all(axis=None)
        base = table.to_numpy() @ np.nan_to_num(result.index).T
        base /= table.to_numpy() @ result.index.notna().to_numpy().T
        winner = result.index.index[base.argmax(axis=1)]
        for unit in share.index[share > 0]:
            expected = table[winner == unit].mean()
            assert found.loc[unit].to_numpy() == pytest.approx(expected.to_numpy())
            assert found.loc[unit].sum() == pytest.approx(1)

    def test_ties_count_in_part_and_auto_is_refused(self):
        year, _ = make(1, units=3, classes=False)
        result = evaluated(equal_marks(year))
        draws = perturb_weights(year.scheme, at="leaf", spread=0.5, draws=50, seed=1)
        found = central_weights(result, draws, top=2)
        assert found.to_numpy() == pytest.approx(np.tile(draws.table().mean(), (3, 1)))
        auto = perturb_weights(year.scheme, at="leaf", spread=0.5, draws="auto", seed=1)
        with pytest.raises(ValueError, match="draws is auto, which only rank_uncertainty can stop"):
            central_weights(result, auto, top=1)


class TestRankChange:
    def years(self):
        first, _ = make(10, units=10, leaves=(3, 2), classes=False)
        second, _ = make(11, units=12, leaves=(3, 2, 2))
        return first, second

    def test_brute_force_with_one_multiplier_per_node_of_both_trees(self):
        years = self.years()
        before, after = map(evaluated, years)
        found = rank_change_uncertainty(before, after, spread=0.5, draws=40, seed=4)
        codes = [
            *before.scheme.codes[1:],
            *[c for c in after.scheme.codes[1:] if c not in before.scheme.codes],
        ]
        rng = np.random.default_rng(np.random.SeedSequence(4, spawn_key=(0,)))
        moved = pd.DataFrame(rng.uniform(0.5, 1.5, (1024, len(codes))), columns=codes)[:40]
        changes = []
        for _, row in moved.iterrows():
            ranks = []
            for year in years:
                shares = year.scheme.sibling_weights
                nodes = [
                    replace(n, weight=shares[n.code] * row.get(n.code, 1.0))
                    for n in year.scheme.nodes
                ]
                ranks.append(evaluated(replace(year, scheme=ev.Scheme.of(nodes))).rank)
            changes.append((ranks[0] - ranks[1]).dropna().astype(int))
        table = pd.DataFrame(changes)
        assert list(found.index) == list(table.columns)
        assert found["mean"].to_numpy() == pytest.approx(table.mean().to_numpy())
        assert found["rises"].to_numpy() == pytest.approx((table > 0).mean().to_numpy())
        assert found["falls"].to_numpy() == pytest.approx((table < 0).mean().to_numpy())
        ordered = np.sort(table.to_numpy(), axis=0)
        assert found["low"].tolist() == ordered[1].tolist()  # the 2nd of 40 reaches 5 %
        assert found["high"].tolist() == ordered[37].tolist()

    def test_the_same_year_twice_never_changes(self):
        result = evaluated(self.years()[1])
        found = rank_change_uncertainty(result, result, spread=0.9, draws=3_000, seed=0)
        assert (found == 0).all(axis=None)

    def test_no_spread_gives_the_published_change(self):
        before, after = map(evaluated, self.years())
        found = rank_change_uncertainty(before, after, spread=0, draws=3, seed=0)
        assert found["change"].tolist() == found["low"].tolist() == found["high"].tolist()
        assert found["change"]["u03"] == before.rank["u03"] - after.rank["u03"]

    def test_dense_places_are_compared_like_with_like(self):
        rules = ev.Rules(ties="dense", decimals=0)
        before, after = (evaluated(replace(year, rules=rules)) for year in self.years())
        found = rank_change_uncertainty(before, after, spread=0, draws=3, seed=0)
        assert found["change"].tolist() == found["low"].tolist() == found["high"].tolist()
        places = [
            result.printed.astype(float).rank(method="min", ascending=False)[found.index]
            for result in (before, after)
        ]
        assert found["change"].tolist() == (places[0] - places[1]).tolist()
        dense = before.rank[found.index] - after.rank[found.index]
        assert found["change"].tolist() != dense.tolist()

    def test_a_renamed_unit_is_followed_and_one_that_was_nobody_is_left_out(self):
        before, after = map(evaluated, self.years())
        plain = rank_change_uncertainty(before, after, spread=0.5, draws=40, seed=4)
        renamed = replace(
            before,
            **{
                name: getattr(before, name).rename(index={"u03": "old"})
                for name in ("units", "index", "mass", "scores", "base", "bonus", "penalty")
            },
            **{
                name: getattr(before, name).rename(index={"u03": "old"})
                for name in ("veto", "total", "printed", "rank", "awarded", "missing")
            },
        )
        was = pd.Series(after.rank.index, after.rank.index).replace({"u03": "old", "u05": None})
        found = rank_change_uncertainty(renamed, after, spread=0.5, draws=40, seed=4, was=was)
        pd.testing.assert_frame_equal(found, plain.drop(index="u05"))
        assert (
            "u03" not in rank_change_uncertainty(renamed, after, spread=0.5, draws=40, seed=4).index
        )

    def test_more_draws_than_a_block_only_add(self):
        before, after = map(evaluated, self.years())
        found = rank_change_uncertainty(before, after, spread=0.5, draws=2_500, seed=0)
        assert found[["rises", "falls"]].sum(axis=1).max() <= 1 + 1e-12
        assert ((found[["rises", "falls"]] * 2_500).round(6) % 1 == 0).all(axis=None)

    def test_years_without_common_units_are_refused(self):
        first, second = self.years()
        renamed = second.units.rename(index=lambda unit: f"x{unit}")
        marks = second.marks.assign(unit="x" + second.marks["unit"])
        other = evaluated(replace(second, units=renamed, marks=marks))
        with pytest.raises(ev.DataError, match="no unit is ranked in both 2020 and 2020"):
            rank_change_uncertainty(evaluated(first), other, spread=0.1, draws=10, seed=0)
        with pytest.raises(ValueError, match="draws is auto, which only rank_uncertainty can stop"):
            rank_change_uncertainty(evaluated(first), other, spread=0.1, draws="auto", seed=0)
        with pytest.raises(ValueError, match="spread of box goes from 0 to 1, not 2"):
            rank_change_uncertainty(evaluated(first), other, spread=2, draws=10, seed=0)


def test_given_weights_serve_everywhere():
    year, result = make(5)
    given = given_weights(year.scheme, np.tile(year.scheme.weights, (4, 1)))
    found = central_weights(result, given, top=3)
    assert found.notna().all(axis=1).sum() >= 3
