"""Marks under another limit, for all sites, and the places that change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
from pydantic import ValidationError

from evallib.errors import DataError, StudyError
from evallib.monitoring.reach import measures_of
from evallib.monitoring.rows import measured_year
from evallib.scoring import evaluate
from evallib.study.evidence.measured import measure
from evallib.study.evidence.rules import LeafRule, Measures
from evallib.study.load import Year
from evallib.study.marks import MISSING, NOT_APPLICABLE, missing_faults
from evallib.study.measuring import with_measured
from evallib.study.model import Study

COLUMNS = ["name", "mark", "mark_if", "total", "total_if", "rank", "rank_if"]


def under_other_rule(
    study: Study, year: int, leaf: str, **changes: Mapping[str, int]
) -> pd.DataFrame:
    """Marks of one leaf, totals and ranks of all units, as they are and under another rule.

    Parameters
    ----------
    study : Study
    year : int
    leaf : str
        A measured leaf.
    **changes
        Parameters of its measure (``limit={"working_days": 10}``), or ``steps``, ``points_each``,
        ``window``, ``at_least_rows``, ``none``, as in ``measures.yaml``.

    Returns
    -------
    DataFrame
        Indexed by unit in file order: name, mark, mark_if, total, total_if, rank, rank_if.
        Marks are NaN where the leaf does not apply, ranks where a unit has none.

    Raises
    ------
    DataError
        If the leaf is not measured or the change is none that its rule knows.
    StudyError
        If a mark under the other rule lies off the leaf's step, or is missing and may not be.

    Examples
    --------
    >>> import evallib as ev
    >>> table = under_other_rule(ev.read_study("nanning"), 2020, "I2.1", limit={"working_days": 15})
    >>> bool((table["rank"] == table["rank_if"]).all())
    True
    """
    found = measured_year(study, year)
    rule = other_rule(measures_of(found), leaf, **changes)
    rules = measures_of(found).model_copy(
        update={"leaves": measures_of(found).leaves | {leaf: rule}}
    )
    if found.evidence is None:
        raise DataError(f"{year}: nothing is measured")
    says = measure(found.evidence, rules, units=found.units, scheme=found.tree)
    parts = {name: getattr(found, name) for name in ("decisions", "set_aside", "rows")}
    parts["marks"] = _without_rule(found, leaf)
    settled, findings = with_measured(parts, found.findings, says)
    _refuse_missing(found, settled["marks"], rules)
    other = replace(found, marks=settled["marks"], findings=findings, measured=says, measures=rules)
    results = [
        evaluate(study, year),
        evaluate(replace(study, years={**study.years, year: other}), year),
    ]
    columns = {"name": results[0].units["name_zh"]}
    for suffix, result, marks in zip(("", "_if"), results, (found, other), strict=True):
        of_leaf = marks.marks[marks.marks["indicator"] == leaf].set_index("unit")["mark"]
        columns |= {f"mark{suffix}": of_leaf, f"total{suffix}": result.total}
        columns[f"rank{suffix}"] = result.rank
    return pd.DataFrame(columns, index=results[0].units.index)[COLUMNS]


def _refuse_missing(year: Year, marks: pd.DataFrame, rules: Measures) -> None:
    """Raise where units without evidence have no mark that the year's rules accept."""
    vetoed = set(year.adjustments.query("kind == 'veto'")["unit"])
    place = f"{year.year}/marks.csv"
    found = [*missing_faults(marks, vetoed, year.rules, place, measured=set(rules.leaves))]
    if found:
        raise StudyError(found)


def _without_rule(year: Year, leaf: str) -> pd.DataFrame:
    """Marks in which a leaf that only its rule calls not applicable is missing."""
    if year.measured is None:
        return year.marks
    said, marks = year.measured.marks, year.marks
    silent = said[(said["indicator"] == leaf) & (said["status"] == NOT_APPLICABLE)]["unit"]
    applies = year.tree.applies(year.units["class"])[leaf]
    by_rule = set(silent) & set(applies.index[applies])
    if year.cells is not None:
        typed = (year.cells["round"] == "final") & (year.cells["indicator"] == leaf)
        by_rule -= set(year.cells.loc[typed, "unit"])
    missing = (marks["indicator"] == leaf) & marks["unit"].isin(by_rule)
    return marks.assign(status=marks["status"].mask(missing, MISSING))


def other_rule(rules: Measures, leaf: str, **changes: Mapping[str, int]) -> LeafRule:
    """The rule of a leaf with some of its keys changed, checked like ``measures.yaml``.

    Parameters
    ----------
    rules : Measures
    leaf : str
    **changes
        See ``under_other_rule``.

    Returns
    -------
    LeafRule

    Raises
    ------
    DataError
        If the leaf is not measured or the change is none that its rule knows.
    """
    if leaf not in rules.leaves:
        raise DataError(f"{leaf!r} is not measured; measured are {', '.join(rules.leaves)}")
    rule = rules.leaves[leaf].model_dump(exclude_unset=True)
    own = set(type(rules.leaves[leaf].measure).model_fields)
    for key, value in changes.items():
        (rule["measure"] if key in own else rule)[key] = value
    try:
        return LeafRule.model_validate(rule)
    except ValidationError as error:
        first = error.errors()[0]
        key = "".join(f"{part}: " for part in first["loc"])
        problem = first["msg"].removeprefix("Value error, ")
        raise DataError(f"{leaf} cannot be measured so: {key}{problem}") from None
