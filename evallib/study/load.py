"""A folder in, a Study out: the only reader of study files besides ingest."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import yaml

from evallib.errors import Fault, StudyError
from evallib.study import marks as long
from evallib.study import tree
from evallib.study import units as people
from evallib.study.ingest import BALANCE_COLUMNS, DECISION_COLUMNS, SET_ASIDE_COLUMNS, ingest
from evallib.study.model import Names, Study, StudyFile, Year
from evallib.study.rules import Rules
from evallib.study.tables import read_rows, read_yaml

__all__ = ["Names", "Study", "Year", "inspect_study", "read_study"]


def project_root() -> Path:
    """The folder with ``data`` and ``notebooks``: above the caller, else above the package."""
    for start in (Path.cwd(), Path(__file__).resolve()):
        for folder in (start, *start.parents):
            if (folder / "data").is_dir() and (folder / "notebooks").is_dir():
                return folder
    return Path.cwd()


def study_path(study) -> Path:
    """Folder of a study that is named by its path or by its folder under ``data``.

    Raises
    ------
    StudyError
        If neither exists; the message lists the studies there are.
    """
    data = project_root() / "data"
    for folder in (Path(study), data / str(study)):
        if (folder / "study.yaml").is_file():
            return folder.resolve()
    known = sorted(folder.parent.name for folder in data.glob("*/study.yaml"))
    raise StudyError(
        [
            Fault(
                "study.yaml",
                None,
                None,
                f"no study {str(study)!r}",
                f"name a folder, or one of {', '.join(known) or 'data/'}",
            )
        ]
    )


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
        name: _read(path, name, model, faults, required=name == "units.csv")
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
        year: _read_year(path, year, about, files, faults) for year in _years(path, years, faults)
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


def _read(path, name, model, faults, *, required=False):
    if (path / name).is_file():
        return read_rows(path / name, model, _relative(path, name), faults)
    if required:
        faults.append(Fault(_relative(path, name), None, None, "the file is missing", "add it"))
    return {}


def _relative(path, name):
    return f"{path.name}/{name}" if re.fullmatch(r"\d{4}", path.name) else name


def _read_year(path, year, about, files, faults) -> Year | None:
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
    others = _read_others(folder, year, rules, resolve, faults)
    has_marks = (folder / "marks.csv").is_file() or (folder / "raw").is_dir()
    if not has_marks and (folder / "totals.csv").is_file():
        empty = pd.DataFrame(columns=long.MARK_COLUMNS)
        return Year(year, None, rules, units, empty, **others)
    scheme = _read_scheme(folder, year, about, faults)
    if scheme is None or units.index.duplicated().any():
        return None
    found = _read_marks(folder, year, units, scheme, rules, files["aliases.csv"], resolve, faults)
    if found is None:
        return None
    vetoed = others["adjustments"].query("kind == 'veto'")["unit"]
    source = "marks.csv" if (folder / "marks.csv").is_file() else "raw"
    faults += long.missing_faults(found["marks"], set(vetoed), rules, f"{year}/{source}")
    return Year(year, scheme, rules, units, **found, **others)


def _read_scheme(folder, year, about, faults):
    file = f"{year}/scheme.csv"
    if not (folder / "scheme.csv").is_file():
        faults.append(Fault(file, None, None, "the year has no scheme", "add scheme.csv"))
        return None
    before = len(faults)
    rows = read_rows(folder / "scheme.csv", tree.NodeRow, file, faults)
    faults += tree.scheme_faults(rows, about.classes, file) if rows else []
    return tree.build(rows) if rows and len(faults) == before else None


def _read_marks(folder, year, units, scheme, rules, aliases, resolve, faults):
    tidy, raw = (folder / "marks.csv").is_file(), (folder / "raw").is_dir()
    if tidy == raw:
        problem = "both marks.csv and raw/" if tidy else "neither marks.csv nor raw/"
        faults.append(Fault(f"{year}/marks.csv", None, None, problem, "give exactly one of them"))
        return None
    if raw:
        names = pd.DataFrame(
            [(row.alias, row.unit) for row in aliases.values() if row.holds(year)],
            columns=["alias", "unit"],
        )
        try:
            found = ingest(
                folder, scheme=scheme, units=units, aliases=names, rules=rules, year=year
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
        }
    before = len(faults)
    rows = _read(folder, "marks.csv", long.MarkRow, faults)
    faults += long.mark_faults(rows, units, scheme, resolve, f"{year}/marks.csv")
    if not rows or len(faults) > before:
        return None
    table = people.table_of(rows, long.MarkRow).assign(
        unit=[resolve(row.unit) for row in rows.values()]
    )
    return {"marks": long.complete_marks(table, units, scheme), **_nothing_decided(len(table))}


def _nothing_decided(count):
    """Decision log, set-aside table and balance of marks that came as a tidy table."""
    balance = pd.DataFrame([("final", count, count, 0)], columns=BALANCE_COLUMNS)
    empty = {"decisions": DECISION_COLUMNS, "set_aside": SET_ASIDE_COLUMNS}
    return {name: pd.DataFrame(columns=columns) for name, columns in empty.items()} | {
        "rows": balance
    }


def _read_others(folder, year, rules, resolve, faults):
    specs = {
        "adjustments": (long.AdjustmentRow, None),
        "findings": (long.FindingRow, ("finding",)),
        "reviews": (long.ReviewRow, ("indicator", "reviewer")),
        "totals": (long.TotalRow, ()),
    }
    read = {}
    for name, (model, keys) in specs.items():
        file = f"{year}/{name}.csv"
        rows = _read(folder, f"{name}.csv", model, faults)
        if keys is not None:
            faults += long.row_faults(rows, resolve, keys, file)
        else:
            faults += [
                long.unknown_unit(file, number, row.unit)
                for number, row in rows.items()
                if resolve(row.unit) is None
            ]
        faults += _own_faults(name, rows, rules, file)
        table = people.table_of(rows, model)
        read[name] = table.assign(unit=[resolve(unit) for unit in table["unit"]])
    optional = ("reviews", "totals")
    return {
        name: None if name in optional and table.empty else table for name, table in read.items()
    }


def _own_faults(name, rows, rules, file):
    for number, row in rows.items():
        if name == "findings" and row.finding not in rules.findings:
            yield Fault(
                file,
                number,
                "finding",
                f"{row.finding!r} is not defined in rules.yaml",
                "define it under findings or correct the code",
            )
        if name == "adjustments" and (row.points is None) == (row.kind != "veto"):
            problem = (
                "a veto has no points" if row.kind == "veto" else f"a {row.kind} without points"
            )
            yield Fault(
                file,
                number,
                "points",
                problem,
                "clear the cell" if row.kind == "veto" else "fill it in",
            )


def _resolver(units, aliases, year):
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


def read_published(study, year) -> list[dict]:
    """Entries of ``<year>/published.yaml`` as written; empty when the year has none."""
    path = study.path / str(year) / "published.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))["claims"] if path.is_file() else []


def input_files(study, year) -> list[Path]:
    """Every file that the results of a year rest on, in a fixed order."""
    top = [path for path in study.path.iterdir() if path.is_file()]
    return sorted([*top, *(p for p in (study.path / str(year)).rglob("*") if p.is_file())])
