"""What-if scenarios agree with the engine and with sums on paper, and the panel follows them."""

from dataclasses import replace
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import pandas as pd
import papermill
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evallib as ev
from evallib.explore import (
    Scenario,
    describe_what_if,
    evaluate_scenario,
    explorer,
    hundredths,
    load_scenario,
    movements,
    official_weights,
    rebalance,
    save_scenario,
    scenario_weights,
    weights_text,
    what_if,
)
from evallib.explore import panel as panel_module
from evallib.explore.serve import serve
from evallib.firmness.linear import rescore
from tests.studies import SCHEME, make_study, synthetic

ROOT = Path(__file__).resolve().parents[1]
ROWS = "unit,kind,points,reason,source\n"


@pytest.fixture
def trial(tmp_path):
    return ev.read_study(make_study(tmp_path))


@pytest.fixture(scope="module")
def nanning():
    return ev.read_study("nanning", years=[2020])


# Trial: D1 = a (6) + b (4), D2 = c (5, class A only) + d (5); official weights 50 and 50.
#   unit  D1      D2                    50:50              20:80 on D1:D2
#   u1    10/10   10/10                 100                100
#   u2    5/10    6.5/10                57.5               62
#   u3    8/10    5/5, c not applicable 13/15 = 86.66..    (.2*.8 + .4)/(.2+.4) = 93.33..
#   u4    7/10    5/10                  60                 54
def test_a_scenario_is_the_weighted_mean_on_paper(trial):
    table = what_if(trial, 2020, weights={"D1": 20})
    assert table.index.tolist() == ["u1", "u3", "u2", "u4"]
    assert table["total"].round(6).tolist() == [100.0, 93.333333, 62.0, 54.0]
    assert table["total_official"].round(6).tolist() == [100.0, 86.666667, 57.5, 60.0]
    assert table["rank_official"].tolist() == [1, 2, 4, 3]
    assert table["rank"].tolist() == [1, 2, 3, 4]
    assert table["movement"].tolist() == [0, 0, 1, -1]
    assert table["reaches"].tolist() == [True, True, False, False]
    assert table["printed"].tolist() == ["100", "93.33", "62", "54"]


@pytest.mark.parametrize(
    ("study", "year"),
    [("nanning", 2020), ("nanning", 2019), ("sichuan-land", 2011), ("ministries", 2016)],
)
def test_official_weights_move_nobody(study, year):
    data = ev.read_study(study, years=[year])
    official = official_weights(data.years[year].scheme)
    for weights in ("", official):
        table = what_if(data, year, weights=weights)
        assert (table["movement"] == 0).all()
        assert (table["total"] == table["total_official"]).all()


@pytest.mark.parametrize("seed", range(5))
def test_totals_under_random_weights_agree_with_the_array_engine(seed):
    data = synthetic(seed, units=20)
    official = ev.evaluate(data, 2020)
    drawn = pd.Series(np.random.default_rng(seed).dirichlet([2, 2, 2]), official.scheme.dimensions)
    factor = {code: w / official.scheme.node_weights[code] for code, w in drawn.items()}
    leaves = [
        factor[official.scheme.parent(leaf)] * weight
        for leaf, weight in official.scheme.weights.items()
    ]
    scenario = evaluate_scenario(data, 2020, weights={k: 100 * w for k, w in drawn.items()})
    expected = rescore(official, leaves)["total"]
    assert scenario.total.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-9)


def test_bonus_is_lost_where_the_base_falls_to_the_gate(tmp_path):
    files = {
        "2020/adjustments.csv": ROWS + "u2,bonus,2,an award,\n",
        "2020/rules.yaml": "bonus: {gate: 55}\n",
    }
    data = ev.read_study(make_study(tmp_path, files=files))
    assert what_if(data, 2020, weights="")["total"]["u2"] == pytest.approx(59.5)
    # D1 at 80: base of u2 is .8 * 50 + .2 * 65 = 53, no more above 55
    assert what_if(data, 2020, weights="D1 80")["total"]["u2"] == pytest.approx(53.0)


def test_a_part_at_zero_is_left_out(trial):
    table = what_if(trial, 2020, weights={"D1": 0})
    assert table["total"].to_dict() == pytest.approx({"u1": 100, "u3": 100, "u2": 65, "u4": 50})
    assert "名次" in describe_what_if(
        ev.evaluate(trial, 2020), evaluate_scenario(trial, 2020, weights="D1 0")
    )


