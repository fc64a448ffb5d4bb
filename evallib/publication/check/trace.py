"""A claim walked back: the raw cells of its marks, and every decision about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import pandas as pd

from evallib.errors import DataError
from evallib.publication.bound import Claim
from evallib.publication.check.catalogue import claim_id, claims
from evallib.publication.published import published_claims
from evallib.study.model import Study, Year

COLUMNS = [
    "year", "file", "sheet", "row", "column", "unit", "indicator", "was", "mark", "status",
    "rule", "reason",
]  # fmt: skip
CELL = ["file", "sheet", "row", "column"]


@dataclass(frozen=True)
class Tracer:
    """A year's claims and published entries by id; each round's marks beside their raw cells."""

    study: Study
    year: int
    known: Mapping[str, Claim]
    published: Mapping[str, object]
    placed: Callable[[int, str], pd.DataFrame]

    def trace(self, claim: str) -> pd.DataFrame:
        """As ``trace``."""
        ids = [claim] if claim in self.known else self._published(claim)
        parts = [part for name in ids for part in self._parts(self.known[name])]
        table = pd.concat([pd.DataFrame(columns=COLUMNS), *parts], ignore_index=True)[COLUMNS]
        return table.drop_duplicates(ignore_index=True) if len(ids) > 1 else table

    def _published(self, claim: str) -> list[str]:
        """Ids of what a published claim says."""
        if claim in self.published:
            return [name for name in said_by(self.published[claim]) if name in self.known]
        what = claim.split(":")[0]
        near = [name for name in self.known if name.split(":")[0] == what][:3]
        some = ", ".join(near or list(self.known)[:3])
        raise DataError(f"{self.year}: no claim {claim!r}; there are {some}")

    def _parts(self, claim: Claim) -> Iterator[pd.DataFrame]:
        years = [int(y) for y in claim.id.split(":")[2].split("-")]
        if re.match("(count.)?improved|incomparable", claim.id):
            years = [y for y in (self.study.year_before(years[0]), *years) if y is not None]
        for year in years:
            yield from _origins(self, self.study.years[year], claim)


def tracer(study: Study, year: int, *, known: Mapping[str, Claim] | None = None) -> Tracer:
    """A Tracer of a year; ``known`` is its claims by id where they are at hand."""
    if known is None:
        known = {found.id: found for found in claims(study, year)}
    published = {entry.id: entry for entry in published_claims(study, year)}
    return Tracer(study, year, known, published, cache(partial(_placed, study)))


def trace(study: Study, year: int, claim: str) -> pd.DataFrame:
    """Where the number of a claim comes from, cell by cell.

    Parameters
    ----------
    study : Study
    year : int
    claim : str, an id of ``claims`` or of an entry of ``published.yaml``

    Returns
    -------
    DataFrame
        A row per mark (``file, sheet, row, column`` of the raw cell, its text ``was``, the
        ``mark`` and ``status`` it became, and the ``rule`` and ``reason`` where that took a
        decision), then the adjustments and findings that the claim rests on, of both years where
        it is a change. A mark of a tidy table has no row; a number of the rules has the file only.

    Raises
    ------
    DataError
        If the study computes no such claim.
    """
    return tracer(study, year).trace(claim)


def said_by(entry: Any) -> list[str]:
    """Ids of the claims of ``claims`` that an entry of ``published.yaml`` makes."""
    count = {"units": "units"}.get(getattr(entry, "of", ""), f"count.{getattr(entry, 'of', '')}")
    nodes = [*entry.expected] if entry.kind in ("index", "weight") else []
    under = getattr(entry, "lowest_under", None)
    whats = {
        "count": [count],
        "mean": ["mean"],
        "delta": ["delta.mean"],
        "percentage_change": [f"percentage.{count}"],
        "ordered_list": ["order"],
        "improved_list": ["improved"],
        "index": [f"{'every' if getattr(entry, 'every', False) else 'index'}.{n}" for n in nodes]
        + [f"order.{under}"] * bool(under),
        "share": [f"share.{_base(entry)}.{getattr(entry, 'finding', '')}"],
        "weight": [f"weight.{node}" for node in nodes],
        "external": [],
    }[entry.kind]
    parts = [*entry.expected] if entry.kind == "count" else [entry.population]
    years = [year for year in (getattr(entry, "base_year", None), entry.year) if year]
    return [claim_id(what, part, *years) for what in whats for part in parts]


def _base(entry: Any) -> str:
    return "finding" if getattr(entry, "base", "all") == "all" else "applicable"


def _origins(tracer: Tracer, data: Year, claim: Claim) -> Iterator[pd.DataFrame]:
    year, what = data.year, claim.id.split(":")[0]
    units = [unit for unit in claim.units if unit in data.units.index]
    if claim.leaves and data.scheme:
        marks = tracer.placed(year, "initial" if "initial" in what else "final")
        yield marks[marks["unit"].isin(units) & marks["indicator"].isin(claim.leaves)]
    if claim.leaves and data.scheme is None:
        yield _rows(data, "totals", data.totals, units).rename(columns={"total": "mark"})
    if claim.kind not in ("index", "weight", "rule", "share") or "vetoed" in what:
        table = _rows(data, "adjustments", data.adjustments, units)
        if "vetoed" in what:
            table = table[table["kind"] == "veto"]
        if not re.search("finding|index|units$", what):
            yield table.rename(columns={"points": "mark", "kind": "status"})
    for code in data.rules.findings:
        if what.endswith((f"finding.{code}", f"applicable.{code}")):
            mine = data.findings[data.findings["finding"] == code]
            yield _rows(data, "findings", mine, units).rename(columns={"value": "status"})
    if claim.kind in ("weight", "rule") or what.endswith("units"):
        name = {"weight": "scheme.csv", "rule": "rules.yaml"}.get(claim.kind, "units.csv")
        file = name if name == "units.csv" else f"{year}/{name}"
        yield pd.DataFrame([{"year": year, "file": file, "was": claim.computed}])


def _rows(data: Year, name: str, table: pd.DataFrame, units: list[str]) -> pd.DataFrame:
    rows = table[table["unit"].isin(units)]
    return rows.assign(year=data.year, file=f"{data.year}/{name}.csv")


def _placed(study: Study, year: int, which: str) -> pd.DataFrame:
    """Every mark of one round beside the raw cell it came from and the decisions about it."""
    data = study.years[year]
    marks = data.initial if which == "initial" and data.initial is not None else data.marks
    if data.cells is None or data.decisions is None:
        return marks.assign(year=year, file=f"{year}/marks.csv")
    cells = data.cells[data.cells["round"] == which].drop(columns="round")
    decided = data.decisions[data.decisions["round"] == which]
    told = decided.groupby(CELL)[["rule", "reason"]].agg("; ".join).reset_index()
    placed = marks.merge(cells, on=["unit", "indicator"], how="left").merge(
        told, on=CELL, how="left"
    )
    return placed.assign(year=year, file=f"{year}/raw/" + placed["file"])
