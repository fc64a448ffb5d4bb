"""The long table of marks: its rows, its checks, and its one complete form."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import BeforeValidator, Field

from evallib.errors import Fault
from evallib.study.rules import Rules
from evallib.study.scheme import Node, Scheme
from evallib.study.tables import LARGE, Code, Number, Row, Whole
from evallib.study.units import NO_UNIT

MARK_COLUMNS = ["unit", "indicator", "mark", "status"]
SCORED, NOT_APPLICABLE, MISSING = "scored", "not_applicable", "missing"


class MarkRow(Row):
    """A row of ``marks.csv``: only ``scored`` carries a mark, and zero is a mark."""

    unit: Code
    indicator: Code
    mark: Number | None = None
    status: Literal["scored", "not_applicable", "missing"] = "scored"


class AdjustmentRow(Row):
    """A row of ``adjustments.csv``: points outside the scale, or a single-item veto.

    ``veto`` is the code in ``measures.yaml`` of a veto that the evidence proposes;
    ``veto_rejected`` closes such a proposal without effect.
    """

    unit: Code
    kind: Literal["bonus", "penalty", "veto", "veto_rejected"]
    points: Number | None = Field(None, ge=0, le=LARGE)
    reason: str = ""
    source: str = ""
    veto: Code = ""


class FindingRow(Row):
    """A row of ``findings.csv``: one yes-or-no finding about one unit."""

    unit: Code
    finding: Code
    value: Annotated[Literal["true", "false", "not_applicable"], BeforeValidator(str.casefold)]


class ReviewRow(Row):
    """A row of ``reviews.csv``: a mark of a blind double review."""

    unit: Code
    indicator: Code
    reviewer: Code
    mark: Number


class TotalRow(Row):
    """A row of ``totals.csv``, for a year of which only totals survive."""

    unit: Code
    total: Number = Field(ge=-LARGE, le=LARGE)
    rank: Whole | None = Field(None, ge=1, le=LARGE)


def complete_marks(table: pd.DataFrame, units: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """One row per unit and leaf, in the order of units and tree.

    A leaf that does not apply to the unit's class is ``not_applicable``; an applicable leaf
    without a row is ``missing``.

    Parameters
    ----------
    table : DataFrame with the columns unit, indicator, mark, status
    units : DataFrame indexed by unit, with a column class
    scheme : Scheme
    """
    every = pd.MultiIndex.from_product([units.index, scheme.leaves], names=MARK_COLUMNS[:2])
    full = table.set_index(MARK_COLUMNS[:2]).reindex(every)
    applies = scheme.applies(units["class"]).to_numpy().ravel()
    absent = full["status"].isna().to_numpy()
    status = np.where(
        absent, np.where(applies, MISSING, NOT_APPLICABLE), full["status"].to_numpy(object)
    )
    return full.assign(mark=full["mark"].astype(float), status=status).reset_index()


def off_step(mark: float, step: float | None) -> bool:
    """Whether a mark lies off its grid by more than floating-point noise."""
    steps = mark / step if step else 0.0
    return np.isfinite(steps) and abs(steps - round(steps)) > 1e-6


def mark_problem(mark: float, node: Node) -> tuple[str, str] | None:
    """What is wrong with a mark of a leaf, and what to do; None when nothing is."""
    if node.full_marks is not None:
        if not 0 <= mark <= node.full_marks + 1e-9:
            return (
                f"mark {mark:g} of {node.code} is outside 0 to {node.full_marks:g}",
                "correct the mark, or the full marks in scheme.csv",
            )
    elif (bounds := node.bounds) and not bounds[0] <= mark <= bounds[1]:
        if node.outside == "keep":
            return f"value {mark:g} of {node.code} is far beyond its goalposts", "correct it"
        return (
            f"value {mark:g} of {node.code} is outside its goalposts {node.low:g} to {node.high:g}",
            "correct it, or set `outside` to keep or clip in scheme.csv",
        )
    if off_step(mark, node.step):
        return (
            f"mark {mark:g} of {node.code} is off its step {node.step:g}",
            "correct the mark or the step",
        )
    return None


def mark_faults(
    rows: Mapping[int, MarkRow],
    units: pd.DataFrame,
    scheme: Scheme,
    resolve: Callable[[str], str | None],
    file: str,
) -> Iterator[Fault]:
    """Faults of tidy marks: unknown units and leaves, duplicates, ranges, steps, statuses."""
    seen: dict[tuple[str, str], int] = {}
    leaves, applies = set(scheme.leaves), scheme.applies(units["class"])
    for number, row in rows.items():
        unit = resolve(row.unit)
        if unit is None:
            yield unknown_unit(file, number, row.unit)
        if row.indicator not in leaves:
            kind = "an inner node" if row.indicator in scheme.codes else "not in scheme.csv"
            yield Fault(
                file,
                number,
                "indicator",
                f"{row.indicator!r} is {kind}",
                "write the code of a leaf",
            )
        if unit is None or row.indicator not in leaves:
            continue
        if (unit, row.indicator) in seen:
            yield Fault(
                file,
                number,
                "mark",
                f"{unit}/{row.indicator} stands already in row {seen[unit, row.indicator]}",
                "keep one of the two",
            )
        seen.setdefault((unit, row.indicator), number)
        yield from _status_faults(row, scheme.node(row.indicator), number, file)
        if row.status != NOT_APPLICABLE and not applies.at[unit, row.indicator]:
            yield Fault(
                file,
                number,
                "mark",
                f"{row.indicator} does not apply to class {units.at[unit, 'class']} of {unit}",
                "remove the mark or correct the class",
            )


def _status_faults(row: MarkRow, node: Node, number: int, file: str) -> Iterator[Fault]:
    if row.status != SCORED and row.mark is not None:
        yield Fault(
            file,
            number,
            "status",
            f"a mark with status {row.status}",
            "clear the mark or write scored",
        )
    elif row.status == SCORED and row.mark is None:
        yield Fault(
            file,
            number,
            "mark",
            f"{node.code} is scored without a mark",
            "write the mark (0 is one), not_applicable or missing",
        )
    elif row.mark is not None and (wrong := mark_problem(row.mark, node)):
        yield Fault(file, number, "mark", *wrong)


def review_faults(row: ReviewRow, number: int, scheme: Scheme, file: str) -> Iterator[Fault]:
    """Faults of one mark of a double review: an unknown leaf, a mark out of range or off step."""
    if row.indicator not in scheme.leaves:
        yield Fault(
            file, number, "indicator", f"{row.indicator!r} is no leaf", "write the code of a leaf"
        )
    elif wrong := mark_problem(row.mark, scheme.node(row.indicator)):
        yield Fault(file, number, "mark", *wrong)


def adjustment_faults(row: AdjustmentRow, number: int, file: str) -> Iterator[Fault]:
    """Faults of one adjustment: points where none belong, none where some do, a stray veto."""
    is_veto = row.kind in ("veto", "veto_rejected")
    if (row.points is None) != is_veto:
        name = row.kind.replace("_", " ")
        problem = f"a {name} has no points" if is_veto else f"a {name} without points"
        yield Fault(file, number, "points", problem, "clear the cell" if is_veto else "fill it in")
    if row.veto and not is_veto:
        yield Fault(file, number, "veto", f"a {row.kind} names a veto", "clear the cell")
    if row.kind == "veto_rejected" and not (row.veto and row.reason):
        problem = "a veto is rejected without its code or a reason"
        yield Fault(file, number, "veto", problem, "fill in veto and reason")


def unknown_unit(file: str, number: int, name: str) -> Fault:
    """The fault of a unit that is not valid in the year."""
    return Fault(
        file,
        number,
        "unit",
        f"{name!r} {NO_UNIT}",
        "correct the name, or add it to units.csv or aliases.csv with its dates",
    )


def missing_faults(
    marks: pd.DataFrame,
    vetoed: set[str],
    rules: Rules,
    file: str,
    *,
    measured: Collection[str] = (),
) -> Iterator[Fault]:
    """Faults of incomplete marks: units without any mark, and missing marks where refused."""
    marks = marks[~marks["unit"].isin(vetoed)]
    for unit, rows in marks.groupby("unit", sort=False):
        missing = rows.loc[rows["status"] == MISSING, "indicator"].tolist()
        if not (rows["status"] == SCORED).any():
            remedy = "add its marks, or end its valid_to in units.csv"
            yield Fault(file, None, "unit", f"{unit} has no mark at all", remedy)
        elif missing and rules.missing == "refuse":
            yield from _refused(unit, missing, measured, file)


def _refused(
    unit: str, missing: list[str], measured: Collection[str], file: str
) -> Iterator[Fault]:
    if typed := [leaf for leaf in missing if leaf not in measured]:
        remedy = "add them, write not_applicable, or decide `missing` in rules.yaml"
        yield Fault(file, None, "mark", f"{unit} has no mark for {', '.join(typed)}", remedy)
    if silent := [leaf for leaf in missing if leaf in measured]:
        folder = f"{file.partition('/')[0]}/evidence"
        problem = f"{unit} has no evidence that counts for {', '.join(silent)}"
        remedy = "add its rows, or say under `none` in measures.yaml what that means"
        yield Fault(folder, None, "unit", problem, remedy)


def row_faults(
    rows: Mapping[int, FindingRow | TotalRow],
    resolve: Callable[[str], str | None],
    keys: tuple[str, ...],
    file: str,
) -> Iterator[Fault]:
    """Faults of adjustments, findings, reviews and totals: unknown units and repeated keys."""
    seen: dict[tuple[object, ...], int] = {}
    for number, row in rows.items():
        unit = resolve(row.unit)
        if unit is None:
            yield unknown_unit(file, number, row.unit)
            continue
        key = (unit, *(getattr(row, name) for name in keys))
        if key in seen:
            yield Fault(
                file,
                number,
                None,
                f"{'/'.join(key)} stands already in row {seen[key]}",
                "keep one of the two",
            )
        seen.setdefault(key, number)
