"""How firm places are: the tables behind the pictures and sentences of 04_stability."""

from __future__ import annotations

import pandas as pd

from evallib.errors import DataError
from evallib.firmness.agreement import agreement
from evallib.firmness.engine import engine, places_under
from evallib.firmness.inference import rank_sets, tipping_sem
from evallib.firmness.reviews import double_review, recheck_list
from evallib.firmness.sensitivity import rank_change_uncertainty
from evallib.publication import facts
from evallib.publication.facts_weights import Examined
from evallib.scoring import evaluate, rank

OFTEN, SELDOM = 0.95, 0.05  # shares of weightings at which a statement counts as near certain
EVEN = 0.6  # below it, which of two sites is ahead is close to a toss-up
LEVEL = 0.9  # of the intervals of places that are drawn
SAMPLE = 200  # weightings on which two whole rankings are compared


def _drawn(firm):
    """What the sampled shares rest on."""
    return {"spread": max(firm.weights.spread), "draws": firm.draws, "seed": firm.weights.seed}


def published_places(result):
    """Published places of the ranked units, by sites ahead even where places in print are dense."""
    rules, ranked = result.rules, result.total[result.rank.notna()]
    return rank(ranked, decimals=rules.rank_decimals, rounding=rules.rounding).astype(int)


def place_ranges(firm, extreme, *, top) -> Examined:
    """Places of every ranked unit: published, sampled, and exact best and worst.

    Parameters
    ----------
    firm : RankUncertainty
    extreme : ExtremeRanks over the same set of weights
    top : int

    Returns
    -------
    Examined
        Table in rank order: ``place``; ``low`` and ``high``, which hold 90 % of the weightings;
        ``best`` and ``worst``, attained, and ``exact``, whether nothing passes them; ``sure``,
        whether no weights lead out of the top; ``own``, the share of weightings that give the
        published place (a shared one counts whole), and ``top``, that in the top.
    """
    about = (firm.weights.at, firm.weights.method, *firm.weights.spread)
    if about != ("leaf", "box", extreme.spread) or extreme.at != "leaf":
        raise ValueError("sampled and exact places need one set of weights: a box at the leaves")
    result, place = firm.result, published_places(firm.result)
    interval, ends = firm.interval(LEVEL), extreme.table.loc[place.index]
    upto = firm.acceptability().cumsum(axis=1).shift(1, axis=1, fill_value=0.0)
    upto[len(place) + 1] = 1.0
    after = place + place.map(place.value_counts())
    table = pd.DataFrame({
        "place": place,
        "low": interval["low"],
        "high": interval["high"],
        "best": ends["best"],
        "worst": ends["worst"],
        "exact": (ends[["best_status", "worst_status"]] == "exact").all(axis=1),
        "sure": ends["worst_bound"] <= top,
        "own": [upto.at[u, after[u]] - upto.at[u, place[u]] for u in place.index],
        "top": firm.top(top),
    })  # fmt: skip
    table = table.sort_values("place", kind="stable")
    return Examined(result, table, _drawn(firm) | {"top": top, "error": firm.error})


def top_shares(ranges, *, rows=25) -> Examined:
    """Place and share of weightings in the top, of the units that some weightings leave in doubt.

    The units of the published top and those that at least one weighting in a thousand brings
    there, at most ``rows``, largest share first.
    """
    table, top = ranges.table[["place", "top"]], ranges.choices["top"]
    shown = table[(table["place"] <= top) | (table["top"] >= 0.001)]
    shown = shown.sort_values(["top", "place"], ascending=[False, True], kind="stable").head(rows)
    return Examined(ranges.result, shown, ranges.choices)


def neighbours(firm) -> Examined:
    """How often the upper of two neighbours in the published ranking is ahead of the lower.

    Returns
    -------
    Examined
        Table by upper unit in rank order: ``place``, ``lower`` (the next unit), ``lead`` in
        points, ``tied`` (same published place) and ``ahead``, a share of weightings in which a
        tie counts half.

    Raises
    ------
    DataError
        If fewer than two units are ranked.
    """
    result = firm.result
    if len(firm.units) < 2:
        raise DataError(f"{result.study} {result.year}: one ranked unit has no neighbours")
    order = published_places(result).sort_values(kind="stable")
    upper, lower = order.index[:-1], order.index[1:]
    pairs = firm.pairwise()
    table = pd.DataFrame({
        "place": order[upper],
        "lower": lower,
        "lead": result.total[upper].to_numpy() - result.total[lower].to_numpy(),
        "tied": order[upper].to_numpy() == order[lower].to_numpy(),
        "ahead": [pairs.at[pair] for pair in zip(upper, lower, strict=True)],
    }, index=upper)  # fmt: skip
    return Examined(result, table, _drawn(firm))


