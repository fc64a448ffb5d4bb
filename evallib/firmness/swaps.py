"""How far weights must move until a unit overtakes another: within and between patterns of leaves.

Within a pattern the lead is one linear form of the weights. Between patterns it is a difference of
two ratios; there the zero found by following tangents is checked by branch and bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from evallib.firmness.linear import LinearScores, Pairs, fill
from evallib.firmness.meeting import (
    BEYOND,
    TANGENTS,
    crossing_share,
    follow_tangents,
    nearest_by_program,
    nearest_from_edges,
)
from evallib.firmness.reach import distance, largest_effect, least_size, reach
from evallib.rounding import NOISE_DECIMALS

Array = np.ndarray
MET = 1e-6  # relative width at which a bound needs no linear program
ONE_GATE = 32  # golden sections of the share of a lead in its mean with a gate
ALIKE = 1e-6  # relative change of a size after which the next tangent would change nothing
GOLDEN = (5**0.5 - 1) / 2


class Effort(NamedTuple):
    """How hard to search between patterns."""

    within: float  # a case is done when its bound is so close, relatively, to its size
    cells: int  # intervals tried per case, after which the bound stays where it is
    sections: int  # golden sections per interval


@dataclass(frozen=True)
class Cases:
    """Pairs to swap, each under one assumption on which of the two bonuses is granted.

    ``gates`` (2 x m x J) are forms that must not be positive for it to hold; 0 where none is made.
    """

    ahead: Array
    behind: Array
    pairs: Pairs
    gates: Array

    def take(self, rows: Array) -> Cases:
        """Only these cases."""
        pairs = self.pairs.take(rows)
        return Cases(self.ahead[rows], self.behind[rows], pairs, self.gates[:, rows])


def cases_of(scores: LinearScores, ahead: Array, behind: Array) -> Cases:
    """All pairs, and again those whose unit ahead may lose its bonus or the other win one.

    Weights that swap two units with the bonus of the first granted swap them without it too, so
    that these cases need no condition; likewise those in which the second has none.
    """
    rows, loses_it, wins_it = list[Array](), list[bool](), list[bool]()
    for loses, wins in product((False, True), repeat=2):
        kept = np.flatnonzero(
            ((scores.gated[ahead] > 0) | (not loses)) & ((scores.gated[behind] > 0) | (not wins))
        )
        rows.append(kept)
        loses_it += [loses] * len(kept)
        wins_it += [wins] * len(kept)
    i, j = ahead[np.concatenate(rows)], behind[np.concatenate(rows)]
    lost, won = np.array(loses_it, dtype=bool), np.array(wins_it, dtype=bool)
    gate = scores.gate_forms()
    points_1 = scores.points[i] + scores.gated[i] * ~lost
    points_2 = scores.points[j] + scores.gated[j] * won
    gates = np.array([gate[i] * lost[:, None], -gate[j] * won[:, None]])
    return Cases(i, j, scores.pairs(i, j, points_1, points_2), gates)


def lower_bounds(scores: LinearScores, cases: Cases, norm: str) -> Array:
    """Sizes below which no case is reached, from closed forms.

    Between patterns it is the root of lead - N r - U r^2, with U no less than the second-order
    part of the lead per unit of change.
    """
    w0, crossing = scores.weights, np.flatnonzero(~cases.pairs.same)
    bound, pairs = least_size(cases.pairs.leads(w0), w0, norm), cases.pairs.take(crossing)
    bend = sum(
        largest_effect(first, w0, norm) * largest_effect(second, w0, norm)
        for first, second, _ in pairs.curved_parts(w0)
    )
    lead, fall = np.maximum(pairs.product(w0), 0), largest_effect(pairs.leads(w0), w0, norm)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = 2 * lead / (fall + np.sqrt(fall**2 + 4 * bend * lead))
    bound[crossing] = np.where(lead > 0, root, 0.0)
    return np.max([bound, *(least_size(gate, w0, norm) for gate in cases.gates)], axis=0)


def solve(scores: LinearScores, cases: Cases, norm: str) -> tuple[Array, Array, Array]:
    """Size and weights of the smallest swap found in each case, and a lower bound of the size."""
    size, weights = reach(cases.pairs.leads(scores.weights), scores.weights, norm)
    lower = np.where(cases.pairs.same, size, lower_bounds(scores, cases, norm))
    options = [_follow(scores, cases.pairs, size, weights, norm)]
    never = ~cases.pairs.same & np.isinf(options[0][0])
    lower = np.where(never, np.inf, lower)
    for gate in cases.gates:
        sizes, at = reach(gate, scores.weights, norm)
        lower = np.maximum(lower, sizes)
        options.append((np.where(gate.any(axis=1), sizes, np.inf), at))
    size, weights = _confirmed(scores, cases, options)
    return _with_programs(scores, cases, size, weights, lower, norm)


def _follow(
    scores: LinearScores, pairs: Pairs, size: Array, weights: Array, norm: str
) -> tuple[Array, Array]:
    """Between patterns: the zero of the tangent form, again and again, until it is one.

    Where that fails, from the edges of the simplex; infinite only where no weights do.
    """
    size, weights, rows = size.copy(), weights.copy(), np.flatnonzero(~pairs.same)
    few, w0, at = pairs.take(rows), scores.weights, weights[rows]
    far = np.isinf(size[rows])
    at[far] = (w0 + fill(-few.leads(w0), np.zeros_like(w0), np.ones_like(w0))[far]) / 2
    at = follow_tangents(few, w0, at, norm)
    share, start = crossing_share(few, w0, at), few.product(w0)
    weights[rows] = w0 + share[:, None] * (at - w0)
    share[(weights[rows] < -BEYOND).any(axis=1)] = 0.0  # beyond the simplex: no weights
    found = np.where(share > 0, distance(weights[rows], w0, norm), np.inf)
    size[rows] = np.where(start <= 0, 0.0, found)
    rows = rows[np.isinf(size[rows])]
    size[rows], weights[rows] = nearest_from_edges(pairs.take(rows), w0, norm)
    return size, weights


def _with_programs(
    scores: LinearScores, cases: Cases, size: Array, weights: Array, lower: Array, norm: str
) -> tuple[Array, Array, Array]:
    """Cases in which lead and gates bind together, by linear programs where still open."""
    pair = np.unique(cases.ahead * len(scores.units) + cases.behind, return_inverse=True)[1]
    known = np.full(len(pair), np.inf)
    np.minimum.at(known, pair, size)
    goal = np.where(cases.gates.any(axis=(0, 2)), np.minimum(size, known[pair]) * (1 - MET), 0.0)
    lower = _with_gates(cases, scores.weights, lower, goal, norm)
    open_ = lower < goal
    sizes, at = np.full(len(pair), np.inf), np.tile(scores.weights, (len(pair), 1))
    for row in np.flatnonzero(open_):
        one = cases.pairs.take(np.array([row]))
        gates, found = cases.gates[cases.gates[:, row].any(axis=1), row], scores.weights
        for step in range(TANGENTS):
            forms, before = np.vstack([one.leads(found), gates]), sizes[row]
            last = one.same[0] or step == TANGENTS - 1
            sizes[row], tried = nearest_by_program(forms, scores.weights, norm, beyond=last)
            last |= not np.isfinite(sizes[row])
            if not last and abs(sizes[row] - before) <= ALIKE * sizes[row]:
                last, (_, tried) = (
                    True,
                    nearest_by_program(forms, scores.weights, norm, beyond=True),
                )
            found = tried
            if last:
                break
        if one.same[0] and norm != "l2" and not np.isnan(sizes[row]):
            lower[row] = max(lower[row], sizes[row] * (1 - 1e-9))
        at[row] = found
    other, there = _confirmed(scores, cases, [(np.nan_to_num(sizes, nan=np.inf), at)], further=0)
    better = other < size
    return np.where(better, other, size), np.where(better[:, None], there, weights), lower


def _with_gates(cases: Cases, weights: Array, lower: Array, goal: Array, norm: str) -> Array:
    """Lower bounds within a pattern from means of the lead and a gate, which must both be low."""
    forms, lower = cases.pairs.leads(weights), lower.copy()
    for gate in cases.gates:
        some = np.flatnonzero(cases.pairs.same & gate.any(axis=1) & (lower < goal))

        def bound(
            share: Array, rows: Array, gate: Array = gate[some], lead: Array = forms[some]
        ) -> Array:
            mean = share[:, None] * lead[rows] + (1 - share[:, None]) * gate[rows]
            return least_size(mean, weights, norm)

        lower[some] = _over_shares(bound, lower[some], goal[some], ONE_GATE)
    return lower


def _confirmed(
    scores: LinearScores,
    cases: Cases,
    options: list[tuple[Array, Array]],
    *,
    further: float = BEYOND,
) -> tuple[Array, Array]:
    """The smallest of the options whose weights, a little beyond, do swap the pair."""
    best = np.full(len(cases.ahead), np.inf)
    weights = np.tile(scores.weights, (len(best), 1))
    for size, at in options:
        beyond = np.maximum(scores.weights + (1 + further) * (at - scores.weights), 0)
        beyond /= beyond.sum(axis=1, keepdims=True)
        first, second = (_totals(scores, units, beyond) for units in (cases.ahead, cases.behind))
        swapped = np.isfinite(size) & (second >= first - 1e-9 * scores.scale) & (size < best)
        best, weights = np.where(swapped, size, best), np.where(swapped[:, None], beyond, weights)
    return best, weights


def _totals(scores: LinearScores, units: Array, weights: Array) -> Array:
    """Total of one unit under each row of weights; NaN where none of its leaves has weight."""
    carried = (scores.applies[units] * weights).sum(axis=1)
    earned = (scores.index[units] * weights).sum(axis=1)
    base = scores.scale * earned / np.where(carried > 0, carried, np.nan)
    granted = np.round(base, NOISE_DECIMALS) > scores.gate
    return base + scores.points[units] + scores.gated[units] * granted


def tightened(
    scores: LinearScores, cases: Cases, lower: Array, rho: Array, norm: str, effort: Effort
) -> Array:
    """Lower bounds of the cases between patterns, raised towards their rho by branch and bound.

    When two units meet at the score s, the first is at most and the second at least at s: for any
    share q the form q (c1 - s a1) - (1 - q) (c2 - s a2) is then not positive. It is linear in s,
    so that the two ends of an interval bound all of it.
    """
    target = rho * (1 - effort.within)
    if norm == "relative":  # beyond 1 weights fall to 0 and the closed forms no longer bind
        target = np.minimum(target, 1)
    rows = np.flatnonzero(~cases.pairs.same & np.isfinite(rho) & (lower < target))
    pairs, target, lower = cases.pairs.take(rows), target[rows], lower.copy()
    ends = _meeting_scores(pairs, scores.weights, rho[rows], norm)
    row, floor, done, spent = np.arange(len(rows)), lower[rows], rho[rows].copy(), 0
    while len(row) and spent < effort.cells * len(rows):
        spent += len(row)
        about = (target[row], scores.weights, norm, effort.sections)
        floor = np.maximum(floor, _cell_bound(pairs.take(row), ends, *about))
        kept = floor < target[row]
        np.minimum.at(done, row[~kept], floor[~kept])
        (low, high), middle = ends[:, kept], ends[:, kept].mean(axis=0)
        ends = np.array([np.r_[low, middle], np.r_[middle, high]])
        row, floor = np.tile(row[kept], 2), np.tile(floor[kept], 2)
    np.minimum.at(done, row, floor)
    lower[rows] = np.maximum(lower[rows], done)
    return lower


def _meeting_scores(pairs: Pairs, weights: Array, size: Array, norm: str) -> Array:
    """Interval of the scores at which two units can meet after a change of that size."""
    ends = []
    for above, down, sign in zip(pairs.above, pairs.down, (-1, 1), strict=True):
        carried = down @ weights
        level = above @ weights / carried
        widest = np.where(down > 0, sign * above, -np.inf).max(axis=1)
        move = size * largest_effect(above - level[:, None] * down, weights, norm)
        left = carried - size * largest_effect(down, weights, norm)
        near = sign * level + move / np.where(left > 0, left, np.nan)
        ends.append(sign * np.fmin(widest, near))
    return np.array(ends)


def _cell_bound(
    pairs: Pairs, ends: Array, target: Array, weights: Array, norm: str, sections: int
) -> Array:
    """Best bound over shares q: three plain ones, then golden section where they do not do."""
    first, second = pairs.above[:, None] - ends[..., None] * pairs.down[:, None]

    def bound(share: Array, rows: Array) -> Array:
        forms = share[:, None] * first[:, rows] - (1 - share[:, None]) * second[:, rows]
        return np.minimum(*(least_size(form, weights, norm) for form in forms))

    carried, everyone = pairs.down @ weights, np.arange(len(target))
    plain = (carried[1] / carried.sum(axis=0), np.zeros(len(target)), np.ones(len(target)))
    best = np.max([bound(share, everyone) for share in plain], axis=0)
    return _over_shares(bound, best, target, sections)


def _over_shares(
    bound: Callable[[Array, Array], Array], best: Array, target: Array, sections: int
) -> Array:
    """The bound at the best share, by golden sections in the rows where ``best`` does not do."""
    rows = np.flatnonzero(best < target)
    left, right = np.zeros(len(rows)), np.ones(len(rows))
    for _ in range(sections if len(rows) else 0):
        inner = right - GOLDEN * (right - left), left + GOLDEN * (right - left)
        values = [bound(share, rows) for share in inner]
        best[rows] = np.maximum(best[rows], np.maximum(*values))
        more = values[0] > values[1]
        left, right = np.where(more, left, inner[0]), np.where(more, inner[1], right)
    return best
