"""Figures that more than one table, picture or sentence states: each is computed here, once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evallib import change
from evallib.change import cohort, continuing, gains, standings
from evallib.errors import DataError
from evallib.rounding import NOISE_DECIMALS, format_number, round_number
from evallib.scoring import Evaluation, evaluate_year, score_index
from evallib.study.model import Study, Year
from evallib.study.rules import Rules
from evallib.study.units import members

if TYPE_CHECKING:
    from types import SimpleNamespace

INDEX_DECIMALS = 2  # a score index prints with two decimals, whole values bare


@dataclass(frozen=True)
class Standing:
    """Totals and places of a year, also of one of which only totals survive.

    Has the attributes of an Evaluation that a comparison of totals needs.
    """

    study: str
    year: int
    provenance: str
    units: pd.DataFrame
    rules: Rules
    total: pd.Series
    rank: pd.Series
    means_of: pd.Series
    reaches_threshold: pd.Series


def standing(study: Study, year: int) -> Standing:
    """Totals and places of one year of a study."""
    data, table = study.years[year], standings(study, year)
    return Standing(
        study.code,
        year,
        study.provenance,
        data.units,
        data.rules,
        total=table["total"],
        rank=table["rank"],
        means_of=table["in_mean"].dropna(),
        reaches_threshold=table["reached"],
    )


def populations(units: pd.DataFrame) -> dict[str, pd.Index]:
    """Unit ids of ``all`` and of every group, in file order."""
    groups = dict.fromkeys(units["group"])
    return {"all": units.index} | {group: units.index[units["group"] == group] for group in groups}


def group_means(result: Standing | Evaluation | SimpleNamespace) -> pd.Series:
    """Mean total of ``all`` and of every group, unrounded; every site weighs the same.

    Examples
    --------
    >>> units = pd.DataFrame({"group": ["g", "g", "h"]}, index=list("xyz"))
    >>> totals = pd.Series({"x": 90.0, "y": 92.0, "z": 85.0})
    >>> from types import SimpleNamespace
    >>> group_means(SimpleNamespace(units=units, means_of=totals)).to_dict()
    {'all': 89.0, 'g': 91.0, 'h': 85.0}
    """
    parts = populations(result.units)
    return pd.Series(
        {name: float(result.means_of.reindex(part).mean()) for name, part in parts.items()}
    )


def threshold_counts(result: Standing | Evaluation) -> pd.DataFrame:
    """Sites at or above the threshold, of so many sites: rows all and groups, count and sites."""
    reaches = pd.Series(np.asarray(result.reaches_threshold), result.units.index)
    parts = populations(result.units)
    rows = {name: (int(reaches[part].sum()), len(part)) for name, part in parts.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["count", "sites"])


def top_list(result: Standing | Evaluation) -> pd.DataFrame:
    """Units of the top places in rank order; longer than ``rules.top`` where its edge is tied.

    Returns
    -------
    DataFrame indexed by unit
        rank, name_zh, name_en, group, total.
    """
    table = result.units[["name_zh", "name_en", "group"]].assign(
        rank=result.rank, total=result.total
    )
    inside = table[(table["rank"] <= result.rules.top).fillna(False)]
    return inside.sort_values("rank", kind="stable")[
        ["rank", "name_zh", "name_en", "group", "total"]
    ]


def predecessors(study: Study, previous: int, current: int) -> pd.Series:
    """The unit that each current unit was in the previous year; missing where none compares.

    See ``evallib.change.cohort``: renames are followed; a unit that was founded, merged or split
    in between compares with nobody, whatever its id, unless a person ruled so.
    """
    pairs = continuing(cohort(study, previous, current)).set_index("unit")["unit_previous"]
    units = study.years[current].units.index
    return pd.Series([pairs.get(unit) for unit in units], index=units, dtype=object)


def rank_changes(study: Study, previous: int, current: int) -> pd.DataFrame:
    """What became of every unit's place and total between two years.

    Returns
    -------
    DataFrame indexed by current unit
        ``name_zh``, ``name_en``, ``group``; ``was`` (the unit it was), ``rank_before``, ``rank``,
        ``change`` (places gained, negative when lost), ``total_before``, ``total``, ``gain``
        (unrounded points). Missing for units that compare with nobody.
    """
    now = standing(study, current)
    moved = gains(study, previous, current).reindex(now.units.index)
    return now.units[["name_zh", "name_en", "group"]].assign(
        was=moved["unit_previous"].astype(object).where(moved["unit_previous"].notna(), None),
        rank_before=moved["rank_previous"].astype("Int64"),
        rank=now.rank,
        change=moved["places"].astype("Int64"),
        total_before=moved["total_previous"],
        total=now.total,
        gain=moved["gain"],
    )


def most_improved(study: Study, year: int, *, previous: int | None = None) -> pd.DataFrame:
    """Rows of ``rank_changes`` that meet ``rules.improved``, in this year's rank order.

    Empty when the rules do not say who counts, or there is no earlier year.
    """
    previous = study.year_before(year) if previous is None else previous
    if study.years[year].rules.improved is None or previous is None:
        return pd.DataFrame(columns=["name_zh", "name_en", "rank", "change", "gain"])
    listed = change.most_improved(study, year, previous=previous).index
    return rank_changes(study, previous, year).loc[listed]


def finding_counts(data: Year, finding: str, population: str) -> tuple[int, int]:
    """Sites of a population for which a finding of a Year holds, and to which it applies."""
    mine = data.findings[data.findings["finding"] == finding]
    values = mine.loc[mine["unit"].isin(members(data.units, population)), "value"]
    held, cleared = (int((values == value).sum()) for value in ("true", "false"))
    return held, held + cleared


def finding_shares(study: Study, year: int) -> pd.DataFrame:
    """How many sites each finding holds for, and of how many.

    Returns
    -------
    DataFrame indexed by finding
        ``population``; ``count`` (true), ``applicable`` (true or false: the denominator),
        ``sites`` (the whole population).
    """
    data = study.years[year]
    rows = {
        code: (
            finding.population,
            *finding_counts(data, code, finding.population),
            len(members(data.units, finding.population)),
        )
        for code, finding in data.rules.findings.items()
    }
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["population", "count", "applicable", "sites"]
    )


def level_indices(result: Evaluation, level: int, *, population: str = "all") -> pd.Series:
    """Score index of every node of one level over a population, in tree order."""
    index = score_index(result, units=members(result.units, population))
    scheme = result.scheme
    return index[[code for code in scheme.codes if scheme.level(code) == level]].dropna()


def strengths_and_gaps(
    result: Evaluation, *, population: str = "all"
) -> tuple[pd.Series, pd.Series]:
    """Level-2 nodes at or above the whole in print, best first; and those below, worst first."""
    nodes, rounding = level_indices(result, 2, population=population), result.rules.rounding
    shown = pd.Series(round_number(nodes, INDEX_DECIMALS, rounding), nodes.index)
    whole = level_indices(result, 0, population=population)
    whole = round_number(whole, INDEX_DECIMALS, rounding)[0]
    order = shown.sort_values(kind="stable", ascending=False).index
    return nodes[order][shown[order] >= whole], nodes[order[::-1]][shown[order[::-1]] < whole]


def initial_result(study: Study, year: int) -> Evaluation:
    """The evaluation of the initial round's marks.

    Raises
    ------
    DataError
        If the year keeps no initial round.
    """
    data = study.years[year]
    if data.initial is None:
        raise DataError(
            f"{study.code} {year}: no initial round is kept; name it in raw/layout.yaml"
        )
    first = replace(data, marks=data.initial)
    return evaluate_year(first, study=study.code, provenance=study.provenance)


def printed_change(before: float, now: float, rules: Rules) -> tuple[str, int, bool]:
    """A change in print: its size, its sign in print, and whether the printed values show it.

    Examples
    --------
    >>> printed_change(89.714, 89.955, Rules())
    ('0.24', 1, False)
    >>> printed_change(90.83, 90.73, Rules())
    ('0.1', -1, True)
    """
    change = float(round_number(now - before, rules.decimals, rules.rounding))
    ends = round_number([before, now], rules.decimals, rules.rounding)
    agrees = bool(np.isclose(ends[1] - ends[0], change, atol=10.0**-NOISE_DECIMALS))
    return format_number(abs(change), rules.decimals, rules.rounding), int(np.sign(change)), agrees
