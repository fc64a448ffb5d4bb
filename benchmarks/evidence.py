"""How long evidence takes: a year of 55 sites, and ten million probes in both forms of table.

    python benchmarks/evidence.py [--probes 10000000] [--runs 3]

The year has 400,000 probes and the nine other tables, as CSV. Files are made first, seeded, and
every run is a process of its own: seconds of reading and of measuring without imports, peak memory
of the whole process.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from statistics import median

from runs import HERE, WORK, Clock, alone, machine, peak_mb, short, table

SITES = 55
YEAR = 2020
FOLDER = WORK / "evidence"


def unit_ids() -> list[str]:
    """Ids of the sites."""
    return [f"dept{number:02d}" for number in range(1, SITES + 1)]


def make_year(folder, *, probes, seed):
    """A year's evidence of all sites, with ``probes`` rows of probes."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)

    def units(rows):
        return np.sort(rng.integers(0, SITES, rows)), np.array(unit_ids())

    def days(rows):
        return np.datetime64(f"{YEAR}-01-01") + rng.integers(0, 330, rows)

    def flags(rows, share=0.97):
        return np.where(rng.random(rows) < share, "true", "false")

    def save(name, rows, **columns):
        codes, ids = units(rows)
        pd.DataFrame({"unit": ids[codes], **columns}).to_csv(folder / f"{name}.csv", index=False)

    received = days(6_000) + np.timedelta64(36_000, "s")
    replied = received + rng.integers(3_600, 30 * 86_400, 6_000).astype("timedelta64[s]")
    status = rng.choice(["有效", "有效", "有效", "重复", "撤回"], 6_000)
    times = {"received": received, "replied": replied, "published": replied}
    save("letters", 6_000, letter=np.arange(6_000), status=status, **times)
    start = days(200)
    ends = {"end": start + 30, "results_published": start + rng.integers(31, 90, 200)}
    save("consultations", 200, consultation=np.arange(200), start=start, **ends)
    from evallib.study.evidence.tables import ELEMENTS, FOOTER

    extras = (*ELEMENTS, "forms", "same_format", "same_source")
    guide = {name: flags(700) for name in extras}
    save("guides", 700, guide=np.arange(700), sampled=days(700), **guide)
    day, home = np.datetime64(f"{YEAR}-11-20"), flags(55_000, 0.1)
    codes = rng.choice([200, 200, 200, 404], 55_000)
    save("links", 55_000, checked=day, status=codes, home=home)
    names = np.char.add("栏目", np.arange(5_500).astype(str))
    column = {"kind": rng.choice(["动态", "公告政策"], 5_500), "last_update": days(5_500)}
    save("columns", 5_500, checked=day, column=names, blank=flags(5_500, 0.01), **column)
    save("articles", 20_000, published=days(20_000), reposted=flags(20_000, 0.6))
    save("posts", 20_000, account="微信", posted=days(20_000))
    save("footer", SITES, checked=day, **{name: flags(SITES) for name in (*FOOTER, "error_report")})
    save("typos", 5_500, checked=day, severity=rng.choice(["无", "无", "一般"], 5_500))
    make_probes(folder / "probes.csv", probes, seed=seed)


