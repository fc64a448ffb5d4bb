"""A year started, filled in and read: nothing decided, nothing set aside, the same marks."""

import shutil
from pathlib import Path

import openpyxl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from studies import SCHEME, STUDY, UNITS, make_study
from xlsxwriter.exceptions import FileCreateError

import evallib as ev
from evallib.errors import StudyError
from evallib.start import folders, new_study, new_year, what_is_missing, year_progress
from evallib.start.limits import choices, limits_of
from evallib.start.pages import ROUNDS, pages_of
from evallib.start.plan import read_plan
from evallib.study.cells import expected, read_mark, squeeze
from evallib.study.tables import columns_of
from evallib.study.tree import NodeRow
from evallib.study.units import UnitRow

ROOT = Path(__file__).resolve().parents[1]
RICH_SCHEME = """code,parent,name_zh,full_marks,step,classes,low,high,weight,outside
T,,总,,,,,,,
D/1,T,健康/情况,,,,,,60,
S1,D/1,更新,,,,,,,
S1.1,S1,首页,3,0.5,,,,,
S1.2,S1,栏目,2,0.1,A,,,,
S2,D/1,更新,,,,,,,
S2.1,S2,首页,3,0.5,,,,,
deep,D/1,深,,,,,,,
deeper,deep,更深,,,,,,,
x,deeper,最深,1,,,,,,
0010,D/1,备注,77,0.1,,,,,
D2,T,说明,,,,,,20,
m,D2,时长,,,,30,1,1,
n,D2,增长,,0.5,,-2,2,1,
o,D2,规模,,,,0,1,1,keep
D3,T,单位名称,,,,,,20,
k,D3,小计,10,3,B,,,,
"""


def study_of(folder, scheme=SCHEME, **files):
    """A small study whose only year, 2020, has a scheme and nothing else."""
    given = {"2020/scheme.csv": scheme, "2020/marks.csv": None, **files}
    return make_study(folder, files=given)


def cells_of(book, entry):
    """Every cell of a sheet below the header, by unit name and leaf, as its layout says."""
    sheet = book[entry["sheet"]]
    head = entry["title_rows"] + entry["header_rows"]
    columns = {squeeze(text): leaf for text, leaf in entry["columns"].items()}
    leaves, unit_column = {}, None
    for column in range(1, sheet.max_column + 1):
        texts = [sheet.cell(row, column).value for row in range(entry["title_rows"] + 1, head + 1)]
        text = squeeze(str([one for one in texts if one][-1])) if any(texts) else ""
        if text == entry["unit_column"]:
            unit_column = column
        if text in columns:
            leaves[column] = columns[text]
    assert sorted(leaves.values()) == sorted(columns.values())
    return {
        (sheet.cell(row, unit_column).value, leaf): sheet.cell(row, column)
        for row in range(head + 1, sheet.max_row + 1)
        for column, leaf in leaves.items()
    }


def entries_of(study, year, round_name=None):
    text = (study / str(year) / "raw" / "layout.yaml").read_text(encoding="utf-8")
    entries = yaml.safe_load(text)["sheets"]
    return [one for one in entries if round_name in (None, one["round"])]


def fill(study, year, mark_of):
    """Fill in every unlocked mark cell of both rounds; what was written, by round, unit, leaf."""
    written = {}
    for name, file in ROUNDS.items():
        path = study / str(year) / "raw" / f"{file}.xlsx"
        book = openpyxl.load_workbook(path)
        for entry in entries_of(study, year, name):
            for (unit, leaf), cell in cells_of(book, entry).items():
                if not cell.protection.locked:
                    cell.value = written[name, unit, leaf] = mark_of(name, unit, leaf)
        book.save(path)
    return written


def marks_read(study, year):
    """Marks of both rounds as read, by round, unit name and leaf."""
    read = ev.read_study(study, years=[year]).years[year]
    names = read.units["name_zh"]
    return read, {
        (name, names[row.unit], row.indicator): row.mark
        for name, table in (("final", read.marks), ("initial", read.initial))
        for row in table.itertuples()
        if row.status == "scored"
    }


