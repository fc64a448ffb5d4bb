"""A folder in, a Study out: the only reader of study files besides ingest."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pandas as pd

from evallib.errors import Fault, StudyError
from evallib.study import units as people
from evallib.study.folders import find_study, folder_faults, project_root, study_path
from evallib.study.kept import kept
from evallib.study.model import Names, Study, StudyFile, Year
from evallib.study.strays import YEAR, stray_faults
from evallib.study.tables import Row, read_file, read_yaml
from evallib.study.years import read_year

__all__ = [
    "Names",
    "Study",
    "Year",
    "find_study",
    "inspect_study",
    "project_root",
    "read_pinned",
    "read_study",
    "study_path",
]


def read_study(path: Path | str, *, years: list[int] | None = None) -> Study:
    """A study folder as a checked Study.

    Parameters
    ----------
    path : path of the folder that holds ``study.yaml``, or a folder name under ``data``
    years : iterable of int, optional
        Years to read; all that the folder has when omitted.

    Raises
    ------
    StudyError
        With every fault of the folder at once: file, row, column, what is wrong, what to do.
    """
    if years is None and (study := kept(study_path(path))) is not None:
        return study
    study, faults = inspect_study(path, years=years)
    if faults or study is None:
        raise StudyError(faults)
    return study


def inspect_study(
    path: Path | str, *, years: list[int] | None = None
) -> tuple[Study | None, list[Fault]]:
    """The Study, or None, and all faults of its folder; raises only where there is no folder."""
    path = study_path(path)
    faults: list[Fault] = [*folder_faults(path)]
    if faults:  # nothing is read through a link that leads elsewhere
        return None, faults
    faults += stray_faults(path, years)
    about = read_yaml(path / "study.yaml", StudyFile, "study.yaml", faults)
    files: dict[str, dict[int, Any]] = {
        name: read_file(path, name, model, faults, required=name == "units.csv")
        for name, model in (
            ("units.csv", people.UnitRow),
            ("aliases.csv", people.AliasRow),
            ("successions.csv", people.SuccessionRow),
        )
    }
    if about is None or not files["units.csv"]:
        return None, faults
    faults += people.code_faults(about.groups, about.classes, "study.yaml")
    faults += people.unit_faults(files["units.csv"], about.groups, about.classes, "units.csv")
    faults += people.alias_faults(files["aliases.csv"], files["units.csv"], "aliases.csv")
    faults += people.succession_faults(
        files["successions.csv"], files["units.csv"], "successions.csv"
    )
    read = {
        year: found
        for year in _years(path, years, faults)
        if (found := read_year(path, year, about, files, faults)) is not None
    }
    faults = _without_echoes(faults)
    return Study(
        path,
        path.name,
        about.names,
        about.provenance,
        about.source,
        about.groups,
        about.classes,
        people.table_of(files["units.csv"], people.UnitRow),
        people.table_of(files["aliases.csv"], people.AliasRow),
        people.table_of(files["successions.csv"], people.SuccessionRow),
        read,
    ), faults


def _without_echoes(faults: list[Fault]) -> list[Fault]:
    """Faults without those that only say again that a row of ``units.csv`` is faulty."""
    if not any(fault.file == "units.csv" and fault.row for fault in faults):
        return faults
    return [fault for fault in faults if not fault.problem.endswith(people.NO_UNIT)]


def _years(path: Path, wanted: list[int] | None, faults: list[Fault]) -> list[int]:
    present = sorted(
        int(entry.name) for entry in path.iterdir() if entry.is_dir() and YEAR.fullmatch(entry.name)
    )
    if not present:
        faults.append(
            Fault("study.yaml", None, None, "the study has no year", "add a folder such as 2020")
        )
    for year in wanted or []:
        if year not in present:
            faults.append(
                Fault(
                    str(year),
                    None,
                    None,
                    f"the study has no year {year}",
                    f"it has {', '.join(map(str, present)) or 'none'}",
                )
            )
    return [year for year in present if wanted is None or year in wanted]


class PinnedRow(Row):
    """A row of ``pinned.csv``: a result's range over panels that fit the same printed figures."""

    result: str
    value: str
    low: str
    high: str
    verdict: Literal["pinned", "varies"]


def read_pinned(study: Study) -> pd.DataFrame:
    """Rows of the study's ``pinned.csv``: result, value, low, high, verdict; none when absent.

    Raises
    ------
    StudyError
        With every fault of the file.
    """
    faults: list[Fault] = []
    rows = read_file(study.path, "pinned.csv", PinnedRow, faults)
    if faults:
        raise StudyError(faults)
    return people.table_of(rows, PinnedRow)
