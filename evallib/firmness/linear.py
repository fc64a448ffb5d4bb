"""Totals as functions of the leaf weights: a line within a pattern of leaves, else a ratio.

Under weights ``w`` that sum to 1, a unit with leaf indices ``x`` and a 0/1 pattern ``a`` of leaves
that count has the base ``scale * (w·x) / (w·a)``; bonus and penalty points are added to it. Units
of one pattern compare by the sign of one linear form of ``w``. That is what the exact methods use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.rounding import NOISE_DECIMALS, print_units
from evallib.scoring import Evaluation, granted, node_scores, rank, total_points


@dataclass(frozen=True)
class LinearScores:
    """The ranked units of an Evaluation, as arrays for exact work on its weights.

    Attributes
    ----------
    units : Index of n unit ids
    leaves : list of J leaf codes
    weights : ndarray (J,)
        The weights of the scheme; they sum to 1.
    index, applies : ndarray (n, J)
        Leaf indices (0 where a leaf does not count), and 1.0 where it counts.
    pattern : ndarray (n,) of int
        Units with the same number have the same leaves.
    points : ndarray (n,)
        What is added to the base whatever the weights.
    gated : ndarray (n,)
        Bonus that is added only where the base is above ``gate``.
    """

    units: pd.Index
    leaves: list[str]
    weights: np.ndarray
    index: np.ndarray
    applies: np.ndarray
    pattern: np.ndarray
    points: np.ndarray
    gated: np.ndarray
    gate: float
    scale: float

    def base(self, weights: np.ndarray) -> np.ndarray:
        """Base of every unit under each row of weights, m x n."""
        weights = np.atleast_2d(weights)
        return self.scale * (weights @ self.index.T) / (weights @ self.applies.T)

    def totals(self, weights: np.ndarray) -> np.ndarray:
        """Total of every unit under each row of weights, m x n."""
        base = self.base(weights)
        return base + self.points + self.gated * (np.round(base, NOISE_DECIMALS) > self.gate)

    def forms(self, points: np.ndarray) -> np.ndarray:
        """Rows ``c`` with total = (c·w) / (a·w), given the points added to each base."""
        return self.scale * self.index + np.reshape(points, (-1, 1)) * self.applies

    def pairs(
        self, first: np.ndarray, second: np.ndarray, points_1: np.ndarray, points_2: np.ndarray
    ) -> Pairs:
        """Pairs of units, given the points added to the base of each."""
        units, points = np.array([first, second]), np.array([points_1, points_2])
        down = self.applies[units]
        above = self.scale * self.index[units] + points[..., None] * down
        return Pairs(above, down, self.pattern[first] == self.pattern[second])

    def gate_forms(self) -> np.ndarray:
        """Rows that are positive on ``w`` where the base is above the gate, if there is one."""
        return self.scale * self.index - (self.gate if self.gated.any() else 0.0) * self.applies


def linear_scores(result: Evaluation) -> LinearScores:
    """The linear view of an Evaluation, or the reason why it has none.

    Vetoed units without a total and units that are not ranked hold no place and are left out; a
    veto with a fixed total is a constant.

    Raises
    ------
    DataError
        If totals are no ratio of two linear forms of the weights, or nobody is ranked.
    """
    where = f"{result.study} {result.year}"
    kept = result.rank.notna().to_numpy()
    if not kept.any():
        raise DataError(f"{where}: no unit is ranked, so there is no order to examine")
    index = result.index.to_numpy()[kept]
    _refuse_other_rules(result, kept, where)
    fixed = result.veto.to_numpy()[kept]
    applies = np.where(fixed[:, None], 1.0, np.isfinite(index))
    bonus = awarded_bonus(result).to_numpy(float)[kept]
    gate = -np.inf if result.rules.bonus.gate is None else result.rules.bonus.gate
    gated = np.where(fixed | (gate == -np.inf), 0.0, bonus)
    points = np.where(gated > 0, 0.0, bonus) - result.penalty.to_numpy(float)[kept]
    points = np.where(fixed, result.total.to_numpy(float)[kept], points)
    return LinearScores(
        units=result.rank.index[kept],
        leaves=result.scheme.leaves,
        weights=result.scheme.weights.to_numpy(),
        index=np.where(fixed[:, None], 0.0, np.nan_to_num(index)),
        applies=applies,
        pattern=np.unique(applies, axis=0, return_inverse=True)[1].ravel(),
        points=points,
        gated=gated,
        gate=gate if gated.any() else -np.inf,
        scale=result.rules.scale,
    )


def _refuse_other_rules(result: Evaluation, kept: np.ndarray, where: str) -> None:
    scheme, rules = result.scheme, result.rules
    instead = "use rank_uncertainty, which samples"
    for code in scheme.inner:
        if scheme.node(code).aggregation != "arithmetic":
            kind = scheme.node(code).aggregation
            raise DataError(f"{where}: {code} is a {kind} mean, no line in the weights; {instead}")
    if rules.tier_decimals is not None:
        raise DataError(f"{where}: rounding at every level is no line in the weights; {instead}")
    absent = result.index.isna() & (kept & ~result.veto.to_numpy())[:, None]
    rule = f"not_applicable: {rules.not_applicable}"
    if rules.not_applicable == "rescale":
        rule = f"missing: {rules.missing}"
        absent &= result.missing
    if absent.any(axis=None):
        unit = absent.index[absent.any(axis=1)][0]
        leaf = absent.columns[absent.loc[unit]][0]
        raise DataError(
            f"{where}: under {rule} the total of a unit that lacks leaves is no ratio of two "
            f"lines, first {unit}/{leaf}; {instead}"
        )


def awarded_bonus(result: Evaluation) -> pd.Series:
    """Bonus points of every unit after the cap, as granted once the base is above the gate."""
    return result.awarded.clip(upper=result.rules.bonus.cap)


def rescore(result: Evaluation, weights: np.ndarray) -> pd.DataFrame:
    """Total and place of every unit under other leaf weights, through the scoring engine.

    Parameters
    ----------
    weights : array of one weight per leaf, in tree order, summing to 1

    Returns
    -------
    DataFrame by unit
        ``total``, and ``place`` by competition ranking at ten decimals; missing where not ranked.
    """
    mass = np.isfinite(result.index.to_numpy()) * np.asarray(weights, dtype=float)
    mass = mass / mass.sum(axis=1, keepdims=True)
    scores = node_scores(result.index.to_numpy(), mass, result.scheme, result.rules)
    base = pd.Series(scores[:, 0] * result.rules.scale, index=result.index.index)
    bonus, penalty = granted(base, awarded_bonus(result), result.penalty, result.rules)
    total = total_points(base, bonus, penalty, result.veto, result.rules)
    total = total.where(result.rank.notna())
    return pd.DataFrame({"total": total, "place": rank(total, decimals=NOISE_DECIMALS)})


def places(totals: np.ndarray) -> np.ndarray:
    """Competition places in each row of totals, ties decided at ten decimals; 1 is best."""
    from scipy.stats import rankdata  # here, since it loads 60 MB that sampling does without

    units = print_units(totals, NOISE_DECIMALS)
    return rankdata(-units, method="min", axis=-1).astype(int)


def ordered_pairs(now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (ahead, behind) of all pairs with different places, from one row of places."""
    ahead, behind = np.nonzero(now[:, None] < now[None, :])
    return ahead, behind


