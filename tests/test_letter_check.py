"""A letter read back: what each token is bound to, what a change of it turns, what stays quiet."""

import csv
import os
import re
import shutil
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import yaml
from letter_changes import Block, as_wanted, mutations, paraphrases
from studies import SCHEME, make_study
from test_claims import FILES

import evallib as ev
from evallib.errors import DataError, StudyError
from evallib.publication.check import check_letter, claims, failures, trace
from evallib.publication.check.catalogue import scalar
from evallib.publication.check.letter import bound_texts, check_blocks
from evallib.publication.check.read import plain, read_blocks
from evallib.publication.check.tokens import chinese_number, lexicon, mentions
from evallib.publication.letter import write_letter

ROOT = Path(__file__).resolve().parents[1]
OWN = ROOT / "tests" / "letter_zh.txt"
TEMPLATES = yaml.safe_load((ROOT / "tests" / "paraphrases.yaml").read_text(encoding="utf-8"))
SEED = 2020
PICKED = {"direction": 40, "names": 90, "word": 60, "population": 90}  # of 500; the rest digits


@pytest.fixture(scope="module")
def nanning():
    return ev.read_study(ROOT / "data" / "nanning")


@pytest.fixture(scope="module")
def known(nanning):
    return {claim.id: claim for claim in claims(nanning, 2020)}


@pytest.fixture(scope="module")
def check(nanning, known):
    def checked(*paragraphs):
        return check_blocks([Block(text) for text in paragraphs], nanning, 2020, known)

    return checked


@pytest.fixture(scope="module")
def check_each(nanning, known):
    """Tables of many texts, each checked by itself, at one go."""

    def checked(texts):
        blocks = [Block(text) for text in texts]
        ends = np.cumsum([len(bound) for _, bound in bound_texts(blocks, nanning, 2020)])
        table = check_blocks(blocks, nanning, 2020, known)
        return [table[a:b] for a, b in zip([0, *ends], ends, strict=False)]

    return checked


@pytest.fixture(scope="module")
def printed_letter():
    path = os.environ.get("EVALLIB_LETTER")
    if not path:
        pytest.skip("EVALLIB_LETTER is not set: the printed letter of 2020 is not shipped")
    return Path(path)


def test_every_token_of_the_printed_letter_is_bound_as_by_hand(nanning, printed_letter):
    table = check_letter(printed_letter, nanning, 2020)
    with (ROOT / "tests" / "letter_bindings.csv").open(encoding="utf-8") as file:
        hand = list(csv.DictReader(file))
    bound = [
        row.verdict if row.verdict in ("citation", "external") else row.claim
        for row in table.itertuples()
    ]
    assert bound == [row["binding"] for row in hand]
    for text, row in zip(table["text"], hand, strict=True):
        assert text.startswith(row["token"])


def test_the_printed_letter_holds_but_for_two_shares_said_of_all_departments(
    nanning, printed_letter
):
    table = check_letter(printed_letter, nanning, 2020)
    wrong = table[~table["verdict"].isin(["supported", "citation", "external"])]
    assert list(wrong["text"]) == ["约14%", "近20%"]
    assert list(wrong["verdict"]) == ["contradicted", "contradicted"]
    notes = ["holds of department & A: 5 of 36 (13.9%)", "holds of department & A: 7 of 36 (19.4%)"]
    assert list(wrong["note"]) == notes


def test_our_own_letter_is_supported_throughout(nanning):
    table = check_letter(OWN, nanning, 2020)
    assert list(table.columns) == [
        "position",
        "text",
        "context",
        "kind",
        "claim",
        "verdict",
        "expected",
        "note",
    ]
    assert set(table["verdict"]) == {"supported", "citation"}
    assert len(table) > 100


GENERATED = [("nanning", 2020), ("nanning", 2019), ("ministries", 2022), ("sichuan-land", 2011)]


