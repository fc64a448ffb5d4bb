"""Figures of what moved: their bars add up, and every doubt stands on their face."""

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from conftest import ROOT
from matplotlib import pyplot as plt
from studies import make_study
from test_sentences_account import moved

import evallib as ev
from evallib.publication import figures
from evallib.publication.wording import LANGUAGES


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def move():
    return ev.year_over_year(ev.read_study(ROOT / "data" / "nanning"), 2020)


@pytest.fixture(scope="module")
def ministries():
    return ev.read_study(ROOT / "data" / "ministries")


def texts_of(ax):
    ax.figure.draw_without_rendering()
    return [text.get_text() for text in ax.figure.findobj(mpl.text.Text) if text.get_text().strip()]


def bars_of(ax):
    """Label, left end and signed width of every bar, from the top."""
    rows = {tick: text.get_text() for tick, text in zip(ax.get_yticks(), ax.get_yticklabels(),
                                                         strict=True)}  # fmt: skip
    bars = [bar for box in ax.containers for bar in box]
    bars.sort(key=lambda bar: bar.get_y())
    return [(rows[round(bar.get_y() + bar.get_height() / 2)], bar.get_x(), bar.get_width())
            for bar in bars]  # fmt: skip


def ends_of(ax):
    return [float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "D"]


