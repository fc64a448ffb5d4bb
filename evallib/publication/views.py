"""Tables that notebooks show: unrounded, until ``rounded`` shows them as they are published."""

from __future__ import annotations

import platform
from dataclasses import replace
from importlib.metadata import version

import numpy as np
import pandas as pd

from evallib.aggregation import leaf_index
from evallib.change.cohort import cohort, continuing
from evallib.publication import facts
from evallib.publication.wording import unit_names
from evallib.rounding import NOISE_DECIMALS, round_number
from evallib.scoring import Evaluation, evaluate
from evallib.study.load import Year
from evallib.study.marks import MISSING, SCORED
from evallib.study.model import Study

EDGE_COLUMNS = ["name", "total", "printed", "rank", "why"]


def rounded(table: pd.DataFrame, decimals: int, *, rounding: str = "half_up") -> pd.DataFrame:
    """The table with its fractional numbers as they are published; pandas rounds 0.285 to 0.28.

    Examples
    --------
    >>> rounded(pd.DataFrame({"x": [0.285, 1.005], "n": [1, 2]}), 2)["x"].tolist()
    [0.29, 1.01]
    """
    shown = {
        name: round_number(column, decimals, rounding)
        for name, column in table.select_dtypes("float").items()
    }
    return table.assign(**shown)


def rounds(study: Study, year: int) -> tuple[Evaluation, Evaluation]:
    """Evaluations of the initial and the final round; twice the final one if it stands alone."""
    final = evaluate(study, year)
    if study.years[year].initial is None:
        return final, final
    return facts.initial_result(study, year), final


def round_changes(initial: Evaluation, final: Evaluation) -> pd.DataFrame:
    """Totals and places of two rounds where a mark moved, largest gain first.

    Returns
    -------
    DataFrame indexed by unit
        name, total_initial, total_final, gain (points), places (positive is up), repaired and
        lowered (leaves with a higher and a lower mark in the final round).
    """
    moved = (final.index - initial.index).round(NOISE_DECIMALS)
    table = pd.DataFrame(
        {
            "name": final.units["name_zh"],
            "total_initial": initial.total,
            "total_final": final.total,
            "gain": final.total - initial.total,
            "places": initial.rank - final.rank,
            "repaired": (moved > 0).sum(axis=1),
            "lowered": (moved < 0).sum(axis=1),
        }
    )
    table = table[(table["repaired"] > 0) | (table["lowered"] > 0)]
    return table.sort_values("gain", ascending=False, kind="stable")


def lower_in_final(study: Study, year: int) -> pd.DataFrame:
    """Cells whose mark fell between the rounds: a regression, or a slip of the pen."""
    data = study.years[year]
    first = data.marks if data.initial is None else data.initial
    pair = data.marks.assign(initial=first["mark"].to_numpy())
    both = (pair["status"] == SCORED) & (first["status"] == SCORED).to_numpy()
    fallen = pair[both & ((pair["mark"] - pair["initial"]).round(NOISE_DECIMALS) < 0)]
    names = unit_names(data.units, "zh")
    table = fallen.rename(columns={"mark": "final"})[["unit", "indicator", "initial", "final"]]
    table.insert(1, "name", table["unit"].map(names))
    return table.reset_index(drop=True)


def scheme_table(result: Evaluation, *, lang: str = "zh") -> pd.DataFrame:
    """The indicator tree: name, level, full marks, nominal weight and the classes it applies to."""
    scheme, names = result.scheme, result.scheme.names(lang)
    rows = [
        (
            "\u3000" * scheme.level(code) + names[code],
            scheme.points[code],
            100 * scheme.node_weights[code],
            ";".join(scheme.node(code).classes),
        )
        for code in scheme.codes
    ]
    columns = ["name", "full_marks", "weight_percent", "classes"]
    return pd.DataFrame(rows, index=pd.Index(scheme.codes, name="code"), columns=columns)


def ranking_table(result: Evaluation, *, lang: str = "zh") -> pd.DataFrame:
    """Units in rank order: rank, name, group, class, printed total, band; unranked ones last."""
    names = unit_names(result.units, lang)
    table = pd.DataFrame(
        {
            "rank": result.rank,
            "name": pd.Series(names),
            "group": result.units["group"],
            "class": result.units["class"],
            "printed": result.printed,
            "band": result.band,
        }
    )
    table = table if result.rules.bands else table.drop(columns="band")
    return table.sort_values("rank", kind="stable", na_position="last")


def group_table(study: Study, year: int) -> pd.DataFrame:
    """Sites, mean and sites at or above the threshold, for all and each group; last year beside."""
    standing = facts.standing(study, year)
    table = facts.threshold_counts(standing).rename(columns={"count": "at_threshold"})
    table.insert(1, "mean", facts.group_means(standing))
    previous = study.year_before(year)
    if previous is not None:
        before = facts.standing(study, previous)
        table["mean_before"] = facts.group_means(before)
        table["at_threshold_before"] = facts.threshold_counts(before)["count"]
    return table


