"""Damage done on purpose to evidence and to measures.yaml: nothing changes unseen, nothing is lost.

Each of 120 seeded damages ends in one of three ways, and which one is known beforehand: the marks
stay as they are, with every repair logged and every row set aside listed; or the study is refused,
and the fault names the file and the place. Rows in are always rows kept and rows set aside; rows of
a table are, for every rule, too early, too late, counted, or left out with a reason.
"""

from __future__ import annotations

import csv
import io
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import yaml
from evidence_study import MARKS, TABLES, make_evidence_study, measures

import evallib as ev
from evallib.study.evidence import tables as known
from evallib.study.evidence.tally import clock_of, see

RUNS, PART = 120, 30
SAME, ASIDE, REFUSED = "same marks", "same marks, one row set aside", "refused"
ADJUSTMENTS = (
    "unit,kind,points,reason,source,veto\nu1,veto_rejected,,answered by phone,,unanswered\n"
)
NAMES = {"u1": "甲局", "u2": "乙局", "u3": "丙局", "u4": "丁区"}


@dataclass(frozen=True)
class Damage:
    """What was written instead of a file, how that has to end, and the place it is about."""

    file: str
    text: str | bytes
    ends: str
    row: int | None = None
    column: str = ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    files = {"2020/adjustments.csv": ADJUSTMENTS}
    return make_evidence_study(tmp_path_factory.mktemp("damage"), files=files)


@pytest.fixture(scope="module")
def sound(folder):
    return said(ev.read_study(folder))


def said(study):
    """All that the evidence decides, and what follows from it."""
    year = study.years[2020]
    totals = ev.evaluate(study, 2020).total.round(9)
    return [
        sorted(table.astype(object).fillna("").itertuples(index=False, name=None))
        for table in (year.marks, year.measured.marks, year.measured.vetoes, totals.reset_index())
    ]


# --- one table, damaged


def cells_of(name):
    return list(csv.reader(io.StringIO(TABLES[name])))


def text_of(rows):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def place_in(rng, kinds, *, required=True):
    """A table, its cells, and by chance a row and a column of one of the kinds."""
    found = [
        (name, column.name)
        for name in TABLES
        for column in known.TABLES[name].columns
        if column.kind in kinds
        and (column.required or not required)
        and column.name in TABLES[name]
    ]
    name, column = found[rng.integers(len(found))]
    rows = cells_of(name)
    at = rows[0].index(column)
    filled = [n for n in range(1, len(rows)) if rows[n][at]]
    return name, rows, int(rng.choice(filled)), at


def table_damage(name, rows, ends, row=None, column=""):
    return Damage(f"2020/evidence/{name}.csv", text_of(rows), ends, row, column)


def cell_damage(rng, kinds, change, ends, *, required=True):
    name, rows, row, at = place_in(rng, kinds, required=required)
    rows[row][at] = change(rows[row][at])
    return table_damage(name, rows, ends, row + 1, rows[0][at])


def other_day(text):
    """The day in another form of the same moment."""
    day, _, clock = text.partition(" ")
    year, month, rest = day.split("-")
    return f"{year}年{int(month)}月{int(rest)}日{' ' if clock else ''}{clock}"


def offset(text):
    """The same moment of Shanghai on the clock of another zone, often on another day."""
    moment = pd.Timestamp(text) - pd.Timedelta(hours=13)
    return moment.strftime("%Y-%m-%dT%H:%M:%S-05:00")


def unreadable_cell(rng):
    damage = lambda text: str(rng.choice(["?", "13月40日", "maybe", "u99", "2020-02-30", "+-1"]))  # noqa: E731
    return cell_damage(rng, ("date", "time", "number", "flag", "word", "unit"), damage, REFUSED)


def emptied_cell(rng):
    kinds = ("id", "date", "time", "flag", "word", "unit", "number")
    return cell_damage(rng, kinds, lambda _: " ", REFUSED)


def other_form_of_a_day(rng):
    return cell_damage(rng, ("date", "time"), other_day, SAME, required=False)


