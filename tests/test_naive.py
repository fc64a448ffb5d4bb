"""The library against a second scorer that shares nothing with it but the conventions."""

import ast
from pathlib import Path

import naive
import numpy as np
import pandas as pd
import pytest
from random_years import in_memory, random_year, write

import evallib as ev
from evallib.aggregation import pattern_mass


def differences(one, result):
    """What the library says otherwise than the loops: (unit, what, theirs, ours)."""
    found = []
    for unit, other in naive.score(one).items():
        pairs = [(code, x, result.scores.at[unit, code]) for code, x in other["index"].items()]
        pairs.append(("total", other["total"], result.total[unit]))
        found += [
            (unit, what, theirs, ours)
            for what, theirs, ours in pairs
            if (theirs is None) != np.isnan(ours)
            or (theirs is not None and abs(theirs - ours) > 1e-12 * max(1, abs(theirs)))
        ]
        rank = None if pd.isna(result.rank[unit]) else result.rank[unit]
        if other["rank"] != rank:
            found.append((unit, "rank", other["rank"], rank))
    return found


def test_the_second_scorer_imports_nothing_of_the_library():
    tree = ast.parse((Path(__file__).parent / "naive.py").read_text("utf-8"))
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(n) for n in imports] == [
        "import math",
        "from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal",
    ]


@pytest.mark.parametrize("block", range(4))
def test_a_thousand_random_studies_score_alike(block):
    for seed in range(250 * block, 250 * (block + 1)):
        one = random_year(seed)
        assert (seed, differences(one, ev.evaluate(in_memory(one), 2020))) == (seed, [])


def test_the_thousand_hold_every_rule_there_is():
    seen = [random_year(seed) for seed in range(1000)]
    rules = pd.DataFrame([one["rules"] for one in seen]).astype(str)
    kept = ["rounding", "tier_decimals", "ties", "rank_on", "missing", "not_applicable"]
    assert rules.groupby(["missing", "not_applicable"]).size().min() >= 50
    assert all(rules[name].value_counts().min() >= 100 for name in kept)
    assert {n["aggregation"] for one in seen for n in one["nodes"]} == {
        "arithmetic", "geometric", "harmonic",
    }  # fmt: skip
    assert {kind for one in seen for _, kind, _ in one["adjustments"]} == {
        "bonus", "penalty", "veto",
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_a_study_on_disk_scores_alike(tmp_path, seed):
    one = random_year(seed, missing="zero")
    study = ev.read_study(write(tmp_path / "s", one))
    assert differences(one, ev.evaluate(study, 2020)) == []


def test_missing_and_not_applicable_are_one_where_both_hand_weight_to_siblings():
    # D: a missing, b not applicable, c; E: d. A mark that is missing may wait in E for D too.
    def scheme():
        yield ev.Node("all", "", "总")
        for parent, leaves in (("D", "abc"), ("E", "de"), ("F", "f")):
            yield ev.Node(parent, "all", parent, weight=1.0)
            yield from (ev.Node(leaf, parent, leaf, full_marks=1.0) for leaf in leaves)

    tree = ev.Scheme.of(scheme())
    rules = ev.Rules(missing="sibling_mean", not_applicable="within_parent")
    f_missing = np.array([False, False, False, False, False, True])
    b_absent = np.array([False, True, False, False, False, False])
    none = np.zeros(6, bool)
    mixed = pattern_mass(tree, f_missing, b_absent, rules)
    # D, E, F a third each; F hands its third to D and E alike, b hands its ninth to a and c
    np.testing.assert_allclose(mixed, [0.25, 0, 0.25, 0.25, 0.25, 0])
    np.testing.assert_array_equal(mixed, pattern_mass(tree, f_missing | b_absent, none, rules))
    np.testing.assert_array_equal(mixed, pattern_mass(tree, none, f_missing | b_absent, rules))


def test_sampling_knows_a_missing_mark_from_a_leaf_that_does_not_apply():
    # u: a 1 of 1, b does not apply, c missing: c is as a, so D is 1 of 2 points, E 0.5 of 1
    one = random_year(0, missing="sibling_mean", not_applicable="rescale")
    leaf = one["nodes"][0] | {"weight": None, "full_marks": 1.0, "aggregation": "arithmetic"}
    parents = {"D": "abc", "E": "d"}
    one["nodes"] = [one["nodes"][0] | {"aggregation": "arithmetic"}]
    for parent, leaves in parents.items():
        one["nodes"].append(leaf | {"code": parent, "parent": "all", "full_marks": None})
        one["nodes"] += [leaf | {"code": code, "parent": parent} for code in leaves]
    units = {u: {"group": "g", "class": "A", "ranked": True} for u in "uv"}
    cells = {"u": (1.0, "not_applicable", "missing", 0.5), "v": (0.5, 0.5, 0.5, 0.5)}
    marks = {(u, c): cell for u in "uv" for c, cell in zip("abcd", cells[u], strict=True)}
    rules = one["rules"] | {"scale": 100, "decimals": 2, "tier_decimals": None}
    one |= {"units": units, "marks": marks, "adjustments": [], "rules": rules}
    result = ev.evaluate(in_memory(one), 2020)
    assert result.total["u"] == pytest.approx(100 * 2.5 / 3)
    draws = ev.perturb_weights(result.scheme, at="leaf", spread=0, draws=3, seed=0)
    assert ev.rank_uncertainty(result, draws).expected_rank().tolist() == [1, 2]
