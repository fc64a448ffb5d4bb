"""The search for the best and worst place of one unit over a set of weights."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass
from itertools import count

import numpy as np

from evallib.errors import DataError
from evallib.firmness.linear import LinearScores, places
from evallib.firmness.placement import MARGIN, Question
from evallib.firmness.weightset import WeightSet
from evallib.rounding import NOISE_DECIMALS

CELLS = 200  # subproblems per unit and end, after which a bound is reported


@dataclass(frozen=True)
class Cell:
    """A part of the search: scores of the unit in points of 100, and gates taken as settled."""

    low: float
    high: float
    gates: tuple[tuple[int, bool], ...] = ()


@dataclass(frozen=True)
class Search:
    """What is the same for all units: who can be ahead of whom somewhere in the set.

    ``least`` and ``most`` are the points added to each base; they differ where its base can cross
    the gate of the bonus. In ``possible`` and ``always`` the row is ahead of the column.
    """

    scores: LinearScores
    weights: WeightSet
    least: np.ndarray
    most: np.ndarray
    possible: np.ndarray
    always: np.ndarray
    carried: np.ndarray

    @classmethod
    def over(cls, scores, weights, where):
        carried = np.array([-weights.largest(-scores.applies), weights.largest(scores.applies)]).T
        if carried.min() < 1e-9:
            unit = scores.units[carried[:, 0].argmin()]
            raise DataError(
                f"{where}: a spread of {weights.spread:g} can take all weight from the leaves of "
                f"{unit}; choose a smaller one"
            )
        gates, noise = scores.gate_forms(), 10.0**-NOISE_DECIMALS
        least = scores.points + scores.gated * (-weights.largest(-gates) > noise)
        most = scores.points + scores.gated * (weights.largest(gates) > -noise)
        everyone = np.arange(len(scores.units))
        lead = np.zeros((len(everyone), len(everyone)))
        for u in everyone:
            own = np.full_like(everyone, u)
            lead[:, u] = weights.largest_lead(scores.pairs(everyone, own, most, least[own]))
            lead[u, u] = 0.0
        tiny = 1e-11 * scores.scale
        possible, always = lead > tiny, np.less(lead.T, -tiny)
        return cls(scores, weights, least, most, possible, always, carried)

    def from_corners(self):
        """Best and worst place, with weights, among corners that favour one unit of each pair."""
        n, centre = len(self.scores.units), self.scores.weights
        found = [[(np.inf, centre)] * n, [(-np.inf, centre)] * n]
        points = self.scores.points + self.scores.gated
        for u in range(n):
            pairs = self.scores.pairs(np.full(n, u), np.arange(n), np.full(n, points[u]), points)
            forms = pairs.leads(centre)
            tried = np.vstack([centre, self.weights.corners(np.vstack([forms, -forms]))])
            reached = places(self.scores.totals(tried))
            for other in range(n):
                low, high = reached[:, other].argmin(), reached[:, other].argmax()
                for side, row, better in ((0, low, np.less), (1, high, np.greater)):
                    if better(reached[row, other], found[side][other][0]):
                        found[side][other] = (int(reached[row, other]), tried[row])
        return found

    def improve(self, u, sign, place, weights, deadline):
        """Best (sign 1) or worst (-1) place of a unit: attained, bound of it, certificate.

        Branch and bound over cells, each a mixed integer program that encloses the true one. A
        cell whose weights do not keep its promise is split where the enclosure was loose.
        """
        rivals = np.flatnonzero(self.possible[:, u] & ~self.always[:, u])
        start = 1 + int(self.always[:, u].sum()) + (len(rivals) if sign == -1 else 0)
        lost, ticket = (place - start) * sign, count()
        heap = [(0, next(ticket), self._whole(u))]
        for _ in range(CELLS):
            if heap[0][0] >= lost:
                break
            bound, _, cell = heapq.heappop(heap)
            seconds = max(deadline - time.monotonic(), 0)
            question = self._question(u, sign, rivals, cell)
            status, least, tried = question.answer(seconds) if seconds else ("stopped", 0, None)
            if tried is not None:
                tried = self.weights.pull_in(tried)
                reached = (int(places(self.scores.totals(tried))[0, u]) - start) * sign
                if reached < lost:
                    lost, weights = reached, tried
            bound = np.inf if status == "impossible" else max(bound, least)
            parts = self._split(u, sign, rivals, cell, tried) if status == "solved" else []
            for part in parts or [cell]:
                heapq.heappush(heap, (bound, next(ticket), part))
            if not parts and bound < lost:
                break
        return start + sign * lost, start + sign * int(min(lost, heap[0][0])), weights

    def _question(self, u, sign, rivals, cell):
        points, scores = self._assumed(u, sign, cell), self.scores
        gates = [scores.gate_forms()[unit] * (-1 if granted else 1) for unit, granted in cell.gates]
        return Question(
            self.weights,
            scores.forms(points) * 100 / scores.scale,
            scores.applies,
            scores.pattern,
            self.carried,
            np.array(gates).reshape(-1, len(scores.weights)),
            u,
            sign,
            rivals,
            cell.low,
            cell.high,
        )

    def _whole(self, u):
        """The cell of all scores that the unit can have over the set."""
        ends, down = [], self.scores.applies[u]
        for points, side in ((self.least, -1), (self.most, 1)):
            form = self.scores.forms(points)[u] * 100 / self.scores.scale
            level = (form @ self.scores.weights) / (down @ self.scores.weights)
            move = self.weights.largest(side * (form - level * down)[None])[0]
            ends.append(level + side * (move / self.carried[u, 0] + MARGIN))
        return Cell(*ends)

    def _split(self, u, sign, rivals, cell, tried):
        """A bonus that was assumed wrongly, granted or not; else half the scores each."""
        base = self.scores.base(tried)[0]
        true = self.scores.points + self.scores.gated * (base > self.scores.gate)
        wrong = np.isin(np.arange(len(true)), [u, *rivals])
        wrong &= self._assumed(u, sign, cell) != true
        wrong[[unit for unit, _ in cell.gates]] = False
        if wrong.any():
            gates = [(*cell.gates, (int(wrong.argmax()), granted)) for granted in (True, False)]
            return [Cell(cell.low, cell.high, settled) for settled in gates]
        alike = (self.scores.pattern[rivals] == self.scores.pattern[u]).all()
        if alike or cell.high - cell.low < 1e-7:
            return []
        middle = (cell.low + cell.high) / 2
        return [Cell(cell.low, middle, cell.gates), Cell(middle, cell.high, cell.gates)]

    def _assumed(self, u, sign, cell):
        """Points added to each base: in favour of the goal, unless the cell settles them."""
        points, own = (self.least, self.most) if sign == 1 else (self.most, self.least)
        points = points.copy()
        points[u] = own[u]
        for unit, granted in cell.gates:
            points[unit] = self.scores.points[unit] + granted * self.scores.gated[unit]
        return points
