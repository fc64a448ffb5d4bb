"""Raw sheets in, marks out: every rule, every ruling, every fault, and the balance."""

import shutil
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evallib import read_study
from evallib.errors import StudyError
from evallib.study.ingest import ingest, read_layout
from evallib.study.rules import Rules
from evallib.study.scheme import Node, Scheme

SCHEME = Scheme.of(
    [
        Node("T", "", "总"),
        Node("H", "T", "健康情况"),
        Node("H1.1", "H", "首页可用", full_marks=3.0, step=0.5),
        Node("H1.2", "H", "链接可用", full_marks=2.0, step=0.1),
        Node("S", "T", "办事服务"),
        Node("S1", "S", "办事指南", full_marks=5.0, step=0.5, classes=("A",)),
    ]
)
UNITS = pd.DataFrame(
    {
        "name_zh": ["市民政局", "市卫健委", "广西-东盟开发区"],
        "name_en": "",
        "group": ["department", "department", "zone"],
        "class": ["A", "A", "B"],
    },
    index=pd.Index(["u1", "u2", "u3"], name="unit"),
)
ALIASES = pd.DataFrame({"alias": ["市卫生健康委"], "unit": ["u2"]})
WIDE = {
    "file": "终评.xlsx",
    "sheet": "全部",
    "round": "final",
    "kind": "score",
    "shape": "wide",
    "unit_column": "单位名称",
}
HEAD = ["单位名称", "首页可用", "H1.2", "办事指南"]
CLEAN = [
    HEAD,
    ["市民政局", 3, 1.9, 5],
    ["市卫健委", 2.5, 2, 4.5],
    ["广西-东盟开发区", 0, 0.1, None],
]
MARKS = {
    ("u1", "H1.1"): 3.0, ("u1", "H1.2"): 1.9, ("u1", "S1"): 5.0,
    ("u2", "H1.1"): 2.5, ("u2", "H1.2"): 2.0, ("u2", "S1"): 4.5,
    ("u3", "H1.1"): 0.0, ("u3", "H1.2"): 0.1,
}  # fmt: skip


def edited(changes, rows=CLEAN):
    """The clean rows with cells replaced; keys are (spreadsheet row, column from 0)."""
    rows = [list(row) for row in rows]
    for (row, column), value in changes.items():
        rows[row - 1][column] = value
    return rows


def write(tmp_path, *sheets, rulings=(), finish=None):
    """A year folder with the sheets (layout entry, rows) and rulings; ``finish`` edits books."""
    year = tmp_path / "2020"
    shutil.rmtree(year / "raw", ignore_errors=True)  # files of an earlier example go unlisted
    (year / "raw").mkdir(parents=True)
    books = {}
    for entry, rows in sheets:
        if entry["file"].endswith(".csv"):
            text = "\n".join(",".join("" if x is None else str(x) for x in row) for row in rows)
            (year / "raw" / entry["file"]).write_bytes(text.encode("gb18030"))
            continue
        book = books.setdefault(entry["file"], openpyxl.Workbook())
        sheet = book.create_sheet(entry["sheet"])
        for row in rows:
            sheet.append(row)
    for file, book in books.items():
        if finish:
            finish(book)
        book.save(year / "raw" / file)
    write_layout(tmp_path, *(entry for entry, _ in sheets))
    write_rulings(year, rulings)
    return year


def write_layout(tmp_path, *entries):
    """``raw/layout.yaml`` of those entries."""
    path = tmp_path / "2020" / "raw" / "layout.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"sheets": list(entries)}, allow_unicode=True), "utf-8")
    return path


def write_rulings(year, rulings):
    """``decisions.csv`` of (row, column, was, becomes), on the sheet ``WIDE`` unless named."""
    lines = ["file,sheet,row,column,was,becomes,reason,decided_by,decided_on"]
    for row, column, was, becomes, *place in rulings:
        file, sheet = place or ("终评.xlsx", "全部")
        lines.append(f'{file},{sheet},{row},{column},"{was}",{becomes},复核,王五,2020-12-01')
    if rulings:
        (year / "decisions.csv").write_text("\n".join(lines), "utf-8")


def read(year, *, rules=None, units=UNITS, aliases=ALIASES, scheme=SCHEME):
    """What ingest makes of the folder."""
    return ingest(
        year, scheme=scheme, units=units, aliases=aliases, rules=rules or Rules(), year=2020
    )


def faults(year, **facts):
    """The faults of a folder as text."""
    with pytest.raises(StudyError) as caught:
        read(year, **facts)
    return [str(fault) for fault in caught.value.faults]


def attempt(year):
    """What ingest makes of the folder, and its faults."""
    try:
        return read(year), ()
    except StudyError as error:
        return None, error.faults


def marks(table):
    """Scored marks of a long table."""
    scored = table[table["status"] == "scored"]
    return dict(
        zip(zip(scored["unit"], scored["indicator"], strict=True), scored["mark"], strict=True)
    )


def log(found):
    """Row, column, unit, indicator, was, becomes and rule of every decision."""
    columns = ["row", "column", "unit", "indicator", "was", "becomes", "rule"]
    return [tuple(row) for row in found.decisions[columns].itertuples(index=False)]


def aside(found):
    """Row, column, unit, indicator, was and settled of every cell set aside."""
    columns = ["row", "column", "unit", "indicator", "was", "settled"]
    return [tuple(row) for row in found.set_aside[columns].itertuples(index=False)]


def balance(found):
    """Cells in, scored and set aside by round; every scored one has its place in ``cells``."""
    scored = found.cells["round"].value_counts()
    assert scored.to_dict() == dict(zip(found.rows["round"], found.rows["scored"], strict=True))
    assert not found.cells.duplicated(["round", "file", "sheet", "row", "column"]).any()
    return {row[0]: row[1:] for row in found.rows.itertuples(index=False, name=None)}


# --- clean sheets ---------------------------------------------------------------------------


def test_clean_sheets_yield_no_decision(tmp_path):
    found = read(write(tmp_path, (WIDE, CLEAN)))
    assert marks(found.final) == MARKS
    assert found.decisions.empty
    assert found.set_aside.empty
    assert found.initial is None
    assert balance(found) == {"final": (9, 9, 0)}


def test_final_has_one_row_per_unit_and_leaf_in_their_order(tmp_path):
    found = read(write(tmp_path, (WIDE, CLEAN)))
    assert list(found.final.columns) == ["unit", "indicator", "mark", "status"]
    assert found.final["unit"].tolist() == [u for u in UNITS.index for _ in range(3)]
    assert found.final["indicator"].tolist() == ["H1.1", "H1.2", "S1"] * 3
    assert found.final["status"].tolist() == ["scored"] * 8 + ["not_applicable"]
    assert found.final["mark"].dtype == float