@pytest.fixture(scope="module")
def nanning(tmp_path_factory):
    """A copy of the main study with the year 2021 started, and its filled twin."""
    folder = tmp_path_factory.mktemp("start")
    shutil.copytree(ROOT / "data" / "nanning", folder / "nanning")
    assert new_year(folder / "nanning", 2021) == folder / "nanning" / "2021"
    shutil.copytree(folder / "nanning", folder / "filled")
    return folder


# --- a year filled in ---------------------------------------------------------------------------


def test_filled_sheets_are_read_without_a_single_decision(nanning):
    full = ev.read_study(nanning / "nanning", years=[2020]).years[2020].scheme.full_marks
    written = fill(
        nanning / "filled", 2021, lambda name, unit, leaf: full[leaf] if name == "final" else 0
    )
    read, marks = marks_read(nanning / "filled", 2021)
    assert marks == written
    assert len(written) == 2 * 2143
    assert read.decisions.empty
    assert read.set_aside.empty
    assert read.rows.set_index("round")["scored"].to_dict() == {"initial": 2255, "final": 2255}
    assert what_is_missing(nanning / "filled", 2021) == []
    study = ev.read_study(nanning / "filled", years=[2021])
    assert set(ev.evaluate(study, 2021).printed) == {"100"}


def test_scheme_and_rules_are_carried_over_as_they_are(nanning):
    old, new = nanning / "nanning" / "2020", nanning / "nanning" / "2021"
    for name in ("scheme.csv", "rules.yaml"):
        assert (new / name).read_bytes() == (old / name).read_bytes()
    assert {path.name for path in new.iterdir()} == {"scheme.csv", "rules.yaml", "raw"}
    assert not list((nanning / "nanning").glob(".*"))


def test_a_rich_scheme_makes_the_round_trip(tmp_path):
    study = study_of(tmp_path, RICH_SCHEME)
    new_year(study, 2021)
    plan = read_plan(study, 2021, source=2020)
    assert [page.sheet for page in pages_of(plan)] == ["健康／情况", "说明 2", "单位名称"]
    values = {"m": 12.25, "n": -1.5, "o": 7.5, "k": 9, "x": 0.123, "0010": 76.9, "S1.2": 0.3}
    written = fill(study, 2021, lambda name, unit, leaf: values.get(leaf, 2.5))
    read, marks = marks_read(study, 2021)
    assert marks == written
    assert read.decisions.empty
    assert read.set_aside.empty
    assert ("final", "丙局", "S1.2") not in written  # class B
    assert ("final", "甲局", "k") not in written  # class A


def test_flat_schemes_share_one_sheet(tmp_path):
    shutil.copytree(ROOT / "data" / "sichuan-land", tmp_path / "land")
    new_year(tmp_path / "land", 2012)
    assert [one["sheet"] for one in entries_of(tmp_path / "land", 2012)] == ["总得分", "总得分"]
    written = fill(tmp_path / "land", 2012, lambda *_: 2.9)
    read, marks = marks_read(tmp_path / "land", 2012)
    assert marks == written
    assert read.decisions.empty


