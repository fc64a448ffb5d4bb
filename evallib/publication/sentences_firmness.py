"""Sentences of 04_stability: each stands above a figure and is its alt text."""

from __future__ import annotations

import numpy as np

from evallib.publication.facts_firmness import EVEN, OFTEN, SELDOM
from evallib.publication.facts_weights import names_of
from evallib.publication.sentences import joined, provenance
from evallib.publication.sentences_weights import per_cent
from evallib.publication.wording import sentence
from evallib.rounding import format_number


def _said(result, text, lang):
    return joined([text, provenance(result, lang=lang)], lang)


def _about(examined):
    """Spread, draws and seed in print."""
    about = examined.choices
    return about | {"spread": per_cent(about["spread"]), "draws": f"{about['draws']:,}"}


def describe_place_ranges(ranges, *, lang="zh") -> str:
    """How far apart sampled and extreme places are, and who is in the top whatever the weights."""
    table, top = ranges.table, ranges.choices["top"]
    text = sentence(
        "place_ranges",
        lang,
        about=_about(ranges),
        sampled=format_number((table["high"] - table["low"]).mean(), 1),
        whole=format_number((table["worst"] - table["best"]).mean(), 1),
        exact=bool(table["exact"].all()),
        bounds=int((~table["exact"]).sum()),
        sure=int(table["sure"].sum()),
        possible=int((table["best"] <= top).sum()),
        top=top,
    )
    return _said(ranges.result, text, lang)


def describe_acceptability(ranges, *, lang="zh") -> str:
    """How often sites have their published place, who does least often, and the sampling error."""
    table, names = ranges.table, names_of(ranges.result, lang)
    least = table["own"].idxmin()
    text = sentence(
        "acceptability",
        lang,
        about=_about(ranges),
        own=per_cent(table["own"].mean()),
        sites=len(table),
        half=int((table["own"] >= 0.5).sum()),
        name=names[least],
        place=int(table.at[least, "place"]),
        least=per_cent(table.at[least, "own"]),
        error=format_number(np.ceil(1000 * ranges.choices["error"]) / 10, 1),
    )
    return _said(ranges.result, text, lang)


def describe_top_shares(ranges, *, lang="zh") -> str:
    """Who of the published top stays in it in nearly all weightings, and who else reaches it."""
    table, top, names = ranges.table, ranges.choices["top"], names_of(ranges.result, lang)
    inside, outside = table[table["place"] <= top], table[table["place"] > top]
    entrants = outside[outside["top"] >= SELDOM].sort_values("top", ascending=False, kind="stable")
    weakest = inside["top"].idxmin()

    def row(unit):
        return {"name": names[unit], "share": per_cent(table.at[unit, "top"])}

    text = sentence(
        "top_shares",
        lang,
        about=_about(ranges),
        top=top,
        inside=len(inside),
        firm=int((inside["top"] >= OFTEN).sum()),
        weakest=row(weakest) if inside.at[weakest, "top"] < OFTEN else None,
        entrants=[row(unit) for unit in entrants.index],
    )
    return _said(ranges.result, text, lang)


def describe_neighbours(neighbours, *, lang="zh") -> str:
    """How many neighbours keep their order in nearly all weightings, and who hardly does."""
    names, table = names_of(neighbours.result, lang), neighbours.table
    parted = table[~table["tied"]]
    closest = (parted["ahead"] - 0.5).abs().idxmin() if len(parted) else ""
    text = sentence(
        "neighbours",
        lang,
        about=_about(neighbours),
        n=len(parted),
        firm=int((parted["ahead"] >= OFTEN).sum()),
        loose=int((parted["ahead"] < EVEN).sum()),
        even=per_cent(EVEN),
        upper=names[closest],
        lower=names[parted.at[closest, "lower"]] if closest else "",
        share=per_cent(parted.at[closest, "ahead"]) if closest else "",
        tied=int(table["tied"].sum()),
    )
    return _said(neighbours.result, text, lang)


