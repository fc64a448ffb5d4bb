"""Claims of a publication held against the study: a verdict on each, and the base that fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evallib.publication.bound import Claim, Figures, figures_of
from evallib.publication.claim_kinds import Index, Share, print_form
from evallib.publication.facts import populations
from evallib.publication.hedges import holds
from evallib.publication.published import published_claims, years_of
from evallib.publication.recompute import compute
from evallib.publication.sums import decimals_said
from evallib.rounding import NOISE_DECIMALS, print_units
from evallib.study.model import Study
from evallib.study.units import members

if TYPE_CHECKING:
    from types import SimpleNamespace

SUPPORTED, ROUNDING, CONTRADICTED, EXTERNAL = "supported", "rounding", "contradicted", "external"
VERDICTS = (SUPPORTED, ROUNDING, CONTRADICTED, EXTERNAL)
OF_TWO = ("delta", "percentage_change")  # kinds that two numbers give, which may be printed ones
COLUMNS = ["id", "kind", "population", "printed", "computed", "verdict", "note"]


def compare_claims(study: Study, year: int) -> pd.DataFrame:
    """Every claim of a year's publication beside what the study says.

    Returns
    -------
    DataFrame
        ``id, kind, population, printed, computed, verdict, note``; a row per claim, in the order
        of ``published.yaml``, none without that file.

    Raises
    ------
    StudyError
        If ``published.yaml`` names what the study does not have.

    Notes
    -----
    ``supported``: true as printed. ``rounding``: true, but rounded or written otherwise.
    ``contradicted``: not true of these data; the note names any population of which it would be.
    ``external``: these data cannot decide it.
    """
    figures = figures_of(study)
    rows = [_row(figures, claim) for claim in published_claims(study, year)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(figures: Figures, claim: Any) -> tuple[str, ...]:
    computed = compute(figures, claim)
    found = verdict(claim, computed)
    notes = [claim.note, *computed.remarks, *_forms(claim), *_unrounded(found, computed)]
    if found == CONTRADICTED:
        notes += [f"holds of {name}: {text}" for name, text in _fitting(figures, claim)]
    if found == EXTERNAL:
        notes.insert(0, claim.reason)
    note = "; ".join(filter(None, notes))
    return claim.id, claim.kind, claim.population, claim.printed, computed.computed, found, note


def verdict(claim: Any, computed: Claim) -> str:
    """What to say of a claim, given what was computed for it.

    Parameters
    ----------
    claim : an entry of ``published_claims``
    computed : Claim
        From ``compute``.

    Returns
    -------
    {"supported", "rounding", "contradicted", "external"}
    """
    if claim.kind == "external":
        return EXTERNAL
    if claim.kind == "ordered_list":
        strict = tuple((unit,) for unit in claim.names)
        return SUPPORTED if computed.value == strict else CONTRADICTED
    if claim.kind == "improved_list":
        return _unordered_verdict(claim.names, computed.value)
    if claim.kind == "share":
        return _share_verdict(claim, computed)
    if claim.kind == "index" and claim.every:
        return _worst(_every_verdict(p, computed, n) for n, p in claim.expected.items())
    found = [_printed_verdict(p, computed, label) for label, p in claim.expected.items()]
    if claim.kind == "index" and claim.lowest_under and not _are_lowest(claim, computed):
        found.append(CONTRADICTED)
    return _worst([*found, *(ROUNDING for _ in _forms(claim))])


def number_verdict(
    printed: Decimal,
    value: float,
    *,
    decimals: int,
    rounding: str = "half_up",
    of_two: bool = False,
) -> str:
    """Whether a printed number is the value, the value rounded otherwise or cut off, or neither.

    A change (``of_two``) may also be that of two printed numbers, up to a whole unit away.

    Examples
    --------
    >>> [number_verdict(Decimal(p), 89.9531, decimals=2) for p in ("89.95", "89.96")]
    ['supported', 'contradicted']
    >>> [number_verdict(Decimal(p), 89.9571, decimals=2) for p in ("89.95", "89.94")]
    ['rounding', 'contradicted']
    """
    if not np.isfinite(value):
        return CONTRADICTED
    wanted = printed.scaleb(decimals)
    shifted, said = round(value * 10.0**decimals, NOISE_DECIMALS - decimals), float(wanted)
    if shifted == said or wanted == int(print_units([value], decimals, rounding)[0]):
        return SUPPORTED
    away = abs(shifted - said)
    if away >= 1 or float(value) == int(value):
        return CONTRADICTED
    return ROUNDING if of_two or abs(said) < abs(shifted) or away <= 0.5 else CONTRADICTED


def _printed_verdict(printed: Decimal, computed: Claim, label: str) -> str:
    return number_verdict(
        printed,
        computed.value[label],
        decimals=computed.decimals,
        rounding=computed.rounding,
        of_two=computed.kind in OF_TWO,
    )


def _worst(verdicts: Iterable[str]) -> str:
    return max(verdicts, key=VERDICTS.index)


def _every_verdict(printed: Decimal, computed: Claim, node: str) -> str:
    """Each site has exactly the index; ``rounding`` where some only print it."""
    ends = computed.value[node]
    shown = [
        number_verdict(printed, end, decimals=computed.decimals, rounding=computed.rounding)
        for end in ends
    ]
    exact = all(round(end, NOISE_DECIMALS) == float(printed) for end in ends)
    if shown == [SUPPORTED, SUPPORTED]:
        return SUPPORTED if exact else ROUNDING
    return CONTRADICTED


def _are_lowest(claim: Index, computed: Claim) -> bool:
    """Whether every node named lies below each sibling that is not."""
    lowest = max(computed.value[node] for node in claim.expected)
    others = [x for node, x in computed.value.items() if node not in claim.expected]
    return all(round(x - lowest, NOISE_DECIMALS) > 0 for x in others)


def _unordered_verdict(names: tuple[str, ...], places: tuple[tuple[str, ...], ...]) -> str:
    """The same units in the rank order; ``rounding`` where only the order differs."""
    place = {unit: position for position, tied in enumerate(places) for unit in tied}
    if set(names) != set(place):
        return CONTRADICTED
    found = [place[unit] for unit in names]
    return SUPPORTED if found == sorted(found) else ROUNDING


def _share_verdict(claim: Share, computed: Claim) -> str:
    count, sites = computed.value
    if not sites:
        return CONTRADICTED
    if claim.percent is None:
        return SUPPORTED if holds(claim.word, count, sites) else CONTRADICTED
    decimals = decimals_said(claim.percent)
    return number_verdict(
        claim.percent, 100 * count / sites, decimals=decimals, rounding=computed.rounding
    )


def _forms(claim: Any) -> Iterator[str]:
    """Remarks on numbers that are written otherwise than officials write them."""
    for number in claim.expected.values():
        wanted, found = print_form(number), claim.numerals
        if found and wanted not in found:
            yield f"printed otherwise than {wanted}"


def _unrounded(found: str, computed: Claim) -> Iterator[str]:
    """The unrounded numbers behind a verdict of ``rounding``."""
    if found == ROUNDING and isinstance(computed.value, dict):
        numbers = np.ravel(list(computed.value.values()))
        yield f"unrounded {', '.join(f'{x:.{computed.decimals + 3}f}' for x in numbers)}"


def _fitting(figures: Figures, claim: Any) -> Iterator[tuple[str, str]]:
    """Other populations of which the claim would be true as printed, and their figures."""
    if claim.kind in ("improved_list", "weight") or (claim.kind == "count" and claim.values):
        return
    tried = {frozenset(compute(figures, claim).units)}
    for name, units in named_populations(figures.study, claim).items():
        if frozenset(units) in tried:
            continue
        tried.add(frozenset(units))
        other = compute(figures, claim.model_copy(update={"population": name}))
        if verdict(claim.model_copy(update={"population": name}), other) == SUPPORTED:
            yield name, other.computed


def named_populations(study: Study, claim: Share | SimpleNamespace) -> dict[str, pd.Index]:
    """Unit ids of all, each group, each class, and each class of a group in the claim's years."""
    units = study.years[claim.year].units
    groups = list(populations(units))
    classes = [c for c in dict.fromkeys(units["class"]) if c]
    pairs = [f"{group} & {c}" for group, c in product(groups[1:], classes)]
    found = {name: members(units, name) for name in [*groups, *classes, *pairs]}
    bases = [study.years[year].units for year in years_of(claim)]
    return {
        name: part
        for name, part in found.items()
        if len(part) and all(_known(base, name) for base in bases)
    }


def _known(units: pd.DataFrame, population: str) -> bool:
    terms = {term.strip() for term in population.split("&")}
    return terms <= {"all", *units["group"], *units["class"]}
