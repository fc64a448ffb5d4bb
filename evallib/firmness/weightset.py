"""A set of weights around the scheme's own, over which extremes are sought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evallib.firmness.linear import Pairs, fill

HALVINGS = 6  # of the share of one form in a mean of two
CLEAR = 1e-9  # points by which a mean must be negative


@dataclass(frozen=True)
class WeightSet:
    """Weights within +-spread per leaf, or per dimension and +-within inside; they sum to 1.

    ``parts`` holds the leaves of each dimension; None where leaves move one by one.
    """

    weights: np.ndarray
    spread: float
    within: float = 0.0
    parts: tuple[np.ndarray, ...] | None = None

    def corners(self, forms: np.ndarray) -> np.ndarray:
        """The weights of the set at which each form is largest, m x J."""
        if self.parts is None:
            return fill(forms, self.weights * (1 - self.spread), self.weights * (1 + self.spread))
        inside, best = np.zeros_like(forms), np.zeros((len(forms), len(self.parts)))
        for number, part in enumerate(self.parts):
            share = self.shares(part)
            shares = fill(forms[:, part], share * (1 - self.within), share * (1 + self.within))
            inside[:, part] = shares
            best[:, number] = (forms[:, part] * shares).sum(axis=1)
        centre = self.totals(self.weights)
        totals = fill(best, centre * (1 - self.spread), centre * (1 + self.spread))
        for number, part in enumerate(self.parts):
            inside[:, part] *= totals[:, [number]]
        return inside

    def largest(self, forms: np.ndarray) -> np.ndarray:
        """The largest value of each form over the set."""
        return (forms * self.corners(forms)).sum(axis=1)

    def totals(self, weights: np.ndarray) -> np.ndarray:
        """Weight of every dimension."""
        return np.array([weights[part].sum() for part in self.parts or ()])

    def shares(self, part: np.ndarray) -> np.ndarray:
        """Shares of the leaves in a dimension; 0 where it has no weight."""
        return self.weights[part] / (self.weights[part].sum() or 1.0)

    def limits(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The set as bounds and rows over the leaf weights and then the totals of dimensions.

        Returns low, high, rows that must not be positive, and rows that must be 0.
        """
        least, most = ((1 + s * self.spread) * (1 + s * self.within) for s in (-1, 1))
        low, high, count = self.weights * least, self.weights * most, len(self.weights)
        if self.parts is None:
            return low, high, np.zeros((0, count)), np.zeros((0, count))
        totals, each = self.totals(self.weights), np.eye(count)
        under = np.array([np.isin(np.arange(count), part) for part in self.parts], dtype=float)
        share = np.zeros_like(under)
        for number, part in enumerate(self.parts):
            share[number, part] = self.shares(part)
        inside = [np.c_[s * each, -s * (1 + s * self.within) * share.T] for s in (1, -1)]
        low, high = np.r_[low, (1 - self.spread) * totals], np.r_[high, (1 + self.spread) * totals]
        return low, high, np.vstack(inside), np.c_[under, -np.eye(len(under))]

    def pull_in(self, weights: np.ndarray) -> np.ndarray:
        """Weights drawn towards the centre until they lie in the set exactly."""
        weights = weights / weights.sum()
        if self.parts is None:
            return _drawn_in(weights, self.weights, self.spread)
        moved, was = np.zeros_like(weights), self.totals(weights)
        totals = _drawn_in(was, self.totals(self.weights), self.spread)
        for number, part in enumerate(self.parts):
            share = self.shares(part)
            now = weights[part] / was[number] if was[number] > 0 else share
            moved[part] = totals[number] * _drawn_in(now, share, self.within)
        return moved

    def upper_leads(self, pairs: Pairs) -> np.ndarray:
        """Forms that are nowhere in the set below the lead of the first unit of each pair.

        Exact within a pattern of leaves. Between patterns it is times both denominators, from the
        tangent at the centre and the largest second-order rest.
        """
        forms, rows = pairs.leads(self.weights), np.flatnonzero(~pairs.same)
        for first, second, sign in pairs.take(rows).curved_parts(self.weights):
            moves = self._moves(first), self._moves(second)
            rest = np.max([sign * x * y for x in moves[0] for y in moves[1]], axis=0)
            forms[rows] += rest[:, None]  # weights sum to 1
        return forms

    def exclude(self, forms: np.ndarray) -> np.ndarray:
        """Pairs of forms that are nowhere in the set from 0 both, of all pairs, k x 2.

        If some mean of two forms is negative everywhere, one of them is; the share of each in the
        mean is halved towards the lowest largest value. Pairs that so many steps leave open are
        taken to go together.
        """
        pairs = np.array(np.triu_indices(len(forms), 1)).T
        share, low, high = np.full((3, len(pairs)), [[0.5], [0.0], [1.0]])
        found, left = [], np.arange(len(pairs))
        for _ in range(HALVINGS if len(pairs) else 0):
            first, second = forms[pairs[left, 0]], forms[pairs[left, 1]]
            part = share[left]
            at = self.corners(part[:, None] * first + (1 - part[:, None]) * second)
            first, second = (first * at).sum(axis=1), (second * at).sum(axis=1)
            apart = part * first + (1 - part) * second < -CLEAR
            found.append(left[apart])
            low[left] = np.where(first < second, part, low[left])
            high[left] = np.where(first < second, high[left], part)
            share = (low + high) / 2
            left = left[~apart & (np.minimum(first, second) < 0)]
        return pairs[np.concatenate([*found, []]).astype(int)]

    def _moves(self, forms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far each form falls and rises over the set from its value at the centre."""
        now = forms @ self.weights
        return -self.largest(-forms) - now, self.largest(forms) - now


def _drawn_in(values: np.ndarray, centre: np.ndarray, spread: float) -> np.ndarray:
    """Values that sum to 1, drawn towards the centre until within +-spread of it."""
    step = values - centre
    beyond = np.abs(step) > spread * centre
    return centre + step * np.min((spread * centre)[beyond] / np.abs(step[beyond]), initial=1.0)
