"""Rank acceptability against the scoring engine itself, one weighting at a time."""

import pickle
from concurrent.futures import Executor, Future
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata
from studies import synthetic

import evallib as ev
from evallib.firmness import counting
from evallib.firmness import engine as engines
from evallib.firmness.acceptability import rank_uncertainty
from evallib.firmness.engine import engine, places_under, print_units_under, totals_under
from evallib.firmness.weights import given_weights, perturb_weights
from evallib.rounding import print_units
from evallib.scoring import evaluate_year


def published(values, nodes, **rules):
    """An Evaluation of a table units x leaves under a tree of nodes."""
    scheme = ev.Scheme.of(nodes)
    units = pd.DataFrame(
        {"name_zh": values.index, "name_en": "", "group": "g", "class": "", "ranked": True},
        index=values.index,
    )
    values = values[scheme.leaves]
    marks = pd.DataFrame(
        {
            "unit": np.repeat(values.index.to_numpy(), len(scheme.leaves)),
            "indicator": np.tile(scheme.leaves, len(values)),
            "mark": values.to_numpy().ravel(),
            "status": np.where(values.notna().to_numpy().ravel(), "scored", "missing"),
        }
    )
    empty = synthetic(0).years[2020]
    year = ev.Year(2024, scheme, ev.Rules(**rules), units, marks, empty.adjustments, empty.findings)
    return evaluate_year(year, study="reference", provenance="published")


def reweighted(year, weights):
    """The year under other leaf weights, through its scheme, to be scored by the real engine."""
    carried = pd.Series(weights, year.scheme.leaves) @ year.scheme.under
    nodes = [replace(n, weight=max(carried[n.code], 1e-12)) for n in year.scheme.nodes]
    return evaluate_year(
        replace(year, scheme=ev.Scheme.of(nodes)), study="trial", provenance="observed"
    )


def shared_places(result):
    """Units x places, each ranked unit's mass shared over the places of its tie."""
    total = result.total[result.rank.notna()]
    rules = result.rules
    units = -print_units(total, rules.rank_decimals, rules.rounding)
    first, last = rankdata(units, method="min"), rankdata(units, method="max")
    place = np.arange(1, len(units) + 1)
    inside = (place >= first[:, None]) & (place <= last[:, None])
    return inside / inside.sum(axis=1, keepdims=True)


def make(seed=1, *, rules=None, **options):
    study = synthetic(seed, rules=ev.Rules(**rules) if rules else None, **options)
    return study.years[2020], ev.evaluate(study, 2020)


def with_adjustments(year, rows):
    table = pd.DataFrame(rows, columns=["unit", "kind", "points"]).assign(reason="", source="")
    return replace(year, adjustments=table)


def with_status(year, cells, status):
    """The year with some cells ``missing`` or ``not_applicable``."""
    marks = year.marks.copy()
    for unit, leaf in cells:
        row = (marks["unit"] == unit) & (marks["indicator"] == leaf)
        marks.loc[row, ["mark", "status"]] = [np.nan, status]
    return replace(year, marks=marks)


def without_classes(year, groups):
    """The year with explicit not-applicable cells of a unit: two patterns in one class."""
    return with_status(year, groups, "not_applicable")


def evaluated(year):
    return evaluate_year(year, study="trial", provenance="observed")


def assert_matches_engine(year, draws=25, seed=3, spread=0.6):
    """Every total, place and share equals what the scoring engine gives, draw by draw."""
    result = evaluated(year)
    weights = perturb_weights(
        year.scheme, at="nested", spread=(spread, spread), draws=draws, seed=seed
    )
    machine, table = engine(result), weights.table()
    totals = totals_under(machine, table.to_numpy())
    expected = np.zeros((len(machine.units), len(machine.units)))
    for row, drawn in zip(totals, table.to_numpy(), strict=True):
        one = reweighted(year, drawn)
        again = one.total[machine.units[machine.columns]]
        assert row == pytest.approx(again.to_numpy(), abs=1e-8)
        expected += shared_places(one)
    found = rank_uncertainty(result, weights)
    assert found.acceptability().to_numpy() == pytest.approx(expected / draws, abs=1e-9)
    assert found.acceptability().sum(axis=1).to_numpy() == pytest.approx(1)
    return found


