"""Generated sentences: what stands above a figure, is its alt text, and makes up the letter.

Every number comes from a result through ``facts``; every word from ``templates/sentences.*.yaml``.
``study``, where given, lets groups and classes print by name instead of by code.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evallib.monitoring.monitor import Monitor
from evallib.publication import facts
from evallib.publication.facts import Standing
from evallib.publication.wording import label, name_of, population_name, sentence, unit_names
from evallib.rounding import format_number
from evallib.scoring import Evaluation
from evallib.study.model import Study
from evallib.study.rules import Rules


def joined(parts: list[str], lang: str) -> str:
    """Sentences as one paragraph; empty ones leave no trace."""
    return {"zh": "", "en": " "}[lang].join(part for part in parts if part)


def provenance(result: Monitor | Evaluation | Study, *, lang: str = "zh") -> str:
    """What kind of data the figures come from; empty for observed data."""
    return sentence("provenance", lang, provenance=result.provenance)


def sites(result: Evaluation, *, lang: str = "zh", study: Study | None = None) -> str:
    """How many sites were evaluated, by group."""
    parts = facts.populations(result.units)
    rows = [
        {"name": name_of(code, study, lang), "sites": len(part)}
        for code, part in parts.items()
        if code != "all"
    ]
    return sentence("sites", lang, year=result.year, total=len(result.units), groups=rows)


def scheme(result: Evaluation, *, lang: str = "zh") -> str:
    """Level-1 indicators with their weights, and what bonus and penalty points can do."""
    names, rules = result.scheme.names(lang), result.rules
    parts = [
        {"name": names[code], "weight": format_number(100 * result.scheme.node_weights[code], 2)}
        for code in result.scheme.dimensions
    ]
    return sentence(
        "scheme",
        lang,
        parts=parts,
        scale=format_number(rules.scale, 2),
        has_bonus=bool((result.bonus > 0).any()),
        bonus_cap=rules.bonus.cap,
        gate=rules.bonus.gate,
        has_penalty=bool((result.penalty > 0).any()),
        penalty_cap=rules.penalty.cap,
    )


def _populations(result: Evaluation, lang: str, study: Study | None) -> dict[str, str]:
    """Printed name of ``all`` and the groups; without ``all`` where one group is everybody."""
    parts = facts.populations(result.units)
    names = {code: name_of(code, study, lang) for code in parts if code != "all"}
    if len(names) < 2:
        return names
    return {"all": population_name("all", lang), **names}


def means(
    result: Evaluation,
    *,
    lang: str = "zh",
    study: Study | None = None,
    previous: Standing | None = None,
) -> str:
    """Mean total of all sites and of each group, with the change since ``previous``."""
    now, rows = facts.group_means(result), []
    before = facts.group_means(previous) if previous is not None else {}
    for code, name in _populations(result, lang, study).items():
        if np.isnan(now[code]):  # all vetoed: no mean
            continue
        row = {"name": name, "mean": now[code], "agrees": True, "before": before.get(code)}
        if row["before"] is None or np.isnan(row["before"]):
            row["before"] = None
        else:
            change = facts.printed_change(row["before"], now[code], result.rules)
            row |= dict(zip(("size", "sign", "agrees"), change, strict=True))
        rows.append(row)
    return "" if not rows else sentence("means", lang, rows=rows, **_context(result, previous))


def counts(
    result: Evaluation,
    *,
    lang: str = "zh",
    study: Study | None = None,
    previous: Standing | None = None,
) -> str:
    """Sites at or above the threshold, of so many, with the change since ``previous``."""
    now = facts.threshold_counts(result)
    before = facts.threshold_counts(previous)["count"] if previous is not None else {}
    rows = [
        {"name": name, "before": before.get(code), **now.loc[code].to_dict()}
        for code, name in _populations(result, lang, study).items()
    ]
    return sentence(
        "counts",
        lang,
        rows=rows,
        threshold=format_number(result.rules.threshold, 2),
        **_context(result, previous),
    )


def _print(rules: Rules) -> dict[str, Any]:
    """How a year prints its numbers, for a template."""
    return {"decimals": rules.decimals, "rounding": rules.rounding}


def _context(result: Evaluation, previous: Standing | None) -> dict[str, Any]:
    return {**_print(result.rules), "previous": None if previous is None else previous.year}


def spread(result: Evaluation, *, lang: str = "zh") -> str:
    """Highest, lowest and mean total."""
    if result.total.isna().all():
        return ""
    ends: dict[str, Any] = {"highest": result.total.max(), "lowest": result.total.min()}
    mean = result.means_of.mean() if len(result.means_of) else result.total.mean()
    return sentence("spread", lang, **ends, mean=mean, **_print(result.rules))


def veto(result: Evaluation, *, lang: str = "zh") -> str:
    """Sites that a single-item veto failed, or that there are none."""
    names = unit_names(result.units, lang)
    failed = [names[unit] for unit in result.units.index[result.veto]]
    return sentence("veto", lang, names=failed, sites=len(result.units))


def top(result: Evaluation, *, lang: str = "zh") -> str:
    """The sites of the top places in order; ties and a tied edge are said."""
    table, names = facts.top_list(result), unit_names(result.units, lang)
    ties = [
        {"rank": int(place), "names": [names[unit] for unit in part.index]}
        for place, part in table.groupby("rank")
        if len(part) > 1
    ]
    listed, most = [names[unit] for unit in table.index], int(result.rank.notna().sum())
    shown: dict[str, Any] = {"top": min(result.rules.top, most), "names": listed, "ties": ties}
    return sentence("top", lang, **shown) if listed else ""


def improved(study: Study, year: int, *, lang: str = "zh", previous: int | None = None) -> str:
    """Who counts as most improved by the stated rule, in this year's rank order."""
    rule = study.years[year].rules.improved
    previous = study.year_before(year) if previous is None else previous
    if rule is None or previous is None:
        return ""
    names = unit_names(study.years[year].units, lang)
    listed = facts.most_improved(study, year, previous=previous).index
    return sentence(
        "improved",
        lang,
        by=rule.by,
        at_least=format_number(rule.at_least, 2),
        population=population_name(rule.within or "all", lang, study=study),
        names=[names[unit] for unit in listed],
        year=year,
        previous=previous,
    )


