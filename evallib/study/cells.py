"""What one cell says: a mark, or a word that stands for one, in any of its forms."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from evallib.study.scheme import Node

SPACE = re.compile(r"\s+")
DASHES = re.compile("[-\u2010-\u2015\u2212\u2500\ufe58\ufe63]+")  # hyphens, dashes, minus
NOTHING = re.compile(rf"(?:{DASHES.pattern}|/+)")
PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
NUMBER = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))\s*分?")
SUBTOTAL = re.compile(r".{0,8}(?:小计|合计|总计|共计|平均|平均分|平均值|均值)(?:\(.*\))?:?")
NOT_APPLICABLE = {"不适用", "notapplicable"}
FULL_MARKS = {"满分", "fullmarks"}
SET_ASIDE = "set_aside"
NOISE = Decimal("1e-6")  # share of a step below which a difference is binary noise

REASONS = {
    "unit_form": "the name differs in width, spaces, dashes or brackets only",
    "unit_alias": "an alias that holds on 31 December",
    "unit_fill": "a merged cell, filled from its top left cell",
    "number_form": "the same number in another form",
    "full_marks_word": "the word for full marks",
    "not_applicable_word": "the word for not applicable",
    "not_applicable_class": "the leaf does not apply to the unit's class",
    "step_noise": "binary noise far below a step",
    "deduction_sign": "a negative deduction is points lost",
    "deduction_cap": "a deduction takes at most the full marks",
    "subtotal_row": "a row of totals or means, not of a unit",
    "duplicate_row": "repeats an earlier mark of the unit identically",
    "hidden_row": "a hidden row that repeats a visible mark of the unit identically",
}


@dataclass(frozen=True)
class Formula:
    """A formula whose workbook stores no value for it."""

    text: str


@dataclass(frozen=True)
class Step:
    """One decision about a cell: the rule, what the cell was and what it becomes."""

    rule: str
    was: str
    becomes: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """What a cell says: a status and perhaps a mark, the decisions on the way, or a problem."""

    status: str = ""
    mark: Decimal | None = None
    steps: tuple[Step, ...] = ()
    problem: str = ""

    @property
    def said(self) -> tuple[str, Decimal | None]:
        """Status and mark, which two identical cells share."""
        return (self.status, self.mark)


@dataclass(frozen=True)
class _Chain:
    """A number on its way from the cell's text through one decision after the other."""

    number: Decimal
    text: str
    steps: tuple[Step, ...] = ()

    def to(self, rule: str, number: Decimal) -> _Chain:
        """The chain after one more decision; the first one starts from the cell's text."""
        text = number_text(number)
        return _Chain(number, text, (*self.steps, Step(rule, self.text, text, REASONS[rule])))


@dataclass(frozen=True)
class Expected:
    """What the scheme, the sheet and the rules expect of one cell."""

    full: Decimal | None
    step: Decimal | None
    low: Decimal | None
    high: Decimal | None
    applies: bool
    deduction: bool
    may_be_missing: bool


FOOTNOTES = ("<super>", "<sub>", "<circle>")  # 1², 1①: a mark and a note, not a number


