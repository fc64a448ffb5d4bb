"""The tree: order, weights, and which leaves lie where."""

import pytest

from evallib import Node, Scheme


@pytest.fixture
def scheme():
    return Scheme.of(
        [
            Node("all", "", "总", "Total"),
            Node("D1", "all", "一", weight=3),
            Node("D2", "all", "二", weight=1),
            Node("b", "D2", "乙", full_marks=4),
            Node("a", "D1", "甲", full_marks=6, classes=("A",)),
            Node("c", "D2", "丙", full_marks=12),
        ]
    )


def test_nodes_stand_in_depth_first_order(scheme):
    assert scheme.codes == ["all", "D1", "a", "D2", "b", "c"]
    assert scheme.leaves == ["a", "b", "c"]
    assert scheme.dimensions == ["D1", "D2"]
    assert scheme.level("c") == 2


def test_weights_are_normalised_among_siblings_and_sum_to_one(scheme):
    assert scheme.weights.to_dict() == {"a": 0.75, "b": 0.0625, "c": 0.1875}
    assert scheme.weights.sum() == 1


def test_an_empty_weight_means_the_full_marks_below():
    nodes = [
        Node("all", "", "总"),
        Node("D", "all", "一"),
        Node("a", "D", "甲", full_marks=3),
        Node("b", "D", "乙", full_marks=3),
        Node("c", "all", "丙", full_marks=2),
    ]
    assert Scheme.of(nodes).node_weights[["D", "c"]].tolist() == [0.75, 0.25]


def test_under_marks_each_leaf_below_itself_and_its_ancestors(scheme):
    assert scheme.under.loc["c"].to_dict() == {"all": 1, "D1": 0, "a": 0, "D2": 1, "b": 0, "c": 1}


def test_a_leaf_applies_to_its_classes_only(scheme):
    import pandas as pd

    applies = scheme.applies(pd.Series({"u": "A", "v": "B"}))
    assert applies["a"].tolist() == [True, False]
    assert applies["b"].all()


def test_a_single_node_is_root_and_leaf():
    scheme = Scheme.of([Node("x", "", "全", full_marks=5)])
    assert scheme.root == "x"
    assert scheme.weights.to_dict() == {"x": 1.0}


def test_names_fall_back_to_the_other_language(scheme):
    assert scheme.names("en")["all"] == "Total"
    assert scheme.names("en")["a"] == "甲"
