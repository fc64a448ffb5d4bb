"""Figures of one site: its places, its profile and its losses; for a card side by side."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from textwrap import wrap
from typing import Any

import numpy as np

from evallib.publication import facts, figures
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
from evallib.publication.figures_weights import label_rows, legend_above, place_axis
from evallib.publication.fonts import FAMILY, Axes, Figure, new_axes, styled
from evallib.publication.sentences_site import group_name, leaf_names, points, site_name
from evallib.publication.site_facts import SiteCard
from evallib.publication.wording import label, sentence
from evallib.rounding import format_number

LEAVES = 6  # bars of single losses; the others share one
NARROW, WIDE, GROUP = 13, 20, 16  # ems: labels of profile and losses, name of the group
DPI = 180  # of the picture of a card
CARD = 7.3, 2.66  # inches
FOOT, LOWER, STRIP = 0.4, 1.18, 2.09  # inches: foot and height of the lower Axes, foot of the strip


@styled
def plot_site_places(card: SiteCard, *, ax: Axes | None = None, lang: str = "zh") -> Axes:
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
def plot_site_profile(card: SiteCard, *, ax: Axes | None = None, lang: str = "zh") -> Axes:
    """Level-1 score indices of one site beside those of its group and its own of last year."""
    ax = new_axes(ax, 1.35 + 0.26 * len(card.profile))
    draw_profile(ax, card, lang)
    return _titled(ax, card, "figure_site_profile", lang)


@styled
def plot_site_losses(card: SiteCard, *, ax: Axes | None = None, lang: str = "zh") -> Axes:
    """Points that one site lost, by leaf, most first; what is left over as one hatched bar."""
    ax = new_axes(ax, 1.15 + 0.2 * min(len(card.losses), LEAVES + 1))
    draw_losses(ax, card, lang)
    return _titled(ax, card, "figure_site_losses", lang)


def _titled(ax: Axes | None, card: SiteCard, key: str, lang: str) -> Axes:
    title = sentence(key, lang, name=site_name(card, lang), year=card.basis.year)
    return finish(ax, card.basis.result, title, lang, card.basis.study)


def draw_places(ax: Axes, card: SiteCard, lang: str) -> None:
    """This year's place on its two ranges, and last year's, on one row."""
    where, year = card.position, card.basis.year
    if where.worst is not None:
        look: dict[str, Any] = {
            "color": GREY,
            "linewidth": 1,
            "marker": "|",
            "markersize": 8,
            "zorder": 1,
        }
        ax.plot([where.best, where.worst], [0, 0], label=label("card_extremes", lang), **look)
    bar = {"color": COLOURS[4], "linewidth": 7, "zorder": 2}
    if where.low is not None and where.high is not None:
        ax.hlines(0, where.low - 0.3, where.high + 0.3, label=label("card_sampled", lang), **bar)
    if where.rank_before is not None:
        hollow: dict[str, Any] = {
            "marker": "D",
            "facecolor": "white",
            "edgecolor": COLOURS[1],
            "s": 30,
        }
        text = label("card_then", lang).format(year=card.basis.year_before)
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


def draw_profile(ax: Axes, card: SiteCard, lang: str) -> None:
    """A row per dimension: the site, its group, and the site last year."""
    table, names = card.profile, card.basis.result.scheme.names(lang)
    rows = label_rows(ax, [narrow(names[code]) for code in table.index])
    ends = table[["index", "group", "before"]]
    ax.hlines(rows, ends.min(axis=1), ends.max(axis=1), color=FAINT, linewidth=1.2, zorder=1)
    text = label("card_group", lang).format(group=cut(group_name(card, lang), GROUP))
    ax.plot(table["group"], rows, "|", color=COLOURS[2], markersize=13, mew=2.4, label=text)
    if table["before"].notna().any():
        hollow: dict[str, Any] = {
            "marker": "D",
            "facecolor": "white",
            "edgecolor": COLOURS[1],
            "s": 24,
        }
        text = label("card_then", lang).format(year=card.basis.year_before)
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


def draw_losses(ax: Axes, card: SiteCard, lang: str) -> None:
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


def narrow(text: str) -> str:
    """A label of the profile, broken where it is long: its rows have room for two lines."""
    return text if width_in_ems(text) <= NARROW else "\n".join(wrap(text, int(NARROW / 0.56)))


def cut(text: str, ems: int = WIDE) -> str:
    """A label cut where it is long: tables and sentences beside the picture have it whole."""
    while width_in_ems(text) > ems:
        text = f"{text.rstrip('…')[:-1].rstrip()}…"
    return text


@styled
def site_figure(card: SiteCard, *, lang: str = "zh") -> Figure:
    """Figure for a card: places on top, below them the profile and the losses."""
    blank = new_axes(None, CARD[1])
    figure = blank.figure
    blank.remove()
    figure.set_layout_engine("none")
    figure.set_size_inches(*CARD)
    marked = []
    if card.position.rank is not None:
        marked.append(_axes(figure, 0.62, STRIP, 6.55, 0.28))
        draw_places(marked[0], card, lang)
    names, leaves = card.basis.result.scheme.names(lang), leaf_names(card.basis.result.scheme, lang)
    first = 0.12 + _room(narrow(names[code]) for code in card.profile.index)
    second = 3.72 + _room(cut(leaves[code]) for code in card.losses.index[:LEAVES])
    left = _axes(figure, first, FOOT, 3.2 - first, LOWER)
    right = _axes(figure, second, FOOT, 7.02 - second, LOWER)
    for ax, draw in ((left, draw_profile), (right, draw_losses)):
        draw(ax, card, lang)
        ax.set_title(ax.get_xlabel(), fontsize=8.5)
        ax.set_xlabel("")
    right.set_ylim(max(right.get_ylim()[0], 5.6), -0.6)  # few bars stay as thin as many
    _one_legend(figure, [*marked, left])
    _foot(figure, card, lang)
    return figure


def card_picture(card: SiteCard, *, alt: str, lang: str = "zh") -> bytes:
    """The picture of a card as PNG, the same bytes for the same card; ``alt`` is stored in it."""
    figure, buffer = site_figure(card, lang=lang), io.BytesIO()
    with figures.style(), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing")
        figure.set_dpi(DPI)  # savefig would draw it twice
        figure.canvas.print_png(buffer, metadata={"Description": alt, "Software": None})
    figures.plt.close(figure)
    return buffer.getvalue()


def _axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes whose place is given in inches."""
    wide, high = CARD
    return figure.add_axes((left / wide, bottom / high, width / wide, height / high))