def drawn(move, ministries, lang):
    improved = ev.improvers(move, alpha=0.05)
    yield "mean", ev.plot_account(move, lang=lang)
    yield "count", ev.plot_account(move, of="count", population="department", lang=lang)
    yield "total", ev.plot_unit_account(move, "dept05", lang=lang)
    yield "rank", ev.plot_unit_account(move, "dept05", of="rank", lang=lang)
    yield "crossers", ev.plot_crossers(move, lang=lang)
    yield "improvers", ev.plot_improvers(improved, move.study, lang=lang)
    yield "trajectories", ev.plot_trajectories(ministries, lang=lang)
    other = ev.year_over_year(ministries, 2016)
    yield "ministries", ev.plot_account(other, lang=lang)
    unruled = ev.improvers(other, alpha=0.05)  # no rule says who counts: nobody stands out
    yield "ministries_improvers", ev.plot_improvers(unruled, ministries, lang=lang)
    yield "ministries_crossers", ev.plot_crossers(other, lang=lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_figure_can_be_saved_says_its_data_and_keeps_its_text_on_the_page(
    move, ministries, tmp_path, lang
):
    notes = ("重构数据，非该单位事实", "据已公布的数据计算", "reconstructed, not a fact",
             "computed from published figures")  # fmt: skip
    for name, ax in drawn(move, ministries, lang):
        figures.save_figure(ax, tmp_path / f"{name}_{lang}", alt="说明", close=False)
        assert sum(any(note in text for note in notes) for text in texts_of(ax)) == 1, name
        renderer, page = ax.figure.canvas.get_renderer(), ax.figure.bbox
        for text in ax.figure.findobj(mpl.text.Text):
            if not text.get_text().strip() or text in ax.get_xticklabels():
                continue
            box = text.get_window_extent(renderer)
            over = max(-box.x0, -box.y0, box.x1 - page.x1, box.y1 - page.y1)
            assert over <= 1, f"{name}: {text.get_text()}"
        plt.close("all")


@pytest.mark.parametrize("of", ["mean", "count"])
@pytest.mark.parametrize("population", ["all", "department", "dev_zone"])
def test_bars_lead_from_last_year_to_this_year(move, of, population):
    row = {"mean": move.change.means, "count": move.change.counts}[of].loc[population]
    ax = ev.plot_account(move, of=of, population=population)
    bars = bars_of(ax)
    assert ends_of(ax) == pytest.approx([row["before"], row["after"]])
    steps = [(left, left + width) for _, left, width in bars]
    points = [row["before"], *(end for _, end in steps)]
    assert points[-1] == pytest.approx(row["after"], abs=1e-9)
    assert all(a == pytest.approx(b[0], abs=1e-9) for a, b in zip(points, steps, strict=False))


def test_bars_carry_the_printed_numbers_and_causes_without_effect_are_left_out(move):
    ax = ev.plot_account(move)
    column = ev.account_table(move)["平均分", "全部网站"]
    names = [name for name, _, _ in bars_of(ax)]
    assert names == [name for name in column.index if name in names]
    assert {"单项否决变化", "适用类别变化"}.isdisjoint(names)
    shown = texts_of(ax)
    assert all(column[name] in shown for name in [*names, "2019", "2020"])


def test_the_legend_sums_each_kind_of_cause(move):
    legend = [text.get_text() for text in ev.plot_account(move).get_legend().get_texts()]
    assert legend == [
        "指标得分 +1.36",
        "指标体系与适用规则 −1.06",
        "附加分与否决 +0.11",
        "单位变动 −0.17",
    ]
    hatches = {box[0].get_hatch() for box in ev.plot_account(move).containers}
    assert len(hatches) == 4  # told apart without colour


def test_bars_that_do_not_print_the_change_are_flagged(move):
    assert any("相加为−9.1" in text for text in texts_of(ev.plot_account(move, of="count")))
    assert not any("相加为" in text for text in texts_of(ev.plot_account(move)))


def test_a_mean_that_did_not_move_has_two_points_and_no_bar(tmp_path):
    ax = ev.plot_account(moved(tmp_path), population="h")
    assert bars_of(ax) == []
    assert ends_of(ax) == [60.0, 60.0]


def test_a_better_place_lies_further_right_and_is_positive(move):
    ax = ev.plot_unit_account(move, "dept05", of="rank")
    assert ends_of(ax) == [28.0, 5.0]
    assert ax.xaxis_inverted()
    assert ax.get_legend().get_texts()[-1].get_text() == "单位变动 +3"
    total = ev.plot_unit_account(move, "dept05")
    assert ends_of(total) == pytest.approx([90.9, 94.75])
    assert not total.xaxis_inverted()


def test_a_merged_unit_has_no_account(move):
    with pytest.raises(ValueError, match="dept51 has no rank to compare between 2019 and 2020"):
        ev.plot_unit_account(move, "dept51", of="rank")


def test_totals_alone_leave_one_bar_for_those_that_compare(tmp_path):
    totals = "unit,total\nu1,85\nu2,57.5\nu3,86.67\nu4,60\n"
    bare = {"2019__scheme.csv": None, "2019__marks.csv": None, "2019__totals.csv": totals}
    ax = ev.plot_account(moved(tmp_path, **bare))
    assert [name for name, _, _ in bars_of(ax)] == ["可比单位得分"]


def test_arrows_cross_the_line_and_the_rest_are_diamonds(move):
    ax = ev.plot_crossers(move)
    crossers = move.change.crossers
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
    both = crossers[crossers["move"].isin(["up", "down"])]
    assert [(text.xyann[0], text.xy[0]) for text in arrows] == [
        tuple(pair) for pair in both[["total_previous", "total"]].to_numpy()
    ]
    assert all((text.xyann[0] < 90) == (text.xy[0] >= 90) for text in arrows)
    diamonds = [line for line in ax.lines if line.get_marker() == "D"]
    assert len(diamonds) == len(crossers) - len(both) == 5
    assert {"指标体系调整", "在线上而后退出"} <= set(texts_of(ax))


def test_nobody_across_the_line_is_an_empty_figure(tmp_path):
    rules = {f"{year}__rules.yaml": "threshold: 10\n" for year in (2019, 2020)}
    ax = ev.plot_crossers(moved(tmp_path, **rules))
    figures.save_figure(ax, tmp_path / "none", alt="无")
    assert ax.get_yticklabels() == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_listed_units_stand_out_with_their_tipping_error_and_apart(move, lang):
    improved = ev.improvers(move, alpha=0.05)
    ax = ev.plot_improvers(improved, move.study, lang=lang)
    others, listed = (len(dots.get_offsets()) for dots in ax.collections[-2:])
    assert (others, listed) == (45, 8)
    shown = texts_of(ax)
    assert any(text.endswith("2.09") for text in shown)
    renderer = ax.figure.canvas.get_renderer()
    joined = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
    found = [mpl.text.Text.get_window_extent(text, renderer) for text in joined]
    boxes = sorted((box.y0, box.y1) for box in found)  # of the text without its thread
    assert len(boxes) == 8
    assert all(low[1] <= high[0] + 0.5 for low, high in pairwise(boxes))


def test_two_years_are_shown_as_year_over_year(move):
    title = ev.plot_trajectories(move.study).figure.get_suptitle()
    assert title == ev.plot_year_over_year(move.study, 2019, 2020).figure.get_suptitle()


def test_every_unit_of_three_years_has_its_place_and_its_name(ministries):
    ax = ev.plot_trajectories(ministries, top=3)
    table, shown = ev.trajectory_table(ministries), texts_of(ax)
    ranked = table.filter(like="rank").notna().to_numpy().sum()
    discs = sum(len(dots.get_offsets()) for dots in ax.collections)
    assert discs == ranked
    assert {"林业局", "人力资源社会保障部", "应急管理部"} <= set(shown)
    wide = [line for line in ax.lines if line.get_linewidth() > 1 and len(line.get_xdata())]
    assert len(wide) == 3 * 2  # three units, two steps each


def test_a_year_without_a_unit_breaks_its_line(tmp_path):
    scheme = "code,parent,name_zh,full_marks\nall,,总,\na,all,甲,10\n"
    units = ("unit,name_zh,name_en,group,class,valid_from,valid_to\nu1,甲局,,g,A,,\n"
             "u2,乙局,,g,A,,2018-12-31\nu2,乙局,,g,A,2020-01-01,\n")  # fmt: skip
    files = {"units.csv": units}
    for year, who in ((2018, ("u1", "u2")), (2019, ("u1",)), (2020, ("u1", "u2"))):
        files[f"{year}/scheme.csv"] = scheme
        files[f"{year}/marks.csv"] = "unit,indicator,mark\n" + "".join(
            f"{unit},a,{5 + n}\n" for n, unit in enumerate(who)
        )
    study = ev.read_study(make_study(tmp_path, files=files))
    ax = ev.plot_trajectories(study)
    broken = [line for line in ax.lines if line.get_linestyle() == ":"]
    assert [list(line.get_xdata()) for line in broken] == [[0, 2]]


def test_axes_that_are_given_are_used(move, ministries):
    _, axes = plt.subplots(2, 2, figsize=(14, 14))
    improved = ev.improvers(move, alpha=0.05)
    a, b, c, d = axes.ravel()
    assert ev.plot_account(move, ax=a) is a
    assert ev.plot_crossers(move, ax=b) is b
    assert ev.plot_improvers(improved, move.study, ax=c) is c
    assert ev.plot_trajectories(ministries, ax=d) is d
    assert np.isfinite(a.get_xlim()).all()
