"""Figures of one site: its range of places, its profile, and where its points went."""

from __future__ import annotations

from textwrap import wrap

import numpy as np

from evallib.publication import facts
from evallib.publication.drawing import (
    COLOURS,
    FAINT,
    GREY,
    INK,
    finish,
    width_in_ems,
    write,
)
from evallib.publication.figures_weights import label_rows, legend_above, place_axis
from evallib.publication.fonts import new_axes, styled
from evallib.publication.sentences_site import group_name, leaf_names, points, site_name
from evallib.publication.wording import label, sentence
from evallib.rounding import format_number

LEAVES = 6  # bars of single losses; the others share one
NARROW, WIDE, GROUP = 13, 20, 16  # ems: labels of profile and losses, name of the group


@styled
def plot_site_places(card, *, ax=None, lang="zh"):
    """Place of one site this year and last, and where other weights would put it.

    Parameters
    ----------
    card : SiteCard
        Of a ranked site.
    ax : Axes, optional
    lang : {"zh", "en"}

    Raises
    ------
    ValueError
        If the site is not ranked.
    """
    if card.position.rank is None:
        raise ValueError(f"{card.unit} is not ranked, so it has no place to draw")
    ax = new_axes(ax, 1.5)
    draw_places(ax, card, lang)
    return _titled(ax, card, "figure_site_places", lang)


@styled
def plot_site_profile(card, *, ax=None, lang="zh"):
    """Level-1 score indices of one site beside those of its group and its own of last year."""
    ax = new_axes(ax, 1.35 + 0.26 * len(card.profile))
    draw_profile(ax, card, lang)
    return _titled(ax, card, "figure_site_profile", lang)


@styled
def plot_site_losses(card, *, ax=None, lang="zh"):
    """Points that one site lost, by leaf, most first; what is left over as one hatched bar."""
    ax = new_axes(ax, 1.15 + 0.2 * min(len(card.losses), LEAVES + 1))
    draw_losses(ax, card, lang)
    return _titled(ax, card, "figure_site_losses", lang)


def _titled(ax, card, key, lang):
    title = sentence(key, lang, name=site_name(card, lang), year=card.basis.year)
    return finish(ax, card.basis.result, title, lang, card.basis.study)


def draw_places(ax, card, lang):
    """This year's place on its two ranges, and last year's, on one row."""
    where, year = card.position, card.basis.year
    if where.worst is not None:
        look = {"color": GREY, "linewidth": 1, "marker": "|", "markersize": 8, "zorder": 1}
        ax.plot([where.best, where.worst], [0, 0], label=label("card_extremes", lang), **look)
    bar = {"color": COLOURS[4], "linewidth": 7, "zorder": 2}
    ax.hlines(0, where.low - 0.3, where.high + 0.3, label=label("card_sampled", lang), **bar)
    if where.rank_before is not None:
        hollow = {"marker": "D", "facecolor": "white", "edgecolor": COLOURS[1], "s": 30}
        text = label("card_then", lang).format(year=card.basis.before.year)
        ax.scatter(where.rank_before, 0, label=text, zorder=3, **hollow)
    text = label("card_this", lang).format(year=year)
    ax.scatter(where.rank, 0, s=36, color=INK, label=text, zorder=4)
    last = max(value for value in (where.ranked, where.rank_before) if value is not None)
    place_axis(ax, last, lang)
    ax.set_xlabel("")
    ax.set_yticks([0], [label("card_rank", lang)])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-1, 1)
    ax.spines["left"].set_visible(False)
    legend_above(ax, 4)


def draw_profile(ax, card, lang):
    """A row per dimension: the site, its group, and the site last year."""
    table, names = card.profile, card.basis.result.scheme.names(lang)
    rows = label_rows(ax, [narrow(names[code]) for code in table.index])
    ends = table[["index", "group", "before"]]
    ax.hlines(rows, ends.min(axis=1), ends.max(axis=1), color=FAINT, linewidth=1.2, zorder=1)
    text = label("card_group", lang).format(group=cut(group_name(card, lang), GROUP))
    ax.plot(table["group"], rows, "|", color=COLOURS[2], markersize=13, mew=2.4, label=text)
    if table["before"].notna().any():
        hollow = {"marker": "D", "facecolor": "white", "edgecolor": COLOURS[1], "s": 24}
        text = label("card_then", lang).format(year=card.basis.before.year)
        ax.scatter(table["before"], rows, label=text, zorder=3, **hollow)
    text = label("card_this", lang).format(year=card.basis.year)
    ax.scatter(table["index"], rows, s=30, color=INK, zorder=4, label=text)
    for row, value in zip(rows, table["index"], strict=True):
        text = format_number(value, facts.INDEX_DECIMALS)
        write(ax, text, (1, row), (3, 0), ax.get_yaxis_transform(), fontsize=8)
    low = float(np.floor(10 * min(ends.min().min(), 0.9)) / 10)
    high = max(1.0, float(ends.max().max()))
    ax.set_xlim(low - 0.03 * (high - low), high + 0.03 * (high - low))
    ax.set_xlabel(label("index", lang))
    legend_above(ax, 3)


def draw_losses(ax, card, lang):
    """A bar per leaf, and a hatched one for those that are not named."""
    table, result = card.losses["lost"], card.basis.result
    names, first = leaf_names(result.scheme, lang), table.head(LEAVES)
    texts, values = [cut(names[code]) for code in first.index], list(first)
    rest = len(table) - len(first)
    if rest:
        texts.append(sentence("card_rest", lang, n=rest))
        values.append(float(table.iloc[LEAVES:].sum()))
    rows = label_rows(ax, texts)
    bars = ax.barh(rows, values, height=0.62, color=COLOURS[0], edgecolor="white", linewidth=0)
    if rest:
        bars[-1].set(facecolor=FAINT, hatch="////", edgecolor=GREY)
    for row, value in zip(rows, values, strict=True):
        write(ax, points(value, result.rules), (value, row), (3, 0), fontsize=8)
    ax.set_xlim(0, 1.14 * max([*values, 10.0**-result.rules.decimals]))
    ax.set_xlabel(label("card_points_lost", lang))


def narrow(text):
    """A label of the profile, broken where it is long: its rows have room for two lines."""
    return text if width_in_ems(text) <= NARROW else "\n".join(wrap(text, int(NARROW / 0.56)))


def cut(text, ems=WIDE):
    """A label cut where it is long: tables and sentences beside the picture have it whole."""
    while width_in_ems(text) > ems:
        text = f"{text.rstrip('…')[:-1].rstrip()}…"
    return text
