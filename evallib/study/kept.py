"""A study that was read once, kept in a folder for the kernels of one batch.

What is kept is a pickle, which may run anything when it is read. So none is read but from a folder
that belongs to this user and is closed to all others, as the one that the batch itself makes.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evallib.study.model import Study

State = list[tuple[str, int, int]]  # name, size and time of every file
FOLDER = "EVALLIB_KEPT"  # environment variable: where this user's batch keeps its studies


@contextmanager
def keeping() -> Iterator[Path]:
    """A private folder that every process begun inside the block looks into."""
    with tempfile.TemporaryDirectory(prefix="evallib-") as folder:
        before = os.environ.get(FOLDER)
        os.environ[FOLDER] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop(FOLDER)
            if before is not None:
                os.environ[FOLDER] = before


def keep(study: Study, state: State) -> None:
    """Keep a study without faults, read when its files were in this state, where a batch asks."""
    if _folder():
        _file(study.path).write_bytes(pickle.dumps((state, study)))


def kept(path: Path) -> Study | None:
    """The study of a folder in which no file has changed since it was kept, or None."""
    if not _folder() or not _file(path).is_file():
        return None
    state, study = pickle.loads(_file(path).read_bytes())  # noqa: S301 - written by this user
    return study if state == state_of(path) else None


def _folder() -> Path | None:
    """Where the batch keeps its studies, if there is one and nobody else can write to it."""
    folder = Path(os.environ.get(FOLDER) or "")
    if not os.environ.get(FOLDER) or not folder.is_dir():
        return None
    if not hasattr(os, "getuid"):  # Windows, where a user's temporary folder is the user's own
        return folder
    state = folder.lstat()
    return folder if state.st_uid == os.getuid() and not state.st_mode & 0o077 else None


def _file(path: Path) -> Path:
    return Path(os.environ[FOLDER]) / f"{hashlib.sha256(str(path).encode()).hexdigest()[:20]}.study"


def state_of(path: Path) -> State:
    """Name, size and time of every file of a study."""
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return [(str(f), (stat := f.stat()).st_size, stat.st_mtime_ns) for f in files]