def other_zone(rng):
    return cell_damage(rng, ("date", "time"), offset, SAME, required=False)


def other_form_of_a_flag(rng):
    return cell_damage(rng, ("flag",), lambda text: {"1": "√", "0": "否"}[text], SAME)


def other_name_of_a_unit(rng):
    return cell_damage(rng, ("unit",), lambda text: f" {NAMES[text]} ", SAME)


def chinese_word(rng):
    words = {
        code: form
        for forms in (known.KINDS, known.SEVERITY)
        for code, form in map(str.split, forms)
    }
    return cell_damage(rng, ("word",), words.get, SAME)


def full_width_number(rng):
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    return cell_damage(rng, ("number",), lambda text: text.translate(wide), SAME, required=False)


def any_table(rng):
    name = str(rng.choice(list(TABLES)))
    return name, cells_of(name)


def rows_in_another_order(rng):
    name, rows = any_table(rng)
    return table_damage(
        name, [rows[0], *[rows[n + 1] for n in rng.permutation(len(rows) - 1)]], SAME
    )


def columns_in_another_order(rng):
    name, rows = any_table(rng)
    order = rng.permutation(len(rows[0]))
    return table_damage(name, [[row[n] for n in order] for row in rows], SAME)


def blank_lines(rng):
    name, rows = any_table(rng)
    rows.insert(int(rng.integers(1, len(rows))), [""] * len(rows[0]))
    return table_damage(name, rows, SAME)


def other_encoding(rng):
    name, rows = any_table(rng)
    text = text_of(rows).replace("\n", "\r\n")
    encoding = str(rng.choice(["utf-8-sig", "gb18030"]))
    return Damage(f"2020/evidence/{name}.csv", text.encode(encoding), SAME)


def repeated_row(rng):
    keyed = ["letters", "consultations", "guides", "probes", "posts", "columns"]
    name = str(rng.choice(keyed))
    rows = cells_of(name)
    row = int(rng.integers(1, len(rows)))
    rows.insert(row + 1, list(rows[row]))
    return table_damage(name, rows, ASIDE)


def contradicting_row(rng):
    name, column = [("letters", "replied"), ("consultations", "results_published")][rng.integers(2)]
    rows = cells_of(name)
    row, at = int(rng.integers(1, len(rows))), rows[0].index(column)
    other = list(rows[row])
    other[at] = "2020-11-11"
    return table_damage(name, [*rows, other], REFUSED, len(rows) + 1, rows[0][0])


IMPOSSIBLE = {
    "letters": ["zz,u2,2020-06-02,2020-06-01", "zz,u2,2020-06-02 10:00,2020-06-02 09:59"],
    "consultations": ["zz,u2,2020-03-31,2020-03-01,", "zz,u2,2020-03-01,2020-03-31,2020-03-30"],
    "probes": ["u2,2020-11-30 11:00,200,-1"],
    "columns": ["u2,2020-11-30,new,dynamic,2020-12-01,0"],
}


def impossible_row(rng):
    name = str(rng.choice(list(IMPOSSIBLE)))
    return table_damage(
        name, [*cells_of(name), str(rng.choice(IMPOSSIBLE[name])).split(",")], ASIDE
    )


OUTSIDE = {  # behind the last day, before the window, or of no account
    "letters": ["zz,u2,2020-12-01,", "zz,u2,2019-11-30 23:59,", "zz,u2,2020-11-20,2020-11-21"],
    "consultations": ["zz,u2,2020-12-01,2020-12-09,", "zz,u2,2019-10-01,2019-11-30,"],
    "probes": ["u2,2020-12-01 00:00,500,1", "u2,2019-11-30 23:59:59,,"],
    "links": ["u2,2020-12-01,404,1", "u2,2020-11-29,404,1"],
    "columns": ["u2,2020-12-01,news,dynamic,,1", "u2,2020-11-29,news,dynamic,,1"],
    "typos": ["u2,2020-12-31,serious", "u2,2020-11-29,serious"],
    "posts": ["u2,微博,2020-12-01", "u2,抖音,2019-11-30"],
    "articles": ["u2,2020-12-01,z,1", "u2,2019-11-30,z,1"],
    "footer": ["u2,2020-12-01,0,0,0,0,0,0", "u2,2020-11-01,0,0,0,0,0,0"],
    "guides": ["zz,u2,2020-12-01" + ",0" * 11, "zz,u2,2019-11-30" + ",0" * 11],
}


