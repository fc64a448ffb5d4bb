"""Sentences on evidence: why points were lost, in both languages; proposed vetoes, until decided."""

import pickle
from dataclasses import replace
from datetime import date

import pytest
import yaml
from evidence_study import LEAVES, SITES, TABLES, make_evidence_study, measures
from typer.testing import CliRunner

import evallib as ev
from evallib.cli import app
from evallib.cli.runs import notes_on
from evallib.errors import DataError
from evallib.monitoring.rows import trace_mark
from evallib.publication.publish import year_tables
from evallib.publication.sentences_evidence import describe_loss, describe_rule, describe_veto
from evallib.publication.tables import write_csv
from evallib.publication.views_evidence import (
    computed_findings,
    describe_evidence,
    evidence_balance,
    evidence_repairs,
    evidence_set_aside,
    measured_leaves,
    veto_table,
)
from evallib.study.evidence.rules import MEASURES, LeafRule, VetoRule
from evallib.study.measuring import open_vetoes


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return ev.read_study(make_evidence_study(tmp_path_factory.mktemp("evidence")))


SAID = {  # of u1, worked out in evidence_study
    "p1": (
        "1 point lost: 1 of 4 probes failed (25%), slowest answer 31 seconds",
        "失1分：4次访问中失败1次（25%），最慢31秒",
    ),
    "p2": (
        "0.7 points lost: 3 of 5 links are dead: 1 on the home page, 2 on other pages",
        "失0.7分：5条链接中打不开3条：首页1条、其他页面2条",
    ),
    "p3": (
        "0.5 points lost: the home page last updated 9 days before the look",
        "失0.5分：首页最近一次更新在检查前9天",
    ),
    "p4": (
        "0.5 points lost: 1 of 3 columns overdue: 1 of news, longest 40 days",
        "失0.5分：3个栏目中逾期未更新1个：动态类1个，最长40天",
    ),
    "p5": ("0.5 points lost: 1 blank column of 5", "失0.5分：5个栏目中空白1个"),
    "p6": (
        "2.4 points lost: 3 wrong words: 2 minor, 1 serious",
        "失2.4分：错误表述3处：一般2处、严重1处",
    ),
    "p7": (
        "1 point lost: no post for 12 days in the account silent longest",
        "失1分：最久未更新的账号已12天没有发布",
    ),
    "p8": ("no points lost: 3 articles in 12 months", "未失分：12个月内发布3篇"),
    "p9": (
        "0.5 points lost: 1 of 3 articles taken from other sites (66.67% original)",
        "失0.5分：3篇中转载1篇（原创占66.67%）",
    ),
    "f1": (
        "1 point lost: 2 of 3 footer marks are lacking: ICP number, police number",
        "失1分：3项底部标识缺2项：ICP备案号、公安备案号",
    ),
    "g1": (
        "1 point lost: 1 of 2 guides lacks the same format",
        "失1分：2份指南中1份不符合：格式一致",
    ),
    "g2": (
        "0.5 points lost: 1 of 2 guides lacks one of item name and materials",
        "失0.5分：2份指南中1份缺少事项名称、申请材料之一",
    ),
    "g3": (
        "no points lost: 0 of 2 guides lack 2 or more of 2 elements",
        "未失分：2份指南中0份缺少2类要素中的2类以上",
    ),
    "l1": (
        "3 points lost: 2 of 3 letters late, longest 104 working days",
        "失3分：3件来信中超期2件，最长104个工作日",
    ),
    "l2": (
        "1 point lost: 41.33 working days on average over 3 letters, longest 104 working days",
        "失1分：3件来信平均办理41.33个工作日，最长104个工作日",
    ),
    "l3": (
        "1 point lost: 1 of 3 letters unanswered for over 3 months, longest 152 days",
        "失1分：3件来信中超过3个月未答复1件，最长152天",
    ),
    "c1": ("no points lost: 2 consultations begun in 12 months", "未失分：12个月内开展2次"),
    "c2": (
        "0.5 points lost: 1 of 2 consultations without results within 1 month of the end, "
        "longest 183 days",
        "失0.5分：2次征集中1次没有在结束后1个月内公开采纳情况，最长183天",
    ),
}


def test_every_measure_has_a_case():
    assert {measure["name"] for measure in LEAVES.values()} == set(MEASURES)
    assert set(SAID) == set(LEAVES)


@pytest.mark.parametrize("code", SAID)
def test_a_loss_says_what_the_evidence_counted(study, code):
    english, chinese = SAID[code]
    assert describe_loss(study, 2020, "u1", code, lang="en") == english
    assert describe_loss(study, 2020, "u1", code, lang="zh") == chinese


