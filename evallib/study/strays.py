"""What lies in a study folder and would go unread: misnamed files, folders where files belong."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from pathlib import Path

from evallib.errors import Fault
from evallib.study.cells import squeeze

ABOUT = ("study.yaml", "units.csv", "aliases.csv", "successions.csv")
OF_YEAR = (
    "scheme.csv",
    "rules.yaml",
    "marks.csv",
    "decisions.csv",
    "adjustments.csv",
    "findings.csv",
    "reviews.csv",
    "totals.csv",
    "measures.yaml",
)
MARKED = ("scheme.csv", "marks.csv", "totals.csv", "raw")  # one of them is in every year
TABULAR = {".csv", ".yaml", ".yml", ".xlsx", ".xls", ".txt", ".tsv"}
YEAR = re.compile(r"[12][0-9]{3}")


def stray_faults(folder: Path, years: Collection[int] | None = None) -> Iterator[Fault]:
    """Faults of a study folder and its years: files that only seem to be among those read.

    Parameters
    ----------
    folder : Path of the study
    years : iterable of int, optional
        Years that are read; all when omitted.
    """
    yield from _misnamed(folder, ABOUT, "")
    for entry in sorted(path for path in folder.iterdir() if path.is_dir()):
        if YEAR.fullmatch(entry.name):
            if years is not None and int(entry.name) not in years:
                continue
            yield from _misnamed(entry, OF_YEAR, f"{entry.name}/")
        elif (meant := _year_of(entry.name)) and any((entry / n).exists() for n in MARKED):
            remedy = f"name it {meant}, or move it out of the study"
            yield Fault(entry.name, None, None, "a year that is not read", remedy)


def _year_of(name: str) -> str:
    found = re.search(rf"(?<![0-9]){YEAR.pattern}(?![0-9])", unicodedata.normalize("NFKC", name))
    return found[0] if found else ""


def _misnamed(folder: Path, known: tuple[str, ...], prefix: str) -> Iterator[Fault]:
    for path in sorted(folder.iterdir()):
        if path.name in known:
            if path.is_dir():
                problem, remedy = "a folder, not a file", "put the file in its place"
                yield Fault(f"{prefix}{path.name}", None, None, problem, remedy)
        elif meant := _meant(path, known):
            remedy = f"name it {meant}, or move it out of the study"
            yield Fault(f"{prefix}{path.name}", None, None, "a file that is not read", remedy)


def _meant(path: Path, known: tuple[str, ...]) -> str:
    """The known name that a file nearly has."""
    stem = squeeze(path.name).casefold().partition(".")[0]
    near = (name for name in known if name.partition(".")[0] == stem)
    return next(near, "") if path.suffix.lower() in TABULAR else ""


def unlisted_faults(raw: Path, listed: set[str], prefix: str) -> Iterator[Fault]:
    """Faults of raw tables of which ``layout.yaml`` says nothing, so that nobody reads them.

    Parameters
    ----------
    raw : Path of the folder ``raw``
    listed : set of file names
    prefix : str, the folder as it is named in faults
    """
    for path in sorted(raw.rglob("*")):
        name = Path(path.relative_to(raw)).as_posix()
        hidden = path.name.startswith(("~$", "."))  # of office programs and file systems
        if name not in listed and not hidden and path.suffix.lower() in (".csv", ".xlsx", ".xls"):
            remedy = "list it there, or move it out of raw/"
            yield Fault(f"{prefix}/{name}", None, None, "layout.yaml does not list it", remedy)
