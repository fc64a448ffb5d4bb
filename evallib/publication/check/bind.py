"""Numerals, hedge words and names of a text bound to claims, sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from evallib.publication.check import rules as table
from evallib.publication.check.bars import AT_THRESHOLD, bar_code, is_bar
from evallib.publication.check.context import Context, Sentence, field_values, finding_at, meant
from evallib.publication.check.hedging import Binding, hedge, word
from evallib.publication.check.lists import list_bindings
from evallib.publication.check.pairs import nodes_beside, respective_pairs
from evallib.publication.check.tokens import MARKER, mentions

if TYPE_CHECKING:
    from evallib.publication.check.rules import Rule
    from evallib.publication.check.tokens import Lexicon, Mention

SENTENCE = re.compile("[^。!?]+[。!?]?")
BREAK = re.compile("[,;:()]")
NUMERAL = re.compile(r"\d|[一二三四五六七八九十]")

Pairs: TypeAlias = "Mapping[int, Mention | None]"
Bound: TypeAlias = "tuple[Context, Binding | None]"  # the context behind a token, and what it says


def bind_paragraph(
    text: str, names: Lexicon, findings: Mapping[str, tuple[str, str]], root: str, whole: str = ""
) -> tuple[list[Binding], str]:
    """Bindings of one paragraph, in reading order, and of whom the letter's 总体 now speaks.

    Parameters
    ----------
    text : str, as ``plain`` gives it
    names : Lexicon
    findings : dict of finding code to text and population
    root : str, code of the whole, for indices
    whole : str
        Population of the 总体 that an earlier paragraph stated: a paragraph that names none and
        compares with 总体 speaks of it.
    """
    head = MARKER.match(text)
    text = " " * head.end() + text[head.end() :] if head else text
    text = text.replace("(含)", "含含含").replace("(不含)", "不含含含")
    context, found = Context(names.year), []
    for hit in SENTENCE.finditer(text):
        masked, mentioned = mentions(hit[0], names)
        sentence = Sentence(hit[0], masked, tuple(mentioned), names, findings, root)
        carried = context.next_sentence(names.year)
        if "总体" in hit[0] and not carried.population:
            carried = replace(carried, population=whole)
        context, bound = _bind(sentence, carried)
        whole = context.population if "总体" in hit[0] else whole
        bound += list_bindings(sentence, carried, bound)
        moved = [replace(b, start=b.start + hit.start(), end=b.end + hit.start()) for b in bound]
        found += sorted(moved, key=lambda b: b.start)
    return found, whole


def _bind(sentence: Sentence, context: Context) -> tuple[Context, list[Binding]]:
    pairs, found, outer = respective_pairs(sentence), list[Binding](), list[Context]()
    for _, event in _events(sentence):
        if isinstance(event, str):
            context, outer = _passed(event, context, outer)
            continue
        context, bound = _STEPS.get(event.kind, _nothing)(sentence, event, context, pairs)
        found += [bound] if bound else []
    return context, found


def _events(sentence: Sentence) -> list[tuple[float, Mention | str]]:
    """Mentions, breaks and cues by their place; a cue counts where it ends."""
    cues: dict[float, str] = {}
    for name, pattern in table.CUES:  # of two that end together the first counts
        for hit in pattern.finditer(sentence.masked):
            bar = bar_code(sentence, hit.start()) if name == "count.at_threshold" else ""
            cues.setdefault(hit.end() - 0.5, f"count.{bar}" if bar else name)
    breaks = {hit.start(): hit[0] for hit in BREAK.finditer(sentence.masked)}
    events: list[tuple[float, Any]] = [
        *cues.items(),
        *breaks.items(),
        *((one.start, one) for one in sentence.mentioned),
    ]
    return sorted(events, key=lambda event: event[0])


def _passed(event: str, context: Context, outer: list[Context]) -> tuple[Context, list[Context]]:
    """The context behind a break or a cue; what stands in brackets stays there."""
    if event == "(":
        return context, [*outer, context]
    if event == ")":
        return (outer[-1], outer[:-1]) if outer else (context, outer)
    if event in ",;:":
        return replace(context, comparing=False), outer
    return replace(context, metric=event), outer


def _nothing(sentence: Sentence, one: Mention, context: Context, pairs: Pairs) -> Bound:
    return context, None


def _population(sentence: Sentence, one: Mention, context: Context, pairs: Pairs) -> Bound:
    if sentence.masked[: one.start].endswith("(仅"):
        return context, None
    context = replace(context, population=meant(sentence, one, context), own=True)
    right = sentence.masked[one.end :]
    whole = re.match("(?:全部|所有)", one.text)  # 全部网站 is a word for a share, too
    if whole and right[:1] not in "中里内" and (code := finding_at(sentence, one, "个网站")):
        claim = f"share.finding.{code}:{context.population.replace(' ', '')}:{context.year}"
        return context, Binding(one.start, one.start + 2, "share", claim, word="全部")
    return context, None


def _year(sentence: Sentence, one: Mention, context: Context, pairs: Pairs) -> Bound:
    compared = table.COMPARED.search(sentence.masked[: one.start])
    moved: dict[str, Any] = (
        {"base": one.value, "comparing": True} if compared else {"year": one.value}
    )
    cited = Binding(one.start, one.end, "citation") if one.text[0].isdigit() else None
    return replace(context, **({"comparing": False} | moved)), cited


def _node(sentence: Sentence, one: Mention, context: Context, pairs: Pairs) -> Bound:
    under = [code for code in one.value if context.node and code.startswith(context.node + ".")]
    return replace(context, node=(under or one.value)[0]), None


def _site(sentence: Sentence, one: Mention, context: Context, pairs: Pairs) -> Bound:
    return replace(context, site=one.value), None


def _direction(sentence: Sentence, one: Mention, context: Context, pairs: Pairs) -> Bound:
    return replace(context, sign=one.value, comparing=False), None


def _citation(sentence: Sentence, one: Mention, context: Context, pairs: Pairs) -> Bound:
    return context, Binding(one.start, one.end, "citation") if NUMERAL.search(one.text) else None


def _number(sentence: Sentence, one: Mention, context: Context, pairs: Pairs) -> Bound:
    value, unit = one.value
    given = unit + sentence.masked[one.end :]
    bar = bar_code(sentence, one.start) if is_bar(sentence, one) else ""
    if bar not in ("", AT_THRESHOLD):
        return context, Binding(one.start, one.end, "bar", value=value, names=(bar,))
    if bound := _definition(sentence, one, value):
        return context, bound
    if one.start in pairs and pairs[one.start] is None:
        note = "as many names as numerals are needed, in the same order"
        return context, Binding(one.start, one.end, value=value, note=note)
    hedged, start, end, left, right = hedge(sentence, one, unit)
    fields = field_values(sentence, one, context, given, pairs.get(one.start))
    for rule in table.RULES:
        ruled = rule.claim.startswith("rule.")
        if not rule.fits(sentence.left(one.start) if ruled else left, right):
            continue
        if not rule.claim:
            break
        if claim := _filled(rule.claim, fields):
            sign = context.sign if rule.name == "signed" else 1
            role = rule.name if rule.name not in ("signed", "applicable") else "number"
            word_said = "" if ruled else hedged
            bound = Binding(start, end, role or "number", claim, sign * value, word_said)
            return _after(rule, claim, fields, context), _refined(sentence, one, bound, left)
    known = context if right[:1] not in "个家" else replace(context, metric="")
    return known, Binding(start, end, value=value)


def _filled(template: str, fields: Mapping[str, Any]) -> str:
    """The claim's id; empty where context leaves one of its braces open."""
    asked = re.findall(r"{(\w+)}", template)
    if any(fields[name] is None for name in asked):
        return ""
    return template.format(**fields)