OTHERS = {  # one of a thing, none of it, no fault
    ("u2", "l1"): "no points lost: 1 of 1 letter in time",
    ("u4", "l1"): "nothing to count: no letter was due",
    ("u4", "p9"): "nothing to count: no article in 12 months",
    ("u4", "p8"): "3 points lost: 0 articles in 12 months",
    ("u4", "c2"): "3 points lost: no consultation was due in 12 months",
    ("u4", "g1"): "not counted; the indicator does not apply here",
    ("u2", "p1"): "no points lost: none of 4 probes failed",
    ("u2", "p2"): "no points lost: none of 5 links is dead",
    ("u2", "p3"): "no points lost: the home page last updated 1 day before the look",
    ("u3", "p3"): "0.5 points lost: no dated update of the home page",
    ("u3", "p4"): "0.5 points lost: 1 of 3 columns overdue: 1 of notices and policies, "
    "one without a dated update",
    ("u3", "p6"): "0.2 points lost: 1 wrong word: 1 minor",
    ("u2", "p6"): "no points lost: no wrong word found",
    ("u2", "p7"): "no points lost: every account posted on the last day that counts",
    ("u3", "f1"): "0.5 points lost: 1 of 3 footer marks is lacking: police number",
    ("u2", "f1"): "no points lost: 3 of 3 footer marks there",
    ("u2", "g1"): "no points lost: 1 guide with the same format and the same source",
    ("u2", "l2"): "no points lost: 1 working day on average over 1 letter",
    ("u2", "c1"): "no points lost: 1 consultation begun in 12 months",
    ("u2", "c2"): "no points lost: results of 1 of 1 consultation published within 1 month "
    "of the end",
}


@pytest.mark.parametrize(("unit", "code"), OTHERS)
def test_one_thing_none_and_no_fault_are_said_rightly(study, unit, code):
    assert describe_loss(study, 2020, unit, code, lang="en") == OTHERS[unit, code]


def test_what_is_said_is_what_the_trace_counts(study):
    """The row counts and the mark of the trace stand in the sentence, for every leaf."""
    for code in LEAVES:
        for unit in ("u1", "u3"):
            numbers = trace_mark(study, 2020, unit, code).numbers
            text = describe_loss(study, 2020, unit, code, lang="en")
            if numbers["against"] and code not in ("f1", "g1"):
                assert f" {numbers['against']} " in f" {text}" or code == "l2"
            lost = 3 - numbers["mark"]
            assert text.startswith("no points lost") == (lost == 0), (code, unit)
            if lost > 0:
                assert text.startswith(f"{round(lost, 2):g} point")


def test_a_loss_can_be_told_as_of_another_day(study):
    """On 4 October the letter of 14 September was not due: its fifteen working days end on the 10th.

    That of 1 July has waited 22 days of July, 21 of August, 23 of September with the 27th, and
    counts as one answered on the next working day, 9 October: 67.
    """
    text = describe_loss(study, 2020, "u1", "l1", lang="en", as_of=date(2020, 10, 4))
    assert text == "1.25 points lost: 1 of 2 letters late, longest 67 working days"


def test_an_answer_that_counts_once_it_is_public_is_said_so(tmp_path):
    """From 1 June to 2 July: 25 and 26 June are off, Sunday 28 is worked: 20 in June, 2 in July."""
    rules = measures()
    rules["leaves"]["l1"]["measure"]["until"] = "published"
    letters = "letter,unit,received,replied,published\nn1,u1,2020-06-01,2020-06-02,2020-06-02\n"
    letters += "n2,u1,2020-06-01,2020-06-02,2020-07-02\nn3,u2,2020-06-01,2020-06-02,2020-06-02\n"
    found = ev.read_study(make_evidence_study(tmp_path, rules=rules, letters=letters))
    for unit, lang, said in (
        ("u1", "en", "1.25 points lost: 1 of 2 letters published late, longest 22 working days"),
        ("u1", "zh", "失1.25分：2件来信中超期公开1件，最长22个工作日"),
        ("u2", "en", "no points lost: 1 of 1 letter published in time"),
        ("u2", "zh", "未失分：1件来信均按时公开"),
    ):
        assert describe_loss(found, 2020, unit, "l1", lang=lang) == said


def test_a_typed_word_that_nothing_applies_stands_where_nothing_was_counted(tmp_path):
    marks = "unit,indicator,mark,status\nu4,c2,,not_applicable\n"
    marks += "".join(f"{unit},typed,3,\n" for unit in SITES)
    study = ev.read_study(make_evidence_study(tmp_path, files={"2020/marks.csv": marks}))
    text = describe_loss(study, 2020, "u4", "c2", lang="en")
    assert text == "nothing to count: no consultation was due"


