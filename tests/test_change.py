"""The account of change: hand cases, its axioms, random studies, and published changes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import synthetic

import evallib as ev
from evallib.change import (
    bridge,
    cohort,
    compare,
    compare_runs,
    gains,
    improvement,
    leaf_account,
    most_improved,
    near_threshold,
    standings,
    trajectories,
)
from evallib.change.improved import extreme_deviate
from evallib.change.mixtures import shapley
from evallib.cli.letters import diff, side_by_side
from evallib.errors import DataError
from evallib.study.load import Names

ROOT = Path(__file__).resolve().parents[1]
COMPOSITION = ["entered", "left", "merged", "split"]
ADJUSTMENTS = ["unit", "kind", "points", "reason", "source"]
SUCCESSIONS = ["from_unit", "to_unit", "year", "kind"]


def year(number, marks, *, full=(10, 10), rules=None, adjust=(), classes=None, groups=None, **kw):
    """A year of units x leaves ``a`` in dimension D1, ``b`` in D2, ...; None is not applicable."""
    codes = kw.get("leaves", list("abcdefgh")[: len(full)])
    nodes = [ev.Node("all", "", "总")]
    for position, (leaf, points) in enumerate(zip(codes, full, strict=True)):
        dimension = kw.get("dimensions", [f"D{i + 1}" for i in range(len(full))])[position]
        if dimension not in [node.code for node in nodes]:
            nodes.append(ev.Node(dimension, "all", dimension))
        nodes.append(ev.Node(leaf, dimension, leaf, full_marks=float(points)))
    if kw.get("aggregation"):
        nodes[0] = replace(nodes[0], aggregation=kw["aggregation"])
    scheme = ev.Scheme.of(nodes)
    order = [codes.index(leaf) for leaf in scheme.leaves]
    names = list(marks)
    units = pd.DataFrame(
        {
            "name_zh": [f"{unit}局" for unit in names],
            "name_en": "",
            "group": groups or ["g"] * len(names),
            "class": classes or ["A"] * len(names),
            "ranked": kw.get("ranked", [True] * len(names)),
        },
        index=pd.Index(names, name="unit"),
    )
    values = np.array([[marks[u][i] for i in order] for u in names], dtype=object)
    statuses = np.where(values == "?", "missing", np.where(values == None, "not_applicable", ""))  # noqa: E711
    long = pd.DataFrame(
        {
            "unit": np.repeat(names, len(codes)),
            "indicator": np.tile(scheme.leaves, len(names)),
            "mark": [None if v in (None, "?") else float(v) for v in values.ravel()],
            "status": np.where(statuses == "", "scored", statuses).ravel(),
        }
    )
    long["mark"] = long["mark"].astype(float)
    points = pd.DataFrame([(*row, "", "") for row in adjust], columns=ADJUSTMENTS)
    findings = pd.DataFrame(columns=["unit", "finding", "value"])
    return ev.Year(number, scheme, rules or ev.Rules(), units, long, points, findings)


def study(*years, successions=()):
    rows = pd.DataFrame(list(successions), columns=SUCCESSIONS)
    empty = pd.DataFrame()
    return ev.Study(
        Path("."),
        "pair",
        Names(zh="两年"),
        "observed",
        "",
        {"g": Names(zh="部门"), "h": Names(zh="开发区")},
        {},
        empty,
        empty,
        rows,
        {one.year: one for one in years},
    )


def row(change, population="all", table="means"):
    """Non-zero entries of one row of an account."""
    found = getattr(change, table).loc[population, change.causes]
    return {name: pytest.approx(value) for name, value in found.items() if abs(value) > 1e-9}


def residuals(change):
    """Largest gap between a change and the sum of its causes, over all tables."""
    blocks = [c for c in change.causes if c not in COMPOSITION]
    tables = [
        (change.means.dropna(), change.causes),
        (change.counts, change.causes),
        (change.scores, blocks),
        (change.ranks, change.causes),
        (change.ranks, ["own", "others", "scheme_alone", *COMPOSITION]),
    ]
    gaps = [(t[c].sum(axis=1) - t["change"]).abs().max() for t, c in tables if len(t)]
    return max(gaps, default=0.0)


U0 = {"u": (8, 6), "v": (4, 10)}


class TestOneCauseByHand:
    def test_performance_goes_to_its_dimension(self):
        # u: 14 -> 16 of 20, all in D1: +10 points for u, +5 in the mean
        change = compare(
            study(year(2019, U0), year(2020, {"u": (10, 6), "v": (4, 10)})), 2019, 2020
        )
        assert row(change) == {"D1": 5.0}
        assert change.scores.loc["u", "D1"] == pytest.approx(10.0)
        assert leaf_account(change, units=["u"])["performance"].to_dict() == pytest.approx(
            {"a": 10.0, "b": 0.0, "rest": 0.0}
        )

    def test_weights_go_to_the_scheme_and_read_by_leaf(self):
        # same shares of full marks (0.8, 0.6; 0.4, 1.0), weights 1:1 -> 3:1
        after = year(2020, {"u": (24, 6), "v": (12, 10)}, full=(30, 10))
        change = compare(study(year(2019, U0), after), 2019, 2020)
        assert row(change) == {"scheme": pytest.approx((5 - 15) / 2)}
        leaves = leaf_account(change, units=["u"])["scheme"]
        # mean attainment of u is (0.70 + 0.75) / 2: a is better than it, b is worse
        assert leaves["a"] == pytest.approx((0.8 - 0.725) * 25)
        assert leaves["b"] == pytest.approx((0.6 - 0.725) * -25)

    @pytest.mark.parametrize("mark", [20, 0])
    def test_an_added_leaf_is_scheme_only(self, mark):
        after = year(2020, {"u": (8, 6, mark), "v": (4, 10, mark)}, full=(10, 10, 20))
        assert row(compare(study(year(2019, U0), after), 2019, 2020)) == {
            "scheme": pytest.approx((70 + 5 * mark) / 2 - 70)
        }

    def test_a_dropped_leaf_is_scheme_only(self):
        before = year(2019, {"u": (8, 6, 0), "v": (4, 10, 5)}, full=(10, 10, 20))
        change = compare(study(before, year(2020, U0)), 2019, 2020)
        assert set(row(change)) == {"scheme"}
        assert change.dimensions == ["D1", "D2", "D3"]

    def test_bonus_penalty_and_their_rules(self):
        before = year(2019, U0, adjust=[("u", "penalty", 2)])
        after = year(2020, U0, adjust=[("u", "bonus", 3), ("v", "penalty", 1)])
        assert row(compare(study(before, after), 2019, 2020)) == {"bonus": 1.5, "penalty": 0.5}
        capped = replace(after, year=2021, rules=ev.Rules(bonus={"cap": 1}))
        assert row(compare(study(after, capped), 2020, 2021)) == {"bonus": -1.0}

    def test_a_gate_is_shared_by_what_opens_it(self):
        # u: base 70 -> 80 by D1 with 4 points of bonus both years, granted above 75
        rules = ev.Rules(bonus={"gate": 75}, threshold=84)
        before = year(2019, U0, rules=rules, adjust=[("u", "bonus", 4)])
        after = year(2020, U0 | {"u": (10, 6)}, rules=rules, adjust=[("u", "bonus", 4)])
        change = compare(study(before, after), 2019, 2020)
        assert row(change) == {"D1": 7.0}
        assert leaf_account(change, units=["u"])["performance"].tolist() == pytest.approx(
            [10, 0, 4]
        )
        assert row(change, table="counts") == {"D1": 1.0}
        assert change.crossers.values.tolist() == [["u", "u", "up", 70.0, 84.0, "D1"]]

    def test_veto(self):
        after = year(2020, U0, adjust=[("v", "veto", np.nan)])
        change = compare(study(year(2019, U0 | {"u": (10, 6)}), after), 2019, 2020)
        # mean 75 -> 70 without v, of which u lost 10: alone -5 in a mean of two, -10 in one of one
        assert row(change) == {"D1": -7.5, "veto": 2.5}
        assert list(change.scores.index) == ["u"]
        assert change.ranks.loc["u", "change"] == 0

    def test_veto_with_a_fixed_total(self):
        rules = ev.Rules(veto={"total": 59, "in_mean": True}, threshold=60)
        after = year(2020, U0, rules=rules, adjust=[("v", "veto", np.nan)])
        change = compare(study(year(2019, U0, rules=rules), after), 2019, 2020)
        assert row(change) == {"veto": -5.5}
        assert row(change, table="counts") == {"veto": -1.0}
        assert change.crossers["cause"].tolist() == ["veto"]

    def test_class_rule(self):
        # b no longer applies to u: 70 -> 80; nobody performs otherwise
        change = compare(study(year(2019, U0), year(2020, U0 | {"u": (8, None)})), 2019, 2020)
        assert row(change) == {"class_rule": 5.0}
        spread = year(2020, U0 | {"u": (8, None)}, rules=ev.Rules(not_applicable="full_marks"))
        before = year(2019, U0 | {"u": (8, None)})
        assert row(compare(study(before, spread), 2019, 2020)) == {"class_rule": 5.0}

    @pytest.mark.parametrize(
        ("before", "after", "posts", "outside", "effects"),
        [
            # 40 of 50 -> 50 of 100; by value (0.2 + 0.1) / 2, by goalposts (-0.4 - 0.5) / 2
            (40, 50, ((0, 50), (0, 100)), "keep", {"a": 15.0, "scheme": -45.0}),
            # 20 of 40 above 10 -> 36 of 60 above 10; (0.4 + 4/15) / 2, and (-1/6 - 0.3) / 2
            (30, 46, ((10, 50), (10, 70)), "keep", {"a": 100 / 3, "scheme": -70 / 3}),
            # less is better: 0.5 of 40 -> 0.6 of 20; by old posts 0.8, by new ones 0
            (30, 18, ((50, 10), (30, 10)), "keep", {"a": 45.0, "scheme": -35.0}),
            # 80 of 100 -> 10 of 10, each cut off between the other's posts: 1 and 0.1
            (80, 10, ((0, 100), (0, 10)), "clip", {"a": -35.0, "scheme": 55.0}),
            (-5, 5, ((-10, 10), (0, 10)), "clip", {"a": 50.0, "scheme": -25.0}),
        ],
    )
    def test_goalposts_that_move_are_scheme(self, before, after, posts, outside, effects):
        def measured(number, value, low, high):
            leaf = ev.Node("a", "all", "甲", weight=1.0, low=low, high=high, outside=outside)
            one = year(number, {"u": (value,), "v": (value,)}, full=(1,))
            return replace(one, scheme=ev.Scheme.of([ev.Node("all", "", "总"), leaf]))

        pair = [measured(2019, before, *posts[0]), measured(2020, after, *posts[1])]
        assert row(compare(study(*pair), 2019, 2020)) == {
            cause: pytest.approx(value) for cause, value in effects.items()
        }

    def test_composition_of_mean_and_count(self):
        rules = ev.Rules(threshold=70)
        before = year(2019, U0 | {"w": (10, 10)}, rules=rules)
        after = year(2020, U0 | {"x": (2, 2), "y": (10, 8)}, rules=rules)
        change = compare(study(before, after), 2019, 2020)
        # entrants (20 - 70) / 4 + (90 - 70) / 4, the leaver -(100 - 70) / 3
        assert row(change) == {"entered": -7.5, "left": -10.0}
        assert row(change, table="counts") == {"entered": 1.0, "left": -1.0}
        assert change.crossers["unit"].tolist() == ["y", ""]
        assert change.crossers["unit_previous"].tolist() == ["", "w"]

    def test_rank_by_name(self):
        before = year(2019, {"u": (8, 8), "v": (9, 9), "w": (5, 5), "x": (10, 10)})
        after = year(2020, {"u": (8, 8), "v": (7, 7), "w": (9, 9), "y": (10, 10)})
        change = compare(study(before, after), 2019, 2020)
        u = change.ranks.loc["u"]
        assert (u["before"], u["after"]) == (3, 3)
        assert (u["lost_to"], u["gained_on"]) == (("w",), ("v",))
        assert (u["entrants_above"], u["exits_above"]) == (("y",), ("x",))
        assert (u["own"], u["others"], u["entered"], u["left"]) == (0, 0, 1, -1)
        w = change.ranks.loc["w"]
        assert (w["change"], w["own"], w["others"]) == (-2, -2, 0)

    def test_regrouped_unit_leaves_one_group_and_enters_the_other(self):
        marks = U0 | {"w": (10, 10)}
        before = year(2019, marks, groups=["g", "g", "h"])
        after = year(2020, marks | {"x": (5, 5)}, groups=["g", "h", "h", "g"])
        change = compare(study(before, after), 2019, 2020)
        assert row(change, "g") == {"entered": -10.0}  # v equals the mean it leaves
        assert row(change, "h") == {"entered": -15.0}


KINDS = [
    ("a", "b", 2020, "rename"),
    ("c", "m", 2020, "merge"),
    ("d", "m", 2020, "merge"),
    ("s", "t", 2020, "split"),
    ("s", "x", 2020, "split"),
    ("q", "", 2020, "dissolved"),
    ("", "n", 2020, "founded"),
]


class TestCohort:
    def pair(self, rows=KINDS):
        before = year(2019, {u: (5, i) for i, u in enumerate("ukacdsq")})
        after = year(2020, {u: (6, i) for i, u in enumerate("unbmtxk")})
        return study(before, after, successions=rows)

    def statuses(self, table):
        return [tuple(r) for r in table.itertuples(index=False)]

    def test_every_kind(self):
        assert self.statuses(cohort(self.pair(), 2019, 2020)) == [
            ("u", "u", "stayer"),
            ("", "n", "entered"),
            ("a", "b", "renamed"),
            ("c", "m", "merged"),
            ("d", "m", "merged"),
            ("s", "t", "split"),
            ("s", "x", "split"),
            ("k", "k", "stayer"),
            ("q", "", "left"),
        ]
        assert list(gains(self.pair(), 2019, 2020).index) == ["u", "b", "k"]

    def test_turned_round(self):
        table = cohort(self.pair(), 2020, 2019)
        assert ("", "q", "entered") in self.statuses(table)
        assert ("n", "", "left") in self.statuses(table)
        assert ("m", "c", "merged") in self.statuses(table)

    def test_a_person_may_rule_that_a_merged_unit_continues_one(self):
        rows = [*KINDS, ("c", "m", 2020, "rename")]
        table = cohort(self.pair(rows), 2019, 2020)
        assert ("c", "m", "renamed") in self.statuses(table)
        assert ("d", "m", "merged") in self.statuses(table)

    def test_a_unit_that_takes_another_in_has_merged_unless_ruled(self):
        rows = [("a", "u", 2020, "merge")]
        assert ("u", "u", "merged") in self.statuses(cohort(self.pair(rows), 2019, 2020))
        ruled = cohort(self.pair([*rows, ("u", "u", 2020, "rename")]), 2019, 2020)
        assert ("u", "u", "stayer") in self.statuses(ruled)

    def test_chains_over_years_and_codes_founded_anew(self):
        rows = [("a", "z", 2019, "rename"), ("z", "b", 2020, "rename"), ("", "k", 2020, "founded")]
        pair = self.pair(rows)
        early = replace(pair.years[2019], year=2018)
        pair = replace(pair, years={2018: early, 2020: pair.years[2020]})
        table = cohort(pair, 2018, 2020)
        assert ("a", "b", "renamed") in self.statuses(table)
        assert ("", "k", "entered") in self.statuses(table)

    def test_two_renames_to_one_unit_are_a_merger(self):
        rows = [("a", "b", 2020, "rename"), ("c", "b", 2020, "rename")]
        table = cohort(self.pair(rows), 2019, 2020)
        assert {r for r in self.statuses(table) if r[1] == "b"} == {
            ("a", "b", "merged"),
            ("c", "b", "merged"),
        }

    def test_merged_units_are_composition(self):
        change = compare(self.pair(), 2019, 2020)
        assert residuals(change) < 1e-9
        assert change.means.loc["all", "merged"] != 0
        assert change.means.loc["all", "split"] != 0
        assert "m" not in change.ranks.index

    def test_unknown_year(self):
        with pytest.raises(DataError, match="study pair has no year 2012; it has 2019, 2020"):
            cohort(self.pair(), 2012, 2020)


def test_shapley_of_two_by_hand():
    assert shapley(np.array([1.0, 3.0, 2.0, 10.0])).tolist() == [4.0, 5.0]


def test_shapley_equals_bennet_where_all_is_linear():
    rng = np.random.default_rng(7)
    full = [(4, 6, 10), (8, 2, 5)]
    marks = [{u: tuple(rng.random(3) * f) for u in "pqrs"} for f in full]
    pair = study(*(year(2019 + i, marks[i], full=full[i]) for i in (0, 1)))
    change = compare(pair, 2019, 2020)
    x = [np.array([np.array(m[u]) / f for u in "pqrs"]) for m, f in zip(marks, full, strict=True)]
    w = [np.array(f) / sum(f) for f in full]
    performance = 50 * (w[0] + w[1]) * (x[1] - x[0])
    scheme = 50 * (x[0] + x[1]) * (w[1] - w[0])
    found = change.scores[["D1", "D2", "D3"]].to_numpy()
    np.testing.assert_allclose(found, performance, atol=1e-12)
    np.testing.assert_allclose(change.scores["scheme"], scheme.sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(change.leaves["performance"], performance, atol=1e-12)
    centre = 50 * ((x[0] @ w[0]) + (x[1] @ w[1]))[:, None] * (w[1] - w[0])
    np.testing.assert_allclose(change.leaves["scheme"], scheme - centre, atol=1e-12)


SCALARS = dict(allow_nan=False, allow_infinity=False)


@st.composite
def pairs(draw):
    """Two random years: classes, gate, caps, veto, entries, exits, renames, other schemes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pool = [f"u{i}" for i in range(draw(st.integers(2, 9)))]
    rows = []
    years = []
    aggregation = draw(st.sampled_from(["", "", "geometric", "harmonic"]))
    for number in (2019, 2020):
        some = draw(st.lists(st.sampled_from(pool), min_size=2, max_size=9, unique=True))
        codes = draw(st.lists(st.sampled_from(list("abcde")), min_size=1, max_size=5, unique=True))
        full = rng.integers(1, 6, len(codes))
        marks = {}
        for unit in some:
            values = [float(np.round(rng.random() * f, 1)) for f in full]
            gone = rng.random(len(codes)) < 0.2
            gone[rng.integers(len(codes))] = False
            marks[unit] = [
                ("?" if rng.random() < 0.3 else None) if g else v
                for g, v in zip(gone, values, strict=True)
            ]
        rules = ev.Rules(
            scale=draw(st.sampled_from([100, 100, 10])),
            decimals=draw(st.sampled_from([0, 1, 2])),
            rank_on=draw(st.sampled_from(["printed", "exact"])),
            ties=draw(st.sampled_from(["min", "dense"])),
            tier_decimals=draw(st.sampled_from([None, None, 1])),
            threshold=draw(st.sampled_from([40, 50, 60])),
            missing=draw(st.sampled_from(["zero", "sibling_mean"])),
            not_applicable=draw(
                st.sampled_from(["rescale", "within_parent", "spread", "full_marks"])
            ),
            bonus={
                "cap": draw(st.sampled_from([None, 3])),
                "gate": draw(st.sampled_from([None, 50])),
            },
            penalty={"cap": draw(st.sampled_from([None, 2]))},
            veto={
                "total": draw(st.sampled_from([None, 30])),
                "in_mean": draw(st.booleans()),
            },
        )
        adjust = [
            (unit, kind, np.nan if kind == "veto" else float(rng.integers(1, 5)))
            for unit in some
            for kind in ("bonus", "penalty", "veto")
            if rng.random() < 0.25
        ]
        years.append(
            year(
                number,
                marks,
                full=full,
                leaves=codes,
                dimensions=[{"a": "D1", "b": "D1"}.get(c, f"D-{c}") for c in codes],
                rules=rules,
                adjust=adjust,
                aggregation=aggregation,
                groups=list(rng.choice(["g", "h"], len(some))),
                ranked=list(rng.random(len(some)) < 0.9),
            )
        )
    old, new = (list(one.units.index) for one in years)
    for left, came in zip(
        [u for u in old if u not in new], [u for u in new if u not in old], strict=False
    ):
        rows.append((left, came, 2020, draw(st.sampled_from(["rename", "merge", "split"]))))
    return study(*years, successions=rows)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(pairs())
