"""Tables of what moved between two years, and why.

Every table is empty where a study has no earlier year. Numbers that are no text are unrounded:
``rounded`` shows them as they are published.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from evallib.change import (
    Improvement,
    leaf_account,
    near_threshold,
    trajectories,
)
from evallib.change.cohort import COMPOSITION
from evallib.publication.wording import label, listing, population_name, unit_names
from evallib.publication.year_over_year import (
    COUNT_DECIMALS,
    YearOverYear,
    bridge_means,
    cause_names,
    kinds_of_cause,
    names_of_units,
    overlooked,
    printed_sum,
    signed,
)
from evallib.rounding import format_number
from evallib.study.model import Study

NAMED = 40  # characters of names that a cell of a table lists before it counts the rest


def cohort_table(move: YearOverYear, *, lang: str = "zh") -> pd.DataFrame:
    """Who is not the same unit in both years: code and name then and now, and what happened."""
    if move.change is None:
        return pd.DataFrame(columns=["status", "name_previous", "name"])
    table = move.moved.cohort
    table = table[table["status"] != "stayer"].reset_index(drop=True)
    then, now = (
        unit_names(move.study.years[y].units, lang) for y in (move.moved.previous, move.year)
    )
    return pd.DataFrame(
        {
            "status": [label(f"status_{status}", lang) for status in table["status"]],
            "name_previous": table["unit_previous"].map(then).fillna(""),
            "name": table["unit"].map(now).fillna(""),
        }
    )


def account_table(move: YearOverYear, *, lang: str = "zh") -> pd.DataFrame:
    """The account in print: a row per cause between both years, a column per population.

    Parts of a mean print as points do, parts of a number at the threshold with one decimal. A
    last row says what printed parts add up to, where that is not the printed change.
    """
    change = move.change
    if change is None:
        return pd.DataFrame()
    rules = move.study.years[move.year].rules
    threshold = format_number(rules.threshold, 2)
    columns = {}
    for head, table, decimals in (
        ("account_mean", change.means, (rules.decimals, rules.decimals)),
        ("account_at_threshold", change.counts, (0, COUNT_DECIMALS)),
    ):
        for code, row in table.iterrows():
            name = population_name(code, lang, study=move.study)
            about = label(head, lang).format(threshold=threshold), name
            columns[about] = _rows(move, row, decimals, rules.rounding, lang)
    table = pd.DataFrame(columns)
    unsaid = label("account_added", lang)
    return table if table.loc[unsaid].any() else table.drop(index=unsaid)


def _rows(
    move: YearOverYear, row: pd.Series, decimals: tuple[int, ...], rounding: str, lang: str
) -> pd.Series:
    """Both years, the causes between them, and a sub-total of the performance."""
    names, first = cause_names(move, lang), kinds_of_cause(move.moved)["performance"]
    ends = {
        str(year): format_number(row[end], decimals[0], rounding)
        for year, end in ((move.moved.previous, "before"), (move.year, "after"))
    }
    parts = {names[code]: row[code] for code in first}
    if len(first) > 1:
        parts[label("account_subtotal", lang)] = row[first].sum()
    parts |= {names[code]: row[code] for code in move.moved.causes if code not in first}
    parts[label("account_change", lang)] = row["change"]
    shown = {name: signed(value, decimals[1], rounding) for name, value in parts.items()}
    whole = printed_sum(
        row[move.moved.causes], row["change"], decimals=decimals[1], rounding=rounding
    )
    added = {label("account_added", lang): whole}
    before, after = ([*ends.items()][n : n + 1] for n in (0, 1))
    return pd.Series(dict(before) | shown | dict(after) | added)


def leaf_table(move: YearOverYear, *, lang: str = "zh") -> pd.DataFrame:
    """The mean change of the continuing units by leaf, in points, largest first.

    Returns
    -------
    DataFrame indexed by leaf
        name, performance, scheme, class_rule and their sum; last row ``rest``: what gate, caps,
        veto and rounding add. Empty without an account by leaf.
    """
    columns = ["name", "performance", "scheme", "class_rule", "sum"]
    if move.change is None or not move.moved.leaves:
        return pd.DataFrame(columns=columns)
    table = leaf_account(move.moved)
    table["sum"] = table.sum(axis=1)
    names: dict[str, str] = {}
    for year in (move.moved.previous, move.year):
        names |= move.study.years[year].tree.names(lang)
    names["rest"] = label("account_rest", lang)
    table.insert(0, "name", [names[code] for code in table.index])
    rest = table.index == "rest"
    order = table[~rest].sort_values("sum", key=abs, ascending=False, kind="stable")
    return pd.concat([order, table[rest]])


def crosser_table(move: YearOverYear, *, lang: str = "zh") -> pd.DataFrame:
    """Who adds to or takes from the count at the threshold: printed totals and main cause."""
    columns = ["move", "name", "printed_previous", "printed", "cause"]
    if move.change is None:
        return pd.DataFrame(columns=columns)
    table, names = move.moved.crossers.copy(), names_of_units(move, lang)
    table["name"] = table["unit"].where(table["unit"] != "", table["unit_previous"]).map(names)
    for name, year in (("total_previous", move.moved.previous), ("total", move.year)):
        rules = move.study.years[year].rules
        table[name.replace("total", "printed")] = [
            "" if pd.isna(total) else format_number(total, rules.decimals, rules.rounding)
            for total in table[name]
        ]
    gone = (table["unit"] == "") & table["move"].isin(["merged", "split"])
    codes = [f"{code}_gone" if g else code for code, g in zip(table["move"], gone, strict=True)]
    table["cause"] = table["cause"].map(cause_names(move, lang))
    table["move"] = [label(f"move_{code}", lang) for code in codes]
    return table[columns]


def near_table(study: Study, year: int, *, distance: float, lang: str = "zh") -> pd.DataFrame:
    """Units whose total lies within a distance of the threshold, nearest first."""
    table = near_threshold(study, year, distance=distance)
    names = unit_names(study.years[year].units, lang)
    table = table.assign(name=[names[unit] for unit in table.index])
    return table[["name", "printed", "reached", "margin"]]


def rank_table(move: YearOverYear, *, lang: str = "zh") -> pd.DataFrame:
    """Places up (positive) and down (negative) by whose doing, largest move first.

    Returns
    -------
    DataFrame indexed by unit
        name, rank_previous, rank, places; ``places`` as the sum of own (own results), others
        (results of others), scheme and came_and_went (units on one side only); and by name whom
        the unit passed, by whom it was passed, and who above it is new or gone.
    """
    columns = ["name", "rank_previous", "rank", "places", "own", "others", "scheme"]
    columns += ["came_and_went", "passed", "passed_by", "new_above", "gone_above"]
    if move.change is None:
        return pd.DataFrame(columns=columns)
    ranks, names = move.moved.ranks, names_of_units(move, lang)
    named = {
        "passed": "gained_on",
        "passed_by": "lost_to",
        "new_above": "entrants_above",
        "gone_above": "exits_above",
    }
    table = pd.DataFrame(
        {
            "name": [names[unit] for unit in ranks.index],
            "rank_previous": ranks["before"].astype(int),
            "rank": ranks["after"].astype(int),
            "places": -ranks["change"].astype(int),
            "own": 0.0 - ranks["own"],
            "others": 0.0 - ranks["others"],
            "scheme": 0.0 - ranks["scheme_alone"],
            "came_and_went": 0.0 - ranks[list(COMPOSITION)].sum(axis=1),
        }
        | {new: [_some(units, names, lang) for units in ranks[old]] for new, old in named.items()},
        index=ranks.index,
    )
    order = table.assign(far=-table["places"].abs()).sort_values(["far", "rank"], kind="stable")
    return table.loc[order.index, columns]


def _some(units: tuple[str, ...], names: Mapping[str, str], lang: str) -> str:
    """Names of as many units as a cell has room for, and how many there are."""
    shown, room = list[str](), NAMED
    for unit in units:
        room -= len(names[unit]) + bool(shown)  # with what stands between two names
        if shown and room < 0:
            break
        shown.append(names[unit])
    if len(shown) == len(units):
        return listing(shown, lang)
    about = {"names": {"zh": "、", "en": ", "}[lang].join(shown), "all": len(units)}
    return label("account_and_more", lang).format(**about, more=len(units) - len(shown))


def bridge_table(move: YearOverYear, *, lang: str = "zh") -> pd.DataFrame:
    """Means of the continuing units under both schemes in print, a column per population.

    Empty where a year has totals only, or no leaf is common.
    """
    means = bridge_means(move)
    rules = move.study.years[move.year].rules
    table = {}
    for name, row in means.iterrows():
        shown = {"units": str(int(row["units"]))}
        for key, value in row.drop("units").items():
            if key.startswith("shared"):
                shown[key] = format_number(value, 1)
            else:
                show = signed if key.startswith("under") else format_number
                shown[key] = show(value, rules.decimals, rules.rounding)
        table[population_name(name, lang, study=move.study)] = shown
    years = {"previous": move.previous, "year": move.year}
    heads = {key: label(f"bridge_{key}", lang).format(**years) for key in means.columns}
    return pd.DataFrame(table).rename(index=heads)


def improver_table(improved: Improvement | None, *, study: Study, lang: str = "zh") -> pd.DataFrame:
    """The list by the rule, then who is not on it and gained more points than its last.

    Without a rule, the units that gained most, as many as the year has top places.

    Returns
    -------
    DataFrame indexed by unit
        name, listed, rank_previous, rank, places, total_previous, total, gain, headroom_used (in
        per cent), by_regression, tipping_sem; with an SEM also shrunken and p.
    """
    columns = ["name", "listed", "rank_previous", "rank", "places", "total_previous", "total"]
    columns += ["gain", "headroom_used", "by_regression", "tipping_sem"]
    if improved is None:
        return pd.DataFrame(columns=columns)
    table = pd.concat([improved.units[improved.units["listed"]], overlooked(improved)])
    rules = study.years[improved.year].rules
    if rules.improved is None:
        table = improved.units.sort_values("gain", ascending=False, kind="stable").head(rules.top)
    names = unit_names(study.years[improved.year].units, lang)
    table = table.assign(
        name=[names[unit] for unit in table.index], headroom_used=100 * table["headroom_used"]
    )
    return table[columns + ([] if improved.sem is None else ["shrunken", "p"])]


def trajectory_table(study: Study, *, lang: str = "zh") -> pd.DataFrame:
    """Place and total of every unit in all years of the study, by the latest place.

    Returns
    -------
    DataFrame indexed by unit
        name (the latest), then ``rank`` and ``total`` of every year; missing where a unit took no
        part. A merger or a split ends the lines before it.
    """
    long = trajectories(study)
    wide = long.pivot(index="unit", columns="year", values=["rank", "total"])
    wide.columns = [f"{what}_{year}" for what, year in wide.columns]
    kinds = {"rank": "Int64", "total": float}
    wide = wide.astype({name: kinds[name.split("_")[0]] for name in wide.columns})
    latest: dict[str, str] = {}
    for year in sorted(study.years):
        latest |= unit_names(study.years[year].units, lang)
    wide.insert(0, "name", [latest[unit] for unit in wide.index])
    ranks = [name for name in wide.columns if name.startswith("rank")][::-1]
    return wide.sort_values(ranks, kind="stable", na_position="last")
