"""Small studies for tests: folders written to disk, and random ones in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

import evallib as ev

STUDY = {
    "names": {"zh": "试验", "en": "Trial"},
    "provenance": "observed",
    "source": "made for a test",
    "groups": {"g": {"zh": "部门", "en": "department"}, "h": {"zh": "开发区", "en": "zone"}},
    "classes": {"A": {"zh": "A类", "en": "class A"}, "B": {"zh": "B类", "en": "class B"}},
}
UNITS = "unit,name_zh,name_en,group,class\nu1,甲局,,g,A\nu2,乙局,,g,A\nu3,丙局,,g,B\nu4,丁区,,h,A\n"
SCHEME = """code,parent,name_zh,name_en,weight,full_marks,step,aggregation,classes
all,,总,Total,,,,,
D1,all,一,One,,,,,
D2,all,二,Two,,,,,
a,D1,甲项,Leaf a,,6,0.5,,
b,D1,乙项,Leaf b,,4,0.5,,
c,D2,丙项,Leaf c,,5,0.5,,A
d,D2,丁项,Leaf d,,5,0.5,,
"""
MARKS = "unit,indicator,mark\n" + "\n".join(
    f"{unit},{leaf},{mark}"
    for unit, marks in {
        "u1": (6, 4, 5, 5),
        "u2": (3, 2, 2.5, 4),
        "u3": (6, 2, None, 5),
        "u4": (3, 4, 0, 5),
    }.items()
    for leaf, mark in zip("abcd", marks, strict=True)
    if mark is not None
)


def make_study(folder, *, year=2020, **files) -> Path:
    """A valid small study under ``folder``; files by name replace or add (None leaves one out).

    Names with ``__`` for ``/`` and without ending: ``units``, ``study``, ``2020__marks`` are
    given as ``files={"2020/marks.csv": text}``.
    """
    folder = Path(folder) / "trial"
    given = {
        "study.yaml": yaml.safe_dump(STUDY, allow_unicode=True),
        "units.csv": UNITS,
        f"{year}/scheme.csv": SCHEME,
        f"{year}/marks.csv": MARKS,
    } | files.get("files", {})
    for name, content in given.items():
        if content is None:
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def synthetic(
    seed, *, units=12, leaves=(3, 3, 2), classes=True, year=2020, step=None, rules=None
) -> ev.Study:
    """A random observed study of one year in memory: dimensions with so many leaves each."""
    rng = np.random.default_rng(seed)
    names = [f"u{i:02d}" for i in range(units)]
    kinds = np.where(rng.random(units) < 0.3, "B", "A") if classes else np.repeat("A", units)
    table = pd.DataFrame(
        {
            "name_zh": [f"部门{i:02d}" for i in range(units)],
            "name_en": "",
            "group": "g",
            "class": kinds,
            "ranked": True,
        },
        index=pd.Index(names, name="unit"),
    )
    nodes = [ev.Node("all", "", "总", "Total")]
    for d, count in enumerate(leaves):
        nodes.append(ev.Node(f"D{d}", "all", f"维{d}", f"Dimension {d}"))
        for j in range(count):
            only = ("A",) if classes and d == len(leaves) - 1 and j == 0 and count > 1 else ()
            nodes.append(
                ev.Node(
                    f"D{d}.{j}",
                    f"D{d}",
                    f"项{d}.{j}",
                    f"Leaf {d}.{j}",
                    full_marks=float(rng.integers(1, 8)),
                    step=step,
                    classes=only,
                )
            )
    scheme = ev.Scheme.of(nodes)
    applies = scheme.applies(table["class"]).to_numpy()
    quality = rng.normal(0, 0.08, (units, 1))
    index = np.clip(0.85 + quality + rng.normal(0, 0.12, applies.shape), 0, 1)
    marks = index * scheme.full_marks.to_numpy()
    if step:
        marks = np.round(marks / step) * step
    long = pd.DataFrame(
        {
            "unit": np.repeat(names, len(scheme.leaves)),
            "indicator": np.tile(scheme.leaves, units),
            "mark": np.where(applies, marks, np.nan).ravel(),
            "status": np.where(applies, "scored", "not_applicable").ravel(),
        }
    )
    empty = pd.DataFrame(columns=["unit", "kind", "points", "reason", "source"])
    findings = pd.DataFrame(columns=["unit", "finding", "value"])
    one = ev.Year(year, scheme, rules or ev.Rules(), table, long, empty, findings)
    from evallib.study.load import Names

    groups = {"g": Names(zh="部门", en="department")}
    kinds = {"A": Names(zh="A类"), "B": Names(zh="B类")}
    return ev.Study(
        Path("."),
        "synthetic",
        Names(zh="合成", en="synthetic"),
        "observed",
        "",
        groups,
        kinds,
        table.reset_index(),
        pd.DataFrame(),
        pd.DataFrame(),
        {year: one},
    )
