"""One mixed integer program: the fewest rivals that a unit fails to pass, or to fall behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from evallib.firmness.weightset import WeightSet

if TYPE_CHECKING:
    from scipy.optimize._optimize import OptimizeResult

Rows = tuple[np.ndarray, float | np.ndarray, float | np.ndarray]  # a matrix, lowest, highest
MARGIN = 1e-6  # of 100 points: leads below it are not looked for


@dataclass(frozen=True)
class Question:
    """How few of its rivals does a unit lose, while its score lies between two values?

    With sign 1 a rival is lost that stays ahead of the unit, with sign -1 one that stays behind.
    Variables: weights w, the score s of the unit less its middle value, s x denominator for every
    other pattern of leaves, a margin, and one binary per rival, 1 where it is lost.

    Attributes
    ----------
    forms, applies : ndarray (n, J)
        Numerators, in points of 100, and denominators of all totals.
    pattern : ndarray (n,)
    carried : ndarray (n, 2)
        Least and most weight of the leaves of each unit.
    gates : ndarray (g, J)
        Forms of the weights that must not be positive.
    known : ndarray (c, m) and (c,)
        Rows over the binaries and their upper limits that hold for every answer of use.
    """

    weights: WeightSet
    forms: np.ndarray
    applies: np.ndarray
    pattern: np.ndarray
    carried: np.ndarray
    gates: np.ndarray
    known: tuple[np.ndarray, np.ndarray]
    unit: int
    sign: int
    rivals: np.ndarray
    low: float
    high: float

    def answer(self, seconds: float) -> tuple[str, int, np.ndarray | None]:
        """Status, a lower bound of the number lost, and weights that lose so few, or None."""
        margin = 0.0 if self.sign == 1 else MARGIN
        binary, m = len(self._low), len(self.rivals)
        rows, limits = self.known
        alone = _solved(np.ones(m), np.ones(m), (0, 1), [(rows, -np.inf, limits)], seconds)
        if alone.status == 2:  # whatever the weights
            return "impossible", 0, None
        cost = np.r_[np.zeros(binary), np.ones(m)]
        found = self._run(cost, (margin, margin), None, seconds)
        if found.status == 2:
            return "impossible", 0, None
        dual = found.mip_dual_bound
        least = max(int(np.ceil(dual - 1e-6)), 0) if dual is not None and np.isfinite(dual) else 0
        leaves = self.forms.shape[1]
        if found.status != 0:
            return "stopped", least, None if found.x is None else found.x[:leaves]
        # the same rivals lost, the others passed as clearly as can be
        cost = np.r_[np.zeros(binary - 1), -1.0, np.zeros(m)]
        clear = self._run(cost, (margin, np.inf), found.x[binary:] > 0.5, seconds)
        return "solved", least, (clear if clear.status == 0 else found).x[:leaves]

    @cached_property
    def _others(self) -> np.ndarray:
        """Patterns of rivals that differ from the unit's own."""
        kinds = np.unique(self.pattern[self.rivals])
        return kinds[kinds != self.pattern[self.unit]]

    @cached_property
    def _set(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return self.weights.limits()

    @cached_property
    def _low(self) -> np.ndarray:
        return self._bounds[0]

    @cached_property
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of all variables but the binaries; those of the margin are set by each run."""
        leaves, (low, high, *_) = self.forms.shape[1], self._set
        low, high = low[:leaves], high[:leaves]
        half, count = (self.high - self.low) / 2, len(self._others)
        return (
            np.r_[low, -half, np.full(count, -2 * half), 0.0],
            np.r_[high, half, np.full(count, 2 * half), 0.0],
        )

    @cached_property
    def _rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and their upper limits, over all variables but the totals of dimensions."""
        leaves, m, others = self.forms.shape[1], len(self.rivals), self._others
        width = len(self._low) + m
        blocks: list[tuple[np.ndarray, float | np.ndarray]] = [(self.gates, 0.0)]
        middle = (self.low + self.high) / 2
        forms = self.forms - middle * self.applies
        half = (self.high - self.low) / 2
        for column, kind in enumerate(others, start=leaves + 1):
            example = int(np.flatnonzero(self.pattern == kind)[0])
            blocks.append(self._enclosed(example, None, column, width, half))
        if len(others):
            blocks.append(self._enclosed(self.unit, forms[self.unit], None, width, half))
        same = (self.pattern[self.rivals] == self.pattern[self.unit])[:, None]
        block = np.zeros((m, width))
        block[:, :leaves] = self.sign * (forms[self.rivals] - same * forms[self.unit])
        for column, kind in enumerate(others, start=leaves + 1):
            block[self.pattern[self.rivals] == kind, column] = -self.sign
        edge = half * self.applies[self.rivals] * ~same
        most = self.weights.largest(block[:, :leaves] + edge)
        block[:, len(self._low) - 1] = 1
        block[np.arange(m), len(self._low) + np.arange(m)] = -np.maximum(most, 0) - MARGIN
        blocks.append((block, 0.0))
        rows = [np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part, _ in blocks]
        limits = [np.broadcast_to(limit, len(part)) for part, limit in blocks]
        return np.vstack(rows), np.concatenate(limits)

    def _enclosed(
        self, unit: int, product: np.ndarray | None, column: int | None, width: int, half: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Four rows (McCormick) that enclose score x denominator: a variable, or a form of w."""
        leaves, (least, most) = self.forms.shape[1], self.carried[unit]
        block, limits = np.zeros((4, width)), np.zeros(4)
        corners = ((-half, least, 1), (half, most, 1), (-half, most, -1), (half, least, -1))
        for row, (score, weight, side) in enumerate(corners):
            block[row, :leaves] = side * score * self.applies[unit]
            block[row, leaves] = side * weight
            limits[row] = side * score * weight
            if product is not None:
                block[row, :leaves] -= side * product
            if column is not None:
                block[row, column] = -side
        return block, limits

    def _run(
        self, cost: np.ndarray, margin: tuple[float, ...], lost: np.ndarray | None, seconds: float
    ) -> OptimizeResult:
        """Solve with the margin between two values, and the binaries free or fixed."""
        m, binary, leaves = len(self.rivals), len(self._low), self.forms.shape[1]
        low, high = (np.r_[ends, np.full(m, float(i))] for i, ends in enumerate(self._bounds))
        low[binary - 1], high[binary - 1] = margin
        whole = np.r_[np.zeros(binary), np.ones(m)]
        if lost is not None:
            low[binary:] = high[binary:] = lost
            whole[:] = 0
        least, most, inside, equal = self._set
        totals = len(least) - leaves
        given: list[Rows] = [(self._rows[0], -np.inf, self._rows[1])]
        given += [(np.arange(binary + m) < leaves, 1, 1)]
        given += [(np.pad(self.known[0], ((0, 0), (binary, 0))), -np.inf, self.known[1])]
        rows: list[Rows] = [
            (np.pad(np.atleast_2d(a), ((0, 0), (0, totals))), low, high) for a, low, high in given
        ]
        between = np.zeros((len(inside) + len(equal), binary + m - leaves))
        tied = np.insert(np.vstack([inside, equal]), [leaves], between, axis=1)
        rows += [(tied, np.r_[np.full(len(inside), -np.inf), np.zeros(len(equal))], 0)]
        ends = np.r_[low, least[leaves:]], np.r_[high, most[leaves:]]
        none = np.zeros(totals)
        found = _solved(np.r_[cost, none], np.r_[whole, none], ends, rows, seconds)
        if found.x is not None:
            found.x = found.x[: binary + m]
        return found


def _solved(
    cost: np.ndarray,
    whole: np.ndarray,
    ends: tuple[int | np.ndarray, ...],
    rows: list[Rows],
    seconds: float,
) -> OptimizeResult:
    """HiGHS over rows (matrix, low, high) that are not empty."""
    limits = [LinearConstraint(csr_array(a), low, high) for a, low, high in rows if len(a)]
    options = {"time_limit": seconds} if np.isfinite(seconds) else {}
    with quiet_stdout():
        return milp(
            cost, integrality=whole, bounds=Bounds(*ends), constraints=limits, options=options
        )


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """HiGHS writes to the standard output of the process whatever it is told: keep it away."""
    sys.stdout.flush()
    saved, sink = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 1)
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(sink)
