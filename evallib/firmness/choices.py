"""Other ways to build the index: normalisation x weighting x aggregation, valid cells only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from evallib.aggregation import node_scores
from evallib.errors import DataError
from evallib.firmness.counting import MATRIX_UNITS
from evallib.firmness.engine import engine, totals_under
from evallib.rounding import NOISE_DECIMALS
from evallib.scoring import Evaluation, rank
from evallib.study.scheme import Scheme

NORMALISATIONS = ("full_marks", "min_max", "z", "rank")
MEANS = ("arithmetic", "geometric", "harmonic")
FACTORS = ["normalisation", "weighting", "aggregation"]


@dataclass(frozen=True)
class Multiverse:
    """Places of every unit under every specification; ``ranks`` is units x specifications.

    The columns are (normalisation, weighting, aggregation).
    """

    study: str
    year: int
    provenance: str
    ranks: pd.DataFrame

    def range(self) -> pd.DataFrame:
        """Best, median and worst place of every unit: ``low``, ``median``, ``high``."""
        columns = {"low": self.ranks.min(axis=1), "median": self.ranks.median(axis=1)}
        return pd.DataFrame(columns | {"high": self.ranks.max(axis=1)})

    def top(self, k: int = 10) -> pd.Series:
        """Share of specifications that place each unit in the top k."""
        return (self.ranks <= k).mean(axis=1)

    def importance(self) -> pd.Series:
        """Eta squared of each choice: its part of the variance of places within units, 0 to 1.

        Choices are not balanced over the valid cells, so the parts need not sum to 1.
        """
        places = self.ranks.to_numpy(dtype=float)
        whole = ((places - places.mean(axis=1, keepdims=True)) ** 2).sum()
        parts = {}
        for factor in FACTORS:
            levels = self.ranks.columns.get_level_values(factor)
            means = np.column_stack([places[:, levels == level].mean(axis=1) for level in levels])
            between = ((means - places.mean(axis=1, keepdims=True)) ** 2).sum()
            parts[factor] = between / whole if whole else 0.0
        return pd.Series(parts)


def alternative_weights(scheme: Scheme) -> pd.DataFrame:
    """The scheme's leaf weights beside plain alternatives; columns sum to 1.

    Returns
    -------
    DataFrame, leaves x ``rule``, ``equal_within`` (equal inside each dimension),
    ``equal_dimensions`` (dimensions equal, inside as the rule says), ``equal_leaves``
        An alternative that repeats an earlier column is left out.

    Examples
    --------
    >>> from evallib.study.scheme import Node
    >>> leaves = [Node("a", "all", "甲", full_marks=3), Node("b", "all", "乙", full_marks=1)]
    >>> alternative_weights(Scheme.of([Node("all", "", "总"), *leaves])).loc["a"].to_dict()
    {'rule': 0.75, 'equal_dimensions': 0.5}
    """
    rule = scheme.weights
    top = pd.Series({leaf: d for d in scheme.dimensions for leaf in scheme.leaves_under(d)})
    carried, size = rule.groupby(top).transform("sum"), top.map(top.value_counts())
    table = pd.DataFrame(
        {
            "rule": rule,
            "equal_within": carried / size,
            "equal_dimensions": (rule / carried).where(carried > 0, 1 / size) / top.nunique(),
            "equal_leaves": 1 / len(rule),
        }
    )
    return table.loc[:, ~table.round(NOISE_DECIMALS).T.duplicated()]


def multiverse(result: Evaluation) -> Multiverse:
    """Places under every valid combination of normalisation, weighting and aggregation.

    Leaves are normalised (share of full marks, min-max, z-score, or place), weighted, and
    combined: within dimensions as the scheme says, across them by an arithmetic, geometric or
    harmonic mean. z-scores, which may be negative, go with arithmetic means only. Geometric and
    harmonic means are left out, unless they are the rule itself, where a unit has a dimension
    score of 0 (as the last in all leaves of one has under min-max): the total would be 0 whatever
    the rest. Copeland
    compares units leaf by leaf, so that it has one cell per weighting (normalisation ``none``).
    No cell has bonus or penalty points; vetoed and unranked units are left out; ties are decided
    at ten decimals.

    Raises
    ------
    DataError
        If fewer than two units are left, or more than 1,000.

    Notes
    -----
    Steegen et al. (2016), doi:10.1177/1745691616658637. Min-max, z-scores and places depend on
    who else is ranked; the published rule does not (see :func:`reversals_without`).

    Examples
    --------
    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> multiverse(result).range().loc["chengdu"].tolist()
    [1.0, 1.0, 2.0]
    """
    units = result.rank.index[result.rank.notna() & ~result.veto]
    if not 2 <= len(units) <= MATRIX_UNITS:
        where = f"{result.study} {result.year}"
        raise DataError(f"{where}: {len(units)} ranked units, but this takes 2 to {MATRIX_UNITS}")
    weights = alternative_weights(result.scheme)
    signed_ok = all(
        result.scheme.node(code).aggregation == "arithmetic" for code in result.scheme.inner[1:]
    )
    own, ranks = (
        result.scheme.node(result.scheme.root).aggregation,
        dict[tuple[str, str, str], pd.Series](),
    )
    for normalisation, mean in product(NORMALISATIONS, MEANS):
        if normalisation == "z" and (mean != "arithmetic" or not signed_ok):
            continue
        index = _normalised(result.index.loc[units], normalisation)
        published = normalisation == "full_marks" and mean == own
        if mean != "arithmetic" and not published and _wiped_out(result, index, weights):
            continue
        totals = _totals(result, index, weights, mean)
        ranks |= {(normalisation, name, mean): _places(totals[name]) for name in weights}
    for name in weights:
        ranks["none", name, "copeland"] = _places(_copeland(result.index.loc[units], weights[name]))
    table = pd.DataFrame(ranks)
    return Multiverse(
        result.study, result.year, result.provenance, table.rename_axis(columns=FACTORS)
    )


def _wiped_out(result: Evaluation, index: pd.DataFrame, weights: pd.DataFrame) -> bool:
    """Whether a dimension score of a unit is 0 under one of the weightings."""
    scheme, x = result.scheme, index.to_numpy()
    columns = [scheme.codes.index(code) for code in scheme.dimensions]
    plain = result.rules.model_copy(update={"tier_decimals": None})
    for weighting in weights.to_numpy().T:
        mass = np.isfinite(x) * weighting
        scores = node_scores(x, mass, scheme, plain)[:, columns]
        if (np.round(scores, NOISE_DECIMALS) <= 0).any():
            return True
    return False


def _places(totals: pd.Series) -> pd.Series:
    return rank(totals, decimals=NOISE_DECIMALS).astype(int)


def _normalised(index: pd.DataFrame, normalisation: str) -> pd.DataFrame:
    """Units x leaves; a leaf on which all agree takes a middle value and separates nobody."""
    if normalisation == "full_marks":
        return index
    if normalisation == "rank":
        return (index.round(NOISE_DECIMALS).rank() - 0.5) / index.count()
    low, spread = index.min(), index.max() - index.min()
    middle = 0.5
    if normalisation == "z":
        low, spread, middle = index.mean(), index.std(), 0.0
    constant = index.max() - index.min() < 10.0**-NOISE_DECIMALS
    scaled = (index - low) / spread.mask(constant, 1.0)
    return scaled.mask(constant & index.notna(), middle)


def _totals(
    result: Evaluation, index: pd.DataFrame, weights: pd.DataFrame, mean: str
) -> pd.DataFrame:
    """Units x weightings: index scores under one mean across dimensions."""
    nodes = [
        replace(n, aggregation=mean if n.code == result.scheme.root else n.aggregation)
        for n in result.scheme.nodes
    ]
    ours = replace(
        result,
        scheme=Scheme.of(nodes),
        rules=result.rules.model_copy(update={"tier_decimals": None}),
        index=index,
        rank=result.rank[index.index],
    )
    machine = engine(ours, check=False)
    bare = replace(machine, bonus=machine.bonus * 0, penalty=machine.penalty * 0)
    totals = totals_under(bare, weights.to_numpy().T.copy())
    return pd.DataFrame(totals.T, machine.units[machine.columns], weights.columns).loc[index.index]


def _copeland(index: pd.DataFrame, weights: pd.Series) -> pd.Series:
    """Wins less losses of every unit, a pair going to the one ahead on more weight."""
    x = index.round(NOISE_DECIMALS).to_numpy()
    ahead = np.zeros((len(x), len(x)))
    for leaf, weight in enumerate(weights):
        difference = np.subtract.outer(x[:, leaf], x[:, leaf])
        ahead += weight * np.sign(np.nan_to_num(difference))  # on leaves that both have
    wins = np.sign(np.round(ahead, NOISE_DECIMALS))
    return pd.Series(wins.sum(axis=1), index.index)


def reversals_without(result: Evaluation) -> pd.DataFrame:
    """Jackknife of units: pairs of others that change order when one unit is left out.

    Returns
    -------
    DataFrame of int, unit left out x normalisation (rule weights, arithmetic mean)
        Always 0 for ``full_marks``: the published rule looks at no other unit.

    Examples
    --------
    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> int(reversals_without(result)["full_marks"].sum())
    0
    """
    units = result.rank.index[result.rank.notna() & ~result.veto]
    counts: dict[str, dict[str, int]] = {}
    for normalisation in NORMALISATIONS:
        if normalisation == "z" and not result.scheme.is_linear:
            continue
        full = _order(result, units, normalisation)
        for unit in units:
            kept = units != unit
            other = _order(result, units[kept], normalisation)
            changed = other * full[np.ix_(kept, kept)] < 0
            counts.setdefault(normalisation, {})[unit] = int(changed.sum()) // 2
    return pd.DataFrame(counts)


def _order(result: Evaluation, units: pd.Index, normalisation: str) -> np.ndarray:
    """Signs of the differences between base scores under the rule weights, units x units."""
    index = _normalised(result.index.loc[units], normalisation).to_numpy()
    plain = result.rules.model_copy(update={"tier_decimals": None})
    scores = node_scores(index, result.mass.loc[units].to_numpy(), result.scheme, plain)[:, 0]
    rounded = (scores * result.rules.scale).round(NOISE_DECIMALS)
    return np.sign(np.subtract.outer(rounded, rounded)).astype(int)
