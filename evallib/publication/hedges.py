"""Words for shares, numbers, changes and order, each with published bounds.

Decided in fractions, never in floats. A word that does not hold is refused (``affirm``), never
softened: this table is all that the sentences, the claims and the checker of letters know of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from evallib.errors import DataError
from evallib.rounding import NOISE_DECIMALS

# 以上 and 以下 include their bound, 超过 and 不满 do not (Civil Code of China, art. 1259).
# Square brackets are closed ends of the share k / n, round ones open. Fixed in advance; not to be
# tuned after the data are seen.
SHARE_WORDS = {
    "全部": "[1, 1]",
    "绝大多数": "[9/10, 1]",
    "大多数": "[2/3, 1]",
    "超过半数": "(1/2, 1]",
    "半数以上": "[1/2, 1]",
    "近半数": "[45/100, 1/2)",
    "约半数": "[45/100, 55/100]",
    "部分": "(0, 1)",
    "少数": "(0, 1/3]",
    "个别": "(0, 1/10]",
}
MOST = {"个别": 3}  # words that also limit the number itself

# The same for a word with a number N, `近20%` of a share or `近30` of a count: multiples of N.
NUMBER_WORDS = {
    "近N": "[95/100, 1)",
    "约N": "[95/100, 105/100]",
    "超过N": "(1, inf)",
    "超N": "(1, 11/10]",
    "不足N": "[0, 1)",
    "不满N": "[0, 1)",
    "N以上": "[1, inf)",
    "N以下": "[0, 1]",
    "N余": "(1, next)",  # next: one more in N's last place that is not 0; 20余 lies below 30
}

# Words of degree tile the line of absolute points. `important` is the smallest change that matters,
# or the smallest that assessor error cannot make (`detectable`), whichever is larger.
SLIGHT, IMPORTANT, LARGE = 0.5, 2.0, 5.0
DEGREE_WORDS = {
    "持平": "[0, 0]",  # equal in print
    "基本持平": "[0, slight]",
    "略有": "(slight, important)", "略微": "(slight, important)",
    "小幅": "(slight, important)", "小幅度": "(slight, important)",
    "明显": "[important, large)",
    "大幅": "[large, inf)", "大幅度": "[large, inf)",
}  # fmt: skip
ENGLISH = {
    "all": "全部", "the vast majority": "绝大多数", "most": "大多数", "more than half": "超过半数",
    "half or more": "半数以上", "nearly half": "近半数", "about half": "约半数", "some": "部分",
    "a minority": "少数", "a few": "个别", "unchanged": "持平", "much the same": "基本持平",
    "slightly": "略有", "clearly": "明显", "sharply": "大幅",
}  # fmt: skip
_NUMBER = r"(?P<number>\d+(?:\.\d+)?)(?P<percent>%?)"
_PATTERNS = {
    word: re.compile(re.escape(word).replace("N", _NUMBER, 1) + "(?P<late>%?)")
    for word in NUMBER_WORDS
}


@dataclass(frozen=True)
class Bounds:
    """What a word allows: an interval, which of its ends belong to it, and of what it speaks.

    ``high`` is None where nothing limits it; ``most`` limits the number behind a share;
    ``share`` says whether k / n is meant or k itself.
    """

    low: Fraction
    high: Fraction | None
    low_included: bool
    high_included: bool
    most: int | None = None
    share: bool = True

    def contain(self, value: Fraction) -> bool:
        """Whether the value lies inside, ends as they belong."""
        above = value >= self.low if self.low_included else value > self.low
        if self.high is None:
            return above
        return above and (value <= self.high if self.high_included else value < self.high)


def bounds(word: str) -> Bounds:
    """Published bounds of a word for a share or a number.

    Raises
    ------
    ValueError
        If no bounds are published for the word.

    Examples
    --------
    >>> bounds("近半数").low, bounds("近20%").high, bounds("近20%").high_included
    (Fraction(9, 20), Fraction(1, 5), False)
    """
    if word in SHARE_WORDS:
        return _interval(SHARE_WORDS[word], most=MOST.get(word))
    for name, pattern in _PATTERNS.items():
        found = pattern.fullmatch(word)
        if found:
            share = bool(found["percent"] or found["late"])
            return _interval(NUMBER_WORDS[name], number=found["number"], share=share)
    known = ", ".join([*SHARE_WORDS, *NUMBER_WORDS])
    raise ValueError(f"no bounds are published for {word!r}; known are {known}")


def holds(word: str, k: int, n: int) -> bool:
    """Whether a word is true of k out of n; of k alone where the word's number is no percentage.

    Parameters
    ----------
    word : str
        A word of ``SHARE_WORDS``, or one of ``NUMBER_WORDS`` with a number for N.
    k, n : int
        0 <= k <= n, n at least 1.

    Raises
    ------
    ValueError
        If the word has no published bounds, or k and n are no part and whole.

    Examples
    --------
    >>> holds("近半数", 25, 52), holds("近半数", 26, 52), holds("约14%", 5, 36)
    (True, False, True)
    """
    if not 0 <= k <= n or n == 0:
        raise ValueError(f"{k} of {n} is no share")
    allowed = bounds(word)
    if allowed.most is not None and k > allowed.most:
        return False
    return allowed.contain(Fraction(k, n) if allowed.share else Fraction(k))


def degree_holds(word: str, change: float, *, important: float = IMPORTANT) -> bool:
    """Whether a word of degree is true of a change in points.

    Parameters
    ----------
    word : str, one of ``DEGREE_WORDS``
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
    if word not in DEGREE_WORDS:
        known = ", ".join(DEGREE_WORDS)
        raise ValueError(f"no bounds are published for {word!r}; known are {known}")
    marks = {"slight": SLIGHT, "important": important, "large": max(LARGE, important)}
    names = {name: Fraction(str(points)) for name, points in marks.items()}
    size = Fraction(str(round(abs(change), NOISE_DECIMALS)))
    return _interval(DEGREE_WORDS[word], names=names).contain(size)


