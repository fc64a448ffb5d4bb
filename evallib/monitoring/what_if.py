"""Marks under another limit, for all sites, and the places that change."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from pydantic import ValidationError

from evallib.errors import DataError
from evallib.monitoring.rows import measured_year
from evallib.scoring import evaluate
from evallib.study.evidence.measured import measure
from evallib.study.evidence.rules import LeafRule
from evallib.study.measuring import with_measured

COLUMNS = ["name", "mark", "mark_if", "total", "total_if", "rank", "rank_if"]


def under_other_rule(study, year, leaf, **changes) -> pd.DataFrame:
    """Marks of one leaf, totals and ranks of all units, as they are and under another rule.

    Parameters
    ----------
    study : Study
    year : int
    leaf : str
        A measured leaf.
    **changes
        Parameters of its measure (``limit={"working_days": 10}``), or ``steps``, ``points_each``,
        ``window``, ``none``, as in ``measures.yaml``.

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
        If a mark under the other rule lies off the leaf's step.

    Examples
    --------
    >>> import evallib as ev
    >>> table = under_other_rule(ev.read_study("nanning"), 2020, "I2.1", limit={"working_days": 15})
    >>> bool((table["rank"] == table["rank_if"]).all())
    True
    """
    found = measured_year(study, year)
    rule = other_rule(found.measures, leaf, **changes)
    rules = found.measures.model_copy(update={"leaves": found.measures.leaves | {leaf: rule}})
    says = measure(found.evidence, rules, units=found.units, scheme=found.scheme)
    parts = {name: getattr(found, name) for name in ("marks", "decisions", "set_aside", "rows")}
    settled, findings = with_measured(parts, found.findings, says)
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


def other_rule(rules, leaf, **changes):
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
        key = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{leaf} cannot be measured so: {key}: {first['msg']}") from None
