"""Numbers to words, and the generated sentences in both languages."""

import re

import jinja2
import pytest
import yaml
from conftest import ROOT
from studies import make_study, synthetic

import evallib as ev
from evallib.publication import facts, sentences, sentences_rounds, wording
from evallib.rounding import format_number

TEXTS = {
    lang: yaml.safe_load((wording.TEMPLATES / f"sentences.{lang}.yaml").read_text(encoding="utf-8"))
    for lang in wording.LANGUAGES
}


@pytest.mark.parametrize("part", ["sentences", "labels"])
def test_both_languages_have_the_same_texts(part):
    assert TEXTS["zh"][part].keys() == TEXTS["en"][part].keys()


def test_a_value_that_is_not_given_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="'decimals' is undefined"):
        wording.sentence("scored", "zh", value=1.0)


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="lang is one of zh, en, not 'fr'"):
        wording.label("total", "fr")


def test_chinese_sentences_have_no_stray_spaces():
    study = synthetic(3, units=30)
    result = ev.evaluate(study, 2020)
    said = [
        sentences.describe_ranking(result, study=study),
        sentences.describe_index(result, study=study),
        sentences.describe_groups(result, study=study),
        sentences.describe_scheme(result),
    ]
    for text in said:
        assert not re.search(r"\s", text)
        assert "  " not in text
        assert text.endswith("。")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_every_number_of_the_ranking_sentence_comes_from_the_result(seed, lang):
    result = ev.evaluate(synthetic(seed, units=23), 2020)
    names = wording.unit_names(result.units, lang).values()
    text = sentences.describe_ranking(result, lang=lang)
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "")
    counts = facts.threshold_counts(result).loc["all"]
    share = 100 * counts["count"] / counts["sites"]
    allowed = {
        *(format_number(x, 2) for x in (result.total.max(), result.total.min())),
        format_number(result.total.mean(), 2),
        format_number(share, 1),
        *(str(x) for x in (2020, 23, counts["count"], 90, 10)),
        *(str(x) for x in result.rank),
    }
    assert set(re.findall(r"\d+(?:\.\d+)?", text)) <= allowed


def test_a_tie_is_said_and_takes_the_word_for_strict_order_away(tmp_path):
    study = ev.read_study(make_study(tmp_path))
    result = ev.evaluate(study, 2020)
    assert sentences.top(result) == "总分列前4名的依次为：甲局、丙局、丁区、乙局。"
    tied = ev.read_study(
        make_study(
            tmp_path / "tied",
            files={
                "2020/marks.csv": "unit,indicator,mark\n"
                + "".join(
                    f"{unit},{leaf},{4 if (unit, leaf) == ('u3', 'd') else 3}\n"
                    for unit in ("u1", "u2", "u3", "u4")
                    for leaf in "abcd"
                    if (unit, leaf) != ("u3", "c")
                )
            },
        )
    )
    said = sentences.top(ev.evaluate(tied, 2020))
    assert said == "总分列前4名的按名次为：丙局、甲局、乙局、丁区；其中甲局、乙局、丁区并列第2名。"
    english = sentences.top(ev.evaluate(tied, 2020), lang="en")
    assert "甲局, 乙局 and 丁区 tie at place 2" in english


def test_reconstructed_data_is_named_in_every_description(tmp_path):
    text = make_study(tmp_path)
    about = (text / "study.yaml").read_text(encoding="utf-8")
    (text / "study.yaml").write_text(about.replace("observed", "reconstructed"), encoding="utf-8")
    study = ev.read_study(text)
    result = ev.evaluate(study, 2020)
    for lang, mark in (("zh", "重构数据"), ("en", "Reconstructed")):
        for describe in (
            sentences.describe_ranking,
            sentences.describe_index,
            sentences.describe_groups,
            sentences.describe_scheme,
        ):
            assert mark in describe(result, lang=lang)
        assert mark in sentences_rounds.describe_rounds(result, result, lang=lang)


def two_years(tmp_path):
    folder = make_study(tmp_path, files={
        "2019/totals.csv": "unit,total\nu1,80\nu2,95\nu3,80\nu4,60\n",
        "2020/rules.yaml": "improved: {by: score, within: g, at_least: 5}",
    })  # fmt: skip
    return ev.read_study(folder)


