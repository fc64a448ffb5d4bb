"""Total and rank of every unit over all years of a study, renames followed."""

from __future__ import annotations

import pandas as pd

from evallib.change.cohort import cohort, continuing, standings
from evallib.study.model import Study


def trajectories(study: Study) -> pd.DataFrame:
    """One row per unit and year: where it stood.

    Returns
    -------
    DataFrame with columns unit, unit_then, name, group, year, total, printed, rank
        ``unit`` is the latest code of the line, the same for all its years; ``unit_then`` and
        ``name`` are the year's own. A merger or a split ends the lines before it. Sorted by unit
        of the latest year first, then year; a year in which the unit took no part has no row.
    """
    lines: dict[int, dict[str, str]] = {}
    for year in sorted(study.years, reverse=True):
        line = {unit: unit for unit in study.years[year].units.index}
        for later in sorted(lines, reverse=True):  # the nearest year wins
            pairs = continuing(cohort(study, year, later))
            found = zip(pairs["unit_previous"], pairs["unit"], strict=True)
            line |= {then: lines[later][now] for then, now in found}
        lines[year] = line
    parts = []
    for year, line in lines.items():
        table = standings(study, year).rename(columns={"name_zh": "name"}).rename_axis("unit_then")
        parts.append(table.reset_index().assign(unit=[*line.values()], year=year))
    whole = pd.concat(parts, ignore_index=True)
    order = {unit: place for place, unit in enumerate(dict.fromkeys(whole["unit"]))}
    whole = whole.sort_values(
        ["unit", "year"], key=lambda c: c.map(order) if c.name == "unit" else c
    )
    columns = ["unit", "unit_then", "name", "group", "year", "total", "printed", "rank"]
    return whole[columns].reset_index(drop=True)