@dataclass(frozen=True)
class Pairs:
    """Numerators and denominators of the totals of m pairs of units, each 2 x m x J.

    Formulae write c1, c2 for the numerators and a1, a2 for the denominators of a pair.
    """

    above: np.ndarray
    down: np.ndarray
    same: np.ndarray  # whether both units have one pattern of leaves

    def take(self, rows: np.ndarray) -> Pairs:
        """Only these pairs."""
        return Pairs(self.above[:, rows], self.down[:, rows], self.same[rows])

    def product(self, weights: np.ndarray) -> np.ndarray:
        """Lead of the first times both denominators, (c1·w)(a2·w) - (c2·w)(a1·w)."""
        c, a = (self.above * weights).sum(axis=2), (self.down * weights).sum(axis=2)
        return c[0] * a[1] - c[1] * a[0]

    def leads(self, weights: np.ndarray) -> np.ndarray:
        """Forms with the sign of the lead: exact within a pattern, else the tangent at weights."""
        c = (self.above * weights).sum(axis=2)[..., None]
        a = (self.down * weights).sum(axis=2)[..., None]
        tangent = self.above[0] * a[1] + self.down[1] * c[0] - c[0] * a[1]
        tangent -= self.above[1] * a[0] + self.down[0] * c[1] - c[1] * a[0]
        return np.where(self.same[:, None], self.above[0] - self.above[1], tangent)

    def curved_parts(self, weights: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        """Forms p, q and signs of the second-order part of the product, sum of sign p·u q·u."""
        level = (self.above[0] @ weights / (self.down[0] @ weights))[:, None]
        for i, sign in ((0, 1), (1, -1)):
            yield self.above[i] - level * self.down[i], self.down[1 - i], sign


def fill(forms: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Weights that make each linear form largest, low <= w <= high and sum 1.

    Parameters
    ----------
    forms : ndarray (m, J)
    low, high : ndarray (J,) or (m, J)

    Returns
    -------
    ndarray (m, J)

    Notes
    -----
    The continuous knapsack of Dantzig (1957), doi:10.1287/opre.5.2.266: what is left above the
    lower bounds goes to the leaves in the order of their coefficients.

    Examples
    --------
    >>> fill(np.array([[3.0, 1.0, 2.0]]), np.full(3, 0.2), np.full(3, 0.5)).round(6).tolist()
    [[0.5, 0.2, 0.3]]
    """
    low, high = np.broadcast_to(low, forms.shape), np.broadcast_to(high, forms.shape)
    order = np.argsort(-forms, axis=1, kind="stable")
    room = np.take_along_axis(high - low, order, axis=1)
    left = 1 - low.sum(axis=1, keepdims=True) - (np.cumsum(room, axis=1) - room)
    weights = np.empty_like(forms)
    np.put_along_axis(weights, order, np.clip(left, 0, room), axis=1)
    return weights + low


def caption(what: str, study: str, year: int, provenance: str) -> str:
    """One line that says what a result is, of which study, and how far its data can be trusted."""
    kind = "" if provenance == "observed" else f" ({provenance} data)"
    return f"{study} {year}{kind}: {what}; order of exact totals"
