"""Figures of 04_stability: how firm each place is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evallib.firmness.acceptability import RankUncertainty
from evallib.firmness.sensitivity import published_places
from evallib.publication.drawing import COLOURS, FAINT, GREY, INK, SILVER, finish, write
from evallib.publication.facts_firmness import OFTEN, SELDOM, top_shares
from evallib.publication.facts_weights import Examined
from evallib.publication.figures_weights import (
    PAPER,
    UNLIKE,
    label_rows,
    legend_above,
    place_axis,
    place_rows,
    tall,
    top_edge,
)
from evallib.publication.fonts import Axes, new_axes, styled
from evallib.publication.sentences_weights import per_cent
from evallib.publication.wording import label, sentence, unit_names
from evallib.rounding import format_number
from evallib.study.model import Study

Look = dict[str, Any]
Ends = tuple[pd.Series, ...]
BAR: Look = {"color": COLOURS[4], "linewidth": 4.5}
DOT: Look = {"marker": "o", "color": INK, "markersize": 3, "linestyle": ""}


def _ranges(ax: Axes, rows: np.ndarray, inner: Ends, outer: Ends, texts: tuple[str, ...]) -> None:
    """A thick bar for the inner interval of every row and a thin line for the outer one."""
    ax.hlines(rows, *outer, color=GREY, linewidth=1, label=texts[1], zorder=1)
    for ends in outer:
        ax.plot(ends, rows, "|", color=GREY, markersize=4, zorder=1)
    low, high = inner
    ax.hlines(rows, low - 0.3, high + 0.3, **BAR, label=texts[0], zorder=2)


@styled
def plot_place_ranges(
    ranges: Examined, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """Published place, 90 % of the sampled places, and exact best and worst place of every site.

    The exact places stand at the right.

    Parameters
    ----------
    ranges : Examined, from :func:`place_ranges`
    ax : Axes, optional
    lang : {"zh", "en"}
    study : Study, optional
        Gives the printed name of the study.
    """
    table = ranges.table
    ax = new_axes(ax, tall(len(table)))
    rows = place_rows(ax, ranges.result, table["place"], lang)
    texts = label("interval", lang), label("extremes", lang)
    inner, outer = (table["low"], table["high"]), (table["best"], table["worst"])
    _ranges(ax, rows, inner, outer, texts)
    ax.plot(table["place"], rows, **DOT, label=label("rule", lang))
    for row, best, worst in zip(rows, *outer, strict=True):
        text = f"{best}–{worst}" if best < worst else str(best)
        write(ax, text, (1, row), (2, 0), ax.get_yaxis_transform())
    place_axis(ax, len(table), lang)
    top_edge(ax, ranges.choices["top"], lang)
    legend_above(ax, 3)
    spread = per_cent(ranges.choices["spread"])
    title = sentence("figure_place_ranges", lang, year=ranges.result.year, spread=spread)
    return finish(ax, ranges.result, title, lang, study)


@styled
def plot_acceptability(
    firm: RankUncertainty, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """Share of weightings in which every site takes every place; its published place is framed.

    Parameters
    ----------
    firm : RankUncertainty
        Of at most 1,000 units, so that every place has a column of its own.
    """
    result = firm.result
    if len(firm.edges) != len(firm.units) + 1:
        raise ValueError(f"{len(firm.units)} units are too many to draw a column for every place")
    place = published_places(result).sort_values(kind="stable")
    share = firm.acceptability().loc[place.index]
    ax = new_axes(ax, tall(len(place)))
    rows = place_rows(ax, result, place, lang)
    steps = np.arange(len(place) + 1) + 0.5
    seen = np.sqrt(share.where(share >= 0.0005))  # so that small shares can be seen
    mesh = ax.pcolormesh(steps, steps - 1, seen, cmap="Blues", vmin=0, vmax=1)
    ax.hlines(rows[4::5] + 0.5, 0.5, len(place) + 0.5, color=FAINT, linewidth=0.5)
    ax.vlines(rows[4::5] + 1.5, -0.5, len(place) - 0.5, color=FAINT, linewidth=0.5)
    dot: Look = DOT | {"color": COLOURS[1], "markersize": 2.4}
    ax.plot(place, rows, **dot, label=label("published_place", lang))
    place_axis(ax, len(place), lang)
    ax.set_xlim(0.5, len(place) + 0.5)
    top_edge(ax, result.rules.top, lang)
    legend_above(ax, 1)
    title = sentence("figure_acceptability", lang, year=result.year)
    finish(ax, result, title, lang, study)  # before the colour bar, which is an Axes of its own
    bar = ax.figure.colorbar(mesh, ax=ax, shrink=0.5, aspect=30, pad=0.01)
    shown = np.array([0, 1, 5, 10, 25, 50, 75, 100])
    bar.set_ticks(np.sqrt(shown / 100), labels=shown.astype(str))
    bar.set_label(label("share_of_weightings", lang))
    bar.outline.set_visible(False)
    return ax


@styled
def plot_top_shares(
    ranges: Examined, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """Share of weightings in which sites are in the top, of those that it can concern."""
    table, top = top_shares(ranges).table, ranges.choices["top"]
    ax = new_axes(ax, tall(len(table), 0.165))
    rows = place_rows(ax, ranges.result, table["place"], lang)
    inside = (table["place"] <= top).to_numpy()
    looks = (("inside_top", inside, {"color": COLOURS[0]}), ("outside_top", ~inside, UNLIKE))
    for name, mine, look in looks:
        if mine.any():
            ax.barh(rows[mine], 100 * table["top"][mine], 0.7, label=label(name, lang), **look)
    for row, value in zip(rows, table["top"], strict=True):
        write(ax, per_cent(value), (1, row), (2, 0), ax.get_yaxis_transform())
    for line in (OFTEN, SELDOM):
        ax.axvline(100 * line, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0.5)
    ax.set_xlim(0, 101)
    ax.set_xticks([0, 5, 25, 50, 75, 95])
    ax.set_xlabel(label("share_of_weightings", lang))
    legend_above(ax, 2)
    title = sentence("figure_top_shares", lang, year=ranges.result.year, top=top)
    return finish(ax, ranges.result, title, lang, study)


@styled
def plot_neighbours(
    neighbours: Examined, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """Between the rows of two neighbours: how often the upper one is ahead; hollow where tied."""
    result, table = neighbours.result, neighbours.table
    names, last = unit_names(result.units, lang), table["lower"].iloc[-1]
    units = [*table.index, last]
    ax = new_axes(ax, tall(len(units)))
    places = [*table["place"], published_places(result)[last]]
    rows = label_rows(
        ax, [f"{names[u]}  {n:\N{FIGURE SPACE}>2}" for u, n in zip(units, places, strict=True)]
    )
    between, ahead, tied = (
        rows[:-1] + 0.5,
        100 * table["ahead"].to_numpy(),
        table["tied"].to_numpy(),
    )
    ax.hlines(between, 50, ahead, color=SILVER, linewidth=1, zorder=1)
    ax.plot(ahead[~tied], between[~tied], "o", color=COLOURS[0], markersize=4)
    if tied.any():
        look: Look = {"color": COLOURS[0], "markersize": 4, "fillstyle": "none", "linestyle": ""}
        ax.plot(ahead[tied], between[tied], marker="o", **look, label=label("tied", lang))
        legend_above(ax, 1)
    for row, value in zip(between, table["ahead"], strict=True):
        write(ax, per_cent(value), (1, row), (2, 0), ax.get_yaxis_transform(), color=INK)
    for value in (50, 100 * OFTEN):
        ax.axvline(value, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0.5)
    ax.set_xlim(min(ahead.min(), 50) - 1, 101)
    ax.set_xticks([50, 60, 70, 80, 90, 95, 100])
    ax.set_xlabel(label("keeps_order", lang))
    title = sentence("figure_neighbours", lang, year=result.year)
    return finish(ax, result, title, lang, study)


@styled
def plot_doubt(
    doubt: Examined, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """Change of place since the year before: published, and 90 % of the weightings."""
    table, names = doubt.table, unit_names(doubt.result.units, lang)
    ax = new_axes(ax, tall(len(table)))
    rows = label_rows(ax, [names[unit] for unit in table.index])
    ax.hlines(rows, table["low"] - 0.3, table["high"] + 0.3, **BAR, label=label("interval", lang))
    ax.plot(
        table["change"], rows, "o", color=INK, markersize=3, label=label("published_change", lang)
    )
    for row, change, low, high in zip(
        *(rows, table["change"], table["low"], table["high"]), strict=True
    ):
        signed = [f"{n:+d}" if n else "0" for n in (change, low, high)]
        write(ax, "{}  ({} / {})".format(*signed), (1, row), (2, 0), ax.get_yaxis_transform())
    ax.axvline(0, color=INK, linewidth=0.9, zorder=0.5)
    ax.locator_params(axis="x", nbins=9, integer=True)
    ax.set_xlabel(label("places_gained", lang))
    legend_above(ax, 2)
    years = [doubt.choices["previous"], doubt.result.year]
    title = sentence("figure_doubt", lang, previous=years[0], year=years[1])
    return finish(ax, doubt.result, title, lang, study, years=years)


@styled
def plot_recheck(
    recheck: Examined,
    *,
    ax: Axes | None = None,
    lang: str = "zh",
    study: Study | None = None,
    rows: int = 30,
) -> Axes:
    """Cells of each site that would change a decision if they were wrong by one step."""
    table, names = recheck.table.head(rows), unit_names(recheck.result.units, lang)
    ax = new_axes(ax, tall(len(table), 0.165))
    spots = label_rows(ax, [names[unit] for unit in table.index])
    left = np.zeros(len(table))
    for kind, look in (("threshold", {"color": COLOURS[0]}), ("top", UNLIKE)):
        ax.barh(spots, table[kind], 0.7, left=left, label=label(f"at_{kind}", lang), **look)
        left += table[kind].to_numpy()
    for row, value in zip(spots, left, strict=True):
        write(ax, f"{value:.0f}", (value, row), (3, 0))
    ax.set_xlim(0, 1.1 * left.max())
    ax.locator_params(axis="x", integer=True)
    ax.set_xlabel(label("cells", lang))
    legend_above(ax, 2)
    title = sentence("figure_recheck", lang, year=recheck.result.year)
    return finish(ax, recheck.result, title, lang, study)


@styled
def plot_error_of_marks(
    errors: Examined, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """How large the standard error of a total may be for three statements on each site to hold."""
    result, table = errors.result, errors.table
    place = published_places(result)[table.index]
    ax = new_axes(ax, tall(len(table)))
    rows = place_rows(ax, result, place, lang)
    looks = {"threshold": ("s", COLOURS[2]), "top": ("^", COLOURS[1]), "next": ("o", COLOURS[0])}
    for name, (marker, colour) in looks.items():
        text = label(f"statement_{name}", lang)
        ax.plot(table[name], rows, marker, color=colour, markersize=3.6, label=text)
    ax.hlines(rows, 0, table[list(looks)].max(axis=1), color=FAINT, linewidth=0.8, zorder=0)
    sem, assumed = errors.choices["sem"], errors.choices["scenario"] is not None
    if sem is not None:
        ax.axvline(sem, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        text = f"{label('assumed' if assumed else 'measured', lang)} {format_number(sem, 2)}"
        write(ax, text, (sem, 0), (3, 8), ax.get_xaxis_transform(), bbox=PAPER)
    ax.set_xlim(left=-0.02 * table[list(looks)].max(axis=None))
    ax.set_xlabel(label("sem", lang))
    legend_above(ax, 3)
    title = sentence("figure_error_of_marks", lang, year=result.year)
    return finish(ax, result, title, lang, study)


@styled
def plot_rank_sets(
    errors: Examined, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """Confidence sets of the places, given the error that was measured or assumed."""
    result, table = errors.result, errors.table
    place = published_places(result)[table.index]
    ax = new_axes(ax, tall(len(table)))
    rows = place_rows(ax, result, place, lang)
    inner, outer = (table["low"], table["high"]), (table["low_all"], table["high_all"])
    _ranges(ax, rows, inner, outer, (label("set_one", lang), label("set_all", lang)))
    ax.plot(place, rows, **DOT, label=label("rule", lang))
    place_axis(ax, len(table), lang)
    top_edge(ax, result.rules.top, lang)
    legend_above(ax, 3)
    about: Look = {"year": result.year, "sem": format_number(errors.choices["sem"], 2)}
    about["scenario"] = errors.choices["scenario"] is not None
    title = sentence("figure_rank_sets", lang, **about)
    return finish(ax, result, title, lang, study)


@styled
def plot_choices(
    choices: Examined, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """Best, median and worst place of every site over all valid rules, and its published place."""
    table, top = choices.table, choices.choices["top"]
    ax = new_axes(ax, tall(len(table)))
    rows = place_rows(ax, choices.result, table["place"], lang)
    look: Look = {**BAR, "label": label("all_choices", lang), "zorder": 1}
    ax.hlines(rows, table["low"] - 0.3, table["high"] + 0.3, **look)
    ax.plot(table["median"], rows, "|", color=INK, markersize=6, label=label("median_place", lang))
    ax.plot(table["place"], rows, **DOT, label=label("rule_with_points", lang))
    for row, low, high in zip(rows, table["low"], table["high"], strict=True):
        text = f"{low}–{high}" if low < high else str(low)
        write(ax, text, (1, row), (2, 0), ax.get_yaxis_transform())
    place_axis(ax, len(table), lang)
    top_edge(ax, top, lang)
    legend_above(ax, 3)
    title = sentence("figure_choices", lang, year=choices.result.year)
    return finish(ax, choices.result, title, lang, study)
