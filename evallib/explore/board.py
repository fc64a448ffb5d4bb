"""The ranking of a scenario beside the official one, as HTML for the panel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from evallib.explore.scenario import movements
from evallib.explore.summary import describe_what_if
from evallib.publication import facts
from evallib.publication.wording import label
from evallib.scoring import FAIL, Evaluation

HEADS = (
    *("rank", "what_if_movement", "unit", "score", "what_if_reaches"),
    *("what_if_rank_official", "what_if_total_official"),
)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
    )
    environment.trim_blocks = environment.lstrip_blocks = True
    return environment.get_template("board.html.j2")


def board(official: Evaluation, scenario: Evaluation, *, lang: str) -> str:
    """A table of all units in the order of a scenario, below a paragraph on what it changes."""
    table = movements(official, scenario, lang=lang).assign(printed_official=official.printed)
    printed = ["printed", "printed_official"]
    table[printed] = table[printed].replace(FAIL, label("fail", lang))
    ranks = ["rank", "rank_official", "movement"]
    table[ranks] = table[ranks].astype(object).where(table[ranks].notna(), None)
    return _template().render(
        lang={"zh": "zh-CN", "en": "en"}[lang],
        summary=describe_what_if(official, scenario, lang=lang),
        heads=[(name, label(name, lang)) for name in HEADS],
        rows=table.reset_index(names="unit").to_dict("records"),
        top=[*facts.top_list(scenario).index],
        reached=label("what_if_yes", lang),
    )
