"""Where studies are, and which files the results of a year rest on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

from evallib.errors import Fault, StudyError
from evallib.study.guard import unseen

LONGEST = 200  # bytes of a name that still takes an ending; file systems hold 255
UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:\..*)?", re.IGNORECASE)


def project_root() -> Path:
    """The folder with ``data`` and ``notebooks``: above the caller, else above the package."""
    for start in (Path.cwd(), Path(__file__).resolve()):
        for folder in (start, *start.parents):
            if (folder / "data").is_dir() and (folder / "notebooks").is_dir():
                return folder
    return Path.cwd()


def find_study(study: Path | str) -> Path | None:
    """Folder of a study named by its path or by its folder under ``data``; None without one."""
    folders = (Path(study), project_root() / "data" / str(study))
    return next((f.resolve() for f in folders if (f / "study.yaml").is_file()), None)


def study_path(study: Path | str) -> Path:
    """Folder of a study that is named by its path or by its folder under ``data``.

    Raises
    ------
    StudyError
        If neither exists; the message lists the studies there are.
    """
    found = find_study(study)
    if found is not None:
        return found
    known = sorted(f.parent.name for f in (project_root() / "data").glob("*/study.yaml"))
    remedy = f"name a folder, or one of {', '.join(known) or 'data/'}"
    raise StudyError([Fault("study.yaml", None, None, f"no study {str(study)!r}", remedy)])


def inside(name: str) -> bool:
    """Whether a name from a file, read on any system, stays inside the folder it is meant for.

    Examples
    --------
    >>> [inside(name) for name in ("终评.xlsx", "a/b.csv", "../b.csv", "/etc/b.csv", "C:b.csv")]
    [True, True, False, False, False]
    """
    path = PureWindowsPath(name)  # takes both kinds of slashes
    return bool(path.parts) and not (path.anchor or ".." in path.parts or unseen(name))


def name_problem(name: str) -> str:
    """Why a name that a person chose cannot be that of a folder on any system; or nothing.

    Examples
    --------
    >>> name_problem("nanning"), name_problem("con"), name_problem("a/b")
    ('', "'con' is reserved on Windows", "'a/b' holds '/'")
    """
    if sign := unseen(name):
        return f"{name!r} holds {sign}, a sign that nobody sees"
    if len(name.encode()) > LONGEST:
        return f"{name[:20]!r} and so on is longer than {LONGEST} bytes"
    if found := UNSAFE.search(name):
        return f"{name!r} holds {found[0]!r}"
    if RESERVED.fullmatch(name):
        return f"{name!r} is reserved on Windows"
    if not name or name[0] in ". -" or name[-1] in ". ":
        return f"{name!r} begins or ends with a sign that gets lost"
    return ""


def folder_faults(folder: Path) -> Iterator[Fault]:
    """Faults of a study's folder: its name, by which results are named, and links out of it."""
    if problem := name_problem(folder.name):
        yield Fault("study.yaml", None, None, problem, "rename the folder")
    for path in sorted(Path(folder).rglob("*")):
        if path.is_symlink() and not path.resolve().is_relative_to(folder):
            file, remedy = path.relative_to(folder).as_posix(), "put the file itself there"
            yield Fault(file, None, None, "the link leads out of the study", remedy)


def input_files(folder: Path | str, year: int | str) -> list[Path]:
    """Every file of a study folder that the results of a year rest on, in a fixed order."""
    top = [path for path in Path(folder).iterdir() if path.is_file()]
    return sorted([*top, *(p for p in (Path(folder) / str(year)).rglob("*") if p.is_file())])
