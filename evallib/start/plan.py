"""What a year is laid out from: scheme, rules, units and their names, checked before use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from evallib.errors import Fault, StudyError
from evallib.study import tree
from evallib.study.load import inspect_study, study_path
from evallib.study.model import Study
from evallib.study.rules import Rules
from evallib.study.scheme import Scheme
from evallib.study.tables import read_rows, read_yaml


@dataclass(frozen=True)
class Plan:
    """Who is marked in a year, on what, and by which rules; no marks yet.

    ``units`` and ``aliases`` are those that hold on 31 December of the year; ``source`` is the
    year whose scheme and rules these are.
    """

    study: Study
    year: int
    source: int
    scheme: Scheme
    rules: Rules
    units: pd.DataFrame
    aliases: pd.DataFrame


def scheme_years(path: Path) -> list[int]:
    """Years of a study folder that have a scheme, in order."""
    folders = (entry.parent.name for entry in path.glob("*/scheme.csv"))
    return sorted(int(name) for name in folders if re.fullmatch(r"\d{4}", name))


def source_of(path: Path, year: int) -> int | None:
    """The year to copy from: the year itself, the latest before it, or the latest of all."""
    known = scheme_years(path)
    return max((one for one in known if one <= year), default=max(known, default=None))


def read_plan(study: Path, year: int, *, source: int | None) -> Plan:
    """The plan of a year of a study.

    Parameters
    ----------
    study : path of a study folder, or a folder name under ``data``
    year : int
    source : int or None, the year whose scheme and rules hold

    Raises
    ------
    StudyError
        With every fault of study, units, aliases, scheme and rules at once.
    """
    path = study_path(study)
    found, faults = inspect_study(path, years=[])
    scheme, rules = _read_scheme(path, year, source, found, faults)
    units = _units(found, year, faults) if found else None
    if faults or found is None or source is None or scheme is None or rules is None:
        raise StudyError(faults)
    aliases = _valid(found.aliases, year)[["alias", "unit"]]
    return Plan(found, year, source, scheme, rules, units, aliases)


def _read_scheme(
    path: Path, year: int, source: int | None, study: Study | None, faults: list[Fault]
) -> tuple[Scheme | None, Rules | None]:
    wanted = year if source is None else source
    file, text = path / str(wanted) / "scheme.csv", f"{wanted}/scheme.csv"
    rules = read_yaml(file.parent / "rules.yaml", Rules, f"{wanted}/rules.yaml", faults)
    if not file.is_file():
        known = ", ".join(map(str, scheme_years(path)))
        has = f"years with a scheme are {known}" if known else "no year has one yet: write it"
        faults.append(Fault(text, None, None, "the year has no scheme", has))
        return None, rules
    before = len(faults)
    rows = read_rows(file, tree.NodeRow, text, faults)
    if rows and len(faults) == before and study:
        faults += tree.scheme_faults(rows, study.classes, text)
    return (tree.build(rows) if rows and len(faults) == before else None), rules


def _valid(table: pd.DataFrame, year: int) -> pd.DataFrame:
    day = date(year, 12, 31)
    return table[(table["valid_from"] <= day) & (table["valid_to"] >= day)]


def _units(study: Study, year: int, faults: list[Fault]) -> pd.DataFrame:
    units = _valid(study.units, year)
    if units.empty:
        problem = f"no unit is valid on 31 December {year}"
        faults.append(Fault("units.csv", None, "valid_from", problem, "correct the dates"))
    return units.set_index("unit")[["name_zh", "name_en", "group", "class", "ranked"]]
