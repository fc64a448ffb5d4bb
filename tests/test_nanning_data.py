"""The Nanning panel against the printed letter of 2020, from the files alone.

Shares no code with the generator or with evallib: own readers, exact fractions.
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from statistics import correlation

import openpyxl
import pytest
import yaml

FOLDER = Path(__file__).resolve().parent.parent / "data" / "nanning"
TOP_TEN = [
    "市卫健委", "市自然资源局", "市发展改革委", "市农业农村局", "市金融办",
    "市交通运输局", "市民政局", "市教育局", "市应急局", "市行政审批局",
]  # fmt: skip
IMPROVED = [
    "市卫健委", "市金融办", "市民政局", "市科技局",
    "市审计局", "市北部湾办", "青秀管委会", "市应急联动中心",
]  # fmt: skip
NAMED = {*TOP_TEN, *IMPROVED}
DEPARTMENTS = {
    "F": "0.95", "F1": "1", "F2": "0.91", "F3": "0.95", "P7": "0.96", "S3": "0.95",
    "I": "0.84", "I2": "0.84", "I4": "0.65",
}  # fmt: skip
CLASS_A = {"S1.1": "1", "S1.2": "0.96", "S1.3": "0.97", "S1.4": "0.93", "S1.5": "0.97"}
RULES = {
    "unit_form", "unit_alias", "unit_fill", "number_form", "full_marks_word",
    "not_applicable_word", "not_applicable_class", "step_noise", "deduction_sign",
    "deduction_cap", "subtotal_row", "duplicate_row", "hidden_row", "ruling",
}  # fmt: skip


def table(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def printed(value, decimals=2):
    number = Decimal(value.numerator) / Decimal(value.denominator)
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


class Panel:
    """One year of a study folder, with marks from `marks`; all arithmetic in fractions."""

    def __init__(self, folder, year, marks):
        day = f"{year}-12-31"
        self.units = {
            r["unit"]: r
            for r in table(folder / "units.csv")
            if (r["valid_from"] or "0") <= day <= (r["valid_to"] or "9")
        }
        self.nodes = {r["code"]: r for r in table(folder / f"{year}/scheme.csv")}
        self.parents = {code: r["parent"] for code, r in self.nodes.items()}
        self.leaves = {
            c: Fraction(r["full_marks"]) for c, r in self.nodes.items() if r["full_marks"]
        }
        self.rules = yaml.safe_load((folder / f"{year}/rules.yaml").read_text(encoding="utf-8"))
        self.adjustments = table(folder / f"{year}/adjustments.csv")
        self.findings = defaultdict(dict)
        for r in table(folder / f"{year}/findings.csv"):
            self.findings[r["finding"]][r["unit"]] = r["value"]
        self.rows = table(marks)
        self.marks = {
            (r["unit"], r["indicator"]): Fraction(r["mark"]) if r["status"] == "scored" else None
            for r in self.rows
        }
        self.departments = [u for u, r in self.units.items() if r["group"] == "department"]
        self.class_a = [u for u in self.departments if self.units[u]["class"] == "A"]
        self.zones = [u for u in self.units if u not in self.departments]

    @cached_property
    def base(self):
        return {u: 100 * self.index([u], self.leaves) for u in self.units}

    @cached_property
    def total(self):
        return {u: self.base[u] + self.extra(u) for u in self.units}

    def under(self, node):
        def climbs(code):
            return code == node or (code != "" and climbs(self.parents[code]))

        return [leaf for leaf in self.leaves if climbs(leaf)]

    def index(self, units, leaves):
        cells = [(u, f) for u in units for f in leaves if self.marks[u, f] is not None]
        return sum(self.marks[c] for c in cells) / sum(self.leaves[f] for _, f in cells)

    def extra(self, unit):
        def points(kind):
            own = (r for r in self.adjustments if (r["unit"], r["kind"]) == (unit, kind))
            return sum((Fraction(r["points"]) for r in own), Fraction(0))

        bonus = min(points("bonus"), Fraction(self.rules["bonus"]["cap"]))
        open_gate = self.base[unit] > self.rules["bonus"]["gate"]
        return bonus * open_gate - min(points("penalty"), Fraction(self.rules["penalty"]["cap"]))

    def mean(self, units):
        return sum(self.total[u] for u in units) / len(units)

    def places(self, units):
        scores = {u: printed(self.total[u]) for u in units}
        return {u: 1 + sum(other > scores[u] for other in scores.values()) for u in units}

    def points(self, unit, leaf):
        return self.marks[unit, leaf]

    def true(self, finding, units):
        return {u for u in units if self.findings[finding][u] == "true"}


@pytest.fixture(scope="module", params=["committed", "seed 1"])
def panels(request, tmp_path_factory):
    if request.param == "committed":
        return {y: Panel(FOLDER, y, FOLDER / f"answers/{y}_final.csv") for y in (2019, 2020)}
    out = tmp_path_factory.mktemp("panel")
    run("--seed", "1", "--out", out)
    assert (out / "study.yaml").is_file()
    assert not (out / "2020/raw").exists()
    return {y: Panel(out, y, out / f"{y}/marks.csv") for y in (2019, 2020)}


@pytest.fixture(scope="module")
def faults():
    return table(FOLDER / "faults.csv")


def run(*arguments):
    command = [sys.executable, str(FOLDER / "generate.py"), *map(str, arguments)]
    subprocess.run(command, check=True, cwd=FOLDER)


def name(panel, unit):
    return panel.units[unit]["name_zh"]


# the letter


def test_sites_of_2020_are_52_departments_and_3_zones(panels):
    new = panels[2020]
    assert (len(new.departments), len(new.zones), len(new.class_a)) == (52, 3, 36)
    assert {new.units[u]["class"] for u in new.zones} == {"A"}


@pytest.mark.parametrize(
    ("year", "everyone", "departments", "zones"),
    [(2019, "89.71", "89.65", "90.83"), (2020, "89.95", "89.91", "90.73")],
)
def test_means_print_as_in_the_letter(panels, year, everyone, departments, zones):
    p = panels[year]
    groups = (list(p.units), p.departments, p.zones)
    assert [str(printed(p.mean(g))) for g in groups] == [everyone, departments, zones]


def test_unrounded_changes_print_as_in_the_letter(panels):
    old, new = panels[2019], panels[2020]
    groups = lambda p: (list(p.units), p.departments, p.zones)  # noqa: E731
    changes = [new.mean(b) - old.mean(a) for a, b in zip(groups(old), groups(new), strict=True)]
    assert [str(printed(c)) for c in changes] == ["0.24", "0.26", "-0.10"]


def test_27_and_36_departments_reach_90_on_printed_and_exact_totals(panels):
    for year, count in ((2019, 36), (2020, 27)):
        p = panels[year]
        assert sum(p.total[u] >= 90 for u in p.departments) == count
        assert not [u for u in p.units if Fraction("89.97") < p.total[u] < Fraction("90.012")]
    assert Fraction(36 - 27, 36) == Fraction(1, 4)


def test_top_ten_is_in_printed_order_without_ties_with_or_without_zones(panels):
    p = panels[2020]
    for units in (p.departments, list(p.units)):
        best = sorted(units, key=lambda u: -p.total[u])[:11]
        assert [name(p, u) for u in best[:10]] == TOP_TEN
        scores = [printed(p.total[u]) for u in best]
        assert len(set(scores)) == 11
        assert scores == sorted(scores, reverse=True)


def test_exactly_the_eight_improve_however_sites_are_counted(panels):
    old, new = panels[2019], panels[2020]
    rule = new.rules["improved"]
    assert (rule["by"], rule["within"]) == ("rank", "department")
    assert 9 <= rule["at_least"] <= 12
    both = [u for u in new.departments if u in old.departments]
    for before, after in (
        (old.departments, new.departments),
        (list(old.units), list(new.units)),
        (both, both),
    ):
        a, b = old.places(before), new.places(after)
        rise = {u: a[u] - b[u] for u in a if u in b}
        up = sorted((u for u in rise if rise[u] >= rule["at_least"]), key=b.get)
        assert [name(new, u) for u in up] == IMPROVED
        assert len({b[u] for u in up}) == 8
        if before is old.departments:  # as the rule counts, nobody else comes near
            assert max(rise[u] for u in rise if u not in up) <= rule["at_least"] - 3


def test_fourteen_score_indices_print_as_in_the_letter(panels):
    p = panels[2020]
    for wanted, units in ((DEPARTMENTS, p.departments), (CLASS_A, p.class_a)):
        got = {node: printed(p.index(units, p.under(node))) for node in wanted}
        assert {k: f"{v.normalize():f}" for k, v in got.items()} == wanted
    assert all(p.index([u], p.under("F1")) == 1 for u in p.departments)
    assert all(p.index([u], ["S1.1"]) == 1 for u in p.class_a)


def test_reply_statistics_and_consultation_are_the_lowest_of_interaction(panels):
    p = panels[2020]
    low = {n: printed(p.index(p.departments, p.under(n))) for n in ("I1", "I2", "I3", "I4")}
    assert sorted(low, key=low.get)[:2] == ["I4", "I2"]
    assert low["I2"] < min(low["I1"], low["I3"])


def test_nobody_is_vetoed(panels):
    assert not [r for p in panels.values() for r in p.adjustments if r["kind"] == "veto"]


# findings and the marks they stand for


def test_near_half_lack_a_searchable_platform_and_their_marks_say_so(panels):
    p = panels[2020]
    lacking = p.true("no_disclosure_search", p.units)
    assert len(lacking & set(p.departments)) in (24, 25)
    assert lacking == {u for u in p.units if p.points(u, "P5.2") <= Fraction("1.5")}
    assert all(p.points(u, "P5.1") < 3 for u in lacking)


def test_unpublished_consultations_exceed_half_of_all_and_of_those_that_held_any(panels):
    p = panels[2020]
    values = Counter(p.findings["consultation_unpublished"][u] for u in p.departments)
    held = values["true"] + values["false"]
    assert 2 * values["true"] > 52
    assert 2 * values["true"] > held
    assert 0 < held < 52
    for unit, value in p.findings["consultation_unpublished"].items():
        held_any, published = p.points(unit, "I4.2") > 0, p.points(unit, "I4.3")
        assert held_any == (value != "not_applicable")
        assert {"true": published < Fraction("1.5"), "false": published == Fraction("1.5"),
                "not_applicable": published == 0}[value]  # fmt: skip


def test_guides_differ_at_5_and_7_of_36_and_cost_one_point_each(panels):
    p = panels[2020]
    shape, origin = (p.true(f"guide_{x}_differs", p.units) for x in ("format", "source"))
    assert (len(shape), len(origin)) == (5, 7)
    assert shape | origin <= set(p.class_a)
    for unit, r in p.units.items():
        if r["class"] == "A":
            assert p.points(unit, "S2.2") == 2 - (unit in shape) - (unit in origin)
        else:
            assert p.findings["guide_format_differs"][unit] == "not_applicable"


@pytest.mark.parametrize(
    ("finding", "leaf", "below", "both_ways"),
    [
        ("identity_not_filed", "F2.1", "1.5", False),
        ("original_content_low", "P2.2", "2", True),
        ("reply_late", "I2.1", "2.5", True),
        ("own_service_channel", "S2.1", "1", True),
    ],
)
def test_some_sites_have_each_problem_and_lost_marks_for_it(
    panels, finding, leaf, below, both_ways
):
    for p in panels.values():
        hit = p.true(finding, p.units)
        low = {u for u in p.units if (m := p.points(u, leaf)) is not None and m < Fraction(below)}
        assert hit == low if both_ways else hit <= low
        assert 3 <= len(hit) < len(p.units) / 2


def test_findings_are_defined_and_cover_every_site(panels):
    for p in panels.values():
        assert set(p.findings) == set(p.rules["findings"])
        assert all(list(values) == list(p.units) for values in p.findings.values())


# shape of the panel


def test_schemes_have_100_points_and_2019_has_no_platform_leaves(panels):
    old, new = panels[2019], panels[2020]
    assert len(new.leaves) == 41
    assert len(old.leaves) == 39
    for p in (old, new):
        shares = {d: sum(p.leaves[f] for f in p.under(d)) for d in "HFPSI"}
        assert shares == {"H": 20, "F": 10, "P": 35, "S": 20, "I": 15}
        assert all(not r["weight"] for r in p.nodes.values())
    moved = {f: old.leaves[f] - new.leaves[f] for f in old.leaves if old.leaves[f] != new.leaves[f]}
    assert set(moved) == {"P3.1", "P4.1", "P4.2"}
    assert sum(moved.values()) == 6
    assert set(new.leaves) - set(old.leaves) == {"P5.1", "P5.2"}


def test_marks_lie_on_their_steps_within_full_marks(panels):
    for p in panels.values():
        assert len(p.rows) == len(p.units) * len(p.leaves)
        for (unit, leaf), mark in p.marks.items():
            if mark is None:
                outside = p.nodes[leaf]["classes"] == "A" and p.units[unit]["class"] == "B"
                assert outside or leaf == "P7.1", (unit, leaf)
            else:
                assert 0 <= mark <= p.leaves[leaf]
                assert (mark / Fraction(p.nodes[leaf]["step"])).denominator == 1, (unit, leaf)


def test_spread_and_correlation_of_the_years_are_realistic(panels):
    old, new = panels[2019].total, panels[2020].total
    both = [u for u in old if u in new]
    assert 0.58 < correlation([float(old[u]) for u in both], [float(new[u]) for u in both]) < 0.74
    assert all(78.5 < t < 98 for totals in (old, new) for t in totals.values())


def test_one_tie_far_down_and_adjustments_meet_cap_and_gate(panels):
    for year, p in panels.items():
        bonus = Counter()
        for r in p.adjustments:
            bonus[r["unit"]] += Fraction(r["points"]) * (r["kind"] == "bonus")
            assert r["kind"] == "bonus" or name(p, r["unit"]) not in NAMED
            assert r["source"].startswith("重建")
        assert all(abs(p.base[u] - 80) > Fraction("0.2") for u in bonus if bonus[u])
        assert any(points > 3 for points in bonus.values())
        assert [u for u in bonus if bonus[u] and p.base[u] <= 80] != [] or year == 2020
    p = panels[2020]
    again = [s for s, n in Counter(printed(t) for t in p.total.values()).items() if n > 1]
    assert len(again) == 1
    assert again[0] < 90


def test_units_merge_dissolve_and_are_founded_between_the_years(panels):
    old, new = set(panels[2019].units), set(panels[2020].units)
    rows = table(FOLDER / "successions.csv")
    kinds = defaultdict(list)
    for r in rows:
        kinds[r["kind"]].append((r["from_unit"], r["to_unit"]))
    assert len(kinds["merge"]) == 2
    assert kinds["dissolved"]
    assert kinds["founded"]
    assert old - new == {a for r in rows if (a := r["from_unit"])}
    assert new - old == {b for r in rows if (b := r["to_unit"])}


# labels


def test_whatever_is_finer_than_the_letter_carries_the_label():
    assert "provenance: reconstructed" in (FOLDER / "study.yaml").read_text(encoding="utf-8")
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "reconstructed, not a fact about this office" in text
    for _, _, _, _, rows in sheets():
        assert any("重建数据" in str(v) for row in rows[:2] for v in row), (
            "a raw sheet without label"
        )


def test_only_the_printed_offices_are_named():
    for r in table(FOLDER / "units.csv"):
        assert r["name_zh"] in NAMED or re.fullmatch(r"部门\d\d|开发区[123]", r["name_zh"])
    assert sum(r["name_zh"] in NAMED for r in table(FOLDER / "units.csv")) == 15


# raw sheets


@cache
def workbook(path):
    return openpyxl.load_workbook(path)


def sheets():
    """Year, layout entry, title rows, header rows and all rows of every raw sheet."""
    for year in (2019, 2020):
        raw = FOLDER / f"{year}/raw"
        for entry in yaml.safe_load((raw / "layout.yaml").read_text(encoding="utf-8"))["sheets"]:
            path = raw / entry["file"]
            if path.suffix == ".csv":
                data = path.read_bytes()
                rows = list(csv.reader(decoded(data).splitlines()))
            else:
                rows = [list(r) for r in workbook(path)[entry["sheet"]].iter_rows(values_only=True)]
            yield year, entry, entry.get("title_rows", 0), entry.get("header_rows", 1), rows


def decoded(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def shown(value):
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def cells():
    """Every unit cell and mark cell: place, year, entry, unit text, leaf name, text, is_unit."""
    for year, entry, title, head, rows in sheets():
        top = [[shown(v) for v in row] for row in rows[title : title + head]]
        headers = [next((t for t in reversed(c) if t), "") for c in zip(*top, strict=True)]
        long, unit_at = entry["shape"] == "long", None
        if "unit_column" in entry:
            unit_at = headers.index(entry["unit_column"])
        ignored = {*entry["ignore"], entry.get("unit_column"), entry.get("leaf_column")}
        for number, row in enumerate(rows[title + head :], title + head + 1):
            unit = entry.get("unit") or shown(row[unit_at])
            place = (str(year), entry["round"], entry["file"], entry.get("sheet", ""), str(number))
            leaf = shown(row[headers.index(entry["leaf_column"])]) if long else None
            if unit_at is not None:
                yield (*place, headers[unit_at]), entry, unit, None, unit
            elif leaf not in set(NAMES[year]):
                yield (*place, entry["leaf_column"]), entry, unit, None, leaf
            for header, value in zip(headers, row, strict=True):
                if header not in ignored:
                    name_ = leaf or entry.get("columns", {}).get(header, header)
                    yield (*place, header), entry, unit, name_, shown(value)


NAMES = {
    year: {n: c for r in table(FOLDER / f"{year}/scheme.csv") if r["full_marks"]
           for c in [r["code"]] for n in (c, r["name_zh"])}
    for year in (2019, 2020)
}  # fmt: skip


def place_of(fault):
    return tuple(fault[k] for k in ("year", "round", "file", "sheet", "row", "column"))


def test_raw_sheets_hold_the_right_marks_but_for_the_listed_faults(faults):
    listed = {place_of(f): f for f in faults}
    assert len(listed) == len(faults)
    right = {
        (str(y), n): Panel(FOLDER, y, FOLDER / f"answers/{y}_{n}.csv")
        for y in (2019, 2020)
        for n in ("initial", "final")
    }
    met, read, owner = set(), Counter(), {}
    for place, entry, unit, leaf, text in cells():
        year, round_ = place[:2]
        p, fault = right[year, round_], listed.get(place)
        met.add(place)
        if leaf is None:  # the cell that names the unit, or a row of totals
            assert fault is None or fault["was"] == text, place
            known = [u for u, r in p.units.items() if r["name_zh"] == text]
            owner[place[:5]] = fault["unit"] if fault else known[0]
            continue
        unit_id = owner.get(place[:5]) or next(
            (u for u, r in p.units.items() if r["name_zh"] == unit), ""
        )
        code = NAMES[int(year)].get(leaf, "")
        becomes = text
        if fault:
            assert (fault["was"], fault["indicator"]) == (text, code), place
            assert fault["unit"] in (unit_id, ""), place
            becomes = fault["becomes"]
            if becomes == "set_aside":
                continue
        read[year, round_, unit_id, code] += 1
        answer = p.marks[unit_id, code]
        if answer is None:
            assert becomes in ("", "not_applicable"), place
            continue
        lost = entry["kind"] == "deduction"
        assert (p.leaves[code] - Fraction(becomes) if lost else Fraction(becomes)) == answer, place
    assert met >= set(listed)
    status = {
        (y, n, r["unit"], r["indicator"]): r["status"]
        for (y, n), p in right.items()
        for r in p.rows
    }
    assert set(read.values()) == {1}
    assert {k for k, s in status.items() if s == "scored"} <= set(read)
    assert not {k for k, s in status.items() if s == "missing"} & set(read)


def test_hidden_rows_are_hidden_and_filled_cells_are_merged(faults):
    for f in faults:
        if f["rule"] in ("hidden_row", "unit_fill"):
            sheet = workbook(FOLDER / f["year"] / "raw" / f["file"])[f["sheet"]]
            row = int(f["row"])
            if f["rule"] == "hidden_row":
                assert sheet.row_dimensions[row].hidden
            else:
                assert any(r.min_row < row <= r.max_row for r in sheet.merged_cells.ranges)


def test_sheets_come_in_all_forms():
    forms = {(e["round"], e["kind"], e["shape"], e["file"][-4:]) for _, e, *_ in sheets()}
    for value in ("initial", "final", "score", "deduction", "wide", "long", "xlsx", ".csv"):
        assert any(value in form for form in forms), value
    with pytest.raises(UnicodeDecodeError):
        (FOLDER / "2020/raw/终评_互动交流.csv").read_text(encoding="utf-8")


def test_faults_are_many_of_all_kinds_and_some_by_hand(faults):
    assert {f["rule"] for f in faults} == RULES
    by_row = {"subtotal_row", "duplicate_row", "hidden_row"}
    single = [f for f in faults if f["rule"] not in by_row]
    rows = {place_of(f)[:5] for f in faults if f["rule"] in by_row}
    assert len(single) >= 80
    assert len(single) + len(rows) >= 85
    assert sum(f["source"] == "hand" for f in single) >= 10
    assert {f["year"] for f in faults} == {"2019", "2020"}
    assert {f["round"] for f in faults} == {"initial", "final"}


def test_rulings_settle_exactly_what_no_rule_decides(faults):
    for year in ("2019", "2020"):
        rows = [r for r in table(FOLDER / year / "decisions.csv") if "evidence/" not in r["file"]]
        wanted = {
            (*place_of(f)[2:], f["was"].strip(), f["becomes"].replace("set_aside", "drop"))
            for f in faults
            if f["rule"] == "ruling" and f["year"] == year
        }
        keys = ("file", "sheet", "row", "column", "was", "becomes")
        assert {tuple(r[k] for k in keys) for r in rows} == wanted
        assert len(rows) == len(wanted)
        assert all(r["reason"] and r["decided_by"] and r["decided_on"] for r in rows)


@pytest.mark.parametrize("year", [2019, 2020])
def test_late_repairers_raised_five_leaves_after_the_preliminary_round(year):
    first, last = (
        Panel(FOLDER, year, FOLDER / f"answers/{year}_{n}.csv") for n in ("initial", "final")
    )
    up, down = Counter(), Counter()
    for key, mark in last.marks.items():
        if mark is not None and first.marks[key] is not None:
            up[key[0]] += mark > first.marks[key]
            down[key[0]] += mark < first.marks[key]
    late = {u for u in last.units if up[u] >= 5}
    assert late == last.true("repaired_after_report", last.units)
    assert len(late) == 6
    assert max(up[u] for u in last.units if u not in late) <= 3
    assert 1 <= sum(down.values()) <= 8


def test_generator_repeats_the_committed_bytes_and_shares_no_code(tmp_path):
    run("--into", tmp_path)
    made = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert len(made) >= 15
    differ = [str(p.relative_to(tmp_path)) for p in made
              if p.read_bytes() != (FOLDER / p.relative_to(tmp_path)).read_bytes()]  # fmt: skip
    assert differ == []
    sources = [FOLDER / "generate.py", *(FOLDER / "generator").glob("*.py")]
    assert not [
        s for s in sources if re.search(r"^\s*(?:import|from) evallib", s.read_text("utf-8"), re.M)
    ]
