"""Two years side by side, as every account of their change needs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evallib.change.cohort import COMPOSITION
from evallib.change.mixtures import Mixed
from evallib.study.rules import Rules

UNDIVIDED = "undivided"  # the one cause of continuing units when a year has totals only


@dataclass(frozen=True)
class Pair:
    """Previous (0) and current (1) year: cohort, continuing pairs, standings, rules, mixtures."""

    cohort: pd.DataFrame
    pairs: pd.DataFrame
    sides: list[pd.DataFrame]
    rules: list[Rules]
    mixed: Mixed
    causes: list[str]

    def ends(self, t: int) -> pd.Series:
        """Codes of the continuing units in one year."""
        return self.pairs[["unit_previous", "unit"][t]]

    def statuses(self, t: int, units: pd.Index) -> np.ndarray:
        """Why units stand on one side only; who continues elsewhere has left, or entered."""
        column = ["unit_previous", "unit"][t]
        rows = self.cohort[~self.cohort[column].isin(self.ends(t))]
        known = dict(zip(rows[column], rows["status"], strict=True))
        return np.array([known.get(unit, ("left", "entered")[t]) for unit in units], dtype=object)

    def by_counting(self, function: Callable[..., Any]) -> np.ndarray:
        """A function of (totals, rules) under the rules that count in each mixture."""
        before, after = (function(self.mixed.totals, rules) for rules in self.rules)
        return np.where(self.mixed.counted_as[:, None] == 1, after, before)

    def composition(
        self, outside: Sequence[pd.Index], values: Sequence[np.ndarray]
    ) -> pd.DataFrame:
        """What the units on one side only add (current) and take away (previous), by status.

        Parameters
        ----------
        outside : two Index of units
        values : two arrays, outside units x rows of the account; NaN adds nothing
        """
        total = np.zeros((len(COMPOSITION), values[0].shape[1]))
        for t, sign in ((0, -1.0), (1, 1.0)):
            status, added = self.statuses(t, outside[t]), sign * np.nan_to_num(values[t])
            total += [added[status == name].sum(axis=0) for name in COMPOSITION]
        return pd.DataFrame(total.T, columns=list(COMPOSITION))

    def account(
        self,
        before: float | np.ndarray,
        after: float | np.ndarray,
        effects: np.ndarray,
        composition: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Before, after, change and every cause; a cause that does not differ has 0."""
        ends = pd.DataFrame({"before": np.atleast_1d(before), "after": np.atleast_1d(after)})
        ends["change"] = ends["after"] - ends["before"]
        rows = effects.reshape(len(self.mixed.causes), len(ends)).T
        causes = pd.DataFrame(rows, columns=self.mixed.causes)
        causes = causes.reindex(columns=self.causes, fill_value=0.0)
        return pd.concat([ends, causes, composition], axis=1)