def likeness(firm) -> Examined:
    """How alike the published ranking is to those under the first weightings that were drawn.

    Returns
    -------
    Examined
        Table with rows ``median`` and ``least_alike`` (passed by 5 % of the weightings) and the
        measures of :func:`agreement` as columns, each taken by itself.
    """
    machine, weights = engine(firm.result), firm.weights.block(0)[:SAMPLE]
    first, _ = places_under(machine, weights)
    published = published_places(firm.result)
    alike = pd.DataFrame(
        [agreement(published, pd.Series(row, machine.units)) for row in first]
    ).drop(columns=["footrule", "units"])
    worst = {name: 0.95 if name.endswith("shift") else 0.05 for name in alike}
    rows = {
        "median": alike.median(),
        "least_alike": pd.Series({name: alike[name].quantile(q) for name, q in worst.items()}),
    }
    return Examined(firm.result, pd.DataFrame(rows).T, _drawn(firm) | {"draws": len(weights)})


def change_under_doubt(study, year, *, spread, draws, seed) -> Examined:
    """Places gained since the year before, and between what bounds when weights are in doubt.

    The year before is the latest earlier one with marks. Units are compared that keep their code;
    one that was merged or split compares with nobody.

    Returns
    -------
    Examined
        Table by falling change: see :func:`rank_change_uncertainty`; ``low`` to ``high`` hold 90 %
        of the weightings. Empty, with ``choices["previous"]`` None, where no earlier year has
        marks.
    """
    after, choices = evaluate(study, year), {"spread": spread, "draws": draws, "seed": seed}
    earlier = [y for y in study.years if y < year and study.years[y].scheme is not None]
    if not earlier:
        return Examined(after, pd.DataFrame(), choices | {"previous": None})
    before = evaluate(study, max(earlier))
    table = rank_change_uncertainty(before, after, **choices, level=LEVEL)
    was = facts.predecessors(study, before.year, year)[table.index]
    table = table[was == table.index].sort_values("change", ascending=False, kind="stable")
    return Examined(after, table, choices | {"previous": before.year})


def recheck(study, year) -> Examined:
    """Units by the cells that would change a published decision if they were wrong by one step.

    Returns
    -------
    Examined
        Table by falling number of ``cells``, with those that decide ``threshold`` and ``top``;
        ``choices["cells"]`` is the list of cells itself.
    """
    cells = recheck_list(study, year)
    kinds = {kind: cells[cells["decision"] == kind] for kind in ("threshold", "top")}
    counts = pd.DataFrame(
        {
            name: part.groupby("unit")["indicator"].nunique()
            for name, part in (kinds | {"cells": cells}).items()
        }
    )
    counts = counts.fillna(0).astype(int).sort_values("cells", ascending=False, kind="stable")
    return Examined(evaluate(study, year), counts, {"cells": cells})


def error_of_marks(study, year, *, draws, seed) -> Examined:
    """What is known about the error of a total, and what it would have to be to matter.

    Returns
    -------
    Examined
        Table in order of totals, points: ``next``, ``threshold`` and ``top``, the largest standard
        errors at which each statement still holds with 95 % confidence; with a blind double review
        also ``low`` and ``high`` (95 % confidence set of the place, each by itself) and
        ``low_all``, ``high_all`` (all sets at once). ``choices["review"]`` is the review or None.
    """
    result = evaluate(study, year)
    table, review = tipping_sem(result), None
    if study.years[year].reviews is not None:
        review = double_review(study, year)
    if review is not None and review.sem > 0:
        about = {"sem": review.sem, "freedom": review.freedom, "draws": draws, "seed": seed}
        totals = result.total[table.index]
        for suffix, simultaneous in (("", False), ("_all", True)):
            sets = rank_sets(totals, simultaneous=simultaneous, **about)
            table = table.join(sets.add_suffix(suffix))
    return Examined(result, table, {"review": review, "draws": draws, "seed": seed})
