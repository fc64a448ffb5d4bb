"""The nearest weights at which a linear form of the weights is no longer positive, in four norms.

A form ``v`` stands for the lead of one unit over another; ``v·w`` is positive at the weights now.
"""

from __future__ import annotations

import numpy as np

from evallib.firmness.linear import fill

NORMS = ("relative", "l1", "l2", "linf")
STEPS = 70  # halvings of an interval: beyond the precision of a float


def largest_effect(forms: np.ndarray, weights: np.ndarray, norm: str) -> np.ndarray:
    """How far each form can fall per unit of change, were weights allowed below 0.

    The maximum of ``-v·u`` over changes ``u`` that sum to 0 and have norm 1; by duality
    ``relative``: sum of w |v - median|, ``linf``: sum of |v - median|, ``l1``: half the range,
    ``l2``: length of v - mean.

    Parameters
    ----------
    forms : ndarray (m, J)
    weights : ndarray (J,)
    norm : {"relative", "l1", "l2", "linf"}

    Returns
    -------
    ndarray (m,)

    Examples
    --------
    >>> largest_effect(np.array([[3.0, 1.0, 0.0]]), np.array([0.2, 0.5, 0.3]), "relative").tolist()
    [0.7]
    """
    if norm == "l1":
        return np.ptp(forms, axis=1) / 2
    if norm == "l2":
        return np.linalg.norm(forms - forms.mean(axis=1, keepdims=True), axis=1)
    per_leaf = _radius(weights, norm)
    order = np.argsort(forms, axis=1)
    share = np.cumsum(per_leaf[order], axis=1)
    middle = np.argmax(share >= share[:, -1:] / 2, axis=1)[:, None]
    median = np.take_along_axis(forms, np.take_along_axis(order, middle, axis=1), axis=1)
    return np.abs(forms - median) @ per_leaf


