"""The letter as .docx: generated sentences, human sentences from ``letter.yaml``, nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from docx.oxml.ns import qn
from docxtpl import DocxTemplate, InlineImage
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, model_validator

from evallib.errors import Fault, StudyError
from evallib.publication import facts, sentences
from evallib.publication.letter_heads import dimension_heads, title
from evallib.publication.wording import TEMPLATES, label, name_of, sentence, unit_names
from evallib.rounding import format_number
from evallib.scoring import Evaluation, evaluate
from evallib.study.guard import checked_archive
from evallib.study.model import Study
from evallib.study.tables import read_yaml
from evallib.study.units import members

if TYPE_CHECKING:
    from docx.document import Document

TABLE_WIDTH, FIXED_WIDTH, GROUP_WIDTH = 156, 75, 19  # mm: all columns, those but the dimensions
TWIPS = 1440 / 25.4  # twentieths of a point in a millimetre


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Requirement(_Frozen):
    """What the letter asks for; a human sentence."""

    heading: str = ""
    text: str

    @model_validator(mode="before")
    @classmethod
    def _plain_text(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value


class External(_Frozen):
    """A statement that this study cannot compute, and where it comes from."""

    text: str
    source: str


class LetterFile(_Frozen):
    """``letter.yaml``: what only a person can say; everything may be left out."""

    title: str = ""
    number: str = ""
    addressee: str = ""
    issuers: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    date: dt.date | None = None
    population: str = "all"
    requirements: tuple[Requirement, ...] = ()
    external: tuple[External, ...] = ()


def read_letter_file(study: Study, year: int) -> LetterFile:
    """``<year>/letter.yaml``, or else the study's ``letter.yaml``, or else an empty one.

    Raises
    ------
    StudyError
        If the file has unknown keys, or a publisher or population that is none of the year's.
    """
    own = f"{year}/letter.yaml"
    file = own if (study.path / own).is_file() else "letter.yaml"
    faults: list[Fault] = []
    found = read_yaml(study.path / file, LetterFile, file, faults)
    units = study.years[year].units
    for unit in found.publishers if found else ():
        if unit not in units.index:
            problem = f"{unit!r} is no unit of {year}"
            faults.append(Fault(file, None, "publishers", problem, "write a unit id of units.csv"))
    try:
        members(units, found.population if found else "all")
    except ValueError as error:
        faults.append(Fault(file, None, "population", str(error), "write one of these"))
    if faults or found is None:
        raise StudyError(faults)
    return found


def letter_sections(
    study: Study, year: int, *, lang: str = "zh", previous: int | None = None
) -> list[dict[str, Any]]:
    """The body of the letter: sections of a heading and parts, each of heading and paragraphs.

    Sections without anything to say are left out: no requirements without ``letter.yaml``, no
    findings without ``findings.csv``.
    """
    given = read_letter_file(study, year)
    previous = study.year_before(year) if previous is None else previous
    result = evaluate(study, year)
    said = sentences.indices(result, lang=lang, study=study, population=given.population)
    veto = sentences.veto(result, lang=lang) if result.provenance != "published" else ""
    found = sentences.findings(study, year, lang=lang)
    overall = _overall(study, result, given, lang, previous)
    body = {
        "overall": [("", overall)],
        "results": [
            ("part_dimensions", [said["dimensions"]]),
            ("part_strengths", [said["strengths"]]),
            ("part_veto", [veto]),
        ],
        "problems": [("part_gaps", [said["gaps"]]), ("part_findings", found)],
        "requirements": [(item.heading, [item.text]) for item in given.requirements],
    }
    sections = [
        (key, [(head, _kept(texts)) for head, texts in parts]) for key, parts in body.items()
    ]
    sections = [(key, [part for part in parts if part[1]]) for key, parts in sections]
    return [
        {"heading": _numbered("heading", n, label(key, lang), lang), "parts": _parts(parts, lang)}
        for n, (key, parts) in enumerate([s for s in sections if s[1]], start=1)
    ]


def _kept(texts: list[str]) -> list[str]:
    return [text for text in texts if text]


def _overall(
    study: Study, result: Evaluation, given: LetterFile, lang: str, previous: int | None
) -> list[str]:
    """Paragraphs of the first section."""
    shared: dict[str, Any] = {"lang": lang, "study": study}
    before = None if previous is None else facts.standing(study, previous)
    names = unit_names(result.units, lang)
    ranked = [names[unit] for unit in given.publishers if pd.notna(result.rank[unit])]
    moved = [] if previous is None else [
        sentences.improved(study, result.year, lang=lang, previous=previous),
        sentences.incomparable(study, previous, result.year, lang=lang),
    ]  # fmt: skip
    return [
        sentences.joined(
            [sentences.sites(result, **shared), sentences.scheme(result, lang=lang)], lang
        ),
        sentences.means(result, previous=before, **shared),
        sentences.counts(result, previous=before, **shared),
        sentences.top(result, lang=lang),
        sentences.joined(moved, lang),
        sentence("publishers", lang, names=ranked) if ranked else "",
        *[sentence("external", lang, text=e.text, source=e.source) for e in given.external],
    ]


def _numbered(key: str, n: int, text: str, lang: str) -> str:
    return sentence(key, lang, n=n, text=text, numerals=label("numerals", lang))


def _parts(parts: list[tuple[str, list[str]]], lang: str) -> list[dict[str, str | list[str]]]:
    """Parts that have something to say, as the template reads them; headings are numbered."""
    said = [(head, [text for text in texts if text]) for head, texts in parts]
    rows = list[dict[str, str | list[str]]]()
    for n, (head, texts) in enumerate([part for part in said if part[1]], start=1):
        text = label(head, lang) if head.startswith("part_") else head
        heading = _numbered("subheading", n, text, lang) if text else ""
        rows.append({"heading": heading, "paragraphs": texts})
    return rows


def annex_rows(
    result: Evaluation, *, lang: str = "zh", study: Study | None = None
) -> list[dict[str, Any]]:
    """The full table in rank order, as printed: indices of level 1, points, total and place."""
    names, scheme, rules = unit_names(result.units, lang), result.scheme, result.rules

    def printed(value: float, decimals: int) -> str:
        return "" if pd.isna(value) else format_number(value, decimals, rules.rounding)

    order = result.rank.sort_values(kind="stable", na_position="last").index
    return [
        {
            "rank": "—" if pd.isna(result.rank[unit]) else int(result.rank[unit]),
            "name": names[unit],
            "group": name_of(result.units.at[unit, "group"], study, lang),
            "indices": [
                printed(result.scores.at[unit, code], facts.INDEX_DECIMALS)
                for code in scheme.dimensions
            ],
            "bonus": printed(result.bonus[unit], rules.decimals),
            "penalty": printed(result.penalty[unit], rules.decimals),
            "total": printed(result.total[unit], rules.decimals) or label("fail", lang),
        }
        for unit in order
    ]


def write_letter(
    path: Path,
    study: Study,
    year: int,
    *,
    lang: str = "zh",
    previous: int | None = None,
    figure: Path | str | None = None,
) -> Path:
    """Write the letter of a year; the same input gives the same member files.

    Parameters
    ----------
    path : where to write the .docx
    study : Study
    year : int
    lang : {"zh", "en"}
    previous : int, optional
        Year to compare with; the latest earlier one of the study when omitted.
    figure : path of a .png, optional
        Figure 1, the ranking (see ``ranking_columns``), at the head of the annex, where it leaves
        no page half empty; the letter has none when omitted.

    Notes
    -----
    The template is the study's ``letter.docx``, or the packaged one after GB/T 9704. It knows
    ``mark, number, title, addressee, sections, annex, issuers, date, annex_head, annex_title,
    figure, caption, heads, several_groups, dimensions, dimension_width, rows, note``. ``mark``
    stands in the header of every page: it says what kind of data the letter rests on.
    """
    result, given = evaluate(study, year), read_letter_file(study, year)
    own = study.path / "letter.docx"
    template = DocxTemplate(checked_archive(own) if own.is_file() else TEMPLATES / "letter.docx")
    context = _context(study, result, given, lang, previous)
    caption = sentence("figure_ranking", lang, year=year)
    context["figure"] = "" if figure is None else InlineImage(template, str(figure))
    context["caption"] = sentence("caption", lang, number=1, text=caption)
    # a city's template shows what it is given, and reaches nothing else of the program
    template.render(
        context, ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    )
    alt = sentences.describe_ranking(result, lang=lang, study=study)
    _finish(template.docx, context, given.date or dt.date(year, 12, 31), alt)
    template.save(path)
    return Path(path)


def _context(
    study: Study, result: Evaluation, given: LetterFile, lang: str, previous: int | None
) -> dict[str, Any]:
    year, name, scheme = result.year, study.name(lang), result.scheme
    heads = ("rank", "unit", "group", "bonus", "penalty", "score")
    dimensions, legend = dimension_heads(scheme, lang)
    several = len(set(result.units["group"])) > 1
    free = TABLE_WIDTH - FIXED_WIDTH - GROUP_WIDTH * several
    return {
        "mark": sentence("mark", lang, provenance=study.provenance),
        "number": given.number or label("number", lang),
        "title": given.title or title(year, name, lang),
        "addressee": given.addressee or label("addressee", lang),
        "sections": letter_sections(study, year, lang=lang, previous=previous),
        "annex": sentence("annex", lang, year=year, study=name),
        "annex_head": label("annex", lang),
        "issuers": given.issuers,
        "date": sentence("date", lang, date=given.date) if given.date else "",
        "annex_title": sentence("annex_title", lang, year=year, study=name),
        "heads": {key: label(key, lang) for key in heads},
        "several_groups": several,
        "dimensions": dimensions,
        "dimension_width": int(free * TWIPS / max(len(dimensions), 1)),
        "rows": annex_rows(result, lang=lang, study=study),
        "note": sentence("table_note", lang, fail=bool(result.total.isna().any()), columns=legend),
    }


def _finish(document: Document, context: Mapping[str, Any], written_on: date, alt: str) -> None:
    """Column widths of the annex, alt text of the figure, and the document's properties."""
    for table in document.tables:
        head: Any = table.rows[0]
        widths = [cell._tc.tcPr.tcW.get(qn("w:w")) for cell in head.cells]
        for column, width in zip(table._tbl.tblGrid.gridCol_lst, widths, strict=True):
            column.set(qn("w:w"), width)
    for picture in document.element.body.iter(qn("wp:docPr")):
        picture.set("descr", alt)
    core = document.core_properties
    core.title = context["title"].replace("\n", "")
    core.author = "、".join(context["issuers"]) or "evallib"
    core.last_modified_by = core.author
    core.created = core.modified = dt.datetime.combine(written_on, dt.time())
