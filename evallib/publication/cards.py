"""A card for every site: one page as HTML, and the same as .docx for the file."""

from __future__ import annotations

import base64
import datetime as dt
import io
import re
import shutil
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from docx.oxml.ns import qn
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import Environment, StrictUndefined

from evallib.publication.card_basis import SiteBasis, site_basis
from evallib.publication.card_texts import card_texts
from evallib.publication.figures_site import card_picture
from evallib.publication.folders import whole_folder, write_whole
from evallib.publication.index import write_index
from evallib.publication.manifest import read_manifest, seal, write_manifest
from evallib.publication.pages import render_pages
from evallib.publication.publish import publish_report, years_used
from evallib.publication.site_facts import site_card
from evallib.publication.wording import TEMPLATES
from evallib.study.folders import RESERVED
from evallib.study.model import Study

PICTURE = Mm(160)  # width of the picture in the document


def write_card(
    path: Path,
    study: Study,
    year: int,
    unit: str,
    *,
    spread: float,
    draws: int,
    seed: int,
    lang: str = "zh",
) -> list[Path]:
    """Write the card of one site: ``path`` with ``.html`` and with ``.docx`` behind it.

    Parameters
    ----------
    path : path without ending
    study : Study
    year : int
    unit : str
    spread, draws, seed
        Of the range of places, as in :func:`site_basis`.
    lang : {"zh", "en"}

    Returns
    -------
    list of Path
        The page and the document; each is written whole or not at all.

    Raises
    ------
    ValueError
        If the year has no such unit.
    """
    basis = site_basis(study, year, spread=spread, draws=draws, seed=seed)
    return _write_pages([_write_document(basis, unit, str(path), lang)])


def write_cards(
    folder: Path,
    study: Study,
    year: int,
    *,
    spread: float,
    draws: int,
    seed: int,
    lang: str = "zh",
    jobs: int = 2,
) -> list[Path]:
    """Write the cards of all sites of a year, the range of places computed once for all.

    Parameters
    ----------
    folder : Path
        Made if it is not there; cards in it are replaced one by one.
    jobs : int
        Processes that work side by side; 1 works in this one. The files do not depend on it.

    Returns
    -------
    list of Path
        Page and document of every unit, in unit order.
    """
    folder = Path(folder)
    choices: dict[str, Any] = {"spread": spread, "draws": draws, "seed": seed}
    folder.mkdir(parents=True, exist_ok=True)
    if jobs == 1:
        basis = site_basis(study, year, **choices)
        return _write_pages(_write_documents(basis, _stems(folder, basis), lang))
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for _ in range(jobs):
            pool.submit(_ready)  # imports while the basis is made
        basis = site_basis(study, year, **choices)
        stems = _stems(folder, basis)
        parts = [dict(list(stems.items())[n::jobs]) for n in range(jobs)]
        done = pool.map(_write_documents, [basis] * jobs, parts, [lang] * jobs)
        made = {one[0]: one for part in done for one in part}
    return _write_pages([made[stem] for stem in stems])


def publish_cards(
    study: Study,
    year: int,
    folder: Path,
    *,
    spread: float,
    draws: int,
    seed: int,
    lang: str = "zh",
    jobs: int = 2,
) -> list[Path]:
    """Write the cards of a year among its results, where report and index link them.

    Parameters
    ----------
    folder : Path
        Results of the year, ``out/<study>/<year>``; ``cards`` in it is replaced as a whole, and
        has a manifest, by which a later run sees whether the cards still fit.

    Returns
    -------
    list of Path
        Page and document of every unit, in unit order.
    """
    folder = Path(folder)
    choices: dict[str, Any] = {"spread": spread, "draws": draws, "seed": seed, "lang": lang}
    with whole_folder(folder / "cards") as new:
        made = write_cards(new, study, year, **choices, jobs=jobs)
        write_manifest(new / "manifest.json", study, years_used(study, year), params=choices)
        seal(new)
    shutil.rmtree(folder / "cards-outdated", ignore_errors=True)
    if (folder / "report.html").is_file():
        told = read_manifest(folder)["parameters"].get("lang", "zh")
        publish_report(study, year, folder, lang=told)
        write_index(folder.parents[1], lang=told)
    return [folder / "cards" / path.name for path in made]


def _stems(folder: Path, basis: SiteBasis) -> dict[str, str]:
    """The unit of every card by its path without ending, in unit order."""
    return {str(folder / file_stem(unit)): unit for unit in basis.result.units.index}


def file_stem(unit: str) -> str:
    """The file name of a unit's card without ending: its id, safe on any file system.

    Examples
    --------
    >>> file_stem("dept27"), file_stem("市局/一"), file_stem("a.b c"), file_stem("con")
    ('dept27', '市局%2F一', 'a.b%20c', '%63on')
    """
    first = r"^." if RESERVED.fullmatch(unit) else r"^\."
    unsafe = rf'{first}|[<>:"/\\|?*%\x00-\x20]'
    return re.sub(unsafe, lambda found: f"%{ord(found[0]):02X}", unit)


def _ready() -> None:
    """Nothing: a process that is asked for it has loaded all that it needs."""


def _write_documents(
    basis: SiteBasis, stems: Mapping[str, str], lang: str
) -> list[tuple[str, dict[str, Any], bytes]]:
    """Write the documents of some units; what their pages need."""
    return [_write_document(basis, unit, stem, lang) for stem, unit in stems.items()]


def _write_document(
    basis: SiteBasis, unit: str, stem: str, lang: str
) -> tuple[str, dict[str, Any], bytes]:
    """Write the document of one unit; its stem, texts and picture, for the page."""
    card = site_card(basis, unit)
    text = card_texts(card, lang=lang)
    picture = card_picture(card, alt=text["alt"], lang=lang)
    write_whole(f"{stem}.docx", _document(text, picture, basis.year))
    return stem, text, picture


def _write_pages(made: list[tuple[str, dict[str, Any], bytes]]) -> list[Path]:
    """Write the pages of cards whose documents are there, with one font; all paths in order."""
    pages = render_pages(
        "card.html.j2",
        [text | {"picture": base64.b64encode(picture).decode()} for _, text, picture in made],
    )
    return [
        path
        for (stem, *_), page in zip(made, pages, strict=True)
        for path in (write_whole(f"{stem}.html", page), Path(f"{stem}.docx"))
    ]


def _document(text: Mapping[str, Any], picture: bytes, year: int) -> bytes:
    """The card as the bytes of a .docx; the same input gives the same member files."""
    template = DocxTemplate(TEMPLATES / "card.docx")
    image = InlineImage(template, io.BytesIO(picture), width=PICTURE)
    context = {**text, "picture": image}
    template.render(context, Environment(undefined=StrictUndefined, autoescape=True))
    for table in template.docx.tables:  # some columns are left out, or repeated
        widths = [cell._tc.tcPr.tcW.get(qn("w:w")) for cell in table.rows[0].cells]
        grid = table._tbl.tblGrid
        for column, width in zip(grid.gridCol_lst, widths, strict=True):
            column.set(qn("w:w"), width)
    for drawing in template.docx.element.body.iter(qn("wp:docPr")):
        drawing.set("descr", text["alt"])
    core = template.docx.core_properties
    core.title, core.author = f"{text['name']}: {text['subtitle']}", "evallib"
    core.last_modified_by = core.author
    core.created = core.modified = dt.datetime(year, 12, 31)
    buffer = io.BytesIO()
    template.save(buffer)
    return buffer.getvalue()
