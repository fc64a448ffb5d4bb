"""Like for like: each year's marks under the other year's scheme; and who is near the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evallib.change.cohort import cohort, continuing, standings
from evallib.change.sides import attainment, handed_on, side
from evallib.scoring import evaluate, granted, node_scores, total_points
from evallib.study.model import Study

if TYPE_CHECKING:
    from evallib.change.sides import Side


def bridge(study: Study, previous: int, current: int) -> pd.DataFrame:
    """Like for like, both ways: each year's marks under the other year's scheme and rules.

    Only leaves that both schemes have are re-scored; their weights are rescaled.

    Returns
    -------
    DataFrame, one row per continuing unit
        previous, previous_rescored (last year's marks under this year's scheme),
        current_rescored (this year's under last year's), current; scheme_break
        (previous_rescored - previous) and like_for_like (current - previous_rescored), which sum
        to the change; shared_previous, shared_current: the share of the unit's total that the
        common leaves carry in each year. NaN where nothing is common. Where ``shared_current``
        is below 1, this year's total holds leaves that last year never had, and
        ``like_for_like`` is so for the common part only.

    Notes
    -----
    Kolen and Brennan (2014), Test Equating, Scaling, and Linking, on common items.
    """
    pairs = continuing(cohort(study, previous, current))
    results = [evaluate(study, year) for year in (previous, current)]
    sides = [
        side(study.years[result.year], result, list(pairs[column]))
        for result, column in zip(results, ("unit_previous", "unit"), strict=True)
    ]
    before, after = (r.total[s.index.index].to_numpy() for r, s in zip(results, sides, strict=True))
    again = [_rescored(sides, 1 - t, t) for t in (0, 1)]
    common = sides[0].mass.columns.intersection(sides[1].mass.columns)
    table = {
        "previous": before,
        "previous_rescored": again[0],
        "current_rescored": again[1],
        "current": after,
        "scheme_break": again[0] - before,
        "like_for_like": after - again[0],
        "shared_previous": sides[0].mass[common].sum(axis=1).to_numpy(),
        "shared_current": sides[1].mass[common].sum(axis=1).to_numpy(),
    }
    return pd.DataFrame(table, index=pd.Index(pairs["unit"], name="unit"))


def _rescored(sides: list[Side], tree: int, year: int) -> np.ndarray:
    """Totals of one year's marks and adjustments under the other year's scheme and rules."""
    own, scheme, rules = sides[year], sides[tree].result.scheme, sides[tree].result.rules
    mass = handed_on(sides, tree, year, absent=2)
    base = node_scores(attainment(sides, tree, year), mass, scheme, rules)[:, 0] * rules.scale
    bonus, penalty = granted(base, own.bonus, own.penalty, rules)
    return total_points(pd.Series(base), bonus, penalty, own.veto, rules).to_numpy()


def near_threshold(study: Study, year: int, *, distance: float) -> pd.DataFrame:
    """Units whose total lies within a distance of the threshold: fragile on either side.

    Returns
    -------
    DataFrame indexed by unit
        name, total, printed, reached, margin (total less threshold, in points); nearest first.
    """
    table = standings(study, year).rename(columns={"name_zh": "name"})
    table["margin"] = table["total"] - study.years[year].rules.threshold
    near = table[table["margin"].abs() <= distance].sort_values("margin", key=np.abs, kind="stable")
    return near[["name", "total", "printed", "reached", "margin"]]
