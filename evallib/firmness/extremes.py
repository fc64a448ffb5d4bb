"""The best and the worst place of every unit over a whole set of weights, with certificates."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evallib.firmness.linear import LinearScores, caption, linear_scores, places, rescore
from evallib.firmness.search import Search
from evallib.firmness.weightset import WeightSet
from evallib.scoring import Evaluation


@dataclass(frozen=True)
class ExtremeRanks:
    """Best and worst place of every ranked unit over a set of weights.

    Attributes
    ----------
    table : DataFrame by unit
        ``place`` now; ``best`` and ``worst``, attained by the certificates; ``best_bound`` and
        ``worst_bound``, which no weights of the set pass; ``best_status`` and ``worst_status``:
        ``exact`` where the two agree, else ``bound``.
    best_weights, worst_weights : DataFrame, units x leaves
        Certificates: weights of the set under which the scoring engine gives that place.
    """

    study: str
    year: int
    provenance: str
    at: str
    spread: float
    within: float | None
    table: pd.DataFrame
    best_weights: pd.DataFrame
    worst_weights: pd.DataFrame

    @property
    def exact(self) -> bool:
        """Whether every place is exact."""
        return bool((self.table[["best_status", "worst_status"]] == "exact").all(axis=None))

    @property
    def caption(self) -> str:
        """What this is, in one line."""
        inside = "" if self.within is None else f" and ±{self.within:.0%} inside"
        what = f"best and worst place under any weights within ±{self.spread:.0%} per {self.at}"
        inside += ", up to a lead of 1e-6 points"
        return caption(what + inside, self.study, self.year, self.provenance)


def extreme_ranks(
    result: Evaluation,
    *,
    spread: float,
    within: float | None = None,
    at: str = "leaf",
    time_limit: float | None = None,
) -> ExtremeRanks:
    """Best and worst place that each unit reaches anywhere in a set of weights.

    Parameters
    ----------
    result : Evaluation
    spread : float
        0 to 1. With ``at="leaf"`` every leaf weight lies within +-spread of its own, with
        ``at="dimension"`` the total of every dimension does. Weights sum to 1.
    within : float, optional
        0 to 1, only at dimensions: how far the share of a leaf in its dimension may move; 0 when
        omitted, so that proportions inside a dimension stay.
    at : {"leaf", "dimension"}
    time_limit : float, optional
        Seconds for all units together; what is then unsolved is reported as a bound. The numbers
        of a limited run may differ from one machine to another.

    Returns
    -------
    ExtremeRanks
        Places count the units that are ahead at ten decimals, plus one. A worst place that needs
        a lead below a millionth of a point (of 100) is not looked for.

    Raises
    ------
    ValueError
        If a spread is outside 0 to 1, or ``within`` is given for leaves.
    DataError
        If the set can take all weight from the leaves of a unit, or totals are no ratio of two
        linear forms of the weights.

    Notes
    -----
    Salo and Punkka (2011), doi:10.1287/mnsc.1100.1265; Kadzinski, Greco and Slowinski (2012),
    doi:10.1016/j.omega.2011.09.003. Pairs that one unit wins everywhere bound a place from
    outside, a pursuit of as many rivals as can be from inside; a mixed integer program decides
    between the two, told which rivals exclude each other. With several patterns of leaves the
    score of the unit is cut into intervals, products with it are enclosed (McCormick 1976,
    doi:10.1007/BF01580665), and intervals are split until the enclosure is attained.

    Examples
    --------
    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> found = extreme_ranks(result, spread=0.2)
    >>> found.table.loc["chengdu", ["best", "worst"]].tolist(), found.exact
    ([1, 1], True)
    """
    _check(spread, within, at, time_limit)
    scores = linear_scores(result)
    parts = None
    if at == "dimension":
        tops = result.scheme.dimensions or result.scheme.leaves
        under = result.scheme.under[tops].to_numpy()
        parts = tuple(np.flatnonzero(column) for column in under.T)
    weights = WeightSet(scores.weights, float(spread), float(within or 0.0), parts)
    search = Search.over(scores, weights, f"{result.study} {result.year}")
    deadline = np.inf if time_limit is None else time.monotonic() + time_limit
    best, worst = (
        [search.improve(u, sign, place, at, deadline) for u, (place, at) in enumerate(found)]
        for sign, found in zip((1, -1), search.pursued(), strict=True)
    )
    return _assembled(result, scores, (at, spread, within), best, worst)


def _check(spread: float, within: float | None, at: str, time_limit: float | None) -> None:
    if at not in ("leaf", "dimension"):
        raise ValueError(f"at is leaf or dimension, not {at!r}")
    if within is not None and at == "leaf":
        raise ValueError("within is for at='dimension': a leaf has nothing inside")
    for name, value in (("spread", spread), ("within", within)):
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"{name} goes from 0 to 1, not {value!r}")
    if time_limit is not None and not time_limit >= 0:
        raise ValueError(f"time_limit is a number of seconds from 0, not {time_limit!r}")


def _assembled(
    result: Evaluation,
    scores: LinearScores,
    about: tuple[str, float, float | None],
    best: list[tuple[int, int, np.ndarray]],
    worst: list[tuple[int, int, np.ndarray]],
) -> ExtremeRanks:
    """The result, every certificate ranked again by the scoring engine."""
    columns = {"place": places(scores.totals(scores.weights))[0]}
    tables = []
    for name, found in (("best", best), ("worst", worst)):
        weights = np.array([weights for _, _, weights in found])
        columns[name] = [
            int(rescore(result, row)["place"][unit])
            for unit, row in zip(scores.units, weights, strict=True)
        ]
        columns[f"{name}_bound"] = [bound for _, bound, _ in found]
        tables.append(pd.DataFrame(weights, index=scores.units, columns=scores.leaves))
    table = pd.DataFrame(columns, index=scores.units)
    for name in ("best", "worst"):
        met = table[name] == table[f"{name}_bound"]
        table[f"{name}_status"] = np.where(met, "exact", "bound")
    return ExtremeRanks(result.study, result.year, result.provenance, *about, table, *tables)
