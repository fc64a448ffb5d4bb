"""Commands about a study: check it, start it, score it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evallib.cli.common import StudyArgument, YearArgument, fail, tell
from evallib.errors import StudyError


def check(
    study: StudyArgument, year: Annotated[int | None, typer.Argument(help="Only this year.")] = None
) -> None:
    """List every fault of a study: file, row, column, what is wrong, what to do."""
    from evallib.start import what_is_missing
    from evallib.study.load import inspect_study

    found, faults = inspect_study(study, years=None if year is None else [year])
    if faults and year is not None and any(fault.file.startswith(f"{year}") for fault in faults):
        tell("\n".join(what_is_missing(study, year)))
    if faults:
        error = StudyError(faults)
        fail(f"{error}\n{len(error.faults)} fault{'s' if len(error.faults) > 1 else ''}")
    years = ", ".join(map(str, found.years))
    tell(f"{found.code}: no fault; years {years}; provenance {found.provenance}")


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
        tell(f"{new_study(study, year=year)}: fill in what README.md says")
    elif year is None:
        fail(f"{study} exists already; name the year to start: evallib new {study} YEAR")
    else:
        tell(f"{new_year(study, year, source_year=source)}: score sheets are in raw/")


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
    tell(f"{out}: {len(result.units)} units")
