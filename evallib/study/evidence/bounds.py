"""Bounds that a value reaches or not, and which of them make sense of a measure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Self

from pydantic import Field, model_validator

from evallib.study.tables import Setting

SHARES = ("share_against", "share_for")
HIGH_IS_GOOD = ("share_for", "counted")


class Bound(Setting):
    """A bound that a value reaches or does not; exactly one of the four.

    Examples
    --------
    >>> Bound(at_least=0.05).holds(5 / 100), Bound(above=0.05).holds(5 / 100)
    (True, False)
    """

    below: float | None = None
    at_most: float | None = None
    above: float | None = None
    at_least: float | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if sum(b is not None for b in (self.below, self.at_most, self.above, self.at_least)) != 1:
            raise ValueError("not one bound; give one of below, at_most, above, at_least")
        return self

    @property
    def bound(self) -> float:
        """The number."""
        return next(
            b for b in (self.below, self.at_most, self.above, self.at_least) if b is not None
        )

    @property
    def upward(self) -> bool:
        """Whether values beyond the bound are the higher ones."""
        return self.above is not None or self.at_least is not None

    @property
    def harshness(self) -> tuple[float, bool]:
        """Orders bounds of one side: fewer values reach a harsher one."""
        strict = self.above is not None or self.below is not None
        return (self.bound if self.upward else -self.bound, strict)

    def holds(self, value: Any) -> Any:
        """Whether the bound holds, of a number or elementwise; never of NaN."""
        if self.below is not None:
            return value < self.below
        if self.at_most is not None:
            return value <= self.at_most
        return value > self.above if self.above is not None else value >= self.at_least


class Step(Bound):
    """Points lost where the bound holds."""

    points: float = Field(gt=0)


def out_of_range(number: float, kind: str) -> str:
    """What is wrong with a bound of a kind of value; empty where nothing is."""
    if kind in SHARES and not 0 <= number <= 1:
        return f"{number:g} is no share, which lies between 0 and 1; write 5 % as 0.05"
    return f"{number:g} is below 0, and no value is" if number < 0 else ""


def senseless(bound: Bound, kind: str) -> str:
    """What is wrong with a bound from which on a value is bad; empty where nothing is.

    Parameters
    ----------
    bound : Bound
    kind : str
        ``value`` of a Measure.
    """
    if bound.upward == (kind in HIGH_IS_GOOD):
        if bound.upward:
            return "the value is good when it is high; write below or at_most"
        return "the value is good when it is low; write above or at_least"
    return out_of_range(bound.bound, kind)


def dead_step(steps: Iterable[Step]) -> str:
    """What is wrong with the order of steps of one side: a worse value has to cost more."""
    ordered = sorted(steps, key=lambda step: step.harshness)
    for mild, harsh in pairwise(ordered):
        if mild.harshness == harsh.harshness or mild.points >= harsh.points:
            points = f"{harsh.points:g} at {harsh.bound:g}, {mild.points:g} at {mild.bound:g}"
            return f"a worse value must cost more points than a better one, not {points}"
    return ""
