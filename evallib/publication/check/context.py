"""What a sentence speaks of at a numeral: of whom, when, and of which figure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from evallib.publication.check import rules as table
from evallib.publication.check.bars import bar_code
from evallib.publication.check.tokens import Lexicon, Mention
from evallib.publication.hedges import SHARE_WORDS

SIMILAR = 0.4  # part of a finding's pairs of characters that a passage about it shares


@dataclass(frozen=True)
class Sentence:
    """A sentence, its masked form, and what it mentions; findings by code: text, population."""

    text: str
    masked: str
    mentioned: tuple[Mention, ...]
    names: Lexicon
    findings: Mapping[str, tuple[str, str]]
    root: str

    def of(self, *kinds: str) -> list[Mention]:
        """Mentions of these kinds, in their order."""
        return [one for one in self.mentioned if one.kind in kinds]

    def left(self, end: int) -> str:
        """The masked sentence up to a place, without brackets that are closed by then."""
        return re.sub(r"\([^()]*\)", "", self.masked[:end])

    def clause(self, place: int) -> tuple[int, int]:
        """Start and end of the stretch between commas and the like around a place."""
        breaks = [hit.start() for hit in re.finditer("[,;:()]", self.masked)]
        start = max((b + 1 for b in breaks if b < place), default=0)
        return start, min((b for b in breaks if b >= place), default=len(self.masked))


@dataclass(frozen=True)
class Context:
    """What has been spoken of; population and metric are carried through a paragraph."""

    year: int
    population: str = ""
    metric: str = ""
    own: bool = False  # whether the population was named in this very sentence
    base: int | None = None
    comparing: bool = False
    node: str = ""
    site: str = ""
    applicable: bool = False
    sign: int = 1

    def next_sentence(self, year: int) -> Context:
        """What a new sentence of the same paragraph starts with."""
        return Context(year, self.population, self.metric)


def field_values(
    sentence: Sentence, one: Mention, context: Context, right: str, pair: Mention | None
) -> dict[str, Any]:
    """What the braces of a rule's claim stand for at a numeral; None where context does not say.

    Parameters
    ----------
    sentence : Sentence
    one : Mention of the numeral
    context : Context
    right : str, masked text behind the numeral
    pair : Mention or None
        What the numeral belongs to where several are listed respectively.
    """
    if pair is not None:
        context = paired(context, pair)
    if context.metric == "mean.initial":
        if re.search("D+了?[到至]$", sentence.masked[: one.start]):
            context = replace(context, metric="mean")
    elif re.search("[从由]第?$", sentence.masked[: one.start]):
        context = replace(context, base=context.base or sentence.names.previous, comparing=True)
    behind = re.match("(?:[个家%名位余多]|以[上下]|左右)*的?(P+)", right)
    if behind and pair is None:
        start = one.end + behind.start(1) - (len(right) - len(sentence.masked) + one.end)
        followed = next((p for p in sentence.of("population") if p.start == start), None)
        if followed:
            context = replace(context, population=meant(sentence, followed, context), own=True)
    code = finding_at(sentence, one, right)
    count, share = _count(sentence, one, context, right, code), _share(sentence, one, context, code)
    finding = ".".join((count or "").split(".")[2:]) or code
    population: str | None = context.population or "all"
    if finding in sentence.findings and not context.own and code:
        population = sentence.findings[finding][1]
    score = context.metric or _cue_ahead(sentence, one)
    score = f"index.{context.node}" if score.startswith("index") else score
    base = context.base or (
        context.year if context.year < sentence.names.year else sentence.names.previous
    )
    later = context.year if base is None or context.year > base else sentence.names.year
    sites = [s.value for s in sentence.of("site") if s.start > one.start]
    if restricted(sentence, one, code):  # no claim is about these sites alone
        population = None
    here = population and population.replace(" ", "")
    site = context.site or next(iter(sites), None)
    return {
        "now": sentence.names.year,
        "year": context.base if context.comparing else context.year,
        "span": None if base is None else f"{base}-{later}",
        "population": here,
        "whose": context.site if score == "total" else here,
        "node": context.node or None,
        "root": sentence.root or None,
        "site": site,
        "placed": None if _among(sentence, one) else site,
        "paired": pair.value if pair is not None and pair.kind == "site" else None,
        "score": score if re.match(r"mean|median|total|index\..", score) else None,
        "list": "improved" if "进步" in sentence.text or "上升" in sentence.text else "order",
        "count": count,
        "share": share,
        "level": count or (score if score in ("mean", "median") else None),
        "finding": finding or None,
    }


def meant(sentence: Sentence, one: Mention, context: Context) -> str:
    """The population that a mention names: a class within a group that was named just before."""
    if one.value not in sentence.names.classes:
        return one.value
    others = [p for p in sentence.of("population") if p.start < one.start]
    before = [p for p in others if p.value not in sentence.names.classes]
    start = before[-1].start if before else 0
    group = (before[-1].value if before else context.population or "all").split(" & ")[0]
    inside = table.WITHIN.search(sentence.masked[start : one.start])
    alone = group == "all" or group in sentence.names.classes or not inside
    return one.value if alone else f"{group} & {one.value}"


def _among(sentence: Sentence, one: Mention) -> bool:
    """Whether a place is one among part of the sites, of which no places are claimed."""
    start, _ = sentence.clause(one.start)
    start = max((s.end for s in sentence.of("site") if s.end <= one.start), default=start)
    among = [p.value for p in sentence.of("population") if start <= p.start < one.start]
    return bool(among) and among[-1] != "all"


def restricted(sentence: Sentence, one: Mention, finding: str) -> bool:
    """Whether a token speaks of a part of its population, or of the sites of another finding."""
    left = sentence.left(one.start).rpartition(";")[2]
    hits = list(table.RESTRICTED.finditer(left))
    inside = bool(hits) and "P" not in left[hits[-1].end() :]
    return inside or (bool(finding) and "其中" in left)


def paired(context: Context, mention: Mention) -> Context:
    """The context of a numeral that belongs to one of several mentions."""
    if mention.kind == "node":
        return replace(context, node=mention.value[0])
    if mention.kind == "population":
        return replace(context, population=mention.value, own=True)
    if mention.kind == "site":
        return replace(context, site=mention.value)
    return replace(context, year=mention.value, comparing=False)


def _cue_ahead(sentence: Sentence, one: Mention) -> str:
    """The first word in the rest of a numeral's clause that says what figure it is."""
    _, end = sentence.clause(one.start)
    hits = [(p.search(sentence.masked, one.end, end), name) for name, p in table.CUES]
    return min(((hit.start(), name) for hit, name in hits if hit), default=(0, ""))[1]


