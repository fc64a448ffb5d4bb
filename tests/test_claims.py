"""Claims of a publication against the study: kinds, verdicts, faults, and what turns them."""

import csv
import io
import re
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import yaml
from studies import MARKS, SCHEME, make_study

import evallib as ev
from evallib.errors import StudyError
from evallib.publication import facts, sentences, sentences_rounds
from evallib.publication.claims import Claim, compare_claims, number_verdict, verdict
from evallib.publication.published import published_claims
from evallib.publication.recompute import compute

ROOT = Path(__file__).resolve().parents[1]
NANNING = ROOT / "data" / "nanning"
EDITS = yaml.safe_load((ROOT / "tests" / "claim_edits.yaml").read_text(encoding="utf-8"))

# 2020, of 20 points, u3 of 15: u1 20, u2 11.5, u3 13, u4 12; totals 100, 57.5, 86.6667, 60.
# 2019: u1 19, u2 10, u3 9, u4 13; totals 95, 50, 60, 65. So u3 climbs from rank 3 to 2.
MARKS_2019 = "unit,indicator,mark\n" + "\n".join(
    f"{unit},{leaf},{mark}"
    for unit, marks in {
        "u1": (6, 4, 5, 4),
        "u2": (3, 2, 2, 3),
        "u3": (6, 2, None, 1),
        "u4": (3, 4, 1, 5),
    }.items()
    for leaf, mark in zip("abcd", marks, strict=True)
    if mark is not None
)
RULES = """improved: {by: rank, within: g, at_least: 1}
findings: {late: {zh: 迟, population: g}}
"""
FINDINGS = "unit,finding,value\nu1,late,true\nu2,late,false\nu3,late,not_applicable\n"
FILES = {
    "2019/scheme.csv": SCHEME,
    "2019/marks.csv": MARKS_2019,
    "2019/rules.yaml": "threshold: 60",
    "2020/rules.yaml": RULES,
    "2020/findings.csv": FINDINGS,
    "aliases.csv": "alias,unit,valid_from,valid_to\n老甲局,u1,,\n前甲局,u1,,2020-06-30\n",
}


def study_of(folder, claims, **files):
    """The small study of two years with these published claims, read."""
    entries = [
        {"id": f"K{n:02d}"} | ({} if "names" in claim else {"printed": "-"}) | claim
        for n, claim in enumerate(claims)
    ]
    text = yaml.safe_dump({"claims": entries}, allow_unicode=True)
    path = make_study(folder, files=FILES | {"2020/published.yaml": text} | files)
    return ev.read_study(path)


COUNT = {"kind": "count", "of": "units"}
AT = {"kind": "count", "of": "at_threshold"}
MEAN = {"kind": "mean"}
DELTA = {"kind": "delta", "base_year": 2019}
PERCENT = {"kind": "percentage_change", "base_year": 2019, "population": "g"}
ORDER = {"kind": "ordered_list", "population": "g"}
INDEX = {"kind": "index", "population": "g"}
SHARE = {"kind": "share", "population": "g", "finding": "late"}

