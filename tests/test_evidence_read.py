"""Evidence files to checked tables: every form of a cell, every fault, every row set aside."""

import subprocess
import sys
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest
import xlsxwriter

from evallib.study.evidence import columns, files
from evallib.study.evidence.frames import repeated
from evallib.study.evidence.read import read_evidence
from evallib.study.evidence.said import read_number
from evallib.study.evidence.tables import ELEMENTS, FOOTER, TABLES
from evallib.study.evidence.times import iso_times, read_time, typed_times
from evallib.study.names import unit_names
from evallib.study.rulings import read_rulings

UNITS = pd.DataFrame(
    {"name_zh": ["市公安局", "市民政局"], "name_en": ["Police", ""]},
    index=pd.Index(["dept01", "dept02"], name="unit"),
)
ALIASES = pd.DataFrame({"alias": ["公安局"], "unit": ["dept01"]})
LEFT = {"市老局": "dept09", "dept09": "dept09"}
RULING_HEAD = "file,sheet,row,column,was,becomes,reason,decided_by,decided_on\n"
MOVED = "letter,unit,received,transfers,replied,published\n"
UPDATES = "unit,checked,column,kind,last_update,blank\n"
PROBES = "unit,time,status,seconds\n"
LETTERS = "letter,unit,received,status,replied,published\n"


def evidence(tmp_path, *, timezone="Asia/Shanghai", rulings="", **tables):
    """Evidence of tables given as the text or bytes of a CSV each, and its faults as text."""
    folder = tmp_path / "2020"
    (folder / "evidence").mkdir(parents=True, exist_ok=True)
    for name, content in tables.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / "evidence" / f"{name}.csv").write_bytes(raw)
    return read(folder, timezone=timezone, rulings=rulings)


def read(folder, *, timezone="Asia/Shanghai", rulings=""):
    if rulings:
        (folder / "decisions.csv").write_text(RULING_HEAD + rulings, encoding="utf-8")
    faults = []
    found = read_evidence(
        folder,
        names=unit_names(UNITS, ALIASES),
        left=LEFT,
        units=UNITS.index,
        rulings=read_rulings(folder, UNITS.index, faults),
        timezone=timezone,
        faults=faults,
    )
    return found, sorted(map(str, faults))


def times(found, table="probes", column="time"):
    """Moments of a column as text, those at midnight as days."""
    return [str(stamp).removesuffix(" 00:00:00") for stamp in found.tables[table][column]]


def decided(found):
    return found.decisions[
        ["table", "column", "row", "rows", "was", "becomes", "rule"]
    ].values.tolist()


# times


@pytest.mark.parametrize(
    ("text", "moment", "form"),
    [
        ("2020-11-03", "2020-11-03T00:00:00", ""),
        ("2020-11-03 10:05", "2020-11-03T10:05:00", ""),
        ("2020-11-03 10:05:09", "2020-11-03T10:05:09", ""),
        ("2020-11-03T10:05:09", "2020-11-03T10:05:09", ""),
        ("2020-11-03T10:05:00+08:00", "2020-11-03T10:05:00", "offset"),
        ("2020-11-03T10:05:00+0800", "2020-11-03T10:05:00", "offset"),
        ("2020-11-03 10:05:00 +08:00", "2020-11-03T10:05:00", "offset"),
        ("2020-11-03T16:00:00Z", "2020-11-04T00:00:00", "offset"),
        ("2020-11-03T15:59:59Z", "2020-11-03T23:59:59", "offset"),
        ("2020-11-03T10:05:00-05:30", "2020-11-03T23:35:00", "offset"),
        ("2020-11-03 10:05:00.750", "2020-11-03T10:05:00", "digits"),
        ("2020-11-3 9:05", "2020-11-03T09:05:00", "digits"),
        ("2020/11/3", "2020-11-03T00:00:00", "slashes"),
        ("2020/11/3 9:05", "2020-11-03T09:05:00", "slashes"),
        ("2020.11.3", "2020-11-03T00:00:00", "dots"),
        ("2020年11月3日", "2020-11-03T00:00:00", "年月日"),
        ("2020年11月3日 10:05", "2020-11-03T10:05:00", "年月日"),
        ("2020年11月3日10：05", "2020-11-03T10:05:00", "年月日"),
        ("２０２０-１１-０３", "2020-11-03T00:00:00", "digits"),
        ("44138", "2020-11-03T00:00:00", "serial"),
        ("44138.42", "2020-11-03T10:04:48", "serial"),
        ("44138.9999999", "2020-11-04T00:00:00", "serial"),  # binary noise below a second
        ("2020-02-29", "2020-02-29T00:00:00", ""),
        ("2000-02-29", "2000-02-29T00:00:00", ""),
        ("2020-11-03 00:00:00", "2020-11-03T00:00:00", ""),
        ("2020-11-03 23:59:59", "2020-11-03T23:59:59", ""),
    ],
)
def test_every_form_of_time(text, moment, form):
    said = read_time(text, timezone="Asia/Shanghai")
    assert (str(said.value), said.form, said.problem) == (moment, form, "")
    assert said.rule == ("time_form" if form else "")
    at_once = iso_times(pl.Series([text, None, "x"], dtype=pl.String))
    assert str(at_once[0]) == ("NaT" if form else moment)
    assert np.isnat(at_once[1:]).all()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("11月3日", "has no year"),
        ("11-03", "has no year"),
        ("03/11/2020", "is no date"),
        ("2020-02-31", "does not exist"),
        ("2020-02-30 10:00", "does not exist"),
        ("2021-02-29", "does not exist"),
        ("2100-02-29", "does not exist"),
        ("2020-13-01", "does not exist"),
        ("2020-00-10", "does not exist"),
        ("2020-11-00", "does not exist"),
        ("2020-11-03 24:00", "does not exist"),
        ("2020-11-03 10:60:00", "does not exist"),
        ("2020-11-03 10:05:60", "does not exist"),
        ("2020年2月30日", "does not exist"),
        ("2020-11-03T10:05:00+08:75", "does not exist"),
        ("2020-11/03", "is no date"),
        ("2020-11", "is no date"),
        ("20-11-03", "is no date"),
        ("2020", "is no date"),  # a year, not day 2020 of a spreadsheet
        ("20201103", "is no date"),
        ("99999", "is no date"),
        ("0.42", "is no date"),
        ("2020-11-03 10:05 PM", "is no date"),
        ("2020-11-03 10:0x", "is no date"),
        ("0020-11-03", "lies outside 1900 to 2199"),
        ("yesterday", "is no date"),
    ],
)
def test_every_refused_time(text, problem):
    said = read_time(text, timezone="Asia/Shanghai")
    assert said.problem == f"{text!r} {problem}"
    assert np.isnat(iso_times(pl.Series([text]))).all()


