"""What a Chinese sentence mentions: numerals, hedges, directions, years, populations, names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from evallib.publication.hedges import SHARE_WORDS
from evallib.study.model import Study

# Mentions are cut out of the sentence one kind after the other; each leaves its letter behind,
# once per character, so that rules read a sentence such as `PPPP平均分为#####,比YYYY年DD####分`.
MASK = {
    "citation": "C",
    "year": "Y",
    "population": "P",
    "site": "S",
    "node": "N",
    "number": "#",
    "word": "H",
    "direction": "D",
}
DATE = r"(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日|底|初|份|[上中下]旬)?"
CITATION = re.compile(
    r"《[^》]*》|“[^”.%分个家]{1,20}”"  # titles of documents, slogans
    r"|[〔\[(]\d{4}[〕\])]\s*\d+号|第?\d+号(?=令|文|公告|通知)"
    rf"|(?<!\d){DATE}(?:[至到—-]{DATE})?|\d{{4}}-\d{{1,2}}-\d{{1,2}}"
    r"|[(]?(?:(?<![一-鿿])|(?<=[见如]))(?:图|表|附件)\s*\d+[)]?"
)
ORDINAL = "[一二三四五六七八九十]+"
MARKER = re.compile(rf"\s*(?:{ORDINAL}、|[(](?:{ORDINAL}|\d+)[)]|\d+[.、](?!\d))")
YEAR = re.compile(r"(?<![\d.])(?:19|20)\d\d(?=年|[-—~至]\d{4}年)|[今本去上]年(?!度?末)|上一?年度")
DIGITS = "零一二三四五六七八九"
CHINESE = "[一二两三四五六七八九十百]+"
NUMBER = re.compile(
    r"(?P<plain>(?:(?<![\d.%分A-Za-z])-)?(?<![\dx.])(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?)"
    rf"|百分之(?P<percent>{CHINESE})"
    rf"|(?P<tenths>[一二两三四五六七八九])成(?![立为果效绩就])"
    rf"|(?:(?<=第)(?P<place>{CHINESE})(?=[名位年])|(?<=[列居名数持联]第)(?P<alone>{CHINESE}))|(?<=[前后])(?P<top>{CHINESE})(?=[名位家])"
    rf"|(?<=连续)(?P<run>{CHINESE})(?=年)|(?P<spoken>{CHINESE}点[{DIGITS}]+)"
    r"|(?<=[居列P])(?P<head>首位|榜首)"
    rf"|(?P<whole>[二三四五六七八九十])分之(?P<part>[一二三四五六七八九])"
    r"|(?:(?<=仅)|(?<=[仅只]有)|(?!一[个家名位项]))"  # 一个 is no number, 仅一个 is
    rf"(?P<chinese>{CHINESE})(?=余?[个家名位项](?!人))"
)
UP = (
    "提高|提升|上升|增加|增长|上涨|回升|增幅|升幅|涨幅|前进|高出"
    "|进步(?=了?#)|(?<!最)高(?=了?#)|(?<![最至])多(?=了?#)"
)
DOWN = "下降|下滑|降低|减少|回落|降幅|减幅|跌幅|退步|(?<!最)低(?=了?#)|(?<![最至])少(?=了?#)"
DIRECTION = re.compile(f"(?P<up>{UP})|(?P<down>{DOWN})")
# Another way to write a word of `hedges`; what stands for itself has no published bounds.
SAME_WORD = {
    "绝大部分": "绝大多数", "大部分": "大多数", "过半数": "超过半数", "过半": "超过半数",
    "一半以上": "半数以上", "超过一半": "超过半数", "近一半": "近半数", "近半": "近半数",
    "超半数": "超过半数", "超半": "超过半数", "接近半数": "近半数",
    "接近一半": "近半数", "将近半数": "近半数", "约一半": "约半数", "极少数": "少数",
    "所有": "全部", "多数": "多数", "半数": "半数", "一半": "一半", "不少": "不少",
    "许多": "许多", "若干": "若干",
}  # fmt: skip
ZERO = r"均?(?:未|没有)(?:发生|出现|被|受到|发现)|无(?=单项否决)"
CHANGE = (
    "基本持平|持平|(?:略有|略微|明显|显著|大幅度?|小幅度?)(?=D)|整体D+"
    "|(?:(?<=D)|(?<=D[较最])|(?<=进步)|(?<=进步[较最]))明显(?=的)"
)
WORD = re.compile(
    "|".join(
        [
            ZERO,
            CHANGE,
            "依次",
            "(?:(?<=N)|(?<=得分指数)|(?<=得分率)|(?<=中))最[高低](?!分|的#)",
            *sorted({*SHARE_WORDS, *SAME_WORD} - {"部分", "少数"}, key=len, reverse=True),
            "(?<![各两三四五几一二成])部分",
            "少数(?!民族)",
            "(?<![平人年月日])均(?![衡等值分要应须需可])",
        ]
    )
)


@dataclass(frozen=True)
class Mention:
    """Something that a sentence mentions: a span of it, and what it means."""

    kind: str
    text: str
    start: int
    end: int
    value: Any = None


@dataclass(frozen=True)
class Lexicon:
    """The names that a study gives to populations, sites, nodes and findings in one year."""

    year: int
    previous: int | None
    population: re.Pattern[str]
    codes: dict[str, str]
    sites: dict[str, str]
    site: re.Pattern[str]
    nodes: dict[str, tuple[str, ...]]
    node: re.Pattern[str]
    threshold: str
    parents: dict[str, str]
    classes: frozenset[str]


def lexicon(study: Study, year: int) -> Lexicon:
    """The names of one year of a study."""
    data = study.years[year]
    names = _site_names(study, year)
    nodes = defaultdict(list)
    for node in data.scheme.nodes if data.scheme else ():
        if len(node.name_zh) > 1:
            nodes[node.name_zh].append(node.code)
    pattern, codes = _populations(study)
    return Lexicon(
        year,
        study.year_before(year),
        pattern,
        codes,
        names,
        _any_of(names),
        {name: tuple(found) for name, found in nodes.items()},
        _any_of(nodes),
        f"{Decimal(str(data.rules.threshold)).normalize():f}",
        {node.code: node.parent for node in data.scheme.nodes} if data.scheme else {},
        frozenset(study.classes),
    )


def _site_names(study: Study, year: int) -> dict[str, str]:
    units, day = study.years[year].units, date(year, 12, 31)
    rows = study.aliases.itertuples() if len(study.aliases) else ()
    known = {
        row.alias: row.unit
        for row in rows
        if row.unit in units.index and row.valid_from <= day <= row.valid_to
    }
    return known | {name: unit for unit, name in units["name_zh"].items() if len(name) > 1}


def _any_of(names: Mapping[str, str | list[str]]) -> re.Pattern[str]:
    longest = sorted(map(re.escape, names), key=len, reverse=True)
    return re.compile("|".join(longest) or r"(?!)")


def _populations(study: Study) -> tuple[re.Pattern[str], dict[str, str]]:
    """Pattern of everything that names a population, and the code behind each name in it."""
    codes = {names.zh: code for code, names in study.classes.items()}
    groups = {names.zh: code for code, names in study.groups.items()}
    groups |= {name.removesuffix("网站"): code for name, code in groups.items()}
    kinds, parts = _any_of(codes).pattern, _any_of(groups).pattern
    each = "(?:全市各?|各个?|市级|市直)?"
    pattern = (
        f"{each}(?P<kind>{kinds})?(?P<group>{parts})(?:网站)?"
        f"|{each}(?P<alone>{kinds})(?:网站|部门|单位)?"
        "|全市(?:所有|全部|各)?(?:政府)?网站群?|(?:全部|所有|全体|各)(?:政府)?网站|全市"
    )
    return re.compile(pattern), codes | groups


def mentions(sentence: str, names: Lexicon) -> tuple[str, list[Mention]]:
    """The sentence with every mention masked, and the mentions in their order.

    Parameters
    ----------
    sentence : str, as ``plain`` gives it
    names : Lexicon
    """
    cited = [_mention("citation", hit, None) for hit in CITATION.finditer(sentence)]
    found = [one for one in cited if one.text[0] != "“" or _numeral_in(one.text)]
    kinds: list[tuple[str, re.Pattern[str], Callable[[re.Match[str]], Any]]] = [
        ("site", names.site, lambda hit: names.sites[hit[0]]),
        ("node", names.node, lambda hit: names.nodes[hit[0]]),
        ("population", names.population, lambda hit: _population(hit, names.codes)),
        ("year", YEAR, lambda hit: _year(hit[0], names)),
        ("number", NUMBER, _number),
        ("direction", DIRECTION, lambda hit: 1 if hit["up"] else -1),
        ("word", WORD, lambda hit: SAME_WORD.get(hit[0], hit[0])),
    ]
    masked = _masked(sentence, found)
    for kind, pattern, value in kinds:
        if kind == "number":  # from here on a capital letter is a mask
            masked = _masked(re.sub("[A-Za-z]", "x", masked), found)
        new = [_mention(kind, hit, value(hit)) for hit in pattern.finditer(masked)]
        masked, found = _masked(masked, new), found + new
    words = [replace(one, text=sentence[one.start : one.end]) for one in found]
    return masked, _of_one_group(sorted(words, key=lambda one: one.start), masked, names)


def _of_one_group(found: list[Mention], masked: str, names: Lexicon) -> list[Mention]:
    """Mentions in which the first class of ``A类、B类部门网站`` has the group of the second."""
    later = None
    for n in reversed([n for n, one in enumerate(found) if one.kind == "population"]):
        one = found[n]
        beside = later and re.fullmatch("[、和与及]|以及", masked[one.end : later.start])
        if beside and one.value in names.classes and " & " in later.value:
            found[n] = replace(one, value=f"{later.value.split(' & ')[0]} & {one.value}")
        later = found[n]
    return found


def _mention(
    kind: str, hit: re.Match[str], value: int | str | tuple[Decimal | str, ...] | None
) -> Mention:
    return Mention(kind, hit[0], hit.start(), hit.end(), value)


def _masked(text: str, found: list[Mention]) -> str:
    for one in found:
        text = text[: one.start] + MASK[one.kind] * len(one.text) + text[one.end :]
    return text


def _numeral_in(text: str) -> re.Match[str] | None:
    return re.search(r"\d|[一二三四五六七八九十]", text)


def _population(hit: re.Match[str], codes: Mapping[str, str]) -> str:
    kind = hit["kind"] or hit["alone"]
    parts = [codes[part] for part in (hit["group"], kind) if part]
    return " & ".join(parts) or "all"


def _year(text: str, names: Lexicon) -> int | None:
    if text[:2].isdigit():
        return int(text)
    return names.year if text[0] in "今本" else names.previous


def _number(hit: re.Match[str]) -> tuple[Decimal, str]:
    """Value of a numeral, and the unit that the numeral itself has."""
    if hit["plain"]:
        return Decimal(hit["plain"].replace(",", "")), ""
    if hit["tenths"]:
        return Decimal(10 * chinese_number(hit["tenths"])), "%"
    if hit["spoken"]:
        whole, decimals = hit["spoken"].split("点")
        places = "".join(str(DIGITS.index(sign)) for sign in decimals)
        return Decimal(f"{chinese_number(whole)}.{places}"), ""
    if hit["head"]:
        return Decimal(1), "位"
    if hit["part"]:
        part, whole = (Decimal(chinese_number(hit[name])) for name in ("part", "whole"))
        return round(100 * part / whole, 1).normalize() + 0, "%"
    kinds = ("percent", "place", "alone", "top", "run", "chinese")
    text = next(filter(None, map(hit.group, kinds)))
    return Decimal(chinese_number(text)), "%" if hit["percent"] else ""


def chinese_number(text: str) -> int:
    """A whole number below a thousand in Chinese numerals.

    Examples
    --------
    >>> [chinese_number(text) for text in ("八", "十", "二十七", "一百零三", "两")]
    [8, 10, 27, 103, 2]
    """
    total, digit = 0, None
    for sign in text.replace("两", "二"):
        if sign in "十百":
            total += (1 if digit is None else digit) * {"十": 10, "百": 100}[sign]
            digit = None
        else:
            digit = DIGITS.index(sign)
    return total + (digit or 0)
