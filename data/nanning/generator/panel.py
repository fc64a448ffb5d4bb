"""A whole panel by seed: both years' marks of both rounds, adjustments and findings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator import checks, places, quality
from generator.facts import AT_LEAST, FOLDER, NAMED, SEED, YEARS, Frame, frame, hundredths, rows

CORRELATION = (0.60, 0.72)  # of totals between the years


@dataclass(frozen=True)
class Panel:
    """One year of a panel; steps count the steps that a mark lies below full marks."""

    frame: Frame
    final: np.ndarray
    initial: np.ndarray
    adjustments: list
    findings: dict


def panel(seed):
    """Panels of 2019 and 2020 by year; the committed seed also keeps the hand-written marks."""
    for attempt in range(500):
        try:
            return _panel(np.random.default_rng([seed, attempt]), hand=seed == SEED)
        except RuntimeError as error:
            problem = error
    raise problem


def _panel(rng, *, hand):
    frames = {year: frame(year, checks.LACKING) for year in YEARS}
    departments = {
        year: [u for u, d in zip(f.units, f.department, strict=True) if d]
        for year, f in frames.items()
    }
    order = {2020: places.order_2020(departments[2020], rng)}
    order[2019] = places.order_2019(departments[2019], order[2020], rng)
    everyone = sorted({*frames[2019].units, *frames[2020].units})
    leaves = frames[2020].leaves
    drawn = quality.latents(everyone, leaves, rng)
    zones = [u for u, d in zip(frames[2020].units, frames[2020].department, strict=True) if not d]
    zones = [zones[i] for i in rng.permutation(len(zones))]
    extras = {year: _extras(frames[year], order[year], zones, rng) for year in YEARS}
    _check_years(extras)
    found = {}
    for k, year in enumerate(YEARS):
        row = [everyone.index(u) for u in frames[year].units]
        column = [leaves.index(code) for code in frames[year].leaves]
        luck = drawn["dimension"][k][row], drawn["leaf"][k][np.ix_(row, column)]
        given = [r for r in rows(FOLDER / "generator/hand_marks.csv") if int(r["year"]) == year]
        found[year] = _year(frames[year], extras[year], luck, given if hand else [], rng)
    return found


def _extras(frame, order, zones, rng):
    """Adjustments, what they come to, totals, and the unit whose bonus the gate refuses."""
    outside = order[-1] if frame.year == 2019 else None
    extra = checks.adjustments(frame, order, outside_gate=outside, rng=rng)
    net = checks.granted(frame, extra, outside_gate=outside)
    lowest = {2019: 79.3, 2020: 81.0}[frame.year] + rng.uniform(-0.4, 0.4)
    tie = _tie(frame, order, net) if frame.year == 2020 else None
    totals = places.totals(frame, order, net, zones=zones, lowest=lowest, tie=tie, rng=rng)
    return extra, net, totals, outside


def _check_years(extras):
    """Refuse a draw in which the years hang together too little or too much, or a zone rises."""
    before, after = extras[2019][2], extras[2020][2]
    both = [unit for unit in before if unit in after]
    r = np.corrcoef([before[u] for u in both], [after[u] for u in both])[0, 1]
    if not CORRELATION[0] < r < CORRELATION[1]:
        raise RuntimeError(f"the years correlate by {r:.2f}")
    for zone in (u for u in both if u.startswith("zone")):
        above = [sum(t > totals[zone] for t in totals.values()) for totals in (before, after)]
        if above[0] - above[1] > AT_LEAST - 3:
            raise RuntimeError(f"{zone} rises by {above[0] - above[1]} places")


def _year(frame, extras, luck, given, rng):
    extra, net, totals, outside = extras
    full = (frame.applies * frame.full).sum(axis=1)
    lost = np.array(
        [
            f - round((100 * totals[u] - net[u]) * f / 10000)
            for u, f in zip(frame.units, full, strict=True)
        ]
    )
    low, high = quality.limits(frame)
    bound = checks.bind(frame, lost, low, high, rng)
    if outside:
        high[frame.row(outside), frame.column("H1.2")] = 30
        low[frame.row(outside), frame.column("H1.2")] = 30
    low, high = np.where(frame.applies, low, 0), np.where(frame.applies, high, 0)
    for r in given:
        i, j = frame.row(r["unit"]), frame.column(r["indicator"])
        steps = (frame.full[j] - hundredths(r["mark"])) // frame.step[j]
        if r["indicator"] in checks.BOUND and not low[i, j] <= steps <= high[i, j]:
            raise RuntimeError(f"{r['unit']}/{r['indicator']} is at odds with a finding")
        low[i, j] = high[i, j] = steps
    expected = quality.expected_losses(frame, lost, *luck)
    drawn = quality.drawn_losses(frame, expected, luck[1], low, high)
    final = quality.fit(
        frame, drawn, expected, lost, low, high, printed=frame.year == 2020, rng=rng
    )
    initial, repaired = _initial(frame, final, rng)
    findings = checks.findings(frame, final, bound, repaired, rng)
    for code in checks.SOME:
        count = list(findings[code].values()).count("true")
        if not 3 <= count < len(frame.units) / 2:
            raise RuntimeError(f"{code} holds for {count} sites")
    return Panel(frame, final, initial, extra, findings)


def _tie(frame, order, net):
    """A place far down whose unit and the next share class and denominator."""
    full = (frame.applies * frame.full).sum(axis=1)
    for place in range(38, 49):
        one, two = order[place], order[place + 1]
        alike = full[frame.row(one)] == full[frame.row(two)] and net[one] == net[two]
        if alike and one not in NAMED and two not in NAMED:
            return place
    raise RuntimeError("no two neighbours for a tie")


def _initial(frame, final, rng):
    """Steps lost in the preliminary round, and the rows that repaired only after its report."""
    most = frame.full // frame.step
    initial = final.copy()
    neutral = [i for i, u in enumerate(frame.units) if u not in NAMED]
    repaired = set(map(int, rng.choice(neutral, 6, replace=False)))
    for i in range(len(frame.units)):
        room = np.flatnonzero(frame.applies[i] & (final[i] < most))
        count = int(rng.integers(5, 9)) if i in repaired else int(rng.integers(0, 4))
        for j in rng.choice(room, count, replace=False):
            initial[i, j] = min(most[j], final[i, j] + int(rng.integers(1, 3)))
    for i in rng.choice(neutral, 5, replace=False):
        worse = np.flatnonzero((final[i] > 0) & (initial[i] == final[i]))
        if len(worse):
            initial[i, rng.choice(worse)] -= 1
    return initial, repaired
