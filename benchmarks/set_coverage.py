"""Do rank confidence sets hold what they promise? Coverage by simulation against 95 %.

    python benchmarks/set_coverage.py [--simulations 2000]

True totals are stated, totals with normal errors are drawn, and the sets computed from them are
compared with the true places. Tied units hold all places of their tie; the true top k are the
units with fewer than k strictly better ones.

simultaneous   share of simulations in which every unit's set holds its true places
marginal       share of sets, each made for one unit alone, that hold the true places: mean over
               units, and the unit with the lowest share
top k          share of simulations in which the set holds all of the true top k
width          mean places in a marginal set, and mean units in the top set
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
import pandas as pd
from runs import machine, table

from evallib.firmness.inference import rank_sets, top_set

UNITS, BOOTSTRAP, LEVEL, TOP, SEED = 12, 1_000, 0.95, 4, 2020


class Setting(NamedTuple):
    """True totals and errors, in units of the usual SEM.

    ``reviews``: the SEM is estimated from a double review of so many units; ``told``: the sets
    know so (``freedom``), else the estimate is used as if it were known.
    """

    label: str
    truth: np.ndarray
    sem: np.ndarray
    reviews: int | None = None
    told: bool = False

    def used(self, rng) -> np.ndarray:
        """The SEM that the sets are computed with."""
        if self.reviews is None:
            return self.sem
        freedom = self.reviews - 1
        return self.sem * np.sqrt(rng.chisquare(freedom) / freedom)


def settings() -> list[Setting]:
    """From all units tied, the least favourable case, to units far apart."""
    same, places = np.ones(UNITS), np.arange(UNITS, dtype=float)
    uneven = np.linspace(0.5, 2.0, UNITS)
    return [
        Setting("all tied", 0 * places, same),
        Setting("all tied, SEM from 0.5 to 2", 0 * places, uneven),
        Setting("steps of 0.5 SEM", -0.5 * places, same),
        Setting("steps of 2 SEM", -2 * places, same),
        Setting("steps of 2 SEM, SEM from 0.5 to 2", -2 * places, uneven),
        Setting("groups of 3, 5 SEM apart", -5.0 * (places // 3), same),
        Setting("all tied, SEM from 20 double reviews", 0 * places, same, 20),
        Setting("all tied, SEM from 55 double reviews", 0 * places, same, 55),
        Setting("all tied, SEM from 20 double reviews, and told so", 0 * places, same, 20, True),
        Setting("all tied, SEM from 55 double reviews, and told so", 0 * places, same, 55, True),
    ]


def true_places(truth) -> tuple[np.ndarray, np.ndarray]:
    """First and last place of every unit."""
    better = truth[:, None] < truth
    return 1 + better.sum(axis=1), len(truth) - better.sum(axis=0)


def simulated(setting, simulations, seed) -> pd.DataFrame:
    """One row per simulation: what held, and how wide the sets were."""
    rng = np.random.default_rng(seed)
    low, high = true_places(setting.truth)
    rows = []
    for _ in range(simulations):
        totals = pd.Series(setting.truth + setting.sem * rng.standard_normal(UNITS))
        choices = {"sem": pd.Series(setting.used(rng)), "draws": BOOTSTRAP, "level": LEVEL}
        choices["freedom"] = setting.reviews - 1 if setting.told else None
        choices["seed"] = int(rng.integers(2**31))
        together = rank_sets(totals, simultaneous=True, **choices)
        alone = rank_sets(totals, simultaneous=False, **choices)
        best = top_set(totals, top=TOP, **choices)
        held = (alone["low"] <= low) & (alone["high"] >= high)
        rows.append(
            {
                "simultaneous": ((together["low"] <= low) & (together["high"] >= high)).all(),
                "top": set(np.flatnonzero(low <= TOP)) <= set(best),
                "marginal": held.mean(),
                "width": (alone["high"] - alone["low"] + 1).mean(),
                "size": len(best),
                **{f"unit{unit}": held[unit] for unit in range(UNITS)},
            }
        )
    return pd.DataFrame(rows).astype(float)


def share(values) -> str:
    """Mean in % with its Monte Carlo standard error; two and two are added, so that it is not 0."""
    n = len(values)
    error = values.std(ddof=1) / np.sqrt(n)
    if set(values) <= {0.0, 1.0}:
        p = (values.sum() + 2) / (n + 4)
        error = np.sqrt(p * (1 - p) / n)
    return f"{100 * values.mean():.1f} ± {100 * error:.1f}"


def row(setting, simulations, seed) -> dict:
    """One row of the table."""
    found = simulated(setting, simulations, seed)
    units = found.filter(like="unit")
    return {
        "setting": setting.label,
        "simultaneous, %": share(found["simultaneous"]),
        "marginal, mean, %": share(found["marginal"]),
        "marginal, lowest unit, %": share(units[units.mean().idxmin()]),
        f"top {TOP}, %": share(found["top"]),
        "marginal width": f"{found['width'].mean():.1f}",
        "top set size": f"{found['size'].mean():.1f}",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=2_000)
    simulations = parser.parse_args().simulations
    seeds = np.random.SeedSequence(SEED).spawn(len(settings()))
    rows = [row(s, simulations, seed) for s, seed in zip(settings(), seeds, strict=True)]
    print(table(rows), end="\n\n")
    print(
        f"{UNITS} units, {simulations:,} simulations per setting, {BOOTSTRAP:,} bootstrap draws in "
        f"each, seed {SEED}; ± is one Monte Carlo standard error. {machine()}."
    )


if __name__ == "__main__":
    main()
