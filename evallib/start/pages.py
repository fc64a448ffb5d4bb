"""What stands on each score sheet: its leaves, their headers, and which cells are filled in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from math import isnan
from typing import Any

from evallib.rounding import NOISE_DECIMALS, format_number
from evallib.start.plan import Plan
from evallib.study.cells import squeeze
from evallib.study.scheme import Node, Scheme

ROUNDS = {"initial": "初评", "final": "终评"}
NUMBER, UNIT, CLASS, SUBTOTAL, NOTE = "序号", "单位名称", "类别", "小计", "备注"
GUIDE = "说明"
TITLE_ROWS = 2
SHEET_LIMIT = 31  # characters of a sheet name
IN_SHEET_NAMES = str.maketrans("[]:*?/\\'", "（）：＊？／＼’")


@dataclass(frozen=True)
class Page:
    """One score sheet: a level-1 indicator, its leaves and the units of the year.

    ``headers`` has the text above a leaf's column, unlike any other on the page; ``paths`` the
    codes of the levels between the indicator and the leaf. Rows and columns count from 0.
    """

    plan: Plan
    sheet: str
    title: str
    leaves: tuple[str, ...]
    headers: dict[str, str]
    paths: dict[str, tuple[str, ...]]

    @property
    def header_rows(self) -> int:
        """Rows of the header: one for each level between, one for the leaves."""
        return 1 + max(map(len, self.paths.values()))

    @property
    def left(self) -> tuple[str, ...]:
        """Headers before the leaves; classes only where the study has them."""
        return (NUMBER, UNIT, CLASS) if self.plan.study.classes else (NUMBER, UNIT)

    @property
    def right(self) -> tuple[str, ...]:
        """Headers behind the leaves; a sum only where every leaf has full marks."""
        return (SUBTOTAL, NOTE) if self.points else (NOTE,)

    @property
    def points(self) -> str:
        """Full marks of the page in brackets; empty where a leaf has none."""
        total = float(self.plan.scheme.full_marks[list(self.leaves)].sum(skipna=False))
        return "" if isnan(total) else f"（{format_number(total, NOISE_DECIMALS)}分）"

    @property
    def rows(self) -> tuple[int, int]:
        """Rows of the first and the last unit."""
        first = TITLE_ROWS + self.header_rows
        return first, first + len(self.plan.units) - 1

    @property
    def columns(self) -> tuple[int, int]:
        """Columns of the first and the last leaf."""
        return len(self.left), len(self.left) + len(self.leaves) - 1

    def runs(self, leaf: str) -> list[tuple[int, int]]:
        """First and last row of every run of units to which a leaf applies."""
        applies = self.plan.scheme.applies(self.plan.units["class"])[leaf]
        runs = []
        for value, cells in groupby(enumerate(applies, self.rows[0]), lambda cell: cell[1]):
            at = [row for row, _ in cells]
            runs += [(at[0], at[-1])] if value else []
        return runs

    @property
    def cells(self) -> int:
        """Cells that are to be filled in."""
        return sum(b - a + 1 for leaf in self.leaves for a, b in self.runs(leaf))


def pages_of(plan: Plan) -> tuple[Page, ...]:
    """A page per level-1 indicator; those without a level below share one.

    Parameters
    ----------
    plan : Plan
    """
    scheme = plan.scheme
    names, tops = scheme.names(), scheme.dimensions or [scheme.root]
    flat = [top for top in tops if not scheme.children(top)]
    together = names[scheme.root] if len(flat) == len(tops) else "其他指标"
    groups = {}
    for top in tops:
        if top not in flat:
            groups[top] = (names[top], scheme.leaves_under(top))
        elif top == flat[0]:
            groups[top] = (together, flat)
    return tuple(
        Page(plan, sheet, title, tuple(leaves), _headers(scheme, leaves), _paths(scheme, leaves))
        for sheet, (title, leaves) in zip(
            _sheet_names([title for title, _ in groups.values()]), groups.values(), strict=True
        )
    )


def layout_entry(page: Page, round_name: str) -> dict[str, Any]:
    """The entry of ``layout.yaml`` by which the page of a round is read."""
    columns = {page.headers[leaf]: leaf for leaf in page.leaves}
    ignore = [name for name in (*page.left, *page.right) if name != UNIT]
    return {
        "file": f"{ROUNDS[round_name]}.xlsx",
        "sheet": page.sheet,
        "round": round_name,
        "kind": "score",
        "shape": "wide",
        "title_rows": TITLE_ROWS,
        "header_rows": page.header_rows,
        "unit_column": UNIT,
        "columns": columns,
        "ignore": ignore,
    }


def _headers(scheme: Scheme, leaves: list[str]) -> dict[str, str]:
    """Name and full marks of every leaf; with its code where two would read alike."""
    plain = {leaf: f"{scheme.names()[leaf]}（{_worth(scheme.node(leaf))}）" for leaf in leaves}
    alike = Counter(map(squeeze, plain.values()))
    return {
        leaf: text if alike[squeeze(text)] == 1 else f"{leaf} {text}"
        for leaf, text in plain.items()
    }


def _worth(node: Node) -> str:
    if node.full_marks is None:
        return "实测值"
    return f"{format_number(node.full_marks, NOISE_DECIMALS)}分"


def _paths(scheme: Scheme, leaves: list[str]) -> dict[str, tuple[str, ...]]:
    return {leaf: tuple(reversed(list(_above(scheme, leaf)))) for leaf in leaves}


def _above(scheme: Scheme, leaf: str) -> Iterator[str]:
    code = scheme.parent(leaf)
    while code and scheme.level(code) > 1:
        yield code
        code = scheme.parent(code)


def _sheet_names(titles: list[str]) -> Iterator[str]:
    """A valid name for each sheet of a workbook, unlike the others and the page of instructions."""
    taken = {GUIDE, "history"}  # the second is a spreadsheet's own
    for title in titles:
        base = title.translate(IN_SHEET_NAMES).strip() or "评分表"
        name, number = base[:SHEET_LIMIT].strip(), 1
        while name.casefold() in taken:
            number += 1
            tail = f" {number}"
            name = base[: SHEET_LIMIT - len(tail)].strip() + tail
        taken.add(name.casefold())
        yield name
