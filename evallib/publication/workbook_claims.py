"""Sheets of the workbook on what is said: every number of the letter, walked back to its cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from evallib.publication.bound import Claim
from evallib.publication.check.catalogue import claims, scalar
from evallib.publication.check.letter import check_blocks
from evallib.publication.check.read import Block
from evallib.publication.check.trace import CELL, Tracer, tracer
from evallib.publication.claims import compare_claims
from evallib.publication.letter import letter_sections
from evallib.publication.spreadsheet import Column, Sheet, held, titled
from evallib.publication.wording import label, sentence
from evallib.study.model import Study

if TYPE_CHECKING:
    pass

FEW = 2  # cells of a sheet that are named one by one
WIDTHS = {"text": 16, "expected": 20, "context": 36, "printed": 36, "remark": 30, "origin": 44}
MOST_DECISIONS = 12  # numbers of decisions that a cell lists before it counts the rest


def claim_sheets(study: Study, year: int, *, lang: str, previous: int | None = None) -> list[Sheet]:
    """Numbers of the letter, published claims where there are any, and the decision log."""
    known = {claim.id: claim for claim in claims(study, year)}
    decided = _decisions(study, year)
    numbers: dict[tuple[Any, ...], list[str]] = {}
    for *cell, number in decided.reindex(columns=[*CELL, "number"]).itertuples(index=False):
        numbers.setdefault(tuple(cell), []).append(number)
    origin = cache(partial(_origin, tracer(study, year, known=known), numbers, lang))
    sheets = [_letter(study, year, known, origin, lang, previous)]
    published = compare_claims(study, year)
    if len(published):
        sheets.append(_published(published, origin, lang))
    return sheets if decided.empty else [*sheets, _log(decided, lang)]


def _letter(
    study: Study,
    year: int,
    known: Mapping[str, Claim],
    origin: Callable[..., tuple[str, str]],
    lang: str,
    previous: int | None,
) -> Sheet:
    """One row per number, hedge word and name in a list of the letter in Chinese."""
    sections = letter_sections(study, year, lang="zh", previous=previous)
    texts = [text for s in sections for part in s["parts"] for text in part["paragraphs"]]
    table = check_blocks([Block(text) for text in texts], study, year, known)
    origins = [origin(claim) if claim in known else ("", "") for claim in table["claim"]]
    values = [_value(known[claim]) if claim in known else "" for claim in table["claim"]]
    return _sheet(
        "letter",
        {
            "position": list(table["position"]),
            "text": table["text"],
            "context": table["context"],
            "kind": [_kind(row, known, lang) for row in table.itertuples()],
            "claim": table["claim"],
            "value": values,
            "expected": table["expected"],
            "verdict": [label(f"verdict_{verdict}", lang) for verdict in table["verdict"]],
            "remark": table["note"],
        },
        origins,
        lang,
    )


def _published(table: pd.DataFrame, origin: Callable[..., tuple[str, str]], lang: str) -> Sheet:
    return _sheet(
        "published",
        {
            "position": table["id"],
            "kind": [label(f"claim_{kind}", lang) for kind in table["kind"]],
            "population": table["population"],
            "printed": table["printed"],
            "expected": table["computed"],
            "verdict": [label(f"verdict_{verdict}", lang) for verdict in table["verdict"]],
            "remark": table["note"],
        },
        [origin(claim) for claim in table["id"]],
        lang,
    )


def _sheet(
    key: str,
    columns: dict[str, Any],
    origins: list[tuple[str, str]],
    lang: str,
) -> Sheet:
    columns |= {"origin": [cells for cells, _ in origins], "decided": [d for _, d in origins]}
    shown = [
        Column(label(f"book_{head}", lang), list(values), widest=WIDTHS.get(head, 24))
        for head, values in columns.items()
    ]
    return titled(key, shown, lang)


def _kind(row: Any, known: Mapping[str, Claim], lang: str) -> str:
    """What sort of claim it is; of one that is none of ours, why it is let stand."""
    other = row.verdict if row.verdict in ("citation", "external") else "number"
    return label(f"claim_{known[row.claim].kind if row.claim in known else other}", lang)


def _value(claim: Claim) -> float | str:
    """The number of a claim, in full; none where it is a list."""
    one = isinstance(claim.value, dict) or claim.kind == "share"
    return held([scalar(claim)])[0] if one else ""


def _decisions(study: Study, year: int) -> pd.DataFrame:
    """The decision logs of the year and the one before it, numbered, with the file as traced."""
    parts = []
    for one in (study.year_before(year), year):
        log = None if one is None else study.years[one].decisions
        if log is not None and len(log):
            numbers = [f"{one}-{n}" for n in range(1, len(log) + 1)]
            parts.append(log.assign(number=numbers, file=f"{one}/raw/" + log["file"]))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _origin(
    tracer: Tracer, decided: Mapping[tuple[str, str, int, str], list[str]], lang: str, claim: str
) -> tuple[str, str]:
    """Where a claim comes from, in words, and the numbers of the decisions on the way."""
    table = tracer.trace(claim)
    table["sheet"] = table["sheet"].fillna("")
    lines = [_cells(rows, str(file), lang) for file, rows in table.groupby("file", sort=False)]
    cells = table.loc[table["rule"].notna(), CELL].itertuples(index=False, name=None)
    numbers = [number for cell in dict.fromkeys(cells) for number in decided[cell]]
    more = f" (+{len(numbers) - MOST_DECISIONS})" if len(numbers) > MOST_DECISIONS else ""
    return "\n".join(lines), ", ".join(numbers[:MOST_DECISIONS]) + more


def _cells(rows: pd.DataFrame, file: str, lang: str) -> str:
    """Cells of a file one by one where they are few, else how many of each of its sheets."""
    placed = rows["row"].notna().all()
    if placed and len(rows) <= FEW:
        cells = [
            {"sheet": c.sheet, "row": int(c.row), "column": c.column} for c in rows.itertuples()
        ]
        return sentence("book_cells", lang, file=file, cells=cells)
    counts = rows["sheet"].value_counts(sort=False)
    sheets = [{"sheet": sheet, "count": n} for sheet, n in counts.items()]
    return sentence("book_counts", lang, file=file, sheets=sheets, placed=placed)


def _log(decided: pd.DataFrame, lang: str) -> Sheet:
    heads = {
        "number": "book_number", "round": "book_round", "file": "book_file", "sheet": "book_sheet",
        "row": "book_row", "column": "book_column", "unit": "unit", "indicator": "book_leaf",
        "was": "book_was", "becomes": "book_becomes", "rule": "book_by", "reason": "book_reason",
    }  # fmt: skip
    table = decided.astype(object).where(decided.notna(), None)
    rounds = [label(one, lang) for one in table["round"]]
    table = table.assign(round=rounds)
    columns = [Column(label(head, lang), list(table[key])) for key, head in heads.items()]
    return titled("decisions", columns, lang)