def test_a_geometric_root_ignores_the_zero_of_a_part_at_zero(tmp_path):
    scheme = SCHEME.replace("all,,总,Total,,,,,", "all,,总,Total,,,,geometric,")
    marks = "unit,indicator,mark\n" + "".join(
        f"u{i},{leaf},{mark}\n" for i in "1234" for leaf, mark in zip("abd", "064", strict=True)
    )
    marks = marks.replace("b,6", "b,0") + "".join(f"u{i},c,4\n" for i in "124")
    data = ev.read_study(
        make_study(tmp_path, files={"2020/scheme.csv": scheme, "2020/marks.csv": marks})
    )
    assert what_if(data, 2020, weights="")["total"].tolist() == [0.0] * 4
    assert what_if(data, 2020, weights="D1 0")["total"].tolist() == pytest.approx([80.0] * 4)


def test_weights_that_leave_a_unit_without_any_are_refused(tmp_path):
    scheme = SCHEME.replace("d,D2,丁项,Leaf d,,5,0.5,,", "d,D2,丁项,Leaf d,,5,0.5,,A")
    marks = (make_study(tmp_path) / "2020" / "marks.csv").read_text(encoding="utf-8")
    files = {"2020/scheme.csv": scheme, "2020/marks.csv": marks.replace("u3,d,5", "")}
    data = ev.read_study(make_study(tmp_path / "other", files=files))
    with pytest.raises(ev.DataError, match=r"none is left for u3, .* parts at 0 apply"):
        what_if(data, 2020, weights="D1 0")


def test_threshold_and_ties_are_those_of_the_scenario(tmp_path):
    marks = "unit,indicator,mark\n" + "".join(
        f"u{i},{leaf},{mark}\n" for i, mark in zip("124", (4, 4, 2), strict=True) for leaf in "abcd"
    )
    marks += "u3,a,1\nu3,b,1\nu3,d,1\n"
    data = ev.read_study(make_study(tmp_path, files={"2020/marks.csv": marks}))
    official = what_if(data, 2020, weights="")
    assert official["rank"].tolist() == [1, 1, 3, 4]
    table = what_if(data, 2020, weights="", threshold=40, ties="dense")
    assert table["rank"].tolist() == [1, 1, 2, 3]
    assert table["movement"].tolist() == [0, 0, 1, 1]
    assert official["reaches"].sum() == 0
    assert table["reaches"].tolist() == [True, True, True, False]
    with pytest.raises(ValueError, match="ties"):
        what_if(data, 2020, weights="", ties="max")


def test_a_root_with_one_child_moves_what_lies_below_it(trial):
    data = trial.years[2020]
    nodes = [replace(n, parent="one" if n.parent == "all" else n.parent) for n in data.scheme.nodes]
    nodes.insert(1, ev.Node("one", "all", "唯一"))
    deeper = replace(trial, years={2020: replace(data, scheme=ev.Scheme.of(nodes))})
    assert official_weights(deeper.years[2020].scheme) == {"D1": 50.0, "D2": 50.0}
    flat, deep = (what_if(s, 2020, weights="D1 20") for s in (trial, deeper))
    assert deep["total"].tolist() == pytest.approx(flat["total"].tolist())


def test_units_that_are_not_ranked_have_a_total_and_no_movement(trial):
    data = trial.years[2020]
    units = data.units.assign(ranked=[True, False, True, True])
    table = what_if(replace(trial, years={2020: replace(data, units=units)}), 2020, weights="D1 0")
    assert table.index[-1] == "u2"
    assert table.loc["u2", ["rank", "movement"]].isna().all()
    assert table.loc["u2", "total"] == pytest.approx(65)


def test_a_year_that_is_not_there_is_named(trial):
    with pytest.raises(ev.DataError, match="no year 2021; it has 2020"):
        evaluate_scenario(trial, 2021, weights="")


