"""A batch of years: time against the number of years, and threads against a local cluster.

Every year is a copy of data/sichuan-land 2011 (21 units). Each row is one ``run_all`` in a process
of its own, all five notebooks a year, with tables, figures, letter and report.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import runs

ROOT = runs.HERE.parent
FIRST = 1991


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--years", type=int, nargs="+", default=[1, 5, 20])
    parser.add_argument(
        "--one", nargs=3, metavar=("FOLDER", "YEARS", "CLUSTER"), help=argparse.SUPPRESS
    )
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(*options.one)))
        return
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        make_study(folder, max(options.years))
        rows = [row(folder, "2 threads", n) for n in options.years]
        rows.append(
            row(folder, "2 threads, --resume, nothing due", max(options.years), fresh=False)
        )
        for workers in (1, 2):
            with cluster(workers) as address:
                name = f"cluster, {workers} worker{'s' if workers > 1 else ''}"
                rows += [row(folder, name, n, address) for n in options.years[:2]]
    print(runs.table(rows))
    print(f"\n21 units a year, five notebooks. {runs.machine()}.")


def make_study(folder, years):
    """A study of so many years, and a params file for each."""
    source = ROOT / "data" / "sichuan-land"
    study = folder / "many"
    shutil.copytree(source, study, ignore=shutil.ignore_patterns("2011"))
    (folder / "params").mkdir()
    for year in range(FIRST, FIRST + years):
        shutil.copytree(source / "2011", study / str(year))
        text = f"study: {study}\nyear: {year}\n"
        (folder / "params" / f"{year}.yaml").write_text(text, encoding="utf-8")


def row(folder, way, years, address="", *, fresh=True) -> dict:
    """What one batch took."""
    if fresh:
        shutil.rmtree(folder / "out", ignore_errors=True)
    found = runs.alone("batch.py", "--one", folder, years, address)
    ideal = found["notebooks"] / 2
    shown = {"seconds": found["seconds"], "notebooks, sum of seconds": found["notebooks"]}
    ratio = found["seconds"] / ideal if ideal else 0
    return (
        {"way": way, "years": years}
        | {name: runs.short(value) for name, value in shown.items()}
        | {"seconds / (sum / 2)": runs.short(ratio) if ideal else "–"}
        | {"years an hour": runs.short(3600 * years / found["seconds"])}
    )


def one(folder, years, address) -> dict:
    """Run the first years; seconds on the wall, and those of all notebooks and their kernels."""
    began = time.perf_counter()
    from evallib.batch import run_all

    os.chdir(ROOT)
    params = sorted((Path(folder) / "params").glob("*.yaml"))[: int(years)]
    chosen = {"out": Path(folder) / "out", "resume": True, "cluster": address or None}
    outcomes = run_all(params, **chosen)
    assert not any(outcome.error for outcome in outcomes), outcomes
    spent = sum(outcome.seconds for outcome in outcomes)
    return {"seconds": time.perf_counter() - began, "notebooks": spent}


@contextmanager
def cluster(workers):
    """Address of a scheduler with so many workers, all of them processes of this machine."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scheduler.json"
        quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        python = [sys.executable, "-m"]
        place = ["--scheduler-file", str(file), "--no-dashboard"]
        command = [*python, "distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1"]
        started = [subprocess.Popen([*command, *place], **quiet)]
        while not file.exists():
            time.sleep(0.1)
        command = [*python, "distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny"]
        started += [subprocess.Popen([*command, *place], **quiet) for _ in range(workers)]
        try:
            yield ready(json.loads(file.read_text())["address"], workers)
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait()


def ready(address, workers) -> str:
    """The address, once all workers have come."""
    code = "import sys; from distributed import Client\n"
    code += "with Client(sys.argv[1]) as client: client.wait_for_workers(int(sys.argv[2]))"
    subprocess.run([sys.executable, "-c", code, address, str(workers)], check=True)
    return address


if __name__ == "__main__":
    main()
