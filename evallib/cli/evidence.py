"""Commands about evidence: a mark back to its rows, and the state of a week, month or quarter."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from evallib.cli.common import JsonOption, StudyArgument, YearArgument, tell
from evallib.cli.letters import show

if TYPE_CHECKING:
    import pandas as pd

    from evallib.monitoring.rows import MarkTrace

LangOption = Annotated[Literal["zh", "en"], typer.Option("--lang", help="Language of sentences.")]
AsOfOption = Annotated[
    datetime | None,
    typer.Option(
        "--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="Last day that counts: 2020-11-30."
    ),
]


def trace(
    study: StudyArgument,
    year: YearArgument,
    unit: Annotated[str, typer.Argument(help="Unit id, as in units.csv.")],
    leaf: Annotated[str, typer.Argument(help="Code of a leaf, or of a proposed veto.")],
    lang: LangOption = "zh",
    every: Annotated[
        bool, typer.Option("--all", help="Every row, not only those that count against the unit.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Walk one mark back: the rule, the numbers, and the rows of evidence or the raw cell."""
    from evallib.monitoring.rows import trace_mark, typed_mark
    from evallib.study.load import read_study

    found = read_study(study, years=[year])
    measures = found.years[year].measures
    if measures is None or (leaf not in measures.leaves and leaf in found.years[year].tree.leaves):
        show(typed_mark(found, year, unit, leaf), as_json=as_json)
        return
    from evallib.publication.sentences_evidence import describe_loss, describe_rule, describe_veto
    from evallib.publication.views_monitor import row_table

    traced = trace_mark(found, year, unit, leaf)
    table = row_table(traced, every=every)
    if as_json:
        print(json.dumps(_record(traced, table), ensure_ascii=False, indent=2))
    else:
        describe = describe_loss if leaf in measures.leaves else describe_veto
        tell(describe_rule(traced.rule, lang=lang))
        tell(describe(found, year, unit, leaf, lang=lang))
        if (evidence := found.years[year].evidence) is not None:
            tell(_counted(traced, evidence.set_aside))
        show(table, as_json=False)


def _record(traced: MarkTrace, table: pd.DataFrame) -> dict[str, Any]:
    rule = traced.rule.model_dump(mode="json", exclude_unset=True)
    record = {"unit": traced.unit, "code": traced.code, "as_of": str(traced.as_of), "rule": rule}
    numbers = json.loads(traced.numbers.to_json())
    return record | {"numbers": numbers, "rows": table.to_dict("records")}


def _counted(traced: MarkTrace, aside: pd.DataFrame) -> str:
    """How many rows there are, how many count, and why the others do not or were not read."""
    rows = traced.rows
    aside = aside[(aside["table"] == traced.table) & (aside["unit"] == traced.unit)]
    counted = f"{traced.table} to {traced.as_of}: {len(rows)} rows, {rows['counted'].sum()} count"
    counted += f", {rows['against'].sum()} against; "
    counted += f"left out: {_reasons(rows.loc[~rows['counted'], 'reason'])}"
    return f"{counted}; set aside when read: {_reasons(aside['reason'])}"


def _reasons(column: pd.Series) -> str:
    found = column.astype(object).value_counts().items()
    return ", ".join(f"{count} {reason}" for reason, count in found) or "none"


def monitor(
    study: StudyArgument,
    as_of: AsOfOption = None,
    period: Annotated[
        Literal["week", "month", "quarter", "year"], typer.Option("--period")
    ] = "week",
    lang: LangOption = "zh",
    most: Annotated[
        int, typer.Option("--most", min=1, help="Repairs of either kind to list.")
    ] = 20,
    as_json: JsonOption = False,
) -> None:
    """Say what is due for a period, what changed, what is near a veto, and which repairs pay."""
    from evallib.monitoring.monitor import monitor as measure_now
    from evallib.publication.views_monitor import change_table, repair_table, risk_table
    from evallib.study.load import read_study

    found = read_study(study)
    now = measure_now(found, as_of=as_of.date() if as_of else None, period=period)
    if as_json:
        records = {
            name: json.loads(getattr(now, name).to_json(orient="records", date_format="iso"))
            for name in ("values", "risks", "repairs")
        }
        days = {"as_of": str(now.as_of), "before": str(now.before)}
        print(json.dumps(days | records, ensure_ascii=False, indent=2))
        return
    from evallib.publication.sentences_monitor import describe_monitor

    tell(describe_monitor(found, now, lang=lang))
    show(change_table(found, now, lang=lang), as_json=False)
    for table in (
        risk_table(found, now, lang=lang),
        *(repair_table(found, now, what=w, lang=lang, most=most) for w in ("keep", "repair")),
    ):
        if len(table):
            show(table, as_json=False)
