"""What one run publishes, written into one folder: what rests on data alone, then the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evallib.publication import (
    facts,
    figures,
    figures_change,
    letter,
    report,
    sentences,
    sentences_rounds,
    tables,
)
from evallib.publication.claims import compare_claims
from evallib.publication.fonts import Axes
from evallib.publication.index import card_links
from evallib.publication.manifest import seal, write_manifest
from evallib.publication.views_evidence import veto_table
from evallib.publication.workbook import write_workbook
from evallib.scoring import Evaluation, evaluate
from evallib.study.model import Study, Year


def publish_data(study: Study, year: int, folder: Path, *, params: Mapping[str, int | str]) -> Path:
    """Write tables, figures, letter and manifest of a year into a folder.

    Parameters
    ----------
    study : Study
    year : int
    folder : Path
        Exists; files in it are replaced.
    params : dict
        Parameters of the run; ``lang`` among them decides the language of sentences and figures.
    """
    folder, lang, result = Path(folder), str(params.get("lang", "zh")), evaluate(study, year)
    for name, table in year_tables(study, year).items():
        tables.write_csv(table, folder / f"{name}.csv")
    (folder / "figures").mkdir(exist_ok=True)
    for name, axes, alt in pictures(study, result, lang=lang):
        figures.save_figure(axes, folder / "figures" / name, alt=alt)
    drawn = figures.ranking_columns(result, lang=lang, study=study)
    alt = sentences.describe_ranking(result, lang=lang, study=study)
    picture = figures.save_figure(drawn, folder / "figures" / "letter", alt=alt)[0]
    letter.write_letter(folder / "letter.docx", study, year, lang=lang, figure=picture)
    write_workbook(folder / "scores.xlsx", study, year, lang=lang)
    write_manifest(folder / "manifest.json", study, years_used(study, year), params=params)
    return folder


def year_tables(study: Study, year: int) -> dict[str, Any]:
    """What a year publishes as CSV, by the file's name without ending."""
    result, data = evaluate(study, year), study.years[year]
    awaiting = veto_table(study, year, lang="en")
    return {
        "scores": tables.scores_table(result),
        "indices": tables.indices_table(result),
        "decisions": data.decisions,
        "set_aside": data.set_aside,
        "claims": compare_claims(study, year),
        **({} if awaiting.empty else {"vetoes": awaiting}),
        **_evidence_tables(data),
    }


def _evidence_tables(data: Year) -> dict[str, Any]:
    """What the evidence came to: every measured mark, every repair, every row set aside."""
    if data.measured is None or data.evidence is None:
        return {}
    return {
        "measured": data.measured.marks,
        "evidence_decisions": data.evidence.decisions,
        "evidence_set_aside": data.evidence.set_aside,
    }


def publish_report(study: Study, year: int, folder: Path, *, lang: str) -> Path:
    """Write the report of a folder's notebooks, with links to its cards, and seal the folder."""
    folder = Path(folder)
    path = report.write_report(
        folder / "report.html",
        sorted((folder / "notebooks").glob("*.ipynb")),
        title=f"{study.name(lang)} {year}",
        provenance=study.provenance,
        lang=lang,
        source=study.source,
        cards=card_links(folder),
    )
    seal(folder)
    return path


def years_used(study: Study, year: int) -> list[int]:
    """The years whose files the results of a year rest on: it, and the one before."""
    previous = study.year_before(year)
    return [year] if previous is None else [previous, year]


def pictures(study: Study, result: Evaluation, *, lang: str) -> Iterator[tuple[str, Axes, str]]:
    """Name, Axes and alt text of every figure for which the year has data."""
    year = result.year
    shared: dict[str, Any] = {"lang": lang, "study": study}
    yield (
        "ranking",
        figures.plot_ranking(result, **shared),
        sentences.describe_ranking(result, **shared),
    )
    yield (
        "groups",
        figures.plot_groups(result, **shared),
        sentences.describe_groups(result, **shared),
    )
    yield (
        "indices",
        figures.plot_index_tree(result, **shared),
        sentences.describe_index(result, **shared),
    )
    yield (
        "distribution",
        figures.plot_total_distribution(result, **shared),
        sentences.describe_ranking(result, **shared),
    )
    if study.years[year].initial is not None:
        initial = facts.initial_result(study, year)
        yield (
            "rounds",
            figures_change.plot_rounds(initial, result, **shared),
            sentences_rounds.describe_rounds(initial, result, lang=lang),
        )
    previous = study.year_before(year)
    if previous is not None:
        yield (
            "year_over_year",
            figures_change.plot_year_over_year(study, previous, year, lang=lang),
            sentences_rounds.describe_change(study, previous, year, lang=lang),
        )
