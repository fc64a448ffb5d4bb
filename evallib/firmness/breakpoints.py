"""Where the order first changes when the weight of one node moves, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from evallib.firmness.linear import LinearScores, caption, linear_scores, ordered_pairs, places
from evallib.rounding import NOISE_DECIMALS
from evallib.scoring import Evaluation
from evallib.study.scheme import Scheme

END = 1e-9  # nearer to 0 or 1 two units meet only because all weight is gone


@dataclass(frozen=True)
class Breakpoints:
    """Intervals of one weight at a time in which an order holds.

    Attributes
    ----------
    table : DataFrame, one row per node and statement
        ``node``; ``weight`` of the node now; ``holds``, one of ``first`` (the first place),
        ``top`` (the units in places 1 to ``top``, as a set) and ``order`` (all places); the open
        interval ``low`` to ``high``; at each end the unit that is ahead now and the one that
        catches up, empty where the interval ends at 0 or 1; ``critical``, the smaller of the two
        relative changes that end the interval, NaN where none does.
    ties : DataFrame
        Pairs with the same exact total now (``unit``, ``other``, ``place``): they part on almost
        any move. ``cut`` says whether their tie lies across the edge of the top.
    bands : DataFrame
        Units whose totals lie within one print unit (``band``, ``unit``, ``total``, ``printed``);
        bands may overlap. Empty where ranks rest on exact totals.
    """

    study: str
    year: int
    provenance: str
    top: int
    table: pd.DataFrame
    ties: pd.DataFrame
    bands: pd.DataFrame

    @property
    def caption(self) -> str:
        """What this is, in one line."""
        what = f"weight of one node at a time, all others in proportion; top {self.top}"
        return caption(what, self.study, self.year, self.provenance)


@dataclass(frozen=True)
class _Path:
    """Bases while the weight of one node goes from 0 to 1: (P t + Q (1-t)) / (a t + b (1-t))."""

    inside: np.ndarray  # P, scaled
    outside: np.ndarray  # Q, scaled
    leaves_inside: np.ndarray  # a
    leaves_outside: np.ndarray  # b

    def base(self, t: float) -> np.ndarray:
        above = self.inside * t + self.outside * (1 - t)
        return above / (self.leaves_inside * t + self.leaves_outside * (1 - t))


def breakpoints(result: Evaluation, *, top: int) -> Breakpoints:
    """Per node, the interval of its weight in which first place, top k and full order hold.

    The total weight of a node goes from ``t0`` to ``t``; proportions inside it stay, and all
    other leaves are scaled by ``(1 - t) / (1 - t0)``.

    Parameters
    ----------
    result : Evaluation
    top : int
        Size of the top set; with a tie across its edge, all units of the tied place are in it.

    Returns
    -------
    Breakpoints
        Every node but the root, and but those that carry all or nothing of the weight.

    Raises
    ------
    ValueError
        If ``top`` is no whole number from 1.
    DataError
        If totals are no ratio of two linear forms of the weights.

    Notes
    -----
    Mareschal (1988), doi:10.1016/0377-2217(88)90254-8, and Triantaphyllou and Sanchez (1997),
    doi:10.1111/j.1540-5915.1997.tb01306.x, whose most critical criterion has the smallest
    ``critical``. Two units of one pattern of leaves meet where a line is 0, units of different
    patterns at a root of a quadratic. A base that crosses the gate of the bonus jumps there, and
    units may change places in the jump.

    Examples
    --------
    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> table = breakpoints(result, top=10).table.query("holds == 'top'").set_index("node")
    >>> table.loc["service", ["weight", "low", "high"]].astype(float).round(3).tolist()
    [0.09, 0.0, 0.115]
    """
    if not isinstance(top, int | np.integer) or top < 1:
        raise ValueError(f"top is a whole number from 1, not {top!r}")
    scores = linear_scores(result)
    now = places(scores.totals(scores.weights))[0]
    ahead, behind = ordered_pairs(now)
    statements = {
        "first": np.flatnonzero(now[ahead] == 1),
        "top": np.flatnonzero((now[ahead] <= top) & (now[behind] > top)),
        "order": np.arange(len(ahead)),
    }
    rows = []
    for node, weight, path in _paths(result.scheme, scores):
        meets = [_first_meeting(scores, path, ahead, behind, weight, end) for end in (0.0, 1.0)]
        rows += [
            (node, weight, holds, *_interval(scores.units, ahead, behind, meets, pairs, weight))
            for holds, pairs in statements.items()
        ]
    columns = ["node", "weight", "holds", "low", "low_ahead", "low_behind"]
    columns += ["high", "high_ahead", "high_behind", "critical"]
    table = pd.DataFrame(rows, columns=columns)
    ties = _ties(scores.units, now, top)
    about = (result.study, result.year, result.provenance, int(top))
    return Breakpoints(*about, table, ties, printed_bands(result))


def _paths(scheme: Scheme, scores: LinearScores) -> Iterator[tuple[str, float, _Path]]:
    """Node, weight and path of every node whose weight can move."""
    for node, under in zip(scheme.codes[1:], scheme.under.to_numpy().T[1:], strict=True):
        inside, outside = scores.weights * under, scores.weights * (1 - under)
        weight = inside.sum()
        if weight == 0 and under.sum() == 1:
            inside = under
        if inside.sum() == 0 or outside.sum() <= 1e-12:
            continue
        inside, outside = inside / inside.sum(), outside / outside.sum()
        yield (
            node,
            float(weight),
            _Path(
                scores.scale * scores.index @ inside,
                scores.scale * scores.index @ outside,
                scores.applies @ inside,
                scores.applies @ outside,
            ),
        )


def _first_meeting(
    scores: LinearScores,
    path: _Path,
    ahead: np.ndarray,
    behind: np.ndarray,
    start: float,
    end: float,
) -> np.ndarray:
    """Where each pair first meets or changes places between ``start`` and ``end``; else NaN."""
    met, jumps = np.full(len(ahead), np.nan), scores.gated > 0
    jumps = jumps[ahead] | jumps[behind]
    pieces = [(~jumps, [(start, end)] * (start != end))]
    pieces += [(jumps, _stretches(scores, path, start, end))] if jumps.any() else []
    for kind, stretches in pieces:
        for begin, stop in stretches:
            rows = np.flatnonzero(kind & np.isnan(met))
            first, second = ahead[rows], behind[rows]
            points = scores.points + scores.gated * (path.base((begin + stop) / 2) > scores.gate)
            total = path.base(begin) + points
            jumped = total[first] - total[second] <= 10.0**-NOISE_DECIMALS / 4
            roots = _roots(scores, path, first, second, points)
            low, high = max(min(begin, stop), END), min(max(begin, stop), 1 - END)
            roots = np.where((roots > low) & (roots < high), roots, np.nan)
            nearest = np.fmin(*roots) if stop > begin else np.fmax(*roots)
            met[rows] = np.where(jumped, begin, nearest)
    return met


def _stretches(
    scores: LinearScores, path: _Path, start: float, end: float
) -> list[tuple[float, float]]:
    """From ``start`` outwards, the pieces in which no base crosses the gate."""
    at_0 = path.outside - scores.gate * path.leaves_outside
    at_1 = path.inside - scores.gate * path.leaves_inside
    with np.errstate(divide="ignore", invalid="ignore"):
        edges = np.unique((at_0 / (at_0 - at_1))[scores.gated > 0])
    edges = edges[(edges > min(start, end)) & (edges < max(start, end))]
    if start == end:
        return []
    stops = np.r_[start, edges[:: 1 if end > start else -1], end]
    return list(pairwise(stops))


def _roots(
    scores: LinearScores, path: _Path, ahead: np.ndarray, behind: np.ndarray, points: np.ndarray
) -> np.ndarray:
    """Weights at which each pair ties, 2 x pairs; NaN or infinite where there is none.

    With n the numerators, d the denominators and g the difference in points, the pair ties where
    n1 d2 - n2 d1 + g d1 d2 = 0, or within a pattern n1 - n2 + g d = 0.
    """
    same = scores.pattern[ahead] == scores.pattern[behind]
    gap = points[ahead] - points[behind]

    def line(
        at_0: np.ndarray, at_1: np.ndarray, units: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return at_0[units], at_1[units] - at_0[units]

    top_1, top_2 = (line(path.outside, path.inside, units) for units in (ahead, behind))
    down = [line(path.leaves_outside, path.leaves_inside, units) for units in (ahead, behind)]
    one = [(np.where(same, 1.0, c), np.where(same, 0.0, s)) for c, s in down]
    c, b, a = (
        p - q + gap * r
        for p, q, r in zip(
            _product(top_1, one[1]), _product(top_2, one[0]), _product(down[0], one[1]), strict=True
        )
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        half = -(b + np.where(b < 0, -1.0, 1.0) * np.sqrt(b * b - 4 * a * c)) / 2
        return np.array([half / a, c / half])


def _product(
    first: tuple[np.ndarray, ...], second: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients (constant, t, t squared) of a product of two lines."""
    (c1, s1), (c2, s2) = first, second
    return c1 * c2, c1 * s2 + s1 * c2, s1 * s2


