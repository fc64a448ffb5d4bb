"""Run params files: what is up to date is kept, the rest is executed, results move in whole.

A run works in ``out/<study>/.<year>``. Each executed notebook is put there under its fingerprint
as soon as it is done, and when all are, the folder moves to ``out/<study>/<year>`` in one step:
a run that is killed leaves no half-written result, and ``resume`` takes up what it had done.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from evallib.batch.outcome import CURRENT, FAILED, RAN, Outcome, RunError
from evallib.batch.plan import (
    Run,
    declared_parameters,
    fingerprint,
    read_run,
    source_of,
    yearly_notebooks,
)
from evallib.batch.pool import open_pool
from evallib.errors import Fault, StudyError
from evallib.study.folders import project_root

Progress = Callable[[Outcome | str, int, int], None]


@dataclass
class _Place:
    """Where a run works and where its result goes, and what is known of its notebooks."""

    run: Run
    target: Path
    names: tuple[str, ...]
    prints: dict[str, str]
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def work(self) -> Path:
        return self.target.with_name(f".{self.target.name}")

    def kept(self, name) -> Path | None:
        """The executed notebook of the same fingerprint, in the result or in the work folder."""
        for folder in (self.target, self.work):
            path = folder / "notebooks" / f"{name}.ipynb"
            mark = path.with_suffix(".sha256")
            if path.is_file() and mark.is_file() and mark.read_text() == self.prints[name]:
                return path
        return None

    @property
    def complete(self) -> bool:
        """Whether the result in place is the one that this run would make."""
        inside = self.target / "notebooks"
        return (self.target / "manifest.json").is_file() and all(
            (path := self.kept(name)) is not None and path.parent == inside for name in self.names
        )


def run(params_file, *, out=None, jobs=2, progress=lambda *_: None) -> Path:
    """Run one params file from beginning to end.

    Returns
    -------
    Path of the finished folder ``out/<study>/<year>``: complete, or what it was before.

    Raises
    ------
    StudyError
        If the params or the study are faulty; nothing is run.
    RunError
        If a notebook failed.
    """
    outcomes = run_all([params_file], out=out, jobs=jobs, progress=progress)
    failed = [outcome for outcome in outcomes if outcome.status == FAILED]
    if failed:
        raise RunError(failed)
    return _target(read_run(params_file), out)


def run_all(
    params_files: Iterable,
    *,
    out=None,
    jobs=2,
    resume=False,
    only=(),
    cluster=None,
    progress: Progress = lambda *_: None,
) -> list[Outcome]:
    """Run several params files; a notebook that fails does not stop the others.

    Parameters
    ----------
    params_files : paths
    out : path, optional
        Folder that gets ``<study>/<year>/``; ``out`` of the project when omitted.
    jobs : int
        Notebooks that run side by side, where there is no cluster.
    resume : bool
        Keep what is up to date: parameters, notebook, library and every input file unchanged.
    only : names of notebooks
        Run these alone, into ``<study>/<year>-only``, without letter and report.
    cluster : str, optional
        Address of a Dask scheduler, ``tcp://host:port``.
    progress : function of (Outcome or name of a step, steps done, steps in all)

    Raises
    ------
    StudyError
        If a params file or a study is faulty; nothing is run.
    """
    names = tuple(only) or yearly_notebooks()
    declared = declared_parameters(names)
    runs = [read_run(path, more=only) for path in params_files]
    places = [_place(one, out, names, declared, partial=bool(only)) for one in runs]
    due = [place for place in places if not (resume and place.complete)]
    current = [
        Outcome(p.run.study, p.run.year, name, CURRENT)
        for p in places
        if p not in due
        for name in names
    ]
    if not due:
        return current
    _check(due)
    with open_pool(jobs, cluster) as pool:
        _work(due, declared, pool, resume, progress, whole=not only)
    return [*current, *(outcome for place in due for outcome in place.outcomes)]


def _place(one, out, names, declared, *, partial):
    target = _target(one, out)
    target = target.with_name(f"{target.name}-only") if partial else target
    return _Place(one, target, names, {n: fingerprint(one, n, declared[n]) for n in names})


def _target(one, out):
    return Path(out or project_root() / "out") / one.study / str(one.year)


def _check(places):
    """Refuse faulty studies, and folders that cannot be written, before anything is run."""
    from evallib.study.load import inspect_study

    faults = []
    for folder in dict.fromkeys(place.run.folder for place in places):
        faults += inspect_study(folder)[1]
    for place in places:
        try:
            place.target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place.target.parent):
                pass
        except OSError as error:
            remedy = "name another with --out, or make room"
            faults.append(Fault(str(place.target.parent), None, None, str(error.strerror), remedy))
    if faults:
        raise StudyError(faults)


def _work(places, declared, pool, resume, progress, *, whole):
    total = sum(len(place.names) + whole for place in places)
    waiting: dict[Future, tuple[_Place, str]] = {}
    for place in places:
        if not resume:
            shutil.rmtree(place.work, ignore_errors=True)
        (place.work / "notebooks").mkdir(parents=True, exist_ok=True)
        for name in place.names:
            if resume and (kept := place.kept(name)):
                _keep(place, name, kept.read_bytes())
                place.outcomes.append(Outcome(place.run.study, place.run.year, name, CURRENT))
                continue
            params = {k: v for k, v in place.run.params.items() if k in declared[name]}
            waiting[pool.submit(place.run.folder, source_of(name).read_bytes(), params)] = (
                place,
                name,
            )
    done = total - len(waiting) - whole * len(places)
    for place in places:
        done += _finish(place, progress, done, total, whole=whole)
    for future in as_completed(waiting):
        place, name = waiting[future]
        place.outcomes.append(_outcome(place, name, future))
        done += 1
        progress(place.outcomes[-1], done, total)
        done += _finish(place, progress, done, total, whole=whole)


def _outcome(place, name, future) -> Outcome:
    about = place.run.study, place.run.year, name
    try:
        executed = future.result()
    except Exception as error:  # a worker or its machine was lost: the others go on
        return Outcome(*about, FAILED, error=f"{type(error).__name__}: {error}")
    if not executed.error:
        _keep(place, name, executed.content)
        return Outcome(*about, RAN, executed.seconds)
    log = place.target.parent / "failed" / f"{place.run.year}-{name}.ipynb"
    log.parent.mkdir(exist_ok=True)
    _write(log, executed.content)
    where = {"cell": executed.cell, "line": executed.line, "error": executed.error}
    return Outcome(*about, FAILED, executed.seconds, **where, log=str(log))


def _keep(place, name, content):
    path = place.work / "notebooks" / f"{name}.ipynb"
    _write(path, content)
    _write(path.with_suffix(".sha256"), place.prints[name].encode())


def _write(path, content):
    """Write a file so that it is whole or not there."""
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(content)
    new.replace(path)


def _finish(place, progress, done, total, *, whole) -> int:
    """Publish and move into place, once all notebooks of a run are done and none failed."""
    if len(place.outcomes) < len(place.names):
        return 0
    if any(outcome.status == FAILED for outcome in place.outcomes):
        return int(whole)
    if whole:
        progress(f"publish {place.run.study} {place.run.year}", done, total)
        try:
            _publish(place)
        except Exception as error:  # what fails does not stop the others
            about = place.run.study, place.run.year, "letter and report"
            place.outcomes.append(Outcome(*about, FAILED, error=f"{type(error).__name__}: {error}"))
            return 1
    with _aside(place.target) as before:
        if place.target.exists():
            place.target.rename(before)
        place.work.rename(place.target)
    return int(whole)


@contextmanager
def _aside(target):
    """A place for the result that was there; it is gone afterwards."""
    folder = target.with_name(f".{target.name}-before-{os.getpid()}")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _publish(place):
    from evallib.publication.publish import publish
    from evallib.study.load import read_study

    study = read_study(place.run.folder)
    paths = [place.work / "notebooks" / f"{name}.ipynb" for name in place.names]
    publish(study, place.run.year, place.work, params=place.run.params, notebooks=paths)
