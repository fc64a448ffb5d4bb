"""scores.xlsx read back: what it holds, how it shows it, and that text stays text."""

import re
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from openpyxl import load_workbook
from studies import UNITS, make_study
from test_claims import FILES

import evallib as ev
from evallib.publication.spreadsheet import HEAD, Column, Sheet, write_sheets
from evallib.publication.workbook import write_workbook

ROOT = Path(__file__).resolve().parents[1]
ZH = ["说明", "名次", "各网站得分指数", "各类网站得分指数", "变化的构成", "各网站比上年", "进步与误差",
      "函中数字", "已公布的说法", "处理记录"]  # fmt: skip


@pytest.fixture(scope="module")
def nanning():
    return ev.read_study(ROOT / "data" / "nanning")


@pytest.fixture(scope="module")
def book(nanning, tmp_path_factory):
    return load_workbook(write_workbook(tmp_path_factory.mktemp("b") / "s.xlsx", nanning, 2020))


def rows_of(sheet):
    """Rows below the head, by the head's text without line breaks."""
    head, *rows = sheet.iter_rows(min_row=HEAD, values_only=True)
    return [dict(zip([str(h).replace("\n", "") for h in head], row, strict=True)) for row in rows]


def test_every_sheet_says_what_it_is_and_prints_on_a4(book):
    assert book.sheetnames == ZH
    assert book.properties.language == "zh-CN"
    for sheet in book:
        assert sheet["A2"].value == "重构数据，非该单位事实"
        assert sheet.oddHeader.right.text == "重构数据，非该单位事实"
        assert re.fullmatch(r"[A-C]4", sheet.freeze_panes)
        assert sheet.print_title_rows == "$1:$3"
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.page_setup.fitToHeight == 0
        assert bool(sheet.auto_filter.ref) == (sheet.title not in ("说明", "变化的构成"))
        last = sheet.cell(HEAD, sheet.max_column).coordinate
        assert sheet.auto_filter.ref is None or sheet.auto_filter.ref.startswith(f"A{HEAD}:")
        assert sheet[last].font.bold


def test_cells_hold_the_full_number_and_show_the_printed_one(book, nanning):
    result, sheet = ev.evaluate(nanning, 2020), book["名次"]
    rows = rows_of(sheet)
    assert [row["单位"] for row in rows[:2]] == ["市卫健委", "市自然资源局"]
    totals = [row["总分"] for row in rows]
    np.testing.assert_allclose(totals, result.total.sort_values(ascending=False), atol=1e-9)
    column = [cell.value for cell in sheet[HEAD]].index("总分") + 1
    assert {sheet.cell(HEAD + 1 + n, column).number_format for n in range(55)} == {"0.00"}
    long = [
        (sheet.title, cell.coordinate)
        for sheet in book
        for row in sheet.iter_rows(min_row=HEAD + 1)
        for cell in row
        if isinstance(cell.value, float)
        and not cell.value.is_integer()
        and cell.number_format == "General"
        and sheet.title != "函中数字"  # where the unrounded value is the point
    ]
    assert not long


def test_causes_add_up_to_the_change_in_every_row(book):
    for name, change in (("变化的构成", "变化"), ("各网站比上年", "总分变化")):
        for row in rows_of(book[name]):
            if row[change] is None:
                continue
            heads = list(row)
            causes = [row[head] for head in heads[heads.index(change) + 1 :]]
            assert sum(causes) == pytest.approx(row[change], abs=1e-8)
    improved = rows_of(book["进步与误差"])
    assert [row["列入名单"] for row in improved[:9]] == ["是"] * 8 + ["否"]
    assert max(row["SEM界限（分）"] for row in improved) == pytest.approx(2.09, abs=0.005)


def test_every_number_of_the_letter_has_a_verdict_and_a_way_back(book):
    rows = rows_of(book["函中数字"])
    assert {row["结论"] for row in rows} <= {"一致", "引用", "本数据不能判断"}
    mean = next(row for row in rows if row["代码"] == "mean:department:2020")
    assert mean["数值（未取整）"] == pytest.approx(89.9079393939)
    assert mean["数据出处"].startswith("2020/raw/终评.xlsx：健康情况364、")
    log = {row["编号"] for row in rows_of(book["处理记录"])}
    named = {n for row in rows for n in re.findall(r"\d{4}-\d+", row["处理记录编号"] or "")}
    assert named
    assert named <= log
    published = {row["序号"]: row for row in rows_of(book["已公布的说法"])}
    assert published["C37"]["结论"] == "不符"
    assert "2020/findings.csv：52行" in published["C37"]["数据出处"]


