"""Totals and places under many weightings at once, by the rules of the scoring engine."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from evallib.aggregation import hand_on, node_scores
from evallib.errors import DataError
from evallib.firmness.linear import awarded_bonus
from evallib.rounding import NOISE_DECIMALS, print_units
from evallib.scoring import Evaluation, granted

Item = TypeVar("Item")
Done = TypeVar("Done")
CACHE_VALUES = 2**18  # totals handled at a time, near the cache; threads take turns in few calls
AHEAD = 8  # tasks that an executor has before the first result is fetched
SMALL_PRODUCT = 2**18  # matrix products up to this size run on one thread of the BLAS,
PRODUCT_ROWS = 96  # taking so many draws at a time


@dataclass(frozen=True)
class Engine:
    """What the totals of the ranked units need besides weights, units grouped by pattern.

    ``columns[i]`` is the place of the i-th grouped unit among ``units``; a pattern is a slice of
    grouped units, the leaves that miss a mark, and the leaves that do not apply.
    """

    result: Evaluation
    units: pd.Index
    columns: np.ndarray
    patterns: tuple[tuple[slice, np.ndarray, np.ndarray], ...]  # columns, missing, not applicable
    index: np.ndarray  # leaves x grouped units, 0 where a leaf does not count
    bonus: np.ndarray
    penalty: np.ndarray
    fixed: np.ndarray  # total after a veto, NaN without one


def engine(result: Evaluation, *, check: bool = True) -> Engine:
    """The engine of an evaluation, checked to give its own totals at its own weights.

    ``check=False`` is for an evaluation whose scheme was changed on purpose.

    Raises
    ------
    DataError
        If no unit is ranked, or the totals do not come out again.
    """
    units, scheme = result.rank.index[result.rank.notna()], result.scheme
    if not len(units):
        raise DataError(f"{result.study} {result.year}: no unit is ranked, so no rank can move")
    vetoed = result.veto[units].to_numpy()
    gone = result.index.loc[units].isna().to_numpy() & ~vetoed[:, None]
    missing = gone & result.missing.loc[units, scheme.leaves].to_numpy()
    kinds, which = np.unique(gone.astype(int) + missing, axis=0, return_inverse=True)
    columns = np.argsort(which.ravel(), kind="stable")
    ends = np.concatenate([[0], np.bincount(which.ravel()).cumsum()])
    patterns = tuple(
        (slice(ends[i], ends[i + 1]), kind == 2, kind == 1) for i, kind in enumerate(kinds)
    )
    found = Engine(
        result,
        units,
        columns,
        patterns,
        np.nan_to_num(result.index.loc[units].to_numpy()).T[:, columns].copy(),
        awarded_bonus(result)[units].to_numpy(float)[columns],
        result.penalty[units].to_numpy(float)[columns],
        np.where(vetoed, result.total[units], np.nan)[columns],
    )
    if not check:
        return found
    error = totals_under(found, scheme.weights.to_numpy()[None])[0] - result.total[units[columns]]
    if not (error.abs() <= 1e-8).all():
        raise DataError(
            f"{result.study} {result.year}: the total of {error.abs().idxmax()} does not come out "
            "again from its indices and the weights; evaluate the year anew"
        )
    return found


def totals_under(engine: Engine, weights: np.ndarray) -> np.ndarray:
    """Totals under rows of leaf weights, draws x grouped units, by the rules of the year."""
    rules, scheme = engine.result.rules, engine.result.scheme
    if scheme.is_linear and rules.tier_decimals is None:
        base = _product(weights, engine.index)
        for units, missing, absent in engine.patterns:
            if (missing | absent).any():
                mass = _masses(engine, weights, missing, absent, units)
                base[:, units] = _product(mass, np.ascontiguousarray(engine.index[:, units]))
    else:
        base = _tree_base(engine, weights)
    base *= rules.scale
    if engine.bonus.any() or engine.penalty.any():
        bonus, penalty = granted(base, engine.bonus, engine.penalty, rules)
        base += bonus
        base -= penalty
    vetoed = np.isfinite(engine.fixed)
    base[:, vetoed] = engine.fixed[vetoed]
    return base


def _tree_base(engine: Engine, weights: np.ndarray) -> np.ndarray:
    """The general path, for trees with other means or rounding between tiers."""
    base, scheme = np.empty((len(weights), engine.index.shape[1])), engine.result.scheme
    for units, missing, absent in engine.patterns:
        index = engine.index[:, units]
        mass = _masses(engine, weights, missing, absent, units)
        for start in range(0, len(weights), step := max(CACHE_VALUES // index.size, 1)):
            part = np.repeat(mass[start : start + step], index.shape[1], axis=0)
            rows = np.tile(index.T, (len(part) // index.shape[1], 1))
            scores = node_scores(rows, part, scheme, engine.result.rules)[:, 0]
            base[start : start + step, units] = scores.reshape(-1, index.shape[1])
    return base


def _masses(
    engine: Engine, weights: np.ndarray, missing: np.ndarray, absent: np.ndarray, units: slice
) -> np.ndarray:
    """Mass of every leaf for one pattern, draws x leaves, as ``pattern_mass`` has it for one."""
    scheme, rules, gone = engine.result.scheme, engine.result.rules, missing | absent
    mass = weights * ~gone
    if (
        gone.any()
        and not gone.all()
        and (missing.any() or rules.not_applicable in ("within_parent", "spread"))
    ):
        leaves = np.array(scheme.leaves)
        # a leaf of weight 0 may still have to inherit, hence the smallest weight above 0
        held = dict(zip(scheme.leaves, np.maximum(weights, 1e-300).T, strict=True))
        hand_on(scheme, held, missing, absent, rules)
        mass[:, ~gone] = np.column_stack([held[leaf] for leaf in leaves[~gone]])
    carried = mass.sum(axis=1, keepdims=True)
    if not (carried > 0).all():
        first = engine.units[engine.columns[units.start]]
        raise DataError(f"a weighting gives no weight to any leaf that counts for {first}")
    return mass / carried


def _product(weights: np.ndarray, index: np.ndarray) -> np.ndarray:
    """weights @ index, in pieces that the BLAS keeps on the calling thread."""
    out = np.empty((len(weights), index.shape[1]))
    wide = max(SMALL_PRODUCT // (PRODUCT_ROWS * len(index)), 1)
    for left in range(0, index.shape[1], wide):
        part = index[:, left : left + wide]
        for row in range(0, len(weights), PRODUCT_ROWS):
            rows = slice(row, row + PRODUCT_ROWS)
            np.matmul(weights[rows], part, out=out[rows, left : left + wide])
    return out


def print_units_under(engine: Engine, weights: np.ndarray) -> np.ndarray:
    """Totals in print units, draws x grouped units: equal integers are a tie."""
    rules = engine.result.rules
    return _print_units(totals_under(engine, weights), rules.rank_decimals, rules.rounding)


def _print_units(totals: np.ndarray, decimals: int, rounding: str) -> np.ndarray:
    """``print_units``, quick where no value is near a rounding edge."""
    margin = max(1e-6, 2 * 10.0 ** (decimals - NOISE_DECIMALS))
    if margin > 0.1 or totals.min() < 0 or totals.max() * 10.0**decimals > 2**30:
        return print_units(totals, decimals, rounding)
    scaled = totals * 10.0**decimals
    units = (scaled + (0.5 - margin)).astype(np.int32)
    scaled += 0.5 + margin
    doubt = units != scaled.astype(np.int32)
    if doubt.any():
        units[doubt] = print_units(totals[doubt], decimals, rounding)
    return units


def sorted_units(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Grouped units by descending total in every draw, and which tie with the next one.

    One integer holds print units and unit, so that one sort does both.
    """
    n = part.shape[1]
    bits = int(n - 1).bit_length()
    top, low = int(part.max()), int(part.min())
    kind = np.int32 if top - low < 2 ** (31 - bits) - 1 else np.int64
    keys: Any = (top - part).astype(kind)
    keys <<= kind(bits)
    keys |= np.arange(n, dtype=kind)
    keys.sort(axis=1)
    tied = np.zeros(keys.shape, dtype=bool)
    np.less(keys[:, 1:] ^ keys[:, :-1], kind(1 << bits), out=tied[:, :-1])
    keys &= kind((1 << bits) - 1)
    return keys, tied