def asem(reference, values):
    """The ASEM index of 51 countries with COINr's tree, of given normalised values."""
    meta = pd.read_csv(reference / "asem" / "asem_meta.csv", keep_default_na=False)
    meta = meta[meta["Type"].isin(["Indicator", "Aggregate"])]
    inner = {"low": None, "high": None, "outside": "refuse"}
    ends = {"low": 0.0, "high": 100.0, "outside": "keep"}
    nodes = [
        ev.Node(
            r.iCode,
            r.Parent.replace("NA", ""),
            r.iCode,
            weight=1.0,
            **(inner if r.Type == "Aggregate" else ends),
        )
        for r in meta.itertuples()
        if r.iCode in values or r.Type == "Aggregate"
    ]
    return published(values, nodes, missing="sibling_mean", rank_on="exact")


def read_asem(reference, name):
    return pd.read_csv(reference / "asem" / name, index_col=0)


CELLS = [("u01", "D0.0"), ("u02", "D1.1"), ("u02", "D1.2"), ("u04", "D1.0")]
WHOLE_NODE = [("u05", "D2.0"), ("u05", "D2.1"), ("u06", "D2.1")]


class TestAgainstTheScoringEngine:
    def test_one_pattern_of_leaves(self):
        assert_matches_engine(make(1, classes=False)[0])

    def test_classes_under_rescale_are_ratios(self):
        year, result = make(2)
        assert result.index.isna().any(axis=None)
        assert_matches_engine(year)

    @pytest.mark.parametrize("rule", ["rescale", "within_parent", "spread", "full_marks"])
    def test_cells_that_do_not_apply(self, rule):
        year, _ = make(3, classes=False, rules={"not_applicable": rule})
        assert_matches_engine(without_classes(year, CELLS + WHOLE_NODE))

    @pytest.mark.parametrize("rule", ["rescale", "within_parent", "spread"])
    def test_missing_marks_that_siblings_stand_in_for(self, rule):
        year, _ = make(4, rules={"missing": "sibling_mean", "not_applicable": rule})
        assert_matches_engine(with_status(year, CELLS + WHOLE_NODE, "missing"))

    def test_missing_marks_that_count_zero(self):
        year, _ = make(4, rules={"missing": "zero"})
        assert_matches_engine(with_status(year, CELLS, "missing"))

    @pytest.mark.parametrize("kind", ["geometric", "harmonic"])
    def test_trees_that_are_not_linear_take_the_general_path(self, kind):
        year, _ = make(5)
        nodes = [replace(n, aggregation=kind) if n.code == "all" else n for n in year.scheme.nodes]
        assert_matches_engine(replace(year, scheme=ev.Scheme.of(nodes)), draws=12)

    def test_rounding_at_every_level(self):
        assert_matches_engine(make(6, rules={"tier_decimals": 1, "decimals": 1})[0], draws=12)

    def test_dense_ranking_and_half_even_share_places_alike(self):
        rules = {"ties": "dense", "rounding": "half_even", "decimals": 0}
        assert_matches_engine(make(7, units=20, rules=rules)[0])

    def test_exact_ranking_uses_ten_decimals(self):
        assert_matches_engine(make(8, rules={"rank_on": "exact", "decimals": 0})[0])

    def test_bonus_that_a_weighting_loses_at_the_gate(self):
        year, result = make(9, classes=False)
        gate = float(result.base.min()) - 0.5
        rules = ev.Rules(bonus={"gate": gate, "cap": 3}, penalty={"cap": 2})
        rows = [(u, "bonus", 2.5) for u in result.units.index[:8]]
        rows += [("u00", "bonus", 2.5), ("u03", "penalty", 5), ("u09", "penalty", 1)]
        year = with_adjustments(replace(year, rules=rules), rows)
        machine = engine(evaluated(year))
        table = perturb_weights(year.scheme, at="leaf", spread=0.9, draws=300, seed=1).table()
        base = table.to_numpy() @ result.index.to_numpy().T * 100
        assert ((base[:, :8] < gate).any(axis=0)).any()  # some draws do cross the gate
        assert machine.penalty.max() == 2
        assert_matches_engine(year, draws=60, spread=0.9)

    def test_bonus_that_waits_for_a_weighting_above_the_gate(self):
        year, result = make(9, classes=False)
        gate = float(result.base.sort_values().iloc[5:7].mean())  # six units lie below it
        rules = ev.Rules(bonus={"gate": gate, "cap": 2})
        claimed = pd.Series(3.0, result.base.index)
        rows = [(unit, "bonus", 3.0) for unit in claimed.index]
        year = with_adjustments(replace(year, rules=rules), rows)
        result = evaluated(year)
        assert (result.bonus == 0).sum() == 6
        object.__setattr__(result, "awarded", claimed)
        draws = perturb_weights(year.scheme, at="leaf", spread=0.9, draws=60, seed=1)
        machine = engine(result)
        for row, drawn in zip(
            totals_under(machine, draws.table().to_numpy()), draws.table().to_numpy(), strict=True
        ):
            again = reweighted(year, drawn).total[machine.units[machine.columns]]
            assert row == pytest.approx(again.to_numpy(), abs=1e-8)

    def test_vetoed_and_unranked_units_are_left_out_and_fixed_totals_stand_still(self):
        year, result = make(10)
        units = year.units.assign(ranked=year.units.index != "u02")
        vetoed = [("u05", "veto", np.nan)]
        year = with_adjustments(replace(year, units=units), vetoed)
        found = assert_matches_engine(year)
        assert not {"u02", "u05"} & set(found.units)
        middle = float(result.total.median())
        fixed = replace(year, rules=ev.Rules(veto={"total": middle}))
        found = assert_matches_engine(with_status(fixed, [("u05", "D0.0")], "missing"))
        assert "u05" in found.units
        place = found.expected_rank()["u05"]
        assert 1 < place < len(found.units)

    def test_a_result_that_was_tampered_with_is_refused(self):
        result = make(1)[1]
        with pytest.raises(ev.DataError, match=r"total of u03 does not come out again"):
            engine(replace(result, total=result.total + (result.total.index == "u03")))