def test_sheets_can_be_filled_before_a_class_or_study_has_classes(tmp_path):
    study = yaml.safe_dump(STUDY | {"classes": {}})
    units = "unit,name_zh,group\nu1,甲局,g\n007,2,h\n"
    path = study_of(
        tmp_path, SCHEME.replace(",A", ","), **{"study.yaml": study, "units.csv": units}
    )
    new_year(path, 2021)
    written = fill(path, 2021, lambda *_: 4)
    read, marks = marks_read(path, 2021)
    assert marks == written
    assert {unit for _, unit, _ in written} == {"甲局", "2"}
    assert read.decisions.empty


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_scheme_makes_the_round_trip(data, tmp_path_factory):
    names = st.text("首页更新栏目（）()— A1/", min_size=1, max_size=9).filter(str.strip)
    rows, marks = ["T,,总,,,"], {}
    for d in range(data.draw(st.integers(1, 3))):
        rows.append(f"D{d},T,{data.draw(names).strip()},,,")
        for j in range(data.draw(st.integers(1, 3))):
            parent = f"D{d}"
            if data.draw(st.booleans()):
                rows.append(f"M{d}.{j},D{d},{data.draw(names).strip()},,,")
                parent = f"M{d}.{j}"
            step = data.draw(st.sampled_from(["", "0.1", "0.25", "0.5", "1"]))
            parts, full = data.draw(st.integers(1, 60)), float(step or 0.01)
            kind = data.draw(st.sampled_from(["", "A", "B", "A;B"]))
            name = data.draw(names).strip()
            rows.append(f"L{d}.{j},{parent},{name},{round(parts * full, 2)},{step},{kind}")
            marks[f"L{d}.{j}"] = round(data.draw(st.integers(0, parts)) * full, 2)
    rows.append("last,T,末项,5,,")  # a leaf for every class
    text = "code,parent,name_zh,full_marks,step,classes\n" + "\n".join(rows) + "\n"
    study = study_of(tmp_path_factory.mktemp("any"), text)
    new_year(study, 2021)
    written = fill(study, 2021, lambda name, unit, leaf: marks.get(leaf, 5))
    read, found = marks_read(study, 2021)
    assert found == written
    assert read.decisions.empty
    assert read.set_aside.empty


def test_not_applicable_from_the_drop_down_is_read_as_such(tmp_path):
    study = study_of(tmp_path)
    new_year(study, 2021)
    fill(study, 2021, lambda name, unit, leaf: "不适用" if (unit, leaf) == ("甲局", "a") else 2)
    read = ev.read_study(study, years=[2021]).years[2021]
    row = read.marks.set_index(["unit", "indicator"]).loc["u1", "a"]
    assert row["status"] == "not_applicable"
    assert set(read.decisions["rule"]) == {"not_applicable_word"}
    assert len(read.decisions) == 2


def test_a_mark_beyond_its_limits_is_a_fault_with_its_place(tmp_path):
    study = study_of(tmp_path)
    new_year(study, 2021)
    odd = {("甲局", "a"): 6.5, ("乙局", "b"): 0.3, ("丁区", "d"): "好"}
    fill(study, 2021, lambda name, unit, leaf: odd.get((unit, leaf), 2) if name == "final" else 2)
    with pytest.raises(StudyError) as caught:
        ev.read_study(study, years=[2021])
    said = [str(fault).replace("\n", "") for fault in caught.value.faults]
    start = "2021/raw/终评.xlsx, sheet "
    assert [text.split(";")[0] for text in said] == [
        f"{start}一, row 4, column 甲项（6分）: mark 6.5 is outside 0 to 6 (u1/a)",
        f"{start}一, row 5, column 乙项（4分）: 0.3 is off the step 0.5 (u2/b)",
        f"{start}二, row 7, column 丁项（5分）: '好' is no number (u4/d)",
    ]


# --- what the sheets allow ----------------------------------------------------------------------


def test_only_cells_to_fill_in_are_open_and_all_of_them_are_checked(nanning):
    plan = read_plan(nanning / "nanning", 2021, source=2020)
    applies = plan.scheme.applies(plan.units["class"]).set_axis(plan.units["name_zh"])
    book = openpyxl.load_workbook(nanning / "nanning" / "2021" / "raw" / "终评.xlsx")
    for entry in entries_of(nanning / "nanning", 2021, "final"):
        sheet = book[entry["sheet"]]
        assert sheet.protection.sheet
        assert sheet.protection.password is None
        checked = [one.sqref for one in sheet.data_validations.dataValidation]
        for (unit, leaf), cell in cells_of(book, entry).items():
            open_, inside = (
                not cell.protection.locked,
                sum(cell.coordinate in one for one in checked),
            )
            assert open_ == applies.at[unit, leaf] == (inside == 1), (unit, leaf)
            assert cell.fill.fgColor.rgb == ("FFFFF8D6" if open_ else "FFD9D9D9")
        last = sheet.max_column  # remarks are open, names and sums are not
        assert not sheet.cell(6, last).protection.locked
        assert sheet.cell(6, 2).protection.locked
        assert sheet.cell(6, last - 1).protection.locked


