"""Results to matplotlib Axes; the only importer of matplotlib and seaborn.

Every ``plot_*`` takes data, accepts ``ax``, returns the Axes and saves nothing. The look holds only
inside the call; ``use_style`` sets it for a whole notebook. Groups differ by colour and by marker,
and at the foot stands what kind of data is shown. ``study``, where given, supplies printed names.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from evallib.publication import facts
from evallib.publication.drawing import (
    COLOURS,
    FAINT,
    INK,
    SMALL,
    finish,
    frame,
    looks_of,
    rank_order,
    row_height,
    score_axis,
    site_rows,
    width_in_ems,
    write,
)
from evallib.publication.figures_change import plot_rounds, plot_year_over_year
from evallib.publication.fonts import WIDTH, new_axes, style, styled, use_style
from evallib.publication.wording import label, name_of, population_name, sentence, unit_names
from evallib.rounding import format_number, round_number
from evallib.scoring import Evaluation
from evallib.study.model import Study

__all__ = [
    "plot_groups",
    "plot_index_tree",
    "plot_ranking",
    "plot_rounds",
    "plot_total_distribution",
    "plot_year_over_year",
    "plt",
    "ranking_columns",
    "save_figure",
    "style",
    "use_style",
]


def save_figure(figure: Axes | Figure, stem: Path, *, alt: str, close: bool = True) -> list[str]:
    """Write ``stem.png`` and ``stem.svg``, the same bytes for the same figure; returns the paths.

    Parameters
    ----------
    figure : Figure or Axes
    stem : path without ending
    alt : str
        What a reader who cannot see the picture is told; stored in both files.
    close : bool
        Whether pyplot may forget the figure.

    Raises
    ------
    UserWarning
        If the font lacks a character of the figure.
    """
    figure = figure.figure if isinstance(figure, Axes) else figure
    about = {"png": {"Description": alt, "Software": None}, "svg": {"Title": alt, "Date": None}}
    with style(**{"svg.hashsalt": "evallib"}), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing")
        for ending, metadata in about.items():
            figure.savefig(f"{stem}.{ending}", dpi=160, metadata=metadata)
    if close:
        plt.close(figure)
    return [f"{stem}.{ending}" for ending in about]


@styled
def plot_ranking(
    result: Evaluation, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """Totals of all sites in rank order, with places, the printed totals and the threshold.

    Parameters
    ----------
    result : Evaluation
    ax : Axes, optional
    lang : {"zh", "en"}
    study : Study, optional
        Gives the printed names of the study and its groups; without it codes stand there.
    """
    order = rank_order(result)
    ax = new_axes(ax, row_height(len(order)))
    _draw_ranking(ax, result, order, lang, study)
    if len(looks_of(result.units)) > 1:
        ax.legend(loc="lower right")
    return finish(ax, result, sentence("figure_ranking", lang, year=result.year), lang, study)


def _draw_ranking(
    ax: Axes, result: Evaluation, order: pd.Index, lang: str, study: Study | None
) -> None:
    rows = site_rows(ax, result, result.total, order, lang)
    left, totals = ax.get_xlim()[0], result.total[order]
    ax.hlines(rows, left, totals.fillna(left), color=FAINT, linewidth=0.8, zorder=0)
    for group, (colour, marker, _) in looks_of(result.units).items():
        mine = rows[(result.units["group"] == group)[order]]
        name = name_of(group, study, lang)
        ax.scatter(totals[mine.index], mine, s=20, color=colour, marker=marker, label=name)
    for unit, row in rows.items():
        text = label("fail", lang) if pd.isna(totals[unit]) else result.printed[unit]
        write(ax, text, (1, row), (2, 0), ax.get_yaxis_transform())


@styled
def ranking_columns(
    result: Evaluation, *, columns: int | None = None, lang: str = "zh", study: Study | None = None
) -> Figure:
    """The ranking side by side, for half a page of the letter; its caption is the title there.

    Two columns where more than thirty sites have short names, unless ``columns`` says otherwise.
    """
    order = rank_order(result)
    if columns is None:
        longest = max(width_in_ems(name) for name in unit_names(result.units, lang).values())
        columns = 2 if len(order) > 30 and longest <= 10 else 1
    rows = -(-len(order) // columns)
    figure, axes = plt.subplots(
        1, columns, figsize=(WIDTH, max(0.86 + 0.114 * rows, 1.5)), squeeze=False, sharex=True
    )
    for n, ax in enumerate(axes[0]):
        _draw_ranking(ax, result, order[n * rows : (n + 1) * rows], lang, study)
        ax.set_ylim(rows - 0.4, -0.6)
    frame(figure, result, "", lang, study)
    if len(looks_of(result.units)) > 1:
        place = {"loc": "upper right", "ncols": len(looks_of(result.units)), "fontsize": SMALL}
        figure.legend(*axes[0, 0].get_legend_handles_labels(), **place)
    return figure


@styled
def plot_index_tree(
    result: Evaluation,
    *,
    ax: Axes | None = None,
    lang: str = "zh",
    study: Study | None = None,
    population: str = "all",
) -> Axes:
    """Score index of every level-1 and level-2 node over a population, in tree order."""
    scheme, names = result.scheme, result.scheme.names(lang)
    index = pd.concat([facts.level_indices(result, n, population=population) for n in (1, 2)])
    index = index[[code for code in scheme.codes if code in index]]
    first, rows = np.array([scheme.level(code) == 1 for code in index.index]), np.arange(len(index))
    ax = new_axes(ax, 1.1 + 0.19 * len(index))
    heights, colours = np.where(first, 0.76, 0.5), np.where(first, COLOURS[0], COLOURS[4])
    ax.barh(rows, index, height=heights, color=colours)
    for row, value in zip(rows, index, strict=True):
        write(ax, format_number(value, facts.INDEX_DECIMALS), (value, int(row)), (3, 0), fontsize=8)
    shares = [format_number(100 * scheme.node_weights[code], 1) for code in index.index]
    texts = [
        f"{names[code]}  {share}%" if top else f"\N{IDEOGRAPHIC SPACE}{names[code]}"
        for code, share, top in zip(index.index, shares, first, strict=True)
    ]
    ax.set_yticks(rows, texts, ha="left")
    ax.tick_params(axis="y", length=0, labelsize=8, pad=8 * max(map(width_in_ems, texts)) + 4)
    ax.set_ylim(len(index) - 0.4, -0.6)
    ax.set_xlim(0, max(1.0, index.max()) * 1.07)
    ax.set_xlabel(label("index", lang))
    about = population_name(population, lang, study=study)
    title = sentence("figure_index", lang, year=result.year, population=about)
    return finish(ax, result, title, lang, study)


def _swarm(values: pd.Series, low: float, high: float) -> pd.Series:
    """Vertical offsets that keep equal totals apart: narrow bins, filled from the middle."""
    bins = np.floor((values - low) / (high - low) * 70).astype(int)
    turn = values.groupby(bins).cumcount()
    return np.where(turn % 2, 1, -1) * ((turn + 1) // 2)


@styled
def plot_groups(
    result: Evaluation, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """Totals by group as dots, the mean as a bar, and how many sites reach the threshold."""
    looks, rules = looks_of(result.units), result.rules
    means, counts = facts.group_means(result), facts.threshold_counts(result)
    ax = new_axes(ax, 1.1 + 0.75 * len(looks))
    score_axis(ax, result.total, rules, lang)
    heads = []
    for row, (group, (colour, marker, _)) in enumerate(looks.items()):
        values = result.total[result.units["group"] == group].dropna().sort_values()
        spots = row + 0.1 + 0.07 * _swarm(values, *ax.get_xlim())
        ax.scatter(values, spots, s=16, color=colour, marker=marker, alpha=0.75, linewidth=0)
        ax.plot([means[group]] * 2, [row - 0.2, row + 0.4], color=INK, linewidth=2.2)
        about = counts.loc[group].to_dict() | {"threshold": format_number(rules.threshold, 2)}
        name = fill(name_of(group, study, lang), 30)
        heads.append(f"{name}\n{sentence('reached', lang, **about)}")
        mean = sentence("mean_is", lang, mean=means[group], decimals=rules.decimals)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        place = (means[group], row - 0.33)
        write(ax, mean, place, (0, 0), fontsize=8, ha="center", bbox=box)
    ax.set_yticks(range(len(looks)), heads)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(looks) - 0.4, -0.6)
    return finish(ax, result, sentence("figure_groups", lang, year=result.year), lang, study)


@styled
def plot_total_distribution(
    result: Evaluation, *, ax: Axes | None = None, lang: str = "zh", study: Study | None = None
) -> Axes:
    """How many sites have a printed total in each point from n up to below n + 1, by group."""
    import seaborn as sns  # here, since loading it takes longer than drawing

    ax = new_axes(ax, 3.0)
    rules, looks = result.rules, looks_of(result.units)
    shown = round_number(result.total, rules.decimals, rules.rounding)
    known = pd.Series(shown, result.total.index).dropna()
    hues = {"hue": result.units.loc[known.index, "group"], "hue_order": list(looks)}
    bins = np.arange(np.floor(known.min()), np.floor(known.max()) + 2)
    colours = [colour for colour, _, _ in looks.values()]
    look = {"palette": colours, "alpha": 1, "edgecolor": "white", "legend": False}
    sns.histplot(x=known, **hues, multiple="stack", bins=bins, **look, ax=ax)
    for bars, (group, (_, _, hatch)) in zip(ax.containers[::-1], looks.items(), strict=True):
        for bar in bars:
            bar.set_hatch(hatch)
        bars[0].set_label(name_of(group, study, lang))
    score_axis(ax, known, rules, lang)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylabel(label("sites", lang))
    if len(looks) > 1:
        ax.legend(loc="upper left")
    title = sentence("figure_distribution", lang, year=result.year)
    return finish(ax, result, title, lang, study)