def places_under(engine: Engine, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last place of every unit's tie, draws x ``engine.units``, from 1."""
    unit, tied = sorted_units(print_units_under(engine, weights))
    n, who = unit.shape[1], engine.columns[unit]
    place = np.arange(1, n + 1, dtype=np.int32)
    begins = np.ones(tied.shape, dtype=bool)
    np.logical_not(tied[:, :-1], out=begins[:, 1:])
    first, last = np.empty(unit.shape, np.int32), np.empty(unit.shape, np.int32)
    runs = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    np.put_along_axis(first, who, runs, axis=1)
    runs = np.minimum.accumulate(np.where(tied, n, place)[:, ::-1], axis=1)[:, ::-1]
    np.put_along_axis(last, who, runs, axis=1)
    return first, last


def keep_memory() -> None:
    """Let the memory that blocks of draws free be used again, not handed back and asked for anew.

    glibc takes the size of a freed large array, touched or not, as its measure (mallopt(3),
    M_MMAP_THRESHOLD); sampling then takes half the time. Elsewhere this does nothing.
    """
    np.empty(3 * 2**20)


def in_order(
    work: Callable[[Item], Done],
    items: Iterable[Item],
    *,
    threads: int | None = None,
    executor: Executor | None = None,
) -> Iterator[Done]:
    """Results of ``work`` in the order of ``items``, computed a few ahead.

    On an executor where one is given, else on threads of this machine.
    """
    keep_memory()
    items, cores = iter(items), min(os.cpu_count() or 1, AHEAD)
    threads = cores if threads is None else threads
    if executor is not None:
        yield from _ahead_of(executor, work, items, AHEAD)
    elif threads == 1:
        yield from map(work, items)
    else:
        with ThreadPoolExecutor(threads) as pool:
            yield from _ahead_of(pool, work, items, threads + 1)


def _ahead_of(
    pool: Executor, work: Callable[[Item], Done], items: Iterator[Item], count: int
) -> Iterator[Done]:
    waiting = deque(pool.submit(work, item) for item in islice(items, count))
    while waiting:
        yield waiting.popleft().result()
        waiting.extend(pool.submit(work, item) for item in islice(items, 1))