def test_an_unknown_leaf_unit_or_veto_is_refused_by_name(study):
    with pytest.raises(
        DataError, match=r"'typed' is no measured leaf of 2020; measured are c1, c2"
    ):
        describe_loss(study, 2020, "u1", "typed", lang="en")
    with pytest.raises(DataError, match=r"'u9' is no unit of 2020"):
        describe_loss(study, 2020, "u9", "p1", lang="en")
    with pytest.raises(DataError, match=r"'p1' is no veto of measures.yaml of 2020; it has unansw"):
        describe_veto(study, 2020, "u1", "p1", lang="en")


# rules


def rule_of(**changes):
    base = {"window": {"months": 12}, "source": "rule book of 2019", "confirmed": True}
    return LeafRule.model_validate(base | changes)


def test_a_rule_says_limit_window_steps_and_source():
    steps = [{"below": 0.9, "points": 1}, {"below": 0.95, "points": 0.5}]
    limit = {"limit": {"working_days": 15}, "until": "replied", "charge": "holder"}
    rule = rule_of(measure={"name": "answered_in_time", **limit}, steps=steps, none="zero")
    assert describe_rule(rule, lang="en") == (
        "Share of letters due that were answered within 15 working days, counted from the day "
        "after receipt, charged to whom has the letter now; over 12 months. Points lost: 0.5 "
        "below 95%, 1 below 90%; with nothing to count, there are no points. "
        "Source: rule book of 2019."
    )
    assert describe_rule(rule, lang="zh") == (
        "到期来信中15个工作日内答复的占比（自收到次日起算，由现承办单位承担）；统计12个月。"
        "失分：低于95%失0.5分，低于90%失1分。无可计算时不得分。来源：rule book of 2019。"
    )


def test_an_unconfirmed_rule_says_so_once():
    source = {"source": "未核实；每栏0.5分为假设", "confirmed": False}
    rule = rule_of(measure={"name": "blank_columns"}, points_each=0.5, **source)
    assert describe_rule(rule, lang="zh").endswith("未核实；来源：每栏0.5分为假设。")
    assert describe_rule(rule, lang="en").endswith("Unconfirmed; source: 每栏0.5分为假设.")


@pytest.mark.parametrize(("lang", "bounds"), [("en", "at 5% or more"), ("zh", "5%及以上")])
def test_every_measure_can_be_told_as_a_rule_and_a_veto(lang, bounds):
    for code, measure in LEAVES.items():
        keys = measures()["leaves"][code]
        assert describe_rule(LeafRule.model_validate(keys), lang=lang)
        veto = {key: keys[key] for key in ("measure", "window", "source", "confirmed")}
        good = MEASURES[measure["name"]].value in ("share_for", "counted")
        bound = {"below": 0.05, "warn": 0.07} if good else {"at_least": 0.05, "warn": 0.03}
        text = describe_rule(VetoRule.model_validate(veto | {"zh": "否决"} | bound), lang=lang)
        assert ("5%" in text) == (measure["name"] in ("failed_probes", *SHARES))
        assert (bounds in text) == (measure["name"] == "failed_probes")


SHARES = ("original_share", "answered_in_time", "results_published_in_time")


# vetoes


DECIDED = "unit,kind,points,reason,source,veto\nu1,{kind},,seen by the inspector,,unanswered\n"


def decided(folder, kind):
    files = {"2020/adjustments.csv": DECIDED.format(kind=kind)}
    return ev.read_study(make_evidence_study(folder, files=files))


@pytest.mark.parametrize(
    ("kind", "said", "vetoed"),
    [
        (None, "it awaits a person's confirmation.", False),
        ("veto", "a person has confirmed it.", True),
        ("veto_rejected", "a person has rejected it.", False),
    ],
)
def test_a_proposed_veto_counts_when_a_person_confirms_it(tmp_path, study, kind, said, vetoed):
    found = study if kind is None else decided(tmp_path, kind)
    assert describe_veto(found, 2020, "u1", "unanswered", lang="en") == (
        "Letter unanswered for three months: 1 of 3 letters unanswered for over 3 months, "
        f"longest 152 days. The veto is proposed at 1 or more; {said}"
    )
    assert bool(ev.evaluate(found, 2020).veto["u1"]) == vetoed
    assert len(open_vetoes(found.years[2020])) == (kind is None)
    other = describe_veto(found, 2020, "u2", "unanswered", lang="zh")
    assert other.endswith("没有达到否决线（1件及以上）。")


def test_a_site_near_a_veto_is_told_so(tmp_path):
    rules = measures()
    rules["vetoes"]["unanswered"] |= {"at_least": 2, "warn": 1}
    found = ev.read_study(make_evidence_study(tmp_path, rules=rules))
    text = describe_veto(found, 2020, "u1", "unanswered", lang="en")
    assert text.endswith("Near the veto, which is proposed at 2 or more.")
    assert veto_table(found, 2020, lang="en").empty


