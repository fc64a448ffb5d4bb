"""The one place where numbers are rounded: on decimals, never on binary floats."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

LARGEST = 2.0**62  # print units are 64-bit integers
NOISE_DECIMALS = 10  # what lies beyond is floating-point noise, never a difference between sites


def print_units(values: ArrayLike, decimals: int, rounding: str = "half_up") -> np.ndarray:
    """Values in whole units of the last printed decimal, as integers.

    Two values are tied in print exactly when these integers are equal.

    Parameters
    ----------
    values : array of float
        Finite; what lies beyond ten decimals is dropped as noise first.
    decimals : int
        Decimals that are printed, 0 to 10.
    rounding : {"half_up", "half_even"}
        ``half_up`` moves halves away from zero, as official figures do.

    Returns
    -------
    ndarray of int64

    Raises
    ------
    ValueError
        If a value is not finite, or the rounding has no such name.

    Examples
    --------
    >>> print_units([89.995, 0.285, -0.125], 2).tolist()
    [9000, 29, -13]
    """
    values = np.asarray(values, dtype=float)
    if not np.isfinite(values).all():
        raise ValueError("only finite numbers can be rounded; set aside missing ones first")
    spare = max(NOISE_DECIMALS - decimals, 0)
    scaled = np.round(values * 10.0**decimals, spare)
    if scaled.size and np.abs(scaled).max() >= LARGEST:
        raise ValueError(f"{np.abs(values).max():g} is too large to round at {decimals} decimals")
    if rounding == "half_even":
        return np.rint(scaled).astype(np.int64)
    if rounding != "half_up":
        raise ValueError(f"rounding is half_up or half_even, not {rounding!r}")
    return (np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)).astype(np.int64)


def round_number(values: ArrayLike, decimals: int, rounding: str = "half_up") -> np.ndarray:
    """Values rounded to the printed decimals; NaN stays NaN.

    Examples
    --------
    >>> float(round_number(2.675, 2)), float(round_number(0.5, 0, "half_even"))
    (2.68, 0.0)
    """
    values = np.asarray(values, dtype=float)
    rounded = np.full(values.shape, np.nan)
    known = np.isfinite(values)
    rounded[known] = print_units(values[known], decimals, rounding) / 10.0**decimals
    return rounded


def format_number(value: float, decimals: int, rounding: str = "half_up") -> str:
    """Text of one number as officials print it: rounded, without trailing zeros.

    Examples
    --------
    >>> [format_number(x, 2) for x in (0.1, 1.0, 89.9547, -0.0, 100)]
    ['0.1', '1', '89.95', '0', '100']
    """
    units = int(print_units([value], decimals, rounding)[0])
    sign, units = ("-", -units) if units < 0 else ("", units)
    whole, fraction = divmod(units, 10**decimals)
    tail = f".{fraction:0{decimals}d}".rstrip("0").rstrip(".") if decimals else ""
    return f"{sign}{whole}{tail}"
