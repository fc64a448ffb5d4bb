"""Tables of a monitor, of a mark's rows, and of marks under another rule, as they are printed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api.typing import NaTType

from evallib.monitoring.monitor import Monitor
from evallib.monitoring.rows import MarkTrace
from evallib.publication.sentences_evidence import amount, veto_name
from evallib.publication.sentences_site import leaf_names
from evallib.publication.wording import label, listing, sentence, unit_names
from evallib.publication.year_over_year import signed
from evallib.rounding import NOISE_DECIMALS, format_number
from evallib.study.evidence.rules import LeafRule
from evallib.study.evidence.tables import TABLES
from evallib.study.model import Study

DECIMALS = 2  # of points and of values
MOST = 20  # repairs that are listed
CHANGE_COLUMNS = ["name", "value", "value_before", "losing", "losing_before", "better", "worse"]
RISK_COLUMNS = ["name", "veto", "value", "bound", "day"]
REPAIR_COLUMNS = ["name", "indicator", "what", "points", "day"]
NOTHING = "–"


def change_table(study: Study, monitor: Monitor, *, lang: str = "zh") -> pd.DataFrame:
    """Each leaf that is due, now and a period before.

    Returns
    -------
    DataFrame indexed by leaf, in file order
        name, value and value_before (means over the sites), losing and losing_before (sites that
        lost points), better and worse (sites whose mark rose or fell), points (change of all
        marks together). A dash stands where the evidence does not tell.
    """
    year, values = study.years[monitor.year], monitor.values
    names, rows = leaf_names(year.tree, lang), {}
    for code in [leaf for leaf in year.tree.leaves if leaf in monitor.due]:
        mine, rule = values[values["indicator"] == code], year.measuring.leaves[code]
        full, step = year.tree.node(code).full_marks, marks_moved(mine)
        then = mine["mark_before"].dropna()
        rows[code] = [
            names[code],
            _mean(rule, mine["value"], lang),
            _mean(rule, mine["value_before"], lang),
            _count(mine["mark"].dropna() < full),
            _count(then < full),
            _count(step > 0),
            _count(step < 0),
            signed(step.sum(), DECIMALS) if len(step) else NOTHING,
        ]
    return pd.DataFrame.from_dict(rows, orient="index", columns=[*CHANGE_COLUMNS, "points"])


def marks_moved(values: pd.DataFrame) -> pd.Series:
    """Change of every mark since the period before, where both are known."""
    return (values["mark"] - values["mark_before"]).dropna().round(NOISE_DECIMALS)


def _mean(rule: LeafRule, values: pd.Series, lang: str) -> str:
    known = values[np.isfinite(values)]
    return amount(rule, known.mean(), lang) if len(known) else NOTHING


def _count(flags: pd.Series) -> str:
    return str(int(flags.sum())) if len(flags) else NOTHING


def risk_table(study: Study, monitor: Monitor, *, lang: str = "zh") -> pd.DataFrame:
    """Who has reached a veto, or is near one: name, veto, value, bound, and the day it is reached.

    The day is the one on which the veto is reached if nothing is done; a dash stands where none
    can be told.
    """
    year, risks = study.years[monitor.year], monitor.risks
    names, rules = unit_names(year.units, lang), year.measuring.vetoes
    rows = [
        (
            names[row.unit],
            veto_name(rules[row.veto], lang),
            amount(rules[row.veto], row.value, lang) if row.value == row.value else NOTHING,
            amount(rules[row.veto], row.bound, lang),
            label("monitor_reached", lang) if row.reached else _day(row.day),
        )
        for row in risks.itertuples()
    ]
    return pd.DataFrame(rows, columns=RISK_COLUMNS)


def repair_table(
    study: Study, monitor: Monitor, *, what: str, lang: str = "zh", most: int = MOST
) -> pd.DataFrame:
    """What is about to be lost, the soonest first, or what can be won back, most points first.

    Parameters
    ----------
    study : Study
    monitor : Monitor
    what : {"keep", "repair"}
    lang : {"zh", "en"}
    most : int
        Rows at most.

    Returns
    -------
    DataFrame
        name, indicator, what is to be done, points (of the leaf), and the last day for it, where
        there is one.
    """
    year, table = study.years[monitor.year], monitor.repairs
    table = table[table["what"] == what].sort_values("day", kind="stable").head(most)
    names, leaves = unit_names(year.units, lang), leaf_names(year.tree, lang)
    rows = [
        (
            names[row.unit],
            leaves[row.indicator],
            repair_text(year.measuring.leaves[row.indicator], what, row.faults, lang),
            format_number(row.points, DECIMALS),
            _day(row.day),
        )
        for row in table.rename(columns={"count": "faults"}).itertuples()
    ]
    table = pd.DataFrame(rows, columns=REPAIR_COLUMNS)
    return table if what == "keep" else table.drop(columns="day")


def repair_text(rule: LeafRule, what: str, count: int, lang: str) -> str:
    """What is to be done, in a few words.

    Parameters
    ----------
    rule : LeafRule
    what : {"repair", "keep"}
    count : int
    lang : {"zh", "en"}
    """
    given = rule.parameters
    elements = listing([label(f"element_{name}", lang) for name in given.get("elements", ())], lang)
    pages = listing([label(f"page_{kind}", lang) for kind in given.get("kinds", ())], lang)
    public = given.get("until") == "published"
    about: dict[str, Any] = {"keep": what == "keep", "n": int(count), "public": public}
    return sentence(f"do_{rule.measure.name}", lang, elements=elements, pages=pages, **about)


def _day(day: NaTType | pd.Timestamp) -> str:
    return NOTHING if pd.isna(day) else f"{day:%Y-%m-%d}"


def row_table(trace: MarkTrace, *, every: bool = False) -> pd.DataFrame:
    """The rows behind a mark as text: those that count against the unit, or every row.

    Of every row stands whether it ``counts``, and if not why. Moments print as days but for
    probes, amounts without a tail of decimals; columns that are empty, or that the measure does
    not ask for, not at all.
    """
    rows = trace.rows if every else trace.rows[trace.rows["against"]]
    counts = rows["reason"].where(~rows["counted"], "yes").where(~rows["against"], "against")
    rows = rows.drop(columns=["counted", "reason", "against"])
    if every:
        rows.insert(1, "counts", counts)
    rows = rows.drop(columns=_unasked(trace), errors="ignore")
    clock = " %H:%M" if trace.table == "probes" else ""
    shown = {name: _texts(column, clock) for name, column in rows.items()}
    return pd.DataFrame({name: texts for name, texts in shown.items() if any(texts)})


def _unasked(trace: MarkTrace) -> list[str]:
    """What is made of other columns or said by ``counts``, and elements the rule does not name."""
    asked = trace.rule.parameters.get("elements", ())
    flags = [column.name for column in TABLES[trace.table].columns if column.kind == "flag"]
    unasked = [name for name in flags if asked and name not in asked]
    return [*unasked, "first_unit", "held_since", *(["status"] if trace.table == "letters" else [])]


def _texts(column: pd.Series, clock: str) -> list[str]:
    """Texts of a column; empty where nothing is known."""
    if column.dtype.kind == "M":
        return ["" if pd.isna(v) else v.strftime(f"%Y-%m-%d{clock}") for v in column]
    if column.dtype.kind == "f":
        return [
            "" if v != v else "∞" if np.isinf(v) else format_number(v, DECIMALS) for v in column
        ]
    if column.dtype.kind == "b":
        return ["✓" if v else "✗" for v in column]
    return ["" if pd.isna(v) else str(v) for v in column]


def other_rule_table(
    study: Study, year: int, table: pd.DataFrame, *, lang: str = "zh"
) -> pd.DataFrame:
    """Units whose mark or rank differs under another rule, see ``under_other_rule``, as printed.

    Returns
    -------
    DataFrame indexed by unit
        name, mark, mark_if, total, total_if, rank, rank_if; who moves furthest first.
    """
    rules, names = study.years[year].rules, unit_names(study.years[year].units, lang)
    moved = (table["rank"] - table["rank_if"]).abs().fillna(0)
    table = table.assign(name=table.index.map(names), moved=moved)
    table = table[(table["moved"] > 0) | ~same(table["mark"], table["mark_if"])]
    table = table.sort_values(["moved", "rank"], ascending=[False, True], kind="stable")
    decimals = {"mark": DECIMALS, "total": rules.decimals, "rank": 0}
    for name, places in decimals.items():
        for column in (name, f"{name}_if"):
            table[column] = [
                NOTHING if pd.isna(v) else format_number(v, places, rules.rounding)
                for v in table[column]
            ]
    return table.drop(columns="moved")


def same(one: pd.Series, other: pd.Series) -> np.ndarray:
    """Which of two columns' numbers agree, both absent included."""
    return np.isclose(one.astype(float), other.astype(float), rtol=0, atol=1e-9, equal_nan=True)
