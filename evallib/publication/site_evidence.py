"""Sentences that evidence adds to a card: why a leaf lost points, and what can be mended."""

from __future__ import annotations

from evallib.publication.sentences_evidence import why_lost
from evallib.publication.sentences_site import leaf_names, points
from evallib.publication.site_facts import SiteCard
from evallib.publication.wording import sentence

NAMED = 3  # indicators that the sentence on repairs names


def reasons(card: SiteCard, lang: str) -> dict[str, str]:
    """Why each measured leaf that has lost points lost them, by leaf."""
    known, year = card.basis.evidence, card.basis.study.years[card.basis.year]
    if known is None or year.measured is None:
        return {}
    marks = year.measured.marks
    mine = marks[marks["unit"] == card.unit].set_index("indicator")
    return {
        code: why_lost(
            year.measuring.leaves[code], mine.loc[code], known.faults[code].loc[card.unit], lang
        )
        for code in card.losses.index
        if code in known.faults
    }


def mendable(card: SiteCard, lang: str) -> str:
    """The losses whose faults the evidence lists and a site can still mend; empty without any."""
    known = card.basis.evidence
    if known is None:
        return ""
    rows = known.repairs[(known.repairs["unit"] == card.unit) & (known.repairs["what"] == "repair")]
    losses = card.losses["lost"]
    losses = losses[losses.index.isin(rows["indicator"])]
    if losses.empty:
        return ""
    names, rules = leaf_names(card.basis.result.scheme, lang), card.basis.result.rules
    return sentence(
        "card_mendable",
        lang,
        n=len(losses),
        more=len(losses) - NAMED,
        names=[
            sentence("card_scored", lang, name=names[code], points=points(value, rules))
            for code, value in losses.head(NAMED).items()
        ],
    )