def test_every_account_sums_to_the_change(pair):
    change = compare(pair, 2019, 2020)
    assert residuals(change) < 1e-9
    now, was = (standings(pair, y) for y in (2020, 2019))
    assert change.means.loc["all", "after"] == pytest.approx(now["in_mean"].mean(), nan_ok=True)
    assert change.counts.loc["all", "change"] == now["reached"].sum() - was["reached"].sum()
    moved = change.crossers["move"].value_counts()
    up = moved.get("up", 0) - moved.get("down", 0)
    stay = change.counts.loc["all", [c for c in change.causes if c not in COMPOSITION]].sum()
    assert up == pytest.approx(stay)
    r = change.ranks
    if (
        set(now["rank"].dropna())
        and pair.years[2019].rules.ties == "min" == pair.years[2020].rules.ties
    ):
        net = sum(
            s * r[c].map(len)
            for s, c in zip(
                (1, -1, 1, -1),
                ("lost_to", "gained_on", "entrants_above", "exits_above"),
                strict=True,
            )
        )
        assert (net == r["change"]).all()
    if change.leaves and len(change.scores):
        linear = leaf_account(change).sum()
        assert linear["scheme"] == pytest.approx(change.scores["scheme"].mean(), abs=1e-9)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(pairs())
def test_turning_the_years_round_changes_every_sign(pair):
    there, back = compare(pair, 2019, 2020), compare(pair, 2020, 2019)
    flip = {"entered": "left", "left": "entered"}
    for name in ("means", "counts"):
        a, b = getattr(there, name), getattr(back, name).rename(columns=flip)
        b = b.reindex(index=a.index)[list(a.columns)]
        np.testing.assert_allclose(b[there.causes], -a[there.causes], atol=1e-9)
    a = there.ranks.set_index("unit_previous")[there.causes]
    b = back.ranks.rename(columns=flip)[there.causes]
    np.testing.assert_allclose(b.loc[a.index], -a, atol=1e-9)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(pairs(), st.randoms(use_true_random=False))
