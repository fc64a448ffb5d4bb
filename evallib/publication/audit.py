"""Forensics on printed aggregates alone: can any data produce them, and what do they give away?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pandas as pd

from evallib.errors import DataError, Fault, StudyError
from evallib.publication.published import PublishedFile, dated
from evallib.publication.sums import (
    Figure,
    figures_of_claim,
    fitting_bases,
    known,
    last_place,
    possible_sums,
    printed_interval,
    rounding_bases,
    sites_of,
    sums_agree,
)
from evallib.rounding import format_number
from evallib.study.tables import read_yaml

GRIDS = tuple(Fraction(step) for step in ("0.01", "0.05", "0.1", "0.25", "0.5", "1"))
SMALL = 5  # sites: the sums of groups of fewer are listed as given away


@dataclass(frozen=True)
class Audit:
    """Whether printed figures can be true together.

    Attributes
    ----------
    possible : bool
        Whether any data can produce means, changes, counts and percentages as printed.
    checks : DataFrame
        ``check, claims, holds, note``: that, and every single test, of shares and grids, too.
    misprints : tuple of tuples of claim ids
        The smallest sets of figures without which the rest can be true; empty when all can.
    readings : dict of claim id to str
        For a mean that is a misprint by itself, what it should read.
    disclosed : DataFrame
        ``claim, population, sites, low, high, note``: sums of small groups that are given away.
    """

    possible: bool
    checks: pd.DataFrame
    misprints: tuple[tuple[str, ...], ...]
    readings: dict[str, str]
    disclosed: pd.DataFrame


def audit(path: Path, *, grids: tuple[Fraction, ...] = GRIDS) -> Audit:
    """Audit of the claims of a ``published.yaml``, without any study.

    Parameters
    ----------
    path : path of the file; the name of its folder is the year
    grids : steps of scores to try

    Raises
    ------
    StudyError
        If the file is faulty or does not exist.
    DataError
        If the folder's name is no year.
    """
    path, faults = Path(path), list[Fault]()
    if not path.is_file():
        raise StudyError([Fault(path.name, None, None, "no such file", "name a published.yaml")])
    content = read_yaml(path, PublishedFile, path.name, faults)
    if faults or content is None:
        raise StudyError(faults)
    year = path.resolve().parent.name
    if not re.fullmatch(r"\d{4}", year):
        raise DataError(f"{path.name}: its folder says no year; put it into a folder such as 2020")
    return audit_claims([dated(claim, int(year)) for claim in content.claims], grids=grids)


def audit_claims(claims: list[Any], *, grids: tuple[Fraction, ...] = GRIDS) -> Audit:
    """As ``audit``, of claims that are read and dated."""
    figures = [figure for claim in claims for figure in figures_of_claim(claim)]
    possible, ids = _feasible(figures), tuple(dict.fromkeys(f.id for f in figures))
    misprints = () if possible else _corrections(figures, ids)
    single = [gone[0] for gone in misprints if len(gone) == 1]
    rows = [
        ("all together", ids, possible, ""),
        *_count_rows(figures),
        *_share_rows(claims, figures),
        *_grid_rows(figures, grids),
    ]
    given = ["claim", "population", "sites", "low", "high", "note"]
    return Audit(
        possible,
        pd.DataFrame(rows, columns=["check", "claims", "holds", "note"]),
        misprints,
        {name: text for name in single if (text := _reading(figures, name))},
        pd.DataFrame(_disclosed(figures, grids), columns=given),
    )


def _count_rows(figures: list[Figure]) -> Iterator[tuple[str, tuple[str, ...], bool, str]]:
    """Tests of counts: percentages of their change, and no more than there are."""
    for f in (f for f in figures if f.what.startswith("percentage.")):
        counts = known(figures, f.what.removeprefix("percentage."))
        now, base = (counts.get((f.population, year or 0)) for year in (f.year, f.base_year))
        if now and base and base.value:
            low, high = printed_interval(f.value, last_place(f.value))
            change = 100 * (Fraction(now.value) / Fraction(base.value) - 1)
            note = f"{base.value} to {now.value} is {format_number(float(change), 2)}%"
            ids = (base.id, now.id, f.id)
            yield "percentage of change", ids, low <= change <= high, note
    for (population, year), f in known(figures, "at_threshold").items():
        n = sites_of(figures, year)[0].get(population)
        if n is not None:
            yield "no more than there are", (f.id,), f.value <= n, f"{f.value} of {n}"


def _constraints(
    figures: list[Figure],
) -> Iterator[tuple[dict[tuple[str, int], Fraction], Fraction, bool]]:
    """Inequalities on true means: coefficients by population and year, bound, strict."""
    one = Fraction(1)
    for f in figures:
        now, then = (f.population, f.year), (f.population, f.base_year or 0)
        value = Fraction(f.value)
        if f.what == "mean":
            low, high = printed_interval(f.value, f.unit)
            yield from [({now: -one}, -low, False), ({now: one}, high, True)]
        if f.what == "delta":  # of unrounded means or of the printed ones: within a unit
            yield {now: one, then: -one}, f.unit + value, True
            yield {now: -one, then: one}, f.unit - value, True
    for year in sorted({f.year for f in figures if f.what == "units"}):
        sites, parts = sites_of(figures, year)
        if parts and sites["all"] == sum(parts.values()):
            for sign in (one, -one):
                shares = {(p, year): -sign * Fraction(n, sites["all"]) for p, n in parts.items()}
                yield shares | {("all", year): sign}, Fraction(0), False


def _reduced(
    rows: list[tuple[dict[tuple[str, int], Fraction], Fraction, bool]],
    keep: tuple[str, int] | None = None,
) -> list[tuple[dict[tuple[str, int], Fraction], Fraction, bool]]:
    """Fourier-Motzkin elimination: the inequalities without any variable but one."""
    for variable in sorted({key for row, _, _ in rows for key in row} - {keep}):
        up = [row for row in rows if row[0].get(variable, 0) > 0]
        down = [row for row in rows if row[0].get(variable, 0) < 0]
        rows = [row for row in rows if not row[0].get(variable)]
        for (a, x, s), (b, y, t) in product(up, down):
            p, q = 1 / a[variable], -1 / b[variable]
            joined = {key: p * a.get(key, 0) + q * b.get(key, 0) for key in {*a, *b}}
            rows.append(({k: c for k, c in joined.items() if c}, p * x + q * y, s or t))
    return rows


def _feasible(figures: list[Figure]) -> bool:
    """Whether means, changes and counts can hold together."""
    rows = _reduced(list(_constraints(figures)))
    linear = all(bound > 0 or (bound == 0 and not strict) for _, bound, strict in rows)
    return linear and all(holds for _, _, holds, _ in _count_rows(figures))


def _corrections(figures: list[Figure], ids: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The smallest sets of figures that have to be wrong for the rest to be right."""
    for size in range(1, len(ids) + 1):
        found = [
            gone
            for gone in combinations(ids, size)
            if _feasible([f for f in figures if f.id not in gone])
        ]
        if found:
            return tuple(found)
    return ()


