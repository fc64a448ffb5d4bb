"""Every kind of fault by name, and one of them put into one file of the study."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from openpyxl.utils.exceptions import IllegalCharacterError

from mutations.base import base
from mutations.cells import cell_kinds, change_cell
from mutations.grid import FOLDER, Mutation, open_grid
from mutations.shapes import SHAPES, changed
from mutations.wholes import BOOKS, FILES, TEXTS, YAMLS

TABLE, TEXT, BOOK, YAML = (".csv", ".xlsx"), (".csv", ".yaml"), (".xlsx",), (".yaml",)
ANY = ("",)


def _cell(kind, wanted, change, files, path, rng):
    return _shape(kind, lambda grid, rng: change_cell(grid, wanted, change, rng), files, path, rng)


def _shape(kind, shape, files, path, rng):
    grid = changed(open_grid(files, path, rng), shape, rng)
    if grid is None:
        return None
    content = grid.content()
    return Mutation(kind, path, {path: content}, grid.row, grid.column, grid.sheet or None)


def _whole(kind, change, files, path, rng):
    content = change(files[path], rng)
    same = content == files[path] if isinstance(content, bytes) else False
    unmade = content is None and kind != "file absent"
    return None if same or unmade else Mutation(kind, path, {path: content})


def _two_files_swapped(kind, files, path, rng):
    others = [name for name in files if name != path and name[-4:] == path[-4:]]
    if not others:
        return None
    other = others[rng.integers(len(others))]
    return Mutation(kind, path, {path: files[other], other: files[path]})


def _file_renamed(kind, change, files, path, rng):
    folder, _, name = path.rpartition("/")
    new = f"{folder}/{change(name)}".lstrip("/")
    return None if new in files else Mutation(kind, path, {path: None, new: files[path]})


def _year_moved(kind, to, files, path, rng):
    if not path[:4].isdigit():
        return None
    moved = {name: None for name in files if name[:4] == path[:4]}
    return Mutation(kind, path, moved | {f"{to}{name[4:]}": files[name] for name in moved})


def _stranger(kind, name, files, path, rng):
    return Mutation(kind, name, {name: "市教育局,S1,5\n".encode()})


@dataclass(frozen=True)
class Kind:
    """A named kind of fault: the group it belongs to, endings of files it fits, its maker."""

    name: str
    group: str
    endings: tuple[str, ...]
    make: object


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by its name."""
    found = [
        Kind(name, group, BOOK if books else TABLE, partial(_cell, name, wanted, change))
        for group, name, wanted, change, books in cell_kinds()
    ]
    found += [
        Kind(name, "rows, columns, headers", TABLE, partial(_shape, name, shape))
        for name, shape in SHAPES.items()
    ]
    for group, endings, changes in (
        ("text files", TEXT, TEXTS),
        ("whole files", ANY, FILES),
        ("workbooks", BOOK, BOOKS),
        ("YAML", YAML, YAMLS),
    ):
        found += [Kind(n, group, endings, partial(_whole, n, c)) for n, c in changes.items()]
    return {kind.name: kind for kind in (*found, *_of_folders())}


def _of_folders():
    renamed = {
        "file name in another case": str.upper,
        "file name with a space": lambda name: name.replace(".", " ."),
        "file with .txt behind": lambda name: f"{name}.txt",
        "file with another ending": lambda name: f"{name.partition('.')[0]}.yml",
    }
    makers = {name: partial(_file_renamed, name, change) for name, change in renamed.items()}
    makers["two files swapped"] = partial(_two_files_swapped, "two files swapped")
    for name, to in {
        "year folder with a word": "2020年",
        "year folder of another year": "2023",
    }.items():
        makers[name] = partial(_year_moved, name, to)
    for name, file in {
        "lock file of an office program": "2020/raw/~$终评.xlsx",
        "raw file that nobody lists": "2020/raw/终评_新.csv",
        "note beside the files": "2020/说明.txt",
    }.items():
        makers[name] = partial(_stranger, name, file)
    return [Kind(name, "names and folders", ANY, make) for name, make in makers.items()]


def mutate(seed) -> Mutation:
    """The mutation of that seed; kinds come by turns, file and place by chance."""
    rng = np.random.default_rng(seed)
    every, files = list(kinds().values()), base()
    while True:
        kind = every[seed % len(every)]
        fitting = [name for name in files if name.endswith(kind.endings)]
        for _ in range(20):
            try:
                made = kind.make(files, fitting[rng.integers(len(fitting))], rng)
            except (ValueError, IllegalCharacterError):  # no workbook can be written like this
                continue
            if made is not None:
                return made
        seed += 1


__all__ = ["FOLDER", "Mutation", "kinds", "mutate"]