@pytest.mark.parametrize(("name", "year"), GENERATED)
def test_a_generated_letter_passes_its_own_check(tmp_path, name, year):
    study = ev.read_study(ROOT / "data" / name)
    table = check_letter(write_letter(tmp_path / "letter.docx", study, year), study, year)
    assert failures(table).empty
    assert set(table["verdict"]) <= {"supported", "citation", "external"}
    annex = table["claim"].str.startswith(("rank:", "total:"))
    assert annex.sum() >= 2 * study.years[year].units["ranked"].sum()


def test_a_letter_of_few_sites_or_of_failed_ones_passes_its_own_check(tmp_path):
    wide = {"2020/scheme.csv": SCHEME.replace("一,One", "健康,One").replace("二,Two", "功能,Two")}
    rows = "".join(f"u{n},veto,,甲,乙\n" for n in range(1, 5))
    log = {"2020/adjustments.csv": "unit,kind,points,reason,source\n" + rows}
    for name, files in {"few": {}, "failed": log}.items():
        study = ev.read_study(make_study(tmp_path / name, files=wide | files))
        path = write_letter(tmp_path / f"{name}.docx", study, 2020)
        assert failures(check_letter(path, study, 2020)).empty
        assert not [
            block.text for block in read_blocks(path) if re.match("[。：]|.*：。", block.text)
        ]


def mutated(blocks, nanning, known):
    """500 changes by seed: all kinds, in the numbers of PICKED as far as there are so many."""
    rng, found = np.random.default_rng(SEED), mutations(blocks, nanning, 2020, known)
    picked = []
    for kind, most in PICKED.items():
        some = rng.permutation(len(found[kind]))[:most]
        picked += [(kind, *found[kind][n]) for n in some]
    digits = rng.permutation(len(found["digit"]))[: 500 - len(picked)]
    return picked + [("digit", *found["digit"][n]) for n in digits]


@pytest.mark.parametrize("letter", ["own", "printed"])
def test_500_mutations_turn_the_right_binding_and_no_other(
    letter, nanning, known, check_each, request
):
    path = OWN if letter == "own" else request.getfixturevalue("printed_letter")
    blocks = read_blocks(path)
    changes = mutated(blocks, nanning, known)
    assert len(changes) == 500
    assert {kind for kind, *_ in changes} == {"digit", *PICKED}
    tables = check_each([text for _, _, text, _ in changes])
    missed = [
        (kind, text)
        for (kind, _, text, wanted), table in zip(changes, tables, strict=True)
        if not as_wanted(table["verdict"].tolist(), wanted)
    ]
    assert missed == []


def test_a_mutation_leaves_the_rest_of_the_letter_alone(nanning, known):
    blocks, rng = read_blocks(OWN), np.random.default_rng(SEED)
    changes, whole = mutated(blocks, nanning, known), check_blocks(blocks, nanning, 2020, known)
    for n in rng.permutation(len(changes))[:25]:
        _, place, text, wanted = changes[n]
        table = check_blocks(
            [*blocks[:place], Block(text), *blocks[place + 1 :]], nanning, 2020, known
        )
        turned = (table["verdict"] != whole["verdict"]).sum()
        before = check_blocks(blocks[place : place + 1], nanning, 2020, known)["verdict"]
        assert turned == sum(not as_wanted([v], [w]) for v, w in zip(before, wanted, strict=True))


def test_200_true_paraphrases_raise_no_alarm(nanning, known, check_each):
    rng = np.random.default_rng(SEED)
    said = paraphrases(TEMPLATES, nanning, known, rng)
    picked = [said[n] for n in rng.permutation(len(said))[:200]]
    tables = check_each(picked)
    alarms = [
        (text, row.text, row.verdict, row.claim)
        for text, table in zip(picked, tables, strict=True)
        for row in table.itertuples()
        if row.verdict not in ("supported", "citation")
    ]
    assert len(picked) == 200
    assert alarms == []
    assert min(map(len, tables)) > 0


