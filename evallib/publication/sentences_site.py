"""Generated sentences about one site: place, profile, losses, repairs, rounds, findings, peers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from evallib.publication import facts
from evallib.publication.sentences import joined, provenance
from evallib.publication.sentences_weights import per_cent
from evallib.publication.site_facts import SiteCard, same_scheme
from evallib.publication.wording import label, listing, name_of, sentence, unit_names
from evallib.rounding import NOISE_DECIMALS, format_number, round_number
from evallib.study.rules import Rules
from evallib.study.scheme import Scheme

Words = dict[str, Any]
NAMED = 3  # indicators that a sentence names


def site_name(card: SiteCard, lang: str) -> str:
    """Printed name of the site."""
    return unit_names(card.basis.result.units, lang)[card.unit]


def points(value: float, rules: Rules) -> str:
    """A positive difference of points as it prints; one that would print as 0 says less than."""
    text = format_number(value, rules.decimals, rules.rounding)
    if text == "0" and round(value, NOISE_DECIMALS) > 0:
        return f"<{format_number(10.0**-rules.decimals, rules.decimals)}"
    return text


def leaf_names(scheme: Scheme, lang: str) -> dict[str, str]:
    """Name of every node; of a leaf in Chinese, or with a name used twice, after its parent's.

    A short name such as 更新 says nothing without the node above it.
    """
    names = scheme.names(lang)
    uses, full = Counter(names[leaf] for leaf in scheme.leaves), dict(names)
    for leaf in scheme.leaves:
        parent = scheme.parent(leaf)
        if parent != scheme.root and names[parent] != names[leaf]:
            if lang == "zh":
                full[leaf] = f"{names[parent]}·{names[leaf]}"
            elif uses[names[leaf]] > 1:
                full[leaf] = f"{names[parent]}: {names[leaf]}"
    return full


def group_name(card: SiteCard, lang: str) -> str:
    """Printed name of the population that the site is compared with; see dimension_profile."""
    result, group = card.basis.result, card.position.group
    alone = int((result.units["group"] == group).sum()) == 1
    return label("card_alone", lang) if alone else name_of(group, card.basis.study, lang)


def position(card: SiteCard, lang: str) -> str:
    """Total and place, the distance to the next ones, and to the threshold."""
    where, result = card.position, card.basis.result
    margin = where.margin or 0.0
    return sentence(
        "card_position",
        lang,
        year=result.year,
        total=None if where.total is None else result.printed[card.unit],
        veto=bool(result.veto[card.unit]),
        rank=where.rank,
        ranked=where.ranked,
        tied=where.tied,
        ahead=where.ahead and points(where.ahead, result.rules),
        behind=where.behind and points(where.behind, result.rules),
        reached=where.reached,
        above=margin > 0,
        margin=points(abs(margin), result.rules),
        threshold=format_number(result.rules.threshold, 2),
    )


def places(card: SiteCard, lang: str) -> str:
    """The range of places under other weights; empty for a site that is not ranked."""
    where, choices = card.position, card.basis.choices
    if where.low is None:
        return ""
    about: Words = {"spread": per_cent(choices["spread"]), "level": per_cent(choices["level"])}
    about |= {"draws": choices["draws"], "seed": choices["seed"]}
    best = None if where.worst is None else where.best
    ends: Words = {"low": where.low, "high": where.high, "best": best, "worst": where.worst}
    return sentence("card_places", lang, **about, **ends)


def last_year(card: SiteCard, lang: str) -> str:
    """Total and place of the previous year and the change since; empty without one."""
    where, basis = card.position, card.basis
    if basis.before is None:
        return ""
    about: Words = {"previous": basis.year_before, "year": basis.year}
    if pd.isna(basis.was[card.unit]):
        return sentence("card_last", lang, incomparable=True, **about)
    if where.total_before is None or where.total is None:
        return ""
    rules = basis.result.rules
    size, sign, agrees = facts.printed_change(where.total_before, where.total, rules)
    return sentence(
        "card_last",
        lang,
        incomparable=False,
        before=format_number(where.total_before, rules.decimals, rules.rounding),
        rank_before=where.rank_before,
        size=size,
        sign=sign,
        agrees=agrees,
        places=where.gained,
        same=same_scheme(basis),
        **about,
    )


def profile(card: SiteCard, lang: str) -> list[str]:
    """Dimensions above and below the group; and, where it compares, above and below last year."""
    basis, names, table = card.basis, card.basis.result.scheme.names(lang), card.profile
    above, below, level = _compared(table, "group", names)
    about: Words = {"group": group_name(card, lang), "level": [row["name"] for row in level]}
    said = [sentence("card_profile", lang, above=above, below=below, **about)]
    known = table[table["before"].notna()]
    if len(known):
        up, down, _ = _compared(known, "before", names)
        changed = [names[code] for code in known.index[~known["same"]]]
        about = {"previous": basis.year_before, "year": basis.year, "changed": changed}
        said.append(sentence("card_profile_before", lang, up=up, down=down, **about))
    return said


def _compared(table: pd.DataFrame, other: str, names: dict[str, str]) -> tuple[list[Words], ...]:
    """Rows above, below and equal in print, each with both printed indices, widest gap first."""
    shown = pd.DataFrame(
        {column: round_number(table[column], facts.INDEX_DECIMALS) for column in ("index", other)},
        index=table.index,
    )
    gap = (shown["index"] - shown[other]).round(NOISE_DECIMALS)
    gap = gap.loc[gap.abs().sort_values(ascending=False, kind="stable").index]

    def rows(chosen: pd.Series) -> list[Words]:
        return [
            {
                "name": names[code],
                "own": format_number(table.at[code, "index"], facts.INDEX_DECIMALS),
                "other": format_number(table.at[code, other], facts.INDEX_DECIMALS),
            }
            for code in gap.index[chosen]
        ]

    return rows(gap > 0), rows(gap < 0), rows(gap == 0)


def describe_site(card: SiteCard, *, lang: str = "zh") -> str:
    """Total, place, range of places and change since last year of one site."""
    said = [position(card, lang), places(card, lang), last_year(card, lang)]
    return with_provenance(card, said, lang)


def describe_site_profile(card: SiteCard, *, lang: str = "zh") -> str:
    """Level-1 score indices of one site against its group and against last year."""
    return with_provenance(card, profile(card, lang), lang)


def with_provenance(card: SiteCard, said: list[str], lang: str) -> str:
    """Sentences as one paragraph, and what kind of data they rest on."""
    return joined([*said, provenance(card.basis.result, lang=lang)], lang)


def losses(card: SiteCard, lang: str, *, named: int = NAMED) -> str:
    """How many points are lost, in how many leaves, and the names of those that cost most."""
    table, result = card.losses, card.basis.result
    names, rules = leaf_names(result.scheme, lang), result.rules
    additive = result.scheme.is_linear and rules.tier_decimals is None
    total = float(table["lost"].sum())
    first = table["lost"].head(NAMED)
    return sentence(
        "card_losses",
        lang,
        n=len(table),
        additive=additive,
        lost=points(total, rules),
        share=per_cent(first.sum() / total) if additive and total > 0 else "",
        names=[
            sentence("card_scored", lang, name=names[code], points=points(value, rules))
            for code, value in first.head(named).items()
        ],
        first=len(first),
    )


def repairs(card: SiteCard, lang: str) -> str:
    """What full marks, or one step, in one leaf alone would bring in points and places."""
    where, result, table = card.position, card.basis.result, card.losses
    if result.veto[card.unit]:
        return sentence("card_repairs_veto", lang)
    rules, threshold = result.rules, result.rules.threshold
    stepped = table["step_gain"].notna().any()
    reaching = None
    if not where.reached and where.total is not None:
        totals = round_number(where.total + table["full_gain"], rules.decimals, rules.rounding)
        reaching = int((totals >= threshold).sum())
    moving = int((table["step_places"].fillna(0) > 0).sum())
    return sentence(
        "card_repairs",
        lang,
        full=_best_repair(card, "full", lang) if len(table) else None,
        step=_best_repair(card, "step", lang) if stepped else None,
        moving=moving if stepped and where.rank not in (None, 1) else None,
        reaching=reaching,
        threshold=format_number(threshold, 2),
    )


def _best_repair(card: SiteCard, kind: str, lang: str) -> dict[str, Any]:
    """The repair that brings most points; among equals, most places, then the costliest leaf."""
    table, where, result = card.losses, card.position, card.basis.result
    gains = table[f"{kind}_gain"].round(NOISE_DECIMALS)
    order = pd.DataFrame({"gain": -gains, "places": -table[f"{kind}_places"].fillna(0)})
    code = order.sort_values(["gain", "places"], kind="stable").index[0]
    row, rules = table.loc[code], result.rules
    gained = None if pd.isna(row[f"{kind}_places"]) else int(row[f"{kind}_places"])
    total = where.total + row[f"{kind}_gain"]
    return {
        "name": leaf_names(result.scheme, lang)[code],
        "gain": points(row[f"{kind}_gain"], rules),
        "total": format_number(total, rules.decimals, rules.rounding),
        "gained": gained,
        "place": None if gained is None or where.rank is None else where.rank - gained,
    }


def rounds(card: SiteCard, lang: str) -> str:
    """What the initial round found and what became of it; empty where none is kept."""
    basis, unit = card.basis, card.unit
    if card.rounds is None:
        return ""
    first, last = basis.first, basis.result
    if not np.isfinite(first.total[unit]) or first.index.loc[unit].isna().all():
        return sentence("card_rounds", lang, kept=False)
    states = card.rounds["state"].value_counts()
    short = first.index.loc[unit].round(NOISE_DECIMALS) < 1
    counts: Words = {k: int(states.get(k, 0)) for k in ("repaired", "improved", "open", "lowered")}
    return sentence(
        "card_rounds",
        lang,
        kept=True,
        before=first.printed[unit],
        rank_before=None if pd.isna(first.rank[unit]) else int(first.rank[unit]),
        total=last.printed[unit],
        rank=card.position.rank,
        found=int(short.sum()),
        incomparable=int(states.get("incomparable", 0)),
        **counts,
    )


def findings(card: SiteCard, lang: str) -> str:
    """Findings that hold for the site; that none does, where there is a list."""
    rules = card.basis.result.rules
    texts = {code: getattr(found, lang) or found.zh for code, found in rules.findings.items()}
    held = [texts[code] for code in card.findings]
    return sentence("card_findings", lang, held=held, listed=len(texts))


def peers(card: SiteCard, lang: str) -> str:
    """What the table of peers shows, or why there is none."""
    if card.peers.empty:
        return sentence("card_peers_none", lang, lost=len(card.losses))
    result, study = card.basis.result, card.basis.study
    kind = result.units.at[card.unit, "class"]
    return sentence("card_peers", lang, kind=name_of(kind, study, lang) if kind else "")


def named_peers(card: SiteCard, row: pd.Series, lang: str) -> str:
    """The peers of one indicator, each with its score index."""
    names = unit_names(card.basis.result.units, lang)
    texts = [
        sentence(
            "card_peer", lang, name=names[unit], index=format_number(index, facts.INDEX_DECIMALS)
        )
        for unit, index in zip(row["peers"], row["peer_index"], strict=True)
    ]
    return listing(texts, lang)


def describe_site_losses(card: SiteCard, *, lang: str = "zh") -> str:
    """Where one site lost points, and what one repair would bring."""
    return with_provenance(card, [losses(card, lang), repairs(card, lang)], lang)


def describe_site_rounds(card: SiteCard, *, lang: str = "zh") -> str:
    """What the initial round found at one site, what was repaired, and which findings hold."""
    said = rounds(card, lang) or sentence("card_rounds_none", lang)
    return with_provenance(card, [said, findings(card, lang)], lang)
