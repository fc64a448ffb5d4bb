"""Files and folders that appear whole, or stay what they were."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE, EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux


def write_whole(path: Path | str, content: bytes | str) -> Path:
    """Write text or bytes so that the file is whole or what it was before."""
    path = Path(path)
    spare = path.with_name(f".{path.name}.part")
    try:
        spare.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        os.replace(spare, path)
    finally:
        spare.unlink(missing_ok=True)
    return path


def put_in_place(folder: Path, target: Path) -> Path:
    """Move a finished folder to ``target``; what was there goes.

    Where the system can swap two folders, there is one at every moment; elsewhere a program that
    is killed between two moves leaves the one before aside, and ``set_right`` puts it back.
    """
    folder, target = Path(folder), Path(target)
    before, there = set_right(target), target.exists()
    if there and _swapped(folder, target):
        shutil.rmtree(folder, ignore_errors=True)
        return target
    if there:
        target.rename(before)
    try:
        folder.rename(target)
    except OSError:
        if there:
            before.rename(target)
        raise
    shutil.rmtree(before, ignore_errors=True)
    return target


def _swapped(one: Path, other: Path) -> bool:
    """Whether two folders have taken each other's place, in one step."""
    try:
        swap = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):  # another system, or an old one
        return False
    return swap(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE) == 0


def set_right(target: Path) -> Path:
    """Put back, or away, what a move that was killed left aside; where the next one puts it."""
    before = target.with_name(f".before-{target.name}")  # no run works in a folder of that name
    if target.exists():
        shutil.rmtree(before, ignore_errors=True)
    elif before.exists():
        before.rename(target)
    return before


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A new folder to fill; it becomes ``target`` at the end, or nothing changes."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as work:
        folder = Path(work) / target.name
        folder.mkdir()
        yield folder
        put_in_place(folder, target)