class TestKnownAnswers:
    def two(self, c):
        """Two units on two leaves: a is ahead exactly where w0 > c w1."""
        year, _ = make(1, units=2, leaves=(1, 1), classes=False, rules={"rank_on": "exact"})
        nodes = [replace(n, full_marks=1.0) if "." in n.code else n for n in year.scheme.nodes]
        marks = year.marks.assign(mark=[0.2, 0.0, 0.0, 0.2 * c], status="scored")
        return evaluated(replace(year, scheme=ev.Scheme.of(nodes), marks=marks))

    @pytest.mark.parametrize("c", [0.5, 1.0, 3.0, 4.5])
    def test_two_criteria_and_uniform_weights_give_one_over_one_plus_c(self, c):
        # Dirichlet(1, 1) is cv = 1 / sqrt(3): P(w0 > c w1) = P(w0 > c / (1 + c)) = 1 / (1 + c).
        # Chance of failing by luck: below 1 in 10,000 (4 standard errors).
        result = self.two(c)
        draws = perturb_weights(
            result.scheme, at="leaf", spread=3**-0.5, draws=100_000, seed=8, method="dirichlet"
        )
        share = rank_uncertainty(result, draws).top(1)["u00"]
        expected = 1 / (1 + c)
        assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 100_000)

    def test_three_units_two_weightings_by_hand(self):
        year, _ = make(1, units=3, leaves=(1, 1), classes=False, rules={"decimals": 1})
        nodes = [replace(n, full_marks=10.0) if "." in n.code else n for n in year.scheme.nodes]
        marks = year.marks.assign(mark=[9, 5, 7, 7, 5, 9.0], status="scored")
        result = evaluated(replace(year, scheme=ev.Scheme.of(nodes), marks=marks))
        found = rank_uncertainty(result, given_weights(result.scheme, [[1, 1], [3, 1]]))
        # equal weights: 70 70 70, places shared; 3 to 1: 80 70 60
        assert found.acceptability().to_numpy() == pytest.approx(
            np.array([[4, 1, 1], [1, 4, 1], [1, 1, 4]]) / 6
        )
        assert found.expected_rank().tolist() == pytest.approx([1.5, 2, 2.5])
        assert found.top(1).tolist() == pytest.approx([4 / 6, 1 / 6, 1 / 6])
        assert found.pairwise().to_numpy() == pytest.approx(
            np.array([[2, 3, 3], [1, 2, 3], [1, 1, 2]]) / 4
        )
        assert found.interval(0.5).to_numpy().tolist() == [[1, 2], [2, 2], [2, 3]]
        assert found.interval(1.0).to_numpy().tolist() == [[1, 3]] * 3

    def test_float_noise_never_splits_a_tie(self):
        # u00 and u01 swap marks of leaves that weigh the same: tied by arithmetic, not in binary.
        year, _ = make(1, units=3, leaves=(3,), classes=False, rules={"rank_on": "exact"})
        nodes = [replace(n, full_marks=1.0) if "." in n.code else n for n in year.scheme.nodes]
        marks = year.marks.assign(mark=[0.1, 0.2, 0.3, 0.3, 0.1, 0.2, 0, 0, 0], status="scored")
        result = evaluated(replace(year, scheme=ev.Scheme.of(nodes), marks=marks))
        thirds = given_weights(result.scheme, np.tile([1.0, 1.0, 1.0], (7, 1)))
        found = rank_uncertainty(result, thirds)
        assert found.acceptability().iloc[0].tolist() == [0.5, 0.5, 0]
        assert found.pairwise().loc["u00", "u01"] == 0.5

    def test_rounding_edges_are_decided_as_in_print(self):
        # Totals on k.xx5 exactly, many times over: the quick path must defer to print_units.
        rng = np.random.default_rng(0)
        totals = rng.integers(0, 20_000, (50, 40)) / 200 + rng.choice([0, 1e-12, -1e-12], (50, 40))
        for rounding in ("half_up", "half_even"):
            for decimals in (0, 1, 2, 3, 9, 10):
                quick = engines._print_units(totals.clip(0), decimals, rounding)
                assert np.array_equal(quick, print_units(totals.clip(0), decimals, rounding))
        low = engines._print_units(totals - 50, 2, "half_up")
        assert np.array_equal(low, print_units(totals - 50, 2, "half_up"))

    def test_large_totals_are_sorted_in_wide_integers(self):
        year, _ = make(3, rules={"scale": 1e6, "decimals": 4})
        assert_matches_engine(year, draws=30)


