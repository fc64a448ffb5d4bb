"""How firm places are: the tables behind the pictures and sentences of 04_stability."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.firmness.acceptability import RankUncertainty
from evallib.firmness.agreement import agreement
from evallib.firmness.engine import engine, places_under
from evallib.firmness.extremes import ExtremeRanks
from evallib.firmness.inference import rank_sets, tiers, tipping_sem, top_set
from evallib.firmness.reviews import double_review, recheck_list
from evallib.firmness.sensitivity import published_places, rank_change_uncertainty
from evallib.publication import facts
from evallib.publication.facts_weights import Examined
from evallib.scoring import evaluate
from evallib.study.model import Study

OFTEN, SELDOM = 0.95, 0.05  # shares of weightings at which a statement counts as near certain
EVEN = 0.6  # below it, which of two sites is ahead is close to a toss-up
LEVEL = 0.9  # of the intervals of places that are drawn
SAMPLE = 200  # weightings on which two whole rankings are compared


def _drawn(firm: RankUncertainty) -> dict[str, Any]:
    """What the sampled shares rest on."""
    return {"spread": max(firm.weights.spread), "draws": firm.draws, "seed": firm.weights.seed}


def place_ranges(firm: RankUncertainty, extreme: ExtremeRanks, *, top: int) -> Examined:
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
        whether no weights lead out of the top; ``mean``, the mean place, and its Monte Carlo
        standard error; ``own``, the share of weightings at the published place, and ``top``, that
        in the top, with its ``top_error``. A place counts the units ahead; a tie counts in part,
        shared out over its places, and a published tie holds all of them. ``own`` is missing
        where places are counted in bins, above 1,000 units. ``choices["loose"]``: units for which
        the Monte Carlo error leaves an end of ``low`` to ``high`` open.
    """
    law = (firm.weights.at, firm.weights.method, *firm.weights.spread)
    if law != ("leaf", "box", extreme.spread) or extreme.at != "leaf":
        raise ValueError("sampled and exact places need one set of weights: a box at the leaves")
    result, place = firm.result, published_places(firm.result)
    interval, ends = firm.interval(LEVEL), extreme.table.loc[place.index]
    table = pd.DataFrame({
        "place": place,
        "low": interval["low"],
        "high": interval["high"],
        "best": ends["best"],
        "worst": ends["worst"],
        "exact": (ends[["best_status", "worst_status"]] == "exact").all(axis=1),
        "sure": ends["worst_bound"] <= top,
        "mean": firm.expected_rank(),
        "mean_error": firm.expected_rank_error(),
        "own": _own_share(firm, place),
        "top": firm.top(top),
        "top_error": firm.top_error(top),
    })  # fmt: skip
    table = table.sort_values("place", kind="stable")
    ends = firm.interval_error(LEVEL)
    loose = (ends["low_from"] < ends["low_to"]) | (ends["high_from"] < ends["high_to"])
    about = {"top": top, "error": firm.error, "loose": int(loose.sum())}
    return Examined(result, table, _drawn(firm) | about)


def _own_share(firm: RankUncertainty, place: pd.Series) -> np.ndarray:
    """Share of weightings at the published place; all places of a tie, NaN where bins are wider."""
    upto = np.insert(firm.acceptability().to_numpy().cumsum(axis=1), 0, 0.0, axis=1)
    after, rows = place + place.map(place.value_counts()), firm.units.get_indexer(place.index)
    first, stop = (np.searchsorted(firm.edges, ends) for ends in (place, after))
    single = (firm.edges[first] == place) & (firm.edges[stop] == after)
    return (upto[rows, stop] - upto[rows, first]).clip(0, 1) + np.where(single, 0.0, np.nan)


def top_shares(ranges: Examined, *, rows: int = 25) -> Examined:
    """Place and share of weightings in the top, of the units that some weightings leave in doubt.

    The units of the published top and those that at least one weighting in a thousand brings
    there, at most ``rows``, largest share first.
    """
    table, top = ranges.table[["place", "top", "top_error"]], ranges.choices["top"]
    shown = table[(table["place"] <= top) | (table["top"] >= 0.001)]
    shown = shown.sort_values(["top", "place"], ascending=[False, True], kind="stable").head(rows)
    return Examined(ranges.result, shown, ranges.choices)


