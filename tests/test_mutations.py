"""Faults put in on purpose: none changes a result unseen, loses a row or ends in a traceback."""

import re
from dataclasses import replace

import pandas as pd
import pytest
from mutations import judge as judging
from mutations.base import base
from mutations.grid import FOLDER, Mutation
from mutations.judge import BUG, DECIDED, OTHER, REFUSED, UNCHANGED, Sandbox
from mutations.kinds import kinds, mutate
from mutations.oracle import expected
from mutations.wholes import BOOKS

from evallib import missing_table, read_study, surprising_marks
from evallib.errors import Fault, StudyError
from evallib.study.texts import read_text

RUNS, PART = 300, 50


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    return Sandbox(tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize("first", range(0, RUNS, PART))
def test_every_fault_means_nothing_is_decided_or_refused_by_name(sandbox, first):
    ends = []
    for seed in range(first, first + PART):
        mutation = mutate(seed)
        verdict = sandbox.judge(mutation)
        if verdict.outcome == BUG:
            ends.append(f"seed {seed}, {mutation.kind}, {mutation.file}: {verdict.note}")
    assert not ends, "\n".join(ends)


def test_the_runs_try_more_than_sixty_kinds():
    tried = {mutate(seed).kind for seed in range(RUNS)}
    assert len(kinds()) >= 60
    assert len(tried) > 0.95 * len(kinds())


def test_the_valid_study_says_what_stands_in_its_files(sandbox):
    study, facts, _, _ = sandbox.valid[None]
    stands, cells = expected(base())
    assert facts == stands
    assert cells == {(2019, "final"): 42, (2020, "final"): 50, (2020, "initial"): 42}
    assert judging.conserved(study, cells) == ""


def edited(file, old, new):
    """The valid study with one text in one file replaced."""
    encoding = "gb18030" if file.endswith("响应.csv") else "utf-8"
    text = base()[file].decode(encoding)
    assert old in text
    return Mutation("edited", file, {file: text.replace(old, new, 1).encode(encoding)})


HARMLESS = edited("2019/marks.csv", "001,1.1,5,", "001,1.1,5.0,")


def spoilt(study):
    """A study in which one mark was misread."""
    year = study.years[2019]
    marks = year.marks.assign(mark=[4.0, *year.marks["mark"][1:]])
    return replace(study, years=study.years | {2019: replace(year, marks=marks)})


def short_of_a_row(study):
    """A study that lost a row of marks on the way, and says so of itself."""
    year = study.years[2019]
    rows = year.rows.assign(cells_in=41, scored=41)
    return replace(study, years=study.years | {2019: replace(year, rows=rows)})


def unbalanced(study):
    """A study in which a cell was neither scored nor set aside."""
    year = study.years[2019]
    return replace(study, years={2019: replace(year, rows=year.rows.assign(scored=41))})


def failing(error):
    """A reader that ends in that error."""

    def read(study):
        raise error

    return read


@pytest.mark.parametrize(
    ("reader", "seen"),
    [
        (spoilt, "read otherwise than it stands there"),
        (short_of_a_row, "42 cells stand there, 41 came in"),
        (unbalanced, "42 cells in, 41 scored, 0 set aside"),
        (failing(KeyError("unit")), "KeyError"),
        (failing(StudyError([Fault("2020/marks.csv", 1, None, "odd", "mend")])), "names another"),
        (failing(StudyError([Fault("units.csv", None, None, "odd", "mend")])), "names no place"),
        (failing(StudyError([Fault("2019/marks.csv", 1, None, "odd", "")])), "without remedy"),
    ],
)
def test_a_wrong_reader_is_found_out(sandbox, monkeypatch, reader, seen):
    assert sandbox.judge(HARMLESS).outcome == UNCHANGED
    monkeypatch.setattr(judging, "read_study", lambda *a, **k: reader(read_study(*a, **k)))
    verdict = sandbox.judge(HARMLESS)
    assert verdict.outcome == BUG
    assert seen in verdict.note


def test_a_change_without_a_decision_is_found_out(sandbox, monkeypatch):
    vague = edited("2019/marks.csv", "001,1.1,5,", "001,1.1,約5,")
    monkeypatch.setattr(judging, "read_study", lambda *a, **k: spoilt(sandbox.valid[None][0]))
    assert "changed without a decision" in sandbox.judge(vague).note


@pytest.mark.parametrize(
    ("mutation", "outcome"),
    [
        (edited("2020/raw/响应.csv", "001,S3,2,", "001,S3,２.０,"), DECIDED),
        (edited("2020/raw/响应.csv", "001,S3,2,", "001,S3,3,"), OTHER),
        (edited("2020/raw/响应.csv", "001,S3,2,", "001,S3,二,"), REFUSED),
    ],
)
def test_one_cell_can_end_in_three_ways(sandbox, mutation, outcome):
    assert sandbox.judge(mutation).outcome == outcome


def whole(file, content, kind="whole"):
    """The valid study with other content under a name (None: nothing)."""
    return Mutation(kind, file, {file: content})


def with_a_chart():
    import numpy as np

    file = "2020/raw/初评.xlsx"
    return whole(file, BOOKS["chart sheet added"](base()[file], np.random.default_rng(1)))


def squashed():
    """A workbook of which a compressed part is damaged."""
    file, raw = "2020/raw/终评.xlsx", base()["2020/raw/终评.xlsx"]
    at = raw.index(b"PK\x03\x04", 200) + 80
    return whole(file, raw[:at] + bytes(40) + raw[at + 40 :])


ADJUSTMENTS, RULES = "2020/adjustments.csv", "2020/rules.yaml"
RENAMED = Mutation("renamed", RULES, {RULES: None, "2020/rules.yml": base()[RULES]})
UPPER = Mutation(
    "renamed", ADJUSTMENTS, {ADJUSTMENTS: None, "2020/Adjustments.CSV": base()[ADJUSTMENTS]}
)
MOVED = Mutation(
    "moved",
    "2018/totals.csv",
    {"2018/totals.csv": None, "2018年/totals.csv": base()["2018/totals.csv"]},
)
UNITS = base()["units.csv"]
REFUSALS = {
    "an underscore in points": (
        edited(ADJUSTMENTS, "bonus,2.5", "bonus,2_5"),
        "adjustments.csv, row 2, column points: '2_5' is no number",
    ),
    "an underscore in full marks": (
        edited("2019/scheme.csv", ",,6,", ",,1_0,"),
        "scheme.csv, row 4, column full_marks: '1_0' is no number",
    ),
    "an underscore in a double review": (
        edited("2020/reviews.csv", "first,5.5", "first,0_5"),
        "reviews.csv, row 2, column mark: '0_5' is no number",
    ),
    "points beyond any scale": (
        edited(ADJUSTMENTS, "bonus,2.5", "bonus,1e300"),
        "adjustments.csv, row 2, column points: '1e300' is above 1000000000",
    ),
    "weights whose sum has no end": (
        edited("2019/scheme.csv", "Health,30", "Health,1e308"),
        "scheme.csv, row 3, column weight: '1e308' is above 1000000000",
    ),
    "a place beyond all places": (
        edited("2018/totals.csv", "81.25,1", f"81.25,{'1' * 300}"),
        "totals.csv, row 2, column rank: '111",
    ),
    "a veto's total beyond print": (
        edited(RULES, "top: 3", "veto: {total: 1.0e+300}"),
        "rules.yaml, row 4, column veto.total: 1e+300 is above 1000000000",
    ),
    "a kept value far beyond its goalposts": (
        edited("2020/raw/响应.csv", "001,S3,2,", "001,S3,2e300,".replace("e300", "0" * 300)),
        "is outside -10000000 to 10000010",
    ),
    "a date as a serial number": (
        edited("units.csv", "true,2018-01-05", "true,43105"),
        "units.csv, row 2, column recorded_on: '43105' is no date",
    ),
    "a ruling dated by a number": (
        edited("2020/decisions.csv", "2020-12-28", "0"),
        "decisions.csv, row 2, column decided_on: '0' is no date",
    ),
    "a year before all years": (
        edited("successions.csv", "006,2020", "006,-2020"),
        "successions.csv, row 2, column year: '-2020' is below 1000",
    ),
    "yes for a number": (
        edited(RULES, "decimals: 2", "decimals: yes"),
        "rules.yaml, row 2, column decimals: true is neither number nor text",
    ),
    "an octal number": (
        edited(RULES, "top: 3", "top: 010"),
        "rules.yaml, row 4: '010' is no plain number",
    ),
    "a sexagesimal number": (
        edited(RULES, "gate: 60", "gate: 1:00"),
        "rules.yaml, row 7: '1:00' is no plain number",
    ),
    "a folder for a file": (
        whole("2020/findings.csv", FOLDER),
        "2020/findings.csv: a folder, not a file",
    ),
    "a folder for the rules": (
        whole("2019/rules.yaml", FOLDER),
        "2019/rules.yaml: a folder, not a file",
    ),
    "rules under another ending": (
        RENAMED,
        "2020/rules.yml: a file that is not read; name it rules",
    ),
    "a name in another case": (UPPER, "Adjustments.CSV: a file that is not read; name it adjust"),
    "a year with a word": (MOVED, "2018年: a year that is not read; name it 2018"),
    "a raw file that nobody lists": (
        whole("2020/raw/终评_新.csv", b"a,b\n"),
        "2020/raw/终评_新.csv: layout.yaml does not list it",
    ),
    "a quote left open": (
        edited(ADJUSTMENTS, "创新案例", '"创新案例'),
        "adjustments.csv, row 2: no CSV (unexpected end of data); close the quotes",
    ),
    "an end cut off": (
        whole(ADJUSTMENTS, base()[ADJUSTMENTS].rpartition(b",,")[0]),
        "adjustments.csv, row 6: the file breaks off after 2 of 5 cells",
    ),
    "a byte lost": (
        whole("units.csv", UNITS.replace("市民政局".encode(), "市民政局".encode()[1:])),
        "units.csv, row 3: a sign in it is damaged: no UTF-8",
    ),
    "a NUL byte": (
        whole("units.csv", UNITS.replace(b"Health", b"He\0lth")),
        "units.csv, row 4: a NUL byte, which no text holds",
    ),
    "a chart sheet": (with_a_chart(), "初评.xlsx: the workbook cannot be opened"),
    "a damaged archive": (squashed(), "终评.xlsx: the workbook cannot be opened"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_was_once_read_over_is_refused(sandbox, name):
    mutation, message = REFUSALS[name]
    with sandbox.damaged(mutation) as folder, pytest.raises(StudyError, match=re.escape(message)):
        read_study(folder)


@pytest.mark.parametrize(
    "text", ["市", "单位,得分\n市民政局,5\n", "联通", "得分\n", "甲乙丙丁戊己庚辛"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_undamaged_text_is_read_in_both_encodings(tmp_path, text, encoding):
    path, faults = tmp_path / "t.csv", []
    path.write_bytes(text.encode(encoding))
    assert (read_text(path, "t.csv", faults), faults) == (text, [])


def test_lock_files_and_notes_are_no_faults(sandbox):
    names = ("2020/raw/~$终评.xlsx", "2020/raw/.终评.csv", "2020/说明.txt", "2020/old_marks.csv")
    files = {name: b"note" for name in names}
    assert sandbox.judge(Mutation("notes", names[0], files)).outcome == UNCHANGED


def test_strays_of_a_year_that_is_not_read_are_no_faults(sandbox):
    stray = whole("2019/rules.yml", b"top: 1")
    with sandbox.damaged(stray) as folder:
        assert list(read_study(folder, years=[2020]).years) == [2020]
        with pytest.raises(StudyError, match=r"2019/rules\.yml: a file that is not read"):
            read_study(folder)


def test_a_valid_mark_that_nobody_expects_stands_in_the_audit(sandbox):
    file = "2020/raw/响应.csv"
    with sandbox.damaged(edited(file, "001,S3,2,", "001,S3,9.5,")) as folder:
        table = surprising_marks(read_study(folder), 2020)
    assert table[["unit", "indicator", "mark", "against", "before"]].values.tolist() == [
        ["001", "S3", 9.5, "initial", 2.0],
        ["001", "S3", 9.5, "2019", 2.5],
    ]
    # 0.75 and 0.7 of the way from 10 to 0 seconds, a leaf that carries 70 * 20 / 100 points
    assert table["change"].tolist() == [-0.75, -0.7]
    assert table["points"].round(9).tolist() == [-10.5, -9.8]


def test_a_leaf_that_suddenly_does_not_apply_stands_first_in_the_audit(sandbox):
    with sandbox.damaged(edited("2020/raw/响应.csv", "003,S3,3.5,", "003,S3,不适用,")) as folder:
        table = surprising_marks(read_study(folder), 2020)
    assert set(table["unit"] + "/" + table["indicator"]) == {"003/S3"}
    assert table["change"].isna().all()


def test_a_row_lost_from_the_initial_round_stands_in_the_audit(sandbox):
    assert missing_table(sandbox.valid[None][0], 2020).empty
    import io

    import openpyxl
    from mutations.grid import saved

    file = "2020/raw/初评.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(base()[file]))
    book["全部"].delete_rows(4)
    with sandbox.damaged(whole(file, saved(book))) as folder:
        table = missing_table(read_study(folder), 2020)
    assert table.values.tolist() == [
        ["initial", "003", leaf] for leaf in ("1.1", "1.2", "1.10", "S1", "S2", "S3")
    ]


def test_a_study_of_one_round_and_year_has_nothing_to_compare(sandbox):
    study = read_study(sandbox.folder, years=[2019])
    assert surprising_marks(study, 2019).empty
    assert isinstance(missing_table(study, 2019), pd.DataFrame)


def test_audit_points_at_every_implausible_mark_of_the_runs(sandbox):
    counted = 0
    for seed in (3, 17, 109, 131, 302, 414, 3042, 3243, 3252):
        mutation = mutate(seed)
        if sandbox.judge(mutation).outcome == OTHER:
            odd, shown = sandbox.audited(mutation)
            counted += len(odd)
            assert odd <= shown, f"seed {seed}, {mutation.kind}: {odd - shown}"
    assert counted
