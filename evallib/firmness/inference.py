"""Totals carry error: which differences of places, tiers and tops it leaves standing.

The error of a total comes from a blind double review (``reviews``), and is then an estimate with
few degrees of freedom, or from a stated scenario, and is then taken as known.
"""

from __future__ import annotations

from string import ascii_letters
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from evallib.errors import DataError
from evallib.scoring import Evaluation


def better_pairs(
    totals: pd.Series,
    *,
    sem: float | pd.Series,
    draws: int,
    seed: int,
    level: float = 0.95,
    step_down: bool = True,
    freedom: int | None = None,
) -> pd.DataFrame:
    """Which unit is significantly better than which, for all pairs at once.

    Parameters
    ----------
    totals : Series of float, one per unit
    sem : float or Series
        Standard error of measurement of a total, in points.
    draws, seed : int
        Of the parametric bootstrap.
    level : float
        Probability that no pair at all is called wrongly.
    step_down : bool
        Test again without what was rejected (Romano and Wolf), which only adds pairs.
    freedom : int, optional
        Degrees of freedom of an estimated SEM (``double_review(...).freedom``): the bootstrap is
        then studentised with one common estimate. None for an SEM that is known or stated.

    Returns
    -------
    DataFrame of bool, True where the row unit is better than the column unit

    Examples
    --------
    >>> totals = pd.Series({"a": 95.0, "b": 90.0, "c": 89.0})
    >>> better_pairs(totals, sem=1.0, draws=2_000, seed=1).loc["a"].tolist()
    [False, True, True]
    """
    values, errors, scale = _setting(totals, sem, draws, seed, level, freedom)
    every = ~np.eye(len(values), dtype=bool)
    found = _rejected(values, errors, scale, every, level, step_down)
    return pd.DataFrame(found, totals.index, totals.index)


