"""Bars of points in a sentence, and the claims about the sites that they part off."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evallib.publication.bound import Claim, Figures, figures_of
from evallib.publication.check.catalogue import change_claim, number, part, scalar, sources
from evallib.publication.claims import ROUNDING, SUPPORTED
from evallib.rounding import round_number
from evallib.study.model import Study

if TYPE_CHECKING:
    from evallib.publication.check.catalogue import Sources
    from evallib.publication.check.context import Sentence
    from evallib.publication.check.hedging import Binding
    from evallib.publication.check.tokens import Mention

AT_THRESHOLD = "at_threshold"
# Read on the masked sentence, where `(含)` is 含含含 and `(不含)` 不含含含. 以上 and 以下 include
# their bar, 超过 and 低于 do not; 至 leaves it open.
_POINTS = r"(?P<{0}>#+)分?"
BARS = {
    "from": re.compile(r"(?<![D了过#])(?P<a>#+)分含*(?:及|或)?以上|(?:不低于|不少于)(?P<b>#+)分"),
    "over": re.compile(r"(?:(?<!不)超过|高于|大于)(?P<a>#+)分|(?P<b>#+)分不含+以上"),
    "upto": re.compile(
        r"(?<![D了过#])(?P<a>#+)分含*(?:及|或)?以[下内]|(?:不超过|不高于)(?P<b>#+)分"
    ),
    "under": re.compile(
        r"(?:(?<!不)低于|不足|不到|不满|未达到?|小于)(?P<a>#+)分|(?P<b>#+)分不含+以下"
    ),
}
RANGE = re.compile(
    r"(?<![D了过#])(?P<low>#+)分?(?P<lower>不?含+)?(?:至|到|-|—|~|–)+(?P<high>#+)分(?P<upper>不?含+)?"
)
# Gates and caps are no bars of totals, and beside a mean a bar is a hedge.
NO_TOTALS = re.compile("基础分|[加扣]分|平均|均分|中位|最[高低]分")
ENDS = {"": ("between", "and"), "含": ("from", "upto"), "不": ("over", "under")}
CODE = re.compile(r"(?:(from|over|between)(\d+(?:\.\d+)?))?(?:(upto|under|and)(\d+(?:\.\d+)?))?")
ASKED = re.compile(r"(?:count|share)\.(?=\D*\d)(?:from|over|between|upto|under)[\w.]*(?=:)")


def bar_code(sentence: Sentence, place: int) -> str:
    """The bar in the clause around a place: ``at_threshold``, or such as ``from85under90``.

    Empty where the clause has none, or several that name no single range.
    """
    found = [kind for kind, _ in _bars(sentence, place)]
    code = "".join(sorted(found, key=lambda kind: kind.startswith(("upto", "under", "and"))))
    if code == f"from{sentence.names.threshold}":
        return AT_THRESHOLD
    return code if CODE.fullmatch(code) else ""


def is_bar(sentence: Sentence, one: Mention) -> bool:
    """Whether a numeral is part of a bar."""
    return any(start <= one.start < end for _, (start, end) in _bars(sentence, one.start))


def _bars(sentence: Sentence, place: int) -> list[tuple[str, tuple[int, int]]]:
    """Kind with its number, and span, of every bar of a clause."""
    start, end = sentence.clause(place)
    values = {one.start: f"{one.value[0].normalize():f}" for one in sentence.of("number")}
    found, text = list[tuple[str, tuple[int, int]]](), sentence.masked[:end]
    if NO_TOTALS.search(text, start):
        return found
    for hit in RANGE.finditer(text, start):
        if hit.start("low") in values and hit.start("high") in values:
            for side, belongs, which in (("low", "lower", 0), ("high", "upper", 1)):
                kind = ENDS[(hit[belongs] or "")[:1]][which]
                found.append((kind + values[hit.start(side)], hit.span(side)))
    for kind, pattern in BARS.items():
        for hit in pattern.finditer(text, start):
            side = "a" if hit["a"] else "b"
            taken = any(span == hit.span(side) for _, span in found)
            if not taken and hit.start(side) in values:
                found.append((kind + values[hit.start(side)], hit.span(side)))
    return found


def bar_claims(study: Study, year: int, asked: set[str]) -> dict[str, Any]:
    """Claims about sites beyond bars, by id, for ids such as ``count.from85:department:2020``."""
    if not asked:
        return {}
    figures, found = figures_of(study), dict[str, Claim | None]()
    for name in asked:
        what, population, when = name.split(":")
        years = [int(y) for y in when.split("-")]
        kind = re.sub(r"^(?:delta|percentage)\.", "", what)
        if any(y not in study.years for y in years):
            continue
        claims = [_claim(sources(figures, y), kind, population) for y in years]
        parts = [claim for claim in claims if claim is not None]
        if len(parts) < len(claims):
            continue
        two = len(parts) == 2
        found[name] = _changed(figures, years, what, parts) if two else parts[0]
    return {name: claim for name, claim in found.items() if claim is not None}


def _changed(figures: Figures, years: list[int], what: str, parts: list[Claim]) -> Claim | None:
    then, now = (sources(figures, year) for year in years)
    old, new = map(scalar, parts)
    relative = what.startswith("percentage")
    if relative and not old:
        return None
    value = 100 * (new - old) / old if relative else new - old
    return change_claim(now, then, what.split(".")[0], parts[1], parts[0], value)


def _claim(now: Sources, what: str, population: str) -> Claim | None:
    """A count or a share; None where sites lie on an end that may or may not belong to the bar."""
    names = {name.replace(" ", ""): name for name in now.populations}
    if population not in names:
        return None
    inside, rules = now.inside(names[population]), now.data.rules
    shown = round_number(inside.total, rules.decimals, rules.rounding)
    kind, _, code = what.partition(".")
    counts = {int(reading.sum()) for reading in _readings(shown, code)}
    if len(counts) > 1:
        return None
    about, source = names[population], f"printed totals {now.year}"
    (k,) = counts
    if kind == "count":
        return number(now, what, about, k, 0, source)
    return part(now, what, about, k, len(shown), source)


def _readings(shown: np.ndarray, code: str) -> list[np.ndarray]:
    found = CODE.fullmatch(code)
    low, a, high, b = found.groups() if found else (None,) * 4
    above = {
        None: [shown == shown],
        "from": [shown >= float(a or 0)],
        "over": [shown > float(a or 0)],
    }
    below = {
        None: [shown == shown],
        "upto": [shown <= float(b or 0)],
        "under": [shown < float(b or 0)],
    }
    above["between"] = above["from"] + above["over"]
    below["and"] = below["upto"] + below["under"]
    return [x & y for x in above[low] for y in below[high]]


def settled(
    bindings: list[Binding], known: Mapping[str, Claim], judge: Callable[..., Any], threshold: str
) -> list[Binding]:
    """Bindings with every bar judged by the numbers that rest on it.

    A bar is a definition where they are; one ``以上`` of which they are not true is taken as a
    misprint of the threshold, and the numbers as about the threshold.
    """
    found = list(bindings)
    for code in dict.fromkeys(b.names[0] for b in found if b.role == "bar"):
        resting = [n for n, b in enumerate(found) if f".{code}:" in b.claim]
        firm = [n for n in resting if found[n].role == "whole" or not found[n].word]
        alone, first = re.fullmatch(r"from[\d.]+", code), (firm or resting)[:1]
        true = any(judge(found[n], known, "")[0] in (SUPPORTED, ROUNDING) for n in first)
        if (not resting and not alone) or (alone and true and not firm):
            continue  # a word for a share is true of many bars beside the threshold's
        misprint = alone and not true
        for n, b in enumerate(found):
            if misprint and n in resting:
                found[n] = replace(b, claim=b.claim.replace(f".{code}:", f".{AT_THRESHOLD}:"))
            if b.role == "bar" and b.names == (code,):
                found[n] = _as_threshold(b, threshold) if misprint else _as_definition(b)
    return found


def _as_threshold(bar: Binding, claim: str) -> Binding:
    return replace(bar, role="number", claim=claim, names=())


def _as_definition(bar: Binding) -> Binding:
    return replace(bar, role="definition", claim=f"bar.{bar.names[0]}", names=(str(bar.value),))
