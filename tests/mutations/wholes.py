"""Kinds of faults of whole files, workbooks and YAML files, as bytes."""

from __future__ import annotations

import io
import re
import zipfile

import openpyxl
import yaml

from mutations.grid import FOLDER, saved


def _at(raw, rng):
    return int(rng.integers(len(raw)))


def _text(raw):
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def _swapped(raw, rng):
    at = _at(raw, rng)
    return raw[:at] + bytes([raw[at] ^ (1 << int(rng.integers(8)))]) + raw[at + 1 :]


def _lost(raw, rng):
    at = _at(raw, rng)
    return raw[:at] + raw[at + 1 :]


def _inserted(what):
    def insert(raw, rng):
        at = _at(raw, rng)
        return raw[:at] + what + raw[at:]

    return insert


def _reencoded(encoding):
    def encode(raw, rng):
        try:
            return _text(raw).encode(encoding)
        except UnicodeEncodeError:
            return None

    return encode


def _lines(change):
    def apply(raw, rng):
        return change(_text(raw)).encode()

    return apply


def _half_line(raw, rng):
    lines = raw.splitlines(keepends=True)
    at = int(rng.integers(len(lines)))
    lines[at] = lines[at][: len(lines[at]) // 2]
    return b"".join(lines)


TEXTS = {  # of CSV and YAML files
    "byte order mark": lambda raw, rng: b"\xef\xbb\xbf" + _text(raw).encode(),
    "gb18030": _reencoded("gb18030"),
    "utf-8": _reencoded("utf-8"),
    "utf-16": _reencoded("utf-16"),
    "utf-16 without a mark": _reencoded("utf-16-le"),
    "utf-32": _reencoded("utf-32"),
    "Big5": _reencoded("big5"),
    "mojibake throughout": lambda raw, rng: (
        _text(raw).encode().decode("gb18030", "replace").encode()
    ),
    "CRLF": _lines(lambda text: text.replace("\n", "\r\n")),
    "CR": _lines(lambda text: text.replace("\n", "\r")),
    "two kinds of line ends": _lines(lambda text: text.replace("\n", "\r\n", 2)),
    "last line end lost": _lines(lambda text: text.rstrip("\n")),
    "line ends doubled": _lines(lambda text: text.replace("\n", "\n\n")),
    "NUL byte": _inserted(b"\0"),
    "broken byte": _inserted(b"\xff"),
    "quotation mark inside": _inserted(b'"'),
    "comma inside": _inserted(b","),
    "line break anywhere": _inserted(b"\n"),
    "semicolons for commas": _lines(lambda text: text.replace(",", ";")),
    "tabs for commas": _lines(lambda text: text.replace(",", "\t")),
    "full-width commas": _lines(lambda text: text.replace(",", "，")),
    "half a line lost": _half_line,
    "line separator U+2028": _lines(lambda text: text.replace("\n", "\u2028", 1)),
    "form feed": _inserted(b"\f"),
    "workbook under its name": lambda raw, rng: _a_book(),
}
FILES = {  # of any file
    "one bit turned": _swapped,
    "one byte lost": _lost,
    "truncated": lambda raw, rng: raw[: _at(raw, rng)],
    "begins late": lambda raw, rng: raw[_at(raw, rng) :],
    "empty": lambda raw, rng: b"",
    "zeros only": lambda raw, rng: b"\0" * len(raw),
    "white space only": lambda raw, rng: b" \n\n",
    "random bytes": lambda raw, rng: rng.bytes(len(raw)),
    "file absent": lambda raw, rng: None,
    "folder of its name": lambda raw, rng: FOLDER,
    "web page under its name": lambda raw, rng: b"<html><body>404 Not Found</body></html>",
    "content twice": lambda raw, rng: raw + raw,
}


def _a_book():
    book = openpyxl.Workbook()
    book.active.append(["unit", "mark"])
    return saved(book)


def _book(change):
    def apply(raw, rng):
        book = openpyxl.load_workbook(io.BytesIO(raw))
        sheet = book.worksheets[rng.integers(len(book.worksheets))]
        return saved(book) if change(book, sheet, rng) is not False else None

    return apply


def _zip(change):
    def apply(raw, rng):
        out = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(raw)) as old,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for name in old.namelist():
                content = change(name, old.read(name), rng)
                if content is not None:
                    new.writestr(name, content)
        return out.getvalue()

    return apply


def _drop_sheet(book, sheet, rng):
    if len(book.worksheets) < 2:
        return False
    book.remove(sheet)
    return True


def _merge(book, sheet, rng):
    row = int(rng.integers(4, sheet.max_row))
    column = int(rng.integers(1, sheet.max_column + 1))
    sheet.merge_cells(start_row=row, end_row=row + 1, start_column=column, end_column=column)


def _merge_across(book, sheet, rng):
    row, column = int(rng.integers(4, sheet.max_row)), int(rng.integers(1, sheet.max_column))
    sheet.merge_cells(start_row=row, end_row=row, start_column=column, end_column=column + 1)


