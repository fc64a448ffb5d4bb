"""Sentences on what moved: between the rounds of a year, in cleaning, and between two years."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evallib.publication import facts
from evallib.publication.sentences import _print, improved, incomparable, joined, provenance
from evallib.publication.wording import label, sentence, unit_names
from evallib.rounding import NOISE_DECIMALS
from evallib.scoring import Evaluation
from evallib.study.model import Study


def describe_rounds(initial: Evaluation, final: Evaluation, *, lang: str = "zh") -> str:
    """What the final round changed: means, how many sites gained or lost, and the largest gain."""
    gain = (final.total - initial.total).round(NOISE_DECIMALS)
    names = unit_names(final.units, lang)
    before, mean = (facts.group_means(result)["all"] for result in (initial, final))
    size, sign, agrees = facts.printed_change(before, mean, final.rules)
    change: dict[str, Any] = {
        "before": before,
        "mean": mean,
        "size": size,
        "sign": sign,
        "agrees": agrees,
    }
    best = [names[unit] for unit in gain.index[gain == gain.max()]]
    most: dict[str, Any] = {"most": gain.max(), "names": best, **_print(final.rules)}
    text = sentence("rounds", lang, year=final.year, **change, **_tally(gain), **most)
    return joined([text, provenance(final, lang=lang)], lang)


def _tally(changes: pd.Series) -> dict[str, Any]:
    """How many changes are up, none and down."""
    signs = np.sign(changes.dropna().astype(float))
    return {
        name: int((signs == sign).sum()) for name, sign in (("up", 1), ("same", 0), ("down", -1))
    }


def describe_cleaning(study: Study, year: int, *, lang: str = "zh") -> str:
    """What became of the cells of the raw sheets, and how many decisions that took."""
    data = study.years[year]
    if data.rows is None or data.decisions is None:
        return sentence("cleaning_tidy", lang, year=year)
    rows = [row | {"name": label(row["round"], lang)} for row in data.rows.to_dict("records")]
    rulings = int((data.decisions["rule"] == "ruling").sum())
    ruled = len(data.decisions) - rulings
    return sentence("cleaning", lang, year=year, rows=rows, ruled=ruled, rulings=rulings)


def describe_change(study: Study, previous: int, current: int, *, lang: str = "zh") -> str:
    """How many sites rose and fell between two years, who improved most, and who cannot compare."""
    moves = facts.rank_changes(study, previous, current)
    moves = moves[moves["was"].notna()]
    places, gains = _tally(moves["change"]), _tally(moves["gain"].round(NOISE_DECIMALS))
    points: dict[str, Any] = {"gained": gains["up"], "lost": gains["down"]}
    about: dict[str, Any] = {"previous": previous, "year": current, "n": sum(places.values())}
    text = sentence("movement", lang, **about, **places, **points)
    parts = [
        text,
        improved(study, current, lang=lang, previous=previous),
        incomparable(study, previous, current, lang=lang),
        sentence("provenance", lang, provenance=study.provenance),
    ]
    return joined(parts, lang)
