"""The published studies: what was printed comes out again, and what was fitted says so."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

import evallib as ev

DATA = Path(__file__).resolve().parents[2] / "data"
MINISTRIES = DATA / "ministries"
YEARS = {2014: "min", 2016: "dense", 2022: "dense"}  # the tie rule seen in print


@cache
def read(study):
    return ev.read_study(DATA / study)


def printed(study, year):
    """The printed table, every cell as text."""
    return pd.read_csv(DATA / study / str(year) / "printed.csv", dtype=str).set_index("unit")


def fitted():
    weights = pd.read_csv(MINISTRIES / "fitted_weights.csv", dtype={"code": str})
    return weights.set_index(["year", "code"])


def indices(year):
    """Printed indices, bonus included, as numbers."""
    table = printed("ministries", year)
    return table.drop(columns=["name", "total", "rank"]).astype(float)


@pytest.mark.parametrize(
    ("study", "years"), [("sichuan-land", [2011]), ("ministries", list(YEARS))]
)
def test_a_published_study_has_no_fault(study, years):
    found, faults = ev.inspect_study(DATA / study)
    assert [str(fault) for fault in faults] == []
    assert sorted(found.years) == years
    assert found.provenance == "published"
    assert "http" in found.source


@pytest.mark.parametrize(
    ("study", "year"), [("sichuan-land", 2011), *(("ministries", y) for y in YEARS)]
)
def test_marks_and_units_are_the_printed_table_in_long_form(study, year):
    table, read_year = printed(study, year), read(study).years[year]
    assert set(read_year.units.index) == set(table.index)
    long = read_year.marks.pivot_table(index="unit", columns="indicator", values="mark")
    expected = table[read_year.scheme.leaves].astype(float)
    pd.testing.assert_frame_equal(
        long.loc[table.index, read_year.scheme.leaves], expected, check_names=False
    )
    aliases = read(study).aliases.set_index("alias")["unit"]
    for unit, name in table["name"].items():
        assert name == read_year.units.loc[unit, "name_zh"] or aliases[name] == unit


class TestSichuanLand2011:
    def test_the_five_parts_add_up_to_the_printed_total_exactly(self):
        table = printed("sichuan-land", 2011)
        tenths = table[["info_update", "service", "participation", "design", "openrate", "total"]]
        tenths = (tenths.astype(float) * 10).round(6)
        assert (tenths % 1 == 0).all(axis=None)
        assert (tenths.drop(columns="total").sum(axis=1) == tenths["total"]).all()

    def test_totals_print_as_they_were_printed(self):
        table, result = printed("sichuan-land", 2011), ev.evaluate(read("sichuan-land"), 2011)
        assert result.printed[table.index].to_dict() == table["total"].to_dict()
        assert result.total[table.index].to_numpy() == pytest.approx(table["total"].astype(float))
        assert result.printed["meishan"] == "94"  # not 94.0

    def test_places_are_the_printed_ones_with_nine_shared_and_ten_left_out(self):
        table, result = printed("sichuan-land", 2011), ev.evaluate(read("sichuan-land"), 2011)
        assert result.rank[table.index].tolist() == table["rank"].astype(int).tolist()
        assert result.rank[["aba", "luzhou", "suining"]].tolist() == [9, 9, 11]

    def test_full_marks_are_those_of_the_column_heads(self):
        scheme = read("sichuan-land").years[2011].scheme
        assert scheme.full_marks.tolist() == [77, 9, 7, 4, 3]
        assert scheme.weights.tolist() == pytest.approx([0.77, 0.09, 0.07, 0.04, 0.03])


class TestPrintedPlacesOfMinistries:
    @pytest.mark.parametrize("year", YEARS)
    def test_the_tie_rule_gives_every_printed_place_from_the_printed_totals(self, year):
        table, rules = printed("ministries", year), read("ministries").years[year].rules
        places = ev.rank(table["total"].astype(float), decimals=rules.decimals, ties=rules.ties)
        assert rules.ties == YEARS[year]
        assert places.tolist() == table["rank"].astype(int).tolist()

    @pytest.mark.parametrize(("year", "other"), [(2014, "dense"), (2016, "min"), (2022, "min")])
    def test_the_other_tie_rule_does_not(self, year, other):
        table = printed("ministries", year)
        places = ev.rank(table["total"].astype(float), decimals=1, ties=other)
        assert places.tolist() != table["rank"].astype(int).tolist()

    @pytest.mark.parametrize(("year", "sites"), [(2014, 10), (2016, 12), (2022, 11)])
    def test_dense_ranking_puts_more_than_ten_sites_into_the_top_ten(self, year, sites):
        assert (printed("ministries", year)["rank"].astype(int) <= 10).sum() == sites


class TestFittedWeights:
    @pytest.mark.parametrize("year", YEARS)
    def test_recomputed_totals_lie_within_the_rounding_of_index_and_total(self, year):
        result = ev.evaluate(read("ministries"), year)
        budget = 0.005 * fitted().loc[year, "weight"].sum() + 0.05
        error = (result.total - printed("ministries", year)["total"].astype(float)).abs()
        assert len(error) == len(printed("ministries", year))
        assert (error <= budget + 1e-9).all()
        assert (result.bonus > 0).all() == (year != 2014)

    @pytest.mark.parametrize("year", YEARS)
    def test_equal_weights_would_not(self, year):
        base = indices(year).drop(columns="innovation", errors="ignore")
        bonus = ev.evaluate(read("ministries"), year).bonus
        error = (
            100 * base.mean(axis=1) + bonus - printed("ministries", year)["total"].astype(float)
        ).abs()
        assert error.max() > 0.005 * fitted().loc[year, "weight"].sum() + 0.05

    @pytest.mark.parametrize("year", YEARS)
    def test_scheme_carries_the_fitted_weights_and_says_so(self, year):
        weights = fitted().loc[year].query("part == 'base'")
        scheme = read("ministries").years[year].scheme
        assert [scheme.node(code).weight for code in scheme.leaves] == weights["weight"].tolist()
        assert weights["weight"].sum() == 100
        for code, row in weights.iterrows():
            told = f"fitted, feasible {row['low']:.1f}–{row['high']:.1f}"
            assert scheme.node(code).source == told

    @pytest.mark.parametrize(("year", "points"), [(2016, 15), (2022, 10)])
    def test_bonus_is_the_printed_index_times_the_fitted_points(self, year, points):
        rows = read("ministries").years[year].adjustments.set_index("unit")
        index = indices(year)["innovation"]
        assert fitted().loc[(year, "innovation"), "weight"] == points
        assert rows.loc[index.index, "points"].to_numpy() == pytest.approx(points * index)
        assert rows["source"].str.contains(f"{points} points fitted, feasible").all()
        assert set(rows["kind"]) == {"bonus"}

    def test_feasible_ranges_contain_fit_and_leave_one_out_fits(self):
        weights = fitted()
        assert weights["weight"].between(weights["low"], weights["high"]).all()
        assert weights["weight"].between(weights["loo_low"], weights["loo_high"]).all()

    @pytest.mark.parametrize("year", YEARS)
    def test_feasible_ranges_end_where_no_weighting_reaches_the_printed_totals(self, year):
        for code, row in fitted().loc[year].iterrows():
            for end, inward in ((row["low"], 0.02), (row["high"], -0.02)):
                assert reachable(year, code, end + inward)
                assert not reachable(year, code, end - inward)

    def test_running_the_script_again_gives_the_committed_files(self, tmp_path):
        script = MINISTRIES / "fit.py"
        subprocess.run(
            [sys.executable, str(script), "--out", str(tmp_path)], check=True, timeout=120
        )
        for name in ("fitted_weights.csv", "fit_quality.csv"):
            assert (tmp_path / name).read_text("utf-8") == (MINISTRIES / name).read_text("utf-8")

    def test_the_script_does_not_import_the_library(self):
        assert "evallib" not in (MINISTRIES / "fit.py").read_text("utf-8")

    def test_errors_are_no_larger_than_rounding_explains(self):
        quality = pd.read_csv(MINISTRIES / "fit_quality.csv")
        assert (quality["max_error"] <= quality["budget"]).all()
        assert (quality["rms_error"] <= 1.1 * quality["rounding_rms"]).all()
        assert quality["base_low"].max() <= 100 <= quality["base_high"].min()


def reachable(year, code, value):
    """Whether some weighting with that one weight keeps every total within rounding.

    Written with a slack variable per site, unlike the script: index . w + slack = total, with
    |slack| <= 0.005 x sum(w) + 0.05.
    """
    x, total = indices(year), printed("ministries", year)["total"].astype(float).to_numpy()
    sites, leaves = x.shape
    base = (x.columns != "innovation").astype(float)
    fix = (x.columns == code).astype(float)
    equal = np.block(
        [[x.to_numpy(), np.eye(sites)], [np.vstack([base, fix]), np.zeros((2, sites))]]
    )
    part = np.full((sites, leaves), -0.005)
    below = np.block([[part, np.eye(sites)], [part, -np.eye(sites)]])
    answer = linprog(
        np.zeros(leaves + sites),
        A_ub=below,
        b_ub=np.full(2 * sites, 0.05),
        A_eq=equal,
        b_eq=np.concatenate([total, [100, value]]),
        bounds=[(0, None)] * leaves + [(None, None)] * sites,
    )
    assert answer.status in (0, 2)  # solved, or infeasible; nothing in between
    return answer.status == 0


class TestUnitsOfMinistries:
    def test_offices_renamed_in_2018_change_names_between_the_tables(self):
        study = read("ministries")
        for row in study.successions.itertuples():
            assert row.year == 2018
            assert row.to_unit in study.years[2022].units.index
            assert row.from_unit not in study.years[2022].units.index
            assert any(row.from_unit in study.years[year].units.index for year in (2014, 2016))

    def test_only_successors_of_one_office_count_as_renamed(self):
        successions = read("ministries").successions
        renamed = successions[successions["kind"] == "rename"]
        assert set(renamed["to_unit"]) == {"mara", "nhc", "mee"}
        assert set(successions["kind"]) == {"rename", "merge"}
