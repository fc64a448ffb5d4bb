"""Tables to a printable .xlsx: the same tables give the same bytes, and text stays text."""

from __future__ import annotations

import datetime as dt
import io
import math
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE as UNPRINTABLE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from evallib.publication.wording import label
from evallib.rounding import NOISE_DECIMALS, round_number
from evallib.study.rules import Rules

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.styles.cell_style import StyleArray
    from openpyxl.worksheet.worksheet import Worksheet

FONTS, LANGUAGE_TAGS = {"zh": "宋体", "en": "Calibri"}, {"zh": "zh-CN", "en": "en-GB"}
NARROWEST, WIDEST = 6, 46  # widths of columns in characters, a Chinese one counts double
TITLE, MARK, HEAD = 1, 2, 3  # rows; the table begins below the last
ROOM, SHORT = 2, 6  # characters beside a text; those of a short word
SIZE, LINE = 10, 14  # points of a letter, and of a line
BROAD = 20  # columns that a printed page holds; more take two pages side by side
THIN = Side(style="thin", color="BFBFBF")
BOXED = Border(bottom=THIN, top=THIN)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # text that begins so must not be computed
A4, EPOCH = 9, (1980, 1, 1, 0, 0, 0)
MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


@dataclass(frozen=True)
class Column:
    """One column: its head, its values (NaN and None print blank), and how numbers look.

    ``show`` is a number format, or one for every value; empty for text and whole numbers. Text
    beyond ``widest`` characters is broken.
    """

    head: str
    values: Sequence[Any]
    show: str | Sequence[str] = ""
    widest: int = WIDEST


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, title, columns, and whether its rows can be filtered."""

    name: str
    title: str
    columns: tuple[Column, ...]
    filtered: bool = True


def decimal_format(decimals: int, *, signed: bool = False) -> str:
    """Number format with so many decimals; a change has its sign, and 0 none.

    Examples
    --------
    >>> decimal_format(2), decimal_format(1, signed=True), decimal_format(0)
    ('0.00', '+0.0;-0.0;0', '0')
    """
    plain = "0" + "." * bool(decimals) + "0" * decimals
    return f"+{plain};-{plain};0" if signed else plain


def titled(
    key: str, columns: Sequence[Column | None], lang: str, *, filtered: bool = True
) -> Sheet:
    """A sheet, its name and title the labels of its key; columns that are None are left out."""
    shown = tuple(column for column in columns if column is not None)
    title = label(f"about_{key}", lang)
    return Sheet(label(f"book_{key}", lang), title[0].upper() + title[1:], shown, filtered)


def held(values: pd.Series | list[float], rules: Rules | None = None) -> list[float]:
    """Numbers in full, but for the noise of floats.

    With ``rules`` of another rounding than a number format's half up, they are rounded as printed.
    """
    if rules is None or rules.rounding == "half_up":
        return [float(x) for x in round_number(values, NOISE_DECIMALS)]
    return [float(x) for x in round_number(values, rules.decimals, rules.rounding)]


def whole(values: pd.Series | list[float]) -> list[int | None]:
    """Whole numbers; None where there is none.

    Examples
    --------
    >>> whole([1.0, float("nan")])
    [1, None]
    """
    return [None if np.isnan(x) else int(x) for x in np.asarray(values, dtype=float)]


def write_sheets(
    path: Path, sheets: list[Sheet], *, mark: str, page: str, lang: str, written_on: date
) -> Path:
    """Write a workbook.

    Parameters
    ----------
    path : where to write the .xlsx
    sheets : list of Sheet
    mark : str
        What kind of data this is; below the title and in the print header of every sheet.
    page : str, footer of printed pages
    lang : {"zh", "en"}
    written_on : date, all that the file says of when it was made
    """
    book = Workbook()
    book.remove(book.active)
    for sheet in sheets:
        page_of = book.create_sheet(sheet.name)
        _fill(page_of, sheet, mark, FONTS[lang])
        _print_setup(page_of, sheet, mark, page)
    about = book.properties
    about.title, about.creator, about.language = sheets[0].title, "evallib", LANGUAGE_TAGS[lang]
    about.created = dt.datetime.combine(written_on, dt.time())
    Path(path).write_bytes(_timeless(book, about.created))
    return Path(path)


def _fill(page: Worksheet, sheet: Sheet, mark: str, font: str) -> None:
    page.cell(TITLE, 1, sheet.title).font = Font(name=font, size=14, bold=True)
    page.cell(MARK, 1, mark).font = Font(name=font, size=10, bold=True, color="C00000")
    styles: dict[Any, StyleArray] = {}
    lines: Counter[int] = Counter()
    for n, column in enumerate(sheet.columns, start=1):
        shows = column.show
        shows = [shows] * len(column.values) if isinstance(shows, str) else shows
        texts = [_shown(*pair) for pair in zip(column.values, shows, strict=True)]
        width = _column_width(column, texts)
        short = max(map(_text_width, texts), default=0) <= SHORT
        page.column_dimensions[get_column_letter(n)].width = width + ROOM
        cells: list[tuple[int, Any, str, Any]] = [(HEAD, column.head, column.head, "head")]
        cells += [
            (row, value, text, _look(value, show, short))
            for row, (value, text, show) in enumerate(
                zip(column.values, texts, shows, strict=True), start=HEAD + 1
            )
        ]
        for row, value, text, look in cells:
            cell = page.cell(row, n)
            if text:
                cell.value = UNPRINTABLE.sub("\ufffd", value) if isinstance(value, str) else value
            if isinstance(value, str):
                cell.data_type = "s"  # also where it looks like a formula
            if look not in styles:
                styles[look] = _style(cell, look, font)
            cell._style = copy(styles[look])
            cell.quotePrefix = isinstance(value, str) and value.startswith(FORMULA)
            lines[row] = max(
                lines[row], sum(-(-_width(t) // (width + 1)) for t in text.split("\n"))
            )
    for row, count in lines.items():
        page.row_dimensions[row].height = LINE * max(count, 1) + 1


def _shown(value: float | str, show: str) -> str:
    """A value as it prints, for the width of its column; a blank for none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, str) or not show:
        return str(value)
    return f"{value:+.{len(show.split(';')[0].partition('.')[2])}f}"