def least_size(forms: np.ndarray, weights: np.ndarray, norm: str) -> np.ndarray:
    """Size below which no change brings a form to 0; exact for l1, and while no weight is 0."""
    if norm == "l1":
        return reach(forms, weights, norm)[0]
    lead = np.maximum(forms @ weights, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(lead > 0, lead / largest_effect(forms, weights, norm), 0.0)


def reach(forms: np.ndarray, weights: np.ndarray, norm: str) -> tuple[np.ndarray, np.ndarray]:
    """Smallest change of the weights at which each form is 0, and the weights there.

    Parameters
    ----------
    forms : ndarray (m, J)
    weights : ndarray (J,), summing to 1
    norm : {"relative", "l1", "l2", "linf"}

    Returns
    -------
    sizes : ndarray (m,)
        0 where a form is not positive now, infinite where it is positive for all weights.
    reached : ndarray (m, J)
        Weights from 0 that sum to 1; the weights now where a size is 0 or infinite.

    Notes
    -----
    Closed forms as long as no weight falls to 0; beyond, ``relative`` and ``linf`` halve the
    interval of the radius, ``l2`` that of the multiplier of the form.

    Examples
    --------
    >>> sizes, reached = reach(np.array([[2.0, -1.0]]), np.array([0.5, 0.5]), "relative")
    >>> round(float(sizes[0]), 6), reached.round(6).tolist()
    (0.333333, [[0.333333, 0.666667]])
    """
    lead = forms @ weights
    movable = weights > 0 if norm == "relative" else np.ones(len(weights), dtype=bool)
    sizes = np.where(lead > 0, np.inf, 0.0)
    reached = np.tile(weights, (len(forms), 1))
    todo = (lead > 0) & (forms[:, movable].min(axis=1) <= 0)
    if todo.any():
        solve = {"l1": _reach_l1, "l2": _reach_l2}.get(norm, _reach_box)
        sizes[todo], reached[todo] = solve(forms[todo], lead[todo], weights, norm)
    return sizes, reached


def distance(rows: np.ndarray, weights: np.ndarray, norm: str) -> np.ndarray:
    """Size of the change from the weights to each row, in one of the norms."""
    change = np.abs(rows - weights)
    if norm == "relative":
        return (change[:, weights > 0] / weights[weights > 0]).max(axis=1)
    order = {"l1": 1, "l2": 2, "linf": np.inf}[norm]
    return np.linalg.norm(change, ord=order, axis=1)


def _radius(weights: np.ndarray, norm: str) -> np.ndarray:
    return weights if norm == "relative" else np.ones(len(weights))


def _reach_box(
    forms: np.ndarray, lead: np.ndarray, weights: np.ndarray, norm: str
) -> tuple[np.ndarray, np.ndarray]:
    """Radius of the smallest box around the weights, cut at 0, that holds a zero of each form."""
    radius = _radius(weights, norm)

    def lowest(rows: np.ndarray, size: np.ndarray) -> np.ndarray:
        low = np.maximum(weights - size[:, None] * radius, 0)
        return fill(-forms[rows], low, weights + size[:, None] * radius)

    size = lead / largest_effect(forms, weights, norm)
    far = np.flatnonzero(size > (weights[radius > 0] / radius[radius > 0]).min())
    if len(far):
        low, high = size[far], np.full(len(far), 1 / radius[radius > 0].min())
        for _ in range(STEPS):
            middle = (low + high) / 2
            above = (forms[far] * lowest(far, middle)).sum(axis=1) > 0
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        size[far] = high
    return size, lowest(np.arange(len(forms)), size)


def _reach_l1(
    forms: np.ndarray, lead: np.ndarray, weights: np.ndarray, norm: str
) -> tuple[np.ndarray, np.ndarray]:
    """Weight goes from the leaves with the largest coefficients to the one with the smallest."""
    order = np.argsort(-forms, axis=1, kind="stable")
    gain = np.take_along_axis(forms - forms.min(axis=1, keepdims=True), order, axis=1)
    held = weights[order]
    before = np.cumsum(held * gain, axis=1) - held * gain
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.nan_to_num((lead[:, None] - before) / gain, posinf=0, neginf=0)
    moved = np.zeros_like(forms)
    np.put_along_axis(moved, order, np.clip(part, 0, held), axis=1)
    reached = weights - moved
    reached[np.arange(len(forms)), forms.argmin(axis=1)] += moved.sum(axis=1)
    return 2 * moved.sum(axis=1), reached


def _reach_l2(
    forms: np.ndarray, lead: np.ndarray, weights: np.ndarray, norm: str
) -> tuple[np.ndarray, np.ndarray]:
    """Projection of the weights on the plane where the form is 0, then on weights from 0."""
    centred = forms - forms.mean(axis=1, keepdims=True)
    reached = weights - (lead / (centred**2).sum(axis=1))[:, None] * centred
    far = np.flatnonzero((reached < 0).any(axis=1))
    if len(far):
        low, high = np.zeros(len(far)), 1 / np.ptp(forms[far], axis=1)
        for step in range(2 * STEPS):
            middle = high if step < STEPS else (low + high) / 2
            at = _on_simplex(weights - middle[:, None] * forms[far])
            above = (forms[far] * at).sum(axis=1) > 0
            low = np.where(above, middle, low)
            high = (
                np.where(above, 2 * high, high) if step < STEPS else np.where(above, high, middle)
            )
        reached[far] = _on_simplex(weights - high[:, None] * forms[far])
    return np.linalg.norm(reached - weights, axis=1), reached


def _on_simplex(rows: np.ndarray) -> np.ndarray:
    """Nearest weights from 0 that sum to 1, of each row; Michelot (1986), by sorting."""
    ordered = -np.sort(-rows, axis=1)
    excess = (np.cumsum(ordered, axis=1) - 1) / np.arange(1, rows.shape[1] + 1)
    last = (ordered > excess).sum(axis=1) - 1
    return np.maximum(rows - np.take_along_axis(excess, last[:, None], axis=1), 0)