def edge_cases(result: Evaluation) -> pd.DataFrame:
    """Sites that a rule of print decides: on the threshold's edge, or sharing a place."""
    rules = result.rules
    shown = pd.Series(
        round_number(result.total, rules.decimals, rules.rounding), result.total.index
    )
    exact = result.total.round(NOISE_DECIMALS)
    split = (shown >= rules.threshold) != (exact >= rules.threshold)
    shared = result.rank.notna() & result.rank.duplicated(keep=False)
    cut = (
        shared
        & (result.rank <= rules.top)
        & (result.rank.map(result.rank.value_counts()) + result.rank - 1 > rules.top)
    )
    why = np.select(
        [split.fillna(False), cut.fillna(False), shared],
        [
            "print and exact total differ at the threshold",
            f"tie across place {rules.top}",
            "shares a place",
        ],
        "",
    )
    table = ranking_table(result).assign(total=result.total, why=pd.Series(why, result.total.index))
    return rounded(table.loc[table["why"] != "", EDGE_COLUMNS], 4)


def adjustment_table(result: Evaluation) -> pd.DataFrame:
    """Units with bonus, penalty or veto: base, points granted, and total."""
    table = pd.DataFrame(
        {
            "name": result.units["name_zh"],
            "base": result.base,
            "bonus": result.bonus,
            "penalty": result.penalty,
            "veto": result.veto,
            "total": result.total,
        }
    )
    table = table[(table["bonus"] > 0) | (table["penalty"] > 0) | table["veto"]]
    return rounded(table, result.rules.decimals, rounding=result.rules.rounding)


def missing_table(study: Study, year: int) -> pd.DataFrame:
    """Marks that the sheets of a round do not hold: round, unit and indicator.

    A row that got lost from a sheet of the initial round shows nowhere else: no total needs it.
    """
    data = study.years[year]
    rounds = {"final": data.marks} | ({} if data.initial is None else {"initial": data.initial})
    table = pd.concat({name: marks[marks["status"] == MISSING] for name, marks in rounds.items()})
    return table.reset_index(level=0, names="round")[["round", "unit", "indicator"]].reset_index(
        drop=True
    )


def surprising_marks(study: Study, year: int, *, at_least: float = 0.5) -> pd.DataFrame:
    """Marks far from what the site had in the initial round or the year before.

    Parameters
    ----------
    study : Study
    year : int
    at_least : float
        Share of the full marks, or of the span between the goalposts.

    Returns
    -------
    DataFrame
        unit, name, indicator, mark, against (``initial`` or the year before), before (the mark
        there), change (of the score index, -1 to 1) and points (what that makes of the total, by
        the nominal weight), most first; before them, with NaN, leaves that apply in both and
        count in one only.

    Notes
    -----
    One valid mark for another, 2.0 for 5.0, passes every check; only a comparison shows it.
    """
    data, others = study.years[year], {}
    if data.initial is not None:
        others["initial"] = _counting(replace(data, marks=data.initial))
    previous = study.year_before(year)
    if previous is not None and study.years[previous].scheme is not None:
        same = continuing(cohort(study, previous, year)).set_index("unit_previous")["unit"]
        table = _counting(study.years[previous])
        others[str(previous)] = table.assign(unit=table["unit"].map(same))
    now, names = _counting(data), unit_names(data.units, "zh")
    found = [_apart(now, other, at_least).assign(against=name) for name, other in others.items()]
    columns = ["unit", "name", "indicator", "mark", "against", "before", "change", "points"]
    if not found:
        return pd.DataFrame(columns=columns)
    table = pd.concat(found, ignore_index=True)
    table["name"] = table["unit"].map(names)
    table["points"] = table["change"] * table["indicator"].map(data.tree.weights)
    table["points"] *= data.rules.scale
    order = (-table["points"].abs()).sort_values(kind="stable", na_position="first").index
    return table.loc[order, columns].reset_index(drop=True)


def _counting(year: Year) -> pd.DataFrame:
    """Marks of a year, missing ones aside, with their score index, where the leaf applies."""
    applies = year.tree.applies(year.units["class"]).to_numpy().ravel()
    table = year.marks.assign(index=leaf_index(year).to_numpy().ravel())
    table["index"] = table["index"].where(table["status"] == SCORED)
    return table[applies & (table["status"] != MISSING).to_numpy()]


def _apart(now: pd.DataFrame, other: pd.DataFrame, at_least: float) -> pd.DataFrame:
    """Marks whose score indices lie apart, or of which one does not count."""
    table = now.merge(other, on=["unit", "indicator"], suffixes=("", "_before"))
    table = table.rename(columns={"mark_before": "before"})
    table["change"] = (table["index"] - table["index_before"]).round(NOISE_DECIMALS)
    far = table["change"].abs() >= at_least
    return table[far | (table["status"] != table["status_before"])]


def provenance(study: Study, year: int) -> pd.Series:
    """Where a notebook's figures come from: study, year, kind of data, and versions."""
    return pd.Series(
        {
            "study": study.code,
            "year": year,
            "provenance": study.provenance,
            "evallib": version("evallib"),
            "pandas": version("pandas"),
            "numpy": version("numpy"),
            "scipy": version("scipy"),
            "python": platform.python_version(),
        },
        name="provenance",
    ).to_frame()
