"""The exact account of a change between two years: every row sums to what was published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evallib.change.cohort import COMPOSITION, cohort, continuing, standings
from evallib.change.mixtures import CLASS_RULE, RULE_CAUSES, SCHEME, Mixed, mix, shapley
from evallib.change.pair import UNDIVIDED, Pair
from evallib.change.places import rank_account
from evallib.change.sides import side
from evallib.rounding import round_number
from evallib.scoring import evaluate
from evallib.study.model import Study
from evallib.study.units import members


@dataclass(frozen=True)
class Change:
    """What moved between two years of a study, and why.

    In every table with ``before``, ``after`` and ``change``, the columns after them are causes
    that sum to ``change``: a dimension's code (performance in it), ``scheme`` (weights, full
    marks, goalposts, leaves added and dropped, rules of counting), ``class_rule`` (which leaves
    count for a unit, and who takes their weight over), ``bonus`` and ``penalty`` (points, gate
    and cap), ``veto``, and by composition ``entered``, ``left``, ``merged``, ``split``.

    Attributes
    ----------
    divided : bool
        False when one of the years has totals only; then ``undivided`` stands for all causes
        but composition.
    cohort : DataFrame, as of ``cohort``
    means, counts : DataFrame, one row per population
        Mean total; units at or above the threshold. A unit that changes group has left one and
        entered the other.
    scores : DataFrame, one row per continuing unit with a total in both years
    ranks : DataFrame, one row per continuing unit ranked in both years
        Places, so negative is better. Then the same change as ``own``, ``others``,
        ``scheme_alone`` plus composition; and who is above now and was not (``lost_to``), who
        was and is not (``gained_on``), ``entrants_above``, ``exits_above``: tuples of units.
    crossers : DataFrame
        Who adds to or takes from the count: unit, unit_previous, move (up, down, or a status of
        the cohort), both totals, and the cause with the largest part in it.
    leaves : dict of DataFrame, units x leaves
        ``performance``, ``scheme`` and ``class_rule`` by leaf, in points: see
        ``leaf_account``. Empty where a node is no arithmetic mean.
    names : Mapping of unit code to name, this year's where there is one
    """

    study: str
    previous: int
    current: int
    provenance: str
    divided: bool
    causes: list[str]
    dimensions: list[str]
    cohort: pd.DataFrame
    means: pd.DataFrame
    counts: pd.DataFrame
    scores: pd.DataFrame
    ranks: pd.DataFrame
    crossers: pd.DataFrame
    leaves: Mapping[str, pd.DataFrame]
    names: Mapping[str, str]


def compare(
    study: Study, previous: int, current: int, *, populations: tuple[Any, ...] = ()
) -> Change:
    """The exact account of every change between two years.

    Parameters
    ----------
    study : Study
    previous, current : int
        Turned round, every effect changes its sign.
    populations : iterable of str, optional
        Populations (as of ``members``) to account for besides ``all`` and the groups.

    Raises
    ------
    DataError
        If a year is missing, has neither marks nor totals, or too many causes differ.

    Notes
    -----
    Causes: Shapley value over all mixtures of the two years, scored by the real engine, so that
    gate, caps, classes and veto are in (Shorrocks 2013, Journal of Economic Inequality 11: 99).
    Composition of a mean: Melitz and Polanec (2015), RAND Journal of Economics 46: 362.
    """
    table = cohort(study, previous, current)
    pairs = continuing(table)
    ends = [list(pairs["unit_previous"]), list(pairs["unit"])]
    years = [study.years[previous], study.years[current]]
    divided = all(year.scheme is not None for year in years)
    results = [None if year.scheme is None else evaluate(study, year.year) for year in years]
    sides = [standings(study, y.year, result=r) for y, r in zip(years, results, strict=True)]
    if divided:
        mixed = mix([side(y, r, e) for y, r, e in zip(years, results, ends, strict=True) if r])
    else:
        mixed = _undivided(sides, ends)
    causes = [*mixed.dimensions, *RULE_CAUSES] if divided else [UNDIVIDED]
    pair = Pair(table, pairs, sides, [year.rules for year in years], mixed, causes)
    reached = pair.by_counting(
        lambda totals, r: round_number(totals, r.decimals, r.rounding) >= r.threshold
    ).astype(float)
    means, counts = _populations(pair, reached, populations)
    return Change(
        study.code,
        previous,
        current,
        study.provenance,
        divided,
        [*causes, *COMPOSITION],
        mixed.dimensions,
        table,
        means,
        counts,
        _scores(pair),
        rank_account(pair),
        _crossers(pair, reached),
        mixed.parts,
        {**sides[0]["name_zh"], **sides[1]["name_zh"]},
    )


def _undivided(sides: list[pd.DataFrame], ends: list[list[str]]) -> Mixed:
    """Two mixtures only: all of the previous year, all of the current."""
    totals, entering = (
        np.array([one.loc[end, name].to_numpy() for one, end in zip(sides, ends, strict=True)])
        for name in ("total", "in_mean")
    )
    return Mixed([UNDIVIDED], [], totals, entering, np.array([0, 1]), {})


def _populations(pair: Pair, reached: np.ndarray, extra: tuple[Any, ...]) -> list[pd.DataFrame]:
    groups = [g for g in dict.fromkeys(pair.sides[1]["group"]) if g in set(pair.sides[0]["group"])]
    means, counts = {}, {}
    for population in ["all", *groups, *extra]:
        inside = [members(one, population) for one in pair.sides]
        keep = pair.ends(0).isin(inside[0]) & pair.ends(1).isin(inside[1])
        outside = [inside[t].difference(pair.ends(t)[keep], sort=False) for t in (0, 1)]
        means[population] = _mean(pair, inside, keep.to_numpy(), outside)
        counts[population] = _count(pair, inside, keep.to_numpy(), outside, reached)
    return [
        pd.concat(rows).droplevel(1).rename_axis("population").astype(float)
        for rows in (means, counts)
    ]


def _mean(
    pair: Pair, inside: list[pd.Index], keep: np.ndarray, outside: list[pd.Index]
) -> pd.DataFrame:
    """Mean total. Where no continuing unit enters a mixture's mean, both years' mean stands in."""
    counted = [pair.sides[t]["in_mean"].loc[inside[t]].dropna() for t in (0, 1)]
    before, after = (one.mean() for one in counted)
    entering = pair.mixed.entering[:, keep]
    number = np.isfinite(entering).sum(axis=1)
    mean = np.where(
        number > 0, np.nansum(entering, axis=1) / np.maximum(number, 1), (before + after) / 2
    )
    pull = [
        (pair.sides[t]["in_mean"].loc[outside[t]].to_numpy() - mean[-t]) / max(len(counted[t]), 1)
        for t in (0, 1)
    ]
    composition = pair.composition(outside, [one[:, None] for one in pull])
    return pair.account(before, after, shapley(mean), composition)


def _count(
    pair: Pair,
    inside: list[pd.Index],
    keep: np.ndarray,
    outside: list[pd.Index],
    reached: np.ndarray,
) -> pd.DataFrame:
    above = [one[["reached"]].astype(float) for one in pair.sides]
    before, after = (above[t]["reached"].loc[inside[t]].sum() for t in (0, 1))
    composition = pair.composition(outside, [above[t].loc[outside[t]].to_numpy() for t in (0, 1)])
    return pair.account(before, after, shapley(reached[:, keep].sum(axis=1)), composition)


def _scores(pair: Pair) -> pd.DataFrame:
    before, after = (pair.sides[t].loc[pair.ends(t), "total"].to_numpy() for t in (0, 1))
    table = pair.account(before, after, shapley(pair.mixed.totals))
    table.insert(0, "unit_previous", pair.ends(0))
    return table.set_index(pair.ends(1)).dropna()


def _crossers(pair: Pair, reached: np.ndarray) -> pd.DataFrame:
    effects = pair.account(reached[0], reached[-1], shapley(reached))[pair.causes]
    rows = []
    for i in np.flatnonzero(reached[0] != reached[-1]):
        move, sign = ("up", 1) if reached[-1, i] else ("down", -1)
        cause = str((effects.loc[i] * sign).idxmax())
        rows.append((pair.ends(1)[i], pair.ends(0)[i], move, cause))
    for t in (1, 0):
        one = pair.sides[t]
        outside = one.index[one["reached"]].difference(pair.ends(t), sort=False)
        for unit, status in zip(outside, pair.statuses(t, outside), strict=True):
            names = ("", unit) if t == 0 else (unit, "")
            rows.append((*names, status, status))
    table = pd.DataFrame(rows, columns=["unit", "unit_previous", "move", "cause"], dtype=object)
    for t, name in ((0, "total_previous"), (1, "total")):
        codes = table[["unit_previous", "unit"][t]]
        table.insert(3 + t, name, pair.sides[t]["total"].reindex(codes).to_numpy())
    return table


def leaf_account(change: Change, *, units: list[str] | None = None) -> pd.DataFrame:
    """Performance, scheme and class rule split by leaf: the linear part, and the rest by name.

    Parameters
    ----------
    units : iterable of unit codes, optional
        Their mean; all units of ``change.scores`` when omitted.

    Returns
    -------
    DataFrame, leaves x (performance, scheme, class_rule), in points
        Last row ``rest``: what gate, caps, veto and rounding add to or take from the linear part;
        with it the columns sum to the mean of ``change.scores``. Scheme and class rule are
        centred on each unit's mean attainment: a leaf that gains weight adds where the unit does
        better in it than on the whole.

    Raises
    ------
    ValueError
        If the change has no linear part (totals only, or a node that is no arithmetic mean).
    """
    if not change.leaves:
        raise ValueError("no account by leaf: a year has totals only, or a mean is not arithmetic")
    chosen = change.scores if units is None else change.scores.loc[list(units)]
    table = pd.DataFrame({k: v.loc[chosen.index].mean() for k, v in change.leaves.items()})
    whole = chosen[[SCHEME, CLASS_RULE]].mean()
    whole["performance"] = chosen[change.dimensions].sum(axis=1).mean()
    table.loc["rest"] = whole[table.columns] - table.sum()
    return table
