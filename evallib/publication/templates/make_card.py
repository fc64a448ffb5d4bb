"""Makes ``card.docx``, the template of a site's card: one A4 page.

Run ``python -m evallib.publication.templates.make_card`` after a change here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.table import WD_ALIGN_VERTICAL
from docx.shared import Mm, Pt, RGBColor

from evallib.publication.templates.make_letter import _element, _properties, _style

SONG, HEI = "宋体", "黑体"
WIDTH = 182  # mm between the margins
MARK, QUIET = RGBColor(0x8A, 0x3B, 0x00), RGBColor(0x59, 0x59, 0x59)
# name, eastAsia font, points, exact line or None for single, first-line indent, alignment
STYLES = (
    ("Card Name", HEI, 15, None, 0, "LEFT"),
    ("Card Subtitle", SONG, 8.5, None, 0, "LEFT"),
    ("Card Mark", HEI, 9, None, 0, "LEFT"),
    ("Heading 1", HEI, 10, None, 0, "LEFT"),
    ("Card Body", SONG, 8.3, None, 0, "JUSTIFY"),
    ("Card Picture", SONG, 8.5, None, 0, "CENTER"),
    ("Card Value", HEI, 12, None, 0, "LEFT"),
    ("Card Small", SONG, 7.5, None, 0, "LEFT"),
    ("Card Cell", SONG, 7.5, None, 0, "RIGHT"),
    ("Card Text", SONG, 7.5, None, 0, "LEFT"),
    ("Card Tiny", SONG, 1, 1, 0, "LEFT"),
    ("Card Note", SONG, 6.5, None, 0, "LEFT"),
)
STEPS, END = "{%tc if steps %}", "{%tc endif %}"
# width in mm (0 for a cell that only steers), head, cell, foot, style
LOSSES = (
    (88, "{{ columns.indicator }}", "{{ row.name }}{{ row.why }}", "{{ rest.name }}", "Card Text"),
    (18, "{{ columns.mark }}", "{{ row.mark }}", "", "Card Cell"),
    (12, "{{ columns.lost }}", "{{ row.lost }}", "{{ rest.lost }}", "Card Cell"),
    (0, STEPS, STEPS, STEPS, "Card Cell"),
    (17, "{{ columns.step_total }}", "{{ row.step_total }}", "", "Card Cell"),
    (15, "{{ columns.rank }}", "{{ row.step_rank }}", "", "Card Cell"),
    (0, END, END, END, "Card Cell"),
    (17, "{{ columns.full_total }}", "{{ row.full_total }}", "", "Card Cell"),
    (15, "{{ columns.rank }}", "{{ row.full_rank }}", "", "Card Cell"),
)
ROUNDS = (
    (30, "{{ columns.state }}", "{{ row.state }}", "", "Card Text"),
    (14, "{{ columns.count }}", "{{ row.count }}", "", "Card Cell"),
    (138, "{{ columns.names }}", "{{ row.names }}", "", "Card Text"),
)
PEERS = (
    (44, "{{ columns.indicator }}", "{{ row.name }}", "", "Card Text"),
    (14, "{{ columns.lost }}", "{{ row.lost }}", "", "Card Cell"),
    (16, "{{ columns.own }}", "{{ row.own }}", "", "Card Cell"),
    (22, "{{ columns.better }}", "{{ row.better }}", "", "Card Cell"),
    (86, "{{ columns.learn }}", "{{ row.peers }}", "", "Card Text"),
)


def make(path: Path) -> None:
    """Write the template."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(10), Mm(9)
    section.left_margin = section.right_margin = Mm(14)
    section.header_distance = section.footer_distance = Mm(5)
    for style in STYLES:
        _style(document, *style)
    _looks(document)
    document.add_paragraph("{{ name }}", "Card Name")
    document.add_paragraph("{{ subtitle }} · {{ about }}", "Card Subtitle")
    _when(document, "mark", "{{ mark }}", "Card Mark")
    _key(document)
    _part(document, "profile")
    document.add_paragraph("{{ picture }}", "Card Picture")
    _part(document, "losses", LOSSES, "losses")
    for name, columns, rows in (("rounds", ROUNDS, "states"), ("peers", PEERS, "peers")):
        _part(document, name, columns, rows)
    _part(document, "findings")
    document.add_paragraph("{{ note }}", "Card Note")
    _properties(document)
    document.save(str(path))