def _setting(
    totals: pd.Series,
    sem: float | pd.Series,
    draws: int,
    seed: int,
    level: float,
    freedom: int | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Totals, simulated errors (draws x units), and standard errors of all differences."""
    values = totals.to_numpy(dtype=float)
    spread = pd.Series(sem, index=totals.index, dtype=float).to_numpy()
    if not len(values) or not np.isfinite(values).all():
        raise DataError("totals: one is missing; leave out units without a total")
    if not (np.isfinite(spread) & (spread > 0)).all():
        raise ValueError("sem is a standard error above 0 for every unit")
    if not 0 < level < 1 or draws < 1:
        raise ValueError(f"level lies between 0 and 1 and draws start at 1: {level!r}, {draws!r}")
    if freedom is not None and not freedom >= 1:
        raise ValueError(f"freedom is a number from 1, or None for a known sem: {freedom!r}")
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((draws, len(values)))
    if freedom is not None:
        noise *= np.sqrt(freedom / rng.chisquare(freedom, (draws, 1)))
    return values, noise * spread, np.hypot(spread[:, None], spread)


def _rejected(
    values: np.ndarray,
    errors: np.ndarray,
    scale: np.ndarray,
    family: np.ndarray,
    level: float,
    step_down: bool,
) -> np.ndarray:
    """Ordered pairs (better, worse) of the family whose difference no error explains."""
    statistic = np.subtract.outer(values, values) / scale
    left, found = family.copy(), np.zeros_like(family)
    while left.any():
        largest = np.full(len(errors), -np.inf)
        for row in np.flatnonzero(left.any(axis=1)):
            drawn = (errors[:, [row]] - errors[:, left[row]]) / scale[row, left[row]]
            np.maximum(largest, drawn.max(axis=1), out=largest)
        new = left & (statistic > np.quantile(largest, level, method="higher"))
        found |= new
        left &= ~new
        if not new.any() or not step_down:
            break
    return found


def rank_sets(
    totals: pd.Series,
    *,
    sem: float,
    draws: int,
    seed: int,
    simultaneous: bool,
    level: float = 0.95,
    step_down: bool = True,
    freedom: int | None = None,
) -> pd.DataFrame:
    """Confidence sets for the places that error-free totals would give.

    Parameters
    ----------
    totals, sem, draws, seed, level, step_down, freedom : as in :func:`better_pairs`
    simultaneous : bool
        True: all sets hold together with the stated confidence. False: each by itself.

    Returns
    -------
    DataFrame, units x ``low``, ``high``: places from 1

    Notes
    -----
    Mogstad, Romano, Shaikh and Wilhelm (2024), doi:10.1093/restud/rdad006: the set runs from one
    more than the units that are significantly better to n less those significantly worse.

    Examples
    --------
    >>> totals = pd.Series({"a": 95.0, "b": 90.0, "c": 89.0})
    >>> sets = rank_sets(totals, sem=1.0, draws=2_000, seed=1, simultaneous=True)
    >>> sets.loc["b"].tolist()
    [2, 3]
    """
    n = len(totals)
    if simultaneous:
        choices: dict[str, Any] = {"level": level, "step_down": step_down, "freedom": freedom}
        found = better_pairs(totals, sem=sem, draws=draws, seed=seed, **choices).to_numpy()
        sets = {"low": 1 + found.sum(axis=0), "high": n - found.sum(axis=1)}
        return pd.DataFrame(sets, index=totals.index)
    values, errors, scale = _setting(totals, sem, draws, seed, level, freedom)
    ends = np.empty((n, 2), dtype=int)
    for unit in range(n):
        family = np.zeros((n, n), dtype=bool)
        family[unit] = family[:, unit] = np.arange(n) != unit
        found = _rejected(values, errors, scale, family, level, step_down)
        ends[unit] = 1 + found[:, unit].sum(), n - found[unit].sum()
    return pd.DataFrame(ends, totals.index, ["low", "high"])


def top_set(
    totals: pd.Series,
    *,
    top: int,
    sem: float,
    draws: int,
    seed: int,
    level: float = 0.95,
    freedom: int | None = None,
) -> pd.Index:
    """Units that cannot be excluded from the true top; it holds all of them with that confidence.

    Notes
    -----
    The set of the tau best of Mogstad et al. (2024), doi:10.1093/restud/rdad006: units with fewer
    than ``top`` significantly better ones.

    Examples
    --------
    >>> totals = pd.Series({"a": 95.0, "b": 94.5, "c": 89.0})
    >>> list(top_set(totals, top=1, sem=1.0, draws=2_000, seed=1))
    ['a', 'b']
    """
    found = better_pairs(totals, sem=sem, draws=draws, seed=seed, level=level, freedom=freedom)
    return totals.index[found.sum(axis=0) < top]


def tiers(
    totals: pd.Series,
    *,
    sem: float,
    draws: int,
    seed: int,
    level: float = 0.95,
    freedom: int | None = None,
) -> pd.DataFrame:
    """Tiers and letters: units that share a letter are not significantly different.

    A unit opens a tier when it is significantly below the head of the current one. Being
    indistinguishable is not transitive, so neighbours across a tier's edge may well be.

    Returns
    -------
    DataFrame in order of totals, units x ``tier`` (from 1), ``letters``

    Notes
    -----
    Letters by the insert-and-absorb algorithm of Piepho (2004), doi:10.1198/1061860043515.

    Examples
    --------
    >>> totals = pd.Series({"a": 95.0, "b": 94.5, "c": 89.0})
    >>> tiers(totals, sem=1.0, draws=2_000, seed=1)["tier"].tolist()
    [1, 1, 2]
    """
    order = totals.sort_values(ascending=False, kind="stable").index
    found = better_pairs(totals, sem=sem, draws=draws, seed=seed, level=level, freedom=freedom)
    found = found.loc[order, order].to_numpy()
    head, tier = 0, np.ones(len(order), dtype=int)
    for unit in range(1, len(order)):
        opens = found[head, unit]
        head, tier[unit] = (unit, tier[unit - 1] + 1) if opens else (head, tier[unit - 1])
    return pd.DataFrame({"tier": tier, "letters": compact_letters(found | found.T)}, index=order)


def compact_letters(different: np.ndarray) -> list[str]:
    """Letters such that two items share one exactly when they are not different.

    Examples
    --------
    >>> compact_letters(np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=bool))
    ['a', 'ab', 'b']
    """
    columns = [frozenset(range(len(different)))]
    for first, second in np.argwhere(np.triu(different)):
        split = [c - {item} for c in columns if {first, second} <= c for item in (first, second)]
        columns = [c for c in columns if not {first, second} <= c]
        for part in sorted(split, key=len, reverse=True):
            if not any(part <= other for other in columns):
                columns.append(part)
    columns.sort(key=sorted)
    names = [ascii_letters[i] if i < 52 else f"({i + 1})" for i in range(len(columns))]
    return [
        "".join(name for name, column in zip(names, columns, strict=True) if item in column)
        for item in range(len(different))
    ]


def tipping_sem(result: Evaluation, *, level: float = 0.95) -> pd.DataFrame:
    """The largest error of measurement at which a statement about one unit still holds.

    Returns
    -------
    DataFrame, ranked units in order of totals x ``next`` (ahead of the next unit), ``threshold``
    (on its side of the threshold), ``top`` (inside or outside the top k, against the nearest unit
    on the other side). Points; NaN where there is nothing to compare with.

    Notes
    -----
    One statement at a time, two-sided: difference / (z sqrt(2)) between units, distance / z from
    the threshold, which is reached from half a print unit below it.

    Examples
    --------
    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> tipping_sem(result)["next"].round(2).tolist()[:2]
    [0.87, 4.0]
    """
    if not 0 < level < 1:
        raise ValueError(f"level lies between 0 and 1, not {level!r}")
    rules, z = result.rules, norm.ppf((1 + level) / 2)
    totals = result.total[result.rank.notna()].sort_values(ascending=False, kind="stable")
    inside = result.rank[totals.index] <= rules.top
    other = np.where(inside, totals[~inside].max(), totals[inside].min())
    edge = rules.threshold - 0.5 * 10.0**-rules.decimals
    return pd.DataFrame(
        {
            "next": (totals - totals.shift(-1)) / (z * np.sqrt(2)),
            "threshold": (totals - edge).abs() / z,
            "top": (totals - other).abs() / (z * np.sqrt(2)),
        }
    )