class TestAgainstCoinr:
    def test_rank_statistics_of_its_noisy_weights(self, reference):
        # Its 1,500 draws against our 20,000 at every level. Chance of failing by luck: below 1 in
        # 1,000 (51 means within 4.5 standard errors of the difference).
        result = asem(reference, read_asem(reference, "asem_normalised_0_100.csv"))
        theirs = read_asem(reference, "asem_mc_weights25_COINr.csv").loc[result.index.index]
        draws = perturb_weights(
            result.scheme, at="tree", spread=0.25, draws=20_000, seed=1, method="renormalise"
        )
        found = rank_uncertainty(result, draws)
        assert result.total.to_numpy() == pytest.approx(theirs["score"].to_numpy(), abs=1e-9)
        assert (result.rank == theirs["nominal"]).all()
        error = theirs["sd"] * np.sqrt(1 / 1_500 + 1 / 20_000)
        assert ((found.expected_rank() - theirs["mean"]).abs() <= 4.5 * error + 1e-9).all()
        middle, wide = found.interval(1e-9)["low"], found.interval(0.9)
        for ours, theirs_at in ((middle, "median"), (wide["low"], "q5"), (wide["high"], "q95")):
            off = (ours - theirs[theirs_at]).abs()
            assert off.max() <= 1  # a quantile of places on the edge of two
            assert (off == 0).mean() > 0.8

    def test_its_hundred_draws_give_its_scores_and_rank_statistics(self, reference):
        # The pillar scores behind these draws were not kept. The first 20 draws determine the
        # eight of each country; the other 80 draws and the nominal scores are then predictions.
        drawn = pd.read_csv(reference / "asem" / "asem_ua_weights_N100_weightdraws.csv")
        scores = read_asem(reference, "asem_ua_weights_N100_scores.csv")
        pillars = list(drawn.columns[49:57])
        template = asem(reference, read_asem(reference, "asem_normalised_0_100.csv"))
        scheme = ev.Scheme.of(n for n in template.scheme.nodes if n.code not in drawn.columns[:49])
        effective = given_weights(scheme, drawn[drawn.columns[49:]]).table()[pillars]
        first = np.linalg.lstsq(effective[:20], scores.iloc[:, 1:21].T, rcond=None)[0]
        values = pd.DataFrame(first.T, scores.index, pillars)
        nodes = [
            replace(n, low=0.0, high=100.0, outside="keep") if n.code in pillars else n
            for n in scheme.nodes
        ]
        result = published(values, nodes, rank_on="exact")
        assert result.total.to_numpy() == pytest.approx(scores["Nominal"].to_numpy(), abs=1e-9)
        draws = given_weights(result.scheme, drawn[drawn.columns[49:]])
        machine = engine(result)
        totals = totals_under(machine, draws.table().to_numpy())
        expected = scores.loc[machine.units[machine.columns]].iloc[:, 1:].T
        assert np.abs(totals - expected.to_numpy()).max() < 1e-9
        theirs = read_asem(reference, "asem_ua_weights_N100_rankstats.csv")
        assert (result.rank == theirs["Nominal"]).all()
        found = rank_uncertainty(result, draws)
        assert found.expected_rank().to_numpy() == pytest.approx(theirs["Mean"], abs=1e-9)
        places = places_under(machine, draws.table().to_numpy())[0]
        for column, share in (("Median", 0.5), ("Q5", 0.05), ("Q95", 0.95)):
            assert np.quantile(places, share, axis=0) == pytest.approx(theirs[column])


