"""``measures.yaml``: which leaf is measured how, and from which value on it loses points."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union, get_type_hints
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, create_model, model_validator

from evallib.study.evidence import letters, pages
from evallib.study.evidence.bounds import Bound, Step, dead_step, out_of_range, senseless
from evallib.study.evidence.look import Measure, Span
from evallib.study.tables import Row, Setting


def time_zone(name: str) -> str:
    """The name of a time zone, if there is one of that name.

    Raises
    ------
    ValueError
        If there is none.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write one such as Asia/Shanghai") from None
    return name


def prices(value: Any) -> Any:
    """Points for each fault, one number or one for each kind, if all are above 0."""
    for price in value.values() if isinstance(value, dict) else [value]:
        a_number = isinstance(price, int | float) and not isinstance(price, bool)
        if price is not None and not (a_number and 0 < price < float("inf")):
            raise ValueError(f"{price!r} is no number above 0; write the points for each fault")
    return value


PERIODS = ("week", "month", "quarter", "year")
Period = Literal["week", "month", "quarter", "year"]
UPDATED = ("last_update",)
PAGE: dict[str, Any] = {"snapshot": True, "repairable": True}
GUIDE: dict[str, Any] = {"item": "guide", "repairable": True}
MEASURES = {
    "failed_probes": Measure(
        "probes", "time", "share_against", pages.failed_probes, needs=("status", "seconds")
    ),
    "dead_links": Measure(
        "links", "checked", "against", pages.dead_links, kinds=("home", "other"), **PAGE
    ),
    "days_since_update": Measure(
        "columns", "checked", "days_since", pages.days_since_update, needs=UPDATED, **PAGE
    ),
    "overdue_columns": Measure(
        "columns", "checked", "against", pages.overdue_columns, needs=UPDATED, **PAGE
    ),
    "blank_columns": Measure("columns", "checked", "against", pages.blank_columns, **PAGE),
    "typos": Measure(
        "typos", "checked", "against", pages.typos, kinds=("minor", "serious"), **PAGE
    ),
    "days_since_post": Measure(
        "posts", "posted", "days_since", pages.days_since_post, repairable=True
    ),
    "article_count": Measure("articles", "published", "counted", pages.article_count),
    "original_share": Measure("articles", "published", "share_for", pages.original_share),
    "footer_lacking": Measure("footer", "checked", "lacking", pages.lacking_elements, **PAGE),
    "guides_lacking": Measure("guides", "sampled", "lacking", pages.lacking_elements, **GUIDE),
    "faulty_guides": Measure("guides", "sampled", "against", pages.faulty_items, **GUIDE),
    "poor_guides": Measure("guides", "sampled", "against", pages.poor_guides, **GUIDE),
    "answered_in_time": Measure(
        "letters", "received", "share_for", letters.answered_in_time, by_due=True
    ),
    "mean_working_days": Measure(
        "letters", "received", "mean", letters.mean_working_days, by_due=True
    ),
    "unanswered_letters": Measure(
        "letters", "received", "against", letters.unanswered_letters, needs=("replied",)
    ),
    "consultations_held": Measure("consultations", "start", "counted", letters.consultations_held),
    "results_published_in_time": Measure(
        "consultations",
        "end",
        "share_for",
        letters.results_published_in_time,
        needs=("results_published",),
        by_due=True,
    ),
}


