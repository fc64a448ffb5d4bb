"""What a published claim says, computed anew from the study, a function for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.publication.bound import (
    Claim,
    Figures,
    bound,
    decimals_of,
    figures_of,
    listed,
    shown,
    within,
)
from evallib.publication.claim_kinds import (
    Count,
    Delta,
    External,
    ImprovedList,
    Index,
    Mean,
    OrderedList,
    PercentageChange,
    Share,
    Weight,
)
from evallib.publication.facts import (
    INDEX_DECIMALS,
    finding_counts,
    group_means,
    most_improved,
    printed_change,
    threshold_counts,
    top_list,
)
from evallib.publication.published import years_of
from evallib.publication.wording import percent
from evallib.rounding import NOISE_DECIMALS
from evallib.scoring import score_index
from evallib.study.units import members


def compute(study: Figures, claim: Any) -> Claim:
    """The claim bound to its value in the study.

    Parameters
    ----------
    study : Study, or Figures of one
    claim : an entry of ``published_claims``

    Raises
    ------
    DataError
        If only totals survive of a year whose marks the claim is about.
    """
    figures = study if isinstance(study, Figures) else figures_of(study)
    return COMPUTE[claim.kind](figures, claim)


def _number_of(figures: Figures, of: str, year: int, population: str) -> int:
    """How many sites of a population there are, reach the threshold, or are vetoed."""
    if of == "vetoed":
        result = figures.evaluation(year)
        return int(result.veto[members(result.units, population)].sum())
    counts = threshold_counts(within(figures.standing(year), population)).loc["all"]
    return int(counts["sites" if of == "units" else "count"])


def _count(figures: Figures, claim: Count) -> Claim:
    value = {part: _number_of(figures, claim.of, claim.year, part) for part in claim.expected}
    sites = sum(_number_of(figures, "units", claim.year, part) for part in claim.expected)
    source = {
        "units": f"units.csv on 31 December {claim.year}",
        "at_threshold": f"printed totals {claim.year}",
        "vetoed": f"adjustments {claim.year}",
    }[claim.of]
    remarks = tuple(_only_in_print(figures, claim)) if claim.of == "at_threshold" else ()
    return bound(
        figures, claim, value, listed(value, 0), source, denominator=sites, remarks=remarks
    )


def _only_in_print(figures: Figures, claim: Count) -> Iterator[str]:
    """Sites that reach the threshold in print while their unrounded total lies below it."""
    data = within(figures.standing(claim.year), claim.population)
    below = data.total.round(NOISE_DECIMALS) < data.rules.threshold
    for unit in data.units.index[data.reaches_threshold & below]:
        name, total = data.units.at[unit, "name_zh"], data.total[unit]
        yield f"{name} ({total:.4f}) reaches {data.rules.threshold:g} in print only"


def _mean_of(figures: Figures, year: int, population: str) -> float:
    return float(group_means(within(figures.standing(year), population))["all"])


def _mean(figures: Figures, claim: Mean) -> Claim:
    rules = figures.study.years[claim.year].rules
    value = {claim.population: _mean_of(figures, claim.year, claim.population)}
    decimals = decimals_of(claim, rules.decimals)
    text = listed(value, decimals, rules.rounding)
    source = f"unrounded totals {claim.year}, every site alike"
    return bound(figures, claim, value, text, source, decimals=decimals)


def _delta(figures: Figures, claim: Delta) -> Claim:
    before, now = (_mean_of(figures, year, claim.population) for year in years_of(claim))
    rules, remarks = figures.study.years[claim.year].rules, tuple[str, ...]()
    if np.isfinite(now - before) and not printed_change(before, now, rules)[2]:
        remarks = ("the printed means differ by another amount",)
    return _changed(figures, claim, before, now, now - before, rules.decimals, "", remarks)


def _percentage_change(figures: Figures, claim: PercentageChange) -> Claim:
    before, now = (
        _number_of(figures, claim.of, year, claim.population) for year in years_of(claim)
    )
    change = 100 * (now - before) / before if before else np.nan
    return _changed(figures, claim, before, now, change, 0, "%", ())


def _changed(
    figures: Figures,
    claim: Delta | PercentageChange,
    before: float,
    now: float,
    change: float,
    usual: int,
    unit: str,
    remarks: tuple[str, ...],
) -> Claim:
    decimals, rounding = decimals_of(claim, usual), figures.study.years[claim.year].rules.rounding
    was, by, became = (shown(x, decimals, rounding) for x in (before, change, now))
    value = {"change": change, str(claim.base_year): before}
    source = f"totals {claim.base_year} and {claim.year}"
    text = f"{by}{unit} ({was} -> {became})"
    return bound(figures, claim, value, text, source, decimals=decimals, remarks=remarks)


def _ordered_list(figures: Figures, claim: OrderedList) -> Claim:
    inside = within(figures.standing(claim.year), claim.population)
    rules = inside.rules.model_copy(update={"top": len(claim.names)})
    table = top_list(replace(inside, rules=rules))
    tied = [
        f"{'、'.join(part['name_zh'])} are tied at {shown(part['total'].iloc[0], rules.decimals)}"
        for _, part in table.groupby("rank")
        if len(part) > 1
    ]
    return _listed(figures, claim, table, f"ranks {claim.year}", tuple(tied))


def _improved_list(figures: Figures, claim: ImprovedList) -> Claim:
    table = most_improved(figures.study, claim.year)
    inside = members(figures.study.years[claim.year].units, claim.population)
    rule = figures.study.years[claim.year].rules.improved
    if rule is None:
        raise DataError(f"{claim.year}/rules.yaml does not say who counts as most improved")
    source = f"ranks {claim.year} and the year before, gain by {rule.by} of at least "
    source += f"{rule.at_least:g} within {rule.within or 'all'}"
    return _listed(figures, claim, table[table.index.isin(inside)], source, ())


def _listed(
    figures: Figures,
    claim: ImprovedList | OrderedList,
    table: pd.DataFrame,
    source: str,
    remarks: tuple[str, ...],
) -> Claim:
    places = tuple(tuple(part.index) for _, part in table.groupby("rank"))
    computed = "、".join(table["name_zh"]) or "none"
    return bound(figures, claim, places, computed, source, remarks=remarks)


def _index(figures: Figures, claim: Index) -> Claim:
    result, nodes = figures.evaluation(claim.year), list(claim.expected)
    part = members(result.units, claim.population)
    decimals = decimals_of(claim, INDEX_DECIMALS)
    sites = result.scores.loc[part, nodes]
    if claim.every:
        spans = {node: (float(sites[node].min()), float(sites[node].max())) for node in nodes}
        text = "; ".join(f"{node} {_range(ends)} over the sites" for node, ends in spans.items())
        value: dict[str, Any] = {**spans}
    else:
        scheme, pooled = result.scheme, score_index(result, units=part)
        siblings = scheme.children(claim.lowest_under) if claim.lowest_under else ()
        value = {node: float(pooled[node]) for node in dict.fromkeys([*nodes, *siblings])}
        text = listed(value, decimals, result.rules.rounding)
    leaves = dict.fromkeys(leaf for node in nodes for leaf in result.scheme.leaves_under(node))
    return bound(
        figures,
        claim,
        value,
        text,
        f"marks {claim.year} of {', '.join(leaves)} over their applicable full marks",
        denominator=int(sites.notna().any(axis=1).sum()),
        leaves=tuple(leaves),
        decimals=decimals,
    )


def _range(ends: tuple[float, ...]) -> str:
    return " to ".join(shown(end, 4) for end in ends)


def _share(figures: Figures, claim: Share) -> Claim:
    data = figures.study.years[claim.year]
    held, applicable = finding_counts(data, claim.finding, claim.population)
    count, sites = held, len(members(data.units, claim.population))
    remarks: tuple[str, ...] = ()
    own = data.rules.findings[claim.finding].population
    if claim.base == "applicable":
        count, sites = finding_counts(data, claim.finding, f"{claim.population} & {own}")
    elif 0 < applicable != sites:
        text = share_text(held, applicable, data.rules.rounding)
        remarks = (f"where it applies: {text}",)
    return bound(
        figures,
        claim,
        (count, sites),
        share_text(count, sites, data.rules.rounding),
        f"findings {claim.year}: {claim.finding}",
        denominator=sites,
        remarks=remarks,
    )


def share_text(count: int, sites: int, rounding: str = "half_up") -> str:
    """A share in print, with its denominator.

    Examples
    --------
    >>> share_text(5, 36)
    '5 of 36 (13.9%)'
    """
    return (
        f"{count} of {sites} ({percent(count, sites, rounding=rounding)})"
        if sites
        else "nobody to ask"
    )


def _weight(figures: Figures, claim: Weight) -> Claim:
    scheme, decimals = figures.study.years[claim.year].tree, decimals_of(claim, 2)
    value = {node: float(100 * scheme.node_weights[node]) for node in claim.values}
    leaves = tuple(leaf for node in claim.values for leaf in scheme.leaves_under(node))
    source, text = f"scheme {claim.year}: per cent of the whole", listed(value, decimals)
    return bound(figures, claim, value, text, source, leaves=leaves, decimals=decimals)


def _external(figures: Figures, claim: External) -> Claim:
    return Claim(claim.id, claim.kind, claim.year, claim.population, 0, None, "", claim.reason)


COMPUTE: dict[str, Callable[[Figures, Any], Claim]] = {
    "count": _count,
    "mean": _mean,
    "delta": _delta,
    "percentage_change": _percentage_change,
    "ordered_list": _ordered_list,
    "improved_list": _improved_list,
    "index": _index,
    "share": _share,
    "weight": _weight,
    "external": _external,
}