def test_empty_tables_keep_their_columns(tmp_path):
    found = read(write(tmp_path, (WIDE, CLEAN)))
    assert list(found.decisions) == (
        [
            "round",
            "file",
            "sheet",
            "row",
            "column",
            "unit",
            "indicator",
            "was",
            "becomes",
            "rule",
            "reason",
        ]
    )
    assert list(found.set_aside) == (
        ["round", "file", "sheet", "row", "column", "unit", "indicator", "was", "reason", "settled"]
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_every_usual_encoding(tmp_path, encoding):
    entry = {key: value for key, value in WIDE.items() if key != "sheet"} | {"file": "终评.csv"}
    year = write(tmp_path, (entry, CLEAN))
    path = year / "raw" / "终评.csv"
    path.write_bytes(path.read_text("gb18030").encode(encoding))
    found = read(year)
    assert marks(found.final) == MARKS
    assert found.decisions.empty


def test_two_rounds_are_kept_apart_and_the_first_may_be_incomplete(tmp_path):
    initial = WIDE | {"round": "initial", "file": "初评.xlsx"}
    found = read(write(tmp_path, (initial, [HEAD[:3], ["市民政局", 1, 1]]), (WIDE, CLEAN)))
    assert marks(found.final) == MARKS
    assert marks(found.initial) == {("u1", "H1.1"): 1.0, ("u1", "H1.2"): 1.0}
    assert found.initial["status"].tolist() == (
        ["scored"] * 2 + ["missing"] * 6 + ["not_applicable"]
    )
    assert balance(found) == {"initial": (2, 2, 0), "final": (9, 9, 0)}


def test_one_sheet_may_hold_both_rounds(tmp_path):
    rows = [
        ["单位名称", "初评首页", "H1.1"],
        ["市民政局 ", 1, 3],
        ["市卫健委", 2, 2],
        ["未知局", 3, 3],
    ]
    first = WIDE | {"round": "initial", "columns": {"初评首页": "H1.1"}, "ignore": ["H1.1"]}
    final = WIDE | {"ignore": ["初评首页"]}
    ruling = (4, "单位名称", "未知局", "u3")
    found = read(write(tmp_path, (first, rows), (final, rows), rulings=[ruling]))
    assert marks(found.initial) == {("u1", "H1.1"): 1, ("u2", "H1.1"): 2, ("u3", "H1.1"): 3}
    assert marks(found.final) == {("u1", "H1.1"): 3, ("u2", "H1.1"): 2, ("u3", "H1.1"): 3}
    assert found.decisions["rule"].tolist() == ["unit_form", "ruling"] * 2


def test_a_leaf_that_no_sheet_covers_comes_back_missing(tmp_path):
    found = read(write(tmp_path, (WIDE, [row[:3] for row in CLEAN[:3]])))
    missing = found.final[found.final["status"] == "missing"]
    assert missing[["unit", "indicator"]].to_numpy().tolist() == [
        ["u1", "S1"], ["u2", "S1"], ["u3", "H1.1"], ["u3", "H1.2"],
    ]  # fmt: skip


# --- headers --------------------------------------------------------------------------------


def test_two_header_rows_with_merges_and_a_title(tmp_path):
    rows = [
        ["2020年终评", None, None, None, None],
        ["序号", "单位名称", "健康情况", None, "办事服务"],
        [None, None, "首页\n可用", "链接可用 ", "Ｓ１"],
        *([i, *row] for i, row in enumerate(CLEAN[1:], start=1)),
    ]

    def merge(book):
        for area in ("A1:E1", "A2:A3", "B2:B3", "C2:D2"):
            book["全部"].merge_cells(area)

    entry = WIDE | {"title_rows": 1, "header_rows": 2, "ignore": ["序号"]}
    found = read(write(tmp_path, (entry, rows), finish=merge))
    assert marks(found.final) == MARKS
    assert found.decisions.empty


def test_headers_that_are_neither_code_nor_name_are_mapped(tmp_path):
    rows = edited({(1, 1): "首页可用率(3分)", (1, 3): "指南"})
    year = write(tmp_path, (WIDE | {"columns": {"首页可用率(3分)": "H1.1", "指南": "S1"}}, rows))
    assert marks(read(year).final) == MARKS


def test_an_unknown_column_is_a_fault(tmp_path):
    year = write(tmp_path, (WIDE, edited({(1, 3): "办事"})))
    assert faults(year) == [
        "2020/raw/终评.xlsx, sheet 全部, row 1, column 办事: unknown leaf '办事'; name it under "
        "columns or ignore in layout.yaml, or add a ruling to 2020/decisions.csv"
    ]


def test_an_unknown_column_may_be_dropped_by_a_ruling(tmp_path):
    rows = [[*row, extra] for row, extra in zip(CLEAN, ["旧指标", 1, 2, None], strict=True)]
    found = read(write(tmp_path, (WIDE, rows), rulings=[(1, "旧指标", "旧指标", "drop")]))
    assert marks(found.final) == MARKS
    assert log(found) == [(1, "旧指标", "", "", "旧指标", "drop", "ruling")]
    assert [row[0] for row in aside(found)] == [2, 3, 4]
    assert set(found.set_aside["settled"]) == {"ruling"}
    assert balance(found) == {"final": (12, 9, 3)}


def test_an_inner_node_is_no_leaf(tmp_path):
    rows = [[*row, 1] for row in CLEAN]
    rows[0][-1] = "健康情况"
    assert "column 健康情况: unknown leaf '健康情况'" in faults(write(tmp_path, (WIDE, rows)))[0]


def test_an_exact_code_wins_over_a_normal_form(tmp_path):
    close = Scheme.of(
        [Node("T", "", "总"), *(Node(c, "T", c, full_marks=1.0) for c in ("1-1", "11"))]
    )
    rows = [["单位名称", "1-1", "11"], ["市民政局", 1, 0]]
    found = read(write(tmp_path, (WIDE, rows)), scheme=close)
    assert marks(found.final) == {("u1", "1-1"): 1.0, ("u1", "11"): 0.0}
    rows[0][1] = "1—1"
    assert (
        "'1—1' names the leaves 1-1, 11" in faults(write(tmp_path, (WIDE, rows)), scheme=close)[0]
    )


def test_a_name_of_two_leaves_needs_the_code(tmp_path):
    twins = Scheme.of(
        [Node("T", "", "总"), *(Node(c, "T", "检索", full_marks=1.0) for c in ("a", "b"))]
    )
    rows = [["单位名称", "检索"], ["市民政局", 1]]
    year = write(tmp_path, (WIDE, rows))
    assert "column 检索: '检索' names the leaves a, b" in faults(year, scheme=twins)[0]
    year = write(tmp_path, (WIDE | {"columns": {"检索": "b"}}, rows))
    assert marks(read(year, scheme=twins).final) == {("u1", "b"): 1.0}


def test_missing_unit_column_and_unmapped_headers_are_faults(tmp_path):
    entry = WIDE | {"unit_column": "单位", "columns": {"H1.2": "H1"}}
    assert faults(write(tmp_path, (entry, CLEAN))) == [
        "2020/raw/layout.yaml, column columns: 'H1' is no leaf of scheme.csv (终评.xlsx 全部); "
        "write the code of a leaf",
        "2020/raw/终评.xlsx, sheet 全部, column 单位: no such column; correct layout.yaml; the "
        "headers read are 单位名称, 首页可用, H1.2, 办事指南",
    ]


def test_a_column_without_header_and_a_header_that_stands_twice(tmp_path):
    rows = [[*row, None, row[1]] for row in CLEAN]
    rows[1][4] = "备忘"
    found = faults(write(tmp_path, (WIDE, rows)))
    assert "sheet 全部, column E: a column without a header holds data" in found[0]
    assert "column 首页可用: the header stands over the columns B and F" in found[1]


# --- units ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "name", "unit", "rule"),
    [
        (2, "市民政局\u3000", "u1", "unit_form"),
        (4, "广西—东盟开发区", "u3", "unit_form"),
        (4, "广西 东盟 开发区", "u3", "unit_form"),
        (3, "市卫生健康委", "u2", "unit_alias"),
        (3, "市卫生 健康委", "u2", "unit_alias"),
    ],
)
def test_names_in_other_forms_are_logged(tmp_path, row, name, unit, rule):
    found = read(write(tmp_path, (WIDE, edited({(row, 0): name}))))
    assert marks(found.final) == MARKS
    assert log(found) == [(row, "单位名称", unit, "", name, unit, rule)]
    assert found.decisions.loc[0, ["round", "file", "sheet"]].tolist() == [
        "final", "终评.xlsx", "全部",
    ]  # fmt: skip


