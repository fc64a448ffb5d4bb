"""The smallest change of all weights at once that changes an order, with proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evallib.firmness.linear import (
    LinearScores,
    caption,
    linear_scores,
    ordered_pairs,
    places,
    rescore,
)
from evallib.firmness.meeting import split_tie
from evallib.firmness.reach import NORMS
from evallib.firmness.swaps import Effort, cases_of, lower_bounds, solve, tightened
from evallib.scoring import Evaluation

EXACT = 1e-6  # relative width at which a lower bound counts as met
ONE, ALL = Effort(EXACT, 400, 32), Effort(1e-3, 20, 12)  # for one statement, for all pairs


@dataclass(frozen=True)
class SmallestChange:
    """The nearest weights at which a statement about the order stops to hold.

    Attributes
    ----------
    statement : {"top", "pair", "order"}
    top : int or None
    norm : {"relative", "l1", "l2", "linf"}
    rho : float
        Size of the smallest change found; infinite where none was found. 0 where a tie across
        the cut of the top falls apart at any change.
    lower : float
        No smaller change exists below this; equal to ``rho`` up to a millionth where ``exact``.
        Infinite where no weights change the statement.
    ahead, behind : str
        The unit that is ahead now, and the one that overtakes it; empty where none does.
    weights : DataFrame by leaf
        ``now``, ``then`` and ``change`` (then / now - 1); ``then`` lies a millionth beyond rho.
    proof : DataFrame by unit
        ``total_now``, ``place_now``, ``total_then``, ``place_then``, from the scoring engine.
    """

    study: str
    year: int
    provenance: str
    statement: str
    top: int | None
    norm: str
    rho: float
    lower: float
    ahead: str
    behind: str
    weights: pd.DataFrame
    proof: pd.DataFrame

    @property
    def exact(self) -> bool:
        """Whether the smallest change is known, and not only bounded."""
        met = np.isfinite(self.rho) and self.rho - self.lower <= 2 * EXACT * self.rho
        return bool(np.isinf(self.lower) or met)

    @property
    def caption(self) -> str:
        """What this is, in one line."""
        about = {"top": f"the top {self.top}", "pair": f"{self.ahead} ahead of {self.behind}"}
        what = f"smallest {self.norm} change of weights, {about.get(self.statement, 'full order')}"
        return caption(what, self.study, self.year, self.provenance)


def smallest_change(
    result: Evaluation,
    *,
    top: int | None = None,
    pair: Sequence[str] | None = None,
    norm: str = "relative",
) -> SmallestChange:
    """The smallest change of the leaf weights at which a top set, a pair or any place changes.

    Parameters
    ----------
    result : Evaluation
    top : int, optional
        The statement is "these units hold places 1 to top, as a set". Where more units share
        the last of these places than fit, any change parts them, unless none can.
    pair : (str, str), optional
        The statement is "the one that is ahead now stays ahead"; two units in any order. Without
        ``top`` and ``pair`` it is the full order of all units that are not tied.
    norm : {"relative", "l1", "l2", "linf"}
        ``relative``: the largest |change| as a share of the weight it changes; the others
        measure the vector of changes of weights, which sum to 1.

    Returns
    -------
    SmallestChange
        With ``norm="relative"``: the statement holds for any weights within +-rho.

    Raises
    ------
    ValueError
        If the norm or a unit is unknown, or both ``top`` and ``pair`` are given.
    DataError
        If totals are no ratio of two linear forms of the weights.

    Notes
    -----
    Within a pattern of leaves closed forms, after Wolters and Mareschal (1995),
    doi:10.1016/0377-2217(93)E0343-V: rho = lead / sum w |d - median(d)| for differences d, by
    duality of linear programs. Between patterns the score at which two units meet is searched by
    branch and bound; each cell is bounded by the same closed forms. Whether any weights
    swap two units is decided on the edges of the simplex. Where a gate of the bonus decides
    together with the lead, a linear program does; between patterns ``lower`` may then stay below
    ``rho``, as it may for relative changes above 1.

    Examples
    --------
    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> found = smallest_change(result, top=10)
    >>> round(found.rho, 4), found.ahead, found.behind, found.exact
    (0.1594, 'aba', 'mianyang', True)
    """
    scores, now = _checked(result, norm)
    ahead, behind = ordered_pairs(now)
    statement, mask = _statement(scores.units, now, ahead, behind, top, pair)
    if top is not None and (parted := split_tie(scores, top)):
        behind_now, ahead_then, then = parted
        pair_names = scores.units[behind_now], scores.units[ahead_then]
        return _assembled(result, scores, (statement, top, norm), (0.0, 0.0), pair_names, then)
    cases = cases_of(scores, ahead[mask], behind[mask])
    bound = lower_bounds(scores, cases, norm)
    if len(bound):  # only cases that closed forms do not rule out
        limit = solve(scores, cases.take(np.array([bound.argmin()])), norm)[0]
        cases = cases.take(np.flatnonzero(bound <= limit * (1 + EXACT)))
    sizes, weights, lower = solve(scores, cases, norm)
    best = int(np.argmin(sizes)) if np.isfinite(sizes).any() else None
    rho = np.inf if best is None else sizes[best]
    lower = tightened(scores, cases, lower, np.full_like(lower, rho), norm, ONE)
    names, then = ("", ""), scores.weights
    if best is not None:
        names = scores.units[cases.ahead[best]], scores.units[cases.behind[best]]
        then = weights[best]
    size = float(rho), float(min(rho, lower.min(initial=np.inf)))
    return _assembled(result, scores, (statement, top, norm), size, names, then)


def pairwise_changes(result: Evaluation, *, norm: str = "relative") -> pd.DataFrame:
    """The smallest change of the leaf weights that swaps each pair.

    Parameters
    ----------
    result : Evaluation
    norm : {"relative", "l1", "l2", "linf"}

    Returns
    -------
    DataFrame, one row per pair with different places
        ``ahead``, ``behind``, ``lead`` in points; ``rho``, infinite where no weights were found to;
        ``lower``, below which no change does, equal to ``rho`` between units of one pattern of
        leaves; sorted by ``rho``.

    Notes
    -----
    As :func:`smallest_change`, but between patterns the search stops when ``lower`` is within a
    thousandth of ``rho``, which is attained.

    Examples
    --------
    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> pairwise_changes(result).set_index("ahead").round(4).loc["zigong"].iloc[0].to_dict()
    {'behind': 'bazhong', 'lead': 0.5, 'rho': 0.0605, 'lower': 0.0605}
    """
    scores, now = _checked(result, norm)
    ahead, behind = ordered_pairs(now)
    cases = cases_of(scores, ahead, behind)
    sizes, _, lower = solve(scores, cases, norm)
    lower = tightened(scores, cases, lower, sizes, norm, ALL)
    totals = scores.totals(scores.weights)[0]
    table = pd.DataFrame({"a": cases.ahead, "b": cases.behind, "rho": sizes, "lower": lower})
    table = table.groupby(["a", "b"], sort=False, as_index=False).min()
    a, b = table["a"].to_numpy(), table["b"].to_numpy()
    table.insert(0, "lead", totals[a] - totals[b])
    table.insert(0, "behind", scores.units[b])
    table.insert(0, "ahead", scores.units[a])
    table = table.drop(columns=["a", "b"]).sort_values("rho", kind="stable")
    return table.reset_index(drop=True)


def _checked(result: Evaluation, norm: str) -> tuple[LinearScores, np.ndarray]:
    if norm not in NORMS:
        raise ValueError(f"norm is one of {', '.join(NORMS)}, not {norm!r}")
    scores = linear_scores(result)
    return scores, places(scores.totals(scores.weights))[0]


def _statement(
    units: pd.Index,
    now: np.ndarray,
    ahead: np.ndarray,
    behind: np.ndarray,
    top: int | None,
    pair: Sequence[str] | None,
) -> tuple[str, np.ndarray]:
    """Name of the statement, and which pairs must not swap for it to hold."""
    if top is not None and pair is not None:
        raise ValueError("give top or pair, not both")
    if top is not None:
        if not isinstance(top, int | np.integer) or top < 1:
            raise ValueError(f"top is a whole number from 1, not {top!r}")
        return "top", (now[ahead] <= top) & (now[behind] > top)
    if pair is None:
        return "order", np.ones(len(ahead), dtype=bool)
    unknown = [unit for unit in pair if unit not in units]
    if unknown or len(set(pair)) != 2:
        raise ValueError(f"pair names two ranked units, not {', '.join(map(repr, pair))}")
    i, j = (units.get_loc(unit) for unit in pair)
    if now[i] == now[j]:
        raise ValueError(f"{pair[0]} and {pair[1]} share place {now[i]}: none of them is ahead")
    i, j = (i, j) if now[i] < now[j] else (j, i)
    return "pair", (ahead == i) & (behind == j)


def _assembled(
    result: Evaluation,
    scores: LinearScores,
    about: tuple[str, int | None, str],
    sizes: tuple[float, float],
    names: tuple[str, str],
    then: np.ndarray,
) -> SmallestChange:
    return SmallestChange(
        result.study,
        result.year,
        result.provenance,
        *about,
        *sizes,
        *names,
        _weight_table(scores, then),
        _proof(result, scores, then),
    )


def _weight_table(scores: LinearScores, then: np.ndarray) -> pd.DataFrame:
    now = scores.weights
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(now > 0, then / now - 1, np.nan)
    return pd.DataFrame({"now": now, "then": then, "change": change}, index=scores.leaves)


def _proof(result: Evaluation, scores: LinearScores, then: np.ndarray) -> pd.DataFrame:
    now, moved = (rescore(result, weights).loc[scores.units] for weights in (scores.weights, then))
    return now.add_suffix("_now").join(moved.add_suffix("_then"))
