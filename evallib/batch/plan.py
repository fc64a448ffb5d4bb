"""Params files to runs, and the fingerprint that says whether a notebook is up to date.

Nothing here imports pandas or papermill: to find that there is nothing to do takes no time.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

import evallib
from evallib.errors import Fault, StudyError
from evallib.study.folders import input_files, project_root, study_path
from evallib.study.guard import parse_yaml, text_fault

YEARLY = "0[1-5]_*.ipynb"  # the notebooks that every year goes through; 06 to 08 are for people
PLAIN = str | int | float | date | None  # what a parameter may be, or a list of them


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
    notebooks : tuple of str
        The yearly ones; or those alone that a scenario, or a site's params file, is meant for.
    beside : str
        Ending of a result that stands beside the published one; empty for that one.
    """

    name: str
    folder: Path
    params: dict[str, Any]
    notebooks: tuple[str, ...]
    beside: str = ""

    @property
    def study(self) -> str:
        """Code of the study."""
        return self.folder.name

    @property
    def year(self) -> int:
        """Year of the evaluation."""
        return self.params["year"]

    def target(self, out: Path | str | None = None) -> Path:
        """Folder of the result."""
        ending = f"-{self.beside}" if self.beside else ""
        return Path(out or project_root() / "out") / self.study / f"{self.year}{ending}"


def notebooks_folder() -> Path:
    """The folder of the workbook's notebooks."""
    return project_root() / "notebooks"


def source_of(name: str) -> Path:
    """Path of a notebook by its name."""
    return notebooks_folder() / f"{name}.ipynb"


def yearly_notebooks() -> tuple[str, ...]:
    """Names of the notebooks that every year goes through, in order."""
    return tuple(sorted(path.stem for path in notebooks_folder().glob(YEARLY)))


def all_notebooks() -> tuple[str, ...]:
    """Names of all notebooks of the workbook, in order."""
    return tuple(sorted(path.stem for path in notebooks_folder().glob("0*.ipynb")))


def longest_first(names: Iterable[str]) -> list[str]:
    """Notebooks by the size of what they store, which goes with the time that they take."""
    return sorted(names, key=lambda name: -source_of(name).stat().st_size)


def declared_parameters(names: Iterable[str]) -> dict[str, list[str]]:
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
            remedy = f"name one of {', '.join(all_notebooks())}"
            faults.append(Fault(path.name, None, None, "no such notebook", remedy))
            continue
        tagged = [source for source, tags in _cells(path) if "parameters" in tags]
        if len(tagged) != 1:
            problem = f"{len(tagged)} cells are tagged `parameters`"
            faults.append(Fault(path.name, None, None, problem, "tag exactly one"))
            continue
        body = ast.parse(tagged[0]).body
        declared[name] = [
            node.targets[0].id
            for node in body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        ]
    _refuse(faults)
    return declared


def _cells(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Source and tags of every cell of a notebook."""
    state = path.stat()
    return _cells_of(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _cells_of(path: Path, *_state: int) -> list[tuple[str, tuple[str, ...]]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [("".join(c["source"]), tuple(c["metadata"].get("tags", ()))) for c in cells]


def read_run(path: Path | str, *, only: tuple[Any, ...] = ()) -> Run:
    """A run from its params file, refused when a key is one that no notebook declares.

    Parameters
    ----------
    path : path of the params file
    only : names of notebooks
        These alone. When omitted, every yearly notebook; or, where the file has a key that none
        of them declares, those notebooks alone that do: a scenario of 07_explore runs that.

    Raises
    ------
    StudyError
        If the file is no flat mapping, lacks study or year, has a key that no notebook knows, or
        names a study that does not exist.
    """
    path = Path(path)
    params = _read_params(path)
    declared = declared_parameters(dict.fromkeys((*all_notebooks(), *only)))
    known = {key for keys in declared.values() for key in keys}
    _refuse([*_param_faults(path.name, params, known)])
    folder = study_path(params["study"])
    if not (folder / str(params["year"])).is_dir():
        years = ", ".join(sorted(p.name for p in folder.glob("[0-9]" * 4))) or "none"
        problem = f"study {folder.name} has no year {params['year']}"
        _refuse([Fault(path.name, None, "year", problem, f"it has {years}")])
    if only:
        return Run(path.name, folder, params, tuple(only), "only")
    usual = {key for name in yearly_notebooks() for key in declared[name]}
    meant = tuple(n for n, keys in declared.items() if set(keys) & (set(params) - usual))
    if not meant:
        return Run(path.name, folder, params, yearly_notebooks())
    prefix = f"{folder.name}-{params['year']}-"
    return Run(path.name, folder, params, meant, path.stem.removeprefix(prefix) or path.stem)


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise StudyError(faults)


def _read_params(path: Path) -> dict[str, Any]:
    if not path.is_file():
        _refuse([Fault(path.name, None, None, "no such file", "name a file of params/")])
    _refuse([*filter(None, [text_fault(path, path.name)])])
    try:
        _, params = parse_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = f"no YAML ({' '.join(str(error).split())})"
        raise StudyError([Fault(path.name, None, None, problem, "correct it")]) from None
    if not isinstance(params, dict):
        problem = "no mapping of parameters"
        _refuse([Fault(path.name, None, None, problem, "write `name: value` lines")])
    return params


def _param_faults(file: str, params: Mapping[str, Any], known: set[str]) -> Iterator[Fault]:
    for key in params:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
            yield Fault(file, None, str(key), "no notebook declares this parameter", hint)
    for key, value in params.items():
        if not all(isinstance(part, PLAIN) for part in (value if type(value) is list else [value])):
            remedy = "write a text, a number, true or false, or a list of them"
            yield Fault(file, None, str(key), f"{value!r:.40} is no plain value", remedy)
    for key in ("study", "year"):
        if key not in params:
            yield Fault(file, None, key, "the key is missing", f"add `{key}: ...`")
    if "study" in params and not (isinstance(params["study"], str) and params["study"]):
        problem, remedy = f"{params['study']!r} is no study", "write a name or a folder, in quotes"
        yield Fault(file, None, "study", problem, remedy)
    if "year" in params and type(params["year"]) is not int:
        yield Fault(file, None, "year", f"{params['year']!r} is no year", "write 2020")


def fingerprint(
    run: Run, name: str, declared: Iterable[str], *, inputs: Mapping[str, str] | None = None
) -> str:
    """SHA-256 of all that the notebook's result rests on.

    Its parameters, its cells, the library, and every file of every year of the study, whose
    digests are taken where ``inputs`` does not have them.
    """
    parts = {
        "params": {key: run.params[key] for key in declared if key in run.params},
        "source": [source for source, _ in _cells(source_of(name))],
        "library": library_digest(),
        "inputs": input_digests(run.folder) if inputs is None else inputs,
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


def input_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file that the results of any year of a study rest on."""
    years = [path.name for path in folder.iterdir() if path.name.isdigit()]
    files = {file for year in years for file in input_files(folder, year)}
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(files)
    }
