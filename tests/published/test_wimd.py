"""Welsh Index of Multiple Deprivation 2019: 1,909 areas, eight domains (OGL v3)."""

import numpy as np
import pandas as pd

import evallib as ev

from .convert import marks, tree, write_study


def test_every_score_and_every_rank_of_1909_areas(reference, tmp_path):
    folder = reference / "wimd2019"
    values = pd.read_csv(folder / "leaf_values.csv", index_col=0)
    scheme = tree(pd.read_csv(folder / "tree.csv"), root="WIMD", low=0, high=1)
    files = {"scheme": scheme, "marks": marks(values), "rules": {"scale": 1, "decimals": 10}}
    result = ev.evaluate(ev.read_study(write_study(tmp_path / "wimd", {2019: files})), 2019)
    answer = pd.read_csv(folder / "published.csv", index_col=0).loc[result.total.index]
    assert len(answer) == 1909
    # both lie on a grid of 1e-8: domains weighted and published
    np.testing.assert_allclose(result.total, answer["IMD_score"], rtol=0, atol=1e-6)
    assert (result.rank == answer["IMD_rank"].astype("Int64")).all()
