"""How time and memory grow with the number of units.

    python benchmarks/growth.py [--units 55 500 5000 14000] [--draws 10000] [--runs 3]

Random years of 40 leaves, weights uniform within +-20 % per leaf, ties at two decimals, both
making the weightings and counting places timed. Every run is a process of its own.
"""

from __future__ import annotations

import argparse
import json
from math import log2
from statistics import median

from runs import Clock, alone, machine, peak_mb, short, table

LEAVES = 40


def run(units, draws) -> dict:
    """Seconds of sampling and of reading off intervals and top 10; peak memory."""
    from random_year import random_index, scored

    from evallib.firmness.acceptability import rank_uncertainty
    from evallib.firmness.weights import perturb_weights

    result = scored(random_index(units, LEAVES, seed=1), rank_on="printed")
    law = perturb_weights(result.scheme, at="leaf", spread=0.2, draws=draws, seed=2)
    before = peak_mb()
    with Clock() as counting:
        found = rank_uncertainty(result, law)
    with Clock() as reading:
        intervals, top = found.interval(0.9), found.top(10)
    if not (abs(top.sum() - 10) < 1e-6 and (intervals["low"] <= intervals["high"]).all()):
        raise SystemExit(f"{units} units: top shares do not sum to 10")
    return {
        "seconds": counting.seconds,
        "cpu": counting.cpu,
        "reading": reading.cpu,
        "before": before,
        "peak": peak_mb(),
    }


def rows(sizes, draws, runs) -> list[dict]:
    """One row per number of units, medians of runs taken by turns."""
    found = {units: [] for units in sizes}
    for _ in range(runs):
        for units in sizes:
            found[units].append(alone("growth.py", "--worker", units, "--draws", draws))

    def middle(units, key):
        return median(one[key] for one in found[units])

    return [
        {
            "units": f"{units:,}",
            "seconds": short(middle(units, "seconds")),
            "draws/s": short(draws / middle(units, "seconds")),
            "CPU seconds": short(middle(units, "cpu")),
            "CPU ns per draw and n log2 n": short(
                middle(units, "cpu") * 1e9 / (draws * units * log2(units))
            ),
            "intervals and top 10, CPU seconds": short(middle(units, "reading")),
            "peak MB": f"{middle(units, 'peak'):.0f}",
            "of which before sampling": f"{middle(units, 'before'):.0f}",
        }
        for units in sizes
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, nargs="+", default=[55, 500, 5_000, 14_000])
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    choices = parser.parse_args()
    if choices.worker:
        print(json.dumps(run(choices.worker, choices.draws)))
        return
    print(table(rows(choices.units, choices.draws, choices.runs)), end="\n\n")
    print(f"{choices.draws:,} draws, medians of {choices.runs} runs. {machine()}.")


if __name__ == "__main__":
    main()
