"""Units, their groups and classes, their names over time, and which of them form a population."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from evallib.errors import Fault
from evallib.study.model import Names
from evallib.study.tables import Code, Dated, IsoDate, Row, Whole

NO_UNIT = "is no unit of this year"
LONGEST = 60  # characters of a unit id, by which files are named


class UnitRow(Dated):
    """A row of ``units.csv``: one unit over one span of dates."""

    unit: Code
    name_zh: str
    name_en: str = ""
    group: Code
    unit_class: Code = Field("", alias="class")
    ranked: bool = True
    site_code: str = ""
    domain: str = ""
    recorded_on: IsoDate | None = None


class AliasRow(Dated):
    """A row of ``aliases.csv``: another name of a unit over a span of dates."""

    alias: str
    unit: Code


class SuccessionRow(Row):
    """A row of ``successions.csv``; ``year`` is the first year of the new state."""

    from_unit: Code = ""
    to_unit: Code = ""
    year: Whole = Field(ge=1000, le=2999)
    kind: Literal["rename", "merge", "split", "dissolved", "founded"]


def units_of_year(rows: Mapping[int, UnitRow], year: int) -> pd.DataFrame:
    """Units that are valid on 31 December of the year, in file order, indexed by unit id."""
    records = [row for row in rows.values() if row.holds(year)]
    table = pd.DataFrame(
        [(r.unit, r.name_zh, r.name_en, r.group, r.unit_class, r.ranked) for r in records],
        columns=["unit", "name_zh", "name_en", "group", "class", "ranked"],
    )
    return table.set_index("unit")


def table_of(rows: Mapping[int, Any], model: type[Any]) -> pd.DataFrame:
    """Rows of a model as a DataFrame with the file's column names."""
    names = {field.alias or name: name for name, field in model.model_fields.items()}
    data = {column: [getattr(row, name) for row in rows.values()] for column, name in names.items()}
    return pd.DataFrame(data, columns=list(names))


def members(units: pd.DataFrame, population: str) -> pd.Index:
    """Unit ids of a population: ``all``, a group, a class, or several joined by ``&``.

    Parameters
    ----------
    units : DataFrame indexed by unit, with columns group and class
    population : str
        ``"all"``, ``"department"``, ``"department & A"``, ...

    Raises
    ------
    ValueError
        If a term is neither ``all`` nor a group or class of these units.

    Examples
    --------
    >>> units = pd.DataFrame({"group": list("ggh"), "class": list("ABA")}, index=list("xyz"))
    >>> list(members(units, "g & A"))
    ['x']
    """
    inside = pd.Series(True, index=units.index)
    for term in (part.strip() for part in population.split("&")):
        if term == "all":
            continue
        hit = (units["group"] == term) | (units["class"] == term)
        if not hit.any():
            known = sorted({*units["group"], *units["class"]} - {""})
            raise ValueError(
                f"population {population!r}: {term!r} is none of all, {', '.join(known)}"
            )
        inside &= hit
    return units.index[inside]


def code_faults(
    groups: Mapping[str, Names], classes: Mapping[str, Names], file: str
) -> Iterator[Fault]:
    """Faults of ``study.yaml``: codes of groups and classes that a population could not name."""
    for code in [*groups, *classes]:
        if code == "all" or "&" in code or code in ("node", "name"):
            problem = f"the code {code!r} has a meaning of its own"
            yield Fault(file, None, "groups" if code in groups else "classes", problem, "rename it")
    for code in set(groups) & set(classes):
        problem = f"{code!r} is a group and a class"
        yield Fault(file, None, "classes", problem, "give them different codes")