class Elsewhere(Executor):
    """An executor whose workers share nothing with this process: all goes through pickle."""

    def submit(self, work, item):
        there, task = pickle.loads(pickle.dumps((work, item)))
        future = Future()
        future.set_result(pickle.loads(pickle.dumps(there(task))))
        return future


class TestOnAnExecutor:
    @pytest.mark.parametrize("draws", [20_000, "auto"])
    def test_numbers_are_those_of_this_machine(self, draws):
        year, result = make(3, units=14)
        drawn = perturb_weights(year.scheme, at="leaf", spread=0.3, draws=draws, seed=0)
        here = rank_uncertainty(result, drawn, threads=1, half_width=0.05)
        there = rank_uncertainty(result, drawn, executor=Elsewhere(), half_width=0.05)
        assert there.draws == here.draws
        assert (there.mass == here.mass).all()
        assert there.error == here.error


class TestBinsOfPlaces:
    def test_bins_hold_the_sum_of_their_places_ties_included(self, monkeypatch):
        year, result = make(11, units=60, step=1.0, rules={"decimals": 0})
        draws = perturb_weights(year.scheme, at="leaf", spread=0.3, draws=3_000, seed=1)
        single = rank_uncertainty(result, draws)
        for name, value in {"MATRIX_UNITS": 50, "SINGLE_PLACES": 12, "BINS": 20}.items():
            monkeypatch.setattr(counting, name, value)
        binned = rank_uncertainty(result, draws)
        assert len(binned.edges) == 21
        starts = np.searchsorted(single.edges, binned.edges[:-1])
        summed = np.add.reduceat(single.mass, starts, axis=1)
        assert binned.mass == pytest.approx(summed, abs=1e-6)
        assert binned.top(10).to_numpy() == pytest.approx(single.top(10).to_numpy())
        inner, outer = single.interval(), binned.interval()
        assert (outer["low"] <= inner["low"]).all()
        assert (outer["high"] >= inner["high"]).all()
        with pytest.raises(ValueError, match="place 14 lies inside a bin"):
            binned.top(14)
        with pytest.raises(ValueError, match="pairs of more than 50 units"):
            binned.pairwise()