# ---- weights


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("X 3", "no part 'X'; the parts are D1, D2"),
        ("D1 60, D2 50", "D1, D2 sum to 110 per cent; make them 100"),
        ("D1 60, D2 30", "D1, D2 sum to 90 per cent; make them 100"),
        ("D1 101", "D1 sum to 101 per cent; leave no more than 100"),
        ("D1 -1", "D1 = -1 is below 0"),
        ({"D1": float("nan")}, "D1 = nan is below 0"),
        ("D1 much", "'D1 much' is no code and per cent; write such as H 30"),
        ("D1 nan", "'D1 nan' is no code and per cent"),
        ("30", "'30' is no code and per cent"),
        ("D1 30, D1 40", "'D1 40' is no code and per cent"),
    ],
)
def test_weights_that_are_none_are_refused(trial, weights, message):
    with pytest.raises(ev.DataError, match=message):
        scenario_weights(trial.years[2020].scheme, weights)


def test_parts_left_out_share_the_rest_in_their_official_proportions(nanning):
    scheme = nanning.years[2020].scheme
    assert scenario_weights(scheme, "H 30, F 20") == pytest.approx(
        {"H": 30, "F": 20, "P": 25, "S": 50 * 20 / 70, "I": 50 * 15 / 70}
    )
    assert scenario_weights(scheme, "equal") == dict.fromkeys("HFPSI", 20.0)
    assert scenario_weights(scheme, "H 100")["P"] == 0


SHARES = st.lists(st.integers(0, 50), min_size=2, max_size=7).filter(any)


@given(SHARES, st.data())
def test_moving_a_slider_keeps_the_sum_and_what_is_locked(shares, data):
    official = dict.fromkeys(map(str, range(len(shares))), 100 / len(shares))
    weights = {code: 100 * n / sum(shares) for code, n in zip(official, shares, strict=True)}
    code = data.draw(st.sampled_from([*weights]))
    locked = data.draw(st.sets(st.sampled_from([*weights])).map(lambda some: some - {code}))
    value = data.draw(st.floats(-10, 110))
    after = rebalance(weights, code, value, official=official, locked=locked)
    assert sum(after.values()) == pytest.approx(100)
    assert all(weight >= 0 for weight in after.values())
    assert {other: after[other] for other in locked} == {other: weights[other] for other in locked}
    room = 100 - sum(weights[other] for other in locked)
    if len(locked) < len(weights) - 1:
        assert after[code] == pytest.approx(min(max(value, 0), room), abs=2e-6)
    else:
        assert after == weights


def test_proportions_survive_the_right_stop():
    now = {"a": 20.0, "b": 60.0, "c": 20.0}
    official = dict.fromkeys("abc", 100 / 3)
    stop = rebalance(now, "a", 100, official=official)
    assert hundredths(stop) == {"a": 100, "b": 0, "c": 0}
    assert rebalance(stop, "a", 20, official=official) == pytest.approx(now)


def test_where_all_others_are_at_zero_they_come_back_in_official_proportions():
    official = {"a": 50.0, "b": 30.0, "c": 20.0}
    assert rebalance({"a": 100.0, "b": 0.0, "c": 0.0}, "a", 50, official=official) == official


@given(SHARES)
def test_printed_weights_sum_to_a_hundred_and_read_back(shares):
    nodes = [ev.Node(f"n{i}", "all", "x", full_marks=1.0) for i in range(len(shares))]
    scheme = ev.Scheme.of([ev.Node("all", "", "总"), *nodes])
    weights = {f"n{i}": 100 * n / sum(shares) for i, n in enumerate(shares)}
    printed = hundredths(weights)
    assert sum(round(100 * weight) for weight in printed.values()) == 10_000
    assert all(abs(printed[code] - weights[code]) <= 0.01 for code in weights)
    assert scenario_weights(scheme, weights_text(weights)) == printed


# ---- sentences


def test_the_summary_says_what_changes(nanning):
    official = ev.evaluate(nanning, 2020)
    scenario = evaluate_scenario(nanning, 2020, weights="H 30", threshold=85, ties="dense")
    table, text = movements(official, scenario), describe_what_if(official, scenario)
    assert "健康情况30%（正式方案20%）" in text
    assert "同分名次按1、2、2、3排列" in text
    assert f"{int((table['movement'] != 0).sum())}个名次变动" in text
    assert f"有{int(table['reaches'].sum())}个达到85分，正式方案中有29个达到90分" in text
    assert text.endswith("重构数据，非该单位事实。")
    english = describe_what_if(official, scenario, lang="en")
    assert "Health 30% (officially 20%)" in english
    assert "officially 29 reach 90. Reconstructed" in english
    assert "  " not in english