def test_an_unknown_unit_is_a_fault_and_a_ruling_settles_it(tmp_path):
    rows = edited({(2, 0): "市民证局"})
    assert faults(write(tmp_path, (WIDE, rows))) == [
        "2020/raw/终评.xlsx, sheet 全部, row 2, column 单位名称: unknown unit '市民证局'; add the "
        "name to units.csv or aliases.csv with its dates, or a ruling to 2020/decisions.csv"
    ]
    found = read(write(tmp_path, (WIDE, rows), rulings=[(2, "单位名称", "市民证局", "u1")]))
    assert marks(found.final) == MARKS
    assert log(found) == [(2, "单位名称", "u1", "", "市民证局", "u1", "ruling")]
    assert found.decisions["reason"].tolist() == ["复核"]


def test_a_line_of_an_unknown_unit_may_be_dropped(tmp_path):
    rows = [*CLEAN, ["市林业局", 1, 1, "待定"]]
    found = read(write(tmp_path, (WIDE, rows), rulings=[(5, "单位名称", "市林业局", "drop")]))
    assert marks(found.final) == MARKS
    assert log(found) == [(5, "单位名称", "", "", "市林业局", "drop", "ruling")]
    assert aside(found) == [
        (5, "首页可用", "", "H1.1", "1", "ruling"),
        (5, "H1.2", "", "H1.2", "1", "ruling"),
        (5, "办事指南", "", "S1", "待定", "ruling"),
    ]
    assert balance(found) == {"final": (12, 9, 3)}


def test_a_line_without_a_unit_is_a_fault(tmp_path):
    year = write(tmp_path, (WIDE, [*CLEAN, [None, 1, None, None]]))
    assert "row 5, column 单位名称: no unit name; add" in faults(year)[0]


def test_the_wrong_one_of_two_equal_names_is_given_its_unit(tmp_path):
    rows = edited({(3, 0): "市民政局"})
    year = write(tmp_path, (WIDE, rows))
    assert len(faults(year)) == 3
    found = read(write(tmp_path, (WIDE, rows), rulings=[(3, "单位名称", "市民政局", "u2")]))
    assert marks(found.final) == MARKS
    assert log(found) == [(3, "单位名称", "u2", "", "市民政局", "u2", "ruling")]


def test_a_line_given_to_a_unit_of_another_class_is_read_by_that_class(tmp_path):
    rows = edited({(4, 0): "市民政局"})
    found = read(write(tmp_path, (WIDE, rows), rulings=[(4, "单位名称", "市民政局", "u3")]))
    assert marks(found.final) == MARKS


# --- marks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "value", "becomes", "rule"),
    [
        ((2, 1), "3.0 ", "3", "number_form"),
        ((2, 1), "３", "3", "number_form"),
        ((2, 1), "3分", "3", "number_form"),
        ((2, 1), "满分", "3", "full_marks_word"),
        ((2, 1), 3.0000000001, "3", "step_noise"),
        ((4, 3), "—", "not_applicable", "not_applicable_class"),
        ((4, 3), "/", "not_applicable", "not_applicable_class"),
        ((4, 3), " ", "not_applicable", "not_applicable_class"),
        ((4, 3), "不适用", "not_applicable", "not_applicable_word"),
    ],
)
def test_marks_in_other_forms_are_logged(tmp_path, place, value, becomes, rule):
    found = read(write(tmp_path, (WIDE, edited({place: value}))))
    unit, leaf = UNITS.index[place[0] - 2], SCHEME.leaves[place[1] - 1]
    assert marks(found.final) == MARKS
    was = str(value)
    assert log(found) == [(place[0], HEAD[place[1]], unit, leaf, was, becomes, rule)]


def test_not_applicable_where_the_leaf_applies_is_taken_at_its_word(tmp_path):
    found = read(write(tmp_path, (WIDE, edited({(2, 3): "不适用"}))))
    assert marks(found.final) == {k: v for k, v in MARKS.items() if k != ("u1", "S1")}
    assert found.final["status"].tolist().count("not_applicable") == 2


@pytest.mark.parametrize(
    ("place", "value", "problem", "becomes"),
    [
        ((2, 1), None, "blank, but the leaf applies to the unit", "3"),
        ((2, 1), "—", "'—', but the leaf applies to the unit", "3"),
        ((2, 1), "/", "'/', but the leaf applies to the unit", "3"),
        ((2, 1), 3.5, "mark 3.5 is outside 0 to 3", "3"),
        ((2, 1), -3, "mark -3 is outside 0 to 3", "3"),
        ((2, 1), 2.75, "2.75 is off the step 0.5", "3"),
        ((2, 1), "优", "'优' is no number", "3"),
        ((4, 3), 2, "'2', but the leaf does not apply to the unit's class", "not_applicable"),
    ],
)
def test_what_no_rule_decides_waits_for_a_ruling(tmp_path, place, value, problem, becomes):
    rows, column = edited({place: value}), HEAD[place[1]]
    unit, leaf = UNITS.index[place[0] - 2], SCHEME.leaves[place[1] - 1]
    assert faults(write(tmp_path, (WIDE, rows))) == [
        f"2020/raw/终评.xlsx, sheet 全部, row {place[0]}, column {column}: {problem} "
        f"({unit}/{leaf}); add a ruling to 2020/decisions.csv"
    ]
    was = "" if value is None else str(value)
    found = read(write(tmp_path, (WIDE, rows), rulings=[(place[0], column, was, becomes)]))
    assert marks(found.final) == MARKS
    assert log(found) == [(place[0], column, unit, leaf, was, becomes, "ruling")]
    assert balance(found) == {"final": (9, 9, 0)}


def test_a_ruling_may_drop_a_cell_or_call_it_missing(tmp_path):
    rows = edited({(2, 1): "优", (3, 1): "优"})
    ruled = [(2, "首页可用", "优", "drop"), (3, "首页可用", "优", "missing")]
    found = read(write(tmp_path, (WIDE, rows), rulings=ruled))
    assert found.final["status"].tolist().count("missing") == 2
    assert aside(found) == [(2, "首页可用", "u1", "H1.1", "优", "ruling")]
    assert [row[5] for row in log(found)] == ["drop", "missing"]
    assert balance(found) == {"final": (9, 8, 1)}


