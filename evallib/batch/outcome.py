"""What became of a notebook."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

RAN, CURRENT, FAILED = "ran", "up to date", "failed"
PLAIN = ("DataError", "PressError", "StudyError")  # whose message says all


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook of one run.

    Attributes
    ----------
    status : {"ran", "up to date", "failed"}
    seconds : float
    cell : int
        The failing cell as it is numbered in the notebook, from 1; 0 where none failed.
    line : str
        First line of the failing cell.
    error : str
    log : str
        Path of the notebook as far as it came.
    """

    study: str
    year: int
    notebook: str
    status: str
    seconds: float = 0.0
    cell: int = 0
    line: str = ""
    error: str = ""
    log: str = ""

    def __str__(self) -> str:
        place = f"study {self.study}, year {self.year}, notebook {self.notebook}"
        if self.status != FAILED:
            return f"{place}: {self.status}, {self.seconds:.1f} s"
        cell = f", cell {self.cell} ({self.line})" if self.cell else ""
        log = f"; as far as it came: {self.log}" if self.log else ""
        return f"{place}{cell}: {self.error}{log}"

    def as_dict(self) -> dict[str, Any]:
        """The outcome for machines."""
        return asdict(self) | {"seconds": round(self.seconds, 2)}


class RunError(Exception):
    """A run in which notebooks failed; ``outcomes`` says which, where and why."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self.outcomes = tuple(outcomes)
        super().__init__("\n".join(str(outcome) for outcome in self.outcomes))


def said(error: Exception) -> str:
    """An exception for a person: what it is, and what to do where that is known.

    Examples
    --------
    >>> said(KeyError("mark"))
    "KeyError: 'mark'"
    """
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error) if type(error).__name__ in PLAIN else f"{type(error).__name__}: {error}"
    file = f": {error.filename}" if error.filename else ""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return f"{error.strerror}{file}{'; make room and run again with --resume' if full else ''}"