CASES = [
    # claim, verdict, computed, part of the note
    (COUNT | {"population": "g", "value": 3}, "supported", "3", ""),
    (COUNT | {"population": "g", "value": 4}, "contradicted", "3", "holds of all: 4"),
    (COUNT | {"values": {"g": 3, "h": 1}}, "supported", "g 3; h 1", ""),
    (COUNT | {"values": {"g": 3, "h": 2}}, "contradicted", "g 3; h 1", ""),
    (AT | {"population": "g", "value": 1}, "supported", "1", ""),
    (AT | {"population": "g", "value": 2, "year": 2019}, "supported", "2", ""),
    ({"kind": "count", "of": "vetoed", "value": 0}, "supported", "0", ""),
    (MEAN | {"value": 76.04, "printed": "76.04分"}, "supported", "76.04", ""),
    (MEAN | {"value": 76.05}, "contradicted", "76.04", ""),  # no way of rounding gives it
    (DELTA | {"value": 8.55}, "rounding", "8.54", "unrounded 8.54167"),  # of printed numbers
    (MEAN | {"value": 76.04, "printed": "76.040"}, "rounding", "76.04", "otherwise than 76.04"),
    (MEAN | {"value": 81.39, "population": "h"}, "contradicted", "60", "holds of g: 81.39"),
    (DELTA | {"value": 8.54, "printed": "提高8.54分"}, "supported", "8.54 (67.5 -> 76.04)", ""),
    (DELTA | {"value": -8.54}, "contradicted", "8.54 (67.5 -> 76.04)", ""),
    (DELTA | {"value": -5, "base_value": 65, "population": "h"}, "supported", "-5 (65 -> 60)", ""),
    (DELTA | {"value": -5, "base_value": 64, "population": "h"}, "contradicted", "-5 (65", ""),
    (PERCENT | {"value": -50, "base_value": 2}, "supported", "-50% (2 -> 1)", ""),
    (PERCENT | {"value": -49}, "contradicted", "-50% (2 -> 1)", ""),
    (PERCENT | {"of": "vetoed", "value": 0}, "contradicted", "none% (0 -> 0)", ""),
    (ORDER | {"names": ["老甲局", "丙局"]}, "supported", "甲局、丙局", ""),
    (ORDER | {"names": ["丙局", "甲局"]}, "contradicted", "甲局、丙局", ""),
    ({"kind": "improved_list", "names": ["丙局"]}, "supported", "丙局", ""),
    ({"kind": "improved_list", "names": ["丙局", "乙局"]}, "contradicted", "丙局", ""),
    (INDEX | {"node": "D1", "value": 0.77}, "supported", "0.77", ""),
    (INDEX | {"node": "D1", "value": 0.76}, "rounding", "0.77", "unrounded 0.76667"),
    (INDEX | {"node": "D1", "value": 0.75}, "contradicted", "0.77", ""),
    (INDEX | {"values": {"a": 0.83, "b": 0.67}}, "supported", "a 0.83; b 0.67", ""),
    (INDEX | {"node": "c", "value": 0.75}, "supported", "0.75", ""),
    (INDEX | {"population": "B", "node": "c", "value": 1}, "contradicted", "none", ""),
    (
        INDEX | {"population": "B", "node": "a", "value": 1, "every": True},
        "supported",
        "a 1 to 1",
        "",
    ),
    (INDEX | {"node": "a", "value": 1, "every": True}, "contradicted", "a 0.5 to 1", "holds of B"),
    (INDEX | {"values": {"b": 0.67}, "lowest_under": "D1"}, "supported", "b 0.67; a 0.83", ""),
    (INDEX | {"values": {"a": 0.83}, "lowest_under": "D1"}, "contradicted", "a 0.83; b 0.67", ""),
    (SHARE | {"word": "少数", "printed": "少数"}, "supported", "1 of 3 (33.3%)", ""),
    (SHARE | {"word": "33%", "printed": "33%"}, "supported", "1 of 3", "applies: 1 of 2 (50%)"),
    (SHARE | {"word": "34%", "printed": "34%"}, "contradicted", "1 of 3", ""),
    (SHARE | {"word": "近30%", "printed": "近30%"}, "contradicted", "1 of 3", ""),
    (SHARE | {"word": "25%", "printed": "25%"}, "contradicted", "1 of 3", "holds of all: 1 of 4"),
    (
        SHARE | {"word": "半数以上", "printed": "半数以上", "base": "applicable"},
        "supported",
        "1 of 2",
        "",
    ),
    (
        SHARE | {"word": "部分", "printed": "部分", "base": "applicable", "population": "h"},
        "contradicted",
        "nobody to ask",
        "holds of all",
    ),
    ({"kind": "weight", "values": {"D1": 50, "D2": 50}}, "supported", "D1 50; D2 50", ""),
    ({"kind": "weight", "values": {"D1": 51}}, "contradicted", "50", ""),
    ({"kind": "external", "reason": "not measured here"}, "external", "", "not measured here"),
]


def test_a_share_of_those_to_whom_it_applies_never_leaves_the_findings_own_population(tmp_path):
    claims = [
        SHARE | {"word": "部分", "printed": "部分", "base": base, "population": population}
        for base, population in (("applicable", "all"), ("applicable", "h"), ("all", "all"))
    ]
    findings = FINDINGS + "u4,late,true\n"  # a site of h, and the finding is one of g
    study = study_of(tmp_path, claims, **{"2020/findings.csv": findings})
    computed = list(compare_claims(study, 2020)["computed"])
    assert computed == ["1 of 2 (50%)", "nobody to ask", "2 of 4 (50%)"]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    study = study_of(tmp_path_factory.mktemp("claims"), [case[0] for case in CASES])
    return compare_claims(study, 2020)


