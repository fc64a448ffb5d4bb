"""Scores, ranks, firmness and publication of yearly evaluations of government websites.

>>> import evallib as ev
>>> ev.Rules().threshold
90.0

What a notebook needs is here; plotting, claims and firmness are loaded on first use, so that
commands that need none of them start fast.
"""

from importlib import import_module

from evallib.errors import DataError, Fault, StudyError
from evallib.scoring import Evaluation, evaluate, rank, score_index
from evallib.study.load import Study, Year, inspect_study, read_study
from evallib.study.rules import Rules
from evallib.study.scheme import Node, Scheme
from evallib.study.units import members

__version__ = "0.1.0"

_ON_FIRST_USE = {
    "publication.figures": (
        "plot_groups", "plot_index_tree", "plot_ranking", "plot_total_distribution",
    ),
    "publication.figures_change": ("plot_rounds", "plot_year_over_year"),
    "publication.fonts": ("use_style",),
    "publication.sentences": (
        "describe_change", "describe_cleaning", "describe_groups", "describe_index",
        "describe_ranking", "describe_rounds", "describe_scheme",
    ),
    "publication.views": (
        "adjustment_table", "edge_cases", "group_table", "lower_in_final", "provenance",
        "ranking_table", "round_changes", "rounds", "scheme_table",
    ),
    "publication.claims": ("compare_claims",),
    "publication.letter": ("write_letter",),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _ON_FIRST_USE.items() for name in names}

__all__ = [
    "DataError", "Evaluation", "Fault", "Node", "Rules", "Scheme", "Study", "StudyError", "Year",
    "evaluate", "inspect_study", "members", "rank", "read_study", "score_index", *_MODULE_OF,
]  # fmt: skip


def __getattr__(name):
    if name not in _MODULE_OF:
        raise AttributeError(f"evallib has no {name!r}")
    return getattr(import_module(f"evallib.{_MODULE_OF[name]}"), name)


def __dir__():
    return sorted(__all__)
