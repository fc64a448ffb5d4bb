"""What stands on a site's card, as printed text for page and document, and as tables to read on."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pandas as pd

from evallib.publication import facts
from evallib.publication import sentences_site as said
from evallib.publication.figures_site import LEAVES
from evallib.publication.sentences import joined, provenance
from evallib.publication.sentences_weights import per_cent
from evallib.publication.site_evidence import mendable, reasons
from evallib.publication.site_facts import SiteCard
from evallib.publication.site_repairs import STATES
from evallib.publication.wording import label, name_of, sentence
from evallib.publication.year_over_year import signed
from evallib.rounding import format_number

LOSSES = LEAVES  # leaves that the table of losses names; the others share its last row
ITEMS = 6  # leaves that a row of the initial round names before it counts the rest
COLUMNS = (
    "indicator", "lost", "step", "full", "step_total", "full_total",
    "state", "count", "names", "own", "better", "learn",
)  # fmt: skip


def card_texts(card: SiteCard, *, lang: str) -> dict[str, Any]:
    """Everything that a card prints but its picture, by the names that the templates know."""
    basis, result = card.basis, card.basis.result
    units, study = result.units.loc[card.unit], basis.study
    about = {"group": name_of(units["group"], study, lang), "unit": card.unit}
    about["kind"] = name_of(units["class"], study, lang) if units["class"] else ""
    place = [said.position(card, lang), said.places(card, lang), said.last_year(card, lang)]
    lost = [said.losses(card, lang, named=0), said.repairs(card, lang), mendable(card, lang)]
    spoken = {
        "profile": [joined(place, lang), joined(said.profile(card, lang), lang)],
        "losses": [joined(lost, lang)],
        "rounds": [said.rounds(card, lang)],
        "peers": [said.peers(card, lang)],
        "findings": [said.findings(card, lang)],
    }
    heads = {name: label(f"card_section_{name}", lang) for name in spoken}
    columns = {name: label(f"card_{name}", lang) for name in COLUMNS}
    columns |= {"mark": label("card_mark_of", lang), "total": label("card_then_total", lang)}
    losses, rest = _losses(card, lang)
    return {
        "lang": lang,
        "mark": sentence("card_mark", lang, provenance=study.provenance),
        "name": said.site_name(card, lang),
        "subtitle": sentence("card_subtitle", lang, year=basis.year, study=study.name(lang)),
        "about": sentence("card_about", lang, **about),
        "key": _key(card, lang),
        "said": {name: [text for text in texts if text] for name, texts in spoken.items()},
        "heads": heads,
        "columns": columns | {"rank": label("card_then_rank", lang)},
        "alt": joined(
            [*spoken["profile"], said.losses(card, lang), provenance(result, lang=lang)], lang
        ),
        "losses": losses,
        "rest": rest,
        "steps": bool(card.losses["step_gain"].notna().any()),
        "states": _states(card, lang),
        "peers": _peers(card, lang),
        "note": _note(card, lang),
    }


def _note(card: SiteCard, lang: str) -> str | None:
    measures = card.basis.study.years[card.basis.year].measures
    return sentence(
        "card_note",
        lang,
        version=version("evallib"),
        rounds=card.rounds is not None,
        as_of=None if measures is None else measures.as_of.isoformat(),
    )


def _key(card: SiteCard, lang: str) -> list[dict[str, str]]:
    """The four boxes on top: total, place, range of places, last year."""
    where, result = card.position, card.basis.result
    boxes = [_total(card, lang)]
    if where.rank is None:
        boxes.append({"label": label("card_rank", lang), "value": label("card_no_rank", lang)})
    else:
        group = name_of(where.group, card.basis.study, lang)
        several = len(set(result.units["group"])) > 1
        note: dict[str, Any] = {"ranked": where.ranked, "group": group, "several": several}
        note |= {"group_rank": where.group_rank, "group_ranked": where.group_ranked}
        boxes.append(
            {
                "label": label("card_rank", lang),
                "value": sentence("card_place", lang, rank=where.rank),
                "note": sentence("card_of", lang, **note),
            }
        )
        choices = card.basis.choices
        about = {name: per_cent(choices[name]) for name in ("spread", "level")}
        boxes.append(
            {
                "label": label("card_range", lang),
                "value": sentence("card_range", lang, low=where.low, high=where.high),
                "note": sentence("card_range_note", lang, **about),
            }
        )
    if card.basis.before is not None:
        boxes.append(_before(card, lang))
    return [{"note": ""} | box for box in boxes]


def _total(card: SiteCard, lang: str) -> dict[str, str]:
    result, unit, rules = card.basis.result, card.unit, card.basis.result.rules
    parts = {
        name: format_number(getattr(result, name)[unit], rules.decimals, rules.rounding)
        for name in ("base", "bonus", "penalty")
    }
    adjusted = bool((result.bonus > 0).any() or (result.penalty > 0).any())
    scale = format_number(rules.scale, rules.decimals)
    note = sentence("card_points", lang, adjusted=adjusted, scale=scale, **parts)
    value = label("fail", lang) if card.position.total is None else result.printed[unit]
    return {"label": label("card_total", lang), "value": value, "note": note}


def _before(card: SiteCard, lang: str) -> dict[str, str]:
    where, basis, rules = card.position, card.basis, card.basis.result.rules
    box = {"label": label("card_before", lang).format(year=basis.year_before)}
    if where.total_before is None or where.total is None:
        return box | {"value": label("card_new", lang)}
    total = format_number(where.total_before, rules.decimals, rules.rounding)
    change = signed(where.total - where.total_before, rules.decimals, rules.rounding)
    gained = where.gained
    places = None if gained is None else signed(gained, 0)
    note: dict[str, Any] = {"rank": where.rank_before, "points": change, "places": places}
    value = sentence("card_before", lang, total=total)
    return box | {"value": value, "note": sentence("card_before_note", lang, **note)}


def _losses(card: SiteCard, lang: str) -> tuple[list[dict[str, str]], dict[str, str] | None]:
    """Printed rows of the table of losses, and the row of those it does not name."""
    table, rules = card.losses, card.basis.result.rules
    names = said.leaf_names(card.basis.result.scheme, lang)
    rows, why = [], reasons(card, lang)
    for code, row in table.head(LOSSES).iterrows():
        texts = {"name": names[code], "mark": _mark(row["mark"], row["best"])}
        texts["lost"] = said.points(row["lost"], rules)
        texts["why"] = sentence("card_why", lang, why=why.get(code, ""))
        for kind in ("step", "full"):
            texts |= _after(card, row, kind)
        rows.append(texts)
    more = table.iloc[LOSSES:]
    rest = {
        "name": sentence("card_rest", lang, n=len(more)),
        "lost": said.points(float(more["lost"].sum()), rules),
    }
    return rows, rest if len(more) else None


def _mark(mark: float, best: float) -> str:
    shown = "—" if pd.isna(mark) else format_number(mark, 4)
    return f"{shown} / {format_number(best, 4)}"


def _after(card: SiteCard, row: pd.Series, kind: str) -> dict[str, str]:
    """Total and place after a repair, with the places gained; empty where there are none."""
    where, rules = card.position, card.basis.result.rules
    gain, gained = row[f"{kind}_gain"], row[f"{kind}_places"]
    total = None if pd.isna(gain) or where.total is None else where.total + gain
    shown = "" if total is None else format_number(total, rules.decimals, rules.rounding)
    place = "" if pd.isna(gained) or where.rank is None else str(where.rank - int(gained))
    arrow = "" if pd.isna(gained) or not gained else f" ({signed(int(gained), 0)})"
    return {f"{kind}_total": shown, f"{kind}_rank": f"{place}{arrow}"}


def _states(card: SiteCard, lang: str) -> list[dict[str, Any]]:
    """What became of the losses of the initial round: a row per state that occurs."""
    if card.rounds is None or card.rounds.empty:
        return []
    names = said.leaf_names(card.basis.result.scheme, lang)
    rows = []
    for state in STATES:
        items = [names[code] for code in card.rounds.index[card.rounds["state"] == state]]
        if items:
            shown = sentence("card_and_more", lang, names=items[:ITEMS], n=len(items))
            text = shown if len(items) > ITEMS else sentence("card_list", lang, names=items)
            name = label(f"card_state_{state}", lang)
            rows.append({"state": name, "count": len(items), "names": text})
    return rows


def _peers(card: SiteCard, lang: str) -> list[dict[str, str]]:
    names, rules = card.basis.result.scheme.names(lang), card.basis.result.rules
    return [
        {
            "name": names[code],
            "lost": said.points(row["lost"], rules),
            "own": format_number(row["index"], facts.INDEX_DECIMALS),
            "better": sentence("card_better", lang, better=row["better"], of=row["of"]),
            "peers": said.named_peers(card, row, lang) or "—",
        }
        for code, row in card.peers.iterrows()
    ]


def site_profile_table(card: SiteCard, *, lang: str = "zh") -> pd.DataFrame:
    """Dimensions: name, points at most and lost, index, that of the group, and of last year."""
    table, names = card.profile.copy(), card.basis.result.scheme.names(lang)
    table.insert(0, "name", [names[code] for code in table.index])
    return table[["name", "points", "lost", "index", "group", "before", "same"]]


def site_loss_table(card: SiteCard, *, lang: str = "zh") -> pd.DataFrame:
    """Losses by leaf, and what one step or full marks in that leaf alone would bring."""
    table, names = card.losses.copy(), said.leaf_names(card.basis.result.scheme, lang)
    table.insert(0, "name", [names[code] for code in table.index])
    return table


def site_round_table(card: SiteCard, *, lang: str = "zh") -> pd.DataFrame:
    """What the initial round found and what became of it; empty where none is kept."""
    columns = ["name", "initial", "final", "best", "gain", "state"]
    if card.rounds is None:
        return pd.DataFrame(columns=columns)
    table, names = card.rounds.copy(), said.leaf_names(card.basis.result.scheme, lang)
    table.insert(0, "name", [names[code] for code in table.index])
    table["state"] = [label(f"card_state_{state}", lang) for state in table["state"]]
    return table[columns]


def site_peer_table(card: SiteCard, *, lang: str = "zh") -> pd.DataFrame:
    """Weakest indicators, and who of the class does better there."""
    table, names = card.peers.copy(), card.basis.result.scheme.names(lang)
    table["peers"] = [said.named_peers(card, row, lang) for _, row in card.peers.iterrows()]
    table.insert(0, "name", [names[code] for code in table.index])
    return table.drop(columns="peer_index")
