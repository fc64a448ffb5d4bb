"""Who is the same unit in two years, where each stood, and who counts as most improved.

Renames are followed. A merged or split unit has no predecessor of its own, hence no change of
rank, unless a person rules so with a ``rename`` row beside the ``merge`` or ``split`` in
``successions.csv`` (``rename,X,Y`` says that Y continues X; ``rename,Y,Y`` that Y continues
itself although it took X in).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.rounding import NOISE_DECIMALS, round_number
from evallib.scoring import Evaluation, evaluate, printed_totals, rank
from evallib.study.model import Study, Year
from evallib.study.rules import Rules
from evallib.study.units import members

COHORT_COLUMNS = ["unit_previous", "unit", "status"]
CONTINUING = ("stayer", "renamed")
COMPOSITION = ("entered", "left", "merged", "split")
FLIPPED = {"entered": "left", "left": "entered"}


def cohort(study: Study, previous: int, current: int) -> pd.DataFrame:
    """Every unit of either year once or more: what it was, what it is, and how it got there.

    Parameters
    ----------
    study : Study
    previous, current : int
        In either order; turned round, entered and left change places.

    Returns
    -------
    DataFrame with columns unit_previous, unit, status
        ``status`` is stayer, renamed, entered (no unit_previous), left (no unit), merged or
        split; absent codes are empty text. A unit that merged or split has one row for each of
        its other ends. Units of the current year come first, in their order.

    Raises
    ------
    DataError
        If the study lacks one of the years.
    """
    if previous > current:
        table = cohort(study, current, previous).replace({"status": FLIPPED})
        table.columns = ["unit", "unit_previous", "status"]
        return table[COHORT_COLUMNS]
    before, after = _year(study, previous).units.index, _year(study, current).units.index
    links = [(unit, unit, "stayer") for unit in before]
    for year in range(previous + 1, current + 1):
        links = _step(links, _successions(study, year))
    links = [link for link in links if link[1] in after]
    links = _one_to_one(links)
    rows = [link for unit in after for link in links if link[1] == unit]
    rows += [("", unit, "entered") for unit in after if unit not in {link[1] for link in links}]
    rows += [(unit, "", "left") for unit in before if unit not in {link[0] for link in links}]
    table = pd.DataFrame(rows, columns=COHORT_COLUMNS, dtype=object)
    place = {unit: position for position, unit in enumerate(after)}
    order = table["unit"].map(place).fillna(len(after))
    return table.iloc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)


def _year(study: Study, year: int) -> Year:
    if year not in study.years:
        known = ", ".join(map(str, study.years))
        raise DataError(f"study {study.code} has no year {year}; it has {known}")
    return study.years[year]


def _successions(study: Study, year: int) -> list[tuple[str, str, str]]:
    if study.successions.empty:
        return []
    rows = study.successions[study.successions["year"] == year]
    return list(rows[["from_unit", "to_unit", "kind"]].itertuples(index=False, name=None))


def _step(
    links: list[tuple[str, str, str]], successions: list[tuple[str, str, str]]
) -> list[tuple[str, str, str]]:
    """Links from the first year carried over one more year of successions."""
    kinds = {"rename": "renamed", "merge": "merged", "split": "split"}
    ruled = {(start, end) for start, end, kind in successions if kind == "rename"}
    taken_in = {end for _, end, kind in successions if kind in ("merge", "split")}
    ended = {start or end for start, end, kind in successions if kind not in kinds}
    carried = []
    for origin, unit, status in links:
        if unit in ended:  # dissolved, or founded anew under an old code
            continue
        outs = {end: kind for start, end, kind in successions if start == unit and kind in kinds}
        outs |= {end: "rename" for start, end in ruled if start == unit}
        if "rename" not in outs.values():
            outs.setdefault(unit, "merge" if unit in taken_in else "split" if outs else "")
        for end, kind in outs.items():
            new = kinds.get(kind, status)
            if kind == "rename":
                new = "stayer" if origin == end else "renamed"
                new = status if status not in CONTINUING else new
            carried.append((origin, end, new))
    return carried


def _one_to_one(links: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """A unit that continues two has merged, one that two continue has split: so say it of all."""
    for side, status in ((1, "merged"), (0, "split")):
        ends = [link[side] for link in links if link[2] in CONTINUING]
        links = [
            (*link[:2], status) if link[2] in CONTINUING and ends.count(link[side]) > 1 else link
            for link in links
        ]
    return links


def continuing(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of a cohort whose unit is the same in both years: stayers and renamed ones."""
    return table[table["status"].isin(CONTINUING)].reset_index(drop=True)


