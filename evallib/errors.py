"""What can be wrong, said so that an analyst can mend it: where, what, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a study: the place, the problem and the remedy.

    Examples
    --------
    >>> print(Fault("2020/marks.csv", 5, "mark", "mark 11 is outside 0 to 10", "correct the mark"))
    2020/marks.csv, row 5, column mark: mark 11 is outside 0 to 10; correct the mark
    """

    file: str
    row: int | None
    column: str | None
    problem: str
    remedy: str
    sheet: str | None = None

    def __str__(self) -> str:
        sheet = f", sheet {self.sheet}" if self.sheet else ""
        row = f", row {self.row}" if self.row is not None else ""
        column = f", column {self.column}" if self.column else ""
        return f"{self.file}{sheet}{row}{column}: {self.problem}; {self.remedy}"

    @property
    def place(self) -> tuple[str, str, int, str]:
        """Sort key: faults are listed in the order in which a person meets them."""
        return (self.file, self.sheet or "", self.row or 0, self.column or "")


class StudyError(Exception):
    """A study folder does not keep its contract; ``faults`` names every place at once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults), key=lambda fault: (fault.place, fault.problem)))
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[StudyError], tuple[tuple[Fault, ...]]]:
        return (type(self), (self.faults,))


class DataError(ValueError):
    """Tables given to a function contradict each other or lack what it needs."""
