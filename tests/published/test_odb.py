"""Open Data Barometer 2014 and the changes it printed since 2013 (CC BY 4.0)."""

import numpy as np
import pandas as pd
import pytest

import evallib as ev
from evallib.change import gains

from .convert import marks, tree, write_study


@pytest.fixture
def folder(reference):
    return reference / "odb"


def read(path):
    """A table in which NA is Namibia, and so is a blank in its place."""
    table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    return table.fillna({"ISO2": "NA"})


def test_scores_scaled_scores_and_ranks_of_2014(folder, tmp_path):
    answer = read(folder / "published_2014.csv").set_index("ISO2")
    values = read(folder / "leaf_values_2014.csv").set_index("ISO2")
    scheme = tree(pd.read_csv(folder / "tree.csv"), root="ODB", low=0, high=1)
    leaves = scheme.dropna(subset="low")["code"]
    rules = {"scale": 1 / 3, "decimals": 10}  # their weighted mean is divided by 3
    files = {"scheme": scheme, "marks": marks(values[leaves].astype(float)), "rules": rules}
    result = ev.evaluate(ev.read_study(write_study(tmp_path / "odb", {2014: files})), 2014)
    answer = answer.loc[result.total.index]
    assert len(answer) == 86
    for code in ("Readiness", "Implementation", "Impact"):
        np.testing.assert_allclose(result.scores[code], answer[code], rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.total, answer["ODB-Score"], rtol=0, atol=1e-9)
    low, high = result.total.min(), result.total.max()
    scaled = (result.total - low) / (high - low) * 100
    np.testing.assert_allclose(scaled, answer["ODB-Scaled"], rtol=0, atol=0.0051)
    assert (ev.rank(scaled, decimals=0) == answer["ODB-Rank"].astype("Int64")).all()


def test_changes_since_2013_of_75_countries(folder, tmp_path):
    was, now = (read(folder / f"published_{year}.csv") for year in (2013, 2014))
    both = was.merge(now, on="ISO2", suffixes=("", "_now")).query("Country != Country_now")
    assert len(both) == 5  # print another name in 2014
    renames = [
        (a, b, 2014, "rename") for a, b in zip(both["Country"], both["Country_now"], strict=True)
    ]
    years = {
        year: {
            "totals": table[["Country", "ODB-Scaled", "ODB-Rank"]].set_axis(
                ["unit", "total", "rank"], axis=1
            ),
            "rules": {"decimals": 0},
        }
        for year, table in ((2013, was), (2014, now))
    }
    pair = ev.read_study(write_study(tmp_path / "odb", years, successions=renames))
    printed = now.dropna(subset="ODB Change").set_index("Country").sort_index()
    assert len(printed) == 75
    found = gains(pair, 2013, 2014).loc[printed.index]
    np.testing.assert_allclose(found["gain"], printed["ODB Change"], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found["places"], printed["Rank Change"])
    change = ev.compare(pair, 2013, 2014)
    for table in (change.means, change.counts, change.ranks):
        summed = table[change.causes].sum(axis=1)
        np.testing.assert_allclose(summed, table["change"], rtol=0, atol=1e-9)
    assert change.ranks.loc["UK", "unit_previous"] == "United Kingdom"
    assert (change.cohort["status"] == "renamed").sum() == 5