def test_shuffling_units_changes_nothing(pair, random):
    def shuffled(one):
        order = list(one.units.index)
        random.shuffle(order)
        marks = one.marks.set_index("unit").loc[order].reset_index()
        return replace(one, units=one.units.loc[order], marks=marks)

    other = replace(pair, years={y: shuffled(one) for y, one in pair.years.items()})
    a, b = compare(pair, 2019, 2020), compare(other, 2019, 2020)
    np.testing.assert_allclose(b.means.loc["all"], a.means.loc["all"], atol=1e-9)
    np.testing.assert_allclose(b.ranks.loc[a.ranks.index, a.causes], a.ranks[a.causes], atol=1e-9)


def test_an_unchanged_scheme_gives_exactly_nothing():
    rng = np.random.default_rng(3)
    before = synthetic(1, units=30, leaves=(4, 3, 5)).years[2020]
    marks = before.marks.assign(mark=before.marks["mark"] * rng.uniform(0.8, 1, len(before.marks)))
    change = compare(study(replace(before, year=2019), replace(before, marks=marks)), 2019, 2020)
    for table in (change.means, change.counts, change.scores, change.ranks):
        assert (table[["scheme", "class_rule", "bonus", "penalty", "veto"]] == 0).all(axis=None)
    assert (change.ranks["scheme_alone"].abs() < 1e-12).all()


