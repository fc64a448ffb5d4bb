"""What goes wrong in evidence, put in on purpose: other forms, rows to set aside, rulings."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from generator.evidence_days import DAY, written
from generator.mistakes import WIDE

# names that hold in the year: aliases, and other forms of the official name
ALIASES = {
    2019: (("dept01", "南宁市卫生健康委员会"), ("dept03", "市发展和改革委"),
           ("zone2", "第二开发区")),
    2020: (("dept01", "市卫生健康委"), ("dept03", "市发改委"), ("dept06", "市交通局"),
           ("dept10", "南宁市行政审批局"), ("dept51", "部门51(筹)"), ("zone1", "开发区-1")),
}  # fmt: skip
FORMS = {
    2019: (("dept17", "部门１７"), ("zone3", "开发区　3")),
    2020: (("dept16", "部门 16"), ("dept44", "部门４４"), ("dept05", "市 金融办"),
           ("zone2", "开发区２")),
}  # fmt: skip
NAMED_IN = {
    2019: ("letters", "articles"),
    2020: ("letters", "letters", "articles", "guides", "posts"),
}
# table, column, form, how many in 2019 and in 2020
TIMES = (
    ("letters", "received", "slashes", 1, 2), ("letters", "replied", "offset", 1, 2),
    ("letters", "replied", "zulu", 0, 2), ("letters", "published", "serial", 1, 1),
    ("letters", "published", "characters", 0, 1), ("consultations", "end", "dots", 1, 1),
    ("consultations", "start", "serial", 0, 1),
    ("consultations", "results_published", "characters", 1, 1),
    ("guides", "sampled", "slashes", 1, 1), ("columns", "last_update", "serial", 1, 2),
    ("columns", "last_update", "dots", 0, 2), ("articles", "published", "slashes", 1, 2),
    ("posts", "posted", "offset", 0, 1), ("probes", "time", "zulu", 1, 2),
)  # fmt: skip
FLAGS = (
    ("guides", "materials", 1, 2), ("guides", "same_format", 1, 1), ("footer", "icp_number", 1, 2),
    ("articles", "reposted", 1, 1), ("columns", "blank", 1, 1), ("links", "home", 0, 1),
)  # fmt: skip
WORDS = (
    ("letters", "status", "valid", "有效"), ("letters", "status", "duplicate", "重复"),
    ("letters", "status", "withdrawn", "撤回"), ("columns", "kind", "dynamic", "动态"),
    ("typos", "severity", "minor", "一般"),
)  # fmt: skip
NUMBERS = (("probes", "status", "200"), ("links", "status", "404"))
YES, NO = ("是", "√", "有"), ("否", "×", "无")
EPOCH = datetime(1899, 12, 30)  # day 0 of a spreadsheet
AHEAD = timedelta(hours=8)  # of the clock of Shanghai over UTC
# units that are gone by the end of 2020, and the last day of each
GONE = (
    ("dept53", "dept53", "2020-06-30"),
    ("部门54", "dept54", "2020-06-30"),
    ("dept55", "dept55", "2020-05-31"),
)
OLD_NAME = {2019: ("市农业局", "dept04"), 2020: ("部门51筹备组", "dept51")}
WHY = {
    "unit": "名称不在任何名单上，经承办单位确认",
    "no_day": "该日不存在，按平台记录更正",
    "no_year": "日期缺年份，按公告原文补全",
    "no_month": "日期有误且无从查证，该条作废",
}


class Spoiler:
    """Puts faults into the tables of a year, at most one in a row."""

    def __init__(self, tables, year, rng):
        self.tables, self.year, self.rng = tables, year, rng
        self.found, self.touched = [], set()

    def pick(self, table, fits, count=1):
        """Rows without a fault for which `fits` holds."""
        rows = [r for r in self.tables[table] if id(r) not in self.touched and fits(r)]
        return [rows[k] for k in sorted(self.rng.choice(len(rows), count, replace=False))]

    def note(self, table, row, column, becomes, rule, why=""):
        self.touched.add(id(row))
        fault = {"table": table, "line": row, "column": column, "unit": row["unit"]}
        self.found.append(
            fault | {"was": row[column], "becomes": becomes, "rule": rule, "why": why}
        )

    def put(self, table, row, column, text, rule, why=""):
        """Write a cell in another form; what it means is what stood there."""
        right, row[column] = row[column], text
        self.note(table, row, column, right, rule, why)

    def aside(self, table, row, column, reason, *, after):
        """Add a row that has to be set aside, some lines below another one."""
        rows = self.tables[table]
        at = next(k for k, other in enumerate(rows) if other is after) + 1
        rows.insert(min(at + int(self.rng.integers(0, 3)), len(rows)), row)
        self.touched.add(id(after))
        rule = "ruling" if reason in WHY else reason
        self.note(table, row, column, "set_aside", rule, WHY.get(reason, ""))

    def listed(self):
        """Rows of the ground truth, in order of tables and rows; a row counts the header as 1."""
        found = []
        for table, rows in self.tables.items():
            place = {id(row): number for number, row in enumerate(rows, 2)}
            mine = [f | {"row": place[id(f["line"])]} for f in self.found if f["table"] == table]
            found += sorted(mine, key=lambda fault: fault["row"])
        return [fault | {"year": self.year} for fault in found]


def spoil(tables, year, rng):
    """Put the faults of a year into its tables; rows of the ground truth."""
    spoiler = Spoiler(tables, year, rng)
    _rulings(spoiler)
    _letters(spoiler)
    _other_rows(spoiler)
    _names(spoiler)
    _forms(spoiler)
    return spoiler.listed()


def _names(s):
    for rule, names in (("unit_alias", ALIASES[s.year]), ("unit_form", FORMS[s.year])):
        for k, (unit, name) in enumerate(names):
            table = NAMED_IN[s.year][k % len(NAMED_IN[s.year])]
            for row in s.pick(table, lambda r, unit=unit: r["unit"] == unit):
                s.put(table, row, "unit", name, rule)
                s.found[-1]["unit"] = unit


def _forms(s):
    late = s.year == 2020
    for table, column, form, *counts in TIMES:
        for row in s.pick(table, lambda r, column=column: r[column], counts[late]):
            s.put(table, row, column, in_form(row[column], form), "time_form")
    for k, (table, column, *counts) in enumerate(FLAGS):
        for n in range(counts[late]):
            value, words = (("true", YES), ("false", NO))[(k + n) % 2]
            row = s.pick(table, lambda r, column=column, value=value: r[column] == value)[0]
            s.put(table, row, column, words[int(s.rng.integers(3))], "flag")
    for table, column, code, word in WORDS:
        for row in s.pick(table, lambda r, column=column, code=code: r[column] == code):
            s.put(table, row, column, word, "word")
    for table, column, text in NUMBERS:
        for row in s.pick(table, lambda r, column=column, text=text: r[column] == text):
            s.put(table, row, column, text.translate(WIDE), "number_form")


def in_form(text, form):
    """A day or a minute as people and programs write it."""
    moment = datetime.fromisoformat(text)
    clock = f" {moment:%H:%M}" if len(text) > 10 else ""
    days = (moment - EPOCH) / DAY
    return {
        "slashes": f"{moment.year}/{moment.month}/{moment.day}{clock}",
        "dots": f"{moment.year}.{moment.month}.{moment.day}{clock}",
        "characters": f"{moment.year}年{moment.month}月{moment.day}日{clock}",
        "offset": f"{moment.isoformat()}+08:00",
        "zulu": f"{(moment - AHEAD).isoformat()}Z",
        "serial": f"{days:.0f}" if days % 1 == 0 else f"{days:.8f}",
    }[form]


def _letters(s):
    """Letters to set aside: impossible order, the same number twice, a unit that is gone."""
    number = len(s.tables["letters"])
    for column, start, reason, count in (
        ("replied", "received", "reply_before_receipt", 2),
        ("published", "replied", "published_before_reply", 1),
    ):
        for like in s.pick("letters", lambda r: r["published"], count):
            number += 1
            before = _moved(like[start], -int(s.rng.integers(2, 9)))
            row = {**like, "letter": f"信件 {s.year}-{number:05}", column: before, "transfers": ""}
            s.aside("letters", row, column, reason, after=like)
    for like in s.pick("letters", lambda r: r["replied"], 2):
        s.aside("letters", {**like, "transfers": ""}, "letter", "repeated", after=like)
    for name, unit, last in GONE if s.year == 2020 else ():
        end = date.fromisoformat(last)
        fits = lambda r, end=end: 10 < (end - _day(r["received"])).days < 120  # noqa: E731
        for like in s.pick("letters", fits, 2):
            number += 1
            row = {**like, "letter": f"信件 {s.year}-{number:05}", "unit": name, "transfers": ""}
            s.aside("letters", row, "unit", "unit_left", after=like)
            s.found[-1]["unit"] = unit


def _other_rows(s):
    """Rows of the other tables to set aside."""
    ids = len(s.tables["consultations"])
    for column, start, reason in (
        ("end", "start", "end_before_start"),
        ("results_published", "end", "results_before_end"),
    ):
        for like in s.pick("consultations", lambda r: r["results_published"]):
            ids += 1
            row = {**like, "consultation": f"征集 {s.year}-{ids:03}"}
            row[column] = _moved(like[start], -6)
            s.aside("consultations", row, column, reason, after=like)
    like = s.pick("guides", lambda r: True)[0]
    s.aside("guides", dict(like), "guide", "repeated", after=like)
    for like in s.pick("probes", lambda r: r["seconds"], 1 + (s.year == 2020)):
        moment = datetime.fromisoformat(like["time"]) + timedelta(minutes=7)
        row = {**like, "time": written(moment), "seconds": f"-{like['seconds']}"}
        s.aside("probes", row, "seconds", "negative_time", after=like)
    for table, column in (("probes", "time"), ("posts", "posted")):
        like = s.pick(table, lambda r: True)[0]
        s.aside(table, dict(like), column, "repeated", after=like)


def _rulings(s):
    """What only a person can settle; a right value, or the row set aside."""
    name, unit = OLD_NAME[s.year]
    month = "2019-01" if s.year == 2019 else "2020-07"
    row = s.pick("letters", lambda r: r["unit"] == unit and r["received"][:7] == month)[0]
    s.put("letters", row, "unit", name, "ruling", WHY["unit"])
    s.found[-1]["unit"] = unit
    row = s.pick("letters", lambda r: r["replied"][:7] == f"{s.year}-02")[0]
    lacking = f"{s.year}-02-{29 if s.year == 2019 else 31}{row['replied'][10:]}"
    s.put("letters", row, "replied", lacking, "ruling", WHY["no_day"])
    row = s.pick("consultations", lambda r: r["results_published"][:4] == str(s.year))[0]
    day = date.fromisoformat(row["results_published"])
    said = f"{day.month}月{day.day}日"
    s.put("consultations", row, "results_published", said, "ruling", WHY["no_year"])
    if s.year == 2020:
        like = s.pick("posts", lambda r: True)[0]
        row = {**like, "posted": f"2020-13-{like['posted'][8:]}"}
        s.aside("posts", row, "posted", "no_month", after=like)


def _moved(text, days):
    """A day or a minute some days later or earlier."""
    return written(datetime.fromisoformat(text) + days * DAY)[: len(text)]


def _day(text):
    return date.fromisoformat(text[:10])