def row_outside(rng):
    name = str(rng.choice(list(OUTSIDE)))
    return table_damage(name, [*cells_of(name), str(rng.choice(OUTSIDE[name])).split(",")], "kept")


def column_gone(rng):
    """One that is required, or without which a rule can say nothing."""
    names = {"letters": "replied", "probes": "status", "columns": "last_update"}
    name, rows = any_table(rng)
    needed = [c.name for c in known.TABLES[name].columns if c.required]
    column = str(rng.choice([*needed, *filter(None, [names.get(name)])]))
    at = rows[0].index(column)
    return table_damage(name, [row[:at] + row[at + 1 :] for row in rows], REFUSED, None, column)


def header_misspelt(rng):
    name, rows = any_table(rng)
    at = int(rng.integers(len(rows[0])))
    rows[0][at] += "s"
    return table_damage(name, rows, REFUSED, 1, rows[0][at])


def long_row(rng):
    name, rows = any_table(rng)
    row = int(rng.integers(1, len(rows)))
    rows[row].append("x")
    return table_damage(name, rows, REFUSED, row + 1)


def no_rows(rng):
    name, rows = any_table(rng)
    return table_damage(name, rows[:1], REFUSED)


def no_text(rng):
    name, _ = any_table(rng)
    wrong = [
        "u".encode("utf-16"),
        b"",
        b"\0\1\2",
        "letter,unit\n\udcff".encode("utf-8", "surrogateescape"),
        b"PK\3\4",
    ]
    return Damage(f"2020/evidence/{name}.csv", wrong[rng.integers(len(wrong))], REFUSED)


def broken_off(rng):
    name, rows = any_table(rng)
    cells = rows[-1][: max(len(rows[-1]) - 1, 1)]
    text = text_of(rows[:-1]) + ",".join(cells)
    return Damage(f"2020/evidence/{name}.csv", text, REFUSED, len(rows))


def strange_file(rng):
    name = str(rng.choice(["2020/evidence/letter.csv", "2020/evidence/notes.txt"]))
    return Damage(name, "letter,unit\n", REFUSED)


def unit_of_nobody(rng):
    return cell_damage(rng, ("unit",), lambda _: "u5", REFUSED)


# --- measures.yaml, damaged


def rules_damage(rules, ends=REFUSED, column=""):
    return Damage(
        "2020/measures.yaml", yaml.safe_dump(rules, allow_unicode=True), ends, None, column
    )


def any_rule(rng):
    rules = deepcopy(measures())
    code = str(rng.choice(list(rules["leaves"])))
    return rules, code, rules["leaves"][code]


def key_gone(rng):
    rules, code, rule = any_rule(rng)
    key = str(rng.choice(["measure", "window", "source", "confirmed"]))
    del rule[key]
    return rules_damage(rules, column=f"leaves.{code}.{key}")


def key_misspelt(rng):
    rules, code, rule = any_rule(rng)
    key = str(rng.choice([*rule]))
    rule[key + "x"] = rule.pop(key)
    return rules_damage(rules, column=f"leaves.{code}")


def parameter_wrong(rng):
    rules, code, rule = any_rule(rng)
    key = str(rng.choice([*rule["measure"]]))
    rule["measure"][key] = [None, -1, "many", {"hours": 3}][rng.integers(4)]
    return rules_damage(rules, column=f"leaves.{code}.measure")


def window_wrong(rng):
    rules, code, rule = any_rule(rng)
    wrong = [{"days": 0}, {"months": 10**9}, {"days": 7, "months": 1}, {}, {"weeks": 2}, 7]
    rule["window"] = wrong[rng.integers(len(wrong))]
    return rules_damage(rules, column=f"leaves.{code}.window")


