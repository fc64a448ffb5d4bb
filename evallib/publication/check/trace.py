"""A claim walked back: the raw cells of its marks, and every decision about them."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd

from evallib.errors import DataError
from evallib.publication.check.catalogue import claims
from evallib.study.ingest import PLACE_COLUMNS
from evallib.study.lines import facts_of, read_lines
from evallib.study.rulings import apply_rulings, groups, read_rulings
from evallib.study.sheets import read_grids, read_layout

COLUMNS = [
    "year", "file", "sheet", "row", "column", "unit", "indicator", "was", "mark", "status",
    "rule", "reason",
]  # fmt: skip


def trace(study, year, claim) -> pd.DataFrame:
    """Where the number of a claim comes from, cell by cell.

    Parameters
    ----------
    study : Study
    year : int
    claim : str, an id of ``claims``

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
    known = {found.id: found for found in claims(study, year)}
    if claim not in known:
        what = claim.split(":")[0]
        near = [name for name in known if name.split(":")[0] == what][:3]
        some = ", ".join(near or list(known)[:3])
        raise DataError(f"{year}: no claim {claim!r}; there are {some}")
    found = known[claim]
    years = [int(y) for y in claim.split(":")[2].split("-")]
    if re.match("(count.)?improved|incomparable", claim):
        years = [study.year_before(years[0]), *years]
    parts = [part for y in years for part in _origins(study, y, found)]
    return pd.concat(parts, ignore_index=True).reindex(columns=COLUMNS)


def _origins(study, year, claim):
    data, what = study.years[year], claim.id.split(":")[0]
    units = [unit for unit in claim.units if unit in data.units.index]
    if claim.leaves and data.scheme:
        leaves = [leaf for leaf in claim.leaves if leaf in data.scheme.leaves]
        yield _marks(study, data, units, leaves, "initial" if "initial" in what else "final")
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


def _rows(data, name, table, units):
    rows = table[table["unit"].isin(units)]
    return rows.assign(year=data.year, file=f"{data.year}/{name}.csv")


def _marks(study, data, units, leaves, which):
    marks = data.marks if which == "final" else data.initial
    mine = marks[marks["unit"].isin(units) & marks["indicator"].isin(leaves)]
    cells = raw_cells(study, data.year)
    if cells.empty:
        return mine.assign(year=data.year, file=f"{data.year}/marks.csv")
    cells = cells[cells["round"] == which].drop(columns="round")
    decided = data.decisions[data.decisions["round"] == which]
    decided = decided[["file", "sheet", "row", "column", "rule", "reason"]]
    placed = mine.merge(cells, on=["unit", "indicator"], how="left")
    whole = ["file", "sheet", "row", "column"]
    told = decided.groupby(whole)[["rule", "reason"]].agg("; ".join).reset_index()
    return placed.merge(told, on=whole, how="left").assign(
        year=data.year, file=f"{data.year}/raw/" + placed["file"]
    )


def raw_cells(study, year) -> pd.DataFrame:
    """The raw cell of every mark of a year: round, file, sheet, row, column, unit, indicator, was.

    Empty where the marks came as a tidy table.
    """
    data, folder = study.years[year], study.path / str(year)
    if not (folder / "raw").is_dir():
        return pd.DataFrame(columns=PLACE_COLUMNS)
    day = date(year, 12, 31)
    names = study.aliases
    names = names[(names["valid_from"] <= day) & (names["valid_to"] >= day)]
    layout = read_layout(folder / "raw" / "layout.yaml")
    facts = facts_of(
        str(year), scheme=data.scheme, units=data.units, aliases=names, rules=data.rules
    )
    grids = read_grids(folder / "raw", layout, [])
    lines = [
        line
        for entry in layout.sheets
        for line in read_lines(entry, grids[entry.file, entry.sheet], facts, [])
    ]
    settled = apply_rulings(lines, read_rulings(folder, data.units.index, []), facts)
    rows = []
    for (which, unit, leaf), members in groups(settled).items():
        line, cell = min(members, key=lambda member: member[0].hidden)
        place = (line.entry.file, line.entry.sheet, line.row, cell.column)
        rows.append((which, *place, unit, leaf, "" if cell.value is None else str(cell.value)))
    return pd.DataFrame(rows, columns=PLACE_COLUMNS)
