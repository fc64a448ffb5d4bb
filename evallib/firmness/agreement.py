"""How alike two rankings are: rank correlation, overlap of the tops, and places moved."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, weightedtau

from evallib.errors import DataError


def agreement(reference: pd.Series, other: pd.Series, *, p: float = 0.9) -> pd.Series:
    """All measures of agreement between two rankings of the same units.

    Parameters
    ----------
    reference, other : Series of int, one rank per unit
        Same units, in any order; 1 is best; ties allowed.
    p : float
        Persistence of the rank-biased overlap; 0.9 puts 86 % of the weight on the top ten.

    Returns
    -------
    Series
        ``tau_b`` and ``weighted_tau`` (-1 to 1; NaN where one ranking ties everybody),
        ``rank_biased_overlap`` (0 to 1), ``average_shift`` and ``largest_shift`` in places,
        ``footrule`` (their sum) and ``units``.

    Raises
    ------
    DataError
        If the two rankings do not cover the same units, or a rank is missing.

    Notes
    -----
    Kendall's tau-b; weighted tau with hyperbolic weights, Vigna (2015),
    doi:10.1145/2736277.2741088, averaged over both rankings as the source of weights; both by
    scipy. Spearman's footrule divided by the units is the average shift in rank.

    Examples
    --------
    >>> first, second = pd.Series({"a": 1, "b": 2, "c": 3}), pd.Series({"b": 1, "a": 2, "c": 3})
    >>> agreement(first, second).round(3).to_dict()
    {'tau_b': 0.333, 'weighted_tau': 0.182, 'rank_biased_overlap': 0.9, 'average_shift': 0.667,
     'largest_shift': 1.0, 'footrule': 2.0, 'units': 3.0}
    """
    reference, other = _paired(reference, other)
    shift = (reference - other).abs()
    constant = reference.min() == reference.max() or other.min() == other.max()
    return pd.Series(
        {
            "tau_b": np.nan if constant else kendalltau(reference, other).statistic,
            "weighted_tau": np.nan if constant else weightedtau(-reference, -other).statistic,
            "rank_biased_overlap": rank_biased_overlap(reference, other, p=p),
            "average_shift": average_shift(reference, other),
            "largest_shift": shift.max(),
            "footrule": shift.sum(),
            "units": len(shift),
        },
        dtype=float,
    )


def average_shift(reference: pd.Series, other: pd.Series) -> float:
    """Mean number of places by which units move between two rankings; 0 when they agree.

    Raises
    ------
    DataError
        If the two rankings do not cover the same units, or a rank is missing.

    Notes
    -----
    The average shift in rank of Saisana, Saltelli and Tarantola (2005),
    doi:10.1111/j.1467-985X.2005.00350.x.

    Examples
    --------
    >>> average_shift(pd.Series({"a": 1, "b": 2}), pd.Series({"b": 1, "a": 2}))
    1.0
    """
    reference, other = _paired(reference, other)
    return float((reference - other).abs().mean())


def rank_biased_overlap(reference: pd.Series, other: pd.Series, *, p: float) -> float:
    """Overlap of the tops of two rankings, averaged over depths with weights falling by ``p``.

    Notes
    -----
    Webber, Moffat and Zobel (2010), doi:10.1145/1852102.1852106, equation 32: extrapolated, for
    two rankings of the same units. At a tie that crosses the depth a unit is inside in part, as
    if the order within the tie were drawn by lot, and the overlap is divided by the geometric
    mean of each ranking's overlap with itself, as tau-b does: variant b of Corsi and Urbano
    (2024), doi:10.1145/3626772.3657700.

    Examples
    --------
    >>> same = pd.Series({"a": 1, "b": 2, "c": 2})
    >>> rank_biased_overlap(same, same[::-1], p=0.9)
    1.0
    """
    if not 0 < p < 1:
        raise ValueError(f"p lies between 0 and 1, not {p!r}")
    reference, other = _paired(reference, other)
    depth = np.arange(1, len(reference) + 1)
    inside = [_inside(ranks, depth) for ranks in (reference, other)]
    shared = (inside[0] * inside[1]).sum(axis=0)
    norm = np.sqrt((inside[0] ** 2).sum(axis=0) * (inside[1] ** 2).sum(axis=0))
    overlap = shared / norm
    weights = (1 - p) * p ** (depth - 1)
    return min(float(overlap @ weights + overlap[-1] * p ** len(depth)), 1.0)


def _inside(ranks: pd.Series, depth: np.ndarray) -> np.ndarray:
    """Units x depths: the part of each unit that lies within the depth."""
    first = ranks.rank(method="min").to_numpy()[:, None]
    last = ranks.rank(method="max").to_numpy()[:, None]
    return np.clip((depth - first + 1) / (last - first + 1), 0.0, 1.0)


def _paired(reference: pd.Series, other: pd.Series) -> tuple[pd.Series, pd.Series]:
    """The two rankings as floats over the same units, in the order of the first."""
    if set(reference.index) != set(other.index) or not reference.index.is_unique:
        odd = sorted(map(str, set(reference.index) ^ set(other.index)))
        raise DataError(
            f"rankings: they cover different units, first {odd[0] if odd else 'a repeated unit'}; "
            "compare them over the units of both"
        )
    pair = (reference.astype(float), other.reindex(reference.index).astype(float))
    for ranks in pair:
        if not len(ranks) or ranks.isna().any():
            first = ranks.index[ranks.isna()][0] if len(ranks) else "of no unit at all"
            raise DataError(f"rankings: no rank for {first}; leave out units without a rank")
    return pair
