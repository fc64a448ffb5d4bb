"""Commands about what is published: claims, letters read back, cards, two runs compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from evallib.cli.common import JsonOption, StudyArgument, YearArgument, out_console, settings, tell

if TYPE_CHECKING:
    import pandas as pd

    from evallib.publication.bound import Claim
    from evallib.publication.verify import Verification

BAD = ("contradicted", "unbound")
SHOWN = 40  # characters of a cell on the terminal


def show(table: pd.DataFrame, *, as_json: bool) -> None:
    """A DataFrame on the terminal, unless all is to be quiet; or as JSON records."""
    if as_json:
        print(table.to_json(orient="records", force_ascii=False, indent=2))
    if as_json or settings.quiet:
        return
    shown = Table(*map(str, table.columns))
    for row in table.itertuples(index=False):
        shown.add_row(*(escape(str(value)) for value in row))
    out_console.print(shown)


def counted(verdicts: pd.Series) -> str:
    """How often each verdict was given, in one line."""
    return ", ".join(f"{count} {name}" for name, count in verdicts.value_counts().items()) or "none"


def claim_table(claims: list[Claim]) -> pd.DataFrame:
    """Claims as a table: id, kind, population, denominator, value in print, and its source."""
    import pandas as pd

    columns = ["id", "kind", "population", "denominator", "computed", "source"]
    return pd.DataFrame([[getattr(c, name) for name in columns] for c in claims], columns=columns)


def claims(
    study: StudyArgument,
    year: YearArgument,
    published: Annotated[
        bool, typer.Option("--published", help="Compare the published letter's claims.")
    ] = False,
    trace: Annotated[
        str | None, typer.Option("--trace", help="Walk one claim back to raw cells.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List every claim that a year can make, or compare those that were published."""
    from evallib.study.load import read_study

    found = read_study(study)
    if trace is not None:
        from evallib.publication.check import trace as trace_claim

        show(trace_claim(found, year, trace), as_json=as_json)
    elif published:
        from evallib.publication.claims import compare_claims

        table = compare_claims(found, year)
        show(table, as_json=as_json)
        if not as_json:
            tell(counted(table["verdict"]))
    else:
        from evallib.publication.check import claims as every_claim

        show(claim_table(every_claim(found, year)), as_json=as_json)


def check(
    file: Annotated[Path, typer.Argument(help="The letter: .docx, .html or .txt, in Chinese.")],
    study: StudyArgument,
    year: YearArgument,
    as_json: JsonOption = False,
) -> None:
    """Read a letter back: one verdict for every number, hedge word and listed site in it."""
    from evallib.publication.check import check_letter
    from evallib.study.load import read_study

    table = check_letter(file, read_study(study), year)
    show(table if as_json else table.drop(columns=["context"]), as_json=as_json)
    if not as_json:
        tell(counted(table["verdict"]))
    if table["verdict"].isin(BAD).any():
        raise typer.Exit(1)


def audit(
    file: Annotated[Path, typer.Argument(help="A published.yaml.")], as_json: JsonOption = False
) -> None:
    """Say whether any data can produce the printed aggregates, and which may be a misprint."""
    from evallib.publication.audit import audit as audit_figures

    result = audit_figures(file)
    show(result.checks, as_json=as_json)
    if not as_json:
        tell(
            "some data can produce these figures" if result.possible else "no data can produce them"
        )
        for ids in result.misprints:
            reading = "; ".join(
                f"{i} would read {result.readings[i]}" for i in ids if i in result.readings
            )
            tell(f"possible without {', '.join(ids)}{'; ' + reading if reading else ''}")
        if len(result.disclosed):
            show(result.disclosed, as_json=False)
    if not result.possible:
        raise typer.Exit(1)


def side_by_side(table: pd.DataFrame) -> pd.DataFrame:
    """Columns ``x_a`` and ``x_b`` as one column ``x``: `a -> b`, or one value where both agree."""
    pairs = {name[:-2] for name in table.columns if name.endswith("_a")}
    columns = {}
    for name in table.columns:
        what = name[:-2] if name.endswith(("_a", "_b")) else name
        if what not in pairs:
            columns[name] = table[name]
        elif what not in columns:
            a, b = table[f"{what}_a"], table[f"{what}_b"]
            columns[what] = a.where(a == b, a + " -> " + b)
    return type(table)(columns)


def diff(
    before: Annotated[Path, typer.Argument(help="Result folder of the first run.")],
    after: Annotated[Path, typer.Argument(help="Result folder of the second run.")],
    as_json: JsonOption = False,
) -> None:
    """List each total, rank and claim that moved between two runs of a year, and why."""
    from evallib.change import compare_runs

    found = compare_runs(before, after)
    tables = {name: getattr(found, name) for name in ("units", "claims", "decisions", "inputs")}
    if as_json:
        rows = {name: table.to_dict("records") for name, table in tables.items()}
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if found.same:
        tell("nothing moved")
        return
    for name, table in tables.items():
        if len(table):
            tell(f"{name}: {len(table)} moved")
            unrounded = ["total_a", "total_b"]  # these only in JSON
            show(side_by_side(table.drop(columns=unrounded, errors="ignore")), as_json=False)


def verify(
    folder: Annotated[Path, typer.Argument(help="A published folder: out/STUDY/YEAR.")],
    study: Annotated[
        str | None, typer.Option("--study", help="Its study; what its manifest names when omitted.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Hold a published folder to its manifest, compute it anew, and say what differs."""
    import pandas as pd

    from evallib.publication.verify import verify as verify_folder

    found = verify_folder(folder, study=study)
    parts = {"outputs": found.outputs, "inputs": found.inputs, "results": found.results}
    if as_json:
        rows = {name: table.to_dict("records") for name, table in parts.items()}
        print(json.dumps(rows | {"notes": found.notes}, ensure_ascii=False, indent=2))
    else:
        for line in [*verdict_lines(found), *found.notes]:
            tell(line)
        if not found.same:
            show(pd.concat(parts.values()).map(shortened), as_json=False)
    if not found.same:
        raise typer.Exit(1)


def verdict_lines(found: Verification) -> list[str]:
    """What a verification found, a line for each of its parts."""
    counts, sizes = found.counts, {n: len(getattr(found, n)) for n in found.counts}
    now = ": what follows is about the study as it is now" if sizes["inputs"] else ""
    return [
        f"files of the folder: {counts['outputs']} on record, {sizes['outputs']} otherwise",
        f"inputs: {counts['inputs']} on record, {sizes['inputs']} changed since{now}",
        f"results computed anew: {counts['results']} files, {sizes['results']} places differ",
    ]


def shortened(text: str) -> str:
    """A digest, or a long text, by its beginning."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def cards(
    study: StudyArgument,
    year: YearArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results; out/ when omitted.")
    ] = None,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    spread: Annotated[float, typer.Option(help="Relative change of weights for ranges.")] = 0.2,
    draws: Annotated[int, typer.Option(help="Weightings drawn for ranges.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Seed of the weightings.")] = 2020,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes side by side.")] = 2,
) -> None:
    """Write one page of findings for every site, as HTML and .docx."""
    from evallib.publication.cards import publish_cards
    from evallib.study.folders import project_root
    from evallib.study.load import read_study

    found = read_study(study)
    folder = Path(out or project_root() / "out") / found.code / str(year)
    chosen: dict[str, Any] = {
        "spread": spread,
        "draws": draws,
        "seed": seed,
        "lang": lang,
        "jobs": jobs,
    }
    made = publish_cards(found, year, folder, **chosen)
    tell(f"{folder / 'cards'}: {len(made) // 2} cards, each as HTML and .docx")
