"""Every typed claim that a study can compute for a year, and for the year before beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from evallib.errors import DataError
from evallib.publication import facts
from evallib.publication.bound import Claim, Figures, figures_of, shown, within
from evallib.publication.claims import named_populations
from evallib.publication.recompute import share_text
from evallib.scoring import Evaluation
from evallib.study.model import Study, Year
from evallib.study.scheme import Scheme

# How a claim is called: what it is, of whom, and when, as in `mean:department:2020`,
# `index.F2:department&A:2020`, `delta.mean:all:2019-2020`, `rank:dept01:2020`.
KINDS = {
    "units": "count", "count": "count", "applicable": "count", "mean": "mean", "highest": "total",
    "lowest": "total", "total": "total", "bonus": "total", "penalty": "total", "rank": "rank",
    "share": "share", "median": "mean", "index": "index", "every": "index",
    "order": "ordered_list", "last": "ordered_list",
    "improved": "improved_list", "incomparable": "list", "vetoed": "list", "weight": "weight",
    "points": "weight", "nodes": "weight", "rule": "rule", "delta": "delta", "gains": "delta",
    "percentage": "percentage_change",
}  # fmt: skip
COMPARED = (
    "units",
    "count",
    "mean",
    "median",
    "index",
    "share",
)  # what has a change between two years


@dataclass(frozen=True)
class Sources:
    """One year of a study with what its claims draw on, each computed once."""

    data: Year
    populations: Mapping[str, tuple[str, ...]]
    inside: Callable[[str], facts.Standing]
    result: Evaluation | None

    @property
    def year(self) -> int:
        """The year."""
        return self.data.year

    @property
    def evaluation(self) -> Evaluation:
        """The result; raises DataError where only totals survive."""
        if self.result is None:
            raise DataError(f"{self.year}: only totals survive, so no mark can be looked at")
        return self.result


def claim_id(what: str, population: str, *years: int) -> str:
    """Id of a claim.

    Examples
    --------
    >>> claim_id("delta.mean", "department & A", 2019, 2020)
    'delta.mean:department&A:2019-2020'
    """
    return f"{what}:{population.replace(' ', '')}:{'-'.join(map(str, years))}"


def claims(study: Study, year: int) -> list[Claim]:
    """Every claim that a publication of the year can make and this study can compute.

    Parameters
    ----------
    study : Study
    year : int

    Returns
    -------
    list of Claim
        Of the year, of the year before it where the study has one, and of the change between
        them. Each has population, denominator, value, printed form (``computed``) and the units
        and leaves whose marks it rests on; ``trace`` walks it back to cells.

    Raises
    ------
    DataError
        If the study has no such year.
    """
    from evallib.publication.check.levels import claims_of_change, claims_of_year

    figures, previous = figures_of(study), study.year_before(year)
    now = sources(figures, year)
    found = list(claims_of_year(figures, now))
    if previous is None:
        return found
    then = sources(figures, previous)
    before = list(claims_of_year(figures, then))
    changed = claims_of_change(figures, now, then)
    return [*found, *before, *changed, *_changes(now, then, found, before)]


def sources(figures: Figures, year: int) -> Sources:
    """What the claims of a year draw on."""
    data, standing = figures.study.years[year], figures.standing(year)
    named = named_populations(figures.study, SimpleNamespace(year=year))
    return Sources(
        data,
        {name: tuple(units) for name, units in named.items()},
        cache(partial(within, standing)),
        figures.evaluation(year) if data.scheme else None,
    )


def claim(
    now: Sources,
    what: str,
    population: str,
    value: tuple[float | tuple[float | str, ...], ...] | Mapping[str, float],
    text: str,
    source: str,
    *,
    leaves: Sequence[str] | None = None,
    years: tuple[Any, ...] = (),
    **more: Any,
) -> Claim:
    """A Claim of a year; the marks of all leaves are behind it unless others are named."""
    if leaves is None:
        leaves = now.data.scheme.leaves if now.data.scheme else ()
    units = more.pop("units", now.populations.get(population, ()))
    return Claim(
        claim_id(what, population, *(years or (now.year,))),
        KINDS[what.split(".")[0]],
        now.year,
        population,
        more.pop("denominator", len(units)),
        value,
        text,
        source,
        units,
        tuple(leaves),
        rounding=now.data.rules.rounding,
        **more,
    )


def number(
    now: Sources,
    what: str,
    population: str,
    value: float,
    decimals: int,
    source: str,
    **more: Any,
) -> Claim:
    """A claim of one number."""
    text = shown(value, decimals, now.data.rules.rounding)
    said = {population: float(value)}
    return claim(now, what, population, said, text, source, decimals=decimals, **more)


def part(
    now: Sources, what: str, population: str, k: int, n: int, source: str, **more: Any
) -> Claim:
    """A claim of k out of n."""
    text = share_text(k, n, now.data.rules.rounding)
    return claim(now, what, population, (k, n), text, source, denominator=n, **more)


def listed(
    now: Sources, what: str, population: str, units: list[str], source: str, **more: Any
) -> Claim:
    """A claim of a list of units, one to a place."""
    text = "、".join(now.data.units.loc[list(units), "name_zh"])
    return claim(now, what, population, tuple((u,) for u in units), text, source, **more)


def scalar(found: Claim) -> float:
    """The number of a claim of one number; of k out of n the per cent."""
    if isinstance(found.value, dict):
        return next(iter(found.value.values()))
    k, n = found.value
    return 100 * k / n if n else np.nan


def _changes(
    now: Sources, then: Sources, found: list[Claim], before: list[Claim]
) -> Iterator[Claim]:
    """Difference, and for numbers of points and sites percentage, of what both years have."""
    earlier = {old.id: old for old in before}
    for new in found:
        what, name, _ = new.id.split(":")
        old, kind = earlier.get(f"{what}:{name}:{then.year}"), what.split(".")[0]
        fixed = what in ("count.above", "count.below", "count.vetoed")
        if old is None or kind not in COMPARED or fixed or new.population not in now.populations:
            continue
        if not _same_node(what, now.data.scheme, then.data.scheme):
            continue
        a, b = scalar(old), scalar(new)
        yield change_claim(now, then, "delta", new, old, b - a)
        if kind in ("units", "count", "mean") and a:
            yield change_claim(now, then, "percentage", new, old, 100 * (b - a) / a)


def _same_node(what: str, *schemes: Scheme | None) -> bool:
    """Whether a node is the same in both years, as far as its name says."""
    code = what.removeprefix("index.")
    names = [scheme.names().get(code) if scheme else None for scheme in schemes]
    return not what.startswith("index.") or (names[0] is not None and names[0] == names[1])


def change_claim(
    now: Sources, then: Sources, what: str, new: Claim, old: Claim, value: float
) -> Claim:
    """A claim of the change between two claims of one number each: ``delta`` or ``percentage``."""
    per_cent = what == "percentage"
    decimals = max(new.decimals, 1) if per_cent or new.kind == "share" else new.decimals
    text = shown(value, decimals, new.rounding) + "%" * per_cent
    return claim(
        now,
        f"{what}.{new.id.split(':')[0]}",
        new.population,
        {new.population: value, str(then.year): scalar(old)},
        f"{text} ({old.computed} -> {new.computed})",
        f"{old.source}; {new.source}",
        leaves=new.leaves,
        years=(then.year, now.year),
        denominator=new.denominator,
        decimals=decimals,
    )
