"""Weights at which two units meet where closed forms do not find them.

Between patterns of leaves the edges of the weight simplex decide whether any weights swap a pair;
where a gate decides together with the lead, a linear program does; and a tie falls apart at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog

from evallib.firmness.linear import LinearScores, Pairs, places
from evallib.firmness.reach import distance, reach

if TYPE_CHECKING:
    from scipy.optimize._optimize import OptimizeResult

BEYOND = 1e-6  # certificates go this share further than the change itself, so that they swap
TANGENTS = 10  # followed between patterns; each doubles the digits
STARTS = 8  # edges from which tangents are followed
TOUCH = 1e-12  # share of scale squared at which two units count as level on an edge
NUDGES = (1e-6, 1e-4)  # relative changes of weights that must tell tied units apart
SPLIT = 1e-9  # points that do


def crossing_share(pairs: Pairs, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Part of the way from the weights to each row at which a pair meets; 0 where none does."""
    start, end, bend = pairs.product(weights), pairs.product(rows), pairs.product(rows - weights)
    slope = end - start - bend
    with np.errstate(divide="ignore", invalid="ignore"):
        share = -2 * start / (slope - np.sqrt(slope**2 - 4 * bend * start))
    return np.where(np.isfinite(share) & (share > 0), share, 0.0)


def follow_tangents(pairs: Pairs, weights: np.ndarray, rows: np.ndarray, norm: str) -> np.ndarray:
    """The nearest zero of the tangent at each row, again and again."""
    for _ in range(TANGENTS if len(rows) else 0):
        rows = reach(pairs.leads(rows), weights, norm)[1]
    return rows


def nearest_from_edges(
    pairs: Pairs, weights: np.ndarray, norm: str
) -> tuple[np.ndarray, np.ndarray]:
    """Size and weights of a swap of each pair, starting on the edges of the weight simplex.

    Returns
    -------
    sizes, reached : ndarray
        Infinite, and the weights now, where no weights whatever let the pair meet: this is a
        proof. Of two forms that should be low and high at once, a vertex has two leaves at most.
    """
    sizes, reached = np.full(len(pairs.same), np.inf), np.tile(weights, (len(pairs.same), 1))
    movable = np.flatnonzero(weights > 0) if norm == "relative" else np.arange(len(weights))
    for row in range(len(sizes)):
        ends = _edge_points(*pairs.above[:, row, movable], *pairs.down[:, row, movable])
        if not len(ends):
            continue
        points = np.zeros((len(ends), len(weights)))
        points[:, movable] = ends
        many = pairs.take(np.full(len(points), row))
        share = np.minimum(crossing_share(many, weights, points), 1)[:, None]
        points = np.where(share > 0, weights + share * (points - weights), points)
        near = points[np.argsort(distance(points, weights, norm), kind="stable")[:STARTS]]
        many = pairs.take(np.full(len(near), row))
        refined = follow_tangents(many, weights, near, norm)
        share = crossing_share(many, weights, refined)[:, None]
        refined = weights + share * (refined - weights)
        sound = (share[:, 0] > 0) & (refined >= 0).all(axis=1)
        options = np.concatenate([near, refined[sound]])
        size = distance(options, weights, norm)
        sizes[row], reached[row] = size.min(), options[size.argmin()]
    return sizes, reached


