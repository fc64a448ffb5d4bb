"""One year folder in, a Year out: scheme, rules, marks and what else the year keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from evallib.errors import Fault, StudyError
from evallib.study import marks as long
from evallib.study import tree
from evallib.study import units as people
from evallib.study.ingest import BALANCE_COLUMNS, DECISION_COLUMNS, SET_ASIDE_COLUMNS, ingest
from evallib.study.measuring import measure_year, veto_faults, with_measured
from evallib.study.model import StudyFile, Year
from evallib.study.rules import Rules
from evallib.study.scheme import Scheme
from evallib.study.tables import Row, read_file, read_rows, read_yaml
from evallib.study.units import AliasRow


def read_year(
    path: Path,
    year: int,
    about: StudyFile,
    files: Mapping[str, dict[int, Any]],
    faults: list[Fault],
) -> Year | None:
    """One year of a study, or None; its faults are added to the list."""
    folder = path / str(year)
    rules = read_yaml(folder / "rules.yaml", Rules, f"{year}/rules.yaml", faults) or Rules()
    units = people.units_of_year(files["units.csv"], year)
    resolve = _resolver(units, files["aliases.csv"], year)
    if units.empty:
        faults.append(
            Fault(
                "units.csv",
                None,
                "valid_from",
                f"no unit is valid on 31 December {year}",
                "correct the dates",
            )
        )
        return None
    faults += _population_faults(rules, units, f"{year}/rules.yaml")
    parts = ("marks.csv", "raw", "measures.yaml", "evidence")
    has_marks = any((folder / name).exists() for name in parts)
    only_totals = not has_marks and (folder / "totals.csv").is_file()
    scheme = None if only_totals else _read_scheme(folder, year, about, faults)
    others = _read_others(folder, year, rules, scheme, resolve, faults)
    if only_totals:
        empty = pd.DataFrame(columns=long.MARK_COLUMNS)
        return Year(year, None, rules, units, empty, **others)
    if scheme is None or units.index.duplicated().any():
        return None
    names = _aliases_of_year(files["aliases.csv"], year)
    known = {"units": units, "scheme": scheme, "rules": rules, "aliases": names, "faults": faults}
    says = measure_year(folder, every_unit=files["units.csv"], **known)
    found = _read_marks(folder, year, resolve=resolve, **known)
    if found is None:
        return None
    if says:
        found, others["findings"] = with_measured(found, others["findings"], says["measured"])
    if says or not (folder / "measures.yaml").is_file():  # else marks are missing by its faults
        vetoed = others["adjustments"].query("kind == 'veto'")["unit"]
        source = f"{year}/{'raw' if (folder / 'raw').is_dir() else 'marks.csv'}"
        measured = set(says["measures"].leaves) if says else set()
        faults += long.missing_faults(found["marks"], set(vetoed), rules, source, measured=measured)
        faults += veto_faults(others["adjustments"], says, f"{year}/adjustments.csv")
    return Year(year, scheme, rules, units, **found, **others, **says)


def _population_faults(rules: Rules, units: pd.DataFrame, file: str) -> Iterator[Fault]:
    """Faults of rules that name a population which the units do not have."""
    named = {f"findings.{code}.population": f.population for code, f in rules.findings.items()}
    if rules.improved is not None and rules.improved.within:
        named["improved.within"] = rules.improved.within
    for key, population in named.items():
        try:
            people.members(units, population)
        except ValueError as error:
            yield Fault(file, None, key, str(error), "write all, or groups and classes joined by &")


def _read_scheme(folder: Path, year: int, about: StudyFile, faults: list[Fault]) -> Scheme | None:
    file = f"{year}/scheme.csv"
    if not (folder / "scheme.csv").is_file():
        faults.append(Fault(file, None, None, "the year has no scheme", "add scheme.csv"))
        return None
    before = len(faults)
    rows = read_rows(folder / "scheme.csv", tree.NodeRow, file, faults)
    faults += tree.scheme_faults(rows, about.classes, file) if rows else []
    return tree.build(rows) if rows and len(faults) == before else None


def _read_marks(
    folder: Path,
    year: int,
    *,
    units: pd.DataFrame,
    scheme: Scheme,
    rules: Rules,
    aliases: pd.DataFrame,
    resolve: Callable[[str], str | None],
    faults: list[Fault],
) -> dict[str, pd.DataFrame] | None:
    tidy, raw = (folder / "marks.csv").is_file(), (folder / "raw").is_dir()
    if (tidy and raw) or not (tidy or raw or (folder / "measures.yaml").is_file()):
        problem = "both marks.csv and raw/" if tidy else "neither marks.csv nor raw/"
        faults.append(Fault(f"{year}/marks.csv", None, None, problem, "give exactly one of them"))
        return None
    if raw:
        try:
            found = ingest(
                folder, scheme=scheme, units=units, aliases=aliases, rules=rules, year=year
            )
        except StudyError as error:
            faults.extend(error.faults)
            return None
        return {
            "marks": found.final,
            "initial": found.initial,
            "decisions": found.decisions,
            "set_aside": found.set_aside,
            "rows": found.rows,
            "cells": found.cells,
        }
    before = len(faults)
    rows = read_file(folder, "marks.csv", long.MarkRow, faults)
    faults += long.mark_faults(rows, units, scheme, resolve, f"{year}/marks.csv")
    if (tidy and not rows) or len(faults) > before:
        return None
    table = people.table_of(rows, long.MarkRow).assign(
        unit=[resolve(row.unit) for row in rows.values()]
    )
    return {"marks": long.complete_marks(table, units, scheme), **_nothing_decided(len(table))}


def _aliases_of_year(rows: Mapping[int, AliasRow], year: int) -> pd.DataFrame:
    names = [(row.alias, row.unit) for row in rows.values() if row.holds(year)]
    return pd.DataFrame(names, columns=["alias", "unit"])


def _nothing_decided(count: int) -> dict[str, pd.DataFrame]:
    """Decision log, set-aside table and balance of marks that came as a tidy table."""
    balance = pd.DataFrame([("final", count, count, 0)], columns=BALANCE_COLUMNS)
    empty = {"decisions": DECISION_COLUMNS, "set_aside": SET_ASIDE_COLUMNS}
    return {name: pd.DataFrame(columns=columns) for name, columns in empty.items()} | {
        "rows": balance
    }


def _read_others(
    folder: Path,
    year: int,
    rules: Rules,
    scheme: Scheme | None,
    resolve: Callable[[str], str | None],
    faults: list[Fault],
) -> dict[str, Any]:
    specs: dict[str, tuple[type[Row], tuple[str, ...] | None]] = {
        "adjustments": (long.AdjustmentRow, None),
        "findings": (long.FindingRow, ("finding",)),
        "reviews": (long.ReviewRow, ("indicator", "reviewer")),
        "totals": (long.TotalRow, ()),
    }
    read = {}
    for name, (model, keys) in specs.items():
        file = f"{year}/{name}.csv"
        rows: dict[int, Any] = read_file(folder, f"{name}.csv", model, faults)
        if keys is not None:
            faults += long.row_faults(rows, resolve, keys, file)
        else:
            faults += [
                long.unknown_unit(file, number, row.unit)
                for number, row in rows.items()
                if resolve(row.unit) is None
            ]
        faults += _own_faults(name, rows, rules, scheme, file)
        table = people.table_of(rows, model)
        read[name] = table.assign(unit=[resolve(unit) for unit in table["unit"]])
    optional = ("reviews", "totals")
    return {
        name: None if name in optional and table.empty else table for name, table in read.items()
    }


def _own_faults(
    name: str,
    rows: Mapping[int, Any],
    rules: Rules,
    scheme: Scheme | None,
    file: str,
) -> Iterator[Fault]:
    seen: dict[Row, int] = {}
    for number, row in rows.items():
        if name == "adjustments" and (first := seen.setdefault(row, number)) != number:
            problem = f"the same {row.kind} of {row.unit} stands already in row {first}"
            remedy = "remove it, or tell the two apart in reason or source"
            yield Fault(file, number, None, problem, remedy)
        if name == "findings" and row.finding not in rules.findings:
            yield Fault(
                file,
                number,
                "finding",
                f"{row.finding!r} is not defined in rules.yaml",
                "define it under findings or correct the code",
            )
        if name == "reviews" and scheme is not None:
            yield from long.review_faults(row, number, scheme, file)
        if name == "adjustments":
            yield from long.adjustment_faults(row, number, file)


def _resolver(
    units: pd.DataFrame, aliases: Mapping[int, AliasRow], year: int
) -> Callable[[str], str | None]:
    """A function from any known name of a unit to its id in that year, or None."""
    known = {
        row.alias: row.unit
        for row in aliases.values()
        if row.holds(year) and row.unit in units.index
    }
    known |= {name: unit for unit, name in units["name_en"].items() if name}
    known |= {name: unit for unit, name in units["name_zh"].items()}
    known |= {unit: unit for unit in units.index}
    return known.get
