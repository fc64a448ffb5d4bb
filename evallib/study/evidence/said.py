"""What one text of a cell says: a value, what was repaired on the way, or the problem."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evallib.study.cells import squeeze
from evallib.study.names import Names, find_unit, normal_form

NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
LARGEST = float(np.finfo(np.float32).max)
YES = {"true", "1", "是", "有", "√", "yes"}
NO = {"false", "0", "否", "无", "×", "no"}
CLEAN_FLAGS = {"true", "false", "1", "0"}  # in any case; spreadsheets write TRUE


@dataclass(frozen=True)
class Said:
    """Value of a text, with the rule that repaired it or the problem.

    Repairs are logged once per text, or once per ``form`` where there is one.
    """

    value: Any
    rule: str = ""
    form: str = ""
    becomes: str = ""
    problem: str = ""


def compatible(text: str) -> str:
    """Text in its compatibility form, without space around it."""
    return unicodedata.normalize("NFKC", text).strip()


def read_number(text: str) -> Said:
    """A plain number; one in full-width digits is repaired.

    Examples
    --------
    >>> read_number("２００").value, read_number("1,5").problem
    (200.0, "'1,5' is no number")
    """
    plain = compatible(text)
    if not NUMBER.fullmatch(plain) or abs(float(plain)) > LARGEST:
        return Said(np.nan, problem=f"{text!r} is no number")
    return Said(float(plain), "" if plain == text else "number_form", becomes=plain)


def read_flag(text: str) -> Said:
    """Whether a word says yes: true, 1, yes, 是, 有, √ or their contraries."""
    word = squeeze(text).casefold()
    if word not in YES | NO:
        return Said(False, problem=f"{text!r} is neither true nor false")
    value = word in YES
    clean = text.casefold() in CLEAN_FLAGS
    return Said(value, "" if clean else "flag", becomes=str(value).lower())


def read_word(text: str, words: Mapping[str, str], codes: list[str]) -> Said:
    """Position among ``codes`` of a word in any of its forms.

    Parameters
    ----------
    text : str
    words : mapping of every form to its code
    codes : list of str
    """
    code = words.get(squeeze(text).casefold())
    if code is None:
        return Said(-1, problem=f"{text!r} is not allowed")
    return Said(codes.index(code), "" if text == code else "word", becomes=code)


def read_unit(text: str, names: Names, left: Mapping[str, str], ids: list[str]) -> Said:
    """Position among ``ids`` of the unit that a text names in any of its forms.

    Parameters
    ----------
    text : str
    names : Names of the year's units
    left : mapping of the names of other years' units, and of their normal forms, to their ids
    ids : list of str, the year's units and after them those of other years
    """
    match = find_unit(text, names)
    if match.unit:
        return Said(ids.index(match.unit), match.rule, becomes=match.unit)
    gone = left.get(text) or left.get(normal_form(text))
    if gone and match.problem.startswith("unknown"):
        return Said(ids.index(gone))
    return Said(-1, problem=match.problem)


def read_transfers(
    text: str, unit: Callable[[str], Said], time: Callable[[str], Said], ids: list[str]
) -> Said:
    """Earlier holders of a letter and the days on which each passed it on, in plain form.

    Parameters
    ----------
    text : str
        ``dept03@2020-05-06;dept07@2020-05-09``, in any form of units and days.
    unit, time : functions from text to Said
    ids : list of str

    Returns
    -------
    Said
        The same with unit ids and ISO days; the days do not fall.
    """
    passed, days = [], []
    for part in filter(None, compatible(text).strip(";").split(";")):
        name, mark, day = part.partition("@")
        holder, moment = unit(name.strip()), time(day.strip())
        if not mark:
            return Said("", problem=f"{part!r} has no day")
        if holder.problem or moment.problem:
            return Said("", problem=holder.problem or moment.problem)
        days.append(moment.value.astype("datetime64[D]"))
        passed.append(f"{ids[holder.value]}@{days[-1]}")
    if days != sorted(days):
        return Said("", problem=f"the days of {text!r} fall")
    plain = ";".join(passed)
    return Said(plain, "" if plain == text else "transfer_form", becomes=plain)