def _edge_points(c1: np.ndarray, c2: np.ndarray, a1: np.ndarray, a2: np.ndarray) -> np.ndarray:
    """Corners and inner points of edges at which the second unit is level or ahead."""
    product = np.outer(c1, a2) - np.outer(c2, a1)
    edge, corner = product + product.T, np.diag(product)
    level = TOUCH * max(np.abs(product).max(), 1.0)
    i, j = np.triu_indices(len(c1), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = (2 * corner[j] - edge[i, j]) / (2 * (corner[i] + corner[j] - edge[i, j]))
        lowest = part**2 * corner[i] + part * (1 - part) * edge[i, j] + (1 - part) ** 2 * corner[j]
    kept = (part > 0) & (part < 1) & (lowest <= level)
    points = np.zeros((kept.sum(), len(c1)))
    points[np.arange(len(points)), i[kept]] = part[kept]
    points[np.arange(len(points)), j[kept]] = 1 - part[kept]
    return np.concatenate([np.eye(len(c1))[(corner <= level) & (a1 * a2 > 0)], points])


def nearest_by_program(
    forms: np.ndarray, weights: np.ndarray, norm: str, *, beyond: bool
) -> tuple[float, np.ndarray]:
    """Size of the smallest change at which no form is positive, and weights there.

    ``beyond`` takes them a millionth further, as deep inside as they can. The size is infinite
    where no weights do, NaN where the solver fails. ``l2`` is no linear program: there the weights
    and their size are those for ``linf``, which bound it from above.
    """
    count, one = len(weights), np.ones(len(weights))
    side = np.diag(one) if norm == "l1" else (weights if norm == "relative" else one)[:, None]
    free = np.ones(side.shape[1])
    forms = forms / np.maximum(np.abs(forms).max(axis=1, keepdims=True), 1e-300)
    slack = np.ones((len(forms), 1))
    rows = np.block(
        [
            [np.eye(count), -side, np.zeros((count, 1))],
            [-np.eye(count), -side, np.zeros((count, 1))],
            [forms, np.zeros((len(forms), len(free))), slack],
        ]
    )
    limits, total = np.r_[weights, -weights, np.zeros(len(forms))], np.r_[one, 0 * free, 0.0]
    nearest = _program(np.r_[0 * one, free, 0.0], rows, limits, total, (0, 0))
    if nearest.status != 0:
        return (np.inf if nearest.status == 2 else np.nan), weights
    size, found = float(nearest.fun), nearest.x[:count]
    if beyond:
        found = _deep_inside(rows, limits, total, size, found)
    found = np.maximum(found, 0) / np.maximum(found, 0).sum()
    return (float(distance(found[None], weights, norm)[0]) if norm == "l2" else size), found


def _deep_inside(
    rows: np.ndarray, limits: np.ndarray, total: np.ndarray, size: float, nearest: np.ndarray
) -> np.ndarray:
    """Weights at which the slack of the forms is largest, a millionth beyond the size."""
    count = len(nearest)
    free = len(total) - count - 1
    rows = np.vstack([rows, np.r_[np.zeros(count), np.ones(free), 0.0]])
    limits = np.r_[limits, size * (1 + BEYOND) + BEYOND**2]
    inside = _program(np.r_[np.zeros(count + free), -1.0], rows, limits, total, (0, None))
    return inside.x[:count] if inside.status == 0 else nearest


def _program(
    cost: np.ndarray,
    rows: np.ndarray,
    limits: np.ndarray,
    total: np.ndarray,
    slack: tuple[int, int | None],
) -> OptimizeResult:
    """HiGHS over weights from 0 that sum to 1, radii from 0, and the slack of the forms."""
    bounds = [(0, None)] * (len(cost) - 1) + [slack]
    exactly = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    return linprog(
        cost, A_ub=rows, b_ub=limits, A_eq=[total], b_eq=[1], bounds=bounds, options=exactly
    )


def split_tie(scores: LinearScores, top: int) -> tuple[int, int, np.ndarray] | None:
    """Two units tied across the cut and weights just beside the scheme's that part them, or None.

    Returns
    -------
    (int, int, ndarray) or None
        The unit that falls behind, the one that gets ahead, and the weights.
    """
    now, w0 = places(scores.totals(scores.weights))[0], scores.weights
    if (now <= top).sum() <= top:
        return None
    tied = np.flatnonzero(now == now[now <= top].max())
    for nudge in NUDGES:
        tried = np.tile(w0, (2 * len(w0), 1))
        tried[np.arange(len(tried)), np.tile(np.arange(len(w0)), 2)] *= np.repeat(
            [1 + nudge, 1 - nudge], len(w0)
        )
        tried /= tried.sum(axis=1, keepdims=True)
        totals = scores.totals(tried)[:, tied]
        best = int(np.argmax(np.ptp(totals, axis=1)))
        if np.ptp(totals[best]) > SPLIT:
            return tied[totals[best].argmin()], tied[totals[best].argmax()], tried[best]
    return None