def price_wrong(rng):
    rules, code, rule = any_rule(rng)
    number = float(rng.choice([-0.5, 0, np.inf, 3.05, 0.013]))
    if "steps" in rule:
        rule["steps"][0]["points"] = number
    else:
        rule["points_each"] = number
    return rules_damage(rules, column=f"leaves.{code}")


def bound_wrong(rng):
    rules = deepcopy(measures())
    code = str(rng.choice([code for code, rule in rules["leaves"].items() if "steps" in rule]))
    (step, *_) = rules["leaves"][code]["steps"]
    (key,) = set(step) - {"points"}
    other = {"below": "above", "at_most": "at_least", "above": "below", "at_least": "at_most"}
    step[other[key]] = step.pop(key) if rng.random() < 0.5 else step[key]
    return rules_damage(rules, column=f"leaves.{code}")


def leaf_wrong(rng):
    rules, code, _ = any_rule(rng)
    wrong = str(rng.choice(["A", "all", "z9"]))
    rules["leaves"][wrong] = rules["leaves"].pop(code)
    return rules_damage(rules, column=f"leaves.{wrong}")


def veto_wrong(rng):
    rules = deepcopy(measures())
    changes = [{"warn": 2}, {"at_least": -1}, {"at_most": 1}, {"points": 3}, {"zh": None}]
    rules["vetoes"]["unanswered"] |= changes[rng.integers(len(changes))]
    return rules_damage(rules, column="vetoes.unanswered")


def day_wrong(rng):
    wrong = ["2020-02-30", "2018-11-30", "2022-01-01", "", "30.11.2020", 20201130]
    return rules_damage(
        deepcopy(measures()) | {"as_of": wrong[rng.integers(len(wrong))]}, column="as_of"
    )


def clock_wrong(rng):
    wrong = [
        {"timezone": "Peking"},
        {"calendar": {"kind": "lunar"}},
        {"calendar": {"holidays": ["x"]}},
    ]
    change = wrong[rng.integers(len(wrong))]
    return rules_damage(deepcopy(measures()) | change, column=next(iter(change)))


def no_yaml(rng):
    return Damage("2020/measures.yaml", ["as_of: [", "\t- a", "[]"][rng.integers(3)], REFUSED)


def keys_in_another_order(rng):
    rules = deepcopy(measures())
    rules["leaves"] = dict(sorted(rules["leaves"].items(), key=lambda _: rng.random()))
    return rules_damage(rules, SAME)


def table_gone(rng):
    name = str(rng.choice(list(TABLES)))
    return Damage(f"2020/evidence/{name}.csv", None, REFUSED)


def veto_ruled_wrongly(rng):
    wrong = [
        "u1,veto,,x,,unanswerd\n",
        "u2,veto,,x,,unanswered\n",
        "u1,veto,,x,,unanswered\nu1,veto_rejected,,y,,unanswered\n",
        "u1,veto_rejected,,,,unanswered\n",
        "u1,veto_rejected,,x,,\n",
    ]
    text = ADJUSTMENTS.partition("\n")[0] + "\n" + wrong[rng.integers(len(wrong))]
    return Damage("2020/adjustments.csv", text, REFUSED, None, "veto")


DAMAGES = [
    *(unreadable_cell, emptied_cell, other_form_of_a_day, other_zone, other_form_of_a_flag),
    *(other_name_of_a_unit, chinese_word, full_width_number, rows_in_another_order),
    *(columns_in_another_order, blank_lines, other_encoding, repeated_row, contradicting_row),
    *(impossible_row, row_outside, row_outside, column_gone, header_misspelt, long_row, no_rows),
    *(no_text, broken_off, strange_file, unit_of_nobody, key_gone, key_misspelt, parameter_wrong),
    *(window_wrong, price_wrong, bound_wrong, leaf_wrong, veto_wrong, day_wrong, clock_wrong),
    *(no_yaml, keys_in_another_order, table_gone, veto_ruled_wrongly),
]


# --- how it ends