def test_drop_downs_offer_every_mark_and_not_applicable(nanning):
    book = openpyxl.load_workbook(nanning / "nanning" / "2021" / "raw" / "初评.xlsx")
    lists = {
        str(one.sqref): one.formula1.strip('"').split(",")
        for one in book["健康情况"].data_validations.dataValidation
        if one.type == "list" and one.errorStyle in (None, "stop") and one.showErrorMessage
    }
    assert lists["D5:D59"] == ["不适用", "3", "2.5", "2", "1.5", "1", "0.5", "0"]
    assert len(lists) == 7
    assert lists["E5:E59"][:3] == ["不适用", "3", "2.9"]


def test_leaves_with_too_many_marks_are_checked_by_a_formula(tmp_path):
    study = study_of(tmp_path, RICH_SCHEME)
    new_year(study, 2021)
    book = openpyxl.load_workbook(study / "2021" / "raw" / "终评.xlsx")
    found = {
        str(one.sqref): one.formula1
        for sheet in book
        for one in sheet.data_validations.dataValidation
        if one.type == "custom"
    }
    assert found["G6:G9"] == 'IF(ISNUMBER(G6),AND(G6>=0,G6<=1),G6="不适用")'
    assert found["H6:H9"] == (
        'IF(ISNUMBER(H6),AND(H6>=0,H6<=77,ABS(H6/0.1-ROUND(H6/0.1,0))<0.000001),H6="不适用")'
    )
    assert found["D4:D7"] == 'IF(ISNUMBER(D4),AND(D4>=1,D4<=30),D4="不适用")'
    assert found["F4:F7"] == 'IF(ISNUMBER(F4),AND(F4>=-1000000,F4<=1000001),F4="不适用")'


def test_pasted_marks_beyond_the_limits_turn_red(nanning):
    book = openpyxl.load_workbook(nanning / "nanning" / "2021" / "raw" / "终评.xlsx")
    rules = {
        str(area.sqref): [rule.formula[0] for rule in found]
        for area, found in book["办事服务"].conditional_formatting._cf_rules.items()
    }
    first = next(area for area in rules if area.startswith("D5:D15"))
    assert first.startswith("D5:D15 D20:D22")  # class B in between
    wrong, filled = rules[first]
    assert wrong == (
        'AND(D5<>"",NOT(IF(ISNUMBER(D5),AND(D5>=0,D5<=2,ABS(D5/0.5-ROUND(D5/0.5,0))<0.000001),'
        'D5="不适用")))'
    )
    assert filled == 'D5<>""'


@given(
    full=st.decimals("0.1", 30, places=2),
    step=st.sampled_from([0.01, 0.1, 0.25, 0.3, 0.5, 1.0, 3.0]),
)
def test_a_drop_down_holds_exactly_what_the_reader_takes(full, step):
    node = ev.Node("a", "T", "甲", full_marks=float(full), step=step)
    limits = limits_of(node)
    cell = expected(node, applies=True, deduction=False, may_be_missing=False)
    readings = [read_mark(float(mark), cell) for mark in limits.marks]
    assert all(one.status == "scored" and not one.steps for one in readings)
    if limits.marks:
        assert limits.marks[0] == 0
        assert limits.marks[-1] + limits.step > limits.high
    assert len(",".join(choices(limits))) <= 255


# --- how they look and print --------------------------------------------------------------------


def test_sheets_print_on_a4_with_their_header_on_every_page(nanning):
    book = openpyxl.load_workbook(nanning / "nanning" / "2021" / "raw" / "初评.xlsx")
    assert book.sheetnames == ["说明", "健康情况", "功能设计", "发布解读", "办事服务", "互动交流"]
    assert book.active.title == "说明"
    for sheet in book.worksheets[1:]:
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.print_title_rows == "$1:$4"
        assert sheet.freeze_panes == "D5"
    sheet = book["健康情况"]
    assert sheet["A1"].value == "2021年南宁市政府网站绩效评估初评评分表　健康情况（20分）"
    assert [sheet[place].value for place in ("D3", "F3", "I3")] == [
        "网站可用性",
        "信息更新",
        "内容安全",
    ]
    assert sheet["D4"].value == "首页可用\n（3分）"
    assert "D3:E3" in {str(area) for area in sheet.merged_cells.ranges}


