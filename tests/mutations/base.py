"""A small valid study with everything a study may have, as bytes by path."""

from __future__ import annotations

import io
from functools import cache

import openpyxl
import yaml

STUDY = """\
names: {zh: 试验, en: Trial}
provenance: observed
source: made for a test
groups:
  dept: {zh: 部门, en: department}
  zone: {zh: 开发区, en: zone}
classes:
  A: {zh: 有办事服务, en: with services}
  B: {zh: 无办事服务, en: without}
"""
UNITS = """\
unit,name_zh,name_en,group,class,valid_from,valid_to,ranked,recorded_on
001,市教育局,Education,dept,A,,,true,2018-01-05
002,市民政局,Civil Affairs,dept,A,,,TRUE,2018-01-05
003,市卫健委,Health,dept,A,2019-02-01,,,
004,市统计局,Statistics,dept,B,,,,
005,市文化局,Culture,dept,A,,2019-12-31,,
006,市文旅局,Culture and Tourism,dept,A,2020-01-01,,,
010,广西-东盟开发区,,zone,A,,,,
011,高新区,,zone,A,,,false,
"""
ALIASES = """\
alias,unit,valid_from,valid_to
市卫生健康委,003,2019-02-01,
东盟开发区,010,,
市卫计委,003,,2019-01-31
"""
SUCCESSIONS = """\
from_unit,to_unit,year,kind
005,006,2020,merge
,003,2019,founded
"""
SCHEME = """\
code,parent,name_zh,name_en,weight,full_marks,step,aggregation,classes,low,high,outside,source
T,,总,Total,,,,,,,,,
H,T,健康情况,Health,30,,,,,,,,自动扫描
1.1,H,链接可用,Links,,6,0.5,,,,,,
1.2,H,内容更新,Updates,,4,0.5,,,,,,
1.10,H,首页可用,Home page,,2,0.1,,,,,,
S,T,办事服务,Services,70,,,{mean},,,,,
S1,S,办事指南,Guides,40,5,0.5,,A,,,,
S2,S,互动交流,Dialogue,40,5,0.5,,,,,,
S3,S,响应秒数,Seconds,20,,,,,10,0,{outside},平台数据
"""
RULES = """\
# 与默认值不同的规则
decimals: 2
threshold: 80
top: 3
bonus:
  cap: 3
  gate: 60
penalty: {cap: 5}
bands:
  - {code: good, zh: 良好, en: good, at_least: 80}
  - {code: fair, zh: 一般, en: fair, at_least: 60}
improved: {by: score, within: dept, at_least: 1}
findings:
  late:
    zh: 答复迟
    en: answers late
    population: dept & A
"""
RULES_BEFORE = """\
missing: sibling_mean
not_applicable: within_parent
rank_on: exact
ties: dense
bonus: {cap: 2}
"""
LEAVES = ("1.1", "1.2", "1.10", "S1", "S2", "S3")
BEFORE = {
    "001": (5, 3.5, 1.8, 4, 4.5, 2.5),
    "002": (4.5, 3, 1.9, 3.5, 3, 4),
    "003": (3, 2.5, 1.2, 4.5, 4, 3.2),
    "004": (5.5, 2, 1.5, None, 3.5, 6),
    "005": (2, 1.5, 0.8, 2.5, "missing", 8.1),
    "010": (6, 4, 2, 5, 5, 1.5),
    "011": (4, 3, 1.1, 3, 2, 9),
}
NOW = {
    "001": (5.5, 3.5, 1.9, 4.5, 4.5, 2),
    "002": (5, 3, 1.7, 3.5, 3.5, 3),
    "003": (3.5, 3, 1.3, 4.5, 4.5, 3.5),
    "004": (5, 2.5, 1.6, None, 3, 5.5),
    "006": (2.5, 2, 0.9, 3, 2, 7),
    "010": (6, 4, 1.8, 5, 4.5, 1),
    "011": (4.5, 2.5, 1.2, 2.5, 2.5, 11.5),
}
FIRST = NOW | {
    "002": (4, 3, 1.7, 3, 3.5, 3),
    "006": (2, 2, 0.6, 2.5, 1.5, 7),
    "010": (6, 3.5, 1.8, 5, 4.5, 1),
}
FULL = dict(zip(LEAVES, (6, 4, 2, 5, 5), strict=False))
NAMES = {"001": "市教育局", "002": "市民政局", "003": "市卫生健康委", "004": "市统计局",
         "006": "市文旅局", "010": "广西—东盟开发区", "011": "高新区 "}  # fmt: skip
