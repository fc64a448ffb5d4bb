"""Counting places block by block: which places every unit takes, ties sharing theirs evenly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from evallib.firmness.engine import (
    CACHE_VALUES,
    Engine,
    places_under,
    print_units_under,
    sorted_units,
)
from evallib.firmness.weights import WeightDraws

MATRIX_UNITS = 1_000  # more ranked units than this are counted in bins of places:
SINGLE_PLACES, BINS = 256, 768  # so many places singly, and so many bins in all,
BIN_DRAWS = 64  # so many draws at a time
GROUP = 8  # blocks of draws counted together


def place_edges(n: int) -> np.ndarray:
    """First place of every bin, and n + 1."""
    if n <= MATRIX_UNITS:
        return np.arange(1, n + 2)
    wide = np.linspace(SINGLE_PLACES + 1, n + 1, BINS - SINGLE_PLACES + 1).astype(int)
    return np.concatenate([np.arange(1, SINGLE_PLACES + 1), wide])


def block_groups(numbers: Iterable[int]) -> Iterator[tuple[int, ...]]:
    """Numbers of blocks, a few together."""
    numbers = iter(numbers)
    while group := tuple(islice(numbers, GROUP)):
        yield group


def counted(
    machine: Engine, draws: WeightDraws, edges: np.ndarray, numbers: tuple[int, ...]
) -> tuple[np.ndarray, int]:
    """Mass of every unit in every place or bin over some blocks, and how many draws they hold."""
    weights = _drawn(draws, numbers)
    if len(edges) == len(machine.units) + 1:
        return _place_mass(machine, weights), len(weights)
    return _bin_mass(machine, weights, edges), len(weights)


def _drawn(draws: WeightDraws, numbers: tuple[int, ...]) -> np.ndarray:
    return np.concatenate([draws.block(number) for number in numbers])


def _place_mass(engine: Engine, weights: np.ndarray) -> np.ndarray:
    """Draws that every unit spends in every place; ties share theirs evenly."""
    n = len(engine.units)
    mass, rate = np.zeros(n * n), np.zeros(n * (n + 1))
    for start in range(0, len(weights), step := max(CACHE_VALUES // n, n // 4)):
        unit, tied = sorted_units(print_units_under(engine, weights[start : start + step]))
        cells = unit * unit.dtype.type(n) + np.arange(n, dtype=unit.dtype)
        mass += np.bincount(cells.ravel(), minlength=n * n)
        _share_ties(unit.ravel(), np.flatnonzero(tied), mass, rate)
    shared = np.cumsum(rate.reshape(n, n + 1), axis=1)[:, :n]
    order = np.argsort(engine.columns)
    return np.round(mass.reshape(n, n) + shared, 9)[order]


def _share_ties(unit: np.ndarray, tied: np.ndarray, mass: np.ndarray, rate: np.ndarray) -> None:
    """Take tied units off the place that the sort gave; ``rate`` spreads them over their places.

    It holds mass per place, noted where a run of tied places begins and where it has ended.
    """
    n = round(np.sqrt(len(mass)))
    head = np.flatnonzero(np.diff(tied, prepend=-2) > 1)
    sizes = np.diff(head, append=len(tied)) + 1
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    flat, size = np.repeat(tied[head], sizes) + within, np.repeat(sizes, sizes)
    who, place = unit[flat].astype(np.int64), flat % n
    np.add.at(mass, who * n + place, -1.0)
    np.add.at(rate, who * (n + 1) + place - within, 1 / size)
    np.add.at(rate, who * (n + 1) + place - within + size, -1 / size)


def _bin_mass(engine: Engine, weights: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """As ``_place_mass``, in bins of places."""
    n, bins = len(engine.units), len(edges) - 1
    bin_of = np.repeat(np.arange(bins, dtype=np.int32), np.diff(edges))
    mass, rate = np.zeros(n * bins), np.zeros(n * bins)
    for start in range(0, len(weights), BIN_DRAWS):
        first, last = places_under(engine, weights[start : start + BIN_DRAWS])
        first, last = first.T.ravel(), last.T.ravel()  # one unit's cells after the other's
        left, right, size = bin_of[first - 1], bin_of[last - 1], last - first + 1
        row = np.repeat(np.arange(n) * bins, len(first) // n)
        np.add.at(mass, row + left, (np.minimum(edges[left + 1] - 1, last) - first + 1) / size)
        across = np.flatnonzero(left < right)
        row, left, right, size = row[across], left[across], right[across], size[across]
        np.add.at(mass, row + right, (last[across] + 1 - edges[right]) / size)
        np.add.at(rate, row + left + 1, 1 / size)
        np.add.at(rate, row + right, -1 / size)
    density = rate.reshape(n, bins)
    np.cumsum(density, axis=1, out=density)
    density *= np.diff(edges)
    density += mass.reshape(n, bins)
    return np.round(density, 9, out=density)


def ahead_counts(engine: Engine, draws: WeightDraws, numbers: tuple[int, ...]) -> np.ndarray:
    """How often the row unit has more print units than the column unit, grouped units."""
    n, weights = len(engine.units), _drawn(draws, numbers)
    ahead = np.zeros((n, n), dtype=np.int64)
    for start in range(0, len(weights), step := max(CACHE_VALUES // n, 1)):
        part = np.ascontiguousarray(print_units_under(engine, weights[start : start + step]).T)
        for row in range(n):
            bits = np.packbits(part[row] > part, axis=1)
            ahead[row] += np.bitwise_count(bits).sum(axis=1, dtype=np.int64)
    return ahead
