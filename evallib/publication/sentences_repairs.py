"""Generated sentences about one site's losses, repairs, rounds, findings and peers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evallib.publication import facts
from evallib.publication.sentences_site import leaf_names, points, with_provenance
from evallib.publication.sentences_weights import per_cent
from evallib.publication.wording import listing, name_of, sentence, unit_names
from evallib.rounding import NOISE_DECIMALS, format_number, round_number

NAMED = 3  # indicators that a sentence names


def losses(card, lang, *, named=NAMED) -> str:
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


def repairs(card, lang) -> str:
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


def _best_repair(card, kind, lang):
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
        "place": None if gained is None else where.rank - gained,
    }


def rounds(card, lang) -> str:
    """What the initial round found and what became of it; empty where none is kept."""
    basis, unit = card.basis, card.unit
    if card.rounds is None:
        return ""
    first, last = basis.initial, basis.result
    if not np.isfinite(first.total[unit]) or first.index.loc[unit].isna().all():
        return sentence("card_rounds", lang, kept=False)
    states = card.rounds["state"].value_counts()
    short = first.index.loc[unit].round(NOISE_DECIMALS) < 1
    counts = {key: int(states.get(key, 0)) for key in ("repaired", "improved", "open", "lowered")}
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


def findings(card, lang) -> str:
    """Findings that hold for the site; that none does, where there is a list."""
    rules = card.basis.result.rules
    texts = {code: getattr(found, lang) or found.zh for code, found in rules.findings.items()}
    held = [texts[code] for code in card.findings]
    return sentence("card_findings", lang, held=held, listed=len(texts))


def peers(card, lang) -> str:
    """What the table of peers shows, or why there is none."""
    if card.peers.empty:
        return sentence("card_peers_none", lang, lost=len(card.losses))
    result, study = card.basis.result, card.basis.study
    kind = result.units.at[card.unit, "class"]
    return sentence("card_peers", lang, kind=name_of(kind, study, lang) if kind else "")


def named_peers(card, row, lang) -> str:
    """The peers of one indicator, each with its score index."""
    names = unit_names(card.basis.result.units, lang)
    texts = [
        sentence(
            "card_peer", lang, name=names[unit], index=format_number(index, facts.INDEX_DECIMALS)
        )
        for unit, index in zip(row["peers"], row["peer_index"], strict=True)
    ]
    return listing(texts, lang)


def describe_site_losses(card, *, lang="zh") -> str:
    """Where one site lost points, and what one repair would bring."""
    return with_provenance(card, [losses(card, lang), repairs(card, lang)], lang)


def describe_site_rounds(card, *, lang="zh") -> str:
    """What the initial round found at one site, what was repaired, and which findings hold."""
    said = rounds(card, lang) or sentence("card_rounds_none", lang)
    return with_provenance(card, [said, findings(card, lang)], lang)