def _reading(figures: list[Figure], name: str) -> str:
    """What a mean should read if it alone is wrong."""
    wrong = next(f for f in figures if f.id == name)
    key, rest = (wrong.population, wrong.year), [f for f in figures if f.id != name]
    rows = _reduced(list(_constraints(rest)), key) if wrong.what == "mean" else []
    low = [b / row[key] for row, b, _ in rows if row.get(key, 0) < 0]
    high = [b / row[key] for row, b, _ in rows if row.get(key, 0) > 0]
    if not (low and high):
        return ""
    ends = dict.fromkeys(format_number(float(end), 2) for end in (max(low), min(high)))
    return " to ".join(ends)


def _share_rows(
    claims: list[Any], figures: list[Figure]
) -> Iterator[tuple[str, tuple[str, ...], bool, str]]:
    """Whether a share fits whole sites of its population, and which bases it would fit."""
    for claim in (c for c in claims if c.kind == "share"):
        sites, _ = sites_of(figures, claim.year)
        n, number = sites.get(claim.population), re.search(r"(\d+(?:\.\d+)?)%", claim.word)
        if n is None:
            continue
        up_to = max(sites.values())
        rounds = rounding_bases(Decimal(number[1]), up_to=up_to) if number else []
        pairs = rounds if claim.percent is not None else fitting_bases(claim.word, up_to=up_to)
        mine = [k for k, whole in pairs if whole == n]
        span = f"{mine[0]} to {mine[-1]}" if len(mine) > 1 else "".join(map(str, mine)) or "none"
        note = f"{span} of {n}"
        if number:
            bases = ", ".join(str(base) for base in sorted({whole for _, whole in rounds}))
            note += f"; rounds to {number[0]} of {bases or 'none'}"
        yield "share of whole sites", (claim.id,), bool(mine), note


def _grid_rows(
    figures: list[Figure], grids: tuple[Fraction, ...]
) -> Iterator[tuple[str, tuple[str, ...], bool, str]]:
    """On which grids the scores behind each mean can lie, and all of them together."""
    means = known(figures, "mean")
    for (population, year), f in means.items():
        sites, parts = sites_of(figures, year)
        if population not in sites:
            continue
        sums = {g: possible_sums(f.value, sites[population], grid=g, unit=f.unit) for g in grids}
        fits = [grid for grid in grids if sums[grid]]
        note = f"possible {_steps(fits)}; impossible {_steps(set(grids) - set(fits))}"
        yield f"grid of {sites[population]} scores", (f.id,), bool(fits), note
        if population == "all" and parts and all((part, year) in means for part in parts):
            pairs = [(means[part, year].value, n) for part, n in parts.items()]
            fits = [g for g in grids if sums_agree(f.value, pairs, grid=g, unit=f.unit)]
            ids = (f.id, *(means[part, year].id for part in parts))
            plain = sum((Fraction(value) for value, _ in pairs), Fraction()) / len(pairs)
            note = f"possible {_steps(fits)}"
            if not fits and abs(plain - Fraction(f.value)) <= f.unit / 2:
                note += f"; {f.value} is the plain mean of the group means"
            yield "group sums add up", ids, bool(fits), note


def _steps(grids: Iterable[Fraction]) -> str:
    return ", ".join(f"{float(grid):g}" for grid in sorted(grids)) or "none"


def _disclosed(
    figures: list[Figure], grids: tuple[Fraction, ...]
) -> Iterator[tuple[float | str, ...]]:
    for (population, year), f in known(figures, "mean").items():
        n = sites_of(figures, year)[0].get(population)
        if n is None or n >= SMALL:
            continue
        low, high = (float(end * n) for end in printed_interval(f.value, f.unit))
        note = "the score" if n == 1 else f"the sum; who knows {n - 1} of its scores knows the last"
        for grid in grids:
            sums = possible_sums(f.value, n, grid=grid, unit=f.unit)
            note += f"; exactly {float(sums[0]):g} on {float(grid):g}" if len(sums) == 1 else ""
        yield f.id, population, n, low, high, note