def test_a_blank_is_missing_where_the_rules_provide_for_it(tmp_path):
    year = write(tmp_path, (WIDE, edited({(2, 1): None, (3, 1): "—"})))
    assert len(faults(year, rules=Rules(missing="zero"))) == 1
    year = write(tmp_path, (WIDE, edited({(2, 1): None})))
    found = read(year, rules=Rules(missing="zero"))
    assert found.decisions.empty
    assert found.final["status"].tolist()[0] == "missing"


def test_undecided_cells_of_the_initial_round_are_faults_too(tmp_path):
    initial = WIDE | {"round": "initial", "file": "初评.xlsx"}
    year = write(tmp_path, (initial, edited({(2, 1): "—", (2, 2): None})), (WIDE, CLEAN))
    assert [fault.split(":")[0] for fault in faults(year)] == [
        "2020/raw/初评.xlsx, sheet 全部, row 2, column H1.2",
        "2020/raw/初评.xlsx, sheet 全部, row 2, column 首页可用",
    ]


def test_all_faults_come_at_once(tmp_path):
    year = write(tmp_path, (WIDE, edited({(2, 0): "某局", (3, 1): 9, (4, 3): 1})))
    assert [fault.split(",")[2] for fault in faults(year)] == [" row 2", " row 3", " row 4"]


def test_codes_stay_text(tmp_path):
    units = UNITS.rename(index={"u1": "0010"})
    found = read(write(tmp_path, (WIDE, edited({(2, 0): "0010"}))), units=units)
    assert found.decisions.empty
    assert marks(found.final)["0010", "H1.1"] == 3.0
    assert (
        "unknown unit '10'" in faults(write(tmp_path, (WIDE, edited({(2, 0): 10}))), units=units)[0]
    )


# --- deduction sheets -----------------------------------------------------------------------

LOST = WIDE | {"kind": "deduction"}
DEDUCTIONS = [
    HEAD,
    ["市民政局", 0, 0.4, 0.5],
    ["市卫健委", 0.5, 2, 5],
    ["广西-东盟开发区", 3, 0, None],
]


def test_deductions_become_exact_marks(tmp_path):
    found = read(write(tmp_path, (LOST, DEDUCTIONS)))
    assert found.decisions.empty
    assert found.final["mark"].tolist()[:8] == [3.0, 1.6, 4.5, 2.5, 0.0, 0.0, 0.0, 2.0]
    assert all(
        Decimal(repr(mark)) == Decimal(repr(round(mark, 1))) for mark in found.final["mark"][:8]
    )


@pytest.mark.parametrize(
    ("value", "steps", "mark"),
    [
        (-0.4, [("-0.4", "0.4", "deduction_sign")], 1.6),
        (2.5, [("2.5", "2", "deduction_cap")], 0.0),
        ("0.4分", [("0.4分", "0.4", "number_form")], 1.6),
        (0.30000000001, [("0.30000000001", "0.3", "step_noise")], 1.7),
        ("满分", [("满分", "0", "full_marks_word")], 2.0),
        ("-3分", [
            ("-3分", "-3", "number_form"), ("-3", "3", "deduction_sign"), ("3", "2", "deduction_cap"),
        ], 0.0),
    ],
)  # fmt: skip
def test_decisions_on_deductions_speak_in_points_lost(tmp_path, value, steps, mark):
    found = read(write(tmp_path, (LOST, edited({(2, 2): value}, DEDUCTIONS))))
    assert marks(found.final)["u1", "H1.2"] == mark
    assert [row[4:] for row in log(found)] == steps


def test_a_ruling_on_a_deduction_is_in_points_lost(tmp_path):
    rows = edited({(2, 2): "—"}, DEDUCTIONS)
    found = read(write(tmp_path, (LOST, rows), rulings=[(2, "H1.2", "—", "0.4")]))
    assert marks(found.final)["u1", "H1.2"] == 1.6


# --- rows that are not counted --------------------------------------------------------------


def test_rows_of_totals_are_set_aside_cell_by_cell(tmp_path):
    rows = [*CLEAN[:3], ["小 计", 5.5, 3.9, 9.5], CLEAN[3], ["平均分", 2, 1.3, None]]
    found = read(write(tmp_path, (WIDE, rows)))
    assert marks(found.final) == MARKS
    assert log(found) == [
        (4, "单位名称", "", "", "小 计", "set_aside", "subtotal_row"),
        (6, "单位名称", "", "", "平均分", "set_aside", "subtotal_row"),
    ]
    assert [(row[0], row[1], row[4], row[5]) for row in aside(found)] == [
        (4, "首页可用", "5.5", "rule"), (4, "H1.2", "3.9", "rule"), (4, "办事指南", "9.5", "rule"),
        (6, "首页可用", "2", "rule"), (6, "H1.2", "1.3", "rule"), (6, "办事指南", "", "rule"),
    ]  # fmt: skip
    assert balance(found) == {"final": (15, 9, 6)}


def test_a_row_of_totals_is_seen_beside_or_under_a_merge(tmp_path):
    rows = [["序号", *row] for row in CLEAN]
    rows[0][0] = "序号"
    rows += [["合计", None, 5.5, 3.9, 9.5], ["总计", None, 5.5, 3.9, 9.5]]
    entry = WIDE | {"ignore": ["序号"]}
    found = read(write(tmp_path, (entry, rows), finish=lambda b: b["全部"].merge_cells("A6:B6")))
    assert [(row[0], row[1], row[4]) for row in log(found)] == [
        (5, "序号", "合计"), (6, "单位名称", "总计"),
    ]  # fmt: skip


def test_an_identical_repeat_is_set_aside(tmp_path):
    found = read(write(tmp_path, (WIDE, [*CLEAN, ["市民政局", "3.0", 1.9, 5]])))
    assert marks(found.final) == MARKS
    assert log(found) == [(5, "单位名称", "u1", "", "市民政局", "set_aside", "duplicate_row")]
    assert [row[:5] for row in aside(found)] == [
        (5, "首页可用", "u1", "H1.1", "3.0"), (5, "H1.2", "u1", "H1.2", "1.9"),
        (5, "办事指南", "u1", "S1", "5"),
    ]  # fmt: skip
    assert balance(found) == {"final": (12, 9, 3)}


def test_a_supplement_may_repeat_single_cells(tmp_path):
    more = WIDE | {"sheet": "补充"}
    rows = [["单位名称", "S1", "H1.1"], ["市民政局", 5, 3], ["市卫健委", 4.5, None]]
    year = write(tmp_path, (WIDE, [row[:3] for row in CLEAN]), (more, rows))
    assert "blank, but the leaf applies" in faults(year)[0]
    rows = [["单位名称", "S1", "H1.1"], ["市民政局", 5, 3], ["市卫健委", 4.5, 2.5]]
    found = read(write(tmp_path, (WIDE, [row[:3] for row in CLEAN]), (more, rows)))
    assert marks(found.final) == MARKS
    assert log(found) == [
        (2, "H1.1", "u1", "H1.1", "3", "set_aside", "duplicate_row"),
        (3, "H1.1", "u2", "H1.1", "2.5", "set_aside", "duplicate_row"),
    ]
    assert balance(found) == {"final": (10, 8, 2)}


