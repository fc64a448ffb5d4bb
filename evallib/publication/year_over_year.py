"""A year held against an earlier one: what tables, sentences and figures of it share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evallib.change import Change, Improvement, bridge, compare, continuing, improvement
from evallib.change.cohort import COMPOSITION
from evallib.errors import DataError
from evallib.publication.wording import label, unit_names
from evallib.rounding import NOISE_DECIMALS, format_number, print_units
from evallib.study.load import Study, Year

RULES, POINTS = ("scheme", "class_rule"), ("bonus", "penalty", "veto")
COUNT_DECIMALS = 1  # shares of a count and of a place print with one decimal


@dataclass(frozen=True)
class YearOverYear:
    """A year of a study and the one it is compared with; no ``change`` where there is none."""

    study: Study
    year: int
    previous: int | None
    change: Change | None

    @property
    def moved(self) -> Change:
        """The change; raises DataError where there is no year to compare with."""
        if self.change is None:
            raise DataError(f"study {self.study.code} has no year before {self.year}")
        return self.change

    @property
    def earlier(self) -> Year:
        """The year it is compared with."""
        return self.study.years[self.moved.previous]


def year_over_year(study: Study, year: int, *, previous: int | None = None) -> YearOverYear:
    """A year held against an earlier one, by default the study's year before it.

    Parameters
    ----------
    study : Study
    year : int
    previous : int, optional
        Without it and without an earlier year, ``change`` is None and every table empty.
    """
    if previous is None:
        previous = study.year_before(year)
    change = None if previous is None else compare(study, previous, year)
    return YearOverYear(study, year, previous, change)


def signed(value: float, decimals: int, rounding: str = "half_up") -> str:
    """A change as it prints: with its sign, and 0 without one.

    Examples
    --------
    >>> signed(0.2431, 2), signed(-1.056, 2), signed(-0.001, 2)
    ('+0.24', '−1.06', '0')
    """
    text = format_number(value, decimals, rounding)
    return f"\N{MINUS SIGN}{text[1:]}" if text[0] == "-" else text if text == "0" else f"+{text}"


def printed_sum(
    values: pd.Series | list[float], change: float, *, decimals: int, rounding: str = "half_up"
) -> str:
    """What the printed parts of a change add up to; empty where that is the printed change.

    Examples
    --------
    >>> printed_sum([0.004, 0.004], 0.008, decimals=2), printed_sum([0.1, 0.2], 0.3, decimals=2)
    ('0', '')
    """
    total = int(print_units(np.asarray(values, dtype=float), decimals, rounding).sum())
    if total == int(print_units([change], decimals, rounding)[0]):
        return ""
    return signed(total / 10**decimals, decimals, rounding)


def kinds_of_cause(change: Change) -> dict[str, list[str]]:
    """Causes by kind, in the order of the account: performance, rules, points, units."""
    known = {"rules": RULES, "points": POINTS, "units": COMPOSITION}
    kinds = {name: [c for c in change.causes if c in codes] for name, codes in known.items()}
    fixed = [code for codes in kinds.values() for code in codes]
    return {"performance": [c for c in change.causes if c not in fixed], **kinds}


def cause_names(move: YearOverYear, lang: str) -> dict[str, str]:
    """Printed name of every cause; of a dimension the current year's where it has one."""
    names: dict[str, str] = {}
    for year in (move.earlier, move.study.years[move.year]):
        names |= year.scheme.names(lang) if year.scheme else {}
    shown = move.moved.dimensions
    return {c: names[c] if c in shown else label(f"cause_{c}", lang) for c in move.moved.causes}


def names_of_units(move: YearOverYear, lang: str) -> dict[str, str]:
    """Printed name of every unit of either year, the current one's where there is one."""
    years = [year.units for year in (move.earlier, move.study.years[move.year])]
    return {**unit_names(years[0], lang), **unit_names(years[1], lang)}


def bridge_means(move: YearOverYear) -> pd.DataFrame:
    """Means of the continuing units under both schemes, for all and each group.

    Returns
    -------
    DataFrame, a row per population
        units; previous, current_rescored (this year's marks under last year's scheme) and
        ``under_previous``, the second less the first; previous_rescored (last year's marks under
        this year's scheme), current and ``under_current`` likewise; shared_previous and
        shared_current: the share of a total that the leaves of both schemes carry, in per cent.
    """
    columns = ["units", "previous", "current_rescored", "under_previous", "shared_previous"]
    columns += ["previous_rescored", "current", "under_current", "shared_current"]
    if move.change is None or not move.moved.divided:
        return pd.DataFrame(columns=columns)
    table = bridge(move.study, move.moved.previous, move.year).dropna()
    if table.empty:
        return pd.DataFrame(columns=columns)
    was = continuing(move.moved.cohort).set_index("unit")["unit_previous"][table.index]
    before = move.earlier.units["group"][was].to_numpy()
    group = move.study.years[move.year].units["group"][table.index]
    parts = {"all": table} | dict(iter(table[before == group].groupby(group, sort=False)))
    means = pd.DataFrame({name: part.mean() for name, part in parts.items()}).T
    means["units"] = [len(part) for part in parts.values()]
    means["under_previous"] = means["current_rescored"] - means["previous"]
    means["under_current"] = means["current"] - means["previous_rescored"]
    means[["shared_previous", "shared_current"]] *= 100
    return means[columns]


def improvers(
    move: YearOverYear,
    *,
    alpha: float,
    sem: float | None = None,
    draws: int | None = None,
    seed: int | None = None,
) -> Improvement | None:
    """``improvement`` of the year over the one it is held against; None where too few compare."""
    if move.change is None or len(move.moved.scores) < 3:
        return None
    given: dict[str, Any] = {"alpha": alpha, "sem": sem, "draws": draws, "seed": seed}
    return improvement(move.study, move.year, previous=move.previous, **given)


def overlooked(improved: Improvement) -> pd.DataFrame:
    """Units that the rule does not list and that gained more points than the last one it lists."""
    table = improved.units
    least = table.loc[table["listed"], "gain"].min()
    more = (table["gain"] - least).round(NOISE_DECIMALS) > 0
    return table[~table["listed"] & more].sort_values("gain", ascending=False, kind="stable")