def test_many_times_at_once_are_those_read_one_by_one():
    rng = np.random.default_rng(5)
    digits = [
        f"20{y:02d}-{m:02d}-{d:02d} {h:02d}:{n:02d}:{s:02d}"
        for y, m, d, h, n, s in rng.integers(0, [40, 14, 33, 26, 62, 62], (3_000, 6))
    ]
    texts = [
        text[:length] for text, length in zip(digits, rng.choice([10, 16, 19], 3_000), strict=True)
    ]
    one_by_one = [read_time(text, timezone="Asia/Shanghai").value for text in texts]
    np.testing.assert_array_equal(iso_times(pl.Series(texts)), np.array(one_by_one))
    assert 500 < np.isnat(iso_times(pl.Series(texts))).sum() < 2_500


def test_time_zones():
    assert (
        str(read_time("2020-07-01T00:30:00+08:00", timezone="Europe/Berlin").value)
        == "2020-06-30T18:30:00"
    )
    aware = pl.Series([datetime(2020, 11, 3, 16, 0, tzinfo=ZoneInfo("UTC"))])
    assert typed_times(aware, timezone="Asia/Shanghai").astype(str).tolist() == [
        "2020-11-04T00:00:00"
    ]


def test_a_date_column_cuts_the_time_on_the_clock_of_the_study(tmp_path):
    text = "consultation,unit,start,end\n1,dept01,2020-03-01T18:00:00Z,2020-03-31 23:59\n"
    found, faults = evidence(tmp_path, consultations=text)
    assert faults == []
    row = found.tables["consultations"].iloc[0]
    assert (str(row["start"]), str(row["end"])) == ("2020-03-02 00:00:00", "2020-03-31 00:00:00")


@pytest.mark.parametrize("text", ["1.", ".5", "1e5", "-0", "1E+5", "+5", "00012", "200", "0.35"])
def test_numbers_that_are_read_at_once(text):
    assert columns._numbers(pl.Series([text, "x"]))[0] == np.float32(read_number(text).value)
    assert read_number(text).rule == ""


@pytest.mark.parametrize(
    "text",
    [
        "Infinity",
        "nan",
        "0b1",
        "1_0",
        "0x10",
        "1e400",
        "1e39",
        "--5",
        "1,5",
        "1 5",
        "1e",
        "5f",
        "½",
        "OK",
    ],
)
def test_numbers_that_are_refused(text):
    assert read_number(text).problem == f"{text!r} is no number"
    assert np.isnan(columns._numbers(pl.Series([text]))).all() or text == "1e39"


# tables


def test_a_table_in_its_types(tmp_path):
    found, faults = evidence(
        tmp_path, probes=PROBES + "dept02,2020-11-03 10:05,200,0.35\n市公安局,2020-11-03,,\n"
    )
    assert faults == []
    table = found.tables["probes"]
    assert table.dtypes.astype(str).to_dict() == {
        "row": "int32",
        "unit": "category",
        "time": "datetime64[s]",
        "status": "float32",
        "seconds": "float32",
    }
    assert table["unit"].cat.categories.tolist() == ["dept01", "dept02"]
    assert table["row"].tolist() == [2, 3]
    assert table["unit"].tolist() == ["dept02", "dept01"]
    assert table["status"].isna().tolist() == [False, True]
    assert found.rows.values.tolist() == [["probes", 2, 2, 0]]
    assert found.decisions.empty
    assert found.set_aside.empty


def test_all_ten_tables_with_required_columns_only(tmp_path):
    values = {
        **{"id": "7", "unit": "dept01", "date": "2020-03-01", "time": "2020-03-01", "flag": "是"},
        **{"text": "微信", "number": "404"},
    }
    tables = {}
    for name, table in TABLES.items():
        needed = [column for column in table.columns if column.required]
        cells = [next(iter(column.words), "") or values[column.kind] for column in needed]
        tables[name] = ",".join(column.name for column in needed) + "\n" + ",".join(cells) + "\n"
    found, faults = evidence(tmp_path, **tables)
    assert faults == []
    assert list(found.tables) == list(TABLES) == found.rows["table"].tolist()
    for name, table in TABLES.items():
        assert set(found.tables[name]) >= {column.name for column in table.columns}, name
    letter = found.tables["letters"].iloc[0]
    assert (letter["status"], letter["type"], letter["transfers"]) == ("valid", "", "")
    assert pd.isna(letter["replied"])
    assert not found.tables["links"]["home"].iloc[0]
    assert found.tables["guides"][[*ELEMENTS, "same_format"]].all(axis=None)
    assert found.tables["footer"][[*FOOTER]].dtypes.astype(str).unique().tolist() == ["bool"]


