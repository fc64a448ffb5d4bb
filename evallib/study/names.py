"""Names of units in any of their forms: official, alias, other widths, spaces, dashes, brackets."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from evallib.study.cells import DASHES, squeeze

BRACKETS = str.maketrans("[]{}〔〕【】", "()()()()")


@dataclass(frozen=True)
class Match:
    """The unit that a name means and the rule that found it, or the problem."""

    unit: str = ""
    rule: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Names:
    """Units by clean name, by alias, and by the normal forms of both."""

    clean: dict[str, set[str]]
    alias: dict[str, set[str]]
    form: dict[str, set[str]]
    alias_form: dict[str, set[str]]


def normal_form(name: str) -> str:
    """Name without differences of width, space, dash or bracket.

    Examples
    --------
    >>> [normal_form(name) for name in ("广西 — 东盟（武鸣）", "广西东盟(武鸣)")]
    ['广西东盟(武鸣)', '广西东盟(武鸣)']
    """
    return DASHES.sub("", squeeze(name)).translate(BRACKETS)


def unit_names(units: pd.DataFrame, aliases: pd.DataFrame) -> Names:
    """Every way to name the units of a year.

    Parameters
    ----------
    units : DataFrame indexed by unit, with columns name_zh and name_en
    aliases : DataFrame with columns alias and unit, those that hold in the year
    """
    clean, alias, form, alias_form = (defaultdict(set) for _ in range(4))
    for unit, zh, en in zip(units.index, units["name_zh"], units["name_en"], strict=True):
        for name in filter(None, (unit, zh, en)):
            clean[name].add(unit)
            form[normal_form(name)].add(unit)
    for name, unit in zip(aliases["alias"], aliases["unit"], strict=True):
        if unit in units.index:
            alias[name].add(unit)
            alias_form[normal_form(name)].add(unit)
    return Names(dict(clean), dict(alias), dict(form), dict(alias_form))


def find_unit(text: str, names: Names) -> Match:
    """The unit that a cell names: exactly, by alias, or by normal form.

    Parameters
    ----------
    text : str
    names : Names, of ``unit_names``

    Examples
    --------
    >>> import pandas as pd
    >>> units = pd.DataFrame({"name_zh": ["市民政局"], "name_en": [""]}, index=["u1"])
    >>> names = unit_names(units, pd.DataFrame({"alias": ["民政局"], "unit": ["u1"]}))
    >>> [find_unit(text, names).rule for text in ("市民政局", "市民政局 ", "民政局")]
    ['', 'unit_form', 'unit_alias']
    """
    if not text.strip():
        return Match(problem="no unit name")
    form = normal_form(text)
    by_form = names.form.get(form, set())
    rules = (
        ("", names.clean.get(text, set())),
        ("unit_alias", names.alias.get(text, set())),
        ("unit_form" if by_form else "unit_alias", by_form | names.alias_form.get(form, set())),
    )
    rule, found = next(((rule, found) for rule, found in rules if found), ("", set()))
    if len(found) == 1:
        return Match(next(iter(found)), rule)
    if found:
        return Match(problem=f"{text!r} may be any of the units {', '.join(sorted(found))}")
    return Match(problem=f"unknown unit {text!r}")