def test_the_same_year_gives_the_same_bytes(tmp_path, monkeypatch):
    study = ev.read_study(make_study(tmp_path, files=FILES))
    first = write_workbook(tmp_path / "a.xlsx", study, 2020).read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)  # as if written years later
    assert write_workbook(tmp_path / "b.xlsx", study, 2020).read_bytes() == first
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2020-12-31T00:00:00Z</dcterms:modified>" in archive.read("docProps/core.xml")


def test_text_that_looks_like_a_formula_stays_text(tmp_path):
    names = ("=1+1", "+甲局", "-乙局", "@丙局")
    units = UNITS
    for old, new in zip(("甲局", "乙局", "丙局", "丁区"), names, strict=True):
        units = units.replace(old, new)
    study = ev.read_study(make_study(tmp_path, files={"units.csv": units}))
    book = load_workbook(write_workbook(tmp_path / "s.xlsx", study, 2020))
    cells = [cell for row in book["名次"].iter_rows(min_row=HEAD + 1) for cell in row]
    shown = {cell.value: cell for cell in cells if cell.value in names}
    assert set(shown) == set(names)
    assert {cell.data_type for cell in shown.values()} == {"s"}
    assert all(cell.quotePrefix for cell in shown.values())


def test_a_first_year_and_a_year_of_totals_only(tmp_path):
    alone = ev.read_study(make_study(tmp_path / "a"))
    book = load_workbook(write_workbook(tmp_path / "a.xlsx", alone, 2020))
    assert book.sheetnames == [*ZH[:4], "函中数字"]
    assert book["名次"]["A2"].value == "据本次评估的实测数据计算"
    totals = FILES | {
        "2019/scheme.csv": None,
        "2019/marks.csv": None,
        "2019/totals.csv": "unit,total\nu1,95\nu2,50\nu3,60\nu4,65\n",
    }
    bare = ev.read_study(make_study(tmp_path / "b", files=totals))
    book = load_workbook(write_workbook(tmp_path / "b.xlsx", bare, 2020, lang="en"))
    assert "Account of change" in book.sheetnames
    first = rows_of(book["Account of change"])[0]
    assert first["2020"] - first["2019"] == pytest.approx(first["change"])
    assert first["sites that compare"] == pytest.approx(first["change"])
    assert book.properties.language == "en-GB"


def test_a_failed_site_has_a_word_and_no_total(tmp_path):
    files = {"2020/adjustments.csv": "unit,kind,points,reason,source\nu4,veto,,x,y\n"}
    study = ev.read_study(make_study(tmp_path, files=files))
    rows = rows_of(load_workbook(write_workbook(tmp_path / "s.xlsx", study, 2020))["名次"])
    assert (rows[-1]["单位"], rows[-1]["总分"], rows[-1]["名次"]) == ("丁区", "不合格", None)


def test_half_even_is_rounded_before_excel_would_round_half_up(tmp_path):
    files = {"2020/rules.yaml": "rounding: half_even\ndecimals: 0\n"}
    study = ev.read_study(make_study(tmp_path, files=files))
    rows = rows_of(load_workbook(write_workbook(tmp_path / "s.xlsx", study, 2020))["名次"])
    assert {row["单位"]: row["总分"] for row in rows}["乙局"] == 58  # 57.5; half even goes to 58
    assert all(float(row["总分"]).is_integer() for row in rows)


def test_a_blank_is_no_zero_and_a_wide_text_is_broken(tmp_path):
    columns = (Column("x", [1.0, float("nan"), None], "0.00"), Column("文", ["字" * 40, "", "b"]))
    path = write_sheets(
        tmp_path / "t.xlsx",
        [Sheet("s", "t", columns)],
        mark="m & n",
        page="&P",
        lang="zh",
        written_on=date(2020, 1, 1),
    )
    sheet = load_workbook(path)["s"]
    assert [cell.value for cell in sheet["A"][HEAD:]] == [1.0, None, None]
    assert sheet.row_dimensions[HEAD + 1].height > sheet.row_dimensions[HEAD + 2].height
    assert sheet.column_dimensions["B"].width < 60


def test_no_english_head_is_broken_within_a_word(tmp_path, nanning):
    book = load_workbook(write_workbook(tmp_path / "en.xlsx", nanning, 2020, lang="en"))
    sheet = book["Indices by site"]
    for cell in sheet[HEAD]:
        longest = max(map(len, str(cell.value).split()))
        assert sheet.column_dimensions[cell.column_letter].width > longest
