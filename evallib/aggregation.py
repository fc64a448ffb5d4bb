"""From marks to score indices: what a leaf's index is, and what a node makes of its leaves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.rounding import round_number
from evallib.study.load import Year
from evallib.study.marks import MISSING, NOT_APPLICABLE
from evallib.study.rules import Rules
from evallib.study.scheme import Scheme


def leaf_index(year: Year) -> pd.DataFrame:
    """Units x leaves: mark / full marks, or the place between the goalposts; NaN if not counted."""
    scheme, rules = year.tree, year.rules
    shape = (len(year.units), len(scheme.leaves))
    marks = year.marks["mark"].to_numpy(float).reshape(shape)
    status = year.marks["status"].to_numpy().reshape(shape)
    index = marks / scheme.full_marks.to_numpy()
    for position, leaf in enumerate(scheme.leaves):
        node = scheme.node(leaf)
        if node.full_marks is None:
            low, high = node.goalposts
            place = (marks[:, position] - low) / (high - low)
            index[:, position] = np.clip(place, 0, 1) if node.outside == "clip" else place
    if rules.missing == "zero":
        index[status == MISSING] = 0.0
    if rules.not_applicable == "full_marks":
        index[status == NOT_APPLICABLE] = 1.0
    return pd.DataFrame(index, index=year.units.index, columns=scheme.leaves)


def leaf_mass(year: Year) -> pd.DataFrame:
    """Units x leaves: the share of the total that each leaf carries; rows sum to 1.

    Leaves that do not count hand their weight on as the rules say: ``rescale`` over the whole
    tree, ``within_parent`` in proportion to the siblings, ``spread`` in equal parts over the
    siblings; a node with nothing left hands its weight up. Missing leaves under
    ``sibling_mean`` go like ``within_parent``, whatever the others do.
    """
    missing = leaf_missing(year).to_numpy()
    absent = (year.marks["status"] == NOT_APPLICABLE).to_numpy().reshape(missing.shape)
    absent = absent & (year.rules.not_applicable != "full_marks")
    patterns, which = np.unique(missing + 2 * absent, axis=0, return_inverse=True)
    masses = [pattern_mass(year.tree, row == 1, row == 2, year.rules) for row in patterns]
    return pd.DataFrame(np.array(masses)[which.ravel()], year.units.index, year.tree.leaves)


def leaf_missing(year: Year) -> pd.DataFrame:
    """Units x leaves: whether the leaf does not count because its mark is missing."""
    shape = (len(year.units), len(year.tree.leaves))
    missing = (year.marks["status"] == MISSING).to_numpy().reshape(shape)
    missing = missing & (year.rules.missing != "zero")
    return pd.DataFrame(missing, year.units.index, year.tree.leaves)


def pattern_mass(
    scheme: Scheme, missing: np.ndarray, not_applicable: np.ndarray, rules: Rules
) -> np.ndarray:
    """Mass of every leaf for one pattern of leaves that do not count; sums to 1, or is all 0."""
    mass = dict(scheme.weights)
    hand_on(scheme, mass, missing, not_applicable, rules)
    gone = missing | not_applicable
    kept = np.array([0.0 if g else mass[leaf] for leaf, g in zip(scheme.leaves, gone, strict=True)])
    return kept / kept.sum() if kept.sum() else kept


def hand_on(
    scheme: Scheme,
    mass: dict[str, float],
    missing: np.ndarray,
    not_applicable: np.ndarray,
    rules: Rules,
) -> None:
    """Move the mass of leaves that do not count to living siblings, deepest parents first.

    A missing leaf hands on in proportion, one that does not apply as the rules say; both go in
    one step, so that under ``within_parent`` they are one and the same.
    """
    leaves = np.array(scheme.leaves)
    living = set(leaves[~(missing | not_applicable)])
    moved = missing | (not_applicable & (rules.not_applicable in ("within_parent", "spread")))
    equally = set(leaves[not_applicable & ~missing]) if rules.not_applicable == "spread" else set()
    in_proportion = set(leaves[moved]) - equally
    for parent in reversed(scheme.inner if moved.any() else []):
        below = {child: scheme.leaves_under(child) for child in scheme.children(parent)}
        heirs = {
            child: [leaf for leaf in under if leaf in living] for child, under in below.items()
        }
        heirs = {child: under for child, under in heirs.items() if under}
        dead = [leaf for child, under in below.items() if child not in heirs for leaf in under]
        if not heirs or not dead:
            continue
        shared, equal = (
            sum(mass[leaf] for leaf in dead if leaf in some) for some in (in_proportion, equally)
        )
        mass.update({leaf: 0.0 for leaf in dead if leaf in in_proportion | equally})
        held = {child: sum(mass[leaf] for leaf in under) for child, under in heirs.items()}
        for child, under in heirs.items():
            part = shared * held[child] / sum(held.values()) + equal / len(heirs)
            mass.update({leaf: mass[leaf] * (1 + part / held[child]) for leaf in under})


def node_scores(index: np.ndarray, mass: np.ndarray, scheme: Scheme, rules: Rules) -> np.ndarray:
    """Score index of every node: one matrix product where the tree is linear.

    Parameters
    ----------
    index, mass : ndarray, units x leaves

    Returns
    -------
    ndarray, units x nodes in tree order
        NaN where nothing below a node counts.
    """
    carried = mass @ scheme.under.to_numpy()
    if scheme.is_linear and rules.tier_decimals is None:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(
                carried > 0,
                (np.nan_to_num(index) * mass) @ scheme.under.to_numpy() / carried,
                np.nan,
            )
    return _tiered_scores(np.where(mass > 0, index, np.nan), carried, scheme, rules)


def _tiered_scores(
    index: np.ndarray, carried: np.ndarray, scheme: Scheme, rules: Rules
) -> np.ndarray:
    """Node scores from the leaves up, with each node's own rule and tier rounding."""
    place = {code: position for position, code in enumerate(scheme.codes)}
    scores = np.full(carried.shape, np.nan)
    scores[:, [place[leaf] for leaf in scheme.leaves]] = _tier(index, rules)
    for code in reversed(scheme.inner):
        children = [place[child] for child in scheme.children(code)]
        known = np.isfinite(scores[:, children])
        weight = np.where(known, carried[:, children], 0.0)
        some = weight.sum(axis=1) > 0
        values = np.where(known, scores[:, children], 1.0)[some]
        combined = power_mean(values, weight[some], scheme.node(code).aggregation)
        scores[some, place[code]] = _tier(combined, rules)
    return scores


