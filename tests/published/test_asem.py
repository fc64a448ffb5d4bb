"""The ASEM sustainable connectivity index as COINr scores it: 51 countries, 49 leaves (MIT)."""

import numpy as np
import pandas as pd

import evallib as ev

from .convert import marks, tree, write_study


def asem(reference, folder):
    """The study: COINr's normalised values and weights, 63 cells of the raw table missing."""
    source = reference / "asem"
    meta = pd.read_csv(source / "asem_meta.csv", keep_default_na=False)
    meta = meta[meta["Type"].isin(["Indicator", "Aggregate"])].replace({"Parent": {"NA": ""}})
    table = meta.rename(columns={"iCode": "node", "Parent": "parent", "Weight": "weight"})
    values = pd.read_csv(source / "asem_normalised_0_100.csv", index_col=0)
    scheme = tree(table, root="Index", low=0, high=100)
    files = {"scheme": scheme, "marks": marks(values), "rules": {"missing": "sibling_mean"}}
    return ev.read_study(write_study(folder, {2018: files}))


def test_scores_of_all_nodes_and_all_ranks_are_those_of_coinr(reference, tmp_path):
    result = ev.evaluate(asem(reference, tmp_path / "asem"), 2018)
    source = reference / "asem"
    scores = pd.read_csv(source / "asem_aggregated.csv", index_col=0)
    codes = [code for code in result.scheme.codes if code in scores]
    assert len(codes) == len(result.scheme.codes) == 60
    for code in codes:
        theirs = scores[code].reindex(result.total.index)
        np.testing.assert_allclose(100 * result.scores[code], theirs, rtol=0, atol=1e-9)
    ranks = pd.read_csv(source / "asem_ranks.csv", index_col=0)["Index"]
    assert (result.rank == ranks.reindex(result.rank.index).astype("Int64")).all()
    assert len(result.rank) == 51
