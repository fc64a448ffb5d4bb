"""What a study is once it has been read: names, provenance, units, and one Year per year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

from evallib.errors import DataError
from evallib.study.rules import Rules
from evallib.study.scheme import Scheme

if TYPE_CHECKING:
    from evallib.study.evidence.measured import Measured
    from evallib.study.evidence.read import Evidence
    from evallib.study.evidence.rules import Measures


class Names(BaseModel):
    """A name in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    zh: str
    en: str = ""


class StudyFile(BaseModel):
    """``study.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    names: Names
    provenance: Literal["observed", "published", "reconstructed"]
    source: str = ""
    groups: dict[str, Names]
    classes: dict[str, Names] = {}


@dataclass(frozen=True)
class Year:
    """One evaluation year: its scheme, rules, units and marks, and how the marks came to be."""

    year: int
    scheme: Scheme | None
    rules: Rules
    units: pd.DataFrame
    marks: pd.DataFrame
    adjustments: pd.DataFrame
    findings: pd.DataFrame
    reviews: pd.DataFrame | None = None
    totals: pd.DataFrame | None = None
    initial: pd.DataFrame | None = None
    decisions: pd.DataFrame | None = None
    set_aside: pd.DataFrame | None = None
    rows: pd.DataFrame | None = None
    cells: pd.DataFrame | None = None  # the raw cell of every mark; None of a tidy table
    measures: Measures | None = None  # measures.yaml, and what follows from it
    evidence: Evidence | None = None
    measured: Measured | None = None

    @property
    def tree(self) -> Scheme:
        """The scheme; raises DataError where only totals of the year survive."""
        if self.scheme is None:
            raise DataError(f"{self.year}: only totals survive, so there is nothing to score")
        return self.scheme

    @property
    def measuring(self) -> Measures:
        """The rules of ``measures.yaml``; raises DataError where the year measures nothing."""
        if self.measures is None:
            raise DataError(f"{self.year}: nothing is measured; add measures.yaml")
        return self.measures


@dataclass(frozen=True)
class Study:
    """A study folder, read and checked."""

    path: Path
    code: str
    names: Names
    provenance: str
    source: str
    groups: Mapping[str, Names]
    classes: Mapping[str, Names]
    units: pd.DataFrame
    aliases: pd.DataFrame
    successions: pd.DataFrame
    years: Mapping[int, Year] = field(default_factory=dict)

    def name(self, lang: str = "zh") -> str:
        """Name of the study in ``zh`` or ``en``."""
        return getattr(self.names, lang) or self.names.zh

    def year_before(self, year: int) -> int | None:
        """The latest year of the study before the given one; None when there is none."""
        return max((other for other in self.years if other < year), default=None)