def test_the_summary_of_no_change_says_so(trial):
    official = ev.evaluate(trial, 2020)
    text = describe_what_if(official, official, lang="en")
    assert text == (
        "The weights are the official ones. None of the 4 ranked websites changes place. "
        "The top 10 are the same websites. 1 of 4 websites reach 90 or more, as officially."
    )


# ---- files


def test_a_saved_scenario_reads_back_and_is_flat_params(tmp_path):
    scenario = Scenario(study="0010", year=2020, weights="H 30, F 70", threshold=85, ties="dense")
    path = save_scenario(tmp_path / "new" / "one.yaml", scenario)
    assert load_scenario(path) == scenario
    assert path.read_text(encoding="utf-8").splitlines() == [
        "# A what-if scenario of 07_explore.",
        "study: '0010'",
        "year: 2020",
        "lang: zh",
        "weights: H 30, F 70",
        "threshold: 85.0",
        "ties: dense",
    ]


def test_the_notebook_declares_what_a_scenario_holds():
    declared = papermill.inspect_notebook(str(ROOT / "notebooks" / "07_explore.ipynb"))
    assert set(declared) == set(Scenario.model_fields)


def test_a_faulty_scenario_file_names_every_fault(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("study: x\nyear: soon\nties: max\nwieghts: H 3\n", encoding="utf-8")
    with pytest.raises(ev.StudyError) as caught:
        load_scenario(path)
    assert [str(fault) for fault in caught.value.faults] == [
        "bad.yaml, row 2, column year: 'soon' is no whole number; write a whole number",
        "bad.yaml, row 3, column ties: 'max' is not allowed; write one of 'min' or 'dense'",
        "bad.yaml, row 4, column wieghts: unknown key; correct its spelling or remove it",
    ]
    with pytest.raises(ev.StudyError, match=r"none\.yaml: no such scenario; save one first"):
        load_scenario(tmp_path / "none.yaml")


# ---- the panel


def find(box, kind):
    """All widgets of a kind in a box, in order."""
    found = [box] if isinstance(box, kind) else []
    return found + [w for child in getattr(box, "children", ()) for w in find(child, kind)]


def values(box):
    return [round(slider.value, 1) for slider in find(box, widgets.FloatSlider)]


def shown(box):
    return next(w.value for w in find(box, widgets.HTML) if "<tbody>" in w.value)


def said(box):
    return next((w.value for w in find(box, widgets.HTML) if 'role="status"' in w.value), "")


def press(box, text):
    next(b for b in find(box, widgets.Button) if b.description == text).click()


@pytest.fixture
def box(nanning, tmp_path, monkeypatch):
    monkeypatch.setattr(panel_module, "project_root", lambda: tmp_path)
    return explorer(nanning, 2020)


def test_the_panel_opens_on_the_official_ranking_and_says_what_the_data_are(box):
    assert values(box) == [20, 10, 35, 20, 15]
    assert "权重与正式方案相同" in shown(box)
    assert shown(box).count("<tr data-unit") == 55
    assert any(
        "重构数据，非该单位事实" in w.value and "mark" in w.value for w in find(box, widgets.HTML)
    )
    assert repr(box) == "运行笔记本后，这里显示滑块和实时排名。"


def test_a_slider_moves_the_others_and_the_ranking(box):
    before = shown(box)
    find(box, widgets.FloatSlider)[0].value = 40
    assert values(box) == [40.0, 7.5, 26.2, 15.0, 11.2]
    assert shown(box) != before
    assert "健康情况40%（正式方案20%）、功能设计7.5%" in shown(box)
    assert "▲" in shown(box)
    assert "▼" in shown(box)


def test_what_a_browser_answers_is_no_move(box):
    sliders = find(box, widgets.FloatSlider)
    sliders[0].value = 40.3
    before, places = shown(box), values(box)
    sliders[2].value += 0.04  # a step of the browser, not of a person
    assert (shown(box), values(box)) == (before, places)


def test_a_locked_slider_keeps_its_weight(box):
    sliders, locks = find(box, widgets.FloatSlider), find(box, widgets.ToggleButton)
    locks[2].value = True
    assert sliders[2].disabled
    sliders[0].value = 90
    assert values(box) == [65, 0, 35, 0, 0]
    assert "发布解读" not in shown(box).split("参加排名")[0]


def test_reset_unlocks_and_goes_back(box):
    before = shown(box)
    find(box, widgets.ToggleButton)[2].value = True
    find(box, widgets.FloatSlider)[0].value = 50
    find(box, widgets.FloatText)[0].value = 85
    find(box, widgets.Dropdown)[0].value = "dense"
    assert "1、2、2、3" in shown(box)
    press(box, "恢复正式方案")
    assert shown(box) == before
    assert not any(lock.value for lock in find(box, widgets.ToggleButton))


def test_a_scenario_is_saved_and_loaded_by_name(box, tmp_path):
    name = find(box, widgets.Combobox)[0]
    find(box, widgets.FloatSlider)[0].value = 40
    find(box, widgets.FloatText)[0].value = 85
    name.value = "健康优先"
    press(box, "保存")
    file = tmp_path / "params" / "scenarios" / "nanning-2020-健康优先.yaml"
    assert "已保存为params/scenarios/nanning-2020-健康优先.yaml。" in said(box)
    assert load_scenario(file).weights == "H 40, F 7.5, P 26.25, S 15, I 11.25"
    assert name.options == ("健康优先",)
    before = shown(box)
    press(box, "恢复正式方案")
    assert shown(box) != before
    press(box, "载入")
    assert shown(box) == before
    assert "已载入" in said(box)


@pytest.mark.parametrize("name", ["", "../out", "a/b", ".x"])
def test_a_name_that_is_no_file_name_is_refused(box, name, tmp_path):
    find(box, widgets.Combobox)[0].value = name
    press(box, "保存")
    assert "名称只用文字、数字、-和_。" in said(box)
    assert 'class="error"' in said(box)
    assert not (tmp_path / "params").exists()


def test_a_scenario_that_cannot_be_loaded_is_explained(box, tmp_path):
    find(box, widgets.Combobox)[0].value = "none"
    press(box, "载入")
    assert "nanning-2020-none.yaml: no such scenario; save one first" in said(box)
    file = tmp_path / "params" / "scenarios" / "nanning-2020-none.yaml"
    save_scenario(file, Scenario(study="nanning", year=2020, weights="Z 3"))
    press(box, "载入")
    assert "no part &#x27;Z&#x27;" in said(box)


def test_weights_without_an_answer_are_explained_in_the_panel(tmp_path):
    scheme = SCHEME.replace("d,D2,丁项,Leaf d,,5,0.5,,", "d,D2,丁项,Leaf d,,5,0.5,,A")
    marks = (make_study(tmp_path) / "2020" / "marks.csv").read_text(encoding="utf-8")
    files = {"2020/scheme.csv": scheme, "2020/marks.csv": marks.replace("u3,d,5", "")}
    data = ev.read_study(make_study(tmp_path / "other", files=files))
    box = explorer(data, 2020, "en")
    find(box, widgets.FloatSlider)[0].value = 0
    assert any("none is left for u3" in w.value for w in find(box, widgets.HTML))


def test_names_are_text_and_never_markup(tmp_path):
    units = "unit,name_zh,name_en,group,class\nu1,<b>甲</b>,,g,A\n"
    marks = "unit,indicator,mark\nu1,a,6\nu1,b,4\nu1,c,5\nu1,d,5\n"
    data = ev.read_study(make_study(tmp_path, files={"units.csv": units, "2020/marks.csv": marks}))
    assert "&lt;b&gt;甲" in shown(explorer(data, 2020))


def test_a_scheme_of_leaves_has_a_slider_for_each():
    box = explorer(ev.read_study("sichuan-land"), 2011, "en", weights="equal")
    assert values(box) == [20.0] * 5
    assert "Official place" in shown(box)
    assert "Computed from published figures." in shown(box)


def test_nothing_is_served_with_faulty_params(tmp_path):
    file = tmp_path / "one.yaml"
    file.write_text("study: atlantis\nyear: 2020\n", encoding="utf-8")
    with pytest.raises(ev.StudyError, match="no study 'atlantis'"):
        serve(file)
    file.write_text("study: nanning\nyear: 2011\n", encoding="utf-8")
    with pytest.raises(ev.StudyError, match="the study has no year 2011"):
        serve(file)
