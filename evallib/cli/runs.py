"""Commands that run notebooks: one year, many years, or in place."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from evallib.batch.outcome import Outcome
from evallib.cli.common import (
    JsonOption,
    err_console,
    fail,
    known_notebooks,
    out_console,
    settings,
    tell,
)

ParamsFile = Annotated[Path, typer.Argument(help="Params file: one published run.")]
OutFolder = Annotated[
    Path | None, typer.Option("--out", help="Folder for the results; out/ when omitted.")
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Notebooks that run side by side.")]


@contextmanager
def progress_bar() -> Iterator[Callable[..., Any]]:
    """A progress bar on standard error, as the function that `run_all` reports to."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    look: dict[str, Any] = {"console": err_console, "transient": True, "disable": settings.quiet}
    with Progress(*columns, TimeElapsedColumn(), **look) as bar:
        task = bar.add_task("check the study", total=None)

        def report(step: object, done: int, total: int) -> None:
            if not settings.quiet:
                bar.console.print(str(step), markup=False, highlight=False)
            bar.update(task, description="run", completed=done, total=total)

        try:
            yield report
        except KeyboardInterrupt:
            bar.stop()
            err_console.print("stopped; finished notebooks are kept, and batch --resume goes on")
            raise


def run(params: ParamsFile, out: OutFolder = None, jobs: Jobs = 2) -> None:
    """Take one year from raw sheets to scores, figures, notebooks, letter and report.

    A params file with a key that only another notebook declares, such as a scenario of 07_explore,
    runs that notebook alone, beside the year's results.
    """
    from evallib import batch

    try:
        with progress_bar() as progress:
            target = batch.run(params, out=out, jobs=jobs, progress=progress)
    except batch.RunError as error:
        count = f"{len(error.outcomes)} failed; results of before, if any, are what they were"
        fail(str(error) if settings.quiet else count)
    tell(target)
    for line in notes_on(target):
        tell(line)


def run_batch(
    params: Annotated[list[Path], typer.Argument(help="Params files, one published run each.")],
    out: OutFolder = None,
    jobs: Jobs = 2,
    resume: Annotated[bool, typer.Option("--resume", help="Keep what is up to date.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            help="Run this notebook alone; may be repeated.",
            autocompletion=known_notebooks,
        ),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="Dask scheduler, such as tcp://host:8786.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run several params files; what fails does not stop the others."""
    from evallib.batch import run_all
    from evallib.batch.outcome import FAILED
    from evallib.publication.folders import write_whole
    from evallib.study.folders import project_root

    chosen: dict[str, Any] = {
        "out": out,
        "jobs": jobs,
        "resume": resume,
        "only": only or (),
        "cluster": cluster,
    }
    with progress_bar() as progress:
        outcomes = run_all(params, **chosen, progress=progress)
    report = json.dumps([one.as_dict() for one in outcomes], ensure_ascii=False, indent=2)
    if as_json:
        print(report)
    elif not settings.quiet:
        out_console.print(outcome_table(outcomes))
    failed = [str(outcome) for outcome in outcomes if outcome.status == FAILED]
    for text in failed:
        err_console.print(text, style="red", markup=False, highlight=False)
    write_whole(Path(out or project_root() / "out") / "report.json", f"{report}\n")
    raise typer.Exit(int(bool(failed)))


def outcome_table(outcomes: list[Outcome]) -> Table:
    """What ran, what was up to date and what failed, as a table for the terminal."""
    table = Table("study", "year", "notebook", "status", "seconds")
    for one in sorted(outcomes, key=lambda one: (one.study, one.year, one.notebook)):
        about = (one.study, str(one.year), one.notebook, one.status, f"{one.seconds:.1f}")
        table.add_row(*map(escape, about))
    return table


def notes_on(folder: Path) -> list[str]:
    """What a person should know about a finished result besides where it is."""
    notes = [claims_line(folder)] if (folder / "claims.csv").is_file() else []
    if (folder / "vetoes.csv").is_file():
        notes += veto_lines(folder)
    if (folder / "cards-outdated").is_dir():
        about = f"{folder.parent.name} {folder.name}"
        notes.append(f"cards-outdated/ rests on other inputs; new cards: evallib cards {about}")
    return notes


def veto_lines(folder: Path) -> list[str]:
    """The proposed vetoes of a run that await a person, and how they are decided."""
    from evallib.publication.views_evidence import veto_notes

    with (folder / "vetoes.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    return veto_notes(texts, file=f"{folder.name}/adjustments.csv", lang="en")


def claims_line(folder: Path) -> str:
    """How the claims of a run's published letter came out, in one line."""
    with (folder / "claims.csv").open(encoding="utf-8") as file:
        verdicts = Counter(row["verdict"] for row in csv.DictReader(file))
    parts = [f"{count} {verdict}" for verdict, count in verdicts.most_common()]
    return f"claims of the published letter: {', '.join(parts) or 'none on record'}"


def refresh(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Notebooks, such as 02_score; all when omitted.", autocompletion=known_notebooks
        ),
    ] = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Only report drift; exit code 1 if any.")
    ] = False,
) -> None:
    """Run the notebooks with their own parameters and store their outputs in place."""
    from evallib import refresh as refreshing

    drifts = refreshing.refresh(names, write=not check_only)
    for drift in drifts:
        tell(drift)
    tell(f"{len(drifts)} cell{'' if len(drifts) == 1 else 's'} changed")
    if check_only and drifts:
        raise typer.Exit(1)


def explore(
    params: Annotated[
        Path | None, typer.Argument(help="Params or scenario file; the main study when omitted.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page.")] = 8866,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> None:
    """Serve 07_explore, weight sliders and a live ranking, to people without JupyterLab."""
    from evallib.explore.serve import serve

    raise typer.Exit(serve(params, port=port, browser=browser))
