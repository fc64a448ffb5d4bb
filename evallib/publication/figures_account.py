"""Figures of what moved between two years, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evallib.publication import facts
from evallib.publication.drawing import (
    COLOURS,
    GREY,
    HATCHES,
    INK,
    SMALL,
    finish,
    row_height,
    score_axis,
    write,
)
from evallib.publication.fonts import Axes, new_axes, styled
from evallib.publication.views_account import crosser_table
from evallib.publication.wording import label, population_name, sentence
from evallib.publication.year_over_year import (
    COUNT_DECIMALS,
    YearOverYear,
    cause_names,
    kinds_of_cause,
    names_of_units,
    printed_sum,
    signed,
)
from evallib.rounding import NOISE_DECIMALS, format_number

KIND_COLOURS = (COLOURS[0], COLOURS[5], COLOURS[2], COLOURS[3])
UP, DOWN = COLOURS[0], COLOURS[1]


@styled
def plot_account(
    move: YearOverYear,
    *,
    of: str = "mean",
    population: str = "all",
    ax: Axes | None = None,
    lang: str = "zh",
) -> Axes:
    """From last year's mean or count to this year's, cause by cause.

    Causes that moved nothing are left out; the legend has the sum of each kind of cause.

    Parameters
    ----------
    move : YearOverYear
        With a ``change``.
    of : {"mean", "count"}
        The mean total, or the number of sites at or above the threshold.
    population : str
        One of the rows of ``move.moved.means``.
    """
    rules = move.study.years[move.year].rules
    row = {"mean": move.moved.means, "count": move.moved.counts}[of].loc[population]
    decimals = {"mean": (rules.decimals, rules.decimals), "count": (0, COUNT_DECIMALS)}[of]
    threshold = format_number(rules.threshold, 2)
    axis = {"mean": "account_mean_axis", "count": "account_count_axis"}[of]
    ax = _waterfall(ax, move, row, decimals, label(axis, lang).format(threshold=threshold), lang)
    about = {"population": population_name(population, lang, study=move.study)}
    return _finish(ax, move, f"figure_account_{of}", lang, threshold=threshold, **about)


@styled
def plot_unit_account(
    move: YearOverYear, unit: str, *, of: str = "total", ax: Axes | None = None, lang: str = "zh"
) -> Axes:
    """From one unit's total or place of last year to this year's, cause by cause.

    Parameters
    ----------
    move : YearOverYear
        With a ``change``.
    unit : str
        Its code this year.
    of : {"total", "rank"}
        A better place lies further right, and a rise in place is positive.

    Raises
    ------
    ValueError
        If the unit has none in one of the years, or merged or split.
    """
    table = {"total": move.moved.scores, "rank": move.moved.ranks}[of]
    if unit not in table.index:
        raise ValueError(f"{unit} has no {of} to compare between {move.previous} and {move.year}")
    places = of == "rank"
    points = move.study.years[move.year].rules.decimals
    decimals = (0, COUNT_DECIMALS) if places else (points, points)
    axis = label("rank" if places else "total", lang)
    ax = _waterfall(ax, move, table.loc[unit], decimals, axis, lang, better=-1 if places else 1)
    return _finish(ax, move, f"figure_unit_{of}", lang, name=names_of_units(move, lang)[unit])


def _waterfall(
    ax: Axes | None,
    move: YearOverYear,
    row: pd.Series,
    decimals: tuple[int, ...],
    axis: str,
    lang: str,
    *,
    better: int = 1,
) -> Axes:
    """Bars from each level to the next, coloured and hatched by kind of cause, and labelled."""
    names, kinds = cause_names(move, lang), kinds_of_cause(move.moved)
    parts = row[[c for codes in kinds.values() for c in codes if c in row.index]].astype(float)
    parts = parts[parts.round(NOISE_DECIMALS) != 0]
    levels = row["before"] + np.concatenate([[0.0], parts.cumsum()])
    ax = new_axes(ax, 1.75 + 0.215 * (len(parts) + 2))
    ax.vlines(levels, np.arange(len(levels)), np.arange(len(levels)) + 1, color=GREY, linewidth=0.8)
    for (kind, codes), *look in zip(kinds.items(), KIND_COLOURS, HATCHES, strict=False):
        mine = np.flatnonzero(parts.index.isin(codes))
        if len(mine):
            total = signed(better * parts.iloc[mine].sum(), decimals[1])
            _bars(ax, parts, levels, mine, look, f"{label(f'kind_{kind}', lang)} {total}")
    for n, value in enumerate(better * parts, start=1):
        shift, ha = ((4, 0), "left") if value > 0 else ((-4, 0), "right")
        write(ax, signed(value, decimals[1]), (levels[n], n), shift, fontsize=8, ha=ha)
    _ends(ax, levels, decimals[0])
    years = [sentence("in_year", lang, year=year) for year in (move.moved.previous, move.year)]
    ax.set_yticks(range(len(parts) + 2), [years[0], *(names[c] for c in parts.index), years[1]])
    added = printed_sum(better * parts, better * row["change"], decimals=decimals[1])
    _waterfall_frame(ax, levels, decimals[1], better)
    remark = [sentence("not_added", lang, sum=added)] if added else []
    ax.set_xlabel("\n".join([axis, *remark]), linespacing=1.5)
    return ax


def _bars(
    ax: Axes, parts: pd.Series, levels: np.ndarray, mine: np.ndarray, look: list[str], text: str
) -> None:
    colour, hatch = look
    shape = {"left": levels[mine], "height": 0.6, "edgecolor": "white", "linewidth": 0}
    ax.barh(mine + 1, parts.iloc[mine], color=colour, hatch=hatch, label=text, **shape)


def _ends(ax: Axes, levels: np.ndarray, decimals: int) -> None:
    """Both years as points with their value: the axis does not begin at 0, so no bars."""
    for place, value in ((0, levels[0]), (len(levels), levels[-1])):
        ax.plot(value, place, "D", color=INK, markersize=5)
        write(ax, format_number(value, decimals), (value, place), (7, 0), fontsize=8.5)


def _waterfall_frame(ax: Axes, levels: np.ndarray, decimals: int, better: int) -> None:
    """Room for labels, the legend above, and better to the right."""
    spare = 0.17 * max(np.ptp(levels), 10.0**-decimals)
    ax.set_xlim(levels.min() - spare, levels.max() + spare)
    if better < 0:
        ax.invert_xaxis()
        ax.locator_params(axis="x", integer=True, nbins=7)
    ax.set_ylim(len(levels) + 0.6, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    if ax.get_legend_handles_labels()[1]:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=SMALL)


def _finish(ax: Axes, move: YearOverYear, key: str, lang: str, **about: Any) -> Axes:
    years: dict[str, Any] = {"previous": move.moved.previous, "year": move.year}
    now = facts.standing(move.study, move.year)
    title = sentence(key, lang, **years, **about)
    return finish(ax, now, title, lang, move.study, years=[*years.values()])


def _crossing(ax: Axes, row: int, before: float, after: float) -> None:
    """An arrow from last year's total to this year's; a diamond where there is one of them."""
    if np.isnan(before + after):
        ax.plot(np.nanmax([before, after]), row, "D", color=GREY, fillstyle="none")
        return
    colour = UP if after > before else DOWN
    arrow = {"arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0, "linewidth": 1.6}
    ax.annotate("", (after, row), (before, row), arrowprops=arrow)
    ax.plot(before, row, "|", color=colour, markersize=7, markeredgewidth=1.6)


@styled
def plot_crossers(move: YearOverYear, *, ax: Axes | None = None, lang: str = "zh") -> Axes:
    """Totals of the sites that crossed the threshold, or came or went above it, as arrows.

    At the right stands the main cause; a site that is there in one year only is a diamond.

    Parameters
    ----------
    move : YearOverYear
        With a ``change``.
    """
    table, totals = crosser_table(move, lang=lang), move.moved.crossers
    ends = totals[["total_previous", "total"]].to_numpy(float)
    rules, rows = move.study.years[move.year].rules, range(len(table))
    ax = new_axes(ax, row_height(1.3 * len(table)) + 0.25)
    score_axis(ax, pd.Series(ends.ravel()), rules, lang)
    for row, (before, after) in enumerate(ends):
        _crossing(ax, row, before, after)
        told = table.loc[row, "move" if np.isnan(before + after) else "cause"]
        write(ax, told, (1, row), (4, 0), ax.get_yaxis_transform())
    head = label("account_main_cause", lang)
    write(ax, head, (1, 1), (4, 6), "axes fraction", color=GREY)
    ax.set_yticks(rows, table["name"])
    ax.tick_params(axis="y", length=0, labelsize=SMALL)
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
    return _finish(ax, move, "figure_crossers", lang, threshold=format_number(rules.threshold, 2))
