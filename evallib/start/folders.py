"""New folders of a study: an empty study to fill in, and a year with score sheets."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from xlsxwriter.exceptions import FileCreateError

from evallib.errors import Fault, StudyError
from evallib.start.pages import ROUNDS, layout_entry, pages_of
from evallib.start.plan import read_plan, source_of
from evallib.start.sheets import write_workbook
from evallib.study.folders import name_problem
from evallib.study.lines import facts_of, read_lines
from evallib.study.load import project_root, study_path
from evallib.study.sheets import read_grids, read_layout
from evallib.study.tables import columns_of
from evallib.study.tree import NodeRow
from evallib.study.units import UnitRow

if TYPE_CHECKING:
    from evallib.start.plan import Plan

TEMPLATES = files("evallib.start") / "templates"
CSV_ENCODING = "utf-8-sig"  # a spreadsheet shows Chinese only with the mark in front
MARKED = ("raw", "marks.csv", "totals.csv")
LAYOUT_NOTE = (
    "# 评分表的读法，随评分表一并生成。初评在先，终评为准；\n"
    "# 不做初评的，删去 初评.xlsx 和下面 round: initial 的各项。\n"
)


def new_year(study: Path | str, year: int, *, source_year: int | None = None) -> Path:
    """A new year of a study: its scheme, its rules, and score sheets for both rounds.

    Scheme and rules are copied from ``source_year``, or from the latest year before the new one
    that has a scheme. A folder that already holds the year's own ``scheme.csv``, and no marks,
    gets its score sheets. Units and aliases hold on by their dates. The year appears whole or
    not at all.

    Parameters
    ----------
    study : path of a study folder, or a folder name under ``data``
    year : int
        Four digits.
    source_year : int, optional

    Returns
    -------
    Path
        Folder of the year, with ``raw/初评.xlsx``, ``raw/终评.xlsx`` and ``raw/layout.yaml``.

    Raises
    ------
    StudyError
        If the year has marks already, there is no scheme to copy, study, units, aliases, scheme
        or rules have a fault, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = shutil.copytree(study_path("sichuan-land"), f"{folder}/land")
    ...     sorted(path.name for path in (new_year(study, 2012) / "raw").iterdir())
    ['layout.yaml', '初评.xlsx', '终评.xlsx']
    """
    path = study_path(study)
    source = _checked_source(path, year, source_year)
    plan = read_plan(path, year, source=source)
    target = path / str(year)
    with _built(target if source != year else target / "raw") as folder:
        raw = folder if source == year else folder / "raw"
        if source != year:
            raw.mkdir()
            for name in ("scheme.csv", "rules.yaml"):
                if (path / str(source) / name).is_file():
                    shutil.copyfile(path / str(source) / name, folder / name)
        _write_raw(raw, plan)
    return target


def new_study(path: Path | str, *, year: int | None = None) -> Path:
    """An empty study folder to fill in; its README says how.

    Parameters
    ----------
    path : path of the folder to make; a bare name is made under ``data``
    year : int, optional
        First year, whose ``scheme.csv`` is laid out as well.

    Returns
    -------
    Path

    Raises
    ------
    StudyError
        If the folder exists and is not empty, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sorted(entry.name for entry in new_study(f"{folder}/city").iterdir())
    ['README.md', 'study.yaml', 'units.csv']
    """
    target = Path(path)
    if str(path) == target.name:
        target = project_root() / "data" / target
    if problem := name_problem(target.name):
        raise _refused(str(path), problem, "choose another name")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise _refused(str(path), "it exists already", "name a folder that does not exist")
    if year is not None:
        _check_year(year)
    with _built(target) as folder:
        for name in ("study.yaml", "README.md"):
            text = (TEMPLATES / name).read_text(encoding="utf-8")
            text = text.replace("STUDY", target.name).replace("YEAR", str(year or "2025"))
            (folder / name).write_text(text, encoding="utf-8")
        _write_header(folder / "units.csv", UnitRow)
        if year is not None:
            (folder / str(year)).mkdir()
            _write_header(folder / str(year) / "scheme.csv", NodeRow)
    return target.resolve()


def new_params(folder: Path) -> Path:
    """The params file of a year's run, ``params/<study>-<year>.yaml``; made if it is not there.

    Parameters
    ----------
    folder : Path
        Folder of the year.
    """
    study, root = Path(folder).resolve().parent, project_root()
    path = root / "params" / f"{study.name}-{Path(folder).name}.yaml"
    if not path.exists():
        named = study.name if study.parent == root.resolve() / "data" else str(study)
        values = {"study": named, "year": int(Path(folder).name), "lang": "zh"}
        text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False)
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"# One published run: flat keys, each declared by at least one notebook.\n{text}",
            encoding="utf-8",
        )
    return path


def _check_year(year: int) -> None:
    if not isinstance(year, int) or not 1000 <= year <= 9999:
        raise _refused(str(year), "no year of four digits", "write a year such as 2025")


def _checked_source(path: Path, year: int, source_year: int | None) -> int | None:
    """The year to copy from; the year itself where it has a scheme of its own and no marks."""
    _check_year(year)
    folder = path / str(year)
    held = [name for name in MARKED if (folder / name).exists()]
    if held:
        remedy = "choose another year, or move the folder away first"
        raise _refused(str(year), f"the year exists already, with {', '.join(held)}", remedy)
    if folder.exists() and not (folder / "scheme.csv").is_file():
        remedy = "put its scheme.csv in, or remove the folder"
        raise _refused(str(year), "the folder exists already, without a scheme", remedy)
    if folder.exists() and source_year not in (None, year):
        remedy = "remove it, or start the year without naming another"
        raise _refused(f"{year}/scheme.csv", "the year has a scheme of its own", remedy)
    return source_of(path, year) if source_year is None else source_year


def _refused(file: str, problem: str, remedy: str) -> StudyError:
    return StudyError([Fault(file, None, None, problem, remedy)])


@contextmanager
def _built(target: Path) -> Iterator[Path]:
    """A folder that appears as ``target`` once everything in it is written, or not at all."""
    work = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        (work / target.name).mkdir()
        yield work / target.name
        os.replace(work / target.name, target)
    except (OSError, FileCreateError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        remedy = "check the disk and the rights of the folder; nothing was left behind"
        raise _refused(str(target), f"it cannot be written ({reason})", remedy) from error
    finally:
        if work:
            shutil.rmtree(work, ignore_errors=True)


def _write_header(path: Path, model: type[NodeRow | UnitRow]) -> None:
    columns = sorted(columns_of(model), key=lambda name: name.startswith("valid_"))  # dates last
    path.write_text(f"{','.join(columns)}\n", encoding=CSV_ENCODING)


def _write_raw(raw: Path, plan: Plan) -> None:
    """Both workbooks and their layout; read back before they are handed out."""
    pages = pages_of(plan)
    for name, file in ROUNDS.items():
        write_workbook(raw / f"{file}.xlsx", pages, round_name=name)
    entries = [layout_entry(page, name) for name in ROUNDS for page in pages]
    text = yaml.safe_dump(
        {"sheets": entries}, allow_unicode=True, sort_keys=False, default_flow_style=None, width=100
    )
    (raw / "layout.yaml").write_text(LAYOUT_NOTE + text, encoding="utf-8")
    _read_back(raw, plan)


def _read_back(raw: Path, plan: Plan) -> None:
    """Faults of names by which the reader of the sheets would not find each unit and leaf."""
    faults, layout = list[Fault](), read_layout(raw / "layout.yaml")
    grids = read_grids(raw, layout, faults)
    facts = facts_of(
        str(plan.year),
        scheme=plan.scheme,
        units=plan.units,
        aliases=plan.aliases,
        rules=plan.rules,
    )
    remedy = "give the unit a name_zh that means no other"
    for entry in layout.sheets:
        lines = read_lines(entry, grids[entry.file, entry.sheet], facts, faults)
        for line, unit in zip(lines, plan.units.index, strict=bool(lines)):
            if line.unit != unit or line.steps:
                problem = line.problem or f"{line.text!r} is read as {line.unit}, not as {unit}"
                faults.append(Fault("units.csv", None, "name_zh", problem, remedy))
    if faults:
        raise StudyError(faults)
