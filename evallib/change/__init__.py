"""Two years and more: who is the same unit, what changed, and why."""

from evallib.change.account import Change, compare, leaf_account
from evallib.change.bridge import bridge, near_threshold
from evallib.change.cohort import (
    cohort,
    continuing,
    gains,
    most_improved,
    previous_year,
    standings,
)
from evallib.change.diff import RunDiff, compare_runs
from evallib.change.improved import Improvement, improvement
from evallib.change.trajectory import trajectories

__all__ = [
    "Change",
    "Improvement",
    "RunDiff",
    "bridge",
    "cohort",
    "compare",
    "compare_runs",
    "continuing",
    "gains",
    "improvement",
    "leaf_account",
    "most_improved",
    "near_threshold",
    "previous_year",
    "standings",
    "trajectories",
]
