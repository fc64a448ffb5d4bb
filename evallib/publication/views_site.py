"""Tables about one site for a notebook: names beside numbers, rounded by the reader."""

from __future__ import annotations

import pandas as pd

from evallib.publication.sentences_repairs import named_peers
from evallib.publication.sentences_site import leaf_names
from evallib.publication.wording import label


def site_profile_table(card, *, lang="zh") -> pd.DataFrame:
    """Dimensions: name, points at most and lost, index, that of the group, and of last year."""
    table, names = card.profile.copy(), card.basis.result.scheme.names(lang)
    table.insert(0, "name", [names[code] for code in table.index])
    return table[["name", "points", "lost", "index", "group", "before", "same"]]


def site_loss_table(card, *, lang="zh") -> pd.DataFrame:
    """Losses by leaf, and what one step or full marks in that leaf alone would bring."""
    table, names = card.losses.copy(), leaf_names(card.basis.result.scheme, lang)
    table.insert(0, "name", [names[code] for code in table.index])
    return table


def site_round_table(card, *, lang="zh") -> pd.DataFrame:
    """What the initial round found and what became of it; empty where none is kept."""
    columns = ["name", "initial", "final", "best", "gain", "state"]
    if card.rounds is None:
        return pd.DataFrame(columns=columns)
    table, names = card.rounds.copy(), leaf_names(card.basis.result.scheme, lang)
    table.insert(0, "name", [names[code] for code in table.index])
    table["state"] = [label(f"card_state_{state}", lang) for state in table["state"]]
    return table[columns]


def site_peer_table(card, *, lang="zh") -> pd.DataFrame:
    """Weakest indicators, and who of the class does better there."""
    table, names = card.peers.copy(), card.basis.result.scheme.names(lang)
    table["peers"] = [named_peers(card, row, lang) for _, row in card.peers.iterrows()]
    table.insert(0, "name", [names[code] for code in table.index])
    return table.drop(columns="peer_index")