def test_a_unit_that_equals_the_mean_moves_composition_only():
    after = {"u": (9, 6), "v": (4, 10)}
    without = compare(study(year(2019, U0), year(2020, after)), 2019, 2020)
    joined = compare(study(year(2019, U0), year(2020, after | {"w": (6.5, 8)})), 2019, 2020)
    assert row(without) == row(joined) == {"D1": 2.5}
    assert joined.means.loc["all", "entered"] == pytest.approx(0)
    below = compare(study(year(2019, U0), year(2020, after | {"w": (0, 0)})), 2019, 2020)
    assert row(below) == {"D1": 2.5, "entered": pytest.approx(-72.5 / 3)}


def bare(one, ranks=None):
    """The year with its totals only."""
    result = ev.evaluate(study(one), one.year)
    totals = pd.DataFrame({"unit": result.total.index, "total": result.total.to_numpy()})
    totals["rank"] = ranks
    marks = one.marks.iloc[:0]
    return replace(one, scheme=None, marks=marks, totals=totals)


class TestTotalsOnly:
    def test_undivided_and_says_so(self):
        before = bare(year(2019, U0 | {"w": (10, 10)}))
        change = compare(study(before, year(2020, {"u": (9, 9), "v": (8, 10)})), 2019, 2020)
        assert not change.divided
        assert row(change) == {"undivided": 20.0, "left": -10.0}
        assert residuals(change) < 1e-9
        assert change.ranks.loc["v", "gained_on"] == ("u",) or change.ranks.loc["v", "change"] < 0
        with pytest.raises(ValueError, match="no account by leaf: a year has totals only"):
            leaf_account(change)

    def test_published_ranks_stand(self):
        before = bare(year(2019, U0), ranks=[2, 1])  # a tie that was printed as an order
        change = compare(study(before, year(2020, U0)), 2019, 2020)
        assert change.ranks[["before", "after", "undivided"]].values.tolist() == [
            [2, 1, -1],
            [1, 1, 0],
        ]
        assert residuals(change) < 1e-9

    @settings(max_examples=20, deadline=None, derandomize=True)
    @given(pairs(), st.sampled_from([2019, 2020]))
    def test_sums(self, pair, which):
        kept = replace(pair, years=pair.years | {which: bare(pair.years[which])})
        assert residuals(compare(kept, 2019, 2020)) < 1e-9


