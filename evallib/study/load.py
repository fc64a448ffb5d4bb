"""A folder in, a Study out: the only reader of study files besides ingest."""

from __future__ import annotations

import re
from pathlib import Path

from evallib.errors import Fault, StudyError
from evallib.study import units as people
from evallib.study.model import Names, Study, StudyFile, Year
from evallib.study.tables import read_file, read_yaml
from evallib.study.years import read_year

__all__ = ["Names", "Study", "Year", "inspect_study", "read_study"]


def project_root() -> Path:
    """The folder with ``data`` and ``notebooks``: above the caller, else above the package."""
    for start in (Path.cwd(), Path(__file__).resolve()):
        for folder in (start, *start.parents):
            if (folder / "data").is_dir() and (folder / "notebooks").is_dir():
                return folder
    return Path.cwd()


def find_study(study) -> Path | None:
    """Folder of a study named by its path or by its folder under ``data``; None without one."""
    folders = (Path(study), project_root() / "data" / str(study))
    return next((f.resolve() for f in folders if (f / "study.yaml").is_file()), None)


def study_path(study) -> Path:
    """Folder of a study that is named by its path or by its folder under ``data``.

    Raises
    ------
    StudyError
        If neither exists; the message lists the studies there are.
    """
    found = find_study(study)
    if found is not None:
        return found
    known = sorted(f.parent.name for f in (project_root() / "data").glob("*/study.yaml"))
    remedy = f"name a folder, or one of {', '.join(known) or 'data/'}"
    raise StudyError([Fault("study.yaml", None, None, f"no study {str(study)!r}", remedy)])


def read_study(path, *, years=None) -> Study:
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
    study, faults = inspect_study(path, years=years)
    if faults:
        raise StudyError(faults)
    return study


def inspect_study(path, *, years=None) -> tuple[Study | None, list[Fault]]:
    """The Study, or None, and all faults of its folder; raises only where there is no folder."""
    path = study_path(path)
    faults: list[Fault] = []
    about = read_yaml(path / "study.yaml", StudyFile, "study.yaml", faults)
    files = {
        name: read_file(path, name, model, faults, required=name == "units.csv")
        for name, model in (
            ("units.csv", people.UnitRow),
            ("aliases.csv", people.AliasRow),
            ("successions.csv", people.SuccessionRow),
        )
    }
    if about is None or not files["units.csv"]:
        return None, faults
    faults += people.unit_faults(files["units.csv"], about.groups, about.classes, "units.csv")
    faults += people.alias_faults(files["aliases.csv"], files["units.csv"], "aliases.csv")
    faults += people.succession_faults(
        files["successions.csv"], files["units.csv"], "successions.csv"
    )
    read = {
        year: read_year(path, year, about, files, faults) for year in _years(path, years, faults)
    }
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


def _years(path, wanted, faults):
    present = sorted(
        int(entry.name)
        for entry in path.iterdir()
        if entry.is_dir() and re.fullmatch(r"\d{4}", entry.name)
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


def input_files(study, year) -> list[Path]:
    """Every file that the results of a year rest on, in a fixed order."""
    top = [path for path in study.path.iterdir() if path.is_file()]
    return sorted([*top, *(p for p in (study.path / str(year)).rglob("*") if p.is_file())])
