"""How long exact answers, and publishing, take on a real-sized year.

    python benchmarks/exact.py [--study nanning] [--year 2020] [--rounds 7]

Every question is asked once per round, all by turns in one process; the first round, which loads
what is loaded on first use, is not counted. A question that has taken a minute is not asked again.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from runs import HERE, Clock, machine, short, table

import evallib as ev
from evallib.change import compare
from evallib.firmness.breakpoints import breakpoints
from evallib.firmness.changes import pairwise_changes, smallest_change
from evallib.firmness.extremes import extreme_ranks
from evallib.publication.check.letter import check_letter
from evallib.publication.publish import publish_data

PATIENCE = 60  # seconds


def questions(study, year) -> dict:
    """What is asked, and a function from the answer to a few words on its size."""
    result = ev.evaluate(study, year)
    before = study.year_before(year)
    return {
        "breakpoints, every node": (
            lambda: breakpoints(result, top=10),
            lambda found: f"{found.table['node'].nunique()} nodes",
        ),
        "smallest change of the top 10": (
            lambda: smallest_change(result, top=10),
            lambda found: f"±{found.rho:.2%}, proven down to ±{found.lower:.2%}",
        ),
        "smallest change of any place": (
            lambda: smallest_change(result),
            lambda found: f"±{found.rho:.4%}, proven down to ±{found.lower:.4%}",
        ),
        "smallest change of every pair": (
            lambda: pairwise_changes(result),
            lambda found: f"{len(found):,} pairs",
        ),
        "extreme ranks, ±20 % per leaf": (
            lambda: extreme_ranks(result, spread=0.2),
            lambda found: settled(found),
        ),
        "extreme ranks, ±20 % per dimension and ±20 % inside": (
            lambda: extreme_ranks(result, spread=0.2, at="dimension", within=0.2),
            lambda found: settled(found),
        ),
        f"account of the change {before} to {year}": (
            lambda: compare(study, before, year),
            lambda found: f"{len(found.cohort)} units, {len(found.causes)} causes",
        ),
        "a letter read back, number by number": (
            lambda: check_letter(HERE.parent / "tests" / "letter_zh.txt", study, year),
            lambda found: f"{len(found)} numbers, words and names",
        ),
        "figures, letter and scores.xlsx": (
            lambda: published(study, year),
            lambda found: f"{found / 1e6:.1f} MB",
        ),
    }


def published(study, year) -> int:
    """Bytes of everything that a run publishes without a notebook."""
    with TemporaryDirectory() as folder:
        publish_data(study, year, folder, params={"lang": "zh"})
        return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def settled(found) -> str:
    """How many ends are exact, and how far apart they lie."""
    places = found.table
    exact = (places[["best_status", "worst_status"]] == "exact").to_numpy()
    width = (places["worst"] - places["best"] + 1).mean()
    return f"{exact.sum()} of {exact.size} ends exact, mean width {width:.1f} places"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", default="nanning")
    parser.add_argument("--year", type=int, default=2020)
    parser.add_argument("--rounds", type=int, default=7)
    choices = parser.parse_args()
    study = ev.read_study(HERE.parent / "data" / choices.study)
    asked = questions(study, choices.year)
    taken, answers = {name: [] for name in asked}, {}
    for _ in range(choices.rounds + 1):
        for name, (ask, _) in asked.items():
            if sum(seconds for seconds, _ in taken[name][1:]) > PATIENCE:
                continue
            with Clock() as clock:
                answers[name] = ask()
            taken[name].append((clock.seconds, clock.cpu))
    rows = [
        {
            "question": name,
            "answer": size(answers[name]),
            "seconds": short(median(seconds for seconds, _ in taken[name][1:])),
            "CPU seconds": short(median(cpu for _, cpu in taken[name][1:])),
            "runs": len(taken[name]) - 1,
        }
        for name, (_, size) in asked.items()
    ]
    print(table(rows), end="\n\n")
    ranked = ev.evaluate(study, choices.year).rank.notna().sum()
    print(
        f"{study.code} {choices.year} ({study.provenance} data), {ranked} ranked units, "
        f"{len(study.years[choices.year].scheme.leaves)} leaves; medians of runs by "
        f"turns. {machine()}."
    )


if __name__ == "__main__":
    main()
