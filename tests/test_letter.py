"""The letter: its page, its words, and that nothing is invented."""

import re
import zipfile
from pathlib import Path

import jinja2
import pytest
from conftest import ROOT
from docx import Document
from docx.enum.text import WD_LINE_SPACING
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from studies import STUDY, make_study

import evallib as ev
from evallib.errors import StudyError
from evallib.publication import figures
from evallib.publication.letter import annex_rows, letter_sections, write_letter
from evallib.publication.templates.make_letter import make
from evallib.publication.wording import TEMPLATES

LETTER = """
number: 测函〔2021〕1号
issuers: [甲局, 测评办]
publishers: [u1]
date: 2021-01-20
requirements:
  - {heading: 抓紧整改, text: 请逐项整改。}
  - 请专人负责。
external:
  - {text: 某地获奖。, source: 上级通报}
"""


def study_of(tmp_path, letter=None, provenance="observed", **files):
    about = "\n".join(
        [f"provenance: {provenance}", f"names: {STUDY['names']}", f"groups: {STUDY['groups']}",
         f"classes: {STUDY['classes']}"]
    )  # fmt: skip
    extra = {"study.yaml": about} | ({"letter.yaml": letter} if letter else {}) | files
    return ev.read_study(make_study(tmp_path, files=extra))


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def texts_of(path):
    return [paragraph.text for paragraph in Document(path).paragraphs]


def said(study, **choices):
    sections = letter_sections(study, 2020, **choices)
    return "\n".join(
        "\n".join([section["heading"], *(text for part in section["parts"]
                                         for text in (part["heading"], *part["paragraphs"]))])
        for section in sections
    )  # fmt: skip


@pytest.fixture(scope="module")
def nanning_letter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("letter")
    study = ev.read_study(ROOT / "data" / "nanning")
    drawn = figures.ranking_columns(ev.evaluate(study, 2020), study=study)
    picture = figures.save_figure(drawn, folder / "ranking", alt="名次")[0]
    return write_letter(folder / "letter.docx", study, 2020, figure=picture)


def test_the_page_follows_the_standard(nanning_letter):
    document = Document(nanning_letter)
    page = document.sections[0]
    assert [round(side.mm) for side in (page.page_width, page.page_height)] == [210, 297]
    margins = (page.top_margin, page.bottom_margin, page.left_margin, page.right_margin)
    assert [round(margin.mm) for margin in margins] == [37, 35, 28, 26]
    body, title = document.styles["Letter Body"], document.styles["Letter Title"]
    assert (body.font.size, title.font.size) == (Pt(16), Pt(22))
    assert body.paragraph_format.line_spacing == Pt(29)
    assert body.paragraph_format.line_spacing_rule == WD_LINE_SPACING.EXACTLY
    assert body.element.rPr.rFonts.get(qn("w:eastAsia")) == "仿宋_GB2312"
    assert title.element.rPr.rFonts.get(qn("w:eastAsia")) == "方正小标宋简体"
    indent = body.element.pPr.find(qn("w:ind"))
    assert (indent.get(qn("w:firstLineChars")), indent.get(qn("w:firstLine"))) == ("200", "640")


def test_a_picture_has_room_and_is_described(nanning_letter):
    document = Document(nanning_letter)
    holders = [p for p in document.paragraphs if p._p.findall(f".//{qn('w:drawing')}")]
    assert [p.style.name for p in holders] == ["Letter Picture"]
    assert holders[0].style.paragraph_format.line_spacing_rule == WD_LINE_SPACING.SINGLE
    described = document.element.body.findall(f".//{qn('wp:docPr')}")
    assert [d.get("descr")[:12] for d in described] == ["2020年共评估55个网"]
    assert document.inline_shapes[0].width <= Mm(157)


def test_every_page_says_that_the_data_are_reconstructed(nanning_letter):
    document = Document(nanning_letter)
    page = document.sections[0]
    assert document.settings.odd_and_even_pages_header_footer
    for header in (page.header, page.even_page_header):
        assert [p.text for p in header.paragraphs] == ["重构数据，非该单位事实"]


