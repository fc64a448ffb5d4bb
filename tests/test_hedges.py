"""Words for shares and numbers: every bound from both sides, in fractions."""

from fractions import Fraction

import pytest

from evallib.errors import DataError
from evallib.publication.hedges import (
    DEGREE_WORDS,
    ENGLISH,
    NUMBER_WORDS,
    SHARE_WORDS,
    affirm,
    bounds,
    degree_holds,
    holds,
)

BOUNDARIES = [
    # word, (k, n) that hold, (k, n) that do not
    ("全部", [(52, 52)], [(51, 52)]),
    ("绝大多数", [(9, 10), (10, 10)], [(89, 100)]),
    ("大多数", [(2, 3), (3, 3)], [(65, 98), (66, 100)]),
    ("超过半数", [(27, 52), (28, 55)], [(26, 52), (27, 55)]),
    ("半数以上", [(26, 52), (28, 55)], [(25, 52), (27, 55)]),
    ("近半数", [(24, 52), (25, 52), (45, 100)], [(26, 52), (23, 52), (449, 1000)]),
    ("约半数", [(45, 100), (55, 100)], [(449, 1000), (551, 1000)]),
    ("部分", [(1, 52), (51, 52)], [(0, 52), (52, 52)]),
    ("少数", [(1, 3), (1, 52)], [(0, 3), (34, 100)]),
    ("个别", [(1, 10), (3, 52)], [(0, 52), (4, 52), (3, 29)]),
    ("近20%", [(19, 100), (7, 36), (10, 52)], [(20, 100), (189, 1000), (7, 52)]),
    ("约14%", [(133, 1000), (147, 1000), (5, 36)], [(132, 1000), (148, 1000), (8, 52), (5, 52)]),
    ("超过30%", [(301, 1000), (1, 1)], [(30, 100)]),
    ("超30%", [(301, 1000), (33, 100)], [(30, 100), (331, 1000)]),
    ("不足5%", [(0, 20), (2, 52)], [(1, 20)]),
    ("不满5%", [(2, 52)], [(1, 20)]),
    ("30%以上", [(30, 100), (1, 1)], [(299, 1000)]),
    ("30%以下", [(30, 100), (0, 1)], [(301, 1000)]),
    ("20%余", [(201, 1000), (299, 1000)], [(20, 100), (30, 100)]),
    ("近30", [(29, 55)], [(30, 55), (28, 55)]),
    ("20余", [(21, 55), (29, 55)], [(20, 55), (30, 55)]),
    ("120余", [(121, 300), (129, 300)], [(120, 300), (130, 300)]),
    ("约12.5%", [(1, 8)], [(1, 9)]),
]


@pytest.mark.parametrize(("word", "inside", "outside"), BOUNDARIES, ids=[b[0] for b in BOUNDARIES])
def test_each_word_holds_up_to_its_bounds_and_no_further(word, inside, outside):
    assert [holds(word, k, n) for k, n in inside] == [True] * len(inside)
    assert [holds(word, k, n) for k, n in outside] == [False] * len(outside)


def test_every_published_word_has_a_boundary_test():
    tested = {word for word, *_ in BOUNDARIES}
    assert set(SHARE_WORDS) <= tested
    stems = {"".join(c for c in word if not (c.isdigit() or c in ".%")) for word in tested}
    assert {word.replace("N", "") for word in NUMBER_WORDS} <= stems


def test_bounds_are_fractions_so_that_a_third_is_a_third():
    assert bounds("少数").high == Fraction(1, 3)
    assert bounds("近20%").low == Fraction(19, 100)
    assert bounds("近1.5%").low == Fraction(57, 4000)
    assert bounds("30.5余").high == Fraction(306, 10)


def test_an_unknown_word_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match=r"no bounds are published for '许多'; known are 全部, .*N余"
    ):
        holds("许多", 1, 2)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_what_is_no_share_is_refused(k, n):
    with pytest.raises(ValueError, match=f"{k} of {n} is no share"):
        holds("部分", k, n)


def test_words_of_degree_tile_the_line():
    for change in (0.0, 0.3, 0.5, 0.51, 1.99, 2.0, 4.99, 5.0, 12.0):
        words = [w for w in ("基本持平", "略有", "明显", "大幅") if degree_holds(w, change)]
        assert len(words) == 1, change
    assert degree_holds("略有", 2.5, important=3.0)
    with pytest.raises(ValueError, match="no bounds are published for '显著'; known are 持平"):
        degree_holds("显著", 1)
    assert set(ENGLISH.values()) == {*SHARE_WORDS, "持平", "基本持平", "略有", "明显", "大幅"}
    assert set(DEGREE_WORDS) > {"基本持平", "略有", "明显", "大幅"}


def test_a_word_that_does_not_hold_is_refused_in_either_language():
    assert affirm("more than half", 27, 52) == "more than half"
    with pytest.raises(
        DataError, match="'nearly half' does not hold of 27 of 52; choose a word that"
    ):
        affirm("nearly half", 27, 52)
    with pytest.raises(DataError, match=r"'大幅' does not hold of a change of 0[.]26"):
        affirm("大幅", change=0.26)
