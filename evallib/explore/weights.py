"""Weights of the parts that a slider moves: completed, balanced to 100 per cent, and as text.

A part is a child of the root: a dimension, or a leaf where the scheme has no dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from evallib.errors import DataError
from evallib.study.scheme import Scheme

SLACK = 1e-6  # per cent: a sum may miss 100 by so much, and no part pushes the others lower


def official_weights(scheme: Scheme) -> dict[str, float]:
    """Weight in per cent of every part: of the first siblings from the root down.

    Examples
    --------
    >>> from evallib.study.scheme import Node
    >>> leaves = [Node("a", "all", "甲", full_marks=3), Node("b", "all", "乙", full_marks=1)]
    >>> official_weights(Scheme.of([Node("all", "", "总"), *leaves]))
    {'a': 75.0, 'b': 25.0}
    """
    code = scheme.root
    while len(scheme.children(code)) == 1:
        code = scheme.children(code)[0]
    return {part: 100 * float(scheme.sibling_weights[part]) for part in scheme.children(code)}


def scenario_weights(scheme: Scheme, weights: str | Mapping[str, float]) -> dict[str, float]:
    """Weight in per cent of every part, from those that a scenario names.

    Parameters
    ----------
    scheme : Scheme
    weights : dict or str
        Per cent by code, also as the text ``"H 30, F 10"``; parts left out share the rest in
        their official proportions. ``"equal"``: all the same; empty: the official ones.

    Raises
    ------
    DataError
        If a code is no part, a weight no number from 0, or the sum not 100.
    """
    official = official_weights(scheme)
    if weights == "equal":
        return dict.fromkeys(official, 100 / len(official))
    named = _numbers(weights) if isinstance(weights, str) else dict(weights)
    rest = [code for code in official if code not in named]
    left = 100 - sum(named.values())
    for code, weight in named.items():
        if code not in official:
            raise DataError(f"weights: no part {code!r}; the parts are {', '.join(official)}")
        if not weight >= 0:
            raise DataError(f"weights: {code} = {weight:g} is below 0; give per cent from 0 to 100")
    if left < -SLACK or (left > SLACK and not rest):
        raise DataError(
            f"weights: {', '.join(named)} sum to {100 - left:g} per cent; "
            + ("make them 100" if not rest else "leave no more than 100, the others share the rest")
        )
    pool = sum(official[code] for code in rest)
    shared = {code: max(left, 0.0) * official[code] / pool for code in rest}
    return {code: float(named[code] if code in named else shared[code]) for code in official}


def _numbers(text: str) -> dict[str, float]:
    found = {}
    for term in filter(None, (part.strip() for part in text.split(","))):
        code, _, number = (piece.strip() for piece in term.rpartition(" "))
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not code or code in found or not math.isfinite(value):
            raise DataError(f"weights: {term!r} is no code and per cent; write such as H 30, F 10")
        found[code] = value
    return found


def hundredths(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights rounded to two decimals so that they still sum to 100, largest remainders up.

    Examples
    --------
    >>> hundredths({"a": 100 / 3, "b": 100 / 3, "c": 100 / 3})
    {'a': 33.34, 'b': 33.33, 'c': 33.33}
    """
    whole = {code: math.floor(100 * weight + SLACK) for code, weight in weights.items()}
    by_rest = sorted(weights, key=lambda code: whole[code] - 100 * weights[code])
    for code in by_rest[: 10_000 - sum(whole.values())]:
        whole[code] += 1
    return {code: count / 100 for code, count in whole.items()}


def weights_text(weights: Mapping[str, float]) -> str:
    """Weights at two decimals as the text of a scenario.

    Examples
    --------
    >>> weights_text({"H": 30.0, "F": 8.754, "P": 61.246})
    'H 30, F 8.75, P 61.25'
    """
    return ", ".join(f"{code} {weight:g}" for code, weight in hundredths(weights).items())


def rebalance(
    weights: Mapping[str, float],
    code: str,
    value: float,
    *,
    official: Mapping[str, float],
    locked: Iterable[str] = (),
) -> dict[str, float]:
    """Weights after one was moved: those not locked rescale in proportion, the sum stays 100.

    Parameters
    ----------
    weights : dict of per cent by part, before the move
    code, value : the part that is moved, and where to
    official : dict of per cent by part
        Its proportions hold where all that could rescale are at 0.
    locked : parts that keep their weight

    Examples
    --------
    >>> now = {"a": 50.0, "b": 30.0, "c": 20.0}
    >>> rebalance(now, "a", 75, official=now)
    {'a': 75.0, 'b': 15.0, 'c': 10.0}
    >>> rebalance(now, "a", 65, official=now, locked=["b"])
    {'a': 65.0, 'b': 30.0, 'c': 5.0}
    """
    free = [other for other in weights if other != code and other not in locked]
    if not free:
        return dict(weights)
    room = 100 - sum(weights[other] for other in weights if other != code and other in locked)
    value = max(
        min(float(value), room - SLACK), 0.0
    )  # at the right stop the others remember their shares
    base = weights if any(weights[other] > 0 for other in free) else official
    pool = sum(base[other] for other in free)
    scaled = {other: (room - value) * base[other] / pool for other in free}
    return {**weights, code: value, **scaled}
