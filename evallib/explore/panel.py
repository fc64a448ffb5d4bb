"""The panel of sliders: widgets before the functions of this package."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from evallib.errors import DataError, StudyError
from evallib.explore.board import board
from evallib.explore.scenario import Scenario, evaluate_scenario, load_scenario, save_scenario
from evallib.explore.weights import official_weights, rebalance, scenario_weights, weights_text
from evallib.publication.wording import label, sentence
from evallib.scoring import Evaluation, evaluate
from evallib.study.load import project_root
from evallib.study.model import Study

if TYPE_CHECKING:
    from ipywidgets.widgets.widget_bool import ToggleButton
    from ipywidgets.widgets.widget_button import Button
    from ipywidgets.widgets.widget_float import FloatSlider
    from ipywidgets.widgets.widget_output import Output
    from ipywidgets.widgets.widget_string import HTML
    from traitlets.utils.bunch import Bunch

FILE_NAME = re.compile(r"[\w-]+")
TEMPLATES = Path(__file__).parent / "templates"
STEP = 0.1  # per cent; a browser answers a value between two steps with the nearest multiple
WIDE = {"width": "auto"}


@dataclass(frozen=True)
class Panel:
    """The widgets of one explorer, and the official result that they are compared with.

    ``weights`` are what the sliders stand for, exact where they show tenths; they change in place.
    """

    study: Study
    official: Evaluation
    lang: str
    weights: dict[str, float]
    sliders: dict[str, widgets.FloatSlider]
    locks: dict[str, widgets.ToggleButton]
    threshold: widgets.FloatText
    ties: widgets.Dropdown
    name: widgets.Combobox
    board: widgets.HTML
    message: widgets.HTML


class Box(widgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """A box that shows a sentence, and not its code, where widgets cannot live."""

    said = ""

    def __repr__(self) -> str:
        return self.said


def explorer(
    study: Study,
    year: int,
    lang: str = "zh",
    *,
    weights: str = "",
    threshold: float | None = None,
    ties: str | None = None,
) -> Box:
    """Sliders for the weights, switches for the rules, and the ranking that follows them.

    Parameters
    ----------
    study : Study
    year : int
    lang : {"zh", "en"}
    weights, threshold, ties
        The scenario to begin with, as in :func:`evaluate_scenario`.
    """
    panel = _panel(study, evaluate(study, year), lang)
    first: dict[str, Any] = {"weights": weights, "threshold": threshold, "ties": ties}
    _open(panel, Scenario(study=study.code, year=year, lang=lang, **first))
    panel.name.options = _saved(panel)
    for code, slider in panel.sliders.items():
        slider.observe(partial(_slide, panel, code), "value")
    for choice in (panel.threshold, panel.ties):
        choice.observe(lambda _: _show(panel), "value")
    box = Box(_layout(panel)).add_class("evallib-explorer")
    box.said = label("what_if_panel", lang)
    return box


def _panel(study: Study, official: Evaluation, lang: str) -> Panel:
    names, say = official.scheme.names(lang), partial(label, lang=lang)
    weights, sliders, locks = official_weights(official.scheme), {}, {}
    for code, weight in weights.items():
        sliders[code] = _slider(sentence("what_if_part", lang, name=names[code], weight=weight))
        locks[code] = _lock(say("what_if_lock"), names[code])
        widgets.dlink((locks[code], "value"), (sliders[code], "disabled"))
    ties = [(say(f"what_if_ties_{rule}"), rule) for rule in ("min", "dense")]
    return Panel(
        study,
        official,
        lang,
        weights,
        sliders,
        locks,
        widgets.FloatText(description=say("what_if_threshold"), step=0.5, layout=WIDE),
        widgets.Dropdown(description=say("what_if_ties"), options=ties, layout=WIDE),
        widgets.Combobox(description=say("what_if_name"), layout=WIDE),
        widgets.HTML(layout={"flex": "1 1 30rem", "min_width": "0"}),
        widgets.HTML(),
    )


def _slider(text: str) -> FloatSlider:
    return widgets.FloatSlider(
        min=0,
        max=100,
        step=STEP,
        readout_format=".1f",
        description=text,
        tooltip=text,
        style={"description_width": "auto"},
        layout={"flex": "1 1 0", "min_width": "0", "width": "auto"},
    )


def _lock(text: str, name: str) -> ToggleButton:
    layout = {"width": "auto", "flex": "0 0 auto", "align_self": "flex-end"}
    return widgets.ToggleButton(description=text, tooltip=f"{text} {name}", layout=layout)


def _layout(panel: Panel) -> list[Any]:
    lang, say = panel.lang, partial(label, lang=panel.lang)
    small, buttons = {"width": "auto", "align_self": "flex-start"}, {}
    for name, act in (("reset", _reset), ("save", _save), ("load", _load)):
        buttons[name] = widgets.Button(description=say(f"what_if_{name}"), layout=small)
        buttons[name].on_click(partial(_act, panel, act))
    rows = [widgets.HBox([s, panel.locks[code]]) for code, s in panel.sliders.items()]
    controls = [
        _html("h4", say("what_if_weights")),
        _html("p", say("what_if_help"), "help"),
        *rows,
        _html("h4", say("what_if_rules")),
        panel.threshold,
        panel.ties,
        buttons["reset"],
        _html("h4", say("what_if_scenario")),
        panel.name,
        widgets.HBox([buttons["save"], buttons["load"]]),
        panel.message,
    ]
    left = widgets.VBox(controls, layout={"flex": "0 1 24rem", "min_width": "18rem"})
    both = widgets.HBox([left, panel.board], layout={"flex_flow": "row wrap", "grid_gap": "2rem"})
    title: dict[str, Any] = {"study": panel.study.name(lang), "year": panel.official.year}
    mark = sentence("mark", lang, provenance=panel.official.provenance)
    style = f"<style>{(TEMPLATES / 'panel.css').read_text(encoding='utf-8')}</style>"
    head = _html("h3", sentence("what_if_title", lang, **title))
    marks = [_html("p", mark, "mark")] if mark else []
    return [widgets.HTML(style), _names(lang), head, *marks, both]


def _names(lang: str) -> Output:
    """A script that names sliders and locks for screen readers, run wherever the panel shows."""
    script = (TEMPLATES / "names.js").read_text(encoding="utf-8").replace("LANG", lang)
    shown = {"output_type": "display_data", "metadata": {}}
    return widgets.Output(outputs=({**shown, "data": {"application/javascript": script}},))


def _html(tag: str, text: str, kind: str = "") -> HTML:
    return widgets.HTML(f'<{tag} class="{kind}">{escape(text)}</{tag}>')


def _open(panel: Panel, scenario: Scenario) -> None:
    """Set every widget to a scenario, and show it."""
    rules = panel.official.rules
    _place(panel, scenario_weights(panel.official.scheme, scenario.weights))
    panel.threshold.value = rules.threshold if scenario.threshold is None else scenario.threshold
    panel.ties.value = scenario.ties or rules.ties
    _show(panel)


def _place(panel: Panel, weights: Mapping[str, float]) -> None:
    panel.weights.update(weights)
    for code, slider in panel.sliders.items():
        slider.value = _shown(weights[code])


def _shown(weight: float) -> float:
    return round(weight / STEP) * STEP


def _slide(panel: Panel, code: str, change: Bunch) -> None:
    """A person moved a slider; what browser and panel say back to each other is passed over."""
    if abs(change["new"] - _shown(panel.weights[code])) < STEP / 2:
        return
    locked = {part for part, lock in panel.locks.items() if lock.value}
    choices: dict[str, Any] = {
        "official": official_weights(panel.official.scheme),
        "locked": locked,
    }
    _place(panel, rebalance(panel.weights, code, change["new"], **choices))
    _show(panel)


def _scenario(panel: Panel) -> Scenario:
    """What the widgets say, as it would be saved: nothing where they say what is official."""
    rules, official = panel.official.rules, official_weights(panel.official.scheme)
    weights = weights_text(panel.weights)
    return Scenario(
        study=panel.study.code,
        year=panel.official.year,
        lang=panel.lang,
        weights="" if weights == weights_text(official) else weights,
        threshold=None if panel.threshold.value == rules.threshold else panel.threshold.value,
        ties=None if panel.ties.value == rules.ties else panel.ties.value,
    )


def _show(panel: Panel) -> None:
    changes = _scenario(panel).model_dump(include={"weights", "threshold", "ties"})
    try:
        result = evaluate_scenario(panel.study, panel.official.year, **changes)
    except DataError as error:
        panel.board.value = f'<p class="error">{escape(str(error))}</p>'
    else:
        panel.board.value = board(panel.official, result, lang=panel.lang)


def _reset(panel: Panel) -> str:
    for lock in panel.locks.values():
        lock.value = False
    official = {"study": panel.study.code, "year": panel.official.year, "lang": panel.lang}
    _open(panel, Scenario(**official))
    return ""


def _save(panel: Panel) -> str:
    file = save_scenario(_file(panel), _scenario(panel))
    panel.name.options = _saved(panel)
    return sentence("what_if_saved", panel.lang, file=_path(file))


def _load(panel: Panel) -> str:
    file = _file(panel)
    _open(panel, load_scenario(file))
    return sentence("what_if_loaded", panel.lang, file=_path(file))


def _act(panel: Panel, act: Callable[..., Any], _: Button) -> None:
    """What a button does; the message says how it went."""
    try:
        said, kind = act(panel), ""
    except (DataError, StudyError, OSError) as error:
        said, kind = str(error), "error"
    panel.message.value = f'<p class="{kind}" role="status">{escape(said)}</p>' if said else ""


def _file(panel: Panel) -> Path:
    if not FILE_NAME.fullmatch(panel.name.value):
        raise DataError(sentence("what_if_name", panel.lang))
    return _folder() / f"{_prefix(panel)}{panel.name.value}.yaml"


def _folder() -> Path:
    return project_root() / "params" / "scenarios"


def _prefix(panel: Panel) -> str:
    return f"{panel.study.code}-{panel.official.year}-"


def _saved(panel: Panel) -> tuple[str, ...]:
    """Names of the scenarios that were saved for this study and year."""
    files = sorted(_folder().glob(f"{_prefix(panel)}*.yaml"))
    return tuple(file.stem.removeprefix(_prefix(panel)) for file in files)


def _path(file: Path) -> str:
    return file.relative_to(project_root()).as_posix()
