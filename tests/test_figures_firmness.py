"""Figures on firmness: that they can be read in both languages, and show what the tables say."""

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from conftest import ROOT
from matplotlib import pyplot as plt
from studies import synthetic
from test_sentences_firmness import reviewed, weighed

import evallib as ev
from evallib.publication import figures_firmness as firmness
from evallib.publication import figures_weights as weights
from evallib.publication import wording

SETTING = {"spread": 0.2, "draws": 2_000, "seed": 0}


def made(study, year, top):
    """Every figure of the two notebooks as (name, function of lang)."""
    result = ev.evaluate(study, year)
    law = {name: SETTING[name] for name in ("spread", "draws", "seed")}
    firm = ev.rank_uncertainty(result, ev.perturb_weights(result.scheme, at="leaf", **law))
    ranges = ev.place_ranges(firm, ev.extreme_ranks(result, spread=0.2), top=top)
    tables = {
        weights.plot_swings: ev.swings(result, spread=0.2, top=top),
        weights.plot_breakpoints: ev.spans(result, ev.breakpoints(result, top=top)),
        weights.plot_left_out: ev.left_out(result),
        weights.plot_alternatives: ev.alternatives(result, top=top),
        weights.plot_importance: ev.importance(result),
        firmness.plot_place_ranges: ranges,
        firmness.plot_acceptability: firm,
        firmness.plot_top_shares: ranges,
        firmness.plot_neighbours: ev.neighbours(firm),
        firmness.plot_choices: ev.choices(result, top=top),
        firmness.plot_doubt: ev.change_under_doubt(study, year, **law),
        firmness.plot_recheck: ev.recheck(study, year),
        firmness.plot_error_of_marks: ev.error_of_marks(study, year, draws=100, seed=0),
    }
    margins = ev.top_margins(result, up_to=30)
    yield (
        "top_margins",
        lambda lang: weights.plot_top_margins(margins, top=top, lang=lang, study=study),
    )
    for plot, table in tables.items():
        if not (hasattr(table, "table") and table.table.empty):
            yield (
                plot.__name__,
                lambda lang, plot=plot, table=table: plot(table, lang=lang, study=study),
            )


def laid_out(ax):
    """The Axes with every text in its place; a character that the font lacks is an error."""
    ax.figure.draw_without_rendering()
    plt.close(ax.figure)  # pyplot forgets it; the figure itself stays
    return ax


@pytest.fixture(scope="module")
def nanning():
    """Every figure of the main study, in both languages."""
    study = ev.read_study(ROOT / "data" / "nanning")
    jobs = list(made(study, 2020, 10))
    drawn = {}
    for name, draw in jobs:
        for lang in wording.LANGUAGES:
            drawn[name, lang] = laid_out(draw(lang))
    return drawn


def texts(figure):
    """Every text that is drawn; tick labels beyond the ends of an axis are not."""
    unseen = {tick for ax in figure.axes for tick in ax.get_xticklabels()}
    found = figure.findobj(mpl.text.Text)
    return [t for t in found if t.get_text().strip() and t.get_visible() and t not in unseen]


def test_every_figure_says_what_kind_of_data_it_shows(nanning):
    marks = {"zh": "重构数据，非该单位事实", "en": "reconstructed, not a fact"}
    assert len(nanning) == 28
    for (name, lang), ax in nanning.items():
        notes = [text for text in texts(ax.figure) if marks[lang] in text.get_text()]
        assert len(notes) == 1, name
        assert "2020" in notes[0].get_text()


def test_no_text_leaves_the_page(nanning):
    for (name, lang), ax in nanning.items():
        page = ax.figure.bbox
        for text in texts(ax.figure):
            box, what = text.get_window_extent(), f"{name} {lang}: {text.get_text()}"
            assert min(box.x0, box.y0) >= -1, what
            assert box.x1 <= page.x1 + 1, what
            assert box.y1 <= page.y1 + 1, what


def test_row_labels_do_not_overlap_and_fit_on_a_page_of_a4(nanning):
    for (name, lang), ax in nanning.items():
        width, height = ax.figure.get_size_inches()
        assert width < 8.27, name
        assert height < 11.69 - 1.5, name
        boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
        for above, below in pairwise(boxes):
            assert below.y1 <= above.y0 + 2.5, f"{name} {lang}"


