"""A large study from end to end: 14,000 sites x 60 leaves x 3 years through every stage.

    python benchmarks/load.py [--units 14000] [--leaves 60] [--raw]

The study is written as tidy marks, or with --raw as one score sheet (.xlsx) a year and round.
One process does all stages, one after the other: each has its time, and the peak memory so far.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from runs import Clock, alone, machine, peak_mb, short, table

YEARS = (2018, 2019, 2020)
STAGES = ("ingest", "scoring", "account", "stability", "tables")
SEED, DRAWS, GROUPS = 7, 10_000, 5
STUDY = """names: {zh: 大研究, en: Large study}
provenance: observed
source: random
groups: {g: {zh: 部门}, h: {zh: 开发区}}
classes: {A: {zh: A类}, B: {zh: B类}}
"""


def write_study(folder, units, leaves, *, raw) -> Path:
    """A random study: every tenth leaf applies to class A alone, units come and go."""
    import numpy as np

    study, rng = Path(folder) / "large", np.random.default_rng(SEED)
    ids = [f"u{n:05d}" for n in range(units)]
    kinds = np.where(rng.random(units) < 0.3, "B", "A")
    rows = [
        f"{unit},网站{unit},,{'h' if n % 9 == 0 else 'g'},{kinds[n]},"
        f"{'2019-06-01' if n % 50 == 1 else ''},{'2019-06-01' if n % 50 == 2 else ''}"
        for n, unit in enumerate(ids)
    ]
    study.mkdir(parents=True)
    (study / "study.yaml").write_text(STUDY, encoding="utf-8")
    write(study / "units.csv", "unit,name_zh,name_en,group,class,valid_from,valid_to", rows)
    quality = rng.normal(0.75, 0.08, (units, 1))
    for year in YEARS:
        (study / str(year)).mkdir()
        write_scheme(study / str(year) / "scheme.csv", leaves)
        index = np.clip(quality + rng.normal(0, 0.12, (units, leaves)), 0, 1)
        marks = np.round(index * 20) / 2
        there = [
            n for n in range(units) if n % 50 != (1 if year == 2018 else 2 if year > 2018 else 0)
        ]
        make = write_raw if raw else write_marks
        make(study / str(year), [(ids[n], kinds[n], marks[n]) for n in there])
    return study


def write(path, head, rows):
    path.write_text("\n".join([head, *rows, ""]), encoding="utf-8")


def only_a(leaf) -> bool:
    return leaf % 10 == 0


def write_scheme(path, leaves):
    rows = ["all,,总,,,,"]
    rows += [f"D{group},all,维{group},{group + 1},,," for group in range(GROUPS)]
    rows += [
        f"L{leaf:03d},D{leaf % GROUPS},项{leaf:03d},{1 + leaf % 4},10,0.5,{'A' * only_a(leaf)}"
        for leaf in range(leaves)
    ]
    write(path, "code,parent,name_zh,weight,full_marks,step,classes", rows)


def write_marks(folder, lines):
    rows = [
        f"{unit},L{leaf:03d},{mark:g}"
        for unit, kind, marks in lines
        for leaf, mark in enumerate(marks)
        if kind == "A" or not only_a(leaf)
    ]
    write(folder / "marks.csv", "unit,indicator,mark", rows)


def write_raw(folder, lines):
    """The same marks as a wide sheet, both rounds in one file."""
    import xlsxwriter

    raw, leaves = folder / "raw", range(len(lines[0][2]))
    raw.mkdir()
    with xlsxwriter.Workbook(raw / "scores.xlsx", {"constant_memory": True}) as book:
        sheet = book.add_worksheet("终评")
        sheet.write_row(0, 0, ["单位", *(f"项{leaf:03d}（10分）" for leaf in leaves)])
        for row, (unit, kind, marks) in enumerate(lines, start=1):
            cells = [x if kind == "A" or not only_a(n) else "不适用" for n, x in enumerate(marks)]
            sheet.write_row(row, 0, [f"网站{unit}", *cells])
    columns = "".join(f"      项{leaf:03d}（10分）: L{leaf:03d}\n" for leaf in leaves)
    text = "sheets:\n  - file: scores.xlsx\n    sheet: 终评\n    round: final\n    kind: score\n"
    text += f"    shape: wide\n    unit_column: 单位\n    columns:\n{columns}"
    (raw / "layout.yaml").write_text(text, encoding="utf-8")


def run(study, stages) -> dict:
    """Seconds of every stage, and the peak memory up to its end."""
    import evallib as ev

    found, read, results, year = {}, None, None, YEARS[-1]
    for stage in stages:
        with Clock() as clock:
            if stage == "ingest":
                read = ev.read_study(study)
            elif stage == "scoring":
                results = [ev.evaluate(read, one) for one in YEARS]
            elif stage == "account":
                move = ev.year_over_year(read, year)
                assert len(ev.account_table(move))
                assert len(ev.rank_table(move))
            elif stage == "stability":
                stability(results[-1])
            else:
                with tempfile.TemporaryDirectory() as folder:
                    write_tables(read, year, Path(folder))
        found[stage] = {"seconds": clock.seconds, "cpu": clock.cpu, "peak": peak_mb()}
    return found


def stability(result):
    """Shares of weightings, and the interval of places of every site."""
    import evallib as ev

    drawn = ev.perturb_weights(result.scheme, at="leaf", spread=0.2, draws=DRAWS, seed=1)
    assert len(ev.rank_uncertainty(result, drawn).interval(0.9)) == len(result.units)


def write_tables(study, year, folder):
    """What a report shows as tables, and what a year publishes as CSV and as a workbook."""
    import evallib as ev
    from evallib.publication.publish import year_tables
    from evallib.publication.tables import write_csv

    for name, made in year_tables(study, year).items():
        write_csv(made, folder / f"{name}.csv")
    result = ev.evaluate(study, year)
    ev.ranking_table(result)
    ev.group_table(study, year)
    ev.write_workbook(folder / "scores.xlsx", study, year)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=14_000)
    parser.add_argument("--leaves", type=int, default=60)
    parser.add_argument("--raw", action="store_true", help="score sheets instead of tidy marks")
    parser.add_argument("--stages", nargs="+", default=STAGES, choices=STAGES)
    parser.add_argument("--one", metavar="STUDY", help=argparse.SUPPRESS)
    parser.add_argument("--write", metavar="FOLDER", help=argparse.SUPPRESS)
    choices = parser.parse_args()
    if choices.one:
        print(json.dumps(run(choices.one, choices.stages)))
        return
    size = ["--units", choices.units, "--leaves", choices.leaves, *["--raw"] * choices.raw]
    if choices.write:
        write_study(choices.write, choices.units, choices.leaves, raw=choices.raw)
        print("{}")
        return
    with tempfile.TemporaryDirectory() as folder:
        alone("load.py", "--write", folder, *size)
        found = alone("load.py", "--one", f"{folder}/large", "--stages", *choices.stages)
    rows = [
        {
            "stage": name,
            "seconds": short(one["seconds"]),
            "CPU seconds": short(one["cpu"]),
            "peak MB so far": f"{one['peak']:,.0f}",
        }
        for name, one in found.items()
    ]
    print(table(rows))
    kind = "score sheets" if choices.raw else "tidy marks"
    print(
        f"\n{choices.units:,} sites x {choices.leaves} leaves x {len(YEARS)} years, {kind}; ",
        end="",
    )
    print(f"{DRAWS:,} weightings. {machine()}.")


if __name__ == "__main__":
    main()
