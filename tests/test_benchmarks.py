"""The benchmarks run, and what they compare with is right."""

import importlib
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def ways(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("ways")


def test_ties_share_their_places_in_the_answer_compared_with(ways):
    index = np.array([[0.5, 0.5], [0.5, 0.5], [0.9, 0.1]])
    weights = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    counts = ways.expected(index, weights, decimals=2)
    assert counts.tolist() == [[1, 1.5, 0.5], [1, 1.5, 0.5], [1, 0, 2]]


def test_library_counts_places_like_scipy(ways, tmp_path):
    ways.write_input(tmp_path, units=12, leaves=10, draws=1_500)
    for name in ("ours", "ours_2", "ours_exact", "numpy_argsort", "scipy_rankdata"):
        assert ways.run(name, tmp_path, 1_500, check=True)["off"] < 1e-6
