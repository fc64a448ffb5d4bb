"""Sets of weights, drawn around the scheme's own or given from outside.

The weights of the scheme are the rule. What is drawn here measures how much a result rests on
that rule, and never replaces it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.study.scheme import Scheme

BLOCK = 1024  # draws per block; every block has a random stream of its own
AT = ("leaf", "dimension", "nested", "tree")


@dataclass(frozen=True)
class Split:
    """Siblings whose shares are drawn together, and under which of them every leaf lies (or -1)."""

    shares: np.ndarray
    spread: float
    owner: np.ndarray


@dataclass(frozen=True)
class WeightDraws:
    """Weightings of a scheme, made block by block, so that memory does not grow with draws.

    Block ``i`` depends on the seed and on ``i`` alone: the same numbers come out on any number
    of threads, and the first thousand of a million draws are those of a thousand.

    Attributes
    ----------
    method : {"box", "dirichlet", "renormalise", "given"}
    at : {"leaf", "dimension", "nested", "tree", "given"}
    spread : tuple of float, one per level that is drawn
    draws : int or "auto"
    seed : int, None for given weights
    """

    scheme: Scheme
    method: str
    at: str
    spread: tuple[float, ...]
    draws: int | str
    seed: int | None
    splits: tuple[Split, ...] = field(default=(), repr=False)
    start: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)  # of leaves, or all

    @property
    def numbers(self) -> Iterator[int]:
        """Numbers of the blocks, without end when ``draws`` is "auto"."""
        return count() if isinstance(self.draws, str) else iter(range(-(-self.draws // BLOCK)))

    def block(self, number: int) -> np.ndarray:
        """Block ``number``, draws x leaves; every row sums to 1."""
        if self.method == "given":
            return self.start[number * BLOCK : (number + 1) * BLOCK]
        size = BLOCK
        if not isinstance(self.draws, str):
            size = min(BLOCK, self.draws - number * BLOCK)
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number,)))
        weights = np.tile(self.start, (size, 1))
        for split in self.splits:
            if split.spread and np.count_nonzero(split.shares) > 1:
                drawn = SHAPES[self.method](rng, split.shares, split.spread)[:size]
            else:
                drawn = np.tile(split.shares, (size, 1))
            under = split.owner >= 0
            weights[:, under] *= drawn[:, split.owner[under]]
        return weights

    def table(self) -> pd.DataFrame:
        """All draws in memory, draws x leaves."""
        rows = np.vstack([*map(self.block, stated(self).numbers)])
        return pd.DataFrame(rows, columns=self.scheme.leaves)


def perturb_weights(
    scheme: Scheme,
    *,
    at: str,
    spread: float | tuple[float, ...],
    draws: int | str,
    seed: int,
    method: str = "box",
) -> WeightDraws:
    """Random weightings around those of the scheme, all respecting its tree.

    Parameters
    ----------
    scheme : Scheme
    at : {"leaf", "dimension", "nested", "tree"}
        What moves: all leaves at once; the dimensions, keeping the proportions inside; the
        dimensions and, independently, the leaves inside each; every set of siblings of the tree.
    spread : float, or one per level
        ``box`` and ``renormalise``: the largest relative change, 0 to 1. ``dirichlet``: the
        coefficient of variation among siblings (quadratic mean, weighted by their shares).
        ``nested`` takes two (dimensions, inside), ``tree`` one per level from the top.
    draws : int or "auto"
        ``auto`` lets :func:`rank_uncertainty` stop when its error is small enough.
    seed : int
    method : {"box", "dirichlet", "renormalise"}
        ``box``: exactly uniform on all weights within +-spread that sum to 1. ``dirichlet``:
        around the scheme's weights, which are the exact mean. ``renormalise``: times
        U(1 +- spread), then normalised, which leaves the box in most draws.

    Notes
    -----
    Box: all shares but the largest are uniform in their intervals, the largest closes the sum,
    and draws outside its interval are dropped; what is kept is uniform and independent.
    Dirichlet: alpha = kappa w with kappa = (k - 1) / cv^2 - 1 for k siblings. Renormalise is the
    noise scheme of COINr (Becker et al. 2022, doi:10.21105/joss.04567).

    Examples
    --------
    >>> from evallib.study.scheme import Node
    >>> leaves = [Node(code, "all", code, full_marks=1) for code in "abc"]
    >>> scheme = Scheme.of([Node("all", "", "总"), *leaves])
    >>> drawn = perturb_weights(scheme, at="leaf", spread=0.3, draws=500, seed=0).table()
    >>> float((3 * drawn).max(axis=None)) < 1.3, drawn.sum(axis=1).round(9).unique().tolist()
    (True, [1.0])
    """
    if at not in AT:
        raise ValueError(f"at is one of {', '.join(AT)}, not {at!r}")
    if method not in SHAPES:
        raise ValueError(f"method is one of {', '.join(SHAPES)}, not {method!r}")
    if draws != "auto" and (isinstance(draws, str) or not (_is_whole(draws) and draws >= 1)):
        raise ValueError(f'draws is a whole number from 1, or "auto", not {draws!r}')
    if not (_is_whole(seed) and seed >= 0):
        raise ValueError(f"seed is a whole number from 0, not {seed!r}")
    levels = _levels(scheme, at)
    spreads = _spreads(spread, len(levels), at, method)
    splits = [
        _split(scheme, siblings, level_spread, method)
        for level, level_spread in zip(levels, spreads, strict=True)
        for siblings in level
    ]
    start = np.ones(len(scheme.leaves))
    if at == "dimension":
        top = splits[0].shares[splits[0].owner]
        start = scheme.weights.to_numpy() / np.where(top > 0, top, 1.0)
    return WeightDraws(scheme, method, at, spreads, draws, seed, tuple(splits), start)


def stated(draws: WeightDraws) -> WeightDraws:
    """The draws themselves, unless their number is left open, which only sampling can close."""
    if draws.draws == "auto":
        raise ValueError("draws is auto, which only rank_uncertainty can stop; state a number")
    return draws


def _is_whole(value: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _levels(scheme: Scheme, at: str) -> list[list[list[str]]]:
    """Codes of the sets of siblings that are drawn, per level from the top."""
    if at == "tree":
        depth = {code: scheme.level(code) for code in scheme.inner}
        sets = [[scheme.children(c) for c in depth if depth[c] == d] for d in set(depth.values())]
        return [[list(children) for children in level] for level in sets]
    tops = [scheme.leaves if at == "leaf" else scheme.dimensions]
    return [tops, [scheme.leaves_under(code) for code in tops[0]]] if at == "nested" else [tops]


def _spreads(
    spread: float | tuple[float, ...], levels: int, at: str, method: str
) -> tuple[float, ...]:
    """One checked spread per level."""
    given = np.atleast_1d(np.asarray(spread, dtype=float))
    spreads = np.repeat(given, levels) if given.size == 1 else given
    if len(spreads) != levels:
        raise ValueError(f"at={at!r} draws {levels} levels, but spread has {len(spreads)} values")
    limit = np.inf if method == "dirichlet" else 1.0
    if not (np.isfinite(spreads) & (spreads >= 0) & (spreads <= limit)).all():
        end = "from 0" if method == "dirichlet" else "from 0 to 1"
        raise ValueError(f"spread of {method} goes {end}, not {spread!r}")
    return tuple(float(value) for value in spreads)


def _split(scheme: Scheme, siblings: list[str], spread: float, method: str) -> Split:
    shares, under = scheme.node_weights[siblings].to_numpy(), scheme.under[siblings].to_numpy()
    moving = np.count_nonzero(shares)
    if method == "dirichlet" and moving > 1 and spread**2 >= moving - 1:
        raise ValueError(
            f"{moving} siblings cannot vary by a coefficient of {spread:g}; "
            f"stay below {np.sqrt(moving - 1):.3g}"
        )
    owner = np.where(under.any(axis=1), under.argmax(axis=1), -1)
    return Split(shares / (shares.sum() or 1.0), spread, owner)


def _box(rng: np.random.Generator, shares: np.ndarray, spread: float) -> np.ndarray:
    low, width, last = (1 - spread) * shares, 2 * spread * shares, shares.argmax()
    kept, have, ask = np.empty((BLOCK, len(shares))), 0, BLOCK
    while have < BLOCK:
        tried = low + width * rng.random((ask, len(shares)))
        tried[:, last] = 0.0
        tried[:, last] = 1.0 - tried.sum(axis=1)
        inside = np.flatnonzero(np.abs(tried[:, last] - shares[last]) <= spread * shares[last])
        take = inside[: BLOCK - have]
        kept[have : have + len(take)] = tried[take]
        have += len(take)
        ask = min(BLOCK, int(1.2 * (BLOCK - have) * ask / max(len(inside), 1)) + 64)
    return kept


def _dirichlet(rng: np.random.Generator, shares: np.ndarray, spread: float) -> np.ndarray:
    drawn, moving = np.zeros((BLOCK, len(shares))), shares > 0
    drawn[:, moving] = rng.dirichlet(concentration(shares, spread) * shares[moving], BLOCK)
    return drawn


def concentration(shares: np.ndarray, spread: float) -> float:
    """The kappa of a Dirichlet whose siblings vary by that coefficient; see perturb_weights."""
    return (np.count_nonzero(shares) - 1) / spread**2 - 1


def _renormalise(rng: np.random.Generator, shares: np.ndarray, spread: float) -> np.ndarray:
    drawn = shares * rng.uniform(1 - spread, 1 + spread, (BLOCK, len(shares)))
    return drawn / drawn.sum(axis=1, keepdims=True)


SHAPES = {"box": _box, "dirichlet": _dirichlet, "renormalise": _renormalise}


def given_weights(
    scheme: Scheme, weights: np.ndarray | pd.DataFrame | list[list[int]]
) -> WeightDraws:
    """Weightings made elsewhere, one per row.

    Parameters
    ----------
    scheme : Scheme
    weights : DataFrame or array, draws x leaves, or DataFrame draws x nodes
        Leaf weights on any positive scale; or, with a column for every node but the root,
        weights among siblings. An array has its columns in tree order.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or siblings have no weight at all.
    DataError
        If the columns are neither the leaves nor all nodes.

    Examples
    --------
    >>> from evallib.study.scheme import Node
    >>> leaves = [Node(code, "all", code, full_marks=1) for code in "ab"]
    >>> scheme = Scheme.of([Node("all", "", "总"), *leaves])
    >>> given_weights(scheme, [[1, 3], [2, 2]]).table().to_numpy().tolist()
    [[0.25, 0.75], [0.5, 0.5]]
    """
    if not isinstance(weights, pd.DataFrame):
        array = np.atleast_2d(np.asarray(weights, dtype=float))
        columns = scheme.leaves if array.shape[1] == len(scheme.leaves) else None
        weights = pd.DataFrame(array, columns=columns, copy=False)
    weights = weights.drop(columns=scheme.root, errors="ignore").astype(float)
    if set(weights.columns) == set(scheme.leaves):
        groups = {scheme.root: scheme.leaves}
    elif set(weights.columns) == set(scheme.codes[1:]):
        groups = {code: list(scheme.children(code)) for code in scheme.inner}
    else:
        raise DataError(
            f"given weights: {weights.shape[1]} columns that are neither the {len(scheme.leaves)} "
            "leaves nor all nodes of the scheme; name them by code"
        )
    values = weights.to_numpy()
    if not len(values) or not np.isfinite(values).all() or values.min() < 0:
        raise ValueError("given weights need at least one row of finite weights from 0")
    rows = np.ones((len(weights), len(scheme.leaves)))
    for parent, codes in groups.items():
        total = sum(weights[code].to_numpy() for code in codes)
        if not (total > 0).all():
            raise ValueError(f"given weights: nothing below {parent} has any weight")
        for code in codes:
            below = scheme.under[code].to_numpy() > 0
            rows[:, below] *= (weights[code].to_numpy() / total)[:, None]
    return WeightDraws(scheme, "given", "given", (), len(rows), None, start=rows)