def test_the_account_of_a_whole_city():
    city = ev.read_study(ROOT / "data" / "nanning", years=[2019, 2020])
    change = compare(city, 2019, 2020, populations=["department & A"])
    assert residuals(change) < 1e-9
    assert change.means.loc["all", ["before", "after"]].round(2).tolist() == [89.71, 89.95]
    assert change.counts.loc["department", ["before", "after"]].tolist() == [36, 27]
    assert len(most_improved(city, 2020)) == 8
    adds = (change.crossers["move"] == "up") | (change.crossers["unit_previous"] == "")
    assert adds.sum() - (~adds).sum() == change.counts.loc["all", "change"] == -9


def test_bridge_by_hand():
    before = year(2019, {"u": (8, 6), "v": (4, 10)})
    after = year(2020, {"u": (27, 6, 5), "v": (12, 10, 0)}, full=(30, 10, 10))
    table = bridge(study(before, after), 2019, 2020)
    u = table.loc["u"]
    assert u["previous_rescored"] == pytest.approx(75)  # 0.8 x 30 + 0.6 x 10 of 40
    assert u["current_rescored"] == pytest.approx(75)  # 0.9 and 0.6, 1:1
    assert u["current"] == pytest.approx(76)
    assert (u["scheme_break"], u["like_for_like"]) == (pytest.approx(5), pytest.approx(1))
    assert (u["shared_previous"], u["shared_current"]) == (pytest.approx(1), pytest.approx(0.8))


