"""How score sheets look, print and are locked: what all sheets of a workbook share."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

FONT = {"font_name": "宋体", "font_size": 11}
LINE = {"border": 1, "border_color": "#8C8C8C", "valign": "vcenter"}
LOOKS: dict[str, dict[str, Any]] = {
    "title": {
        "bold": True,
        "font_size": 15,
        "align": "center",
        "valign": "vcenter",
        "shrink": True,
    },
    "signed": {"valign": "vcenter", "locked": False},
    "head": {**LINE, "bold": True, "align": "center", "text_wrap": True, "bg_color": "#DCE6F1"},
    "text": {**LINE, "text_wrap": True, "indent": 1},
    "centre": {**LINE, "align": "center"},
    "input": {**LINE, "align": "center", "bg_color": "#FFF8D6", "locked": False},
    "closed": {**LINE, "bg_color": "#D9D9D9", "diag_type": 1, "diag_color": "#8C8C8C"},
    "note": {**LINE, "text_wrap": True, "locked": False},
    "heading": {"bold": True, "font_size": 12, "valign": "vcenter"},
    "plain": {"text_wrap": True, "valign": "top"},
    "filled": {"bg_color": "#FFFFFF"},
    "wrong": {"bg_color": "#C00000", "font_color": "#FFFFFF", "bold": True},
}
LINE_HEIGHT = 15.5
LONGEST_FOOTER = 100  # characters; a spreadsheet takes 255, with its own signs


def text_width(text: str) -> int:
    """Width of a text in Latin characters; a Chinese one takes two.

    Examples
    --------
    >>> text_width("首页 A1")
    7
    """
    return sum(2 if unicodedata.east_asian_width(one) in "WFA" else 1 for one in text)


def broken(name: str) -> str:
    """A long Chinese name in lines of four or five characters, without a lone last one.

    Examples
    --------
    >>> broken("检索查阅下载").split("\\n"), broken("解读形式与关联").split("\\n")
    (['检索查阅', '下载'], ['解读形式', '与关联'])
    """
    if text_width(name) <= 10 or any(one.isspace() for one in name):
        return name
    most = 10 if len(name) % 4 == 1 else 8
    lines = [""]
    for one in name:
        if text_width(lines[-1] + one) > most:
            lines.append("")
        lines[-1] += one
    return "\n".join(lines)


def formats(book: Workbook) -> dict[str, Format]:
    """The formats of a workbook, by name."""
    return {name: book.add_format({**FONT, **look}) for name, look in LOOKS.items()}


def finish(sheet: Worksheet, footer: str) -> None:
    """A4, as wide as one page, with a footer; locked without a password, widths left free."""
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.center_horizontally()
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    footer = footer[:LONGEST_FOOTER].replace("&", "&&")
    sheet.set_footer(f"&L{footer}&C第 &P 页，共 &N 页&R&A")
    sheet.protect("", {"format_columns": True, "format_rows": True, "objects": True})
