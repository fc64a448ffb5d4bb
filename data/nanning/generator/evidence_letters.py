"""Letters and consultations whose shares and means give the marks of a panel."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache

import numpy as np

from generator.evidence_days import (
    AS_OF,
    BUSY,
    DAY,
    EXCHANGED,
    WORKING,
    at,
    deadline,
    months_later,
    taken,
)

LIMIT = 15  # working days
# share answered in time and mean working days, by steps lost; well inside measures.yaml
SHARES = ((0.955, 1.0), (0.905, 0.945), (0.81, 0.89), (0.71, 0.79), (0.61, 0.69), (0.51, 0.59))
MEANS = ((4.5, 9.5), (10.4, 12.6), (13.4, 15.6), (16.5, 19.5))
TYPES = ("咨询", "咨询", "咨询", "建议", "求助", "投诉")
ASIDE = (("duplicate", 0.038), ("withdrawn", 0.014), ("test", 0.009), ("not_ours", 0.02))
VALID = 88  # letters of a middling site that are due within the year
HELD = ((4, 6), (1, 3), (0, 0))  # consultations held, by steps lost
RESULTS = ((1, 1), (0.62, 0.99), (0.32, 0.58), (0, 0.28))  # share published in time, by steps lost


def letters(panel, since, rng):
    """Rows of the letters of all units, numbered in order of receipt."""
    frame, year = panel.frame, panel.frame.year
    rows = []
    for i, unit in enumerate(frame.units):
        steps = [int(panel.final[i, frame.column(leaf)]) for leaf in ("I2.1", "I2.2")]
        start = max(_latest_due(months_later(AS_OF[year], -12)) + DAY, since.get(unit, date.min))
        rows += _unit_letters(unit, year, start, steps, rng)
    lasting = [unit for unit in frame.units if unit not in since]
    rows.sort(key=lambda row: row["received"])
    for number, row in enumerate(rows, 1):
        row["letter"] = f"信件 {year}-{number:05}"
        row["type"] = TYPES[int(rng.integers(len(TYPES)))]
        row["transfers"] = _transfers(row, [u for u in lasting if u != row["unit"]], rng)
    return rows


def _unit_letters(unit, year, start, steps, rng):
    """Letters of one unit: those that count, too young ones, those for nobody, old ones."""
    as_of = AS_OF[year]
    last = _latest_due(as_of)
    count = int(np.clip(VALID * np.exp(rng.normal(0, 0.42)), 32, 260))
    count = max(32, round(count * (last - start).days / 345))
    low, high = SHARES[steps[0]]
    shares = [k for k in range(count) if low <= 1 - k / count <= high]
    for _ in range(400):
        late = shares[int(rng.integers(len(shares)))]
        counted = _counted(year, count, late, _days(start, last, count, rng), steps[1], rng)
        young = _young(as_of, last, count, start, rng)
        if counted and _fits(counted, young, as_of, steps):
            break
    else:
        raise RuntimeError(f"no letters of {unit} in {year} lose {steps} steps")
    rows = counted + young + _aside(as_of, start, count, rng)
    if start == _latest_due(months_later(as_of, -12)) + DAY:
        rows += _old(start, rng)
    return [{"unit": unit, "status": "valid", **row} for row in rows]


def _latest_due(day):
    """The last day of receipt of a letter that is due by the day."""
    return WORKING[WORKING.index(deadline(day, 1)) - LIMIT] - DAY


def _counted(year, count, late, days, slow, rng):
    """Letters due by the last day; `late` of them answered late or not yet."""
    as_of = AS_OF[year]
    target = rng.uniform(*MEANS[slow])
    over = LIMIT + 1 + np.minimum(rng.exponential(rng.uniform(1, 6), late).astype(int), 28)
    quick = (target * count - over.sum()) / (count - late)
    if not 1 <= quick <= 14.6:
        return []
    part = rng.beta(5 * quick / LIMIT, 5 * (1 - quick / LIMIT), count - late)
    spent = rng.permutation(np.concatenate([over, np.rint(LIMIT * part).astype(int)]))
    rows = []
    for day, days_spent in zip(days, spent, strict=True):
        row = {"received": at(day, rng, hours=(7, 24))}
        reply = _reply(row["received"], int(days_spent), rng)
        young = (as_of - day).days < 80
        if days_spent > LIMIT and young and (reply.date() > as_of or rng.random() < 0.25):
            reply = _too_late(as_of, rng)
        rows.append(row | {"replied": reply, "published": _published(reply, rng)})
    return rows


def _reply(received, days_spent, rng):
    """A reply on the n-th working day, or on a day off just before it."""
    if days_spent == 0:
        end = datetime(received.year, received.month, received.day, 23, 59)
        return min(received + timedelta(minutes=int(rng.integers(30, 240))), end)
    day = deadline(received.date(), days_spent)
    before = day - DAY
    if before not in WORKING and before > received.date() and rng.random() < 0.15:
        day = before
    return at(day, rng)


def _too_late(as_of, rng):
    """An answer that was not there yet on the last day, or never came."""
    return at(deadline(as_of, int(rng.integers(2, 12))), rng) if rng.random() < 0.5 else None


def _published(reply, rng):
    """When the answer was put on the site: the same day or one of the next, or not at all."""
    if reply is None or rng.random() > 0.8:
        return None
    wait = int(rng.integers(0, 4))
    return at(reply.date() + wait * DAY, rng) if wait else reply + timedelta(minutes=20)


def _young(as_of, last, count, start, rng):
    """Letters whose time has not run out on the last day: answered or not, some after it."""
    rows = []
    span = (as_of - max(last, start)).days
    for _ in range(round(count * span / 345)):
        received = at(as_of - int(rng.integers(span)) * DAY, rng, hours=(7, 24))
        reply = _reply(received, int(rng.integers(1, LIMIT + 1)), rng)
        if reply.date() > as_of and rng.random() < 0.5:
            reply = None
        rows.append({"received": received, "replied": reply, "published": _published(reply, rng)})
    return rows


def _aside(as_of, start, count, rng):
    """Letters that count for nobody, some of them without an answer."""
    rows = []
    for status, share in ASIDE:
        for day in _days(start, as_of, int(rng.poisson(share * count)), rng):
            received = at(day, rng, hours=(7, 24))
            reply = _reply(received, int(rng.integers(0, 20)), rng)
            answered = status == "duplicate" and rng.random() < 0.6
            rows.append({"received": received, "status": status,
                         "replied": reply if answered else None, "published": None})  # fmt: skip
    return rows


def _old(start, rng):
    """Letters from before the year that counts, all answered."""
    rows = []
    for _ in range(int(rng.integers(1, 4))):
        received = at(start - int(rng.integers(3, 25)) * DAY, rng, hours=(7, 24))
        reply = _reply(received, int(rng.integers(2, 24)), rng)
        rows.append({"received": received, "replied": reply, "published": _published(reply, rng)})
    return rows


def _days(start, last, count, rng):
    """Days of receipt, some of them several times, in order."""
    days = [start + k * DAY for k in range((last - start).days + 1)]
    weight = np.array([_weight(day) for day in days])
    return [days[k] for k in sorted(rng.choice(len(days), count, p=weight / weight.sum()))]


@cache
def _weight(day):
    """Letters to expect: fewer on days off, more round Spring Festival and National Day."""
    near = min(abs((day - date.fromisoformat(f"{day.year}-{busy}")).days) for busy in BUSY)
    usual = 1.0 if day in WORKING else 0.45
    return usual * (2.2 if near <= 12 else 1.0) * (1.5 if day.isoformat() in EXCHANGED else 1.0)


def _fits(counted, young, as_of, steps):
    """Whether share and mean lie well inside what the marks need, however open letters count."""
    spent, answered = _spent(counted, as_of)
    fresh = _spent([row for row in young if row["replied"]], as_of)[1]
    in_time = sum(n <= LIMIT for n in answered) / len(counted)
    low, high = SHARES[steps[0]]
    least, most = MEANS[steps[1]]
    means = [sum(n) / len(n) for n in (spent, answered, spent + fresh, answered + fresh)]
    return low <= in_time <= high and all(least - 0.35 <= m <= most + 0.35 for m in means)


def _spent(letters, as_of):
    """Working days of all letters, open ones so far, and of the answered ones, on the last day."""
    known = [
        (row["received"].date(), row["replied"].date() if row["replied"] else None)
        for row in letters
    ]
    spent = [(taken(a, min(b or as_of, as_of)), b and b <= as_of) for a, b in known]
    return [n for n, _ in spent], [n for n, answered in spent if answered]


def _transfers(row, others, rng):
    """Earlier holders, each with the day on which it passed the letter on."""
    if rng.random() > 0.06:
        return ""
    day, found = row["received"].date(), []
    last = row["replied"].date() if row["replied"] else day + 6 * DAY
    for _ in range(1 + (rng.random() < 0.15)):
        day += int(rng.integers(0, 4)) * DAY
        if day <= last:
            found.append(f"{others[int(rng.integers(len(others)))]}@{day.isoformat()}")
    return ";".join(found)


def consultations(panel, since, rng):
    """Rows of the consultations of all units, numbered in order of their start."""
    frame, year = panel.frame, panel.frame.year
    rows = []
    for i, unit in enumerate(frame.units):
        held, late = (int(panel.final[i, frame.column(leaf)]) for leaf in ("I4.2", "I4.3"))
        start = max(months_later(AS_OF[year], -12) + 3 * DAY, since.get(unit, date.min))
        rows += [{"unit": unit, **row} for row in _unit_consultations(year, start, held, late, rng)]
    rows.sort(key=lambda row: row["start"])
    for number, row in enumerate(rows, 1):
        row["consultation"] = f"征集 {year}-{number:03}"
    return rows


def _unit_consultations(year, start, held, late, rng):
    """Consultations whose month is over, with the share published in time, and one still open."""
    as_of = AS_OF[year]
    least, most = HELD[held]
    low, high = RESULTS[late]
    held = range(max(least, 1), most + 1)
    fits = [(n, k) for n in held for k in range(n + 1) if low <= k / n <= high]
    if not fits:
        return []
    count, in_time = fits[int(rng.integers(len(fits)))]
    rows = []
    last = (months_later(as_of, -1) - start).days - 32
    for k in range(count):
        begin = start + int(rng.integers(last)) * DAY
        end = begin + int(rng.choice((7, 10, 14, 15, 20, 30))) * DAY
        results = _results(end, k < in_time, rng)
        rows.append({"start": begin, "end": end, "results_published": results})
    if (count > 1 or least > 1) and count < most and rng.random() < 0.5:
        end = as_of - int(rng.integers(0, 25)) * DAY
        results = end + 20 * DAY if rng.random() < 0.5 else None
        rows.append({"start": end - 15 * DAY, "end": end, "results_published": results})
    return rows


def _results(end, in_time, rng):
    """When the results were published: in time up to the very last day, or late, or never."""
    if in_time:
        exact = rng.random() < 0.06
        return months_later(end, 1) if exact else end + int(rng.integers(3, 27)) * DAY
    return None if rng.random() < 0.6 else months_later(end, 1) + int(rng.integers(2, 50)) * DAY