@pytest.mark.parametrize("position", range(len(CASES)), ids=lambda n: f"{n}-{CASES[n][0]['kind']}")
def test_each_kind_gets_its_verdict_by_hand(compared, position):
    _, expected, computed, note = CASES[position]
    row = compared.iloc[position]
    assert row["verdict"] == expected
    assert row["computed"].startswith(computed)
    assert note in row["note"]


def test_comparison_has_the_columns_of_the_published_table(compared):
    names = ["id", "kind", "population", "printed", "computed", "verdict", "note"]
    assert list(compared.columns) == names
    assert compared["printed"][19] == "老甲局、丙局"


def test_a_veto_is_counted_and_leaves_the_mean(tmp_path):
    claims = [
        {"kind": "count", "of": "vetoed", "population": "g", "value": 0},
        MEAN | {"population": "g", "value": 72.08},
    ]
    veto = {"2020/adjustments.csv": "unit,kind,points,reason,source\nu1,veto,,a fault,\n"}
    table = compare_claims(study_of(tmp_path, claims, **veto), 2020)
    assert list(table["verdict"]) == ["contradicted", "supported"]
    assert "holds of h: 0" in table["note"][0]


def test_a_tie_contradicts_a_strict_order_and_is_named(tmp_path):
    marks = "unit,indicator,mark\n" + "".join(
        f"{unit},{leaf},{mark}\n"
        for unit in ("u1", "u2", "u4")
        for leaf, mark in zip("abcd", (6, 4, 5, 4), strict=True)
    )
    marks += "u3,a,6\nu3,b,4\nu3,d,5\n"
    claims = [ORDER | {"names": names} for names in (["丙局", "甲局", "乙局"], ["丙局", "甲局"])]
    table = compare_claims(study_of(tmp_path, claims, **{"2020/marks.csv": marks}), 2020)
    assert list(table["verdict"]) == ["contradicted", "contradicted"]
    assert all("甲局、乙局 are tied at 95" in note for note in table["note"])


def test_a_change_that_the_printed_means_do_not_show_is_flagged(tmp_path):
    claims = [DELTA | {"value": value} for value in (9, 8)]
    rules = {"2020/rules.yaml": RULES + "decimals: 0"}
    table = compare_claims(study_of(tmp_path, claims, **rules), 2020)
    assert list(table["verdict"]) == ["supported", "rounding"]  # 76.04 - 67.5, printed 76 - 68
    assert all("the printed means differ by another amount" in note for note in table["note"])


def test_a_site_that_reaches_the_threshold_only_in_print_is_named(tmp_path):
    rules = {"2020/rules.yaml": RULES + "decimals: 0\nthreshold: 87"}
    claims = [AT | {"population": "g", "value": 2}]
    table = compare_claims(study_of(tmp_path, claims, **rules), 2020)
    assert table["verdict"][0] == "supported"
    assert "丙局 (86.6667) reaches 87 in print only" in table["note"][0]


@pytest.mark.parametrize(
    ("printed", "value", "decimals", "expected"),
    [
        ("89.95", 89.945, 2, "supported"),  # half up on decimals
        ("89.94", 89.945, 2, "rounding"),
        ("89.94", 89.9549, 2, "contradicted"),
        ("89.96", 89.9549, 2, "contradicted"),  # rounded up below the half
        ("89.96", 89.95 + 1e-12, 2, "contradicted"),  # noise is no difference
        ("-0.1", -0.1049, 2, "supported"),
        ("-0.1", -0.106, 2, "rounding"),
        ("0.1", 0.1, 2, "supported"),
        ("1", float("nan"), 2, "contradicted"),
        ("89.94", 89.95, 2, "contradicted"),  # a whole print unit away
        ("3.125", 3.125, 2, "supported"),  # exact beyond the decimals compared, as 1 of 32 in %
        ("3.125", 3.13, 2, "rounding"),
        ("89.995", 90.0, 2, "contradicted"),  # a whole value has nothing to round
    ],
)
def test_a_number_is_compared_in_print(printed, value, decimals, expected):
    assert number_verdict(Decimal(printed), value, decimals=decimals) == expected


