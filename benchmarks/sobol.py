"""Sobol indices of the average shift in rank, through the library and with SALib alone.

    python sobol.py ours|salib FOLDER DRAWS

Five multipliers of dimension weights, uniform on 1 +- 0.25. The way of SALib's own documentation
calls the model once per row of the sample; the library takes all rows at once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from runs import Clock, peak_mb

SEED, SPREAD = 2020, 0.25


def ours(index, base, group, draws):
    from random_year import scored

    from evallib.firmness.effects import sobol_indices

    result = scored(index, rank_on="exact")
    choices = {"spread": SPREAD, "of": "average_shift", "draws": draws, "seed": SEED}
    return lambda: sobol_indices(result, **choices)[["first", "total"]].to_numpy()


def salib(index, base, group, draws):
    from SALib.analyze import sobol
    from SALib.sample import sobol as sample
    from scipy.stats import rankdata

    dimensions = int(group.max()) + 1
    problem = {
        "num_vars": dimensions,
        "names": [f"D{d}" for d in range(dimensions)],
        "bounds": [[1 - SPREAD, 1 + SPREAD]] * dimensions,
    }
    nominal = rankdata(-(index @ base), method="min")

    def average_shift(multipliers):
        weights = base * multipliers[group]
        places = rankdata(-(index @ (weights / weights.sum())), method="min")
        return np.abs(places - nominal).mean()

    def indices():
        rows = sample.sample(problem, draws, calc_second_order=False, seed=SEED)
        values = np.array([average_shift(row) for row in rows])
        found = sobol.analyze(problem, values, calc_second_order=False, seed=SEED)
        return np.column_stack([found["S1"], found["ST"]])

    return indices


def run(way, folder, draws) -> dict:
    """Seconds, peak memory and indices of one way."""
    index, base, group = (np.load(folder / f"{name}.npy") for name in ("index", "base", "group"))
    way(index, base, group, 64)()  # what is loaded on first use
    indices = way(index, base, group, draws)
    with Clock() as clock:
        found = indices()
    return {
        "seconds": clock.seconds,
        "cpu": clock.cpu,
        "peak": peak_mb(),
        "indices": found.ravel().tolist(),
    }


if __name__ == "__main__":
    name, folder, draws = sys.argv[1:]
    print(json.dumps(run({"ours": ours, "salib": salib}[name], Path(folder), int(draws))))
