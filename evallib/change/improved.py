"""Most improved, honestly: each gain beside assessor error and regression to the mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evallib.change.cohort import gains, most_improved, previous_year
from evallib.errors import DataError
from evallib.rounding import NOISE_DECIMALS, print_units
from evallib.study.load import Year
from evallib.study.model import Study
from evallib.study.rules import Improved, Rules
from evallib.study.units import members


@dataclass(frozen=True)
class Improvement:
    """What every unit gained, who is listed as most improved, and how much of it would survive.

    Attributes
    ----------
    units : DataFrame, one row per unit with a total in both years, in this year's rank order
        The columns of ``gains``, then ``listed`` by the rule, nobody without one;
        ``headroom_used``, the gain over what last year's total left to the scale;
        ``by_regression``, the gain that last year's total alone lets expect, and ``beyond``, the
        rest; ``tipping_sem``, the largest standard error of one total at which the gain still
        stands out (0 when it is below the mean). With an SEM also ``shrunken``, the gain drawn to
        the mean, and ``p``, adjusted for all units.
    chance_length, chance_share, chance_error : float
        With an SEM and a rule: length of the list when nothing moves but error and a common
        shift, share of draws in which it is at least as long as the real one, (c + 1) /
        (draws + 1) and so never 0, and that share's Monte Carlo error, with two draws of either
        kind added.
    given_by : {"", "error", "regression"}
        What alone would give such a list: error where an SEM is at hand, else regression to the
        mean.
    """

    study: str
    year: int
    previous: int
    provenance: str
    alpha: float
    sem: float | None
    draws: int | None
    seed: int | None
    units: pd.DataFrame
    chance_length: float
    chance_share: float
    chance_error: float
    given_by: str


def improvement(
    study: Study,
    year: int,
    *,
    alpha: float,
    previous: int | None = None,
    sem: float | None = None,
    draws: int | None = None,
    seed: int | None = None,
) -> Improvement:
    """What every unit gained, and the list of most improved, as a statistician would ask for them.

    Parameters
    ----------
    study : Study
    year : int
    alpha : float
        Family-wise error rate at which a gain stands out among all units.
    previous : int, optional
        Year to compare with; the study's year before it when omitted.
    sem : float, optional
        Standard error of measurement of one total, in points; with it ``draws`` and ``seed``.

    Raises
    ------
    DataError
        If fewer than three units have totals in both years.
    ValueError
        If an SEM comes without draws or seed.

    Notes
    -----
    A gain stands out when it exceeds the mean gain by more than the largest of n errors would:
    max-T, exact through Nair's extreme deviate (1948), Biometrika 35: 118. Shrinkage:
    lambda = max(0, Var d - 2 SEM^2) / Var d. Gains in places also depend on how close units lie;
    the tests are of points.
    """
    if sem is not None and (draws is None or seed is None):
        raise ValueError("with sem, draws and seed are needed")
    earlier = previous_year(study, year) if previous is None else previous
    table = gains(study, earlier, year).dropna(subset=["gain"])
    if len(table) < 3:
        raise DataError(f"{study.code} {year}: {len(table)} units have totals in both years")
    table = table.sort_values("rank", kind="stable", na_position="last")
    table["listed"] = table.index.isin(most_improved(study, year, previous=earlier).index)
    table = _worth(table, study.years[earlier].rules.scale, alpha, sem)
    chance = (np.nan,) * 3
    improved = study.years[year].rules.improved
    if sem is not None and improved is not None and draws is not None and seed is not None:
        chance = _by_chance(study.years[year], improved, table, sem, draws, seed)
    return Improvement(
        study.code,
        year,
        earlier,
        study.provenance,
        alpha,
        sem,
        draws,
        seed,
        table,
        *chance,
        _given_by(table, chance[1], alpha),
    )


def _worth(table: pd.DataFrame, scale: float, alpha: float, sem: float | None) -> pd.DataFrame:
    gain, start = table["gain"], table["total_previous"]
    ahead, spread = gain - gain.mean(), start - start.mean()
    room = scale - start
    table["headroom_used"] = (gain / room).where(room > 0)
    variance = start.var()
    if sem is None:
        kept = table["total"].cov(start) / variance if variance > 0 else 1.0
    else:
        kept = max(0.0, 1 - sem**2 / variance) if variance > 0 else 1.0
    table["by_regression"] = gain.mean() + (kept - 1) * spread
    table["beyond"] = gain - table["by_regression"]
    grid, below = extreme_deviate(len(table))
    critical = np.interp(1 - alpha, below, grid)
    table["tipping_sem"] = ahead.clip(lower=0) / (np.sqrt(2) * critical)
    if sem is not None:
        kept = max(0.0, gain.var() - 2 * sem**2) / gain.var() if gain.var() > 0 else 0.0
        table["shrunken"] = gain.mean() + kept * ahead
        table["p"] = 1 - np.interp(ahead / (np.sqrt(2) * sem), grid, below, left=0.0)
    return table


def extreme_deviate(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Distribution of the largest of n standard normal values less their mean: grid and cdf.

    Notes
    -----
    Nair (1948), the recurrence over n: F_n' (u) = n sqrt(n / (2 pi (n - 1)))
    exp(-n u^2 / (2 (n - 1))) F_(n-1)(n u / (n - 1)).

    Examples
    --------
    >>> grid, below = extreme_deviate(10)
    >>> float(np.interp(0.95, below, grid).round(3))
    2.441
    """
    from scipy.integrate import cumulative_trapezoid  # here, since loading it takes time

    grid = np.linspace(0.0, 9.0, 6001)
    below = np.ones_like(grid)
    for k in range(2, n + 1):
        ratio = k / (k - 1)
        density = k * np.sqrt(ratio / (2 * np.pi)) * np.exp(-ratio * grid**2 / 2)
        density *= np.interp(ratio * grid, grid, below)
        below = cumulative_trapezoid(density, grid, initial=0.0)
        below /= below[-1]
    return grid, below


