"""Which results of a reconstructed study the published figures pin, and which vary with it."""

from __future__ import annotations

import pandas as pd

from evallib.publication.wording import label, sentence
from evallib.study.load import read_pinned
from evallib.study.model import Study


def pinned(study: Study, year: int, *, kind: str | None = None) -> pd.DataFrame:
    """What is known about the results of a year: their range over all panels that fit.

    Parameters
    ----------
    study : Study
    year : int
    kind : str, optional
        Only results of this kind (``rank``, ``total``, ``index``, ...), indexed by code; all when
        omitted, indexed by kind and code.

    Returns
    -------
    DataFrame
        ``value`` in the committed panel, ``low`` and ``high`` over all panels, as printed, and
        ``verdict`` (``pinned`` or ``varies``). Empty when the study has no ``pinned.csv``, and for
        years other than the latest, of which that file speaks.
    """
    table = read_pinned(study)
    parts = [name.partition(":") for name in table["result"]]
    table = table.drop(columns="result").assign(
        kind=[part[0] for part in parts], code=[part[2] for part in parts]
    )
    known = table["kind"].notna() if kind is None else table["kind"] == kind
    table = table[known & (year == max(study.years))].set_index(["kind", "code"])
    return table if kind is None else table.droplevel("kind")


def with_verdicts(table: pd.DataFrame, study: Study, year: int, *, kind: str) -> pd.DataFrame:
    """The table with a column ``verdict`` by its index, where anything of this kind is known."""
    known = pinned(study, year, kind=kind)["verdict"]
    return table.assign(verdict=known.reindex(table.index)) if len(known) else table


def describe_pinned(study: Study, year: int, *, kinds: list[str], lang: str = "zh") -> str:
    """Which results of these kinds are the same in every panel that fits the published figures.

    A kind with one result says its range, a kind with more how many of them are pinned. For a
    study that was not reconstructed, or not compared, that is what is said.
    """
    table, rows = pinned(study, year), []
    for kind in kinds:
        part = table[table.index.get_level_values("kind") == kind]
        if len(part):
            ends = part.iloc[0][["value", "low", "high"]].to_dict()
            count = {"n": len(part), "pinned": int((part["verdict"] == "pinned").sum())}
            rows.append({"kind": label(f"kind_{kind}", lang), **ends, **count})
    reconstructed = study.provenance == "reconstructed"
    return sentence("pinned", lang, year=year, rows=rows, reconstructed=reconstructed)
