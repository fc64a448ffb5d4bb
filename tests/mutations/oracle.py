"""A naive reader of the contract: what the files of a folder say if they are valid, or Unclear.

It takes the records of rules and nodes from the library, none of its readers, knows no remedy,
and gives up at whatever is odd.
Where the library takes a changed file without a word, it must have read what stands here.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections import Counter
from datetime import date, datetime

import openpyxl
import yaml

from evallib import Node, Rules
from mutations.facts import row_facts

NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
YEAR = re.compile(r"[12][0-9]{3}")
ODD = {"Cf", "Cc"}  # invisible and control characters


class Unclear(Exception):
    """The file is not plainly valid."""


def number(text):
    """A finite number in plain digits."""
    if not NUMBER.fullmatch(text) or not abs(float(text)) <= 1e18:
        raise Unclear(text)
    return float(text)


def whole(text):
    """A whole number."""
    if number(text) != int(number(text)):
        raise Unclear(text)
    return int(number(text))


def day(text):
    """A date such as 2020-12-31."""
    try:
        return date.fromisoformat(text if DATE.fullmatch(text) else "")
    except ValueError:
        raise Unclear(text) from None


def flag(text):
    """True or false, in words or as a spreadsheet keeps them."""
    return _one_of("true", "false", "1", "0")(text.lower()) in ("true", "1")


def words(text):
    """Text without anything invisible but white space."""
    if any(unicodedata.category(mark) in ODD and mark not in "\n\t" for mark in text):
        raise Unclear(text)
    return text


def quoted(text):
    """Text as some sheet has it, whatever it holds."""
    return text


def _one_of(*known):
    def check(text):
        if text not in known:
            raise Unclear(text)
        return text

    return check


COLUMNS = {
    "units": {"unit": words, "name_zh": words, "name_en": words, "group": words, "class": words,
              "valid_from": day, "valid_to": day, "ranked": flag, "site_code": words,
              "domain": words, "recorded_on": day},
    "aliases": {"alias": quoted, "unit": words, "valid_from": day, "valid_to": day},
    "successions": {"from_unit": words, "to_unit": words, "year": whole,
                    "kind": _one_of("rename", "merge", "split", "dissolved", "founded")},
    "scheme": {"code": words, "parent": words, "name_zh": words, "name_en": words,
               "weight": number, "full_marks": number, "step": number,
               "aggregation": _one_of("arithmetic", "geometric", "harmonic"), "classes": words,
               "low": number, "high": number, "outside": _one_of("refuse", "keep", "clip"),
               "source": words},
    "marks": {"unit": words, "indicator": words, "mark": number,
              "status": _one_of("scored", "not_applicable", "missing")},
    "adjustments": {"unit": words, "kind": _one_of("bonus", "penalty", "veto"), "points": number,
                    "reason": words, "source": words},
    "findings": {"unit": words, "finding": words,
                 "value": lambda text: _one_of("true", "false", "not_applicable")(text.lower())},
    "reviews": {"unit": words, "indicator": words, "reviewer": words, "mark": number},
    "totals": {"unit": words, "total": number, "rank": whole},
    "decisions": {"file": quoted, "sheet": quoted, "row": whole, "column": quoted, "was": quoted,
                  "becomes": words, "reason": words, "decided_by": words, "decided_on": day},
}  # fmt: skip


class Folder:
    """The files of a study folder, read naively."""

    def __init__(self, files):
        self.files = files
        about = self.mapping("study.yaml")
        self.about = about
        self.units = self.rows("units")
        self.aliases = self.rows("aliases")
        if not self.units:
            raise Unclear("units.csv")

    def text(self, name):
        """Text of a file in utf-8 or gb18030."""
        raw = self.files[name]
        if raw is None or b"\0" in raw or not raw.strip():
            raise Unclear(name)
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
        try:
            text = raw.decode("gb18030")
            text.encode("gb2312")  # other signs are those of a broken text in another encoding
        except UnicodeError:
            raise Unclear(name) from None
        return text

    def mapping(self, name):
        """Content of a YAML file with a mapping in it."""
        if name not in self.files or (
            self.files[name] is not None and not self.files[name].strip()
        ):
            return {}
        if re.search(r"[:,\[] *0[0-9]|[0-9][:_][0-9]", self.text(name)):
            raise Unclear(name)  # octal, sexagesimal or with underscores
        try:
            content = yaml.safe_load(self.text(name))
        except (yaml.YAMLError, ValueError):
            raise Unclear(name) from None
        if content is not None and not isinstance(content, dict):
            raise Unclear(name)
        return content or {}

    def grid(self, name):
        """Lines of a CSV file, all of one width."""
        try:
            lines = list(csv.reader(io.StringIO(self.text(name), newline=None), strict=True))
        except csv.Error:
            raise Unclear(name) from None
        width = max(map(len, lines))
        return [[*line, *[""] * (width - len(line))] for line in lines]

    def rows(self, table, year=None):
        """Rows of a contract table: its filled cells, each valid by itself."""
        name = f"{year}/{table}.csv" if year else f"{table}.csv"
        if name not in self.files:
            return []
        heads, *lines = self.grid(name)
        heads, known, found = [head.strip() for head in heads], COLUMNS[table], []
        if len(set(filter(None, heads))) < len([head for head in heads if head]):
            raise Unclear(name)
        for line in lines:
            cells = {h: c.strip() for h, c in zip(heads, line, strict=True) if c.strip()}
            if any(head not in known for head in cells):
                raise Unclear(name)
            if cells:
                found.append({head: known[head](cell) for head, cell in cells.items()})
        return found

    def years(self):
        """Years that have a folder with something in it."""
        folders = {name.partition("/")[0] for name in self.files if "/" in name}
        return sorted(int(name) for name in folders if YEAR.fullmatch(name))

    def living(self, rows, year):
        """Rows that hold on 31 December."""
        end = date(year, 12, 31)
        return [
            row
            for row in rows
            if row.get("valid_from", date.min) <= end <= row.get("valid_to", date.max)
        ]

    def named(self, year):
        """Unit id by every name of it in a year."""
        units = self.living(self.units, year)
        ids = {row["unit"] for row in units}
        known = {a["alias"]: a["unit"] for a in self.living(self.aliases, year) if a["unit"] in ids}
        known |= {
            row[key]: row["unit"] for key in ("name_en", "name_zh") for row in units if key in row
        }
        return known | {unit: unit for unit in ids}


def expected(files, years=None) -> tuple[Counter, dict]:
    """Facts of the files, and how many cells or rows of marks came in, by year and round."""
    try:
        return _expected(Folder(files), years)
    except (LookupError, ArithmeticError, ValueError, TypeError, AttributeError) as error:
        raise Unclear(repr(error)) from error


def _expected(folder, years):
    about, facts, cells = folder.about, Counter(), {}
    names = about["names"]
    facts[
        "study", (names["zh"], names.get("en", ""), about["provenance"], about.get("source", ""))
    ] = 1
    for kind in ("groups", "classes"):
        facts.update((kind, c, n["zh"], n.get("en", "")) for c, n in about.get(kind, {}).items())
    units = [{"ranked": True} | row for row in folder.units]
    facts.update(row_facts("units", units))
    facts.update(row_facts("aliases", folder.aliases))
    facts.update(row_facts("successions", folder.rows("successions")))
    for year in years or folder.years():
        facts.update(_year_facts(folder, year, cells))
    return facts, cells


def _year_facts(folder, year, cells):
    names = folder.named(year)
    yield ("rules", year, repr(_rules(folder, year)))
    for table in ("adjustments", "findings", "reviews", "totals"):
        rows = [row | {"unit": names[row["unit"]]} for row in folder.rows(table, year)]
        yield from row_facts(f"{year}/{table}", rows)
    raw = f"{year}/raw/layout.yaml" in folder.files
    if not raw and f"{year}/marks.csv" not in folder.files:
        return
    nodes = {row["code"]: _node(row) for row in folder.rows("scheme", year)}
    yield from (("node", year, node) for node in nodes.values())
    leaves = {
        code: node for code, node in nodes.items() if code not in {n.parent for n in nodes.values()}
    }
    if raw:
        from mutations.raw import raw_marks

        marks = raw_marks(folder, year, leaves, names, cells)
    else:
        marks = {"final": _tidy(folder.rows("marks", year), names, leaves)}
        cells[year, "final"] = len(marks["final"])
    kinds = {row["unit"]: row.get("class", "") for row in folder.living(folder.units, year)}
    for name, found in marks.items():
        for unit, kind in kinds.items():
            for code, node in leaves.items():
                applies = not node.classes or kind in node.classes
                status, mark = found.pop(
                    (unit, code), ("missing" if applies else "not_applicable", None)
                )
                if status == "scored":
                    check_mark(mark, node, applies)
                yield ("mark", year, name, unit, code, status, mark)
        if found:
            raise Unclear(f"marks of nobody: {found}")


def _rules(folder, year):
    """Rules in which yes stands only where the contract has it."""
    content = folder.mapping(f"{year}/rules.yaml")
    if any(isinstance(value, bool) and key != "in_mean" for key, value in _pairs(content)):
        raise Unclear("yes or no for a number")
    return Rules.model_validate(content)


def _pairs(content, key=None):
    if isinstance(content, (dict, list)):
        for inner, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from _pairs(value, inner)
    else:
        yield key, content


def check_mark(mark, node, applies):
    """Whether a mark is valid for its leaf by the contract."""
    low, high = (
        (0, node.full_marks) if node.full_marks is not None else sorted((node.low, node.high))
    )
    bound = node.full_marks is not None or node.outside == "refuse"
    steps = mark / node.step if node.step else 0.0
    off = math.isfinite(steps) and abs(steps - round(steps)) > 1e-6
    if not applies or off or (bound and not low <= mark <= high):
        raise Unclear(f"{mark} of {node.code}")


def _tidy(rows, names, leaves):
    marks = {}
    for row in rows:
        key, status = (names[row["unit"]], row["indicator"]), row.get("status", "scored")
        if key in marks or key[1] not in leaves or (status == "scored") != ("mark" in row):
            raise Unclear(f"{row}")
        marks[key] = (status, row.get("mark"))
    return marks


def _node(row):
    if any(row.get(name, 1) <= 0 for name in ("weight", "full_marks", "step")):
        raise Unclear(f"{row}")
    classes = tuple(part.strip() for part in row.get("classes", "").split(";") if part.strip())
    return Node(**({"parent": ""} | row | {"classes": classes}))


def plain(value):
    """Text of a spreadsheet cell."""
    if isinstance(value, (bool, datetime, date)):
        raise Unclear(repr(value))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)


def sheet(raw, name):
    """Cells of one sheet of a workbook: values of its stored form, formulas and dates unclear."""
    try:
        book = openpyxl.load_workbook(io.BytesIO(raw), data_only=True)
        shadow = openpyxl.load_workbook(io.BytesIO(raw))
        rows = [list(row) for row in book[name].iter_rows(values_only=True)]
    except Exception as error:
        raise Unclear(repr(error)) from error
    for line in shadow[name].iter_rows():
        for cell in line:
            if cell.data_type == "e" or (
                cell.data_type == "f" and book[name][cell.coordinate].value is None
            ):
                raise Unclear(cell.coordinate)
    return rows, shadow[name]