def neighbours(firm: RankUncertainty) -> Examined:
    """How often the upper of two neighbours in the published ranking is ahead of the lower.

    Returns
    -------
    Examined
        Table by upper unit in rank order: ``place``, ``lower`` (the next unit), ``lead`` in
        points, ``tied`` (same published place), ``ahead``, a share of weightings in which a tie
        counts half, and its Monte Carlo standard ``error``.

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
    pairs, both = firm.pairwise(), list(zip(upper, lower, strict=True))
    errors = firm.pairwise_error(pairs)
    table = pd.DataFrame({
        "place": order[upper],
        "lower": lower,
        "lead": result.total[upper].to_numpy() - result.total[lower].to_numpy(),
        "tied": order[upper].to_numpy() == order[lower].to_numpy(),
        "ahead": [pairs.at[pair] for pair in both],
        "error": [errors.at[pair] for pair in both],
    }, index=upper)  # fmt: skip
    return Examined(result, table, _drawn(firm))


def likeness(firm: RankUncertainty) -> Examined:
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


def change_under_doubt(
    study: Study, year: int, *, spread: float, draws: int, seed: int
) -> Examined:
    """Places gained since the year before, and between what bounds when weights are in doubt.

    The year before is the latest earlier one with marks. Units that were renamed are followed; one
    that was merged or split compares with nobody.

    Returns
    -------
    Examined
        Table by falling change: see :func:`rank_change_uncertainty`; ``low`` to ``high`` hold 90 %
        of the weightings. Empty where no unit is ranked in both years; ``choices["previous"]`` is
        None where no earlier year has marks.
    """
    after = evaluate(study, year)
    choices: dict[str, Any] = {"spread": spread, "draws": draws, "seed": seed}
    earlier = [y for y in study.years if y < year and study.years[y].scheme is not None]
    if not earlier:
        return Examined(after, pd.DataFrame(), choices | {"previous": None})
    before = evaluate(study, max(earlier))
    was = facts.predecessors(study, before.year, year)[after.rank.notna()]
    if not was.isin(before.rank.dropna().index).any():
        return Examined(after, pd.DataFrame(), choices | {"previous": before.year})
    table = rank_change_uncertainty(before, after, **choices, level=LEVEL, was=was)
    table = table.sort_values("change", ascending=False, kind="stable")
    return Examined(after, table, choices | {"previous": before.year})


def recheck(study: Study, year: int) -> Examined:
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


def error_of_marks(
    study: Study, year: int, *, draws: int, seed: int, sem: float | None = None
) -> Examined:
    """What is known about the error of a total, and what it would have to be to matter.

    Parameters
    ----------
    study, year
    draws, seed : int
        Of the simulated errors.
    sem : float, optional
        A standard error of a total in points that is assumed, as a scenario; for a year without
        a double review.

    Returns
    -------
    Examined
        Table in order of totals, points: ``next``, ``threshold`` and ``top``, the largest standard
        errors at which each statement still holds with 95 % confidence; with an error from a blind
        double review or a scenario also ``low`` and ``high`` (95 % confidence set of the place,
        each by itself), ``low_all`` and ``high_all`` (all sets at once), ``tier`` and ``letters``
        (units that share a letter are not told apart), and ``may_be_top`` (in the confidence set of
        the top). ``choices``: ``review`` or None, ``scenario`` (the sem) or None, ``sem`` or None.

    Raises
    ------
    DataError
        If a scenario is given for a year whose double review measured the error.
    """
    result, review = evaluate(study, year), None
    table, top = tipping_sem(result), result.rules.top
    if study.years[year].reviews is not None:
        review = double_review(study, year)
    if review is not None and sem is not None:
        raise DataError(f"{study.code} {year}: a double review measured the error; assume no sem")
    found = (review.sem, review.freedom) if review is not None else (sem, None)
    if found[0]:
        about: dict[str, Any] = {"sem": found[0], "freedom": found[1], "draws": draws, "seed": seed}
        totals = result.total[table.index]
        for suffix, simultaneous in (("", False), ("_all", True)):
            sets = rank_sets(totals, simultaneous=simultaneous, **about)
            table = table.join(sets.add_suffix(suffix))
        table = table.join(tiers(totals, **about))
        table["may_be_top"] = table.index.isin(top_set(totals, top=top, **about))
    choices = {"review": review, "scenario": sem, "sem": found[0], "draws": draws, "seed": seed}
    return Examined(result, table, choices)
