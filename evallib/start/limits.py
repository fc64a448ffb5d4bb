"""What a cell of a score sheet may hold, as a drop-down, as a formula, and in words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from evallib.study.cells import expected, number_text
from evallib.study.scheme import Node

NOT_APPLICABLE = "不适用"
LIST_LIMIT = 255  # characters that a spreadsheet stores of the choices of one drop-down


@dataclass(frozen=True)
class Limits:
    """Bounds and step of a leaf's marks, and every mark where they are few enough to list."""

    low: Decimal | None
    high: Decimal | None
    step: Decimal | None
    marks: tuple[Decimal, ...]


def limits_of(node: Node) -> Limits:
    """The limits of a leaf, exactly those that the reader of the sheets applies.

    Examples
    --------
    >>> from evallib import Node
    >>> choices(limits_of(Node("a", "r", "甲", full_marks=1.0, step=0.5)))
    ['不适用', '1', '0.5', '0']
    """
    cell = expected(node, applies=True, deduction=False, may_be_missing=False)
    low, high = (cell.low, cell.high) if cell.full is None else (Decimal(0), cell.full)
    step, marks = cell.step, tuple[Decimal, ...]()
    if step is not None and low is not None and high is not None:
        first, last = low / step, high / step
        if last - first <= LIST_LIMIT:
            whole = range(
                int(first.to_integral_value(ROUND_CEILING)),
                int(last.to_integral_value(ROUND_FLOOR)) + 1,
            )
            marks = tuple(n * step for n in whole)
    return Limits(low, high, step, marks)


def choices(limits: Limits) -> list[str]:
    """Texts of a drop-down, not applicable first, the highest mark next; empty where too many."""
    texts = [NOT_APPLICABLE, *map(number_text, reversed(limits.marks))]
    return texts if limits.marks and len(",".join(texts)) <= LIST_LIMIT else []


def allowed(limits: Limits, cell: str) -> str:
    """Formula that is true for a number within the limits and for the word not applicable."""
    tests = ["TRUE"]
    if limits.low is not None and limits.high is not None:
        tests = [f"{cell}>={number_text(limits.low)}", f"{cell}<={number_text(limits.high)}"]
    if limits.step is not None:
        steps = f"{cell}/{number_text(limits.step)}"
        tests.append(f"ABS({steps}-ROUND({steps},0))<0.000001")
    return f'IF(ISNUMBER({cell}),AND({",".join(tests)}),{cell}="{NOT_APPLICABLE}")'


def validation(limits: Limits, cell: str, header: str) -> dict[str, Any]:
    """A drop-down of all marks where they are few, else the limits as a formula.

    Parameters
    ----------
    limits : Limits
    cell : str, the first cell that is checked
    header : str, title of the hint that a cell without a drop-down shows
    """
    text, listed = in_words(limits), choices(limits)
    check = {"validate": "list", "source": listed}
    if not listed:
        check = {"validate": "custom", "value": f"={allowed(limits, cell)}"}
        check |= {"input_title": header[:32], "input_message": text}
    return check | {"error_title": "不能这样填写", "error_message": text}


def in_words(limits: Limits) -> str:
    """The limits as a sentence for assessors."""
    parts = []
    if limits.low is not None and limits.high is not None:
        parts.append(f"{number_text(limits.low)} 至 {number_text(limits.high)}")
    if limits.step is not None:
        parts.append(f"{number_text(limits.step)} 的整数倍")
    bounds = f"（{'，'.join(parts)}）" if parts else ""
    return f"请填数字{bounds}；确不适用的，填“{NOT_APPLICABLE}”。"
