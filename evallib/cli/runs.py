"""Commands that run notebooks: one year, many years, or in place."""

from __future__ import annotations

import csv
import json
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from evallib.cli.common import err_console, fail, out_console

ParamsFile = Annotated[Path, typer.Argument(help="Params file: one published run.")]
OutFolder = Annotated[
    Path | None, typer.Option("--out", help="Folder for the results; out/ when omitted.")
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Notebooks that run side by side.")]


@contextmanager
def progress_bar():
    """A progress bar on standard error, as the function that `run_all` reports to."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=err_console) as bar:
        task = bar.add_task("check", total=None)

        def report(step, done, total):
            if not isinstance(step, str):
                bar.console.print(str(step), markup=False, highlight=False)
                step = step.notebook
            bar.update(task, description=step, completed=done, total=total)

        yield report


def run(params: ParamsFile, out: OutFolder = None, jobs: Jobs = 2) -> None:
    """Take one year from raw sheets to scores, figures, notebooks, letter and report."""
    from evallib import batch

    try:
        with progress_bar() as progress:
            target = batch.run(params, out=out, jobs=jobs, progress=progress)
    except batch.RunError as error:
        fail(str(error))
    out_console.print(f"{target}\n{claims_line(target)}", highlight=False, markup=False)


def run_batch(
    params: Annotated[list[Path], typer.Argument(help="Params files, one published run each.")],
    out: OutFolder = None,
    jobs: Jobs = 2,
    resume: Annotated[bool, typer.Option("--resume", help="Keep what is up to date.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Run this notebook alone; may be repeated.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="Dask scheduler, such as tcp://host:8786.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what ran as JSON.")] = False,
) -> None:
    """Run several params files; what fails does not stop the others."""
    from evallib.batch.outcome import FAILED
    from evallib.batch.pool import ClusterError
    from evallib.batch.run import run_all
    from evallib.study.folders import project_root

    chosen = {"out": out, "jobs": jobs, "resume": resume, "only": only or (), "cluster": cluster}
    try:
        with progress_bar() as progress:
            outcomes = run_all(params, **chosen, progress=progress)
    except ClusterError as error:
        fail(str(error))
    report = json.dumps([one.as_dict() for one in outcomes], ensure_ascii=False, indent=2)
    path = Path(out or project_root() / "out") / "report.json"
    path.write_text(f"{report}\n", encoding="utf-8")
    if as_json:
        print(report)
    else:
        out_console.print(outcome_table(outcomes))
    if any(outcome.status == FAILED for outcome in outcomes):
        raise typer.Exit(1)


def outcome_table(outcomes) -> Table:
    """What ran, what was up to date and what failed, as a table for the terminal."""
    table = Table("study", "year", "notebook", "status", "seconds", "where and why")
    for one in sorted(outcomes, key=lambda one: (one.study, one.year, one.notebook)):
        where = f"cell {one.cell} ({one.line}): {one.error}" if one.cell else one.error
        why = f"{where}; {one.log}" if one.log else where
        about = (one.study, str(one.year), one.notebook, one.status, f"{one.seconds:.1f}")
        table.add_row(*map(escape, (*about, why)))
    return table


def claims_line(folder) -> str:
    """How the claims of a run's published letter came out, in one line."""
    with (folder / "claims.csv").open(encoding="utf-8") as file:
        verdicts = Counter(row["verdict"] for row in csv.DictReader(file))
    parts = [f"{count} {verdict}" for verdict, count in verdicts.most_common()]
    return f"claims of the published letter: {', '.join(parts) or 'none on record'}"


def refresh(
    names: Annotated[
        list[str] | None, typer.Argument(help="Notebooks, such as 02_score; all when omitted.")
    ] = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Only report drift; exit code 1 if any.")
    ] = False,
) -> None:
    """Run the notebooks with their own parameters and store their outputs in place."""
    from evallib import refresh as refreshing

    drifts = refreshing.refresh(names, write=not check_only)
    for drift in drifts:
        out_console.print(str(drift), highlight=False, markup=False)
    out_console.print(f"{len(drifts)} cell{'' if len(drifts) == 1 else 's'} changed")
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
