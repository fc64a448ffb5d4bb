"""The rules of a year: every choice that changes a published number, with its default."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from evallib.study.tables import LARGE, Setting


class Bonus(Setting):
    """Bonus points: summed, granted only where base > gate, then capped."""

    cap: float | None = Field(None, ge=0)
    gate: float | None = None


class Penalty(Setting):
    """Penalty points: summed, then capped."""

    cap: float | None = Field(None, ge=0)


class Veto(Setting):
    """Single-item veto: without a total (fail), or with a fixed one."""

    total: float | None = Field(None, ge=-LARGE, le=LARGE)
    in_mean: bool = False


class Band(Setting):
    """A named band of totals, reached from ``at_least`` on."""

    code: str
    zh: str
    en: str = ""
    at_least: float


class Improved(Setting):
    """Who counts as most improved: at least so many places, or points."""

    by: Literal["rank", "score"] = "rank"
    within: str | None = None
    at_least: float = Field(gt=0)


class Finding(Setting):
    """A yes-or-no finding of the assessors, and the population its share is taken of."""

    zh: str
    en: str = ""
    population: str = "all"


class Rules(Setting):
    """The rules of one year, as ``rules.yaml`` states them; what it omits has these defaults.

    Examples
    --------
    >>> Rules().threshold, Rules(ties="dense").ties
    (90.0, 'dense')
    """

    scale: float = Field(100.0, gt=0, le=1e6)
    decimals: int = Field(2, ge=0, le=10)
    rounding: Literal["half_up", "half_even"] = "half_up"
    tier_decimals: int | None = Field(None, ge=0, le=10)
    ties: Literal["min", "dense"] = "min"
    rank_on: Literal["printed", "exact"] = "printed"
    threshold: float = 90.0
    top: int = Field(10, ge=1)
    bands: tuple[Band, ...] = ()
    missing: Literal["refuse", "zero", "sibling_mean"] = "refuse"
    not_applicable: Literal["rescale", "within_parent", "spread", "full_marks"] = "rescale"
    bonus: Bonus = Bonus()
    penalty: Penalty = Penalty()
    veto: Veto = Veto()
    improved: Improved | None = None
    findings: dict[str, Finding] = Field(default_factory=dict)

    @field_validator("bands")
    @classmethod
    def _one_code_each(cls, bands: tuple[Band, ...]) -> tuple[Band, ...]:
        for number, band in enumerate(bands):
            if band.code in {other.code for other in bands[:number]}:
                raise ValueError(f"the code {band.code} stands twice; give each band its own")
        return bands

    @property
    def rank_decimals(self) -> int:
        """Decimals at which two totals count as tied."""
        return self.decimals if self.rank_on == "printed" else 10
