"""Words for shares and numbers, each with published bounds; decided in fractions, never floats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

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


def _interval(text, *, number=None, share=True, most=None) -> Bounds:
    """An interval such as ``[9/10, 1)``, in multiples of a number (per cent of it for a share)."""
    scale = Fraction(1, 100) if number and share else Fraction(1)
    unit = Fraction(number or 1) * scale
    low, high = (part.strip() for part in text[1:-1].split(","))
    top = {"inf": None, "next": unit + _place(number or "1") * scale}
    end = top[high] if high in top else Fraction(high) * unit
    return Bounds(Fraction(low) * unit, end, text[0] == "[", text[-1] == "]", most, share)


def _place(number) -> Fraction:
    """Place value of a number's last digit that is not zero: 10 for 20 and 120, 100 for 300."""
    whole, _, decimals = number.partition(".")
    if decimals.strip("0"):
        return Fraction(1, 10 ** len(decimals.rstrip("0")))
    return Fraction(10 ** (len(whole) - len(whole.rstrip("0"))))
