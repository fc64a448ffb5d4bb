"""One table to be damaged: a CSV file or one sheet of a workbook, as rows of cells."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

import openpyxl
from openpyxl.utils import get_column_letter

FIRST = {("响应.csv", ""): 2, ("终评.xlsx", "健康情况"): 3}  # row below the headers; 1 elsewhere


@dataclass(frozen=True)
class Mutation:
    """Files to write (None: none there; FOLDER: a folder of that name) and where the fault is."""

    kind: str
    file: str
    files: dict
    row: int | None = None
    column: str | None = None
    sheet: str | None = None


FOLDER = object()


@dataclass
class Grid:
    """Rows of cells; ``first`` is the position of the first row below the headers."""

    file: str
    rows: list
    first: int
    sheet: str = ""
    book: object = None
    encoding: str = "utf-8"
    row: int | None = None
    column: str | None = None
    quoting: int = field(default=csv.QUOTE_MINIMAL)

    def cells(self, wanted):
        """Places below the headers whose cell is wanted."""
        return [
            (r, c)
            for r in range(self.first, len(self.rows))
            for c, value in enumerate(self.rows[r])
            if wanted(value)
        ]

    def at(self, row, column=None):
        """Remember where the fault is."""
        self.row = row + 1
        if column is not None and column < len(self.rows[self.first - 1]):
            heads = [self.rows[r][column] for r in range(self.first) if column < len(self.rows[r])]
            texts = [str(head) for head in heads if head not in (None, "")]
            self.column = texts[-1] if texts else get_column_letter(column + 1)

    def content(self) -> bytes:
        """The table as a file."""
        if self.book is None:
            out = io.StringIO()
            csv.writer(out, lineterminator="\n", quoting=self.quoting).writerows(self.rows)
            return out.getvalue().encode(self.encoding)
        sheet = self.book[self.sheet]
        height, width = sheet.max_row, sheet.max_column
        rows = [*self.rows, *[[]] * (height - len(self.rows))]
        for r, row in enumerate(rows, start=1):
            for c in range(1, max(width, len(row)) + 1):
                cell = sheet.cell(r, c)
                if type(cell).__name__ != "MergedCell":
                    cell.value = row[c - 1] if c <= len(row) else None
        return saved(self.book)


def saved(book) -> bytes:
    """A workbook as a file."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def open_grid(files, path, rng) -> Grid:
    """The table of a file; one sheet by chance of a workbook."""
    short = path.rpartition("/")[2]
    if path.endswith(".csv"):
        encoding = "gb18030" if short == "响应.csv" else "utf-8"
        rows = list(csv.reader(io.StringIO(files[path].decode(encoding))))
        return Grid(path, rows, FIRST.get((short, ""), 1), encoding=encoding)
    book = openpyxl.load_workbook(io.BytesIO(files[path]))
    name = book.sheetnames[rng.integers(len(book.sheetnames))]
    rows = [list(row) for row in book[name].iter_rows(values_only=True)]
    return Grid(path, rows, FIRST.get((short, name), 1), name, book)
