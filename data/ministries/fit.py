"""Weights that reproduce the printed totals of ``<year>/printed.csv``, and how far they are known.

The publisher prints indices with two decimals and totals with one, and no weights.  A weighting w
(points per index) can have produced a table only if, for every site,

    |index . w - total| <= 0.005 * sum(w) + 0.05                                          (1)

because each index hides at most 0.005 and the total at most 0.05.  With w >= 0 and the points of
the base summing to 100, (1) is a polytope: two linear programmes give the feasible range of each
weight, and all whole-number weightings in it are enumerated.  The published fit is the one of them
with the smallest squared error.  Leave-one-out repeats all of this without a site and predicts it.

Usage: python fit.py [--out FOLDER]      (FOLDER: where to write, this file's folder by default)
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linprog

HERE = Path(__file__).resolve().parent
YEARS = (2014, 2016, 2022)
BONUS = "innovation"  # outside the 100 points of the base, in the years that print it
BASE_POINTS = 100
INDEX_SLACK, TOTAL_SLACK = 0.005, 0.05


@dataclass(frozen=True)
class Printed:
    """One printed table: sites x indices, totals, and which indices make the base."""

    codes: list[str]
    indices: np.ndarray
    totals: np.ndarray

    @property
    def base(self) -> np.ndarray:
        """1.0 for an index of the base, 0.0 for the bonus."""
        return np.array([float(code != BONUS) for code in self.codes])

    def without(self, site) -> Printed:
        """The table without one site."""
        return Printed(self.codes, np.delete(self.indices, site, 0), np.delete(self.totals, site))


def read_printed(year) -> Printed:
    """The printed table of a year."""
    with (HERE / str(year) / "printed.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    codes = [name for name in rows[0] if name not in ("unit", "name", "total", "rank")]
    indices = np.array([[float(row[code]) for code in codes] for row in rows])
    return Printed(codes, indices, np.array([float(row["total"]) for row in rows]))


def extreme(table, direction, *, base_fixed=True) -> float:
    """Smallest value of direction . w over the polytope (1)."""
    inequalities = np.vstack([table.indices - INDEX_SLACK, -table.indices - INDEX_SLACK])
    bounds = np.concatenate([table.totals + TOTAL_SLACK, TOTAL_SLACK - table.totals])
    equality = {"A_eq": table.base[None, :], "b_eq": [BASE_POINTS]} if base_fixed else {}
    answer = linprog(direction, inequalities, bounds, **equality, method="highs")
    if answer.status != 0:
        raise ValueError(f"no weighting reproduces the printed totals: {answer.message}")
    return float(answer.fun)


def feasible_ranges(table) -> np.ndarray:
    """Lowest and highest feasible value of each weight, one row a weight."""
    unit = np.eye(len(table.codes))
    return np.array([(extreme(table, row), -extreme(table, -row)) for row in unit])


def integer_weightings(table, ranges) -> np.ndarray:
    """Every feasible weighting in whole points, one a row."""
    closing = int(np.flatnonzero(table.base)[-1])  # the last index of the base closes its sum
    whole = [np.arange(np.ceil(low - 1e-6), np.floor(high + 1e-6) + 1) for low, high in ranges]
    whole[closing] = np.zeros(1)
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*whole, indexing="ij")], axis=1)
    grid[:, closing] = BASE_POINTS - grid @ table.base
    budget = INDEX_SLACK * grid.sum(axis=1, keepdims=True) + TOTAL_SLACK
    fits = np.abs(grid @ table.indices.T - table.totals) <= budget + 1e-9
    return grid[fits.all(axis=1) & (grid[:, closing] >= 0)]


def best_fit(table, weightings) -> np.ndarray:
    """The weighting with the smallest sum of squared errors."""
    return weightings[((weightings @ table.indices.T - table.totals) ** 2).sum(axis=1).argmin()]


def leave_one_out(table):
    """Best fit without each site in turn, and the error with which it predicts that site."""
    fits, errors = [], []
    for site in range(len(table.totals)):
        rest = table.without(site)
        fits.append(best_fit(rest, integer_weightings(rest, feasible_ranges(rest))))
        errors.append(table.indices[site] @ fits[-1] - table.totals[site])
    return np.array(fits), np.array(errors)


def fit_year(year):
    """Rows of the two result tables for one year: one a weight, and one for the year."""
    table = read_printed(year)
    ranges = feasible_ranges(table)
    weightings = integer_weightings(table, ranges)
    weights = best_fit(table, weightings)
    free = np.linalg.lstsq(table.indices, table.totals, rcond=None)[0]
    fits, loo = leave_one_out(table)
    columns = zip(table.codes, table.base, weights, free, ranges, fits.T, strict=True)
    rows = [
        {
            "year": year,
            "code": code,
            "part": "base" if base else "bonus",
            "weight": f"{weight:.0f}",
            "least_squares": f"{unrestricted:.2f}",
            "low": f"{span[0]:.2f}",
            "high": f"{span[1]:.2f}",
            "loo_low": f"{others.min():.0f}",
            "loo_high": f"{others.max():.0f}",
        }
        for code, base, weight, unrestricted, span, others in columns
    ]
    return rows, {
        "year": year,
        "sites": len(table.totals),
        "integer_weightings": len(weightings),
        **quality(table, weights),
        "loo_rmse": f"{rms(loo):.3f}",
        "loo_max": f"{np.abs(loo).max():.3f}",
    }


def quality(table, weights) -> dict[str, str]:
    """Errors of a fit beside those that rounding alone would cause, and the free base sum."""
    errors = table.indices @ weights - table.totals
    budget = INDEX_SLACK * weights.sum() + TOTAL_SLACK
    rounding = np.sqrt(((2 * INDEX_SLACK * weights) ** 2).sum() / 12 + (2 * TOTAL_SLACK) ** 2 / 12)
    lowest = extreme(table, table.base, base_fixed=False)
    highest = -extreme(table, -table.base, base_fixed=False)
    return {
        "rms_error": f"{rms(errors):.3f}",
        "max_error": f"{np.abs(errors).max():.3f}",
        "budget": f"{budget:.3f}",
        "rounding_rms": f"{rounding:.3f}",
        "base_low": f"{lowest:.2f}",
        "base_high": f"{highest:.2f}",
    }


def rms(errors) -> float:
    """Root of the mean square."""
    return float(np.sqrt((errors**2).mean()))


def write(path, rows) -> None:
    """Rows to a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Fit all years and write ``fitted_weights.csv`` and ``fit_quality.csv``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    out = parser.parse_args().out
    results = [fit_year(year) for year in YEARS]
    write(out / "fitted_weights.csv", [row for rows, _ in results for row in rows])
    write(out / "fit_quality.csv", [year for _, year in results])


if __name__ == "__main__":
    main()
