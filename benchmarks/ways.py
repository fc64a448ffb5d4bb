"""Ways to count rank acceptability, one function per way, each run by the Python it needs.

    python ways.py input FOLDER UNITS LEAVES DRAWS     writes the input, one .npy each
    python ways.py NAME FOLDER DRAWS [check]           runs one way, prints seconds and memory

Every way takes index (units x leaves) and weights (draws x leaves) and gives a function that
returns how often each unit (row) takes each place (column). What is made once per study is made
outside that function, and is not timed.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
from runs import Clock, peak_mb

SEED = 2020


def ours(index, weights, *, rank_on, threads):
    from random_year import scored

    from evallib.firmness.acceptability import rank_uncertainty
    from evallib.firmness.weights import given_weights

    result = scored(index, rank_on=rank_on)
    draws = given_weights(result.scheme, weights)
    return lambda: rank_uncertainty(result, draws, threads=threads).mass


def ours_drawing(index, weights, *, threads):
    from random_year import scored

    from evallib.firmness.acceptability import rank_uncertainty
    from evallib.firmness.weights import perturb_weights

    result = scored(index, rank_on="printed")
    law = {"at": "leaf", "spread": 0.25, "method": "renormalise"}
    draws = perturb_weights(result.scheme, draws=len(weights), seed=SEED, **law)
    return lambda: rank_uncertainty(result, draws, threads=threads).mass


def numpy_argsort(index, weights):
    def count():
        n = len(index)
        counts = np.zeros(n * n, dtype=np.int64)
        for start in range(0, len(weights), 1000):
            order = np.argsort(-(weights[start : start + 1000] @ index.T), axis=1)
            counts += np.bincount((order * n + np.arange(n)).ravel(), minlength=n * n)
        return counts.reshape(n, n)

    return count


def scipy_rankdata(index, weights):
    from scipy.stats import rankdata

    def count():
        n = len(index)
        places = rankdata(-(weights @ index.T), method="min", axis=1).astype(int) - 1
        return np.bincount((places + n * np.arange(n)).ravel(), minlength=n * n).reshape(n, n)

    return count


def one_by_one(places_of, index, weights):
    """Counts from a function that ranks the units under one weighting."""

    def count():
        counts, rows = np.zeros((len(index), len(index)), dtype=np.int64), np.arange(len(index))
        for row in weights:
            counts[rows, np.asarray(places_of(row), dtype=int) - 1] += 1
        return counts

    return count


def scikit_criteria(index, weights):
    import skcriteria
    from skcriteria.agg.simple import WeightedSumModel

    matrix = skcriteria.mkdm(index, objectives=[max] * index.shape[1], weights=weights[0])
    model = WeightedSumModel()

    return one_by_one(lambda w: model.evaluate(matrix.replace(weights=w)).rank_, index, weights)


def pymcdm(index, weights, *, validation):
    from pymcdm.methods import WSM

    model, types = WSM(normalization_function=as_it_is), np.ones(index.shape[1])

    def places_of(row):
        return model.rank(model(index, row, types, validation=validation))

    return one_by_one(places_of, index, weights)


def as_it_is(column, cost=False):
    return column


def pysensmcda(index, weights, *, method):
    from pysensmcda.smaa import simulate

    if method == "WSM":
        from pymcdm.methods import WSM

        model = WSM(normalization_function=as_it_is)
    else:

        def model(matrix, row, types):
            return matrix @ row

    types = np.ones(index.shape[1], dtype=int)
    return lambda: simulate(model, index, types, weights=weights).rank_counts


def pyrepo_mcda(index, weights):
    from pyrepo_mcda.additions import rank_preferences
    from pyrepo_mcda.mcda_methods import SAW

    model, types = SAW(normalization_method=lambda matrix, _: matrix), np.ones(index.shape[1])
    return one_by_one(lambda w: rank_preferences(model(index, w, types)), index, weights)


WAYS = {
    "ours": partial(ours, rank_on="printed", threads=1),
    "ours_2": partial(ours, rank_on="printed", threads=2),
    "ours_exact": partial(ours, rank_on="exact", threads=1),
    "ours_exact_2": partial(ours, rank_on="exact", threads=2),
    "ours_drawing": partial(ours_drawing, threads=1),
    "ours_drawing_2": partial(ours_drawing, threads=2),
    "numpy_argsort": numpy_argsort,
    "scipy_rankdata": scipy_rankdata,
    "pysensmcda_product": partial(pysensmcda, method="product"),
    "pysensmcda_wsm": partial(pysensmcda, method="WSM"),
    "pyrepo_mcda": pyrepo_mcda,
    "pymcdm": partial(pymcdm, validation=True),
    "pymcdm_unchecked": partial(pymcdm, validation=False),
    "scikit_criteria": scikit_criteria,
}
DRAW_THEMSELVES = ("ours_drawing", "ours_drawing_2")  # only the number of weightings is used
PRINTED = ("ours", "ours_2")  # ties at two decimals; all others rank exact scores


def expected(index, weights, *, decimals) -> np.ndarray:
    """The answer by another route: scipy's ranks; ties share their places."""
    from scipy.stats import rankdata

    counts = np.zeros((len(index), len(index) + 1))
    for part in np.array_split(weights, max(len(weights) // 5000, 1)):
        lost = -np.floor(100 * (part @ index.T) * 10**decimals + 0.5)
        first = rankdata(lost, method="min", axis=1).astype(int)
        last = rankdata(lost, method="max", axis=1).astype(int)
        rows = np.broadcast_to(np.arange(len(index)), first.shape)
        np.add.at(counts, (rows, first - 1), 1 / (last - first + 1))
        np.add.at(counts, (rows, last), -1 / (last - first + 1))
    return np.cumsum(counts, axis=1)[:, :-1]


def write_input(folder, units, leaves, draws) -> dict:
    """Index and weightings without a tie at nine decimals; base weights and dimensions."""
    from random_year import base_weights, dimension_of, moved_weights, random_index

    index = random_index(units, leaves, seed=SEED)
    weights = moved_weights(leaves, draws, seed=SEED + 1)
    for part in np.array_split(weights, max(draws // 5000, 1)):
        gap = np.diff(np.sort(100 * part @ index.T, axis=1), axis=1).min()
        if gap < 1e-9:
            raise SystemExit("two units tie in some draw; take another seed")
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"index": index, "weights": weights}
    arrays |= {"base": base_weights(leaves), "group": dimension_of(leaves)}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return {"units": units, "leaves": leaves, "draws": draws}


def run(name, folder, draws, check) -> dict:
    """Seconds and peak memory of one way; with ``check`` also how far it is off the answer."""
    index = np.load(folder / "index.npy")
    weights = np.load(folder / "weights.npy", mmap_mode="r")[:draws]
    if name not in DRAW_THEMSELVES:
        weights = weights.copy()
    count = WAYS[name](index, weights)
    WAYS[name](index, weights[:50])()  # what is loaded on first use
    with Clock() as clock:
        counts = count()
    found = {"seconds": clock.seconds, "cpu": clock.cpu, "peak": peak_mb()}
    if check:
        wanted = expected(index, weights, decimals=2 if name in PRINTED else 9)
        found["off"] = float(np.abs(np.asarray(counts, dtype=float) - wanted).max())
    return found


if __name__ == "__main__":
    task, folder, *numbers = sys.argv[1:]
    if task == "input":
        print(json.dumps(write_input(Path(folder), *map(int, numbers))))
    else:
        print(json.dumps(run(task, Path(folder), int(numbers[0]), "check" in numbers)))
