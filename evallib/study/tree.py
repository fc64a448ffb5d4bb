"""From the rows of ``scheme.csv`` to a Scheme, or to everything that is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from evallib.errors import Fault
from evallib.study.model import Names
from evallib.study.scheme import Node, Scheme
from evallib.study.tables import LARGE, Code, Number, Row

RESERVED = frozenset(
    [
        "unit",
        "name",
        "group",
        "class",
        "base",
        "bonus",
        "penalty",
        "veto",
        "total",
        "printed",
        "rank",
        "group_rank",
        "band",
        "node",
    ]
)  # columns of the tables of results, beside those of the nodes
FAR = LARGE**2  # goalposts are measured in any unit, such as yuan


class NodeRow(Row):
    """A row of ``scheme.csv``."""

    code: Code
    parent: Code = ""
    name_zh: str
    name_en: str = ""
    weight: Number | None = Field(None, gt=0, le=LARGE)
    full_marks: Number | None = Field(None, gt=0, le=LARGE)
    step: Number | None = Field(None, gt=0, le=LARGE)
    aggregation: Literal["arithmetic", "geometric", "harmonic"] = "arithmetic"
    classes: str = ""
    low: Number | None = Field(None, ge=-FAR, le=FAR)
    high: Number | None = Field(None, ge=-FAR, le=FAR)
    outside: Literal["refuse", "keep", "clip"] = "refuse"
    source: str = ""

    @property
    def class_codes(self) -> tuple[str, ...]:
        """Classes that the leaf applies to; empty means all."""
        return tuple(part.strip() for part in self.classes.split(";") if part.strip())


def build(rows: Mapping[int, NodeRow]) -> Scheme:
    """The scheme of faultless rows."""
    return Scheme.of(_node(row) for row in rows.values())


def _node(row: NodeRow) -> Node:
    given = {name: getattr(row, name) for name in Node.__dataclass_fields__}
    return Node(**given | {"classes": row.class_codes})


def scheme_faults(
    rows: Mapping[int, NodeRow], classes: Mapping[str, Names], file: str
) -> list[Fault]:
    """Everything that keeps the rows from being one weighted tree; empty when nothing does."""
    faults = [*_shape_faults(rows, file), *_node_faults(rows, classes, file)]
    return faults or [*_weight_faults(rows, file), *_mean_faults(rows, file)]


def _mean_faults(rows: Mapping[int, NodeRow], file: str) -> Iterator[Fault]:
    """Faults of leaves that may fall below 0 under a mean that cannot take it."""
    parent = {row.code: row.parent for row in rows.values()}
    means = {row.code: row.aggregation for row in rows.values()}
    for number, row in rows.items():
        above = row.code if row.outside == "keep" else ""
        while above := parent.get(above, ""):
            if means[above] != "arithmetic":
                mean = f"the {means[above]} mean {above} cannot take"
                problem = f"{row.code} may fall below 0, which {mean}"
                yield Fault(file, number, "outside", problem, "write clip or refuse")
                break


def _weight_faults(rows: Mapping[int, NodeRow], file: str) -> Iterator[Fault]:
    """Faults of weights in a sound tree: empty ones that no full marks can stand in for."""
    scheme = build(rows)
    blank = {scheme.parent(row.code) for row in rows.values() if row.parent and row.weight is None}
    for number, row in rows.items():
        if not row.parent:
            continue
        if row.weight is None and np.isnan(scheme.points[row.code]):
            problem = f"{row.code} has a leaf with goalposts below and no weight"
            yield Fault(file, number, "weight", problem, "give it a weight")
        elif row.weight is not None and row.parent in blank:
            problem = f"{row.code} has a weight, but a sibling has none"
            yield Fault(file, number, "weight", problem, "give all siblings a weight, or none")


def _shape_faults(rows: Mapping[int, NodeRow], file: str) -> Iterator[Fault]:
    codes = Counter(row.code for row in rows.values())
    roots = [number for number, row in rows.items() if not row.parent]
    parent = {row.code: row.parent for row in rows.values()}
    if not roots:
        yield Fault(file, None, "parent", "no root", "leave the parent of exactly one row empty")
    for number in roots[1:]:
        yield Fault(
            file,
            number,
            "parent",
            f"{rows[number].code} is a second root beside {rows[roots[0]].code}",
            "name its parent",
        )
    seen = set()
    for number, row in rows.items():
        if codes[row.code] > 1 and row.code in seen:
            yield Fault(
                file, number, "code", f"the code {row.code} stands twice", "give each node its own"
            )
        seen.add(row.code)
        if row.parent and row.parent not in codes:
            yield Fault(
                file,
                number,
                "parent",
                f"{row.code} hangs on {row.parent!r}, which is no code here",
                "correct the parent or add its row",
            )
        elif _on_cycle(row.code, parent):
            yield Fault(
                file, number, "parent", f"{row.code} is its own ancestor", "break the cycle"
            )


def _on_cycle(code: str, parent: Mapping[str, str]) -> bool:
    place = parent.get(code)
    for _ in parent:
        if not place:
            return False
        if place == code:
            return True
        place = parent.get(place)
    return False


def _node_faults(
    rows: Mapping[int, NodeRow], classes: Mapping[str, Names], file: str
) -> Iterator[Fault]:
    inner = {row.parent for row in rows.values()}
    for number, row in rows.items():
        if row.code in RESERVED:
            problem = f"{row.code} is a column of the tables of results"
            yield Fault(file, number, "code", problem, "choose another code")
        if not row.parent and len(rows) == 1:
            yield Fault(file, number, "code", "the root has no indicator below it", "add leaves")
        if row.code in inner:
            yield from _inner_faults(row, number, file)
        else:
            yield from _leaf_faults(row, number, file, classes)


def _inner_faults(row: NodeRow, number: int, file: str) -> Iterator[Fault]:
    given = [
        name for name in ("full_marks", "step", "low", "high") if getattr(row, name) is not None
    ]
    if row.classes:
        given.append("classes")
    for name in given:
        yield Fault(
            file,
            number,
            name,
            f"{row.code} has children, so it is no leaf with {name}",
            "leave the cell empty or hang the children elsewhere",
        )


def _leaf_faults(
    row: NodeRow, number: int, file: str, classes: Mapping[str, Names]
) -> Iterator[Fault]:
    goalposts = (row.low is not None, row.high is not None)
    if row.full_marks is None and not all(goalposts):
        yield Fault(
            file,
            number,
            "full_marks",
            f"leaf {row.code} has neither full marks nor goalposts",
            "give full_marks, or low and high",
        )
    if row.full_marks is not None and any(goalposts):
        yield Fault(
            file, number, "low", f"leaf {row.code} has full marks and goalposts", "keep one of them"
        )
    if all(goalposts) and row.low == row.high:
        yield Fault(
            file, number, "high", f"the goalposts of {row.code} are equal", "set them apart"
        )
    if row.aggregation != "arithmetic":
        yield Fault(
            file,
            number,
            "aggregation",
            f"leaf {row.code} has nothing to aggregate",
            "leave it empty",
        )
    for code in row.class_codes:
        if code not in classes:
            yield Fault(
                file,
                number,
                "classes",
                f"{code!r} is not among the classes of study.yaml",
                f"write {', '.join(classes) or 'nothing'}, separated by ;",
            )
