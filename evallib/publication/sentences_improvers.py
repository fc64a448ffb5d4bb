"""Generated sentences on who improved most and on what was published, with their limits."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evallib.change.improved import Improvement
from evallib.change.trajectory import trajectories
from evallib.errors import DataError
from evallib.publication.claims import VERDICTS
from evallib.publication.sentences import joined, provenance
from evallib.publication.sentences_account import points, said
from evallib.publication.wording import label, population_name, sentence, unit_names
from evallib.publication.year_over_year import YearOverYear, overlooked
from evallib.rounding import format_number
from evallib.study.model import Study


def describe_improvement(
    move: YearOverYear, improved: Improvement | None, *, lang: str = "zh"
) -> str:
    """The most improved by the rule, and how much assessor error their gains would survive.

    Parameters
    ----------
    move : YearOverYear
    improved : Improvement or None
        From ``improvers(move, ...)``.
    """
    if move.change is not None and improved is None:
        return sentence("improvers_too_few", lang)

    def texts() -> list[str]:
        return [_improved(move, improved, lang), _warning(improved, lang)] if improved else []

    return said(move, texts, lang)


def improved_rule(study: Study, year: int, lang: str) -> str:
    """The rule that says who counts as most improved."""
    rule = study.years[year].rules.improved
    if rule is None:
        raise DataError(f"{year}/rules.yaml does not say who counts as most improved")
    return sentence(
        "improved_rule",
        lang,
        by=rule.by,
        at_least=format_number(rule.at_least, 2),
        population=population_name(rule.within or "all", lang, study=study),
    )


def _improved(move: YearOverYear, improved: Improvement, lang: str) -> str:
    names = unit_names(move.study.years[improved.year].units, lang)
    table = improved.units.assign(name=improved.units.index.map(names))
    if move.study.years[improved.year].rules.improved is None:
        most = table[table["gain"] == table["gain"].max()]
        about: dict[str, Any] = {
            "names": list(most["name"]),
            "tipping": points(move, most["tipping_sem"].max()),
        }
        about |= {"gain": points(move, most["gain"].max()), "n": len(table)}
        about["stands_out"] = bool(most["tipping_sem"].max() > 0)
        alpha = format_number(100 * improved.alpha, 2)
        return sentence("improvers_unruled", lang, year=improved.year, alpha=alpha, **about)
    listed, more = table[table["listed"]], table.loc[overlooked(improved).index]
    about = {"rule": improved_rule(move.study, move.year, lang), "names": list(listed["name"])}
    about |= {"year": improved.year, "previous": improved.previous}
    if listed.empty:
        return sentence("improvers", lang, **about)
    tipping, room = listed.set_index("name")["tipping_sem"], 100 * listed["headroom_used"]
    return sentence(
        "improvers",
        lang,
        **about,
        more=len(more),
        ahead=points(move, more["gain"].max()) if len(more) else "",
        first=list(more.loc[more["gain"] == more["gain"].max(), "name"]),
        gain_low=points(move, listed["gain"].min()),
        gain_high=points(move, listed["gain"].max()),
        room_low=format_number(room.min(), 0),
        room_high=format_number(room.max(), 0),
        n=len(improved.units),
        alpha=format_number(100 * improved.alpha, 2),
        firmest=tipping.idxmax(),
        tipping_high=points(move, tipping.max()),
        weakest=tipping.idxmin(),
        tipping_low=points(move, tipping.min()),
    )


def _warning(improved: Improvement, lang: str) -> str:
    """That error or regression to the mean alone would give such a list; empty where not."""
    if not improved.given_by:
        return ""
    if improved.given_by == "error":
        share = format_number(100 * improved.chance_share, 1)
        about: dict[str, Any] = {
            "draws": improved.draws,
            "seed": improved.seed,
            "sem": improved.sem,
        }
        return sentence("warning_error", lang, share=share, **about)
    table = improved.units
    lead, low = (
        table.loc[table["listed"], name].mean() - table[name].mean()
        for name in ("gain", "total_previous")
    )
    return sentence(
        "warning_regression", lang, lead=format_number(lead, 2), low=format_number(-low, 2)
    )


def describe_trajectories(study: Study, *, top: int, lang: str = "zh") -> str:
    """How many sites have a place in every year of a study, and which are always in the top."""
    years, places = sorted(study.years), trajectories(study).dropna(subset="rank")
    worst = places.groupby("unit")["rank"].agg(["size", "max"])
    worst = worst[worst["size"] == len(years)]
    names = unit_names(study.years[years[-1]].units, lang)
    always = [names[unit] for unit in worst.index[worst["max"] <= top]]
    about: dict[str, Any] = {"first": years[0], "last": years[-1], "years": len(years), "top": top}
    text = sentence("trajectories", lang, n=len(worst), names=always, **about)
    return joined([text, provenance(study, lang=lang)], lang)


def describe_claims(claims: pd.DataFrame, study: Study, year: int, *, lang: str = "zh") -> str:
    """How many published claims agree, differ or cannot be decided, and what agreement is worth.

    Parameters
    ----------
    claims : DataFrame
        From ``compare_claims(study, year)``.
    """
    if claims.empty:
        return sentence("claims_none", lang, year=year)
    rows = []
    for verdict in VERDICTS:
        found = list(claims.loc[claims["verdict"] == verdict, "id"])
        ids = found if verdict in ("rounding", "contradicted") else []
        rows.append({"name": label(f"verdict_{verdict}", lang), "n": len(found), "ids": ids})
    rows = [row for row in rows if row["n"]]
    about: dict[str, Any] = {"year": year, "n": len(claims), "provenance": study.provenance}
    return sentence("claims", lang, rows=rows, **about)