def test_two_marks_for_one_cell_are_a_fault(tmp_path):
    year = write(tmp_path, (WIDE, [*CLEAN, ["市民政局", 2, 1.9, 5]]))
    assert faults(year) == [
        "2020/raw/终评.xlsx, sheet 全部, row 5, column 首页可用: two marks of u1/H1.1: 2 here, 3 in "
        "终评.xlsx 全部 row 2 (u1/H1.1); add a ruling to 2020/decisions.csv"
    ]


@pytest.mark.parametrize(
    ("ruling", "mark"),
    [
        ((5, "首页可用", "2", "drop"), 3.0),
        ((2, "首页可用", "3", "drop"), 2.0),
        ((5, "首页可用", "2", "3"), 3.0),
        ((5, "单位名称", "市民政局", "drop"), 3.0),
        ((2, "单位名称", "市民政局", "drop"), 2.0),
    ],
)
def test_two_marks_are_settled_by_ruling_on_either(tmp_path, ruling, mark):
    rows = [*CLEAN, ["市民政局", 2, 1.9, 5]]
    found = read(write(tmp_path, (WIDE, rows), rulings=[ruling]))
    assert marks(found.final) == MARKS | {("u1", "H1.1"): mark}
    assert balance(found) == {"final": (12, 9, 3)}


def test_a_hidden_row_is_set_aside_only_where_it_repeats(tmp_path):
    def hide(*rows):
        def finish(book):
            for row in rows:
                book["全部"].row_dimensions[row].hidden = True

        return finish

    found = read(write(tmp_path, (WIDE, CLEAN), finish=hide(2)))
    assert marks(found.final) == MARKS
    assert found.decisions.empty
    twice = [*CLEAN, CLEAN[1]]
    found = read(write(tmp_path, (WIDE, twice), finish=hide(2)))
    assert marks(found.final) == MARKS
    assert log(found) == [(2, "单位名称", "u1", "", "市民政局", "set_aside", "hidden_row")]
    found = read(write(tmp_path, (WIDE, twice), finish=hide(5)))
    assert [(row[0], row[-1]) for row in log(found)] == [(5, "hidden_row")]
    found = read(write(tmp_path, (WIDE, twice), finish=hide(2, 5)))
    assert [(row[0], row[-1]) for row in log(found)] == [(5, "duplicate_row")]
    other = [*CLEAN, ["市民政局", 2, 1.9, 5]]
    assert "two marks of u1/H1.1" in faults(write(tmp_path, (WIDE, other), finish=hide(5)))[0]


def test_blank_rows_are_layout(tmp_path):
    rows = [*CLEAN[:2], [None] * 4, *CLEAN[2:], ["", " ", None, None]]
    assert balance(read(write(tmp_path, (WIDE, rows)))) == {"final": (9, 9, 0)}


# --- long sheets ----------------------------------------------------------------------------

LONG = {
    "file": "终评.xlsx", "sheet": "扣分", "round": "final", "kind": "deduction", "shape": "long",
    "unit_column": "单位", "leaf_column": "测评指标", "mark_column": "扣分",
    "ignore": ["一级指标", "失分原因"],
}  # fmt: skip
LONG_ROWS = [
    ["单位", "一级指标", "测评指标", "扣分", "失分原因"],
    ["市民政局", "健康情况", None, None, None],
    [None, "健康情况", "首页可用", 0.5, "打不开"],
    [None, "健康情况", "H1.2", 0.4, None],
    [None, "办事服务", "办事指南", 0, None],
    [None, "小计", None, 0.9, None],
    ["市卫生健康委", "健康情况", "首页可用", 0, None],
    [None, "健康情况", "链接可用", 2, None],
    [None, "办事服务", "办事指南", 5, None],
]


def merge_units(book):
    book["扣分"].merge_cells("A2:A6")
    book["扣分"].merge_cells("A7:A9")


def test_long_sheets_with_merged_units(tmp_path):
    found = read(write(tmp_path, (LONG, LONG_ROWS), finish=merge_units))
    assert marks(found.final) == {
        ("u1", "H1.1"): 2.5, ("u1", "H1.2"): 1.6, ("u1", "S1"): 5.0,
        ("u2", "H1.1"): 3.0, ("u2", "H1.2"): 0.0, ("u2", "S1"): 0.0,
    }  # fmt: skip
    fill = [(row, "单位", "u1", "", "", "u1", "unit_fill") for row in (3, 4, 5)]
    assert log(found) == [
        *fill,
        (6, "一级指标", "", "", "小计", "set_aside", "subtotal_row"),
        (7, "单位", "u2", "", "市卫生健康委", "u2", "unit_alias"),
        *((row, "单位", "u2", "", "", "u2", "unit_fill") for row in (8, 9)),
    ]
    assert aside(found) == [(6, "扣分", "", "", "0.9", "rule")]
    assert balance(found) == {"final": (7, 6, 1)}


def test_long_sheets_without_merges_do_not_guess_the_unit(tmp_path):
    found = faults(write(tmp_path, (LONG, LONG_ROWS)))
    assert len(found) == 5
    assert all("column 单位: no unit name" in fault for fault in found)


def test_a_long_sheet_of_one_unit(tmp_path):
    entry = {k: v for k, v in LONG.items() if k != "unit_column"} | {"unit": "市卫生健康委"}
    rows = [row[1:] for row in LONG_ROWS[:6]]
    found = read(write(tmp_path, (entry, rows)))
    assert marks(found.final) == {("u2", "H1.1"): 2.5, ("u2", "H1.2"): 1.6, ("u2", "S1"): 5.0}
    assert log(found) == [(6, "一级指标", "", "", "小计", "set_aside", "subtotal_row")]
    year = write(tmp_path, (entry | {"unit": "某局"}, rows))
    assert faults(year) == [
        "2020/raw/layout.yaml, column unit: unknown unit '某局' for 终评.xlsx 扣分; write the unit as "
        "in units.csv or aliases.csv"
    ]


def test_long_leaves_are_faults_until_ruled_or_mapped(tmp_path):
    rows = [
        LONG_ROWS[0],
        ["市民政局", None, "(无二级)", 1, None],
        ["市民政局", None, None, 1, None],
    ]
    found = faults(write(tmp_path, (LONG, rows)))
    assert "row 2, column 测评指标: unknown leaf '(无二级)'; name it under" in found[0]
    assert "row 3, column 测评指标: no leaf named; name it under" in found[1]
    place = ("终评.xlsx", "扣分")
    ruled = [(2, "测评指标", "(无二级)", "H1.1", *place), (3, "测评指标", "", "drop", *place)]
    found = read(write(tmp_path, (LONG, rows), rulings=ruled))
    assert marks(found.final) == {("u1", "H1.1"): 2.0}
    assert log(found) == [
        (2, "测评指标", "", "H1.1", "(无二级)", "H1.1", "ruling"),
        (3, "测评指标", "", "", "", "drop", "ruling"),
    ]
    assert aside(found) == [(3, "扣分", "u1", "", "1", "ruling")]
    (tmp_path / "2020" / "decisions.csv").unlink()
    mapped = LONG | {"columns": {"(无二级)": "S1"}}
    assert marks(read(write(tmp_path, (mapped, rows[:2]))).final) == {("u1", "S1"): 4.0}