def make_probes(path, rows, *, seed):
    """Probes of all sites, evenly over the year, answered in 99 of 100 cases."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(seed)
    each = rows // SITES
    seconds = np.linspace(0, 334 * 86_400 - 1, each).astype("timedelta64[s]")
    moments = np.datetime64(f"{YEAR}-01-01T00:00:00") + seconds
    fine = rng.random(each * SITES) < 0.99
    frame = pl.DataFrame(
        {
            "unit": np.repeat(unit_ids(), each),
            "time": np.tile(moments.astype("datetime64[ms]"), SITES),
            "status": pl.Series(np.where(fine, 200, 0)).replace(0, None),
            "seconds": rng.gamma(2.0, 0.4, each * SITES).round(2),
        }
    )
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")


def prepared(name, probes) -> Path:
    """Folder of a year with that evidence, made anew."""
    folder = FOLDER / name / str(YEAR)
    shutil.rmtree(folder, ignore_errors=True)
    if name == "year":
        make_year(folder / "evidence", probes=probes, seed=1)
    else:
        (folder / "evidence").mkdir(parents=True)
        make_probes(folder / "evidence" / f"probes.{name}", probes, seed=1)
    return folder


def run(name) -> dict:
    """Rows read, seconds of reading and of measuring, and the peak memory of both."""
    import pandas as pd
    import polars  # noqa: F401  imports are not timed

    from evallib.study.evidence.measured import measured
    from evallib.study.evidence.read import read_evidence
    from evallib.study.names import unit_names
    from evallib.study.rulings import Rulings

    ids = pd.Index(unit_ids(), name="unit")
    units = pd.DataFrame({"name_zh": ids, "name_en": "", "class": "A"}, index=ids)
    rules, scheme = nanning_rules(name == "year")
    known = {
        "names": unit_names(units, pd.DataFrame({"alias": [], "unit": []})),
        "left": {},
        "units": ids,
        "rulings": Rulings({}, {}, frozenset(ids)),
        "timezone": rules.timezone,
    }
    faults = []
    with Clock() as reading:
        evidence = read_evidence(FOLDER / name / str(YEAR), **known, faults=faults)
    if faults:
        raise SystemExit("\n".join(map(str, faults)))
    with Clock() as measuring:
        found = measured(evidence, rules, units=units, scheme=scheme, faults=[])
    if set(found.marks["unit"]) != set(ids):
        raise SystemExit("not every site is measured")
    return {
        "rows": int(evidence.rows["kept"].sum()),
        "reading, seconds": reading.seconds,
        "measuring, seconds": measuring.seconds,
        "CPU seconds": reading.cpu + measuring.cpu,
        "peak MB": peak_mb(),
    }


def nanning_rules(whole):
    """The rules of Nanning 2020 and their scheme; only those on a year's probes unless whole."""
    from evallib.study.evidence.look import Span
    from evallib.study.evidence.rules import Measures
    from evallib.study.tables import read_rows, read_yaml
    from evallib.study.tree import NodeRow, build

    folder, faults = HERE.parent / "data" / "nanning" / str(YEAR), []
    rules = read_yaml(folder / "measures.yaml", Measures, "measures.yaml", faults)
    scheme = build(read_rows(folder / "scheme.csv", NodeRow, "scheme.csv", faults))
    if whole:
        return rules, scheme
    leaf = rules.leaves["H1.1"].model_copy(update={"window": Span(months=12)})
    veto = rules.vetoes["unreachable"].model_copy(update={"window": Span(months=12)})
    only = {"leaves": {"H1.1": leaf}, "vetoes": {"unreachable": veto}, "findings": {}}
    return rules.model_copy(update=only), scheme


def rows(probes, runs) -> list[dict]:
    """One row per folder, medians of runs taken by turns."""
    names = {
        "a year of 55 sites, ten tables, CSV": ("year", 400_000),
        f"{probes:,} probes, CSV": ("csv", probes),
        f"{probes:,} probes, parquet": ("parquet", probes),
    }
    for name, count in names.values():
        alone("evidence.py", "--make", "--worker", name, "--probes", count)
    found = {label: [] for label in names}
    for _ in range(runs):
        for label, (name, _) in names.items():
            found[label].append(alone("evidence.py", "--worker", name))
    return [
        {
            "evidence": label,
            "rows": f"{several[0]['rows']:,}",
            **{key: short(median(one[key] for one in several)) for key in list(several[0])[1:]},
        }
        for label, several in found.items()
    ]


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--probes", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        print(json.dumps(str(prepared(options.worker, options.probes))))
        return
    if options.worker:
        print(json.dumps(run(options.worker)))
        return
    print(table(rows(options.probes, options.runs)))
    print(f"\nMedians of {options.runs} runs. {machine()}.")


if __name__ == "__main__":
    main()