def put(path, content):
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def judged(folder, damage, sound) -> str:
    """What is wrong with the way in which a damage ends; empty where nothing is."""
    path = folder / damage.file
    before = path.read_bytes() if path.exists() else None
    put(path, damage.text)
    try:
        study = ev.read_study(folder)
    except ev.StudyError as error:
        return "" if damage.ends == REFUSED and names(error.faults, damage) else f"faults: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        put(path, before) if before is not None else path.unlink()
    return "read without a fault" if damage.ends == REFUSED else kept_whole(study, damage, sound)


def names(faults, damage) -> bool:
    """Whether a fault names the file and the place, and each says what to do."""
    measured = damage.file.startswith("2020/evidence") and "2020/measures.yaml"
    found = [
        fault
        for fault in faults
        if fault.file in (damage.file, measured)
        and (damage.row in (None, fault.row) or fault.file == measured)
        and (damage.column in f"{fault.column} {fault.problem}")
    ]
    return bool(found) and all(fault.problem and fault.remedy for fault in faults)


def kept_whole(study, damage, sound) -> str:
    year = study.years[2020]
    evidence = year.evidence
    if wrong := unaccounted(year):
        return wrong
    if isinstance(damage.text, str) and damage.file.endswith(".csv") and "evidence" in damage.file:
        name = damage.file.rpartition("/")[2][:-4]
        there = sum(any(row) for row in csv.reader(io.StringIO(damage.text))) - 1
        balance = evidence.rows.set_index("table").loc[name]
        if balance["rows_in"] != there:
            return f"{there} rows there, {balance['rows_in']} in"
    aside = int(damage.ends == ASIDE)
    if len(evidence.set_aside) != aside:
        return f"{len(evidence.set_aside)} rows set aside, not {aside}"
    if damage.ends == SAME and damage.row and not (len(evidence.decisions) or unlogged(damage)):
        return "a repair that is not logged"
    now = said(study)
    differ = [(old, new) for old, new in zip(sound, now, strict=True) if old != new]
    return f"other marks: {differ[0]}" if differ else ""


def unlogged(damage):
    """A unit's name and a space round a cell are no other form."""
    return damage.column == "unit"


def unaccounted(year) -> str:
    """Rows that got lost: in reading, or on the way to a rule."""
    for row in year.evidence.rows.itertuples():
        if row.rows_in != row.kept + row.set_aside:
            return f"{row.table}: {row}"
    clock = clock_of(year.measures, year.measures.as_of)
    for code, rule in (year.measures.leaves | year.measures.vetoes).items():
        rows = year.evidence.tables[rule.kind.table]
        days = rows[rule.kind.time].dt.normalize()
        late, early = days > clock.as_of, days <= rule.window.before(clock.as_of)
        seen = see(year.evidence.tables, rule, clock)
        reasons = pd.Series(np.asarray(seen.reason, object))
        if len(rows) != late.sum() + early.sum() + (reasons == "").sum() + (reasons != "").sum():
            return f"{code}: {len(rows)} rows, {len(reasons)} seen"
        if reasons.isna().any():
            return f"{code}: rows without a reason"
    return ""


@pytest.mark.parametrize("first", range(0, RUNS, PART))
def test_every_damage_leaves_the_marks_or_is_refused_by_name(folder, sound, first):
    ends = []
    for seed in range(first, first + PART):
        make = DAMAGES[seed % len(DAMAGES)]
        if wrong := judged(folder, make(np.random.default_rng(seed)), sound):
            ends.append(f"seed {seed}, {make.__name__}: {wrong}")
    assert not ends, "\n".join(ends)


def test_all_damages_are_tried():
    assert len(set(DAMAGES)) > 35
    assert len(DAMAGES) * 3 <= RUNS


def test_the_judge_sees_a_mark_that_changed_a_lost_row_and_a_fault_elsewhere(folder, sound):
    rows = cells_of("links")
    rows[1][2] = "200"  # the dead link of u1's home page
    assert judged(folder, table_damage("links", rows, SAME), sound).startswith("other marks")
    rows[1][2] = "soon"
    assert judged(folder, table_damage("links", rows, SAME), sound).startswith("faults")
    wrong_row = table_damage("links", rows, REFUSED, 3, "status")
    assert judged(folder, wrong_row, sound).startswith("faults")
    assert judged(folder, table_damage("links", rows, REFUSED, 2, "status"), sound) == ""


