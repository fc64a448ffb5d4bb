"""Marks of raw sheets, read naively: the second half of the oracle."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict

from mutations.oracle import Unclear, plain, sheet

MARK = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))分?")
TOTALS = ("合计", "小计", "总计", "平均")
DASHES = "-‐‑‒–—―−─﹘﹣"
LAYOUT_DEFAULTS = {"sheet": "", "title_rows": 0, "header_rows": 1, "unit_column": "", "unit": "",
                   "leaf_column": "", "mark_column": "", "columns": {}, "ignore": []}  # fmt: skip


def fold(text):
    """A name without differences of width, space, dash or bracket."""
    text = "".join(unicodedata.normalize("NFKC", text).split()).translate(
        str.maketrans("〔〕【】[]{}", "()()()()")
    )
    return "".join(mark for mark in text if mark not in DASHES)


def raw_marks(folder, year, leaves, names, cells):
    """Marks by round, unit and leaf, as (status, mark); ``cells`` gets the cells that came in."""
    found = defaultdict(list)
    rulings = {
        (r["file"], r.get("sheet", ""), r["row"], fold(r["column"])): r
        for r in folder.rows("decisions", year)
    }
    layout = folder.mapping(f"{year}/raw/layout.yaml")["sheets"]
    for given in layout:
        entry = LAYOUT_DEFAULTS | given
        for place, unit, leaf, value in _cells(folder, year, entry, leaves, names, rulings):
            cells[year, entry["round"]] = cells.get((year, entry["round"]), 0) + 1
            if unit and leaf:
                read = _read(value, rulings.get(place), leaves[leaf], entry, unit, folder, year)
                found[entry["round"], unit, leaf].append(read)
    marks = {entry["round"]: {} for entry in layout} | {"final": {}}
    for (name, unit, leaf), said in found.items():
        said = set(said) - {"drop"}
        if len(said) > 1:
            raise Unclear(f"two marks of {unit}/{leaf}")
        if said:
            marks[name][unit, leaf] = said.pop()
    return marks


def _grid(folder, year, entry):
    name = f"{year}/raw/{entry['file']}"
    if not entry["sheet"]:
        return folder.grid(name), None
    rows, shadow = sheet(folder.files[name], entry["sheet"])
    return [[plain(value) for value in row] for row in rows], shadow


def _cells(folder, year, entry, leaves, names, rulings):
    rows, shadow = _grid(folder, year, entry)
    first = entry["title_rows"] + entry["header_rows"]
    heads = [
        _header([row[c] for row in rows[entry["title_rows"] : first]]) for c in range(len(rows[0]))
    ]
    special = {fold(entry[key]) for key in ("unit_column", "leaf_column", "mark_column")} - {""}
    ignored = {fold(name) for name in entry["ignore"]}
    folded = {fold(name): unit for name, unit in names.items()}
    by_name = {fold(key): code for code, node in leaves.items() for key in (code, node.name_zh)}
    by_name |= {fold(key): code for key, code in entry["columns"].items()}
    used = [fold(head) for head in heads if head and fold(head) not in ignored]
    if len(set(used)) < len(used) or not special <= set(used):
        raise Unclear(f"headers {heads}")
    at = {fold(head): c for c, head in enumerate(heads) if head}
    marks = (
        [h for h in used if h not in special]
        if entry["shape"] == "wide"
        else [fold(entry["mark_column"])]
    )
    if entry["shape"] == "long" and set(used) > special:
        raise Unclear(f"headers {heads}")
    deciding = [*marks, fold(entry["leaf_column"] or entry["unit_column"])]
    if any(row[c].strip() for row in rows[first:] for c, head in enumerate(heads) if not head):
        raise Unclear("data below no header")
    for number, row in enumerate(rows[first:], start=first + 1):
        if not any(row[at[head]].strip() for head in deciding):
            continue
        unit_at = at.get(fold(entry["unit_column"]))
        name = entry["unit"] if unit_at is None else _merged(rows, shadow, number, unit_at)
        place = (entry["file"], entry["sheet"], number)
        unit = _unit(name, folded, rulings.get((*place, fold(entry["unit_column"]))))
        for head in marks:
            leaf = by_name[
                fold(row[at[fold(entry["leaf_column"])]]) if entry["leaf_column"] else head
            ]
            yield (*place, head), unit, leaf, row[at[head]]


def _header(texts):
    texts = [text for text in ("".join(t.splitlines()).strip() for t in texts) if text]
    return texts[-1] if texts else ""


def _merged(rows, shadow, number, column):
    for area in shadow.merged_cells.ranges if shadow is not None else ():
        if area.min_row <= number <= area.max_row and area.min_col <= column + 1 <= area.max_col:
            return rows[area.min_row - 1][area.min_col - 1]
    return rows[number - 1][column]


def _unit(name, folded, ruling):
    if fold(name) in folded:
        return folded[fold(name)]
    if any(word in fold(name) for word in TOTALS) and not ruling:
        return ""
    if ruling and ruling.get("was", "") == name.strip():
        return "" if ruling["becomes"] == "drop" else ruling["becomes"]
    raise Unclear(f"unit {name!r}")


def _read(text, ruling, node, entry, unit, folder, year):
    kind = {row["unit"]: row.get("class", "") for row in folder.living(folder.units, year)}[unit]
    applies = not node.classes or kind in node.classes
    word = fold(text)
    if ruling and ruling.get("was", "") == text.strip():
        word = ruling["becomes"]
    if word in ("drop", "missing", "not_applicable"):
        return word if word == "drop" else (word, None)
    if not applies:
        if word in ("", "/", "不适用"):
            return ("not_applicable", None)
        raise Unclear(f"{text!r} of {unit}")
    if word in ("", "不适用"):
        status = "not_applicable" if word else "missing"
        if not word and folder.mapping(f"{year}/rules.yaml").get("missing", "refuse") == "refuse":
            raise Unclear(f"{unit}: blank")
        return (status, None)
    plain_text = (
        unicodedata.normalize("NFKC", text).strip().replace("−", "-")
        if word == fold(text)
        else word
    )
    if word == "满分":
        return ("scored", float(node.full_marks))
    match = MARK.fullmatch(plain_text.replace(" ", "") if plain_text.endswith("分") else plain_text)
    if not match:
        raise Unclear(f"{text!r}")
    value = float(match[1])
    if node.step and abs(value - round(value / node.step) * node.step) < 1e-6 * node.step:
        value = round(round(value / node.step) * node.step, 10)
    if entry["kind"] == "deduction":
        value = round(node.full_marks - min(abs(value), node.full_marks), 10)
    return ("scored", value)
