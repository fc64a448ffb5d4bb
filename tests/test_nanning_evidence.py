"""The evidence of the Nanning study against its marks, from the files alone and by the library.

The first half shares no code with the generator or with evallib: own loops over the rows.
"""

from __future__ import annotations

import re
import subprocess
import sys
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import pytest
import yaml
from test_nanning_data import table

import evallib as ev

FOLDER = Path(__file__).resolve().parent.parent / "data" / "nanning"
YEARS = (2019, 2020)
COMPUTED = {
    "consultation_unpublished", "guide_format_differs", "guide_source_differs",
    "original_content_low", "reply_late",
}  # fmt: skip
LEAVES = (
    "H1.1", "H1.2", "H2.1", "H2.2", "H2.3", "H3.1", "F2.2", "F2.3", "F3.2", "P2.1", "P2.2",
    "S1.1", "S1.2", "S1.3", "S1.4", "S2.2", "I2.1", "I2.2", "I4.2", "I4.3",
)  # fmt: skip
ASIDE = {
    "reply_before_receipt", "published_before_reply", "end_before_start", "results_before_end",
    "repeated", "negative_time", "unit_left",
}  # fmt: skip
FORMS = {"unit_alias", "unit_form", "time_form", "word", "flag", "number_form"}
MAIN = {
    "letters": "received", "consultations": "start", "guides": "sampled", "probes": "time",
    "links": "checked", "columns": "checked", "articles": "published", "posts": "posted",
    "footer": "checked", "typos": "checked",
}  # fmt: skip
PLAIN = {  # of columns that any table may have
    "unit": r"dept\d\d|zone\d",
    "received|replied|published|posted|time": r"(\d{4}-\d\d-\d\d \d\d:\d\d)?",
    "start|end|results_published|sampled|checked|last_update": r"(\d{4}-\d\d-\d\d)?",
    "letter|consultation|guide|title": r"(信件|征集|事项|文章) \d{4}-\d{3,5}",
    "status": r"valid|duplicate|withdrawn|test|not_ours|\d+|",
    "kind": r"home|dynamic|notice|regular|static",
    "severity": r"none|minor|serious",
    "seconds": r"(\d+\.\d+)?",
    "transfers": r"((dept\d\d|zone\d)@\d{4}-\d\d-\d\d;?)*",
    "account": r"公众号|微博",
    "type": r"咨询|建议|求助|投诉",
}


def working_days(first, last):
    day, found = first, []
    while day <= last:
        if chinese_calendar.is_workday(day):
            found.append(day)
        day += timedelta(1)
    return found


WORKING = working_days(date(2018, 6, 1), date(2020, 12, 31))


def day(text):
    return date.fromisoformat(text[:10])


def deadline(received, count):
    return WORKING[bisect_right(WORKING, received) + count - 1]


def taken(received, replied):
    if replied == received:
        return 0
    return bisect_left(WORKING, replied) - bisect_right(WORKING, received) + 1


def lost(rule, value):
    """Points that a value costs by the steps of a rule."""
    tests = {
        "below": lambda b: value < b, "at_most": lambda b: value <= b,
        "above": lambda b: value > b, "at_least": lambda b: value >= b,
    }  # fmt: skip
    hit = [s["points"] for s in rule["steps"] for k, b in s.items() if k in tests and tests[k](b)]
    return max(hit, default=0)


