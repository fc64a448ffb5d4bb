"""A random year in memory, of any size, and weightings around its scheme."""

from __future__ import annotations

import numpy as np
import pandas as pd

import evallib as ev
from evallib.scoring import evaluate_year

GROUPS = 5


def random_index(units, leaves, *, seed) -> np.ndarray:
    """Score indices between 0.3 and 1, units x leaves; units differ in quality."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(0.8, 0.05, (units, 1))
    return np.clip(quality + rng.uniform(-0.2, 0.2, (units, leaves)), 0.3, 1.0)


def base_weights(leaves) -> np.ndarray:
    """Weights of 1 to 5 parts, summing to 1."""
    parts = 1.0 + np.arange(leaves) % 5
    return parts / parts.sum()


def dimension_of(leaves) -> np.ndarray:
    """Number of the dimension that each leaf lies under."""
    return np.sort(np.arange(leaves) % GROUPS)


def moved_weights(leaves, draws, *, seed, spread=0.25) -> np.ndarray:
    """The base weights times 1 + U(-spread, spread), each row normalised, draws x leaves."""
    moves = np.random.default_rng(seed).uniform(-spread, spread, (draws, leaves))
    weights = base_weights(leaves) * (1 + moves)
    return weights / weights.sum(axis=1, keepdims=True)


def scored(index, *, rank_on) -> ev.Evaluation:
    """The evaluation of a year with these score indices, its leaves in five dimensions."""
    count, leaves = index.shape
    units, weights = [f"u{i:05d}" for i in range(count)], base_weights(leaves)
    nodes = [ev.Node("all", "", "总")]
    for group in range(GROUPS):
        members = np.flatnonzero(dimension_of(leaves) == group)
        share = float(weights[members].sum())
        nodes.append(ev.Node(f"D{group}", "all", f"维{group}", weight=share))
        nodes += [
            ev.Node(f"l{i:03d}", f"D{group}", f"项{i}", weight=float(weights[i]), full_marks=1)
            for i in members
        ]
    table = pd.DataFrame(
        {"name_zh": units, "name_en": "", "group": "g", "class": "", "ranked": True},
        index=pd.Index(units, name="unit"),
    )
    scheme = ev.Scheme.of(nodes)
    marks = pd.DataFrame(
        {
            "unit": np.repeat(units, leaves),
            "indicator": np.tile(scheme.leaves, count),
            "mark": index.ravel(),
            "status": "scored",
        }
    )
    adjustments = pd.DataFrame(columns=["unit", "kind", "points", "reason", "source"])
    findings = pd.DataFrame(columns=["unit", "finding", "value"])
    rules = ev.Rules(rank_on=rank_on)
    year = ev.Year(2020, scheme, rules, table, marks, adjustments, findings)
    return evaluate_year(year, study="random", provenance="observed")
