"""Monte Carlo errors of shares and places: how far another seed would have given other numbers.

Two draws of either kind are added to every share (Agresti and Coull 1998,
doi:10.1080/00031305.1998.10480550), so that a share of 0 or 1 has an error too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Z = 1.96  # of the 95 % bracket of an interval's ends


def share_error(share: Any, draws: int) -> Any:
    """Standard error of shares of that many draws; also a bound for shares that count halves.

    Examples
    --------
    >>> share_error(np.array([0.0, 0.5]), 96).round(4).tolist()
    [0.0143, 0.051]
    """
    p = (share * draws + 2) / (draws + 4)
    return np.sqrt(p * (1 - p) / draws)


def place_error(mass: np.ndarray, middle: np.ndarray, half: np.ndarray, draws: int) -> np.ndarray:
    """Standard error of mean places from the mass in every bin; an upper bound at ties.

    ``half`` is half the width of each bin, which its places may lie from the ``middle``.
    """
    mean, low = mass @ middle / draws, 2 / (draws + 4)
    spread = (np.abs(middle - mean[:, None]) + half) ** 2
    return np.sqrt(((mass * spread).sum(axis=1) / draws + low * (1 - low)) / draws)


def tails(share: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Columns between which every row of shares keeps ``level``, equal tails cut off."""
    tail, reached = _tail(level), np.cumsum(share, axis=1)
    return _first(reached, max(tail - 1e-9, 1e-9)), _first(reached, 1 - tail - 1e-9)


def tail_brackets(share: np.ndarray, level: float, draws: int) -> list[np.ndarray]:
    """First and last column that each end of :func:`tails` may be in, by the error of its share."""
    tail, reached = _tail(level), np.cumsum(share, axis=1)
    error = Z * share_error(reached.clip(0, 1), draws)
    ends = []
    for edge in (max(tail - 1e-9, 1e-9), 1 - tail - 1e-9):
        ends += [_first(reached + error, edge), _first(reached - error, edge)]
    return ends


def _first(reached: np.ndarray, edge: float) -> np.ndarray:
    """First column whose share is above the edge; the last one where none is."""
    above = reached > edge
    above[:, -1] = True
    return above.argmax(axis=1)


def _tail(level: float) -> float:
    if not 0 < level <= 1:
        raise ValueError(f"level is a share above 0 and up to 1, not {level!r}")
    return (1 - level) / 2
