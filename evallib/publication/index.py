"""One page over all results in a folder: every study and year with its report, letter and cards."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from evallib.publication.claims import VERDICTS
from evallib.publication.folders import write_whole
from evallib.publication.pages import render_pages
from evallib.publication.wording import label, sentence

FILES = (
    "report.html",
    "letter.docx",
    "scores.xlsx",
    "scores.csv",
    "indices.csv",
    "decisions.csv",
    "claims.csv",
    "manifest.json",
)
HEADS = ("study", "year", "data", "claimed", "files")


def write_index(folder: Path | str, *, lang: str = "zh") -> Path:
    """Write ``index.html`` over all years and studies of an output folder.

    Parameters
    ----------
    folder : Path
        Holds ``<study>/<year>/manifest.json``, as runs leave it.
    lang : {"zh", "en"}

    Returns
    -------
    Path of the page
        It needs no other file and no network but what it links to, by relative paths.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.

    Examples
    --------
    >>> import tempfile
    >>> write_index(tempfile.mkdtemp()).name
    'index.html'
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder; run a year first")
    found = [path for path in folder.glob("*/*/manifest.json") if path.parent.name.isdigit()]
    found.sort(key=lambda path: (path.parent.parent.name, -int(path.parent.name)))
    page = {
        "lang": lang,
        "title": label("page_title", lang),
        "intro": sentence("page_intro", lang, n=len(found)),
        "heads": [label(f"page_{head}", lang) for head in HEADS],
        "rows": [_row(path, folder, lang) for path in found],
    }
    return write_whole(folder / "index.html", render_pages("index.html.j2", [page])[0])


def _row(path: Path, folder: Path, lang: str) -> dict[str, Any]:
    """What the page says about one year's results."""
    year, base = path.parent, quote(path.parent.relative_to(folder).as_posix())
    row = {"study": year.parent.name, "year": year.name, "kind": "", "marked": False}
    row |= {"claims": "", "cards": [], "cards_title": "", "fault": ""}
    row["links"] = [
        {"href": f"{base}/{name}", "text": label(f"page_{name}", lang)}
        for name in FILES
        if (year / name).is_file()
    ]
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        names, provenance = manifest.get("names", {}), manifest["provenance"]
    except (ValueError, KeyError, AttributeError):
        return row | {"fault": sentence("page_fault", lang)}
    row["study"] = names.get(lang) or year.parent.name
    row["kind"] = sentence("page_kind", lang, provenance=provenance)
    row["marked"] = provenance != "observed"
    cards = card_links(year, f"{base}/")
    title = sentence("page_cards", lang, n=len(cards))
    row |= {"cards": cards, "cards_title": title}
    return row | {"claims": _claims(year / "claims.csv", lang)}


def _claims(path: Path, lang: str) -> str:
    """How the claims of the published letter came out, in words."""
    if not path.is_file():
        return label("page_no_claims", lang)
    with path.open(encoding="utf-8", newline="") as file:
        counts = Counter(row["verdict"] for row in csv.DictReader(file))
    rows = [
        {"n": counts[verdict], "name": label(f"verdict_{verdict}", lang)}
        for verdict in VERDICTS
        if counts[verdict]
    ]
    return sentence("page_claims", lang, rows=rows) or label("page_no_claims", lang)


def card_links(year: Path, base: str = "") -> list[dict[str, Any]]:
    """Links to the cards of a year, by the names of the sites where its table has them."""
    names = {}
    if (year / "scores.csv").is_file():
        with (year / "scores.csv").open(encoding="utf-8-sig", newline="") as file:
            names = {row["unit"]: row["name"] for row in csv.DictReader(file)}
    pages = {unquote(page.stem): page for page in sorted((year / "cards").glob("*.html"))}
    order = sorted(pages, key=list(names).index) if names.keys() >= pages.keys() else pages
    return [
        {"href": f"{base}cards/{quote(pages[unit].name)}", "text": names.get(unit) or unit}
        for unit in order
    ]