def test_observed_data_carry_no_mark(tmp_path):
    path = write_letter(tmp_path / "l.docx", study_of(tmp_path), 2020)
    assert Document(path).sections[0].header.paragraphs[0].text == ""


def test_the_letter_says_the_figures_of_nanning(nanning_letter):
    text = "\n".join(texts_of(nanning_letter))
    for said_ in (
        "部门网站52个、开发区网站3个",
        "健康情况（20%）、功能设计（10%）、发布解读（35%）、办事服务（20%）、互动交流（15%）",
        "平均89.95分，比2019年的89.71分提高0.24分",
        "有27个，占52个的51.9%，比2019年的36个减少9个（降幅25%）",
        "前10名的依次为：市卫健委、市自然资源局、市发展改革委、市农业农村局、市金融办、市交通运输局、"
        "市民政局、市教育局、市应急局、市行政审批局。",
        "有8个，按2020年名次排列为：市卫健委、市金融办、市民政局、市科技局、市审计局、市北部湾办、青秀管委会、市应急联动中心。",
        "部门51、部门52为2019年后新设、合并或拆分的单位，不作名次比较。",
        "办事指南与一体化平台格式不一致的A类部门网站有5个，占36个的13.9%",
    ):
        assert said_ in text, said_
    assert "{" not in text


def test_the_annex_lists_every_site_and_repeats_its_head(nanning_letter):
    table = Document(nanning_letter).tables[0]
    assert len(table.rows) == 56
    head = table.rows[0]
    assert head._tr.trPr.find(qn("w:tblHeader")) is not None
    cells = [cell.text.replace("\n", "") for cell in head.cells]
    assert cells == ["名次", "单位", "类别", "健康情况", "功能设计", "发布解读", "办事服务", "互动交流",
                     "加分", "扣分", "总分"]  # fmt: skip
    assert [cell.text for cell in table.rows[1].cells][:3] == ["1", "市卫健委", "部门网站"]
    widths = [int(column.get(qn("w:w"))) for column in table._tbl.tblGrid.gridCol_lst]
    assert len(widths) == 11
    assert sum(widths) <= 156 * 1440 / 25.4 + 11


def test_the_same_input_gives_the_same_members(tmp_path):
    study = study_of(tmp_path, LETTER)
    first, second = (members_of(write_letter(tmp_path / f"{n}.docx", study, 2020)) for n in "ab")
    assert first == second


def test_properties_name_title_authors_and_a_fixed_date(tmp_path):
    core = Document(
        write_letter(tmp_path / "l.docx", study_of(tmp_path, LETTER), 2020)
    ).core_properties
    assert core.title == "关于公布2020年试验结果的函"
    assert core.author == core.last_modified_by == "甲局、测评办"
    assert core.created.isoformat()[:10] == core.modified.isoformat()[:10] == "2021-01-20"


def test_human_sentences_come_from_the_letter_file_alone(tmp_path):
    text = said(study_of(tmp_path / "with", LETTER))
    assert "四、工作要求\n（一）抓紧整改\n请逐项整改。\n\n请专人负责。" in text
    assert "某地获奖。（来源：上级通报）" in text
    assert "甲局既是本次评估的发布单位，也是被评估单位" in text
    bare = said(study_of(tmp_path / "without"))
    assert "工作要求" not in bare
    assert "来源" not in bare
    assert "发布单位" not in bare


def test_the_letter_of_a_year_goes_before_that_of_the_study(tmp_path):
    study = study_of(tmp_path, LETTER, **{"2020/letter.yaml": "number: 别函〔2021〕2号"})
    texts = texts_of(write_letter(tmp_path / "l.docx", study, 2020))
    assert texts[0] == "别函〔2021〕2号"
    assert "请专人负责。" not in texts


def test_sections_without_anything_to_say_are_left_out_and_the_rest_numbered(tmp_path):
    headings = [section["heading"] for section in letter_sections(study_of(tmp_path, LETTER), 2020)]
    assert headings[0] == "一、总体情况"
    assert [heading[0] for heading in headings] == list("一二三四")[: len(headings)]
    assert headings[-1].endswith("工作要求")