CASES = [
    # text, token, verdict, claim
    ("部门网站平均分为89.95分。", "89.95", "contradicted", "mean:department:2020"),
    ("部门网站平均分为89.910分。", "89.910", "contradicted", "mean:department:2020"),
    ("部门网站网站展现得分指数为1.00。", "1.00", "rounding", "index.F1:department:2020"),
    ("部门网站平均分为89.90分。", "89.90", "rounding", "mean:department:2020"),
    ("部门网站平均分为89.9分。", "89.9", "rounding", "mean:department:2020"),
    ("部门网站平均分为90分。", "90", "contradicted", "mean:department:2020"),
    ("部门网站平均分为８９．９１分。", "89.91", "supported", "mean:department:2020"),
    ("平均分比2018年提高0.24分。", "0.24", "unbound", ""),
    ("部门网站有二十七家得分在90分以上。", "二十七", "supported", "count.at_threshold:department:2020"),
    ("部门网站得分在90分以上的占百分之五十二。", "百分之五十二", "supported", "share.at_threshold:department:2020"),
    ("部门网站得分在90分以上的同比减少25个百分点。", "25", "contradicted", "delta.share.at_threshold:department:2019-2020"),
    ("部门网站得分在85分以上的有27家。", "85", "contradicted", "rule.threshold:all:2020"),
    ("部门网站得分超过90分的有27家。", "27", "supported", "count.over90:department:2020"),
    ("部门网站得分在85分以上的有47个。", "85", "supported", "bar.from85"),
    ("部门网站得分在85分以上的有47个。", "47", "supported", "count.from85:department:2020"),
    ("部门网站得分在85分以上的有48个。", "85", "contradicted", "rule.threshold:all:2020"),
    ("部门网站得分在85分以上的有48个。", "48", "contradicted", "count.at_threshold:department:2020"),
    ("85分以上的部门网站有47个，占52个的90.4%。", "90.4%", "supported", "share.from85:department:2020"),
    ("85分以上的部门网站有47个，占52个的51.9%。", "51.9%", "contradicted", "share.from85:department:2020"),
    ("不足85分的部门网站有5个。", "5", "supported", "count.under85:department:2020"),
    ("不足85分的部门网站有6个。", "6", "contradicted", "count.under85:department:2020"),
    ("部门网站中85至90分之间的有20个。", "20", "unbound", ""),  # one site has just 85
    ("部门网站得分85分（含）至90分（不含）的有20个。", "20", "supported",
     "count.from85under90:department:2020"),
    ("部门网站85分（不含）以上、90分以下的有20个。", "20", "contradicted",
     "count.over85upto90:department:2020"),
    ("近半数部门网站得分低于90分。", "近半数", "supported", "share.under90:department:2020"),
    ("部门网站得分均超过80分。", "均", "supported", "share.over80:department:2020"),
    ("90分以上的部门网站有1,027个。", "1,027", "contradicted", "count.at_threshold:department:2020"),
    # part of a population: nothing is computed of it, and what is true of all is not of it
    ("90分以上的部门网站中，近半数未规范设置政府信息公开平台并提供检索功能。", "近半数", "unbound", ""),
    ("排名靠后的部门网站中，近半数未规范设置政府信息公开平台并提供检索功能。", "近半数", "unbound", ""),
    ("除A类部门外，近半数网站未规范设置政府信息公开平台并提供检索功能。", "近半数", "unbound", ""),
    ("部门中近半数未规范设置政府信息公开平台并提供检索功能。", "近半数", "supported",
     "share.finding.no_disclosure_search:department:2020"),
    ("近半数部门网站规范设置政府信息公开平台并提供检索功能。", "近半数", "unbound", ""),  # the reverse
    ("90分以上的部门网站平均分为89.91分。", "89.91", "unbound", ""),
    ("部门网站前10名平均分为89.91分。", "89.91", "unbound", ""),
    ("部门网站健康情况平均得分89.91分。", "89.91", "unbound", ""),
    ("部门网站平均分约89.91分左右。", "约89.91分左右", "unbound", "mean:department:2020"),
    ("超过半数部门网站得分在80分以上。", "80", "unbound", ""),  # as 90 misprinted
    ("三分之一的部门网站信件答复时效性较差。", "三分之一", "contradicted",
     "share.finding.reply_late:department:2020"),
    ("部门网站平均分为八十九点九五分。", "八十九点九五", "contradicted", "mean:department:2020"),
    ("部门网站平均分连续两年提高。", "两", "contradicted", "mean:department:2020"),
    ("部门网站平均分在90分以上。", "90分以上", "contradicted", "mean:department:2020"),
    ("部门网站平均分超过89分。", "超过89", "supported", "mean:department:2020"),
    ("部门网站发布解读得分指数最低，为0.85。", "最低", "contradicted", "order.T:department:2020"),
    ("部门网站互动交流得分指数最低，为0.84。", "最低", "supported", "order.T:department:2020"),
    ("部门网站最高分96.5分，为市金融办。", "市金融办", "contradicted", "order:department:2020"),
    ("部门网站最低分80.95分，为部门27。", "部门27", "supported", "last:department:2020"),
    ("得分最低的是部门41。", "部门41", "contradicted", "last:all:2020"),
    ("市金融办位列第二。", "二", "contradicted", "rank:dept05:2020"),
    ("部门网站平均分从89.65分下降到89.91分。", "89.91", "contradicted", "mean:department:2020"),
    ("名次比2019年下降10位以上的部门网站有8个。", "10", "contradicted", "rule.improved:all:2020"),
    ("部门网站和开发区网站平均分分别为89.91分、90.73分、88分。", "89.91", "unbound", ""),
    ("部门网站网站标识、政务新媒体得分指数分别为0.95和0.91。", "0.95", "contradicted", "index.F2:department:2020"),
    ("部门网站的网站标识得分指数均为0.91。", "均为0.91", "contradicted", "every.F2:department:2020"),
    ("A类部门网站均未发生单项否决。", "均未发生", "supported", "count.vetoed:department&A:2020"),
    ("多数部门网站得分在90分以上。", "多数", "unbound", "share.at_threshold:department:2020"),
    ("全部部门网站信件答复时效性较差。", "全部", "contradicted", "share.finding.reply_late:department:2020"),
    ("部门网站平均分大幅提高。", "大幅", "contradicted", "delta.mean:department:2019-2020"),
    ("部门网站平均分显著提高。", "显著", "unbound", "delta.mean:department:2019-2020"),
    ("部门网站平均分与上年持平。", "持平", "contradicted", "delta.mean:department:2019-2020"),
    ("全市网站得分整体提升。", "整体提升", "contradicted", "gains:all:2019-2020"),
    ("A类部门网站得分整体提升。", "整体提升", "supported", "gains:department&A:2019-2020"),
    ("前3名的部门网站依次为：市卫健委、市自然资源局。", "3", "contradicted", "order:department:2020"),
    ("前2名的部门网站依次为：市卫健委、市水利局。", "市水利局", "unbound", ""),
    ("前2名的部门网站依次为：市卫健委、市金融办。", "市金融办", "contradicted", "order:department:2020"),
    ("进步明显的部门网站有：市卫健委、市教育局。", "市教育局", "contradicted", "improved:department:2020"),
    ("进步明显的部门网站有：市卫健委、市金融办。", "明显", "contradicted", "improved:department:2020"),
    ("市卫健委、市金融办均得到表扬。", "市卫健委", "unbound", ""),
    ("部门16、部门22并列第15名。", "部门22", "contradicted", "rank:dept22:2020"),
    ("市卫健委比2019年上升14位。", "14", "supported", "delta.rank:dept01:2019-2020"),
    ("部门网站得分中位数为90.13分。", "90.13", "supported", "median:department:2020"),
    ("部门网站得分中位数为89.91分。", "89.91", "contradicted", "median:department:2020"),
    ("共办理信件1203件。", "1203", "unbound", ""),
    ("（国办发〔2017〕47号）", "〔2017〕47号", "citation", ""),
    ("落实“十四五”规划。", "“十四五”", "citation", ""),
    ("A类部门网站约14%的办事指南与一体化平台格式不一致。", "约14%", "supported", "share.finding.guide_format_differs:department&A:2020"),
    ("36家A类部门网站中，5家办事指南与一体化平台格式不一致。", "5", "supported", "count.finding.guide_format_differs:department&A:2020"),
    # parts of a count, and classes within the group that was just named
    ("得分在90分以上的网站有29家，其中部门网站52家。", "52", "contradicted", "count.at_threshold:department:2020"),
    ("得分在90分以上的网站有29家，其中部门网站27家、开发区网站2家。", "2", "supported", "count.at_threshold:dev_zone:2020"),
    ("得分90分以上的29家网站中，部门网站52家。", "52", "contradicted", "count.at_threshold:department:2020"),
    ("得分低于85分的网站有5家，其中A类部门网站4家。", "4", "supported", "count.under85:department&A:2020"),
    ("参评网站55家，其中部门网站52家。", "52", "supported", "units:department:2020"),
    ("名次上升10位以上的网站有8家，其中部门网站52家。", "52", "contradicted", "count.improved:department:2020"),
    ("部门网站平均89.91分。其中，A类平均90.12分。", "90.12", "contradicted", "mean:department&A:2020"),
    ("部门网站平均89.91分，其中A类平均90.06分、B类平均89.56分。", "90.06", "supported", "mean:department&A:2020"),
    ("90分以上的网站29家，其中部门网站27家，A类网站21家。", "21", "supported", "count.at_threshold:A:2020"),
    ("A类、B类部门网站平均分分别为90.06分、89.56分。", "90.06", "supported", "mean:department&A:2020"),
    ("九成以上部门网站得分在80分以上。", "九成以上", "supported", "share.from80:department:2020"),
    ("名次上升10位以上的网站中，部门网站52家。", "52", "unbound", ""),
    ("健康情况、功能设计权重分别为20%、20%。", "20%", "contradicted", "weight.F:all:2020"),
    # places: of all sites only, from the front only, and of the year that is said
    ("开发区1列开发区网站第13位。", "13", "unbound", ""),
    ("市卫健委居开发区网站首位。", "首位", "unbound", ""),
    ("市自然资源局位居首位。", "首位", "contradicted", "rank:dept02:2020"),
    ("市卫健委位列第1名，得分96.5分。", "96.5", "supported", "total:dept01:2020"),
    ("部门27排名倒数第55名。", "55", "unbound", ""),
    ("部门27排名倒数第二。", "二", "unbound", ""),
    ("市民政局、市教育局分列第7、第8位。", "7", "supported", "rank:dept07:2020"),
    ("市卫健委、市自然资源局得分分别为96.5分和95.65分。", "95.65", "contradicted", "total:dept02:2020"),
    ("市应急联动中心由第55名上升至第35名。", "55", "supported", "rank:dept15:2019"),
    ("排名后三位的网站为部门27、部门41、部门38。", "部门38", "contradicted", "last:all:2020"),
    ("进步最大的是市卫健委。", "市卫健委", "unbound", ""),  # who improved most is not claimed
    # the way of a change, the worth of a finding, and numbers that no rounding gives
    ("得分在90分以上的部门网站数量大幅增加。", "大幅", "contradicted", "delta.count.at_threshold:department:2019-2020"),
    ("得分在90分以上的部门网站数量大幅减少。", "大幅", "supported", "delta.count.at_threshold:department:2019-2020"),
    ("17家部门网站信件答复时效性较好。", "17", "contradicted", "units:department:2020"),
    ("信件答复时效性较好的部门网站有52家。", "52", "unbound", ""),
    ("获得表彰的部门网站有52家。", "52", "unbound", ""),
    ("27家部门网站得分在90分以上，占比近半。", "近半", "contradicted", "share.at_threshold:department:2020"),
    ("90分以上部门网站占比较上年下降25%。", "25%", "unbound", ""),  # per cent of a share
    ("90分以上部门网站数较上年下降16个百分点。", "16", "unbound", ""),
    ("市卫健委继续保持第一。", "一", "unbound", ""),
    ("市卫健委2019年得分91.9分。", "91.9", "supported", "total:dept01:2019"),
    ("开发区网站平均分为90.74分。", "90.74", "contradicted", "mean:dev_zone:2020"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "token", "verdict", "claim"), CASES, ids=[c[0] for c in CASES])