LAYOUT = [
    {"file": "终评.xlsx", "sheet": "健康情况", "round": "final", "kind": "deduction",
     "shape": "wide", "title_rows": 1, "header_rows": 2, "unit_column": "单位名称",
     "columns": {"链接": "1.1"}, "ignore": ["序号", "小计"]},
    {"file": "终评.xlsx", "sheet": "办事服务", "round": "final", "kind": "score",
     "shape": "wide", "unit_column": "单位名称", "ignore": ["备注"]},
    {"file": "响应.csv", "round": "final", "kind": "score", "shape": "long", "title_rows": 1,
     "unit_column": "单位", "leaf_column": "指标", "mark_column": "秒", "ignore": ["记录日期"]},
    {"file": "初评.xlsx", "sheet": "全部", "round": "initial", "kind": "score",
     "shape": "wide", "unit_column": "单位名称"},
    {"file": "补录.csv", "round": "final", "kind": "score", "shape": "long", "unit": "004",
     "leaf_column": "指标", "mark_column": "得分"},
]  # fmt: skip
DECISIONS = """\
file,sheet,row,column,was,becomes,reason,decided_by,decided_on
终评.xlsx,健康情况,5,内容更新,1.2,1,录入有误,复核组,2020-12-28
终评.xlsx,办事服务,6,互动交流,—,2,经评分人确认,复核组,2020-12-28
终评.xlsx,办事服务,9,单位名称,合计组,drop,不是单位,复核组,2020-12-28
"""
ADJUSTMENTS = """\
unit,kind,points,reason,source
001,bonus,2.5,创新案例,通报1
003,bonus,4,创新案例,通报2
004,penalty,1.5,答复超期,抽查
市文旅局,bonus,1,试点,通报3
011,veto,,首页无法访问,扫描
"""
FINDINGS = """\
unit,finding,value
001,late,false
002,late,true
003,late,true
006,late,not_applicable
"""
REVIEWS = """\
unit,indicator,reviewer,mark
001,1.1,first,5.5
001,1.1,second,5
002,S2,first,3.5
002,S2,second,4
"""
TOTALS = "unit,total,rank\n001,81.25,1\n002,77.5,2\n004,70,3\n010,66.04,4\n"


@cache
def base() -> dict[str, bytes]:
    """Every file of the valid study, by its path in the folder."""
    text = {
        "study.yaml": STUDY,
        "units.csv": UNITS,
        "aliases.csv": ALIASES,
        "successions.csv": SUCCESSIONS,
        "2018/totals.csv": TOTALS,
        "2019/scheme.csv": SCHEME.format(mean="geometric", outside="clip"),
        "2019/rules.yaml": RULES_BEFORE,
        "2019/marks.csv": _tidy(BEFORE),
        "2019/adjustments.csv": "unit,kind,points,reason,source\n002,bonus,1.5,试点,通报\n",
        "2020/scheme.csv": SCHEME.format(mean="", outside="keep"),
        "2020/rules.yaml": RULES,
        "2020/adjustments.csv": ADJUSTMENTS,
        "2020/findings.csv": FINDINGS,
        "2020/reviews.csv": REVIEWS,
        "2020/decisions.csv": DECISIONS,
        "2020/raw/layout.yaml": yaml.safe_dump({"sheets": LAYOUT}, allow_unicode=True),
    }
    files = {name: content.encode() for name, content in text.items()}
    files["2020/raw/响应.csv"] = _seconds().encode("gb18030")
    files["2020/raw/补录.csv"] = "指标,得分\n互动交流,3\n响应秒数,5.5\n".encode()
    files["2020/raw/终评.xlsx"] = _book({"健康情况": _lost(), "办事服务": _services()})
    files["2020/raw/初评.xlsx"] = _book({"全部": _first()})
    return files


def _tidy(marks):
    lines = ["unit,indicator,mark,status"]
    for unit, row in marks.items():
        for leaf, mark in zip(LEAVES, row, strict=True):
            said = (
                (",not_applicable" if mark is None else ",missing")
                if mark in (None, "missing")
                else f"{mark},"
            )
            lines.append(f"{unit},{leaf},{said}")
    return "\n".join(lines) + "\n"


def _lost():
    """Points lost, below a title and two header rows, with forms that a rule reads."""
    rows = [
        ["健康情况扣分表"],
        ["序号", "单位名称", "健康", None, None, "小计"],
        [None, None, "链接", "内容更新", "1.10"],
    ]
    for number, (unit, marks) in enumerate(NOW.items(), start=1):
        lost = [
            round(FULL[leaf] - mark, 1) for leaf, mark in zip(LEAVES[:3], marks[:3], strict=True)
        ]
        rows.append([number, NAMES[unit], *lost, round(sum(lost), 1)])
    rows[4][3] = 1.2  # ruled on
    rows[5][2] = "２.５分"
    rows[6][2] = -1
    rows.append(["", "合计", 1, 2, 3, 4])
    return rows


def _services():
    rows = [["单位名称", "S1", "互动交流", "备注"]]
    for unit, marks in NOW.items():
        own = marks[3:5] if unit != "004" else ("-", "")
        rows.append([NAMES[unit], *own, "" if unit != "010" else "满分"])
    rows[4][2] = 3  # repeated by 补录.csv
    rows[5][2] = "—"  # ruled on
    rows[6][1] = "满分"
    rows.append([NAMES["002"], *NOW["002"][3:5], "重复"])
    rows.insert(8, ["合计组", 1, 1, ""])
    return rows


def _first():
    rows = [["单位名称", *LEAVES[:2], "首页可用", *LEAVES[3:5], "响应秒数"]]
    return rows + [
        [NAMES[unit].strip(), *(mark for mark in marks)] for unit, marks in FIRST.items()
    ]


def _seconds():
    lines = ["平台导出,,,", "单位,指标,秒,记录日期"]
    lines += [f"{unit},S3,{marks[-1]},2020-11-30" for unit, marks in NOW.items() if unit != "004"]
    return "\n".join(lines) + "\n"


def _book(sheets) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if name == "健康情况":
            sheet.merge_cells("A1:F1")
            sheet.merge_cells("C2:E2")
        if name == "办事服务":
            sheet.row_dimensions[len(rows)].hidden = True
    book.save(out)
    return out.getvalue()