def shown(value: object) -> str:
    """Text of a cell as the sheet shows it; whole numbers without a decimal point.

    Examples
    --------
    >>> [shown(x) for x in (2.0, 2.5, "2.0 ", "0010", None, True)]
    ['2', '2.5', '2.0 ', '0010', '', 'TRUE']
    """
    if value is None:
        return ""
    if isinstance(value, Formula):
        return value.text
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        small = abs(value) < 1  # never in powers of ten
        return str(int(value)) if whole else f"{Decimal(repr(value)):f}" if small else repr(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat(*(" ",) if isinstance(value, datetime) else ())
    return str(value)


def squeeze(text: str) -> str:
    """Text in its compatibility form (NFKC) without any white space.

    Examples
    --------
    >>> squeeze(" ２．０\u3000")
    '2.0'
    """
    return SPACE.sub("", unicodedata.normalize("NFKC", text))


def is_subtotal(text: str) -> bool:
    """Whether the text heads a row of totals or means.

    Examples
    --------
    >>> [is_subtotal(text) for text in ("小 计", "部门平均分", "市统计局")]
    [True, True, False]
    """
    return SUBTOTAL.fullmatch(squeeze(text)) is not None


def number_text(number: Decimal) -> str:
    """A decimal as plain digits, without trailing zeros.

    Examples
    --------
    >>> [number_text(Decimal(x)) for x in ("2.50", "10", "-0.0")]
    ['2.5', '10', '0']
    """
    return format(number.normalize(), "f") if number else "0"


def expected(node: Node, *, applies: bool, deduction: bool, may_be_missing: bool) -> Expected:
    """What a cell of a leaf must keep to.

    Parameters
    ----------
    node : Node, a leaf
    applies, deduction, may_be_missing : bool
        The leaf applies to the unit's class; the sheet records points lost; the rules of the
        year say what a missing mark counts.
    """
    bounds = node.bounds if node.full_marks is None else None
    numbers = (node.full_marks, node.step, *(bounds or (None, None)))
    full, step, low, high = (None if x is None else Decimal(repr(float(x))) for x in numbers)
    return Expected(full, step, low, high, applies, deduction, may_be_missing)


def read_mark(value: object, expected: Expected) -> Reading:
    """What a mark cell says, by rule alone.

    Parameters
    ----------
    value : the cell's value: text, number, Formula, ...
    expected : Expected

    Examples
    --------
    >>> three = Expected(Decimal(3), Decimal("0.5"), None, None, True, False, False)
    >>> read_mark("2.5分", three).mark, read_mark("满分", three).mark, read_mark("", three).problem
    (Decimal('2.5'), Decimal('3'), 'blank, but the leaf applies to the unit')
    """
    if isinstance(value, Formula):
        return Reading(problem=f"the formula {value.text!r} has no stored value")
    text = shown(value)
    word = squeeze(text)
    if not word or NOTHING.fullmatch(word):
        return _read_nothing(text, word, expected)
    if word.casefold() in NOT_APPLICABLE:
        step = _step("not_applicable_word", text, "not_applicable")
        return Reading("not_applicable", steps=(step,))
    if not expected.applies:
        return Reading(problem=f"{text!r}, but the leaf does not apply to the unit's class")
    if word.casefold() in FULL_MARKS and expected.full is not None:
        lost = "0" if expected.deduction else number_text(expected.full)
        return Reading("scored", expected.full, (_step("full_marks_word", text, lost),))
    if any(unicodedata.decomposition(mark).startswith(FOOTNOTES) for mark in text):
        return Reading(problem=f"{text!r} is no number")
    found = NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-"))
    if not found:
        return Reading(problem=f"{text!r} is no number")
    number = Decimal(found[1])
    clean = not isinstance(value, str) or PLAIN_NUMBER.fullmatch(text)
    chain = _Chain(number, text)
    chain = chain if clean else chain.to("number_form", number)
    return (_read_deduction if expected.deduction else _read_score)(chain, expected)


def _step(rule: str, was: str, becomes: str) -> Step:
    return Step(rule, was, becomes, REASONS[rule])


def _read_nothing(text: str, word: str, expected: Expected) -> Reading:
    if not expected.applies:
        steps = (_step("not_applicable_class", text, "not_applicable"),) if text else ()
        return Reading("not_applicable", steps=steps)
    if word:
        return Reading(problem=f"{text!r}, but the leaf applies to the unit")
    if expected.may_be_missing:
        return Reading("missing")
    return Reading(problem="blank, but the leaf applies to the unit")


def _read_score(chain: _Chain, expected: Expected) -> Reading:
    chain, off = _on_step(chain, expected.step)
    full, ends = expected.full, (expected.low, expected.high)
    low, high = (Decimal(0), full) if full is not None else ends
    if low is not None and high is not None and not low <= chain.number <= high:
        bounds = f"{number_text(low)} to {number_text(high)}"
        return Reading(problem=f"mark {number_text(chain.number)} is outside {bounds}")
    return Reading(problem=off) if off else Reading("scored", chain.number, chain.steps)


def _read_deduction(chain: _Chain, expected: Expected) -> Reading:
    if expected.full is None:
        return Reading(problem="a deduction from a leaf without full marks")
    if chain.number < 0:
        chain = chain.to("deduction_sign", -chain.number)
    chain, off = _on_step(chain, expected.step)
    if chain.number > expected.full:
        chain, off = chain.to("deduction_cap", expected.full), ""
    return (
        Reading(problem=off)
        if off
        else Reading("scored", expected.full - chain.number, chain.steps)
    )


def _on_step(chain: _Chain, step: Decimal | None) -> tuple[_Chain, str]:
    """The number on its step, and the problem if it is off by more than binary noise."""
    number = chain.number
    nearest = number if step is None else (number / step).to_integral_value() * step
    if step is None or number == nearest:
        return chain, ""
    if abs(number - nearest) < NOISE * step:
        return chain.to("step_noise", nearest), ""
    return chain, f"{number_text(number)} is off the step {number_text(step)}"