def test_verdicts_by_hand(check, text, token, verdict, claim):
    rows = {row.text: row for row in check(text).itertuples()}
    assert token in rows
    assert (rows[token].verdict, rows[token].claim) == (verdict, claim)


def test_a_contradicted_claim_says_what_is_right_and_of_whom_it_holds(check):
    (row,) = check("部门网站平均分为90.73分。").itertuples()
    assert row.expected == "89.91"
    assert "holds of dev_zone: 90.73" in row.note
    rows = check("前2名的部门网站依次为：市自然资源局、市卫健委。")
    assert list(rows["expected"][2:]) == ["市卫健委", "市自然资源局"]
    assert list(rows["note"][2:]) == [
        "place 1 is not its own, 2 is",
        "place 2 is not its own, 1 is",
    ]
    rows = check(
        "进步明显的部门网站有：市卫健委、市金融办、市民政局、市科技局、市审计局、市北部湾办。"
    )
    assert rows["note"][0] == "also to be named: 青秀管委会, 市应急联动中心"


def test_headings_and_lists_of_names_are_no_numerals(check):
    assert (
        len(check("一、总体情况", "（二）进一步提高认识，一体化推进统一标准。", "部门51网站")) == 0
    )


@pytest.mark.parametrize(("ending", "reader"), [("txt", str), ("html", None), ("docx", None)])
def test_txt_html_and_docx_read_alike(tmp_path, nanning, ending, reader):
    lines = [
        "部门网站平均分为89.91分。",
        "单位\t名次\t总分（分）",
        "市卫健委\t1\t96.5",
        "市教育局\t8\t93.6",
    ]
    path = tmp_path / f"letter.{ending}"
    {"txt": _as_txt, "html": _as_html, "docx": _as_docx}[ending](path, lines)
    table = check_letter(path, nanning, 2020)
    assert list(table["claim"]) == [
        "mean:department:2020", "rank:dept01:2020", "total:dept01:2020", "rank:dept08:2020", "total:dept08:2020",
    ]  # fmt: skip
    assert list(table["verdict"]) == ["supported"] * 4 + ["contradicted"]


