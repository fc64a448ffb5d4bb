"""The text of a letter: paragraphs and table rows of a .docx, .html or .txt file."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from evallib.study.guard import checked_archive

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PARTS = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml")
BLOCKS = {"p", "div", "li", "h1", "h2", "h3", "h4", "h5", "h6", "br", "section", "title", "caption"}


@dataclass(frozen=True)
class Block:
    """A paragraph, or with ``cells`` a row of the table of that number."""

    text: str
    cells: tuple[str, ...] = ()
    table: int = 0


def plain(text: str) -> str:
    """Text with full-width signs as plain ones, character for character.

    Examples
    --------
    >>> plain("（２０％），依次")
    '(20%),依次'
    """
    forms = (unicodedata.normalize("NFKC", sign) for sign in text)
    return "".join(form if len(form) == 1 else sign for sign, form in zip(text, forms, strict=True))


def read_blocks(source: Path | str) -> list[Block]:
    """Paragraphs and table rows of a file, or of a text given as such, in reading order.

    Parameters
    ----------
    source : path of a .docx, .html or .txt file, or the text itself
        A string is a path when it ends like one of these; in plain text a line with tabs is a
        row of a table.

    Raises
    ------
    FileNotFoundError
        If a path names no file.
    """
    if isinstance(source, str) and not re.search(r"[^\n]\.(?:docx|html?|txt)$", source):
        return _text_blocks(source)
    path = Path(source)
    if path.suffix.lower() == ".docx":
        return _docx_blocks(path)
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() in (".html", ".htm"):
        reader = _Html()
        reader.feed(text)
        reader.close()
        return reader.finished()
    return _text_blocks(text)


def _text_blocks(text: str) -> list[Block]:
    blocks, table = list[Block](), 0
    for line in text.splitlines():
        cells = tuple(part.strip() for part in line.split("\t")) if "\t" in line else ()
        table += bool(cells and not (blocks and blocks[-1].cells))
        blocks.append(Block(line.strip(), cells, table if cells else 0))
    return [block for block in blocks if block.text]


def _docx_blocks(path: Path) -> list[Block]:
    with zipfile.ZipFile(checked_archive(path)) as archive:
        parts = [name for name in archive.namelist() if PARTS.fullmatch(name)]
        parts.sort(key=lambda name: (name != "word/document.xml", name))
        texts = [archive.read(name) for name in parts]
    roots = [ElementTree.fromstring(text) for text in texts]  # noqa: S314 - no entities: checked
    blocks, tables = list[Block](), [0]
    for root in roots:
        blocks += _elements(root, tables)
    return [block for block in blocks if block.text.strip()]


def _elements(parent: Element, tables: list[int]) -> Iterator[Block]:
    for child in parent:
        if child.tag == f"{W}tbl":
            tables[0] += 1
            number = tables[0]
            for row in child.iter(f"{W}tr"):
                cells = tuple(_words(cell).strip() for cell in row.findall(f"{W}tc"))
                yield Block("\t".join(cells), cells, number)
        elif child.tag == f"{W}p":
            yield Block(_words(child))
        else:
            yield from _elements(child, tables)


def _words(element: Element) -> str:
    """Text without what a field computes: page numbers are nobody's claim."""
    words, inside = [], 0
    computed = {text for field in element.iter(f"{W}fldSimple") for text in field.iter(f"{W}t")}
    for node in element.iter():
        if node.tag == f"{W}fldChar":
            inside += {"begin": 1, "end": -1}.get(node.get(f"{W}fldCharType", ""), 0)
        elif node.tag == f"{W}t" and node.text and not inside and node not in computed:
            words.append(node.text)
    return "".join(words)


class _Html(HTMLParser):
    """Collects paragraphs and table rows; scripts and styles are no text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks, self.words, self.table, self.hidden = list[Block](), list[str](), 0, 0
        self.cells: list[str] | None = None

    def finished(self) -> list[Block]:
        self._close()
        return [block for block in self.blocks if block.text.strip()]

    def handle_starttag(self, tag: str, attrs: list[Any]) -> None:
        if tag in ("script", "style"):
            self.hidden += 1
        elif tag == "table":
            self.table += 1
        elif tag == "tr":
            self._close()
            self.cells = []
        elif tag in ("td", "th"):
            self.words = []
        elif tag in BLOCKS and self.cells is None:
            self._close()

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.hidden -= 1
        elif tag in ("td", "th") and self.cells is not None:
            self.cells.append("".join(self.words).strip())
            self.words = []
        elif tag == "tr" and self.cells is not None:
            self.blocks.append(Block("\t".join(self.cells), tuple(self.cells), self.table))
            self.cells, self.words = None, []
        elif tag in BLOCKS and self.cells is None:
            self._close()

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words.append(data)

    def _close(self) -> None:
        self.blocks.append(Block(re.sub(r"\s+", " ", "".join(self.words)).strip()))
        self.words = []
