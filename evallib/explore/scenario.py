"""A year under other weights or rules, through the scoring engine, beside the official result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict

from evallib.errors import DataError, Fault, StudyError
from evallib.explore.weights import official_weights, scenario_weights
from evallib.publication.wording import unit_names
from evallib.scoring import Evaluation, evaluate, evaluate_year
from evallib.study.model import Study
from evallib.study.rules import Rules
from evallib.study.scheme import Scheme
from evallib.study.tables import read_yaml


class Scenario(BaseModel):
    """A scenario as flat params that 07_explore declares; None leaves the year's own rule."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    study: str
    year: int
    lang: Literal["zh", "en"] = "zh"
    weights: str = ""
    threshold: float | None = None
    ties: Literal["min", "dense"] | None = None


def evaluate_scenario(
    study: Study,
    year: int,
    *,
    weights: str | Mapping[str, float],
    threshold: float | None = None,
    ties: str | None = None,
) -> Evaluation:
    """The year as :func:`evallib.evaluate` scores it under other weights of the parts, or rules.

    Parameters
    ----------
    study : Study
    year : int
    weights : dict or str
        See :func:`scenario_weights`. A part at 0 is left out of the tree.
    threshold : float, optional
    ties : {"min", "dense"}, optional
        Those of ``rules.yaml`` when omitted.

    Raises
    ------
    DataError
        If the weights are no weights of this year, or leave a unit without any.
    """
    data = study.years.get(year)
    if data is None or data.scheme is None:
        return evaluate(study, year)  # which says why it cannot
    moved = scenario_weights(data.scheme, weights)
    if moved == official_weights(data.scheme):
        moved = {}
    kept = [node for node in data.scheme.nodes if moved.get(node.code) != 0]
    scheme = Scheme.of(replace(n, weight=moved.get(n.code, n.weight)) for n in kept)
    marks = data.marks[data.marks["indicator"].isin(scheme.leaves)]
    given = {"threshold": threshold, "ties": ties}
    rules = data.rules.model_dump() | {k: v for k, v in given.items() if v is not None}
    changed = replace(data, scheme=scheme, marks=marks, rules=Rules.model_validate(rules))
    result = evaluate_year(changed, study=study.code, provenance=study.provenance)
    if result.base.isna().any():
        raise DataError(
            f"weights: none is left for {result.base.index[result.base.isna()][0]}, to which "
            "only parts at 0 apply; give one of them some"
        )
    return result


def what_if(
    study: Study,
    year: int,
    *,
    weights: str | Mapping[str, float],
    threshold: int | None = None,
    ties: str | None = None,
    lang: str = "zh",
) -> pd.DataFrame:
    """Places and totals of every unit in a scenario, beside the official ones.

    Parameters
    ----------
    study, year, weights, threshold, ties
        See :func:`evaluate_scenario`.
    lang : {"zh", "en"}
        Language of the names.

    Returns
    -------
    DataFrame by unit, in the order of the scenario
        ``name``, ``rank_official``, ``rank``, ``movement`` (places, positive is up),
        ``total_official`` and ``total`` (unrounded), ``printed``, ``reaches`` (the threshold).
    """
    given: dict[str, Any] = {"weights": weights, "threshold": threshold, "ties": ties}
    return movements(evaluate(study, year), evaluate_scenario(study, year, **given), lang=lang)


def movements(official: Evaluation, scenario: Evaluation, *, lang: str = "zh") -> pd.DataFrame:
    """The table of :func:`what_if` from two evaluations of one year."""
    table = pd.DataFrame(
        {
            "name": pd.Series(unit_names(scenario.units, lang)),
            "rank_official": official.rank,
            "rank": scenario.rank,
            "movement": official.rank - scenario.rank,
            "total_official": official.total,
            "total": scenario.total,
            "printed": scenario.printed,
            "reaches": scenario.reaches_threshold,
        }
    )
    return table.sort_values(["rank", "rank_official"], kind="stable", na_position="last")


def save_scenario(path: Path, scenario: Scenario) -> Path:
    """Write a scenario as a params file, for this panel, papermill and the commands."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    values = scenario.model_dump(exclude_none=True)
    text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=1000)
    path.write_text(f"# A what-if scenario of 07_explore.\n{text}", encoding="utf-8", newline="\n")
    return path


def load_scenario(path: Path) -> Scenario:
    """The scenario of a params file.

    Raises
    ------
    StudyError
        If there is no such file, or a key or value of it is no scenario's; with every fault.
    """
    path, faults = Path(path), list[Fault]()
    if not path.is_file():
        raise StudyError([Fault(path.name, None, None, "no such scenario", "save one first")])
    scenario = read_yaml(path, Scenario, path.name, faults)
    if faults or scenario is None:
        raise StudyError(faults)
    return scenario