def test_near_the_line():
    one = year(2020, {"u": (9, 9), "v": (9, 8.8), "w": (9, 9.02), "x": (5, 5)})
    table = near_threshold(study(one), 2020, distance=0.5)
    assert table["margin"].round(6).to_dict() == {"u": 0.0, "w": 0.1}


class TestMostImproved:
    def pair(self, rule, **kw):
        marks = {f"u{i}": (i, 10) for i in range(10)}
        later = marks | {"u0": (9.5, 10)}
        rules = ev.Rules(improved=rule)
        return study(year(2019, marks), year(2020, later, rules=rules, **kw))

    def test_by_rank(self):
        pair = self.pair({"by": "rank", "at_least": 9})
        table = most_improved(pair, 2020)
        assert table[["rank_previous", "rank", "places"]].values.tolist() == [[10, 1, 9]]
        assert table.loc["u0", "gain"] == pytest.approx(47.5)
        assert most_improved(self.pair({"by": "rank", "at_least": 10}), 2020).empty

    def test_by_score_within_a_population(self):
        rule = {"by": "score", "at_least": 47.5, "within": "g"}
        assert list(most_improved(self.pair(rule), 2020).index) == ["u0"]
        groups = ["h"] + ["g"] * 9
        assert most_improved(self.pair(rule, groups=groups), 2020).empty

    def test_no_rule_no_list_no_year_before(self):
        assert most_improved(self.pair(None), 2020).empty
        with pytest.raises(DataError, match="study pair has no year before 2019"):
            most_improved(self.pair(None), 2019)

    def test_without_a_rule_nobody_is_listed_but_every_gain_is_weighed(self):
        ruled = improvement(self.pair({"by": "rank", "at_least": 9}), 2020, alpha=0.05)
        free = improvement(self.pair(None), 2020, alpha=0.05, sem=1.0, draws=10, seed=0)
        for column in ("gain", "headroom_used", "tipping_sem"):
            pd.testing.assert_series_equal(free.units[column], ruled.units[column])
        assert not free.units["listed"].any()
        assert (np.isnan(free.chance_share), free.given_by) == (True, "")

    def test_the_year_compared_with_may_be_any_earlier_one(self):
        pair = self.pair({"by": "rank", "at_least": 9})
        three = study(replace(pair.years[2019], year=2018), *pair.years.values())
        first = improvement(three, 2020, alpha=0.05, previous=2018)
        assert first.previous == 2018
        pd.testing.assert_frame_equal(first.units, improvement(three, 2020, alpha=0.05).units)

    def test_worth_by_hand(self):
        found = improvement(self.pair({"by": "rank", "at_least": 9}), 2020, alpha=0.05)
        u0 = found.units.loc["u0"]
        assert u0["headroom_used"] == pytest.approx(47.5 / 50)
        # lead over the mean gain 47.5 - 4.75; 2.441 is Nair's 5 % point for ten
        assert u0["tipping_sem"] == pytest.approx(42.75 / (np.sqrt(2) * 2.441), rel=1e-3)
        assert (found.units.drop("u0")["tipping_sem"] == 0).all()

    def test_tipping_sem_is_where_p_reaches_alpha(self):
        pair = self.pair({"by": "rank", "at_least": 9})
        tipping = improvement(pair, 2020, alpha=0.05).units.loc["u0", "tipping_sem"]
        at = improvement(pair, 2020, alpha=0.05, sem=tipping, draws=10, seed=0)
        assert at.units.loc["u0", "p"] == pytest.approx(0.05, abs=1e-6)
        less = improvement(pair, 2020, alpha=0.05, sem=tipping * 0.9, draws=10, seed=0)
        assert less.units.loc["u0", "p"] < 0.05
        with pytest.raises(ValueError, match="with sem, draws and seed are needed"):
            improvement(pair, 2020, alpha=0.05, sem=1.0)

    def test_shrunken_gain(self):
        pair = self.pair({"by": "rank", "at_least": 9})
        found = improvement(pair, 2020, alpha=0.05, sem=3.0, draws=10, seed=0).units
        gain = found["gain"]
        kept = 1 - 2 * 9 / gain.var()
        expected = gain.mean() + kept * (gain - gain.mean())
        np.testing.assert_allclose(found["shrunken"], expected)
        flat = improvement(pair, 2020, alpha=0.05, sem=50.0, draws=10, seed=0).units
        np.testing.assert_allclose(flat["shrunken"], gain.mean())

    def test_extreme_deviate_against_simulation(self):
        # 200,000 draws: a quantile's error is below 0.02; this seed passes
        draws = np.random.default_rng(5).normal(size=(200_000, 25))
        lead = draws.max(axis=1) - draws.mean(axis=1)
        grid, below = extreme_deviate(25)
        for q in (0.1, 0.5, 0.9, 0.95, 0.99):
            assert np.interp(q, below, grid) == pytest.approx(np.quantile(lead, q), abs=0.02)

    def noisy(self, error, rise):
        """40 units whose true scores stay, apart from the first three, which may rise."""
        rng = np.random.default_rng(11)
        true = rng.normal(70, 3, 40)
        up = np.where(np.arange(40) < 3, rise, 0)
        old, new = true + rng.normal(0, error, 40), true + up + rng.normal(0, error, 40)
        rules = ev.Rules(improved={"by": "score", "at_least": 5})
        marks = [{f"u{i}": (v, v) for i, v in enumerate(x)} for x in (old, new)]
        return study(
            year(2019, marks[0], full=(100, 100)),
            year(2020, marks[1], full=(100, 100), rules=rules),
        )

    def test_warns_where_error_alone_gives_the_list(self):
        noise = self.noisy(4.0, 0.0)
        found = improvement(noise, 2020, alpha=0.05, sem=4.0, draws=500, seed=1)
        assert found.units["listed"].sum() > 3
        assert found.chance_share > 0.05
        assert found.given_by == "error"
        assert improvement(noise, 2020, alpha=0.05).given_by == "regression"

    def test_stays_silent_where_units_really_rose(self):
        found = improvement(self.noisy(0.3, 9.0), 2020, alpha=0.05, sem=0.3, draws=500, seed=1)
        assert found.units["listed"].sum() == 3
        assert (found.given_by, found.chance_share) == ("", 1 / 501)  # never 0 after 500 draws
        assert found.chance_error == pytest.approx(np.sqrt(2 / 504 * 502 / 504 / 500))
        assert (found.units.loc[found.units["listed"], "p"] < 0.01).all()


