"""Params files to runs, and the fingerprint that says whether a notebook is up to date.

Nothing here imports pandas or papermill: to find that there is nothing to do takes no time.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

import evallib
from evallib.errors import Fault, StudyError
from evallib.study.folders import input_files, project_root, study_path

YEARLY = "0[1-5]_*.ipynb"  # the notebooks that every year goes through; 06 and 07 are for people


@dataclass(frozen=True)
class Run:
    """One params file: a study, a year, and parameters for the notebooks.

    Attributes
    ----------
    name : str
        The params file's name.
    folder : Path
        The study's folder.
    params : dict
        All parameters, ``study`` and ``year`` among them.
    """

    name: str
    folder: Path
    params: dict

    @property
    def study(self) -> str:
        """Code of the study."""
        return self.folder.name

    @property
    def year(self) -> int:
        """Year of the evaluation."""
        return self.params["year"]


def notebooks_folder() -> Path:
    """The folder of the workbook's notebooks."""
    return project_root() / "notebooks"


def source_of(name) -> Path:
    """Path of a notebook by its name."""
    return notebooks_folder() / f"{name}.ipynb"


def yearly_notebooks() -> tuple[str, ...]:
    """Names of the notebooks that every year goes through, in order."""
    return tuple(sorted(path.stem for path in notebooks_folder().glob(YEARLY)))


def declared_parameters(names) -> dict[str, list[str]]:
    """Names of the parameters that each notebook declares in its ``parameters`` cell.

    Raises
    ------
    StudyError
        If a notebook is missing, or has no cell with that tag.
    """
    declared, faults = {}, []
    for name in names:
        path = source_of(name)
        if not path.is_file():
            known = ", ".join(sorted(p.stem for p in notebooks_folder().glob("0*.ipynb")))
            faults.append(Fault(path.name, None, None, "no such notebook", f"name one of {known}"))
            continue
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        tagged = [c for c in cells if "parameters" in c["metadata"].get("tags", ())]
        if len(tagged) != 1:
            problem = f"{len(tagged)} cells are tagged `parameters`"
            faults.append(Fault(path.name, None, None, problem, "tag exactly one"))
            continue
        body = ast.parse("".join(tagged[0]["source"])).body
        declared[name] = [node.targets[0].id for node in body if isinstance(node, ast.Assign)]
    if faults:
        raise StudyError(faults)
    return declared


def read_run(path, *, more=()) -> Run:
    """A run from its params file, refused when a key is one that no notebook declares.

    Parameters
    ----------
    path : path of the params file
    more : names of notebooks whose parameters are known besides those of the yearly ones

    Raises
    ------
    StudyError
        If the file is no flat mapping, lacks study or year, has a key that no notebook knows, or
        names a study that does not exist.
    """
    path, names = Path(path), dict.fromkeys((*yearly_notebooks(), *more))
    if not path.is_file():
        raise StudyError([Fault(path.name, None, None, "no such file", "name a file of params/")])
    try:
        params = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StudyError(
            [Fault(path.name, None, None, f"no YAML ({error})", "correct it")]
        ) from None
    if not isinstance(params, dict):
        problem = "no mapping of parameters"
        raise StudyError([Fault(path.name, None, None, problem, "write `name: value` lines")])
    known = {key for declared in declared_parameters(names).values() for key in declared}
    faults = [_unknown(path.name, key, known) for key in params if key not in known]
    faults += [
        Fault(path.name, None, key, "the key is missing", f"add `{key}: ...`")
        for key in ("study", "year")
        if key not in params
    ]
    if "year" in params and not isinstance(params["year"], int):
        faults.append(
            Fault(path.name, None, "year", f"{params['year']!r} is no year", "write 2020")
        )
    if faults:
        raise StudyError(faults)
    folder = study_path(params["study"])
    if not (folder / str(params["year"])).is_dir():
        years = ", ".join(sorted(p.name for p in folder.glob("[0-9]" * 4))) or "none"
        problem = f"study {folder.name} has no year {params['year']}"
        raise StudyError([Fault(path.name, None, "year", problem, f"it has {years}")])
    return Run(path.name, folder, params)


def _unknown(file, key, known):
    near = difflib.get_close_matches(str(key), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
    return Fault(file, None, str(key), "no notebook declares this parameter", hint)


def fingerprint(run: Run, name, declared) -> str:
    """SHA-256 of all that the notebook's result rests on.

    Its parameters, its cells, the library, and every file of every year of the study.
    """
    cells = json.loads(source_of(name).read_text(encoding="utf-8"))["cells"]
    parts = {
        "params": {key: run.params[key] for key in declared if key in run.params},
        "source": ["".join(cell["source"]) for cell in cells],
        "library": library_digest(),
        "inputs": _inputs(run.folder),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@cache
def library_digest() -> str:
    """Version of the library and SHA-256 of its files."""
    home = Path(evallib.__file__).parent
    digest = hashlib.sha256(evallib.__version__.encode())
    for path in sorted(p for p in home.rglob("*") if p.is_file() and p.suffix != ".pyc"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _inputs(folder: Path) -> dict[str, str]:
    years = [path.name for path in folder.iterdir() if path.name.isdigit()]
    files = {file for year in years for file in input_files(folder, year)}
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(files)
    }
