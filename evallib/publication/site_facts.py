"""What one site is told: its place, profile and losses, what repairs bring, whom to learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from evallib.publication.card_basis import SiteBasis
from evallib.publication.site_repairs import point_losses, round_items
from evallib.rounding import NOISE_DECIMALS
from evallib.scoring import Evaluation, score_index
from evallib.study.scheme import Scheme

WEAK_NODES, PEERS = 3, 3  # indicators for which peers are named, and peers named for each

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class SitePosition:
    """Total and place of one site; None where there is none. Differences are unrounded points.

    ``ahead`` and ``behind`` are the distances to the nearest other place, ``tied`` how many other
    sites share the place, ``margin`` is the total less the threshold.
    """

    total: float | None
    rank: int | None
    ranked: int
    group: str
    group_rank: int | None
    group_ranked: int
    tied: int
    ahead: float | None
    behind: float | None
    margin: float | None
    reached: bool
    low: int | None
    high: int | None
    best: int | None
    worst: int | None
    total_before: float | None
    rank_before: int | None

    @property
    def gained(self) -> int | None:
        """Places gained since the previous year; None where one of them is missing."""
        if self.rank is None or self.rank_before is None:
            return None
        return self.rank_before - self.rank


@dataclass(frozen=True)
class SiteCard:
    """Everything that one site is told, unrounded.

    Attributes
    ----------
    position : SitePosition
    profile : DataFrame by dimension, see :func:`dimension_profile`
    losses : DataFrame by leaf, see :func:`point_losses`
    rounds : DataFrame by leaf, see :func:`round_items`; None without an initial round
    peers : DataFrame by indicator, see :func:`better_peers`
    findings : list of codes of findings that hold for the site
    """

    basis: SiteBasis
    unit: str
    position: SitePosition
    profile: pd.DataFrame
    losses: pd.DataFrame
    rounds: pd.DataFrame | None
    peers: pd.DataFrame
    findings: list[str]


def site_card(basis: SiteBasis, unit: str) -> SiteCard:
    """Everything that one site is told.

    Raises
    ------
    ValueError
        If the year has no such unit.
    """
    if unit not in basis.result.units.index:
        known = ", ".join(basis.result.units.index[:3])
        raise ValueError(
            f"{basis.study.code} {basis.year} has no unit {unit!r}; units are {known}, ... "
            "(units.csv)"
        )
    losses = point_losses(basis.result, basis.study.years[basis.year], unit)
    held = basis.study.years[basis.year].findings
    held = held.loc[(held["unit"] == unit) & (held["value"] == "true"), "finding"]
    return SiteCard(
        basis,
        unit,
        _position(basis, unit),
        dimension_profile(basis, unit, losses),
        losses,
        None if basis.initial is None else round_items(basis, unit),
        better_peers(basis.result, unit, losses),
        [code for code in basis.result.rules.findings if code in set(held)],
    )


def _position(basis: SiteBasis, unit: str) -> SitePosition:
    result, old = basis.result, basis.was[unit]
    group = result.units.at[unit, "group"]
    in_group = result.units["group"] == group
    total, rank = _known(result.total[unit], float), _known(result.rank[unit], int)
    margin = None if total is None else total - result.rules.threshold
    places: dict[str, Any] = {name: None for name in ("low", "high", "best", "worst")}
    if unit in basis.places.index:
        places = {name: _known(basis.places.at[unit, name], int) for name in places}
    then: tuple[float | None, int | None] = (None, None)
    if basis.before is not None and pd.notna(old):
        then = _known(basis.before.total[old], float), _known(basis.before.rank[old], int)
    return SitePosition(
        total,
        rank,
        int(result.rank.notna().sum()),
        group,
        _known(result.group_rank[unit], int),
        int(result.rank[in_group].notna().sum()),
        **_neighbours(result, unit, rank),
        margin=margin,
        reached=bool(result.reaches_threshold[unit]),
        **places,
        total_before=then[0],
        rank_before=then[1],
    )


def _known(value: Any, kind: Callable[[Any], Number]) -> Number | None:
    return None if pd.isna(value) else kind(value)


def _neighbours(result: Evaluation, unit: str, rank: int | None) -> dict[str, Any]:
    """How many share the place, and the points to the nearest better and the nearest worse one."""
    if rank is None:
        return {"tied": 0, "ahead": None, "behind": None}
    other = result.total[result.rank.notna()].drop(unit)
    places, total = result.rank[other.index], result.total[unit]
    better, worse = other[places < rank], other[places > rank]
    return {
        "tied": int((places == rank).sum()),
        "ahead": float(better.min() - total) if len(better) else None,
        "behind": float(total - worse.max()) if len(worse) else None,
    }


def dimension_profile(basis: SiteBasis, unit: str, losses: pd.DataFrame) -> pd.DataFrame:
    """Score index of every dimension: the site, its group, and the site last year.

    Returns
    -------
    DataFrame by dimension
        ``index``; ``group`` (the group's, or that of all sites where the site is alone in its
        group); ``before``, missing where it does not compare; ``same``, whether the dimension
        has the same leaves, full marks and weights as last year; ``points``, what it
        contributes at most to the base; ``lost``, points lost below it.
    """
    result, scheme = basis.result, basis.result.scheme
    units = result.units
    group = units.index[units["group"] == units.at[unit, "group"]]
    codes = scheme.dimensions
    table = pd.DataFrame({"index": result.scores.loc[unit, codes]}, index=codes)
    table["group"] = score_index(result, units=group if len(group) > 1 else units.index)[codes]
    table["before"], table["same"] = np.nan, True
    if basis.earlier is not None and pd.notna(basis.was[unit]):
        then = basis.earlier.scores.loc[basis.was[unit]]
        table["before"] = then.reindex(codes)
        table["same"] = [
            _leaf_rules(scheme, code) == _leaf_rules(basis.earlier.scheme, code) for code in codes
        ]
    carried = result.mass.loc[unit] @ scheme.under[codes]
    table["points"] = carried * result.rules.scale
    table["lost"] = [
        losses.loc[losses.index.isin(scheme.leaves_under(code)), "lost"].sum() for code in codes
    ]
    return table[table["points"] > 0]


def _leaf_rules(scheme: Scheme, code: str) -> list[tuple[Any, ...]] | None:
    """What decides the points of every leaf below a node; equal where two schemes agree on it."""
    if code not in scheme.codes:
        return None
    weights = scheme.weights.round(NOISE_DECIMALS)
    nodes = [scheme.node(leaf) for leaf in scheme.leaves_under(code)]
    return [(n.code, n.full_marks, n.low, n.high, weights[n.code]) for n in nodes]


def same_scheme(basis: SiteBasis) -> bool:
    """Whether leaves, full marks and weights are those of the previous year, as far as known."""
    if basis.earlier is None:
        return basis.before is None
    now, then = basis.result.scheme, basis.earlier.scheme
    return _leaf_rules(now, now.root) == _leaf_rules(then, then.root)


def better_peers(result: Evaluation, unit: str, losses: pd.DataFrame) -> pd.DataFrame:
    """For the indicators that cost the site most: who of its class does better there.

    Indicators in which nobody of the class does better are left out.

    Returns
    -------
    DataFrame by indicator of level 2 (or leaf, where the tree is lower), most points lost first
        ``lost``, ``index``; ``peers`` (a tuple of unit codes: highest index first, then best
        place) with ``peer_index``; ``better`` and ``of``, how many of the class do better, of how
        many others to which the indicator applies.
    """
    scheme, units = result.scheme, result.units
    nodes = losses.groupby(_second_level(scheme, losses.index), sort=False)["lost"].sum()
    nodes = nodes.sort_values(ascending=False, kind="stable")
    alike = units.index[units["class"] == units.at[unit, "class"]].drop(unit)
    rows: dict[str, tuple[Any, ...]] = {}
    for code, lost in nodes.items():
        scores = result.scores.loc[alike, code].dropna().round(NOISE_DECIMALS)
        own = result.scores.at[unit, code]
        better = scores[scores > round(own, NOISE_DECIMALS)]
        if better.empty or len(rows) == WEAK_NODES:
            continue
        order = pd.DataFrame({"score": -better, "rank": result.rank[better.index]})
        order = order.sort_values(["score", "rank"], kind="stable").index[:PEERS]
        named = (tuple(order), tuple(better[order]))
        rows[code] = (lost, own, *named, len(better), len(scores))
    columns = ["lost", "index", "peers", "peer_index", "better", "of"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _second_level(scheme: Scheme, leaves: pd.Index) -> list[str]:
    """The node of level 2 above every leaf; the leaf itself where it lies higher."""
    found = []
    for code in leaves:
        while scheme.level(code) > 2:
            code = scheme.parent(code)
        found.append(code)
    return found
