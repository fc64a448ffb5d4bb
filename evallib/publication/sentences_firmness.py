"""Sentences of 04_stability: each stands above a figure and is its alt text."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import norm

from evallib.firmness.montecarlo import share_error
from evallib.publication.facts_firmness import EVEN, OFTEN, SELDOM
from evallib.publication.facts_weights import Examined, names_of
from evallib.publication.sentences import joined, provenance
from evallib.publication.sentences_weights import drawn_about, per_cent, points
from evallib.publication.wording import label, sentence
from evallib.rounding import format_number
from evallib.scoring import Evaluation


def _said(result: Evaluation, text: str, lang: str) -> str:
    return joined([text, provenance(result, lang=lang)], lang)


def describe_place_ranges(ranges: Examined, *, lang: str = "zh") -> str:
    """How far apart sampled and extreme places are, and who is in the top whatever the weights."""
    table, top = ranges.table, ranges.choices["top"]
    text = sentence(
        "place_ranges",
        lang,
        about=drawn_about(ranges),
        sampled=format_number((table["high"] - table["low"]).mean(), 1),
        whole=format_number((table["worst"] - table["best"]).mean(), 1),
        exact=bool(table["exact"].all()),
        bounds=int((~table["exact"]).sum()),
        sure=int(table["sure"].sum()),
        possible=int((table["best"] <= top).sum()),
        error=format_number(np.ceil(100 * table["mean_error"].max()) / 100, 2),
        loose=ranges.choices["loose"],
        dense=ranges.result.rules.ties == "dense",
        top=top,
    )
    return _said(ranges.result, text, lang)


def describe_acceptability(ranges: Examined, *, lang: str = "zh") -> str:
    """How often sites have their published place, who does least often, and the sampling error."""
    table, names = ranges.table, names_of(ranges.result, lang)
    least = table["own"].idxmin()
    text = sentence(
        "acceptability",
        lang,
        about=drawn_about(ranges),
        own=per_cent(table["own"].mean()),
        sites=len(table),
        half=int((table["own"] >= 0.5).sum()),
        name=names[least],
        place=int(table.at[least, "place"]),
        least=per_cent(table.at[least, "own"]),
        error=points(ranges.choices["error"]),
    )
    return _said(ranges.result, text, lang)


def describe_top_shares(ranges: Examined, *, lang: str = "zh") -> str:
    """Who of the published top stays in it in nearly all weightings, and who else reaches it."""
    table, top, names = ranges.table, ranges.choices["top"], names_of(ranges.result, lang)
    inside, outside = table[table["place"] <= top], table[table["place"] > top]
    entrants = outside[outside["top"] >= SELDOM].sort_values("top", ascending=False, kind="stable")
    weakest = inside["top"].idxmin()

    def row(unit: str) -> dict[str, str]:
        return {"name": names[unit], "share": per_cent(table.at[unit, "top"])}

    text = sentence(
        "top_shares",
        lang,
        about=drawn_about(ranges),
        top=top,
        inside=len(inside),
        firm=int((inside["top"] >= OFTEN).sum()),
        weakest=row(weakest) if inside.at[weakest, "top"] < OFTEN else None,
        entrants=[row(unit) for unit in entrants.index],
        error=points(table["top_error"].max()),
    )
    return _said(ranges.result, text, lang)


def describe_neighbours(neighbours: Examined, *, lang: str = "zh") -> str:
    """How many neighbours keep their order in nearly all weightings, and who hardly does."""
    names, table = names_of(neighbours.result, lang), neighbours.table
    parted = table[~table["tied"]]
    closest = (parted["ahead"] - 0.5).abs().idxmin() if len(parted) else ""
    text = sentence(
        "neighbours",
        lang,
        about=drawn_about(neighbours),
        n=len(parted),
        firm=int((parted["ahead"] >= OFTEN).sum()),
        loose=int((parted["ahead"] < EVEN).sum()),
        even=per_cent(EVEN),
        upper=names[closest],
        lower=names[parted.at[closest, "lower"]] if closest else "",
        share=per_cent(parted.at[closest, "ahead"]) if closest else "",
        error=points(table["error"].max()),
        tied=int(table["tied"].sum()),
    )
    return _said(neighbours.result, text, lang)


def describe_likeness(likeness: Examined, *, lang: str = "zh") -> str:
    """How far places shift under the median weighting and under the least alike."""
    table, least = likeness.table, likeness.table.loc["least_alike"]

    def down(value: float) -> float:  # so that what is said of 95 % holds
        return np.floor(1000 * value + 1e-9) / 1000

    text = sentence(
        "likeness",
        lang,
        about=drawn_about(likeness),
        shift=format_number(table.at["median", "average_shift"], 1),
        shift_high=format_number(np.ceil(10 * least["average_shift"] - 1e-9) / 10, 1),
        tau={
            name: format_number(value if name == "median" else down(value), 3)
            for name, value in table["tau_b"].dropna().items()
        },
    )
    return _said(likeness.result, text, lang)


def describe_doubt(doubt: Examined, *, lang: str = "zh") -> str:
    """Whose rise or fall since the previous year holds in at least 95 % of the weightings."""
    table, names = doubt.table, names_of(doubt.result, lang)
    if table.empty:
        years = {"year": doubt.result.year, "previous": doubt.choices["previous"]}
        return sentence("doubt_none", lang, **years)
    rise, fall = (int((table[name] >= OFTEN).sum()) for name in ("rises", "falls"))
    same = int((1 - table["rises"] - table["falls"] >= OFTEN).sum())
    first: dict[str, Any] = table.iloc[0]
    text = sentence(
        "doubt",
        lang,
        about=drawn_about(doubt),
        previous=doubt.choices["previous"],
        year=doubt.result.year,
        n=len(table),
        rise=rise,
        fall=fall,
        same=same,
        open=len(table) - rise - fall - same,
        error=points(share_error(OFTEN, doubt.choices["draws"])),
        name=names[table.index[0]] if first["change"] > 0 else "",
        change=int(first["change"]),
        low=int(first["low"]),
        high=int(first["high"]),
    )
    return _said(doubt.result, text, lang)


def describe_recheck(recheck: Examined, *, lang: str = "zh") -> str:
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


def describe_error_of_marks(errors: Examined, *, rounds: bool, lang: str = "zh") -> str:
    """The error of the marks, if it was measured or assumed; else how large it may be.

    Parameters
    ----------
    rounds : bool
        Whether the year keeps an initial round, which is no double review.
    """
    if errors.choices["review"] is not None or errors.choices["scenario"] is not None:
        text = joined([_known_error(errors, lang), _told_apart(errors, lang)], lang)
        return _said(errors.result, text, lang)
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


def _known_error(errors: Examined, lang: str) -> str:
    """What the double review measured, or the scenario assumes."""
    review, year = errors.choices["review"], errors.result.year
    if review is None:
        numbers = {"sem": errors.choices["sem"], "mdc": norm.ppf(0.975) * 2**0.5}
        numbers["mdc"] *= numbers["sem"]
        printed: dict[str, Any] = {name: format_number(value, 2) for name, value in numbers.items()}
        return sentence("marks_assumed", lang, year=year, **printed)
    numbers = {"sem": review.sem, "low": review.sem_low, "high": review.sem_high}
    numbers |= {"bias": abs(review.bias), "icc": review.icc, "mdc": review.mdc95}
    printed = {name: format_number(value, 2) for name, value in numbers.items() if value == value}
    about: dict[str, Any] = {"year": year, "reviewed": len(review.totals), "icc": ""}
    return sentence("marks_reviewed", lang, **about | printed)


def _told_apart(errors: Examined, lang: str) -> str:
    """What an error leaves of places, tiers and top; nothing where there is no error."""
    table = errors.table
    if "low_all" not in table:
        return ""
    spans = {
        "single": table["high"] - table["low"],
        "together": table["high_all"] - table["low_all"],
    }
    return sentence(
        "marks_tell",
        lang,
        scenario=errors.choices["scenario"] is not None,
        **{name: format_number((span + 1).mean(), 1) for name, span in spans.items()},
        tiers=int(table["tier"].max()),
        heads=int((table["tier"] == 1).sum()),
        top=errors.result.rules.top,
        may_be=int(table["may_be_top"].sum()),
        draws=f"{errors.choices['draws']:,}",
        seed=errors.choices["seed"],
    )


def describe_choices(choices: Examined, *, lang: str = "zh") -> str:
    """How far places move over all valid rules, which choice moves them, who stays in the top."""
    table, about, names = choices.table, choices.choices, names_of(choices.result, lang)
    inside = table[table["place"] <= about["top"]]
    widest = (table["high"] - table["low"]).idxmax()
    text = sentence(
        "choices",
        lang,
        n=about["specifications"],
        top=about["top"],
        span=format_number((table["high"] - table["low"]).mean(), 1),
        name=names[widest],
        low=table.at[widest, "low"],
        high=table.at[widest, "high"],
        inside=len(inside),
        always=int((inside["top"] == 1).sum()),
        ever=int(((table["place"] > about["top"]) & (table["top"] > 0)).sum()),
        shares=[
            {"name": label(f"by_{kind}", lang), "share": per_cent(share)}
            for kind, share in about["importance"].sort_values(ascending=False).items()
        ],
        reversals=[
            {"name": label(f"by_{kind}", lang), "most": int(most), "unit": names[unit]}
            for kind, most, unit in about["reversals"].itertuples()
        ],
    )
    return _said(choices.result, text, lang)


def describe_jackknife(jackknife: Examined, *, lang: str = "zh") -> str:
    """What single leaves do to places, and the error of a total from another checklist."""
    table, names, top = jackknife.table, names_of(jackknife.result, lang), jackknife.choices["top"]
    items, inside = jackknife.choices["items"].table["error"], table[table["place"] <= top]
    widest = (table["high"] - table["low"]).idxmax()
    parts = items.iloc[:-1].dropna()
    text = sentence(
        "jackknife",
        lang,
        leaves=len(jackknife.result.scheme.leaves),
        top=top,
        inside=len(inside),
        stay=int((inside["high"] <= top).sum()),
        name=names[widest],
        low=table.at[widest, "low"],
        high=table.at[widest, "high"],
        leaf=names[table.at[widest, "moved_by"]],
        error=format_number(items.iloc[-1], 2) if len(parts) else "",
        single=len(items) - 1 - len(parts),
        part=names[parts.idxmax()] if len(parts) else "",
        share=per_cent((parts.max() / items.iloc[-1]) ** 2) if (parts > 0).any() else "",
    )
    return _said(jackknife.result, text, lang)
