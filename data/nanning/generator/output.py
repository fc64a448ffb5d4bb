"""The files of a panel: raw sheets with their ground truth, or a study folder in tidy form."""

from __future__ import annotations

import csv
import io
from itertools import groupby

import numpy as np

from generator.evidence import clean, faulty
from generator.facts import FOLDER, SEED, YEARS, rows
from generator.mistakes import listed
from generator.plan import ABSENT, spoil
from generator.sheets import csv_bytes, tables, xlsx_bytes

PLACE = ["file", "sheet", "row", "column"]
FAULTS = ["year", "round", *PLACE, "unit", "indicator", "was", "becomes", "rule", "source"]
EVIDENCE_FAULTS = ["year", "table", "row", "column", "unit", "was", "becomes", "rule"]
DECISIONS = [*PLACE, "was", "becomes", "reason", "decided_by", "decided_on"]
STATIC = ("study.yaml", "units.csv", "aliases.csv", "successions.csv")
SOURCE = "重建：为演示附加指标的算法而设"
DECIDED_ON = {2019: "2019-12-27", 2020: "2020-12-28"}


def committed(panels):
    """Bytes of every file that the committed seed gives, by path below the study folder."""
    given = {(r["unit"], r["indicator"]) for r in rows(FOLDER / "generator/hand_marks.csv")}
    by_hand = rows(FOLDER / "generator/hand_faults.csv")
    evidence, damage = faulty(panels, SEED)
    files, faults = {name: _table(list(rows[0]), rows) for name, rows in evidence.items()}, []
    for year in YEARS:
        sheets = tables(panels[year], given if year == 2020 else set())
        spoil(sheets, np.random.default_rng([SEED, year]))
        for file, group in groupby(sorted(sheets, key=lambda t: t.file), key=lambda t: t.file):
            group = list(group)
            data = csv_bytes(group[0]) if file.endswith(".csv") else xlsx_bytes(group)
            files[f"{year}/raw/{file}"] = data
        found = [{**f, "source": "generated"} for t in sheets for f in listed(t)]
        own = [f for f in by_hand if int(f["year"]) == year]
        found += [{**f, "source": "hand", "why": f["reason"]} for f in own]
        faults += found
        of_evidence = [_placed(f) for f in damage if f["year"] == year]
        ruled = _ruled(found + of_evidence)
        files[f"{year}/decisions.csv"] = _table(DECISIONS, map(_ruling, ruled))
        files |= {f"{year}/{name}": data for name, data in _others(panels[year]).items()}
        for name in ("final", "initial"):
            absent = ABSENT.get(year) if name == "initial" else None
            marks = _marks(panels[year], getattr(panels[year], name), absent)
            files[f"answers/{year}_{name}.csv"] = marks
    files["faults.csv"] = _table(FAULTS, faults)
    files["evidence_faults.csv"] = _table(EVIDENCE_FAULTS, damage)
    return files


def tidy(panels):
    """Bytes of the files of a study folder with tidy marks of the final round."""
    files = {name: (FOLDER / name).read_bytes() for name in STATIC}
    for year in YEARS:
        for name in ("scheme.csv", "rules.yaml"):
            files[f"{year}/{name}"] = (FOLDER / str(year) / name).read_bytes()
        files[f"{year}/marks.csv"] = _marks(panels[year], panels[year].final, None)
        files |= {f"{year}/{name}": data for name, data in _others(panels[year]).items()}
    return files


def measured(panels, seed):
    """Bytes of the evidence behind the marks of another seed, without faults, and its rules."""
    files = {name: _table(list(rows[0]), rows) for name, rows in clean(panels, seed).items()}
    rules = [f"{year}/measures.yaml" for year in YEARS]
    return files | {name: (FOLDER / name).read_bytes() for name in rules}


def write(files, folder):
    """Write all files below a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _ruled(faults):
    return [f for f in faults if f["rule"] == "ruling"]


def _placed(fault):
    return {**fault, "file": f"evidence/{fault['table']}.csv", "sheet": ""}


def _ruling(fault):
    becomes = "drop" if fault["becomes"] == "set_aside" else fault["becomes"]
    return {
        **fault,
        "becomes": becomes,
        "reason": fault["why"],
        "decided_by": "复核组",
        "decided_on": DECIDED_ON[int(fault["year"])],
    }


def _marks(panel, steps, absent):
    frame, found = panel.frame, []
    for i, unit in enumerate(frame.units):
        for j, leaf in enumerate(frame.leaves):
            mark = (int(frame.full[j]) - int(steps[i, j] * frame.step[j])) / 100
            status = "scored" if frame.applies[i, j] else "not_applicable"
            if unit == absent and status == "scored":
                status = "missing"
            found.append({"unit": unit, "indicator": leaf, "status": status,
                          "mark": f"{mark:g}" if status == "scored" else ""})  # fmt: skip
    return _table(["unit", "indicator", "mark", "status"], found)


def _others(panel):
    columns = ["unit", "kind", "points", "reason", "source"]
    adjustments = [
        dict(zip(columns, (unit, kind, f"{points / 100:g}", reason, SOURCE), strict=True))
        for unit, kind, points, reason in panel.adjustments
    ]
    findings = [
        {"unit": unit, "finding": code, "value": value}
        for code, values in panel.findings.items()
        for unit, value in values.items()
    ]
    return {
        "adjustments.csv": _table(columns, adjustments),
        "findings.csv": _table(["unit", "finding", "value"], findings),
    }


def _table(columns, records):
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue().encode()
