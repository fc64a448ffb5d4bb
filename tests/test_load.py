"""The study contract: every fault is found, all at once, with place and remedy."""

import re

import pytest
from studies import MARKS, SCHEME, STUDY, UNITS, make_study

import evallib as ev


def faults_of(tmp_path, **files):
    return [str(fault) for fault in ev.inspect_study(make_study(tmp_path, files=files))[1]]


def test_a_valid_study_has_no_fault(tmp_path):
    study = ev.read_study(make_study(tmp_path))
    assert list(study.years) == [2020]
    assert study.years[2020].marks["status"].value_counts().to_dict() == {
        "scored": 15,
        "not_applicable": 1,
    }


SCHEME_HEAD = SCHEME.splitlines()[0]
CASES = {
    "cycle": (
        {"2020/scheme.csv": SCHEME.replace("D1,all,", "D1,a,")},
        r"scheme.csv, row 3, column parent: D1 is its own ancestor",
    ),
    "orphan": (
        {"2020/scheme.csv": SCHEME.replace("b,D1", "b,D9")},
        r"row 6, column parent: b hangs on 'D9', which is no code here",
    ),
    "duplicate code": (
        {"2020/scheme.csv": SCHEME + "a,D2,甲二,,,1,,,\n"},
        r"row 9, column code: the code a stands twice",
    ),
    "two roots": (
        {"2020/scheme.csv": SCHEME.replace("D2,all,", "D2,,")},
        r"row 4, column parent: D2 is a second root beside all",
    ),
    "no root": (
        {"2020/scheme.csv": SCHEME.replace("all,,", "all,D1,")},
        r"scheme.csv, column parent: no root",
    ),
    "weight not positive": (
        {"2020/scheme.csv": SCHEME.replace("甲项,Leaf a,,", "甲项,Leaf a,0,")},
        r"row 5, column weight: '0' is not above 0",
    ),
    "leaf with children": (
        {"2020/scheme.csv": SCHEME.replace("D1,all,一,One,,,", "D1,all,一,One,,10,")},
        r"row 3, column full_marks: D1 has children",
    ),
    "leaf without full marks": (
        {"2020/scheme.csv": SCHEME.replace("乙项,Leaf b,,4,0.5", "乙项,Leaf b,,,")},
        r"row 6, column full_marks: leaf b has neither full marks nor goalposts",
    ),
    "unknown aggregation": (
        {"2020/scheme.csv": SCHEME.replace("一,One,,,,,", "一,One,,,,mean,")},
        r"row 3, column aggregation: 'mean' is not allowed; write one of 'arithmetic'",
    ),
    "unknown class of a leaf": (
        {"2020/scheme.csv": SCHEME.replace("0.5,,A", "0.5,,C")},
        r"row 7, column classes: 'C' is not among the classes",
    ),
    "equal goalposts": (
        {"2020/scheme.csv": "code,parent,name_zh,weight,low,high\nr,,总,,,\nx,r,甲,1,2,2\n"},
        r"row 3, column high: the goalposts of x are equal",
    ),
    "goalposts without weight": (
        {"2020/scheme.csv": "code,parent,name_zh,low,high\nr,,总,,\nx,r,甲,0,2\n"},
        r"row 3, column weight: x has a leaf with goalposts below and no weight",
    ),
    "unknown column": (
        {"2020/scheme.csv": SCHEME.replace("full_marks", "fullmarks")},
        r"row 1, column fullmarks: unknown column; rename or remove it; known are code",
    ),
    "mark off its step": (
        {"2020/marks.csv": MARKS.replace("u1,a,6", "u1,a,5.3")},
        r"marks.csv, row 2, column mark: mark 5.3 of a is off its step 0.5",
    ),
    "mark outside": (
        {"2020/marks.csv": MARKS.replace("u1,a,6", "u1,a,7")},
        r"row 2, column mark: mark 7 of a is outside 0 to 6",
    ),
    "negative mark": (
        {"2020/marks.csv": MARKS.replace("u1,a,6", "u1,a,-1")},
        r"mark -1 of a is outside 0 to 6",
    ),
    "unknown unit": (
        {"2020/marks.csv": MARKS.replace("u1,a", "u9,a")},
        r"row 2, column unit: 'u9' is no unit of this year",
    ),
    "unknown indicator": (
        {"2020/marks.csv": MARKS.replace("u1,a", "u1,z")},
        r"row 2, column indicator: 'z' is not in scheme.csv",
    ),
    "mark of an inner node": (
        {"2020/marks.csv": MARKS.replace("u1,a", "u1,D1")},
        r"column indicator: 'D1' is an inner node",
    ),
    "duplicate mark": (
        {"2020/marks.csv": MARKS + "\nu1,a,5\n"},
        r"row 17, column mark: u1/a stands already in row 2",
    ),
    "text in a number column": (
        {"2020/marks.csv": MARKS.replace("u1,a,6", "u1,a,good")},
        r"row 2, column mark: 'good' is no number",
    ),
    "infinite mark": (
        {"2020/marks.csv": MARKS.replace("u1,a,6", "u1,a,inf")},
        r"row 2, column mark: 'inf' is no finite number",
    ),
    "status with a mark": (
        {"2020/marks.csv": "unit,indicator,mark,status\nu1,a,3,missing\n"},
        r"row 2, column status: a mark with status missing",
    ),
    "scored without mark": (
        {"2020/marks.csv": "unit,indicator,mark,status\nu1,a,,scored\n"},
        r"row 2, column mark: a is scored without a mark",
    ),
    "mark of another class": (
        {"2020/marks.csv": MARKS + "\nu3,c,1\n"},
        r"row 17, column mark: c does not apply to class B of u3",
    ),
    "missing mark": (
        {"2020/marks.csv": MARKS.replace("u1,a,6\n", "")},
        r"2020/marks.csv, column mark: u1 has no mark for a",
    ),
    "unit without marks": (
        {"2020/marks.csv": "\n".join(x for x in MARKS.splitlines() if "u4" not in x)},
        r"column unit: u4 has no mark at all",
    ),
    "year without scheme": ({"2020/scheme.csv": None}, r"2020/scheme.csv: the year has no scheme"),
    "neither marks nor raw": ({"2020/marks.csv": None}, r"neither marks.csv nor raw/"),
    "empty file": ({"2020/marks.csv": ""}, r"2020/marks.csv: the file is empty"),
    "header only": (
        {"2020/marks.csv": "unit,indicator,mark\n"},
        r"2020/marks.csv: no rows below the header",
    ),
    "wrong encoding": (
        {"2020/marks.csv": "unit,indicator,mark\nu1,a,\xff\xff".encode("utf-16-be")},
        r"2020/marks.csv",
    ),
    "unknown rule": (
        {"2020/rules.yaml": "tie: min\n"},
        r"2020/rules.yaml, row 1, column tie: unknown key",
    ),
    "unknown rule below": (
        {"2020/rules.yaml": "scale: 100\nbonus:\n  gates: 80\n"},
        r"rules.yaml, row 3, column bonus.gates: unknown key",
    ),
    "rule not allowed": (
        {"2020/rules.yaml": "ties: max\n"},
        r"column ties: 'max' is not allowed; write one of 'min' or 'dense'",
    ),
    "no YAML": ({"2020/rules.yaml": "a: [1\n"}, r"no valid YAML"),
    "unknown group": (
        {"units.csv": UNITS.replace("丁区,,h", "丁区,,k")},
        r"units.csv, row 5, column group: 'k' is not among the groups",
    ),
    "unknown class": (
        {"units.csv": UNITS.replace("u3,丙局,,g,B", "u3,丙局,,g,Z")},
        r"row 4, column class: 'Z' is not among the classes",
    ),
    "overlapping validity": (
        {
            "units.csv": "unit,name_zh,group,class,valid_from,valid_to\nu1,甲局,g,A,,2020-06-30\nu1,甲局,g,B,2020-06-01,\n"
        },
        r"row 3, column valid_from: u1 has two rows with overlapping dates",
    ),
    "span ends early": (
        {
            "units.csv": "unit,name_zh,group,class,valid_from,valid_to\nu1,甲局,g,A,2020-07-01,2020-06-01\nu2,乙局,g,A,,\n"
        },
        r"row 2, column valid_to: the span ends before it begins",
    ),
    "no date": (
        {"units.csv": "unit,name_zh,group,class,valid_from\nu1,甲局,g,A,June\n"},
        r"row 2, column valid_from: 'June' is no date; write dates as 2020-12-31",
    ),
    "one name for two units": (
        {"units.csv": UNITS.replace("乙局", "甲局")},
        r"row 3, column name_zh: 甲局 names both u1 and u2 on one date",
    ),
    "alias to two units": (
        {
            "aliases.csv": "alias,unit,valid_from,valid_to\n老局,u1,,2020-05-01\n老局,u2,2020-04-01,\n"
        },
        r"aliases.csv, row 3, column alias: 老局 points to two units on one date, u1 and u2",
    ),
    "alias that is a name": (
        {"aliases.csv": "alias,unit\n甲局,u2\n"},
        r"row 2, column alias: 甲局 is the name of u1 and an alias of u2",
    ),
    "alias of nobody": (
        {"aliases.csv": "alias,unit\n老局,u8\n"},
        r"row 2, column unit: 'u8' is not in units.csv",
    ),
    "succession": (
        {"successions.csv": "from_unit,to_unit,year,kind\nu1,u9,2020,merge\nu1,,2020,founded\n"},
        r"row 2, column to_unit: 'u9' is not in units.csv",
    ),
    "dissolved, but alive": (
        {"successions.csv": "from_unit,to_unit,year,kind\nu1,,2020,dissolved\n"},
        r"successions.csv, row 2, column year: u1 is dissolved, but valid on 31 December 2020; correct",
    ),
    "the same bonus twice": (
        {"2020/adjustments.csv": "unit,kind,points,reason\nu1,bonus,1,奖\nu1,bonus,1,奖\n"},
        r"adjustments.csv, row 3: the same bonus of u1 stands already in row 2; remove it, or tell",
    ),
    "one code for two bands": (
        {
            "2020/rules.yaml": "bands: [{code: a, zh: 优, at_least: 90}, {code: a, zh: 良, at_least: 80}]"
        },
        r"rules.yaml, row 1, column bands: the code a stands twice; give each band its own",
    ),
    "below 0 under a geometric mean": (
        {
            "2020/scheme.csv": "code,parent,name_zh,weight,aggregation,low,high,outside\n"
            "r,,总,,geometric,,,\nD,r,一,1,,,,\na,D,甲,1,,0,10,keep\nb,r,乙,1,,0,10,\n"
        },
        r"row 4, column outside: a may fall below 0, which the geometric mean r cannot take",
    ),
    "adjustment without points": (
        {"2020/adjustments.csv": "unit,kind,points\nu1,bonus,\n"},
        r"adjustments.csv, row 2, column points: a bonus without points",
    ),
    "negative penalty": (
        {"2020/adjustments.csv": "unit,kind,points\nu1,penalty,-1\n"},
        r"row 2, column points: '-1' is below 0",
    ),
    "unknown finding": (
        {"2020/findings.csv": "unit,finding,value\nu1,late,true\n"},
        r"row 2, column finding: 'late' is not defined in rules.yaml",
    ),
    "finding twice": (
        {
            "2020/rules.yaml": "findings: {late: {zh: 迟}}\n",
            "2020/findings.csv": "unit,finding,value\nu1,late,true\n甲局,late,false\n",
        },
        r"row 3: u1/late stands already in row 2",
    ),
    "review of an unknown leaf": (
        {"2020/reviews.csv": "unit,indicator,reviewer,mark\nu1,z,r1,1\n"},
        r"reviews.csv, row 2, column indicator: 'z' is no leaf",
    ),
    "review out of range": (
        {"2020/reviews.csv": "unit,indicator,reviewer,mark\nu1,a,r1,9\n"},
        r"reviews.csv, row 2, column mark: mark 9 of a is outside 0 to 6",
    ),
    "unknown population": (
        {"2020/rules.yaml": "improved: {by: rank, within: departments, at_least: 3}\n"},
        r"rules.yaml, column improved.within: population 'departments': 'departments' is none of all, A, B, g, h",
    ),
    "goalposts below a node without weight": (
        {
            "2020/scheme.csv": "code,parent,name_zh,weight,full_marks,low,high\nr,,总,,,,\nD,r,一,,,,\na,D,甲,1,,0,10\nb,r,乙,,5,,\n"
        },
        r"scheme.csv, row 3, column weight: D has a leaf with goalposts below and no weight",
    ),
    "weight beside a sibling without": (
        {"2020/scheme.csv": SCHEME.replace("D1,all,一,One,,", "D1,all,一,One,3,")},
        r"row 3, column weight: D1 has a weight, but a sibling has none",
    ),
    "code that is a column of results": (
        {"2020/scheme.csv": SCHEME.replace("all,", "total,")},
        r"scheme.csv, row 2, column code: total is a column of the tables of results",
    ),
    "root alone": (
        {"2020/scheme.csv": "code,parent,name_zh,full_marks\nr,,总,10\n"},
        r"row 2, column code: the root has no indicator below it",
    ),
    "missing where the leaf does not apply": (
        {
            "2020/rules.yaml": "missing: zero\n",
            "2020/marks.csv": MARKS.replace("mark\n", "mark,status\n", 1)
            .replace("\nu", ",scored\nu")
            .replace("status,scored", "status")
            + ",scored\nu3,c,,missing\n",
        },
        r"c does not apply to class B of u3",
    ),
    "key twice": (
        {"2020/rules.yaml": "top: 3\ntop: 4\n"},
        r"rules.yaml, row 2, column top: the key stands twice",
    ),
    "impossible date in YAML": (
        {"2020/rules.yaml": "top: 2020-02-30\n"},
        r"rules.yaml.*no valid YAML",
    ),
    "only a byte order mark": (
        {"2020/adjustments.csv": b"\xef\xbb\xbf"},
        r"adjustments.csv: the file is empty",
    ),
    "number with an underscore": (
        {"2020/marks.csv": MARKS.replace("u1,a,6", "u1,a,0_6")},
        r"row 2, column mark: '0_6' is no number",
    ),
    "date without dashes": (
        {"units.csv": "unit,name_zh,group,class,valid_from\nu1,甲局,g,A,20190101\n"},
        r"row 2, column valid_from: '20190101' is no date; write dates as 2020-12-31",
    ),
    "one English name for two": (
        {"units.csv": UNITS.replace("甲局,,", "甲局,Bureau,").replace("乙局,,", "乙局,Bureau,")},
        r"units.csv, row 3, column name_zh: Bureau names both u1 and u2 on one date",
    ),
    "group called all": (
        {"study.yaml": str(STUDY | {"groups": STUDY["groups"] | {"all": {"zh": "全"}}})},
        r"study.yaml, column groups: the code 'all' has a meaning of its own",
    ),
    "group that is a class": (
        {"study.yaml": str(STUDY | {"groups": STUDY["groups"] | {"A": {"zh": "甲"}}})},
        r"study.yaml, column classes: 'A' is a group and a class",
    ),
    "study without year": (
        {"2020/scheme.csv": None, "2020/marks.csv": None},
        r"the study has no year",
    ),
    "unknown provenance": (
        {"study.yaml": str(STUDY | {"provenance": "guessed"})},
        r"study.yaml, row 1, column provenance: 'guessed' is not allowed",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_fault_names_place_problem_and_remedy(tmp_path, case):
    files, expected = CASES[case]
    found = faults_of(tmp_path, **files)
    assert any(re.search(expected, fault) for fault in found), "\n".join(found)
    assert all("; " in fault for fault in found)


def test_all_faults_come_at_once(tmp_path):
    files = {
        "2020/scheme.csv": SCHEME.replace("b,D1", "b,D9"),
        "units.csv": UNITS.replace("丁区,,h", "丁区,,k"),
        "2020/rules.yaml": "tie: min\n",
        "aliases.csv": "alias,unit\n老局,u8\n",
    }
    with pytest.raises(ev.StudyError) as error:
        ev.read_study(make_study(tmp_path, files=files))
    touched = {fault.file for fault in error.value.faults}
    assert touched == {"2020/scheme.csv", "units.csv", "2020/rules.yaml", "aliases.csv"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_reads_the_encodings_that_offices_write(tmp_path, encoding):
    study = ev.read_study(make_study(tmp_path, files={"units.csv": UNITS.encode(encoding)}))
    assert study.years[2020].units["name_zh"].tolist() == ["甲局", "乙局", "丙局", "丁区"]


def test_codes_are_text_and_aliases_are_resolved_in_tidy_files(tmp_path):
    units = UNITS.replace("u1", "0010")
    marks = MARKS.replace("u1,", "老局,").replace("u2,", "乙局,")
    aliases = "alias,unit,valid_from,valid_to\n老局,0010,2019-01-01,\n"
    study = ev.read_study(
        make_study(
            tmp_path, files={"units.csv": units, "2020/marks.csv": marks, "aliases.csv": aliases}
        )
    )
    assert study.years[2020].marks["unit"].unique().tolist() == ["0010", "u2", "u3", "u4"]


def test_a_unit_takes_part_when_it_is_valid_on_the_last_day(tmp_path):
    units = "unit,name_zh,group,class,valid_from,valid_to\nu1,甲局,g,A,,2020-12-31\nu2,乙局,g,A,,2020-12-30\nu3,丙局,g,B,2020-12-31,\nu4,丁区,h,A,2021-01-01,\n"
    marks = "\n".join(x for x in MARKS.splitlines() if not x.startswith(("u2", "u4")))
    study = ev.read_study(make_study(tmp_path, files={"units.csv": units, "2020/marks.csv": marks}))
    assert study.years[2020].units.index.tolist() == ["u1", "u3"]


def test_a_year_of_totals_only_is_read_without_scheme(tmp_path):
    folder = make_study(
        tmp_path, files={"2019/totals.csv": "unit,total,rank\nu1,90.1,1\n乙局,80,2\n"}
    )
    year = ev.read_study(folder).years[2019]
    assert year.scheme is None
    assert year.totals["unit"].tolist() == ["u1", "u2"]


def test_a_vetoed_unit_needs_no_marks(tmp_path):
    files = {
        "2020/marks.csv": "\n".join(x for x in MARKS.splitlines() if "u4" not in x),
        "2020/adjustments.csv": "unit,kind,reason\nu4,veto,首页不更新\n",
    }
    result = ev.evaluate(ev.read_study(make_study(tmp_path, files=files)), 2020)
    assert result.printed["u4"] == "fail"
    assert result.rank.isna()["u4"]


def test_a_missing_folder_and_a_missing_year_are_faults(tmp_path):
    with pytest.raises(ev.StudyError, match=r"no study .*nowhere'; name a folder, or one of "):
        ev.read_study(tmp_path / "nowhere")
    with pytest.raises(ev.StudyError, match="the study has no year 2031; it has 2020"):
        ev.read_study(make_study(tmp_path), years=[2031])


def test_what_spreadsheets_write_is_read(tmp_path):
    files = {
        "2020/marks.csv": MARKS.replace("\n", "\r"),
        "2020/rules.yaml": "findings: {late: {zh: 迟}}\n",
        "2020/findings.csv": "unit,finding,value,\nu1,late,TRUE,\nu2,late,FALSE,\n",
    }
    year = ev.read_study(make_study(tmp_path, files=files)).years[2020]
    assert year.findings["value"].tolist() == ["true", "false"]


def test_a_faulty_unit_is_one_fault_and_not_one_for_each_of_its_marks(tmp_path):
    units = "unit,name_zh,group,class,valid_from\nu1,甲局,g,A,June\nu2,乙局,g,A,\nu3,丙局,g,B,\nu4,丁区,h,A,\n"
    assert len(faults_of(tmp_path, **{"units.csv": units})) == 1