def _room(texts: Iterator[Any]) -> float:
    """Inches that the longest line of some labels needs."""
    lines = [line for text in texts for line in text.split("\n")]
    return max(map(width_in_ems, [*lines, "其余十项"])) * SMALL / 72


def _one_legend(figure: Figure, drawn: list[Axes]) -> None:
    """One legend on top for all Axes; a mark that two of them share stands there once."""
    shown: dict[str, Any] = {}
    for ax in drawn:
        shown |= dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
        ax.get_legend().remove()
    look = {"fontsize": SMALL, "handlelength": 1.6, "columnspacing": 1.6, "frameon": False}
    place = {"loc": "upper left", "bbox_to_anchor": (0.005, 1.0), "borderaxespad": 0.1}
    figure.legend(shown.values(), shown.keys(), ncols=len(shown), **place, **look)


def _foot(figure: Figure, card: SiteCard, lang: str) -> None:
    """Study, year and kind of data below the Axes, so that a copied picture says them too."""
    about: dict[str, Any] = {"study": card.basis.study.name(lang), "years": [card.basis.year]}
    note = sentence("note", lang, **about, provenance=card.basis.result.provenance)
    figure.text(0.01, 0.012, cut(note, 72), fontsize=SMALL, color=GREY, fontfamily=FAMILY)