def test_trajectories_follow_renames():
    years = [year(2018 + i, {u: (5 + i, 5), "k": (9, 9)}) for i, u in enumerate("abc")]
    rows = [("a", "b", 2019, "rename"), ("b", "c", 2020, "rename")]
    table = trajectories(study(*years, successions=rows))
    line = table[table["unit"] == "c"]
    assert line[["unit_then", "year", "printed"]].values.tolist() == [
        ["a", 2018, "50"],
        ["b", 2019, "55"],
        ["c", 2020, "60"],
    ]
    assert table["unit"].tolist() == ["c"] * 3 + ["k"] * 3


class TestDiff:
    SCORES = (
        "unit,name,group,class,base,bonus,penalty,veto,total,printed,rank,group_rank,band,D1,a\n"
    )
    LOG = "round,file,sheet,row,column,unit,indicator,was,becomes,rule,reason\n"

    def run(self, folder, *, u, rank=1, becomes="4", sha="1"):
        folder.mkdir()
        other = 3 - rank
        rows = f"u,甲局,g,A,{u},0,0,False,{u},{u},{rank},{rank},,0.9,0.9\n"
        rows += f"v,乙局,g,A,85.0,0,0,False,85.0,85,{other},{other},,0.8,0.8\n"
        (folder / "scores.csv").write_text(self.SCORES + rows)
        log = f"final,终评.xlsx,S,5,甲项,u,a,4?,{becomes},ruling,typing error\n" if becomes else ""
        (folder / "decisions.csv").write_text(self.LOG + log)
        claims = f"id,kind,population,printed,computed,verdict,note\nC1,mean,all,87.5,{u},ok,\n"
        (folder / "claims.csv").write_text(claims)
        manifest = {"inputs": {"2020/raw/终评.xlsx": sha}, "parameters": {"draws": 100}}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder

    def test_the_same_run(self, tmp_path):
        found = compare_runs(self.run(tmp_path / "a", u=90.0), self.run(tmp_path / "b", u=90.0))
        assert found.same
        assert found.decisions.empty
        assert found.inputs.empty

    def test_a_ruling_moves_a_total_and_a_rank(self, tmp_path):
        runs = (
            self.run(tmp_path / "a", u=90.0),
            self.run(tmp_path / "b", u=80.0, rank=2, becomes="2"),
        )
        found = compare_runs(*runs)
        units = found.units.set_index("unit")
        assert units.loc["u", ["total_a", "total_b", "rank_a", "rank_b"]].tolist() == [
            "90.0",
            "80.0",
            "1",
            "2",
        ]
        assert units.loc["u", "cause"] == (
            "decision 终评.xlsx S row 5 甲项: 4? becomes 4 in a, 2 in b (ruling)"
        )
        assert units.loc["v", "cause"] == "others moved: u"
        assert found.claims[["id", "computed_a", "computed_b"]].values.tolist() == [
            ["C1", "90.0", "80.0"]
        ]

    def test_a_file_moves_a_total(self, tmp_path):
        runs = self.run(tmp_path / "a", u=90.0), self.run(tmp_path / "b", u=91.0, sha="2")
        found = compare_runs(*runs)
        assert found.units["cause"].tolist() == ["inputs: 2020/raw/终评.xlsx"]
        assert found.inputs.values.tolist() == [["inputs: 2020/raw/终评.xlsx", "1", "2"]]

    def test_points_are_said_and_a_ruling_of_the_first_round_is_no_cause(self, tmp_path):
        runs = [
            self.run(tmp_path / n, u=u, becomes=b)
            for n, u, b in (("a", 90.0, "4"), ("b", 91.0, "2"))
        ]
        for folder, points in zip(runs, ("0", "1.0"), strict=True):
            for name, old, new in (
                ("scores", ",0,0,False,9", f",{points},0,False,9"),
                ("decisions", "final", "initial"),
            ):
                path = folder / f"{name}.csv"
                path.write_text(path.read_text().replace(old, new))
        (row,) = compare_runs(*runs).units.itertuples()
        assert (row.nodes, row.cause) == (
            "bonus",
            "nothing recorded differs: compare the manifests",
        )

    def test_json_is_one_object(self, tmp_path, capsys):
        a, b = self.run(tmp_path / "a", u=90.0), self.run(tmp_path / "b", u=91.0, sha="2")
        for other, moved in ((b, 1), (a, 0)):
            diff(a, other, as_json=True)
            found = json.loads(capsys.readouterr().out)
            assert list(found) == ["units", "claims", "decisions", "inputs"]
            assert [len(rows) for rows in found.values()] == [moved, moved, 0, moved]

    def test_side_by_side_shows_what_moved(self):
        table = pd.DataFrame({"id": ["x", "y"], "v_a": ["1", "2"], "v_b": ["1", "3"]})
        assert side_by_side(table).to_dict("list") == {"id": ["x", "y"], "v": ["1", "2 -> 3"]}

    def test_no_run(self, tmp_path):
        with pytest.raises(DataError, match=r"no scores.csv; name the output folder of a finished"):
            compare_runs(tmp_path, tmp_path)
