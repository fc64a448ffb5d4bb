"""A second scorer, written from the conventions alone: loops and lists, nothing of the library.

Leaf: mark / full marks, or the place between its goalposts. Node: the mean of its children by
weight. A child of which nothing counts hands its weight to its siblings, or drops it, by rule.
"""

import math
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}


def rounded(x, places, rules):
    exact = Decimal(repr(x)).quantize(Decimal("1e-10"))  # the rest is noise
    return exact.quantize(Decimal(1).scaleb(-places), MODES[rules["rounding"]])


def points(code, nodes):
    below = [n for n in nodes if n["parent"] == code]
    own = next(n["full_marks"] for n in nodes if n["code"] == code)
    return math.fsum(points(n["code"], nodes) for n in below) if below else own


def leaf(node, cell, weight, rules):
    """Index, weight that counts, weight for the siblings in proportion and in equal parts."""
    if cell == "missing":
        return (0.0, weight, 0, 0) if rules["missing"] == "zero" else (None, 0, weight, 0)
    if cell == "not_applicable":
        rule = rules["not_applicable"]
        none = (None, 0, weight * (rule == "within_parent"), weight * (rule == "spread"))
        return (1.0, weight, 0, 0) if rule == "full_marks" else none
    if node["full_marks"] is not None:
        return cell / node["full_marks"], weight, 0, 0
    x = (cell - node["low"]) / (node["high"] - node["low"])
    return min(max(x, 0), 1) if node["outside"] == "clip" else x, weight, 0, 0


def mean(kind, values, weights):
    whole = math.fsum(weights)
    if kind == "arithmetic":
        return math.fsum(x * w for x, w in zip(values, weights, strict=True)) / whole
    if 0 in values:
        return 0.0
    if kind == "geometric":
        logs = [math.log(x) * w for x, w in zip(values, weights, strict=True)]
        return math.exp(math.fsum(logs) / whole)
    return whole / math.fsum(w / x for x, w in zip(values, weights, strict=True))


def walk(node, unit, weight, year, found):
    """Like ``leaf`` for any node; its index, rounded if the rules say so, goes into ``found``."""
    rules, nodes = year["rules"], year["nodes"]
    kids = [n for n in nodes if n["parent"] == node["code"]]
    if kids:
        raw = [points(n["code"], nodes) if n["weight"] is None else n["weight"] for n in kids]
        shares = [weight * w / math.fsum(raw) for w in raw]
        parts = [walk(n, unit, w, year, found) for n, w in zip(kids, shares, strict=True)]
        alive = [part for part in parts if part[0] is not None]
        in_proportion, equal = (math.fsum(p[i] for p in parts if p[0] is None) for i in (2, 3))
        held = math.fsum(part[1] for part in alive)
        masses = [p[1] * (1 + in_proportion / held) + equal / len(alive) for p in alive]
        result = (None, 0, in_proportion, equal)
        if alive:
            x = mean(node["aggregation"], [part[0] for part in alive], masses)
            result = (x, math.fsum(masses), 0, 0)
    else:
        result = leaf(node, year["marks"][unit, node["code"]], weight, rules)
    if result[0] is not None and rules["tier_decimals"] is not None:
        x = rounded(result[0] * rules["scale"], rules["tier_decimals"], rules)
        result = (float(x) / rules["scale"], *result[1:])
    found[node["code"]] = result[0]
    return result


def score(year):
    """By unit: ``index`` of every node, ``total``, ``key`` that decides its place, ``rank``."""
    rules, given, results = year["rules"], year["adjustments"], {}
    for unit, about in year["units"].items():
        index = {}
        base = walk(year["nodes"][0], unit, 1, year, index)[0] * rules["scale"]
        bonus, penalty = (
            math.fsum(p for u, kind, p in given if u == unit and kind == wanted)
            for wanted in ("bonus", "penalty")
        )
        gate, cap, limit = *(rules["bonus"][k] for k in ("gate", "cap")), rules["penalty"]["cap"]
        bonus = 0 if gate is not None and not round(base, 10) > gate else bonus
        total = base + (bonus if cap is None else min(bonus, cap))
        total -= penalty if limit is None else min(penalty, limit)
        if any(u == unit and kind == "veto" for u, kind, _ in given):
            total = rules["veto"]["total"]
        places = rules["decimals"] if rules["rank_on"] == "printed" else 10
        key = rounded(total, places, rules) if total is not None and about["ranked"] else None
        results[unit] = {"index": index, "total": total, "key": key}
    keys = [result["key"] for result in results.values() if result["key"] is not None]
    for one in results.values():
        above = [key for key in keys if one["key"] is not None and key > one["key"]]
        above = set(above) if rules["ties"] == "dense" else above
        one["rank"] = None if one["key"] is None else 1 + len(above)
    return results