def test_flags_and_words_in_every_form(tmp_path):
    marks = ["true", "FALSE", "1", "0", "是", "否", "有", "无", "√", "×", "yes", "No"]
    rows = [
        f"dept01,2020-03-01,栏目{n},{'动态' if n else 'dynamic'},{mark}"
        for n, mark in enumerate(marks)
    ]
    found, faults = evidence(tmp_path, columns="unit,checked,column,kind,blank\n" + "\n".join(rows))
    assert faults == []
    assert found.tables["columns"]["blank"].tolist() == [True, False] * 6
    assert found.tables["columns"]["kind"].unique().tolist() == ["dynamic"]
    logged = decided(found)
    assert ["columns", "kind", 3, 11, "动态", "dynamic", "word"] in logged
    assert [row[4] for row in logged if row[6] == "flag"] == marks[4:]


def test_repairs_are_logged_with_first_row_and_count(tmp_path):
    text = (
        PROBES
        + "公安局,2020/11/3 10:05,２００,\n市民政局（）,2020/11/3 10:06,200,\n公安局,2020/11/4,200,0.5\n市 公安局,44138.5,200,\n"
    )
    found, faults = evidence(tmp_path, probes=text.replace("（）", " "))
    assert faults == []
    assert decided(found) == [
        ["probes", "unit", 2, 2, "公安局", "dept01", "unit_alias"],
        ["probes", "time", 2, 3, "2020/11/3 10:05", "2020-11-03 10:05:00", "time_form"],
        ["probes", "status", 2, 1, "２００", "200", "number_form"],
        ["probes", "unit", 5, 1, "市 公安局", "dept01", "unit_form"],
        ["probes", "time", 5, 1, "44138.5", "2020-11-03 12:00:00", "time_form"],
    ]


def test_unknown_alias_and_left_units(tmp_path):
    text = (
        PROBES
        + "公安局,2020-11-03,200,1\n市老局,2020-11-03 10:05,200,1\n市 老局,2020-11-04,200,1\n省厅,2020-11-03,200,1\n"
    )
    found, faults = evidence(tmp_path, probes=text)
    assert faults == [
        "2020/evidence/probes.csv, row 5, column unit: unknown unit '省厅'; correct the name, or add it to aliases.csv"
    ]
    assert found.tables == {}
    found, faults = evidence(tmp_path, probes=text.replace("省厅", "Police"))
    assert faults == []
    assert found.tables["probes"]["row"].tolist() == [2]
    assert found.set_aside.values.tolist() == [
        ["probes", 3, "dept09", "unit_left", "2020-11-03 10:05:00"],
        ["probes", 4, "dept09", "unit_left", "2020-11-04 00:00:00"],
        ["probes", 5, "dept01", "repeated", "2020-11-03 00:00:00"],
    ]


@pytest.mark.parametrize(
    ("table", "text", "reason", "said"),
    [
        (
            "letters",
            LETTERS + "a,dept01,2020-11-03 10:05,,2020-11-03 10:04,",
            "reply_before_receipt",
            "a",
        ),
        (
            "letters",
            LETTERS + "a,dept01,2020-11-03 10:05,,2020-11-02,",
            "reply_before_receipt",
            "a",
        ),
        (
            "letters",
            LETTERS + "a,dept01,2020-11-03,,2020-11-05,2020-11-04",
            "published_before_reply",
            "a",
        ),
        (
            "letters",
            LETTERS + "a,dept01,2020-11-03,,,2020-11-02",
            "published_before_receipt",
            "a",
        ),
        (
            "letters",
            MOVED + "a,dept01,2020-11-03,dept02@2020-11-02;dept02@2020-11-05,,",
            "transfer_before_receipt",
            "a",
        ),
        (
            "letters",
            MOVED + "a,dept01,2020-11-03,dept02@2020-11-04;dept02@2020-11-09,2020-11-08 23:59,",
            "transfer_after_reply",
            "a",
        ),
        (
            "columns",
            UPDATES + "dept01,2020-11-03,a,home,2020-11-04,0",
            "update_after_look",
            "2020-11-03 00:00:00",
        ),
        (
            "consultations",
            "consultation,unit,start,end\nc,dept01,2020-11-03,2020-11-02",
            "end_before_start",
            "c",
        ),
        (
            "consultations",
            "consultation,unit,start,end,results_published\nc,dept01,2020-11-03,2020-11-12,2020-11-11",
            "results_before_end",
            "c",
        ),
        (
            "probes",
            PROBES + "dept01,2020-11-03 10:05,200,-0.1",
            "negative_time",
            "2020-11-03 10:05:00",
        ),
        (
            "posts",
            "unit,account,posted\n市老局,微信,2020-11-03",
            "unit_left",
            "2020-11-03 00:00:00",
        ),
    ],
)
def test_each_reason_to_set_a_row_aside(tmp_path, table, text, reason, said):
    found, faults = evidence(tmp_path, **{table: text})
    assert faults == []
    assert found.set_aside[["table", "row", "reason", "text"]].values.tolist() == [
        [table, 2, reason, said]
    ]
    assert found.rows.values.tolist() == [[table, 1, 0, 1]]
    assert found.tables[table].empty


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("letters", LETTERS + "a,dept01,2020-11-03 10:05,,2020-11-03 10:05,2020-11-03 10:05"),
        (
            "letters",
            LETTERS + "a,dept01,2020-11-03 10:05,,2020-11-03,2020-11-03",
        ),  # days without a time
        (
            "letters",
            LETTERS + "a,dept01,2999-01-01 10:05,,,".replace("2999", "2199"),
        ),  # the future is no fault
        (
            "consultations",
            "consultation,unit,start,end,results_published\nc,dept01,2020-11-03,2020-11-03,2020-11-03",
        ),
        (
            "probes",
            PROBES + "dept01,2020-11-03,200,0\ndept01,2020-11-04,200,0\ndept02,2020-11-03,200,0",
        ),
        ("links", "unit,checked,status\ndept01,2020-11-03,404\ndept01,2020-11-03,404"),
        (
            "links",  # without a target nobody knows whether it is the same link
            "unit,checked,page,target,status\ndept01,2020-11-03,a,,404\ndept01,2020-11-03,a,,404",
        ),
        ("columns", UPDATES + "dept01,2020-11-03,a,home,2020-11-03,0"),
        (
            "letters",
            MOVED + "a,dept01,2020-11-03 17:00,dept02@2020-11-03;dept02@2020-11-05,2020-11-05,",
        ),
        (
            "guides",  # sampled again
            f"guide,unit,sampled,{','.join(ELEMENTS)},forms,same_format,same_source\n"
            + "".join(f"a,dept01,2020-11-0{day}{',1' * 11}\n" for day in (3, 4)),
        ),
    ],
)
def test_rows_at_the_edge_of_a_law_are_kept(tmp_path, table, text):
    found, faults = evidence(tmp_path, **{table: text})
    assert faults == []
    assert found.set_aside.empty


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (
            "letters",
            LETTERS + "a,dept01,2020-11-03,,,\nb,dept01,2020-11-03,,,\na,公安局,2020/11/3,,,\n",
        ),
        (
            "columns",
            "unit,checked,column,kind,blank\ndept01,2020-11-03,a,home,0\ndept01,2020-11-04,a,home,0\ndept01,2020-11-03,a,home,1\n",
        ),
        (
            "links",
            "unit,checked,page,target,status\ndept01,2020-11-03,a,b,404\ndept01,2020-11-03,a,c,404\ndept01,2020-11-03,a,b,404\n",
        ),
        (
            "articles",
            "unit,published,column,title,reposted\ndept01,2020-11-03,a,b,0\ndept01,2020-11-03,c,b,0\ndept01,2020-11-03,a,b,0\n",
        ),
        (
            "probes",
            PROBES
            + "dept01,2020-11-03 10:05,200,1\ndept02,2020-11-03 10:05,200,1\n市公安局,2020/11/3 10:05,500,9\n",
        ),
        (
            "posts",
            "unit,account,posted\ndept01,微信,2020-11-03\ndept01,微博,2020-11-03\ndept01, 微信 ,2020-11-03\n",
        ),
    ],
)
def test_the_second_of_two_same_rows_is_set_aside(tmp_path, table, text):
    found, faults = evidence(tmp_path, **{table: text})
    assert faults == []
    assert found.tables[table]["row"].tolist() == [2, 3]
    assert found.set_aside[["row", "reason"]].values.tolist() == [[4, "repeated"]]