def test_a_merged_leaf_is_not_filled(tmp_path):
    rows = [LONG_ROWS[0], ["市民政局", None, "H1.1", 1, None], ["市卫健委", None, None, 1, None]]
    year = write(tmp_path, (LONG, rows), finish=lambda book: book["扣分"].merge_cells("C2:C3"))
    assert "row 3, column 测评指标: no leaf named" in faults(year)[0]


def test_long_sheets_refuse_columns_without_a_part(tmp_path):
    year = write(tmp_path, (LONG | {"ignore": ["一级指标"]}, LONG_ROWS), finish=merge_units)
    assert faults(year) == [
        "2020/raw/终评.xlsx, sheet 扣分, row 1, column 失分原因: unknown column; list it under ignore "
        "in layout.yaml"
    ]


def test_repeated_long_rows_are_logged_at_the_mark(tmp_path):
    rows = [LONG_ROWS[0], *[["市民政局", None, "H1.1", 1, None]] * 2]
    found = read(write(tmp_path, (LONG, rows)))
    assert log(found) == [(3, "扣分", "u1", "H1.1", "1", "set_aside", "duplicate_row")]
    assert balance(found) == {"final": (2, 1, 1)}


# --- files ----------------------------------------------------------------------------------


def test_a_formula_needs_a_stored_value(tmp_path):
    rows = edited({(2, 1): "=1+2"})
    year = write(tmp_path, (WIDE, rows))
    assert "row 2, column 首页可用: the formula '=1+2' has no stored value" in faults(year)[0]
    found = read(write(tmp_path, (WIDE, rows), rulings=[(2, "首页可用", "=1+2", "3")]))
    assert marks(found.final) == MARKS


def test_formulas_with_values_are_read_and_with_errors_refused(tmp_path):
    year = write(tmp_path, (WIDE, CLEAN))
    book = xlsxwriter.Workbook(year / "raw" / "终评.xlsx")
    sheet = book.add_worksheet("全部")
    for number, row in enumerate(CLEAN):
        sheet.write_row(number, 0, row)
    sheet.write_formula(1, 1, "=1+2", None, 3)
    book.close()
    found = read(year)
    assert marks(found.final) == MARKS
    assert found.decisions.empty
    book = xlsxwriter.Workbook(year / "raw" / "终评.xlsx")
    sheet = book.add_worksheet("全部")
    for number, row in enumerate(CLEAN):
        sheet.write_row(number, 0, row)
    sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
    sheet.write_formula(5, 0, '="a"', None, "")
    book.close()
    found = faults(year)
    assert "row 2, column 首页可用: the formula '=1/0' has no stored value" in found[0]


def test_unreadable_files_and_sheets_are_faults_all_at_once(tmp_path):
    year = write(tmp_path, (WIDE, CLEAN), (WIDE | {"sheet": "空"}, []))
    raw = year / "raw"
    (raw / "坏.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    (raw / "坏.csv").write_bytes(b"\xff\xfe\xff\xff\x80")
    (raw / "空.csv").write_bytes(b"")
    more = [{"file": "坏.xlsx"}, {"file": "无.xlsx"}, {"sheet": "无"}, {"sheet": "空"}]
    entries = [WIDE | place for place in more]
    plain = {key: value for key, value in WIDE.items() if key != "sheet"}
    write_layout(tmp_path, WIDE, *entries, *(plain | {"file": f} for f in ("坏.csv", "空.csv")))
    found = faults(year)
    assert [fault.split(":")[0] for fault in found] == [
        "2020/raw/坏.csv", "2020/raw/坏.xlsx", "2020/raw/无.xlsx", "2020/raw/空.csv",
        "2020/raw/终评.xlsx, sheet 无", "2020/raw/终评.xlsx, sheet 空",
    ]  # fmt: skip
    for text, fault in zip(
        ["neither utf-8 nor gb18030", "the workbook cannot be opened (", "the file is missing",
         "the file is empty", "no sheet '无'; correct layout.yaml; the file has Sheet, 全部, 空", "the sheet is empty"],
        found, strict=True,
    ):  # fmt: skip
        assert text in fault


def test_a_workbook_with_a_damaged_part_is_a_fault(tmp_path):
    year = write(tmp_path, (WIDE, CLEAN))
    path = year / "raw" / "终评.xlsx"
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    for name in ("xl/styles.xml", "xl/worksheets/sheet2.xml"):
        with zipfile.ZipFile(path, "w") as book:
            for part, data in parts.items():
                book.writestr(part, data[: len(data) // 2] if part == name else data)
        assert "the workbook cannot be opened" in faults(year)[0], name


def test_a_truncated_workbook_is_a_fault(tmp_path):
    year = write(tmp_path, (WIDE, CLEAN))
    path = year / "raw" / "终评.xlsx"
    path.write_bytes(path.read_bytes()[:-200])
    assert "the workbook cannot be opened" in faults(year)[0]


# --- layout.yaml ----------------------------------------------------------------------------


def test_layout_is_read(tmp_path):
    layout = read_layout(write_layout(tmp_path, WIDE, LONG))
    assert [entry.shape for entry in layout.sheets] == ["wide", "long"]
    assert layout.sheets[0].header_rows == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"sheet": ""}, "终评.xlsx needs a sheet"),
        ({"file": "终评.csv"}, "终评.csv needs no sheet"),
        ({"file": "终评.xls"}, "终评.xls is neither .xlsx nor .csv"),
        ({"unit_column": ""}, "give either `unit_column` or `unit`"),
        ({"unit": "市民政局"}, "give either `unit_column` or `unit`"),
        ({"leaf_column": "指标"}, "a wide sheet has one column per leaf"),
        ({"shape": "long"}, "a long sheet has a leaf and a mark column"),
        ({"round": "second"}, "sheets.0.round: 'second' is not allowed"),
        ({"headers": 2}, "sheets.0.headers: unknown key"),
        ({"title_rows": -1}, "sheets.0.title_rows: -1 is below 0"),
        ({"columns": {"甲": 10}}, "sheets.0.columns.甲: no text; write it"),
    ],
)
def test_faults_of_the_layout(tmp_path, change, problem):
    with pytest.raises(StudyError) as caught:
        read_layout(write_layout(tmp_path, WIDE | change))
    assert any(problem in str(fault) for fault in caught.value.faults)
    assert {fault.file for fault in caught.value.faults} == {"2020/raw/layout.yaml"}


def test_layout_must_exist_and_name_each_sheet_once(tmp_path):
    with pytest.raises(StudyError, match=r"2020/raw/layout.yaml: the file is missing; describe"):
        read_layout(tmp_path / "2020" / "raw" / "layout.yaml")
    with pytest.raises(StudyError, match=r"the final round lists 终评.xlsx 全部 twice; keep one"):
        read_layout(write_layout(tmp_path, WIDE, WIDE))
    with pytest.raises(StudyError, match=r"column sheets: Tuple should have at least 1 item"):
        read_layout(write_layout(tmp_path))


