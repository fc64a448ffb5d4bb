"""The published tables, and the one way in which a table becomes a CSV file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from evallib.rounding import NOISE_DECIMALS
from evallib.scoring import Evaluation, rank, score_index
from evallib.study.units import members


def scores_table(result: Evaluation, *, node_ranks: bool = False) -> pd.DataFrame:
    """One row per unit: points, total, places, and the score index of every node, unrounded.

    Parameters
    ----------
    result : Evaluation
    node_ranks : bool
        Add ``rank:<code>``, the place at every node among ranked units, at ten decimals.

    Returns
    -------
    DataFrame in unit order
        ``unit,name,group,class,base,bonus,penalty,veto,total,printed,rank,group_rank,band``, then
        one column per node code, 0 to 1.
    """
    units = result.units
    head = {
        "name": units["name_zh"],
        "group": units["group"],
        "class": units["class"],
        **{name: getattr(result, name) for name in ("base", "bonus", "penalty", "veto", "total")},
        **{name: getattr(result, name) for name in ("printed", "rank", "group_rank", "band")},
    }
    parts = [pd.DataFrame(head, index=units.index), result.scores]
    if node_ranks:
        ranked = result.scores[units["ranked"]]
        places = {
            f"rank:{code}": rank(ranked[code], decimals=NOISE_DECIMALS, ties=result.rules.ties)
            for code in ranked
        }
        parts.append(pd.DataFrame(places).reindex(units.index))
    return pd.concat(parts, axis=1).rename_axis("unit").reset_index()


def index_populations(units: pd.DataFrame) -> list[str]:
    """``all``, every group, every class, and every group-and-class that is neither alone.

    Examples
    --------
    >>> table = pd.DataFrame({"group": ["g", "g", "h"], "class": ["A", "B", "A"]})
    >>> index_populations(table)
    ['all', 'g', 'h', 'A', 'B', 'g & A']
    """
    groups = list(dict.fromkeys(units["group"]))
    classes = [kind for kind in sorted(set(units["class"])) if kind]
    names = ["all", *groups, *classes]
    known = {tuple(members(units, name)) for name in names}
    for group in groups:
        for kind in classes:
            both = units.index[(units["group"] == group) & (units["class"] == kind)]
            if len(both) and tuple(both) not in known:
                names.append(f"{group} & {kind}")
    return names


def indices_table(result: Evaluation) -> pd.DataFrame:
    """Score index of every node over every population, unrounded.

    Returns
    -------
    DataFrame in tree order
        ``node,name``, then one column per population of ``index_populations``; empty where a node
        applies to nobody in it.
    """
    scheme, names = result.scheme, result.scheme.names("zh")
    table = pd.DataFrame({"node": scheme.codes, "name": [names[code] for code in scheme.codes]})
    for name in index_populations(result.units):
        index = score_index(result, units=members(result.units, name))
        table[name] = index[scheme.codes].to_numpy()
    return table


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """A table as CSV: UTF-8, lines ending in a line feed, numbers in full, nothing else changed."""
    table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
