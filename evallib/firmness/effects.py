"""How much of an outcome each dimension's weight owns: Shapley effects and Sobol indices."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.firmness.engine import engine, places_under
from evallib.firmness.weights import BLOCK, concentration, perturb_weights, stated
from evallib.scoring import Evaluation

INNER = 4  # weightings drawn for each fixed part of one


def _outcome(result: Evaluation, of: str) -> Callable[[np.ndarray], np.ndarray]:
    """A function from leaf weights to one number per weighting, and the machine behind it."""
    machine = engine(result)
    nominal, _ = places_under(machine, result.scheme.weights.to_numpy()[None])
    if of != "average_shift" and of not in machine.units:
        raise ValueError(f"of is average_shift or a ranked unit, not {of!r}")

    def outcome(weights: np.ndarray) -> np.ndarray:
        parts = np.split(weights, range(BLOCK, len(weights), BLOCK))
        places = np.concatenate([places_under(machine, part)[0] for part in parts])
        if of == "average_shift":
            return np.abs(places - nominal).mean(axis=1)
        return places[:, machine.units.get_loc(of)].astype(float)

    return outcome


def shapley_effects(
    result: Evaluation, *, spread: float, of: str, draws: int, seed: int
) -> pd.DataFrame:
    """How much of the variance of an outcome each dimension's weight owns.

    Dimension weights are drawn from a Dirichlet law around the scheme's; they sum to 1 and so
    depend on each other, which first-order and total indices cannot share out, and these can.

    Parameters
    ----------
    spread : float
        Coefficient of variation of the dimension weights, as in :func:`perturb_weights`.
    of : str
        ``"average_shift"`` in rank against the published ranking, or a unit: its place.
    draws : int
        Weightings per subset of dimensions in which the rest is held.

    Returns
    -------
    DataFrame, dimensions x ``effect``, ``error``, ``share``, ``share_error``
        Effects sum to the variance, shares to 1; errors are standard errors, that of a share with
        the error of the sum.

    Notes
    -----
    Owen (2014), doi:10.1137/130936233; Song, Nelson and Staum (2016), doi:10.1137/15M1048070,
    with c(J) = E Var(Y | the others) and exact conditional draws: given the others, the weights
    in J are what is left over times a Dirichlet variate.

    Examples
    --------
    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> found = shapley_effects(result, spread=0.3, of="average_shift", draws=200, seed=1)
    >>> float(found["share"].sum().round(9))
    1.0
    """
    law = stated(
        perturb_weights(
            result.scheme, at="dimension", spread=spread, draws=draws, seed=seed, method="dirichlet"
        )
    )
    split, outcome, names = law.splits[0], _outcome(result, of), result.scheme.dimensions
    if not 2 <= len(names) <= 10 or spread == 0 or not (split.shares > 0).all():
        raise ValueError(
            "Shapley effects need 2 to 10 dimensions with weight, and a spread above 0"
        )
    alpha = concentration(split.shares, spread) * split.shares
    factor, cost, error = _shapley(
        lambda tops: outcome(law.start * tops[:, split.owner]), alpha, draws, seed
    )
    effect = factor @ cost
    if not effect.sum() > 0:
        raise DataError(f"{result.study} {result.year}: {of} never moves under these weights")
    share = effect / effect.sum()
    slope = (factor - np.outer(share, factor.sum(axis=0))) / effect.sum()  # of the shares
    table = {"effect": effect, "error": np.sqrt(factor**2 @ error**2), "share": share}
    return pd.DataFrame(table | {"share_error": np.sqrt(slope**2 @ error**2)}, names)


def _shapley(
    outcome: Callable[..., Any], alpha: np.ndarray, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How effects weigh the variances with the rest held; these, and their standard errors."""
    rng, d = np.random.default_rng(seed), len(alpha)
    subsets = [np.array([subset >> i & 1 for i in range(d)], dtype=bool) for subset in range(2**d)]
    cost, error, factor = np.zeros(2**d), np.zeros(2**d), np.zeros((d, 2**d))
    for number, moving in enumerate(subsets):
        size = moving.sum()
        joins = factorial(size - 1) * factorial(d - size) if size else 0
        stays = factorial(size) * factorial(d - size - 1) if size < d else 0
        factor[:, number] = np.where(moving, joins, -stays) / factorial(d)
        if size < 2:  # a single weight is fixed by the others
            continue
        tops = np.repeat(rng.dirichlet(alpha, draws), INNER, axis=0)
        left = tops[:, moving].sum(axis=1, keepdims=True)
        tops[:, moving] = left * rng.dirichlet(alpha[moving], len(tops))
        spread = outcome(tops).reshape(draws, INNER).var(axis=1, ddof=1)
        cost[number], error[number] = spread.mean(), spread.std() / np.sqrt(draws)
    return factor, cost, error


def sobol_indices(
    result: Evaluation, *, spread: float, of: str, draws: int, seed: int
) -> pd.DataFrame:
    """First-order and total Sobol indices of independent multipliers of the dimensions.

    Every dimension's weight is multiplied by a number uniform on 1 +- spread, then all are
    normalised; the indices belong to the multipliers, which are independent, not to the weights.

    Parameters
    ----------
    spread : float, 0 to 1
    of : str
        As in :func:`shapley_effects`.
    draws : int
        Base sample, a power of 2; the outcome is taken at ``draws`` x (dimensions + 2) points.

    Returns
    -------
    DataFrame, dimensions x ``first``, ``first_error``, ``total``, ``total_error``
        Errors are 95 % bootstrap half widths.

    Notes
    -----
    By SALib: Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018. The outcome is centred first.
    """
    from SALib.analyze import sobol
    from SALib.sample import sobol as sample

    law = perturb_weights(result.scheme, at="dimension", spread=spread, draws=draws, seed=seed)
    stated(law)
    names, split, outcome = result.scheme.dimensions, law.splits[0], _outcome(result, of)
    if draws & (draws - 1) or spread == 0 or len(names) < 2:
        raise ValueError("Sobol indices need draws a power of 2, spread above 0, two dimensions")
    problem = {
        "num_vars": len(names),
        "names": names,
        "bounds": [[1 - spread, 1 + spread]] * len(names),
    }
    tops = sample.sample(problem, draws, calc_second_order=False, seed=seed) * split.shares
    tops /= tops.sum(axis=1, keepdims=True)
    values = outcome(law.start * tops[:, split.owner])
    if not np.ptp(values) > 0:
        raise DataError(f"{result.study} {result.year}: {of} never moves under these weights")
    found = sobol.analyze(problem, values - values.mean(), calc_second_order=False, seed=seed)
    columns = {"first": "S1", "first_error": "S1_conf", "total": "ST", "total_error": "ST_conf"}
    return pd.DataFrame({ours: found[theirs] for ours, theirs in columns.items()}, index=names)
