"""Figures of who improved most, and of places over all years of a study."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle, pairwise, repeat
from typing import Any

import numpy as np
import pandas as pd

from evallib.change import trajectories
from evallib.change.improved import Improvement
from evallib.publication import facts
from evallib.publication.drawing import (
    COLOURS,
    FAINT,
    GREY,
    INK,
    SILVER,
    SMALL,
    finish,
    row_height,
    width_in_ems,
    write,
)
from evallib.publication.figures_change import plot_year_over_year
from evallib.publication.fonts import Axes, new_axes, styled
from evallib.publication.wording import label, sentence, unit_names
from evallib.rounding import format_number
from evallib.study.model import Study

OUTER, INNER = 15, 10  # ems of a name beside a line; the table has it in full
ROW = 0.165  # inches between names of a column


@styled
def plot_improvers(
    improved: Improvement, study: Study, *, ax: Axes | None = None, lang: str = "zh"
) -> Axes:
    """Gain of every unit against what last year's total left to full marks.

    The listed units stand out with their tipping SEM. The broken line is the gain that last year's
    total alone lets expect; the dotted one is full marks, which only bonus points can exceed.

    Parameters
    ----------
    improved : Improvement
    study : Study
    """
    table, scale = improved.units, study.years[improved.previous].rules.scale
    names = unit_names(study.years[improved.year].units, lang)
    decimals = study.years[improved.year].rules.decimals
    room, gain, listed = scale - table["total_previous"], table["gain"], table["listed"]
    ax = new_axes(ax, max(4.2, 1.6 + ROW * listed.sum()))
    rest = "other" if listed.any() else "websites"
    ax.axhline(0, color=FAINT, linewidth=0.8)
    ax.scatter(room[~listed], gain[~listed], s=16, color=GREY, label=label(rest, lang))
    marked: dict[str, Any] = {"s": 34, "color": COLOURS[1], "marker": "^", "zorder": 3}
    if listed.any():
        ax.scatter(room[listed], gain[listed], label=label("account_listed", lang), **marked)
    order = room.sort_values().index
    look: dict[str, Any] = {"color": INK, "linewidth": 1}
    expected = table.loc[order, "by_regression"]
    ax.plot(room[order], expected, "--", label=label("account_expected", lang), **look)
    ends = np.array([min(0.0, room.min()), min(room.max(), 1.1 * gain.max())])
    ax.plot(ends, ends, ":", label=label("account_all_used", lang), **look)
    _label_listed(ax, table[listed], room, names, decimals)
    ax.set_xlabel(label("account_headroom", lang))
    ax.set_ylabel(label("account_gain", lang))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=SMALL)
    years: dict[str, Any] = {"previous": improved.previous, "year": improved.year}
    now, title = facts.standing(study, improved.year), sentence("figure_improvers", lang, **years)
    return finish(ax, now, title, lang, study, years=[*years.values()])


def _label_listed(
    ax: Axes, listed: pd.DataFrame, room: pd.Series, names: Mapping[str, str], decimals: int
) -> None:
    """Names with tipping SEM in a column at the right, each joined to its point."""
    low, high = ax.get_ylim()
    rows = listed.sort_values("gain", ascending=False, kind="stable")
    apart = ROW / (ax.get_position().height * ax.figure.get_figheight())
    heights = (rows["gain"].to_numpy() - low) / (high - low)
    for n in range(1, len(heights)):
        heights[n] = min(heights[n], heights[n - 1] - apart)
    heights += max(0.0, 0.02 - heights.min()) if len(heights) else 0
    for (unit, row), height in zip(rows.iterrows(), heights, strict=True):
        text = f"{names[unit]}  {format_number(row['tipping_sem'], decimals)}"
        thread = {"arrowstyle": "-", "color": SILVER, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 3}
        ax.annotate(
            text,
            (room[unit], row["gain"]),
            (1.03, height),
            textcoords="axes fraction",
            fontsize=SMALL,
            va="center",
            arrowprops=thread | {"relpos": (0, 0.5)},
            annotation_clip=False,
        )


@styled
def plot_trajectories(
    study: Study, *, top: int = 10, ax: Axes | None = None, lang: str = "zh"
) -> Axes:
    """Places of every unit in all years of a study; two years are shown as ``plot_year_over_year``.

    Parameters
    ----------
    study : Study
        With two years or more.
    top : int
        The best so many places of the latest year stand out.
    """
    years = sorted(study.years)
    if len(years) == 2:
        return plot_year_over_year(study, *years, ax=ax, lang=lang)
    long = trajectories(study).dropna(subset=["rank"]).sort_values(["year", "rank"], kind="stable")
    long["spot"] = long.groupby("year").cumcount()
    long["x"] = long["year"].map({year: x for x, year in enumerate(years)})
    latest = long.loc[(long["year"] == years[-1]) & (long["rank"] <= top), "unit"]
    looks = dict(zip(latest, zip(cycle(COLOURS), repeat(1.8)), strict=False))
    ax = new_axes(ax, 0.4 + 1.35 * row_height(long["spot"].max() + 1))
    for unit, line in long.groupby("unit", sort=False):
        _trajectory(ax, line, *looks.get(unit, (SILVER, 0.9)))
    _names_beside(ax, study, long, looks, lang)
    shown = sentence("leading", lang, year=years[-1], top=top)
    ax.plot([], [], color=COLOURS[0], linewidth=1.8, label=shown)
    ax.plot([], [], color=SILVER, linewidth=0.9, label=label("other", lang))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2, fontsize=SMALL)
    ax.margins(x=0.04, y=0.02)
    ax.invert_yaxis()
    ax.set_xticks(range(len(years)), [str(year) for year in years])
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelleft=False)
    ax.spines[:].set_visible(False)
    title = sentence("figure_trajectories", lang, first=years[0], last=years[-1])
    return finish(ax, facts.standing(study, years[-1]), title, lang, study, years=years)


def _trajectory(ax: Axes, line: pd.DataFrame, colour: str, width: float) -> None:
    """One unit's places; a broken line over years in which it took no part."""
    look: dict[str, Any] = {"color": colour, "linewidth": width, "zorder": 1 + width}
    for (_, old), (_, new) in pairwise(line.iterrows()):
        broken = "-" if new["x"] - old["x"] == 1 else ":"
        ax.plot([old["x"], new["x"]], [old["spot"], new["spot"]], broken, **look)
    disc: dict[str, Any] = {"s": 84, "facecolor": "white", "edgecolor": colour, "zorder": 3}
    ax.scatter(line["x"], line["spot"], **disc)
    for x, spot, place in line[["x", "spot", "rank"]].itertuples(index=False):
        ax.text(x, spot, str(place), ha="center", va="center_baseline", fontsize=6.5, zorder=4)


def _names_beside(
    ax: Axes, study: Study, long: pd.DataFrame, looks: Mapping[str, tuple[str, float]], lang: str
) -> None:
    """Names at the outer ends of a line; of one that has none there, beside its last place."""
    first, last = long["x"].min(), long["x"].max()
    inner = long.groupby("unit")["x"].transform(lambda x: first < x.min() and x.max() < last)
    ends = inner & (long["x"] == long.groupby("unit")["x"].transform("max"))
    names = {year: unit_names(study.years[year].units, lang) for year in study.years}
    for row in long[(long["x"] == first) | (long["x"] == last) | ends].itertuples():
        colour = looks.get(row.unit, (INK,))[0]
        shift, ha = ((-8, 0), "right") if row.x == first else ((8, 0), "left")
        width = OUTER if row.x in (first, last) else INNER
        text = _short(names[row.year][row.unit_then], width)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
        write(ax, text, (row.x, row.spot), shift, ha=ha, color=colour, zorder=2.5, bbox=box)


def _short(name: str, width: int) -> str:
    """A name that leaves room for the lines."""
    if width_in_ems(name) <= width:
        return name
    fits = [n for n in range(len(name)) if width_in_ems(name[:n]) < width]
    return name[: fits[-1]].rstrip() + "…"
