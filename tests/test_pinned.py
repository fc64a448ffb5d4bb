"""``pinned.csv``: what the letter pins, and what varies over panels that fit it equally well."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

import evallib as ev
from evallib.rounding import format_number

FOLDER = Path(__file__).resolve().parents[1] / "data" / "nanning"
TABLE = pd.read_csv(FOLDER / "pinned.csv", dtype={"value": str}).set_index("result")


@pytest.fixture(scope="module")
def pin():
    spec = importlib.util.spec_from_file_location("pin", FOLDER / "pin.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_values_are_those_of_the_committed_study(pin):
    found = pin.results(ev.read_study(FOLDER))
    assert {name: format_number(*value) for name, value in found.items()} == TABLE[
        "value"
    ].to_dict()


@pytest.mark.parametrize("seed", [1, 25])
def test_another_panel_lies_within_the_stated_range(pin, seed):
    for name, (value, decimals) in pin.results_of_seed(seed).items():
        low, high = TABLE.at[name, "low"], TABLE.at[name, "high"]
        assert low - 1e-9 <= float(format_number(value, decimals)) <= high + 1e-9, name


def test_what_the_letter_prints_is_pinned_and_what_is_finer_varies():
    pinned = TABLE.index[TABLE["verdict"] == "pinned"]
    printed = ["mean:all", "mean:department", "mean:dev_zone", "at_threshold:department"]
    printed += [
        "index:F",
        "index:F1",
        "index:F2",
        "index:F3",
        "index:P7",
        "index:S1.1",
        "index:S1.2",
    ]
    printed += [
        "index:S1.3",
        "index:S1.4",
        "index:S1.5",
        "index:S3",
        "index:I",
        "index:I2",
        "index:I4",
    ]
    printed += [f"rank:dept{place:02d}" for place in range(1, 11)]
    assert set(printed) <= set(pinned)
    assert {"total:dept01", "rank:dept40", "index:H", "top_holds_within_percent"}.isdisjoint(pinned)
