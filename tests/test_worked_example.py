"""Three sites over two years, every printed number worked out on paper.

**Scheme**, both years, 100 points: D1 holds a (30) and b (20); D2 holds c (40, class A only) and
d (10). Bonus counts only above a base of 80 and up to 3 points; a veto puts a site at 59, outside
the mean; threshold 90; places by competition (1 2 2 4).

**Marks**           a   b   c   d      points      base        bonus         total   place
2019  jia  (A)     27  18  36   9    90 of 100    90           2             92      1
2019  yi   (A)     24  16  32   8    80 of 100    80           -             80      2, tied
2019  bing (B)     24  16   -   8    48 of  60    80           2, at the     80      2, tied
                                                               gate: 0
2020  jia  (A)     30  16  38   8    92 of 100    92           5, capped: 3  95      2
2020  yi   (A)     24  16  32   8    80 of 100    80, vetoed   -             59      3
2020  bing (B)     29  18   -   9    56 of  60    93 1/3       2             95 1/3  1

jia and yi are departments (g), bing is a zone (h).

**Indices.** jia 2019: D1 45/50, D2 45/50; bing 2020: D1 47/50, D2 9/10 (d alone applies), all 56/60.
All sites 2019: a 75/90, b 50/60, c 68/80, d 25/30, D1 125/150, D2 93/110, all 218/260 = 0.84.

**Means.** 2019: (92 + 80 + 80) / 3 = 84; g 86; h 80. 2020 without yi: (95 + 95 1/3) / 2 = 95 1/6,
prints 95.17; g 95; h 95 1/3. The change is 11 1/6, prints 11.17. Sites at 90: 1, then 2.

**Account, one site.** The causes that differ are D1, D2, bonus, veto.
jia: D1 46 - 45 = 1, D2 46 - 45 = 1, bonus 3 - 2 = 1. yi: veto 59 - 80 = -21.
bing: D1 7/60 = 11 2/3 points, D2 1/60 = 1 2/3; and either opens the gate for 2 points, one each,
so D1 12 2/3, D2 2 2/3; 80 + 15 1/3 = 95 1/3. bing crosses 90 with D1 alone (93 2/3), never with
D2 alone (83 2/3): the count gains 1, all of it by D1.

**Account, the mean.** Let s be jia + bing, 172 in 2019. Without the veto the mean is (s + 80) / 3,
with it s / 2, so a point of s is worth 1/3 or 1/2. The veto comes before a cause in half of all
orders: 5/12 on average. The gate's 2 points go to D1 when D1 comes before D2: in the orders
(V D1 D2), (D1 V D2), (D1 D2 V), each 1 of 6, worth 1/2, 1/3, 1/3: 2/6 x 7/6 = 7/18; to D2 alike.
D1 (1 + 11 2/3) x 5/12 + 7/18 = 5 2/3; D2 (1 + 1 2/3) x 5/12 + 7/18 = 1 1/2; bonus 5/12.
Veto: s / 2 - (s + 80) / 3 = s / 6 - 80/3, with s = 172 + (12 2/3 + 2 2/3 + 1) / 2 + 2 x 2/3 = 181.5
on average: 3 7/12. Together 5 2/3 + 1 1/2 + 5/12 + 3 7/12 = 11 1/6.
g: a point of jia is worth 1/2 or 1: 3/4 for D1, D2, bonus each; veto (93.5 - 80) / 2 = 6 3/4; 9.
h: bing alone, 12 2/3 and 2 2/3.

**Account, places.** bing is ahead of jia with D1 alone (93 2/3 to 93), with D1 and D2 (95 1/3 to
94), with all (95 1/3 to 95), but not with D1 and bonus (93 2/3 to 94), nor without D1. Over the six
orders D1 brings this about in 5/6, D2 in 1/3, and bonus undoes it in 1/6: so jia's place changes by
5/6 + 1/3 - 1/6 = 1, bing's by the opposite. yi falls behind bing by D1, D2 or the veto, whichever
comes first: 1/3 each.
"""

import shutil
from fractions import Fraction as F

import pytest
import yaml
from studies import STUDY

import evallib as ev