def _interval(
    units: pd.Index,
    ahead: np.ndarray,
    behind: np.ndarray,
    meets: list[np.ndarray],
    pairs: np.ndarray,
    weight: float,
) -> tuple[object, ...]:
    """low, who meets there, high, who meets there, critical, for the pairs of one statement."""
    cells, changes = list[object](), list[float]()
    for met, end in zip(meets, (0.0, 1.0), strict=True):
        found = met[pairs] if end == 1 else -met[pairs]
        nearest = np.fmin.reduce(found, initial=np.inf)
        if np.isinf(nearest):
            cells += [end, "", ""]
            continue
        pair = pairs[int(np.argmax(found == nearest))]
        cells += [float(met[pair]), units[ahead[pair]], units[behind[pair]]]
        changes.append(abs(met[pair] / weight - 1) if weight else np.inf)
    return *cells, float(min(changes, default=np.nan))


def _ties(units: pd.Index, now: np.ndarray, top: int) -> pd.DataFrame:
    first, second = np.nonzero(np.triu(now[:, None] == now[None, :], k=1))
    size = np.bincount(now, minlength=now.max() + 1)
    cut = (now <= top) & (now + size[now] - 1 > top)
    return pd.DataFrame(
        {"unit": units[first], "other": units[second], "place": now[first], "cut": cut[first]}
    )


