"""The multiverse of specifications: valid cells, small cases by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from studies import synthetic
from test_acceptability import asem, evaluated, read_asem, with_adjustments

import evallib as ev
from evallib.firmness.choices import alternative_weights, multiverse, reversals_without


@pytest.fixture(scope="module")
def result():
    return ev.evaluate(synthetic(1, units=15, leaves=(4, 3, 2)), 2020)


class TestAlternativeWeights:
    def test_each_is_what_its_name_says(self, result):
        table, scheme = alternative_weights(result.scheme), result.scheme
        assert table.sum().to_numpy() == pytest.approx(np.ones(4))
        top = {d: scheme.leaves_under(d) for d in scheme.dimensions}
        assert table["rule"].tolist() == scheme.weights.tolist()
        for dimension, leaves in top.items():
            assert table.loc[leaves, "equal_dimensions"].sum() == pytest.approx(1 / 3)
            weight = scheme.node_weights[dimension]
            assert table.loc[leaves, "equal_within"].tolist() == pytest.approx(
                [weight / len(leaves)] * len(leaves)
            )
        assert table["equal_leaves"].tolist() == pytest.approx([1 / 9] * 9)


class TestMultiverse:
    def test_only_valid_and_distinct_cells(self, result):
        cells = multiverse(result).ranks.columns
        assert cells.is_unique
        # means per normalisation; under min-max a unit is last in all of a dimension
        means = {"full_marks": 3, "min_max": 1, "z": 1, "rank": 3, "none": 1}
        counts = cells.get_level_values("normalisation").value_counts()
        assert counts.to_dict() == {name: 4 * count for name, count in means.items()}
        for normalisation, _, aggregation in cells:
            assert normalisation != "z" or aggregation == "arithmetic"
            assert (normalisation == "none") == (aggregation == "copeland")

    def test_the_published_cell_is_the_published_ranking(self, result):
        ranks = multiverse(result).ranks["full_marks", "rule", "arithmetic"]
        published = ev.rank(result.base, decimals=10)
        assert ranks.tolist() == published.tolist()

    @pytest.mark.parametrize("kind", ["arithmetic", "geometric"])
    def test_a_dimension_score_of_zero_wipes_no_unit_out(self, kind):
        # u00 is last on the only leaf of D0, so that min-max gives it 0 there and nothing in all
        year = synthetic(3, units=6, leaves=(1, 3), classes=False).years[2020]
        nodes = [replace(n, aggregation=kind) if n.code == "all" else n for n in year.scheme.nodes]
        marks = year.marks.copy()
        last = (marks["unit"] == "u00") & (marks["indicator"] == "D0.0")
        marks.loc[last, "mark"] = 0.0
        result = evaluated(replace(year, scheme=ev.Scheme.of(nodes), marks=marks))
        cells = set(multiverse(result).ranks.columns.droplevel("weighting"))
        means = {name: {m for n, m in cells if n == name} for name in ("full_marks", "min_max")}
        assert means["min_max"] == {"arithmetic"}
        assert means["full_marks"] == {"arithmetic", kind}  # the rule itself stays
        assert ("rank", "harmonic") in cells

    def test_geometric_cell_equals_the_scoring_engine(self):
        year = synthetic(2, units=12).years[2020]
        found = multiverse(evaluated(year)).ranks["full_marks", "rule", "geometric"]
        nodes = [
            replace(n, aggregation="geometric") if n.code == "all" else n for n in year.scheme.nodes
        ]
        other = evaluated(replace(year, scheme=ev.Scheme.of(nodes)))
        assert found.tolist() == ev.rank(other.base, decimals=10).tolist()

    def test_min_max_and_z_by_hand(self):
        year = synthetic(1, units=3, leaves=(1, 1), classes=False).years[2020]
        nodes = [replace(n, full_marks=1.0) if "." in n.code else n for n in year.scheme.nodes]
        marks = year.marks.assign(mark=[0.9, 0.50, 0.8, 0.52, 0.7, 0.53])
        ranks = multiverse(evaluated(replace(year, scheme=ev.Scheme.of(nodes), marks=marks))).ranks
        assert ranks["full_marks", "rule", "arithmetic"].tolist() == [1, 2, 3]
        # min-max: 1 + 0, 1/2 + 2/3, 0 + 1
        assert ranks["min_max", "rule", "arithmetic"].tolist() == [2, 1, 2]
        # copeland: every pair is decided one leaf each
        assert ranks["none", "rule", "copeland"].tolist() == [1, 1, 1]

    def test_range_top_and_importance(self, result):
        found = multiverse(result)
        table = found.range()
        assert table["low"].tolist() == found.ranks.min(axis=1).tolist()
        assert ((table["low"] <= table["median"]) & (table["median"] <= table["high"])).all()
        assert found.top(15).tolist() == [1.0] * 15
        assert found.top(1).sum() >= 1
        parts = found.importance()
        assert parts.between(0, 1).all()
        weighting = pd.DataFrame(
            {
                name: found.ranks.xs(name, axis=1, level="weighting").mean(axis=1)
                for name in found.ranks.columns.unique("weighting")
            }
        )
        places = found.ranks.to_numpy(float)
        whole = ((places.T - places.mean(axis=1)) ** 2).sum()
        between = 9 * ((weighting.sub(places.mean(axis=1), axis=0)) ** 2).sum(axis=None)
        assert parts["weighting"] == pytest.approx(between / whole)

    def test_bonus_is_in_no_cell_and_vetoed_units_are_out(self):
        year = synthetic(3, units=9, classes=False).years[2020]
        plain = multiverse(evaluated(year)).ranks
        rows = [("u00", "bonus", 9.0), ("u03", "penalty", 5.0)]
        assert multiverse(evaluated(with_adjustments(year, rows))).ranks.equals(plain)
        fixed = replace(year, rules=ev.Rules(veto={"total": 99}))
        vetoed = with_adjustments(fixed, [("u04", "veto", np.nan)])
        assert "u04" not in multiverse(evaluated(vetoed)).ranks.index

    def test_a_constant_leaf_separates_nobody(self):
        year = synthetic(4, units=8, classes=False).years[2020]
        marks = year.marks.copy()
        marks.loc[marks["indicator"] == "D0.0", "mark"] = 1.0
        ranks = multiverse(evaluated(replace(year, marks=marks))).ranks
        assert ranks.notna().all(axis=None)

    def test_everybody_alike_shares_first_place_in_every_cell(self):
        year = synthetic(4, units=5, classes=False).years[2020]
        marks = year.marks.assign(mark=np.tile(year.scheme.full_marks, 5))
        found = multiverse(evaluated(replace(year, marks=marks)))
        assert (found.ranks == 1).all(axis=None)
        assert found.importance().tolist() == [0, 0, 0]

    def test_one_unit_is_refused(self):
        with pytest.raises(ev.DataError, match="synthetic 2020: 1 ranked units, but this takes 2"):
            multiverse(ev.evaluate(synthetic(1, units=1), 2020))

    def test_asem_geometric_ranks_of_coinr(self, reference):
        # COINr's geometric mean is over sub-indices and pillars of values on 1 to 100.
        values = read_asem(reference, "asem_normalised_0_100.csv") * 0.99 + 1
        result = asem(reference, values)
        nodes = [
            replace(n, aggregation="geometric") if result.scheme.children(n.code) else n
            for n in result.scheme.nodes
        ]
        theirs = read_asem(reference, "asem_geometric_1_100_COINr.csv")["Index"]
        ours = multiverse(replace(result, scheme=ev.Scheme.of(nodes))).ranks
        expected = theirs.rank(ascending=False).astype(int)
        assert ours["full_marks", "rule", "geometric"].tolist() == expected[ours.index].tolist()


class TestJackknifeOfUnits:
    def test_the_published_rule_never_reverses_and_min_max_may(self):
        year = synthetic(1, units=4, leaves=(1, 1), classes=False).years[2020]
        nodes = [replace(n, full_marks=1.0) if "." in n.code else n for n in year.scheme.nodes]
        # d alone stretches the second leaf; without it, b overtakes a under min-max
        marks = year.marks.assign(mark=[0.9, 0.50, 0.8, 0.53, 0.7, 0.52, 0.7, 0.0])
        found = reversals_without(evaluated(replace(year, scheme=ev.Scheme.of(nodes), marks=marks)))
        assert (found["full_marks"] == 0).all()
        assert found.loc["u03", "min_max"] > 0
        assert found.loc["u02", "z"] == 0

    def test_classes_too(self, result):
        assert (reversals_without(result)["full_marks"] == 0).all()
