"""Generated sentences on what is due between two evaluations, and on marks under another rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from pandas.arrays import StringArray

from evallib.monitoring.monitor import Monitor
from evallib.publication.sentences import joined, provenance
from evallib.publication.sentences_evidence import amount, describe_rule, veto_name
from evallib.publication.sentences_site import leaf_names
from evallib.publication.views_monitor import DECIMALS, marks_moved, repair_text, same
from evallib.publication.wording import label, sentence, unit_names
from evallib.publication.year_over_year import signed
from evallib.rounding import NOISE_DECIMALS, format_number
from evallib.study.evidence.rules import LeafRule
from evallib.study.model import Study, Year


def describe_monitor(study: Study, monitor: Monitor, *, lang: str = "zh") -> str:
    """What is due and how it changed, who is near a veto, and which repairs pay.

    Parameters
    ----------
    study : Study
    monitor : Monitor
    lang : {"zh", "en"}
    """
    parts = (_due, _change, _risks, _repairs)
    texts = [part(study.years[monitor.year], monitor, lang) for part in parts]
    return joined([*texts, provenance(monitor, lang=lang)], lang)


def describe_due(study: Study, monitor: Monitor, *, lang: str = "zh") -> str:
    """What is due, how many points it costs, and how that changed."""
    texts = [part(study.years[monitor.year], monitor, lang) for part in (_due, _change)]
    return joined([*texts, provenance(monitor, lang=lang)], lang)


def describe_risks(study: Study, monitor: Monitor, *, lang: str = "zh") -> str:
    """Who has reached a single-item veto, and who is soonest to."""
    text = _risks(study.years[monitor.year], monitor, lang)
    return joined([text, provenance(monitor, lang=lang)], lang)


def describe_repairs(study: Study, monitor: Monitor, *, lang: str = "zh") -> str:
    """What can be won back, what is about to be lost, and where it pays most."""
    text = _repairs(study.years[monitor.year], monitor, lang)
    return joined([text, provenance(monitor, lang=lang)], lang)


def points_lost(year: Year, values: pd.DataFrame, column: str = "mark") -> pd.Series:
    """Points below full marks, of every row whose mark is known."""
    full = values["indicator"].map({leaf: year.tree.node(leaf).full_marks for leaf in _of(values)})
    return (full.astype(float) - values[column]).dropna()


def _of(values: pd.DataFrame) -> StringArray:
    return values["indicator"].unique()


def _points(value: float) -> str:
    return format_number(round(value, NOISE_DECIMALS), DECIMALS)


def _day(day: date, lang: str) -> str:
    return sentence("monitor_day", lang, date=day)


def _due(year: Year, monitor: Monitor, lang: str) -> str:
    lost = points_lost(year, monitor.values)
    marked = monitor.values.loc[lost.index, "indicator"].nunique()
    losing = monitor.values.loc[lost.index[lost > 0], "unit"].nunique()
    return sentence(
        "monitor_due",
        lang,
        day=_day(monitor.as_of, lang),
        period=label(f"monitor_{monitor.period}", lang),
        due=len(monitor.due),
        unknown=len(monitor.due) - marked,
        known=marked,
        lost=_points(lost.sum()),
        losing=losing,
    )


def _change(year: Year, monitor: Monitor, lang: str) -> str:
    step = marks_moved(monitor.values)
    both, names = monitor.values.loc[step.index], leaf_names(year.tree, lang)
    leaves = step.groupby(both["indicator"], sort=False).sum().round(NOISE_DECIMALS)
    best, worst = leaves[leaves > 0], leaves[leaves < 0]
    return sentence(
        "monitor_change",
        lang,
        before=_day(monitor.before, lang),
        known=len(_of(monitor.values)),
        compared=len(leaves),
        lost=_points(points_lost(year, both).sum()),
        lost_before=_points(points_lost(year, both, "mark_before").sum()),
        better=int((step > 0).sum()),
        worse=int((step < 0).sum()),
        best=_leaf(names, best, best.idxmax()) if len(best) else None,
        worst=_leaf(names, worst, worst.idxmin()) if len(worst) else None,
    )


def _leaf(names: Mapping[str, str], values: pd.Series, code: str) -> dict[str, str]:
    return {"name": names[code], "points": signed(values[code], DECIMALS)}


def _risks(year: Year, monitor: Monitor, lang: str) -> str:
    names, rules, risks = unit_names(year.units, lang), year.measuring.vetoes, monitor.risks
    reached, near = risks[risks["reached"]], risks[~risks["reached"].astype(bool)]
    said = [
        sentence(
            "monitor_risk",
            lang,
            name=names[row.unit],
            veto=veto_name(rules[row.veto], lang),
            value=amount(rules[row.veto], np.nan_to_num(row.value, posinf=np.inf), lang),
            bound=amount(rules[row.veto], row.bound, lang),
        )
        for row in pd.concat([reached, near.head(1)]).itertuples()
    ]
    day = near["day"].iloc[0] if len(near) else pd.NaT
    return sentence(
        "monitor_risks",
        lang,
        reached=said[: len(reached)],
        near=len(near),
        first=said[-1] if len(near) else "",
        day="" if pd.isna(day) else _day(day.date(), lang),
    )


def _repairs(year: Year, monitor: Monitor, lang: str) -> str:
    table = monitor.repairs
    mend, keep = (table[table["what"] == what] for what in ("repair", "keep"))
    return sentence(
        "monitor_repairs",
        lang,
        mend=len(mend),
        mend_points=_points(mend["points"].sum()),
        best=_repair(year, mend, lang),
        keep=len(keep),
        keep_points=_points(keep["points"].sum()),
        first=_repair(year, keep.sort_values("day", kind="stable"), lang),
    )


def _repair(year: Year, rows: pd.DataFrame, lang: str) -> dict[str, Any] | None:
    """The first of some repairs as a sentence tells it, and how many others are worth as much."""
    if rows.empty:
        return None
    row, day = rows.iloc[0], rows["day"].iloc[0]
    whose = unit_names(year.units, lang)[row["unit"]]
    leaf = leaf_names(year.tree, lang)[row["indicator"]]
    return {
        "name": {"zh": f"{whose}的{leaf}", "en": f"{whose}, {leaf}"}[lang],
        "what": repair_text(
            year.measuring.leaves[row["indicator"]], row["what"], row["count"], lang
        ),
        "points": _points(row["points"]),
        "tied": int((rows["points"] == row["points"]).sum()) - 1,
        "day": "" if pd.isna(day) else _day(day.date(), lang),
    }


def describe_other_rule(
    study: Study, year: int, leaf: str, rule: LeafRule, table: pd.DataFrame, *, lang: str = "zh"
) -> str:
    """How many marks and places another rule of one leaf would change.

    Parameters
    ----------
    study : Study
    year : int
    leaf : str
    rule : LeafRule
        The other rule, see ``other_rule``.
    table : DataFrame of ``under_other_rule``
    lang : {"zh", "en"}
    """
    data = study.years[year]
    moved = (table["rank"] - table["rank_if"]).dropna().astype(int)
    other = table[~same(table["mark"], table["mark_if"])]
    text = sentence(
        "monitor_other_rule",
        lang,
        name=leaf_names(data.tree, lang)[leaf],
        rule=describe_rule(rule, lang=lang),
        fell=int((other["mark_if"] < other["mark"]).sum()),
        rose=int((other["mark_if"] > other["mark"]).sum()),
        moved=int((moved != 0).sum()),
        up=_furthest(moved[moved > 0], data, lang),
        down=_furthest(-moved[moved < 0], data, lang),
    )
    return joined([text, provenance(study, lang=lang)], lang)


def _furthest(places: pd.Series, data: Year, lang: str) -> dict[str, Any] | None:
    if places.empty:
        return None
    most, names = places.max(), unit_names(data.units, lang)
    return {"places": int(most), "names": [names[u] for u in places.index[places == most]]}
