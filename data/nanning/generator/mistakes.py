"""What goes wrong in sheets, put in on purpose, with the value that is right."""

from __future__ import annotations

from generator.facts import NAMED
from generator.sheets import UNIT, Line, plain

WIDE = {ord(c): ord(c) + 0xFEE0 for c in "0123456789."}  # full-width forms
WHY = {
    "blank": "漏填，按纸质评分表补录",
    "dash": "评分表以短线代分，经评分人确认",
    "above": "小数点漏录，按纸质评分表更正",
    "negative": "得分表误录负号，按纸质评分表更正",
    "off_step": "录入有误，按纸质评分表更正",
    "outside_class": "该类单位不适用此指标，分数作废",
    "words": "评分人确认的分数",
    "two_marks": "两名评分人分数不一致，以复核人所评第一行为准",
    "wrong_unit": "单位名称录错，按评分表顺序与评分人确认",
    "old_name": "机构改革前的名称，指现单位",
}


class Spoiler:
    """Puts faults into tables; remembers nothing but the tables' own lines."""

    def __init__(self, rng):
        self.rng = rng

    def cells(self, table, fits, count):
        """Untouched cells of untouched ordinary lines for which `fits(value, leaf)` holds."""
        found = [
            (line, leaf)
            for line in table.lines
            if line.unit and not line.faults
            for leaf, value in line.values.items()
            if fits(value, leaf)
        ]
        # spread over the lines: at most one cell each
        picked, used = [], set()
        for k in self.rng.permutation(len(found)):
            line, leaf = found[k]
            if line not in used:
                used.add(line)
                picked.append((line, leaf))
        if len(picked) < count:
            raise ValueError(f"{table.file} {table.sheet}: no {count} cells for this fault")
        return picked[:count]

    def put(self, line, leaf, value, becomes, rule, why=""):
        line.values[leaf] = value
        line.faults[leaf] = {"was": plain(value), "becomes": becomes, "rule": rule, "why": why}

    def full(self, table, leaf):
        return int(table.frame.full[table.frame.column(leaf)]) / 100

    def step(self, table, leaf):
        return int(table.frame.step[table.frame.column(leaf)]) / 100

    # forms of a number and words, which rules settle
    def number_form(self, table, count):
        forms = (
            lambda x: f"{x:.2f} ",
            lambda x: plain(x).translate(WIDE),
            lambda x: f"{plain(x)}分",
        )
        chosen = self.cells(table, lambda v, _: v is not None and v > 0, count)
        for k, (line, leaf) in enumerate(chosen):
            value = line.values[leaf]
            self.put(line, leaf, forms[k % 3](value), plain(value), "number_form")

    def full_marks_word(self, table, count):
        wanted = (lambda v, _: v == 0) if table.deduction else self._is_full(table)
        for line, leaf in self.cells(table, wanted, count):
            self.put(line, leaf, "满分", plain(line.values[leaf]), "full_marks_word")

    def _is_full(self, table):
        return lambda v, leaf: v is not None and v == self.full(table, leaf)

    def step_noise(self, table, count):
        for line, leaf in self.cells(table, lambda v, leaf: leaf == "H1.2" and v, count):
            value = line.values[leaf]
            self.put(line, leaf, round(value - 3e-15, 15), plain(value), "step_noise")

    def deduction_sign(self, table, count):
        for line, leaf in self.cells(table, lambda v, _: bool(v), count):
            self.put(line, leaf, -line.values[leaf], plain(line.values[leaf]), "deduction_sign")

    def deduction_cap(self, table, extra):
        line, leaf = self.cells(table, lambda v, leaf: v == self.full(table, leaf), 1)[0]
        value = line.values[leaf]
        self.put(line, leaf, round(value + extra, 1), plain(value), "deduction_cap")

    def class_signs(self, table, signs):
        fits = lambda v, leaf: v is None and leaf[:2] in ("S1", "S2")  # noqa: E731
        outside = self.cells(table, fits, len(signs))
        for (line, leaf), sign in zip(outside, signs, strict=True):
            rule = "not_applicable_word" if sign == "不适用" else "not_applicable_class"
            self.put(line, leaf, sign, "not_applicable", rule)

    def not_for_one_site(self, table):
        """A leaf that a single site has no duty for is always marked so, in words."""
        for line in table.lines:
            if "P7.1" in line.values and line.values["P7.1"] is None:
                self.put(line, "P7.1", "不适用", "not_applicable", "not_applicable_word")

    # what a person has to rule on
    def blank(self, table):
        line, leaf = self.cells(table, lambda v, _: v is not None and v > 0, 1)[0]
        self.put(line, leaf, "", plain(line.values[leaf]), "ruling", WHY["blank"])

    def dash(self, table, sign):
        line, leaf = self.cells(table, lambda v, _: v is not None, 1)[0]
        self.put(line, leaf, sign, plain(line.values[leaf]), "ruling", WHY["dash"])

    def above(self, table):
        fits = lambda v, leaf: v is not None and v % 1 and 10 * v > self.full(table, leaf)  # noqa: E731
        line, leaf = self.cells(table, fits, 1)[0]
        value = line.values[leaf]
        self.put(line, leaf, round(10 * value, 1), plain(value), "ruling", WHY["above"])

    def negative(self, table):
        line, leaf = self.cells(table, lambda v, _: bool(v), 1)[0]
        value = line.values[leaf]
        self.put(line, leaf, -value, plain(value), "ruling", WHY["negative"])

    def off_step(self, table):
        fits = lambda v, leaf: v is not None and v >= 1 and self.step(table, leaf) == 0.5  # noqa: E731
        line, leaf = self.cells(table, fits, 1)[0]
        value = line.values[leaf]
        self.put(line, leaf, round(value - 0.2, 1), plain(value), "ruling", WHY["off_step"])

    def outside_class(self, table):
        line, leaf = self.cells(table, lambda v, leaf: v is None and leaf[:2] == "S1", 1)[0]
        self.put(line, leaf, 1.5, "not_applicable", "ruling", WHY["outside_class"])

    def words(self, table, word):
        line, leaf = self.cells(table, lambda v, _: v is not None and v > 0, 1)[0]
        value = line.values[leaf]
        self.put(line, leaf, word.format(plain(value)), plain(value), "ruling", WHY["words"])

    # names of units
    def name(self, table, unit, label, rule, why=""):
        """Write the first untouched line of a unit under another name."""
        line = next(x for x in table.lines if x.unit == unit and not x.faults and x.values)
        line.label = label
        line.faults[""] = {"was": label, "becomes": unit, "rule": rule, "why": why}

    # whole rows
    def subtotal(self, table, label, after):
        """A row of column sums below the lines of the units up to `after`."""
        at = max(i for i, line in enumerate(table.lines) if line.unit == after) + 1
        chosen = [line for line in table.lines[:at] if line.unit]
        values = {
            leaf: round(sum(x.values[leaf] for x in chosen if isinstance(x.values[leaf], float)), 2)
            for leaf in table.leaves
        }
        total = round(sum(values.values()), 2)
        table.lines.insert(at, self._aside("", label, values, "subtotal_row", total))

    def repeat(self, table, unit, *, hidden=False):
        """The same row, or the same line of a long sheet, a second time."""
        line = next(x for x in table.lines if x.unit == unit and not x.faults)
        rule = "hidden_row" if hidden else "duplicate_row"
        copy = self._aside(unit, line.label, dict(line.values), rule, line.total, not table.long)
        copy.hidden = hidden
        table.lines.insert(table.lines.index(line) + (1 if hidden else 4), copy)

    def two_marks(self, table, unit):
        """A second assessor's row that differs at one leaf; the ruling drops that cell."""
        line = next(x for x in table.lines if x.unit == unit and not x.faults)
        values = dict(line.values)
        copy = self._aside(unit, line.label, values, "duplicate_row", line.total, False)
        leaf = next(k for k, v in line.values.items() if v and self.step(table, k) == 0.5)
        value = line.values[leaf] - 0.5
        self.put(copy, leaf, value, "set_aside", "ruling", WHY["two_marks"])
        table.lines.append(copy)

    def _aside(self, unit, label, values, rule, total, whole=True):
        line = Line(unit, label, values, total)
        shown = {"": label} if whole else {}
        for key, value in (shown | values).items():
            fault = {"was": plain(value), "becomes": "set_aside", "rule": rule, "why": ""}
            line.faults[key] = fault
        return line

    def neutral(self, table, *, class_a=True):
        """Ids of neutral units with an untouched line, in random order."""
        frame = table.frame
        ids = [
            u
            for u, a in zip(frame.units, frame.class_a, strict=True)
            if u not in NAMED and a >= class_a and u[0] == "d"
        ]
        touched = {x.unit for x in table.lines if x.faults}
        have = {x.unit for x in table.lines}
        return [ids[k] for k in self.rng.permutation(len(ids)) if ids[k] in have - touched]


def listed(table):
    """Rows of the ground truth for one table, in sheet order."""
    for number, line in enumerate(table.lines):
        for leaf, fault in line.faults.items():
            yield {
                "year": table.frame.year, "round": table.round, "file": table.file,
                "sheet": table.sheet, "row": table.first_row() + number,
                "column": table.header(leaf) if leaf else UNIT, "unit": line.unit,
                "indicator": leaf, **fault,
            }  # fmt: skip