# --- rulings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ruling", "problem"),
    [
        (
            (2, "首页可用", "3", "2"),
            "the rules settle this cell without a ruling; remove the ruling",
        ),
        ((2, "单位名称", "市民政局", "u2"), "the rules settle this cell without a ruling"),
        ((2, "单位名称", "市民政局", "drop"), "the rules settle this cell without a ruling"),
        ((1, "首页可用", "首页可用", "drop"), "the rules settle this cell without a ruling"),
        ((2, "首页可用", "2", "3"), "the cell shows '3', not '2'; rule on it again"),
        ((9, "首页可用", "3", "2"), "no such cell is read; correct its place"),
        ((2, "首页", "3", "2"), "no such cell is read"),
    ],
)
def test_rulings_that_no_cell_needs_or_that_are_stale(tmp_path, ruling, problem):
    found = faults(write(tmp_path, (WIDE, CLEAN), rulings=[ruling]))
    assert len(found) == 1
    assert found[0].startswith(f"2020/decisions.csv, row 2: {problem}")


@pytest.mark.parametrize(
    ("becomes", "problem"),
    [
        ("4", "it cannot become '4': mark 4 is outside 0 to 3; correct the ruling"),
        ("2.7", "it cannot become '2.7': 2.7 is off the step 0.5"),
        ("优", "it cannot become '优': '优' is no number"),
        (
            "满分",
            "it cannot become '满分': neither a plain number, not_applicable, missing nor drop",
        ),
    ],
)
def test_a_ruling_keeps_to_the_scheme(tmp_path, becomes, problem):
    year = write(tmp_path, (WIDE, edited({(2, 1): "?"})), rulings=[(2, "首页可用", "?", becomes)])
    found = faults(year)
    assert len(found) == 2
    assert found[0].startswith(f"2020/decisions.csv, row 2: {problem}")
    assert "'?' is no number" in found[1]


def test_a_ruling_cannot_mark_a_leaf_of_another_class(tmp_path):
    year = write(tmp_path, (WIDE, edited({(4, 3): 2})), rulings=[(4, "办事指南", "2", "1")])
    assert "it cannot become '1': '1', but the leaf does not apply" in faults(year)[0]


def test_a_ruling_on_a_line_or_leaf_names_one_or_drops_it(tmp_path):
    rows = edited({(2, 0): "某局", (1, 3): "某项"})
    ruled = [(2, "单位名称", "某局", "u9"), (1, "某项", "某项", "S")]
    found = faults(write(tmp_path, (WIDE, rows), rulings=ruled))
    assert "row 2: it cannot become 'u9': neither a unit id nor drop; correct" in found[0]
    assert "row 3: it cannot become 'S': neither the code of a leaf nor drop; correct" in found[1]
    assert len(found) == 4


def test_a_ruling_that_settles_only_one_of_several_problems_leaves_the_others(tmp_path):
    rows = edited({(2, 1): "?", (2, 2): "?"})
    found = faults(write(tmp_path, (WIDE, rows), rulings=[(2, "首页可用", "?", "3")]))
    assert len(found) == 1
    assert "column H1.2: '?' is no number" in found[0]


def test_a_line_drop_leaves_rulings_on_its_cells_without_need(tmp_path):
    rows = [*CLEAN, ["某局", "?", 1, 1]]
    ruled = [(5, "单位名称", "某局", "drop"), (5, "首页可用", "?", "1")]
    found = faults(write(tmp_path, (WIDE, rows), rulings=ruled))
    assert found == [
        "2020/decisions.csv, row 3: the rules settle this cell without a ruling; remove the ruling"
    ]


def test_cells_of_a_line_that_got_its_unit_by_ruling_may_be_ruled_on_too(tmp_path):
    rows = edited({(2, 0): "某局", (2, 1): "?"})
    ruled = [(2, "单位名称", "某局", "u1"), (2, "首页可用", "?", "3")]
    found = read(write(tmp_path, (WIDE, rows), rulings=ruled))
    assert marks(found.final) == MARKS
    assert [row[-1] for row in log(found)] == ["ruling", "ruling"]


def test_rulings_name_headers_in_any_form(tmp_path):
    rows = edited({(1, 1): "首页\n可用", (2, 1): "?"})
    found = read(write(tmp_path, (WIDE, rows), rulings=[(2, "首页可用", "?", "3")]))
    assert marks(found.final) == MARKS


def test_rulings_are_checked_as_a_table(tmp_path):
    year = write(tmp_path, (WIDE, edited({(2, 1): "?"})), rulings=[(2, "首页可用", "?", "3")] * 2)
    assert faults(year) == [
        "2020/decisions.csv, row 3: row 2 already rules on this cell; keep one of the two"
    ]
    path = year / "decisions.csv"
    text = path.read_text("utf-8")
    path.write_text(text.replace(",2,首页", ",二,首页").replace("2020-12-01", "昨天"), "utf-8")
    found = faults(year)
    assert "2020/decisions.csv, row 2, column decided_on: '昨天' is no date" in found[0]
    assert "2020/decisions.csv, row 2, column row: '二' is no whole number" in found[1]


def test_rulings_on_an_unread_sheet_are_not_called_stale(tmp_path):
    year = write(tmp_path, (WIDE, CLEAN), rulings=[(2, "首页可用", "?", "3")])
    (year / "raw" / "终评.xlsx").unlink()
    assert faults(year) == [
        "2020/raw/终评.xlsx: the file is missing; add the file or remove it from layout.yaml"
    ]


# --- properties -----------------------------------------------------------------------------

KEPT = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def studies(draw):
    """A random scheme, units with classes, and steps of marks within 0 to full marks."""
    leaves = []
    for number in range(draw(st.integers(1, 6))):
        step = draw(st.sampled_from([0.05, 0.1, 0.25, 0.5, 1.0]))
        full = float(Decimal(repr(step)) * draw(st.integers(1, 40)))
        classes = draw(st.sampled_from([(), ("A",), ("B",)]))
        leaves.append(
            Node(f"L{number}", "T", f"指标{number}", full_marks=full, step=step, classes=classes)
        )
    kinds = draw(st.lists(st.sampled_from("AB"), min_size=1, max_size=8))
    names = [f"市第{number}（直属）－中心 {number}局" for number in range(len(kinds))]
    index = pd.Index([f"u{number}" for number in range(len(kinds))], name="unit")
    units = pd.DataFrame({"name_zh": names, "name_en": "", "class": kinds}, index=index)
    scheme = Scheme.of([Node("T", "", "总"), *leaves])
    applies = scheme.applies(units["class"])
    given = {
        (unit, leaf.code): Decimal(repr(leaf.step))
        * draw(st.integers(0, round(leaf.full_marks / leaf.step)))
        for unit in units.index
        for leaf in leaves
        if applies.at[unit, leaf.code]
    }
    return scheme, units, given


def sheet_rows(scheme, units, given, *, names, cell):
    """A wide sheet of a study: names and cells written as the two functions say."""
    rows = [["单位名称", *(scheme.node(leaf).name_zh for leaf in scheme.leaves)]]
    for unit in units.index:
        values = [given.get((unit, leaf)) for leaf in scheme.leaves]
        rows.append([names(unit), *(None if v is None else cell(v) for v in values)])
    return rows


