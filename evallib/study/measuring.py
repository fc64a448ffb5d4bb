"""Evidence of a year in, measured marks and findings in the place of typed ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evallib.errors import Fault
from evallib.study.evidence.measured import FILE, Measured, measured
from evallib.study.evidence.read import FOLDER, read_evidence
from evallib.study.evidence.rule_faults import rule_faults
from evallib.study.evidence.rules import Measures
from evallib.study.ingest import DECISION_COLUMNS, SET_ASIDE_COLUMNS
from evallib.study.marks import MARK_COLUMNS, MISSING, NOT_APPLICABLE, SCORED
from evallib.study.model import Year
from evallib.study.names import unit_names
from evallib.study.rules import Rules
from evallib.study.rulings import FILE as RULINGS
from evallib.study.rulings import Rulings, read_rulings
from evallib.study.scheme import Scheme
from evallib.study.tables import read_yaml
from evallib.study.units import UnitRow

RULE = "measured"
REASON = "the evidence decides"


def measure_year(
    folder: Path,
    *,
    units: pd.DataFrame,
    every_unit: Mapping[int, UnitRow],
    aliases: pd.DataFrame,
    scheme: Scheme,
    rules: Rules,
    faults: list[Fault],
) -> dict[str, Any]:
    """Rules of measuring, evidence and what it says, as fields of a Year; none where absent.

    Parameters
    ----------
    folder : Path of the year's folder
    units : DataFrame indexed by unit, those of the year
    every_unit : dict of row number to UnitRow, all spans of all units
    aliases : DataFrame with columns alias and unit, those that hold in the year
    scheme : Scheme
    rules : Rules
    faults : list of Fault, extended
    """
    file, before = f"{folder.name}/{FILE}", len(faults)
    if not (folder / FILE).is_file():
        if (folder / "evidence").is_dir():
            problem = "there is evidence, and no rule that measures it"
            faults.append(Fault(file, None, None, problem, f"add {FILE}, or remove evidence/"))
        return {}
    measures = read_yaml(folder / FILE, Measures, file, faults)
    if measures is None:
        return {}
    faults += rule_faults(measures, scheme, rules.findings, file)
    if measures.as_of.year not in (int(folder.name), int(folder.name) + 1):
        problem = f"{measures.as_of} ends neither {folder.name} nor the months after it"
        faults.append(Fault(file, None, "as_of", problem, "write the last day that counts"))
    left = {name: row.unit for row in every_unit.values() for name in (row.unit, row.name_zh)}
    evidence = read_evidence(
        folder,
        names=unit_names(units, aliases),
        left={name: unit for name, unit in left.items() if unit not in units.index},
        units=units.index,
        rulings=_rulings(folder, units.index, faults),
        timezone=measures.timezone,
        faults=faults,
    )
    used = {rule.kind.table for rule in (measures.leaves | measures.vetoes).values()}
    for table in evidence.tables.keys() - used:
        place, remedy = f"{folder.name}/{FOLDER}/{table}", "add one, or keep it elsewhere"
        faults.append(Fault(place, None, None, f"no rule of {FILE} uses the table", remedy))
    if len(faults) > before:
        return {}
    found: list[Fault] = []
    says = measured(evidence, measures, units=units, scheme=scheme, faults=found)
    faults += [replace(fault, file=file) for fault in found]
    if found:
        return {}
    return {"measures": measures, "evidence": evidence, "measured": says}


def _rulings(folder: Path, units: pd.Index, faults: list[Fault]) -> Rulings:
    """The rulings of a year; their faults are found here where no raw sheets are read with them."""
    if (folder / "raw").is_dir():
        return read_rulings(folder, units, [])
    rulings = read_rulings(folder, units, faults)
    for key, ruling in rulings.by_cell.items():
        if not ruling.file.startswith(f"{FOLDER}/"):
            problem, place = f"{ruling.file!r} is not read", f"{folder.name}/{RULINGS}"
            remedy = f"write its name as {FOLDER}/letters.csv"
            faults.append(Fault(place, rulings.rows[key], "file", problem, remedy))
    return rulings


def with_measured(
    found: dict[str, pd.DataFrame], findings: pd.DataFrame, says: Measured
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Marks and findings with the measured ones among them; typed ones that differ are logged.

    Parameters
    ----------
    found : dict
        Marks, decisions, set_aside, rows and cells, as the sheets say.
    findings : DataFrame with the columns unit, finding, value, as typed
    says : Measured

    Returns
    -------
    tuple of dict and DataFrame
        What was given, with the evidence's marks and findings; a typed mark that the evidence
        overrules is set aside, so that cells in still equal cells scored and set aside.
    """
    found, marks = _with_marks(found, says)
    findings, other = _with_findings(findings, says)
    decided = _log([(*row, RULE, REASON) for row in marks + other], DECISION_COLUMNS)
    aside = _log([(*row[:-1], REASON, "rule") for row in marks], SET_ASIDE_COLUMNS)
    rows, final = found["rows"].copy(), found["rows"]["round"] == "final"
    rows.loc[final, "scored"] -= len(marks)
    rows.loc[final, "set_aside"] += len(marks)
    tables = {"decisions": decided, "set_aside": aside}
    joined = {name: _joined(found[name], table) for name, table in tables.items()}
    return found | joined | {"rows": rows}, findings


