"""The command ``evallib``: thin commands over the library, errors in plain paragraphs.

Exit codes: 0 all is well; 1 the study, the params or a notebook is at fault; 2 wrong usage.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from evallib.errors import DataError, StudyError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Score, rank and publish yearly evaluations of government websites.",
)
out_console, err_console = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)

StudyArgument = Annotated[str, typer.Argument(help="Folder of the study, or its name under data/.")]
YearArgument = Annotated[int, typer.Argument(help="Evaluation year.")]


def fail(text) -> None:
    """Print an error for a person and end with exit code 1."""
    err_console.print(text, style="red", markup=False, highlight=False)
    raise typer.Exit(1)


def claims_line(folder) -> str:
    """How the claims of a run's published letter came out, in one line."""
    with (folder / "claims.csv").open(encoding="utf-8") as file:
        verdicts = Counter(row["verdict"] for row in csv.DictReader(file))
    parts = [f"{count} {verdict}" for verdict, count in verdicts.most_common()]
    return f"claims of the published letter: {', '.join(parts) or 'none on record'}"


@app.command()
def check(
    study: StudyArgument, year: Annotated[int | None, typer.Argument(help="Only this year.")] = None
) -> None:
    """List every fault of a study: file, row, column, what is wrong, what to do."""
    from evallib.start import what_is_missing
    from evallib.study.load import inspect_study

    found, faults = inspect_study(study, years=None if year is None else [year])
    if faults and year is not None and any(fault.file.startswith(f"{year}") for fault in faults):
        fail("\n".join(what_is_missing(study, year)))
    if faults:
        error = StudyError(faults)
        fail(f"{error}\n{len(error.faults)} fault{'s' if len(error.faults) > 1 else ''}")
    years = ", ".join(map(str, found.years))
    out_console.print(f"{found.code}: no fault; years {years}; provenance {found.provenance}")


@app.command()
def new(
    study: StudyArgument,
    year: Annotated[int | None, typer.Argument(help="Year to start.")] = None,
    source: Annotated[
        int | None, typer.Option("--from", help="Year whose scheme and rules are copied.")
    ] = None,
) -> None:
    """Start a study, or a year of one with score sheets for assessors."""
    from evallib.start import new_study, new_year
    from evallib.study.load import find_study

    if find_study(study) is None:
        out_console.print(f"{new_study(study, year=year)}: fill in what README.md says")
    elif year is None:
        fail(f"{study} exists already; name the year to start: evallib new {study} YEAR")
    else:
        out_console.print(f"{new_year(study, year, source_year=source)}: score sheets are in raw/")


@app.command()
def score(
    study: StudyArgument,
    year: YearArgument,
    out: Annotated[Path, typer.Option(help="CSV file to write.")],
    node_ranks: Annotated[
        bool, typer.Option("--node-ranks", help="Add the rank at every node.")
    ] = False,
) -> None:
    """Write totals, ranks and every node's score index of one year as CSV."""
    from evallib.publication.tables import scores_table, write_csv
    from evallib.scoring import evaluate
    from evallib.study.load import read_study

    result = evaluate(read_study(study, years=[year]), year)
    write_csv(scores_table(result, node_ranks=node_ranks), out)
    out_console.print(f"{out}: {len(result.units)} units")


@app.command()
def claims(study: StudyArgument, year: YearArgument) -> None:
    """Compare every figure of the year's published letter with what is computed."""
    from evallib.publication.claims import compare_claims
    from evallib.study.load import read_study

    table = compare_claims(read_study(study), year)
    shown = Table("id", "kind", "population", "printed", "computed", "verdict")
    for row in table.itertuples():
        shown.add_row(row.id, row.kind, row.population, row.printed, row.computed, row.verdict)
    out_console.print(shown)
    out_console.print(
        ", ".join(
            f"{count} {verdict}" for verdict, count in table["verdict"].value_counts().items()
        )
    )


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


@app.command()
def run(params: ParamsFile, out: OutFolder = None, jobs: Jobs = 2) -> None:
    """Take one year from raw sheets to scores, figures, notebooks, letter and report."""
    from evallib import batch

    try:
        with progress_bar() as progress:
            target = batch.run(params, out=out, jobs=jobs, progress=progress)
    except batch.RunError as error:
        fail(str(error))
    out_console.print(f"{target}\n{claims_line(target)}", highlight=False, markup=False)


@app.command("batch")
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


@app.command()
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


def main() -> None:
    """Entry point of the command ``evallib``."""
    try:
        app()
    except (StudyError, DataError) as error:
        err_console.print(str(error), style="red", markup=False, highlight=False)
        raise SystemExit(1) from None