def test_a_comparison_says_both_years_the_change_and_equality(tmp_path):
    study = two_years(tmp_path)
    result, before = ev.evaluate(study, 2020), facts.standing(study, 2019)
    said = sentences.means(result, previous=before, study=study)
    assert "部门平均81.39分，比2019年的85分下降3.61分" in said
    assert said.endswith("开发区平均60分，与2019年的60分持平。")
    counts = sentences.counts(result, previous=before, study=study)
    assert "部门中得分在90分以上的有1个，占3个的33.3%，与2019年的1个持平" in counts
    assert sentences.means(result, previous=before, study=study, lang="en").endswith(
        "The mean of zone is 60, as in 2019 (60)."
    )


def test_a_change_that_print_does_not_show_is_flagged(tmp_path):
    study = two_years(tmp_path)
    result, before = ev.evaluate(study, 2020), facts.standing(study, 2019)
    shifted = before.means_of.copy()
    shifted["u4"] = 59.996  # prints 60, as 60 does; 0.004 prints 0
    shifted["u1"], shifted["u2"], shifted["u3"] = 80.004, 95.0, 80.0
    import dataclasses

    said = sentences.means(result, previous=dataclasses.replace(before, means_of=shifted))
    assert "（变化按未取整的分值计算）" not in said.split("；")[-1]
    shifted["u4"] = 59.9949  # prints 59.99; 0.0051 prints 0.01
    said = sentences.means(result, previous=dataclasses.replace(before, means_of=shifted))
    assert said.endswith("h平均60分，比2019年的59.99分提高0.01分。")
    shifted["u4"] = 59.9951  # prints 60; 0.0049 prints 0
    said = sentences.means(result, previous=dataclasses.replace(before, means_of=shifted))
    assert said.endswith("h平均60分，与2019年的60分持平。")


def test_movement_counts_add_up_and_the_rule_of_improvement_is_said(tmp_path):
    said = sentences_rounds.describe_change(two_years(tmp_path), 2019, 2020)
    assert said == (
        "2019年与2020年可比的网站有4个：名次上升2个、不变1个、下降1个；得分提高2个、下降1个。"
        "得分比2019年提高5分以上的部门有2个，按2020年名次排列为：甲局、丙局。"
    )


def test_findings_name_population_and_denominator(tmp_path):
    folder = make_study(tmp_path, files={
        "2020/rules.yaml": "findings: {f: {zh: 不达标, population: g & A}, n: {zh: 无}}",
        "2020/findings.csv": "unit,finding,value\nu1,f,true\nu2,f,not_applicable\n"
        + "".join(f"u{i},n,false\n" for i in range(1, 5)),
    })  # fmt: skip
    study = ev.read_study(folder)
    assert sentences.findings(study, 2020) == [
        "不达标的A类部门有1个，占适用此项的1个的100%（A类部门共2个）。",
        "4个网站中未发现无的情况。",
    ]
    assert sentences.findings(study, 2020, lang="en")[0] == (
        "1 of 1 class A department to which this applies, out of 2, (100%): 不达标."
    )


def test_a_leaf_for_one_class_says_so(tmp_path):
    study = ev.read_study(make_study(tmp_path))
    said = sentences.describe_index(ev.evaluate(study, 2020), study=study)
    assert "丙项0.5（仅A类）" in said


def test_cleaning_counts_cells_and_decisions():
    study = synthetic(1)
    assert (
        sentences_rounds.describe_cleaning(study, 2020)
        == "2020年的分值来自整理好的表格，没有原始表需要清理。"
    )


def test_nanning_prints_the_figures_of_its_letter():
    folder = "data/nanning"
    study = ev.read_study(ROOT / folder)
    result = ev.evaluate(study, 2020)
    said = sentences.describe_groups(result, study=study, previous=facts.standing(study, 2019))
    for text in ("平均89.95分，比2019年的89.71分提高0.24分", "平均89.91分，比2019年的89.65分提高0.26分",
                 "平均90.73分，比2019年的90.83分下降0.1分", "有27个", "减少9个（降幅25%）"):  # fmt: skip
        assert text in said


def test_a_template_rounds_by_the_rule_of_its_year():
    about = {"value": 0.125, "decimals": 2}
    assert wording.sentence("scored", "zh", **about) == "0.13分"
    assert wording.sentence("scored", "zh", **about, rounding="half_even") == "0.12分"
