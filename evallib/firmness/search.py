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
EDGE = 0.15  # share of a cell that a part of it has at least
COMPARED = 200  # rivals at most that are looked at pair by pair
STEPS = 160  # of the pursuit, in which falls from first to last:
BLUR = 1.0, 0.01  # points of 100 within which a lead counts in part
STRIDE = 0.3, 0.02  # share of the way to the corner that is best for those leads


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
    def over(cls, scores: LinearScores, weights: WeightSet, where: str) -> Search:
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
            pairs = scores.pairs(everyone, own, most, least[own])
            lead[:, u] = weights.largest(weights.upper_leads(pairs))
            lead[u, u] = 0.0
        tiny = 1e-11 * scores.scale
        possible, always = lead > tiny, np.less(lead.T, -tiny)
        return cls(scores, weights, least, most, possible, always, carried)

    def pursued(self) -> tuple[list[tuple[int, np.ndarray]], list[tuple[int, np.ndarray]]]:
        """Best and worst place of every unit that a pursuit reaches, with weights.

        Weights move towards the corner of the set where most rivals, of those that are still
        close, would be passed (or let pass): the number of them, blurred less and less, climbs
        along its gradient (Frank and Wolfe 1956, doi:10.1002/nav.3800030109).
        """
        scores, n = self.scores, len(self.scores.units)
        unit, sign, row = np.tile(np.arange(n), 2), np.repeat([1.0, -1.0], n), np.arange(2 * n)
        rivals = (self.possible & ~self.always)[:, unit].T
        weights = np.tile(scores.weights, (2 * n, 1))
        found, lost = weights.copy(), np.full(2 * n, np.inf)
        for blur, stride in zip(
            np.geomspace(*BLUR, STEPS), np.geomspace(*STRIDE, STEPS), strict=True
        ):
            carried, totals = weights @ scores.applies.T, scores.totals(weights)
            lead = sign[:, None] * (totals[row, unit][:, None] - totals) * 100 / scores.scale
            behind = (rivals & (lead < np.where(sign < 0, MARGIN, -1e-10)[:, None])).sum(axis=1)
            found[behind < lost], lost = weights[behind < lost], np.minimum(lost, behind)
            pull = -1.0 * rivals / np.cosh(np.clip(lead / (2 * blur), -50, 50)) ** 2
            pull[row, unit] = -pull.sum(axis=1)
            pull *= sign[:, None] / carried
            base = scores.base(weights) / scores.scale
            uphill = pull @ scores.index - (pull * base) @ scores.applies
            weights = weights + stride * (self.weights.corners(uphill) - weights)
        reached = places(scores.totals(found))[row, unit]
        ends = list(zip(reached.tolist(), found, strict=True))
        return ends[:n], ends[n:]

    def improve(
        self, u: int, sign: int, place: int, weights: np.ndarray, deadline: float
    ) -> tuple[int, int, np.ndarray]:
        """Best (sign 1) or worst (-1) place of a unit: attained, bound of it, certificate.

        Branch and bound over cells, each a mixed integer program that encloses the true one. A
        cell whose weights do not keep its promise is split where the enclosure was loose.
        """
        rivals = np.flatnonzero(self.possible[:, u] & ~self.always[:, u])
        start = 1 + int(self.always[:, u].sum()) + (len(rivals) if sign == -1 else 0)
        lost, ticket = (place - start) * sign, count()
        heap: list[tuple[float, int, Cell]] = [(0, next(ticket), self._whole(u))]
        rows = None
        for _ in range(CELLS):
            if heap[0][0] >= lost:
                break
            bound, _, cell = heapq.heappop(heap)
            seconds = max(deadline - time.monotonic(), 0)
            rows = self._known(u, sign, rivals) if rows is None else rows
            limits = np.r_[np.full(len(rows[0]), -1), np.zeros(len(rows[1])), lost - 1]
            known = np.vstack([*rows, np.ones(len(rivals))]), limits
            question = self._question(u, sign, rivals, cell, known)
            status, least, tried = question.answer(seconds) if seconds else ("stopped", 0, None)
            if tried is not None:
                tried = self.weights.pull_in(tried)
                reached = (int(places(self.scores.totals(tried))[0, u]) - start) * sign
                if reached < lost:
                    lost, weights = reached, tried
            bound = np.inf if status == "impossible" else max(bound, least)
            parts = []
            if status == "solved" and tried is not None:
                parts = self._split(u, sign, rivals, cell, tried)
            for part in parts or [cell]:
                heapq.heappush(heap, (bound, next(ticket), part))
            if not parts and bound < lost:
                break
        return start + sign * lost, start + sign * int(min(lost, heap[0][0])), weights

    def _known(self, u: int, sign: int, rivals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows over lost rivals: of two that exclude each other one is lost, or more; and whoever
        stays ahead (or behind) of the unit takes along those always ahead (behind) of it.
        """
        own, each = np.full(len(rivals), u), np.eye(len(rivals))
        first, second = (own, rivals) if sign == 1 else (rivals, own)
        pairs = self.scores.pairs(first, second, self.most[first], self.least[second])
        few = slice(COMPARED)
        apart = self.weights.exclude(self.weights.upper_leads(pairs)[few])
        follows = self.always[np.ix_(rivals, rivals)][few, few]
        follows &= ~(follows @ follows)  # without those that follow from others
        led, leader = np.nonzero(follows.T if sign == 1 else follows)
        return -each[apart].sum(axis=1), each[led] - each[leader]

    def _question(
        self,
        u: int,
        sign: int,
        rivals: np.ndarray,
        cell: Cell,
        known: tuple[np.ndarray, np.ndarray],
    ) -> Question:
        points, scores = self._assumed(u, sign, cell), self.scores
        gates = [scores.gate_forms()[unit] * (-1 if granted else 1) for unit, granted in cell.gates]
        return Question(
            self.weights,
            scores.forms(points) * 100 / scores.scale,
            scores.applies,
            scores.pattern,
            self.carried,
            np.array(gates).reshape(-1, len(scores.weights)),
            known,
            u,
            sign,
            rivals,
            cell.low,
            cell.high,
        )

    def _whole(self, u: int) -> Cell:
        """The cell of all scores that the unit can have over the set."""
        ends, down = [], self.scores.applies[u]
        for points, side in ((self.least, -1), (self.most, 1)):
            form = self.scores.forms(points)[u] * 100 / self.scores.scale
            level = (form @ self.scores.weights) / (down @ self.scores.weights)
            move = self.weights.largest(side * (form - level * down)[None])[0]
            ends.append(level + side * (move / self.carried[u, 0] + MARGIN))
        return Cell(*ends)

    def _split(
        self, u: int, sign: int, rivals: np.ndarray, cell: Cell, tried: np.ndarray
    ) -> list[Cell]:
        """A bonus that was assumed wrongly, granted or not; else scores up to the one tried."""
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
        now = (base[u] + self._assumed(u, sign, cell)[u]) * 100 / self.scores.scale
        share = np.clip((now - cell.low) / (cell.high - cell.low), EDGE, 1 - EDGE)
        middle = cell.low + share * (cell.high - cell.low)  # where the enclosure becomes exact
        return [Cell(cell.low, middle, cell.gates), Cell(middle, cell.high, cell.gates)]

    def _assumed(self, u: int, sign: int, cell: Cell) -> np.ndarray:
        """Points added to each base: in favour of the goal, unless the cell settles them."""
        points, own = (self.least, self.most) if sign == 1 else (self.most, self.least)
        points = points.copy()
        points[u] = own[u]
        for unit, granted in cell.gates:
            points[unit] = self.scores.points[unit] + granted * self.scores.gated[unit]
        return points
