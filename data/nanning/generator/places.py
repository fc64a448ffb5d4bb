"""Who stands where: places of both years first, then totals that keep them and the means."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from generator.facts import ABOVE_90, AT_LEAST, DEPARTMENT_SUM, IMPROVED, NAMED, TOP_TEN, ZONE_SUM

CARRIED = 0.68  # how much of a site's quality carries over to the next year
# how the distances from 90 stretch at the far end, above and below: 2019 had the longer low tail
BEND = {2019: (2.2, 1.15), 2020: (1.7, 2.3)}
MARGIN = 4  # places kept free on both sides of AT_LEAST, so that no way of counting sites matters
FORBIDDEN = 1e6


def order_2020(departments, rng):
    """Departments by place: the printed ten, the other improvers further down, the rest at will."""
    others = [u for u in IMPROVED if u not in TOP_TEN]
    spots = sorted(rng.choice(np.arange(11, 34), len(others), replace=False))
    improvers = dict(zip(map(int, spots), others, strict=True))
    rest = [u for u in departments if u not in TOP_TEN and u not in others]
    rest = iter([rest[i] for i in rng.permutation(len(rest))])
    return [
        TOP_TEN[i] if i < len(TOP_TEN) else improvers.get(i) or next(rest)
        for i in range(len(departments))
    ]


def order_2019(departments, later, rng):
    """Places of the year before: improvers rise by enough places, nobody else does."""
    count, cost = len(departments), np.empty((len(departments), len(departments)))
    places = np.arange(count)
    for i, unit in enumerate(departments):
        if unit not in later:
            cost[i] = (rng.uniform(0, count) - places) ** 2
            continue
        place = later.index(unit)
        scaled = (place - count / 2) / (count / 3.46)
        wish = CARRIED * scaled + np.sqrt(1 - CARRIED**2) * rng.standard_normal()
        wish = count / 2 + wish * count / 3.46
        if unit in IMPROVED:
            wish = place + AT_LEAST + MARGIN + rng.uniform(0, 8)
        cost[i] = (wish - places) ** 2
        rise = places - place
        fits = rise >= AT_LEAST + MARGIN if unit in IMPROVED else rise <= AT_LEAST - MARGIN
        cost[i][~fits] += FORBIDDEN
        if unit in NAMED:  # the last place of 2019 falls below the gate: a neutral unit takes it
            cost[i][-1] += FORBIDDEN
    row, column = linear_sum_assignment(cost)
    if cost[row, column].max() >= FORBIDDEN:
        raise RuntimeError("no order of 2019 lets exactly the named improvers rise")
    return [departments[i] for i in row[np.argsort(column)]]


def totals(frame, order, adjusted, *, zones, lowest, tie, rng):
    """Marks earned by each unit, in hundredths, so that totals keep the order and the sums.

    `adjusted` holds bonus less penalty in hundredths; `tie` is a place that shares its total with
    the next one, or None; `zones` are in descending order.
    """
    top = ABOVE_90[frame.year]
    above, below = BEND[frame.year]
    low = 89.95 - _spread(len(order) - top, 89.95 - lowest, below, rng)
    shape = _spread(top, 1.0, above, rng)[::-1]
    window = DEPARTMENT_SUM[frame.year]
    grids = [_grid(frame, unit, adjusted[unit]) for unit in order]
    stretch = [4.0, 7.5]
    for _ in range(40):
        middle = sum(stretch) / 2
        wished = np.r_[90.03 + middle * shape, low]
        chosen = _aligned(wished, grids, top, tie)
        stretch[sum(chosen) > sum(window) / 2] = middle
    chosen = _nudged(chosen, grids, window, top, tie, rng)
    found = dict(zip(order, chosen, strict=True))
    return found | dict(zip(zones, _zones(frame, chosen, grids, rng), strict=True))


def _spread(count, reach, bend, rng):
    """Increasing distances from 0 to reach, wider apart at the far end when bend exceeds 1."""
    gaps = 0.5 + rng.gamma(4.0, 0.15, count)
    return reach * (np.cumsum(gaps) / gaps.sum()) ** bend


def _grid(frame, unit, adjusted):
    """All totals that the unit can reach, ascending: earned in hundredths / applicable + extras."""
    i = frame.row(unit)
    full = frame.full[frame.applies[i]].sum()
    finest = 5 if "P5.1" in frame.leaves else 10
    earned = np.arange(full * 7 // 10 // finest * finest, full + 1, finest)
    return np.unique(100 * earned / full + adjusted / 100)


def _aligned(wished, grids, top, tie):
    """Reachable totals near the wished ones, strictly descending, clear of the threshold of 90."""
    chosen = [0.0] * len(wished)
    floor = 90.012
    for i in range(top - 1, -1, -1):
        chosen[i] = _first(grids[i], max(wished[i], floor))
        floor = chosen[i] + (0.055 if i < 12 else 0.015)
    ceiling = 89.97
    for i in range(top, len(wished)):
        if tie is not None and i == tie + 1:
            chosen[i] = chosen[tie]
        else:
            chosen[i] = -_first(-grids[i][::-1], -min(wished[i], ceiling))
        ceiling = chosen[i] - 0.015
    return chosen


def _first(grid, least):
    return float(grid[np.searchsorted(grid, least - 1e-9)])


def _nudged(chosen, grids, window, top, tie, rng):
    """Single totals moved by one step of their grid until the sum lies in its window."""
    chosen = list(chosen)
    for _ in range(5000):
        total = sum(chosen)
        if window[0] < total < window[1]:
            return chosen
        i = int(rng.integers(1, len(chosen) - 1))
        if tie is not None and i in (tie, tie + 1):
            continue
        at = int(np.searchsorted(grids[i], chosen[i] - 1e-9)) + (1 if total < window[0] else -1)
        moved = float(grids[i][at])
        gap = 0.055 if i < 12 else 0.015
        clear = chosen[i + 1] + gap <= moved <= chosen[i - 1] - gap
        if clear and (moved >= 90.012 if i < top else moved <= 89.97):
            chosen[i] = moved
    raise RuntimeError("the totals do not reach their sum")


def _zones(frame, chosen, grids, rng):
    """Totals of the three zones: their printed mean, below the top ten, tied with nobody."""
    total, taken = ZONE_SUM[frame.year], np.array(chosen)
    for _ in range(5000):
        first = round(90.5 + rng.uniform(0.4, 1.8), 1)
        last = round(90.5 - rng.uniform(0.4, 1.8), 1)
        zones = np.array([first, total - first - last, last])
        apart = np.abs(zones[:, None] - taken).min() > 0.015 and np.diff(zones).max() < -0.1
        clear = ((zones >= 90.012) | (zones <= 89.97)).all()
        if apart and clear and zones.max() < chosen[10]:
            return [float(z) for z in zones]
    raise RuntimeError("no place for the zones")
