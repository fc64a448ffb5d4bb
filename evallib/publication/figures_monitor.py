"""Figures of what is due between two evaluations: points lost now and then, days to a veto."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evallib.monitoring.monitor import Monitor
from evallib.publication.drawing import COLOURS, GREY, INK, SILVER, finish, row_height, write
from evallib.publication.figures_weights import label_rows, legend_above
from evallib.publication.fonts import Axes, new_axes, styled
from evallib.publication.sentences_evidence import amount, veto_name
from evallib.publication.sentences_monitor import points_lost
from evallib.publication.sentences_site import leaf_names
from evallib.publication.views_monitor import DECIMALS
from evallib.publication.wording import label, sentence, unit_names
from evallib.rounding import NOISE_DECIMALS, format_number
from evallib.study.model import Study, Year

TALL = 1.4  # rows of small text that a row of these figures is high
RISKS = 30  # rows of the figure of vetoes


@styled
def plot_monitor_losses(
    study: Study, monitor: Monitor, *, ax: Axes | None = None, lang: str = "zh"
) -> Axes:
    """Points that each leaf costs all sites, now and a period before, most first.

    A leaf of which the evidence does not tell how it stood before has the mark of today alone;
    the others compare the same sites.

    Parameters
    ----------
    study : Study
    monitor : Monitor
    """
    year = study.years[monitor.year]
    table, names = losses_of(year, monitor.values), leaf_names(year.tree, lang)
    ax = new_axes(ax, row_height(TALL * len(table)) + 0.2)
    rows = label_rows(ax, [names[code] for code in table.index])
    ax.hlines(rows, table["before"], table["now"], color=SILVER, linewidth=2.2, zorder=1)
    then: dict[str, Any] = {
        "facecolor": "white",
        "edgecolor": COLOURS[1],
        "marker": "D",
        "s": 26,
        "zorder": 2,
    }
    days = {"now": monitor.as_of, "before": monitor.before}
    if table["before"].notna().any():
        ax.scatter(table["before"], rows, label=days["before"].isoformat(), **then)
    look: dict[str, Any] = {"color": COLOURS[0], "s": 26, "zorder": 3}
    ax.scatter(table["now"], rows, label=days["now"].isoformat(), **look)
    for row, (now, before) in zip(rows, table.to_numpy(), strict=True):
        was = "–" if before != before else format_number(before, DECIMALS)
        text = f"{was} → {format_number(now, DECIMALS)}"
        write(ax, text, (1, row), (4, 0), ax.get_yaxis_transform())
    ax.set_xlim(left=-0.02 * max(table.max(axis=None), 1))
    ax.set_xlabel(label("monitor_points_lost", lang))
    legend_above(ax, 2)
    title = sentence("figure_monitor_losses", lang, as_of=days["now"], before=days["before"])
    return finish(ax, monitor, title, lang, study, years=[monitor.year])


def losses_of(year: Year, values: pd.DataFrame) -> pd.DataFrame:
    """Points lost by leaf, now and before, over the sites that compare; of all where none does.

    Returns
    -------
    DataFrame indexed by leaf
        now and before (NaN where nothing compares), most points lost now first.
    """
    rows = {}
    for code, mine in values.groupby("indicator", sort=False):
        both = mine[mine["mark_before"].notna()]
        before = points_lost(year, both, "mark_before").sum() if len(both) else float("nan")
        rows[code] = [points_lost(year, both if len(both) else mine).sum(), before]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["now", "before"], dtype=float)
    return table.round(NOISE_DECIMALS).sort_values("now", ascending=False, kind="stable")


@styled
def plot_monitor_vetoes(
    study: Study, monitor: Monitor, *, ax: Axes | None = None, lang: str = "zh"
) -> Axes:
    """Days until a single-item veto is reached if nothing is done, the soonest first.

    At the right stand the value and its bound. A veto that cannot be dated is left out.

    Parameters
    ----------
    study : Study
    monitor : Monitor
        With risks.
    """
    year, risks = study.years[monitor.year], monitor.risks.dropna(subset=["day"]).head(RISKS)
    names, rules = unit_names(year.units, lang), year.measuring.vetoes
    days = (risks["day"] - pd.Timestamp(monitor.as_of)).dt.days.to_numpy()
    ax = new_axes(ax, row_height(TALL * len(risks)) + 0.2)
    rows = label_rows(
        ax,
        [f"{names[row.unit]}  {veto_name(rules[row.veto], lang)}" for row in risks.itertuples()],
    )
    ax.hlines(rows, 0, days, color=SILVER, linewidth=1, zorder=1)
    reached = risks["reached"].to_numpy(bool)
    ax.plot(days[~reached], rows[~reached], "o", color=COLOURS[0], markersize=5)
    ax.plot(days[reached], rows[reached], "D", color=COLOURS[1], markersize=5)
    for row, risk in zip(rows, risks.itertuples(), strict=True):
        rule = rules[risk.veto]
        value = amount(rule, risk.value, lang) if risk.value == risk.value else "–"
        text = f"{value} / {amount(rule, risk.bound, lang)}"
        write(
            ax,
            text,
            (1, row),
            (4, 0),
            ax.get_yaxis_transform(),
            color=INK if risk.reached else GREY,
        )
    ax.axvline(0, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0.5)
    ax.set_xlim(-0.5, max(days.max(), 1) + 0.5)
    ax.locator_params(axis="x", integer=True, nbins=9)
    ax.set_xlabel(label("monitor_days_left", lang))
    title = sentence("figure_monitor_vetoes", lang, as_of=monitor.as_of)
    return finish(ax, monitor, title, lang, study, years=[monitor.year])
