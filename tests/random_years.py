"""Random years as plain rows: a tree, units, marks, points and rules; in memory or as a folder.

A year is a dict of ``nodes`` (list of dict), ``units`` (dict of dict), ``marks`` (dict by unit
and leaf of a number, ``missing`` or ``not_applicable``), ``adjustments`` (list of unit, kind,
points) and ``rules`` (as of ``rules.yaml``).
"""

import csv
import random
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from studies import STUDY

import evallib as ev
from evallib.study.model import Names

NAMES = {key: {k: Names(**v) for k, v in STUDY[key].items()} for key in ("groups", "classes")}


def random_year(seed, **fixed) -> dict:
    """One year; ``fixed`` replaces what would be drawn of the rules, or ``deep``, ``linear``."""
    draw = random.Random(seed)
    linear = fixed.pop("linear", draw.random() < 0.5)
    nodes = _tree(draw, linear=linear)
    units = {
        f"u{i}": {
            "group": draw.choice("ggh"),
            "class": draw.choice("AAB"),
            "ranked": draw.random() < 0.9,
        }
        for i in range(draw.randint(2, 7))
    }
    rules = _rules(draw) | ({"tier_decimals": None} if linear else {}) | fixed
    marks = _marks(draw, nodes, units, missing=rules["missing"] != "refuse")
    adjustments = [
        (unit, kind, None if kind == "veto" else draw.randint(1, 8) / 2)
        for unit in units
        for kind, chance in (("bonus", 0.3), ("bonus", 0.2), ("penalty", 0.3), ("veto", 0.08))
        if draw.random() < chance
    ]
    adjustments = list(dict.fromkeys(adjustments))
    return {
        "nodes": nodes,
        "units": units,
        "marks": marks,
        "adjustments": adjustments,
        "rules": rules,
    }


def _rules(draw):
    return {
        "scale": draw.choice([100, 100, 10, 1]),
        "decimals": draw.choice([0, 1, 2]),
        "rounding": draw.choice(["half_up", "half_even"]),
        "tier_decimals": draw.choice([None, None, 1, 2]),
        "ties": draw.choice(["min", "dense"]),
        "rank_on": draw.choice(["printed", "exact"]),
        "missing": draw.choice(["zero", "sibling_mean", "refuse"]),
        "not_applicable": draw.choice(["rescale", "within_parent", "spread", "full_marks"]),
        "bonus": {"cap": draw.choice([None, 3]), "gate": draw.choice([None, 5, 60])},
        "penalty": {"cap": draw.choice([None, 2])},
        "veto": {"total": draw.choice([None, 30]), "in_mean": False},
    }


def _tree(draw, *, linear):
    """A root, two or three dimensions, some of them a level deeper; leaves of either kind."""
    means = ["arithmetic"] if linear else ["arithmetic", "arithmetic", "geometric", "harmonic"]
    nodes = [_node("all", "", aggregation=draw.choice(means))]
    parents = ["all"]
    while parents:
        parent = parents.pop(0)
        measured = draw.random() < 0.4  # siblings have goalposts and weights, or marks
        weighed = measured or draw.random() < 0.5
        for i in range(draw.randint(2, 3)):
            code = f"{parent}.{i}" if parent != "all" else f"D{i}"
            deeper = parent == "all" or (parent.count(".") < 2 and draw.random() < 0.25)
            weight = draw.randint(1, 9) / draw.choice([1, 2, 10]) if weighed or deeper else None
            if deeper:
                nodes.append(_node(code, parent, weight, aggregation=draw.choice(means)))
                parents.append(code)
            else:
                nodes.append(_leaf(draw, code, parent, weight, measured))
    for parent in {n["parent"] for n in nodes}:  # all siblings have a weight, or none
        siblings = [n for n in nodes if n["parent"] == parent]
        if parent and any(n["weight"] for n in siblings):
            for n in siblings:
                n["weight"] = n["weight"] or draw.randint(1, 9)
    return nodes


def _node(code, parent, weight=None, **given):
    blank = {"full_marks": None, "low": None, "high": None, "outside": "refuse", "classes": ()}
    base = {"code": code, "parent": parent, "weight": weight, "aggregation": "arithmetic"}
    return base | blank | given