# --- facts that change, worked out on paper


@pytest.mark.parametrize(
    ("table", "old", "new", "marks"),
    [
        # 15 September is the first day, the 27th and 10 October are worked, the latter is the 15th:
        # in time u1 is late with one letter of three; on Sunday the 11th it is with two
        (
            "letters",
            "2020-09-14,2020-10-15",
            "2020-09-14,2020-10-10 23:59",
            {"l1": 1.75},
        ),
        ("letters", "2020-09-14,2020-10-15", "2020-09-14,2020-10-11 00:00", {}),
        # the letter of 1 July answered on the last day: no longer open
        ("letters", "n1,u1,2020-07-01,", "n1,u1,2020-07-01,2020-11-30 23:59", {"l3": 3}),
        ("letters", "n1,u1,2020-07-01,", "n1,u1,2020-07-01,2020-12-01", {}),
        # one of five probes of u1 fails: 0.2 is reached; one of six is less
        ("probes", "u2,2020-11-27", "u1,2020-11-26 10:00,200,1\nu2,2020-11-27", {}),
        (
            "probes",
            "u2,2020-11-27",
            "u1,2020-11-25,200,1\nu1,2020-11-26,200,1\nu2,2020-11-27",
            {"p1": 3},
        ),
        # 14.999 seconds are no 15; a home page updated 7 days before is not above 7
        ("probes", "u1,2020-11-28 10:00,200,31", "u1,2020-11-28 10:00,200,14.999", {"p1": 3}),
        (
            "columns",
            "u1,2020-11-30,home,home,2020-11-21",
            "u1,2020-11-30,home,home,2020-11-23",
            {"p3": 3},
        ),
        # a post of 21 November was 9 days ago; so it was at 23:30 on the 20th in London
        ("posts", "u1,微博,2020-11-18", "u1,微博,2020-11-21", {"p7": 3}),
        ("posts", "u1,微博,2020-11-18", "u1,微博,2020-11-20T23:30:00Z", {"p7": 3}),
        # results of 31 May are in time until 30 June
        ("consultations", "2020-05-31,", "2020-05-31,2020-06-30", {"c2": 3}),
        ("consultations", "2020-05-31,", "2020-05-31,2020-07-01", {}),
        # the same guide sampled again without a fault: the later sample counts
        ("guides", "g3,u2", "g1,u1,2020-11-30" + ",1" * 11 + "\ng3,u2", {"g1": 3, "g2": 3}),
    ],
)
def test_a_fact_that_changes_moves_the_marks_that_follow_from_it(
    folder, sound, table, old, new, marks
):
    path, text = folder / f"2020/evidence/{table}.csv", TABLES[table]
    assert text.count(old) == 1
    put(path, text.replace(old, new))
    adjustments = (folder / "2020/adjustments.csv").read_bytes()
    try:
        year = ev.read_study(folder).years[2020]
    finally:
        put(path, text)
        put(folder / "2020/adjustments.csv", adjustments)
    before = {(unit, leaf): mark for unit, leaf, mark, _ in sound[0]}
    after = {
        (r.unit, r.indicator): r.mark for r in year.marks.astype(object).fillna("").itertuples()
    }
    assert {key: mark for key, mark in after.items() if mark != before[key]} == {
        ("u1", leaf): mark for leaf, mark in marks.items()
    }
    assert unaccounted(year) == ""


# --- typed marks that the evidence overrules


