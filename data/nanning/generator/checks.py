"""What assessors note besides marks: findings bound to marks, bonus and penalty points."""

from __future__ import annotations

import numpy as np

from generator.facts import NAMED

# sites without duties in the key areas of P7.1, in both years
LACKING = (("dept26", "P7.1"), ("dept43", "P7.1"))
BONUS = (
    ("信息被自治区门户网站采用", (50, 100)),
    ("按期完成集约化平台迁移", (50, 100)),
    ("开展适老化与无障碍改造", (50, 100)),
    ("政务新媒体创新应用", (50, 150)),
)
BOUND = ("P5.1", "P5.2", "S2.2", "I4.2", "I4.3")  # leaves whose marks follow from findings
# what the letter says of "some" sites, 部分
SOME = ("identity_not_filed", "original_content_low", "reply_late", "own_service_channel")
PENALTY = (("季度抽查被通报", (50, 100)), ("专项整改逾期", (50,)))


def adjustments(frame, order, *, outside_gate, rng):
    """Rows of (unit, kind, hundredths, reason): bonus for some, penalties for neutral units only.

    One unit is granted more than the cap; `outside_gate` has a bonus below the gate, or is None.
    """
    count = len(order)
    odds = np.linspace(1.0, 0.3, count)
    chosen = rng.choice(count - 12, 13, replace=False, p=odds[:-12] / odds[:-12].sum())
    found = []
    for i in sorted(map(int, chosen)):
        reason, points = BONUS[int(rng.integers(len(BONUS)))]
        found.append((order[i], "bonus", int(rng.choice(points)), reason))
    neutral = [u for u in order[8:-14] if u not in NAMED and u not in {f[0] for f in found}]
    capped, *fined = rng.choice(neutral, 4, replace=False)
    found += [(str(capped), "bonus", 200, BONUS[0][0]), (str(capped), "bonus", 150, BONUS[3][0])]
    for unit in fined:
        reason, points = PENALTY[int(rng.integers(len(PENALTY)))]
        found.append((str(unit), "penalty", int(rng.choice(points)), reason))
    if outside_gate:
        found.append((outside_gate, "bonus", 50, BONUS[1][0]))
    return sorted(found, key=lambda row: frame.row(row[0]))


def granted(frame, found, *, outside_gate):
    """Bonus less penalty of each unit in hundredths, after the cap of 3 and the gate."""
    net = {}
    for unit in frame.units:
        bonus = sum(p for u, kind, p, _ in found if u == unit and kind == "bonus")
        penalty = sum(p for u, kind, p, _ in found if u == unit and kind == "penalty")
        net[unit] = (0 if unit == outside_gate else min(bonus, 300)) - min(penalty, 500)
    return net


def bind(frame, lost, low, high, rng):
    """Findings that fix marks: the weakest sites get them, and the marks' limits follow."""
    weak = (
        lost
        / (frame.applies * frame.full).sum(axis=1)
        * np.exp(rng.normal(0, 0.25, len(frame.units)))
    )
    departments = np.flatnonzero(frame.department)
    worst = departments[np.argsort(-weak[departments], kind="stable")]
    found = {}
    if "P5.2" in frame.leaves:
        none = set(worst[: int(rng.integers(24, 26))]) | {int(np.flatnonzero(~frame.department)[0])}
        found["no_disclosure_search"] = none
        search, sections = frame.column("P5.2"), frame.column("P5.1")
        for i in range(len(frame.units)):
            low[i, search], high[i, search] = (3, 6) if i in none else (0, 2)
            low[i, sections] = i in none
    _bind_consultations(frame, worst, low, high, found, rng)
    _bind_guides(frame, worst, low, high, found, rng)
    return found


def _bind_consultations(frame, worst, low, high, found, rng):
    held, published = frame.column("I4.2"), frame.column("I4.3")
    none = set(map(int, rng.choice(worst[6:], int(rng.integers(6, 9)), replace=False)))
    open_ = [i for i in worst if i not in none]
    late = set(open_[: int(rng.integers(29, 32))]) | {int(np.flatnonzero(~frame.department)[1])}
    found["consultation_unpublished"], found["no_consultation"] = late, none
    for i in range(len(frame.units)):
        low[i, held], high[i, held] = (2, 2) if i in none else (0, 1)
        low[i, published], high[i, published] = (
            (3, 3) if i in none else (1, 3) if i in late else (0, 0)
        )


def _bind_guides(frame, worst, low, high, found, rng):
    column = frame.column("S2.2")
    neutral = [i for i in worst if frame.class_a[i] and frame.units[i] not in NAMED][:16]
    other_format = set(map(int, rng.choice(neutral, 5, replace=False)))
    other_source = set(map(int, rng.choice(neutral, 7, replace=False)))
    found["guide_format_differs"], found["guide_source_differs"] = other_format, other_source
    for i in np.flatnonzero(frame.class_a):
        steps = (i in other_format) + (i in other_source)
        low[i, column] = high[i, column] = steps


def findings(frame, steps, bound, repaired, rng):
    """All findings as {code: {unit: true | false | not_applicable}}, those of `bound` included."""
    units = range(len(frame.units))
    lost = {code: steps[:, frame.column(code)] for code in frame.leaves}
    changed = {i for i in units if lost["F2.1"][i] >= 1 and rng.random() < 0.6}
    truth = {k: v for k, v in bound.items() if k != "no_consultation"} | {
        "repaired_after_report": repaired,
        "identity_not_filed": changed,
        "original_content_low": {i for i in units if lost["P2.2"][i] >= 3},
        "reply_late": {i for i in units if lost["I2.1"][i] >= 2},
        "own_service_channel": {i for i in units if lost["S2.1"][i] >= 1},
    }
    services = ("guide_format_differs", "guide_source_differs", "own_service_channel")
    table = {}
    for code, hit in truth.items():
        off = bound["no_consultation"] if code == "consultation_unpublished" else set()
        if code in services:
            off = set(np.flatnonzero(~frame.class_a))
        table[code] = {
            frame.units[i]: "not_applicable" if i in off else "true" if i in hit else "false"
            for i in units
        }
    return table
