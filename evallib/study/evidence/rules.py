"""``measures.yaml``: which leaf is measured how, and from which value on it loses points."""

from __future__ import annotations

import inspect
from datetime import date
from typing import Annotated, Literal, Union, get_type_hints
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, create_model, model_validator

from evallib.errors import Fault
from evallib.study.evidence import letters, pages
from evallib.study.evidence.look import Measure, Span
from evallib.study.evidence.tables import TABLES
from evallib.study.tables import Row, Setting


def time_zone(name) -> str:
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


PERIODS = ("week", "month", "quarter", "year")
Period = Literal["week", "month", "quarter", "year"]
MEASURES = {
    "failed_probes": Measure("probes", "time", "share_against", pages.failed_probes),
    "dead_links": Measure(
        "links", "checked", "against", pages.dead_links, snapshot=True, repairable=True
    ),
    "days_since_update": Measure(
        "columns", "checked", "days_since", pages.days_since_update, snapshot=True, repairable=True
    ),
    "overdue_columns": Measure(
        "columns", "checked", "against", pages.overdue_columns, snapshot=True, repairable=True
    ),
    "blank_columns": Measure(
        "columns", "checked", "against", pages.blank_columns, snapshot=True, repairable=True
    ),
    "typos": Measure("typos", "checked", "against", pages.typos, snapshot=True, repairable=True),
    "days_since_post": Measure(
        "posts", "posted", "days_since", pages.days_since_post, repairable=True
    ),
    "article_count": Measure("articles", "published", "counted", pages.article_count),
    "original_share": Measure("articles", "published", "share_for", pages.original_share),
    "footer_lacking": Measure(
        "footer", "checked", "lacking", pages.lacking_elements, snapshot=True, repairable=True
    ),
    "guides_lacking": Measure(
        "guides", "sampled", "lacking", pages.lacking_elements, repairable=True
    ),
    "faulty_guides": Measure("guides", "sampled", "against", pages.faulty_items, repairable=True),
    "poor_guides": Measure("guides", "sampled", "against", pages.poor_guides, repairable=True),
    "answered_in_time": Measure("letters", "received", "share_for", letters.answered_in_time),
    "mean_working_days": Measure("letters", "received", "mean", letters.mean_working_days),
    "unanswered_letters": Measure("letters", "received", "against", letters.unanswered_letters),
    "consultations_held": Measure("consultations", "start", "counted", letters.consultations_held),
    "results_published_in_time": Measure(
        "consultations", "end", "share_for", letters.results_published_in_time
    ),
}


