"""Lists of sites in a sentence, and rows of a table of sites, bound name by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from evallib.publication.check import rules as table
from evallib.publication.check.hedging import Binding
from evallib.publication.check.pairs import respective_pairs
from evallib.study.scheme import Scheme

if TYPE_CHECKING:
    from evallib.publication.check.context import Context, Sentence
    from evallib.publication.check.tokens import Lexicon, Mention

Item: TypeAlias = "tuple[int, int, Mention | None]"  # start, end and site of a name in a list

ITEM = re.compile("[^、和与及,;:。()]+")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
LONGEST_NAME = 12
# Heads of columns in a table of sites, and the claim that a number below makes.
NAME_HEADS = re.compile("(?:单位|网站|部门|站点)(?:名称)?")
HEADS = [
    (re.compile("名次|排名|位次"), "rank"),
    (re.compile("加分(?:.分.)?"), "bonus"),
    (re.compile("扣分(?:.分.)?"), "penalty"),
    (re.compile("(?:总|总得|综合得|最终得)分(?:.分.)?|得分"), "total"),
]


def list_bindings(sentence: Sentence, context: Context, bound: list[Binding]) -> list[Binding]:
    """Bindings of the names of each list of sites.

    A list is two sites or more, or one where the words before it announce a list. Bindings in
    ``bound`` that say how long a list is, or that it is complete, get its names.
    """
    found, paired = list[Binding](), [*respective_pairs(sentence).values()]
    for items in _lists(sentence):
        role, names = _role(sentence, items), tuple(s.value if s else None for *_, s in items)
        respectively = not role and all(item[2] in paired for item in items)
        announced = role and re.search("[:为是有]$", sentence.masked[: items[0][0]])
        if respectively or (len(items) < 2 and not announced):
            continue
        found += _named(sentence, context, items, role, names)
        for place, one in enumerate(bound):
            ahead = one.role in ("top", "listed", "complete", "strict") and one.end <= items[0][0]
            behind = one.role in ("top", "listed") and 0 < one.start - items[-1][1] < 5
            if (ahead or behind) and not one.names:
                bound[place] = replace(one, names=names)
    return found


def _lists(sentence: Sentence) -> list[list[Item]]:
    """Runs of start, end and site, parted by 、 and the like; an unknown name has no site."""
    sites, text, runs = sentence.of("site"), sentence.masked, list[list[Item]]()
    for hit in ITEM.finditer(text):
        site = next((one for one in sites if hit.start() <= one.start < hit.end()), None)
        first = site is not None and site.start == hit.start()
        gap = text[runs[-1][-1][1] : hit.start()] if runs else ""
        if re.fullmatch("[、和与及]|以及", gap) and (first or _may_be_name(site, hit)):
            runs[-1].append((hit.start(), site.end if site and first else hit.end(), site))
        elif site:
            runs.append([(site.start, site.end, site)])
    for run in runs:
        while run[-1][2] is None and not re.match("[。;,]|$", text[run[-1][1] :]):
            run.pop()
    return runs


def _may_be_name(site: Mention | None, hit: re.Match[str]) -> bool:
    return site is None and len(hit[0]) <= LONGEST_NAME and "#" not in hit[0]


def _role(sentence: Sentence, items: list[Item]) -> str:
    left, right = sentence.masked[: items[0][0]], sentence.masked[items[-1][1] :]
    for role, before, behind in table.LISTS:
        if (not before or re.search(before, left)) and (not behind or re.search(behind, right)):
            return role
    return ""


def _named(
    sentence: Sentence,
    context: Context,
    items: list[Item],
    role: str,
    names: tuple[str | None, ...],
) -> Iterator[Binding]:
    own = [p.value for p in sentence.of("population") if p.start < items[0][0]]
    population = (own[-1] if own else context.population or "all").replace(" ", "")
    year = sentence.names.year
    how = {"order": "place", "last": "place", "tied": "tied", "improved": "member"}.get(role, "one")
    for position, (start, end, site) in enumerate(items, start=1):
        said, note = f"{role}:{population}:{year}", f"{role} list" if role else "a list of what?"
        if site is None:
            said, note = "", f"names no unit of {year}"
        elif role == "tied":
            said = f"rank:{site.value}:{year}"
        yield Binding(start, end, how, said * bool(role), Decimal(position), names=names, note=note)


def row_bindings(
    rows: list[list[str]], names: Lexicon, scheme: Scheme | None
) -> list[list[Binding]]:
    """Bindings of the numbers in the rows of one table; places are those in the joined row."""
    columns = [_name_column(row) for row in rows]
    head = next((n for n, column in enumerate(columns) if column is not None), len(rows))
    claims = [_column_claim(cell, scheme) for cell in rows[head]] if head < len(rows) else []
    bound = []
    for n, row in enumerate(rows):
        column = columns[head] if n > head else None
        unit = names.sites.get(row[column], "") if column is not None else ""
        bound.append(list(_row(row, unit, claims if n > head else [], names.year)))
    return bound


def _name_column(row: list[str]) -> int | None:
    heads = (n for n, cell in enumerate(row) if NAME_HEADS.fullmatch(re.sub(r"\s", "", cell)))
    return next(heads, None)


def _column_claim(cell: str, scheme: Scheme | None) -> str:
    head = re.sub(r"\s", "", cell)
    codes = {name: code for code, name in scheme.names().items()} if scheme else {}
    known = next((claim for pattern, claim in HEADS if pattern.fullmatch(head)), "")
    return known or (f"index.{codes[head]}" if head in codes else "")


def _row(row: list[str], unit: str, claims: list[str], year: int) -> Iterator[Binding]:
    start = 0
    for n, cell in enumerate(row):
        what = claims[n] if unit and n < len(claims) else ""
        if NUMBER.fullmatch(cell):
            said = f"{what}:{unit}:{year}" if what else ""
            yield Binding(start, start + len(cell), "number" if what else "", said, Decimal(cell))
        start += len(cell) + 1
