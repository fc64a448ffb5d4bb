"""The indicator tree: immutable nodes, their weights, and which leaves lie under which node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

FARTHEST = 10**6  # how many spans beyond its goalposts a kept value may lie


@dataclass(frozen=True)
class Node:
    """One row of ``scheme.csv``; a leaf has full marks, or goalposts ``low`` and ``high``."""

    code: str
    parent: str
    name_zh: str
    name_en: str = ""
    weight: float | None = None
    full_marks: float | None = None
    step: float | None = None
    aggregation: str = "arithmetic"
    classes: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    outside: str = "refuse"
    source: str = ""

    @property
    def goalposts(self) -> tuple[float, float]:
        """Where a leaf without full marks has nothing and where it has everything."""
        if self.low is None or self.high is None:
            raise ValueError(f"{self.code} has no goalposts")
        return self.low, self.high

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Between what a value of a leaf with goalposts must lie; None where it is clipped."""
        if self.outside == "clip":
            return None
        low, high = sorted(self.goalposts)
        room = FARTHEST * (high - low) if self.outside == "keep" else 0.0
        return low - room, high + room


@dataclass(frozen=True)
class Scheme:
    """A weighted tree of indicators, nodes in depth-first order, the root first.

    Examples
    --------
    >>> leaves = [Node("a", "all", "甲", full_marks=3), Node("b", "all", "乙", full_marks=1)]
    >>> scheme = Scheme.of([Node("all", "", "总"), *leaves])
    >>> scheme.weights.to_dict()
    {'a': 0.75, 'b': 0.25}
    """

    nodes: tuple[Node, ...]

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Scheme:
        """A scheme of the given nodes, put into depth-first order (siblings keep theirs)."""
        children: dict[str, list[Node]] = {}
        for node in nodes:
            children.setdefault(node.parent, []).append(node)

        def walk(node: Node) -> Iterator[Node]:
            yield node
            for child in children.get(node.code, ()):
                yield from walk(child)

        return cls(tuple(walk(children[""][0])))

    @cached_property
    def _by_code(self) -> dict[str, Node]:
        return {node.code: node for node in self.nodes}

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        children: dict[str, list[str]] = {node.code: [] for node in self.nodes}
        for node in self.nodes[1:]:
            children[node.parent].append(node.code)
        return {code: tuple(found) for code, found in children.items()}

    @property
    def root(self) -> str:
        """Code of the root."""
        return self.nodes[0].code

    @cached_property
    def codes(self) -> list[str]:
        """Codes of all nodes, the root first."""
        return [node.code for node in self.nodes]

    @cached_property
    def leaves(self) -> list[str]:
        """Codes of the leaves, in tree order."""
        return [code for code in self.codes if not self._children[code]]

    @cached_property
    def inner(self) -> list[str]:
        """Codes of the nodes that have children, in tree order."""
        return [code for code in self.codes if self._children[code]]

    @property
    def dimensions(self) -> list[str]:
        """Codes of the level-1 indicators, the children of the root."""
        return list(self.children(self.root))

    def node(self, code: str) -> Node:
        """The node of that code."""
        return self._by_code[code]

    def children(self, code: str) -> tuple[str, ...]:
        """Codes of the children, in tree order; empty for a leaf."""
        return self._children[code]

    def parent(self, code: str) -> str:
        """Code of the parent; empty for the root."""
        return self._by_code[code].parent

    def level(self, code: str) -> int:
        """Steps down from the root, which is 0."""
        return 0 if code == self.root else 1 + self.level(self.parent(code))

    def leaves_under(self, code: str) -> list[str]:
        """Codes of the leaves below a node; a leaf is below itself."""
        if not self._children[code]:
            return [code]
        return [leaf for child in self._children[code] for leaf in self.leaves_under(child)]

    def names(self, lang: str = "zh") -> dict[str, str]:
        """Name of every node in ``zh`` or ``en``, falling back to the other."""
        first, other = {"zh": ("name_zh", "name_en"), "en": ("name_en", "name_zh")}[lang]
        return {n.code: getattr(n, first) or getattr(n, other) or n.code for n in self.nodes}

    @cached_property
    def full_marks(self) -> pd.Series:
        """Full marks per leaf; NaN where a leaf is measured between goalposts."""
        marks = [self.node(leaf).full_marks for leaf in self.leaves]
        return pd.Series(np.array(marks, dtype=float), index=self.leaves)

    @cached_property
    def points(self) -> pd.Series:
        """Full marks under every node; NaN where a leaf below has none."""
        return pd.Series(
            {
                code: self.full_marks[self.leaves_under(code)].sum(skipna=False)
                for code in self.codes
            }
        )

    @cached_property
    def sibling_weights(self) -> pd.Series:
        """Weight of every node among its siblings, summing to 1; the root has 1."""
        share = {self.root: 1.0}
        for code in self.inner:
            raw = [self._raw_weight(child) for child in self.children(code)]
            share |= {
                child: w / sum(raw) for child, w in zip(self.children(code), raw, strict=True)
            }
        return pd.Series(share)[self.codes]

    def _raw_weight(self, code: str) -> float:
        weight = self.node(code).weight
        return float(self.points[code] if weight is None else weight)

    @cached_property
    def node_weights(self) -> pd.Series:
        """Nominal share of the whole carried by every node, 0 to 1; the root has 1."""
        share = {self.root: 1.0}
        for code in self.codes[1:]:
            share[code] = share[self.parent(code)] * self.sibling_weights[code]
        return pd.Series(share)

    @cached_property
    def weights(self) -> pd.Series:
        """Nominal share of the whole carried by every leaf; sums to 1."""
        return self.node_weights[self.leaves]

    @cached_property
    def under(self) -> pd.DataFrame:
        """Leaves x nodes, 1.0 where the leaf lies under the node (a leaf under itself)."""
        table = pd.DataFrame(0.0, index=self.leaves, columns=self.codes)
        for code in self.codes:
            table.loc[self.leaves_under(code), code] = 1.0
        return table

    @cached_property
    def is_linear(self) -> bool:
        """Whether every inner node is an arithmetic mean."""
        return all(self.node(code).aggregation == "arithmetic" for code in self.inner)

    def applies(self, classes: pd.Series) -> pd.DataFrame:
        """Units x leaves, True where the leaf applies to the unit's class.

        Parameters
        ----------
        classes : Series of str, one class per unit
        """
        columns = {
            leaf: classes.isin(self.node(leaf).classes) if self.node(leaf).classes else True
            for leaf in self.leaves
        }
        return pd.DataFrame(columns, index=classes.index).astype(bool)
