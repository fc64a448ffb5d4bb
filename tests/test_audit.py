"""Printed aggregates alone: what agrees, what cannot, what is the misprint, what is given away."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from evallib.errors import DataError, StudyError
from evallib.publication.audit import audit
from evallib.publication.sums import (
    fitting_bases,
    possible_sums,
    printed_interval,
    rounding_bases,
    sums_agree,
)

PRINTED = Path(__file__).resolve().parents[1] / "data" / "nanning" / "2020" / "published.yaml"
UNITS = {"id": "N", "kind": "count", "of": "units", "values": {"d": 52, "z": 3}, "printed": "52、3"}
GROUPS = [(Decimal("89.91"), 52), (Decimal("90.73"), 3)]


def mean(name, population, value, **more):
    return {
        "id": name,
        "kind": "mean",
        "population": population,
        "value": value,
        "printed": str(value),
    } | more


def delta(name, population, value, base):
    printed = f"{base} {abs(value)}"
    return {"id": name, "kind": "delta", "population": population, "value": value, "base_year": 2019,
            "base_value": base, "printed": printed}  # fmt: skip


LETTER = [
    UNITS,
    mean("A", "all", 89.95),
    mean("D", "d", 89.91),
    mean("Z", "z", 90.73),
    delta("dA", "all", 0.24, 89.71),
    delta("dD", "d", 0.26, 89.65),
    delta("dZ", "z", -0.1, 90.83),
]


def audited(tmp_path, claims):
    folder = tmp_path / "2020"
    folder.mkdir(exist_ok=True)
    (folder / "published.yaml").write_text(
        yaml.safe_dump({"claims": claims}, allow_unicode=True), encoding="utf-8"
    )
    return audit(folder / "published.yaml")


def replaced(name, **values):
    return [claim | values if claim["id"] == name else claim for claim in LETTER]


def test_the_printed_letter_is_possible():
    found = audit(PRINTED)
    assert found.possible
    assert found.misprints == ()
    assert found.checks["holds"].all()


def test_three_means_agree_on_a_grid_of_a_tenth_and_not_of_a_quarter():
    on = {
        step: sums_agree(Decimal("89.95"), GROUPS, grid=Fraction(step))
        for step in ("0.01", "0.1", "0.25")
    }
    assert on == {"0.01": True, "0.1": True, "0.25": False}


def test_the_mean_of_the_two_means_is_no_mean_of_all_sites(tmp_path):
    assert not sums_agree(Decimal("90.32"), GROUPS, grid=Fraction("0.01"))
    found = audited(tmp_path, replaced("A", value=90.32, printed="90.32"))
    assert not found.possible
    assert found.misprints == (("A",),)
    assert found.readings == {"A": "89.95 to 89.96"}
    row = found.checks.set_index("check").loc["group sums add up"]
    assert not row["holds"]
    assert "90.32 is the plain mean of the group means" in row["note"]


@pytest.mark.parametrize(
    ("name", "value", "reading"),
    [("D", 89.19, "89.9 to 89.91"), ("Z", 97.03, "90.72 to 90.75"), ("dD", 0.62, None)],
)
def test_one_wrong_figure_is_named(tmp_path, name, value, reading):
    wrong = {"value": value, "printed": str(value)}
    if name == "dD":
        wrong["printed"] = f"89.65 {value}"
    found = audited(tmp_path, replaced(name, **wrong))
    assert not found.possible
    assert (name,) in found.misprints
    assert found.readings.get(name) == reading


def test_without_changes_any_of_three_means_may_be_the_misprint(tmp_path):
    found = audited(tmp_path, [UNITS, mean("A", "all", 90.32), *LETTER[2:4]])
    assert found.misprints == (("N",), ("A",), ("D",), ("Z",))


def test_two_wrong_figures_need_two_corrections(tmp_path):
    claims = [
        claim | {"value": 90.32, "printed": "90.32"} if claim["id"] == "A" else claim
        for claim in LETTER
    ]
    counts = [
        {"id": "K", "kind": "count", "of": "at_threshold", "population": "d", "value": 27, "printed": "27"},
        {"id": "P", "kind": "percentage_change", "population": "d", "base_year": 2019, "base_value": 36,
         "value": -27, "printed": "36 27"},
    ]  # fmt: skip
    found = audited(tmp_path, [*claims, *counts])
    assert found.misprints == (("A", "K"), ("A", "P"), ("A", "P.2019"))


def test_a_percentage_must_be_that_of_its_counts(tmp_path):
    counts = {
        "id": "P",
        "kind": "percentage_change",
        "population": "d",
        "base_year": 2019,
        "base_value": 36,
    }
    now = {
        "id": "K",
        "kind": "count",
        "of": "at_threshold",
        "population": "d",
        "value": 27,
        "printed": "27",
    }
    for value, holds in ((-25, True), (-26, False), (25, False)):
        found = audited(
            tmp_path, [UNITS, now, counts | {"value": value, "printed": f"36 {abs(value)}"}]
        )
        assert found.possible is holds
        row = found.checks.set_index("check").loc["percentage of change"]
        assert (row["claims"], row["note"]) == (("P.2019", "K", "P"), "36 to 27 is -25%")


def test_more_sites_at_the_bar_than_there_are_is_impossible(tmp_path):
    count = {
        "id": "K",
        "kind": "count",
        "of": "at_threshold",
        "population": "z",
        "value": 4,
        "printed": "4",
    }
    found = audited(tmp_path, [UNITS, count])
    assert found.misprints == (("N",), ("K",))


def test_three_zone_scores_lie_on_no_coarse_grid_and_add_up_to_one_sum_on_a_tenth():
    sums = {
        step: possible_sums(Decimal("90.73"), 3, grid=Fraction(step))
        for step in ("1", "0.5", "0.25", "0.1")
    }
    assert sums["1"] == sums["0.5"] == sums["0.25"] == []
    assert sums["0.1"] == [Fraction("272.2")]
    assert possible_sums(Decimal("90.73"), 3, grid=Fraction("0.01")) == [
        Fraction(text) for text in ("272.18", "272.19", "272.2")
    ]


def test_a_printed_interval_is_half_open_and_a_half_belongs_above():
    low, high = printed_interval(Decimal("0.1"), Fraction(1, 100))
    assert (low, high) == (Fraction("0.095"), Fraction("0.105"))
    assert possible_sums(Decimal("0.5"), 1, grid=Fraction("0.005")) == [
        Fraction("0.495"),
        Fraction("0.5"),
    ]


def test_the_base_of_about_14_per_cent():
    fits = {n for _, n in rounding_bases(Decimal(14), up_to=55)}
    assert {28, 36, 43, 44} <= fits
    assert not {52, 55} & fits
    assert (7, 52) in fitting_bases("约14%", up_to=55)  # 13.5 %: within 5 % of 14, but prints as 13
    both = fits & {n for _, n in fitting_bases("近20%", up_to=55)}
    assert both == {21, 36, 42, 51}  # 3 and 4 of 21, 5 and 7 of 36, 6 and 8 of 42, 7 and 10 of 51


def test_shares_without_whole_sites_are_flagged(tmp_path):
    share = {"id": "S", "kind": "share", "finding": "f", "printed": "14%", "word": "14%"}
    found = audited(tmp_path, [UNITS, share | {"population": "d"}])
    row = found.checks.set_index("check").loc["share of whole sites"]
    assert not row["holds"]
    assert row["note"].startswith("none of 52; rounds to 14% of 7, 14,")
    near = audited(
        tmp_path, [UNITS, share | {"population": "d", "word": "近半数", "printed": "近半数"}]
    )
    assert near.checks.set_index("check").loc["share of whole sites", "note"] == "24 to 25 of 52"


def test_a_small_group_gives_its_sum_away(tmp_path):
    found = audited(tmp_path, LETTER)
    assert list(found.disclosed["claim"]) == ["Z"]
    row = found.disclosed.iloc[0]
    assert (row["sites"], row["low"], row["high"]) == (3, 272.175, 272.205)
    assert row["note"].startswith(
        "the sum; who knows 2 of its scores knows the last; exactly 272.2 on 0.05"
    )


def test_a_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"published\.yaml: no such file; name a published"):
        audit(tmp_path / "published.yaml")
    (tmp_path / "published.yaml").write_text("claims: []", encoding="utf-8")
    with pytest.raises(
        DataError, match="its folder says no year; put it into a folder such as 2020"
    ):
        audit(tmp_path / "published.yaml")
    folder = tmp_path / "2020"
    folder.mkdir()
    (folder / "published.yaml").write_text("colour: red", encoding="utf-8")
    with pytest.raises(StudyError, match=r"published\.yaml, row 1, .*colour: unknown key"):
        audit(folder / "published.yaml")