def _model(name, measure):
    """The keys of a measure in ``measures.yaml``: its name and the parameters of its function."""
    hints = get_type_hints(measure.look, include_extras=True)
    keys = [
        key
        for key, parameter in inspect.signature(measure.look).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    fields = {key: (hints[key], ...) for key in keys}
    return create_model(
        name, __base__=Row, __module__=__name__, name=(Literal[name], ...), **fields
    )


_MODELS = {name: _model(name, measure) for name, measure in MEASURES.items()}
globals().update(_MODELS)  # another process finds the class of a pickled rule by its name
Chosen = Annotated[
    Union[tuple(_MODELS.values())],  # noqa: UP007
    Field(discriminator="name"),
]


class Bound(Setting):
    """A bound that a value reaches or does not; exactly one of the four."""

    below: float | None = None
    at_most: float | None = None
    above: float | None = None
    at_least: float | None = None

    @model_validator(mode="after")
    def _one_bound(self):
        if sum(b is not None for b in (self.below, self.at_most, self.above, self.at_least)) != 1:
            raise ValueError("not one bound; give one of below, at_most, above, at_least")
        return self

    def holds(self, value):
        """Whether the bound holds, of a number or elementwise; never of NaN."""
        if self.below is not None:
            return value < self.below
        if self.at_most is not None:
            return value <= self.at_most
        return value > self.above if self.above is not None else value >= self.at_least


class Step(Bound):
    """Points lost where the bound holds."""

    points: float = Field(gt=0)


class Rule(Setting):
    """What is measured, over which time, how often, and where the rule stands."""

    measure: Chosen
    window: Span
    period: Period = "year"
    source: str
    confirmed: bool

    @property
    def kind(self) -> Measure:
        """The measure that the rule uses."""
        return MEASURES[self.measure.name]

    @property
    def parameters(self) -> dict:
        """The measure's parameters."""
        return {
            key: getattr(self.measure, key)
            for key in type(self.measure).model_fields
            if key != "name"
        }


class LeafRule(Rule):
    """How one leaf is measured: points lost by steps of the value, or for each fault."""

    steps: tuple[Step, ...] = ()
    points_each: float | dict[str, float] | None = None
    none: Literal["missing", "zero", "full", "not_applicable"] = "missing"

    @model_validator(mode="after")
    def _one_scale(self):
        faults = self.kind.value in ("against", "lacking")
        if bool(self.steps) == (self.points_each is not None):
            raise ValueError("neither or both of steps and points_each; give one of them")
        if self.points_each is not None and not faults:
            raise ValueError(f"{self.measure.name} counts no faults; give steps")
        return self


class VetoRule(Rule, Bound):
    """When a single-item veto is proposed, and from where on a site is at risk of it."""

    zh: str
    en: str = ""
    warn: float | None = None

    @property
    def bound(self) -> float:
        """The value from which on the veto is proposed."""
        return next(
            b for b in (self.below, self.at_most, self.above, self.at_least) if b is not None
        )

    def warns(self, value):
        """Whether the value is at the warning level or beyond, on the veto's side."""
        if self.warn is None:
            return self.holds(value)
        upward = self.above is not None or self.at_least is not None
        return value >= self.warn if upward else value <= self.warn


class FindingRule(Setting):
    """A finding that follows from the measure of a leaf: by its value, or an element lacking."""

    leaf: str
    when: Bound | None = None
    lacking: str | None = None

    @model_validator(mode="after")
    def _one_way(self):
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

    def rule(self, code) -> LeafRule | VetoRule:
        """The rule of a measured leaf or of a veto.

        Raises
        ------
        KeyError
            If neither has that code.
        """
        return self.leaves[code] if code in self.leaves else self.vetoes[code]


def rule_faults(rules, scheme, findings, file) -> list[Fault]:
    """Faults of ``measures.yaml`` against the scheme, the tables and the findings of the year.

    Parameters
    ----------
    rules : Measures
    scheme : Scheme
    findings : iterable of str
        Codes that ``rules.yaml`` defines.
    file : str
    """
    found = []
    for code, rule in (rules.leaves | rules.vetoes).items():
        place = f"{'leaves' if code in rules.leaves else 'vetoes'}.{code}"
        known = [c.name for c in TABLES[rule.kind.table].columns if c.kind == "flag"]
        for name in rule.parameters.get("elements", ()):
            if name not in known:
                remedy = f"write some of {', '.join(known)}"
                problem = f"{name!r} is no element of {rule.kind.table}"
                found.append(Fault(file, None, f"{place}.measure.elements", problem, remedy))
    for code in rules.leaves:
        if code not in scheme.leaves:
            problem = f"{code!r} is no leaf of scheme.csv"
            found.append(Fault(file, None, f"leaves.{code}", problem, "write the code of a leaf"))
        elif scheme.node(code).full_marks is None:
            problem = f"{code} has goalposts, not full marks to lose points from"
            remedy = "give it full_marks in scheme.csv"
            found.append(Fault(file, None, f"leaves.{code}", problem, remedy))
    for code in rules.vetoes:
        if code in scheme.codes:
            problem = f"{code!r} is also a code of scheme.csv"
            found.append(Fault(file, None, f"vetoes.{code}", problem, "give the veto another"))
    for code, rule in rules.findings.items():
        found += _finding_faults(code, rule, rules, findings, file)
    return found


def _finding_faults(code, rule, rules, findings, file):
    place = f"findings.{code}"
    if code not in findings:
        remedy = "define it there or correct the code"
        yield Fault(file, None, place, f"{code!r} is not defined in rules.yaml", remedy)
    if rule.leaf not in rules.leaves:
        problem = f"{rule.leaf!r} is not measured"
        yield Fault(file, None, f"{place}.leaf", problem, "add it under leaves")
    elif rule.lacking is not None:
        known = rules.leaves[rule.leaf].parameters.get("elements", ())
        if rule.lacking not in known or rules.leaves[rule.leaf].kind.value != "lacking":
            problem = f"{rule.lacking!r} is no element that {rule.leaf} counts"
            yield Fault(file, None, f"{place}.lacking", problem, "correct it")
