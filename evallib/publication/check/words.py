"""Words of change and order, each with published bounds; a phrase that does not hold is refused."""

from __future__ import annotations

import math

from evallib.errors import DataError
from evallib.publication.hedges import holds
from evallib.rounding import NOISE_DECIMALS

# Change words tile the line of absolute points; `slight`, `important` and `large` are stated in
# advance. `important` is the smallest change that matters, or the smallest that assessor error
# cannot make (`detectable`), whichever is larger.
SLIGHT, IMPORTANT, LARGE = 0.5, 2.0, 5.0
DEGREES = {
    "基本持平": (0.0, SLIGHT), "略有": (SLIGHT, IMPORTANT), "略微": (SLIGHT, IMPORTANT),
    "小幅": (SLIGHT, IMPORTANT), "小幅度": (SLIGHT, IMPORTANT), "明显": (IMPORTANT, LARGE),
    "大幅": (LARGE, math.inf), "大幅度": (LARGE, math.inf),
}  # fmt: skip
ENGLISH = {
    "all": "全部", "the vast majority": "绝大多数", "most": "大多数", "more than half": "超过半数",
    "half or more": "半数以上", "nearly half": "近半数", "about half": "约半数", "some": "部分",
    "a minority": "少数", "a few": "个别", "unchanged": "持平", "much the same": "基本持平",
    "slightly": "略有", "clearly": "明显", "sharply": "大幅", "overall": "整体",
}  # fmt: skip


def degree_holds(word, change, *, important=IMPORTANT) -> bool:
    """Whether a word of degree is true of a change in points.

    Parameters
    ----------
    word : str, ``持平`` (equal in print) or one of ``DEGREES``
    change : float
    important : float
        The smallest change that matters; not less than ``detectable`` where the SEM is known.

    Raises
    ------
    ValueError
        If no bounds are published for the word.

    Examples
    --------
    >>> degree_holds("基本持平", -0.2), degree_holds("明显", 0.26), degree_holds("大幅", -7)
    (True, False, True)
    """
    size = round(abs(change), NOISE_DECIMALS)
    if word == "持平":
        return size == 0
    if word not in DEGREES:
        raise ValueError(f"no bounds are published for {word!r}; known are {', '.join(DEGREES)}")
    low, high = (important if bound == IMPORTANT else bound for bound in DEGREES[word])
    if word == "基本持平":
        return size <= SLIGHT
    above = size > low if low == SLIGHT else size >= low
    return above and size < high


def detectable(sem, *, sites=1, drift=0.0) -> float:
    """Smallest change of a mean of so many sites that assessor error does not make (95 %).

    Examples
    --------
    >>> round(detectable(0.5), 3), round(detectable(0.5, sites=52), 3)
    (1.386, 0.192)
    """
    return 1.96 * math.sqrt(2 * sem**2 / sites + 2 * drift**2)


def overall_holds(mean, median, rose, sites, *, sign=1) -> bool:
    """Whether a population changed as a whole: mean, median and a majority, all one way.

    Examples
    --------
    >>> overall_holds(0.24, -0.2, 25, 53), overall_holds(0.24, 0.1, 27, 53)
    (False, True)
    """
    most = rose if sign > 0 else sites - rose
    return mean * sign > 0 and median * sign > 0 and 2 * most > sites


def in_order(places) -> bool:
    """Whether ``依次`` is true of a list: every place is held by one site alone."""
    return all(len(tied) == 1 for tied in places)


def affirm(word, k=None, n=None, *, change=None, important=IMPORTANT) -> str:
    """The word itself where it holds; in English by its counterpart's bounds.

    Parameters
    ----------
    word : str
        A word for a share (with ``k`` and ``n``) or of degree (with ``change``), zh or en.

    Raises
    ------
    DataError
        If the word does not hold: another is to be chosen, none is put in its place.

    Examples
    --------
    >>> affirm("近半数", 24, 52), affirm("nearly half", 24, 52)
    ('近半数', 'nearly half')
    """
    known = ENGLISH.get(word, word)
    if change is not None:
        true, what = degree_holds(known, change, important=important), f"a change of {change:g}"
    else:
        true, what = holds(known, k, n), f"{k} of {n}"
    if not true:
        raise DataError(f"{word!r} does not hold of {what}; choose a word that does")
    return word
