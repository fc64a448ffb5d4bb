"""Sheets of the workbook on what changed since the earlier year, and why."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from evallib.change.improved import Improvement
from evallib.publication import facts
from evallib.publication.spreadsheet import Column, Sheet, decimal_format, held, titled, whole
from evallib.publication.wording import label, population_name, unit_names
from evallib.publication.year_over_year import (
    COUNT_DECIMALS,
    YearOverYear,
    cause_names,
    improvers,
    names_of_units,
)
from evallib.rounding import NOISE_DECIMALS, format_number

ALPHA = 0.05  # family-wise error rate of the tipping SEM; the notes of the workbook state it


def change_sheets(move: YearOverYear, *, lang: str) -> list[Sheet]:
    """Account of means and counts, change by site, gains beside error; none without a change."""
    if move.change is None:
        return []
    improved = improvers(move, alpha=ALPHA)
    found = [_account(move, lang), _by_site(move, lang)]
    return found if improved is None else [*found, _improved(move, improved, lang)]


def _moved(table: pd.DataFrame, causes: list[str]) -> list[str]:
    """Causes that moved anything at all."""
    return [code for code in causes if (table[code].round(NOISE_DECIMALS) != 0).any()]


def _account(move: YearOverYear, lang: str) -> Sheet:
    """A row per mean and per count: before, after, change, and the causes that add up to it."""
    rules, change = move.study.years[move.year].rules, move.moved
    threshold, table = format_number(rules.threshold, 2), pd.concat([change.means, change.counts])
    measures = [label("account_mean", lang)] * len(change.means)
    at_line = label("account_at_threshold", lang).format(threshold=threshold)
    measures += [at_line] * len(change.counts)
    decimals = [rules.decimals] * len(change.means) + [COUNT_DECIMALS] * len(change.counts)
    heads = {"before": str(move.previous), "after": str(move.year)}
    heads |= {"change": label("account_change", lang)}
    heads |= {code: cause_names(move, lang)[code] for code in _moved(table, change.causes)}
    columns = [
        Column(label("book_measure", lang), measures),
        Column(
            label("book_population", lang),
            [population_name(code, lang, study=move.study) for code in table.index],
        ),
    ]
    printed = [rules.decimals] * len(change.means) + [0] * len(change.counts)
    for key, head in heads.items():
        signed = key not in ("before", "after")
        shows = [
            decimal_format(places, signed=signed)
            for places in (decimals if key in change.causes else printed)
        ]
        columns.append(Column(head, held(table[key]), shows))
    return titled("account", columns, lang, filtered=False)


def _by_site(move: YearOverYear, lang: str) -> Sheet:
    """Every unit of this year, then those that left: places, totals, and causes of the change."""
    rules, names = move.study.years[move.year].rules, names_of_units(move, lang)
    then = unit_names(move.earlier.units, lang)
    cohort, table = (
        move.moved.cohort,
        facts.rank_changes(move.study, move.moved.previous, move.year),
    )
    was = cohort.groupby("unit")["unit_previous"].agg(list)
    status = cohort.drop_duplicates("unit").set_index("unit")["status"]
    order = table["rank"].sort_values(kind="stable", na_position="last").index
    gone = cohort.loc[cohort["unit"] == "", "unit_previous"]
    old = facts.standing(move.study, move.moved.previous)
    table = table.loc[order].set_index(order).reindex([*order, *gone])
    before = [_renamed(was[unit], then, names[unit]) for unit in order]
    rank_before = [*table["rank_before"][order], *old.rank[gone]]
    total_before = [*table["total_before"][order], *old.total[gone]]
    points, signed = decimal_format(rules.decimals), decimal_format(rules.decimals, signed=True)
    columns = [
        Column(label("unit", lang), [*(names[u] for u in order), *(then[u] for u in gone)]),
        Column(
            label("book_status", lang),
            [
                *(label(f"status_{status[unit]}", lang) for unit in order),
                *[label("status_left", lang)] * len(gone),
            ],
        ),
        Column(label("book_name_before", lang), [*before, *[""] * len(gone)]),
        Column(label("book_rank_before", lang), _places(rank_before)),
        Column(label("book_rank_now", lang), _places(table["rank"])),
        Column(
            label("book_places", lang), _places(table["change"]), decimal_format(0, signed=True)
        ),
        Column(label("book_total_before", lang), held(total_before, rules), points),
        Column(label("book_total_now", lang), held(table["total"], rules), points),
        Column(label("book_gain", lang), held(table["gain"], rules), signed),
    ]
    scores, heads = move.moved.scores.reindex(table.index), cause_names(move, lang)
    for code in _moved(move.moved.scores, [c for c in move.moved.causes if c in scores]):
        columns.append(Column(heads[code], held(scores[code]), signed))
    return titled("changes", columns, lang)


def _places(values: pd.Series | list[int]) -> list[int | None]:
    return whole(pd.Series(values, dtype="Float64").astype(float))


def _renamed(units: list[str], then: Mapping[str, str], name: str) -> str:
    """Names of last year where they are others than this year's."""
    return "、".join(then[unit] for unit in units if unit and then[unit] != name)


def _improved(move: YearOverYear, improved: Improvement, lang: str) -> Sheet:
    """The list by the rule, then all others by what they gained."""
    rules, names = move.study.years[move.year].rules, names_of_units(move, lang)
    table = improved.units.sort_values(["listed", "gain"], ascending=False, kind="stable")
    points, signed = decimal_format(rules.decimals), decimal_format(rules.decimals, signed=True)
    yes = [label("book_yes" if listed else "book_no", lang) for listed in table["listed"]]
    columns = [
        Column(label("unit", lang), [names[unit] for unit in table.index]),
        Column(label("book_listed", lang), yes),
        Column(label("book_rank_before", lang), _places(table["rank_previous"])),
        Column(label("book_rank_now", lang), _places(table["rank"])),
        Column(
            label("book_places", lang), _places(table["places"]), decimal_format(0, signed=True)
        ),
        Column(label("book_total_before", lang), held(table["total_previous"], rules), points),
        Column(label("book_total_now", lang), held(table["total"], rules), points),
        Column(label("book_gain", lang), held(table["gain"], rules), signed),
        Column(label("book_headroom", lang), held(100 * table["headroom_used"]), "0"),
        Column(label("book_regression", lang), held(table["by_regression"]), signed),
        Column(label("book_beyond", lang), held(table["beyond"]), signed),
        Column(label("book_tipping", lang), held(table["tipping_sem"]), points),
    ]
    return titled("improved", columns, lang)