def test_instructions_say_how_and_count_what_is_filled(nanning):
    guide = openpyxl.load_workbook(nanning / "nanning" / "2021" / "raw" / "终评.xlsx")["说明"]
    rows = [[cell.value for cell in row if cell.value is not None] for row in guide.iter_rows()]
    text = "\n".join(str(value) for row in rows for value in row)
    assert "空白表示尚未评分；提交前不得留有浅黄色空格。" in text
    assert "以终评为准" in text
    assert "2021/raw/终评.xlsx" in text
    assert ["办事服务", 328, "=COUNTA('办事服务'!D5:K59)", "=C19-D19"] in rows
    assert ["办事服务 / 办事指南", "格式规范", "S1.1", "2", "0.5", "A类", "人工采集"] in rows
    assert sum(map(bool, rows)) == 62  # 41 leaves, 5 sheets, 10 instructions, heads


def test_measured_values_are_explained_only_where_there_are_any(tmp_path, nanning):
    study = study_of(tmp_path, RICH_SCHEME)
    new_year(study, 2021)
    for folder, found in ((study, True), (nanning / "nanning", False)):
        guide = openpyxl.load_workbook(folder / "2021" / "raw" / "终评.xlsx")["说明"]
        texts = [str(row[0]) for row in guide.iter_rows(values_only=True)]
        assert any("实测值" in text for text in texts) == found


@pytest.mark.parametrize(
    ("missing", "said"), [("zero", "按 0 分计"), ("sibling_mean", "按同级指标得分推算")]
)
def test_instructions_follow_the_rule_for_blanks(tmp_path, missing, said):
    study = study_of(tmp_path, **{"2020/rules.yaml": f"missing: {missing}\n"})
    new_year(study, 2021)
    guide = openpyxl.load_workbook(study / "2021" / "raw" / "终评.xlsx")["说明"]
    assert any(said in str(row[0]) for row in guide.iter_rows(values_only=True))


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "year", "source", "message"),
    [
        ({"2021/marks.csv": "x"}, 2021, None, "2021: the year exists already, with marks.csv; ch"),
        ({"2021/raw/a": "x"}, 2021, None, "2021: the year exists already, with raw; choose"),
        ({"2021/note": "x"}, 2021, None, "2021: the folder exists already, without a scheme; put"),
        ({"2021/scheme.csv": SCHEME}, 2021, 2020, "2021/scheme.csv: the year has a scheme of its"),
        ({}, 2021, 2019, "2019/scheme.csv: the year has no scheme; years with a scheme are 2020"),
        ({"2020/scheme.csv": None, "2020/x": "x"}, 2021, None, "no year has one yet: write it"),
        ({}, 21, None, "21: no year of four digits; write a year such as 2025"),
        ({"2020/scheme.csv": "code,name_zh\na,甲\n"}, 2021, None, "leaf a has neither full marks"),
        ({"2020/rules.yaml": "ties: odd\n"}, 2021, None, "2020/rules.yaml, row 1, column ties"),
        ({"units.csv": UNITS + "u5,戊局,,z,A\n"}, 2021, None, "units.csv, row 6, column group"),
        ({"aliases.csv": "alias,unit\n某局,u9\n"}, 2021, None, "'u9' is not in units.csv"),
        ({"study.yaml": "names: {zh: 甲}\n"}, 2021, None, "study.yaml, column provenance"),
        (
            {"units.csv": UNITS.replace("丙局", "u1")},
            2021,
            None,
            "units.csv, row 4, column name_zh: u1 names both",
        ),
    ],
)
def test_a_year_is_refused_and_nothing_is_left_behind(tmp_path, files, year, source, message):
    study = study_of(tmp_path, **files)
    before = sorted(study.rglob("*"))
    with pytest.raises(StudyError) as caught:
        new_year(study, year, source_year=source)
    assert message in str(caught.value)
    assert sorted(study.rglob("*")) == before


def test_units_that_have_ended_by_the_new_year_leave_none(tmp_path):
    units = "unit,name_zh,group,class,valid_to\nu1,甲局,g,A,2020-12-31\n"
    study = study_of(tmp_path, **{"units.csv": units})
    with pytest.raises(StudyError, match=r"units\.csv, .*no unit is valid on 31 December 2021"):
        new_year(study, 2021)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), FileCreateError("full")])
