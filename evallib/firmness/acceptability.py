"""Rank acceptability: which places a unit takes under many weightings, and how often.

Every share here is a share of weightings. None is a probability of being right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.firmness import counting
from evallib.firmness.engine import engine, in_order
from evallib.firmness.montecarlo import place_error, share_error, tail_brackets, tails
from evallib.firmness.weights import BLOCK, WeightDraws
from evallib.scoring import Evaluation

if TYPE_CHECKING:
    from concurrent.futures.thread import ThreadPoolExecutor

    from test_acceptability import Elsewhere


@dataclass(frozen=True)
class RankUncertainty:
    """Places of the ranked units over many weightings; ties share the places that they span.

    A place counts the units ahead, also where the published ranking is dense.

    Attributes
    ----------
    result : Evaluation
    weights : WeightDraws
    draws : int
        Weightings that were counted.
    units : Index
        Ranked units; vetoed and unranked ones are left out.
    edges : ndarray
        First place of every bin, and n + 1; bins are single places up to 1,000 units.
    mass : ndarray, units x bins
        Weightings spent in each bin; rows sum to ``draws``.
    error : float
        Half width of a 95 % band that holds for every cell and every top-k share at once
        (empirical Bernstein). For given weights: as if they were an independent sample.
    """

    result: Evaluation
    weights: WeightDraws
    draws: int
    units: pd.Index
    edges: np.ndarray = field(repr=False)
    mass: np.ndarray = field(repr=False)
    error: float

    @property
    def caption(self) -> str:
        """What this is, in one line."""
        drawn, result = self.weights, self.result
        law = "given" if drawn.seed is None else f"{drawn.method} at {drawn.at} level"
        law += f", spread {', '.join(map(str, drawn.spread))}" if drawn.spread else ""
        kind = "" if result.provenance == "observed" else f" ({result.provenance} data)"
        return (
            f"{result.study} {result.year}{kind}: shares of {self.draws} weightings "
            f"({law}, seed {drawn.seed}), +-{self.error:.3f}"
        )

    def acceptability(self) -> pd.DataFrame:
        """Share of weightings in which each unit takes each place, units x places.

        Above 1,000 units the columns are bins, named by their first place.
        """
        return pd.DataFrame(self.mass / self.draws, self.units, self.edges[:-1])

    def standard_error(self) -> pd.DataFrame:
        """Monte Carlo standard error of every cell of the acceptability; never 0."""
        return share_error(self.acceptability(), self.draws)

    def expected_rank(self) -> pd.Series:
        """Mean place; a tie, or a bin, counts with the middle of its places."""
        return pd.Series(self.mass @ self._middle() / self.draws, self.units)

    def expected_rank_error(self) -> pd.Series:
        """Monte Carlo standard error of every expected rank; at ties an upper bound."""
        half = (np.diff(self.edges) - 1) / 2
        return pd.Series(place_error(self.mass, self._middle(), half, self.draws), self.units)

    def _middle(self) -> np.ndarray:
        return (self.edges[:-1] + self.edges[1:] - 1) / 2

    def interval(self, level: float = 0.9) -> pd.DataFrame:
        """Places ``low`` to ``high`` that hold a unit in that share of weightings.

        Equal tails are cut off at both ends; in bins the interval is rounded outwards.
        """
        low, high = tails(self.mass / self.draws, level)
        ends = {"low": self.edges[low], "high": self.edges[high + 1] - 1}
        return pd.DataFrame(ends, index=self.units)

    def interval_error(self, level: float = 0.9) -> pd.DataFrame:
        """Places that each end of the interval may be at, by 95 % of Monte Carlo error.

        ``low_from`` to ``low_to`` for the best place, ``high_from`` to ``high_to`` for the worst.
        """
        ends = tail_brackets(self.mass / self.draws, level, self.draws)
        low, high = [self.edges[end] for end in ends[:2]], [self.edges[e + 1] - 1 for e in ends[2:]]
        names = ("low_from", "low_to", "high_from", "high_to")
        return pd.DataFrame(dict(zip(names, low + high, strict=True)), index=self.units)

    def top(self, k: int = 10) -> pd.Series:
        """Share of weightings in which each unit is in the top k; ties at the cut share it."""
        if not isinstance(k, int | np.integer) or k < 1:
            raise ValueError(f"k is a whole number from 1, not {k!r}")
        k = min(int(k), len(self.units))
        if k + 1 not in self.edges:
            raise ValueError(
                f"place {k} lies inside a bin of places; take {counting.SINGLE_PLACES} or less"
            )
        inside = self.mass[:, self.edges[:-1] <= k].sum(axis=1) / self.draws
        return pd.Series(np.minimum(inside, 1.0), self.units)

    def top_error(self, k: int = 10) -> pd.Series:
        """Monte Carlo standard error of every share of :meth:`top`; 0 only where all are inside."""
        share = self.top(k)
        return share_error(share, self.draws) if k < len(share) else share * 0.0

    def pairwise_error(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Monte Carlo standard error of the shares that :meth:`pairwise` gave; 0 on the diagonal.

        With ties an upper bound.
        """
        apart = np.not_equal.outer(pairs.index.to_numpy(), pairs.columns.to_numpy())
        return share_error(pairs, self.draws).where(apart, 0.0)

    def pairwise(self, *, threads: int | None = None) -> pd.DataFrame:
        """Share of weightings in which the row unit is ahead of the column unit, ties as half.

        The diagonal is 0.5. Runs through the same draws once more.
        """
        if len(self.units) > counting.MATRIX_UNITS:
            raise ValueError(
                f"pairs of more than {counting.MATRIX_UNITS} units make too large a table"
            )
        machine = engine(self.result)
        count = partial(counting.ahead_counts, machine, self.weights)
        groups = counting.block_groups(range(-(-self.draws // BLOCK)))
        ahead = np.add.reduce([*in_order(count, groups, threads=threads)])
        share = (ahead + self.draws - ahead.T) / (2 * self.draws)
        names = self.units[machine.columns]
        return pd.DataFrame(share, names, names).loc[self.units, self.units]


def rank_uncertainty(
    result: Evaluation,
    draws: WeightDraws,
    *,
    threads: int | None = None,
    executor: ThreadPoolExecutor | Elsewhere | None = None,
    half_width: float = 0.01,
) -> RankUncertainty:
    """How often every ranked unit takes every place under the drawn weightings.

    Parameters
    ----------
    result : Evaluation
    draws : WeightDraws
        Of the same scheme. With ``draws="auto"`` sampling stops as soon as ``error`` is at most
        ``half_width``.
    threads : int, optional
        All cores when omitted; the numbers do not depend on it.
    executor : concurrent.futures.Executor, optional
        Counts instead of threads: processes, or a cluster (``Client.get_executor()`` of Dask),
        with the same numbers.
    half_width : float, 0.001 to 0.5
        Only for ``draws="auto"``.

    Raises
    ------
    DataError
        If the draws belong to another scheme, or no unit is ranked.

    Notes
    -----
    Stochastic multicriteria acceptability analysis: Lahdelma and Salminen (2001),
    doi:10.1287/opre.49.3.444.11220. Units that print the same total are tied and share their
    places evenly. The stopping rule is the empirical Bernstein bound of Audibert, Munos and
    Szepesvari (2009), doi:10.1016/j.tcs.2009.01.016, theorem 1, with the error shared over all
    cells and looks, so that stopping when it is small leaves it valid. Trees that are not linear
    take the general path of the scoring engine, about a thousand times slower.

    Examples
    --------
    >>> import evallib as ev
    >>> from evallib.firmness.weights import perturb_weights
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> draws = perturb_weights(result.scheme, at="leaf", spread=0.2, draws=5_000, seed=1)
    >>> rank_uncertainty(result, draws).interval(0.9).loc["chengdu"].tolist()
    [1, 1]
    """
    if draws.scheme.leaves != result.scheme.leaves:
        raise DataError(f"the draws belong to another scheme than {result.study} {result.year}")
    if not 0.001 <= half_width <= 0.5:
        raise ValueError(f"half_width lies between 0.001 and 0.5, not {half_width!r}")
    machine = engine(result)
    n, auto, numbers = len(machine.units), draws.draws == "auto", iter(draws.numbers)
    edges = counting.place_edges(n)
    mass, done, look, error = np.zeros((n, len(edges) - 1)), 0, 0, np.inf
    while error > half_width and (auto or look == 0):
        batch = islice(numbers, max(2 ** (look - 1), 1) if auto else None)  # 1, 1, 2, 4, ...
        count = partial(counting.counted, machine, draws, edges)
        for part, size in in_order(
            count, counting.block_groups(batch), threads=threads, executor=executor
        ):
            mass += part
            done += size
        look += 1
        error = _half_width(mass, done, look * (look + 1) if auto else 1)
    return RankUncertainty(result, draws, done, machine.units, edges, mass, error)


def _half_width(mass: np.ndarray, draws: int, looks: int, alpha: float = 0.05) -> float:
    """Largest half width over all cells and all top-k shares; variance at most p (1 - p)."""
    share = np.concatenate([mass, np.cumsum(mass, axis=1)], axis=1) / draws
    variance = max(float((share * (1 - share)).max()), 0.0)
    log = np.log(3 * share.size * looks / alpha)
    return min(float(np.sqrt(2 * variance * log / draws) + 3 * log / draws), 1.0)