class Year:
    """One year of a study folder; `faults` turn its tables back into what they mean."""

    def __init__(self, folder, year, marks, faults):
        self.rules = yaml.safe_load((folder / f"{year}/measures.yaml").read_text(encoding="utf-8"))
        self.as_of = self.rules["as_of"]
        self.full = {
            r["code"]: float(r["full_marks"])
            for r in table(folder / f"{year}/scheme.csv")
            if r["full_marks"]
        }
        self.marks, self.units = {}, {}
        for r in table(marks):
            self.marks[r["unit"], r["indicator"]] = float(r["mark"]) if r["mark"] else None
            self.units[r["unit"]] = None
        self.findings = {
            (r["unit"], r["finding"]): r["value"] for r in table(folder / f"{year}/findings.csv")
        }
        self.raw = {name: table(folder / f"{year}/evidence/{name}.csv") for name in MAIN}
        self.tables = {name: [dict(r) for r in rows] for name, rows in self.raw.items()}
        for fault in (f for f in faults if f["year"] == str(year)):
            row = self.tables[fault["table"]][int(fault["row"]) - 2]
            assert row[fault["column"]] == fault["was"], fault
            row[fault["column"]] = fault["becomes"]
        self.tables = {
            name: [r for r in rows if "set_aside" not in r.values()]
            for name, rows in self.tables.items()
        }

    def of(self, name, *, days=None, column=None):
        """Rows of each unit from the last year, or so many days, up to the day that counts."""
        first = self.as_of - timedelta(days) if days else self.before
        found = {unit: [] for unit in self.units}
        for row in self.tables[name]:
            if first < day(row[column or MAIN[name]]) <= self.as_of:
                found[row["unit"]].append(row)
        return found

    @property
    def before(self):
        """The day after which the year begins."""
        return self.as_of.replace(self.as_of.year - 1)

    def every(self, name):
        """All rows of each unit."""
        return {u: [r for r in self.tables[name] if r["unit"] == u] for u in self.units}

    def last_look(self, name):
        """Rows of each unit on the latest day that it was looked at."""
        found = self.of(name, days=31)
        latest = {u: max((r[MAIN[name]] for r in rows), default="") for u, rows in found.items()}
        return {u: [r for r in rows if r[MAIN[name]] == latest[u]] for u, rows in found.items()}

    def known(self, text):
        return day(text) if text and day(text) <= self.as_of else None

    def due_letters(self, unit_rows):
        """(received, replied or None) of every letter whose last day lies in the year."""
        return [
            (day(r["received"]), self.known(r["replied"]))
            for r in unit_rows
            if r["status"] == "valid"
            and self.before < deadline(day(r["received"]), 15) <= self.as_of
        ]

    def over(self, row, limits):
        """Whether a column is overdue by the limit of its kind."""
        if row["kind"] not in limits or row["blank"] == "true":
            return False
        limit = limits[row["kind"]]
        if "days" in limit:
            first = self.as_of - timedelta(limit["days"])
        else:
            months = 12 * self.as_of.year + self.as_of.month - 1 - limit["months"]
            first = self.as_of.replace(months // 12, months % 12 + 1)
        return not row["last_update"] or day(row["last_update"]) <= first


def values(year):
    """Points lost by (unit, leaf), or None where nothing counts, with the values behind them."""
    found, value = {}, {}
    rules = year.rules["leaves"]

    def put(unit, leaf, number, points=None):
        value[unit, leaf] = number
        by_steps = "steps" in rules[leaf] and number is not None
        found[unit, leaf] = lost(rules[leaf], number) if by_steps else points

    for unit, rows in year.of("probes", days=7).items():
        bad = [r for r in rows if not r["status"] or int(r["status"]) >= 400
               or float(r["seconds"]) >= 15]  # fmt: skip
        assert len(rows) == 7 * 24
        put(unit, "H1.1", len(bad) / len(rows))
    for unit, rows in year.last_look("links").items():
        assert 20 <= len(rows) <= 70
        dead = Counter(r["home"] for r in rows if not 0 < int(r["status"]) < 400)
        put(unit, "H1.2", sum(dead.values()), 0.5 * dead["true"] + 0.1 * dead["false"])
    for unit, rows in year.last_look("columns").items():
        assert len(rows) >= 12
        home = max(day(r["last_update"]) for r in rows if r["kind"] == "home")
        put(unit, "H2.1", (year.as_of - home).days)
        limits = rules["H2.2"]["measure"]["limits"]
        overdue = sum(year.over(r, limits) for r in rows)
        put(unit, "H2.2", overdue, 0.5 * overdue)
        blank = sum(r["blank"] == "true" for r in rows)
        put(unit, "H2.3", blank, 0.5 * blank)
    for unit, rows in year.last_look("typos").items():
        kinds = Counter(r["severity"] for r in rows)
        put(unit, "H3.1", kinds["minor"], 0.2 * kinds["minor"] + 3 * kinds["serious"])
    for unit, rows in year.last_look("footer").items():
        marks = rules["F2.2"]["measure"]["elements"]
        missing = sum(any(r[m] == "false" for r in rows) for m in marks)
        put(unit, "F2.2", missing, 0.4 * missing)
        missing = rows[0]["error_report"] == "false"
        put(unit, "F2.3", missing, 0.5 * missing)
    for unit, rows in year.of("posts").items():
        latest = defaultdict(lambda: date.min)
        for r in rows:
            latest[r["account"]] = max(latest[r["account"]], day(r["posted"]))
        put(unit, "F3.2", (year.as_of - min(latest.values())).days)
    for unit, rows in year.of("articles").items():
        put(unit, "P2.1", len(rows))
        put(unit, "P2.2", sum(r["reposted"] == "false" for r in rows) / len(rows))
    for unit, rows in year.of("guides", days=31).items():
        for leaf in ("S1.1", "S1.2", "S1.3", "S1.4"):
            elements = rules[leaf]["measure"]["elements"]
            faulty = sum(any(r[e] == "false" for e in elements) for r in rows)
            put(unit, leaf, faulty, 0.5 * faulty if rows else None)
        both = {n: any(r[n] == "false" for r in rows) for n in ("same_format", "same_source")}
        put(unit, "S2.2", both, float(sum(both.values())) if rows else None)
    for unit, rows in year.every("letters").items():
        letters = year.due_letters(rows)
        spent = [taken(a, b or year.as_of) for a, b in letters]
        good = [b and n <= 15 for (_, b), n in zip(letters, spent, strict=True)]
        put(unit, "I2.1", sum(map(bool, good)) / len(letters))
        put(unit, "I2.2", sum(spent) / len(letters))
    ended = year.every("consultations")
    for unit, rows in year.of("consultations").items():
        put(unit, "I4.2", len(rows))
        due = [r for r in ended[unit] if year.before < month_later(day(r["end"])) <= year.as_of]
        good = [r for r in due if (out := year.known(r["results_published"]))
                and out <= month_later(day(r["end"]))]  # fmt: skip
        if due:
            put(unit, "I4.3", len(good) / len(due))
        else:  # nobody that held one in the year has only unfinished ones
            assert not rows
            put(unit, "I4.3", None, year.full["I4.3"])
    return found, value


def month_later(end):
    """The same day of the next month, or its last day."""
    first = (end.replace(day=1) + timedelta(32)).replace(day=1)
    last = (first + timedelta(32)).replace(day=1) - timedelta(1)
    return first.replace(day=min(end.day, last.day))


@pytest.fixture(scope="module")
def faults():
    return table(FOLDER / "evidence_faults.csv")


@pytest.fixture(scope="module")
def years(faults):
    return {y: Year(FOLDER, y, FOLDER / f"answers/{y}_final.csv", faults) for y in YEARS}


@pytest.fixture(scope="module")
def study():
    return ev.read_study(FOLDER)


# the marks, by hand


def check_marks(year):
    found, _ = values(year)
    assert {leaf for _, leaf in found} == set(LEAVES) == set(year.rules["leaves"])
    wrong = []
    for unit in year.units:
        for leaf in LEAVES:
            mark, points = year.marks[unit, leaf], found[unit, leaf]
            if mark is None:
                assert leaf[0] == "S"
                assert points is None
            elif abs(year.full[leaf] - min(points, year.full[leaf]) - mark) > 1e-9:
                wrong.append((unit, leaf, mark, points))
    assert wrong == []


@pytest.mark.parametrize("year", YEARS)
def test_evidence_gives_every_measured_mark(years, year):
    check_marks(years[year])


@pytest.mark.parametrize("year", YEARS)
def test_evidence_gives_the_five_findings_it_decides(years, year):
    y = years[year]
    _, value = values(y)
    for unit in y.units:
        shares = (value[unit, leaf] for leaf in ("I4.3", "P2.2", "I2.1"))
        published, original, in_time = shares
        guides = value[unit, "S2.2"] if y.marks[unit, "S2.2"] is not None else None
        wanted = {
            "consultation_unpublished": None if published is None else published < 1,
            "original_content_low": original < 0.5,
            "reply_late": in_time < 0.9,
            "guide_format_differs": guides and guides["same_format"],
            "guide_source_differs": guides and guides["same_source"],
        }
        said = {None: "not_applicable", True: "true", False: "false"}
        assert {k: y.findings[unit, k] for k in COMPUTED} == {k: said[v] for k, v in wanted.items()}


@pytest.mark.parametrize("year", YEARS)
def test_no_site_comes_to_a_veto(years, year):
    y = years[year]
    _, value = values(y)
    vetoes = y.rules["vetoes"]
    news, regular = (
        vetoes[code]["measure"]["limits"] for code in ("columns_not_updated", "columns_neglected")
    )
    elements = vetoes["guides_poor"]["measure"]["elements"]
    assert len(elements) == 8
    looks, guides = y.last_look("columns"), y.of("guides", days=31)
    for unit, rows in looks.items():
        assert value[unit, "H1.1"] < 0.05
        assert value[unit, "H2.1"] < 14
        assert value[unit, "F3.2"] < 14
        assert sum(y.over(r, news) for r in rows) < 5
        assert sum(y.over(r, regular) for r in rows) < 10
        assert value[unit, "H2.3"] < 5
        poor = [r for r in guides[unit] if sum(r[e] == "false" for e in elements) >= 4]
        assert len(poor) < 5
    assert not [r for r in y.tables["typos"] if r["severity"] == "serious"]
    for row in (r for rows in y.of("letters").values() for r in rows if r["status"] == "valid"):
        waited = (y.as_of - day(row["received"])).days
        assert y.known(row["replied"]) or waited < 89, row


def test_evidence_of_another_seed_gives_its_marks(tmp_path):
    command = [sys.executable, str(FOLDER / "generate.py"), "--seed", "7", "--out", str(tmp_path)]
    subprocess.run(command, check=True, cwd=FOLDER)
    for y in YEARS:
        check_marks(Year(tmp_path, y, tmp_path / f"{y}/marks.csv", []))


# the tables


@pytest.mark.parametrize("year", YEARS)
def test_tables_are_as_large_as_in_life(years, year):
    tables = years[year].tables
    assert 5500 < len(tables["letters"]) < 7000
    assert 180 <= len(tables["consultations"]) <= 220
    assert 650 <= len(tables["guides"]) <= 750
    assert len(tables["probes"]) == 2 * 7 * 24 * len(years[year].units)
    for name in MAIN:
        assert (FOLDER / f"{year}/evidence/{name}.csv").stat().st_size < 700_000


@pytest.mark.parametrize("year", YEARS)
def test_letters_come_in_all_the_ways_that_a_measure_must_tell_apart(years, year):
    y = years[year]
    letters = y.tables["letters"]
    assert set(Counter(r["status"] for r in letters)) == {
        "valid", "duplicate", "withdrawn", "test", "not_ours"
    }  # fmt: skip
    valid = [r for r in letters if r["status"] == "valid"]
    assert 0.9 < len(valid) / len(letters) < 0.94
    young = [r for r in valid if deadline(day(r["received"]), 15) > y.as_of]
    open_ = [r for r in valid if not y.known(r["replied"])]
    assert {bool(r["replied"]) for r in young} == {True, False}
    assert [r for r in open_ if r not in young and not r["replied"]]
    assert [r for r in open_ if r["replied"]], "answered after the day that counts"
    assert [r for r in valid if day(r["received"]) <= y.as_of.replace(year - 1)], "from before"
    assert sum(bool(r["transfers"]) for r in letters) > 200
    assert sum(";" in r["transfers"] for r in letters) > 20
    spent = Counter(taken(day(r["received"]), day(r["replied"])) for r in valid if r["replied"])
    assert spent[0]
    assert spent[15] > 50
    assert spent[16] > 50
    free = [r for r in valid if r["replied"] and day(r["replied"]) not in set(WORKING)]
    assert free, "answered on a day off"
    exact = [r for r in y.tables["consultations"] if r["results_published"]
             and day(r["results_published"]) == month_later(day(r["end"]))]  # fmt: skip
    assert exact, "published on the very last day"


# injected faults


def test_every_cell_that_is_not_listed_is_plain(years):
    patterns = {name: p for names, p in PLAIN.items() for name in names.split("|")}
    for y in years.values():
        for name, rows in y.tables.items():
            columns = set(rows[0]) - {"page", "target", "wrong", "right", "column"}
            for column in columns:
                pattern = re.compile(patterns.get(column, "true|false"))
                if name == "articles" and column == "published":
                    pattern = re.compile(patterns["received"])
                bad = [r[column] for r in rows if not pattern.fullmatch(r[column])]
                assert bad == [], (name, column)
            key = {"letters": "letter", "consultations": "consultation", "guides": "guide"}
            if name in key:
                assert len({r[key[name]] for r in rows}) == len(rows)
            assert {r["unit"] for r in rows} <= set(y.units)


def test_faults_are_many_of_all_kinds(faults):
    assert {f["rule"] for f in faults} == ASIDE | FORMS | {"ruling"}
    assert 80 <= len(faults) <= 120
    places = {(f["year"], f["table"], f["row"]) for f in faults}
    assert len(places) == len(faults), "two faults in a row"
    assert {f["table"] for f in faults} == set(MAIN)
    assert all((f["becomes"] == "set_aside") == (f["rule"] in ASIDE) for f in faults
               if f["rule"] != "ruling")  # fmt: skip


@pytest.mark.parametrize("year", YEARS)
def test_rulings_settle_exactly_what_no_rule_decides(faults, year):
    wanted = {
        (f"evidence/{f['table']}.csv", f["row"], f["column"], f["was"],
         f["becomes"].replace("set_aside", "drop"))
        for f in faults
        if f["rule"] == "ruling" and f["year"] == str(year)
    }  # fmt: skip
    rows = [r for r in table(FOLDER / f"{year}/decisions.csv") if r["file"].startswith("evidence/")]
    keys = ("file", "row", "column", "was", "becomes")
    assert {tuple(r[k] for k in keys) for r in rows} == wanted
    assert len(rows) == len(wanted) >= 3


# the library


@pytest.mark.parametrize("year", YEARS)
def test_library_measures_the_same_marks_and_findings(study, year):
    y = study.years[year]
    right = {
        (r["unit"], r["indicator"]): (r["mark"], r["status"])
        for r in table(FOLDER / f"answers/{year}_final.csv")
        if r["indicator"] in LEAVES
    }
    found = {
        (r.unit, r.indicator): ("" if r.status != "scored" else f"{r.mark:g}", r.status)
        for r in y.measured.marks.itertuples()
    }
    assert found == right
    typed = {
        (r["unit"], r["finding"]): r["value"]
        for r in table(FOLDER / f"{year}/findings.csv")
        if r["finding"] in COMPUTED
    }
    assert {(r.unit, r.finding): r.value for r in y.measured.findings.itertuples()} == typed
    assert y.measured.vetoes.empty
    assert not y.decisions["rule"].eq("measured").any()


@pytest.mark.parametrize("year", YEARS)
def test_library_and_plain_loops_agree_on_every_value(study, years, year):
    _, value = values(years[year])
    found = study.years[year].measured.marks
    for row in found[found["indicator"].isin(["H1.1", "P2.2", "I2.1", "I2.2"])].itertuples():
        assert row.value == pytest.approx(value[row.unit, row.indicator], rel=1e-12)


@pytest.mark.parametrize("year", YEARS)
def test_library_finds_exactly_the_injected_faults(study, faults, year):
    evidence = study.years[year].evidence
    mine = [f for f in faults if f["year"] == str(year)]
    aside = {(f["table"], int(f["row"]), f["unit"], f["rule"]) for f in mine
             if f["becomes"] == "set_aside"}  # fmt: skip
    assert {(r.table, r.row, r.unit, r.reason) for r in evidence.set_aside.itertuples()} == aside
    assert len(evidence.set_aside) == len(aside)
    right = {(f["table"], int(f["row"]), f["column"]): f for f in mine}
    rows = Counter()
    for r in evidence.decisions.itertuples():
        fault = right[r.table, r.row, r.column]
        assert (r.rule, r.was) == (fault["rule"], fault["was"])
        rows[r.table, r.column, r.rule] += r.rows
        becomes = str(r.becomes).replace("T", " ")
        assert becomes in ("drop", fault["becomes"]) or same_moment(becomes, fault["becomes"]), r
    decided = (f for f in mine if f["rule"] not in ASIDE)
    assert rows == Counter((f["table"], f["column"], f["rule"]) for f in decided)


def same_moment(one, other):
    return datetime.fromisoformat(one) == datetime.fromisoformat(other)