def _as_txt(path, lines):
    path.write_text("\n".join(lines), encoding="utf-8")


def _as_html(path, lines):
    rows = ["".join(f"<td>{cell}</td>" for cell in line.split("\t")) for line in lines[1:]]
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    path.write_text(
        f"<style>p{{width:9%}}</style><p>{lines[0]}</p><table>{table}</table>", encoding="utf-8"
    )


def _as_docx(path, lines):
    from docx import Document

    document = Document()
    document.add_paragraph(lines[0])
    table = document.add_table(rows=0, cols=3)
    for line in lines[1:]:
        for cell, text in zip(table.add_row().cells, line.split("\t"), strict=True):
            cell.text = text
    document.save(path)


def test_a_passage_is_waived_only_by_name_and_never_against_the_figures(tmp_path, nanning):
    folder = tmp_path / "nanning"
    shutil.copytree(ROOT / "data" / "nanning", folder, ignore=shutil.ignore_patterns("answers"))
    waivers = {
        "waivers": [
            {
                "text": "办理信件1203件，平均89.80分",
                "reason": "by the platform",
                "waived_by": "the office",
            }
        ]
    }
    (folder / "waivers.yaml").write_text(
        yaml.safe_dump(waivers, allow_unicode=True), encoding="utf-8"
    )
    table = check_letter("部门网站办理信件1203件，平均89.80分。\n", ev.read_study(folder), 2020)
    assert list(table["verdict"]) == ["external", "contradicted"]
    assert table["note"][0] == "waived by the office: by the platform"
    (folder / "waivers.yaml").write_text("waivers: [{text: a}]", encoding="utf-8")
    with pytest.raises(StudyError, match=r"waivers\.yaml.*reason: no value"):
        check_letter("a\n", ev.read_study(folder), 2020)


