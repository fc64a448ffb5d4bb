"""Figures of two rounds or two years."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evallib.publication import facts
from evallib.publication.drawing import (
    COLOURS,
    GREY,
    INK,
    SILVER,
    SMALL,
    finish,
    rank_order,
    row_height,
    site_rows,
    write,
)
from evallib.publication.fonts import Axes, new_axes, styled
from evallib.publication.wording import label, population_name, sentence, unit_names
from evallib.rounding import format_number
from evallib.scoring import Evaluation
from evallib.study.model import Study


@styled
def plot_rounds(
    initial: Evaluation,
    final: Evaluation,
    *,
    ax: Axes | None = None,
    lang: str = "zh",
    study: Study | None = None,
) -> Axes:
    """Totals of the initial and the final round, joined for every site, in final rank order."""
    order = rank_order(final)
    ax = new_axes(ax, row_height(len(order)))
    rows = site_rows(ax, final, pd.concat([initial.total, final.total]), order, lang)
    before, after = initial.total[order], final.total[order]
    ax.hlines(rows, before, after, color=GREY, linewidth=1.4, zorder=1)
    hollow: dict[str, Any] = {"facecolor": "white", "edgecolor": COLOURS[1], "marker": "s", "s": 22}
    ax.scatter(before, rows, label=label("initial", lang), **hollow)
    ax.scatter(after, rows, s=18, color=COLOURS[0], label=label("final", lang))
    ax.legend(loc="lower right")
    return finish(ax, final, sentence("figure_rounds", lang, year=final.year), lang, study)


@styled
def plot_year_over_year(
    study: Study, previous: int, current: int, *, ax: Axes | None = None, lang: str = "zh"
) -> Axes:
    """Places in two years joined by a line for every site; the most improved stand out.

    Sites with the same place stand below each other; a site without a line compares with nobody
    in the other year.
    """
    before, now = facts.standing(study, previous), facts.standing(study, current)
    left, right = (
        pd.Series(np.arange(side.rank.count()), side.rank.dropna().sort_values(kind="stable").index)
        for side in (before, now)
    )
    was = facts.predecessors(study, previous, current)[right.index]
    was = was[was.isin(left.index)]
    risen: dict[str, Any] = facts.most_improved(study, current, previous=previous).index
    bold: dict[str, Any] = {"color": COLOURS[1], "linewidth": 1.8, "marker": "^", "zorder": 3}
    plain: dict[str, Any] = {"color": SILVER, "linewidth": 0.8, "marker": "o", "markersize": 3}
    ax = new_axes(ax, row_height(max(len(left), len(right))))
    for unit, old in was.items():
        ax.plot([0, 1], [left[old], right[unit]], **(bold if unit in risen else plain))
    for x, spots, side, joined, marked in (
        (0, left, before, was.values, was.reindex(risen).values),
        (1, right, now, was.index, risen),
    ):
        names, alone = unit_names(side.units, lang), spots[~spots.index.isin(joined)]
        ax.plot([x] * len(alone), alone, "D", color=COLOURS[2], fillstyle="none")
        for unit, spot in spots.items():
            pair = [names[unit], str(side.rank[unit])]
            colour = COLOURS[1] if unit in marked else INK
            shift, ha = ((-7, 0), "right") if x == 0 else ((7, 0), "left")
            write(ax, "  ".join(pair[:: 1 - 2 * x]), (x, spot), shift, ha=ha, color=colour)
    _slope_frame(ax, study, previous, current, lang, bool(len(risen)))
    title = sentence("figure_change", lang, previous=previous, year=current)
    return finish(ax, now, title, lang, study, years=[previous, current])


def _slope_frame(
    ax: Axes, study: Study, previous: int, current: int, lang: str, any_risen: bool
) -> None:
    """Years as heads, the best place on top, and a legend below."""
    shown = [
        (label("other", lang), SILVER, "o", "-", "full"),
        (label("incomparable", lang), COLOURS[2], "D", "", "none"),
    ]
    rule = study.years[current].rules.improved
    if any_risen and rule is not None:
        about = {"by": rule.by, "at_least": format_number(rule.at_least, 2)}
        about["population"] = population_name(rule.within or "all", lang, study=study)
        text = sentence("improved_bar", lang, **about)
        shown.insert(0, (text, COLOURS[1], "^", "-", "full"))
    for text, colour, marker, line, filled in shown:
        look: dict[str, Any] = {
            "color": colour,
            "marker": marker,
            "linestyle": line,
            "fillstyle": filled,
        }
        ax.plot([], [], label=text, **look)
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "ncols": len(shown)}
    ax.legend(**place, fontsize=SMALL)
    ax.margins(y=0.01)
    ax.invert_yaxis()
    ax.set_xticks([0, 1], [str(previous), str(current)])
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelleft=False)
    ax.spines[:].set_visible(False)