def _after(rule: Rule, claim: str, fields: Mapping[str, Any], context: Context) -> Context:
    """The context behind a bound numeral: what it was about is what changes are changes of."""
    what, population, _ = claim.split(":")
    if rule.name == "applicable":
        return replace(context, applicable=True)
    if what.startswith("share."):
        what = "count." + what.removeprefix("share.").replace("applicable", "finding")
    kind = what.split(".")[0]
    if kind == "total":
        return replace(context, metric="total", site=population)
    if kind == "index":
        return replace(context, metric="index", node=what.removeprefix("index."))
    if what in ("count.above", "count.below"):
        return context
    if kind not in ("count", "mean", "median") and rule.claim != "{count}:{population}:{year}":
        return context
    return replace(context, metric=what, population=population.replace("&", " & "))


def _refined(sentence: Sentence, one: Mention, bound: Binding, left: str) -> Binding:
    """A numeral for every site alike, or one that counts nodes."""
    before = [w for w in sentence.of("word") if w.end <= one.start and w.value == "均"]
    if bound.claim.startswith("index.") and re.search("H(?:为|是|达到?)?$", left) and before:
        claim = bound.claim.replace("index.", "every.", 1)
        return replace(bound, role="every", claim=claim, start=before[-1].start)
    if re.search("D+了?[到至]$", left) and "初评" not in sentence.text:
        signs = [d.value for d in sentence.of("direction") if d.end <= one.start]
        return replace(bound, trend=signs[-1])
    if bound.role in ("low", "high"):
        nodes = [n for n in sentence.of("node") if n.start > one.start][: int(bound.value)]
        return replace(bound, names=tuple(n.value for n in nodes))
    return bound


def _definition(sentence: Sentence, one: Mention, value: Decimal) -> Binding | None:
    """A numeral of the words that define a finding, such as a time limit."""
    counted = re.match("[个项](?:[一二三]级)?指标", sentence.masked[one.end :])
    if counted and not sentence.masked[: one.start].endswith("的"):
        listed = nodes_beside(sentence, one)
        said: dict[str, Any] = {"value": value, "names": (str(listed),)}
        return Binding(one.start, one.end, "definition", "nodes", **said) if listed else None
    for code, (text, _) in sentence.findings.items():
        for hit in re.finditer(r"\d+(?:\.\d+)?", text):
            unit = text[hit.end() : hit.end() + 3]
            if unit and sentence.text.startswith(unit, one.end):
                year = sentence.names.year
                claim, words = f"finding:{code}:{year}", (hit[0],)
                return Binding(one.start, one.end, "definition", claim, value, names=words)
    return None


_STEPS = {
    "population": _population,
    "year": _year,
    "node": _node,
    "site": _site,
    "direction": _direction,
    "citation": _citation,
    "number": _number,
    "word": word,
}