@KEPT
@given(studies(), st.sampled_from(["score", "deduction"]), st.sampled_from(["xlsx", "csv"]))
def test_a_clean_study_comes_back_unchanged(tmp_path, study, kind, suffix):
    scheme, units, given_marks = study
    full = {leaf: Decimal(repr(scheme.node(leaf).full_marks)) for leaf in scheme.leaves}
    cells = given_marks
    if kind == "deduction":
        cells = {(unit, leaf): full[leaf] - mark for (unit, leaf), mark in given_marks.items()}
    entry = WIDE | {"kind": kind, "file": f"终评.{suffix}"}
    if suffix == "csv":
        del entry["sheet"]
    rows = sheet_rows(
        scheme, units, cells, names=lambda unit: units.at[unit, "name_zh"], cell=float
    )
    found = read(write(tmp_path, (entry, rows)), scheme=scheme, units=units)
    assert marks(found.final) == {key: float(mark) for key, mark in given_marks.items()}
    assert found.decisions.empty
    assert found.set_aside.empty


NAME_FORMS = [
    lambda name: name,
    lambda name: name + "\u3000",
    lambda name: name.replace("（", "(").replace("）", ")"),
    lambda name: name.replace("－", "—"),
    lambda name: name.replace("－", ""),
    lambda name: name.replace(" ", ""),
    lambda name: "别名" + name,
    lambda name: name.translate({ord("0") + n: ord("０") + n for n in range(10)}),
]
CELL_FORMS = [
    float,
    str,
    lambda mark: f"{mark} ",
    lambda mark: f"{mark}分",
    lambda mark: str(mark).translate({ord("0") + n: ord("０") + n for n in range(10)}),
]


@KEPT
@given(studies(), st.data())
def test_any_mixture_of_forms_arrives_at_the_same_marks(tmp_path, study, data):
    scheme, units, given_marks = study
    aliases = pd.DataFrame(
        {"alias": ["别名" + name for name in units["name_zh"]], "unit": units.index}
    )
    rows = sheet_rows(
        scheme,
        units,
        given_marks,
        names=lambda unit: data.draw(st.sampled_from(NAME_FORMS))(units.at[unit, "name_zh"]),
        cell=lambda mark: data.draw(st.sampled_from(CELL_FORMS))(mark),
    )
    order = data.draw(st.permutations(range(1, len(rows))))
    year = write(tmp_path, (WIDE, [rows[0], *(rows[i] for i in order)]))
    found = read(year, scheme=scheme, units=units, aliases=aliases)
    assert marks(found.final) == {key: float(mark) for key, mark in given_marks.items()}
    assert found.set_aside.empty
    assert set(found.decisions["rule"]) <= {"unit_form", "unit_alias", "number_form"}
    for change in found.decisions.itertuples():
        sheet_cell = openpyxl.load_workbook(year / "raw" / change.file)[change.sheet]
        position = rows[0].index(change.column)
        assert str(sheet_cell.cell(change.row, position + 1).value) == change.was


ANYTHING = st.one_of(
    st.none(),
    st.sampled_from(
        ["—", "/", "不适用", "满分", "小计", "市民政局", "u2", " ", "2.0 ", "-1分", "#N/A"]
    ),
    st.floats(-2, 9).map(lambda x: round(x, 1)),
    st.text("0123456789.-分 甲", max_size=4),
    st.booleans(),
)
RULINGS = st.tuples(
    st.integers(1, 7),
    st.sampled_from(HEAD),
    st.sampled_from(["", "—", "/", "市民政局", "u2", "1"]),
    st.sampled_from(["1", "drop", "missing", "not_applicable", "u1", "u3", "H1.1"]),
)


@KEPT
@given(st.data(), st.sampled_from(["score", "deduction"]))
def test_whatever_sheets_hold_every_cell_is_kept_set_aside_or_named(tmp_path, data, kind):
    rows = edited({}, [*CLEAN, *data.draw(st.lists(st.sampled_from(CLEAN[1:]), max_size=3))])
    cell = st.tuples(st.integers(1, len(rows) - 1), st.integers(0, 3))
    for (row, column), value in data.draw(st.dictionaries(cell, ANYTHING, max_size=4)).items():
        rows[row][column] = value
    ruled = data.draw(st.lists(RULINGS, max_size=2))
    year = write(tmp_path, (WIDE | {"kind": kind}, rows), rulings=ruled)
    found, wrong = attempt(year)
    assert all(fault.file.startswith("2020/") and fault.remedy for fault in wrong)
    if not wrong:
        filled = [row for row in rows[1:] if any(str(x or "").strip() or x == 0 for x in row)]
        assert balance(found)["final"][0] == 3 * len(filled)
        assert len(found.final) == 9
    (year / "decisions.csv").unlink(missing_ok=True)


# --- the reconstructed sheets of Nanning ----------------------------------------------------

NANNING = Path(__file__).resolve().parents[1] / "data" / "nanning"
PLACE = ["round", "file", "sheet", "row", "column", "unit", "indicator", "was"]


@pytest.fixture(scope="module")
def nanning():
    """The years of the study, read from its raw sheets."""
    return read_study(NANNING).years


def by_place(table, *columns):
    """Those columns of a table by place; no place stands twice."""
    table = table.astype(str)
    values = zip(*(table[column] for column in columns), strict=True)
    found = dict(zip(table[PLACE].itertuples(index=False, name=None), values, strict=True))
    assert len(found) == len(table)
    return found


@pytest.mark.parametrize("year", [2019, 2020])
def test_ingest_finds_the_faults_of_nanning_and_no_others(nanning, year):
    put_in = pd.read_csv(NANNING / "faults.csv", dtype=str, keep_default_na=False)
    put_in = by_place(put_in[put_in["year"] == str(year)], "becomes", "rule")
    decisions = nanning[year].decisions.replace({"becomes": {"drop": "set_aside"}})
    logged = by_place(decisions, "becomes", "rule")
    aside = by_place(nanning[year].set_aside, "settled")
    assert logged.keys() | aside.keys() == put_in.keys()
    assert logged == {place: put_in[place] for place in logged}
    assert {put_in[place][0] for place in aside} == {"set_aside"}
    for place, (settled,) in aside.items():
        assert (put_in[place][1] == "ruling") == (settled == "ruling"), place
    alone = [place for place, (becomes, _) in put_in.items() if becomes == "set_aside"]
    columns = {"单位名称", "测评指标"}  # a row set aside as a whole is logged at the word that told
    assert {place for place in alone if place[4] not in columns} == aside.keys()


@pytest.mark.parametrize("year", [2019, 2020])
@pytest.mark.parametrize("name", ["final", "initial"])
def test_ingest_arrives_at_the_right_marks_of_nanning(nanning, year, name):
    types = {"unit": str, "indicator": str}
    answers = pd.read_csv(NANNING / "answers" / f"{year}_{name}.csv", dtype=types)
    marks_read = nanning[year].marks if name == "final" else nanning[year].initial
    index = ["unit", "indicator"]
    pd.testing.assert_frame_equal(
        marks_read.set_index(index), answers.set_index(index), check_dtype=False, rtol=0, atol=0
    )


def test_every_cell_of_nanning_is_scored_or_set_aside(nanning):
    for found in nanning.values():
        sums = found.rows.set_index("round")
        assert (sums["cells_in"] == sums["scored"] + sums["set_aside"]).all()
        assert sums["set_aside"].sum() == len(found.set_aside)
        assert set(sums.index) == {"final", "initial"}