def test_claims_have_population_denominator_value_and_printed_form(nanning, known):
    found = known["share.finding.guide_format_differs:department&A:2020"]
    assert (found.value, found.denominator, found.computed) == ((5, 36), 36, "5 of 36 (13.9%)")
    assert found.population == "department & A"
    assert known["mean:department:2020"].computed == "89.91"
    assert len(known) == len(claims(nanning, 2020)) > 3000
    with pytest.raises(KeyError, match="2031"):
        claims(nanning, 2031)


def test_claims_of_the_catalogue_agree_with_those_of_the_printed_publication(nanning, known):
    table = ev.compare_claims(nanning, 2020).set_index("id")
    for name, claim in {"C04": "mean:all:2020", "C11": "count.at_threshold:department:2020",
                        "C21": "index.F2:department:2020", "C31": "share.finding.no_disclosure_search:department:2020"}.items():  # fmt: skip
        assert table.at[name, "computed"] == known[claim].computed


def test_a_year_alone_and_totals_alone_have_the_claims_they_can(tmp_path):
    single = ev.read_study(make_study(tmp_path / "one"))
    names = {claim.id.split(":")[0] for claim in claims(single, 2020)}
    assert "mean" in names
    assert not {name for name in names if name.startswith(("delta", "improved"))}
    totals = FILES | {
        "2019/scheme.csv": None,
        "2019/marks.csv": None,
        "2019/totals.csv": "unit,total\nu1,95\nu2,50\nu3,60\nu4,65\n",
    }
    both = {
        c.id: c for c in claims(ev.read_study(make_study(tmp_path / "two", files=totals)), 2020)
    }
    assert scalar(both["delta.mean:g:2019-2020"]) == pytest.approx(
        (100 + 57.5 + 260 / 3) / 3 - 205 / 3
    )
    assert not [name for name in both if name.startswith("index") and name.endswith("2019")]