def test_a_row_that_contradicts_one_with_its_id_is_decided_by_a_person(tmp_path):
    text = (
        LETTERS
        + "a,dept01,2020-11-03,,,\nb,dept01,2020-11-03,,,\na,dept01,2020-11-03,,2020-11-05,\n"
    )
    _, faults = evidence(tmp_path, letters=text)
    assert faults == [
        "2020/evidence/letters.csv, row 4, column letter: 'a' stands already in an earlier row, which "
        "says something else; keep one of the two, or drop one by a ruling in decisions.csv"
    ]
    line = ruling(2, "letter", "a", "drop", file="evidence/letters.csv")
    found, faults = evidence(tmp_path, letters=text, rulings=line)
    assert faults == []
    assert found.tables["letters"]["row"].tolist() == [3, 4]
    assert found.set_aside[["row", "reason"]].values.tolist() == [[2, "ruling"]]


def test_columns_that_a_file_does_not_have_are_named(tmp_path):
    found, faults = evidence(
        tmp_path, probes="unit,time,seconds\ndept01,2020-11-03,1\n", letters=LETTERS
    )
    assert faults == []
    assert found.absent == {"letters": (), "probes": ("status",)}


def test_keys_of_any_width_are_told_apart():
    """Three parts of a million values each are more than a whole number of 64 bits holds."""
    wide = np.array([0, 10**9, 0, 10**9 - 1, 5], np.int64)
    parts = {"a": wide, "b": wide[::-1], "c": np.array([1, 2, 1, 2, 10**9])}
    assert repeated(parts).tolist() == [False] * 5
    same = {name: np.append(part, part[1]) for name, part in parts.items()}
    assert repeated(same).tolist() == [False] * 5 + [True]


def test_a_row_after_one_that_does_not_count_is_no_repetition(tmp_path):
    text = (
        LETTERS
        + "a,dept01,2020-11-03,,2020-11-01,\na,dept01,2020-11-03,,2020-11-05,\nb,省厅,2020-11-03,,,\nb,dept01,2020-11-03,,,\n"
    )
    line = ruling(4, "unit", "省厅", "drop", file="evidence/letters.csv")
    found, faults = evidence(tmp_path, letters=text, rulings=line)
    assert faults == []
    assert found.tables["letters"]["row"].tolist() == [3, 5]
    assert found.set_aside["reason"].tolist() == ["reply_before_receipt", "ruling"]


def test_transfers_name_the_first_unit_and_the_last_day(tmp_path):
    rows = [
        "a,dept01,2020-11-01,dept02@2020-11-03;市老局@2020-11-05",
        "b,dept02,2020-11-01,公安局@2020/11/4",
        "c,dept02,2020-11-01,",
        "d,dept02,2020-11-01,市老局@2020-11-05",
    ]
    found, faults = evidence(tmp_path, letters="letter,unit,received,transfers\n" + "\n".join(rows))
    assert faults == []
    table = found.tables["letters"]
    assert table["transfers"].tolist() == [
        "dept02@2020-11-03;dept09@2020-11-05",
        "dept01@2020-11-04",
        "",
        "dept09@2020-11-05",
    ]
    assert table["first_unit"].astype(object).fillna("").tolist() == [
        "dept02",
        "dept01",
        "dept02",
        "",
    ]
    assert times(found, "letters", "held_since") == [
        "2020-11-05",
        "2020-11-04",
        "NaT",
        "2020-11-05",
    ]
    assert found.decisions["rule"].unique().tolist() == ["transfer_form"]


