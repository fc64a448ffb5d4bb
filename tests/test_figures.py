"""Figures: what they show, that they can be read, and that nothing is left behind."""

from itertools import pairwise
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from conftest import ROOT
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from PIL import Image
from studies import make_study, synthetic

import evallib as ev
from evallib.publication import facts, figures
from evallib.publication.fonts import woff2_subset


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def nanning():
    return ev.read_study(ROOT / "data" / "nanning")


@pytest.fixture(scope="module")
def result(nanning):
    return ev.evaluate(nanning, 2020)


def texts_of(figure):
    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text().strip()]


def boxes(figure, fits):
    renderer = figure.canvas.get_renderer()
    found = [t for t in figure.findobj(mpl.text.Text) if t.get_text().strip() and t.get_visible()]
    return {t: t.get_window_extent(renderer) for t in found if fits(t)}


def drawn(nanning, result):
    shared = {"study": nanning}
    yield "ranking", figures.plot_ranking(result, **shared)
    yield "index", figures.plot_index_tree(result, population="department", **shared)
    yield "groups", figures.plot_groups(result, **shared)
    yield "distribution", figures.plot_total_distribution(result, **shared)
    yield "rounds", figures.plot_rounds(facts.initial_result(nanning, 2020), result, **shared)
    yield "change", figures.plot_year_over_year(nanning, 2019, 2020)
    yield "columns", figures.ranking_columns(result, **shared)


def test_every_figure_says_that_the_data_are_reconstructed(nanning, result):
    for name, made in drawn(nanning, result):
        figure = made.figure if isinstance(made, Axes) else made
        notes = [text for text in texts_of(figure) if "重构数据，非该单位事实" in text]
        assert len(notes) == 1, name
        assert "2020年" in notes[0], name


def test_every_figure_can_be_saved_and_no_text_leaves_the_page(nanning, result, tmp_path):
    for name, made in drawn(nanning, result):
        figure = made.figure if isinstance(made, Axes) else made
        figures.save_figure(made, tmp_path / name, alt="说明", close=False)
        page = figure.bbox
        ticks = {tick for ax in figure.axes for tick in ax.get_xticklabels()}  # some are unseen
        for text, box in boxes(figure, lambda text, ticks=ticks: text not in ticks).items():
            inside = (
                box.x0 >= -1 and box.y0 >= -1 and box.x1 <= page.x1 + 1 and box.y1 <= page.y1 + 1
            )
            assert inside, f"{name}: {text.get_text()}"


def test_all_sites_stand_in_the_ranking_with_place_and_printed_total(nanning, result):
    ax = figures.plot_ranking(result, study=nanning)
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert len(labels) == 55
    assert labels[0].split() == ["市卫健委", "1"]
    assert set(result.printed) <= set(texts_of(ax.figure))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_labels_of_two_years_do_not_overlap(nanning, lang):
    ax = figures.plot_year_over_year(nanning, 2019, 2020, lang=lang)
    ax.figure.draw_without_rendering()
    for side in ("left", "right"):
        found = boxes(ax.figure, lambda text, side=side: text.axes is ax and text.get_ha() == side
                      and isinstance(text, mpl.text.Annotation))  # fmt: skip
        assert len(found) >= 55
        spans = sorted((box.y0, box.y1) for box in found.values())
        assert all(low[1] <= high[0] + 0.5 for low, high in pairwise(spans))


def test_only_the_most_improved_stand_out(nanning):
    ax = figures.plot_year_over_year(nanning, 2019, 2020)
    bold = [line for line in ax.lines if line.get_marker() == "^" and len(line.get_xdata())]
    assert len(bold) == 8
    hollow = [line for line in ax.lines if line.get_marker() == "D" and len(line.get_xdata())]
    assert sorted(len(line.get_xdata()) for line in hollow) == [2, 3]  # founded or merged; gone


