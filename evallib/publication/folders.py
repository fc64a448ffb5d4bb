"""Files and folders that appear whole, or stay what they were."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path, content) -> Path:
    """Write text or bytes so that the file is whole or what it was before."""
    path = Path(path)
    spare = path.with_name(f".{path.name}.part")
    try:
        spare.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        os.replace(spare, path)
    finally:
        spare.unlink(missing_ok=True)
    return path


def put_in_place(folder, target) -> Path:
    """Move a finished folder to ``target``; what was there goes."""
    folder, target = Path(folder), Path(target)
    before, there = set_right(target), target.exists()
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


def set_right(target) -> Path:
    """Put back, or away, what a move that was killed left aside; where the next one puts it."""
    before = target.with_name(f".{target.name}-before")
    if target.exists():
        shutil.rmtree(before, ignore_errors=True)
    elif before.exists():
        before.rename(target)
    return before


@contextmanager
def whole_folder(target) -> Iterator[Path]:
    """A new folder to fill; it becomes ``target`` at the end, or nothing changes."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as work:
        folder = Path(work) / target.name
        folder.mkdir()
        yield folder
        put_in_place(folder, target)