def test_a_typed_mark_that_the_evidence_overrules_is_set_aside_and_nothing_is_lost(tmp_path, sound):
    typed = MARKS + "u1,p2,3\nu1,p5,2.5\nu2,g1,0\n"
    lines = "unit,indicator,mark,status\n" + "".join(
        f"{line},scored\n" for line in typed.splitlines()[1:]
    )
    lines += "u4,l1,,not_applicable\nu3,l1,,not_applicable\nu1,f1,,missing\n"
    study = ev.read_study(make_evidence_study(tmp_path, files={"2020/marks.csv": lines}))
    year = study.years[2020]
    assert year.rows.values.tolist() == [["final", 10, 7, 3]]
    log = year.decisions[["unit", "indicator", "was", "becomes", "rule"]].values.tolist()
    assert log == [
        ["u1", "p2", "3", "2.3", "measured"],
        ["u2", "g1", "0", "3", "measured"],
        ["u3", "l1", "not_applicable", "0", "measured"],
    ]
    assert year.set_aside["indicator"].tolist() == ["p2", "g1", "l1"]
    assert said(study)[1:] == sound[1:]


def test_rows_of_raw_sheets_stay_whole_numbers_beside_rows_without_one():
    from evallib.study.ingest import DECISION_COLUMNS
    from evallib.study.measuring import _log

    rows = [("final", "a.csv", "", 5, *"xyzw"), ("final", "findings.csv", "", None, *"xyzw")]
    table = _log(
        [(*row, "b", "measured", "why")[: len(DECISION_COLUMNS)] for row in rows], DECISION_COLUMNS
    )
    assert table["row"].tolist() == [5, None]


# --- what lies beside the tables


RULING = "file,sheet,row,column,was,becomes,reason,decided_by,decided_on\n"
SOON = TABLES["letters"] + "n9,u2,soon,\n"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"2020/evidence/old/letters.csv": TABLES["letters"]},
            r"2020/evidence/old: tables in it are not read; move them up, or elsewhere",
        ),
        (
            {
                "2020/decisions.csv": RULING
                + "evidence/letters.csv,,7,received,soon,2020-11-30,,z,\n"
            },
            r"2020/decisions.csv, row 2, column reason: no value",
        ),
        (
            {
                "2020/decisions.csv": RULING
                + "evidnce/letters.csv,,7,received,soon,2020-11-30,seen,zhao,2020-12-01\n"
            },
            r"row 2, column file: 'evidnce/letters.csv' is not read; write its name as evidence/let",
        ),
        ({"2020/measures.yaml": None}, r"measures.yaml: there is evidence, and no rule that meas"),
        (
            {
                **dict.fromkeys(("2020/measures.yaml", "2020/scheme.csv", "2020/marks.csv")),
                "2020/totals.csv": "unit,total\nu1,3\n",
            },
            r"2020/scheme.csv: the year has no scheme",
        ),
    ],
)
def test_nothing_beside_the_tables_goes_unread(tmp_path, files, message):
    with pytest.raises(ev.StudyError, match=message):
        ev.read_study(make_evidence_study(tmp_path, files=files))


def test_a_table_that_no_rule_uses_is_not_passed_over(tmp_path):
    rules = deepcopy(measures())
    del rules["leaves"]["f1"]
    with pytest.raises(ev.StudyError, match=r"2020/evidence/footer: no rule of measures.yaml uses"):
        ev.read_study(make_evidence_study(tmp_path, rules=rules))


def test_one_unread_cell_is_one_fault_and_no_mark_is_called_missing(tmp_path):
    for letters in (SOON, "letter,unit,received\nn1,u1,2020-07-01\n"):
        with pytest.raises(ev.StudyError) as error:
            ev.read_study(make_evidence_study(tmp_path, letters=letters))
        files = {fault.file for fault in error.value.faults}
        assert files <= {"2020/evidence/letters.csv", "2020/measures.yaml"}
        assert len(error.value.faults) <= 4
        assert not any("no mark" in fault.problem for fault in error.value.faults)


def test_a_confirmed_veto_counts_for_the_site_that_the_evidence_names(tmp_path):
    text = ADJUSTMENTS.replace("veto_rejected", "veto")
    study = ev.read_study(make_evidence_study(tmp_path, files={"2020/adjustments.csv": text}))
    result = ev.evaluate(study, 2020)
    assert result.veto.tolist() == [True, False, False, False]
    assert result.rank.isna().tolist() == [True, False, False, False]