def test_of_two_printed_numbers_a_change_is_less_than_a_unit_away():
    found = [
        number_verdict(Decimal(text), 8.54167, decimals=2, of_two=True)
        for text in ("8.54", "8.55", "8.53", "8.56")
    ]
    assert found == ["supported", "rounding", "contradicted", "contradicted"]
    assert number_verdict(Decimal("8.55"), 8.54, decimals=2, of_two=True) == "contradicted"


def test_a_node_that_ties_with_a_sibling_is_not_the_lowest(tmp_path):
    claim = {"kind": "index", "population": "B", "values": {"b": 0.5}, "lowest_under": "D1"}
    for mark, verdict_of in ((3, "contradicted"), (3.5, "supported")):  # a: 0.5, then 0.58
        marks = MARKS.replace("u3,a,6", f"u3,a,{mark}")
        study = study_of(tmp_path / str(mark), [claim], **{"2020/marks.csv": marks})
        assert compare_claims(study, 2020)["verdict"].tolist() == [verdict_of]


def test_the_same_sites_under_another_name_are_named_once(tmp_path):
    study = study_of(tmp_path, [MEAN | {"value": 60, "population": "g"}])  # h, all of class A
    assert compare_claims(study, 2020)["note"].tolist() == ["holds of h: 60"]


def test_half_even_is_compared_by_its_own_rule():
    found = [
        number_verdict(Decimal(text), 0.125, decimals=2, rounding="half_even")
        for text in ("0.12", "0.13")
    ]
    assert found == ["supported", "rounding"]


def test_improved_sites_in_another_order_are_true_but_printed_otherwise(tmp_path):
    study = study_of(tmp_path, [{"kind": "improved_list", "names": ["丙局", "甲局"]}])
    claim = published_claims(study, 2020)[0]
    found = [
        verdict(claim, Claim("K00", "improved_list", 2020, "g", 3, places, "", ""))
        for places in ((("u3",), ("u1",)), (("u1",), ("u3",)), (("u1", "u3"),), (("u3",),))
    ]
    assert found == ["supported", "rounding", "supported", "contradicted"]


def test_every_site_must_have_the_index_itself(tmp_path):
    study = study_of(tmp_path, [INDEX | {"node": "a", "value": 1, "every": True}])
    claim = published_claims(study, 2020)[0]
    bound = [
        Claim("K00", "index", 2020, "g", 3, {"a": ends}, "", "", decimals=2)
        for ends in ((1.0, 1.0), (0.996, 1.0), (0.99, 1.0))
    ]
    assert [verdict(claim, one) for one in bound] == ["supported", "rounding", "contradicted"]


def test_a_base_year_of_which_only_totals_survive_still_gives_changes(tmp_path):
    claims = [
        DELTA | {"value": 8.54, "base_value": 67.5},
        PERCENT | {"value": -50, "base_value": 2},
        INDEX | {"node": "a", "value": 1, "year": 2019},
    ]
    totals = {
        "2019/scheme.csv": None,
        "2019/marks.csv": None,
        "2019/totals.csv": "unit,total\nu1,95\nu2,50\nu3,60\nu4,65\n",
    }
    table = compare_claims(study_of(tmp_path / "two", claims[:2], **totals), 2020)
    assert list(table["verdict"]) == ["supported", "supported"]
    study = study_of(tmp_path / "three", claims, **totals)
    with pytest.raises(StudyError, match="claim K02: 'a' is no node of the 2019 scheme"):
        compare_claims(study, 2020)


def test_a_claim_names_the_marks_it_rests_on(tmp_path):
    study = study_of(tmp_path, [INDEX | {"node": "D2", "value": 0.86}])
    bound = compute(study, published_claims(study, 2020)[0])
    assert (bound.units, bound.leaves, bound.denominator) == (("u1", "u2", "u3"), ("c", "d"), 3)
    assert bound.source == "marks 2020 of c, d over their applicable full marks"