def _tier(values: np.ndarray, rules: Rules) -> np.ndarray:
    if rules.tier_decimals is None:
        return values
    return round_number(values * rules.scale, rules.tier_decimals, rules.rounding) / rules.scale


def power_mean(values: np.ndarray, weights: np.ndarray, aggregation: str) -> np.ndarray:
    """Weighted arithmetic, geometric or harmonic mean of each row; 0 where the latter meet a 0.

    Raises
    ------
    DataError
        If a geometric or harmonic mean meets a negative value.

    Examples
    --------
    >>> power_mean(np.array([[1.0, 4.0]]), np.array([[1.0, 1.0]]), "geometric").tolist()
    [2.0]
    """
    total = weights.sum(axis=1)
    if aggregation == "arithmetic":
        return (values * weights).sum(axis=1) / total
    if (values[weights > 0] < 0).any():
        raise DataError(f"a {aggregation} mean of a negative index; clip the leaf in scheme.csv")
    zero = ((values == 0) & (weights > 0)).any(axis=1)
    safe = np.where(values > 0, values, 1.0)
    if aggregation == "geometric":
        mean = np.exp((np.log(safe) * weights).sum(axis=1) / total)
    else:
        mean = total / (weights / safe).sum(axis=1)
    return np.where(zero, 0.0, mean)
