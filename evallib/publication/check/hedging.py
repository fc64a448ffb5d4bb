"""Hedges around numerals, and words that are claims by themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from evallib.publication.check import rules as table
from evallib.publication.check.bars import bar_code
from evallib.publication.check.context import field_values, finding_at, meant, restricted
from evallib.publication.check.tokens import SAME_WORD
from evallib.publication.hedges import SHARE_WORDS

if TYPE_CHECKING:
    from evallib.publication.check.context import Context, Sentence
    from evallib.publication.check.tokens import Mention


@dataclass(frozen=True)
class Binding:
    """A token of the text and the claim that it makes.

    ``role`` says how the claim is to be read: number, rate, every, share, zero, whole, degree,
    overall, complete, strict, top, listed, place, member, tied, low, high, definition, citation
    or nothing; ``value`` is the number said, ``word`` the hedge, ``names`` what is listed with it.
    """

    start: int
    end: int
    role: str = ""
    claim: str = ""
    value: Any = None  # a Decimal wherever the role has a number
    word: str = ""
    names: tuple[Any, ...] = ()
    note: str = ""
    trend: int = 0  # the way in which a figure is said to have come where it is


def hedge(sentence: Sentence, one: Mention, unit: str) -> tuple[str, int, int, str, str]:
    """The hedge around a numeral as a word of ``hedges``, its span, and what lies beyond it."""
    start, end = one.start, one.end
    left, right = sentence.left(start), unit + sentence.masked[end:]
    alone = re.search(table.ONE_FIGURE, left[sentence.clause(start)[0] :])
    behind = table.HEDGED_FIGURE if alone else table.HEDGED_BEHIND
    front, back = table.HEDGED_BEFORE.search(left), behind.match(right)
    number = f"{one.value[0]}" + ("%" if right[:1] == "%" else "")
    end += len(right) - len(right.removeprefix("%")) if not unit else 0
    word = ""
    if back:
        kind = back.lastgroup or ""
        word = {"more": f"{number}余", "about": f"约{number}"}.get(kind) or number + (
            "以下" if back["bound"] == "以内" else back["bound"]
        )
        right = right.replace(back[kind], "", 1)
        end = one.end + back.end() - len(unit)
    if front and back:
        word = front[0] + word  # two hedges: no bounds are published for them together
    elif front:
        says = table.BEFORE[front[0]]
        word = number + says if says in ("以上", "以下") else says + number
    if front:
        left, start = left[: front.start()], start - len(front[0])
    return word, start, end, left, right


def word(
    sentence: Sentence, one: Mention, context: Context, pairs: Mapping[int, Mention | None]
) -> tuple[Context, Binding | None]:
    """Words for a share, for none, for all, for order and for the degree of a change."""
    right = sentence.masked[one.end :]
    say: dict[str, Any] = {"start": one.start, "end": one.end, "word": one.value}
    fields = field_values(sentence, one, context, right, None)
    if one.value in SHARE_WORDS or one.value in SAME_WORD:
        return _share_word(sentence, one, context, right, fields, say)
    span, population = fields["span"], fields["population"]
    if re.match("均?(?:未|没有|无)", one.value):
        return context, _zero(sentence, one, right, fields, say)
    if one.value == "均":
        if re.match("(?:为|是|达到?)?#", right):
            return context, None  # belongs to its numeral
        bar = bar_code(sentence, one.start) if re.match(f"{table.TO_BAR}#+分", right) else ""
        claim = f"share.{bar}:{population}:{fields['year']}" if bar else ""
        return context, Binding(role="whole", claim=claim, **say)
    if one.value == "依次":
        if not re.match("[为是有]?:?S", right):
            return context, None  # respectively
        return context, Binding(role="strict", claim=f"order:{population}:{fields['year']}", **say)
    if one.value == "明显" and not right.startswith("D"):
        claim = f"improved:{population}:{fields['now']}"
        return context, Binding(role="complete", claim=claim, **say)
    if one.value[0] == "最":
        return context, _extreme(sentence, one, context, fields, say)
    if one.value.startswith("整体"):
        sign = 1 if sentence.of("direction")[0].value > 0 else -1
        claim = f"gains:{population}:{span}"
        return context, Binding(role="overall", claim=claim, value=Decimal(sign), **say)
    level = fields["score"] or fields["count"]
    claim = f"delta.{level}:{population}:{span}" if level and span else ""
    ways = [d.value for d in sentence.of("direction") if d.start == one.end]
    return context, Binding(role="degree", claim=claim, trend=sum(ways), **say)


def _extreme(
    sentence: Sentence,
    one: Mention,
    context: Context,
    fields: Mapping[str, Any],
    say: Mapping[str, Any],
) -> Binding:
    """That a node is the highest or the lowest of its siblings."""
    parent = sentence.names.parents.get(context.node, "")
    claim = f"order.{parent}:{fields['population']}:{fields['year']}" if parent else ""
    role = "high" if one.value[-1] == "高" else "low"
    return Binding(role=role, claim=claim, value=Decimal(1), names=((context.node,),), **say)


def _share_word(
    sentence: Sentence,
    one: Mention,
    context: Context,
    right: str,
    fields: dict[str, Any],
    say: Mapping[str, Any],
) -> tuple[Context, Binding | None]:
    if not re.match("的?P", right):
        start, _ = sentence.clause(one.start)
        before = [p for p in sentence.of("population") if start <= p.start < one.start]
        code = finding_at(sentence, one, right)
        own = sentence.findings[code][1] if code else fields["population"]
        named = meant(sentence, before[-1], context) if before else own
        fields["population"] = named.replace(" ", "")
    if not fields["share"] and one.value == "全部" and right[:1] in "P":
        return context, None  # a population and no share
    if not fields["share"] or restricted(sentence, one, finding_at(sentence, one, right)):
        return context, Binding(role="share", **say)
    claim = f"{fields['share']}:{fields['population']}:{fields['year']}"
    metric = "count." + fields["share"].removeprefix("share.")
    moved = replace(context, metric=metric, population=fields["population"].replace("&", " & "))
    return moved, Binding(role="share", claim=claim, **say)


def _zero(
    sentence: Sentence,
    one: Mention,
    right: str,
    fields: Mapping[str, Any],
    say: Mapping[str, Any],
) -> Binding | None:
    """None at all: of vetoes, or of a finding. Other denials say nothing that is counted."""
    if re.match("[^,;。]{0,8}单项否决", right):
        claim = f"count.vetoed:{fields['population']}:{fields['year']}"
    elif "发现" in one.value and (code := finding_at(sentence, one, "个网站")):
        claim = f"count.finding.{code}:{fields['population']}:{fields['year']}"
    else:
        return Binding(role="zero", **say) if one.value.startswith("均") else None
    return Binding(role="zero", claim=claim, value=Decimal(0), **say)
