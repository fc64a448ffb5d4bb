"""What a measure sees in a table: which rows count, which count against the unit, how much."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from evallib.study.evidence.workdays import Workdays
from evallib.study.tables import Setting

Value = Literal["share_against", "share_for", "counted", "against", "mean", "days_since", "lacking"]
Charge = Literal["holder", "first", "own_days"]


class Span(Setting):
    """A length of time in calendar days or in months.

    Examples
    --------
    >>> Span(months=1).after(pd.Timestamp("2020-01-31"))
    Timestamp('2020-02-29 00:00:00')
    """

    days: int | None = Field(None, ge=1, le=36_600, strict=True)
    months: int | None = Field(None, ge=1, le=1_200, strict=True)

    @model_validator(mode="after")
    def _one_unit(self) -> Span:
        if (self.days is None) == (self.months is None):
            raise ValueError("neither or both of days and months; give one of them")
        return self

    @property
    def offset(self) -> pd.DateOffset:
        """The span as pandas adds it: a month ends on its last day where the day is lacking."""
        return pd.DateOffset(days=self.days or 0, months=self.months or 0)

    def after(self, day: pd.Series | pd.Timestamp) -> pd.Series | pd.Timestamp:
        """The last day of a span that begins the day after this one."""
        return day + self.offset

    def before(self, day: pd.Timestamp) -> pd.Timestamp:
        """The day from which on the span runs when it ends on this one."""
        return day - self.offset


class WorkingDays(Setting):
    """A number of working days."""

    working_days: int = Field(ge=1, le=1_000, strict=True)


@dataclass(frozen=True)
class Clock:
    """The last day that counts, as a date at midnight, and the working days round it."""

    as_of: pd.Timestamp
    workdays: Workdays  # looks a day up only when it is asked


@dataclass(frozen=True)
class Look:
    """One measure on the rows of a table, each array one entry a row.

    ``left_out`` maps a reason to the rows that do not count for it; ``against`` are the rows that
    count against their unit, by ``amount`` (days or seconds) and ``kind``; ``lacking`` the
    elements that a row lacks; ``due`` the last day on which a row does not yet count against its
    unit if nothing is done; ``day`` what places a row in the window, where that is not the table's
    time; ``unit`` who answers for the row when that is not its ``unit``;
    ``group`` what is judged apart within a unit.
    """

    against: np.ndarray
    amount: np.ndarray | None = None
    left_out: Mapping[str, np.ndarray] = field(default_factory=dict)
    kind: pd.Series | None = None
    lacking: Mapping[str, np.ndarray] = field(default_factory=dict)
    due: pd.Series | None = None
    day: pd.Series | None = None
    unit: pd.Series | None = None
    group: pd.Series | None = None

    @property
    def amounts(self) -> np.ndarray:
        """``amount`` of a measure that has one; NaN else."""
        return np.full(len(self.against), np.nan) if self.amount is None else self.amount


@dataclass(frozen=True)
class Measure:
    """A measure: the table it reads, the column that dates a row, its value, its function.

    ``snapshot`` says that only a unit's latest date counts, as of a page that is looked at again;
    ``repairable`` that a fault found can still be mended, so that its points come back; ``needs``
    are the columns without which nothing can be said, ``item`` is the column that names what is
    looked at again, so that only the latest row of each counts, ``kinds`` the kinds of fault;
    ``by_due`` says that the day on which a row is due places it in the window.
    """

    table: str
    time: str
    value: Value
    look: Callable[..., Look]
    snapshot: bool = False
    repairable: bool = False
    needs: tuple[str, ...] = ()
    item: str = ""
    kinds: tuple[str, ...] = ()
    by_due: bool = False


def days_between(earlier: pd.Series, later: pd.Series | pd.Timestamp) -> np.ndarray:
    """Whole days from one date to another, NaN where either is absent; times of day are cut.

    Examples
    --------
    >>> stamps = pd.Series(pd.to_datetime(["2020-02-28 23:59", None]))
    >>> days_between(stamps, pd.Timestamp("2020-03-01")).tolist()
    [2.0, nan]
    """
    later = later.dt.normalize() if isinstance(later, pd.Series) else later
    gap = later - earlier.dt.normalize()
    return (gap / pd.Timedelta(days=1)).to_numpy(float)


def never(rows: pd.DataFrame) -> np.ndarray:
    """No row."""
    return np.zeros(len(rows), bool)
