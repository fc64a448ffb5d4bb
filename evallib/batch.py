"""Notebooks x studies x years through papermill, and the whole result of a run moved into place."""

from __future__ import annotations

import difflib
import logging
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
import papermill
import yaml
from papermill.exceptions import PapermillExecutionError
from papermill.translators import PythonTranslator, papermill_translators

from evallib.errors import Fault, StudyError
from evallib.publication.publish import publish
from evallib.refresh import KERNEL
from evallib.study.load import project_root, read_study, study_path

YEARLY = ("01_clean", "02_score")


class ReadableTranslator(PythonTranslator):
    """Writes injected text as it is, so that Chinese stays readable in executed notebooks."""

    @classmethod
    def translate_str(cls, val):
        """The text as a Python literal."""
        return repr(val)


papermill_translators.register("python", ReadableTranslator)


@dataclass(frozen=True)
class Failure:
    """A notebook that did not run: which, in which cell (from 1, with its first line), and why."""

    study: str
    year: int
    notebook: str
    cell: int
    line: str
    error: str

    def __str__(self) -> str:
        place = f"study {self.study}, year {self.year}, notebook {self.notebook}, cell {self.cell}"
        place += f" ({self.line})"
        return f"{place}: {self.error}"


class RunError(Exception):
    """A run that failed; ``failures`` says where."""

    def __init__(self, failures):
        self.failures = tuple(failures)
        super().__init__("\n".join(str(failure) for failure in self.failures))


def notebooks_folder() -> Path:
    """The folder of the workbook's notebooks."""
    return project_root() / "notebooks"


def declared_parameters(names=YEARLY) -> dict[str, list[str]]:
    """Names of the parameters that each notebook declares in its ``parameters`` cell."""
    folder = notebooks_folder()
    return {name: list(papermill.inspect_notebook(str(folder / f"{name}.ipynb"))) for name in names}


def read_params(path) -> dict:
    """Parameters of a params file, refused when a notebook declares none of that name.

    Raises
    ------
    StudyError
        If the file is no flat mapping, lacks study or year, or has a key that no notebook knows.
    """
    path = Path(path)
    if not path.is_file():
        raise StudyError(
            [Fault(path.name, None, None, "no such params file", "name a file of params/")]
        )
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(params, dict):
        raise StudyError(
            [Fault(path.name, None, None, "no mapping of parameters", "write `name: value` lines")]
        )
    known = {key for declared in declared_parameters().values() for key in declared}
    faults = [_unknown(path.name, key, known) for key in params if key not in known]
    faults += [
        Fault(path.name, None, key, "the key is missing", f"add `{key}: ...`")
        for key in ("study", "year")
        if key not in params
    ]
    if faults:
        raise StudyError(faults)
    return params


def _unknown(file, key, known):
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
    return Fault(file, None, key, "no notebook declares this parameter", hint)


def run(params_file, *, out=None, jobs=2, progress=lambda step, done, total: None) -> Path:
    """Run one year: check, execute the notebooks, publish, and move the result into place.

    Parameters
    ----------
    params_file : path of a YAML file with at least ``study`` and ``year``
    out : path of the folder that gets ``<study>/<year>/``; ``out`` of the project when omitted
    jobs : int
        Notebooks that run side by side.
    progress : function of (name of the step, steps done, steps in all)

    Returns
    -------
    Path of the finished folder. It is complete, or it is what it was before.

    Raises
    ------
    StudyError
        If the params or the study are faulty; nothing is run.
    RunError
        If a notebook failed.
    """
    params = read_params(params_file)
    study = read_study(study_path(params["study"]))
    target = Path(out or project_root() / "out") / study.code / str(params["year"])
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{params['year']}-", dir=target.parent) as folder:
        work = Path(folder) / "result"
        (work / "notebooks").mkdir(parents=True)
        executed = _execute_all(params, study, work / "notebooks", jobs, progress)
        progress("publish", len(executed), len(executed) + 1)
        publish(study, params["year"], work, params=params, notebooks=executed)
        _move_into_place(work, target, Path(folder))
    progress("done", len(executed) + 1, len(executed) + 1)
    return target


def _execute_all(params, study, folder, jobs, progress):
    declared = declared_parameters()
    done, failures = [], []
    home = Path.cwd()
    os.chdir(notebooks_folder())
    try:
        with ThreadPoolExecutor(jobs) as pool:
            work = {
                name: pool.submit(
                    execute, name, {k: v for k, v in params.items() if k in keys}, folder
                )
                for name, keys in declared.items()
            }
            for name, future in work.items():
                progress(name, len(done), len(work) + 1)
                try:
                    done.append(future.result())
                except PapermillExecutionError as error:
                    failures.append(_failure(error, study.code, params["year"], name))
    finally:
        os.chdir(home)
    if failures:
        raise RunError(failures)
    return done


def _failure(error, study, year, name):
    """Where a notebook failed: the cell as it is numbered in the notebook, from 1."""
    cells = nbformat.read(notebooks_folder() / f"{name}.ipynb", as_version=4).cells
    cell = next((n for n, cell in enumerate(cells, 1) if cell.source == error.source), 0)
    line = error.source.strip().splitlines()[0]
    return Failure(study, year, name, cell, line, f"{error.ename}: {error.evalue}".strip())


def execute(name, params, folder) -> Path:
    """The executed copy of one notebook, in the folder given; relative paths are the notebook's."""
    logging.getLogger("papermill").setLevel(logging.ERROR)
    target = Path(folder) / f"{name}.ipynb"
    papermill.execute_notebook(
        str(notebooks_folder() / f"{name}.ipynb"),
        str(target),
        parameters=params,
        progress_bar=False,
        kernel_name="python3",
        log_output=False,
        config=KERNEL,
    )
    return target


def _move_into_place(work, target, spare):
    """Replace the target by the finished work; what was there goes away with the spare folder."""
    if target.exists():
        target.rename(spare / "before")
    shutil.move(work, target)
