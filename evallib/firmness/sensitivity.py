"""Which weight carries the ranking, and how firm a change of place between two years is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.firmness.engine import Engine, engine, places_under
from evallib.firmness.montecarlo import tails
from evallib.firmness.weights import BLOCK, WeightDraws, given_weights, perturb_weights, stated
from evallib.scoring import Evaluation, rank
from evallib.study.scheme import Scheme


def covariance_shares(result: Evaluation) -> pd.DataFrame:
    """Nominal and effective importance of every node: its share of the variance of the base.

    Returns
    -------
    DataFrame, nodes x ``nominal``, ``effective``
        Both sum to 1 over the leaves, and over the dimensions. A negative share works against
        the total. Over the ranked units, without bonus and penalty points. Indices are taken from
        their mean attainment, so that a class is not charged with leaves that it lacks.

    Raises
    ------
    DataError
        If the scheme is not linear, or all bases are equal.

    Notes
    -----
    Cov(w x, y) / Var(y), which is also the Shapley value of the variance of the summed
    contributions. A statement about these units, not about causes.

    Examples
    --------
    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> covariance_shares(result).loc["service"].round(2).tolist()
    [0.09, 0.11]
    """
    scheme, where = result.scheme, f"{result.study} {result.year}"
    if not scheme.is_linear or result.rules.tier_decimals is not None:
        raise DataError(f"{where}: totals are no sums of leaves, so leaves have no shares of them")
    units = result.rank.index[result.rank.notna() & result.base.notna()]
    level = result.base[units].mean() / result.rules.scale
    parts = (result.mass * (result.index - level).fillna(0.0)).loc[units]
    centred = parts - parts.mean()
    base = centred.sum(axis=1)
    if len(units) < 2 or not base @ base > 1e-20 * len(units):
        raise DataError(f"{where}: all units have the same score, so there is nothing to share out")
    shares = (centred.mul(base, axis=0).sum() / (base @ base)) @ scheme.under
    return pd.DataFrame({"nominal": scheme.node_weights, "effective": shares})


def published_places(result: Evaluation) -> pd.Series:
    """Published places of the ranked units, by units ahead even where places in print are dense."""
    rules, ranked = result.rules, result.total[result.rank.notna()]
    return rank(ranked, decimals=rules.rank_decimals, rounding=rules.rounding).astype(int)


def ranks_without(result: Evaluation, *, at: str) -> pd.DataFrame:
    """Places of the ranked units when one leaf or dimension is left out.

    The siblings of what is left out take its weight, as the tree has it. A place counts the units
    ahead, also where the published ranking is dense.

    Parameters
    ----------
    at : {"leaf", "dimension"}

    Returns
    -------
    DataFrame of whole numbers, units x codes left out; missing where nothing of a unit is left
    """
    if at not in ("leaf", "dimension"):
        raise ValueError(f"at is leaf or dimension, not {at!r}")
    codes = result.scheme.leaves if at == "leaf" else result.scheme.dimensions
    return pd.DataFrame({code: _ranks_of(_without(result, code)) for code in codes})


def shifts_without(result: Evaluation, *, at: str) -> pd.DataFrame:
    """Places that every unit moves down when one leaf or dimension is left out.

    Places before are counted among the units that have one afterwards; see :func:`ranks_without`.
    """
    now, without = published_places(result), ranks_without(result, at=at)
    for code in without.columns[without.isna().any()]:
        gone = np.sort(now[without[code].isna()])
        without[code] += np.searchsorted(gone, now)
    return without.sub(now, axis=0)


def leave_one_out(result: Evaluation, *, at: str) -> pd.Series:
    """Average shift in rank when one leaf or dimension is left out; see :func:`shifts_without`.

    Examples
    --------
    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> leave_one_out(result, at="leaf").round(2).idxmax()
    'info_update'
    """
    return shifts_without(result, at=at).abs().mean().astype(float)


def _without(result: Evaluation, code: str) -> Evaluation:
    gone = set(result.scheme.leaves_under(code))
    kept = [leaf for leaf in result.scheme.leaves if leaf not in gone]
    if not kept:
        raise DataError(f"{result.study} {result.year}: nothing is left without {code}")
    shares = result.scheme.sibling_weights
    nodes = [
        replace(node, weight=shares[node.code])
        for node in result.scheme.nodes
        if not gone.issuperset(result.scheme.leaves_under(node.code))
    ]
    index = result.index[kept]
    placed = result.rank.where(index.notna().any(axis=1) | result.veto)
    return replace(result, scheme=Scheme.of(nodes), index=index, rank=placed)


def _ranks_of(result: Evaluation) -> pd.Series:
    machine = engine(result, check=False)
    first, _ = places_under(machine, result.scheme.weights.to_numpy()[None])
    return pd.Series(first[0], machine.units, dtype="Int64")


def central_weights(result: Evaluation, draws: WeightDraws, *, top: int) -> pd.DataFrame:
    """Mean of the weightings that bring a unit into the top, units x leaves.

    Rows sum to 1 and are NaN for units that no drawn weighting brings there; ties at the cut
    count in part. ``top=1`` asks for first place.

    Notes
    -----
    The central weight vector of Lahdelma and Salminen (2001), doi:10.1287/opre.49.3.444.11220.

    Examples
    --------
    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> draws = perturb_weights(result.scheme, at="leaf", spread=0.2, draws=500, seed=1)
    >>> float(central_weights(result, draws, top=1).loc["chengdu"].sum().round(9))
    1.0
    """
    machine = engine(result)
    held = np.zeros(len(machine.units))
    summed = np.zeros((len(machine.units), len(result.scheme.leaves)))
    for weights in map(draws.block, stated(draws).numbers):
        first, last = places_under(machine, weights)
        inside = np.clip((top - first + 1) / (last - first + 1), 0.0, 1.0)
        held += inside.sum(axis=0)
        summed += inside.T @ weights
    with np.errstate(invalid="ignore"):
        return pd.DataFrame(summed / held[:, None], machine.units, result.scheme.leaves)


def rank_change_uncertainty(
    before: Evaluation,
    after: Evaluation,
    *,
    spread: float,
    draws: int,
    seed: int,
    level: float = 0.9,
    was: pd.Series | None = None,
) -> pd.DataFrame:
    """How firm every unit's change of place between two years is when weights are in doubt.

    A node that both years have moves alike in both: one multiplier, uniform on 1 +- spread, for
    every node of the union of the two trees; siblings are normalised within each year.

    Parameters
    ----------
    before, after : Evaluation
        Places are those among all ranked units of each year.
    spread : float, 0 to 1
    draws, seed : int
    level : float
        Share of the weightings that ``low`` to ``high`` holds, in equal tails.
    was : Series of unit ids of the year before, by unit of the year after, optional
        Who each unit was, missing where nobody; without it, the unit of the same id.

    Returns
    -------
    DataFrame, units (of the year after) ranked in both years x ``change`` (places gained under the
    schemes' own weights), ``mean``, ``low``, ``high``, and the shares of weightings in which the
    unit ``rises`` and ``falls``. A place counts the units ahead, also where the published ranking
    is dense.

    Examples
    --------
    >>> import evallib as ev
    >>> study = ev.read_study("data/ministries")
    >>> years = [ev.evaluate(study, year) for year in (2014, 2016)]
    >>> moved = rank_change_uncertainty(*years, spread=0.2, draws=500, seed=1)
    >>> bool((moved["rises"] + moved["falls"] <= 1).all())
    True
    """
    stated(perturb_weights(after.scheme, at="leaf", spread=spread, draws=draws, seed=seed))
    machines = [engine(result) for result in (before, after)]
    schemes = [result.scheme for result in (before, after)]
    codes = list(dict.fromkeys([*schemes[0].codes[1:], *schemes[1].codes[1:]]))
    columns = _matched(machines, was)
    if not len(columns[1]):
        raise DataError(f"no unit is ranked in both {before.year} and {after.year}")
    both = machines[1].units[columns[1]]
    reach = max(len(machine.units) for machine in machines)
    seen = np.zeros((len(both), 2 * reach + 1))
    for number in range(-(-draws // BLOCK)):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
        moved = pd.DataFrame(
            rng.uniform(1 - spread, 1 + spread, (BLOCK, len(codes))), columns=codes
        )
        moved = moved[: draws - number * BLOCK]
        places = []
        for machine, scheme, column in zip(machines, schemes, columns, strict=True):
            siblings = moved[scheme.codes[1:]] * scheme.sibling_weights[1:]
            first, _ = places_under(machine, given_weights(scheme, siblings).start)
            places.append(first[:, column])
        change = places[0] - places[1] + reach
        np.add.at(seen, (np.arange(len(both)), change), 1)
    now = [
        places_under(machine, scheme.weights.to_numpy()[None])[0][0, column]
        for machine, scheme, column in zip(machines, schemes, columns, strict=True)
    ]
    share, step = seen / draws, np.arange(-reach, reach + 1)
    low, high = tails(share, level)
    return pd.DataFrame(
        {
            "change": now[0].astype(int) - now[1],
            "mean": share @ step,
            "low": step[low],
            "high": step[high],
            "rises": share[:, step > 0].sum(axis=1),
            "falls": share[:, step < 0].sum(axis=1),
        },
        index=both,
    )


def _matched(machines: list[Engine], was: pd.Series | None) -> tuple[np.ndarray, np.ndarray]:
    """Columns of the units ranked in both years, among those of the year before and after."""
    units = machines[1].units
    ids = units if was is None else pd.Index(was.reindex(units))
    at = machines[0].units.get_indexer(ids)
    return at[at >= 0], np.flatnonzero(at >= 0)
