"""Kinds of faults of one cell: what keyboards, spreadsheets and exports do to a value."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def is_number(value):
    """Whether a cell holds a plain number."""
    return NUMBER.fullmatch("" if value is None else str(value).strip()) is not None


def is_text(value):
    """Whether a cell holds words."""
    return bool(isinstance(value, str) and value.strip() and not is_number(value))


def is_filled(value):
    """Whether a cell holds anything."""
    return value not in (None, "")


def is_empty(value):
    """Whether a cell holds nothing."""
    return value in (None, "")


def is_date(value):
    """Whether a cell holds a date."""
    return isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is not None


def _swap_digits(text, rng):
    at = int(rng.integers(max(len(text) - 1, 1)))
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def _other_digit(text, rng):
    places = [i for i, mark in enumerate(text) if mark.isdigit()]
    at = places[rng.integers(len(places))]
    return text[:at] + str((int(text[at]) + int(rng.integers(1, 10))) % 10) + text[at + 1 :]


def _drop_mark(text, rng):
    at = int(rng.integers(len(text)))
    return text[:at] + text[at + 1 :]


def _double_mark(text, rng):
    at = int(rng.integers(len(text)))
    return text[: at + 1] + text[at:]


def _inside(mark):
    def put(text, rng):
        at = int(rng.integers(len(text) + 1))
        return text[:at] + mark + text[at:]

    return put


def _wide(text):
    return "".join(chr(ord(mark) + 0xFEE0) if "!" <= mark <= "~" else mark for mark in text)


def _arabic(text):
    return "".join(chr(0x660 + int(mark)) if mark.isdigit() else mark for mark in text)


def _serial(text):
    return str((date.fromisoformat(text) - date(1899, 12, 30)).days)


def _as_date(text):
    whole, _, part = str(text).partition(".")
    return f"{int(part or 1) % 12 + 1}月{int(whole or 1) % 28 + 1}日"


def _exponent(text, rng):
    return f"{float(text):e}"


def _day(text, rng):
    return datetime(1899, 12, 30) + timedelta(days=float(text))


def _plus_day(text, rng):
    return str(date.fromisoformat(text) + timedelta(days=int(rng.integers(-400, 400))))


def _plain(change):
    return lambda text, rng: change(text)


def _word(text):
    return lambda _, rng: text


NUMBERS = {
    "two digits swapped": _swap_digits,
    "another digit": _other_digit,
    "a digit lost": _drop_mark,
    "a digit doubled": _double_mark,
    "full-width digits": _plain(_wide),
    "Arabic-Indic digits": _plain(_arabic),
    "decimal comma": _plain(
        lambda text: f"{text},5" if "." not in text else text.replace(".", ",")
    ),
    "full-width comma": _plain(
        lambda text: f"{text}，5" if "." not in text else text.replace(".", "，")
    ),
    "Chinese full stop": _plain(
        lambda text: f"{text}。5" if "." not in text else text.replace(".", "。")
    ),
    "thousands separator": _plain(lambda text: f"{text},000"),
    "apostrophe as separator": _plain(lambda text: f"{text}'000"),
    "percent sign": _plain(lambda text: f"{text}%"),
    "unit of measure": _plain(lambda text: f"{text}分"),
    "another unit of measure": _plain(lambda text: f"{text}元"),
    "negative": _plain(lambda text: f"-{text.lstrip('-')}"),
    "minus sign U+2212": _plain(lambda text: f"\u2212{text.lstrip('-')}"),
    "brackets for negative": _plain(lambda text: f"({text})"),
    "plus sign": _plain(lambda text: f"+{text}"),
    "times ten": _plain(lambda text: f"{float(text) * 10:g}"),
    "ten times too small": _plain(lambda text: f"{float(text) / 10:g}"),
    "half as much": _plain(lambda text: f"{float(text) / 2:g}"),
    "one step off": lambda text, rng: f"{float(text) + rng.choice((-0.5, 0.5)):g}",
    "off the step": _plain(lambda text: f"{float(text) + 0.03:g}"),
    "binary noise": _plain(lambda text: repr(float(text) + 1e-13)),
    "trailing zeros": _plain(lambda text: text + ("00" if "." in text else ".00")),
    "leading zeros": _plain(lambda text: f"00{text}"),
    "trailing point": _plain(lambda text: text.rstrip(".0") + "." if "." in text else f"{text}."),
    "two points": _plain(lambda text: text.replace(".", "..") if "." in text else f"{text}..0"),
    "powers of ten": _exponent,
    "beyond any number (1e400)": _word("1e400"),
    "near the end of numbers (1e308)": _word("1e308"),
    "near zero (1e-320)": _word("1e-320"),
    "a hundred times the digits": _plain(lambda text: text * 100),
    "a million times as much": _plain(lambda text: f"{float(text) * 1e6:.0f}"),
    "hexadecimal": _plain(lambda text: f"0x{int(float(text)):x}"),
    "underscore between digits": _plain(lambda text: f"{text}_0" if "." in text else f"{text}_000"),
    "fraction": _plain(lambda text: f"{text}/2"),
    "Chinese numeral": _plain(lambda text: "〇一二三四五六七八九"[int(float(text)) % 10]),
    "circled digit": _plain(lambda text: chr(0x2460 + int(float(text)) % 20)),
    "superscript note": _plain(lambda text: f"{text}²"),
    "range of numbers": _plain(lambda text: f"{text}-{text}"),
    "about": _plain(lambda text: f"约{text}"),
    "letter O for zero": _plain(
        lambda text: text.replace("0", "O") if "0" in text else f"{text}.O"
    ),
    "letter l for one": _plain(lambda text: text.replace("1", "l") if "1" in text else f"l{text}"),
    "nan word": _word("NaN"),
    "inf word": _word("inf"),
    "N/A": _word("N/A"),
    "None": _word("None"),
    "error value": _word("#DIV/0!"),
    "formula as text": _plain(lambda text: f"={text}+0"),
    "date made of a mark": _plain(_as_date),
    "true for a number": _word("TRUE"),
    "a word for a number": _word("较好"),
    "the word for full marks": _word("满分"),
    "the word for not applicable": _word("不适用"),
    "dash for a number": _word("—"),
    "zero for a number": _word("0"),
    "leading zero lost": _plain(lambda text: text.lstrip("0") or "0"),
    "trailing zero lost": _plain(lambda text: text.rstrip("0") if "." in text else f"{text}0"),
}
DATES = {
    "date as serial": _plain(_serial),
    "date with slashes": _plain(lambda text: text.replace("-", "/")),
    "date in Chinese": _plain(lambda text: "{}年{}月{}日".format(*text.split("-"))),
    "day and month turned round": _plain(lambda text: "-".join([text[8:], text[5:7], text[:4]])),
    "date without zeros": _plain(lambda text: text.replace("-0", "-")),
    "date with time": _plain(lambda text: f"{text} 00:00:00"),
    "date that does not exist": _plain(lambda text: f"{text[:5]}02-30"),
    "two-digit year": _plain(lambda text: text[2:]),
    "another date": _plus_day,
}
WORDS = {
    "case changed": _plain(lambda text: text.swapcase()),
    "mark of a word lost": _drop_mark,
    "marks of a word swapped": _swap_digits,
    "space inside": _inside(" "),
    "hyphen inside": _inside("-"),
    "full-width letters": _plain(_wide),
    "another word": _word("某某"),
    "homoglyph": _plain(lambda text: text.replace("a", "а").replace("e", "е").replace("o", "о")),
    "CJK compatibility form": _plain(lambda text: text.replace("市", "\u5e02\ufe00")),
    "number for a word": _word("12"),
    "brackets in another form": _plain(lambda text: f"〔{text}〕"),
    "HTML entity": _plain(lambda text: f"{text}&nbsp;"),
    "question marks for marks": _plain(lambda text: "?" * len(text)),
    "mojibake": _plain(lambda text: text.encode().decode("latin-1")),
}
ANY = {
    "cell emptied": _word(""),
    "trailing spaces": _plain(lambda text: f"{text}  "),
    "leading space": _plain(lambda text: f" {text}"),
    "no-break space": _plain(lambda text: f"{text}\u00a0"),
    "ideographic space": _plain(lambda text: f"\u3000{text}"),
    "tab inside": _inside("\t"),
    "line break inside": _inside("\n"),
    "zero-width space": _inside("\u200b"),
    "zero-width joiner": _inside("\u200d"),
    "byte order mark inside": _inside("\ufeff"),
    "right-to-left mark": _inside("\u200f"),
    "right-to-left override": _inside("\u202e"),
    "combining character": _inside("\u0301"),
    "control character": _inside("\x07"),
    "replacement character": _inside("\ufffd"),
    "private use character": _inside("\ue000"),
    "character beyond the plane": _inside("\U0001f600"),
    "leading apostrophe": _plain(lambda text: f"'{text}"),
    "in quotation marks": _plain(lambda text: f'"{text}"'),
    "very long": _plain(lambda text: text * 3000),
    "semicolon behind": _plain(lambda text: f"{text};"),
}
TYPES = {  # of workbooks only
    "number stored as text": (is_number, _plain(str)),
    "number stored as a date": (is_number, _day),
    "boolean stored as a mark": (is_number, _plain(lambda text: float(text) > 0)),
    "formula without a value": (is_number, _plain(lambda text: f"={text}+0")),
    "formula of words": (is_text, _plain(lambda text: f'="{text}"')),
    "error cell": (is_filled, _word("#REF!")),
    "very large number": (is_number, _plain(lambda text: float(text) * 1e15 + 1e18)),
    "text stored as a number": (is_text, _plain(lambda text: 12)),
}
BLANKS = {
    "blank filled with zero": _word("0"),
    "blank filled with a space": _word(" "),
    "blank filled with a number": _word("2.5"),
    "blank filled with a word": _word("无"),
    "blank filled with a dash": _word("-"),
}
GROUPS = {
    "numbers": (NUMBERS, is_number),
    "dates": (DATES, is_date),
    "words": (WORDS, is_text),
    "any cell": (ANY, is_filled),
    "blank cells": (BLANKS, is_empty),
}


def cell_kinds():
    """Every kind of a cell: group, name, cells it applies to, the change, workbooks only."""
    for group, (kinds, wanted) in GROUPS.items():
        for name, change in kinds.items():
            yield group, name, wanted, change, False
    for name, (wanted, change) in TYPES.items():
        yield "types of cells", name, wanted, change, True


def change_cell(grid, wanted, change, rng):
    """Change one cell of the grid; whether there was one to change."""
    places = grid.cells(wanted)
    if not places:
        return False
    row, column = places[rng.integers(len(places))]
    value = grid.rows[row][column]
    new = change("" if value is None else str(value), rng)
    if new == value:
        return False
    grid.rows[row][column] = new
    grid.at(row, column)
    return True
