"""Every mixture of two years' causes, scored by the real engine, and its Shapley value.

A mixture takes each cause - the performance in one dimension, the scheme, the class rule, bonus,
penalty, veto - from one of the two years. With m causes that differ there are 2^m mixtures; a
cause that is the same in both years is left out, and its effect is exactly 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evallib.change.sides import attainment, handed_on
from evallib.errors import DataError
from evallib.scoring import granted, node_scores, total_points
from evallib.study.scheme import Scheme

if TYPE_CHECKING:
    from evallib.change.sides import Side

SCHEME, CLASS_RULE, POINTS = "scheme", "class_rule", ("bonus", "penalty", "veto")
RULE_CAUSES = (SCHEME, CLASS_RULE, *POINTS)
MOST_CAUSES = 16
NOISE = 1e-12  # an effect below is what floats leave of nothing
COUNTING = ("scale", "tier_decimals", "decimals", "rounding", "threshold", "ties", "rank_on")
TREE = ["parent", "aggregation", "low", "high", "outside"]


def shapley(values: np.ndarray) -> np.ndarray:
    """Shapley value of every cause: m rows that sum to the last row less the first.

    Parameters
    ----------
    values : ndarray, 2^m rows
        A statistic under every mixture, in binary order: row 0 is all previous, the last row all
        current, the first cause the highest bit.

    Notes
    -----
    Exact, no sampling: Shorrocks (2013), Journal of Economic Inequality 11: 99. Where the
    statistic is a sum of products of two causes it is Bennet's indicator (1920).

    Examples
    --------
    >>> shapley(np.array([0.0, 4.0, 2.0, 10.0])).tolist()
    [4.0, 6.0]
    """
    m = int(np.log2(len(values)))
    bits = mixtures(m)
    gain = [1 / (m * comb(m - 1, size)) for size in range(m)]
    others = bits.sum(axis=1, keepdims=True) - bits
    weight = np.array([*gain, 0.0])[others] * np.where(bits, 1.0, -1.0)
    effects = weight.T @ values
    return np.where(np.abs(effects) < NOISE, 0.0, effects)


def mixtures(m: int) -> np.ndarray:
    """All 2^m mixtures of m causes as rows of 0 (previous) and 1 (current), in binary order."""
    return np.indices((2,) * m).reshape(m, 2**m).T


@dataclass(frozen=True)
class Mixed:
    """The continuing units under all mixtures: 2^m x units.

    ``causes`` are those that differ, in bit order; ``entering`` is what enters a mean, NaN where
    nothing does; ``counted_as`` is the year (0, 1) whose rules of counting hold in a row.
    ``parts`` holds units x leaves tables of the linear part: performance, scheme, class_rule.
    """

    causes: list[str]
    dimensions: list[str]
    totals: np.ndarray
    entering: np.ndarray
    counted_as: np.ndarray
    parts: dict[str, pd.DataFrame]


def mix(sides: list[Side]) -> Mixed:
    """Totals of the continuing units under every mixture of the causes that differ."""
    block = _blocks(sides)
    if sides[0].index.empty:
        nobody = np.empty((1, 0))
        return Mixed([], list(dict.fromkeys(block.values())), nobody, nobody, np.array([1]), {})
    x = {tree: _filled(sides, tree) for tree in (0, 1)}
    mass = {(tree, year): handed_on(sides, tree, year) for tree in (0, 1) for year in (0, 1)}
    dims = [d for d in dict.fromkeys(block.values()) if _moved(sides, x, block, d)]
    rules = [name for name in (SCHEME, CLASS_RULE) if _differs(sides, mass, name)]
    points = [name for name in POINTS if _points_differ(sides, name)]
    causes = [*points, *rules, *dims]
    if len(causes) > MOST_CAUSES:
        raise DataError(
            f"{len(causes)} causes differ, and the account is exact up to {MOST_CAUSES}; "
            "gather the dimensions under fewer nodes in scheme.csv"
        )
    states = {name: (0, 1) if name in causes else (1,) for name in RULE_CAUSES}
    base = [
        _bases(sides, x[tree], mass[tree, year], tree, dims, block)
        for tree in states[SCHEME]
        for year in states[CLASS_RULE]
    ]
    totals, entering = _totals(np.concatenate(base), sides, states)
    bits = mixtures(len(causes))
    counted = bits[:, causes.index(SCHEME)] if SCHEME in causes else np.ones(len(bits), int)
    linear = all(one.result.scheme.is_linear for one in sides)
    parts = _parts(sides, x, mass, states) if linear else {}
    return Mixed(causes, list(dict.fromkeys(block.values())), totals, entering, counted, parts)


def _filled(sides: list[Side], tree: int) -> list[np.ndarray]:
    """Attainment of both years on one tree; a leaf that one year lacks takes the other's."""
    own = [attainment(sides, tree, year) for year in (0, 1)]
    return [np.where(np.isnan(own[t]), own[1 - t], own[t]) for t in (0, 1)]


def _blocks(sides: list[Side]) -> dict[str, str]:
    """Dimension whose performance each leaf belongs to: of the current tree where it is there."""
    block: dict[str, str] = {}
    for one in reversed(sides):
        scheme = one.result.scheme
        for dimension in scheme.dimensions:
            block |= {x: dimension for x in scheme.leaves_under(dimension) if x not in block}
    taken = sorted(set(block.values()) & {*RULE_CAUSES, "entered", "left", "merged", "split"})
    if taken:
        raise DataError(f"dimension {taken[0]} is named like a cause; recode it in scheme.csv")
    return block