def _unmerge(book, sheet, rng):
    for area in list(sheet.merged_cells.ranges):
        sheet.unmerge_cells(str(area))


def _hide_row(book, sheet, rng):
    sheet.row_dimensions[int(rng.integers(1, sheet.max_row + 1))].hidden = True


def _hide_column(book, sheet, rng):
    sheet.column_dimensions["ABCDEF"[rng.integers(6)]].hidden = True


def _percent(book, sheet, rng):
    sheet.cell(int(rng.integers(4, sheet.max_row)), 3).number_format = "0%"


def _as_date(book, sheet, rng):
    sheet.cell(int(rng.integers(4, sheet.max_row)), 3).number_format = "yyyy-mm-dd"


def _delete_row(book, sheet, rng):
    sheet.delete_rows(int(rng.integers(4, sheet.max_row)))


def _insert_row(book, sheet, rng):
    sheet.insert_rows(int(rng.integers(2, sheet.max_row)))


def _delete_column(book, sheet, rng):
    sheet.delete_cols(int(rng.integers(1, sheet.max_column + 1)))


def _title(change):
    def retitle(book, sheet, rng):
        sheet.title = change(sheet.title)

    return retitle


def _cached(name, content, rng):
    if not name.startswith("xl/worksheets/sheet"):
        return content
    found = list(re.finditer(rb'<c r="([C-D][4-9])"[^>]*?( t="n")?><v>([0-9.]+)</v>', content))
    if not found:
        return content
    one = found[rng.integers(len(found))]
    return content[: one.start(3) - 3] + b"<f>1+1</f>" + content[one.start(3) - 3 :]


def _number_dropped(name, content, rng):
    if not name.startswith("xl/worksheets/sheet"):
        return content
    found = list(re.finditer(rb"<v>([0-9.]+)</v>", content))
    one = found[rng.integers(len(found))]
    return content[: one.start()] + content[one.end() :]