UNITS = "unit,name_zh,group,class\njia,甲局,g,A\nyi,乙局,g,A\nbing,丙区,h,B\n"
SCHEME = """code,parent,name_zh,full_marks,classes
all,,总,,
D1,all,一,,
D2,all,二,,
a,D1,甲项,30,
b,D1,乙项,20,
c,D2,丙项,40,A
d,D2,丁项,10,
"""
RULES = "bonus: {gate: 80, cap: 3}\nveto: {total: 59}\n"
MARKS = {
    2019: {"jia": (27, 18, 36, 9), "yi": (24, 16, 32, 8), "bing": (24, 16, None, 8)},
    2020: {"jia": (30, 16, 38, 8), "yi": (24, 16, 32, 8), "bing": (29, 18, None, 9)},
}
POINTS = {
    2019: "unit,kind,points,reason\njia,bonus,2,甲\nbing,bonus,2,甲\n",
    2020: "unit,kind,points,reason\njia,bonus,5,甲\nbing,bonus,2,甲\nyi,veto,,首页不更新\n",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worked") / "worked"
    files = {"study.yaml": yaml.safe_dump(STUDY, allow_unicode=True), "units.csv": UNITS}
    for year, marks in MARKS.items():
        rows = [
            f"{unit},{leaf},{mark}"
            for unit, given in marks.items()
            for leaf, mark in zip("abcd", given, strict=True)
            if mark is not None
        ]
        files |= {
            f"{year}/scheme.csv": SCHEME,
            f"{year}/rules.yaml": RULES,
            f"{year}/marks.csv": "\n".join(["unit,indicator,mark", *rows, ""]),
            f"{year}/adjustments.csv": POINTS[year],
        }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return ev.read_study(folder)


@pytest.fixture(scope="module")
def results(study):
    return {year: ev.evaluate(study, year) for year in (2019, 2020)}


@pytest.fixture(scope="module")
def change(study):
    return ev.compare(study, 2019, 2020)


def near(values):
    return pytest.approx([float(value) for value in values], abs=1e-12)


def parts(row, **expected):
    """The row has these causes, to the last digit but noise, and no other."""
    causes = {name: value for name, value in row.items() if abs(value) > 1e-12}
    assert causes == {name: pytest.approx(float(v), abs=1e-12) for name, v in expected.items()}


def test_totals_places_and_print(results):
    was, now = results[2019], results[2020]
    assert was.base.tolist() == near([90, 80, 80])
    assert now.base.tolist() == near([92, 80, F(280, 3)])
    assert (was.bonus.tolist(), now.bonus.tolist()) == ([2, 0, 0], [3, 0, 2])
    assert was.total.tolist() == near([92, 80, 80])
    assert now.total.tolist() == near([95, 59, F(286, 3)])
    assert was.printed.tolist() == ["92", "80", "80"]
    assert now.printed.tolist() == ["95", "59", "95.33"]
    assert (was.rank.tolist(), now.rank.tolist()) == ([1, 2, 2], [2, 3, 1])
    assert (was.group_rank.tolist(), now.group_rank.tolist()) == ([1, 2, 1], [1, 2, 1])
    assert was.reaches_threshold.tolist() == [True, False, False]
    assert now.reaches_threshold.tolist() == [True, False, True]


def test_index_of_every_node_of_every_site(results):
    nodes = ["all", "D1", "a", "b", "D2", "c", "d"]
    assert results[2019].scores.columns.tolist() == nodes
    by_hand = {
        (2019, "jia"): [F(9, 10), F(45, 50), F(27, 30), F(18, 20), F(45, 50), F(36, 40), F(9, 10)],
        (2019, "yi"): [F(8, 10), F(40, 50), F(24, 30), F(16, 20), F(40, 50), F(32, 40), F(8, 10)],
        (2019, "bing"): [F(48, 60), F(40, 50), F(24, 30), F(16, 20), F(8, 10), None, F(8, 10)],
        (2020, "jia"): [F(92, 100), F(46, 50), 1, F(16, 20), F(46, 50), F(38, 40), F(8, 10)],
        (2020, "bing"): [F(56, 60), F(47, 50), F(29, 30), F(18, 20), F(9, 10), None, F(9, 10)],
    }
    for (year, unit), expected in by_hand.items():
        found = results[year].scores.loc[unit]
        assert found.isna().tolist() == [value is None for value in expected]
        assert found.dropna().tolist() == near(value for value in expected if value is not None)


def test_index_of_a_population_is_earned_over_applicable(results):
    index = ev.score_index(results[2019])
    hand = [F(218, 260), F(125, 150), F(75, 90), F(50, 60), F(93, 110), F(68, 80), F(25, 30)]
    assert index.tolist() == near(hand)
    groups = ev.score_index(results[2020], by="group")
    assert groups["g"].tolist() == near(
        [F(172, 200), F(86, 100), F(54, 60), F(32, 40), F(86, 100), F(70, 80), F(16, 20)]
    )
    assert groups["h"].isna().sum() == 1


def test_means_and_counts_of_both_years(results, change):
    assert [results[year].means_of.mean() for year in (2019, 2020)] == near([84, F(571, 6)])
    means = change.means[["before", "after", "change"]]
    assert means.loc["all"].tolist() == near([84, F(571, 6), F(67, 6)])
    assert means.loc["g"].tolist() == near([86, 95, 9])
    assert means.loc["h"].tolist() == near([80, F(286, 3), F(46, 3)])
    assert change.counts.loc["all", ["before", "after"]].tolist() == [1, 2]


def test_account_of_the_mean(change):
    causes = change.means[change.causes]
    parts(causes.loc["all"], D1=F(17, 3), D2=F(3, 2), bonus=F(5, 12), veto=F(43, 12))
    parts(causes.loc["g"], D1=F(3, 4), D2=F(3, 4), bonus=F(3, 4), veto=F(27, 4))
    parts(causes.loc["h"], D1=F(38, 3), D2=F(8, 3))


def test_account_of_the_count_and_who_crossed(change):
    parts(change.counts.loc["all", change.causes], D1=1)
    columns = ["unit", "unit_previous", "move", "cause"]
    assert change.crossers[columns].values.tolist() == [["bing", "bing", "up", "D1"]]


def test_account_of_every_score(change):
    causes = [cause for cause in change.causes if cause in change.scores]
    parts(change.scores.loc["jia", causes], D1=1, D2=1, bonus=1)
    parts(change.scores.loc["yi", causes], veto=-21)
    parts(change.scores.loc["bing", causes], D1=F(38, 3), D2=F(8, 3))


def test_account_of_every_place(change):
    causes = change.ranks[change.causes]
    parts(causes.loc["jia"], D1=F(5, 6), D2=F(1, 3), bonus=F(-1, 6))
    parts(causes.loc["bing"], D1=F(-5, 6), D2=F(-1, 3), bonus=F(1, 6))
    parts(causes.loc["yi"], D1=F(1, 3), D2=F(1, 3), veto=F(1, 3))
    assert change.ranks.loc["jia", "lost_to"] == ("bing",)
    assert change.ranks.loc["bing", "gained_on"] == ("jia",)
    assert change.ranks.loc["yi", "lost_to"] == ("bing",)


PRINTED = [
    ({"kind": "mean", "value": 95.17}, "95.17"),
    ({"kind": "mean", "value": 84, "year": 2019}, "84"),
    ({"kind": "mean", "value": 95, "population": "g"}, "95"),
    ({"kind": "delta", "base_year": 2019, "value": 11.17}, "11.17 (84 -> 95.17)"),
    ({"kind": "count", "of": "at_threshold", "value": 2}, "2"),
    ({"kind": "count", "of": "vetoed", "value": 1}, "1"),
    ({"kind": "index", "node": "all", "value": 0.84, "year": 2019}, "0.84"),
    ({"kind": "index", "node": "D2", "value": 0.9, "population": "h"}, "0.9"),
    ({"kind": "ordered_list", "names": ["丙区", "甲局"]}, "丙区、甲局"),
    ({"kind": "weight", "values": {"D1": 50, "c": 40}}, "D1 50; c 40"),
]


def test_what_is_said_in_print(study, tmp_path):
    folder = tmp_path / "worked"
    shutil.copytree(study.path, folder)
    claims = [
        {"id": f"K{n}"} | ({} if "names" in claim else {"printed": "-"}) | claim
        for n, (claim, _) in enumerate(PRINTED)
    ]
    text = yaml.safe_dump({"claims": claims}, allow_unicode=True)
    (folder / "2020" / "published.yaml").write_text(text, "utf-8")
    table = ev.compare_claims(ev.read_study(folder), 2020)
    assert table["computed"].tolist() == [computed for _, computed in PRINTED]
    assert set(table["verdict"]) == {"supported"}