def _by_chance(
    year: Year, rule: Improved, table: pd.DataFrame, sem: float, draws: int, seed: int
) -> tuple[float, float, float]:
    """Length of the list when true scores only shift together and totals carry error.

    True scores are the means of both years, drawn to the grand mean so that their spread is what
    error leaves of it.
    """
    level = (table["total_previous"] + table["total"]) / 2
    kept = np.sqrt(max(0.0, 1 - sem**2 / 2 / level.var())) if level.var() > 0 else 0.0
    true = (level.mean() + kept * (level - level.mean())).to_numpy()
    rng = np.random.default_rng(seed)
    old, new = true + rng.normal(0.0, sem, (2, draws, len(true)))
    inside = table.index.isin(members(year.units, rule.within or "all"))
    rise = new - old + table["gain"].mean()
    if rule.by == "rank":
        inside &= (table["rank"].notna() & table["rank_previous"].notna()).to_numpy()
        rise = _places(old, year.rules) - _places(new, year.rules)
    lengths = (np.round(rise[:, inside], NOISE_DECIMALS) >= rule.at_least).sum(axis=1)
    reached = int((lengths >= table["listed"].sum()).sum())
    share, shrunk = (reached + 1) / (draws + 1), (reached + 2) / (draws + 4)
    return float(lengths.mean()), share, float(np.sqrt(shrunk * (1 - shrunk) / draws))


def _places(totals: np.ndarray, rules: Rules) -> np.ndarray:
    keys = pd.DataFrame(print_units(totals, rules.rank_decimals, rules.rounding))
    return keys.rank(axis=1, method=rules.ties, ascending=False).to_numpy()


def _given_by(table: pd.DataFrame, chance_share: float, alpha: float) -> str:
    """With an SEM, a list that error gives often; without, a list that began as low as error does.

    Where only error moves totals, a unit that gained x more than the mean began x / 2 below it.
    """
    listed = table[table["listed"]]
    if listed.empty:
        return ""
    if np.isfinite(chance_share):
        return "error" if chance_share >= alpha else ""
    lead, low = ((listed[name] - table[name].mean()).mean() for name in ("gain", "total_previous"))
    near_nothing = -low < lead / 4  # nearer to nothing than to what error gives
    return "" if near_nothing else "regression"
