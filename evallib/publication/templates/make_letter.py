"""Makes ``letter.docx``, the default template of the letter, after GB/T 9704-2012.

Run ``python -m evallib.publication.templates.make_letter`` after a change here. A study that keeps
a ``letter.docx`` of its own uses that instead, with the same Jinja2 names.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.table import WD_ALIGN_VERTICAL
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

SONG, FANG, HEI, KAI = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312"
# name, eastAsia font, points, exact line or None for single, first-line indent, alignment
STYLES = (
    ("Letter Title", SONG, 22, 33, 0, "CENTER"),
    ("Letter Number", FANG, 16, 29, 0, "RIGHT"),
    ("Letter Addressee", FANG, 16, 29, 0, "LEFT"),
    ("Heading 1", HEI, 16, 29, 2, "LEFT"),
    ("Heading 2", KAI, 16, 29, 2, "LEFT"),
    ("Letter Body", FANG, 16, 29, 2, "JUSTIFY"),
    ("Letter Signature", FANG, 16, 29, 0, "RIGHT"),
    ("Letter Picture", FANG, 16, None, 0, "CENTER"),
    ("Letter Caption", FANG, 12, None, 0, "CENTER"),
    ("Letter Annex", HEI, 16, 29, 0, "LEFT"),
    ("Letter Annex Title", SONG, 16, 29, 0, "CENTER"),
    ("Letter Table", FANG, 9, None, 0, "CENTER"),
    ("Letter Note", FANG, 9, None, 0, "LEFT"),
    ("Header", HEI, 10.5, None, 0, "CENTER"),
    ("Footer", "宋体", 14, None, 0, "RIGHT"),
)
BODY = (
    ("Letter Number", "{{ number }}"),
    ("Letter Title", "{{ title }}"),
    ("Letter Addressee", "{{ addressee }}"),
    ("Letter Body", "{%p for section in sections %}"),
    ("Heading 1", "{{ section.heading }}"),
    ("Letter Body", "{%p for part in section.parts %}"),
    ("Letter Body", "{%p if part.heading %}"),
    ("Heading 2", "{{ part.heading }}"),
    ("Letter Body", "{%p endif %}"),
    ("Letter Body", "{%p for text in part.paragraphs %}"),
    ("Letter Body", "{{ text }}"),
    ("Letter Body", "{%p endfor %}"),
    ("Letter Body", "{%p endfor %}"),
    ("Letter Body", "{%p endfor %}"),
    ("Letter Body", ""),
    ("Letter Body", "{{ annex }}"),
    ("Letter Body", "{%p if issuers or date %}"),
    ("Letter Body", ""),
    ("Letter Signature", "{%p for issuer in issuers %}"),
    ("Letter Signature", "{{ issuer }}"),
    ("Letter Signature", "{%p endfor %}"),
    ("Letter Signature", "{{ date }}"),
    ("Letter Body", "{%p endif %}"),
    ("Letter Annex", "{{ annex_head }}"),
    ("Letter Annex Title", "{{ annex_title }}"),
    ("Letter Picture", "{%p if figure %}"),
    ("Letter Picture", "{{ figure }}"),
    ("Letter Caption", "{{ caption }}"),
    ("Letter Picture", "{%p endif %}"),
)
# width in mm, head, cell; None is the column of a level-1 indicator, repeated for each
COLUMNS = (
    (10, "{{ heads.rank }}", "{{ row.rank }}"),
    (30, "{{ heads.unit }}", "{{ row.name }}"),
    (0, "{%tc if several_groups %}", "{%tc if several_groups %}"),
    (19, "{{ heads.group }}", "{{ row.group }}"),
    (0, "{%tc endif %}", "{%tc endif %}"),
    (0, "{%tc for dimension in dimensions %}", "{%tc for index in row.indices %}"),
    (None, "{{ dimension }}", "{{ index }}"),
    (0, "{%tc endfor %}", "{%tc endfor %}"),
    (11, "{{ heads.bonus }}", "{{ row.bonus }}"),
    (11, "{{ heads.penalty }}", "{{ row.penalty }}"),
    (13, "{{ heads.score }}", "{{ row.total }}"),
)


def make(path: Path) -> None:
    """Write the template."""
    document = Document()
    _page(document)
    for style in STYLES:
        _style(document, *style)
    for look, text in BODY:
        document.add_paragraph(text, look)
    document.styles["Letter Annex"].paragraph_format.page_break_before = True
    document.styles["Letter Signature"].paragraph_format.right_indent = Pt(32)
    for name in ("Letter Annex Title", "Letter Caption"):
        document.styles[name].paragraph_format.space_after = Pt(6)
    _table(document)
    document.add_paragraph("{{ note }}", "Letter Note")
    _properties(document)
    document.save(str(path))


def _page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(25), Mm(25)
    document.settings.odd_and_even_pages_header_footer = True
    for header in (section.header, section.even_page_header):
        header.paragraphs[0].text = "{{ mark }}"
        header.paragraphs[0].style = "Header"
    for footer, side in ((section.footer, "RIGHT"), (section.even_page_footer, "LEFT")):
        paragraph = footer.paragraphs[0]
        paragraph.style = "Footer"
        paragraph.alignment = getattr(WD_ALIGN_PARAGRAPH, side)
        paragraph.add_run("— ")
        field = _element("w:fldSimple", instr="PAGE")
        field.append(paragraph.add_run("1")._r)
        paragraph._p.append(field)
        paragraph.add_run(" —")


def _style(
    document: Any,
    name: str,
    font: str,
    size: float,
    line: float | None,
    indent: int,
    alignment: str,
) -> None:
    known = {style.name for style in document.styles}
    style = document.styles[name] if name in known else document.styles.add_style(name, 1)
    style.font.size, style.font.name, style.font.bold = Pt(size), "Times New Roman", False
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in [key for key in fonts.attrib if key.endswith("Theme")]:
        del fonts.attrib[theme]
    fonts.set(qn("w:eastAsia"), font)
    layout = style.paragraph_format
    layout.alignment = getattr(WD_ALIGN_PARAGRAPH, alignment)
    layout.space_before = layout.space_after = Pt(0)
    layout.keep_with_next = name.startswith("Heading") or name == "Letter Picture"
    layout.line_spacing_rule = WD_LINE_SPACING.SINGLE
    if line:
        layout.line_spacing = Pt(line)
    if indent:
        layout.first_line_indent = Pt(indent * size)
        found = style.element.pPr.find(qn("w:ind"))
        found.set(qn("w:firstLineChars"), str(100 * indent))


def _table(document: Any) -> None:
    table = document.add_table(rows=4, cols=len(COLUMNS), style="Table Grid")
    table.autofit = False
    for row, texts in zip(table.rows, _table_rows(), strict=True):
        row._tr.get_or_add_trPr().append(_element("w:cantSplit"))
        for cell, (width, *_), text in zip(row.cells, COLUMNS, texts, strict=True):
            cell.paragraphs[0].text, cell.paragraphs[0].style = text, "Letter Table"
            cell.width, cell.vertical_alignment = Mm(width or 10), WD_ALIGN_VERTICAL.CENTER
            if width is None:
                cell._tc.tcPr.tcW.set(qn("w:w"), "{{ dimension_width }}")
    table.rows[0]._tr.trPr.append(_element("w:tblHeader"))
    margins = _element("w:tblCellMar")
    margins.extend(_element(f"w:{side}", w="40", type="dxa") for side in ("left", "right"))
    table._tbl.tblPr.append(margins)


def _table_rows() -> Iterator[list[str]]:
    blank = [""] * (len(COLUMNS) - 1)
    yield [head for _, head, _ in COLUMNS]
    yield ["{%tr for row in rows %}", *blank]
    yield [cell for _, _, cell in COLUMNS]
    yield ["{%tr endfor %}", *blank]


def _element(name: str, **attributes: str) -> Any:
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), value)
    return element


def _properties(document: Any) -> None:
    core = document.core_properties
    core.author = core.title = core.comments = ""
    core.created = core.modified = datetime(2000, 1, 1)
    package = document.part.package
    for key in [k for k, rel in package.rels.items() if rel.reltype.endswith("thumbnail")]:
        package.rels.pop(key)
    defaults = document.styles.element.find(qn("w:docDefaults")).find(f".//{qn('w:lang')}")
    defaults.set(qn("w:eastAsia"), "zh-CN")


if __name__ == "__main__":
    make(Path(__file__).with_name("letter.docx"))
