"""Files to text and to lines: decoded, and refused where they are damaged or cut off."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

from evallib.errors import Fault
from evallib.study.guard import text_fault

ENCODINGS = ("utf-8-sig", "gb18030")  # utf-8 with or without a mark, and the mainland default
AGAIN = "save the file again in UTF-8"


def read_text(path: Path, file: str, faults: list[Fault]) -> str | None:
    """Text of a file in utf-8, utf-8-sig or gb18030; None, and a fault, where it has none."""
    if too_large := text_fault(path, file):
        faults.append(too_large)
        return None
    raw = path.read_bytes()
    if not raw.removeprefix(codecs.BOM_UTF8).strip():
        faults.append(Fault(file, None, None, "the file is empty", "fill it in or remove it"))
    elif b"\0" in raw:
        row, problem = raw[: raw.index(b"\0")].count(b"\n") + 1, "a NUL byte, which no text holds"
        faults.append(Fault(file, row, None, problem, AGAIN))
    elif row := _damaged_row(raw):
        faults.append(Fault(file, row, None, "a sign in it is damaged: no UTF-8", AGAIN))
    else:
        for encoding in ENCODINGS:
            try:
                return raw.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
            except UnicodeDecodeError:
                continue
        faults.append(Fault(file, None, None, "neither utf-8 nor gb18030 text", AGAIN))
    return None


def _damaged_row(raw: bytes) -> int:
    """Row of the first broken sign of a text that else is UTF-8; 0 where there is none.

    A single broken byte would make all of it readable as gb18030, in other signs. Of a text that
    really is in gb18030, few signs happen to be UTF-8 as well.
    """
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        text = raw.decode(errors="replace")
        broken = text.count("\ufffd")
        whole = sum(sign > "\x7f" for sign in text) - broken
        return raw[: error.start].count(b"\n") + 1 if whole > broken else 0
    return 0


def csv_lines(text: str, file: str, faults: list[Fault]) -> list[list[str]] | None:
    """Rows of a CSV text; None, and a fault, where a quote stays open or the end is cut off."""
    lines: list[list[str]] = []
    try:
        lines.extend(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        row = len(lines) + 1
        faults.append(Fault(file, row, None, f"no CSV ({error})", "close the quotes in it"))
        return None
    if not text.endswith("\n") and len(lines) > 1 and len(lines[-1]) < len(lines[-2]):
        problem = f"the file breaks off after {len(lines[-1])} of {len(lines[-2])} cells"
        remedy = "complete the line, or end it with a line break if that is all"
        faults.append(Fault(file, len(lines), None, problem, remedy))
        return None
    return lines
