"""Rounding is on decimals: checked against Python's decimal module."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evallib.rounding import format_number, print_units, round_number

MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}


@given(st.integers(-(10**8), 10**8), st.integers(0, 4), st.sampled_from(sorted(MODES)))
def test_agrees_with_decimal_for_every_number_of_six_decimals(millionths, decimals, mode):
    exact = Decimal(millionths).scaleb(-6)
    expected = exact.quantize(Decimal(1).scaleb(-decimals), rounding=MODES[mode])
    assert print_units([float(exact)], decimals, mode)[0] == int(expected.scaleb(decimals))


def test_float_noise_never_moves_a_half():
    noisy = [0.1 + 0.2, 89.995, 89.99499999999999, 1.005, 2.675]
    assert round_number(noisy, 2).tolist() == [0.3, 90.0, 90.0, 1.01, 2.68]


def test_a_real_difference_below_the_half_is_kept():
    assert print_units([89.994999], 2)[0] == 8999


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.10, "0.1"), (1.0, "1"), (89.945, "89.95"), (-0.1, "-0.1"), (100, "100"), (0.004, "0")],
)
def test_prints_without_trailing_zeros(value, text):
    assert format_number(value, 2) == text


def test_at_ten_decimals_neighbouring_print_units_stay_apart():
    assert print_units([1e-10, 2e-10, 3e-10, 90.0000000001], 10).tolist() == [1, 2, 3, 900000000001]


@pytest.mark.parametrize("mode", ["half_up", "half_even"])
def test_print_units_are_integers(mode):
    assert print_units([0.125, 2], 2, mode).dtype == np.int64


def test_refuses_what_cannot_be_rounded():
    with pytest.raises(
        ValueError, match=r"^only finite numbers can be rounded; set aside missing ones first$"
    ):
        print_units([np.nan], 2)
    with pytest.raises(ValueError, match=r"^1e\+09 is too large to round at 10 decimals$"):
        print_units([1e9], 10)
    with pytest.raises(ValueError, match=r"^rounding is half_up or half_even, not 'up'$"):
        print_units([1.0], 2, "up")


def test_nan_stays_nan_in_a_series_of_numbers():
    assert np.isnan(round_number([np.nan, 1.234], 2)).tolist() == [True, False]