def _moved(
    sides: list[Side], x: Mapping[int, list[np.ndarray]], block: Mapping[str, str], dimension: str
) -> bool:
    for tree, one in enumerate(sides):
        under = [block[leaf] == dimension for leaf in one.result.scheme.leaves]
        if not np.array_equal(x[tree][0][:, under], x[tree][1][:, under], equal_nan=True):
            return True
    return False


def _differs(sides: list[Side], mass: Mapping[tuple[int, int], np.ndarray], name: str) -> bool:
    before, after = (one.result for one in sides)
    if name == CLASS_RULE:
        return any(not np.array_equal(mass[tree, 0], mass[tree, 1]) for tree in (0, 1))
    return _tree(before.scheme) != _tree(after.scheme) or any(
        getattr(before.rules, key) != getattr(after.rules, key) for key in COUNTING
    )


def _tree(scheme: Scheme) -> dict[str, tuple[Any, ...]]:
    weights = scheme.sibling_weights
    return {n.code: (weights[n.code], *(getattr(n, key) for key in TREE)) for n in scheme.nodes}


def _points_differ(sides: list[Side], name: str) -> bool:
    before, after = sides
    same = np.array_equal(getattr(before, name), getattr(after, name))
    return not same or getattr(before.result.rules, name) != getattr(after.result.rules, name)


def _bases(
    sides: list[Side],
    x: list[np.ndarray],
    mass: np.ndarray,
    tree: int,
    dims: list[str],
    block: Mapping[str, str],
) -> np.ndarray:
    """Base points under all mixtures of the dimensions on one tree and pattern."""
    scheme, rules = sides[tree].result.scheme, sides[tree].result.rules
    place = {dimension: position for position, dimension in enumerate(dims)}
    which = np.array([place.get(block[leaf], len(dims)) for leaf in scheme.leaves])

    def scored(bits: np.ndarray) -> np.ndarray:
        rows = np.column_stack([bits, np.ones(len(bits), int)])[:, None, which]
        index = np.where(rows, x[1], x[0]).reshape(-1, len(which))
        scores = node_scores(index, np.tile(mass, (len(bits), 1)), scheme, rules)[:, 0]
        return scores.reshape(len(bits), -1) * rules.scale

    bits = mixtures(len(dims))
    if scheme.is_linear and rules.tier_decimals is None:  # then one dimension at a time will do
        alone = scored(np.eye(len(dims) + 1, len(dims), k=-1, dtype=int))
        return alone[0] + bits @ (alone[1:] - alone[0])
    return np.concatenate([scored(rows) for rows in np.array_split(bits, 1 + len(bits) // 256)])


def _totals(
    base: np.ndarray, sides: list[Side], states: Mapping[str, tuple[int, ...]]
) -> tuple[np.ndarray, np.ndarray]:
    """Totals, and what of them enters a mean, for every state of bonus, penalty and veto."""
    totals, entering = [], []
    none = np.zeros(base.shape[1])
    for b in states["bonus"]:
        bonus = granted(base, sides[b].bonus, none, sides[b].result.rules)[0]
        for p in states["penalty"]:
            penalty = granted(base, none, sides[p].penalty, sides[p].result.rules)[1]
            for v in states["veto"]:
                veto, rules = sides[v].veto, sides[v].result.rules
                flags = np.broadcast_to(veto, base.shape)
                total = total_points(pd.DataFrame(base), bonus, penalty, flags, rules).to_numpy()
                totals.append(total)
                if rules.veto.in_mean:
                    entering.append(np.nan_to_num(total))
                else:
                    entering.append(np.where(veto, np.nan, total))
    return np.concatenate(totals), np.concatenate(entering)


def _parts(
    sides: list[Side],
    x: Mapping[int, list[np.ndarray]],
    mass: Mapping[tuple[int, int], np.ndarray],
    states: Mapping[str, tuple[int, ...]],
) -> dict[str, pd.DataFrame]:
    """The linear part of performance, scheme and class rule by leaf, in points.

    The first is the sum over leaves of Bennet's weight times change of attainment; the others
    are centred on the unit's own mean attainment: a leaf that gains weight adds where the unit
    does better in it than on the whole.
    """
    leaves = list(dict.fromkeys([*sides[1].index, *sides[0].index]))
    base = [one.result.base.loc[one.index.index].to_numpy() for one in sides]
    scale = [one.result.rules.scale for one in sides]
    centre = (base[0] / scale[0] + base[1] / scale[1])[:, None] / 2
    place = {leaf: position for position, leaf in enumerate(leaves)}
    weight = np.zeros((2, 2, 1, len(centre), len(leaves)))
    earned = np.zeros((2, 2, 2, len(centre), len(leaves)))
    for at in np.ndindex(2, 2):
        use = _used(at, states)
        columns = [place[leaf] for leaf in sides[use[0]].result.scheme.leaves]
        weight[(*at, 0)][:, columns] = scale[use[0]] * mass[use]
        earned[at][:, :, columns] = scale[use[0]] * mass[use] * np.nan_to_num(x[use[0]])
    centred = earned - weight * centre
    gains = {
        "performance": earned[:, :, 1] - earned[:, :, 0],
        SCHEME: centred[1] - centred[0],
        CLASS_RULE: centred[:, 1] - centred[:, 0],
    }
    both = np.array([[2, 1], [1, 2]]) / 6  # how often two other causes stand so before this one
    return {
        name: pd.DataFrame(np.einsum("ab,abul->ul", both, gain), sides[1].index.index, leaves)
        for name, gain in gains.items()
    }


def _used(at: tuple[int, ...], states: Mapping[str, tuple[int, ...]]) -> tuple[int, int]:
    """Tree and class rule of a place in the cube; the current ones where they do not differ."""
    scheme, rule = at
    return scheme if scheme in states[SCHEME] else 1, rule if rule in states[CLASS_RULE] else 1