def _is_count(metric: str) -> bool:
    return metric.startswith(("count.", "units", "applicable."))


def _count(
    sentence: Sentence, one: Mention, context: Context, right: str, finding: str
) -> str | None:
    """The number of sites that a numeral is: of a year before, at the bar, with a finding, all."""
    changed = re.search("D[^,;#]{0,4}$", sentence.masked[: one.start])
    if (context.comparing or changed or right[:1] == "%") and _is_count(context.metric):
        return context.metric
    if bar := bar_code(sentence, one.start):
        return f"count.{bar}"
    start, end = sentence.clause(one.start)
    if table.OTHER_BAR.search(sentence.masked, start, end):
        return None
    left = sentence.left(one.start)[start:]
    part = re.search("(?<!参评)的$", left)
    if part and finding and re.match(f"[个家]{table.SITES}[中里内]", right):
        return f"applicable.finding.{finding}"
    if finding:
        return f"count.finding.{finding}"
    named = re.search(f"P{table.FILL}$", left)
    if (
        named
        and context.metric.startswith("count.")
        and table.WITHIN.search(sentence.left(one.start))
    ):
        return context.metric
    if named and table.PART_OF.search(sentence.left(one.start)):
        return None
    of_sites = re.match(f"[个家]的?{table.SITES}", right) and not part
    if of_sites or named or table.ALL_OF_THEM.match(left):
        return "units"
    return context.metric if _is_count(context.metric) else None


def _share(sentence: Sentence, one: Mention, context: Context, finding: str) -> str | None:
    """The part of a whole that a percentage or a word is about."""
    start, _ = sentence.clause(one.start)
    part = "占" in sentence.masked[start : one.start] and _is_count(context.metric)
    if not part and finding:
        return f"share.finding.{finding}"
    if not part and (bar := bar_code(sentence, one.start)):
        return f"share.{bar}"
    if not context.metric.startswith("count."):
        return None
    what = context.metric.removeprefix("count.")
    return "share." + (what.replace("finding", "applicable") if context.applicable else what)


def finding_at(sentence: Sentence, one: Mention, right: str = "") -> str:
    """Code of the finding that the words before or behind a token describe; empty if none."""
    fences = [0, len(sentence.text)]
    fences += [hit.end() for hit in re.finditer(";", sentence.text)]
    for other in sentence.of("word", "number", "population"):
        shares = other.text[:2] in SHARE_WORDS or other.value in SHARE_WORDS
        if other.start != one.start and (shares or sentence.masked.startswith("%", other.end)):
            fences += [other.start]
    before = sentence.text[max(f for f in fences if f <= one.start) : one.start]
    after = sentence.text[one.end : min(f for f in fences if f >= one.end)]
    leads = re.match(f"[%个家]?的?{table.SITES}", right)
    passages = (after, before) if leads else (before, after)
    return next(filter(None, (_similar(passage, sentence.findings) for passage in passages)), "")


def _similar(passage: str, findings: Mapping[str, tuple[str, str]]) -> str:
    """The finding whose words the passage has most of; what is denied must be so in both."""
    score = {code: _shared(passage, text) for code, (text, _) in findings.items()}
    best = max(score, key=lambda code: score[code], default="")
    return best if best and score[best] >= SIMILAR else ""


def _shared(passage: str, text: str) -> float:
    """Part of a finding's pairs of characters that a passage has; none where one denies it."""
    wanted = pairs_of(text)
    shared = wanted & pairs_of(passage)
    end = max((passage.rfind(pair) + 2 for pair in shared), default=0)
    said = passage[:end]
    if {_worth(text), _worth(passage[: end + 2])} == {"good", "bad"}:
        return 0.0
    if bool(table.DENIAL.search(said)) != bool(table.DENIAL.search(text)):
        return 0.0
    return len(shared) / max(len(wanted), 1)


def _worth(text: str) -> str:
    """Whether the last word of worth in a text is of the good or of the bad; empty without one."""
    return next((hit.lastgroup or "" for hit in reversed([*table.WORTH.finditer(text)])), "")


def pairs_of(text: str) -> set[str]:
    """Neighbouring pairs of characters of a text, without punctuation.

    Examples
    --------
    >>> sorted(pairs_of("不同源，不同"))
    ['不同', '同源']
    """
    return {a + b for part in re.findall(r"\w+", text) for a, b in pairwise(part)}
