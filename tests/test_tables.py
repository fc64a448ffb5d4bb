"""The published tables: their columns, and what a CSV file holds."""

import numpy as np
import pandas as pd
import pytest
from studies import make_study, synthetic

import evallib as ev
from evallib.publication.tables import (
    index_populations,
    indices_table,
    scores_table,
    write_csv,
)

HEAD = [
    "unit",
    "name",
    "group",
    "class",
    "base",
    "bonus",
    "penalty",
    "veto",
    "total",
    "printed",
    "rank",
    "group_rank",
    "band",
]


@pytest.fixture
def result(tmp_path):
    return ev.evaluate(ev.read_study(make_study(tmp_path)), 2020)


def test_scores_have_the_agreed_columns_then_one_per_node(result):
    table = scores_table(result)
    assert (
        list(table)
        == [*HEAD, "all", "D1", "D2", "a", "b", "c", "d"][: len(HEAD)] + result.scheme.codes
    )
    assert list(table["unit"]) == ["u1", "u2", "u3", "u4"]
    assert table.loc[2, ["total", "printed", "rank"]].tolist() == [
        pytest.approx(1300 / 15),
        "86.67",
        2,
    ]
    assert np.isnan(table.at[2, "c"])


def test_node_ranks_are_places_among_ranked_units(tmp_path):
    units = "unit,name_zh,group,class,ranked\nu1,甲,g,A,false\nu2,乙,g,A,\nu3,丙,g,B,\nu4,丁,h,A,\n"
    result = ev.evaluate(ev.read_study(make_study(tmp_path, files={"units.csv": units})), 2020)
    table = scores_table(result, node_ranks=True).set_index("unit")
    assert table["rank:a"].tolist() == [pd.NA, 2, 1, 2]
    assert table["rank:c"].tolist() == [pd.NA, 1, pd.NA, 2]
    assert table["rank:all"].tolist() == table["rank"].tolist() == [pd.NA, 3, 1, 2]


def test_node_ranks_ignore_float_noise():
    result = ev.evaluate(synthetic(5, units=9, step=0.5), 2020)
    noisy = scores_table(result, node_ranks=True)
    for code in result.scheme.codes:
        exact = result.scores[code].round(9).rank(method="min", ascending=False)
        assert noisy[f"rank:{code}"].astype(float).tolist() == pytest.approx(
            exact.tolist(), nan_ok=True
        )


def test_populations_list_a_cross_only_where_it_is_new(result):
    assert index_populations(result.units) == ["all", "g", "h", "A", "B", "g & A"]


def test_indices_are_sums_of_marks_over_sums_of_applicable_full_marks(result):
    table = indices_table(result).set_index("node")
    assert list(table) == ["name", "all", "g", "h", "A", "B", "g & A"]
    assert table.at["c", "all"] == pytest.approx(7.5 / 15)
    assert table.at["c", "g & A"] == pytest.approx(7.5 / 10)
    assert np.isnan(table.at["c", "B"])
    assert table.at["all", "g"] == pytest.approx((20 + 11.5 + 13) / (20 + 20 + 15))
    assert table.at["D1", "name"] == "一"


def test_a_csv_file_is_utf8_with_line_feeds_and_numbers_in_full(result, tmp_path):
    path = tmp_path / "scores.csv"
    write_csv(scores_table(result), path)
    raw = path.read_bytes()
    assert b"\r" not in raw
    assert raw.startswith(b"unit,name,")
    back = pd.read_csv(path, dtype={"unit": str, "printed": str})
    assert back["total"].tolist() == result.total.tolist()
    assert back["name"].tolist() == ["甲局", "乙局", "丙局", "丁区"]


def test_text_that_looks_like_a_formula_is_left_alone(tmp_path):
    write_csv(pd.DataFrame({"text": ["=1+1", "-x", "@y"]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == "text\n=1+1\n-x\n@y\n"


def test_a_failed_site_prints_fail_and_has_no_place(tmp_path):
    veto = {"2020/adjustments.csv": "unit,kind,points,reason,source\nu1,veto,,down,\n"}
    table = scores_table(ev.evaluate(ev.read_study(make_study(tmp_path, files=veto)), 2020))
    assert table.loc[0, "printed"] == "fail"
    assert pd.isna(table.loc[0, "rank"])
    assert pd.isna(table.loc[0, "total"])
    assert table["veto"].tolist() == [True, False, False, False]