def unit_faults(
    rows: Mapping[int, UnitRow],
    groups: Mapping[str, Names],
    classes: Mapping[str, Names],
    file: str,
) -> Iterator[Fault]:
    """Faults of ``units.csv``: unknown groups and classes, spans that end early or overlap."""
    for number, row in rows.items():
        if row.group not in groups:
            yield Fault(
                file,
                number,
                "group",
                f"{row.group!r} is not among the groups of study.yaml",
                f"add it there or write one of {', '.join(groups)}",
            )
        if (row.unit_class or classes) and row.unit_class not in classes:
            yield Fault(
                file,
                number,
                "class",
                f"{row.unit_class!r} is not among the classes of study.yaml",
                f"add it there or write one of {', '.join(classes) or 'nothing'}",
            )
        if row.valid_to < row.valid_from:
            yield Fault(
                file, number, "valid_to", "the span ends before it begins", "correct the dates"
            )
        if len(row.unit) > LONGEST:
            problem = f"{row.unit[:20]}… has {len(row.unit)} characters"
            remedy = f"name files and rows by at most {LONGEST}"
            yield Fault(file, number, "unit", problem, remedy)
    for first, (number, second) in _pairs(rows, lambda row: {row.unit.casefold()}):
        if first.unit != second.unit:
            problem = f"{first.unit} and {second.unit} differ in case only"
            yield Fault(file, number, "unit", problem, "files are named by it: choose another")
    for first, (number, second) in _pairs(rows, _names):
        if not first.overlaps(second):
            continue
        if first.unit == second.unit:
            yield Fault(
                file,
                number,
                "valid_from",
                f"{second.unit} has two rows with overlapping dates",
                "let the earlier span end before the later begins",
            )
        elif shared := _names(first) & _names(second):
            yield Fault(
                file,
                number,
                "name_zh",
                f"{min(shared)} names both {first.unit} and {second.unit} on one date",
                "give each unit a name of its own",
            )


def _pairs(rows: Mapping[int, AliasRow | UnitRow], keys: Callable[..., Any]) -> list[Any]:
    """Rows that share a key with an earlier one: that, and the number and row of the later."""
    holders = defaultdict(list)
    for number, row in rows.items():
        for key in keys(row):
            holders[key].append(number)
    pairs = {pair for numbers in holders.values() for pair in combinations(numbers, 2)}
    return [(rows[first], (second, rows[second])) for first, second in sorted(pairs)]


def _names(row: UnitRow) -> set[str]:
    return {row.unit, row.name_zh, row.name_en} - {""}


def alias_faults(
    aliases: Mapping[int, AliasRow], units: Mapping[int, UnitRow], file: str
) -> Iterator[Fault]:
    """Faults of ``aliases.csv``: unknown units, and a name that means two units on one date."""
    known, named = {row.unit for row in units.values()}, defaultdict(list)
    for unit in units.values():
        for name in _names(unit):
            named[name].append(unit)
    for number, row in aliases.items():
        if row.unit not in known:
            yield Fault(
                file,
                number,
                "unit",
                f"{row.unit!r} is not in units.csv",
                "add it there or correct it",
            )
        for other in named.get(row.alias, ()):
            if row.unit != other.unit and row.overlaps(other):
                yield Fault(
                    file,
                    number,
                    "alias",
                    f"{row.alias} is the name of {other.unit} and an alias "
                    f"of {row.unit} on one date",
                    "limit the dates of the alias",
                )
    for first, (number, second) in _pairs(aliases, lambda row: {row.alias}):
        if first.unit != second.unit and first.overlaps(second):
            yield Fault(
                file,
                number,
                "alias",
                f"{second.alias} points to two units on one date, {first.unit} and {second.unit}",
                "limit the dates so that one holds at a time",
            )


def succession_faults(
    rows: Mapping[int, SuccessionRow], units: Mapping[int, UnitRow], file: str
) -> Iterator[Fault]:
    """Faults of ``successions.csv``: unknown units, ends that do not fit the kind, living dead."""
    known = {row.unit for row in units.values()}
    years = {row.year for row in rows.values()}
    living = {year: {unit.unit for unit in units.values() if unit.holds(year)} for year in years}
    for number, row in rows.items():
        for column, unit in (("from_unit", row.from_unit), ("to_unit", row.to_unit)):
            absent = {"founded": "from_unit", "dissolved": "to_unit"}.get(row.kind) == column
            if absent and unit:
                problem, remedy = f"{row.kind} has no {column}", "leave the cell empty"
                yield Fault(file, number, column, problem, remedy)
            elif not absent and unit not in known:
                problem, remedy = f"{unit!r} is not in units.csv", "add it there or correct it"
                yield Fault(file, number, column, problem, remedy)
        if row.kind == "dissolved" and row.from_unit in living[row.year]:
            problem = f"{row.from_unit} is dissolved, but valid on 31 December {row.year}"
            yield Fault(file, number, "year", problem, "correct the year, or valid_to in units.csv")
