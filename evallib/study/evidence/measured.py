"""Evidence to marks, findings and proposed vetoes, by the rules of ``measures.yaml``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evallib.errors import DataError, Fault, StudyError
from evallib.study.evidence.look import Clock
from evallib.study.evidence.read import Evidence
from evallib.study.evidence.rules import FindingRule, LeafRule, Measures, VetoRule
from evallib.study.evidence.tally import (
    TALLY_COLUMNS,
    Seen,
    clock_of,
    faults_by_kind,
    lacking_by_unit,
    see,
    tally,
)
from evallib.study.marks import MISSING, NOT_APPLICABLE, SCORED, mark_problem
from evallib.study.scheme import Node, Scheme

if TYPE_CHECKING:
    from test_measures import Logs

FILE = "measures.yaml"
MEASURED_COLUMNS = ["unit", "indicator", "mark", "status", "lost", *TALLY_COLUMNS]
FINDING_COLUMNS = ["unit", "finding", "value"]
VETO_COLUMNS = ["unit", "veto", *TALLY_COLUMNS]


@dataclass(frozen=True)
class Measured:
    """What the evidence of a year says on one day.

    ``marks`` has a row per unit and measured leaf, with the value that the steps were applied to,
    the rows counted and counted against the unit, and the worst of these; ``vetoes`` has the units
    that reach a veto's bound, ``warnings`` those that reach its warning level, ``findings`` one
    row per unit and computed finding.
    """

    as_of: date
    marks: pd.DataFrame
    findings: pd.DataFrame
    vetoes: pd.DataFrame
    warnings: pd.DataFrame


def measure(
    evidence: Evidence | Logs,
    rules: Measures,
    *,
    units: pd.DataFrame,
    scheme: Scheme,
    as_of: date | None = None,
) -> Measured:
    """Marks, findings and proposed vetoes that follow from the evidence.

    Parameters
    ----------
    evidence : Evidence
    rules : Measures
    units : DataFrame indexed by unit, with a column class
    scheme : Scheme
    as_of : date, optional
        Last day that counts; that of ``measures.yaml`` when omitted. What happened later has not
        happened: a letter answered the day after is still open.

    Returns
    -------
    Measured

    Raises
    ------
    StudyError
        If a table is absent or empty, a fault has no points, or a mark lies off its leaf's step.
    """
    faults: list[Fault] = []
    found = measured(evidence, rules, units=units, scheme=scheme, as_of=as_of, faults=faults)
    if faults:
        raise StudyError(faults)
    return found


def measured(
    evidence: Evidence | Logs,
    rules: Measures,
    *,
    units: pd.DataFrame,
    scheme: Scheme,
    as_of: date | None = None,
    faults: list[Fault],
) -> Measured:
    """As ``measure``; faults are added to a list, and what they touch is left out."""
    as_of = as_of or rules.as_of
    seen = _seen(evidence, {**rules.leaves, **rules.vetoes}, clock_of(rules, as_of), faults)
    leaves = {code: rule for code, rule in rules.leaves.items() if code in seen}
    vetoes = {code: rule for code, rule in rules.vetoes.items() if code in seen}
    parts = []
    for code, rule in leaves.items():
        parts.append(leaf_marks(code, rule, seen[code], units, scheme))
        faults += _leaf_faults(rule, parts[-1], seen[code], scheme.node(code), units.index)
    marks = _joined(parts, MEASURED_COLUMNS)
    findings = [
        _finding(code, rule, marks[marks["indicator"] == rule.leaf], seen[rule.leaf])
        for code, rule in rules.findings.items()
        if rule.leaf in seen
    ]
    values = _joined(
        [
            tally(seen[code], rule, units.index).rename_axis("unit").reset_index().assign(veto=code)
            for code, rule in vetoes.items()
        ],
        VETO_COLUMNS,
    )
    return Measured(
        as_of,
        marks,
        _joined(findings, FINDING_COLUMNS),
        _reaching(values, {code: rule.holds for code, rule in vetoes.items()}),
        _reaching(values, {code: rule.warns for code, rule in vetoes.items()}),
    )


def _seen(
    evidence: Evidence | Logs,
    rules: Mapping[str, LeafRule | VetoRule],
    clock: Clock,
    faults: list[Fault],
) -> dict[str, Seen]:
    """What each rule sees; a rule whose table is absent or empty is a fault."""
    found = {}
    for code, rule in rules.items():
        table = rule.kind.table
        if table not in evidence.tables:
            problem, remedy = f"{code} needs the table {table}", f"add evidence/{table}.csv"
            faults.append(Fault(FILE, None, code, problem, remedy))
            continue
        if absent := [name for name in rule.needs if name in evidence.absent.get(table, ())]:
            problem = f"{code} needs the column {', '.join(absent)} of {table}"
            faults.append(Fault(FILE, None, code, problem, f"add it to evidence/{table}"))
            continue
        try:
            found[code] = see(evidence.tables, rule, clock)
        except DataError as error:
            problem, _, remedy = str(error).partition("; ")
            faults.append(Fault(FILE, None, code, problem, remedy))
            continue
        if not found[code].counted.any():
            problem = f"no row of {table} counts for it on {clock.as_of:%Y-%m-%d}"
            remedy = f"complete evidence/{table}, or correct as_of or the window"
            faults.append(Fault(FILE, None, code, problem, remedy))
    return found


def _joined(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not tables:
        return pd.DataFrame(columns=columns)
    return pd.concat(tables, ignore_index=True)[columns]


def _reaching(vetoes: pd.DataFrame, tests: Mapping[str, Callable[..., Any]]) -> pd.DataFrame:
    reached = [
        bool(tests[veto](value))
        for veto, value in zip(vetoes["veto"], vetoes["value"], strict=True)
    ]
    return vetoes[np.array(reached, bool)].reset_index(drop=True)


def leaf_marks(
    code: str, rule: LeafRule, seen: Seen, units: pd.DataFrame, scheme: Scheme
) -> pd.DataFrame:
    """Mark and status of every unit at one measured leaf, with what they come from.

    Returns
    -------
    DataFrame
        One row per unit: unit, value, counted, against, worst, indicator, lost (points before the
        full marks cap them), mark, status.
    """
    node, table = scheme.node(code), tally(seen, rule, units.index)
    lost = _points_lost(rule, table["value"].to_numpy(), seen, units.index)
    full = np.nan if node.full_marks is None else node.full_marks
    mark = np.round(full - np.minimum(lost, full), 10)
    without = {"zero": 0.0, "full": full}.get(rule.none, np.nan)
    nothing = table["counted"].to_numpy() == 0
    status = np.where(nothing & np.isnan(without), rule.none, SCORED)
    status = np.where(scheme.applies(units["class"])[code], status, NOT_APPLICABLE)
    mark = np.where(status == SCORED, np.where(nothing, without, mark), np.nan)
    lost = np.where(nothing & (status == SCORED), full - mark, lost)
    table = table.assign(indicator=code, lost=lost, mark=mark, status=status)
    return table.rename_axis("unit").reset_index()


def _leaf_faults(
    rule: LeafRule, marks: pd.DataFrame, seen: Seen, node: Node, units: pd.Index
) -> Iterator[Fault]:
    """Faults without a price, and marks that the leaf cannot have."""
    each = rule.points_each
    if isinstance(each, dict):
        unpriced = [kind for kind in faults_by_kind(seen, rule, units) if kind not in each]
        if unpriced:
            problem = f"no points for {', '.join(unpriced)}"
            yield Fault(FILE, None, f"leaves.{node.code}.points_each", problem, "add them")
    wrong = filter(None, (mark_problem(mark, node) for mark in marks["mark"].dropna()))
    for problem, _ in dict.fromkeys(wrong):
        yield Fault(FILE, None, f"leaves.{node.code}", problem, "correct the points")


def _points_lost(rule: LeafRule, value: np.ndarray, seen: Seen, units: pd.Index) -> np.ndarray:
    """Points that each unit loses, before the leaf's full marks cap them."""
    if rule.steps:
        holding = [np.where(step.holds(value), step.points, 0.0) for step in rule.steps]
        return np.max(holding, axis=0)
    by_kind, each = faults_by_kind(seen, rule, units), rule.points_each
    prices = each if isinstance(each, dict) else dict.fromkeys(by_kind, each)
    return sum((by_kind[k].to_numpy() * prices.get(k, 0) for k in by_kind), np.zeros(len(units)))


def _finding(code: str, rule: FindingRule, marks: pd.DataFrame, seen: Seen) -> pd.DataFrame:
    """The finding of every unit: not applicable where nothing counted or the leaf does not."""
    if rule.when is not None:
        holds = rule.when.holds(marks["value"].to_numpy())
    else:
        units = pd.Index(marks["unit"])
        holds = lacking_by_unit(seen, units)[str(rule.lacking)]
    silent = (marks["counted"] == 0) | marks["status"].isin([MISSING, NOT_APPLICABLE])
    value = np.where(silent, "not_applicable", np.where(holds, "true", "false"))
    return pd.DataFrame({"unit": marks["unit"].to_numpy(), "finding": code, "value": value})
