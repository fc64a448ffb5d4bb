"""The continuing units of two years, and what they score on either year's tree and classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evallib.aggregation import pattern_mass
from evallib.scoring import Evaluation, adjustments
from evallib.study.load import Year


@dataclass(frozen=True)
class Side:
    """The continuing units in one year; rows in one order on both sides.

    ``code`` says why a leaf does not count: 0 it counts, 1 missing, 2 not applicable; ``bonus``
    and ``penalty`` are sums before gate and cap.
    """

    result: Evaluation
    index: pd.DataFrame
    marks: pd.DataFrame
    code: pd.DataFrame
    mass: pd.DataFrame
    bonus: np.ndarray
    penalty: np.ndarray
    veto: np.ndarray


def side(year: Year, result: Evaluation, units: list[str]) -> Side:
    """One year's marks and adjustments of the given units."""
    index = result.index.loc[units]
    why = np.where(result.missing.loc[units], 1, 2)
    code = pd.DataFrame(np.where(index.notna(), 0, why), index.index, index.columns)
    bonus, penalty, veto = adjustments(year)
    points = [series.loc[units].to_numpy() for series in (bonus, penalty, veto)]
    values = year.marks["mark"].to_numpy(float).reshape(result.index.shape)
    marks = pd.DataFrame(values, result.index.index, result.index.columns).loc[units]
    return Side(result, index, marks, code, result.mass.loc[units], *points)


def attainment(sides: list[Side], tree: int, year: int) -> np.ndarray:
    """Units x leaves of one year's tree: index of the given year, NaN where it has none.

    Goalposts that both trees have are those of ``tree``: their change is the scheme's.
    """
    scheme, other = sides[tree].result.scheme, sides[year].result.scheme
    index = sides[year].index.reindex(columns=scheme.leaves)
    for leaf in set(scheme.leaves) & set(other.leaves) if tree != year else ():
        node, old = scheme.node(leaf), other.node(leaf)
        if node.full_marks is None and old.full_marks is None:
            low, high = node.goalposts
            place = (sides[year].marks[leaf] - low) / (high - low)
            place = place if node.outside == "keep" else place.clip(0, 1)
            index[leaf] = place.where(sides[year].marks[leaf].notna(), index[leaf])
    return index.to_numpy()


def handed_on(sides: list[Side], tree: int, year: int, *, absent: int | None = None) -> np.ndarray:
    """Units x leaves of one year's tree: mass when leaves count as in the given year.

    A leaf that the year does not have counts as in the tree's own year, or gets the code
    ``absent``; so does every leaf of a unit that would be left with none.
    """
    if tree == year:
        return sides[tree].mass.to_numpy()
    scheme, rules = sides[tree].result.scheme, sides[year if absent is None else tree].result.rules
    own = sides[tree].code.to_numpy()
    code = sides[year].code.reindex(columns=scheme.leaves).to_numpy(float)
    code = np.where(np.isnan(code), own if absent is None else absent, code)
    if absent is None:
        code = np.where((code == 0).any(axis=1, keepdims=True), code, own)
    patterns, which = np.unique(code, axis=0, return_inverse=True)
    masses = [pattern_mass(scheme, row == 1, row == 2, rules) for row in patterns]
    return np.array(masses)[which.ravel()]