def _looks(document: Any) -> None:
    styles = document.styles
    styles["Card Mark"].font.color.rgb = MARK
    for name in ("Card Subtitle", "Card Small", "Card Note"):
        styles[name].font.color.rgb = QUIET
    styles["Card Mark"].paragraph_format.space_before = Pt(3)
    styles["Card Mark"].paragraph_format.space_after = Pt(4)
    styles["Heading 1"].paragraph_format.space_before = Pt(4)
    styles["Heading 1"].paragraph_format.space_after = Pt(1)
    styles["Card Note"].paragraph_format.space_before = Pt(3)
    styles["Card Picture"].paragraph_format.space_before = Pt(2)
    border = _element("w:pBdr")
    look = {"val": "single", "sz": "8", "space": "2", "color": "8A3B00"}
    border.extend(_element(f"w:{side}", **look) for side in ("top", "left", "bottom", "right"))
    styles["Card Mark"].element.get_or_add_pPr().insert_element_before(border, "w:shd", "w:spacing")


def _when(document: Any, condition: str, text: str, style: str) -> None:
    document.add_paragraph(f"{{%p if {condition} %}}", style)
    document.add_paragraph(text, style)
    document.add_paragraph("{%p endif %}", style)


def _part(
    document: Any, name: str, columns: Sequence[tuple[Any, ...]] = (), rows: str = ""
) -> None:
    """A section: head and sentences, left out where there are none, and its table."""
    document.add_paragraph(f"{{%p if said.{name} %}}", "Card Body")
    document.add_paragraph(f"{{{{ heads.{name} }}}}", "Heading 1")
    document.add_paragraph(f"{{%p for text in said.{name} %}}", "Card Body")
    document.add_paragraph("{{ text }}", "Card Body")
    document.add_paragraph("{%p endfor %}", "Card Body")
    if columns:
        document.add_paragraph(f"{{%p if {rows} %}}", "Card Tiny")
        _table(document, columns, rows)
        document.add_paragraph("{%p endif %}", "Card Tiny")
    document.add_paragraph("{%p endif %}", "Card Body")


def _key(document: Any) -> None:
    """The boxes on top: one row, a cell per item."""
    table = document.add_table(rows=1, cols=3)
    table.autofit = False
    texts = ("{%tc for item in key %}", "", "{%tc endfor %}")
    for cell, text in zip(table.rows[0].cells, texts, strict=True):
        cell.width = Mm(45.5)
        cell.paragraphs[0].text, cell.paragraphs[0].style = text, "Card Small"
    box = table.rows[0].cells[1]
    lines = (("{{ item.label }}", "Card Small"), ("{{ item.value }}", "Card Value"))
    for n, (text, style) in enumerate((*lines, ("{{ item.note }}", "Card Small"))):
        paragraph = box.paragraphs[0] if n == 0 else box.add_paragraph()
        paragraph.text, paragraph.style = text, style
    _lines(table, ("top", "left", "bottom", "right", "insideV"))


def _table(document: Any, columns: Sequence[tuple[Any, ...]], rows: str) -> None:
    texts = [
        [head for _, head, *_ in columns],
        [f"{{%tr for row in {rows} %}}", *[""] * (len(columns) - 1)],
        [cell for _, _, cell, *_ in columns],
        ["{%tr endfor %}", *[""] * (len(columns) - 1)],
    ]
    if any(foot for *_, foot, _ in columns):
        steer = ["{%tr if rest %}", "{%tr endif %}"]
        blank = [""] * (len(columns) - 1)
        texts += [[steer[0], *blank], [foot for *_, foot, _ in columns], [steer[1], *blank]]
    table = document.add_table(rows=len(texts), cols=len(columns))
    table.autofit = False
    for row, line in zip(table.rows, texts, strict=True):
        row._tr.get_or_add_trPr().append(_element("w:cantSplit"))
        for cell, (width, *_, style), text in zip(row.cells, columns, line, strict=True):
            cell.paragraphs[0].text, cell.paragraphs[0].style = text, style
            cell.width, cell.vertical_alignment = Mm(width or 10), WD_ALIGN_VERTICAL.CENTER
    table.rows[0]._tr.trPr.append(_element("w:tblHeader"))
    _lines(table, ("top", "bottom", "insideH"))


def _lines(table: Any, sides: Sequence[str]) -> None:
    """Thin lines on some sides and narrow margins in cells."""
    borders = _element("w:tblBorders")
    for side in sides:
        borders.append(_element(f"w:{side}", val="single", sz="4", space="0", color="A6A6A6"))
    margins = _element("w:tblCellMar")
    margins.extend(_element(f"w:{side}", w="60", type="dxa") for side in ("left", "right"))
    table._tbl.tblPr.append(borders)
    table._tbl.tblPr.append(margins)


if __name__ == "__main__":
    make(Path(__file__).with_name("card.docx"))
