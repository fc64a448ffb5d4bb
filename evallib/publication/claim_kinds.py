"""The kinds of claims that a publication makes, typed; what an entry of each may hold."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from evallib.publication.hedges import bounds
from evallib.study.tables import Code, Row

NUMERAL = re.compile(r"\d+(?:\.\d+)?")
PLAIN_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")


def plain(text: str) -> str:
    """Text with full-width digits and signs as plain ones."""
    return unicodedata.normalize("NFKC", text)


def print_form(value: Decimal) -> str:
    """A printed number without its sign, as officials write it: 0.1 for 0.10."""
    return f"{abs(value).normalize():f}"


class _Entry(Row):
    """What every claim has; ``year`` is the publication's unless given."""

    id: Code
    population: str = "all"
    year: int = 0
    printed: str = Field(min_length=1)
    note: str = ""

    @property
    def expected(self) -> dict[str, Decimal]:
        """The printed numbers by what they are about; empty where none can be compared."""
        return {}

    @model_validator(mode="after")
    def _numbers_are_printed(self) -> Any:
        numerals = [Decimal(text) for text in self.numerals]
        lost = [v for v in self.expected.values() if numerals and abs(v) not in numerals]
        if lost:
            raise ValueError(f"{abs(lost[0])} does not stand in the printed form {self.printed!r}")
        return self

    @property
    def numerals(self) -> list[str]:
        """Numerals of the printed form, full-width digits as plain ones."""
        return NUMERAL.findall(plain(self.printed))


class _Several(_Entry):
    """A claim with one ``value``, or with ``values`` by what they are about."""

    value: Decimal | None = None
    values: dict[Code, Decimal] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.value is None) != bool(self.values):
            raise ValueError("give either value or values")
        return self


class Count(_Several):
    """How many units there are, reach the threshold, or are vetoed; ``values`` by population."""

    kind: Literal["count"]
    of: Literal["units", "at_threshold", "vetoed"]

    @property
    def expected(self) -> dict[str, Decimal]:
        return self.values if self.value is None else {self.population: self.value}


class Mean(_Entry):
    """The mean total of a population."""

    kind: Literal["mean"]
    value: Decimal

    @property
    def expected(self) -> dict[str, Decimal]:
        return {self.population: self.value}


class _Changed(_Entry):
    """A change since ``base_year``; ``base_value`` is the earlier figure printed beside it."""

    base_year: int
    value: Decimal
    base_value: Decimal | None = None

    @property
    def expected(self) -> dict[str, Decimal]:
        base = {} if self.base_value is None else {str(self.base_year): self.base_value}
        return {"change": self.value} | base


class Delta(_Changed):
    """By how many points the mean total of a population changed."""

    kind: Literal["delta"]


class PercentageChange(_Changed):
    """By how many per cent a count changed."""

    kind: Literal["percentage_change"]
    of: Literal["units", "at_threshold", "vetoed"] = "at_threshold"


class _Listed(_Entry):
    """A list of sites, by any name they have in that year."""

    names: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _printed_as_listed(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("names"), list):
            return {"printed": "、".join(map(str, given["names"]))} | given
        return given


class OrderedList(_Listed):
    """The first places of a population, in strict order."""

    kind: Literal["ordered_list"]


class ImprovedList(_Listed):
    """The most improved by the year's own rule, in this year's rank order."""

    kind: Literal["improved_list"]


class Index(_Several):
    """Score index of a node over a population.

    ``values`` are by node. With ``every`` each site has the index, not only all together; with
    ``lowest_under`` the nodes named are the lowest among that node's children.
    """

    kind: Literal["index"]
    node: Code | None = None
    every: bool = False
    lowest_under: Code | None = None

    @model_validator(mode="after")
    def _one_node(self) -> Index:
        if (self.node is None) != (self.value is None):
            raise ValueError("node goes with value; values name their nodes themselves")
        return self

    @property
    def expected(self) -> dict[str, Decimal]:
        return self.values if self.value is None else {self.node or "": self.value}


class Share(_Entry):
    """How large a part of a population has a finding: a word with bounds, or a plain percentage.

    ``base: all`` counts every site of the population, ``applicable`` only those of the finding's
    own population to which it applies.
    """

    kind: Literal["share"]
    finding: Code
    word: str
    base: Literal["all", "applicable"] = "all"

    @field_validator("word")
    @classmethod
    def _has_bounds(cls, word: str) -> str:
        if not PLAIN_PERCENT.fullmatch(word):
            bounds(word)
        return word

    @model_validator(mode="after")
    def _word_is_printed(self) -> Share:
        if self.word not in plain(self.printed):
            raise ValueError(f"{self.word} does not stand in the printed form {self.printed!r}")
        return self

    @property
    def percent(self) -> Decimal | None:
        """The percentage of a word that is nothing but one."""
        found = PLAIN_PERCENT.fullmatch(self.word)
        return Decimal(found[1]) if found else None


class Weight(_Entry):
    """Nominal weights of nodes in per cent of the whole."""

    kind: Literal["weight"]
    values: dict[Code, Decimal] = Field(min_length=1)

    @property
    def expected(self) -> dict[str, Decimal]:
        return self.values


class External(_Entry):
    """What these data cannot decide, and why; a person vouches for it, with a source if any."""

    kind: Literal["external"]
    reason: str = Field(min_length=1)
    source: str = ""


Entry = Annotated[
    Count
    | Mean
    | Delta
    | PercentageChange
    | OrderedList
    | ImprovedList
    | Index
    | Share
    | Weight
    | External,
    Field(discriminator="kind"),
]
