"""What a scenario changes, in a paragraph."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evallib.explore.scenario import movements
from evallib.explore.weights import SLACK, hundredths, official_weights
from evallib.publication import facts
from evallib.publication.sentences import joined, provenance
from evallib.publication.wording import label, sentence, unit_names
from evallib.scoring import Evaluation


def describe_what_if(official: Evaluation, scenario: Evaluation, *, lang: str = "zh") -> str:
    """What a scenario changes: weights and rules, places, the top, who reaches the threshold."""
    names, before = official.scheme.names(lang), official_weights(official.scheme)
    now = {code: 100 * scenario.scheme.node_weights.get(code, 0.0) for code in before}
    shown = zip(hundredths(now).items(), hundredths(before).values(), strict=True)
    rows = [
        {"name": names[code], "weight": weight, "official": was}
        for (code, weight), was in shown
        if abs(now[code] - before[code]) > SLACK
    ]
    ties = "" if scenario.rules.ties == official.rules.ties else scenario.rules.ties
    parts = [
        sentence("what_if_weights", lang, rows=rows, ties=ties),
        _moves(movements(official, scenario, lang=lang), lang),
        _top(official, scenario, lang),
        _reach(official, scenario, lang),
        provenance(scenario, lang=lang),
    ]
    return joined(parts, lang)


def _moves(table: pd.DataFrame, lang: str) -> str:
    moved = table["movement"].dropna()
    rows = [
        {"way": label(f"what_if_{way}", lang), "places": int(places.max()), "names": names}
        for way, places in (("up", moved[moved > 0]), ("down", -moved[moved < 0]))
        if (names := table.loc[places.index[places == places.max()], "name"].tolist())
    ]
    counts: dict[str, Any] = {"moved": int((moved != 0).sum()), "ranked": len(moved)}
    return sentence("what_if_moves", lang, rows=rows, **counts)


def _top(official: Evaluation, scenario: Evaluation, lang: str) -> str:
    names = unit_names(official.units, lang)
    before, now = (facts.top_list(result).index for result in (official, scenario))
    joining = [names[unit] for unit in now.difference(before, sort=False)]
    leaving = [names[unit] for unit in before.difference(now, sort=False)]
    return sentence("what_if_top", lang, top=official.rules.top, joined=joining, left=leaving)


def _reach(official: Evaluation, scenario: Evaluation, lang: str) -> str:
    before, now = (facts.threshold_counts(result).loc["all"] for result in (official, scenario))
    return sentence(
        "what_if_reach",
        lang,
        count=int(now["count"]),
        sites=int(now["sites"]),
        official_count=int(before["count"]),
        threshold=scenario.rules.threshold,
        official_threshold=official.rules.threshold,
    )