def test_a_name_of_two_units_is_ambiguous(tmp_path, monkeypatch):
    both = pd.DataFrame({"alias": ["市局", "市局"], "unit": ["dept01", "dept02"]})
    monkeypatch.setattr("test_evidence_read.ALIASES", both)
    _, faults = evidence(tmp_path, probes=PROBES + "市局,2020-11-03,200,1\n")
    assert faults == [
        "2020/evidence/probes.csv, row 2, column unit: '市局' may be any of the units dept01, dept02; correct the name, or add it to aliases.csv"
    ]


# faults


FAULTS = {
    "unit,time\n省厅,2020-11-03": [
        ", row 2, column unit: unknown unit '省厅'; correct the name, or add it to aliases.csv"
    ],
    "unit,time\n,2020-11-03": [", row 2, column unit: no value; fill the cell in"],
    "unit,time\n  ,2020-11-03": [", row 2, column unit: no value; fill the cell in"],
    "unit,time\ndept01,": [", row 2, column time: no value; fill the cell in"],
    "unit,time\ndept01,soon": [
        ", row 2, column time: 'soon' is no date; write times as 2020-12-31 10:05"
    ],
    "unit,time,status\ndept01,2020-11-03,OK": [
        ", row 2, column status: 'OK' is no number; write a plain number such as 2.5"
    ],
    "unit,time,seconds\ndept01,2020-11-03,inf": [
        ", row 2, column seconds: 'inf' is no number; write a plain number such as 2.5"
    ],
    'unit,time,seconds\ndept01,2020-11-03,"1,5"': [
        ", row 2, column seconds: '1,5' is no number; write a plain number such as 2.5"
    ],
    "unit,time,seconds\ndept01,2020-11-03,1,5": [
        ", row 2: 4 cells under 3 columns; quote cells that contain a comma"
    ],
    "unit,when\ndept01,2020-11-03": [
        ", row 1, column time: the column is missing; add it",
        ", row 1, column when: unknown column; rename or remove it; known are unit, time, status, seconds",
    ],
    "unit,time,time\ndept01,2020-11-03,": [
        ", row 1, column time: the column stands twice; keep one"
    ],
    "": [": the file is empty; fill it in or remove it"],
    "\n\ndept01,2020-11-03": [", row 1: no header; name the columns in row 1"],
    'unit,time\n"' + "x" * 200_000: [
        ", row 2: no CSV (field larger than field limit (131072)); close the quotes in it"
    ],
    " \n\n": [": the file is empty; fill it in or remove it"],
    'unit,time\ndept01,2020-11-03\n"dept01,2020-11-03\n': [
        ", row 3: no CSV (unexpected end of data); close the quotes in it"
    ],
    'unit,time\n"dept"01,2020-11-03\n': [
        ", row 2: no CSV (',' expected after '\"'); close the quotes in it"
    ],
    '"unit,time\ndept01': [", row 1: no CSV (unexpected end of data); close the quotes in it"],
    "unit,time,status\ndept01,2020-11-03,200\ndept01,2020-11": [
        ", row 3: the file breaks off after 2 of 3 cells; complete the line, or end it with a line break if that is all"
    ],
    b"unit,time\ndept01\0,2020-11-03\n": [
        ", row 2: a NUL byte, which no text holds; save the file again in UTF-8"
    ],
    "unit,time\n市公安局,2020-11-03\n市民政".encode()[:-1] + b",2020-11-03\n": [
        ", row 3: a sign in it is damaged: no UTF-8; save the file again in UTF-8"
    ],
    b"unit,time\n\xff\xff,2020-11-03": [
        ": neither utf-8 nor gb18030 text; save the file again in UTF-8"
    ],
}


@pytest.mark.parametrize(("text", "message"), FAULTS.items(), ids=range(len(FAULTS)))
def test_each_fault_of_a_file(tmp_path, text, message):
    found, faults = evidence(tmp_path, probes=text)
    assert faults == [f"2020/evidence/probes.csv{one}" for one in message]
    assert found.tables == {}


def test_faults_of_flags_words_transfers_and_ids(tmp_path):
    _, faults = evidence(
        tmp_path,
        letters="letter,unit,received,transfers,status\n1\u200b,dept01,2020-11-03,dept02,offen\n2,dept01,2020-11-03,dept02@2020-11-05;dept01@2020-11-04,\n3,dept01,2020-11-03,省厅@2020-11-05,\n4,dept01,2020-11-03,dept02@2020-02-30,\n",
        articles="unit,published,reposted\ndept01,2020-11-03,maybe\n",
    )
    words = "valid, duplicate, withdrawn, test, not_ours"
    form = "write each as unit@2020-12-31, joined by ;"
    assert faults == [
        "2020/evidence/articles.csv, row 2, column reposted: 'maybe' is neither true nor false; write true or false",
        "2020/evidence/letters.csv, row 2, column letter: it holds U+200B, a sign that nobody sees; type the cell anew",
        f"2020/evidence/letters.csv, row 2, column status: 'offen' is not allowed; write one of {words}",
        f"2020/evidence/letters.csv, row 2, column transfers: 'dept02' has no day; {form}",
        f"2020/evidence/letters.csv, row 3, column transfers: the days of 'dept02@2020-11-05;dept01@2020-11-04' fall; {form}",
        f"2020/evidence/letters.csv, row 4, column transfers: unknown unit '省厅'; {form}",
        f"2020/evidence/letters.csv, row 5, column transfers: '2020-02-30' does not exist; {form}",
    ]


