"""The page of instructions in front of the score sheets, in Chinese, with the state of filling."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING

from xlsxwriter.utility import xl_range

from evallib.rounding import NOISE_DECIMALS, format_number
from evallib.start.limits import NOT_APPLICABLE, limits_of
from evallib.start.looks import LINE_HEIGHT, finish, text_width
from evallib.start.pages import ROUNDS
from evallib.study.cells import number_text
from evallib.study.scheme import Node

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from evallib.start.pages import Page
    from evallib.start.plan import Plan

WIDTHS = (30, 26, 11, 11, 11, 12, 14)  # of the columns A to G
LEAVES = ("上级指标", "指标", "代码", "分值", "计分单位", "适用类别", "数据来源")
STATE = ("工作表", "应填（格）", "已填（格）", "未填（格）")
BLANKS = {
    "refuse": "空白表示尚未评分；提交前不得留有浅黄色空格。",
    "zero": "空白表示尚未评分；提交后仍为空白的，按 0 分计。",
    "sibling_mean": "空白表示尚未评分；提交后仍为空白的，按同级指标得分推算。",
}
PURPOSE = {
    "initial": "本表用于初评。初评结果下发各单位整改，整改后另行终评，以终评为准。",
    "final": "本表用于终评。各单位整改之后重新评分，评估结果以终评为准。",
}
STEPS = (
    "每个一级指标一张工作表，每行一个单位，每列一项指标；表头括号内为该项满分。只填浅黄色单元格，其余已锁定。",
    "填得分，不填扣分；只填数字，不写“分”字。0 表示该项不得分，与空白、不适用含义不同。",
    f"单元格右侧有下拉箭头的，可从列表选取，也可直接键入；没有箭头的直接键入。"
    f"该项确不适用于某单位时填“{NOT_APPLICABLE}”，不要用“—”“/”代替。",
    "灰色并划斜线的单元格，是该类单位不适用的指标，不填。",
    "填好的单元格变为白色；变为红底白字的，是超出范围或不合计分单位的数，请改正。"
    "粘贴会绕过输入限制，请用“选择性粘贴—数值”，并留意红色。",
    "失分原因、链接地址等写在“备注”栏，不计入得分；“小计”自动计算，不必填。",
    "请勿增删行列，勿改工作表名、单位名称和表头；保护未设密码，仅为防误改。",
)
MEASURED = "表头注明“实测值”的，填实际测得的数值，不折算成得分。"
LAST = "填完后存回原文件 {file}，文件名不变。"


def draw_guide(
    sheet: Worksheet,
    pages: tuple[Page, ...],
    looks: Mapping[str, Format],
    *,
    name: str,
    round_name: str,
) -> None:
    """Instructions, how much is filled in, and all leaves with their full marks.

    Parameters
    ----------
    sheet : Worksheet
    pages : tuple of Page
    looks : dict of Format
    name : str, study, year and round in one
    round_name : {"initial", "final"}
    """
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    sheet.merge_range(0, 0, 0, len(WIDTHS) - 1, f"{name}评分表填写说明", looks["title"])
    sheet.set_row(0, 30)
    row = _draw_steps(sheet, looks, pages[0].plan, round_name)
    row = _draw_state(sheet, row + 1, pages, looks)
    _draw_leaves(sheet, row + 1, pages, looks)
    sheet.hide_gridlines(2)
    finish(sheet, name)


def _draw_steps(sheet: Worksheet, looks: Mapping[str, Format], plan: Plan, round_name: str) -> int:
    last = LAST.format(file=f"{plan.year}/raw/{ROUNDS[round_name]}.xlsx")
    measured = [MEASURED] * bool(plan.scheme.full_marks.isna().any())
    blanks = BLANKS[plan.rules.missing]
    steps = (PURPOSE[round_name], *STEPS[:2], *measured, *STEPS[2:4], blanks, *STEPS[4:], last)
    sheet.write_string(1, 0, "一、填写要求", looks["heading"])
    for row, text in enumerate(steps, 2):
        sheet.merge_range(row, 0, row, len(WIDTHS) - 1, f"{row - 1}. {text}", looks["plain"])
        lines = ceil(text_width(text) / (sum(WIDTHS) - 6))
        sheet.set_row(row, LINE_HEIGHT * lines + 3)
    return len(steps) + 2


def _draw_state(
    sheet: Worksheet, row: int, pages: tuple[Page, ...], looks: Mapping[str, Format]
) -> int:
    """Cells to fill and cells filled per sheet, as formulas that follow the filling."""
    sheet.write_string(row, 0, "二、填写进度", looks["heading"])
    sheet.merge_range(row + 1, 0, row + 1, 1, STATE[0], looks["head"])
    for column, text in enumerate(STATE[1:], 2):
        sheet.write_string(row + 1, column, text, looks["head"])
    for at, page in enumerate(pages, row + 2):
        area = xl_range(page.rows[0], page.columns[0], page.rows[1], page.columns[1])
        sheet.merge_range(at, 0, at, 1, "", looks["text"])
        sheet.write_string(at, 0, page.sheet, looks["text"])  # a name may look like a formula
        sheet.write_number(at, 2, page.cells, looks["centre"])
        sheet.write_formula(at, 3, f"=COUNTA('{page.sheet}'!{area})", looks["centre"], 0)
        sheet.write_formula(at, 4, f"=C{at + 1}-D{at + 1}", looks["centre"], page.cells)
    return row + 2 + len(pages)


def _draw_leaves(
    sheet: Worksheet, row: int, pages: tuple[Page, ...], looks: Mapping[str, Format]
) -> None:
    sheet.write_string(row, 0, "三、指标一览", looks["heading"])
    _write_row(sheet, row + 1, LEAVES, [looks["head"]] * len(LEAVES))
    leaves = [(page, leaf) for page in pages for leaf in page.leaves]
    kinds = [looks["centre" if column in (2, 3, 4, 5) else "text"] for column in range(len(LEAVES))]
    for at, (page, leaf) in enumerate(leaves, row + 2):
        _write_row(sheet, at, _leaf_texts(page, leaf), kinds)


def _write_row(sheet: Worksheet, row: int, texts: tuple[str, ...], kinds: list[Format]) -> None:
    for column, (text, look) in enumerate(zip(texts, kinds, strict=True)):
        sheet.write_string(row, column, text, look)


def _leaf_texts(page: Page, leaf: str) -> tuple[str, ...]:
    scheme, classes = page.plan.scheme, page.plan.study.classes
    node, names = scheme.node(leaf), scheme.names()
    above = " / ".join((page.title, *(names[code] for code in page.paths[leaf])))
    kinds = "、".join(classes[code].zh for code in node.classes) or "全部"
    step = "" if node.step is None else format_number(node.step, NOISE_DECIMALS)
    return above, names[leaf], leaf, _range_text(node), step, kinds, node.source


def _range_text(node: Node) -> str:
    if node.full_marks is not None:
        return format_number(node.full_marks, NOISE_DECIMALS)
    limits = limits_of(node)
    if limits.low is None or limits.high is None:
        return "不限"
    return f"{number_text(limits.low)}～{number_text(limits.high)}"
