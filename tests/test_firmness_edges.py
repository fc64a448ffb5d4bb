"""What 03_weights and 04_stability do with odd studies and settings: right answers or clear errors."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from matplotlib import pyplot as plt
from studies import SCHEME, make_study, synthetic
from test_breakpoints import small

import evallib as ev
from evallib.publication import facts_firmness

LAW = {"spread": 0.2, "draws": 600, "seed": 3}
BOTH = {"u": (0.9, 0.5), "v": (0.6, 0.8), "w": (0.3, 0.3)}
STUDIES = {
    "one unit": lambda: small({"u": (0.4, 0.7)}),
    "two identical": lambda: small({"u": (0.4, 0.7), "v": (0.4, 0.7)}),
    "all tied": lambda: small(dict.fromkeys("uvwx", (0.5, 0.5))),
    "tied now, not always": lambda: small({"u": (0.7, 0.4), "v": (0.4, 0.7), "w": (0.1, 0.2)}),
    "a constant leaf": lambda: small({"u": (0.9, 0.5), "v": (0.6, 0.5), "w": (0.3, 0.5)}),
    "a leaf of hardly any weight": lambda: weighed(small(BOTH), {"a": 1.0, "b": 1e-9}),
    "one leaf": lambda: small({"u": (0.9,), "v": (0.6,), "w": (0.6,)}),
    "a class of one": lambda: small(
        {"u": (0.6, 0.6, 0.9), "v": (0.8, 0.5, 0), "w": (0.5, 0.7, 0.2)}, classes={"v": "B"}, only_a="c"
    ),
    "dense places": lambda: synthetic(3, units=8, step=0.5, rules=ev.Rules(ties="dense", top=3)),
    "one dimension": lambda: synthetic(5, units=7, leaves=(4,), classes=False, step=0.5),
}  # fmt: skip
REFUSALS = {  # what a function may say instead of an answer, and of which studies
    "one ranked unit makes no list to change": {"one unit"},
    "one ranked unit has no neighbours": {"one unit"},
    "1 ranked units, but this takes 2 to": {"one unit"},
    "all units have the same score": {"one unit", "two identical", "all tied", "tied now, not always"},
    "nothing is left without": {"one leaf"},
    "has no step; state it in scheme.csv": set(STUDIES) - {"dense places", "one dimension"},
}  # fmt: skip
DRAWN = {"one unit", "dense places"}  # drawing takes most of the time


@pytest.fixture(autouse=True)
def few_whole_rankings(monkeypatch):
    """Comparing two whole rankings is slow, and none of these tests looks at how many there are."""
    monkeypatch.setattr(facts_firmness, "SAMPLE", 12)
    plt.close("all")  # figures that other tests left open are not these tests' to draw


def weighed(study, given):
    """The study with these weights of its leaves."""
    (year,) = study.years.values()
    nodes = [replace(node, weight=given.get(node.code)) for node in year.scheme.nodes]
    return replace(study, years={year.year: replace(year, scheme=ev.Scheme.of(nodes))})


def parts(study, result, *, top, spread, draws, seed):
    """Tables by what describes and draws them, each made when it is asked for."""
    law = {"spread": spread, "draws": draws, "seed": seed}

    @cache
    def firm():
        return ev.rank_uncertainty(result, ev.perturb_weights(result.scheme, at="leaf", **law))

    @cache
    def ranges():
        return ev.place_ranges(firm(), ev.extreme_ranks(result, spread=spread), top=top)

    year = result.year
    return {
        "swings": lambda: ev.swings(result, spread=spread, top=top),
        "breakpoints": lambda: ev.spans(result, ev.breakpoints(result, top=top)),
        "top_margins": lambda: ev.top_margins(result, up_to=3 * top),
        "left_out": lambda: ev.left_out(result),
        "alternatives": lambda: ev.alternatives(result, top=top),
        "importance": lambda: ev.importance(result),
        "movement": lambda: ev.movement(result, **law),
        "ways_in": lambda: ev.ways_in(result, **law, top=top),
        "place_ranges": ranges,
        "acceptability": ranges,
        "top_shares": ranges,
        "neighbours": lambda: ev.neighbours(firm()),
        "likeness": lambda: ev.likeness(firm()),
        "choices": lambda: ev.choices(result, top=top),
        "jackknife": lambda: ev.jackknife(result, top=top),
        "doubt": lambda: ev.change_under_doubt(study, year, **law),
        "recheck": lambda: ev.recheck(study, year),
        "error_of_marks": lambda: ev.error_of_marks(study, year, draws=draws, seed=seed),
        "scenario": lambda: ev.error_of_marks(study, year, draws=draws, seed=seed, sem=1.0),
        "firm": firm,
    }


def said_and_drawn(name, table, lang, *, top, draw):
    """The sentence on a table, and its figure laid out, where there is one and it is asked for."""
    what = {"scenario": "error_of_marks"}.get(name, name)
    more = {"top_margins": {"top": top}, "error_of_marks": {"rounds": True}}.get(what, {})
    text = "" if name == "firm" else getattr(ev, f"describe_{what}")(table, **more, lang=lang)
    if not draw:
        return text
    if name == "firm":
        ev.plot_acceptability(table, lang=lang)
    elif what not in {"acceptability", "likeness", "movement", "ways_in", "jackknife"}:
        more = {"top": top} if what == "top_margins" else {}
        if len(table.table):
            getattr(ev, f"plot_{what}")(table, **more, lang=lang)
    if name == "scenario":
        ev.plot_rank_sets(table, lang=lang)
    for number in plt.get_fignums():
        plt.figure(number).draw_without_rendering()
    plt.close("all")
    return text


def answer(what, make, lang, **about):
    """The sentence, and no error; or none, and what the error says."""
    try:
        return said_and_drawn(what, make(), lang, **about), ""
    except ValueError as error:  # DataError is one
        return "", f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("name", STUDIES)
def test_odd_studies_get_a_right_answer_or_a_clear_error(name):
    study = STUDIES[name]()
    result = ev.evaluate(study, 2020)
    reasons = [message for message, names in REFUSALS.items() if name in names]
    for what, make in parts(study, result, top=3, **LAW).items():
        text, error = answer(what, make, "zh", top=3, draw=name in DRAWN)
        if error:
            assert error.startswith("DataError"), f"{what}: {error}"
            assert any(reason in error for reason in reasons), f"{what}: {error}"
            continue
        assert not re.search(r"\bnan\b|None(?! of)|\binf\b", text), f"{what}: {text}"
        assert text.endswith((".", "。")) or what == "firm", f"{what}: {text}"


def test_a_weight_of_0_is_refused_where_the_scheme_is_read(tmp_path):
    folder = make_study(
        tmp_path, files={"2020/scheme.csv": SCHEME.replace("D2,all,二,Two,,", "D2,all,二,Two,0,")}
    )
    with pytest.raises(
        ev.StudyError, match=r"2020/scheme.csv, row 4, column weight: '0' is not above 0"
    ):
        ev.read_study(folder)


@pytest.mark.parametrize("top", [1, 8, 50])
def test_lists_of_any_length(top):
    study = synthetic(4, units=8, step=0.5)
    result = ev.evaluate(study, 2020)
    for what, make in parts(study, result, top=top, **LAW).items():
        drawn = top == 50 and what in {"place_ranges", "top_margins", "top_shares"}
        assert said_and_drawn(what, make(), "zh", top=top, draw=drawn) or what == "firm"


@pytest.mark.parametrize(("choice", "value"), [("spread", 0.0), ("spread", 1.0), ("draws", 0)])
def test_settings_at_the_ends_give_an_answer_or_name_the_setting(choice, value):
    study = synthetic(4, units=8, step=0.5)
    result, law = ev.evaluate(study, 2020), LAW | {choice: value}
    for what, make in parts(study, result, top=3, **law).items():
        text, error = answer(what, make, "en", top=3, draw=what in {"swings", "place_ranges"})
        assert text or what == "firm" or re.search(rf"\b{choice}\b", error), f"{what}: {error}"


@pytest.mark.parametrize("choice", ["spread", "sem"])
def test_nan_is_refused_by_name(choice):
    study = synthetic(4, units=8, step=0.5)
    result, nan = ev.evaluate(study, 2020), float("nan")
    if choice == "sem":
        with pytest.raises(ValueError, match="sem is a standard error above 0"):
            ev.error_of_marks(study, 2020, draws=10, seed=0, sem=nan)
        return
    for what in ("swings", "movement", "ways_in", "place_ranges"):
        with pytest.raises(ValueError, match="spread"):
            parts(study, result, top=3, **LAW | {"spread": nan})[what]()


def test_a_place_that_no_bin_holds_alone_has_no_share_of_its_own(monkeypatch):
    from evallib.firmness import counting

    monkeypatch.setattr(counting, "MATRIX_UNITS", 10)
    monkeypatch.setattr(counting, "SINGLE_PLACES", 6)
    monkeypatch.setattr(counting, "BINS", 9)
    result = ev.evaluate(synthetic(4, units=24, step=0.5), 2020)
    ranges = parts(None, result, top=3, **LAW)["place_ranges"]()
    own = ranges.table["own"]
    assert own[ranges.table["place"] > 12].isna().all()
    assert own[ranges.table["place"] < 5].between(0, 1).all()
    assert "nan" not in ev.describe_acceptability(ranges, lang="en")
    firm = parts(None, result, top=3, **LAW)["firm"]()
    with pytest.raises(ValueError, match="24 units are too many to draw a column"):
        ev.plot_acceptability(firm)


def test_the_share_of_the_published_place_is_exact_where_nobody_ties():
    result = ev.evaluate(synthetic(4, units=8, rules=ev.Rules(rank_on="exact")), 2020)
    drawn = ev.perturb_weights(result.scheme, at="leaf", **LAW)
    own = parts(None, result, top=3, **LAW)["place_ranges"]().table["own"]
    places = (drawn.table() @ result.index.fillna(0.0).T) / (
        drawn.table() @ result.index.notna().astype(float).T
    )
    seen = places.rank(axis=1, ascending=False).eq(result.rank.astype(float), axis=1).mean()
    np.testing.assert_allclose(own[seen.index], seen, atol=1e-9)
