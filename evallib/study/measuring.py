"""Evidence of a year in, measured marks and findings in the place of typed ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from evallib.errors import Fault
from evallib.study.evidence.measured import FILE, measured
from evallib.study.evidence.read import read_evidence
from evallib.study.evidence.rules import Measures, rule_faults
from evallib.study.ingest import DECISION_COLUMNS, SET_ASIDE_COLUMNS
from evallib.study.marks import MARK_COLUMNS, MISSING, NOT_APPLICABLE, SCORED
from evallib.study.names import unit_names
from evallib.study.rulings import read_rulings
from evallib.study.tables import read_yaml

RULE = "measured"
REASON = "the evidence decides"


def measure_year(folder, *, units, every_unit, aliases, scheme, rules, faults) -> dict:
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
    left = {name: row.unit for row in every_unit.values() for name in (row.unit, row.name_zh)}
    evidence = read_evidence(
        folder,
        names=unit_names(units, aliases),
        left={name: unit for name, unit in left.items() if unit not in units.index},
        units=units.index,
        rulings=read_rulings(folder, units.index, []),
        timezone=measures.timezone,
        faults=faults,
    )
    if len(faults) > before:
        return {}
    found: list[Fault] = []
    says = measured(evidence, measures, units=units, scheme=scheme, faults=found)
    faults += [replace(fault, file=file) for fault in found]
    return {"measures": measures, "evidence": evidence, "measured": says}


def with_measured(found, findings, says) -> tuple[dict, pd.DataFrame]:
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
    decided = pd.DataFrame(
        [(*row, RULE, REASON) for row in marks + other], columns=DECISION_COLUMNS
    )
    aside = pd.DataFrame([(*row[:-1], REASON, "rule") for row in marks], columns=SET_ASIDE_COLUMNS)
    rows, final = found["rows"].copy(), found["rows"]["round"] == "final"
    rows.loc[final, "scored"] -= len(marks)
    rows.loc[final, "set_aside"] += len(marks)
    tables = {"decisions": decided, "set_aside": aside}
    joined = {name: _joined(found[name], table) for name, table in tables.items()}
    return found | joined | {"rows": rows}, findings


def _with_marks(found, says):
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


def _typed_cell(row, cells):
    """Place of a typed mark that the evidence overrules, what it was and what it becomes."""
    was, becomes = _said(row.mark_x, row.status_x), _said(row.mark_y, row.status_y)
    place = ("final", "marks.csv", "", None, "mark", row.unit, row.indicator, was)
    if cells is not None:
        of = (cells["round"] == "final") & (cells["unit"] == row.unit)
        place = tuple(cells[of & (cells["indicator"] == row.indicator)].iloc[0])
    return (*place, becomes)


def _said(mark, status) -> str:
    return f"{mark:g}" if status == SCORED else status


def _joined(one, other):
    if one.empty or other.empty:
        return one if other.empty else other
    return pd.concat([one, other], ignore_index=True)


def _with_findings(findings, says):
    computed = says.findings
    both = findings.astype(object).merge(computed.astype(object), on=["unit", "finding"])
    differ = both[both["value_x"] != both["value_y"]]
    kept = findings[~findings["finding"].isin(computed["finding"])]
    log = [
        ("final", "findings.csv", "", None, "value", r.unit, r.finding, r.value_x, r.value_y)
        for r in differ.itertuples()
    ]
    return _joined(kept, computed), log


def veto_faults(adjustments, measures, file):
    """Faults of decisions on vetoes that ``measures.yaml`` does not know."""
    known = measures.vetoes if measures else {}
    for code in adjustments["veto"].unique():
        if code and code not in known:
            remedy = f"write one of {', '.join(known)}" if known else "the year proposes none"
            yield Fault(file, None, "veto", f"{code!r} is no veto of measures.yaml", remedy)


def open_vetoes(year) -> pd.DataFrame:
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
