"""Rank acceptability beside other packages: one workload, one input, one table.

    python benchmarks/peers.py [--rounds 5] [--share 1.0]

55 units x 40 leaves in five dimensions; weights times 1 + U(-0.25, 0.25), normalised; how often
each unit takes each place. Every way runs in a process of its own, every package in an
environment of its own (made on first use under .envs/ from peers/*.txt), all on the same arrays,
by turns, so many rounds. Every answer is compared with the same counts from scipy's ranks. Making
the weightings is not timed unless a row says so; nor are imports.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from statistics import median
from typing import NamedTuple

from runs import HERE, WORK, alone, machine, short, table

UNITS, LEAVES = 55, 40
BASE = "ours_exact"  # the same question as the peers', on one thread like them
SOBOL_DRAWS = 1024


class Way(NamedTuple):
    """A row of the table: what ``ways.py`` calls it, where it runs, on how many weightings."""

    label: str
    name: str
    peer: str | None
    draws: int


WAYS = [
    Way("evallib, ties at 2 decimals, 2 threads", "ours_2", None, 100_000),
    Way("evallib, ties at 2 decimals, 1 thread", "ours", None, 100_000),
    Way("evallib, exact ranks, 2 threads", "ours_exact_2", None, 100_000),
    Way("evallib, exact ranks, 1 thread", "ours_exact", None, 100_000),
    Way("evallib, making the weightings as well, 2 threads", "ours_drawing_2", None, 100_000),
    Way("evallib, making the weightings as well, 1 thread", "ours_drawing", None, 100_000),
    Way("numpy argsort in chunks", "numpy_argsort", None, 100_000),
    Way("scipy rankdata on all draws", "scipy_rankdata", None, 100_000),
    Way("pysensmcda simulate, matrix product", "pysensmcda_product", "pysensmcda", 100_000),
    Way("pyrepo-mcda SAW", "pyrepo_mcda", "pyrepo-mcda", 10_000),
    Way("pysensmcda simulate, WSM of pymcdm", "pysensmcda_wsm", "pysensmcda", 5_000),
    Way("pymcdm WSM, validation off", "pymcdm_unchecked", "pymcdm", 5_000),
    Way("pymcdm WSM", "pymcdm", "pymcdm", 2_000),
    Way("scikit-criteria WeightedSumModel", "scikit_criteria", "scikit-criteria", 500),
]


def environment(peer):
    """The Python of a package's environment, made where it does not exist yet."""
    if peer is None:
        return sys.executable
    folder = HERE / ".envs" / peer
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"making the environment of {peer}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "-r"]
        subprocess.run([*install, str(HERE / "peers" / f"{peer}.txt")], check=True)
        (folder / "complete").touch()
    return python


def measured(rounds, share) -> dict:
    """Runs of every way, by turns; the first ones are checked."""
    folder, found = WORK / "peers", {way.name: [] for way in WAYS}
    alone("ways.py", "input", folder, UNITS, LEAVES, max(int(100_000 * share), 50))
    for number in range(rounds):
        for way in WAYS:
            check = ["check"] if number == 0 and "drawing" not in way.name else []
            draws = max(int(way.draws * share), 50)
            python = environment(way.peer)
            run = alone("ways.py", way.name, folder, draws, *check, python=python)
            if run.get("off", 0) > 1e-6:
                raise SystemExit(f"{way.label} is off by {run['off']} draws in some cell")
            found[way.name].append(run | {"draws": draws})
    return found


def acceptability_rows(found) -> list[dict]:
    """One row per way; the ratio is the median of the ratios of the rounds."""
    rows = []
    for way in WAYS:
        runs = found[way.name]
        rates = [run["draws"] / run["seconds"] for run in runs]
        costs = [run["cpu"] / run["draws"] for run in runs]
        ours = [run["cpu"] / run["draws"] for run in found[BASE]]
        rows.append(
            {
                "way": way.label,
                "draws": f"{runs[0]['draws']:,}",
                "draws/s": short(median(rates)),
                "lowest to highest": f"{short(min(rates))} to {short(max(rates))}",
                "draws per CPU second": short(1 / median(costs)),
                "CPU time, ours = 1": short(
                    median(cost / own for cost, own in zip(costs, ours, strict=True))
                ),
                "peak MB": f"{median(run['peak'] for run in runs):.0f}",
            }
        )
    return rows


def sobol_rows(rounds) -> list[dict]:
    """Sobol indices through the library and with SALib alone, by turns, and compared."""
    ways = {"evallib sobol_indices": ("ours", None), "SALib, one call a row": ("salib", "SALib")}
    found = {label: [] for label in ways}
    for _ in range(rounds):
        for label, (name, peer) in ways.items():
            task = ("sobol.py", name, WORK / "peers", SOBOL_DRAWS)
            found[label].append(alone(*task, python=environment(peer)))
    ours, theirs = found.values()
    pairs = zip(ours[0]["indices"], theirs[0]["indices"], strict=True)
    if (off := max(abs(a - b) for a, b in pairs)) > 1e-9:
        raise SystemExit(f"Sobol indices differ by {off}")
    return [
        {
            "way": label,
            "seconds": short(median(run["seconds"] for run in runs)),
            "CPU seconds": short(median(run["cpu"] for run in runs)),
            "CPU time, ours = 1": short(
                median(b["cpu"] / a["cpu"] for a, b in zip(ours, runs, strict=True))
            ),
            "peak MB": f"{median(run['peak'] for run in runs):.0f}",
        }
        for label, runs in found.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=1.0, help="share of the draws, to try out")
    choices = parser.parse_args()
    for way in WAYS:
        environment(way.peer)
    print(table(acceptability_rows(measured(choices.rounds, choices.share))), end="\n\n")
    print(table(sobol_rows(choices.rounds)), end="\n\n")
    print(f"Medians of {choices.rounds} rounds. {machine()}.")


if __name__ == "__main__":
    main()
