"""Two runs of the same year: what moved, and which decision or file moved it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from evallib.errors import DataError

CELL = ["round", "file", "sheet", "row", "column", "unit", "indicator"]
PLAIN = {"unit", "name", "group", "class", "base", "total", "printed", "rank", "group_rank", "band"}
NOISE = 1e-10
MADE = ("outputs", "notebooks")  # parts of a manifest that cause no score


@dataclass(frozen=True)
class RunDiff:
    """What differs between two output folders; all columns are text, absent is empty.

    Attributes
    ----------
    units : DataFrame
        unit, name, total_a, total_b, printed_a, printed_b, rank_a, rank_b, nodes (whose index
        moved; also bonus, penalty, veto), cause: the decisions that changed for the unit in the
        round that counts, else who passed it, else what else changed between the runs.
    claims : DataFrame
        id, and printed, computed and verdict of both runs.
    decisions : DataFrame
        Cell, was, becomes_a, becomes_b, rule, reason: decisions that differ.
    inputs : DataFrame
        input (file, parameter or version), before, after: what of the manifest differs.
    """

    units: pd.DataFrame
    claims: pd.DataFrame
    decisions: pd.DataFrame
    inputs: pd.DataFrame

    @property
    def same(self) -> bool:
        """Whether no total, rank or claim moved."""
        return self.units.empty and self.claims.empty


def compare_runs(out_a: Path, out_b: Path) -> RunDiff:
    """Each total, rank and claim that moved between two runs, and what moved it.

    Parameters
    ----------
    out_a, out_b : paths of output folders
        With ``scores.csv``; ``decisions.csv``, ``claims.csv`` and ``manifest.json`` where kept.

    Raises
    ------
    DataError
        If a folder has no ``scores.csv``.
    """
    folders = Path(out_a), Path(out_b)
    for folder in folders:
        if not (folder / "scores.csv").is_file():
            raise DataError(f"{folder}: no scores.csv; name the output folder of a finished run")
    (scores, claims, logs), (others, other_claims, other_logs) = (
        [
            _read(folder / f"{name}.csv", key)
            for name, key in (("scores", ["unit"]), ("claims", ["id"]), ("decisions", CELL))
        ]
        for folder in folders
    )
    inputs = _differences(*[_manifest(folder / "manifest.json") for folder in folders])
    decisions = _decisions(logs, other_logs)
    units = _units(scores, others, decisions, inputs)
    return RunDiff(units, _claims(claims, other_claims), decisions, inputs)


def _read(path: Path, key: list[str]) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame(columns=key).set_index(key)
    return pd.read_csv(path, dtype=str, keep_default_na=False).set_index(key)


def _manifest(path: Path) -> dict[str, str]:
    """Every value of the manifest under the path of its keys."""

    def walk(value: Any, name: str) -> dict[str, str]:
        if not isinstance(value, dict):
            return {name: json.dumps(value, ensure_ascii=False).strip('"')}
        parts = (walk(inner, f"{name}: {key}" if name else key) for key, inner in value.items())
        return {key: text for part in parts for key, text in part.items()}

    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return walk({key: value for key, value in found.items() if key not in MADE}, "")


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> pd.DataFrame:
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    rows = [(name, before.get(name, ""), after.get(name, "")) for name in names]
    return pd.DataFrame(rows, columns=["input", "before", "after"], dtype=object)


def _decisions(log_a: pd.DataFrame, log_b: pd.DataFrame) -> pd.DataFrame:
    """Decisions of one log that the other lacks, or takes otherwise, cell by cell."""
    sides = {}
    for run, log in (("a", log_a), ("b", log_b)):
        table = log.reset_index()
        table = table.reindex(columns=[*CELL, "was", "becomes", "rule", "reason"])
        sides[run] = table.drop_duplicates().set_index([*CELL, "was", "rule", "reason"])
    both = sides["a"].join(sides["b"], how="outer", suffixes=("_a", "_b"), sort=False)
    only = both["becomes_a"].isna() | both["becomes_b"].isna()
    moved = only | (both["becomes_a"] != both["becomes_b"])
    return both[moved].fillna("").reset_index()


def _units(
    scores_a: pd.DataFrame, scores_b: pd.DataFrame, decisions: pd.DataFrame, inputs: pd.DataFrame
) -> pd.DataFrame:
    order = scores_b.index.union(scores_a.index, sort=False)
    a, b = (table.reindex(order).fillna("") for table in (scores_a, scores_b))
    nodes = [
        code
        for code in b.columns.union(a.columns, sort=False)
        if code not in PLAIN and ":" not in code
    ]
    moved = {
        code: _moved(a.get(code, pd.Series("", order)), b.get(code, pd.Series("", order)))
        for code in ["total", *nodes]
    }
    changed = moved["total"] | (a["rank"] != b["rank"]) | (a["printed"] != b["printed"])
    rows = []
    for unit in order[changed]:
        own = decisions[(decisions["unit"] == unit) & (decisions["round"] != "initial")]
        values = [table.loc[unit, key] for key in ("total", "printed", "rank") for table in (a, b)]
        where = " ".join(code for code in nodes if moved[code][unit])
        cause = _cause(unit, own, moved["total"], inputs)
        rows.append((unit, b.loc[unit, "name"] or a.loc[unit, "name"], *values, where, cause))
    heads = [f"{key}_{run}" for key in ("total", "printed", "rank") for run in "ab"]
    return pd.DataFrame(rows, columns=["unit", "name", *heads, "nodes", "cause"], dtype=object)


def _moved(a: pd.Series, b: pd.Series) -> pd.Series:
    """Whether two columns of text differ as numbers, or as text where they are none."""
    first, second = (pd.to_numeric(column, errors="coerce") for column in (a, b))
    return ~(((first - second).abs() <= NOISE) | (a == b))


def _cause(unit: str, own: pd.DataFrame, total_moved: pd.Series, inputs: pd.DataFrame) -> str:
    if not own.empty:
        return "; ".join(
            f"decision {row.file} {row.sheet} row {row.row} {row.column}: {row.was} becomes "
            f"{row.becomes_a or 'itself'} in a, {row.becomes_b or 'itself'} in b ({row.rule})"
            for row in own.itertuples()
        )
    if not total_moved[unit]:
        return f"others moved: {' '.join(total_moved.index[total_moved])}"
    return "; ".join(inputs["input"]) or "nothing recorded differs: compare the manifests"


def _claims(claims_a: pd.DataFrame, claims_b: pd.DataFrame) -> pd.DataFrame:
    shown = ["printed", "computed", "verdict"]
    both = claims_a.reindex(columns=shown).join(
        claims_b.reindex(columns=shown), how="outer", suffixes=("_a", "_b"), sort=False
    )
    both = both.fillna("")
    moved = [(both[f"{key}_a"] != both[f"{key}_b"]) for key in shown]
    heads = [f"{key}_{run}" for key in shown for run in "ab"]
    return both.loc[moved[0] | moved[1] | moved[2], heads].reset_index()
