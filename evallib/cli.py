"""The command ``evallib``: thin commands over the library, errors in plain paragraphs.

Exit codes: 0 all is well; 1 the study, the params or a notebook is at fault; 2 wrong usage.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

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
    from rich.table import Table

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


@app.command()
def run(
    params: Annotated[Path, typer.Argument(help="Params file: one published run.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; out/ when omitted.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks that run side by side.")] = 2,
) -> None:
    """Take one year from raw sheets to scores, figures, notebooks, letter and report."""
    from evallib import batch

    columns = (
        TextColumn("{task.description:>20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err_console) as bar:
        task = bar.add_task("check", total=None)
        try:
            target = batch.run(
                params,
                out=out,
                jobs=jobs,
                progress=lambda step, done, total: bar.update(
                    task, description=step, completed=done, total=total
                ),
            )
        except batch.RunError as error:
            bar.stop()
            fail(str(error))
    out_console.print(f"{target}\n{claims_line(target)}", highlight=False, markup=False)


@app.command("batch")
def run_batch(
    params: Annotated[list[Path], typer.Argument(help="Params files, one published run each.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; out/ when omitted.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks that run side by side.")] = 2,
) -> None:
    """Run several params files; a run that fails does not stop the others."""
    from evallib import batch

    failed = []
    for path in params:
        try:
            out_console.print(
                f"{path.name}: {batch.run(path, out=out, jobs=jobs)}", highlight=False
            )
        except (StudyError, DataError, batch.RunError) as error:
            failed.append(path.name)
            err_console.print(f"{path.name}: {error}", style="red", markup=False, highlight=False)
    if failed:
        fail(f"{len(failed)} of {len(params)} failed: {', '.join(failed)}")


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