def _model(name: str, measure: Measure) -> type[Row]:
    """The keys of a measure in ``measures.yaml``: its name and the parameters of its function."""
    hints = get_type_hints(measure.look, include_extras=True)
    keys = [
        key
        for key, parameter in inspect.signature(measure.look).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    fields: dict[str, Any] = {key: (hints[key], ...) for key in keys}
    fields = {"name": (Literal[name], ...), **fields}
    return create_model(name, __base__=Row, __module__=__name__, **fields)


_MODELS = {name: _model(name, measure) for name, measure in MEASURES.items()}
globals().update(_MODELS)  # another process finds the class of a pickled rule by its name
if TYPE_CHECKING:
    Chosen = Any  # one of the models, which are made only when this runs
else:
    Chosen = Annotated[Union[tuple(_MODELS.values())], Field(discriminator="name")]  # noqa: UP007


class Rule(Setting):
    """What is measured, over which time, how often, and where the rule stands.

    Fewer rows of a unit than ``at_least_rows`` say nothing: then none of them counts.
    """

    measure: Chosen
    window: Span
    at_least_rows: int = Field(1, ge=1, strict=True)
    period: Period = "year"
    source: str
    confirmed: bool

    @property
    def kind(self) -> Measure:
        """The measure that the rule uses."""
        return MEASURES[self.measure.name]

    @property
    def parameters(self) -> dict[str, Any]:
        """The measure's parameters."""
        return {
            key: getattr(self.measure, key)
            for key in type(self.measure).model_fields
            if key != "name"
        }

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns without which the rule can say nothing."""
        chosen = self.parameters
        transfers = chosen.get("charge", "holder") != "holder"
        until = (chosen["until"],) if "until" in chosen else ()
        return (*self.kind.needs, *until, *(("transfers",) if transfers else ()))

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of fault that have a price each; none where all faults are alike."""
        chosen = self.parameters
        elements = chosen.get("elements", ()) if self.kind.value == "lacking" else ()
        return self.kind.kinds or tuple(chosen.get("limits", elements))

    def _refuse_bounds(self, bounds: Sequence[Step | VetoRule]) -> None:
        """Raise where a bad value cannot be one, or cannot be seen in the window."""
        for bound in bounds:
            if wrong := senseless(bound, self.kind.value):
                raise ValueError(wrong)
            in_window = self.kind.value == "days_since" and not self.kind.snapshot
            longest = (self.window.days or 31 * (self.window.months or 0)) - 1
            if in_window and not bound.holds(longest):
                problem = f"{bound.bound:g} days are never seen in a window of {longest + 1}"
                raise ValueError(f"{problem}; make the window longer")


class LeafRule(Rule):
    """How one leaf is measured: points lost by steps of the value, or for each fault."""

    steps: tuple[Step, ...] = ()
    points_each: Annotated[float | dict[str, float] | None, BeforeValidator(prices)] = None
    none: Literal["missing", "zero", "full", "not_applicable"] = "missing"

    @model_validator(mode="after")
    def _one_scale(self) -> Self:
        faults = self.kind.value in ("against", "lacking")
        if bool(self.steps) == (self.points_each is not None):
            raise ValueError("neither or both of steps and points_each; give one of them")
        if self.points_each is not None and not faults:
            raise ValueError(f"{self.measure.name} counts no faults; give steps")
        self._refuse_bounds(self.steps)
        if wrong := dead_step(self.steps):
            raise ValueError(wrong)
        return self


class VetoRule(Rule, Bound):
    """When a single-item veto is proposed, and from where on a site is at risk of it."""

    zh: str
    en: str = ""
    warn: float | None = None

    @model_validator(mode="after")
    def _warns_first(self) -> Self:
        self._refuse_bounds([self])
        if self.warn is None:
            return self
        late = self.warn > self.bound if self.upward else self.warn < self.bound
        if late or out_of_range(self.warn, self.kind.value):
            raise ValueError(f"it warns at {self.warn:g}, the bound is {self.bound:g}; correct it")
        return self

    def warns(self, value: float) -> bool:
        """Whether the value is at the warning level or beyond, on the veto's side."""
        if self.warn is None:
            return self.holds(value)
        return value >= self.warn if self.upward else value <= self.warn


class FindingRule(Setting):
    """A finding that follows from the measure of a leaf: by its value, or an element lacking."""

    leaf: str
    when: Bound | None = None
    lacking: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> FindingRule:
        if (self.when is None) == (self.lacking is None):
            raise ValueError("neither or both of when and lacking; give one of them")
        return self


class Calendar(Setting):
    """Working days: China's State Council's, or Monday to Friday; and the study's own changes."""

    kind: Literal["china", "weekdays"] = "china"
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()


class Measures(Setting):
    """``measures.yaml`` of a year.

    Examples
    --------
    >>> blank = {"measure": {"name": "blank_columns"}, "window": {"days": 31}, "points_each": 0.5}
    >>> blank |= {"source": "rule book of 2019", "confirmed": True}
    >>> rules = Measures.model_validate({"as_of": "2020-11-30", "leaves": {"H2.3": blank}})
    >>> rules.rule("H2.3").kind.table, rules.calendar.kind
    ('columns', 'china')
    """

    as_of: date
    timezone: Annotated[str, AfterValidator(time_zone)] = "Asia/Shanghai"
    calendar: Calendar = Calendar()
    leaves: dict[str, LeafRule] = Field(default_factory=dict)
    vetoes: dict[str, VetoRule] = Field(default_factory=dict)
    findings: dict[str, FindingRule] = Field(default_factory=dict)

    def rule(self, code: str) -> LeafRule | VetoRule:
        """The rule of a measured leaf or of a veto.

        Raises
        ------
        KeyError
            If neither has that code.
        """
        return self.leaves[code] if code in self.leaves else self.vetoes[code]