class TestErrorAndStopping:
    def test_same_numbers_on_one_thread_and_on_many(self):
        year, result = make(12, units=20, rules={"decimals": 0})
        draws = perturb_weights(year.scheme, at="leaf", spread=0.4, draws=9_999, seed=0)
        one, three = (rank_uncertainty(result, draws, threads=t) for t in (1, 3))
        assert np.array_equal(one.mass, three.mass)
        assert one.pairwise(threads=1).equals(one.pairwise(threads=3))

    def test_pairwise_agrees_with_places(self):
        year, result = make(12, units=20, rules={"decimals": 0})
        draws = perturb_weights(year.scheme, at="leaf", spread=0.4, draws=2_000, seed=0)
        found = rank_uncertainty(result, draws)
        pairs = found.pairwise()
        assert (pairs + pairs.T).to_numpy() == pytest.approx(np.ones((20, 20)))
        behind = (1 - pairs).sum(axis=1) - 0.5
        assert found.expected_rank().to_numpy() == pytest.approx(1 + behind.to_numpy())

    def test_places_under_gives_the_first_and_last_place_of_every_tie(self):
        year, result = make(13, units=30, step=2.0, rules={"decimals": 0})
        machine = engine(result)
        table = perturb_weights(year.scheme, at="leaf", spread=0.5, draws=50, seed=0).table()
        units = np.empty((50, 30), dtype=int)
        units[:, machine.columns] = print_units_under(machine, table.to_numpy())
        first, last = places_under(machine, table.to_numpy())
        assert np.array_equal(first, rankdata(-units, axis=1, method="min"))
        assert np.array_equal(last, rankdata(-units, axis=1, method="max"))

    def test_error_bounds_hold_simultaneously(self):
        # 40 short runs against a long one: the 95 % band may be left in a few runs at most.
        # It is conservative; chance of more than 2 of 40 outside: far below 1 in 1,000.
        year, result = make(14, units=8)
        options = {"at": "leaf", "spread": 0.3}
        truth = rank_uncertainty(
            result, perturb_weights(year.scheme, draws=400_000, seed=99, **options)
        )
        outside = 0
        for seed in range(40):
            run = rank_uncertainty(
                result, perturb_weights(year.scheme, draws=2_000, seed=seed, **options)
            )
            worst = (run.acceptability() - truth.acceptability()).abs().max(axis=None)
            outside += worst > run.error + truth.error
        assert outside <= 2

    def test_auto_stops_when_the_error_is_small_enough(self):
        year, result = make(15, units=8)
        auto = perturb_weights(year.scheme, at="leaf", spread=0.3, draws="auto", seed=5)
        found = rank_uncertainty(result, auto, half_width=0.02)
        assert found.error <= 0.02
        assert found.draws in 1024 * 2 ** np.arange(20)
        fixed = rank_uncertainty(result, replace(auto, draws=found.draws))
        assert np.array_equal(found.mass, fixed.mass)
        assert fixed.error < found.error  # looking several times has its price
        coarse = rank_uncertainty(result, auto, half_width=0.1)
        assert coarse.draws < found.draws
        with pytest.raises(ValueError, match=r"half_width lies between 0.001 and 0.5, not 0"):
            rank_uncertainty(result, auto, half_width=0)

    def test_the_caption_says_what_was_drawn(self):
        year, result = make(15, units=8)
        draws = perturb_weights(year.scheme, at="nested", spread=(0.1, 0.3), draws=100, seed=0)
        found = rank_uncertainty(result, draws)
        assert found.caption.startswith(
            "synthetic 2020: shares of 100 weightings (box at nested level, spread 0.1, 0.3, seed 0), "
        )
        given = rank_uncertainty(
            replace(result, provenance="reconstructed"), given_weights(year.scheme, draws.table())
        )
        assert (
            "synthetic 2020 (reconstructed data): shares of 100 weightings (given," in given.caption
        )

    def test_standard_error_is_binomial_with_two_draws_of_either_kind(self):
        year, result = make(15, units=8)
        draws = perturb_weights(year.scheme, at="leaf", spread=0.3, draws=1_000, seed=5)
        found = rank_uncertainty(result, draws)
        share = (found.acceptability().loc["u00", 1] * 1000 + 2) / 1004
        assert found.standard_error().loc["u00", 1] == pytest.approx(
            np.sqrt(share * (1 - share) / 1000)
        )
        assert (found.standard_error() > 0).all(axis=None)  # no share is certain after draws
        assert (found.top_error(3) > 0).all()
        assert (found.top_error(8) == 0).all()
        assert (found.expected_rank_error() > 0).all()

    @pytest.mark.parametrize("decimals", [2, 0])
    def test_stated_errors_hold_the_truth_as_often_as_they_say(self, decimals):
        # 100 runs of 200 draws against a long one. Two standard errors hold it in 95 %: over all
        # units and runs (and 90 % of one unit's) less is missed by luck below 1 in 1,000, because
        # two added draws and ties only widen.
        year, result = make(14, units=8, step=2.0, rules={"decimals": decimals})
        options = {"at": "leaf", "spread": 0.3}
        long = perturb_weights(year.scheme, draws=200_000, seed=99, **options)
        truth = rank_uncertainty(result, long)
        held, pairs = {"rank": [], "top": [], "pairs": [], "low": [], "high": []}, truth.pairwise()
        for seed in range(100):
            draws = perturb_weights(year.scheme, draws=200, seed=seed, **options)
            run = rank_uncertainty(result, draws)
            off = (run.expected_rank() - truth.expected_rank()).abs()
            held["rank"].append(off <= 2 * run.expected_rank_error())
            held["top"].append((run.top(3) - truth.top(3)).abs() <= 2 * run.top_error(3))
            ours = run.pairwise()
            held["pairs"].append(((ours - pairs).abs() <= 2 * run.pairwise_error(ours)).stack())
            ends, bracket = truth.interval(0.9), run.interval_error(0.9)
            for end in ("low", "high"):
                inside = (bracket[f"{end}_from"] <= ends[end]) & (ends[end] <= bracket[f"{end}_to"])
                held[end].append(inside)
                point = run.interval(0.9)[end]
                assert (bracket[f"{end}_from"] <= point).all()
                assert (point <= bracket[f"{end}_to"]).all()
        for rows in held.values():
            assert np.mean(rows) > 0.93
            assert np.mean(rows, axis=0).min() > 0.85

    def test_auto_stopping_keeps_its_error(self):
        # 120 runs that stop when the band is narrow enough: the worst cell lies outside the band
        # in at most 5 % of them, were the bound sharp; more than 14 by luck: below 1 in 1,000.
        year, result = make(14, units=6)
        options = {"at": "leaf", "spread": 0.3}
        long = perturb_weights(year.scheme, draws=400_000, seed=999, **options)
        truth = rank_uncertainty(result, long).acceptability()
        outside, stopped = 0, set()
        for seed in range(120):
            auto = perturb_weights(year.scheme, draws="auto", seed=seed, **options)
            run = rank_uncertainty(result, auto, half_width=0.08)
            outside += (run.acceptability() - truth).abs().max(axis=None) > run.error
            stopped.add(run.draws)
        assert outside <= 14
        assert min(stopped) >= 1024


