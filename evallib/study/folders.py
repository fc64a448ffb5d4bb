"""Where studies are, and which files the results of a year rest on."""

from __future__ import annotations

from pathlib import Path

from evallib.errors import Fault, StudyError


def project_root() -> Path:
    """The folder with ``data`` and ``notebooks``: above the caller, else above the package."""
    for start in (Path.cwd(), Path(__file__).resolve()):
        for folder in (start, *start.parents):
            if (folder / "data").is_dir() and (folder / "notebooks").is_dir():
                return folder
    return Path.cwd()


def find_study(study) -> Path | None:
    """Folder of a study named by its path or by its folder under ``data``; None without one."""
    folders = (Path(study), project_root() / "data" / str(study))
    return next((f.resolve() for f in folders if (f / "study.yaml").is_file()), None)


def study_path(study) -> Path:
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


def input_files(folder, year) -> list[Path]:
    """Every file of a study folder that the results of a year rest on, in a fixed order."""
    top = [path for path in Path(folder).iterdir() if path.is_file()]
    return sorted([*top, *(p for p in (Path(folder) / str(year)).rglob("*") if p.is_file())])
