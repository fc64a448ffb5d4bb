"""Sentences of 03_weights: each stands above a figure and is its alt text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evallib.firmness.changes import SmallestChange
from evallib.publication.facts_weights import Examined, names_of, nearest
from evallib.publication.sentences import joined, provenance
from evallib.publication.wording import label, sentence
from evallib.rounding import format_number
from evallib.scoring import Evaluation


def per_cent(share: float, *, decimals: int = 1) -> str:
    """A share in per cent; what is not quite none or all never prints as such.

    Examples
    --------
    >>> per_cent(0.473), per_cent(0.99978), per_cent(1.0), per_cent(0.0002)
    ('47.3%', '>99.9%', '100%', '<0.1%')
    """
    text, least = format_number(100 * share, decimals), format_number(10.0**-decimals, decimals)
    if share > 0 and text == "0":
        return f"<{least}%"
    if share < 1 and text == "100":
        return f">{format_number(100 - 10.0**-decimals, decimals)}%"
    return f"{text}%"


def points(error: float) -> str:
    """The error of a share in points of per cent, rounded up.

    Examples
    --------
    >>> points(0.0102), points(0.0001)
    ('1.1', '0.1')
    """
    return format_number(np.ceil(1000 * error - 1e-9) / 10, 1)


def bound(share: float, *, up: bool) -> str:
    """A share in per cent with two decimals, rounded up, or down so that it still holds.

    Examples
    --------
    >>> bound(0.030303, up=False), bound(0.030303, up=True), bound(0.05, up=True)
    ('3.03%', '3.04%', '5%')
    """
    hundredths = 10_000 * share
    whole = np.ceil(hundredths - 1e-6) if up else np.floor(hundredths + 1e-6)
    return f"{format_number(whole / 100, 2)}%"


def holds_within(lower: float, lang: str) -> str:
    """How far weights may move, in print; beyond their own size it no longer matters how far.

    Examples
    --------
    >>> holds_within(0.030303, "en"), holds_within(2.9, "en"), holds_within(np.inf, "en")
    ('±3.03%', 'over ±100%', 'any weights')
    """
    if np.isinf(lower):
        return label("any_weights", lang)
    return label("over_100", lang) if lower >= 1 else f"±{bound(lower, up=False)}"


def drawn_about(examined: Examined) -> dict[str, Any]:
    """Spread, draws and seed in print."""
    about = examined.choices
    return about | {"spread": per_cent(about["spread"]), "draws": f"{about['draws']:,}"}


def _said(examined: Examined, text: str, lang: str) -> str:
    return joined([text, provenance(examined.result, lang=lang)], lang)


def describe_swings(swings: Examined, *, lang: str = "zh") -> str:
    """Which indicator's weight moves most places, and which change the list of the top."""
    table, names = swings.table, names_of(swings.result, lang)
    first = table.iloc[0] if len(table) else pd.Series()
    moves = [
        {
            "side": label(side, lang),
            "moved": int(first[f"moved_{side}"]),
            "shift": format_number(first[f"shift_{side}"], 2),
        }
        for side in ("down", "up")
        if pd.notna(first.get(f"moved_{side}"))
    ]
    changing = table.index[(table[["top_down", "top_up"]].fillna(0) > 0).any(axis=1)]
    text = sentence(
        "swings",
        lang,
        n=len(table),
        sites=int(swings.result.rank.count()),
        spread=per_cent(swings.choices["spread"]),
        top=swings.choices["top"],
        name=names[table.index[0]] if any(row["moved"] for row in moves) else "",
        weight=per_cent(first.get("weight", 0)),
        moves=moves,
        changing=[names[code] for code in changing],
    )
    return _said(swings, text, lang)


def describe_breakpoints(spans: Examined, *, lang: str = "zh") -> str:
    """Where the first place, the list of the top and the order first change, one weight moving."""
    names, ends = names_of(spans.result, lang), {}
    for holds in ("first", "top", "order"):
        found = nearest(spans, holds)
        ends[holds] = found and {
            "name": names[found["node"]],
            "up": found["change"] > 0,
            "now": per_cent(spans.table.at[found["node"], "weight"], decimals=2),
            "then": per_cent(found["then"], decimals=2),
            "size": per_cent(abs(found["change"]), decimals=2),
            "ahead": names[found["ahead"]],
            "behind": names[found["behind"]],
        }
    about: dict[str, Any] = {"first": ends["first"], "list": ends["top"], "order": ends["order"]}
    return _said(spans, sentence("breakpoints", lang, **about, **spans.choices), lang)


def describe_smallest_change(
    change: SmallestChange, result: Evaluation, *, lang: str = "zh"
) -> str:
    """The headline: the list of the top holds for any weights within so much; and what ends it."""
    names = names_of(result, lang)
    text = sentence(
        "smallest_change",
        lang,
        top=change.top,
        always=bool(np.isinf(change.lower)),
        holds="" if np.isinf(change.lower) else bound(change.lower, up=False),
        breaks=bound(change.rho, up=True) if change.ahead else "",
        exact=change.exact,
        ahead=names[change.ahead],
        behind=names[change.behind],
    )
    return joined([text, provenance(result, lang=lang)], lang)


