"""What one repair would bring, through the scoring engine: points, and places exactly re-ranked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.arrays import IntegerArray

from evallib.publication.card_basis import SiteBasis
from evallib.rounding import NOISE_DECIMALS
from evallib.scoring import Evaluation, granted, node_scores, rank, total_points
from evallib.study.model import Year
from evallib.study.scheme import Node

STATES = ("repaired", "improved", "open", "lowered", "incomparable")


def totals_with(result: Evaluation, unit: str, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Base and total of a unit if its leaf indices were others; gate, caps and veto stay in force.

    Parameters
    ----------
    result : Evaluation
    unit : str
    index : ndarray, m x leaves
        One row of leaf indices per case; NaN where a leaf does not count.
    """
    scheme, rules = result.scheme, result.rules
    mass = np.repeat(result.mass.loc[[unit]].to_numpy(), len(index), axis=0)
    base = pd.Series(node_scores(index, mass, scheme, rules)[:, 0] * rules.scale)
    bonus, penalty = granted(base, result.awarded[unit], result.penalty[unit], rules)
    veto = pd.Series(bool(result.veto[unit]), index=base.index)
    return base.to_numpy(), total_points(base, bonus, penalty, veto, rules).to_numpy()


def place_with(result: Evaluation, unit: str, total: float) -> int | None:
    """The place of a unit if its total were another one and all other totals stayed."""
    if pd.isna(result.rank[unit]):
        return None
    rules, ranked = result.rules, result.total.where(result.units["ranked"]).copy()
    ranked[unit] = total
    places = rank(ranked, decimals=rules.rank_decimals, ties=rules.ties, rounding=rules.rounding)
    return int(places[unit])


def point_losses(result: Evaluation, year: Year, unit: str) -> pd.DataFrame:
    """Where a site lost points, and what raising one leaf alone would bring.

    Parameters
    ----------
    result : Evaluation
    year : Year
    unit : str

    Returns
    -------
    DataFrame by leaf that has lost points, most first
        ``mark`` and ``best`` (full marks, or the better goalpost); ``lost``, what the base gains
        when the leaf alone is raised to full marks. Then, for one ``step`` of the scheme and for
        ``full`` marks: ``*_gain`` in the total and ``*_places`` (places gained, others unchanged;
        missing where the site has none, or the leaf no step).

    Notes
    -----
    Where every node is an arithmetic mean, losses add up to the scale less the base: full marks
    less mark, times the points of the total that one mark is worth to this site.
    """
    now = result.index.loc[unit]
    best = pd.Series({leaf: _best(result.scheme.node(leaf)) for leaf in now.index})
    short = now.index[(now.round(NOISE_DECIMALS) < 1) & (result.mass.loc[unit] > 0)]
    step = pd.Series({leaf: _step(result.scheme.node(leaf)) for leaf in short}, dtype=float)
    marks = year.marks[year.marks["unit"] == unit].set_index("indicator")["mark"]
    table = pd.DataFrame({"mark": marks[short], "best": best[short]}, index=short)
    after = _raised(now, short, pd.Series(1.0, short))
    base, full = totals_with(result, unit, after)
    table["lost"] = base - result.base[unit]
    stepped = totals_with(result, unit, _raised(now, short, (now[short] + step).clip(upper=1)))[1]
    for name, totals in (("step", np.where(step.isna(), np.nan, stepped)), ("full", full)):
        table[f"{name}_gain"] = totals - result.total[unit]
        table[f"{name}_places"] = _places_gained(result, unit, totals)
    table = table[table["lost"].round(NOISE_DECIMALS) > 0]
    return table.sort_values("lost", ascending=False, kind="stable")


def _best(node: Node) -> float:
    return node.goalposts[1] if node.full_marks is None else node.full_marks


def _step(node: Node) -> float:
    """The smallest difference of two marks as a share of full marks; NaN where none is stated."""
    if node.step is None:
        return np.nan
    if node.full_marks is not None:
        return node.step / node.full_marks
    low, high = node.goalposts
    return node.step / abs(high - low)


def _raised(now: pd.Series, leaves: pd.Index, values: pd.Series) -> np.ndarray:
    """One row per leaf: the indices now, that leaf's replaced by its value."""
    rows = np.tile(now.to_numpy(float), (len(leaves), 1))
    rows[np.arange(len(leaves)), now.index.get_indexer(leaves)] = values.fillna(0.0)
    return rows


def _places_gained(result: Evaluation, unit: str, totals: np.ndarray) -> IntegerArray:
    if pd.isna(result.rank[unit]):
        return pd.array([pd.NA] * len(totals), dtype="Int64")
    keys = np.round(totals, NOISE_DECIMALS)
    places: dict[float, Any] = {
        key: place_with(result, unit, key) for key in set(keys[np.isfinite(keys)])
    }
    now = int(result.rank[unit])
    return pd.array([now - places[k] if k in places else pd.NA for k in keys], dtype="Int64")


def round_items(basis: SiteBasis, unit: str) -> pd.DataFrame:
    """What the initial round found at a site, and what became of it by the final round.

    Returns
    -------
    DataFrame by leaf that fell short in the initial round or has moved since, most at stake first
        ``initial`` and ``final`` marks, ``best``; ``gain``, the points of the base that the move
        is worth in the final round; ``state``: repaired (now full), improved (not full), open
        (unchanged), lowered, incomparable (it counts in one of the rounds only).
    """
    year, first, last = basis.study.years[basis.year], basis.first, basis.result
    before, after = (one.index.loc[unit].round(NOISE_DECIMALS) for one in (first, last))
    shown = before.notna() & ((before < 1) | (before != after))
    shown |= before.isna() & after.notna() & first.index.loc[unit].notna().any()
    codes = before.index[shown]
    before, after, now = before[codes], after[codes], last.index.loc[unit]
    table = pd.DataFrame({"initial": _marks(year.initial, unit), "final": _marks(year.marks, unit)})
    table = table.loc[codes]
    table["best"] = [_best(last.scheme.node(code)) for code in codes]
    then = first.index.loc[unit, codes].where(before.notna(), now[codes])
    back = totals_with(last, unit, _raised(now, codes, then.where(before != after, now[codes])))[0]
    table["gain"] = last.base[unit] - back
    cases = [
        before.isna() | after.isna(), after < before, after == before, after < 1,
    ]  # fmt: skip
    names = ["incomparable", "lowered", "open", "improved"]
    table["state"] = np.select(cases, names, "repaired")
    weight = last.mass.loc[unit, codes] * (1 - before.fillna(0.0)).to_numpy()
    order = pd.DataFrame({"state": [STATES.index(s) for s in table["state"]], "stake": -weight})
    order.index = codes
    return table.loc[order.sort_values(["state", "stake"], kind="stable").index]


def _marks(table: pd.DataFrame, unit: str) -> pd.Series:
    return table[table["unit"] == unit].set_index("indicator")["mark"]