def detectable(sem: float, *, sites: int = 1, drift: float = 0.0) -> float:
    """Smallest change of a mean of so many sites that assessor error does not make (95 %).

    Examples
    --------
    >>> round(detectable(0.5), 3), round(detectable(0.5, sites=52), 3)
    (1.386, 0.192)
    """
    return 1.96 * math.sqrt(2 * sem**2 / sites + 2 * drift**2)


def overall_holds(mean: float, median: float, rose: int, sites: int, *, sign: int = 1) -> bool:
    """Whether a population changed as a whole: mean, median and a majority, all one way.

    Examples
    --------
    >>> overall_holds(0.24, -0.2, 25, 53), overall_holds(0.24, 0.1, 27, 53)
    (False, True)
    """
    most = rose if sign > 0 else sites - rose
    return mean * sign > 0 and median * sign > 0 and 2 * most > sites


def in_order(places: tuple[tuple[str, ...], ...]) -> bool:
    """Whether ``依次`` is true of a list: every place is held by one site alone."""
    return all(len(tied) == 1 for tied in places)


def affirm(
    word: str,
    k: int | None = None,
    n: int | None = None,
    *,
    change: float | None = None,
    important: float = IMPORTANT,
) -> str:
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
    elif k is not None and n is not None:
        true, what = holds(known, k, n), f"{k} of {n}"
    else:
        raise ValueError("give a change, or k of n")
    if not true:
        raise DataError(f"{word!r} does not hold of {what}; choose a word that does")
    return word


def _interval(
    text: str,
    *,
    number: str | None = None,
    share: bool = True,
    most: int | None = None,
    names: Mapping[str, Fraction] | None = None,
) -> Bounds:
    """An interval such as ``[9/10, 1)``, in multiples of a number (per cent of it for a share)."""
    scale = Fraction(1, 100) if number and share else Fraction(1)
    unit = Fraction(number or 1) * scale
    known: dict[str, Any] = {"inf": None, "next": unit + _place(number or "1") * scale}
    known |= names or {}
    low, high = (
        known[end] if end in known else Fraction(end) * unit for end in text[1:-1].split(", ")
    )
    return Bounds(low, high, text[0] == "[", text[-1] == "]", most, share)


def _place(number: str) -> Fraction:
    """Place value of a number's last digit that is not zero: 10 for 20 and 120, 100 for 300."""
    whole, _, decimals = number.partition(".")
    if decimals.strip("0"):
        return Fraction(1, 10 ** len(decimals.rstrip("0")))
    return Fraction(10 ** (len(whole) - len(whole.rstrip("0"))))