def printed_bands(result: Evaluation) -> pd.DataFrame:
    """Units that print alone cannot tell apart: largest sets within less than one print unit.

    Returns
    -------
    DataFrame
        ``band`` from 1, ``unit``, ``total``, ``printed``; at least two units a band, and a unit
        may be in several. Empty where ranks rest on exact totals.

    Examples
    --------
    >>> import evallib as ev
    >>> result = ev.evaluate(ev.read_study("data/sichuan-land"), 2011)
    >>> printed_bands(result)["unit"].tolist()
    ['aba', 'luzhou']
    """
    total = result.total[result.rank.notna()].sort_values(ascending=False, kind="stable")
    values = -total.to_numpy()
    width = 10.0**-result.rules.decimals - 10.0**-NOISE_DECIMALS
    stops = np.searchsorted(values, values + width, side="right")
    news = np.r_[0, np.maximum.accumulate(stops)[:-1]]
    starts = [i for i, stop in enumerate(stops) if stop - i > 1 and stop > news[i]]
    starts = [] if result.rules.rank_on == "exact" else starts
    rows = [
        (band, total.index[i], total.iloc[i], result.printed[total.index[i]])
        for band, start in enumerate(starts, start=1)
        for i in range(start, stops[start])
    ]
    return pd.DataFrame(rows, columns=["band", "unit", "total", "printed"])