def test_a_disk_that_fills_up_leaves_nothing_half_written(tmp_path, monkeypatch, error):
    study = study_of(tmp_path)
    before = sorted(study.rglob("*"))

    def write(path, pages, *, round_name):
        if round_name == "final":
            raise error
        path.write_bytes(b"half")

    monkeypatch.setattr(folders, "write_workbook", write)
    with pytest.raises(
        StudyError, match=r"2021: it cannot be written \((No space|full).*check the disk"
    ):
        new_year(study, 2021)
    assert sorted(study.rglob("*")) == before


def test_a_scheme_of_the_years_own_gets_its_sheets(tmp_path):
    study = study_of(tmp_path)
    (study / "2021").mkdir()
    (study / "2021" / "scheme.csv").write_text(SCHEME.replace("甲项", "新项"), encoding="utf-8")
    new_year(study, 2021)
    columns = [one["columns"] for one in entries_of(study, 2021)]
    assert columns[0] == {"新项（6分）": "a", "乙项（4分）": "b"}
    assert {path.name for path in (study / "2021").iterdir()} == {"scheme.csv", "raw"}


def test_the_latest_year_before_is_copied_unless_another_is_named(tmp_path):
    old = SCHEME.replace("甲项", "旧项")
    study = study_of(tmp_path, **{"2018/scheme.csv": old, "2023/scheme.csv": old})
    for year, source, name in ((2021, None, "甲项"), (2022, 2018, "旧项"), (2017, None, "旧项")):
        folder = new_year(study, year, source_year=source)
        assert name in (folder / "scheme.csv").read_text(encoding="utf-8")


# --- an empty study -----------------------------------------------------------------------------


def test_an_empty_study_says_what_it_still_needs(tmp_path):
    study = new_study(tmp_path / "city", year=2025)
    _, faults = ev.inspect_study(study)
    assert [(fault.file, fault.row, fault.column) for fault in faults] == [
        ("study.yaml", 3, "names.zh"),
        ("units.csv", None, None),
    ]
    assert what_is_missing(study, 2025) == [
        "city 2025 cannot be scored yet",
        "wrong besides: 3 faults",
        *(f"  {fault}" for fault in faults),
        "  2025/scheme.csv: no rows below the header; fill it in or remove it",
    ]
    for name, model in (("units.csv", UnitRow), ("2025/scheme.csv", NodeRow)):
        header = (study / name).read_text(encoding="utf-8-sig").strip().split(",")
        assert sorted(header) == sorted(columns_of(model))
        assert not header[0].startswith("valid_")  # who it is comes before since when


def test_the_readme_of_a_new_study_leads_to_scores(tmp_path):
    study = new_study(tmp_path / "city", year=2025)
    readme = (study / "README.md").read_text(encoding="utf-8")
    assert "`evallib new city 2025`" in readme
    units, scheme = (part.split("```")[0] for part in readme.split("```text\n")[1:])
    (study / "units.csv").write_text(units, encoding="utf-8")
    (study / "2025" / "scheme.csv").write_text(scheme, encoding="utf-8")
    about = (study / "study.yaml").read_text(encoding="utf-8").replace("zh:   ", "zh: 某市", 1)
    (study / "study.yaml").write_text(about, encoding="utf-8")
    _, faults = ev.inspect_study(study)
    assert [fault.problem for fault in faults] == ["neither marks.csv nor raw/"]
    new_year(study, 2025)
    fill(study, 2025, lambda *_: 3)
    read = ev.read_study(study)
    assert read.name() == "某市"
    assert set(ev.evaluate(read, 2025).printed) == {"90"}


def test_every_column_of_units_and_scheme_is_explained(tmp_path):
    readme = (new_study(tmp_path / "city") / "README.md").read_text(encoding="utf-8")
    for column in (*columns_of(UnitRow), *columns_of(NodeRow)):
        assert column in readme.replace("|", ",").replace("\n", ",").replace(" ", "").split(",")