def describe_top_margins(margins: Examined, *, top: int, lang: str = "zh") -> str:
    """Which lists of the first k hold furthest and least far, and how far that of the top does."""
    lower, exact = margins.table["lower"], margins.table["exact"]

    def row(k: int) -> dict[str, int | str]:
        return {"k": k, "holds": holds_within(lower[k], lang)}

    text = sentence(
        "top_margins",
        lang,
        top=top,
        most=lower.index[-1],
        own=row(top)["holds"] if top in lower.index else "",
        bounds=int((~exact).sum()),
        firmest=row(lower.idxmax()),
        loosest=row(lower.idxmin()),
    )
    return _said(margins, text, lang)


def describe_left_out(left_out: Examined, *, lang: str = "zh") -> str:
    """What leaving out a level-1 indicator or a leaf shifts most."""
    names, rows = names_of(left_out.result, lang), []
    for part, table in left_out.table.groupby("part", sort=False):
        first = table.iloc[0]
        rows.append(
            {
                "part": label(part, lang),
                "n": len(table),
                "name": names[table.index[0]],
                "shift": format_number(first["average_shift"], 2),
                "largest": int(first["largest_shift"]),
                "unit": names[first["unit"]],
            }
        )
    return _said(left_out, sentence("left_out", lang, rows=rows), lang)


def describe_alternatives(alternatives: Examined, *, lang: str = "zh") -> str:
    """How far places shift under equal weights of several kinds, and who stays in the top."""
    names = names_of(alternatives.result, lang)
    rows = [
        {
            "name": label(kind, lang),
            "shift": format_number(row["average_shift"], 2),
            "largest": int(row["largest_shift"]),
            "unit": names[row["unit"]],
            "kept": int(row["kept"]),
        }
        for kind, row in alternatives.choices["agreement"].iterrows()
    ]
    text = sentence("alternatives", lang, rows=rows, top=alternatives.choices["top"])
    return _said(alternatives, text, lang)


def describe_importance(importance: Examined, *, lang: str = "zh") -> str:
    """Nominal weight against the share in the differences of totals, at level 1."""
    scheme, names = importance.result.scheme, names_of(importance.result, lang)
    table, level = importance.table, "dimension"
    if table.index.isin(scheme.dimensions).any():
        table = table.loc[table.index.isin(scheme.dimensions)]
    else:  # one indicator of level 1 carries everything
        level = "second_level"
    if table.empty:
        return _said(importance, sentence("importance_none", lang), lang)
    gap = (table["effective"] - table["nominal"]).abs().idxmax()
    against = [names[code] for code in table.index[table["effective"] < 0]]
    tops: dict[str, Any] = {
        column: {"name": names[table[column].idxmax()], "share": per_cent(table[column].max())}
        for column in ("nominal", "effective")
    }
    text = sentence(
        "importance",
        lang,
        level=label(level, lang),
        **tops,
        gap={"name": names[gap], **{k: per_cent(table.at[gap, k]) for k in tops}},
        against=against,
    )
    return _said(importance, text, lang)


def describe_movement(movement: Examined, *, lang: str = "zh") -> str:
    """Whose weight owns most of the movement of places, and whether the measures agree."""
    table, names = movement.table, names_of(movement.result, lang)
    if not table.columns.isin(["shapley", "first"]).any():
        about: dict[str, Any] = {"about": drawn_about(movement), "parts": len(table)}
        return _said(movement, sentence("weight_movement_none", lang, **about), lang)

    def most(column: str) -> dict[str, str]:
        code = table[column].idxmax()
        error = points(table.at[code, f"{column}_error"])
        return {"name": names[code], "share": per_cent(table.at[code, column]), "error": error}

    sizes = {k: f"{n:,}" for k, n in movement.choices.items() if k.endswith("_draws")}
    carrier = table["effective"].idxmax() if "effective" in table else ""
    share = per_cent(table.at[carrier, "effective"]) if carrier else ""
    text = sentence(
        "weight_movement",
        lang,
        about=drawn_about(movement) | sizes,
        shapley=most("shapley") if "shapley" in table else None,
        first=most("first") if "first" in table else None,
        total=most("total") if "first" in table else None,
        effective={"name": names[carrier], "share": share},
    )
    return _said(movement, text, lang)


def describe_ways_in(ways: Examined, *, lang: str = "zh", rows: int = 3) -> str:
    """Who gets into the top, or to the first place, under which weights."""
    names, goals = names_of(ways.result, lang), {}
    for goal in ("first", "top"):
        table = ways.table[ways.table["goal"] == goal]
        goals[goal] = [
            {
                "name": names[unit],
                "share": per_cent(row["share"]),
                "error": points(row["error"]),
                "raised": names[row["raised"]],
                "up": per_cent(row[row["raised"]]),
                "lowered": names[row["lowered"]],
                "down": per_cent(abs(row[row["lowered"]])),
            }
            for unit, row in table.iterrows()
        ]
    scheme = ways.result.scheme
    about = {"about": drawn_about(ways), "top": ways.choices["top"], "rows": rows}
    about["inside"] = len(scheme.leaves) > len(scheme.dimensions)
    text = sentence("ways_in", lang, **about, list=goals["top"], first=goals["first"])
    return _said(ways, text, lang)
