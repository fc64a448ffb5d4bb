"""The ten tables of evidence: their columns, their words and the laws that a row keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

ELEMENTS = (
    *("item_name", "legal_basis", "conditions", "materials"),
    *("procedure", "time_limit", "charges", "contact"),
)
FOOTER = ("party_emblem", "site_code", "icp_number", "police_number", "host_contact")


@dataclass(frozen=True)
class Column:
    """One column; ``words`` leads from every form of a word to its code.

    ``kind`` is id, text, unit, transfers, date, time, flag, word or number; ``empty`` is what an
    empty cell of an optional word means.
    """

    name: str
    kind: str
    required: bool = True
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    empty: str = ""


@dataclass(frozen=True)
class Table:
    """One table: its main time column, what makes two rows the same, and the laws of a row.

    A row without one of the texts of its ``key`` is like no other. ``order`` holds (earlier column,
    later column, reason why a row that breaks it is set aside), ``positive`` the numbers that
    cannot lie below zero; ``passed_first`` and ``passed_last`` are the days of the first and the
    last transfer.
    """

    name: str
    columns: tuple[Column, ...]
    time: str
    key: tuple[str, ...] = ()
    order: tuple[tuple[str, str, str], ...] = ()
    positive: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


def _word(name: str, forms: Iterable[str], *, required: bool = True, empty: str = "") -> Column:
    """A column of words, written ``code 中文 中文`` each."""
    words = {form: entry.split()[0] for entry in forms for form in entry.split()}
    return Column(name, "word", required, MappingProxyType(words), empty)


def _maybe(name: str, kind: str) -> Column:
    return Column(name, kind, required=False)


def _flags(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "flag") for name in names)


UNIT = Column("unit", "unit")
STATUS = ("valid 有效", "duplicate 重复", "withdrawn 撤回", "test 测试", "not_ours 非本单位")
KINDS = ("home 首页", "dynamic 动态", "notice 公告政策", "regular 应更新", "static 静态")
SEVERITY = ("none 无", "minor 一般", "serious 严重")

_ALL = (
    Table(
        "letters",
        (
            Column("letter", "id"),
            UNIT,
            Column("received", "time"),
            _maybe("transfers", "transfers"),
            _maybe("type", "text"),
            _word("status", STATUS, required=False, empty="valid"),
            _maybe("replied", "time"),
            _maybe("published", "time"),
        ),
        time="received",
        key=("letter",),
        order=(
            ("received", "replied", "reply_before_receipt"),
            ("replied", "published", "published_before_reply"),
            ("received", "published", "published_before_receipt"),
            ("received", "passed_first", "transfer_before_receipt"),
            ("passed_last", "replied", "transfer_after_reply"),
        ),
    ),
    Table(
        "consultations",
        (
            Column("consultation", "id"),
            UNIT,
            Column("start", "date"),
            Column("end", "date"),
            _maybe("results_published", "date"),
        ),
        time="start",
        key=("consultation",),
        order=(
            ("start", "end", "end_before_start"),
            ("end", "results_published", "results_before_end"),
        ),
    ),
    Table(
        "guides",
        (
            Column("guide", "id"),
            UNIT,
            Column("sampled", "date"),
            *_flags(*ELEMENTS, "forms", "same_format", "same_source"),
        ),
        time="sampled",
        key=("guide", "sampled"),
    ),
    Table(
        "probes",
        (UNIT, Column("time", "time"), _maybe("status", "number"), _maybe("seconds", "number")),
        time="time",
        key=("unit", "time"),
        positive=("seconds",),
    ),
    Table(
        "links",
        (
            UNIT,
            Column("checked", "date"),
            _maybe("page", "text"),
            _maybe("target", "text"),
            Column("status", "number"),
            _maybe("home", "flag"),
        ),
        time="checked",
        key=("unit", "checked", "page", "target"),
    ),
    Table(
        "columns",
        (
            UNIT,
            Column("checked", "date"),
            Column("column", "text"),
            _word("kind", KINDS),
            _maybe("last_update", "date"),
            Column("blank", "flag"),
        ),
        time="checked",
        key=("unit", "checked", "column"),
        order=(("last_update", "checked", "update_after_look"),),
    ),
    Table(
        "articles",
        (
            UNIT,
            Column("published", "time"),
            _maybe("column", "text"),
            _maybe("title", "text"),
            Column("reposted", "flag"),
        ),
        time="published",
        key=("unit", "published", "column", "title"),
    ),
    Table(
        "posts",
        (UNIT, Column("account", "text"), Column("posted", "time")),
        time="posted",
        key=("unit", "account", "posted"),
    ),
    Table(
        "footer",
        (UNIT, Column("checked", "date"), *_flags(*FOOTER, "error_report")),
        time="checked",
    ),
    Table(
        "typos",
        (
            UNIT,
            Column("checked", "date"),
            _maybe("page", "text"),
            _maybe("wrong", "text"),
            _maybe("right", "text"),
            _word("severity", SEVERITY),
        ),
        time="checked",
    ),
)
TABLES: Mapping[str, Table] = MappingProxyType({table.name: table for table in _ALL})
