"""The assessors' sheets: one table per file and sheet, written as .xlsx or .csv."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass, field
from datetime import datetime

import xlsxwriter

from generator.facts import Frame

UNIT, LEAF, MARK = "单位名称", "测评指标", "得分"
LABEL = "重建数据：不代表任何单位的实际情况"
ROUND = {"final": "终评", "initial": "初评"}
HEADER = {"H1.1": "首页可用率"}  # sheets that name a leaf otherwise; `columns` in layout.yaml
CREATED = {2019: datetime(2019, 12, 25), 2020: datetime(2020, 12, 25)}


@dataclass(eq=False)
class Line:
    """One row: the text in the unit column and a value for each leaf; faults by column."""

    unit: str
    label: str
    values: dict[str, object]
    total: float | None = None  # of the right marks, for the column 小计
    hidden: bool = False
    faults: dict[str, dict] = field(default_factory=dict)  # "" is the unit column


@dataclass(eq=False)
class Table:
    """One sheet; `area` is the code of the level-1 indicator."""

    frame: Frame
    round: str
    file: str
    sheet: str
    area: str
    deduction: bool
    long: bool
    lines: list[Line]

    @property
    def leaves(self):
        return [self.frame.leaves[j] for j in self.frame.under(self.area)]

    def header(self, leaf):
        return MARK if self.long else HEADER.get(leaf, self.frame.leaf_names[leaf])

    def first_row(self):
        return 4 if self.long else 5


def tables(panel, given):
    """The clean sheets of a year; marks of `given` (hand-written sheets) are left out."""
    year = panel.frame.year
    found = []
    for name, steps in (("final", panel.final), ("initial", panel.initial)):
        for area in "HFPSI":
            loose = year == 2020 and name == "final" and area == "I"
            title = panel.frame.node_names[area]
            file = f"{ROUND[name]}_{title}.csv" if loose else f"{ROUND[name]}.xlsx"
            deduction = area == "H" and name == "final"
            sheet = "" if loose else title
            table = Table(panel.frame, name, file, sheet, area, deduction, loose, [])
            table.lines.extend(_lines(table, steps, given if name == "final" else set()))
            found.append(table)
    return found


def _lines(table, steps, given):
    frame = table.frame
    for i, unit in enumerate(frame.units):
        values = {}
        for leaf in table.leaves:
            j = frame.column(leaf)
            if (unit, leaf) in given or (table.long and not frame.applies[i, j]):
                continue
            lost = int(steps[i, j] * frame.step[j])
            points = (lost if table.deduction else int(frame.full[j]) - lost) / 100
            values[leaf] = points if frame.applies[i, j] else None
        if table.long:
            yield from (Line(unit, frame.names[unit], {k: v}) for k, v in values.items())
        elif values:
            total = round(sum(v for v in values.values() if v is not None), 2)
            yield Line(unit, frame.names[unit], values, total)


def plain(value):
    """A number as a sheet shows it: 2, 2.5; text as it is; nothing as an empty text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else repr(value) if value % 1 else f"{value:.0f}"


def title(table):
    """The line above a sheet."""
    area, kind = table.frame.node_names[table.area], "扣分" if table.deduction else "得分"
    round_ = f"{table.frame.year}年南宁市政府网站绩效评估{ROUND[table.round]}"
    return f"{round_} {area}({kind})"


def csv_bytes(table):
    """A long sheet as gb18030 text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([title(table), "", "", ""])
    writer.writerow([LABEL, "", "", ""])
    writer.writerow(["序号", UNIT, LEAF, MARK])
    for number, line in enumerate(table.lines, 1):
        for leaf, value in line.values.items():
            writer.writerow([number, line.label, table.frame.leaf_names[leaf], plain(value)])
    return out.getvalue().encode("gb18030")


def xlsx_bytes(group):
    """Sheets of one workbook; the same sheets give the same bytes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": CREATED[group[0].frame.year], "author": "评估组"})
    head = book.add_format({"bold": True, "align": "center", "valign": "vcenter", "border": 1,
                            "text_wrap": True, "bg_color": "#DDE6F0"})  # fmt: skip
    big = book.add_format({"bold": True, "align": "center", "font_size": 13})
    body = book.add_format({"border": 1, "align": "center"})
    for table in group:
        sheet = book.add_worksheet(table.sheet)
        _write_head(sheet, table, head, big)
        for number, line in enumerate(table.lines):
            row = table.first_row() - 1 + number
            values = [line.values.get(leaf) for leaf in table.leaves]
            cells = [
                number + 1 if line.unit else None,
                line.label,
                *values,
                line.total,
                _note(table, line),
            ]
            for column, value in enumerate(cells):
                if value is None or value == "":
                    sheet.write_blank(row, column, None, body)
                elif isinstance(value, str):
                    sheet.write_string(row, column, value, body)
                else:
                    sheet.write_number(row, column, value, body)
            if line.hidden:
                sheet.set_row(row, None, None, {"hidden": True})
    book.close()
    return _repacked(out.getvalue())


def _write_head(sheet, table, head, big):
    leaves, frame = table.leaves, table.frame
    last = len(leaves) + 3
    sheet.merge_range(0, 0, 0, last, title(table), big)
    sheet.merge_range(1, 0, 1, last, LABEL, head)
    for column, text in ((0, "序号"), (1, UNIT), (last - 1, "小计"), (last, "备注")):
        sheet.merge_range(2, column, 3, column, text, head)
    start = 2
    for parent in dict.fromkeys(leaf.split(".")[0] for leaf in leaves):
        width = sum(leaf.split(".")[0] == parent for leaf in leaves)
        if width > 1:
            sheet.merge_range(2, start, 2, start + width - 1, frame.node_names[parent], head)
        else:
            sheet.write_string(2, start, frame.node_names[parent], head)
        start += width
    for column, leaf in enumerate(leaves, 2):
        sheet.write_string(3, column, table.header(leaf), head)
    sheet.set_column(0, 0, 5)
    sheet.set_column(1, 1, 24)
    sheet.set_column(2, last, 13)
    sheet.set_row(3, 32)
    sheet.freeze_panes(4, 2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(2, 3)


def _note(table, line):
    """A remark as assessors leave it: how many dead links the deduction stands for."""
    lost = line.values.get("H1.2") if table.deduction else None
    if isinstance(lost, float) and lost > 0 and line.unit:
        return f"死链{round(lost * 10)}条"
    return None


def _repacked(data):
    """The workbook without compression, so that its bytes do not hang on a compressor's version."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            new.writestr(info, old.read(name), zipfile.ZIP_STORED)
    return out.getvalue()
