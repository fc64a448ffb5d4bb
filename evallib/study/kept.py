"""A study that was read once, kept in a folder for the kernels of one batch."""

from __future__ import annotations

import hashlib
import os
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def keep(study, state) -> None:
    """Keep a study without faults, read when its files were in this state, where a batch asks."""
    if os.environ.get(FOLDER):
        _file(study.path).write_bytes(pickle.dumps((state, study)))


def kept(path: Path):
    """The study of a folder in which no file has changed since it was kept, or None."""
    if not os.environ.get(FOLDER) or not _file(path).is_file():
        return None
    state, study = pickle.loads(_file(path).read_bytes())
    return study if state == state_of(path) else None


def _file(path):
    return Path(os.environ[FOLDER]) / f"{hashlib.sha256(str(path).encode()).hexdigest()[:20]}.study"


def state_of(path) -> list[tuple]:
    """Name, size and time of every file of a study."""
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return [(str(f), (stat := f.stat()).st_size, stat.st_mtime_ns) for f in files]
