"""Marks are measurements: what a blind double review shows, and which cells to check again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import chi2, t

from evallib.aggregation import leaf_index, node_scores
from evallib.errors import DataError
from evallib.firmness.linear import awarded_bonus
from evallib.rounding import print_units, round_number
from evallib.scoring import Evaluation, evaluate, evaluate_year, granted, rank
from evallib.study.marks import SCORED, mark_problem
from evallib.study.model import Study, Year

ROUNDS = {"initial", "preliminary", "final", "初评", "终评"}
ALIKE = 0.9  # share of cells from which a reviewer who repeats a round is taken for it
NO_REVIEW = "the initial and final rounds differ by repair and are no blind double review"


@dataclass(frozen=True)
class DoubleReview:
    """What two blind reviewers of the same sites say about the error of a total, in points.

    Attributes
    ----------
    totals : DataFrame, units x reviewers
        Base score by each reviewer's marks.
    sem : float
        Standard error of measurement of one reviewer's total; ``sem_low`` to ``sem_high`` holds
        it with 95 % confidence.
    bias, bias_error : float
        Mean difference, first reviewer minus second, and its standard error.
    icc : float
        ICC(A,1): agreement of single totals, two-way; NaN where no total differs.
    mdc95 : float
        Smallest difference of two totals that errors exceed in 5 % of pairs only; by Student's t,
        because the SEM is an estimate.
    freedom : int
        Degrees of freedom of the SEM, units less 1; hand it on to ``rank_sets`` with the SEM.
    """

    totals: pd.DataFrame
    sem: float
    sem_low: float
    sem_high: float
    bias: float
    bias_error: float
    icc: float
    mdc95: float
    freedom: int


def double_review(study: Study, year: int) -> DoubleReview:
    """Error of measurement from the blind double review of a year (``reviews.csv``).

    Differences are taken between unit totals, because the errors of one reviewer go together
    across leaves.

    Raises
    ------
    DataError
        If the year has no reviews, they are its rounds under another name, they are not by
        exactly two reviewers, or they do not cover the scored leaves of the reviewed units.

    Notes
    -----
    sem^2 = Var(difference) / 2; ICC(A,1) of McGraw and Wong (1996),
    doi:10.1037/1082-989X.1.1.30; mdc95 = t sqrt(2) sem, with the 97.5 %
    quantile of Student's t for the units less 1.
    """
    evaluate(study, year)  # refuses a year without marks
    record, where = study.years[year], f"{study.code} {year}"
    if record.reviews is None:
        raise DataError(f"{where}: no reviews.csv, so no error of measurement; {NO_REVIEW}")
    table = record.reviews.set_index(["unit", "indicator", "reviewer"])["mark"].unstack()
    _check_reviews(table, record, where)
    units = record.units.loc[record.units.index.isin(table.index.unique("unit"))]
    marks = record.marks[record.marks["unit"].isin(units.index)].set_index(["unit", "indicator"])
    totals = {}
    for reviewer in table:
        given = marks.assign(mark=table[reviewer].reindex(marks.index)).reset_index()
        scored = evaluate_year(
            replace(record, units=units, marks=given),
            study=study.code,
            provenance=study.provenance,
        )
        totals[reviewer] = scored.base
    return _reliability(pd.DataFrame(totals))


def _check_reviews(table: pd.DataFrame, record: Year, where: str) -> None:
    names = {str(name).lower() for name in table}
    if len(table.columns) != 2:
        raise DataError(f"{where}: reviews.csv has {len(names)} reviewers; it takes exactly two")
    final = record.marks.query("status == @SCORED").set_index(["unit", "indicator"])["mark"]
    same = record.initial is not None and _are_rounds(table, record.initial, final)
    if same or names & ROUNDS:
        raise DataError(f"{where}: the two reviewers are the two rounds; {NO_REVIEW}")
    needed = final.index[final.index.isin(table.index.unique("unit"), level="unit")]
    gaps = [*needed.difference(table.dropna().index), *table.index.difference(needed)]
    faults = [f"{unit}/{leaf}: not a scored leaf marked by both" for unit, leaf in gaps]
    for (unit, leaf), row in table.loc[table.index.isin(needed)].iterrows():
        problems = (mark_problem(mark, record.tree.node(leaf)) for mark in row.dropna())
        faults += [f"{unit}/{leaf}: {problem[0]}" for problem in problems if problem]
    if faults:
        raise DataError(f"{where}: reviews.csv, {len(faults)} faults, first {faults[0]}; mend them")
    if len(table.index.unique("unit")) < 3:
        raise DataError(f"{where}: reviews.csv covers fewer than 3 units; review more of them")


def _are_rounds(table: pd.DataFrame, initial: pd.DataFrame, final: pd.Series) -> bool:
    """Whether the reviewers repeat one round each, on most cells and where the rounds differ."""
    initial = initial.set_index(["unit", "indicator"])["mark"].reindex(table.index).to_numpy(float)
    final, sides = final.reindex(table.index).to_numpy(float), table.to_numpy(float).T
    differ = ~np.isclose(initial, final, equal_nan=True)
    for one, other in (sides, sides[::-1]):
        alike = [
            np.isclose(side, marks, equal_nan=True)
            for side, marks in ((one, initial), (other, final))
        ]
        if differ.any() and all(a.mean() > ALIKE and a[differ].mean() > 0.5 for a in alike):
            return True
    return False


def _reliability(totals: pd.DataFrame) -> DoubleReview:
    n, means = len(totals), totals.mean(axis=1)
    difference = totals.iloc[:, 0] - totals.iloc[:, 1]
    error, rows = difference.var() / 2, 2 * means.var()
    columns = n * totals.mean().var()
    whole = rows + error + 2 / n * (columns - error)
    ends = np.sqrt((n - 1) * error / chi2.ppf([0.975, 0.025], n - 1))
    sem = np.sqrt(error)
    return DoubleReview(
        totals,
        float(sem),
        float(ends[0]),
        float(ends[1]),
        float(difference.mean()),
        float(difference.std() / np.sqrt(n)),
        float((rows - error) / whole) if whole > 0 else np.nan,
        float(t.ppf(0.975, n - 1) * np.sqrt(2) * sem),
        n - 1,
    )


def recheck_list(study: Study, year: int, *, step: float | None = None) -> pd.DataFrame:
    """Cells that would change a published decision if they were wrong by one step.

    Decisions are reaching the threshold, and belonging to the top k. One cell changes at a time;
    units with the most such cells come first.

    Parameters
    ----------
    step : float, optional
        For leaves whose scheme states none.

    Returns
    -------
    DataFrame
        ``unit``, ``indicator``, ``mark``, ``becomes``, ``total`` and ``total_becomes``
        (unrounded), ``decision`` (``threshold`` or ``top``), ``enters`` and ``leaves`` (the units
        that would be in, or out), ``cells`` (of the unit, in all).

    Raises
    ------
    DataError
        If a leaf has no step and none is given.

    Examples
    --------
    >>> import evallib as ev
    >>> len(recheck_list(ev.read_study("data/sichuan-land"), 2011, step=0.5))
    0
    """
    result = evaluate(study, year)
    moves = _one_step_moves(study.years[year], result, step)
    found = pd.concat([_threshold_changes(result, moves), _top_changes(result, moves)])
    found["cells"] = found.groupby("unit")["indicator"].transform("nunique")
    return found.sort_values("cells", ascending=False, kind="stable", ignore_index=True)


def _one_step_moves(record: Year, result: Evaluation, step: float | None) -> pd.DataFrame:
    """Every scored cell one step up and down, with the total that its unit would have."""
    scheme, where = result.scheme, f"{result.study} {result.year}"
    steps = pd.Series({leaf: scheme.node(leaf).step or step for leaf in scheme.leaves}, dtype=float)
    if not (steps > 0).all():
        first = steps.index[~(steps > 0)][0]
        raise DataError(f"{where}: leaf {first} has no step; state it in scheme.csv or give one")
    moves = []
    for sign in (1, -1):
        marks = record.marks.assign(
            becomes=(record.marks["mark"] + sign * record.marks["indicator"].map(steps)).round(10)
        )
        index = leaf_index(replace(record, marks=marks.assign(mark=marks["becomes"])))
        marks["index"] = index.to_numpy().ravel()
        moves.append(marks)
    table = pd.concat(moves).sort_index(kind="stable")
    held = result.total.notna() & ~result.veto
    table = table[(table["status"] == SCORED) & table["unit"].map(held)]
    possible = [
        mark_problem(mark, replace(scheme.node(leaf), step=None)) is None
        for mark, leaf in zip(table["becomes"], table["indicator"], strict=True)
    ]
    table = table[possible]
    rows = result.index.loc[table["unit"]].to_numpy(copy=True)
    rows[np.arange(len(table)), result.index.columns.get_indexer(table["indicator"])] = table[
        "index"
    ]
    mass = result.mass.loc[table["unit"]].to_numpy()
    base = node_scores(rows, mass, scheme, result.rules)[:, 0] * result.rules.scale
    points = awarded_bonus(result), result.penalty
    bonus, penalty = (s.loc[table["unit"]].to_numpy(float) for s in points)
    bonus, penalty = granted(base, bonus, penalty, result.rules)
    table = table.assign(
        total=result.total[table["unit"]].to_numpy(), total_becomes=base + bonus - penalty
    )
    return table[["unit", "indicator", "mark", "becomes", "total", "total_becomes"]]


def _threshold_changes(result: Evaluation, moves: pd.DataFrame) -> pd.DataFrame:
    rules = result.rules
    was, becomes = (
        round_number(moves[column], rules.decimals, rules.rounding) >= rules.threshold
        for column in ("total", "total_becomes")
    )
    sides = {"enters": becomes & ~was, "leaves": was & ~becomes}
    sides = {name: moves["unit"].where(side, "") for name, side in sides.items()}
    return moves.assign(decision="threshold", **sides)[was != becomes]


def _top_changes(result: Evaluation, moves: pd.DataFrame) -> pd.DataFrame:
    """A top k changes only where a unit leaves or crosses the print unit of its last place."""
    rules, totals = result.rules, result.total[result.rank.notna()]
    decimals, rounding = rules.rank_decimals, rules.rounding
    before = result.rank[totals.index] <= rules.top
    edge = int(print_units(totals[before], decimals, rounding).min())
    moves = moves[moves["unit"].isin(totals.index)]
    was, becomes = (
        np.sign(print_units(moves[column], decimals, rounding) - edge)
        for column in ("total", "total_becomes")
    )
    rows = []
    for move in moves[(was != becomes) | (rules.ties == "dense")].itertuples(index=False):
        changed = totals.where(totals.index != move.unit, move.total_becomes)
        after = rank(changed, ties=rules.ties, decimals=decimals, rounding=rounding) <= rules.top
        enters, leaves = totals.index[after & ~before], totals.index[before & ~after]
        if len(enters) or len(leaves):
            rows.append((*move, "top", "; ".join(enters), "; ".join(leaves)))
    return pd.DataFrame(rows, columns=[*moves.columns, "decision", "enters", "leaves"])
