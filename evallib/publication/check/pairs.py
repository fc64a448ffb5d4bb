"""Numerals that belong, one by one, to names listed before them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evallib.publication.check.tokens import Mention

if TYPE_CHECKING:
    from evallib.publication.check.context import Sentence

AND = re.compile("[、和与及]|以及")
BETWEEN_NUMBERS = re.compile("(?:分|%|个|家|名|位)?(?:[、和与及,]|以及)(?:D+了?)?第?")
RESPECTIVELY = re.compile("(?:分别|分列|依次|HH)[^,;#]{0,14}$")


def respective_pairs(sentence: Sentence) -> dict[int, Mention | None]:
    """What each numeral of a list of several belongs to, by its place; None where they differ.

    ``甲、乙分别为0.1、0.2``: as many names as numerals, in the same order.
    """
    numbers, groups = sentence.of("number"), list[list[Mention]]()
    for one in numbers:
        gap = sentence.masked[groups[-1][-1].end : one.start] if groups else ""
        if groups and BETWEEN_NUMBERS.fullmatch(gap):
            groups[-1].append(one)
        else:
            groups.append([one])
    found: dict[int, Mention | None] = {}
    for group in (g for g in groups if len(g) > 1):
        start = group[0].start
        if not RESPECTIVELY.search(sentence.masked[:start]):
            continue
        runs = [run for run in _runs(sentence, start) if len(run) == len(group)]
        labels: Sequence[Mention | None] = runs[-1] if runs else [None] * len(group)
        found |= {one.start: label for one, label in zip(group, labels, strict=True)}
    return found


def nodes_beside(sentence: Sentence, one: Mention) -> int:
    """How many nodes are listed just before a numeral that counts them, or just behind it."""
    before = [run for run in _runs(sentence, one.start) if run[-1].end == one.start]
    behind = [
        run
        for run in _runs(sentence, len(sentence.masked))
        if re.fullmatch("[^,;#]{2,12}", sentence.masked[one.end : max(run[0].start, one.end)])
    ]
    nodes = [run for run in (before or behind) if run[0].kind == "node"]
    return len(nodes[0]) if nodes else 0


def _runs(sentence: Sentence, end: int) -> list[list[Mention]]:
    """Runs of mentions of one kind before a place that only commas and the like part."""
    runs = list[list[Mention]]()
    for kind in ("year", "site", "population", "node"):
        last: Mention | None = None
        for one in (m for m in sentence.of(kind) if m.end <= end):
            gap = sentence.masked[last.end : one.start] if last else None
            if gap is not None and AND.fullmatch(re.sub("年|指标|平均得?分|为|#+分", "", gap)):
                runs[-1].append(one)
            else:
                runs.append([one])
            last = one
    return sorted(runs, key=lambda run: run[-1].end)
