"""One self-contained HTML page from executed notebooks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from lxml import html
from traitlets.config import Config

from evallib.publication.folders import write_whole
from evallib.publication.pages import render_pages
from evallib.publication.wording import TEMPLATES, label, sentence

if TYPE_CHECKING:
    from lxml.html import HtmlElement
    from nbformat.notebooknode import NotebookNode

WIDE = 9  # columns from which a table prints smaller
SHOWN = ["text/html", "text/markdown", "image/png", "text/plain"]  # best first; no scripts
HEADING = re.compile(r'<h([1-5]) id="([^"]*)">(.*?)<a class="anchor-link".*?</a></h\1>', re.DOTALL)
TABLE = re.compile(r"<table.*?</table>", re.DOTALL)
NUMBER = re.compile(r"(?:[-+−]?[\d.,]+(?:e[-+]?\d+)?%?|NaN|<NA>|—|True|False|)")


def write_report(
    path: Path,
    notebooks: list[Path],
    *,
    title: str,
    provenance: str,
    lang: str = "zh",
    source: str = "",
    cards: Sequence[Any] = (),
) -> Path:
    """Write executed notebooks as one HTML page that needs no other file and no network.

    Parameters
    ----------
    path : where to write the page
    notebooks : paths of executed notebooks, in the order of the page
    title : str
    provenance : {"observed", "published", "reconstructed"}
        Said at the top of the page and at its foot.
    lang : {"zh", "en"}
        Language of generated sentences and labels; the prose of the notebooks is English.
    source : str
        Where the data come from; stands at the foot.
    cards : list of dict
        ``href`` and ``text`` of the sites' cards, which stand beside the page.

    Notes
    -----
    Code is folded, and left out in print. Tables sort by a click on a column head. The characters
    that the page uses are embedded as a WOFF2 font.
    """
    from nbconvert import HTMLExporter  # here, since manifests do without

    exporter = HTMLExporter(
        config=Config({"NbConvertBase": {"display_data_priority": SHOWN}}),
        extra_template_basedirs=[str(TEMPLATES)],
        template_name="report",
    )
    names = [Path(notebook).stem for notebook in notebooks]
    about = {
        "page_data": sentence("page_kind", lang, provenance=provenance),
        "page_source": source,
        "page_how": sentence("page_made", lang, version=version("evallib"), parts=names),
    }
    page = {
        "lang": lang,
        "title": title,
        "mark": sentence("mark", lang, provenance=provenance),
        "contents": label("contents", lang),
        "parts": [_part(Path(notebook), exporter, lang) for notebook in notebooks],
        "cards": cards,
        "cards_title": sentence("page_cards", lang, n=len(cards)),
        "about_title": label("page_data", lang),
        "about": [(label(key, lang), text) for key, text in about.items() if text],
    }
    return write_whole(path, render_pages("page.html.j2", [page])[0])


def _part(path: Path, exporter: Any, lang: str) -> dict[str, Any]:
    """Body and headings of one notebook, headings one level down and with ids of their own."""
    notebook = describe_images(nbformat.read(path, as_version=4))
    labels = {"labels": {"code": label("code", lang), "lang": lang}}
    body, _ = exporter.from_notebook_node(notebook, resources=labels)
    body = align_tables(re.sub(r"<style[^>]*>.*?</style>", "", body, flags=re.DOTALL))
    headings = [
        {"id": f"{path.stem}-{found[1]}", "text": found[2]}
        for found in re.findall(HEADING, body)
        if found[0] in "12"
    ]

    def own(found: re.Match[str]) -> str:
        level = int(found[1]) + 1
        return f'<h{level} id="{path.stem}-{found[2]}">{found[3]}</h{level}>'

    return {"body": HEADING.sub(own, body), "headings": headings}


def align_tables(body: str) -> str:
    """The page's tables with the class ``text`` on every cell of a column that is not of numbers.

    Examples
    --------
    >>> align_tables("<table><tbody><tr><td>1</td><td>a</td></tr></tbody></table>")
    '<table><tbody><tr><td>1</td><td class="text">a</td></tr></tbody></table>'
    """
    return TABLE.sub(lambda found: _align(found[0]), body)


def _align(text: str) -> str:
    table = html.fragment_fromstring(text)
    table.attrib.pop("border", None)
    _merge_heads(table)
    rows = [list(row) for row in table.iter("tr")]
    wide = max(len(row) for row in rows)
    if wide >= WIDE:
        table.set("class", f"{table.get('class', '')} wide".strip())
    for column in range(1, wide + 1):  # from the right: row heads stand on the left
        cells = [row[-column] for row in rows if len(row) == wide]
        values = [(cell.text_content() or "").strip() for cell in cells if cell.tag == "td"]
        if not all(NUMBER.fullmatch(value) for value in values):
            for cell in cells:
                cell.set("class", "text")
    return html.tostring(table, encoding="unicode")


def _merge_heads(table: HtmlElement) -> None:
    """Put the names of an index, which pandas gives a row of their own, into the row above."""
    heads = [list(row) for row in table.iterfind("thead/tr")]
    if len(heads) != 2 or len(heads[0]) != len(heads[1]):
        return
    texts = [[(cell.text_content() or "").strip() for cell in row] for row in heads]
    if any(upper and lower for upper, lower in zip(texts[0][1:], texts[1][1:], strict=True)):
        return
    for upper, *pair in zip(heads[0], *texts, strict=True):
        upper.text = " / ".join(filter(None, reversed(pair)))
    heads[1][0].getparent().drop_tree()


def describe_images(notebook: NotebookNode) -> NotebookNode:
    """The notebook with ``alt`` on every picture.

    It is the picture's own; or what ``describe_x`` printed anywhere for the picture of ``plot_x``;
    or what was printed last before it under the same heading; or that heading.
    """
    said, described = "", dict[str, str]()
    for cell in notebook.cells:
        printed = "".join(o.text for o in cell.get("outputs", []) if o.output_type == "stream")
        for name in re.findall(r"\bdescribe_(\w+)", cell.source)[:1]:
            described.setdefault(name, printed.strip())
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            said = (re.findall(r"^#+ +(.+)$", cell.source, flags=re.MULTILINE) or [said])[-1]
        plots = re.findall(r"\bplot_(\w+)", cell.source)
        named = sorted(described, key=len, reverse=True)  # the closest name first
        fitting = [described[n] for n in named for p in plots if p.startswith(n)]
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                own = output.metadata.get("image/png", {}).get("alt") or output.metadata.get("alt")
                output.metadata["alt"] = own or next(filter(None, fitting), said)
            elif output.output_type == "stream" and output.name == "stdout":
                said = output.text.strip()
    return notebook