def test_groups_differ_by_marker_as_well_as_colour(result):
    ax = figures.plot_ranking(result)
    shapes = [dots.get_paths()[0].vertices.shape for dots in ax.collections[1:]]
    assert len(shapes) == len(set(shapes)) == 2
    bars = figures.plot_total_distribution(result).containers
    assert {bar.patches[0].get_hatch() for bar in bars} == {"", "////"}


def test_the_bars_of_the_distribution_count_every_site_at_the_printed_threshold(result):
    ax = figures.plot_total_distribution(result)
    bars = [bar for bars in ax.containers for bar in bars]
    assert sum(bar.get_height() for bar in bars) == 55
    assert sum(bar.get_height() for bar in bars if bar.get_x() >= 90) == 29


def test_axes_that_are_given_are_used_and_returned(result):
    figure, axes = plt.subplots(1, 2, figsize=(10, 9))
    for ax, plot in zip(axes, (figures.plot_ranking, figures.plot_groups), strict=True):
        assert plot(result, ax=ax) is ax
    assert sum("重构" in text for text in texts_of(figure)) == 2


def test_a_plot_leaves_the_settings_of_the_user_alone(result):
    before = dict(mpl.rcParams)
    figures.plot_groups(result)
    assert dict(mpl.rcParams) == before


def test_what_a_backend_sets_when_it_wakes_survives_the_style():
    before = mpl.rcParams["interactive"]
    try:
        with figures.style():
            mpl.rcParams["interactive"] = not before
        assert mpl.rcParams["interactive"] is not before
    finally:
        mpl.rcParams["interactive"] = before


def test_use_style_holds_for_a_whole_notebook():
    with mpl.rc_context():
        figures.use_style()
        assert mpl.rcParams["font.family"] == ["Noto Sans SC"]
    assert mpl.rcParams["font.family"] != ["Noto Sans SC"]


def test_a_character_that_the_font_lacks_is_an_error(tmp_path):
    ax = figures.plot_groups(ev.evaluate(synthetic(1), 2020))
    ax.set_ylabel("\N{LINEAR B SYLLABLE B008 A}")
    with pytest.raises(UserWarning, match=r"Glyph 65536 .* missing"):
        figures.save_figure(ax, tmp_path / "f", alt="x")


def test_saved_figures_are_the_same_bytes_and_carry_their_alt_text(result, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        figures.save_figure(
            figures.plot_groups(result), tmp_path / folder / "f", alt="两类网站的得分"
        )
    for ending in ("png", "svg"):
        first, second = ((tmp_path / folder / f"f.{ending}").read_bytes() for folder in "ab")
        assert first == second
    with Image.open(tmp_path / "a" / "f.png") as picture:
        assert picture.info["Description"] == "两类网站的得分"
        assert round(picture.info["dpi"][0]) == 160
    svg = ElementTree.parse(tmp_path / "a" / "f.svg").getroot()
    names = {element.tag.split("}")[-1] for element in svg.iter()}
    assert "text" not in names  # text is drawn as paths: no font is needed
    assert svg.find("{http://www.w3.org/2000/svg}title").text == "两类网站的得分"
    assert plt.get_fignums() == []


def test_a_site_without_a_total_is_shown_as_failed(tmp_path):
    veto = {"2020/adjustments.csv": "unit,kind,points,reason,source\nu1,veto,,down,\n"}
    study = ev.read_study(make_study(tmp_path, files=veto))
    result = ev.evaluate(study, 2020)
    ax = figures.plot_ranking(result, study=study)
    assert "不合格" in texts_of(ax.figure)
    assert ax.get_yticklabels()[-1].get_text().split() == ["甲局", "–"]
    for plot in (figures.plot_groups, figures.plot_total_distribution, figures.plot_index_tree):
        figures.save_figure(plot(result, study=study), tmp_path / plot.__name__, alt="x")


def test_a_font_subset_is_small_and_the_same_each_time():
    first = woff2_subset("部门网站得分")
    assert first == woff2_subset("站网门部得分分")
    assert len(first) < 4000
