"""Figures of 03_weights: which weights carry the ranking."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evallib.publication.drawing import (
    COLOURS,
    FAINT,
    GREY,
    INK,
    SMALL,
    finish,
    width_in_ems,
    write,
)
from evallib.publication.facts_weights import Examined, names_of
from evallib.publication.fonts import Axes, new_axes, styled
from evallib.publication.sentences_weights import holds_within, per_cent
from evallib.publication.wording import label, sentence, unit_names
from evallib.rounding import format_number
from evallib.scoring import Evaluation
from evallib.study.model import Study

UNLIKE: dict[str, Any] = {
    "color": COLOURS[1],
    "hatch": "////",
    "edgecolor": "white",
    "linewidth": 0,
}
PAPER = {"facecolor": "white", "pad": 1, "linewidth": 0}  # behind a text that crosses lines
ENDS = 100  # per cent: intervals of weights are drawn up to a doubling


def tall(rows: int, each: float = 0.131) -> float:
    """Height in inches of a figure with so many rows, and with room for title and legend."""
    return max(1.1 + each * rows, 2.0)


def label_rows(ax: Axes, texts: list[str], *, align: str = "right") -> np.ndarray:
    """One row per text from the top, without ticks or a spine; the rows."""
    rows = np.arange(len(texts))
    pad = 2 if align == "right" else SMALL * max(map(width_in_ems, texts)) + 4
    ax.set_yticks(rows, texts, ha=align)
    ax.set_ylim(len(texts) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0, labelsize=SMALL, pad=pad)
    ax.spines["left"].set_visible(False)
    return rows


def place_rows(ax: Axes, result: Evaluation, place: pd.Series, lang: str) -> np.ndarray:
    """A row per unit in the order given: name, then place."""
    names = unit_names(result.units, lang)
    return label_rows(ax, [f"{names[unit]}  {n:\N{FIGURE SPACE}>2}" for unit, n in place.items()])


def node_rows(ax: Axes, result: Evaluation, codes: pd.Index, lang: str) -> np.ndarray:
    """A row per node: name and weight, indented by level."""
    names, scheme = result.scheme.names(lang), result.scheme
    least = min(scheme.level(code) for code in codes)
    texts = [
        "\N{IDEOGRAPHIC SPACE}" * (scheme.level(code) - least)
        + f"{names[code]}  {per_cent(scheme.node_weights[code])}"
        for code in codes
    ]
    return label_rows(ax, texts, align="left")


def legend_above(ax: Axes, columns: int) -> None:
    """The legend between title and plot, where it can hide nothing."""
    place = {"loc": "lower right", "bbox_to_anchor": (1, 1), "borderaxespad": 0.2}
    look = {"fontsize": SMALL, "handlelength": 1.6, "columnspacing": 1.2, "frameon": False}
    ax.legend(**place, **look, ncols=columns)


def top_edge(ax: Axes, top: int, lang: str) -> None:
    """A dashed line behind the last place of the top, named at its foot, where others follow."""
    if top + 0.5 > ax.get_xlim()[1]:
        return
    line: dict[str, Any] = {"color": INK, "linewidth": 0.9, "linestyle": (0, (4, 3)), "zorder": 0.5}
    ax.axvline(top + 0.5, **line)
    text, look = sentence("top_edge", lang, top=top), {"ha": "right", "bbox": PAPER}
    write(ax, text, (top + 0.5, 0), (-3, 8), ax.get_xaxis_transform(), **look)


def _titled(
    ax: Axes, examined: Examined, key: str, lang: str, study: Study | None, **values: str
) -> Axes:
    title = sentence(key, lang, year=examined.result.year, **values)
    return finish(ax, examined.result, title, lang, study)


@styled
def plot_swings(
    swings: Examined,
    *,
    ax: Axes | None = None,
    lang: str = "zh",
    study: Study | None = None,
    rows: int = 30,
) -> Axes:
    """Sites that change place when one indicator's weight goes down (left) or up (right).

    Parameters
    ----------
    swings : Examined, from :func:`swings`
    ax : Axes, optional
    lang : {"zh", "en"}
    study : Study, optional
        Gives the printed name of the study.
    rows : int
        Only so many indicators, those that move most.
    """
    table, top = swings.table.head(rows), swings.choices["top"]
    ax = new_axes(ax, tall(len(table), 0.165))
    spots = node_rows(ax, swings.result, table.index, lang)
    looks: dict[str, dict[str, Any]] = {"down": {"color": COLOURS[0]}, "up": UNLIKE}
    for side, sign in (("down", -1), ("up", 1)):
        moved = table[f"moved_{side}"].astype(float)
        ax.barh(spots, sign * moved.fillna(0), 0.68, label=label(side, lang), **looks[side])
        for row, value, new in zip(spots, moved, table[f"top_{side}"], strict=True):
            if np.isnan(value):
                continue
            more = sentence("top_new", lang, top=top, n=new) if new else ""
            text = "  ".join(filter(None, [f"{value:.0f}", more][:: int(sign)]))
            write(ax, text, (sign * value, row), (3 * sign, 0), ha="left" if sign > 0 else "right")
    most = max(float(table[["moved_down", "moved_up"]].max(axis=None)), 1.0)
    wide = 1.15 if table[["top_down", "top_up"]].fillna(0).max(axis=None) == 0 else 1.7
    ax.set_xlim(-wide * most, wide * most)
    ax.axvline(0, color=INK, linewidth=0.9)
    ax.locator_params(axis="x", nbins=8, integer=True)
    ax.xaxis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")
    ax.set_xlabel(label("moved", lang))
    legend_above(ax, 2)
    spread = per_cent(swings.choices["spread"])
    return _titled(ax, swings, "figure_swings", lang, study, spread=spread)


@styled
def plot_breakpoints(
    spans: Examined, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """How far the weight of each indicator may move before places change, all others in proportion.

    Three intervals a row: first place, list of the top, whole order. One that goes on beyond the
    frame ends in an arrow.
    """
    table, top = spans.table, spans.choices["top"]
    ax = new_axes(ax, tall(len(table), 0.19))
    spots = node_rows(ax, spans.result, table.index, lang)
    looks = {
        "first": (label("holds_first", lang), {"color": GREY, "linewidth": 1.2}),
        "top": (sentence("holds_top", lang, top=top), {"color": COLOURS[4], "linewidth": 7}),
        "order": (label("holds_order", lang), {"color": COLOURS[1], "linewidth": 3.5}),
    }
    for holds in ("top", "first", "order"):
        text, look = looks[holds]
        low = 100 * table[f"{holds}_down"].fillna(-1.0)
        most = 100 * (1 / table["weight"] - 1)
        high = (100 * table[f"{holds}_up"]).fillna(most)
        ax.hlines(spots, low, high.clip(upper=ENDS), label=text, **look, zorder=2)
        for row, end in zip(spots, high, strict=True):
            beyond = {"first": end > ENDS, "top": end > ENDS}.get(holds, False)
            if beyond:
                ax.plot(ENDS, row, ">", color=look["color"], markersize=4, clip_on=False, zorder=3)
        if holds == "first":
            caps = [(low, spots), (high[high <= ENDS], spots[high.to_numpy() <= ENDS])]
            for ends, at in caps:
                ax.plot(ends, at, "|", color=GREY, markersize=8, markeredgewidth=1.4, zorder=2)
    ax.axvline(0, color=INK, linewidth=0.8, zorder=3)
    ax.set_xlim(-ENDS - 4, ENDS + 4)
    ax.set_xlabel(label("change_of_weight", lang))
    legend_above(ax, 3)
    return _titled(ax, spans, "figure_breakpoints", lang, study)


@styled
def plot_top_margins(
    margins: Examined,
    *,
    top: int,
    ax: Axes | None = None,
    lang: str = "zh",
    study: Study | None = None,
) -> Axes:
    """For every list of the first k, how far all leaf weights may move before it changes."""
    lower = margins.table["lower"]
    shown = lower.replace(np.inf, np.nan)
    ax = new_axes(ax, tall(len(lower), 0.145))
    rows = label_rows(ax, [label("first_k", lang).format(k) for k in lower.index])
    limit = 1.25 * min(100 * shown.max(), ENDS) if shown.max() > 0 else ENDS
    for row, (k, value) in zip(rows, lower.items(), strict=True):
        look = UNLIKE if k == top else {"color": COLOURS[0]}
        ax.barh(row, min(100 * value, limit), 0.7, **look)
        write(ax, holds_within(value, lang), (min(100 * value, limit), row), (3, 0))
    ax.set_xlim(0, limit)
    ax.set_xlabel(label("largest_change", lang))
    return _titled(ax, margins, "figure_top_margins", lang, study)


@styled
def plot_left_out(
    left_out: Examined, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """Average shift in rank when one level-1 indicator, or one leaf, is left out."""
    table, names = left_out.table, names_of(left_out.result, lang)
    ax = new_axes(ax, tall(len(table)))
    texts = [f"{names[code]}  {per_cent(table.at[code, 'weight'])}" for code in table.index]
    rows = label_rows(ax, texts)
    parts = table["part"].to_numpy()
    looks: dict[str, dict[str, Any]] = {"dimension": UNLIKE, "leaf": {"color": COLOURS[0]}}
    for part in dict.fromkeys(parts):
        mine = table["average_shift"].to_numpy()[parts == part]
        ax.barh(rows[parts == part], mine, 0.7, label=label(part, lang), **looks[part])
    for row, value in zip(rows, table["average_shift"], strict=True):
        write(ax, format_number(value, 2), (value, row), (3, 0))
    ax.set_xlim(0, 1.12 * max(table["average_shift"].max(), 0.1))
    ax.set_xlabel(label("average_shift", lang))
    if len(set(parts)) > 1:
        ax.legend(loc="lower right")
    return _titled(ax, left_out, "figure_left_out", lang, study)


@styled
def plot_alternatives(
    alternatives: Examined, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """Places under the published weights and under equal weights, a row per site."""
    table, top = alternatives.table, alternatives.choices["top"]
    ax = new_axes(ax, tall(len(table)))
    rows = place_rows(ax, alternatives.result, table["rule"], lang)
    ax.hlines(rows, table.min(axis=1), table.max(axis=1), color=FAINT, linewidth=1, zorder=0)
    for kind, colour, marker in zip(table.columns[1:], COLOURS, "^sD", strict=False):
        ax.plot(table[kind], rows, marker, color=colour, markersize=3.6, label=label(kind, lang))
    ax.plot(table["rule"], rows, "o", color=INK, markersize=3, label=label("rule", lang))
    place_axis(ax, table.max(axis=None), lang)
    top_edge(ax, top, lang)
    legend_above(ax, len(table.columns))
    return _titled(ax, alternatives, "figure_alternatives", lang, study)


def place_axis(ax: Axes, last: int, lang: str) -> None:
    """An axis of places from 1, marked at every fifth, or at all where they are few."""
    few = last <= 12
    ax.set_xticks([1, *range(2 if few else 5, int(last) + 1, 1 if few else 5)])
    ax.set_xlim(0.2, last + 0.8)
    ax.set_xlabel(label("places", lang))


@styled
def plot_importance(
    importance: Examined, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """Nominal weight (hollow) and share in the differences of totals (filled) of each indicator."""
    table = 100 * importance.table[["nominal", "effective"]]
    ax = new_axes(ax, tall(len(table), 0.19))
    rows = node_rows(ax, importance.result, table.index, lang)
    ax.hlines(rows, table.min(axis=1), table.max(axis=1), color=GREY, linewidth=1, zorder=1)
    hollow: dict[str, Any] = {"facecolor": "white", "edgecolor": INK, "s": 22, "zorder": 2}
    ax.scatter(table["nominal"], rows, label=label("nominal", lang), **hollow)
    filled: dict[str, Any] = {"color": COLOURS[1], "marker": "s", "s": 18, "zorder": 3}
    ax.scatter(table["effective"], rows, label=label("effective", lang), **filled)
    if (table < 0).any(axis=None):
        ax.axvline(0, color=INK, linewidth=0.8, zorder=0)
    ax.set_xlabel(label("share_percent", lang))
    legend_above(ax, 2)
    return _titled(ax, importance, "figure_importance", lang, study)