FAULTS = [
    # claim, message
    (MEAN | {"value": 1, "population": "x"}, "column population: claim K00: .*'x' is none of all"),
    (MEAN | {"value": 1, "year": 2018}, r"year: claim K00: the study has no year 2018; it has"),
    (DELTA | {"value": 1, "base_year": 2018}, "claim K00: the study has no year 2018"),
    (INDEX | {"node": "Z", "value": 1}, "node: claim K00: 'Z' is no node of the 2020 scheme"),
    (INDEX | {"node": "a", "value": 1, "lowest_under": "Z"}, "'Z' is no node"),
    ({"kind": "weight", "values": {"Z": 1}}, "'Z' is no node of the 2020 scheme"),
    (SHARE | {"finding": "x", "word": "部分", "printed": "部分"}, "'x' is no finding of 2020; kn"),
    (SHARE | {"word": "好多", "printed": "好多"}, "no bounds are published for '好多'"),
    (SHARE | {"word": "约14%"}, "约14% does not stand in the printed form '-'"),
    (ORDER | {"names": ["戊局"]}, "names: claim K00: 戊局 names no unit of 2020; add it to alia"),
    (ORDER | {"names": ["前甲局"]}, "前甲局 names no unit of 2020"),
    (ORDER | {"names": ["甲局", "老甲局"]}, "claim K00: u1 stands twice"),
    (
        {"kind": "improved_list", "names": ["甲局"], "year": 2019},
        "2019 do not say who counts as most improved; state `improved`",
    ),
    (MEAN | {"value": 1, "colour": "red"}, "row 2, column .*colour: unknown key"),
    ({"kind": "poem"}, "row 2, .*'poem' found using 'kind' does not match"),
    (MEAN | {"value": 1, "printed": "2分"}, "1 does not stand in the printed form '2分'"),
    (COUNT, "give either value or values"),
    (COUNT | {"value": 3, "values": {"g": 3}}, "give either value or values"),
    (INDEX | {"value": 1}, "node goes with value"),
    ({"kind": "external"}, "reason: no value"),
]


@pytest.mark.parametrize(("claim", "message"), FAULTS)
def test_a_faulty_claim_is_refused_with_its_place(tmp_path, claim, message):
    study = study_of(tmp_path, [claim])
    with pytest.raises(StudyError, match=message):
        compare_claims(study, 2020)


def test_all_faults_of_the_file_come_at_once(tmp_path):
    study = study_of(tmp_path, [MEAN | {"value": 1, "a": 1}, {"kind": "mean"}, COUNT])
    with pytest.raises(StudyError) as raised:
        compare_claims(study, 2020)
    assert [fault.row for fault in raised.value.faults] == [2, 7, 10]
    known = [MEAN | {"value": 1, "population": "x"}, INDEX | {"node": "Z", "value": 1}]
    study = study_of(tmp_path, [claim | {"id": "K"} for claim in known])
    with pytest.raises(StudyError, match="claim K: the id stands twice") as raised:
        compare_claims(study, 2020)
    assert len(raised.value.faults) == 3


def test_a_study_without_publication_has_no_claims(tmp_path):
    study = ev.read_study(make_study(tmp_path))
    assert compare_claims(study, 2020).empty


@pytest.fixture(scope="session")
def nanning():
    return ev.read_study(NANNING)


@pytest.fixture(scope="session")
def letter(nanning):
    return compare_claims(nanning, 2020).set_index("id")


def test_the_letter_is_supported_but_for_two_shares_of_the_wrong_base(letter):
    assert list(letter.index) == [f"C{number:02d}" for number in range(1, 43)]
    external = ["C01", "C14", "C15", "C18", "C24", "C40", "C41", "C42"]
    assert list(letter.index[letter["verdict"] == "external"]) == external
    assert list(letter.index[letter["verdict"] == "contradicted"]) == ["C37", "C38"]
    assert (letter["verdict"] == "supported").sum() == 32


@pytest.mark.parametrize(
    ("claim", "worded", "fits"),
    [
        ("C37", "5 of 52 (9.6%)", "holds of department & A: 5 of 36 (13.9%)"),
        ("C38", "7 of 52 (13.5%)", "holds of department & A: 7 of 36 (19.4%)"),
    ],
)
def test_the_base_that_fits_is_found_and_named(letter, claim, worded, fits):
    assert letter.at[claim, "computed"] == worded
    assert fits in letter.at[claim, "note"]
    assert letter.at[claim, "note"].count("holds of") == 1