def test_a_study_is_not_written_over(tmp_path):
    (tmp_path / "city").mkdir()
    new_study(tmp_path / "city")  # an empty folder is no study yet
    with pytest.raises(StudyError, match=r"city: it exists already; name a folder that does not"):
        new_study(tmp_path / "city")


def test_a_bare_name_is_made_under_data(tmp_path, monkeypatch):
    for name in ("data", "notebooks"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert new_study("city") == (tmp_path / "data" / "city").resolve()


# --- what is missing ----------------------------------------------------------------------------


def test_progress_counts_cells_and_names_units_without_any(tmp_path):
    study = study_of(tmp_path)
    new_year(study, 2021)
    path = study / "2021" / "raw" / "初评.xlsx"
    book = openpyxl.load_workbook(path)
    for (unit, leaf), cell in cells_of(book, entries_of(study, 2021)[0]).items():
        if unit != "丁区":
            cell.value = 99 if (unit, leaf) == ("甲局", "a") else 2
    book.save(path)
    assert what_is_missing(study, 2021) == [
        "trial 2021 cannot be scored yet: 6 of 30 cells are filled",
        "          初评              终评",
        "  一      6 of 8            0 of 8",
        "  二      0 of 7            0 of 7",
        "  in all  6 of 15           0 of 15",
        "初评: nothing yet for 1 unit: 丁区",
        "终评: no cell filled in any of the 4 units",
        "wrong besides: 1 fault",
        "  2021/raw/初评.xlsx, sheet 一, row 4, column 甲项（6分）: mark 99 is outside 0 to 6 (u1/a);"
        " add a ruling to 2021/decisions.csv",
    ]


def test_many_faults_are_grouped_by_sheet(tmp_path):
    study = study_of(tmp_path)
    new_year(study, 2021)
    fill(study, 2021, lambda *_: 99)
    lines = what_is_missing(study, 2021)
    assert "wrong besides: 30 faults" in lines
    assert lines[-4].endswith("(and 7 more there)")
    assert len(lines) == 10


def test_a_ruled_blank_is_no_longer_missing(tmp_path):
    study = study_of(tmp_path)
    new_year(study, 2021)
    fill(study, 2021, lambda name, unit, leaf: None if (unit, leaf) == ("甲局", "a") else 2)
    assert year_progress(study, 2021).cells["filled"].sum() == 28
    (study / "2021" / "decisions.csv").write_text(
        "file,sheet,row,column,was,becomes,reason,decided_by,decided_on\n"
        "初评.xlsx,一,4,甲项（6分）,,3,补录,组,2021-12-01\n"
        "终评.xlsx,一,4,甲项（6分）,,missing,无从评定,组,2021-12-01\n",
        encoding="utf-8",
    )
    progress = year_progress(study, 2021)
    assert progress.cells["filled"].tolist() == [8, 7, 7, 7]


def test_progress_of_tidy_marks_counts_rows(tmp_path):
    study = make_study(tmp_path)
    assert what_is_missing(study, 2020) == []
    marks = study / "2020" / "marks.csv"
    text = marks.read_text(encoding="utf-8")
    marks.write_text(text.replace("u2,a,3\n", "").replace("u1,a,6\n", "u1,a,\n"), encoding="utf-8")
    lines = what_is_missing(study, 2020)
    assert lines[0] == "trial 2020 cannot be scored yet: 14 of 15 cells are filled"
    assert "is scored without a mark" in lines[-1]


def test_a_year_that_does_not_exist_is_named(tmp_path):
    lines = what_is_missing(study_of(tmp_path), 2030)
    assert lines[0] == "trial 2030 cannot be scored yet"
    assert lines[2] == "  2030: the study has no year 2030; it has 2020"


def test_progress_of_a_broken_layout_shows_its_fault(tmp_path):
    study = study_of(tmp_path)
    new_year(study, 2021)
    (study / "2021" / "raw" / "layout.yaml").write_text("sheets: []\n", encoding="utf-8")
    lines = what_is_missing(study, 2021)
    assert lines[0] == "trial 2021 cannot be scored yet"
    assert lines[2].startswith("  2021/raw/layout.yaml")
