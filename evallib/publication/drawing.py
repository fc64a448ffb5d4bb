"""What all figures share: colours, title and foot, rows of sites, and the axis of totals."""

from __future__ import annotations

from itertools import cycle
from textwrap import fill
from typing import Any

import pandas as pd

from evallib.monitoring.monitor import Monitor
from evallib.publication.facts import Standing
from evallib.publication.fonts import FAMILY, Axes, Figure
from evallib.publication.wording import label, sentence, unit_names
from evallib.rounding import format_number
from evallib.scoring import Evaluation
from evallib.study.model import Study
from evallib.study.rules import Rules

# Okabe and Ito (2008), Color Universal Design: told apart with any kind of colour vision
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
MARKERS, HATCHES = "osD^vP", ("", "////", "....", "xxxx", "++++", "\\\\\\\\")
INK, GREY, SILVER, FAINT = "#222222", "#767676", "#b0b0b0", "#d9d9d9"
SMALL = 7.5  # points
Shown = Standing | Evaluation | Monitor  # what a figure is about


def frame(
    figure: Figure,
    result: Shown,
    title: str,
    lang: str,
    study: Study | None,
    years: list[int] | None = None,
) -> None:
    """Title on top, and at the foot the study, its years and what kind of data it is."""
    title, note = _texts(result, title, lang, study, years)
    figure.suptitle(title or " ", x=0.01, ha="left")
    figure.supxlabel(note, x=0.01, ha="left", fontsize=SMALL, color=GREY)


def _texts(
    result: Shown,
    title: str,
    lang: str,
    study: Study | None,
    years: list[int] | None,
) -> tuple[str, str]:
    name, years = study.name(lang) if study else result.study, years or [result.year]
    note = sentence("note", lang, study=name, years=years, provenance=result.provenance)
    wide = {"zh": 1, "en": 1.8}[lang]
    return fill(title, int(38 * wide)), fill(note, int(56 * wide))


def finish(
    ax: Axes,
    result: Shown,
    title: str,
    lang: str,
    study: Study | None,
    *,
    years: list[int] | None = None,
) -> Axes:
    """Title and foot of the figure, or of the Axes alone where it shares a figure."""
    ax.tick_params(labelfontfamily=FAMILY)  # Axes made elsewhere have another font
    for text in ax.findobj(lambda artist: hasattr(artist, "set_fontfamily")):
        text.set_fontfamily(FAMILY)
    if len(ax.figure.axes) == 1 and ax.figure.get_layout_engine():
        frame(ax.figure, result, title, lang, study, years)
    else:
        title, note = _texts(result, title, lang, study, years)
        ax.set_title(title)
        write(ax, note, (0, 0), (0, -34), "axes fraction", va="top", color=GREY)
    return ax


def write(
    ax: Axes,
    text: str,
    place: tuple[float, float],
    shift: tuple[int, ...],
    frame: Any = "data",
    **look: Any,
) -> None:
    """Small text near a place, also beyond the axes; ``frame`` says what the place counts in."""
    look = {"fontsize": SMALL, "va": "center"} | look
    at: dict[str, Any] = {
        "xycoords": frame,
        "textcoords": "offset points",
        "annotation_clip": False,
    }
    ax.annotate(text, place, shift, **at, **look)


def looks_of(units: pd.DataFrame) -> dict[str, tuple[str, str, str]]:
    """Colour, marker and hatch of every group, in file order."""
    groups = dict.fromkeys(units["group"])
    return dict(zip(groups, zip(cycle(COLOURS), cycle(MARKERS), cycle(HATCHES)), strict=False))


def rank_order(result: Evaluation) -> pd.Index:
    """Units in rank order, the unranked last."""
    return result.rank.sort_values(kind="stable", na_position="last").index


def row_height(rows: float) -> float:
    """Height in inches of a figure with a row of small text per site."""
    return 1.05 + 0.131 * rows


def site_rows(
    ax: Axes, result: Evaluation, totals: pd.Series, order: pd.Index, lang: str
) -> pd.Series:
    """Label a row per site, name then place, above an axis of totals; the row of every site."""
    names, places = unit_names(result.units, lang), result.rank.astype(object)
    texts = [
        f"{names[unit]}  {'–' if pd.isna(places[unit]) else places[unit]:\N{FIGURE SPACE}>2}"
        for unit in order
    ]
    ax.set_yticks(range(len(order)), texts)
    ax.set_ylim(len(order) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0, labelsize=SMALL, pad=2)
    ax.spines["left"].set_visible(False)
    score_axis(ax, totals, result.rules, lang)
    return pd.Series(range(len(order)), index=order)


def score_axis(ax: Axes, totals: pd.Series, rules: Rules, lang: str) -> None:
    """An axis of totals, with the threshold as a labelled line."""
    known = [*totals.dropna(), rules.threshold]
    spare = 0.04 * (max(known) - min(known)) + 0.2
    ax.set_xlim(min(known) - spare, max(known) + spare)
    ax.locator_params(axis="x", nbins=7, integer=True, steps=[1, 2, 5, 10])
    ax.set_xlabel(label("total", lang))
    ax.axvline(rules.threshold, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=2.5)
    text = sentence("threshold", lang, value=format_number(rules.threshold, 2))
    write(ax, text, (rules.threshold, 1), (3, 6), ax.get_xaxis_transform())


def width_in_ems(text: str) -> float:
    """Width of a text in its own size: a Chinese character is 1, a Latin one a good half."""
    return sum(1 if ord(mark) > 0x2E7F else 0.56 for mark in text)