def _log(rows: list[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    """Rows of a log; the row of a sheet stays a whole number where others have none."""
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(row=pd.Series([row[3] for row in rows], dtype=object))


def _with_marks(
    found: dict[str, pd.DataFrame], says: Measured
) -> tuple[dict[str, pd.DataFrame], list[tuple[Any, ...]]]:
    key = MARK_COLUMNS[:2]
    marks = found["marks"].merge(says.marks[[*key, "mark", "status", "counted"]], "left", key)
    typed = marks["status_x"].ne(MISSING).to_numpy()
    absent = (marks["counted"] == 0) & (marks["status_x"] == NOT_APPLICABLE)
    is_measured = (marks["status_y"].notna() & ~absent).to_numpy()
    same = (marks["status_x"] == marks["status_y"]) & (
        np.isclose(marks["mark_x"], marks["mark_y"], rtol=0, atol=1e-9, equal_nan=True)
    )
    differ = is_measured & typed & ~same.to_numpy()
    settled = found["marks"].assign(
        mark=np.where(is_measured, marks["mark_y"], marks["mark_x"]),
        status=np.where(is_measured, marks["status_y"], marks["status_x"]),
    )
    log = [_typed_cell(row, found.get("cells")) for row in marks[differ].itertuples()]
    return found | {"marks": settled}, log


def _typed_cell(row: Any, cells: pd.DataFrame | None) -> tuple[Any, ...]:
    """Place of a typed mark that the evidence overrules, what it was and what it becomes."""
    was, becomes = _said(row.mark_x, row.status_x), _said(row.mark_y, row.status_y)
    place: tuple[Any, ...]
    place = ("final", "marks.csv", "", None, "mark", row.unit, row.indicator, was)
    if cells is not None:
        of = (cells["round"] == "final") & (cells["unit"] == row.unit)
        place = tuple(cells[of & (cells["indicator"] == row.indicator)].iloc[0])
    return (*place, becomes)


def _said(mark: float, status: str) -> str:
    return f"{mark:g}" if status == SCORED else status


def _joined(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    if one.empty or other.empty:
        return one if other.empty else other
    return pd.concat([one, other], ignore_index=True)


def _with_findings(
    findings: pd.DataFrame, says: Measured
) -> tuple[pd.DataFrame, list[tuple[Any, ...]]]:
    computed = says.findings
    both = findings.astype(object).merge(computed.astype(object), on=["unit", "finding"])
    differ = both[both["value_x"] != both["value_y"]]
    kept = findings[~findings["finding"].isin(computed["finding"])]
    log = [
        ("final", "findings.csv", "", None, "value", r.unit, r.finding, r.value_x, r.value_y)
        for r in differ.itertuples()
    ]
    return _joined(kept, computed), log


def veto_faults(adjustments: pd.DataFrame, says: Mapping[str, Any], file: str) -> Iterator[Fault]:
    """Faults of decisions on vetoes: unknown ones, confirmed ones that the evidence does not
    propose, and those that are confirmed and rejected.

    Parameters
    ----------
    adjustments : DataFrame
    says : dict with measures and measured, or empty
    file : str
    """
    known = says["measures"].vetoes if says else {}
    table = adjustments[adjustments["veto"] != ""].drop_duplicates(["unit", "veto", "kind"])
    for code in table["veto"].unique():
        if code not in known:
            remedy = f"write one of {', '.join(known)}" if known else "the year proposes none"
            yield Fault(file, None, "veto", f"{code!r} is no veto of measures.yaml", remedy)
    table = table[table["veto"].isin(known)]
    for row in table[table.duplicated(["unit", "veto"])].itertuples():
        problem = f"{row.veto} of {row.unit} is both confirmed and rejected"
        yield Fault(file, None, "veto", problem, "keep one of the two")
    key = ["unit", "veto"]
    proposed = set(says["measured"].vetoes[key].itertuples(index=False, name=None)) if says else ()
    for row in table[table["kind"] == "veto"].itertuples():
        if (row.unit, row.veto) not in proposed:
            day = says["measured"].as_of
            problem = f"the evidence does not propose {row.veto} of {row.unit} on {day}"
            remedy = "remove the row, or clear its code if the reason is another one"
            yield Fault(file, None, "veto", problem, remedy)


def open_vetoes(year: Year) -> pd.DataFrame:
    """Proposed vetoes that no person has confirmed or rejected yet: a row per unit and veto.

    A proposal counts for nothing until ``adjustments.csv`` has a row of kind ``veto`` with its
    code in the column ``veto``; one of kind ``veto_rejected`` closes it.
    """
    if year.measured is None:
        return pd.DataFrame(columns=["unit", "veto", "value", "counted", "against", "worst"])
    log = year.adjustments
    decided = set(zip(log["unit"], log["veto"], strict=True))
    proposed = year.measured.vetoes
    still = [pair not in decided for pair in zip(proposed["unit"], proposed["veto"], strict=True)]
    return proposed[np.array(still, bool)].reset_index(drop=True)
