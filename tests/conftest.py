"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def reference():
    """Folder of reference results of published indices and of peers."""
    folder = os.environ.get("EVALLIB_REFERENCE")
    if not folder:
        pytest.skip("EVALLIB_REFERENCE is not set: reference results are not shipped")
    return Path(folder)
