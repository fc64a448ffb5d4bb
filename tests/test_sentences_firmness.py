"""Tables and sentences on firmness: what they say, and that each number comes from the result."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from studies import make_study, synthetic

import evallib as ev
from evallib.publication import facts_firmness, facts_weights, pinned, wording
from evallib.publication import sentences_firmness as firmness
from evallib.publication import sentences_weights as weights

FILES = {
    lang: {
        path.name: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in wording.TEMPLATES.glob(f"*.{lang}.yaml")
    }
    for lang in wording.LANGUAGES
}


def weighed(folder, *, units=(), **more):
    """A study of two level-1 leaves with weights 60 and 40, marks out of 10."""
    rows = "".join(f"{name},{name.upper()},,g,A\n" for name, _, _ in units)
    marks = "".join(f"{name},a,{a}\n{name},b,{b}\n" for name, a, b in units)
    scheme = "code,parent,name_zh,name_en,weight,full_marks,step\nall,,总,,,,\n"
    scheme += "a,all,甲,,60,10,0.5\nb,all,乙,,40,10,0.5\n"
    files = {
        "units.csv": f"unit,name_zh,name_en,group,class\n{rows}",
        "2020/scheme.csv": scheme,
        "2020/marks.csv": f"unit,indicator,mark\n{marks}",
    }
    return ev.read_study(make_study(folder, files=files | more))


def examined(study, year=2020, *, spread=0.2, draws=2_000, top=3):
    """Every table that the notebooks describe, with the function that describes it."""
    result, seed = ev.evaluate(study, year), 7
    drawn = ev.perturb_weights(result.scheme, at="leaf", spread=spread, draws=draws, seed=seed)
    firm, extreme = ev.rank_uncertainty(result, drawn), ev.extreme_ranks(result, spread=spread)
    ranges = ev.place_ranges(firm, extreme, top=top)
    doubt = {"spread": spread, "draws": draws, "seed": seed}
    spans = ev.spans(result, ev.breakpoints(result, top=top))
    errors, change = ev.error_of_marks(study, year, draws=500, seed=seed), ev.smallest_change
    return [
        lambda lang: weights.describe_swings(ev.swings(result, spread=spread, top=top), lang=lang),
        lambda lang: weights.describe_breakpoints(spans, lang=lang),
        lambda lang: weights.describe_smallest_change(change(result, top=top), result, lang=lang),
        lambda lang: weights.describe_top_margins(
            ev.top_margins(result, up_to=5), top=top, lang=lang
        ),
        lambda lang: weights.describe_left_out(ev.left_out(result), lang=lang),
        lambda lang: weights.describe_alternatives(ev.alternatives(result, top=top), lang=lang),
        lambda lang: weights.describe_importance(ev.importance(result), lang=lang),
        lambda lang: firmness.describe_place_ranges(ranges, lang=lang),
        lambda lang: firmness.describe_acceptability(ranges, lang=lang),
        lambda lang: firmness.describe_top_shares(ranges, lang=lang),
        lambda lang: firmness.describe_neighbours(ev.neighbours(firm), lang=lang),
        lambda lang: firmness.describe_likeness(ev.likeness(firm), lang=lang),
        lambda lang: firmness.describe_doubt(
            ev.change_under_doubt(study, year, **doubt), lang=lang
        ),
        lambda lang: firmness.describe_recheck(ev.recheck(study, year), lang=lang),
        lambda lang: firmness.describe_error_of_marks(errors, rounds=True, lang=lang),
        lambda lang: pinned.describe_pinned(study, year, kinds=["rank"], lang=lang),
        lambda lang: weights.describe_movement(ev.movement(result, **doubt), lang=lang),
        lambda lang: weights.describe_ways_in(ev.ways_in(result, **doubt, top=top), lang=lang),
        lambda lang: firmness.describe_choices(ev.choices(result, top=top), lang=lang),
        lambda lang: firmness.describe_jackknife(ev.jackknife(result, top=top), lang=lang),
    ]


@pytest.mark.parametrize("part", ["sentences", "labels"])
def test_both_languages_have_the_same_texts(part):
    assert (
        FILES["zh"]["firmness.zh.yaml"][part].keys() == FILES["en"]["firmness.en.yaml"][part].keys()
    )


@pytest.mark.parametrize("lang", wording.LANGUAGES)
@pytest.mark.parametrize("part", ["sentences", "labels"])
def test_no_text_hides_one_of_another_file(lang, part):
    keys = [key for texts in FILES[lang].values() for key in texts.get(part, {})]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("seed", range(3))
def test_every_sentence_is_clean_in_both_languages(seed):
    for describe in examined(synthetic(seed, units=9, step=0.5)):
        text = describe("zh")
        assert text.endswith("。"), text
        assert not re.search(r"\s(?!τb)", text.replace("Kendall τb", "")), text
        english = describe("en")
        assert english.endswith("."), english
        assert not re.search(r"  |\s[,.;:)]|\(\s|[a-z)][.;][A-Za-z]", english), english
        assert not re.search(r"\d\.\d{4,}|\bnan\b|None(?! of)", text + english)


def test_reconstructed_data_is_named_in_every_description(tmp_path):
    study = replace(synthetic(1, step=0.5), provenance="reconstructed", path=tmp_path)
    for describe in examined(study):
        for lang, mark in (("zh", "重构"), ("en", "econstruct")):
            assert mark in describe(lang) or "没有留下分值" in describe("zh")


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_a_tiny_study_with_fewer_units_than_the_list_is_described(tmp_path, lang):
    study = weighed(tmp_path, units=[("u1", 9, 8), ("u2", 7, 7.5), ("u3", 5, 9)])
    said = [describe(lang) for describe in examined(study, top=10)]
    assert said[2] == {
        "zh": "无论怎样改变权重，前10名的名单都不变。",
        "en": "The list of the top 10 holds whatever the weights.",
    }[lang]  # fmt: skip


def test_the_headline_is_rounded_so_that_it_still_holds(tmp_path):
    # lead 0.6 x 4 - 0.4 x 2 = 1.6; sum of w |d - median| = 0.4 x 6 = 2.4: two thirds
    study = weighed(tmp_path, units=[("u1", 9, 6), ("u2", 5, 8)])
    result = ev.evaluate(study, 2020)
    change = ev.smallest_change(result, top=1)
    assert change.rho == pytest.approx(2 / 3)
    said = weights.describe_smallest_change(change, result)
    assert said.startswith("只要各末级指标权重的相对变动都不超过±66.66%，前1名的名单就不变")
    assert "有一组变动不超过±66.67%的权重使U2赶上U1" in said
    proof = ev.proof_table(change, result)
    assert proof["place_then"].to_dict() == {"u2": 1, "u1": 2}
    assert ev.weight_moves(change, result).loc["a", "now"] == 60


def test_a_weight_is_swung_and_the_rest_keeps_its_proportions(tmp_path):
    # u1 78, u2 62, u3 64 points; with a at 48 % u2 has 65.6 and u3 65.2, with b at 48 % 64.4 and 64.8
    units = [("u1", 9, 6), ("u2", 5, 8), ("u3", 6, 7)]
    result = ev.evaluate(weighed(tmp_path, units=units), 2020)
    found = facts_weights.swings(result, spread=0.2, top=1)
    row = found.table.loc["a"]
    assert (row["moved_down"], row["shift_down"]) == (2, 2 / 3)
    assert (row["moved_up"], row["top_down"]) == (0, 0)
    assert found.table.loc["b", "moved_up"] == 0
    with pytest.raises(ValueError, match=r"spread lies between 0 and 1, not 1\.5"):
        facts_weights.swings(result, spread=1.5, top=1)


def test_a_weight_that_would_pass_the_whole_is_not_swung_up(tmp_path):
    result = ev.evaluate(weighed(tmp_path, units=[("u1", 9, 6), ("u2", 5, 8)]), 2020)
    row = facts_weights.swings(result, spread=0.7, top=1).table.loc["a"]
    assert pd.isna(row["moved_up"])
    assert row["moved_down"] == 2
    assert (
        "权重增加时"
        not in weights.describe_swings(facts_weights.swings(result, spread=0.7, top=1)).split(
            "牵动名次最多的是甲"
        )[-1]
    )


def test_breakpoints_are_named_with_the_pair_that_meets(tmp_path):
    # 9 t + 6 (1 - t) = 5 t + 8 (1 - t) at t = 1/3, from 60 %: a relative change of 4/9
    result = ev.evaluate(weighed(tmp_path, units=[("u1", 9, 6), ("u2", 5, 8)]), 2020)
    spans = ev.spans(result, ev.breakpoints(result, top=1))
    assert spans.table.loc["a", "first_down"] == pytest.approx(-4 / 9)
    assert np.isnan(spans.table.loc["a", "first_up"])
    said = weights.describe_breakpoints(spans)
    assert "第1名最先在甲的权重由60%降到33.33%（相对变动44.44%）时改变，U2赶上U1" in said
    english = weights.describe_breakpoints(spans, lang="en")
    assert "the weight of 甲 falls from 60% to 33.33%" in english


def test_leaves_that_a_class_lacks_do_not_pass_for_points_lost_by_it():
    study = ev.read_study(ROOT / "data" / "nanning")
    result = ev.evaluate(study, 2020)
    found = ev.importance(result).table["effective"]
    assert found[result.scheme.dimensions].sum() == pytest.approx(1)
    only = result.rank.where(result.units["class"] == "A")
    alone = ev.importance(replace(result, rank=only)).table
    # the services that class B does not have weigh on all sites as they do on class A alone
    assert found["S"] == pytest.approx(alone.loc["S", "effective"], abs=0.03)


def test_shares_never_print_as_none_or_all_when_they_are_not():
    assert weights.per_cent(1 - 1e-9) == ">99.9%"
    assert weights.per_cent(1e-9) == "<0.1%"
    assert (weights.per_cent(0), weights.per_cent(1)) == ("0%", "100%")


def test_sampled_and_exact_places_must_rest_on_the_same_weights():
    result = ev.evaluate(synthetic(2), 2020)
    drawn = ev.perturb_weights(result.scheme, at="leaf", spread=0.1, draws=500, seed=0)
    firm = ev.rank_uncertainty(result, drawn)
    with pytest.raises(ValueError, match="one set of weights: a box at the leaves"):
        ev.place_ranges(firm, ev.extreme_ranks(result, spread=0.2), top=3)


def test_exact_places_enclose_the_published_one_and_a_shared_place_counts_whole(tmp_path):
    units = [("u1", 9, 6), ("u2", 5, 8), ("u3", 5, 8)]
    result = ev.evaluate(weighed(tmp_path, units=units), 2020)
    drawn = ev.perturb_weights(result.scheme, at="leaf", spread=0.2, draws=500, seed=0)
    extreme = ev.extreme_ranks(result, spread=0.2)
    table = ev.place_ranges(ev.rank_uncertainty(result, drawn), extreme, top=1).table
    assert table["own"].tolist() == [1, 1, 1]
    assert (table["best"] <= table["place"]).all()
    assert (table["place"] <= table["worst"]).all()
    assert table["sure"].tolist() == [True, False, False]


def test_a_year_without_review_says_what_is_unknown_and_that_rounds_are_no_review(tmp_path):
    study = weighed(tmp_path, units=[("u1", 9, 6), ("u2", 5, 8)])
    errors = ev.error_of_marks(study, 2020, draws=100, seed=0)
    said = firmness.describe_error_of_marks(errors, rounds=True)
    assert said.startswith("2020年没有盲评复核，评分误差无从估计；初评与终评之间网站作过整改")
    assert "初评" not in firmness.describe_error_of_marks(errors, rounds=False)


def reviewed(folder):
    """Eight sites with marks by two reviewers who differ a little."""
    rng = np.random.default_rng(3)
    units = [(f"u{i}", *marks) for i, marks in enumerate(rng.integers(8, 20, (8, 2)) / 2)]
    rows = [
        f"{name},{leaf},{who},{np.clip(mark + shift, 0, 10)}\n"
        for (name, a, b), shifts in zip(units, rng.integers(-1, 2, (8, 4)) / 2, strict=True)
        for leaf, who, mark, shift in zip("abab", "ppqq", (a, b, a, b), shifts, strict=True)
    ]
    text = "unit,indicator,reviewer,mark\n" + "".join(rows)
    return weighed(folder, units=units, **{"2020/reviews.csv": text})


def test_a_double_review_is_described_with_its_error_and_the_sets_it_leads_to(tmp_path):
    study = reviewed(tmp_path)
    errors = ev.error_of_marks(study, 2020, draws=500, seed=0)
    table, review = errors.table, errors.choices["review"]
    assert review.sem > 0
    assert (table["low_all"] <= table["low"]).all()
    assert (table["high"] <= table["high_all"]).all()
    said = firmness.describe_error_of_marks(errors, rounds=False)
    assert said.startswith(f"2020年有8个网站经两人盲评：总分的标准误为{review.sem:.2f}分")
    assert "名次的95%置信集平均包含" in said


def test_a_change_of_place_is_compared_only_where_there_is_a_year_before(tmp_path):
    study = weighed(tmp_path, units=[("u1", 9, 6), ("u2", 5, 8)])
    doubt = ev.change_under_doubt(study, 2020, spread=0.2, draws=100, seed=0)
    assert doubt.table.empty
    assert (
        firmness.describe_doubt(doubt) == "2020年以前没有留下分值的年份，无从考察名次变化的稳健性。"
    )


def test_a_change_that_no_weights_undo_is_counted_as_firm(tmp_path):
    units = [("u1", 9, 9), ("u2", 5, 5), ("u3", 4, 4)]
    before = "unit,indicator,mark\nu1,a,1\nu1,b,1\nu2,a,5\nu2,b,5\nu3,a,4\nu3,b,4\n"
    scheme = "code,parent,name_zh,weight,full_marks\nall,,总,,\na,all,甲,60,10\nb,all,乙,40,10\n"
    more = {"2019/marks.csv": before, "2019/scheme.csv": scheme}
    study = weighed(tmp_path, units=units, **more)
    doubt = ev.change_under_doubt(study, 2020, spread=0.2, draws=200, seed=0)
    assert doubt.table[["change", "low", "high"]].to_numpy().tolist() == [
        [2, 2, 2], [-1, -1, -1], [-1, -1, -1],
    ]  # fmt: skip
    said = firmness.describe_doubt(doubt)
    assert "有1个在至少95%的权重组中上升，2个在至少95%的权重组中下降，其余0个" in said
    assert "公布名次上升最多的是U1（2位），90%的权重组在2至2位之间" in said


def test_cells_to_check_again_are_counted_by_decision(tmp_path):
    units = [("u1", 9, 9), ("u2", 5, 5)]  # u1 stands at 90: half a mark less is below
    recheck = ev.recheck(weighed(tmp_path, units=units), 2020)
    assert recheck.table.loc["u1"].to_dict() == {"threshold": 2, "top": 0, "cells": 2}
    said = firmness.describe_recheck(recheck)
    assert (
        "单元格有2个，分属1个网站：涉及90分线的有2个，涉及前10名的有0个；最多的是U1（2个）" in said
    )


def test_pinned_results_are_told_from_those_that_vary(tmp_path):
    rows = "result,value,low,high,verdict\nrank:u1,1,1,1,pinned\nrank:u2,2,2,3,varies\n"
    rows += "top_holds_within_percent,3,1.5,6.6,varies\n"
    study = weighed(tmp_path, units=[("u1", 9, 6), ("u2", 5, 8)], **{"pinned.csv": rows})
    kinds = ["top_holds_within_percent", "rank"]
    said = pinned.describe_pinned(study, 2020, kinds=kinds)
    assert "前列名单保持不变的权重变动幅度（±%）为3，各套在1.5至6.6之间，随重构而变" in said
    assert "名次2项中，1项各套相同，1项随重构而变" in said
    table = ev.with_verdicts(pd.DataFrame(index=["u2"]), study, 2020, kind="rank")
    assert table["verdict"].tolist() == ["varies"]
    assert ev.pinned(study, 2020).index.names == ["kind", "code"]


def test_a_wrong_verdict_in_the_file_is_a_fault(tmp_path):
    rows = "result,value,low,high,verdict\nrank:u1,1,1,1,maybe\n"
    study = weighed(tmp_path, units=[("u1", 9, 6), ("u2", 5, 8)], **{"pinned.csv": rows})
    with pytest.raises(ev.StudyError, match=r"pinned.csv, row 2, column verdict: 'maybe'"):
        ev.pinned(study, 2020)


def test_a_study_that_is_not_reconstructed_has_nothing_to_pin(tmp_path):
    study = weighed(tmp_path, units=[("u1", 9, 6), ("u2", 5, 8)])
    assert pinned.describe_pinned(study, 2020, kinds=["rank"]) == (
        "这些结果出自实有的分值，不涉及重构。"
    )
    table = pd.DataFrame(index=["u1"])
    assert ev.with_verdicts(table, study, 2020, kind="rank") is table


def test_sampled_sentences_state_size_spread_and_seed():
    said = examined(synthetic(4, step=0.5))[8]("zh")
    assert said.startswith("各末级指标权重在±20%内均匀抽取2,000组（种子7），")
    assert "不是名次正确的概率" in said


def test_thresholds_are_the_stated_ones():
    assert (facts_firmness.OFTEN, facts_firmness.SELDOM) == (0.95, 0.05)
    assert "至少95%" in FILES["zh"]["firmness.zh.yaml"]["sentences"]["top_shares"]
    assert "至少5%" in FILES["zh"]["firmness.zh.yaml"]["sentences"]["top_shares"]


def test_all_sites_tied_leave_no_neighbours_to_compare_and_one_site_is_refused(tmp_path):
    about = {"at": "leaf", "spread": 0.2, "draws": 100, "seed": 0}
    for folder, units in (("tied", [("u1", 5, 8), ("u2", 5, 8)]), ("one", [("u1", 5, 8)])):
        result = ev.evaluate(weighed(tmp_path / folder, units=units), 2020)
        firm = ev.rank_uncertainty(result, ev.perturb_weights(result.scheme, **about))
        if folder == "one":
            with pytest.raises(ev.DataError, match="one ranked unit has no neighbours"):
                ev.neighbours(firm)
        else:
            said = firmness.describe_neighbours(ev.neighbours(firm))
            assert said == "没有名次不同的相邻网站。公布名次并列的1对不计在内。"


def test_a_tree_under_one_indicator_is_described_at_level_2():
    study = synthetic(5, leaves=(4,), classes=False)
    result = ev.evaluate(study, 2020)
    found = ev.importance(result)
    movement = ev.movement(result, spread=0.2, draws=2_000, seed=0)
    assert movement.table.empty
    assert weights.describe_movement(movement) == "只有一项一级指标，没有可以比较的权重。"
    assert weights.describe_importance(found).startswith("二级指标中，名义权重最大的是")
    assert set(ev.left_out(result).table["part"]) == {"leaf"}


def test_an_assumed_error_is_called_a_scenario_wherever_it_is_used(tmp_path):
    units = [("u1", 9.5, 9), ("u2", 9, 9), ("u3", 6, 6), ("u4", 3, 3)]
    study = weighed(tmp_path, units=units, **{"2020/rules.yaml": "top: 1\n"})
    errors = ev.error_of_marks(study, 2020, draws=2_000, seed=0, sem=2.0)
    table = errors.table
    assert table["tier"].tolist() == [1, 1, 2, 3]
    assert table["letters"].tolist() == ["a", "a", "b", "c"]
    assert table["may_be_top"].tolist() == [True, True, False, False]
    assert table.loc["u3", ["low_all", "high_all"]].tolist() == [3, 3]
    said = firmness.describe_error_of_marks(errors, rounds=False)
    assert "以下是情景假设，不是测量结果：假设总分的标准误为2分，则两个总分相差5.54分以上" in said
    assert "在这一假设下（模拟2,000次，种子0）" in said
    assert "全部网站分为3档，第一档2个；不能排除在前1名以外的有2个" in said
    english = firmness.describe_error_of_marks(errors, rounds=False, lang="en")
    assert "What follows is a scenario, not a measurement" in english
    assert "In this scenario" in english
    nothing = ev.error_of_marks(study, 2020, draws=2_000, seed=0)
    assert "tier" not in nothing.table
    assert "假设" not in firmness.describe_error_of_marks(nothing, rounds=False)


def test_a_scenario_beside_a_measured_error_is_refused(tmp_path):
    with pytest.raises(ev.DataError, match="a double review measured the error; assume no sem"):
        ev.error_of_marks(reviewed(tmp_path), 2020, draws=100, seed=0, sem=1.0)


def test_a_measured_error_gives_tiers_and_a_set_for_the_top(tmp_path):
    errors = ev.error_of_marks(reviewed(tmp_path), 2020, draws=500, seed=0)
    table = errors.table
    assert (table["tier"].diff().dropna() >= 0).all()
    assert (table["may_be_top"] == (table["low_all"] <= errors.result.rules.top)).all()
    said = firmness.describe_error_of_marks(errors, rounds=False)
    assert "计入这一误差（模拟500次，种子0）" in said
    assert "假设" not in said


def test_the_weights_that_bring_a_site_in_are_named(tmp_path):
    # 9 t + 6 (1 - t) and 7 t + 8.4 (1 - t) meet at t = 6/11, from 60 %: b must weigh more
    result = ev.evaluate(
        weighed(tmp_path, units=[("u1", 9, 6), ("u2", 7, 8.5), ("u3", 1, 1)]), 2020
    )
    ways = ev.ways_in(result, spread=0.2, draws=4_000, seed=1, top=2)
    assert ways.table.index.tolist() == ["u2"]
    row = ways.table.loc["u2"]
    assert (row["goal"], row["raised"], row["lowered"]) == ("first", "b", "a")
    assert row["a"] * 0.6 + row["b"] * 0.4 == pytest.approx(0)
    # u1 leads by 2 t - 2.5 (1 - t): u2 is first below t = 5/9; t is even on 0.52 to 0.68
    assert row["share"] == pytest.approx((5 / 9 - 0.52) / 0.16, abs=4 * row["error"])
    assert row["b"] == pytest.approx((0.48 + 4 / 9) / 2 / 0.4 - 1, abs=0.01)
    said = weights.describe_ways_in(ways)
    assert "名单以外没有网站在至少1%的权重组中进入前2名" in said
    assert "平均乙加重" in said


def test_movement_puts_three_measures_beside_the_covariance_share():
    result = ev.evaluate(synthetic(7, units=12, step=0.5), 2020)
    movement = ev.movement(result, spread=0.3, draws=20_000, seed=1)
    table = movement.table
    assert table["effective"].sum() == pytest.approx(1)
    assert table["shapley"].sum() == pytest.approx(1)
    assert (table["first"] <= table["total"] + 4 * table["first_error"]).all()
    said = weights.describe_movement(movement, lang="en")
    assert f"the largest Shapley share is that of {best_name(movement, 'shapley')}" in said
    assert f"the largest total index that of {best_name(movement, 'total')}" in said.replace(
        "  ", " "
    )


def best_name(examined, column):
    return examined.result.scheme.names("en")[examined.table[column].idxmax()]


def test_other_rules_are_counted_and_the_published_one_never_swaps_others():
    result = ev.evaluate(synthetic(7, units=10, step=0.5), 2020)
    found = ev.choices(result, top=3)
    assert (found.table["low"] <= found.table["median"]).all()
    assert found.choices["reversals"].loc["full_marks", "most"] == 0
    said = firmness.describe_choices(found)
    assert f"（{found.choices['specifications']}种，不含加分和扣分）" in said
    assert "满分法（现行）0对、" in said


def test_single_leaves_and_another_checklist_are_no_error_of_the_marks(tmp_path):
    # without a: 8.5, 6, 1; without b: 7, 9, 1 -- u1 and u2 change places
    result = ev.evaluate(
        weighed(tmp_path, units=[("u1", 9, 6), ("u2", 7, 8.5), ("u3", 1, 1)]), 2020
    )
    found = ev.jackknife(result, top=1)
    assert found.table.loc["u1", ["place", "low", "high", "moved_by"]].tolist() == [1, 1, 2, "a"]
    said = firmness.describe_jackknife(found)
    assert "公布的前1名（1个网站）中有0个始终在前1名" in said
    assert "没有一项一级指标有两项末级指标和两个分值齐全的网站，换一份清单的误差无从估计" in said
    many = ev.jackknife(ev.evaluate(synthetic(7, step=0.5), 2020), top=3)
    assert "这不是评分误差" in firmness.describe_jackknife(many)
    assert "换一份清单带来的总分标准误约为" in firmness.describe_jackknife(many)


def test_margins_that_are_bounds_only_are_called_so():
    result = ev.evaluate(synthetic(7, units=6, step=0.5), 2020)
    margins = ev.top_margins(result, up_to=5)
    assert margins.table["exact"].all()
    assert "只得到界限" not in weights.describe_top_margins(margins, top=3)
    bounds = replace(margins, table=margins.table.assign(exact=[True, False, False, True, True]))
    assert "其中2个只得到界限" in weights.describe_top_margins(bounds, top=3)
    assert "2 of them are bounds only" in weights.describe_top_margins(bounds, top=3, lang="en")


def test_a_renamed_site_is_compared_with_itself_and_a_year_without_common_sites_says_so(tmp_path):
    scheme = "code,parent,name_zh,weight,full_marks\nall,,总,,\na,all,甲,60,10\nb,all,乙,40,10\n"
    before = "unit,indicator,mark\nold,a,1\nold,b,1\nu2,a,5\nu2,b,5\n"
    names = "unit,name_zh,name_en,group,class,valid_from,valid_to\n"
    names += "old,旧局,,g,A,,2019-12-31\nu1,甲局,,g,A,2020-01-01,\nu2,乙局,,g,A,,\n"
    units = [("u1", 9, 9), ("u2", 5, 5)]
    more = {"2019/marks.csv": before, "2019/scheme.csv": scheme, "units.csv": names}
    more["successions.csv"] = "from_unit,to_unit,year,kind\nold,u1,2020,rename\n"
    study = weighed(tmp_path, units=units, **more)
    doubt = ev.change_under_doubt(study, 2020, spread=0.2, draws=200, seed=0)
    assert doubt.table["change"].to_dict() == {"u1": 1, "u2": -1}
    gone = before.replace("u2", "u3")
    other = names.replace("u2,乙局,,g,A,,", "u2,乙局,,g,A,2020-01-01,")
    other += "u3,丙局,,g,A,,2019-12-31\n"
    ends = "from_unit,to_unit,year,kind\nold,,2020,dissolved\nu3,,2020,dissolved\n"
    ends += ",u1,2020,founded\n,u2,2020,founded\n"
    more |= {"2019/marks.csv": gone, "units.csv": other, "successions.csv": ends}
    doubt = ev.change_under_doubt(
        weighed(tmp_path / "other", units=units, **more), 2020, spread=0.2, draws=200, seed=0
    )
    assert doubt.table.empty
    assert firmness.describe_doubt(doubt).startswith("2019年与2020年没有都有名次的网站")


def test_sampled_shares_are_printed_with_their_error():
    said = [describe("zh") for describe in examined(synthetic(4, step=0.5))]
    for number in (7, 8, 9, 10, 16):
        assert re.search(r"(误差|标准误).*(\d|位)", said[number]), said[number]


def test_movement_states_the_weightings_that_each_method_took():
    result = ev.evaluate(synthetic(7, units=12, step=0.5), 2020)  # three dimensions
    movement = ev.movement(result, spread=0.3, draws=20_000, seed=1)
    assert movement.choices["shapley_draws"] == 20_000 // 32 * 4 * 4  # four sets of two or three
    assert movement.choices["sobol_draws"] == 2048 * 5
    for lang in wording.LANGUAGES:
        said = weights.describe_movement(movement, lang=lang)
        assert "10,000" in said
        assert "10,240" in said
        assert "20,000" not in said


def test_small_errors_never_print_as_none_and_bounds_are_rounded_outwards():
    result = ev.evaluate(synthetic(7, units=12, step=0.5), 2020)
    movement = ev.movement(result, spread=0.3, draws=4_000, seed=1)
    movement.table["shapley_error"] = 1e-5
    assert "standard error 0.1 points" in weights.describe_movement(movement, lang="en")
    drawn = ev.perturb_weights(result.scheme, at="leaf", spread=0.2, draws=50, seed=1)
    alike = ev.likeness(ev.rank_uncertainty(result, drawn))
    alike.table.loc["least_alike", ["average_shift", "tau_b"]] = 1.61, 0.9269
    said = firmness.describe_likeness(alike)
    assert "95%的权重组不超过1.7位" in said
    assert "95%的权重组不低于0.926" in said


def test_a_list_of_the_first_few_says_so():
    result = ev.evaluate(synthetic(3, units=30, step=0.5), 2020)
    ways = ev.ways_in(result, spread=0.5, draws=2_000, seed=1, top=5)
    inside = int((ways.table["goal"] == "top").sum())
    assert inside > 3
    said = weights.describe_ways_in(ways)
    assert f"名单以外有{inside}个网站在至少1%的权重组中进入前5名，最多的3个是" in said
    assert "平均要" not in said  # nobody needs these weights
    assert "(the 3 that do so most)" in weights.describe_ways_in(ways, lang="en")


def test_the_error_of_another_checklist_says_what_it_leaves_out():
    result = ev.evaluate(synthetic(3, units=8, leaves=(1, 3, 2), classes=False), 2020)
    jackknife = ev.jackknife(result, top=3)
    assert "（1项一级指标的误差无从估计，未计入）" in firmness.describe_jackknife(jackknife)
    one = ev.evaluate(synthetic(3, units=1, leaves=(2, 2), classes=False), 2020)
    said = firmness.describe_jackknife(ev.jackknife(one, top=3), lang="en")
    assert "No level-1 indicator has two leaves and two sites with marks" in said