def _column_width(column: Column, texts: list[str]) -> int:
    """As wide as head and longest value, within limits."""
    return min(max(map(_text_width, [column.head, *texts, " " * NARROWEST])), column.widest)


def _text_width(text: str) -> int:
    return max(map(_width, text.split("\n")))


def _look(value: float | str, show: str, short: bool) -> tuple[str, str]:
    """Number format and alignment of a cell: whole numbers and short words in the middle."""
    if isinstance(value, str):
        return "General", "center" if short else "left"
    return show or "General", "right" if show else "center"


def _style(cell: Cell, look: Any, font: str) -> StyleArray:
    """The style of a head, or of a cell with a number format and an alignment."""
    if look == "head":
        cell.font, cell.fill = (
            Font(name=font, size=SIZE, bold=True),
            PatternFill("solid", fgColor="DDE6F0"),
        )
        cell.alignment, cell.border = Alignment("center", "center", wrap_text=True), BOXED
        return copy(cell._style)
    cell.number_format, side = look
    cell.font, cell.border = Font(name=font, size=SIZE), Border(bottom=THIN)
    cell.alignment = Alignment(side, "center", wrap_text=side == "left")
    return copy(cell._style)


def _width(text: str) -> int:
    """Characters that a text takes, wide ones counted twice."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _print_setup(page: Worksheet, sheet: Sheet, mark: str, footer: str) -> None:
    last = HEAD + len(sheet.columns[0].values)
    page.freeze_panes = page.cell(HEAD + 1, 3 if len(sheet.columns) > BROAD else 1)
    if sheet.filtered:
        page.auto_filter.ref = f"A{HEAD}:{get_column_letter(len(sheet.columns))}{last}"
    page.print_title_rows, broad = f"{TITLE}:{HEAD}", len(sheet.columns) > BROAD
    if broad:
        page.print_title_cols = "A:B"
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1 + broad, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.page_margins.left = page.page_margins.right = 0.4
    page.page_margins.top = page.page_margins.bottom = 0.7
    page.page_margins.header = page.page_margins.footer = 0.3
    page.oddHeader.right.text, page.oddFooter.center.text = mark.replace("&", "&&"), footer
    page.sheet_view.showGridLines = False


def _timeless(book: Workbook, written: datetime) -> bytes:
    """The file's bytes without the hour in which they were written."""
    raw, sealed = io.BytesIO(), io.BytesIO()
    book.save(raw)
    stamp = f"{written.isoformat()}Z".encode()
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(sealed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = MODIFIED.sub(rb"\g<1>" + stamp, content)
            new.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    return sealed.getvalue()
