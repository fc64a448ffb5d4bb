"""The scoring engine: from a year's marks to totals, places and bands.

What decides a published number is here once, or in ``aggregation``: when bonus points count,
what a veto does, what a rank is, and what a score index of a population is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from evallib.aggregation import leaf_index, leaf_mass, leaf_missing, node_scores
from evallib.errors import DataError
from evallib.rounding import NOISE_DECIMALS, format_number, print_units, round_number
from evallib.study.load import Study, Year
from evallib.study.rules import Rules
from evallib.study.scheme import Scheme

__all__ = [
    "Evaluation",
    "adjustments",
    "evaluate",
    "evaluate_year",
    "granted",
    "node_scores",
    "printed_totals",
    "rank",
    "score_index",
    "total_points",
]

Points: TypeAlias = np.ndarray | pd.Series
Table: TypeAlias = pd.DataFrame | pd.Series
FAIL = "fail"  # printed instead of a total after a single-item veto


@dataclass(frozen=True)
class Evaluation:
    """One year's result. All tables are indexed by unit.

    Attributes
    ----------
    index : DataFrame, units x leaves
        Score index 0 to 1 (beyond for leaves that keep outside values); NaN where a leaf does
        not count for the unit.
    mass : DataFrame, units x leaves
        Share of the unit's total that each leaf carries; rows sum to 1, 0 where it does not count.
    missing : DataFrame of bool, units x leaves
        Leaves that apply and do not count for want of a mark: siblings carry their weight.
    scores : DataFrame, units x all nodes
        Score index of every node; NaN where nothing below it counts.
    base : Series
        Score index of the root x scale.
    awarded : Series
        Bonus points before gate and cap.
    bonus, penalty : Series
        Points granted, after gate and cap; both non-negative.
    veto : Series of bool
    total : Series
        base + bonus - penalty, unrounded; under a veto the fixed total, or NaN.
    printed : Series of str
    rank, group_rank : Series of Int64
        1 is best; missing for units that are not ranked.
    band : Series of str
        Code of the band reached; empty without bands.
    """

    study: str
    year: int
    provenance: str
    scheme: Scheme
    rules: Rules
    units: pd.DataFrame
    index: pd.DataFrame
    mass: pd.DataFrame
    missing: pd.DataFrame
    scores: pd.DataFrame
    base: pd.Series
    awarded: pd.Series
    bonus: pd.Series
    penalty: pd.Series
    veto: pd.Series
    total: pd.Series
    printed: pd.Series
    rank: pd.Series
    group_rank: pd.Series
    band: pd.Series

    @property
    def means_of(self) -> pd.Series:
        """Totals that enter a mean: without vetoed units, or with them if the rules say so."""
        if self.rules.veto.in_mean:
            return self.total.fillna(0.0)
        return self.total[~self.veto]

    @property
    def reaches_threshold(self) -> pd.Series:
        """Whether the printed total is at or above the threshold."""
        shown = round_number(self.total, self.rules.decimals, self.rules.rounding)
        return pd.Series(shown >= self.rules.threshold, index=self.total.index)


def evaluate(study: Study, year: int) -> Evaluation:
    """Scores, totals and ranks of one year of a study.

    Raises
    ------
    DataError
        If the study has no such year, or only totals of it.

    Notes
    -----
    The composite indicator is the weighted arithmetic mean of leaf indices unless the scheme
    says otherwise: OECD/JRC (2008), Handbook on Constructing Composite Indicators, step 7.
    """
    if year not in study.years:
        raise DataError(
            f"study {study.code} has no year {year}; it has {', '.join(map(str, study.years))}"
        )
    return evaluate_year(study.years[year], study=study.code, provenance=study.provenance)


def evaluate_year(year: Year, *, study: str, provenance: str) -> Evaluation:
    """Scores, totals and ranks of a Year, wherever it came from."""
    if year.scheme is None:
        raise DataError(f"{study} {year.year}: only totals survive, so there is nothing to score")
    scheme, rules, units = year.scheme, year.rules, year.units
    index, mass = leaf_index(year), leaf_mass(year)
    scores = pd.DataFrame(
        node_scores(index.to_numpy(), mass.to_numpy(), scheme, rules), units.index, scheme.codes
    )
    base = scores[scheme.root] * rules.scale
    awarded, penalised, veto = adjustments(year)
    bonus, penalty = granted(base, awarded, penalised, rules)
    total = total_points(base, bonus, penalty, veto, rules)
    ranked = total.where(units["ranked"])
    places = rank(ranked, decimals=rules.rank_decimals, ties=rules.ties, rounding=rules.rounding)
    return Evaluation(
        study,
        year.year,
        provenance,
        scheme,
        rules,
        units,
        index,
        mass,
        leaf_missing(year),
        scores,
        base,
        awarded,
        bonus,
        penalty,
        veto,
        total,
        printed_totals(total, veto, rules),
        places,
        _group_ranks(ranked, units["group"], rules),
        _bands(total, rules),
    )


def adjustments(year: Year) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Sums of bonus and penalty points of each unit, ungated and uncapped, and who is vetoed."""
    rows, units = year.adjustments, year.units.index
    sums = {
        kind: rows[rows["kind"] == kind].groupby("unit")["points"].sum().astype(float)
        for kind in ("bonus", "penalty")
    }
    bonus, penalty = (sums[kind].reindex(units, fill_value=0.0) for kind in sums)
    vetoed = rows.loc[rows["kind"] == "veto", "unit"]
    return bonus, penalty, pd.Series(units.isin(vetoed), index=units)


