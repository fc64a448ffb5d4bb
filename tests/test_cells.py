"""One cell at a time: marks in every form, words, and the names of units."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pandas as pd
import pytest

from evallib.study.cells import (
    Expected,
    Formula,
    is_subtotal,
    number_text,
    read_mark,
    shown,
)
from evallib.study.names import find_unit, normal_form, unit_names

SCORE = Expected(
    Decimal(3), Decimal("0.5"), None, None, applies=True, deduction=False, may_be_missing=False
)
LOST = replace(SCORE, step=Decimal("0.1"), deduction=True)
ELSEWHERE = replace(SCORE, applies=False)
GOALPOST = Expected(
    None, None, Decimal(0), Decimal(60), applies=True, deduction=False, may_be_missing=False
)

UNITS = pd.DataFrame(
    {
        "name_zh": ["市民政局", "市卫健委", "广西-东盟经济技术开发区", "甲(乙)局"],
        "name_en": ["Civil Affairs Bureau", "", "", ""],
    },
    index=pd.Index(["u1", "u2", "u3", "0010"], name="unit"),
)
ALIASES = pd.DataFrame({"alias": ["市卫生健康委", "东盟区"], "unit": ["u2", "u3"]})
NAMES = unit_names(UNITS, ALIASES)


@pytest.mark.parametrize(
    ("value", "mark"),
    [(2, "2"), (2.0, "2"), (2.5, "2.5"), ("2.5", "2.5"), ("2.0", "2.0"), (0, "0"), ("3", "3")],
)
def test_clean_marks_take_no_decision(value, mark):
    reading = read_mark(value, SCORE)
    assert (reading.status, reading.mark, reading.steps) == ("scored", Decimal(mark), ())


@pytest.mark.parametrize(
    ("value", "rule", "becomes"),
    [
        ("2.0 ", "number_form", "2"),
        ("\u30002.5", "number_form", "2.5"),
        ("２", "number_form", "2"),
        ("２．５", "number_form", "2.5"),
        ("1分", "number_form", "1"),
        ("1.5 分", "number_form", "1.5"),
        ("+1", "number_form", "1"),
        (".5", "number_form", "0.5"),
        ("满分", "full_marks_word", "3"),
        (" 满 分", "full_marks_word", "3"),
        (1.0000000000000002, "step_noise", "1"),
        (3.0000000000000004, "step_noise", "3"),
    ],
)
def test_each_form_of_a_mark_has_its_rule(value, rule, becomes):
    reading = read_mark(value, SCORE)
    assert reading.status == "scored"
    assert reading.mark == Decimal(becomes)
    assert [(s.rule, s.was, s.becomes) for s in reading.steps] == [(rule, shown(value), becomes)]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "blank, but the leaf applies to the unit"),
        (" ", "blank, but the leaf applies to the unit"),
        ("—", "'—', but the leaf applies to the unit"),
        ("/", "'/', but the leaf applies to the unit"),
        ("-", "'-', but the leaf applies to the unit"),
        ("待定", "'待定' is no number"),
        ("85%", "'85%' is no number"),
        ("1,5", "'1,5' is no number"),
        ("2 1", "'2 1' is no number"),
        ("1e0", "'1e0' is no number"),
        ("#DIV/0!", "'#DIV/0!' is no number"),
        (True, "'TRUE' is no number"),
        (datetime(2020, 1, 2), "'2020-01-02 00:00:00' is no number"),
        (3.5, "mark 3.5 is outside 0 to 3"),
        (-0.5, "mark -0.5 is outside 0 to 3"),
        (2.3, "2.3 is off the step 0.5"),
        (2.50001, "2.50001 is off the step 0.5"),
        (Formula("=B2+1"), "the formula '=B2+1' has no stored value"),
    ],
)
def test_what_no_rule_decides_is_a_problem(value, problem):
    reading = read_mark(value, SCORE)
    assert (reading.status, reading.mark, reading.problem) == ("", None, problem)


def test_a_space_inside_a_number_is_not_closed_up():
    assert read_mark("1 0", replace(SCORE, full=Decimal(20))).problem == "'1 0' is no number"


def test_zero_blank_and_not_applicable_are_three_things():
    allowed = replace(SCORE, may_be_missing=True)
    assert read_mark(0, allowed).said == ("scored", Decimal(0))
    assert read_mark("", allowed).said == ("missing", None)
    reading = read_mark("不适用", allowed)
    assert reading.said == ("not_applicable", None)
    assert [s.rule for s in reading.steps] == ["not_applicable_word"]


def test_a_leaf_of_another_class_takes_blanks_and_dashes_but_no_mark():
    assert read_mark("", ELSEWHERE).steps == ()
    assert read_mark("", ELSEWHERE).status == "not_applicable"
    for text in ("—", "–", "－", "-", "/", "／", "——", " "):
        assert [s.rule for s in read_mark(text, ELSEWHERE).steps] == ["not_applicable_class"], text
    for value in (0, 2, "满分"):
        assert "does not apply to the unit's class" in read_mark(value, ELSEWHERE).problem


@pytest.mark.parametrize(
    ("value", "mark", "rules"),
    [
        (0.4, "2.6", []),
        (0, "3", []),
        (3, "0", []),
        (-0.4, "2.6", ["deduction_sign"]),
        ("\u22120.4", "2.6", ["number_form", "deduction_sign"]),
        (5, "0", ["deduction_cap"]),
        ("-5分", "0", ["number_form", "deduction_sign", "deduction_cap"]),
        (3.75, "0", ["deduction_cap"]),
        (0.30000000000000004, "2.7", ["step_noise"]),
        ("满分", "3", ["full_marks_word"]),
    ],
)
def test_deductions_leave_exact_marks(value, mark, rules):
    reading = read_mark(value, LOST)
    assert reading.mark == Decimal(mark)
    assert float(reading.mark) == float(mark)
    assert [s.rule for s in reading.steps] == rules


def test_a_chain_of_decisions_hands_the_value_on():
    steps = read_mark("-5分", LOST).steps
    assert [(s.was, s.becomes) for s in steps] == [("-5分", "-5"), ("-5", "5"), ("5", "3")]


def test_a_deduction_off_its_step_is_a_problem():
    assert read_mark(0.45, LOST).problem == "0.45 is off the step 0.1"
    assert "without full marks" in read_mark(1, replace(GOALPOST, deduction=True)).problem


def test_goalposts_bound_a_measured_value():
    assert read_mark(12.3456, GOALPOST).mark == Decimal("12.3456")
    assert read_mark(61, GOALPOST).problem == "mark 61 is outside 0 to 60"
    assert read_mark(61, replace(GOALPOST, low=None, high=None)).mark == 61
    assert read_mark("满分", GOALPOST).problem == "'满分' is no number"


@pytest.mark.parametrize("name", ["市民政局", "Civil Affairs Bureau", "u1"])
def test_clean_names_take_no_decision(name):
    assert (find_unit(name, NAMES).unit, find_unit(name, NAMES).rule) == ("u1", "")


@pytest.mark.parametrize(
    ("name", "unit", "rule"),
    [
        ("市民政局 ", "u1", "unit_form"),
        ("市\u3000民政局", "u1", "unit_form"),
        ("市民\n政局", "u1", "unit_form"),
        ("CivilAffairs Bureau", "u1", "unit_form"),
        ("ｕ１", "u1", "unit_form"),
        ("广西—东盟经济技术开发区", "u3", "unit_form"),
        ("广西–东盟经济技术开发区", "u3", "unit_form"),
        ("广西－东盟经济技术开发区", "u3", "unit_form"),
        ("广西‐东盟经济技术开发区", "u3", "unit_form"),
        ("广西东盟经济技术开发区", "u3", "unit_form"),
        ("甲（乙）局", "0010", "unit_form"),
        ("甲〔乙〕局", "0010", "unit_form"),
        ("市卫生健康委", "u2", "unit_alias"),
        (" 市卫生健康委", "u2", "unit_alias"),
    ],
)
def test_names_in_other_forms_and_aliases_are_found(name, unit, rule):
    assert (find_unit(name, NAMES).unit, find_unit(name, NAMES).rule) == (unit, rule)


def test_unknown_blank_and_ambiguous_names_are_problems():
    assert find_unit("市林业局", NAMES).problem == "unknown unit '市林业局'"
    assert find_unit("10", NAMES).problem == "unknown unit '10'"
    assert find_unit("\u3000", NAMES).problem == "no unit name"
    twins = pd.DataFrame({"name_zh": ["甲-乙", "甲乙"], "name_en": ""}, index=["x", "y"])
    names = unit_names(twins, ALIASES)
    assert find_unit("甲-乙", names).unit == "x"
    assert find_unit("甲—乙", names).problem == "'甲—乙' may be any of the units x, y"


def test_an_alias_of_a_unit_outside_the_year_names_nobody():
    names = unit_names(UNITS.drop("u2"), ALIASES)
    assert find_unit("市卫生健康委", names).problem == "unknown unit '市卫生健康委'"


def test_an_alias_that_meets_another_name_in_normal_form_is_ambiguous():
    names = unit_names(UNITS, pd.DataFrame({"alias": ["市民 政局"], "unit": ["u2"]}))
    assert find_unit("市民 政局", names).unit == "u2"
    assert find_unit("市民  政局", names).problem == "'市民  政局' may be any of the units u1, u2"


@pytest.mark.parametrize(
    "text", ["小计", "合 计", "总计:", "部门平均", "平均分", "小计（部门）", "开发区平均值", "均值"]
)
def test_words_of_totals_are_seen(text):
    assert is_subtotal(text)


@pytest.mark.parametrize("text", ["市统计局", "平均响应时间", "市民政局", "", "审计局"])
def test_names_are_not_words_of_totals(text):
    assert not is_subtotal(text)


def test_cells_show_what_the_sheet_shows():
    assert shown(0.1) == "0.1"
    assert shown("0010") == "0010"
    assert shown(1e20) == "1e+20"
    assert shown(Formula("=A1")) == "=A1"
    assert number_text(Decimal("1E+2")) == "100"
    assert normal_form("广西 — 东盟") == "广西东盟"


@pytest.mark.parametrize("text", ["1²", "1①", "1⁰"])
def test_a_footnote_mark_is_no_digit(text):
    three = Expected(Decimal(12), None, None, None, True, False, False)
    assert read_mark(text, three).problem == f"{text!r} is no number"


def test_float_noise_is_shown_without_powers_of_ten():
    assert shown(0.1 + 0.2 - 0.3).startswith("0.0000000000000000555")