def test_at_most_twenty_faults_of_a_kind_in_a_column(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PIECE", 400)
    rows = "".join(f"省厅{n},2020-11-03 10:{n:02d},x,\n" for n in range(50))
    _, faults = evidence(tmp_path, probes=PROBES + rows + ",2020-11-03,200,1\n")
    units = [fault for fault in faults if "column unit" in fault]
    assert len(units) == 22
    assert (
        "2020/evidence/probes.csv, row 21, column unit: unknown unit '省厅19'; correct the name, or add it to aliases.csv"
        in units
    )
    assert (
        "2020/evidence/probes.csv, column unit: 30 more rows with the fault of row 21; correct the name, or add it to aliases.csv"
        in units
    )
    assert "2020/evidence/probes.csv, row 52, column unit: no value; fill the cell in" in units
    assert len(faults) == 43


def test_files_that_are_no_tables(tmp_path):
    folder = tmp_path / "2020" / "evidence"
    (folder / "screenshots").mkdir(parents=True)
    for name in ("~$letters.xlsx", ".~lock.letters.csv#", ".DS_Store", "README.md"):
        (folder / name).write_text("x", encoding="utf-8")
    found, faults = evidence(tmp_path, probes=PROBES)
    assert (faults, found.tables["probes"].shape) == ([], (0, 5))
    (folder / "letter.csv").write_text("x", encoding="utf-8")
    (folder / "posts.xls").write_text("x", encoding="utf-8")
    (folder / "probes.xlsx").write_text("x", encoding="utf-8")
    _, faults = evidence(tmp_path)
    remedy = "no table of evidence; name it letters, consultations, guides, probes, links, columns, articles, posts, footer, typos and save it as .csv, .xlsx or .parquet"
    assert faults == [
        f"2020/evidence/letter.csv: {remedy}",
        f"2020/evidence/posts.xls: {remedy}",
        "2020/evidence/probes.xlsx: probes.csv holds the same table; keep one of the two",
    ]


def test_a_year_without_evidence_has_no_tables(tmp_path):
    (tmp_path / "2020").mkdir()
    found, faults = read(tmp_path / "2020")
    assert (faults, found.tables, len(found.rows), len(found.set_aside)) == ([], {}, 0, 0)


# forms of files


def test_a_header_only_is_an_empty_table(tmp_path):
    found, faults = evidence(tmp_path, probes="unit,time,status,seconds", letters=LETTERS)
    assert faults == []
    assert found.rows.values.tolist() == [["letters", 0, 0, 0], ["probes", 0, 0, 0]]
    assert found.tables["letters"]["received"].dtype == "datetime64[s]"
    assert found.tables["letters"]["first_unit"].cat.categories.tolist() == ["dept01", "dept02"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_each_encoding_and_line_end(tmp_path, encoding, newline):
    text = "unit,published,title,reposted\n市公安局,2020-11-03,通知,否\n\n市民政局,2020-11-04,公告,是\n"
    found, faults = evidence(tmp_path, articles=text.replace("\n", newline).encode(encoding))
    assert faults == []
    table = found.tables["articles"]
    assert table["title"].tolist() == ["通知", "公告"]
    assert table["row"].tolist() == [2, 4]
    assert table["unit"].tolist() == ["dept01", "dept02"]


def test_blank_lines_short_rows_and_empty_columns_at_the_end(tmp_path):
    text = "unit,time,status,seconds,,\n\ndept01,2020-11-03,,,,\n,,,,,\n  , ,,,,\ndept02,2020-11-03\n\n\ndept02,2020-11-04,200,1,, \n\n"
    found, faults = evidence(tmp_path, probes=text)
    assert faults == []
    assert found.tables["probes"]["row"].tolist() == [3, 6, 9]
    assert found.rows["rows_in"].tolist() == [3]
    _, faults = evidence(tmp_path, probes=text + "dept02,2020-11-05,200,1,,x\n")
    assert faults == [
        "2020/evidence/probes.csv, row 11: 6 cells under 4 columns; quote cells that contain a comma"
    ]


@pytest.mark.parametrize("piece", [7, 30, 100, 1 << 22])
def test_quotes_commas_and_line_breaks_in_any_piece(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(files, "PIECE", piece)
    titles = ["a,b", 'say ""x""', "two\nlines", 'odd 5" pipe', "", "plain", '"",""', " x "]
    rows = [f'dept01,2020-11-{n + 1:02d},"{title}",0' for n, title in enumerate(titles)]
    rows[3] = 'dept01,2020-11-04,odd 5" pipe,0'
    found, faults = evidence(
        tmp_path, articles="unit,published,title,reposted\n" + "\n".join(rows) + "\n"
    )
    assert faults == []
    assert found.tables["articles"]["title"].tolist() == [
        "a,b",
        'say "x"',
        "two\nlines",
        'odd 5" pipe',
        "",
        "plain",
        '","',
        "x",
    ]
    assert found.tables["articles"]["row"].tolist() == [*range(2, 10)]


def test_pieces_change_nothing(tmp_path, monkeypatch):
    rng = np.random.default_rng(11)
    names = ["dept01", "公安局", "市民政局", "市老局"]
    rows = [
        f"{names[u]},2020-{m}-{d:02d},{'有效' if u else ''},2020/12/{d},"
        for u, m, d in zip(
            rng.integers(0, 4, 300),
            rng.integers(10, 13, 300),
            rng.integers(1, 31, 300),
            strict=True,
        )
    ]
    text = LETTERS + "".join(f"L{n},{row}\n" for n, row in enumerate(rows))
    whole, faults = evidence(tmp_path, letters=text)
    assert faults == []
    monkeypatch.setattr(files, "PIECE", 200)
    parts, _ = evidence(tmp_path, letters=text)
    for name in ("decisions", "set_aside", "rows"):
        pd.testing.assert_frame_equal(getattr(whole, name), getattr(parts, name))
    pd.testing.assert_frame_equal(whole.tables["letters"], parts.tables["letters"])


ROWS = [
    ("L1", "市公安局", datetime(2020, 11, 3, 10, 5), None, "有效", date(2020, 11, 5), 1),
    ("L2", "公安局", datetime(2020, 11, 3), "dept02@2020-11-04", "", None, 2.5),
    ("L3", "dept02", datetime(2020, 2, 29, 23, 59, 59), None, "valid", date(2020, 3, 2), None),
]
NAMES = ["letter", "unit", "received", "transfers", "status", "replied"]


def _csv(rows):
    lines = [NAMES, *([str(cell) if cell is not None else "" for cell in row[:6]] for row in rows)]
    return "".join(",".join(line) + "\n" for line in lines)


def test_xlsx_and_parquet_give_the_frame_of_csv(tmp_path):
    expected, faults = evidence(tmp_path / "csv", letters=_csv(ROWS))
    assert faults == []
    for form in ("xlsx", "parquet"):
        folder = tmp_path / form / "2020"
        (folder / "evidence").mkdir(parents=True)
        path = folder / "evidence" / f"letters.{form}"
        if form == "parquet":
            pl.DataFrame([row[:6] for row in ROWS], schema=NAMES, orient="row").write_parquet(path)
        else:
            _workbook(path)
        found, faults = read(folder)
        assert faults == []
        pd.testing.assert_frame_equal(found.tables["letters"], expected.tables["letters"])
        pd.testing.assert_frame_equal(found.decisions, expected.decisions)


def _workbook(path):
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        sheet = book.add_worksheet()
        book.add_worksheet("notes").write(0, 0, "ignored")
        sheet.write_row(0, 0, NAMES)
        for number, row in enumerate(ROWS, start=1):
            for column, cell in enumerate(row[:6]):
                if cell is not None:
                    sheet.write(number, column, cell)


def test_cells_of_a_workbook_as_officials_leave_them(tmp_path):
    """Numbers, booleans, serials and merged unit cells; a formula without a value is no date."""
    folder = tmp_path / "2020"
    (folder / "evidence").mkdir(parents=True)
    path = folder / "evidence" / "columns.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["unit", "checked", "column", "kind", "last_update", "blank"])
        sheet.merge_range(1, 0, 2, 0, "市公安局")
        sheet.write_row(1, 1, [44138, 1.0, "动态", 44138.42, True])
        sheet.write_row(2, 1, ["2020年11月3日", 2.5, "静态", "", 0])
    found, faults = read(folder)
    assert faults == []
    table = found.tables["columns"]
    assert table["unit"].tolist() == ["dept01", "dept01"]
    assert table["column"].tolist() == ["1", "2.5"]
    assert table["blank"].tolist() == [True, False]
    assert times(found, "columns", "last_update") == ["2020-11-03", "NaT"]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["unit", "checked", "column", "kind", "blank"])
        sheet.write_row(1, 0, ["dept01", "", "x", "动态", "1"])
        sheet.write_formula(1, 1, "=TODAY()", None, "")
    _, faults = read(folder)
    assert faults == [
        "2020/evidence/columns.xlsx, row 2, column checked: '=TODAY()' is no date; write dates as 2020-12-31"
    ]


def test_a_workbook_with_rows_on_a_second_sheet_is_refused(tmp_path):
    folder = tmp_path / "2020"
    (folder / "evidence").mkdir(parents=True)
    with xlsxwriter.Workbook(folder / "evidence" / "posts.xlsx") as book:
        for month, rows in (("十月", 1), ("十一月", 1), ("Sheet3", 0)):
            sheet = book.add_worksheet(month)
            for row in range(2 * rows):
                sheet.write_row(
                    row, 0, [["unit", "account", "posted"], ["dept01", "微信", 44138]][row]
                )
    _, faults = read(folder)
    assert faults == [
        "2020/evidence/posts.xlsx, sheet 十一月: only the first sheet is read; "
        "move its rows to the first sheet, or remove it"
    ]


def test_damaged_workbooks_and_parquet_files_are_faults(tmp_path):
    folder = tmp_path / "2020" / "evidence"
    folder.mkdir(parents=True)
    (folder / "letters.xlsx").write_bytes(b"no workbook")
    (folder / "probes.parquet").write_bytes(b"no parquet")
    pl.DataFrame({"unit": [["dept01"]], "account": ["x"], "posted": ["2020-11-03"]}).write_parquet(
        folder / "posts.parquet"
    )
    _, faults = read(tmp_path / "2020")
    assert len(faults) == 3
    assert faults[0].startswith("2020/evidence/letters.xlsx: ")
    assert (
        faults[1]
        == "2020/evidence/posts.parquet, column unit: the column holds List(String); write text, numbers or dates"
    )
    assert faults[2].startswith("2020/evidence/probes.parquet: no parquet file (")


def test_tables_beyond_all_measure_are_faults(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "SIZE_LIMIT", 5_000_000)
    monkeypatch.setattr(files, "ROW_LIMIT", 1_000_000)
    folder = tmp_path / "2020" / "evidence"
    folder.mkdir(parents=True)
    nothing = pl.Series("unit", [None], pl.String).new_from_index(0, 1_000_001)
    pl.DataFrame([nothing]).write_parquet(folder / "probes.parquet")
    (folder / "letters.csv").write_bytes(b"," * 6_000_000)
    _, faults = read(tmp_path / "2020")
    assert faults == [
        "2020/evidence/letters.csv: the file has 6 MB; at most 5 MB are read; keep one year in it",
        "2020/evidence/probes.parquet: the table has 1,000,001 rows; at most 1,000,000 are read; keep one year in it",
    ]


def test_typed_columns_of_parquet(tmp_path):
    folder = tmp_path / "2020" / "evidence"
    folder.mkdir(parents=True)
    moments = [datetime(2020, 11, 3, 16, 0), datetime(2020, 11, 3, 15, 59, 59, 999_999)]
    frame = pl.DataFrame(
        {
            "unit": pl.Series(["dept01", "公安局"], dtype=pl.Categorical),
            "time": moments,
            "status": [200.0, float("nan")],
            "seconds": [None, 2],
        }
    )
    frame = frame.with_columns(pl.col("time").dt.replace_time_zone("UTC"))
    frame.write_parquet(folder / "probes.parquet")
    pl.DataFrame(
        {"unit": ["dept01"] * 2, "account": [3.0, 2.5], "posted": [44138, 44138]}
    ).write_parquet(folder / "posts.parquet")
    found, faults = read(tmp_path / "2020")
    assert faults == []
    assert times(found) == ["2020-11-04", "2020-11-03 23:59:59"]
    assert found.tables["probes"]["status"].isna().tolist() == [False, True]
    assert found.tables["posts"]["account"].tolist() == ["3", "2.5"]
    assert times(found, "posts", "posted") == ["2020-11-03", "2020-11-03"]


# rulings


RULED = (
    PROBES + "省厅,2020-11-03,200,1\ndept01,soon,200,1\ndept02,,200,1\ndept01,2020-11-05,200,1\n"
)


def ruling(row, column, was, becomes, *, file="evidence/probes.csv"):
    return f"{file},,{row},{column},{was},{becomes},seen on the page,zhao,2020-12-01\n"


def test_rulings_settle_what_no_rule_does(tmp_path):
    rulings = (
        ruling(2, "unit", "省厅", "drop")
        + ruling(3, "time", "soon", "2020-11-04")
        + ruling(4, " Time".lower(), "", "2020-11-03 10:05")
    )
    found, faults = evidence(tmp_path, probes=RULED, rulings=rulings)
    assert faults == []
    assert times(found) == ["2020-11-04", "2020-11-03 10:05:00", "2020-11-05"]
    assert found.set_aside.values.tolist() == [["probes", 2, "", "ruling", "2020-11-03 00:00:00"]]
    assert found.rows.values.tolist() == [["probes", 4, 3, 1]]
    assert decided(found) == [
        ["probes", "unit", 2, 1, "省厅", "drop", "ruling"],
        ["probes", "time", 3, 1, "soon", "2020-11-04", "ruling"],
        ["probes", "time", 4, 1, "", "2020-11-03 10:05", "ruling"],
    ]


@pytest.mark.parametrize(
    ("row", "column", "was", "becomes", "file", "message"),
    [
        (
            3,
            "time",
            "later",
            "2020-11-04",
            "probes.csv",
            "the cell shows 'soon', not 'later'; rule on it again",
        ),
        (
            3,
            "time",
            "soon",
            "never",
            "probes.csv",
            "it cannot become 'never': 'never' is no date; correct the ruling",
        ),
        (
            5,
            "status",
            "200",
            "500",
            "probes.csv",
            "the rules settle this cell without a ruling; remove the ruling",
        ),
        (99, "time", "soon", "drop", "probes.csv", "no such cell is read; correct its place"),
        (3, "when", "soon", "drop", "probes.csv", "no such cell is read; correct its place"),
        (3, "time", "soon", "drop", "letters.csv", "no such cell is read; correct its place"),
    ],
)
def test_rulings_that_cannot_be_applied_are_faults(
    tmp_path, row, column, was, becomes, file, message
):
    line = ruling(row, column, was, becomes, file=f"evidence/{file}")
    _, faults = evidence(tmp_path, probes=RULED, rulings=line)
    assert f"2020/decisions.csv, row 2: {message}" in faults
    assert len(faults) == 4  # what was not ruled on stays at fault


def test_rulings_on_score_sheets_are_not_looked_at(tmp_path):
    found, faults = evidence(
        tmp_path, probes=PROBES, rulings=ruling(3, "I1", "x", "drop", file="scores.xlsx")
    )
    assert faults == []
    assert len(found.rows) == 1


def test_a_ruling_in_a_typed_column(tmp_path):
    folder = tmp_path / "2020" / "evidence"
    folder.mkdir(parents=True)
    pl.DataFrame(
        {"unit": ["dept01", "dept02"], "time": [datetime(2020, 11, 3), None]}
    ).write_parquet(folder / "probes.parquet")
    line = ruling(3, "time", "", "2020年11月4日", file="evidence/probes.parquet")
    found, faults = read(tmp_path / "2020", rulings=line)
    assert faults == []
    assert times(found) == ["2020-11-03", "2020-11-04"]


def test_a_text_is_read_once(tmp_path, monkeypatch):
    asked = []
    plain = columns.read_unit
    monkeypatch.setattr(
        columns, "read_unit", lambda text, **known: asked.append(text) or plain(text, **known)
    )
    monkeypatch.setattr(files, "PIECE", 100)
    rows = "".join(f"公安局,2020-11-03 {n // 60:02d}:{n % 60:02d},200,1\n" for n in range(200))
    found, faults = evidence(tmp_path, probes=PROBES + rows)
    assert faults == []
    assert asked == ["公安局"]
    assert found.decisions["rows"].tolist() == [200]


def test_a_study_without_evidence_loads_no_reader_of_it():
    code = (
        "import sys, evallib, evallib.study.evidence.read, evallib.study.evidence.workdays; "
        "print(sorted({'polars', 'chinese_calendar'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
