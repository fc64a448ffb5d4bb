"""Printed numbers, and what each can stand for: intervals, sums on a grid, whole sites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from evallib.publication.hedges import holds

HUNDREDTH = Fraction(1, 100)


def printed_interval(value: Decimal, unit: Fraction) -> tuple[Fraction, Fraction]:
    """What rounds half up to a printed number: low belongs to it, high does not.

    Examples
    --------
    >>> [str(end) for end in printed_interval(Decimal("90.73"), HUNDREDTH)]
    ['3629/40', '18147/200']
    """
    exact = Fraction(value)
    return exact - unit / 2, exact + unit / 2


def last_place(number: Decimal) -> Fraction:
    """One in the last place of a printed number.

    Examples
    --------
    >>> last_place(Decimal("0.1")), last_place(Decimal(25))
    (Fraction(1, 10), Fraction(1, 1))
    """
    return Fraction(1, 10 ** decimals_said(number))


def decimals_said(number: Decimal) -> int:
    """Decimals with which a number is printed."""
    exponent = number.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def possible_sums(
    mean: Decimal, sites: int, *, grid: Fraction, unit: Fraction = HUNDREDTH
) -> list[Fraction]:
    """Sums of so many scores on a grid whose mean prints as given.

    Parameters
    ----------
    mean : Decimal
    sites : int
    grid, unit : Fraction, smallest difference of two scores, and of two printed means

    Notes
    -----
    The GRIM test of Brown and Heathers (2017), doi:10.1177/1948550616673876.

    Examples
    --------
    >>> [str(s) for s in possible_sums(Decimal("90.73"), 3, grid=Fraction("0.1"))]
    ['1361/5']
    >>> possible_sums(Decimal("90.73"), 3, grid=Fraction("0.25"))
    []
    """
    low, high = (end * sites / grid for end in printed_interval(mean, unit))
    first, last = -(-low // 1), -(-high // 1) - 1
    return [grid * k for k in range(int(first), int(last) + 1)]


def sums_agree(
    whole: Decimal, parts: list[tuple[Decimal, int]], *, grid: Fraction, unit: Fraction = HUNDREDTH
) -> bool:
    """Whether group sums on a grid can add up to a sum whose mean prints as ``whole``.

    Parameters
    ----------
    whole : Decimal, printed mean of all
    parts : list of (Decimal, int), printed mean and sites of every group

    Notes
    -----
    Possible sums of a group are a range of the grid, so their Minkowski sum is one, too.

    Examples
    --------
    >>> groups = [(Decimal("89.91"), 52), (Decimal("90.73"), 3)]
    >>> [sums_agree(Decimal(x), groups, grid=HUNDREDTH) for x in ("89.95", "89.96", "90.32")]
    [True, True, False]
    """
    sums = [possible_sums(mean, n, grid=grid, unit=unit) for mean, n in parts]
    total = possible_sums(whole, sum(n for _, n in parts), grid=grid, unit=unit)
    if not total or not all(sums):
        return False
    return max(sum(s[0] for s in sums), total[0]) <= min(sum(s[-1] for s in sums), total[-1])


def fitting_bases(word: str, *, up_to: int) -> list[tuple[int, int]]:
    """Every part and whole, of at most so many sites, of which a hedge word is true.

    Examples
    --------
    >>> [pair for pair in fitting_bases("近20%", up_to=55) if pair[1] in (36, 52)]
    [(7, 36), (10, 52)]
    """
    return [(k, n) for n in range(1, up_to + 1) for k in range(n + 1) if holds(word, k, n)]


def rounding_bases(percent: Decimal, *, up_to: int) -> list[tuple[int, int]]:
    """Every part and whole that round to a percentage in print.

    Examples
    --------
    >>> [pair for pair in rounding_bases(Decimal(14), up_to=55) if pair[1] in (36, 43, 52, 55)]
    [(5, 36), (6, 43)]
    """
    low, high = printed_interval(percent, last_place(percent))
    pairs = [(k, n) for n in range(1, up_to + 1) for k in range(n + 1)]
    return [(k, n) for k, n in pairs if low <= Fraction(100 * k, n) < high]


@dataclass(frozen=True)
class Figure:
    """A printed number: ``what`` is mean, delta, units, at_threshold or percentage.<of a count>."""

    id: str
    what: str
    population: str
    year: int
    value: Decimal
    base_year: int | None = None

    @property
    def unit(self) -> Fraction:
        """One in the last place in which means and their changes are printed."""
        return min(last_place(self.value), HUNDREDTH)


def figures_of_claim(claim: Any) -> Iterator[Figure]:
    """Printed numbers of a claim; a base value is a figure of the earlier year."""
    about = (claim.population, claim.year)
    if claim.kind == "mean":
        yield Figure(claim.id, "mean", *about, claim.value)
    if claim.kind == "count" and claim.of in ("units", "at_threshold"):
        for population, value in claim.expected.items():
            yield Figure(claim.id, claim.of, population, claim.year, value)
    if claim.kind in ("delta", "percentage_change"):
        kinds = {"delta": ("delta", "mean")}
        what, base = kinds.get(claim.kind) or (f"percentage.{claim.of}", claim.of)
        yield Figure(claim.id, what, *about, claim.value, claim.base_year)
        if claim.base_value is not None:
            name = f"{claim.id}.{claim.base_year}"
            yield Figure(name, base, claim.population, claim.base_year, claim.base_value)


def known(figures: list[Figure], what: str) -> dict[tuple[str, int], Figure]:
    """The figures of one sort by population and year."""
    return {(f.population, f.year): f for f in figures if f.what == what}


def sites_of(figures: list[Figure], year: int) -> tuple[dict[str, int], dict[str, int]]:
    """Sites by population, and the parts of ``all`` where one claim prints several."""
    units = [f for f in figures if f.what == "units" and f.year == year]
    sites, ids = {f.population: int(f.value) for f in units}, [f.id for f in units]
    parts = {f.population: int(f.value) for f in units if ids.count(f.id) > 1}
    return ({"all": sum(parts.values())} if parts else {}) | sites, parts
