"""Commands about a study: check it, start it, score it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evallib.cli.common import JsonOption, StudyArgument, YearArgument, fail, tell
from evallib.errors import Fault, StudyError

if TYPE_CHECKING:
    from evallib.study.model import Study


def check(
    study: StudyArgument,
    year: Annotated[int | None, typer.Argument(help="Only this year.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say how far a year has come, and list every fault: file, row, column, what to do.

    Cells that are still blank are counted per sheet; --json lists them one by one.
    """
    from evallib.study.load import inspect_study

    found, faults = inspect_study(study, years=None if year is None else [year])
    if as_json:
        rows = [asdict(fault) for fault in StudyError(faults).faults]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        raise typer.Exit(int(bool(rows)))
    if faults or found is None:
        fail(_told(study, faults))
    years = ", ".join(map(str, found.years))
    tell(f"{found.code}: no fault; years {years}; provenance {found.provenance}")
    for line in evidence_lines(found):
        tell(line)


def evidence_lines(study: Study) -> list[str]:
    """What the evidence of each measured year holds, and the vetoes that await a person."""
    lines = []
    for year in [year for year, found in study.years.items() if found.measured is not None]:
        from evallib.publication.views_evidence import describe_evidence, veto_notes, veto_table

        lines.append(f"{year}: {describe_evidence(study, year, lang='en')}")
        texts = veto_table(study, year, lang="en")["text"].tolist()
        lines += veto_notes(texts, file=f"{year}/adjustments.csv", lang="en")
    return lines


def _told(study: str, faults: list[Fault]) -> str:
    """Show the faulty years; the faults besides blank cells, and how many of each there are."""
    from evallib.start import what_is_missing, year_progress

    faults, blank = [*StudyError(faults).faults], set[Fault]()
    for year in sorted({int(f.file[:4]) for f in faults if re.match(r"\d{4}(/|$)", f.file)}):
        try:
            tell("\n".join(what_is_missing(study, year)))
            blank |= {f for f in faults if f.file.startswith(f"{year}/")}
            blank -= set(year_progress(study, year).faults)
        except StudyError:  # there is no such year, which the fault says
            continue
    count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
    count += f", {len(blank)} of them blank cells" if blank else ""
    return "\n".join([*(str(fault) for fault in faults if fault not in blank), count])


def new(
    study: StudyArgument,
    year: Annotated[int | None, typer.Argument(help="Year to start.")] = None,
    source: Annotated[
        int | None, typer.Option("--from", help="Year whose scheme and rules are copied.")
    ] = None,
) -> None:
    """Start a study, or a year of one with score sheets for assessors."""
    from evallib.start import new_params, new_study, new_year
    from evallib.study.load import find_study

    if find_study(study) is None:
        tell(f"{new_study(study, year=year)}: fill in what README.md says")
    elif year is None:
        fail(f"{study} exists already; name the year to start: evallib new {study} YEAR")
    else:
        folder = new_year(study, year, source_year=source)
        tell(f"{folder}: score sheets are in raw/")
        tell(f"{new_params(folder)}: when they are filled, evallib run with this file")


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
