"""Run params files: what is up to date is kept, the rest is executed, results move in whole.

While the first notebooks run, another process (``press``) makes what needs none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from evallib.batch.outcome import CURRENT, FAILED, RAN, Outcome, RunError, said
from evallib.batch.place import Place
from evallib.batch.plan import (
    Run,
    declared_parameters,
    fingerprint,
    input_digests,
    longest_first,
    read_run,
    source_of,
)
from evallib.batch.pool import Cluster, Threads, open_pool
from evallib.batch.press import Press
from evallib.errors import Fault, StudyError
from evallib.study.kept import keeping

Progress = Callable[[Outcome | str, int, int], None]
PUBLISHED = "letter and report"


def run(
    params_file: Path | str,
    *,
    out: Path | str | None = None,
    jobs: int = 2,
    progress: Progress = lambda *_: None,
) -> Path:
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
    return read_run(params_file).target(out)


def run_all(
    params_files: Iterable[Path | str],
    *,
    out: Path | str | None = None,
    jobs: int = 2,
    resume: bool = False,
    only: tuple[Any, ...] = (),
    cluster: str | None = None,
    progress: Progress = lambda *_: None,
) -> list[Outcome]:
    """Run several params files; a notebook that fails does not stop the others.

    Parameters
    ----------
    params_files : paths
    out : path, optional
        Folder that gets ``<study>/<year>/`` and ``index.html``; ``out`` of the project when
        omitted.
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
        If a params file or a study is faulty, or two params files name one year; nothing is run.
    """
    runs = [read_run(path, only=only) for path in params_files]
    declared = declared_parameters({name for one in runs for name in one.notebooks})
    places = _places(runs, declared, out)
    due = [place for place in places if not (resume and place.complete)]
    for place in (one for one in places if one not in due):
        place.tidy()
        for name in place.names:
            place.note(name, CURRENT)
    if due:
        with ExitStack() as stack:
            for place in due:
                stack.callback(place.leave)
            _refuse([fault for place in due for fault in place.take()])
            desk = stack.enter_context(ThreadPoolExecutor(1))
            stack.enter_context(keeping())
            press = stack.enter_context(Press())
            _check(due, press, desk, local=cluster is None)
            with open_pool(jobs, cluster) as pool:
                _work(due, declared, pool, press, desk, progress, fresh=not resume)
        _write_index([place for place in due if place.succeeded])
    return [outcome for place in places for outcome in place.outcomes]


def _places(
    runs: list[Run], declared: Mapping[str, list[str]], out: Path | str | None
) -> list[Place]:
    """Where every run goes; refused where two go to one place."""
    inputs = {folder: input_digests(folder) for folder in {one.folder for one in runs}}
    places: dict[Path, Place] = {}
    for one in runs:
        target = one.target(out)
        if target in places:
            problem = f"it makes {one.study}/{target.name}, and so does {places[target].run.name}"
            _refuse([Fault(one.name, None, None, problem, "run one of them")])
        prints = {
            name: fingerprint(one, name, declared[name], inputs=inputs[one.folder])
            for name in one.notebooks
        }
        places[target] = Place(one, target, prints, inputs[one.folder])
    return [*places.values()]


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise StudyError(faults)


def _check(places: list[Place], press: Press, desk: Executor, *, local: bool) -> None:
    """Refuse faulty studies before anything is run; meanwhile load what runs notebooks here."""
    folders = dict.fromkeys(place.run.folder for place in places)
    checks = [desk.submit(press.faults, folder) for folder in folders]
    if local:
        import evallib.batch.execute  # noqa: F401
    _refuse([fault for check in checks for fault in check.result()])


def _work(
    places: list[Place],
    declared: Mapping[str, list[str]],
    pool: Threads | Cluster,
    press: Press,
    desk: Executor,
    progress: Progress,
    *,
    fresh: bool,
) -> None:
    """Execute what is due, publish and move into place; every place has its outcomes then."""
    steps: dict[Future[Any], tuple[Place, str | None]] = {}
    for place in places:
        kept = place.open(fresh=fresh)
        for name in kept:
            place.note(name, CURRENT)
        for name in longest_first(name for name in place.names if name not in kept):
            given = {k: v for k, v in place.run.params.items() if k in declared[name]}
            submitted = pool.submit(place.run.folder, source_of(name).read_bytes(), given)
            steps[submitted] = place, name
        steps[desk.submit(_publish, place, press)] = place, None
    total = sum(len(place.names) + 1 for place in places)
    try:
        for done, step in enumerate(as_completed(steps), total - len(steps) + 1):
            place, notebook = steps[step]
            progress(_outcome(place, notebook, step), done, total)
    finally:  # whoever waits for notebooks that will not come goes home
        for place in places:
            place.ended.set()


def _outcome(place: Place, name: str | None, step: Future[Any]) -> Outcome | str:
    """Note what became of a notebook, or of the publication; what fails does not stop others."""
    try:
        executed = step.result()
        if name is None:
            became = "published" if executed else "not published, since notebooks failed"
            return f"study {place.run.study}, year {place.run.year}: {became}"
        if not executed.error:
            place.keep(name, executed.content)
            return place.note(name, RAN, executed.seconds)
        where = {"cell": executed.cell, "line": executed.line, "error": executed.error}
        log = place.log(name, executed.content)
        return place.note(name, FAILED, executed.seconds, **where, log=log)
    except Exception as error:
        return place.note(name or PUBLISHED, FAILED, error=said(error))


def _publish(place: Place, press: Press) -> bool:
    """What needs no notebook; then, when all are done and none failed, the report, and the move."""
    about = place.run.folder, place.run.year, place.work, place.run.params
    if not place.run.beside:
        press.data(*about)
    place.ended.wait()
    if place.succeeded:
        place.carry_cards()
        press.report(*about)
        place.finish()
    return place.succeeded


def _write_index(places: list[Place]) -> None:
    """Bring the page over all results up to date, if anything is new."""
    from evallib.publication.index import write_index

    for place in places[:1]:
        try:
            lang = place.run.params.get("lang", "zh")
            write_index(place.target.parents[1], lang=lang)
        except OSError as error:
            place.note("index.html", FAILED, error=said(error))