def _leaf(draw, code, parent, weight, measured):
    classes = draw.choice([(), (), (), ("A",)]) if code[-1] != "0" else ()
    if not measured:
        return _node(code, parent, weight, full_marks=float(draw.randint(1, 8)), classes=classes)
    low, high = draw.choice([(0, 10), (10, 0), (2, 6), (9, 1)])
    outside = draw.choice(["refuse", "clip"])
    given = {"low": low, "high": high, "outside": outside, "classes": classes}
    return _node(code, parent, weight, **given)


def _marks(draw, nodes, units, *, missing):
    inner, marks = {n["parent"] for n in nodes}, {}
    leaves = [n for n in nodes if n["code"] not in inner]
    for unit, about in units.items():
        kept = draw.choice([n for n in leaves if not n["classes"]])["code"]  # at least one mark
        for leaf in leaves:
            key, chance = (unit, leaf["code"]), draw.random()
            if leaf["classes"] and about["class"] not in leaf["classes"]:
                marks[key] = "not_applicable"
            elif leaf["code"] != kept and chance < 0.22:
                marks[key] = "missing" if missing and chance < 0.1 else "not_applicable"
            else:
                marks[key] = _mark(draw, leaf)
    return marks


def _mark(draw, leaf):
    if leaf["full_marks"] is not None:
        return draw.choice([0.0, 0.5, 1.0, 1.0, 0.75, draw.random()]) * leaf["full_marks"]
    ends = sorted((leaf["low"], leaf["high"]))
    beyond = 1.5 if leaf["outside"] == "clip" else 0
    return draw.uniform(ends[0] - beyond, ends[1] + beyond)


def in_memory(*years) -> ev.Study:
    """A Study of years 2020, 2021, ..."""
    read = {2020 + i: _year(2020 + i, one) for i, one in enumerate(years)}
    empty = pd.DataFrame()
    successions = pd.DataFrame(columns=["from_unit", "to_unit", "year", "kind"])
    about = (Path("."), "random", Names(zh="随机"), "observed", "")
    units = read[2020].units.reset_index()
    return ev.Study(*about, NAMES["groups"], NAMES["classes"], units, empty, successions, read)


def _year(number, one):
    scheme = ev.Scheme.of(ev.Node(**n, name_zh=n["code"]) for n in one["nodes"])
    table = pd.DataFrame.from_dict(one["units"], orient="index").rename_axis("unit")
    table.insert(0, "name_zh", table.index + "局")
    table.insert(1, "name_en", "")
    cells = [one["marks"][unit, leaf] for unit in table.index for leaf in scheme.leaves]
    marks = pd.DataFrame(
        {
            "unit": np.repeat(table.index.to_numpy(), len(scheme.leaves)),
            "indicator": np.tile(scheme.leaves, len(table)),
            "mark": [np.nan if isinstance(cell, str) else cell for cell in cells],
            "status": [cell if isinstance(cell, str) else "scored" for cell in cells],
        }
    )
    points = pd.DataFrame(one["adjustments"], columns=["unit", "kind", "points"])
    points = points.assign(points=points["points"].astype(float), reason="", source="")
    findings = pd.DataFrame(columns=["unit", "finding", "value"])
    return ev.Year(number, scheme, ev.Rules(**one["rules"]), table, marks, points, findings)


def write(folder, one, *, order=None) -> Path:
    """A study folder of one year, 2020; ``order`` shuffles the rows of a table in place."""
    folder = Path(folder)
    (folder / "2020").mkdir(parents=True)
    order = order or (lambda rows: None)
    (folder / "study.yaml").write_text(yaml.safe_dump(STUDY, allow_unicode=True), "utf-8")
    (folder / "2020" / "rules.yaml").write_text(yaml.safe_dump(one["rules"]), "utf-8")
    nodes = [n | {"classes": ";".join(n["classes"]), "name_zh": n["code"]} for n in one["nodes"]]
    units = [{"unit": unit, "name_zh": f"{unit}局"} | about for unit, about in one["units"].items()]
    marks = [
        {"unit": unit, "indicator": leaf, "mark": None, "status": cell}
        if isinstance(cell, str)
        else {"unit": unit, "indicator": leaf, "mark": cell, "status": "scored"}
        for (unit, leaf), cell in one["marks"].items()
    ]
    points = [
        {"unit": unit, "kind": kind, "points": given, "reason": ""}
        for unit, kind, given in one["adjustments"]
    ]
    tables = {"units": units, "2020/scheme": nodes, "2020/marks": marks}
    for name, rows in (tables | {"2020/adjustments": points}).items():
        order(rows)
        if rows:
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, rows[0])
                writer.writeheader()
                writer.writerows(rows)
    return folder