def test_a_claim_is_traced_to_raw_cells_and_decisions(nanning):
    table = trace(nanning, 2020, "index.F2.1:department:2020")
    assert len(table) == 52
    cell = table[table["unit"] == "dept17"].iloc[0]
    assert (cell["file"], cell["sheet"], cell["row"], cell["column"]) == (
        "2020/raw/终评.xlsx",
        "功能设计",
        21,
        "名称与域名",
    )
    assert (cell["was"], cell["mark"], cell["rule"]) == ("1.50 ", 1.5, "number_form")
    both = trace(nanning, 2020, "delta.mean:dev_zone:2019-2020")
    assert sorted(both["year"].unique()) == [2019, 2020]
    share = trace(nanning, 2020, "share.finding.reply_late:department:2020")
    assert (share["status"] == "true").sum() == 17
    printed = trace(nanning, 2020, "C22")  # two indices of the published letter
    assert len(printed) == 3 * 52
    assert trace(nanning, 2020, "C14").empty  # external
    with pytest.raises(DataError, match="no claim 'mean:x:2020'; there are mean:all:2020"):
        trace(nanning, 2020, "mean:x:2020")


def test_a_trace_of_tidy_marks_names_the_file(tmp_path):
    study = ev.read_study(make_study(tmp_path))
    table = trace(study, 2020, "index.a:g:2020")
    assert set(table["file"]) == {"2020/marks.csv"}
    assert list(table["mark"]) == [6, 3, 6]


def test_tokens_are_found_in_every_form(nanning):
    masked, found = mentions(
        plain("２０２０年，近３０家部门网站（Ａ类）提高０．５分"), lexicon(nanning, 2020)
    )
    assert masked == "YYYY年,近##家PPPP(PP)DD###分"
    assert [one.value for one in found if one.kind == "number"] == [
        (Decimal(30), ""),
        (Decimal("0.5"), ""),
    ]
    assert chinese_number("一百零三") == 103


def test_the_hand_table_repeats_no_sentence():
    text = (ROOT / "tests" / "letter_bindings.csv").read_text(encoding="utf-8")
    assert (
        max(len(re.sub(r"[^一-鿿]", "", line.split(",")[1])) for line in text.splitlines()[1:]) <= 7
    )