def standings(study: Study, year: int, *, result: Evaluation | None = None) -> pd.DataFrame:
    """Total, print and rank of every unit, of a scored year or of one with ``totals.csv`` only.

    Parameters
    ----------
    result : Evaluation, optional
        Of that year, where it is at hand.

    Returns
    -------
    DataFrame indexed by unit
        name_zh, group, class, ranked, total (NaN without one), printed, rank (as published where
        ``totals.csv`` has it), in_mean (the value that enters a mean, else NaN), reached
        (printed total at or above the threshold).
    """
    one = _year(study, year)
    table = one.units[["name_zh", "group", "class", "ranked"]].copy()
    if one.scheme is not None:
        result = evaluate(study, year) if result is None else result
        found = (result.total, result.printed, result.rank, result.means_of)
        reached = result.reaches_threshold
    elif one.totals is None:
        raise DataError(f"{study.code} {year}: neither marks nor totals; add totals.csv")
    else:
        found, reached = _kept_totals(one, one.totals)
    for name, column in zip(("total", "printed", "rank", "in_mean"), found, strict=True):
        table[name] = column.reindex(table.index)
    return table.assign(reached=np.asarray(reached))


def _kept_totals(one: Year, totals: pd.DataFrame) -> tuple[tuple[pd.Series, ...], np.ndarray]:
    """Totals, print, places and what enters a mean, of a year that kept nothing else."""
    rules, kept = one.rules, totals.set_index("unit").reindex(one.units.index)
    total, places = kept["total"].astype(float), kept["rank"].astype("Int64")
    if places.isna().all():
        places = rank(
            total.where(one.units["ranked"]),
            decimals=rules.rank_decimals,
            ties=rules.ties,
            rounding=rules.rounding,
        )
    printed = printed_totals(total, total.isna() & False, rules)
    reached = round_number(total, rules.decimals, rules.rounding) >= rules.threshold
    return (total, printed, places, total), reached


def gains(study: Study, previous: int, current: int) -> pd.DataFrame:
    """What every continuing unit gained: places up (positive is better) and points.

    Returns
    -------
    DataFrame indexed by unit
        unit_previous, name, group, class, rank_previous, rank, places, total_previous, total,
        gain (unrounded), printed_differs (the printed gain is not the difference of the printed
        totals); in the order of this year's units. Merged, split and new units are absent.
    """
    pairs = continuing(cohort(study, previous, current))
    before, after = standings(study, previous), standings(study, current)
    old = before.loc[pairs["unit_previous"]].set_axis(pairs["unit"])
    new = after.loc[pairs["unit"]]
    gain = new["total"] - old["total"]
    rules = study.years[current].rules
    table = pd.DataFrame(
        {
            "unit_previous": pairs["unit_previous"].to_numpy(),
            "name": new["name_zh"],
            "group": new["group"],
            "class": new["class"],
            "rank_previous": old["rank"],
            "rank": new["rank"],
            "places": old["rank"] - new["rank"],
            "total_previous": old["total"],
            "total": new["total"],
            "gain": gain,
            "printed_differs": _misprints(old["total"], new["total"], rules),
        }
    )
    return table.rename_axis("unit")


def _misprints(old: pd.Series, new: pd.Series, rules: Rules) -> np.ndarray:
    shown, first, second = (
        round_number(values, rules.decimals, rules.rounding) for values in (new - old, old, new)
    )
    return np.abs(shown - (second - first)) > 0.5 * 10.0**-rules.decimals


def most_improved(study: Study, year: int, *, previous: int | None = None) -> pd.DataFrame:
    """Units that count as most improved by the year's own rule, in this year's rank order.

    Parameters
    ----------
    study : Study
    year : int
        Its ``rules.improved`` decides: by places of the published rank or by points, at least
        so many, within a population.
    previous : int, optional
        Year to compare with; the study's year before it when omitted.

    Returns
    -------
    DataFrame as of ``gains``
        Empty when the rules name no such list.

    Raises
    ------
    DataError
        If the study has no earlier year.
    """
    earlier = previous_year(study, year) if previous is None else previous
    table = gains(study, earlier, year)
    rule = _year(study, year).rules.improved
    if rule is None:
        return table.iloc[:0]
    inside = table.index.isin(members(study.years[year].units, rule.within or "all"))
    rise = table["places" if rule.by == "rank" else "gain"].astype(float)
    enough = rise.round(NOISE_DECIMALS) >= rule.at_least
    return table[inside & enough].sort_values("rank", kind="stable")


def previous_year(study: Study, year: int) -> int:
    """The study's latest year before the given one; DataError where there is none."""
    earlier = study.year_before(_year(study, year).year)
    if earlier is None:
        raise DataError(f"study {study.code} has no year before {year}; add one to compare with")
    return earlier
