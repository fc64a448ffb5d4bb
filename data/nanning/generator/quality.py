"""Leaf marks: a site's quality, what it is strong in, noise; then an integer program fits them."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, hstack
from scipy.special import pdtr
from scipy.stats import norm

from generator.facts import ABOVE, EXPECTED, INDICES, STEPS_LOST

CARRIED = 0.6  # correlation of a site's luck at one leaf between the years
REACH = 4  # most steps that the program may move a mark from its draw


def latents(units, leaves, rng):
    """Standard normal strengths of each year: one per unit and dimension, one per unit and leaf."""
    drawn = {}
    for name, columns in (("dimension", "HFPSI"), ("leaf", leaves)):
        shared, *own = rng.standard_normal((3, len(units), len(columns)))
        drawn[name] = [np.sqrt(CARRIED) * shared + np.sqrt(1 - CARRIED) * one for one in own]
    return drawn


def expected_losses(frame, lost, dimension, leaf):
    """Steps each mark is expected to lose (units x leaves), given what the unit loses in all."""
    mean = np.array([(1 - EXPECTED[code]) for code in frame.leaves]) * frame.full
    area = np.array(["HFPSI".index(code[0]) for code in frame.leaves])
    weight = mean * np.exp(0.3 * dimension[:, area] + 0.35 * leaf) * frame.applies
    return weight * (lost / weight.sum(axis=1))[:, None] / frame.step


def drawn_losses(frame, expected, leaf, low, high):
    """Steps lost, drawn from Poisson laws at the quantile of the unit's luck at the leaf."""
    luck = norm.cdf(np.round(leaf, 6))
    steps = np.zeros(expected.shape, int)
    for k in range(12):
        steps += luck > pdtr(k, expected)
    return np.clip(steps, low, high)


def limits(frame):
    """Fewest and most steps that each mark may lose: full marks where indices are 1, no veto."""
    most = -(-frame.full * 7 // 10) // frame.step
    for leaf, steps in STEPS_LOST.items():
        most[frame.column(leaf)] = steps
    for leaf in ("F1.1", "F1.2", "S1.1"):
        most[frame.column(leaf)] = 0
    for leaf in ("F2.3", "F3.3", "I4.1", "I4.2", "I4.3", "S2.2"):
        most[frame.column(leaf)] = frame.full[frame.column(leaf)] // frame.step[frame.column(leaf)]
    low = np.zeros(frame.applies.shape, int)
    return low, np.where(frame.applies, most, 0)


def fit(frame, drawn, expected, lost, low, high, *, printed, rng):
    """Steps lost that give each unit its loss exactly and, if `printed`, the letter's indices.

    Rows and columns are linear in the steps that marks move up or down from the draw; the cost is
    the points moved, dearer where a full mark would be touched against expectation.
    """
    moves = np.stack([np.minimum(high - drawn, REACH), np.minimum(drawn - low, REACH)]).clip(0)
    noise = rng.integers(0, 30, moves.shape) / 100
    cost = frame.step * (1 + noise)
    cost[0] *= np.where((drawn == 0) & (expected < 0.25), 1.8, 1.0)
    points = np.broadcast_to(frame.step, drawn.shape)
    parts = [_rows(points), *([_nodes(frame, points)] if printed else [])]
    have = np.concatenate([part @ drawn.ravel() for part in parts])
    least, most = zip((lost, lost), *([_bounds(frame)] if printed else []), strict=True)
    matrix = _stack(parts)
    found = milp(
        cost.ravel(),
        integrality=np.ones(cost.size),
        bounds=Bounds(0, moves.ravel()),
        constraints=LinearConstraint(
            hstack([matrix, -matrix]), np.concatenate(least) - have, np.concatenate(most) - have
        ),
        options={"node_limit": 400, "mip_rel_gap": 0.1},
    )
    if found.x is None:
        raise RuntimeError(f"no marks of {frame.year} fit: {found.message}")
    up, down = np.rint(found.x).astype(int).reshape(moves.shape)
    return drawn + up - down


def _rows(points):
    count, width = points.shape
    at = np.arange(points.size)
    return csr_array((points.ravel(), (at // width, at)), (count, points.size))


def _stack(parts):
    joined = [coo_array(part) for part in parts]
    above = np.cumsum([0, *(p.shape[0] for p in joined)])
    row = np.concatenate([p.row + skip for p, skip in zip(joined, above[:-1], strict=True)])
    column = np.concatenate([p.col for p in joined])
    data = np.concatenate([p.data for p in joined]).astype(float)
    return csr_array((data, (row, column)), (above[-1], joined[0].shape[1]))


def _nodes(frame, points):
    rows = []
    for node in [*INDICES, *ABOVE]:
        inside = np.zeros(points.shape)
        inside[np.ix_(frame.department, frame.under(node))] = 1
        rows.append((inside * points * frame.applies).ravel())
    return csr_array(np.array(rows))


def _bounds(frame):
    """Bounds of what departments lose at each node, in hundredths, safely inside the rounding."""
    least, most = [], []
    for node in [*INDICES, *ABOVE]:
        columns = frame.under(node)
        full = (frame.applies[frame.department][:, columns] * frame.full[columns]).sum()
        value = INDICES.get(node)
        upper = 1 if value == 1 else value + 0.004 if value else 1
        lower = 1 if value == 1 else value - 0.004 if value else ABOVE[node]
        least.append((1 - upper) * full - 1e-6)
        most.append((1 - lower) * full + 1e-6)
    return np.array(least), np.array(most)
