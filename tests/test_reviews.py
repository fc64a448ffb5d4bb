"""Blind double review, and the cells to check again."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from studies import synthetic
from test_acceptability import evaluated, with_adjustments, with_status

import evallib as ev
from evallib.firmness.reviews import _reliability, double_review, recheck_list


def reviewed(study, errors, *, names=("r1", "r2"), units=None):
    """The study with a double review: its own marks plus an error per reviewer and cell."""
    year = study.years[2020]
    scored = year.marks[year.marks["status"] == "scored"].copy()
    if units is not None:
        scored = scored[scored["unit"].isin(units)]
    full = scored["indicator"].map(year.scheme.full_marks)
    rows = [
        scored.assign(reviewer=name, mark=(scored["mark"] + error).clip(0, full))
        for name, error in zip(names, errors(len(scored)), strict=True)
    ]
    reviews = pd.concat(rows)[["unit", "indicator", "reviewer", "mark"]].reset_index(drop=True)
    return replace(study, years={2020: replace(year, reviews=reviews)})


@pytest.fixture
def study():
    return synthetic(1, units=12)


class TestDoubleReview:
    def test_by_hand(self):
        # Totals 80 90 70 against 78 88 74: differences 2 2 -4, bias 0, SEM^2 = 12 / 2.
        base = synthetic(1, units=3, leaves=(1,), classes=False)
        year = base.years[2020]
        nodes = [replace(n, full_marks=100.0) if "." in n.code else n for n in year.scheme.nodes]
        year = replace(
            year, scheme=ev.Scheme.of(nodes), marks=year.marks.assign(mark=[80, 90, 70.0])
        )
        found = double_review(
            reviewed(
                replace(base, years={2020: year}), lambda n: (np.zeros(n), np.array([-2, -2, 4]))
            ),
            2020,
        )
        assert found.totals["r2"].tolist() == pytest.approx([78, 88, 74])
        assert found.sem == pytest.approx(np.sqrt(6))
        assert found.bias == pytest.approx(0)
        assert found.bias_error == pytest.approx(np.sqrt(4))
        assert found.mdc95 == pytest.approx(4.302653 * np.sqrt(12))  # t, 2 degrees
        assert found.freedom == 2
        # means 79 89 72: MSR = 2 x 73, MSC = 0, MSE = 6
        rows, error = 2 * np.var([79, 89, 72], ddof=1), 6
        assert found.icc == pytest.approx((rows - error) / (rows + error + 2 / 3 * (0 - error)))
        assert found.sem_low < found.sem < found.sem_high

    def test_error_that_goes_together_across_leaves_is_seen_whole(self, study):
        # A reviewer who is off by the same share everywhere: unit totals differ by that share,
        # while errors summed as if independent would be far smaller.
        year = study.years[2020]
        shift = dict(zip(year.units.index, np.linspace(-0.1, 0.1, 12), strict=True))
        scored = year.marks[year.marks["status"] == "scored"]
        full = scored["indicator"].map(year.scheme.full_marks).to_numpy()
        off = scored["unit"].map(shift).to_numpy() * full
        low = replace(year, marks=year.marks.assign(mark=year.marks["mark"] * 0.5))
        halved = replace(study, years={2020: low})
        found = double_review(reviewed(halved, lambda n: (np.zeros(n), off)), 2020)
        differences = found.totals["r1"] - found.totals["r2"]
        assert differences.to_numpy() == pytest.approx(-100 * np.array(list(shift.values())))

    def test_simulated_reviewers_give_the_error_that_was_put_in(self):
        # 400 units, error of a total known exactly; chance of failing by luck: 1 in 10,000 (SEM
        # within 14 %, four standard errors of 1 / sqrt(2 n)).
        big = synthetic(3, units=400, classes=False)
        year = big.years[2020]
        middle = replace(
            year,
            marks=year.marks.assign(mark=0.5 * np.tile(year.scheme.full_marks, 400)),
        )
        rng = np.random.default_rng(5)
        full = np.tile(year.scheme.full_marks, 400)
        simulated = reviewed(
            replace(big, years={2020: middle}),
            lambda n: (0.05 * full * rng.normal(size=n) for _ in range(2)),
        )
        expected = 100 * 0.05 * np.sqrt((year.scheme.weights**2).sum())
        found = double_review(simulated, 2020)
        assert found.sem == pytest.approx(expected, rel=0.14)
        assert abs(found.bias) < 4 * found.bias_error

    def test_the_interval_of_the_error_covers_as_often_as_it_says(self):
        # 1,000 reviews of 8 units; 95 % +- 3.2 points: chance of failing by luck 1 in 100,000.
        rng, covered = np.random.default_rng(6), 0
        for _ in range(1_000):
            truth = rng.normal(85, 5, 8)
            totals = pd.DataFrame({r: truth + rng.normal(0, 1.5, 8) for r in ("r1", "r2")})
            found = _reliability(totals)
            covered += found.sem_low < 1.5 < found.sem_high
        assert 0.918 < covered / 1_000 < 0.982

    def test_a_sample_of_units_and_their_own_leaves_suffice(self, study):
        units = list(study.years[2020].units.index[3:8])
        rng = np.random.default_rng(0)
        found = double_review(
            reviewed(study, lambda n: (rng.normal(0, 0.1, n), np.zeros(n)), units=units), 2020
        )
        assert list(found.totals.index) == units

    def test_reviewers_who_agree_fully_have_no_error(self, study):
        found = double_review(reviewed(study, lambda n: (np.zeros(n), np.zeros(n))), 2020)
        assert found.sem == found.bias == found.mdc95 == 0
        assert found.icc == pytest.approx(1)

    def test_rounds_are_no_double_review(self, study):
        message = "the initial and final rounds differ by repair and are no blind double review"
        with pytest.raises(ev.DataError, match=f"synthetic 2020: no reviews.csv, .*{message}"):
            double_review(study, 2020)
        named = reviewed(study, lambda n: (np.zeros(n), np.ones(n)), names=("Initial", "b"))
        with pytest.raises(ev.DataError, match=f"two reviewers are the two rounds; {message}"):
            double_review(named, 2020)
        year = study.years[2020]
        initial = year.marks.assign(mark=year.marks["mark"] * 0.8)
        copied = reviewed(study, lambda n: (np.zeros(n), np.zeros(n)))
        year = copied.years[2020]
        second = year.reviews["reviewer"] == "r2"
        marks = year.reviews["mark"].where(~second, year.reviews["mark"] * 0.8)
        rounds = replace(year, initial=initial, reviews=year.reviews.assign(mark=marks))
        with pytest.raises(ev.DataError, match="the two reviewers are the two rounds"):
            double_review(replace(study, years={2020: rounds}), 2020)
        nearly = marks.copy()
        nearly.iloc[::25] *= 0.99  # a few cells corrected do not make a double review of rounds
        nearly = replace(rounds, reviews=rounds.reviews.assign(mark=nearly))
        with pytest.raises(ev.DataError, match="the two reviewers are the two rounds"):
            double_review(replace(study, years={2020: nearly}), 2020)
        honest = replace(
            rounds, reviews=rounds.reviews.assign(mark=marks.where(~second, marks * 0.9))
        )
        assert double_review(replace(study, years={2020: honest}), 2020).sem > 0

    def test_reviewers_who_agree_are_no_rounds_that_hardly_differ(self, study):
        agreed = reviewed(study, lambda n: (np.zeros(n), np.zeros(n)))
        year = agreed.years[2020]
        initial = year.marks.assign(mark=year.marks["mark"].where(year.marks.index > 2, 0.0))
        found = double_review(replace(agreed, years={2020: replace(year, initial=initial)}), 2020)
        assert found.sem == 0

    def test_incomplete_or_impossible_reviews_are_refused(self, study):
        good = reviewed(study, lambda n: (np.zeros(n), np.zeros(n)))
        year = good.years[2020]

        def check(reviews, message):
            broken = replace(good, years={2020: replace(year, reviews=reviews)})
            with pytest.raises(ev.DataError, match=message):
                double_review(broken, 2020)

        one = year.reviews[year.reviews["reviewer"] == "r1"]
        check(one, "reviews.csv has 1 reviewers; it takes exactly two")
        third = year.reviews.assign(reviewer=["x", *year.reviews["reviewer"][1:]])
        check(third, "has 3 reviewers")
        check(year.reviews.iloc[1:], r"1 faults, first u00/D0.0: not a scored leaf marked by both")
        other = year.marks[year.marks["status"] == "not_applicable"].iloc[0]
        more = pd.DataFrame(
            [(other["unit"], other["indicator"], r, 1.0) for r in ("r1", "r2")],
            columns=year.reviews.columns,
        )
        check(pd.concat([year.reviews, more]), f"first {other['unit']}/{other['indicator']}: not")
        high = year.reviews.assign(mark=[99.0, *year.reviews["mark"][1:]])
        check(high, r"first u00/D0.0: mark 99 of D0.0 is outside 0 to")
        few = year.reviews[year.reviews["unit"].isin(["u00", "u01"])]
        check(few, "covers fewer than 3 units")
        with pytest.raises(ev.DataError, match="has no year 1999; it has 2020"):
            double_review(study, 1999)


def keys_of(found):
    return set(
        found[["unit", "indicator", "becomes", "decision"]].itertuples(index=False, name=None)
    )


def brute_recheck(study, step):
    """Every scored cell one step up and down, through the whole scoring engine."""
    year, before = study.years[2020], evaluated(study.years[2020])
    found = set()
    for row, cell in year.marks.iterrows():
        if cell["status"] != "scored" or before.veto[cell["unit"]]:
            continue
        node = year.scheme.node(cell["indicator"])
        for sign in (1, -1):
            becomes = round(cell["mark"] + sign * (node.step or step), 10)
            if not 0 <= becomes <= node.full_marks:
                continue
            marks = year.marks.copy()
            marks.loc[row, "mark"] = becomes
            after = evaluated(replace(year, marks=marks))
            key = (cell["unit"], cell["indicator"], becomes)
            if (after.reaches_threshold != before.reaches_threshold).any():
                found.add((*key, "threshold"))
            inside = [r.rank.le(year.rules.top).fillna(False) for r in (before, after)]
            if (inside[0] != inside[1]).any():
                found.add((*key, "top"))
    return found


class TestRecheckList:
    @pytest.mark.parametrize(
        ("seed", "rules"),
        [
            (1, {"top": 4, "threshold": 85}),
            (2, {"top": 3, "threshold": 84, "decimals": 0}),
            (3, {"top": 3, "threshold": 84, "ties": "dense", "decimals": 0}),
            (4, {"top": 5, "threshold": 80, "rank_on": "exact"}),
            (5, {"top": 3, "threshold": 85, "tier_decimals": 1, "decimals": 1}),
        ],
    )
    def test_equals_brute_force(self, seed, rules):
        study = synthetic(seed, units=10, step=0.5, rules=ev.Rules(**rules))
        found = recheck_list(study, 2020)
        keys = keys_of(found)
        assert keys == brute_recheck(study, None)
        assert len(found) == len(keys) > 0

    def test_gate_and_veto_go_through_the_engine(self):
        study = synthetic(6, units=10, classes=False, step=0.5)
        low = ev.evaluate(study, 2020).base.min()
        rules = ev.Rules(top=3, threshold=86, bonus={"gate": float(low) - 1}, veto={"total": 70})
        year = with_adjustments(
            replace(study.years[2020], rules=rules),
            [("u01", "bonus", 4), ("u02", "bonus", 3), ("u05", "veto", np.nan)],
        )
        study = replace(study, years={2020: year})
        found = recheck_list(study, 2020)
        keys = keys_of(found)
        assert keys == brute_recheck(study, None)
        assert "u05" not in set(found["unit"])

    def test_names_who_enters_and_who_leaves_and_puts_the_riskiest_first(self):
        study = synthetic(1, units=10, step=0.5, rules=ev.Rules(top=4, threshold=85))
        result, found = ev.evaluate(study, 2020), recheck_list(study, 2020)
        assert found["cells"].is_monotonic_decreasing
        for row in found[found["decision"] == "threshold"].itertuples():
            reached = result.reaches_threshold[row.unit]
            assert (row.leaves if reached else row.enters) == row.unit
            assert (row.enters if reached else row.leaves) == ""
        top = set(result.rank.index[result.rank <= 4])
        for row in found[found["decision"] == "top"].itertuples():
            assert not set(filter(None, row.enters.split("; "))) & top
            assert set(filter(None, row.leaves.split("; "))) <= top

    def test_leaves_without_a_step_need_one(self):
        study = synthetic(1, units=10)
        with pytest.raises(ev.DataError, match=r"synthetic 2020: leaf D0\.0 has no step; state it"):
            recheck_list(study, 2020)
        found = recheck_list(study, 2020, step=0.25)
        keys = keys_of(found)
        assert keys == brute_recheck(study, 0.25)

    def test_one_unit_and_absent_leaves(self):
        study = synthetic(1, units=1, classes=False, rules=ev.Rules(threshold=0))
        assert recheck_list(study, 2020, step=0.5).empty
        year = with_status(synthetic(2, units=8).years[2020], [("u03", "D0.0")], "not_applicable")
        study = replace(synthetic(2, units=8), years={2020: year})
        found = recheck_list(study, 2020, step=0.5)
        assert not ((found["unit"] == "u03") & (found["indicator"] == "D0.0")).any()
