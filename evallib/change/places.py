"""The account of every unit's place: by cause, by own results and others', and by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evallib.change.mixtures import SCHEME, shapley
from evallib.change.pair import UNDIVIDED
from evallib.rounding import print_units
from evallib.study.rules import Rules

if TYPE_CHECKING:
    from evallib.change.pair import Pair

NO_KEY = np.iinfo(np.int64).min


def rank_account(pair: Pair) -> pd.DataFrame:
    """Places of the units ranked in both years; see ``Change.ranks``."""
    field = np.logical_and(*[pair.sides[t]["ranked"][pair.ends(t)].to_numpy() for t in (0, 1)])
    places = [pair.sides[t]["rank"][pair.ends(t)] for t in (0, 1)]
    known = field & places[0].notna().to_numpy() & places[1].notna().to_numpy()
    ends = [one.to_numpy(float, na_value=np.nan)[known] for one in places]
    keys = [sort_keys(pair.mixed.totals[:, field], rules) for rules in pair.rules]
    counted = [_ranks(key, rules) for key, rules in zip(keys, pair.rules, strict=True)]
    joint = np.where(pair.mixed.counted_as[:, None] == 1, counted[1], counted[0])
    inner, split = known[field], _own_others(pair, field)
    outside, cost, higher = zip(*[_outside(pair, t, field, known) for t in (0, 1)], strict=True)
    values = [joint[:, inner], split[:, inner]]
    if pair.causes == [UNDIVIDED]:  # a published place stands where its totals give another
        for rows in values:
            rows[0], rows[-1] = (ends[t] - cost[t].sum(axis=0) for t in (0, 1))
    table = pair.account(ends[0], ends[1], shapley(values[0]), pair.composition(outside, cost))
    table[["own", "others", "scheme_alone"]] = shapley(values[1]).T
    above = [keys[t][-t][:, None] > keys[t][-t][inner] for t in (0, 1)]
    units = pair.ends(1)[field]
    table["lost_to"] = _names(units, above[1] & ~above[0])
    table["gained_on"] = _names(units, above[0] & ~above[1])
    table["entrants_above"] = _names(outside[1], higher[1])
    table["exits_above"] = _names(outside[0], higher[0])
    table.insert(0, "unit_previous", pair.ends(0)[known].to_numpy())
    return table.set_index(pair.ends(1)[known])


def sort_keys(totals: np.ndarray | pd.Series, rules: Rules) -> np.ndarray:
    """Totals in units of the precision at which ranks are decided; the lowest without a total."""
    totals = np.asarray(totals, dtype=float)
    keys, known = np.full(totals.shape, NO_KEY), np.isfinite(totals)
    keys[known] = print_units(totals[known], rules.rank_decimals, rules.rounding)
    return keys


def _ranks(keys: np.ndarray, rules: Rules) -> np.ndarray:
    return pd.DataFrame(keys).rank(axis=1, method=rules.ties, ascending=False).to_numpy()


def _outside(
    pair: Pair, t: int, field: np.ndarray, known: np.ndarray
) -> tuple[pd.Index, np.ndarray, np.ndarray]:
    """Ranked units outside the field; places each costs each unit; whether it is above it."""
    one, rules = pair.sides[t], pair.rules[t]
    units = one.index[one["ranked"] & one["total"].notna()]
    units = units.difference(pair.ends(t)[field], sort=False)
    theirs, inner = (sort_keys(one["total"][u], rules) for u in (units, pair.ends(t)[field]))
    higher = theirs[:, None] > inner[known[field]]
    cost = np.ones(len(units))
    if rules.ties == "dense":  # a value that stands in the field anyway costs nothing
        holders = (theirs[:, None] == theirs).sum(axis=1)
        cost = np.where(np.isin(theirs, inner), 0.0, 1.0 / holders)
    return units, higher * cost[:, None], higher


def _own_others(pair: Pair, field: np.ndarray) -> np.ndarray:
    """Places when own results, those of others and the scheme are of either year: 8 rows."""
    mixed, last = pair.mixed, len(pair.mixed.totals) - 1
    bit = 0
    if SCHEME in mixed.causes:
        bit = 1 << (len(mixed.causes) - 1 - mixed.causes.index(SCHEME))
    key = {
        (p, s): sort_keys(mixed.totals[(last - bit) * p + bit * s][field], pair.rules[s])
        for p, s in np.ndindex(2, 2)
    }
    corners = np.ndindex(2, 2, 2)
    rows = [_place_among(key[own, s], key[o, s], pair.rules[s].ties) for own, o, s in corners]
    return np.array(rows, dtype=float)


def _place_among(own: np.ndarray, others: np.ndarray, ties: str) -> np.ndarray:
    """Place of each unit with its own key among all the others with theirs."""
    levels, which, holders = np.unique(others, return_inverse=True, return_counts=True)
    weight = holders if ties == "min" else np.ones_like(holders)
    below = np.concatenate([[0], np.cumsum(weight)])
    above = below[-1] - below[np.searchsorted(levels, own, side="right")]
    alone = (others > own) & ((ties == "min") | (holders[which] == 1))  # the unit itself
    return 1 + above - alone


def _names(units: pd.Index | pd.Series, hits: np.ndarray) -> pd.Series:
    """For every column of hits, the units of its rows as a tuple."""
    units = np.asarray(units, dtype=object)
    column = pd.Series([tuple(units[hit]) for hit in hits.T], dtype=object)
    return column if len(column) else pd.Series(dtype=object)