BOOKS = {
    "sheet dropped": _book(_drop_sheet),
    "sheet renamed": _book(_title(lambda title: f"{title}2")),
    "sheet renamed by a space": _book(_title(lambda title: f"{title} ")),
    "sheet doubled": _book(lambda book, sheet, rng: book.copy_worksheet(sheet)),
    "sheets in another order": _book(lambda book, sheet, rng: book.move_sheet(sheet, 1)),
    "sheet hidden": _book(lambda book, sheet, rng: setattr(sheet, "sheet_state", "hidden")),
    "sheet emptied": _book(lambda book, sheet, rng: sheet.delete_rows(1, sheet.max_row)),
    "chart sheet added": _book(lambda book, sheet, rng: book.create_chartsheet("图")),
    "cells merged down": _book(_merge),
    "cells merged across": _book(_merge_across),
    "cells unmerged": _book(_unmerge),
    "row hidden": _book(_hide_row),
    "column hidden": _book(_hide_column),
    "percent format": _book(_percent),
    "date format": _book(_as_date),
    "sheet row deleted": _book(_delete_row),
    "sheet row inserted": _book(_insert_row),
    "sheet column deleted": _book(_delete_column),
    "formula with its value": _zip(_cached),
    "value lost in the XML": _zip(_number_dropped),
    "shared texts lost": _zip(lambda name, raw, rng: None if "sharedStrings" in name else raw),
    "styles lost": _zip(lambda name, raw, rng: None if "styles" in name else raw),
    "sheet file lost": _zip(lambda name, raw, rng: None if name.endswith("sheet1.xml") else raw),
    "content types lost": _zip(lambda name, raw, rng: None if "Content_Types" in name else raw),
    "sheet XML cut": _zip(lambda name, raw, rng: raw[: len(raw) // 2] if "/sheet" in name else raw),
    "sheet XML of another namespace": _zip(
        lambda name, raw, rng: raw.replace(b"spreadsheetml", b"other") if "/sheet" in name else raw
    ),
    "CSV under its name": lambda raw, rng: "单位名称,S1\n市教育局,5\n".encode(),
    "old workbook under its name": lambda raw, rng: (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    ),
    "sheets of 1904": _book(
        lambda book, sheet, rng: setattr(book, "epoch", openpyxl.utils.datetime.CALENDAR_MAC_1904)
    ),
    "protected sheet": _book(lambda book, sheet, rng: setattr(sheet.protection, "sheet", True)),
}


def _yaml_lines(change):
    def apply(raw, rng):
        lines = raw.decode().splitlines()
        places = [i for i, line in enumerate(lines) if ":" in line and not line.startswith("#")]
        return ("\n".join(change(lines, places[rng.integers(len(places))], rng)) + "\n").encode()

    return apply


def _line(change):
    return _yaml_lines(lambda lines, at, rng: [*lines[:at], change(lines[at]), *lines[at + 1 :]])


def _value(value):
    return _line(lambda line: line.partition(":")[0] + f": {value}")


def _leaves(node, path=()):
    items = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, value in items:
        yield (*path, key)
        yield from _leaves(value, (*path, key))


def _parsed(change):
    def apply(raw, rng):
        content = yaml.safe_load(raw)
        places = [path for path in _leaves(content)]
        path = places[rng.integers(len(places))]
        parent = content
        for key in path[:-1]:
            parent = parent[key]
        if change(parent, path[-1], rng) is False:
            return None
        return yaml.safe_dump(content, allow_unicode=True, sort_keys=False).encode()

    return apply


def _set(make):
    def put(parent, key, rng):
        parent[key] = make(parent[key])

    return put


def _delete(parent, key, rng):
    del parent[key]


def _twice(parent, key, rng):
    if not isinstance(parent, list):
        return False
    parent.append(parent[key])
    return True


def _rename(parent, key, rng):
    if not isinstance(parent, dict):
        return False
    parent[f"{key}x"] = parent.pop(key)
    return True


def _scaled(factor):
    def scale(parent, key, rng):
        if isinstance(parent[key], bool) or not isinstance(parent[key], (int, float)):
            return False
        parent[key] *= factor
        return True

    return scale


def _retype(to):
    def put(parent, key, rng):
        if isinstance(parent[key], bool) or not isinstance(parent[key], (int, float)):
            return False
        parent[key] = to(parent[key])
        return True

    return put


YAMLS = {
    "YAML tab": _line(lambda line: f"\t{line}"),
    "YAML indented": _line(lambda line: f" {line}"),
    "YAML colon without space": _line(lambda line: line.replace(": ", ":", 1)),
    "YAML full-width colon": _line(lambda line: line.replace(":", "：", 1)),
    "YAML key twice": _yaml_lines(
        lambda lines, at, rng: [*lines[: at + 1], lines[at], *lines[at + 1 :]]
    ),
    "YAML line lost": _yaml_lines(lambda lines, at, rng: lines[:at] + lines[at + 1 :]),
    "YAML line commented out": _line(lambda line: f"# {line}"),
    "YAML comment behind": _line(lambda line: f"{line}  # 说明"),
    "YAML comment without space": _line(lambda line: f"{line}# 说明"),
    "YAML anchor": _line(lambda line: line.replace(": ", ": &x ", 1)),
    "YAML alias of nothing": _value("*nowhere"),
    "YAML alias bomb": _value("[&a [x, x], &b [*a, *a], &c [*b, *b], *c]"),
    "YAML alias of itself": _value("&a [*a]"),
    "YAML tag of Python": _value("!!python/object/apply:os.getcwd []"),
    "YAML second document": lambda raw, rng: raw + b"---\na: 1\n",
    "YAML null": _value("null"),
    "YAML list": _value("[1, 2]"),
    "YAML mapping": _value("{a: 1}"),
    "YAML yes": _value("yes"),
    "YAML nan": _value(".nan"),
    "YAML inf": _value(".inf"),
    "YAML 1e400": _value("1e400"),
    "YAML octal": _value("010"),
    "YAML sexagesimal": _value("1:30"),
    "YAML underscore": _value("1_0"),
    "YAML date": _value("2020-01-01"),
    "YAML impossible date": _value("2020-13-45"),
    "YAML merge key": _value("{<<: [1]}"),
    "YAML list as key": lambda raw, rng: raw + b"? [a, b]\n: 1\n",
    "YAML number as key": lambda raw, rng: raw + b"1: 2\n",
    "YAML unknown key": lambda raw, rng: raw + b"unknown: 1\n",
    "YAML only a word": lambda raw, rng: b"word\n",
    "YAML only a list": lambda raw, rng: b"- a\n- b\n",
    "YAML quote left open": _line(lambda line: line.replace(": ", ': "', 1)),
    "YAML bracket left open": lambda raw, rng: raw + b"x: [1, 2\n",
    "YAML deep nesting": _value("[" * 3000 + "]" * 3000),
    "YAML negative": _value("-1"),
    "YAML large": _value("100000000000000000000"),
    "YAML value lost": _parsed(_delete),
    "YAML key renamed": _parsed(_rename),
    "YAML item twice": _parsed(_twice),
    "YAML text for anything": _parsed(_set(lambda value: "文")),
    "YAML zero for anything": _parsed(_set(lambda value: 0)),
    "YAML true for anything": _parsed(_set(lambda value: True)),
    "YAML number in quotes": _parsed(_retype(str)),
    "YAML true for a number": _parsed(_retype(bool)),
    "YAML number times ten": _parsed(_scaled(10)),
    "YAML number made a half": _parsed(_scaled(0.5)),
    "YAML written anew": lambda raw, rng: yaml.safe_dump(
        yaml.safe_load(raw), sort_keys=True
    ).encode(),
}
