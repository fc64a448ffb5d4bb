"""What weights do to a ranking: the tables behind the pictures and sentences of 03_weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.firmness.breakpoints import Breakpoints
from evallib.firmness.changes import SmallestChange, smallest_change
from evallib.firmness.engine import engine, places_under
from evallib.firmness.sensitivity import covariance_shares, shifts_without
from evallib.publication.wording import unit_names
from evallib.scoring import Evaluation
from evallib.study.scheme import Scheme

LEVELS = (1, 2)  # of the indicators that are moved one at a time
STATEMENTS = ("first", "top", "order")
NAMED = ["unit", "ahead", "behind", "lower", "raised", "lowered", "moved_by"]  # hold codes


@dataclass(frozen=True)
class Examined:
    """A table about an evaluation and the choices that it rests on, so that it captions itself."""

    result: Evaluation
    table: pd.DataFrame
    choices: dict[str, Any]


def named(examined: Examined, *, lang: str = "zh") -> pd.DataFrame:
    """The table with printed names: of what the rows are about, and of units in its cells."""
    names, table = names_of(examined.result, lang), examined.table.copy()
    for column in table.columns.intersection(NAMED):
        if not pd.api.types.is_numeric_dtype(table[column]):
            table[column] = table[column].map(names)
    for column in table.filter(like="_pair_").columns:
        pairs = table[column].str.split(" / ")
        table[column] = pairs.map(lambda pair: " / ".join(names[unit] for unit in pair))
    if table.index.isin(list(names)).all():
        table.insert(0, "name", table.index.map(names))
        table = table.rename_axis(None)
    return table


def names_of(result: Evaluation, lang: str) -> dict[str, str]:
    """Printed names of all nodes and units by code; "" has none."""
    return {"": "", **result.scheme.names(lang), **unit_names(result.units, lang)}


def moved_nodes(scheme: Scheme) -> list[str]:
    """Indicators of level 1 and 2 that carry some of the weight, but not all of it."""
    weights = scheme.node_weights
    return [
        code
        for code in scheme.codes
        if scheme.level(code) in LEVELS and 0 < weights[code] < 1 - 1e-12
    ]


def swings(result: Evaluation, *, spread: float, top: int) -> Examined:
    """What happens to places when one indicator's weight is swung by a share of itself.

    The weight of one indicator of level 1 or 2 goes down and up by ``spread``; proportions inside
    it stay, and all other weights are scaled so that the sum stays.

    Parameters
    ----------
    result : Evaluation
    spread : float, above 0 and below 1
    top : int

    Returns
    -------
    Examined
        Table by node, most moved first: ``weight`` (0 to 1); for ``down`` and ``up`` each:
        ``moved_*`` (units whose place changes), ``shift_*`` (mean places moved over all units)
        and ``top_*`` (units that enter or leave the top, whichever are more). Missing where the
        weight would pass 1.
    """
    if not 0 < spread < 1:
        raise ValueError(f"spread lies between 0 and 1, not {spread!r}")
    scheme, machine = result.scheme, engine(result)
    now = places_under(machine, scheme.weights.to_numpy()[None])[0][0]
    rows = {}
    for code in moved_nodes(scheme):
        row = {"weight": scheme.node_weights[code]}
        for side, change in (("down", -spread), ("up", spread)):
            weights = _swung(scheme, code, change)
            if weights is None:
                continue
            then = places_under(machine, weights[None])[0][0]
            entered, left = ((then <= top) & (now > top)).sum(), ((now <= top) & (then > top)).sum()
            row |= {f"moved_{side}": (now != then).sum(), f"shift_{side}": abs(now - then).mean()}
            row[f"top_{side}"] = max(entered, left)
        rows[code] = row
    columns = [
        "weight",
        *(f"{k}_{side}" for side in ("down", "up") for k in ("moved", "shift", "top")),
    ]
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=columns)
    counts = [name for name in columns if name.startswith(("moved", "top"))]
    table = table.astype(dict.fromkeys(counts, "Int64"))
    most = table[["moved_down", "moved_up"]].max(axis=1)
    order = most.sort_values(ascending=False, kind="stable").index
    return Examined(result, table.loc[order], {"spread": spread, "top": top})


def _swung(scheme: Scheme, code: str, change: float) -> np.ndarray | None:
    """Leaf weights after the swing of one node; None where its weight would pass 1."""
    weights, under = scheme.weights.to_numpy(), scheme.under[code].to_numpy() == 1
    now = weights[under].sum()
    then = now * (1 + change)
    if then >= 1:
        return None
    return np.where(under, weights * (1 + change), weights * (1 - then) / (1 - now))


def spans(result: Evaluation, points: Breakpoints) -> Examined:
    """How far the weight of each indicator of level 1 and 2 may move, as a share of itself.

    Parameters
    ----------
    result : Evaluation
    points : Breakpoints of that result

    Returns
    -------
    Examined
        Table by node in tree order: ``weight``; for each of ``first``, ``top`` and ``order`` the
        relative changes ``*_down`` (negative) and ``*_up`` at which it ends, NaN where it never
        does; and ``*_pair_down``, ``*_pair_up``, the unit ahead and the one that catches up.
    """
    table = points.table[points.table["node"].isin(moved_nodes(result.scheme))].set_index("node")
    parts = [table.groupby(level=0, sort=False)["weight"].first()]
    for holds in STATEMENTS:
        part = table[table["holds"] == holds]
        for side, end in (("down", "low"), ("up", "high")):
            met = part[f"{end}_ahead"] != ""
            parts.append((part[end] / part["weight"] - 1).where(met).rename(f"{holds}_{side}"))
            pair = part[f"{end}_ahead"] + " / " + part[f"{end}_behind"]
            parts.append(pair.where(met, "").rename(f"{holds}_pair_{side}"))
    choices = {"top": points.top, "ties": len(points.ties), "bands": points.bands["band"].nunique()}
    return Examined(result, pd.concat(parts, axis=1), choices)


def nearest(examined: Examined, holds: str) -> dict[str, Any] | None:
    """The smallest relative change of one weight that ends a statement; None where none does."""
    ends = examined.table[[f"{holds}_down", f"{holds}_up"]].abs()
    if ends.isna().all(axis=None):
        return None
    end = ends.min().idxmin()
    node = ends[end].idxmin()
    row = examined.table.loc[node]
    ahead, behind = row[end.replace("_", "_pair_")].split(" / ")
    then = row["weight"] * (1 + row[end])
    return {"node": node, "change": row[end], "then": then, "ahead": ahead, "behind": behind}


def top_margins(result: Evaluation, *, up_to: int) -> Examined:
    """For every top k, the smallest relative change of all weights that changes its list.

    Parameters
    ----------
    result : Evaluation
    up_to : int
        Largest k; lists that hold every ranked unit are left out.

    Returns
    -------
    Examined
        Table by k: ``rho``, ``lower`` (shares) and ``exact`` as in SmallestChange, and the pair
        that meets: ``ahead``, ``behind``.

    Raises
    ------
    DataError
        If fewer than two units are ranked: every list holds all of them.
    """
    if result.rank.count() < 2:
        raise DataError(f"{result.study} {result.year}: one ranked unit makes no list to change")
    sizes = range(1, min(up_to, int(result.rank.count()) - 1) + 1)
    rows = {}
    for k in sizes:
        found = smallest_change(result, top=k)
        rows[k] = (found.rho, found.lower, found.exact, found.ahead, found.behind)
    columns = ["rho", "lower", "exact", "ahead", "behind"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return Examined(result, table.rename_axis("top"), {"up_to": up_to})


def weight_moves(change: SmallestChange, result: Evaluation, *, lang: str = "zh") -> pd.DataFrame:
    """The weights of a smallest change in per cent, leaf by leaf, largest move first."""
    table = 100 * change.weights
    table.insert(0, "name", pd.Series(result.scheme.names(lang)))
    order = (table["then"] - table["now"]).abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order]


def proof_table(change: SmallestChange, result: Evaluation, *, lang: str = "zh") -> pd.DataFrame:
    """Totals and places before and after a smallest change, of units whose place it moves."""
    proof = change.proof
    shown = (proof["place_now"] != proof["place_then"]) | proof.index.isin(
        [change.ahead, change.behind]
    )
    table = proof[shown].sort_values(["place_then", "place_now"], kind="stable")
    table.insert(0, "name", pd.Series(unit_names(result.units, lang)))
    return table


def left_out(result: Evaluation) -> Examined:
    """What leaving out one leaf, or one level-1 indicator, does to the places.

    Returns
    -------
    Examined
        Table by node, level-1 indicators first, then leaves, each by falling shift: ``part``
        (``dimension`` or ``leaf``), ``weight``, ``average_shift`` in places, ``largest_shift`` and
        the ``unit`` that makes it.
    """
    scheme, tables = result.scheme, []
    above = [code for code in scheme.dimensions if code not in scheme.leaves]
    parts = {"dimension": above if len(scheme.dimensions) > 1 else [], "leaf": scheme.leaves}
    for kind, codes in parts.items():
        if not codes:
            continue
        shift = shifts_without(result, at=kind)[codes].abs()
        table = pd.DataFrame({
            "part": kind,
            "weight": scheme.node_weights[codes],
            "average_shift": shift.mean().astype(float),
            "largest_shift": shift.max().astype(int),
            "unit": shift.idxmax(),
        })  # fmt: skip
        tables.append(table.sort_values("average_shift", ascending=False, kind="stable"))
    return Examined(result, pd.concat(tables), {})


def importance(result: Evaluation) -> Examined:
    """Nominal weight of every indicator of level 1 and 2 beside what it does.

    Returns
    -------
    Examined
        Table by node in tree order: ``nominal`` and ``effective`` (its covariance share of the
        variance of the base, 0 to 1).
    """
    return Examined(result, covariance_shares(result).loc[moved_nodes(result.scheme)], {})
