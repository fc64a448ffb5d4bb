"""What is given: the study's own tables, and what the letter of 2020 prints."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent.parent
SEED = 2020
YEARS = (2019, 2020)

# dept01..dept15 are the named offices; the letter prints the first ten in this order of 2020
TOP_TEN = tuple(f"dept{i:02}" for i in range(1, 11))
IMPROVED = tuple(f"dept{i:02}" for i in (1, 5, 7, 11, 12, 13, 14, 15))
NAMED = tuple(f"dept{i:02}" for i in range(1, 16))
AT_LEAST = 10  # places: `improved` in 2020/rules.yaml
ABOVE_90 = {2019: 36, 2020: 27}
# unrounded sums of totals over departments and over zones, so that the means 89.71/89.65/90.83
# and 89.95/89.91/90.73 and the changes +0.24/+0.26/-0.1 all print as the letter has them
DEPARTMENT_SUM = {2019: (4751.22, 4751.38), 2020: (4675.12, 4675.26)}
ZONE_SUM = {2019: 272.5, 2020: 272.2}
# score indices over departments (class A only where the leaf applies to nobody else)
INDICES = {
    "F": 0.95, "F1": 1, "F2": 0.91, "F3": 0.95, "P7": 0.96, "S1.1": 1, "S1.2": 0.96,
    "S1.3": 0.97, "S1.4": 0.93, "S1.5": 0.97, "S3": 0.95, "I": 0.84, "I2": 0.84, "I4": 0.65,
}  # fmt: skip
ABOVE = {"I1": 0.86, "I3": 0.86}  # the letter calls I2 and I4 the lowest of 互动交流

# expected score index of a leaf: our design, not a published figure
EXPECTED = {
    "H1.1": 0.995, "H1.2": 0.95, "H2.1": 0.99, "H2.2": 0.93, "H2.3": 0.97, "H3.1": 0.96,
    "H3.2": 0.985, "F1.1": 1, "F1.2": 1, "F2.1": 0.86, "F2.2": 0.935, "F2.3": 0.96,
    "F3.1": 0.97, "F3.2": 0.94, "F3.3": 0.94, "P1.1": 0.95, "P1.2": 0.95, "P2.1": 0.90,
    "P2.2": 0.76, "P3.1": 0.88, "P4.1": 0.83, "P4.2": 0.80, "P5.1": 0.68, "P5.2": 0.62,
    "P6.1": 0.93, "P7.1": 0.96, "S1.1": 1, "S1.2": 0.96, "S1.3": 0.97, "S1.4": 0.93,
    "S1.5": 0.97, "S2.1": 0.86, "S2.2": 0.835, "S3.1": 0.95, "I1.1": 0.97, "I2.1": 0.84,
    "I2.2": 0.84, "I3.1": 0.885, "I4.1": 0.98, "I4.2": 0.76, "I4.3": 0.465,
}  # fmt: skip
# most steps a leaf may lose without coming near a single-item veto
STEPS_LOST = {"H1.1": 3, "H1.2": 18, "H2.1": 1, "H2.2": 4, "H2.3": 3, "H3.1": 8, "H3.2": 3}


@dataclass(frozen=True)
class Frame:
    """Units and leaves of a year, in file order; points are whole hundredths."""

    year: int
    units: tuple[str, ...]
    names: dict[str, str]
    department: np.ndarray
    class_a: np.ndarray
    leaves: tuple[str, ...]
    leaf_names: dict[str, str]
    node_names: dict[str, str]
    full: np.ndarray
    step: np.ndarray
    applies: np.ndarray  # units x leaves, after the leaves that single sites do not have

    def column(self, leaf):
        return self.leaves.index(leaf)

    def row(self, unit):
        return self.units.index(unit)

    def under(self, node):
        """Columns of the leaves at or under a node."""
        inside = node if len(node) == 1 else f"{node}."
        return [j for j, leaf in enumerate(self.leaves) if leaf == node or leaf.startswith(inside)]


def rows(path):
    """Rows of one of the study's tables as dicts of text."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def hundredths(text):
    return round(float(text) * 100)


def frame(year, lacking=()):
    """The Frame of a year; `lacking` lists (unit, leaf) that a single site has no duty for."""
    units = [
        r
        for r in rows(FOLDER / "units.csv")
        if (r["valid_from"] or "0000") <= f"{year}-12-31" <= (r["valid_to"] or "9999")
    ]
    nodes = rows(FOLDER / str(year) / "scheme.csv")
    leaves = [r for r in nodes if r["full_marks"]]
    class_a = np.array([r["class"] == "A" for r in units])
    applies = np.array([[r["classes"] != "A" or a for r in leaves] for a in class_a])
    ids, codes = tuple(r["unit"] for r in units), tuple(r["code"] for r in leaves)
    for unit, leaf in lacking:
        if unit in ids:
            applies[ids.index(unit), codes.index(leaf)] = False
    return Frame(
        year, ids, {r["unit"]: r["name_zh"] for r in units},
        np.array([r["group"] == "department" for r in units]), class_a,
        codes, {r["code"]: r["name_zh"] for r in leaves}, {r["code"]: r["name_zh"] for r in nodes},
        np.array([hundredths(r["full_marks"]) for r in leaves]),
        np.array([hundredths(r["step"]) for r in leaves]), applies,
    )  # fmt: skip
