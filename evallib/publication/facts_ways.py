"""Other weights and other rules: who they let in, what moves places, what each choice does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.firmness.acceptability import rank_uncertainty
from evallib.firmness.agreement import agreement
from evallib.firmness.checklist import item_sampling_error, jackknife_leaves
from evallib.firmness.choices import alternative_weights, multiverse, reversals_without
from evallib.firmness.effects import INNER, shapley_effects, sobol_indices
from evallib.firmness.engine import engine, places_under
from evallib.firmness.sensitivity import central_weights, covariance_shares, published_places
from evallib.firmness.weights import perturb_weights
from evallib.publication.facts_weights import Examined
from evallib.scoring import Evaluation

REACHED = 0.01  # share of weightings from which a central weight rests on enough of them


def alternatives(result: Evaluation, *, top: int) -> Examined:
    """Places under equal weights of several kinds, beside the published ones.

    Returns
    -------
    Examined
        Table by ranked unit in rank order: ``rule`` and one column of places per alternative;
        ``choices["agreement"]`` has a row per alternative: ``tau_b``, ``rank_biased_overlap``,
        ``average_shift``, ``largest_shift``, the ``unit`` that shifts most, and ``kept``, how many
        of the published top are in the new one.
    """
    weights, machine = alternative_weights(result.scheme), engine(result)
    first, _ = places_under(machine, weights.to_numpy().T.copy())
    table = pd.DataFrame(first.T, machine.units, weights.columns)
    table = table.loc[table["rule"].sort_values(kind="stable").index]
    rows = {
        name: {
            **agreement(table["rule"], table[name]),
            "unit": (table[name] - table["rule"]).abs().idxmax(),
            "kept": ((table[name] <= top) & (table["rule"] <= top)).sum(),
        }
        for name in table.columns[1:]
    }
    columns = ["tau_b", "rank_biased_overlap", "average_shift", "largest_shift", "unit", "kept"]
    alike = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=columns)
    alike = alike.astype({"largest_shift": int, "kept": int})
    return Examined(result, table, {"top": top, "agreement": alike})


def ways_in(result: Evaluation, *, spread: float, draws: int, seed: int, top: int) -> Examined:
    """Which weights bring units to the first place or into the top that are not there now.

    Level-1 weights are drawn evenly within ``spread``, and so are the shares of the leaves inside.

    Returns
    -------
    Examined
        Table by goal (``first``, then ``top``) and falling share: ``place``, ``share`` of the
        weightings in which the unit gets there, at least 1 %, and its standard ``error``; for every
        level-1 indicator by how much its mean weight over those weightings is above or below the
        scheme's, as a share of it; ``raised`` and ``lowered``, which are so most. Leaves stand in
        for level-1 indicators where one of these carries everything.
    """
    scheme, place = result.scheme, published_places(result)
    law: dict[str, Any] = {"spread": (spread, spread), "draws": draws, "seed": seed}
    drawn = perturb_weights(scheme, at="nested", **law)
    firm = rank_uncertainty(result, drawn)
    parts = scheme.dimensions if len(scheme.dimensions) > 1 else scheme.leaves
    parts = [code for code in parts if scheme.node_weights[code] > 0]
    tables = []
    for goal, k in (("first", 1), ("top", top)):
        share = firm.top(k)
        shown = share[(place > k) & (share >= REACHED)].sort_values(ascending=False, kind="stable")
        central = central_weights(result, drawn, top=k).loc[shown.index] @ scheme.under[parts]
        moved = central / scheme.node_weights[parts] - 1
        about = {"goal": goal, "place": place[shown.index], "share": shown}
        table = pd.DataFrame(about | {"error": firm.top_error(k)[shown.index]}).join(moved)
        ends = (moved.idxmax(axis=1), moved.idxmin(axis=1)) if len(moved) else ("", "")
        tables.append(table.assign(raised=ends[0], lowered=ends[1]))
    choices = {"spread": spread, "draws": firm.draws, "seed": seed, "top": top, "parts": parts}
    return Examined(result, pd.concat(tables), choices)


def movement(result: Evaluation, *, spread: float, draws: int, seed: int) -> Examined:
    """Which level-1 indicator's weight carries the movement of places, by three measures.

    Parameters
    ----------
    result : Evaluation
    spread : float, above 0, up to 1
        Coefficient of variation of the weights for Shapley effects; for Sobol indices every weight
        is multiplied by a number uniform on 1 +- spread.
    draws : int
        Weightings at most for either; where they are few, the least that it needs.
    seed : int

    Returns
    -------
    Examined
        Table by level-1 indicator: ``nominal`` and ``effective`` (covariance share of the base, of
        schemes that have one); shares of the variance of the average shift in rank: ``shapley``,
        ``first`` and ``total`` (Sobol), and standard errors ``*_error`` of the three. Without
        ``shapley`` where there are more than 10 indicators or one has no weight, without a measure
        under whose law that shift stays the same, and empty where there is only one indicator.
        ``choices``: ``shapley_draws`` and ``sobol_draws``, the weightings that each took.
    """
    scheme, parts = result.scheme, result.scheme.dimensions
    table = pd.DataFrame({"nominal": scheme.node_weights[parts]})
    choices = {"spread": spread, "draws": draws, "seed": seed}
    if len(parts) < 2:
        return Examined(result, table.iloc[:0], choices)
    if scheme.is_linear and result.rules.tier_decimals is None:
        table["effective"] = covariance_shares(result)["effective"]
    about: dict[str, Any] = {"spread": spread, "of": "average_shift", "seed": seed}
    sizes: dict[str, int] = {}
    possible = len(parts) <= 10 and (table["nominal"] > 0).all()
    if possible and _moves(result, choices, "dirichlet"):
        each, subsets = max(draws // (INNER * 2 ** len(parts)), 2), 2 ** len(parts) - len(parts) - 1
        found = shapley_effects(result, **about, draws=each)
        sizes["shapley_draws"] = each * INNER * subsets  # of two dimensions or more
        table[["shapley", "shapley_error"]] = found[["share", "share_error"]]
    if not _moves(result, choices, "renormalise"):
        return Examined(result, table, choices | sizes)
    base = 2 ** max(int(np.log2(max(draws / (len(parts) + 2), 1))), 4)
    found = sobol_indices(result, **about, draws=base)
    sizes["sobol_draws"] = base * (len(parts) + 2)
    for name in ("first", "total"):
        table[name], table[f"{name}_error"] = found[name], found[f"{name}_error"] / 1.96
    return Examined(result, table, choices | sizes)


def _moves(result: Evaluation, law: Mapping[str, Any], method: str) -> bool:
    """Whether the average shift differs between the first weightings of a law."""
    drawn = perturb_weights(result.scheme, at="dimension", **law, method=method).block(0)
    places, _ = places_under(engine(result), np.vstack([result.scheme.weights, drawn]))
    return bool(np.ptp(np.abs(places[1:] - places[0]).mean(axis=1)) > 0)


def choices(result: Evaluation, *, top: int) -> Examined:
    """Places of every unit under all valid ways to normalise, weight and aggregate.

    Returns
    -------
    Examined
        Table in rank order: ``place``; ``low``, ``median`` and ``high`` of the places over the
        specifications; ``top``, the share of specifications with a place in the top.
        ``choices``: ``specifications``, how many; ``importance``, eta squared of each choice;
        ``reversals`` by normalisation: ``most`` pairs of others that change order when one unit is
        left out, and the ``unit`` that does it. Vetoed units are left out.
    """
    found, reversals = multiverse(result), reversals_without(result)
    place = published_places(result)[found.ranks.index]
    table = found.range().astype({"low": int, "high": int})
    table.insert(0, "place", place)
    table = table.assign(top=found.top(top)).sort_values("place", kind="stable")
    worst = pd.DataFrame({"most": reversals.max(), "unit": reversals.idxmax()})
    about = {"top": top, "specifications": found.ranks.shape[1], "reversals": worst}
    return Examined(result, table, about | {"importance": found.importance()})


def jackknife(result: Evaluation, *, top: int) -> Examined:
    """Places of every unit when each leaf in turn is left out, and the error of another checklist.

    Returns
    -------
    Examined
        Table in rank order: ``place``, ``low`` and ``high`` (best and worst), ``moved_by`` (the
        leaf whose absence moves the unit furthest). ``choices["items"]``: see
        :func:`item_sampling_error`.

    Raises
    ------
    DataError
        If the scheme has a single leaf.
    """
    if len(result.scheme.leaves) < 2:
        raise DataError(f"{result.study} {result.year}: nothing is left without the only leaf")
    table = jackknife_leaves(result).rename(columns={"rank": "place"})
    items = Examined(result, item_sampling_error(result), {})
    table = table.sort_values("place", kind="stable")
    return Examined(result, table, {"top": top, "items": items})