NOTES = [
    "1 proposed veto awaits a person's confirmation and counts for nothing until then:",
    "u1 (甲局): Letter unanswered for three months [unanswered], 1, proposed at 1 or more; "
    "1 of 3 letters unanswered for over 3 months, longest 152 days",
    "to confirm or reject one, add a row to 2020/adjustments.csv: the unit, kind veto or "
    "veto_rejected, the reason, and the code in square brackets in the column veto",
]


def test_check_names_the_vetoes_that_await_a_person(tmp_path):
    for kind, notes in ((None, NOTES), ("veto", []), ("veto_rejected", [])):
        folder = make_evidence_study(tmp_path / str(kind), files={
            "2020/adjustments.csv": kind and DECIDED.format(kind=kind)
        })  # fmt: skip
        result = CliRunner().invoke(app, ["check", str(folder)])
        assert result.exit_code == 0
        lines = result.output.splitlines()
        assert lines[0].startswith("trial: no fault; years 2020")
        assert lines[1].startswith("2020: Of 86 rows of evidence in 10 tables, 86 are kept")
        assert lines[2:] == notes


def test_a_run_ends_with_the_vetoes_that_await_a_person(tmp_path, study):
    folder = tmp_path / "trial" / "2020"
    folder.mkdir(parents=True)
    for name, table in year_tables(study, 2020).items():
        write_csv(table, folder / f"{name}.csv")
    assert notes_on(folder)[1:] == NOTES
    assert "vetoes" not in year_tables(decided(tmp_path / "other", "veto_rejected"), 2020)


# tables


def test_rows_of_evidence_balance_and_every_repair_has_its_rule(tmp_path):
    letters = TABLES["letters"] + "n4,u2,2020-06-01,2020-06-02\nn6,乙局,2020/6/1,2020-05-01\n"
    found = ev.read_study(make_evidence_study(tmp_path, letters=letters))
    balance = evidence_balance(found, 2020).set_index("table")
    assert balance.loc["letters"].tolist() == [7, 5, 2]
    assert (balance["rows_in"] == balance["kept"] + balance["set_aside"]).all()
    aside = evidence_set_aside(found, 2020)["letters"].to_dict()
    assert aside == {"repeated": 1, "reply_before_receipt": 1}
    assert evidence_repairs(found, 2020)["letters"].to_dict() == {"time_form": 1}
    assert describe_evidence(found, 2020, lang="zh").startswith(
        "10张证据表共88行，保留86行，注明理由剔除2行。截至2020-11-30，18项指标的分数由证据得出；"
        "有1项提出的单项否决待人工确认。"
    )


def test_measured_leaves_are_counted_and_findings_told(tmp_path):
    rules = measures() | {"findings": {"late": {"leaf": "l1", "when": {"below": 0.9}}}}
    finding = {"findings": {"late": {"zh": "来信超期", "en": "letters late"}}}
    marks = "unit,indicator,mark\nu1,p5,2.5\nu2,p5,1\n"
    marks += "".join(f"{unit},typed,3\n" for unit in SITES)
    files = {"2020/rules.yaml": yaml.safe_dump(finding), "2020/marks.csv": marks}
    found = ev.read_study(make_evidence_study(tmp_path, rules=rules, files=files))
    table = measured_leaves(found, 2020, lang="en")
    assert table.loc["p5"].tolist() == ["Leaf p5", "blank_columns", 4, 20, 1, 0.5, 1]
    assert table.loc["g1", ["sites", "lost_points", "points"]].tolist() == [2, 1, 1.0]
    told = computed_findings(found, 2020, lang="zh")
    assert told.loc["late"].tolist() == ["来信超期", 2, 1, 1]
    text = describe_evidence(found, 2020, lang="en")
    assert text.endswith(
        "1 of the typed marks of measured indicators differs from the evidence, which counts."
    )


def test_a_measured_study_goes_to_another_process_and_back(study):
    """The main job and the cards hand it over; the models of the measures are made at import."""
    again = pickle.loads(pickle.dumps(study))
    assert again.years[2020].measures == study.years[2020].measures


def test_a_year_without_evidence_says_so_and_has_empty_tables(study):
    year = replace(study.years[2020], measures=None, evidence=None, measured=None)
    bare = replace(study, years={2020: year})
    assert (
        describe_evidence(bare, 2020, lang="zh") == "本年没有由证据计分的指标，分数全部是录入的。"
    )
    for table in (evidence_balance, evidence_repairs, evidence_set_aside):
        assert table(bare, 2020).empty
    for table in (measured_leaves, computed_findings, veto_table):
        assert table(bare, 2020, lang="zh").empty