def incomparable(study: Study, previous: int, current: int, *, lang: str = "zh") -> str:
    """Sites that compare with nobody in the previous year; empty when all do."""
    moves = facts.rank_changes(study, previous, current)
    names = unit_names(moves, lang)
    new = [names[unit] for unit in moves.index[moves["was"].isna()]]
    return sentence("incomparable", lang, names=new, previous=previous) if new else ""


def indices(
    result: Evaluation, *, lang: str = "zh", population: str = "all", study: Study | None = None
) -> dict[str, str]:
    """Sentences on level-1 indices (``dimensions``), level-2 ``strengths`` and ``gaps``."""
    high, low = facts.strengths_and_gaps(result, population=population)
    level1 = facts.level_indices(result, 1, population=population)
    shared = {
        "whole": facts.level_indices(result, 0, population=population).iloc[0],
        "population": population_name(population, lang, study=study),
        "rounding": result.rules.rounding,
    }
    return {
        key: sentence(key, lang, rows=_index_rows(result, nodes, lang, study), **shared)
        for key, nodes in (("dimensions", level1), ("strengths", high), ("gaps", low))
    }


def _index_rows(
    result: Evaluation, nodes: pd.Series, lang: str, study: Study | None
) -> list[dict[str, Any]]:
    names, scheme_ = result.scheme.names(lang), result.scheme
    rows = []
    for code, value in nodes.items():
        limits = [scheme_.node(leaf).classes for leaf in scheme_.leaves_under(code)]
        only = sorted({kind for limit in limits for kind in limit}) if all(limits) else []
        only = [name_of(kind, study, lang) for kind in only]
        rows.append({"name": names[code], "value": value, "only": only})
    return rows


def findings(study: Study, year: int, *, lang: str = "zh") -> list[str]:
    """One sentence per finding: how many sites, of how many to which it applies."""
    rules = study.years[year].rules
    texts = {code: getattr(found, lang) or found.zh for code, found in rules.findings.items()}
    return [
        sentence(
            "finding",
            lang,
            text=texts[code],
            population=population_name(row["population"], lang, study=study)
            if row["population"] != "all"
            else label("websites", lang),
            rounding=rules.rounding,
            **row[["count", "applicable", "sites"]].to_dict(),
        )
        for code, row in facts.finding_shares(study, year).iterrows()
        if row["applicable"]
    ]


def describe_scheme(result: Evaluation, *, lang: str = "zh") -> str:
    """Level-1 indicators with their weights, bonus and penalty points, and the kind of data."""
    return joined([scheme(result, lang=lang), provenance(result, lang=lang)], lang)


def describe_ranking(result: Evaluation, *, lang: str = "zh", study: Study | None = None) -> str:
    """How many sites, the spread of their totals, how many reach the threshold, and the top.

    Parameters
    ----------
    result : Evaluation
    lang : {"zh", "en"}
    study : Study, optional
        Gives the printed names of groups; without it their codes stand there.
    """
    parts = [
        sites(result, lang=lang, study=study),
        spread(result, lang=lang),
        counts(result, lang=lang, study=study),
        top(result, lang=lang),
        provenance(result, lang=lang),
    ]
    return joined(parts, lang)


def describe_index(
    result: Evaluation, *, lang: str = "zh", population: str = "all", study: Study | None = None
) -> str:
    """Score indices of a population: level 1, then level 2 above and below the whole."""
    said = indices(result, lang=lang, population=population, study=study)
    return joined([*said.values(), provenance(result, lang=lang)], lang)


def describe_groups(
    result: Evaluation,
    *,
    lang: str = "zh",
    study: Study | None = None,
    previous: Standing | None = None,
) -> str:
    """Means and threshold counts by group, with the change since ``previous`` where given."""
    shared: dict[str, Any] = {"lang": lang, "study": study, "previous": previous}
    parts = [means(result, **shared), counts(result, **shared), provenance(result, lang=lang)]
    return joined(parts, lang)