def describe_likeness(likeness, *, lang="zh") -> str:
    """How far places shift under the median weighting and under the least alike."""
    table = likeness.table
    text = sentence(
        "likeness",
        lang,
        about=_about(likeness),
        shift=format_number(table.at["median", "average_shift"], 1),
        shift_high=format_number(table.at["least_alike", "average_shift"], 1),
        tau=format_number(table.at["median", "tau_b"], 3),
        tau_low=format_number(table.at["least_alike", "tau_b"], 3),
    )
    return _said(likeness.result, text, lang)


def describe_doubt(doubt, *, lang="zh") -> str:
    """Whose rise or fall since the previous year holds in at least 95 % of the weightings."""
    table, names = doubt.table, names_of(doubt.result, lang)
    if doubt.choices["previous"] is None:
        return sentence("doubt_none", lang, year=doubt.result.year)
    rise, fall = (int((table[name] >= OFTEN).sum()) for name in ("rises", "falls"))
    same = int((1 - table["rises"] - table["falls"] >= OFTEN).sum())
    first = table.iloc[0]
    text = sentence(
        "doubt",
        lang,
        about=_about(doubt),
        previous=doubt.choices["previous"],
        year=doubt.result.year,
        n=len(table),
        rise=rise,
        fall=fall,
        same=same,
        open=len(table) - rise - fall - same,
        name=names[table.index[0]] if first["change"] > 0 else "",
        **{key: int(first[key]) for key in ("change", "low", "high")},
    )
    return _said(doubt.result, text, lang)


def describe_recheck(recheck, *, lang="zh") -> str:
    """How many cells would change a decision if they were wrong by one step, and whose."""
    table, rules, names = recheck.table, recheck.result.rules, names_of(recheck.result, lang)
    text = sentence(
        "recheck",
        lang,
        cells=int(table["cells"].sum()),
        units=len(table),
        at_threshold=int(table["threshold"].sum()),
        at_top=int(table["top"].sum()),
        threshold=format_number(rules.threshold, 2),
        top=rules.top,
        name=names[table.index[0]] if len(table) else "",
        most=int(table["cells"].max()) if len(table) else 0,
    )
    return _said(recheck.result, text, lang)


def describe_error_of_marks(errors, *, rounds, lang="zh") -> str:
    """The error of the marks, if it was measured; else how large it may be.

    Parameters
    ----------
    rounds : bool
        Whether the year keeps an initial round, which is no double review.
    """
    if errors.choices["review"] is not None:
        return _said(errors.result, _reviewed(errors, lang), lang)
    table, result = errors.table, errors.result
    names, rules = names_of(result, lang), result.rules
    inside = result.rank[table.index] <= rules.top
    edge = inside.any() and not inside.all()
    inner = table.index[inside][-1] if edge else ""
    text = sentence(
        "marks_unknown",
        lang,
        year=result.year,
        rounds=rounds,
        top=rules.top,
        edge=format_number(np.floor(100 * table.at[inner, "top"]) / 100, 2) if edge else "",
        inner=names[inner],
        outer=names[table.index[~inside][0]] if edge else "",
        sites=len(table),
        sides=int((table["threshold"] >= 1).sum()),
        threshold=format_number(rules.threshold, 2),
    )
    return _said(result, text, lang)


def _reviewed(errors, lang):
    review, table = errors.choices["review"], errors.table
    widths = {"single": "", "together": ""}
    if "low" in table:
        spans = (table["high"] - table["low"], table["high_all"] - table["low_all"])
        widths = {
            name: format_number((span + 1).mean(), 1)
            for name, span in zip(widths, spans, strict=True)
        }
    numbers = {"sem": review.sem, "low": review.sem_low, "high": review.sem_high}
    numbers |= {"bias": abs(review.bias), "icc": review.icc, "mdc": review.mdc95}
    printed = {name: format_number(value, 2) for name, value in numbers.items()}
    about = {"year": errors.result.year, "reviewed": len(review.totals)}
    return sentence("marks_reviewed", lang, **about, **printed, **widths)
