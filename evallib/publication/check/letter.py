"""A letter read back: one verdict for every numeral, hedge word and name of a list in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import BaseModel, ConfigDict

from evallib.errors import Fault, StudyError
from evallib.publication.bound import Claim
from evallib.publication.check.bars import ASKED, bar_claims, settled
from evallib.publication.check.bind import bind_paragraph
from evallib.publication.check.catalogue import claims
from evallib.publication.check.list_verdicts import UNBOUND
from evallib.publication.check.lists import row_bindings
from evallib.publication.check.read import plain, read_blocks
from evallib.publication.check.tokens import lexicon
from evallib.publication.check.verdicts import CITATION, judge
from evallib.publication.claims import CONTRADICTED, EXTERNAL
from evallib.publication.published import published_claims
from evallib.study.model import Study
from evallib.study.tables import read_yaml

if TYPE_CHECKING:
    from evallib.publication.check.hedging import Binding
    from evallib.publication.check.read import Block

COLUMNS = ["position", "text", "context", "kind", "claim", "verdict", "expected", "note"]
AROUND = 12  # characters of context on either side


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Waiver(_Frozen):
    """A passage whose numbers and words nobody computes, and who lets it stand, and why."""

    text: str
    reason: str
    waived_by: str


class WaiverFile(_Frozen):
    """``waivers.yaml`` of a study."""

    waivers: tuple[Waiver, ...] = ()


def check_letter(source: Path | str, study: Study, year: int) -> pd.DataFrame:
    """One row for every numeral, hedge word and listed site of a letter in Chinese.

    Parameters
    ----------
    source : path of a .docx, .html or .txt file, or the text itself
    study : Study
    year : int

    Returns
    -------
    DataFrame
        ``position`` in reading order, ``text`` (the token), ``context``, ``kind``, ``claim`` (an
        id of ``claims``), ``verdict``, ``expected`` (what is computed, in print), ``note``.

    Raises
    ------
    StudyError
        If ``waivers.yaml``, ``letter.yaml`` or ``published.yaml`` is faulty.

    Notes
    -----
    ``supported``: true as printed. ``rounding``: true but printed otherwise. ``contradicted``: not
    true of this study; the note names a population of which it would be. ``external``: these data
    cannot decide it, and a person vouches for it or waived it. ``citation``: a date, a document,
    a slogan. ``unbound``: nobody knows what it is about.

    A comparison without any of these (above the average, fallen since last year) has no row:
    nothing here judges it.
    """
    known = {claim.id: claim for claim in claims(study, year)}
    return check_blocks(read_blocks(source), study, year, known)


def check_blocks(
    blocks: list[Block], study: Study, year: int, known: Mapping[str, Claim]
) -> pd.DataFrame:
    """As ``check_letter``, of blocks that are read, against claims that are computed."""
    vouched, waived = list(_vouched(study, year)), list(_waivers(study))
    rows = []
    bound, line = list(bound_texts(blocks, study, year)), f"rule.threshold:all:{year}"
    asked = {b.claim for _, found in bound for b in found if ASKED.search(b.claim)}
    known = {**known, **bar_claims(study, year, asked)}
    for text, found in bound:
        bindings = settled(found, known, judge, line)
        spans, excused = _spans(text, vouched), _spans(text, waived)
        for one in bindings:
            token = text[one.start : one.end]
            verdict, expected, note = judge(one, known, token)
            claim = one.claim if one.claim in known or one.role == "definition" else ""
            if verdict != CITATION and (by := _inside(one, spans)):
                claim, verdict, expected, note = by[0], EXTERNAL, "", by[1]
            elif verdict == UNBOUND and (by := _inside(one, excused)):
                claim, verdict, note = by[0], EXTERNAL, by[1]
            kind = known[claim].kind if claim in known else one.role or "number"
            around = text[max(one.start - AROUND, 0) : one.end + AROUND]
            rows.append((token, around.replace("\t", " "), kind, claim, verdict, expected, note))
    numbered = [(n, *row) for n, row in enumerate(rows, start=1)]
    return pd.DataFrame(numbered, columns=COLUMNS)


def failures(table: pd.DataFrame) -> pd.DataFrame:
    """Rows for which a letter must not go out: contradicted or unbound."""
    return table[table["verdict"].isin([CONTRADICTED, UNBOUND])]


def bound_texts(
    blocks: list[Block], study: Study, year: int
) -> Iterator[tuple[str, list[Binding]]]:
    """Text and bindings of every paragraph and table row."""
    data, names = study.years[year], lexicon(study, year)
    findings = {code: (plain(f.zh), f.population) for code, f in data.rules.findings.items()}
    root = data.scheme.root if data.scheme else ""
    whole = ""
    for table, part in groupby(blocks, key=lambda block: block.table):
        texts = list(part)
        if not table:
            for block in texts:
                text = plain(block.text)
                bound, whole = bind_paragraph(text, names, findings, root, whole)
                yield text, bound
            continue
        rows = [[plain(cell) for cell in block.cells] for block in texts]
        found = row_bindings(rows, names, data.scheme)
        yield from (("\t".join(row), bound) for row, bound in zip(rows, found, strict=True))


def _vouched(study: Study, year: int) -> Iterator[tuple[str, str, str]]:
    """Passages that a person vouches for: id, note and text."""
    from evallib.publication.letter import read_letter_file

    given = read_letter_file(study, year)
    for number, item in enumerate(given.external, start=1):
        for passage in (item.text, item.source):
            yield f"letter.external.{number}", f"source: {item.source}", passage
    for number, needed in enumerate(given.requirements, start=1):
        yield f"letter.requirement.{number}", "a requirement, no figure of these data", needed.text
    for claim in published_claims(study, year):
        if claim.kind == "external":
            yield claim.id, claim.reason, claim.printed


def _waivers(study: Study) -> Iterator[tuple[str, str, str]]:
    faults: list[Fault] = []
    found = read_yaml(study.path / "waivers.yaml", WaiverFile, "waivers.yaml", faults)
    if faults or found is None:
        raise StudyError(faults)
    for number, item in enumerate(found.waivers, start=1):
        yield f"waiver.{number}", f"waived by {item.waived_by}: {item.reason}", item.text


def _spans(text: str, passages: list[tuple[str, str, str]]) -> list[tuple[int, int, str, str]]:
    """Where the passages stand in a text."""
    found = []
    for name, note, passage in passages:
        passage, start = plain(passage), -1
        while (start := text.find(passage, start + 1)) >= 0:
            found.append((start, start + len(passage), name, note))
    return found


def _inside(one: Binding, spans: list[Any]) -> tuple[str, str] | None:
    """Id and note of a passage that a token lies in."""
    for start, end, name, note in spans:
        if start <= one.start and one.end <= end:
            return name, note
    return None