@pytest.mark.parametrize(
    ("letter", "message"),
    [
        ("titel: x", r"letter\.yaml, row 1, column titel: unknown key"),
        ("publishers: [nobody]", r"letter\.yaml, column publishers: 'nobody' is no unit of 2020"),
        ("external: [{text: x}]", r"external\.0\.source: no value"),
        ("population: x", r"letter\.yaml, column population: .*'x' is none of all, A, B, g, h"),
    ],
)
def test_a_faulty_letter_file_is_refused_with_its_place(tmp_path, letter, message):
    with pytest.raises(StudyError, match=message):
        letter_sections(study_of(tmp_path, letter), 2020)


def test_names_with_markup_signs_stay_text(tmp_path):
    units = "unit,name_zh,group,class\nu1,甲<b>&局,g,A\nu2,乙,g,A\nu3,丙,g,B\nu4,丁,h,A\n"
    study = study_of(tmp_path, **{"units.csv": units})
    path = write_letter(tmp_path / "l.docx", study, 2020)
    assert Document(path).tables[0].rows[1].cells[1].text == "甲<b>&局"


def test_a_study_brings_its_own_template(tmp_path):
    study = study_of(tmp_path, LETTER)
    own = Document()
    own.add_paragraph("{{ title }}（{{ number }}）")
    own.save(study.path / "letter.docx")
    path = write_letter(tmp_path / "l.docx", study, 2020)
    assert texts_of(path) == ["关于公布2020年试验结果的函（测函〔2021〕1号）"]
    own.add_paragraph("{{ nothing }}")
    own.save(study.path / "letter.docx")
    with pytest.raises(jinja2.UndefinedError, match="'nothing' is undefined"):
        write_letter(tmp_path / "l.docx", study, 2020)


def test_the_packaged_template_is_what_its_script_makes(tmp_path):
    make(tmp_path / "letter.docx")
    assert members_of(tmp_path / "letter.docx") == members_of(Path(TEMPLATES) / "letter.docx")


def test_a_failed_and_an_unranked_site_are_shown_as_such(tmp_path):
    units = "unit,name_zh,group,class,ranked\nu1,甲,g,A,\nu2,乙,g,A,false\nu3,丙,g,B,\nu4,丁,h,A,\n"
    veto = "unit,kind,points,reason,source\nu1,veto,,down,\n"
    study = study_of(tmp_path, **{"units.csv": units, "2020/adjustments.csv": veto})
    rows = {row["name"]: row for row in annex_rows(ev.evaluate(study, 2020), study=study)}
    assert (rows["甲"]["rank"], rows["甲"]["total"]) == ("—", "不合格")
    assert (rows["乙"]["rank"], rows["乙"]["total"]) == ("—", "57.5")
    assert rows["丙"]["rank"] == 1
    assert "1个网站被单项否决：甲。" in said(study)


def test_an_english_letter_has_no_chinese_beyond_names(tmp_path):
    study = study_of(tmp_path, LETTER.replace("requirements", "#").split("#")[0])
    text = said(study, lang="en")
    for name in ("甲局", "乙局", "丙局", "丁区", "丙项", "丁项"):
        text = text.replace(name, "")
    assert not re.search("[\u4e00-\u9fff]", text)
    path = write_letter(tmp_path / "l.docx", study, 2020, lang="en")
    assert texts_of(path)[1] == "Results of 2020: Trial"


def test_published_data_claim_no_absence_of_vetoes(tmp_path):
    assert "单项否决" in said(study_of(tmp_path / "a"))
    assert "单项否决" not in said(study_of(tmp_path / "b", provenance="published"))


def test_an_unsigned_letter_leaves_no_empty_line_that_could_become_a_page(tmp_path):
    paragraphs = texts_of(write_letter(tmp_path / "letter.docx", study_of(tmp_path), 2020))
    place = paragraphs.index("附件")
    assert paragraphs[place - 1].startswith("附件：")
    signed = texts_of(write_letter(tmp_path / "s.docx", study_of(tmp_path, LETTER), 2020))
    assert signed[signed.index("附件") - 1] == "2021年1月20日"
