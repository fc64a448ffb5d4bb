"""kill -9 at seeded moments of a batch: is the published folder always whole?

    python benchmarks/crash.py [--kills 50] [--seed 9]

A small year with two notebooks of its own is published, an input changes, and a batch that would
publish it anew is killed at a random moment, kernels and all. Then the published folder is held to
the record in its manifest: it must be the old one or the new one, every file of it. A batch with
--resume must complete it from there.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from runs import HERE, machine, table

STUDY = {
    "study.yaml": "names: {zh: 试验}\nprovenance: observed\ngroups: {g: {zh: 部门}}\n",
    "units.csv": "unit,name_zh,group\nu1,甲局,g\nu2,乙局,g\n",
    "2020/scheme.csv": "code,parent,name_zh,full_marks\nall,,总,\na,all,甲项,6\nb,all,乙项,4\n",
}
MARKS = "unit,indicator,mark\nu1,a,{mark}\nu1,b,2\nu2,a,4\nu2,b,3\n"
CELLS = (
    'study = "x"  # folder\nyear = 1  # year\nlang = "zh"  # language',
    "import evallib as ev\nprint(ev.evaluate(ev.read_study(study), year).total)",
)
RUN = """
import sys
from pathlib import Path
from evallib.batch import plan, run_all
home = Path(sys.argv[1])
plan.notebooks_folder = lambda: home / "notebooks"
print("begun", flush=True)
outcomes = run_all([home / "trial.yaml"], out=home / "out", resume=bool(int(sys.argv[2])))
sys.exit(any(outcome.error for outcome in outcomes))
"""


def prepare(home):
    """The study, its params file and two small notebooks."""
    for name, text in STUDY.items():
        path = home / "trial" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (home / "trial.yaml").write_text(f"study: {home / 'trial'}\nyear: 2020\n", encoding="utf-8")
    (home / "notebooks").mkdir()
    for name in ("01_clean", "02_score"):
        cells = [
            {"cell_type": "markdown", "metadata": {}, "source": f"# {name}?"},
            *(code(text, tags) for text, tags in zip(CELLS, (["parameters"], []), strict=True)),
        ]
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        book = {"nbformat": 4, "nbformat_minor": 4, "metadata": {"kernelspec": spec}}
        path = home / "notebooks" / f"{name}.ipynb"
        path.write_text(json.dumps(book | {"cells": cells}), encoding="utf-8")


def code(source, tags):
    about = {"cell_type": "code", "metadata": {"tags": tags}, "source": source}
    return about | {"outputs": [], "execution_count": None}


def set_mark(home, mark):
    path = home / "trial" / "2020" / "marks.csv"
    path.write_text(MARKS.format(mark=mark), encoding="utf-8")


def start(home, *, resume):
    """A batch in a process group of its own."""
    command = [sys.executable, "-c", RUN, str(home), str(int(resume))]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    begun = subprocess.Popen(command, cwd=HERE.parent, start_new_session=True, **quiet)
    begun.stdout.readline()
    return begun


def complete(home, *, resume) -> float:
    """Run a batch to its end; seconds from its begin."""
    process, began = start(home, resume=resume), time.perf_counter()
    if process.wait() != 0:
        raise SystemExit("a batch failed")
    process.stdout.close()
    return time.perf_counter() - began


def state(folder) -> str:
    """Which total of u1 the published folder states, or what is wrong with it."""
    from evallib.publication.manifest import output_digests, read_manifest

    if not folder.is_dir():
        return "absent"
    if read_manifest(folder).get("outputs") != output_digests(folder):
        return "not whole"
    line = (folder / "scores.csv").read_text(encoding="utf-8").splitlines()[1]
    return line.split(",")[9]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=9)
    choices = parser.parse_args()
    rng, found = random.Random(choices.seed), Counter()
    with tempfile.TemporaryDirectory() as folder:
        home, target = Path(folder), Path(folder) / "out" / "trial" / "2020"
        prepare(home)
        set_mark(home, 1)
        complete(home, resume=False)
        set_mark(home, 2)
        whole = complete(home, resume=False)
        for turn in range(choices.kills):
            before = state(target)
            set_mark(home, 1 + turn % 2)
            process = start(home, resume=False)
            time.sleep(rng.uniform(0, 1.05 * whole))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
            after = state(target)
            complete(home, resume=True)
            ended = state(target)
            wanted = {0: "30", 1: "40"}[turn % 2]
            kind = {before: "old", wanted: "new"}.get(after, after)
            found[kind] += 1
            found["completed by --resume"] += ended == wanted
            found["left behind"] += sorted(os.listdir(target.parent)) != ["2020"]
    heads = ("old", "new", "absent", "not whole", "completed by --resume", "left behind")
    print(table([{"kills": choices.kills} | {head: str(found[head]) for head in heads}]))
    print(f"\nSeed {choices.seed}; a batch that is let alone takes {whole:.1f} s. {machine()}.")


if __name__ == "__main__":
    main()
