"""A claim bound to its study: value, denominator, origin; and the figures that it draws on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd

from evallib.publication.facts import Standing, standing
from evallib.publication.sums import decimals_said
from evallib.rounding import format_number
from evallib.scoring import Evaluation, evaluate, rank
from evallib.study.load import Study
from evallib.study.units import members


@dataclass(frozen=True)
class Claim:
    """A claim bound to what the study says about it.

    Attributes
    ----------
    id, kind, year, population
        As the claim has them.
    denominator : int
        How many sites the value rests on.
    value : dict, tuple or None
        Numbers by what they are about; for lists the unit ids by place, tied ones together; for
        a share the sites that have the finding, and of how many; None where external.
    computed : str
        The value in print.
    source : str
        Where the value comes from.
    units, leaves : tuple of str
        The marks that the value rests on are those of these units and leaves.
    remarks : tuple of str
        What a reader should know beside the value.
    decimals : int
        Decimals at which numbers are compared in print.
    rounding : str
        Their rounding.
    """

    id: str
    kind: str
    year: int
    population: str
    denominator: int
    value: Any
    computed: str
    source: str
    units: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    decimals: int = 0
    rounding: str = "half_up"


@dataclass(frozen=True)
class Figures:
    """A study with each year's evaluation computed at most once."""

    study: Study
    evaluation: Callable[[int], Evaluation]
    standing: Callable[[int], Standing]


def figures_of(study: Study) -> Figures:
    """Figures of a study, nothing computed yet."""
    return Figures(study, cache(partial(evaluate, study)), cache(partial(standing, study)))


def within(result: Standing, population: str) -> Standing:
    """A year's totals and places among the units of a population alone."""
    part, rules = members(result.units, population), result.rules
    ranked = result.total.where(result.units["ranked"])[part]
    reaches = pd.Series(np.asarray(result.reaches_threshold), result.units.index)
    return replace(
        result,
        units=result.units.loc[part],
        total=result.total[part],
        rank=rank(ranked, decimals=rules.rank_decimals, ties=rules.ties, rounding=rules.rounding),
        means_of=result.means_of[result.means_of.index.isin(part)],
        reaches_threshold=reaches[part],
    )


def bound(
    figures: Figures,
    claim: Any,
    value: tuple[int | tuple[str, ...], ...] | Mapping[str, float | tuple[float, float]],
    computed: str,
    source: str,
    **more: int | tuple[str, ...],
) -> Claim:
    """A Claim; units are those of its population and the denominator counts them, unless given."""
    units = tuple(members(figures.study.years[claim.year].units, claim.population))
    rules = figures.study.years[claim.year].rules
    facts: dict[str, Any] = {
        "denominator": len(units),
        "units": units,
        "rounding": rules.rounding,
    } | more
    return Claim(
        claim.id,
        claim.kind,
        claim.year,
        claim.population,
        value=value,
        computed=computed,
        source=source,
        **facts,
    )


def decimals_of(claim: Any, usual: int) -> int:
    """Decimals to compare at: the usual ones, or more where more are printed."""
    return max([usual, *(decimals_said(number) for number in claim.expected.values())])


def shown(value: float, decimals: int, rounding: str = "half_up") -> str:
    """A number in print; ``none`` where there is none."""
    return format_number(value, decimals, rounding) if np.isfinite(value) else "none"


def listed(numbers: Mapping[str, float], decimals: int, rounding: str = "half_up") -> str:
    """Numbers in print by what they are about; one alone needs no label."""
    if len(numbers) == 1:
        return shown(next(iter(numbers.values())), decimals, rounding)
    return "; ".join(f"{label} {shown(x, decimals, rounding)}" for label, x in numbers.items())
