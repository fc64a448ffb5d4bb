"""Published indices, recomputed from their own component values."""

import numpy as np
import pandas as pd
from studies import synthetic

import evallib as ev
from evallib.rounding import round_number
from evallib.scoring import evaluate_year
from evallib.study.load import Year


def published(values, nodes, **rules):
    """An Evaluation of a table units x leaves under a tree of nodes."""
    scheme = ev.Scheme.of(nodes)
    units = pd.DataFrame(
        {"name_zh": values.index, "name_en": "", "group": "g", "class": "", "ranked": True},
        index=values.index,
    )
    values = values[scheme.leaves]
    marks = pd.DataFrame(
        {
            "unit": np.repeat(values.index.to_numpy(), len(scheme.leaves)),
            "indicator": np.tile(scheme.leaves, len(values)),
            "mark": values.to_numpy().ravel(),
            "status": np.where(values.notna().to_numpy().ravel(), "scored", "missing"),
        }
    )
    empty = synthetic(0).years[2020]
    year = Year(2024, scheme, ev.Rules(**rules), units, marks, empty.adjustments, empty.findings)
    return evaluate_year(year, study="reference", provenance="published")


def leaf(code, parent, weight=1.0):
    return ev.Node(code, parent, code, weight=weight, low=0, high=1, outside="keep")


def test_welsh_index_of_multiple_deprivation_2019_scores_and_all_ranks(reference):
    folder = reference / "wimd2019"
    values = pd.read_csv(folder / "leaf_values.csv", index_col=0)
    tree = pd.read_csv(folder / "tree.csv")
    nodes = [
        ev.Node("WIMD", "", "WIMD"),
        *(leaf(r.node, "WIMD", r.weight) for r in tree.itertuples()),
    ]
    result = published(values, nodes, scale=1, decimals=10)
    answer = pd.read_csv(folder / "published.csv", index_col=0)
    np.testing.assert_allclose(result.total, answer["IMD_score"].reindex(values.index), atol=1e-6)
    assert (result.rank == answer["IMD_rank"].reindex(values.index).astype("Int64")).all()


def test_blavatnik_index_2024_rounds_at_every_tier(reference):
    folder = reference / "bipa2024"
    values = pd.read_csv(folder / "leaf_values.csv", index_col=0)
    tree = pd.read_csv(folder / "tree.csv", dtype=str)
    inner = set(tree["parent"].dropna())
    nodes = [
        ev.Node(r.node, "" if pd.isna(r.parent) else r.parent, r.name_, weight=1.0)
        if r.node in inner
        else leaf(r.node, r.parent)
        for r in tree.rename(columns={"name": "name_"}).itertuples()
    ]
    answer = pd.read_csv(folder / "published.csv", dtype={"node": str})
    printed = answer.pivot_table(index="cc_iso3c", columns="node", values="value").reindex(
        values.index
    )
    rules = {"scale": 1, "missing": "sibling_mean"}
    tiered = published(values, nodes, tier_decimals=2, rounding="half_even", **rules)
    # Their rounding met halves in binary: 8 of 120 countries, each by one print unit.
    off = (tiered.total - printed["0"]).abs().round(10)
    assert set(off) == {0.0, 0.01}
    assert (off == 0).sum() == 112
    # Tier by tier, from the printed children, every mean that is no exact half agrees.
    both = values.join(printed)
    for code in tiered.scheme.inner:
        mean = both[list(tiered.scheme.children(code))].mean(axis=1)
        half = np.isclose((mean * 100) % 1, 0.5, atol=1e-6)
        np.testing.assert_allclose(
            round_number(mean[~half], 2), printed.loc[~half, code], atol=1e-9
        )
        assert (mean - printed[code]).abs().max() < 0.005 + 1e-9
    plain = published(values, nodes, **rules)
    assert (plain.total - printed["0"]).abs().max() < 0.0072
    assert (plain.total.round(2) == printed["0"]).sum() == 100
    ranks = answer.query("node == '0'").set_index("cc_iso3c")["rank"].reindex(values.index)
    assert (ev.rank(printed["0"], decimals=2) == ranks.astype("Int64")).all()


def test_open_data_barometer_2014_scores(reference):
    folder = reference / "odb"
    answer = pd.read_csv(
        folder / "published_2014.csv", index_col="ISO2", keep_default_na=False, na_values=[""]
    )
    names = ["Readiness", "Implementation", "Impact"]
    nodes = [
        ev.Node("ODB", "", "ODB"),
        *(leaf(n, "ODB", w) for n, w in zip(names, (1, 2, 1), strict=True)),
    ]
    result = published(
        answer[names], nodes, scale=1 / 3, decimals=10
    )  # their weighted mean is divided by 3
    np.testing.assert_allclose(result.total, answer["ODB-Score"], atol=1e-9)
    low, high = result.total.min(), result.total.max()
    scaled = (result.total - low) / (high - low) * 100
    np.testing.assert_allclose(scaled.round(2), answer["ODB-Scaled"], atol=0.0051)
    assert (ev.rank(scaled, decimals=0) == answer["ODB-Rank"].astype("Int64")).all()


def test_asem_scores_and_ranks_of_coinr(reference):
    folder = reference / "asem"
    values = pd.read_csv(folder / "asem_normalised_0_100.csv", index_col=0)
    meta = pd.read_csv(folder / "asem_meta.csv", keep_default_na=False)
    meta = meta[meta["Type"].isin(["Indicator", "Aggregate"])]
    nodes = [
        ev.Node(r.iCode, r.Parent if r.Parent != "NA" else "", r.iCode, weight=float(r.Weight))
        if r.Type == "Aggregate"
        else ev.Node(r.iCode, r.Parent, r.iCode, weight=float(r.Weight), low=0, high=100)
        for r in meta.itertuples()
    ]
    result = published(values, nodes, missing="sibling_mean")
    scores = pd.read_csv(folder / "asem_aggregated.csv", index_col=0)
    for code in ("Index", "Conn", "Sust", "Physical", "SusEcFin"):
        np.testing.assert_allclose(
            100 * result.scores[code], scores[code].reindex(values.index), atol=1e-9
        )
    ranks = pd.read_csv(folder / "asem_ranks.csv", index_col=0)["Index"].reindex(values.index)
    assert (result.rank == ranks.astype("Int64")).all()
