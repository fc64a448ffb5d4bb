"""Generated sentences on what moved between two years, and why.

Each begins from ``year_over_year``; where a study has no earlier year they say so and no more.
Parts of a change are rounded one by one, and a sentence says where they then print another sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from evallib.change.cohort import COMPOSITION, CONTINUING
from evallib.publication import facts, views_account
from evallib.publication.sentences import joined, provenance
from evallib.publication.wording import label, population_name, sentence, unit_names
from evallib.publication.year_over_year import (
    COUNT_DECIMALS,
    YearOverYear,
    bridge_means,
    cause_names,
    kinds_of_cause,
    printed_sum,
    signed,
)
from evallib.rounding import NOISE_DECIMALS, format_number
from evallib.study.model import Study
from evallib.study.scheme import Scheme

NAMES_AT_MOST = 4  # leaves that a sentence names; of more it gives the number


def said(move: YearOverYear, parts: Callable[..., Any], lang: str) -> str:
    """Sentences and the kind of data; or, without an earlier year, that there is none."""
    if move.change is None:
        return sentence("no_previous", lang, study=move.study.name(lang), year=move.year)
    return joined([*parts(), provenance(move.study, lang=lang)], lang)


def _about(move: YearOverYear) -> dict[str, Any]:
    was, now = (
        format_number(move.study.years[year].rules.threshold, 2)
        for year in (move.moved.previous, move.year)
    )
    years = {"year": move.year, "previous": move.moved.previous}
    return years | {"threshold": now, "other_line": was if was != now else ""}


def points(move: YearOverYear, value: float) -> str:
    """A number of points as the year prints it."""
    rules = move.study.years[move.year].rules
    return format_number(value, rules.decimals, rules.rounding)


def describe_cohort(move: YearOverYear, *, lang: str = "zh") -> str:
    """Who is comparable between two years, and who entered, left, merged or was split."""
    return said(move, lambda: [_cohort(move, lang)], lang)


def _cohort(move: YearOverYear, lang: str) -> str:
    then, now = (
        unit_names(move.study.years[y].units, lang) for y in (move.moved.previous, move.year)
    )
    table = move.moved.cohort
    part = {s: table[table["status"] == s] for s in (*CONTINUING, *COMPOSITION)}
    merged = [
        {"name": now[unit], "names": [then[old] for old in rows["unit_previous"]]}
        for unit, rows in part["merged"].groupby("unit", sort=False)
    ]
    split = [
        {"name": then[old], "names": [now[unit] for unit in rows["unit"]]}
        for old, rows in part["split"].groupby("unit_previous", sort=False)
    ]
    return sentence(
        "cohort",
        lang,
        stayers=len(part["stayer"]),
        renamed=[now[unit] for unit in part["renamed"]["unit"]],
        entered=[now[unit] for unit in part["entered"]["unit"]],
        left=[then[unit] for unit in part["left"]["unit_previous"]],
        merged=merged,
        split=split,
        **_about(move),
    )


def describe_account(move: YearOverYear, *, lang: str = "zh", population: str = "all") -> str:
    """Why the mean and the number at the threshold moved, and what the scheme changed.

    Three sentences, the third empty where the scheme is the same.

    Parameters
    ----------
    move : YearOverYear
    population : str
        One of the rows of ``move.moved.means``.
    """
    return said(
        move,
        lambda: [
            _mean(move, population, lang),
            _count(move, population, lang),
            _scheme(move, lang),
        ],
        lang,
    )


def _mean(move: YearOverYear, population: str, lang: str) -> str:
    row, rules = move.moved.means.loc[population], move.study.years[move.year].rules
    size, sign, agrees = facts.printed_change(row["before"], row["after"], rules)
    in_print: dict[str, Any] = {"decimals": rules.decimals, "rounding": rules.rounding}
    return sentence(
        "account_mean",
        lang,
        population=population_name(population, lang, study=move.study),
        before=points(move, row["before"]),
        after=points(move, row["after"]),
        size=size,
        sign=sign,
        agrees=agrees,
        within=_within(move, row, lang, **in_print),
        parts=_parts(_kinds(move, row, lang), row["change"], **in_print),
        **_about(move),
    )


def _count(move: YearOverYear, population: str, lang: str) -> str:
    row = move.moved.counts.loc[population]
    parts = _parts(_kinds(move, row, lang), row["change"], decimals=COUNT_DECIMALS)
    return sentence(
        "account_count",
        lang,
        population=population_name(population, lang, study=move.study),
        before=int(row["before"]),
        after=int(row["after"]),
        change=signed(row["change"], 0),
        sign=int(np.sign(row["change"])),
        shared=any("." in part["text"] for part in parts["rows"]),
        parts=parts,
        **_about(move),
    )


def _kinds(move: YearOverYear, row: pd.Series, lang: str) -> dict[str, float]:
    """Name and value of what an official is told: performance, each rule, and units as one."""
    kinds, names = kinds_of_cause(move.moved), cause_names(move, lang)
    first = label("kind_performance", lang) if move.moved.divided else names["undivided"]
    found = {first: row[kinds["performance"]].sum()}
    found |= {names[c]: row[c] for c in [*kinds["rules"], *kinds["points"]]}
    found[label("cause_units", lang)] = row[kinds["units"]].sum()
    return {name: value for name, value in found.items() if round(value, NOISE_DECIMALS)}


def _parts(
    values: Mapping[str, float], change: float, *, decimals: int, rounding: str = "half_up"
) -> dict[str, Any]:
    """Printed parts of a change, and what they add up to where that is not the change."""
    rows = [{"name": n, "text": signed(v, decimals, rounding)} for n, v in values.items()]
    added = printed_sum([*values.values()], change, decimals=decimals, rounding=rounding)
    return {"rows": rows, "sum": added}


def _within(
    move: YearOverYear, row: pd.Series, lang: str, **in_print: Any
) -> dict[str, str | list[dict[str, str]]]:
    """The performance by dimension, largest part first; nothing where there are no two."""
    row, names = row[move.moved.dimensions], cause_names(move, lang)
    row = row[row.round(NOISE_DECIMALS) != 0].sort_values(
        key=np.abs, ascending=False, kind="stable"
    )
    values = {names[code]: value for code, value in row.items()} if len(row) > 1 else {}
    return _parts(values, row.sum() if values else 0.0, **in_print)


def _scheme(move: YearOverYear, lang: str) -> str:
    """Leaves that only one of the schemes has, and how many common ones weigh otherwise."""
    if not move.moved.divided:
        return _undivided(move, lang)
    old, new = move.earlier.tree, move.study.years[move.year].tree
    both = old.weights.index.intersection(new.weights.index)
    texts = [_leaves(key, tree, both, lang) for key, tree in (("added", new), ("dropped", old))]
    moved = int(((new.weights[both] - old.weights[both]).round(NOISE_DECIMALS) != 0).sum())
    one_sided = any(texts)
    texts.append(sentence("scheme_reweighted", lang, count=moved) if moved else "")
    if not any(texts):
        return ""
    about: dict[str, Any] = {"one_sided": one_sided, "common": len(both), **_about(move)}
    return sentence("account_scheme", lang, texts=[*filter(None, texts)], **about)


def _undivided(move: YearOverYear, lang: str) -> str:
    """That a year has totals only; empty where both have marks."""
    if move.moved.divided:
        return ""
    years = [y for y in (move.moved.previous, move.year) if move.study.years[y].scheme is None]
    return sentence("account_undivided", lang, years=years)


def _leaves(key: str, scheme: Scheme, both: pd.Index, lang: str) -> str:
    only = scheme.weights.index.difference(both, sort=False)
    names = [scheme.names(lang)[leaf] for leaf in only] if len(only) <= NAMES_AT_MOST else []
    weight = format_number(100 * scheme.weights[only].sum(), 1)
    about: dict[str, Any] = {"count": len(only), "weight": weight, "names": names}
    return sentence(f"scheme_{key}", lang, **about) if len(only) else ""


def describe_crossers(move: YearOverYear, *, lang: str = "zh") -> str:
    """Who crossed the threshold up and down, and who came or went above it, by name."""
    return said(move, lambda: [_crossers(move, lang)], lang)


def _crossers(move: YearOverYear, lang: str) -> str:
    table, row = views_account.crosser_table(move, lang=lang), move.moved.counts.loc["all"]
    rows = [
        {"text": text, "names": list(part["name"])}
        for text, part in table.groupby("move", sort=False)
    ]
    ends: dict[str, Any] = {"before": int(row["before"]), "after": int(row["after"])}
    return sentence("crossers", lang, rows=rows, **ends, **_about(move))


def describe_near(study: Study, year: int, *, distance: float, lang: str = "zh") -> str:
    """How many sites lie within a distance of the threshold, on either side."""
    reached = views_account.near_table(study, year, distance=distance)["reached"]
    text = sentence(
        "near",
        lang,
        threshold=format_number(study.years[year].rules.threshold, 2),
        distance=format_number(distance, 2),
        above=int(reached.sum()),
        below=int((~reached).sum()),
    )
    return joined([text, provenance(study, lang=lang)], lang)


def describe_ranks(move: YearOverYear, *, lang: str = "zh") -> str:
    """How many sites rose and fell, and by whose doing the one that rose most did."""
    return said(move, lambda: [_ranks(move, lang), _undivided(move, lang)], lang)


def _ranks(move: YearOverYear, lang: str) -> str:
    table = views_account.rank_table(move, lang=lang)
    places = table["places"]
    best = table[places == places.max()]  # nobody where no unit is ranked in both years
    tally: dict[str, Any] = {"up": int((places > 0).sum()), "same": int((places == 0).sum())}
    causes = {"own": "account_own", "others": "account_others", "scheme": "cause_scheme"}
    causes |= {"came_and_went": "cause_units"}
    values = {label(key, lang): best.iloc[0][c] for c, key in causes.items() if best.iloc[0][c]}
    parts: dict[str, Any] = {"rows": [], "sum": ""}
    if len(best) == 1:
        parts = _parts(values, float(places.max()), decimals=COUNT_DECIMALS)
    return sentence(
        "ranks",
        lang,
        n=len(table),
        **tally,
        down=int((places < 0).sum()),
        best=list(best["name"]),
        most=int(places.max()),
        parts=parts,
    )


def describe_bridge(move: YearOverYear, *, lang: str = "zh") -> str:
    """What the mean would have done under one scheme: last year's, and this year's."""
    return said(move, lambda: [_bridge(move, lang)], lang)


def _bridge(move: YearOverYear, lang: str) -> str:
    table = bridge_means(move)
    if table.empty:
        return sentence("bridge_none", lang, bare=not move.moved.divided)
    row, rules = table.iloc[0], move.study.years[move.year].rules
    found, signs = {}, []
    for key, first, last in (
        ("under_previous", "previous", "current_rescored"),
        ("under_current", "previous_rescored", "current"),
    ):
        size, sign, _ = facts.printed_change(row[first], row[last], rules)
        found[key] = sentence("difference", lang, size=size, sign=sign)
        signs.append(sign)
    return sentence(
        "bridge",
        lang,
        units=int(row["units"]),
        previous_mean=points(move, row["previous"]),
        current_mean=points(move, row["current"]),
        current_rescored=points(move, row["current_rescored"]),
        previous_rescored=points(move, row["previous_rescored"]),
        shared_previous=format_number(row["shared_previous"], 1),
        shared_current=format_number(row["shared_current"], 1),
        opposite=signs[0] * signs[1] < 0,
        **found,
        **_about(move),
    )
