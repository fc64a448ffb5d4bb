"""What a study says, fact by fact: as the library read it, or as its tables stand there."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pandas as pd

from evallib import evaluate

TABLES = ("units", "aliases", "successions")
YEAR_TABLES = ("adjustments", "findings", "reviews", "totals")
ROUNDS = {"final": "marks", "initial": "initial"}
LOGS = ("decisions", "set_aside")


def said(study) -> Counter:
    """Facts of a study that was read; the same fact twice counts twice."""
    about = (study.names.zh, study.names.en, study.provenance, study.source)
    facts = Counter({("study", about): 1})
    for kind in ("groups", "classes"):
        facts.update((kind, code, n.zh, n.en) for code, n in getattr(study, kind).items())
    for name in TABLES:
        facts.update(row_facts(name, getattr(study, name).to_dict("records")))
    for number, year in study.years.items():
        facts.update(_of_year(number, year))
    return facts


def row_facts(name, rows):
    """Each row as a fact: its filled columns by name."""
    for row in rows:
        filled = {column: value for column, value in row.items() if not _open(value)}
        yield (name, tuple(sorted(filled.items())))


def _open(value):
    missing = value is None or value is pd.NaT or (isinstance(value, float) and value != value)
    return missing or value == "" or (isinstance(value, date) and value in (date.min, date.max))


def _of_year(number, year):
    yield ("rules", number, repr(year.rules))
    for node in year.scheme.nodes if year.scheme else ():
        yield ("node", number, node)
    for name in YEAR_TABLES:
        table = getattr(year, name)
        if table is not None:
            yield from row_facts(f"{number}/{name}", table.to_dict("records"))
    for name, attribute in ROUNDS.items():
        table = getattr(year, attribute)
        for unit, leaf, mark, status in () if table is None else table.itertuples(index=False):
            yield ("mark", number, name, unit, leaf, status, None if pd.isna(mark) else mark)


def log(study) -> Counter:
    """Every decision and every cell set aside, with its place."""
    found = Counter()
    for number, year in study.years.items():
        for name in LOGS:
            table = getattr(year, name)
            rows = () if table is None else table.astype(object).itertuples(index=False)
            found.update((number, name, *row) for row in rows)
    return found


def results(study) -> dict:
    """Everything printed of every scored year, whatever the order of rows."""
    printed = {}
    for number, year in study.years.items():
        if year.scheme is None:
            continue
        one = evaluate(study, number)
        table = pd.DataFrame(
            {"printed": one.printed, "rank": one.rank, "group": one.group_rank, "band": one.band}
        ).astype(object)
        table = table.where(table.notna(), None).assign(total=one.total.round(9).fillna(-1.0))
        scores = one.scores.round(9).fillna(-1.0)
        printed |= {(number, unit): tuple(row) for unit, row in table.T.items()}
        printed |= {(number, u, code): x for (u, code), x in scores.stack().items()}
    return printed


def balance(study) -> dict:
    """Cells in, scored and set aside, by year and round."""
    return {
        (number, row.round): (row.cells_in, row.scored, row.set_aside)
        for number, year in study.years.items()
        if year.rows is not None
        for row in year.rows.itertuples(index=False)
    }
