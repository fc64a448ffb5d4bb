"""Fault injection: thousands of damaged studies, and how each run on them ends.

Prints one table by group of kinds and one by kind, both in Markdown. A run that ends in a wrong
number, a lost row or a traceback is a bug: it is printed with its seed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from pathlib import Path

from runs import Clock, machine, table

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from mutations.judge import BUG, OTHER, OUTCOMES, REFUSED, Sandbox
from mutations.kinds import kinds, mutate

FIRST = 100_000  # the tests use the seeds below


def main():
    """Run, print the tables, and fail where a run ended in a bug."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5_000)
    parser.add_argument("--first", type=int, default=FIRST, help="seed of the first run")
    given = parser.parse_args()
    warnings.simplefilter("error")
    with Clock() as clock, tempfile.TemporaryDirectory() as folder:
        ends, places, audit = _runs(Sandbox(folder), range(given.first, given.first + given.runs))
    print(table(_rows(ends, lambda kind: kind.group, "group")))
    print()
    print(table(_rows(ends, lambda kind: kind.name, "kind")))
    print()
    print(_summary(given, ends, places, audit, clock))
    return any(count[BUG] for count in ends.values())


def _runs(sandbox, seeds):
    ends, places, audit = defaultdict(Counter), Counter(), Counter()
    for seed in seeds:
        mutation = mutate(seed)
        verdict = sandbox.judge(mutation)
        ends[mutation.kind][verdict.outcome] += 1
        if verdict.outcome == REFUSED:
            places[mutation.row is not None, verdict.place] += 1
        if verdict.outcome == BUG:
            print(f"seed {seed}: {mutation.kind}, {mutation.file}: {verdict.note}", flush=True)
        if verdict.outcome == OTHER:
            odd, shown = sandbox.audited(mutation)
            audit.update(valid=1, implausible=bool(odd))
            audit.update(marks=len(odd), overlooked=len(odd - shown))
    return ends, places, audit


def _rows(ends, by, head):
    """Kinds, or groups of them, with the number of runs per outcome."""
    found = defaultdict(Counter)
    for name, count in ends.items():
        found[by(kinds()[name])].update(count)
    order = dict.fromkeys(by(kind) for kind in kinds().values())
    counts = [(name, found[name]) for name in order if name in found]
    counts += [("all", sum(found.values(), Counter()))] if head == "group" else []
    return [
        {head: name, "runs": sum(count.values())} | {end: count[end] for end in OUTCOMES}
        for name, count in counts
    ]


def _summary(given, ends, places, audit, clock):
    """Figures in words: how exact the refusals are, and what the audit shows."""
    refused, in_cells = sum(places.values()), sum(n for (cell, _), n in places.items() if cell)
    exact = Counter()
    for (cell, place), count in places.items():
        exact[place] += count if cell else 0
    else_where = sum(n for (_, place), n in places.items() if place.startswith("a file"))
    return (
        f"{given.runs:,} runs from seed {given.first}, {len(ends)} kinds. Of {refused:,} refusals "
        f"{refused - else_where:,} name the damaged file, {else_where:,} a file that then "
        f"contradicts it. Of {in_cells:,} refusals of a damaged cell or row, "
        f"{exact['row and column']:,} name row and column, {exact['row']:,} the row, "
        f"{exact['column']:,} the column. Of {audit['valid']:,} other valid facts, "
        f"{audit['implausible']:,} make {audit['marks']:,} marks implausible or lose them; the "
        f"tables of the audit show all but {audit['overlooked']:,}. "
        f"{1000 * clock.cpu / given.runs:.0f} ms of processor time a run. {machine()}"
    )


if __name__ == "__main__":
    sys.exit(main())