def outputs(study):
    """Every table that a year's results are made of, as text."""
    found = {}
    for year in (2019, 2020):
        for name, value in vars(ev.evaluate(study, year)).items():
            found[year, name] = value.to_csv() if hasattr(value, "to_csv") else str(value)
        found[year, "means"] = facts.group_means(facts.standing(study, year)).to_csv()
        found[year, "shares"] = facts.finding_shares(study, year).to_csv()
    found["moves"] = facts.rank_changes(study, 2019, 2020).to_csv()
    found["improved"] = facts.most_improved(study, 2020).to_csv()
    found["ranking"] = sentences.describe_ranking(ev.evaluate(study, 2020))
    found["change"] = sentences_rounds.describe_change(study, 2019, 2020)
    return found


def test_no_computed_value_depends_on_what_was_published(nanning, tmp_path):
    copy = shutil.copytree(NANNING, tmp_path / "nanning")
    (copy / "2020" / "published.yaml").unlink()
    without = ev.read_study(copy)
    assert outputs(without) == outputs(nanning)
    assert compare_claims(without, 2020).empty


def test_nothing_but_the_comparison_reads_what_was_published():
    """By name: the functions that return published claims, and who calls them."""
    readers = re.compile(r"published_claims\(|read_published\(")
    home = ROOT / "evallib" / "publication"
    found = {
        path.relative_to(home).as_posix()
        for path in home.rglob("*.py")
        if readers.search(path.read_text(encoding="utf-8"))
    }
    back = {"check/letter.py", "check/trace.py"}  # these read a letter back
    assert found <= {"published.py", "claims.py", *back}
    elsewhere = set((ROOT / "evallib").rglob("*.py")) - set(home.rglob("*.py"))
    assert not any(readers.search(path.read_text(encoding="utf-8")) for path in elsewhere)


def apply_edit(folder, *, file, row, column, becomes, year="", sheet=None):
    """Change cells of a study's file: row as a spreadsheet shows it, column by its header."""
    path, rows = folder / str(year) / file, row if isinstance(row, list) else [row]
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        cells = [[cell.value for cell in line] for line in book[sheet].iter_rows(max_row=6)]
        for line in rows:
            book[sheet].cell(line, position(cells, column) + 1).value = becomes
        book.save(path)
        return
    raw = path.read_bytes()
    encoding = "gb18030" if path.parent.name == "raw" else "utf-8-sig"
    cells = list(csv.reader(io.StringIO(raw.decode(encoding))))
    for line in rows:
        cells[line - 1][position(cells, column)] = "" if becomes is None else str(becomes)
    with path.open("w", encoding=encoding, newline="") as out:
        csv.writer(out).writerows(cells)


def position(cells, column):
    """The one column that has this header in the first rows."""
    (found,) = {line.index(column) for line in cells[:6] if column in line}
    return found


def read_again(folder, nanning, years):
    """The edited study; a year whose folder nobody touched is as it was."""
    if None in years:
        return ev.read_study(folder)
    study = ev.read_study(folder, years=sorted(years))
    return replace(study, years=dict(nanning.years) | dict(study.years))


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: "-".join(edit["claims"]))
def test_an_edit_turns_the_verdicts_it_should_and_no_other(edit, nanning, letter, tmp_path):
    """The sheets alone are edited: with the evidence beside them a typed mark would not count."""
    left_out = shutil.ignore_patterns("answers", "evidence", "measures.yaml")
    copy = shutil.copytree(NANNING, tmp_path / "nanning", ignore=left_out)
    for change in edit["edits"]:
        apply_edit(copy, **change)
    study = read_again(copy, nanning, {change.get("year") for change in edit["edits"]})
    verdicts = compare_claims(study, 2020).set_index("id")["verdict"]
    assert list(verdicts.index[verdicts != letter["verdict"]]) == edit["claims"]


def test_every_computable_claim_is_turned_by_an_edit(letter):
    turned = {claim for edit in EDITS for claim in edit["claims"]}
    assert turned == set(letter.index[letter["verdict"] != "external"])
