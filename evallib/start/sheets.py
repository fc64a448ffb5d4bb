"""Score sheets drawn: what an assessor fills in, sees locked, and cannot type by mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from math import ceil
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import xlsxwriter
from xlsxwriter.utility import xl_range, xl_rowcol_to_cell

from evallib.start.guide import draw_guide
from evallib.start.limits import allowed, limits_of, validation
from evallib.start.looks import FONT, LINE_HEIGHT, broken, finish, formats, text_width
from evallib.start.pages import CLASS, GUIDE, ROUNDS, SUBTOTAL, TITLE_ROWS

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from evallib.start.pages import Page

NOTE_WIDTH, SUM_WIDTH, NAME_WIDTHS = 22, 9.5, (12, 36)
SIGNED = "评分人：                    复核人：                    评分日期：        年    月    日"


def write_workbook(path: Path, pages: tuple[Page, ...], *, round_name: str) -> None:
    """The score sheets of one round, with a page of instructions in front.

    Parameters
    ----------
    path : Path of the ``.xlsx`` to write
    pages : tuple of Page
    round_name : {"initial", "final"}
    """
    plan = pages[0].plan
    name = f"{plan.year}年{plan.study.name()}{ROUNDS[round_name]}"
    with xlsxwriter.Workbook(path, {"default_format_properties": FONT}) as book:
        book.set_properties({"title": f"{name}评分表"})
        looks = formats(book)
        draw_guide(book.add_worksheet(GUIDE), pages, looks, name=name, round_name=round_name)
        for page in pages:
            _draw(book.add_worksheet(page.sheet), page, looks, name)


def _draw(sheet: Worksheet, page: Page, looks: Mapping[str, Format], name: str) -> None:
    _draw_head(sheet, page, looks, name)
    _draw_units(sheet, page, looks)
    for column, leaf in enumerate(page.leaves, page.columns[0]):
        _draw_leaf(sheet, page, looks, column, leaf)
    _set_up(sheet, page, name)


def _draw_head(sheet: Worksheet, page: Page, looks: Mapping[str, Format], name: str) -> None:
    (first, last), (top, _) = page.columns, page.rows
    end = last + len(page.right)
    title = f"{name}评分表　{page.title}{page.points}"
    sheet.merge_range(0, 0, 0, end, title, looks["title"])
    sheet.merge_range(1, 0, 1, end, SIGNED, looks["signed"])
    for column, text in [*enumerate(page.left), *enumerate(page.right, last + 1)]:
        _write_merged(sheet, (TITLE_ROWS, column, top - 1, column), text, looks["head"])
    heights, widths = dict.fromkeys(range(TITLE_ROWS, top), 1), _leaf_widths(page)
    for (row, left, bottom, right), text in _header_cells(page):
        area = (row + TITLE_ROWS, left + first, bottom + TITLE_ROWS, right + first)
        _write_merged(sheet, area, text, looks["head"])
        width = sum(widths[left : right + 1]) - 1.5
        lines = sum(ceil(text_width(line) / width) for line in text.split("\n"))
        heights[area[2]] = max(heights[area[2]], lines - (bottom - row))
    for row, lines in heights.items():
        sheet.set_row(row, LINE_HEIGHT * lines + 6)


def _header_cells(page: Page) -> Iterator[tuple[tuple[int, int, int, int], str]]:
    """Area, counted from the first header row and leaf, and text of every cell over the leaves."""
    names = page.plan.scheme.names()
    for row in range(page.header_rows - 1):
        paths = [page.paths[leaf][: row + 1] for leaf in page.leaves]
        for path, cells in groupby(enumerate(paths), itemgetter(1)):
            at = [column for column, _ in cells]
            if len(path) > row:
                yield (row, at[0], row, at[-1]), names[path[-1]]
    for column, leaf in enumerate(page.leaves):
        area = (len(page.paths[leaf]), column, page.header_rows - 1, column)
        name, _, worth = page.headers[leaf].rpartition("（")
        yield area, f"{broken(name)}\n（{worth}"


def _write_merged(sheet: Worksheet, area: tuple[int, ...], text: str, look: Format) -> None:
    if area[:2] != area[2:]:
        sheet.merge_range(*area, "", look)
    sheet.write_string(*area[:2], text, look)


def _draw_units(sheet: Worksheet, page: Page, looks: Mapping[str, Format]) -> None:
    """Everything left and right of the marks; sums follow what is filled in."""
    units = page.plan.units
    kinds = {code: names.zh for code, names in page.plan.study.classes.items()}
    (first, last), width = page.columns, _name_width(page)
    rows = zip(units["name_zh"], units["class"], strict=True)
    for row, (name, kind) in enumerate(rows, page.rows[0]):
        sheet.write_number(row, 0, row - page.rows[0] + 1, looks["centre"])
        sheet.write_string(row, 1, name, looks["text"])
        if CLASS in page.left:
            sheet.write_string(row, 2, kinds[kind], looks["centre"])
        if SUBTOTAL in page.right:
            marks = xl_range(row, first, row, last)
            total = f'=IF(COUNT({marks})=0,"",ROUND(SUM({marks}),6))'
            sheet.write_formula(row, last + 1, total, looks["centre"], "")
        sheet.write_blank(row, last + len(page.right), None, looks["note"])
        sheet.set_row(row, LINE_HEIGHT * ceil(text_width(name) / width) + 3)


def _draw_leaf(
    sheet: Worksheet, page: Page, looks: Mapping[str, Format], column: int, leaf: str
) -> None:
    """Cells of one leaf: inputs with their limits, and closed ones where it does not apply."""
    for row in range(page.rows[0], page.rows[1] + 1):
        sheet.write_blank(row, column, None, looks["closed"])
    areas = [(top, column, bottom, column) for top, bottom in page.runs(leaf)]
    for top, _, bottom, _ in areas:
        for row in range(top, bottom + 1):
            sheet.write_blank(row, column, None, looks["input"])
    if areas:
        limits, cell = limits_of(page.plan.scheme.node(leaf)), xl_rowcol_to_cell(*areas[0][:2])
        check = validation(limits, cell, page.headers[leaf])
        sheet.data_validation(*areas[0], check | {"other_cells": areas[1:]})
        wrong = f'=AND({cell}<>"",NOT({allowed(limits, cell)}))'
        for look, criteria in (("wrong", wrong), ("filled", f'={cell}<>""')):
            rule = {"type": "formula", "criteria": criteria, "format": looks[look]}
            ranges = " ".join(xl_range(*area) for area in areas)
            rule |= {"multi_range": ranges, "stop_if_true": True}
            sheet.conditional_format(*areas[0], rule)


def _leaf_widths(page: Page) -> list[float]:
    names = page.plan.scheme.names()
    lines = [broken(names[leaf]).split("\n") for leaf in page.leaves]
    return [max(min(max(map(text_width, one)), 14) + 2.5, SUM_WIDTH) for one in lines]


def _name_width(page: Page) -> int:
    least, most = NAME_WIDTHS
    widest = max(map(text_width, page.plan.units["name_zh"]))
    return min(max(widest + 2, least), most)


def _set_up(sheet: Worksheet, page: Page, name: str) -> None:
    """Widths, frozen panes, print set-up and protection."""
    (first, last), (top, _) = page.columns, page.rows
    end = last + len(page.right)
    sheet.set_row(0, 28)
    sheet.set_row(1, 22)
    sheet.set_column(0, 0, 5)
    sheet.set_column(1, 1, _name_width(page))
    sheet.set_column(2, 2, 7)
    sheet.set_column(last + 1, last + 1, SUM_WIDTH)
    for column, width in enumerate(_leaf_widths(page), first):
        sheet.set_column(column, column, width)
    sheet.set_column(end, end, NOTE_WIDTH)
    sheet.freeze_panes(top, first)
    sheet.set_landscape()
    sheet.repeat_rows(0, top - 1)
    sheet.set_selection(top, first, top, first)
    finish(sheet, name)