def test_the_legend_lies_beside_the_data(nanning):
    for (name, lang), ax in nanning.items():
        legend = ax.get_legend()
        if legend is None or name == "plot_left_out":
            continue
        assert legend.get_window_extent().y0 >= ax.get_window_extent().y1 - 1, f"{name} {lang}"


def test_all_sites_have_a_row_and_their_exact_places_stand_beside(nanning):
    ax = nanning["plot_place_ranges", "zh"]
    assert len(ax.get_yticklabels()) == 55
    said = {text.get_text() for text in texts(ax.figure)}
    assert {"1–4", "6–19"} <= said


def test_the_heat_map_has_a_cell_for_every_share_that_can_be_seen(nanning):
    ax = nanning["plot_acceptability", "en"]
    cells = ax.collections[0].get_array()
    assert cells.shape == (55, 55)
    shares = np.ma.filled(cells**2, 0)
    assert (shares.sum(axis=1) > 0.95).all()
    assert shares[0, 0] > 0.95


def test_a_study_of_one_year_with_few_indicators_is_drawn():
    study = ev.read_study(ROOT / "data" / "sichuan-land")
    drawn = dict(made(study, 2011, 10))
    assert {"plot_doubt", "plot_recheck"}.isdisjoint(drawn)
    for name, draw in drawn.items():
        ax = laid_out(draw("en"))
        assert "computed from published figures" in " ".join(
            text.get_text().replace("\n", " ") for text in texts(ax.figure)
        ), name


def test_a_weight_that_brings_a_new_site_into_the_list_is_marked():
    study = ev.read_study(ROOT / "data" / "sichuan-land")
    result = ev.evaluate(study, 2011)
    ax = weights.plot_swings(ev.swings(result, spread=0.2, top=10), lang="en")
    assert "14  top 10: 1 new" in {text.get_text() for text in texts(ax.figure)}
    plt.close("all")


def test_confidence_sets_are_drawn_where_there_was_a_double_review(tmp_path):
    study = reviewed(tmp_path)
    errors = ev.error_of_marks(study, 2020, draws=200, seed=0)
    ax = firmness.plot_rank_sets(errors, study=study)
    laid_out(ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()][:2] == [
        "95%置信集（全部同时）", "95%置信集（逐个）",
    ]  # fmt: skip
    ax = firmness.plot_error_of_marks(errors, study=study, lang="en")
    measured = f"measured by the double review {errors.choices['review'].sem:.2f}"
    assert measured in {text.get_text() for text in texts(ax.figure)}
    plt.close("all")


def test_axes_that_are_given_are_used_and_settings_stay_alone():
    study = synthetic(3, units=8, step=0.5)
    before = dict(mpl.rcParams)
    for _, draw in made(study, 2020, 3):
        laid_out(draw("zh"))
    swings = ev.swings(ev.evaluate(study, 2020), spread=0.2, top=3)
    _, axes = plt.subplots(1, 2)
    assert weights.plot_swings(swings, ax=axes[0]) is axes[0]
    assert dict(mpl.rcParams) == before
    plt.close("all")


def test_a_list_longer_than_the_ranking_has_no_edge(tmp_path):
    units = [("u1", 9, 8), ("u2", 7, 7.5), ("u3", 5, 9)]
    for name, draw in made(weighed(tmp_path, units=units), 2020, 10):
        ax = laid_out(draw("zh"))
        for text in texts(ax.figure):
            assert text.get_window_extent().x1 <= ax.figure.bbox.x1 + 1, (
                f"{name}: {text.get_text()}"
            )


def test_an_assumed_error_is_labelled_on_both_figures(tmp_path):
    study = weighed(tmp_path, units=[("u1", 9, 8), ("u2", 7, 7.5), ("u3", 5, 9)])
    errors = ev.error_of_marks(study, 2020, draws=200, seed=0, sem=1.5)
    for plot, label in (
        (firmness.plot_error_of_marks, "assumed in the scenario 1.5"),
        (firmness.plot_rank_sets, "scenario: error of 1.5 points"),
    ):
        ax = laid_out(plot(errors, lang="en"))
        assert label in " ".join(text.get_text().replace("\n", " ") for text in texts(ax.figure))
    plt.close("all")
