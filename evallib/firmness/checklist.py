"""Had the checklist been another one: without each of its leaves, or with others in their place."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evallib.firmness.sensitivity import published_places, ranks_without, shifts_without
from evallib.scoring import Evaluation


def jackknife_leaves(result: Evaluation) -> pd.DataFrame:
    """Places of every unit when each leaf in turn is left out.

    Returns
    -------
    DataFrame, units x ``rank``, ``low`` and ``high`` (best and worst), ``moved_by`` (the leaf
    whose absence moves the unit furthest)

    Examples
    --------
    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> jackknife_leaves(result).loc["chengdu"].astype(str).tolist()
    ['1', '1', '2', 'service']
    """
    without, nominal = ranks_without(result, at="leaf"), published_places(result)
    furthest = shifts_without(result, at="leaf").abs().idxmax(axis=1)
    low, high = without.min(axis=1).astype(int), without.max(axis=1).astype(int)
    return pd.DataFrame({"rank": nominal, "low": low, "high": high, "moved_by": furthest})


def item_sampling_error(result: Evaluation) -> pd.DataFrame:
    """Error of a total had another checklist been drawn; it is no error of the marks.

    Leaves are taken as a sample of those that might have stood under their dimension.

    Returns
    -------
    DataFrame, dimensions and root x ``leaves``, ``units`` (with all of them), ``residual``
    (standard deviation of the index, 0 to 1, unit and leaf means taken out) and ``error``
    (points of the total). A dimension of one leaf says nothing (NaN) and is not in the root's sum.

    Notes
    -----
    Relative error variance of a stratified test, the sum of w^2 sigma^2 over the leaves of every
    dimension: Brennan (2001), doi:10.1007/978-1-4757-3456-0.
    """
    rows, scheme = {}, result.scheme
    for code in scheme.dimensions:
        leaves = scheme.leaves_under(code)
        index = result.index.loc[result.rank.notna(), leaves].dropna()
        freedom = (len(index) - 1) * (len(leaves) - 1)
        rest = index.sub(index.mean(axis=1), axis=0) - index.mean() + index.to_numpy().mean()
        residual = np.sqrt((rest**2).sum(axis=None) / freedom) if freedom > 0 else np.nan
        error = residual * np.sqrt((scheme.weights[leaves] ** 2).sum()) * result.rules.scale
        rows[code] = (len(leaves), len(index), residual, error)
    table = pd.DataFrame(rows, index=["leaves", "units", "residual", "error"]).T
    whole = np.sqrt((table["error"] ** 2).sum(min_count=1))
    table.loc[scheme.root] = len(scheme.leaves), result.rank.notna().sum(), np.nan, whole
    return table.astype({"leaves": int, "units": int})
