"""The claims of a printed publication: ``<year>/published.yaml`` read and held to its study."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Any

from pydantic import BaseModel, ConfigDict

from evallib.errors import Fault, StudyError
from evallib.publication.claim_kinds import Entry, ImprovedList, Index, OrderedList, Weight
from evallib.study.model import Study
from evallib.study.scheme import Scheme
from evallib.study.tables import read_yaml
from evallib.study.units import members


class PublishedFile(BaseModel):
    """``published.yaml``: where the claims were printed, and the claims."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: str = ""
    claims: tuple[Entry, ...] = ()


def published_claims(study: Study, year: int) -> tuple[Any, ...]:
    """The typed claims of ``<year>/published.yaml``; none where the year has no such file.

    Raises
    ------
    StudyError
        With every fault at once: unknown keys and kinds, populations, nodes, findings, names and
        years that the study does not have, one id twice.
    """
    file, faults = f"{year}/published.yaml", list[Fault]()
    content = read_yaml(study.path / str(year) / "published.yaml", PublishedFile, file, faults)
    claims = tuple(dated(claim, year) for claim in (content.claims if content else ()))
    faults += list(claim_faults(study, claims, file))
    if faults:
        raise StudyError(faults)
    return tuple(identified(study, claim) for claim in claims)


def dated(claim: Any, year: int) -> Any:
    """The claim with the publication's year where it names none."""
    return claim if claim.year else claim.model_copy(update={"year": year})


def identified(study: Study, claim: Any) -> Any:
    """The claim with unit ids for the names that it lists."""
    if claim.kind not in ("ordered_list", "improved_list"):
        return claim
    known = units_by_name(study, claim.year)
    return claim.model_copy(update={"names": tuple(known[name] for name in claim.names)})


def claim_faults(study: Study, claims: tuple[Any, ...], file: str) -> Iterator[Fault]:
    """Faults of claims that only the study can show, by claim and key."""
    seen = set()
    for claim in claims:
        if claim.id in seen:
            yield _fault(file, claim, "id", "the id stands twice", "give each claim its own")
        seen.add(claim.id)
        unknown = [year for year in years_of(claim) if year not in study.years]
        for year in unknown:
            known = ", ".join(map(str, study.years))
            yield _fault(file, claim, "year", f"the study has no year {year}", f"it has {known}")
        if not unknown and claim.kind != "external":
            yield from _unknown(study, claim, file)


def units_by_name(study: Study, year: int) -> dict[str, str]:
    """Unit id by every name that is valid on 31 December of the year, and by the id itself."""
    units, day = study.years[year].units, date(year, 12, 31)
    aliases = {
        row.alias: row.unit
        for row in study.aliases.itertuples()
        if row.unit in units.index and row.valid_from <= day <= row.valid_to
    }
    names = {name: unit for unit, name in units["name_zh"].items()}
    return aliases | names | {unit: unit for unit in units.index}


def years_of(claim: Any) -> list[int]:
    """The years that a claim speaks of, the base year first."""
    return [year for year in (getattr(claim, "base_year", None), claim.year) if year]


def _unknown(study: Study, claim: Any, file: str) -> Iterator[Fault]:
    """Populations, nodes, findings and names of a claim that the study does not have."""
    named = list(claim.values) if claim.kind == "count" and claim.values else [claim.population]
    for year, population in product(years_of(claim), named):
        try:
            members(study.years[year].units, population)
        except ValueError as error:
            remedy = f"name a population of {year}"
            yield _fault(file, claim, "population", str(error), remedy)
    data = study.years[claim.year]
    if claim.kind in ("index", "weight"):
        yield from _unknown_nodes(data.scheme, claim, file)
    if claim.kind == "share" and claim.finding not in data.rules.findings:
        known = ", ".join(data.rules.findings) or "none"
        problem = f"{claim.finding!r} is no finding of {claim.year}"
        yield _fault(file, claim, "finding", problem, f"known are {known}")
    if claim.kind == "improved_list" and data.rules.improved is None:
        problem = f"the rules of {claim.year} do not say who counts as most improved"
        yield _fault(file, claim, "kind", problem, "state `improved` in rules.yaml")
    if claim.kind in ("ordered_list", "improved_list"):
        yield from _unknown_names(study, claim, file)


def _unknown_nodes(scheme: Scheme | None, claim: Index | Weight, file: str) -> Iterator[Fault]:
    named = [*claim.expected, *filter(None, [getattr(claim, "lowest_under", None)])]
    for node in named:
        if scheme is None or node not in scheme.codes:
            problem = f"{node!r} is no node of the {claim.year} scheme"
            yield _fault(file, claim, "node", problem, "write a code of scheme.csv")


def _unknown_names(study: Study, claim: ImprovedList | OrderedList, file: str) -> Iterator[Fault]:
    known = units_by_name(study, claim.year)
    for name in claim.names:
        if name not in known:
            problem = f"{name} names no unit of {claim.year}"
            yield _fault(file, claim, "names", problem, "add it to aliases.csv or correct it")
    ids = [known.get(name, name) for name in claim.names]
    for unit in dict.fromkeys(unit for unit in ids if ids.count(unit) > 1):
        yield _fault(file, claim, "names", f"{unit} stands twice", "name each unit once")


def _fault(file: str, claim: Any, column: str, problem: str, remedy: str) -> Fault:
    return Fault(file, None, column, f"claim {claim.id}: {problem}", remedy)