def granted(base: Points, bonus: Points, penalty: Points, rules: Rules) -> tuple[Points, Points]:
    """Summed points after the gate (only where base > gate) and the caps."""
    if rules.bonus.gate is not None:
        bonus = np.where(np.round(base, NOISE_DECIMALS) > rules.bonus.gate, 1.0, 0.0) * bonus
    return _capped(bonus, rules.bonus.cap), _capped(penalty, rules.penalty.cap)


def _capped(points: Points, cap: float | None) -> Points:
    return points if cap is None else np.minimum(points, cap)


def total_points(base: Table, bonus: Points, penalty: Points, veto: Points, rules: Rules) -> Table:
    """base + bonus - penalty; under a veto the fixed total, or NaN where there is none."""
    fixed = np.nan if rules.veto.total is None else rules.veto.total
    return (base + bonus - penalty).where(~veto, fixed)


def printed_totals(total: pd.Series, veto: pd.Series, rules: Rules) -> pd.Series:
    """Totals as they are printed; ``fail`` after a veto without total."""
    texts = [
        "" if np.isnan(value) else format_number(value, rules.decimals, rules.rounding)
        for value in total
    ]
    return pd.Series(texts, index=total.index, dtype=object).mask(total.isna() & veto, FAIL)


def rank(
    values: pd.Series, *, decimals: int, ties: str = "min", rounding: str = "half_up"
) -> pd.Series:
    """Places by descending value, ties decided at a stated precision; 1 is best.

    Parameters
    ----------
    values : Series of float
        NaN gets no place.
    decimals : int
        Values that print the same at so many decimals are tied.
    ties : {"min", "dense"}
        Competition ranking (1 2 2 4) or dense ranking (1 2 2 3).

    Returns
    -------
    Series of Int64

    Examples
    --------
    >>> totals = pd.Series({"a": 91.004, "b": 91.001, "c": 93.0, "d": 80.0})
    >>> rank(totals, decimals=2).tolist(), rank(totals, decimals=2, ties="dense").tolist()
    ([2, 2, 1, 4], [2, 2, 1, 3])
    """
    known = values.dropna()
    units = pd.Series(print_units(known, decimals, rounding), index=known.index)
    return units.rank(method=ties, ascending=False).astype("Int64").reindex(values.index)


def _group_ranks(ranked: pd.Series, groups: pd.Series, rules: Rules) -> pd.Series:
    parts = [
        rank(part, decimals=rules.rank_decimals, ties=rules.ties, rounding=rules.rounding)
        for _, part in ranked.groupby(groups, sort=False)
    ]
    return pd.concat(parts).reindex(ranked.index)


def _bands(total: pd.Series, rules: Rules) -> pd.Series:
    shown = round_number(total, rules.decimals, rules.rounding)
    ordered = sorted(rules.bands, key=lambda band: -band.at_least)
    return pd.Series(
        [next((b.code for b in ordered if value >= b.at_least), "") for value in shown],
        index=total.index,
        dtype=object,
    )


def score_index(
    result: Evaluation, *, by: str | None = None, units: pd.Index | list[str] | None = None
) -> Table:
    """Score index of every node over a population: sum of marks / sum of applicable full marks.

    Parameters
    ----------
    result : Evaluation
    by : str, optional
        Column of ``result.units`` (``"group"``, ``"class"``); one column per value.
    units : Index of unit ids, optional
        Only these; all when omitted.

    Returns
    -------
    Series over nodes, or with ``by`` a DataFrame nodes x groups
        0 to 1, unrounded; NaN where a node applies to nobody.

    Notes
    -----
    A sum of marks has no meaning with nodes that are no arithmetic means, with rounding between
    tiers, or where absent leaves hand their weight to siblings (``within_parent``, ``spread``,
    ``sibling_mean``); there it is the plain mean of the units' indices.
    """
    chosen = result.units.loc[result.units.index if units is None else units]
    if by is None:
        return _pooled_index(result, chosen.index)
    return pd.DataFrame(
        {name: _pooled_index(result, part.index) for name, part in chosen.groupby(by, sort=False)}
    )


def _pooled_index(result: Evaluation, units: pd.Index) -> pd.Series:
    rules = result.rules
    handed_on = (
        rules.not_applicable in ("within_parent", "spread") or rules.missing == "sibling_mean"
    )
    if handed_on or not result.scheme.is_linear or rules.tier_decimals is not None:
        return result.scores.loc[units].mean()
    index = result.index.loc[units].to_numpy()
    weights, under = result.scheme.weights.to_numpy(), result.scheme.under.to_numpy()
    earned = (np.nan_to_num(index) * weights).sum(axis=0) @ under
    available = (np.isfinite(index) * weights).sum(axis=0) @ under
    with np.errstate(invalid="ignore", divide="ignore"):
        return pd.Series(
            np.where(available > 0, earned / available, np.nan), index=result.scheme.codes
        )
