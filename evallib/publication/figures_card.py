"""The picture of a site's card: its places, its profile and its losses side by side."""

from __future__ import annotations

import io
import warnings

from evallib.publication import figures
from evallib.publication.drawing import GREY, SMALL, width_in_ems
from evallib.publication.figures_site import (
    LEAVES,
    cut,
    draw_losses,
    draw_places,
    draw_profile,
    narrow,
)
from evallib.publication.fonts import FAMILY, new_axes, styled
from evallib.publication.sentences_site import leaf_names
from evallib.publication.wording import sentence

DPI = 180
WIDE, HIGH = 7.3, 2.66  # inches
FOOT, LOWER, STRIP = 0.4, 1.18, 2.09  # inches: foot and height of the lower Axes, foot of the strip


@styled
def site_figure(card, *, lang="zh"):
    """Figure for a card: places on top, below them the profile and the losses."""
    blank = new_axes(None, HIGH)
    figure = blank.figure
    blank.remove()
    figure.set_layout_engine("none")
    figure.set_size_inches(WIDE, HIGH)
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


def card_picture(card, *, alt, lang="zh") -> bytes:
    """The picture of a card as PNG, the same bytes for the same card; ``alt`` is stored in it."""
    figure, buffer = site_figure(card, lang=lang), io.BytesIO()
    with figures.style(), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing")
        figure.set_dpi(DPI)  # savefig would draw it twice
        figure.canvas.print_png(buffer, metadata={"Description": alt, "Software": None})
    figures.plt.close(figure)
    return buffer.getvalue()


def _axes(figure, left, bottom, width, height):
    """Axes whose place is given in inches."""
    return figure.add_axes((left / WIDE, bottom / HIGH, width / WIDE, height / HIGH))


def _room(texts):
    """Inches that the longest line of some labels needs."""
    lines = [line for text in texts for line in text.split("\n")]
    return max(map(width_in_ems, [*lines, "其余十项"])) * SMALL / 72


def _one_legend(figure, drawn):
    """One legend on top for all Axes; a mark that two of them share stands there once."""
    shown = {}
    for ax in drawn:
        shown |= dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
        ax.get_legend().remove()
    look = {"fontsize": SMALL, "handlelength": 1.6, "columnspacing": 1.6, "frameon": False}
    place = {"loc": "upper left", "bbox_to_anchor": (0.005, 1.0), "borderaxespad": 0.1}
    figure.legend(shown.values(), shown.keys(), ncols=len(shown), **place, **look)


def _foot(figure, card, lang):
    """Study, year and kind of data below the Axes, so that a copied picture says them too."""
    about = {"study": card.basis.study.name(lang), "years": [card.basis.year]}
    note = sentence("note", lang, **about, provenance=card.basis.result.provenance)
    figure.text(0.01, 0.012, cut(note, 72), fontsize=SMALL, color=GREY, fontfamily=FAMILY)
