"""Agreement of two rankings: small cases by hand."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import evallib as ev
from evallib.firmness.agreement import agreement, average_shift, rank_biased_overlap


def ranks(*places, names="abcdefghij"):
    return pd.Series(places, index=list(names[: len(places)]))


def test_identical_rankings_agree_fully_ties_or_not():
    for same in (ranks(1, 2, 3, 4), ranks(1, 2, 2, 4), ranks(1, 1, 3, 3, 3)):
        found = agreement(same, same.sample(frac=1, random_state=1))
        assert found[["tau_b", "weighted_tau", "rank_biased_overlap"]].tolist() == pytest.approx(
            [1, 1, 1]
        )
        assert found[["average_shift", "largest_shift", "footrule"]].tolist() == [0, 0, 0]


def test_reversed_rankings_reach_the_largest_footrule():
    for n in (4, 5):
        found = agreement(ranks(*range(1, n + 1)), ranks(*range(n, 0, -1)))
        assert found["footrule"] == n * n // 2
        assert found["tau_b"] == pytest.approx(-1)
        assert found["weighted_tau"] == pytest.approx(-1)


def test_tau_b_counts_ties_in_the_denominator():
    # pairs: ab concordant, ac concordant, bc tied on one side: 2 / sqrt(3 x 2)
    assert agreement(ranks(1, 2, 3), ranks(1, 2, 2))["tau_b"] == pytest.approx(2 / np.sqrt(6))


def test_weighted_tau_by_hand():
    # a and b exchanged; weights 1/(r+1) + 1/(s+1) for places r, s from 0: 3/2, 4/3, 5/6
    expected = (-3 / 2 + 4 / 3 + 5 / 6) / (3 / 2 + 4 / 3 + 5 / 6)
    assert agreement(ranks(1, 2, 3), ranks(2, 1, 3))["weighted_tau"] == pytest.approx(expected)


def test_an_exchange_at_the_top_weighs_more_than_one_at_the_bottom():
    base = ranks(1, 2, 3, 4, 5, 6)
    top, bottom = ranks(2, 1, 3, 4, 5, 6), ranks(1, 2, 3, 4, 6, 5)
    for measure in ("weighted_tau", "rank_biased_overlap"):
        assert agreement(base, top)[measure] < agreement(base, bottom)[measure]
    assert agreement(base, top)["tau_b"] == agreement(base, bottom)["tau_b"]


def test_rank_biased_overlap_by_hand():
    # overlaps at depth 1, 2, 3: 0, 1, 1; (1 - p)(0 + p + p^2) + p^3 with p = 1/2
    assert rank_biased_overlap(ranks(1, 2, 3), ranks(2, 1, 3), p=0.5) == pytest.approx(
        0.5 * (0.5 + 0.25) + 0.125
    )


def test_nine_tenths_puts_86_percent_of_the_weight_on_the_top_ten():
    # Webber et al., equation 21: weight of the first d places. Units below the top ten in another
    # order cost what is left; with nothing shared below for long, the overlap comes near it.
    p, d, n = 0.9, 10, 400
    weight = (
        1
        - p ** (d - 1)
        + (1 - p) / p * d * (np.log(1 / (1 - p)) - sum(p**i / i for i in range(1, d)))
    )
    assert weight == pytest.approx(0.86, abs=0.005)
    names = [f"u{i}" for i in range(n)]
    base = pd.Series(range(1, n + 1), names)
    other = base.copy()
    other.iloc[d:] = range(n, d, -1)  # the same ten on top, all others reversed
    assert rank_biased_overlap(base, other, p=p) == pytest.approx(weight, abs=1e-6)


def test_ties_in_the_overlap_are_the_mean_over_all_orders_before_scaling():
    first, second = ranks(1, 2, 2, 4), ranks(2, 1, 3, 3)
    orders = {"first": [], "second": []}
    for perm in permutations(range(4)):
        trial = pd.Series(perm, index=list("abcd"))
        for name, tied in (("first", first), ("second", second)):
            if (trial.groupby(tied).max().sort_index().diff().dropna() > 0).all() and all(
                trial[tied == low].max() < trial[tied == high].min()
                for low in set(tied)
                for high in set(tied)
                if low < high
            ):
                orders[name].append(trial + 1)

    def mean_overlap(some, other, depth):
        return np.mean([((a <= depth) & (b <= depth)).sum() for a in some for b in other])

    p, total = 0.9, 0.0
    for depth in range(1, 5):
        shared = mean_overlap(orders["first"], orders["second"], depth)
        own = [
            np.sum((sum((o <= depth).astype(float) for o in orders[n]) / len(orders[n])) ** 2)
            for n in ("first", "second")
        ]
        total += (1 - p) * p ** (depth - 1) * shared / np.sqrt(own[0] * own[1])
    assert rank_biased_overlap(first, second, p=p) == pytest.approx(total + p**4)


def test_average_shift_is_the_footrule_per_unit():
    first, second = ranks(1, 2, 3, 4), ranks(3, 1, 4, 2)
    found = agreement(first, second)
    assert found["footrule"] == 2 + 1 + 1 + 2
    assert found["average_shift"] == average_shift(first, second) == 1.5
    assert found["largest_shift"] == 2
    assert spearmanr(first, second).statistic == pytest.approx(1 - 6 * 10 / (4 * 15))


def test_everybody_tied_has_no_correlation():
    found = agreement(ranks(1, 1, 1), ranks(1, 2, 3))
    assert np.isnan(found["tau_b"])
    assert np.isnan(found["weighted_tau"])
    assert found["footrule"] == 3


def test_rankings_of_different_units_are_refused():
    with pytest.raises(ev.DataError, match=r"cover different units, first c; compare them"):
        average_shift(ranks(1, 2), ranks(1, 2, 3))
    with pytest.raises(ev.DataError, match="first a repeated unit"):
        average_shift(pd.Series([1, 2], index=["a", "a"]), pd.Series([1, 2], index=["a", "a"]))


def test_missing_ranks_are_refused():
    holes = pd.Series([1, None], index=["a", "b"], dtype="Int64")
    with pytest.raises(ev.DataError, match="no rank for b; leave out units without a rank"):
        agreement(ranks(1, 2), holes)
    with pytest.raises(ev.DataError, match="no rank for of no unit at all"):
        agreement(pd.Series(dtype=float), pd.Series(dtype=float))
    with pytest.raises(ValueError, match="p lies between 0 and 1, not 1"):
        agreement(ranks(1, 2), ranks(1, 2), p=1)
