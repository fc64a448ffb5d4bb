"""A set of weights around the scheme's own, over which extremes are sought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evallib.firmness.linear import Pairs, fill


@dataclass(frozen=True)
class WeightSet:
    """Weights within +-spread per leaf, or per dimension and +-within inside; they sum to 1.

    ``parts`` holds the leaves of each dimension; None where leaves move one by one.
    """

    weights: np.ndarray
    spread: float
    within: float = 0.0
    parts: tuple[np.ndarray, ...] | None = None

    def corners(self, forms) -> np.ndarray:
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

    def largest(self, forms) -> np.ndarray:
        """The largest value of each form over the set."""
        return (forms * self.corners(forms)).sum(axis=1)

    def totals(self, weights) -> np.ndarray:
        """Weight of every dimension."""
        return np.array([weights[part].sum() for part in self.parts])

    def shares(self, part) -> np.ndarray:
        """Shares of the leaves in a dimension; 0 where it has no weight."""
        return self.weights[part] / (self.weights[part].sum() or 1.0)

    def limits(self):
        """Bounds of every weight, and rows that must not be positive, which state the set."""
        low, high = ((1 + s * self.spread) * (1 + s * self.within) for s in (-1, 1))
        if self.parts is None:
            return self.weights * low, self.weights * high, np.zeros((0, len(self.weights)))
        rows = []
        for part, total in zip(self.parts, self.totals(self.weights), strict=True):
            under = np.isin(np.arange(len(self.weights)), part).astype(float)
            rows += [under - (1 + self.spread) * total, (1 - self.spread) * total - under]
            for leaf, share in zip(part, self.shares(part), strict=True):
                only = np.arange(len(self.weights)) == leaf
                rows += [only - (1 + self.within) * share * under]
                rows += [(1 - self.within) * share * under - only]
        return self.weights * low, self.weights * high, np.array(rows)

    def pull_in(self, weights) -> np.ndarray:
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

    def largest_lead(self, pairs: Pairs) -> np.ndarray:
        """No less than the largest lead of the first units over the set.

        Exact within a pattern of leaves. Between patterns it is times both denominators, from the
        tangent at the centre and the largest second-order rest.
        """
        lead, rows = self.largest(pairs.leads(self.weights)), np.flatnonzero(~pairs.same)
        for first, second, sign in pairs.take(rows).curved_parts(self.weights):
            moves = self._moves(first), self._moves(second)
            lead[rows] += np.max([sign * x * y for x in moves[0] for y in moves[1]], axis=0)
        return lead

    def _moves(self, forms):
        """How far each form falls and rises over the set from its value at the centre."""
        now = forms @ self.weights
        return -self.largest(-forms) - now, self.largest(forms) - now


def _drawn_in(values, centre, spread):
    """Values that sum to 1, drawn towards the centre until within +-spread of it."""
    step = values - centre
    beyond = np.abs(step) > spread * centre
    return centre + step * np.min((spread * centre)[beyond] / np.abs(step[beyond]), initial=1.0)