class TestUnusualInput:
    @pytest.mark.parametrize("rank_on", ["printed", "exact"])
    def test_one_unit_is_always_first(self, rank_on):
        year, result = make(1, units=1, rules={"rank_on": rank_on})
        draws = perturb_weights(year.scheme, at="leaf", spread=0.3, draws=10, seed=5)
        found = rank_uncertainty(result, draws)
        assert found.acceptability().to_numpy().tolist() == [[1.0]]
        assert found.pairwise().to_numpy().tolist() == [[0.5]]
        assert found.top(10).tolist() == [1.0]

    def test_all_tied_share_all_places(self):
        year, _ = make(1, units=5, classes=False)
        marks = year.marks.assign(mark=np.tile(year.scheme.full_marks, 5))
        result = evaluated(replace(year, marks=marks))
        draws = perturb_weights(year.scheme, at="leaf", spread=1.0, draws=100, seed=5)
        found = rank_uncertainty(result, draws)
        assert found.acceptability().to_numpy() == pytest.approx(np.full((5, 5), 0.2))
        assert found.interval().to_numpy().tolist() == [[1, 5]] * 5
        assert found.top(2).tolist() == pytest.approx([0.4] * 5)

    def test_pairs_of_one_unit_and_of_tied_units(self):
        for units in (1, 4):
            year, _ = make(3, units=units, classes=False)
            full = np.tile(year.scheme.full_marks, units)
            result = evaluated(replace(year, marks=year.marks.assign(mark=full)))
            draws = perturb_weights(year.scheme, at="leaf", spread=0.5, draws=50, seed=0)
            found = rank_uncertainty(result, draws)
            assert (found.pairwise() == 0.5).all(axis=None)
            errors = found.pairwise_error(found.pairwise()).to_numpy()
            assert (np.diag(errors) == 0).all()
            assert (errors[~np.eye(units, dtype=bool)] > 0).all()

    def test_identical_units_are_interchangeable(self):
        year, _ = make(2, units=6, classes=False)
        marks = year.marks.copy()
        marks.loc[marks["unit"] == "u01", "mark"] = marks.loc[marks["unit"] == "u00", "mark"].values
        result = evaluated(replace(year, marks=marks))
        draws = perturb_weights(year.scheme, at="leaf", spread=0.5, draws=500, seed=5)
        table = rank_uncertainty(result, draws).acceptability()
        assert table.loc["u00"].tolist() == table.loc["u01"].tolist()

    def test_a_class_with_one_member(self):
        year, _ = make(2, units=6, classes=False)
        assert_matches_engine(without_classes(year, [("u03", "D0.0"), ("u03", "D1.0")]))

    def test_spread_zero_is_the_published_ranking(self):
        year, result = make(2)
        draws = perturb_weights(year.scheme, at="leaf", spread=0, draws=5, seed=5)
        found = rank_uncertainty(result, draws)
        assert (found.interval()["low"] == result.rank).all()

    def test_a_leaf_of_weight_zero_changes_nothing(self):
        year, result = make(2, classes=False)
        table = perturb_weights(year.scheme, at="leaf", spread=0.5, draws=50, seed=5).table()
        table["D0.0"] = 0.0
        marks = year.marks.copy()
        marks.loc[marks["indicator"] == "D0.0", "mark"] = 0.0
        other = evaluated(replace(year, marks=marks))
        draws = given_weights(year.scheme, table)
        assert np.array_equal(
            rank_uncertainty(result, draws).mass, rank_uncertainty(other, draws).mass
        )

    def test_no_weight_on_anything_that_counts_is_an_error(self):
        year, _ = make(2, units=4, leaves=(1, 1), classes=False)
        result = evaluated(without_classes(year, [("u02", "D0.0")]))
        with pytest.raises(ev.DataError, match="no weight to any leaf that counts for u02"):
            rank_uncertainty(result, given_weights(result.scheme, [[1, 0]]))

    def test_nobody_ranked_is_an_error(self):
        year, _ = make(2)
        result = evaluated(replace(year, units=year.units.assign(ranked=False)))
        draws = perturb_weights(year.scheme, at="leaf", spread=0.3, draws=10, seed=5)
        with pytest.raises(ev.DataError, match="trial 2020: no unit is ranked"):
            rank_uncertainty(result, draws)

    def test_draws_of_another_scheme_are_refused(self):
        other = make(2, leaves=(2, 2))[0].scheme
        draws = perturb_weights(other, at="leaf", spread=0.3, draws=10, seed=5)
        with pytest.raises(ev.DataError, match="belong to another scheme than synthetic 2020"):
            rank_uncertainty(make(2)[1], draws)

    @pytest.mark.parametrize("k", [0, -1, 2.5])
    def test_top_of_less_than_one_is_refused(self, k):
        year, result = make(2)
        draws = perturb_weights(year.scheme, at="leaf", spread=0.3, draws=10, seed=5)
        found = rank_uncertainty(result, draws)
        with pytest.raises(ValueError, match="k is a whole number from 1"):
            found.top(k)
        assert found.top(99).tolist() == [1.0] * 12
        for level in (0, 1.1, np.nan):
            with pytest.raises(ValueError, match="level is a share above 0 and up to 1"):
                found.interval(level)
