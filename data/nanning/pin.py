"""What the letter pins: each main result over 50 panels that fit the same printed figures.

    python data/nanning/pin.py

Writes ``pinned.csv``: result, the committed study's value, its lowest and highest value over that
study and the panels of seeds 1 to 49, and ``pinned`` where all print the same, else ``varies``.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generator.output import tidy, write  # noqa: E402
from generator.panel import panel  # noqa: E402

import evallib as ev  # noqa: E402
from evallib.firmness.changes import smallest_change  # noqa: E402
from evallib.publication import facts  # noqa: E402
from evallib.rounding import format_number  # noqa: E402

SEEDS = range(1, 50)
YEAR = 2020
COLUMNS = ("result", "value", "low", "high", "verdict")


def results(study) -> dict[str, tuple[float, int]]:
    """Every main result of a study as (value, printed decimals)."""
    result = ev.evaluate(study, YEAR)
    found = {f"mean:{name}": (value, 2) for name, value in facts.group_means(result).items()}
    counts = facts.threshold_counts(result)["count"]
    found |= {f"at_threshold:{name}": (value, 0) for name, value in counts.items()}
    departments = ev.members(result.units, "department")
    index = ev.score_index(result, units=departments)
    found |= {f"index:{node}": (value, 2) for node, value in index.items()}
    found |= {f"rank:{unit}": (place, 0) for unit, place in result.rank.items()}
    found |= {f"total:{unit}": (total, 2) for unit, total in result.total.items()}
    held = smallest_change(result, top=result.rules.top)
    found["top_holds_within_percent"] = (100 * held.rho, 1)
    return found


def results_of_seed(seed) -> dict[str, tuple[float, int]]:
    """Main results of the panel of one seed."""
    with tempfile.TemporaryDirectory() as folder:
        write(tidy(panel(seed)), Path(folder))
        return results(ev.read_study(folder))


def rows(committed, panels):
    """Rows of ``pinned.csv``."""
    for name, (value, decimals) in committed.items():
        values = [found[name][0] for found in panels]
        low, high = (format_number(end, decimals) for end in (min(values), max(values)))
        verdict = "pinned" if low == high else "varies"
        yield name, format_number(value, decimals), low, high, verdict


def main() -> None:
    """Make the panels, and write ``pinned.csv``."""
    committed = results(ev.read_study(HERE))
    with ProcessPoolExecutor() as pool:
        panels = [committed, *pool.map(results_of_seed, SEEDS)]
    with (HERE / "pinned.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows(committed, panels))


if __name__ == "__main__":
    main()
