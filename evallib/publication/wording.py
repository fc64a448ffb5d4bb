"""Numbers, names and lists to words; the sentences are templates, in files per language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from evallib.rounding import format_number
from evallib.study.guard import parse_yaml
from evallib.study.model import Study

if TYPE_CHECKING:
    from jinja2.environment import Template

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES = ("zh", "en")


@cache
def _texts(lang: str) -> dict[str, Any]:
    if lang not in LANGUAGES:
        raise ValueError(f"lang is one of {', '.join(LANGUAGES)}, not {lang!r}")
    merged: dict[str, Any] = {"macros": [], "sentences": {}, "labels": {}}
    for path in sorted(TEMPLATES.glob(f"*.{lang}.yaml")):
        _, texts = parse_yaml(path.read_text(encoding="utf-8"))
        merged["macros"].append(texts.get("macros", ""))
        merged["sentences"] |= texts.get("sentences", {})
        merged["labels"] |= texts.get("labels", {})
    return merged | {"macros": "\n".join(merged["macros"])}


@cache
def _environment(lang: str, rounding: str) -> Environment:
    environment = Environment(  # noqa: S701 - words, no markup: who makes a page escapes them
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "number": partial(format_number, rounding=rounding),
        "share": lambda pair: percent(*pair, rounding=rounding),
        "listing": lambda items: listing(items, lang),
    }
    environment.globals["macros"] = environment.from_string(_texts(lang)["macros"]).module
    return environment


@cache
def _template(key: str, lang: str, rounding: str) -> Template:
    return _environment(lang, rounding).from_string(_texts(lang)["sentences"][key])


def sentence(key: str, lang: str, *, rounding: str = "half_up", **values: Any) -> str:
    """A sentence template filled in; a value that is not given is an error.

    Parameters
    ----------
    key : str, of a template
    lang : {"zh", "en"}
    rounding : {"half_up", "half_even"}
        How the template's own numbers and shares are rounded: ``rules.rounding`` of their year.

    Raises
    ------
    jinja2.UndefinedError
        If the template uses a value that was not given.

    Examples
    --------
    >>> sentence("scored", "zh", value=89.954, decimals=2)
    '89.95分'
    """
    glue = {"zh": "", "en": " "}[lang] if lang in LANGUAGES else ""
    return re.sub(r"\s*\n\s*", glue, _template(key, lang, rounding).render(**values).strip())


def label(key: str, lang: str) -> str:
    """A short fixed text: an axis label, a heading, the head of a column.

    Examples
    --------
    >>> label("total", "zh")
    '总分（分）'
    """
    return _texts(lang)["labels"][key]


def percent(part: float, whole: int, *, decimals: int = 1, rounding: str = "half_up") -> str:
    """A share in per cent as officials print it.

    Examples
    --------
    >>> percent(25, 52), percent(9, 36)
    ('48.1%', '25%')
    """
    return f"{format_number(100 * part / whole, decimals, rounding)}%"


def listing(items: Iterable[str], lang: str) -> str:
    """Items joined as a sentence lists them.

    Examples
    --------
    >>> listing(["甲", "乙", "丙"], "zh"), listing(["a", "b", "c"], "en")
    ('甲、乙、丙', 'a, b and c')
    """
    items = [str(item) for item in items]
    if lang == "zh" or len(items) < 2:
        return "、".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def unit_names(units: pd.DataFrame, lang: str) -> dict[str, str]:
    """Printed name of every unit, falling back to the other language."""
    first, second = ("name_zh", "name_en") if lang == "zh" else ("name_en", "name_zh")
    return (units[first].where(units[first] != "", units[second])).to_dict()


def name_of(code: str, study: Study | None, lang: str) -> str:
    """Printed name of a group or class of the study; the code itself without a study."""
    found = {**study.classes, **study.groups}.get(code) if study else None
    return (getattr(found, lang) or found.zh) if found else code


def population_name(population: str, lang: str, *, study: Study | None = None) -> str:
    """Printed name of a population such as ``department & A``: the class first, then the group.

    Examples
    --------
    >>> population_name("all", "zh"), population_name("A", "en")
    ('全部网站', 'A websites')
    """
    terms = [term.strip() for term in population.split("&") if term.strip() != "all"]
    if not terms:
        return label("all", lang)
    groups = study.groups if study else {}
    terms.sort(key=lambda term: term in groups)
    names = [name_of(term, study, lang) for term in terms]
    if terms[-1] not in groups:
        names.append(label("websites", lang))
    return {"zh": "", "en": " "}[lang].join(names)
