"""``scores.xlsx``: what a year publishes, as one workbook for those who check it by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from evallib.publication import tables
from evallib.publication.facts import INDEX_DECIMALS
from evallib.publication.sentences_improvers import improved_rule
from evallib.publication.spreadsheet import (
    Column,
    Sheet,
    decimal_format,
    held,
    titled,
    whole,
    write_sheets,
)
from evallib.publication.wording import label, name_of, population_name, sentence, unit_names
from evallib.publication.workbook_changes import change_sheets
from evallib.publication.workbook_claims import claim_sheets
from evallib.publication.year_over_year import YearOverYear, year_over_year
from evallib.rounding import format_number
from evallib.scoring import Evaluation, evaluate
from evallib.study.model import Study

PAGE, NARROW = 100, 8  # characters of a line of notes, and of a head over an index
NOTES = ("precision", "blank", "index", "account", "tipping")
RULES = ("rounding", "ties", "rank_on", "missing", "not_applicable")  # a word for each choice


def write_workbook(
    path: Path, study: Study, year: int, *, lang: str = "zh", previous: int | None = None
) -> Path:
    """Write scores.xlsx of a year; the same input gives the same bytes.

    Parameters
    ----------
    path : where to write the .xlsx
    study : Study
    year : int
    lang : {"zh", "en"}
    previous : int, optional
        Year to compare with; the latest earlier one of the study when omitted.

    Returns
    -------
    Path
        Sheets: what this is and by which rules; ranking; indices by site and by group; where
        there is an earlier year what changed and why, and who improved; every number of the
        letter with its verdict and the cells and decisions behind it; the published claims; the
        decision log. A cell holds the unrounded number and shows the printed precision.
    """
    result, move = evaluate(study, year), year_over_year(study, year, previous=previous)
    sheets = [
        _ranking(result, study, lang),
        _sites(result, lang),
        _groups(result, study, lang),
        *change_sheets(move, lang=lang),
        *claim_sheets(study, year, lang=lang, previous=previous),
    ]
    mark = sentence("mark", lang, provenance=study.provenance) or sentence("book_observed", lang)
    return write_sheets(
        path,
        [_about(study, result, move, sheets, mark, lang), *sheets],
        mark=mark,
        page=sentence("book_page", lang),
        lang=lang,
        written_on=dt.date(year, 12, 31),
    )


def _about(
    study: Study, result: Evaluation, move: YearOverYear, sheets: list[Sheet], mark: str, lang: str
) -> Sheet:
    parts = result.units["group"].value_counts(sort=False)
    groups = [{"name": name_of(code, study, lang), "sites": n} for code, n in parts.items()]
    about = {
        "study": study.name(lang),
        "year": str(result.year),
        "previous": "" if move.previous is None else str(move.previous),
        "provenance": mark,
        "source": study.source,
        "sites_counted": sentence("book_group_counts", lang, rows=groups),
    }
    rows = [(label(f"book_{key}", lang), text) for key, text in about.items() if text]
    rows += _rules(study, result, lang)
    head = label("book_sheet", lang)
    rows += [
        (f"{head}：{s.name}" if lang == "zh" else f"{head}: {s.name}", s.title) for s in sheets
    ]
    noted = NOTES if move.change else NOTES[:3]
    rows += [(label("book_note", lang), label(f"book_note_{key}", lang)) for key in noted]
    columns = [
        Column(label(f"book_{head}", lang), texts, widest=PAGE)
        for head, texts in zip(("item", "content"), zip(*rows, strict=True), strict=True)
    ]
    title = sentence("book_title", lang, year=result.year, study=study.name(lang))
    return Sheet(label("book_about", lang), title, tuple(columns), filtered=False)


def _rules(study: Study, result: Evaluation, lang: str) -> list[tuple[str, str]]:
    """Every rule of the year by name, in words."""
    rules = result.rules
    said = {
        "scale": format_number(rules.scale, 2),
        "decimals": str(rules.decimals),
        "threshold": format_number(rules.threshold, 2),
        "top": str(rules.top),
        **{key: label(f"value_{getattr(rules, key)}", lang) for key in RULES},
        "bonus": sentence("book_bonus", lang, **rules.bonus.model_dump()),
        "penalty": sentence("book_penalty", lang, **rules.penalty.model_dump()),
        "veto": sentence("book_veto", lang, **rules.veto.model_dump()),
        "improved": improved_rule(study, result.year, lang) if rules.improved else "",
        "bands": "; ".join(f"{band.zh} {format_number(band.at_least, 2)}" for band in rules.bands),
    }
    return [(label(f"rule_{key}", lang), text) for key, text in said.items() if text]


def _by_rank(result: Evaluation) -> pd.Index:
    return result.rank.sort_values(kind="stable", na_position="last").index


def _ranking(result: Evaluation, study: Study, lang: str) -> Sheet:
    order, rules, units = _by_rank(result), result.rules, result.units
    names, points = unit_names(units, lang), decimal_format(rules.decimals)
    table = pd.DataFrame({key: getattr(result, key) for key in ("rank", "group_rank", "band")})
    table = table.loc[order]
    bands = {band.code: (getattr(band, lang) or band.zh) for band in rules.bands}
    reached = pd.Series(result.reaches_threshold, units.index)[order]
    reached = [label("book_yes" if it_does else "book_no", lang) for it_does in reached]
    classes = units.loc[order, "class"]

    def column(key: str, head: str) -> Column:
        return Column(label(head, lang), held(getattr(result, key)[order], rules), points)

    totals = [
        label("fail", lang) if pd.isna(x) else value
        for x, value in zip(result.total[order], held(result.total[order], rules), strict=True)
    ]
    columns = [
        Column(label("rank", lang), whole(table["rank"])),
        Column(label("unit", lang), [names[unit] for unit in order]),
        Column(label("group", lang), [name_of(g, study, lang) for g in units.loc[order, "group"]]),
        Column(label("book_group_rank", lang), whole(table["group_rank"])),
        Column(label("book_class", lang), [name_of(c, study, lang) if c else "" for c in classes])
        if classes.any() else None,
        column("base", "book_base"),
        column("bonus", "bonus"),
        column("penalty", "penalty"),
        Column(label("score", lang), totals, points),
        Column(label("book_reached", lang), reached),
        Column(label("book_band", lang), [bands.get(b, "") for b in table["band"]])
        if bands else None,
        Column(label("book_code", lang), list(order)),
    ]  # fmt: skip
    return titled("ranking", columns, lang)


def _sites(result: Evaluation, lang: str) -> Sheet:
    order, names, scheme = _by_rank(result), unit_names(result.units, lang), result.scheme
    codes = [code for code in scheme.codes if scheme.level(code) <= 2]
    columns = [
        Column(label("rank", lang), whole(result.rank[order])),
        Column(label("unit", lang), [names[unit] for unit in order]),
    ]
    columns += [
        Column(
            f"{scheme.names(lang)[code]}\n{code}",
            held(result.scores.loc[order, code]),
            decimal_format(INDEX_DECIMALS),
            max(NARROW, *(len(word) + 2 for word in scheme.names(lang)[code].split()))
            if lang == "en"
            else NARROW,
        )
        for code in codes
    ]
    return titled("sites", columns, lang)


def _groups(result: Evaluation, study: Study, lang: str) -> Sheet:
    table, scheme = tables.indices_table(result), result.scheme
    names = scheme.names(lang)
    columns = [
        Column(label("book_code", lang), list(table["node"])),
        Column(label("book_level", lang), [scheme.level(code) for code in table["node"]]),
        Column(label("book_name", lang), [names[code] for code in table["node"]]),
    ]
    columns += [
        Column(
            population_name(name, lang, study=study),
            held(table[name]),
            decimal_format(INDEX_DECIMALS),
        )
        for name in table.columns[2:]
    ]
    return titled("groups", columns, lang)
