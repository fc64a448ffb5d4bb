"""Scores, ranks, firmness and publication of yearly evaluations of government websites.

>>> import evallib as ev
>>> ev.Rules().threshold
90.0

What a notebook needs is here. Every name is loaded on first use, so that commands start fast.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_ON_FIRST_USE = {
    "errors": ("DataError", "Fault", "StudyError"),
    "scoring": ("Evaluation", "evaluate", "rank", "score_index"),
    "study.load": ("inspect_study", "read_study"),
    "study.model": ("Study", "Year"),
    "study.rules": ("Rules",),
    "study.scheme": ("Node", "Scheme"),
    "study.units": ("members",),
    "publication.figures": (
        "plot_groups", "plot_index_tree", "plot_ranking", "plot_total_distribution",
    ),
    "publication.figures_change": ("plot_rounds", "plot_year_over_year"),
    "publication.fonts": ("use_style",),
    "publication.sentences": (
        "describe_groups", "describe_index", "describe_ranking", "describe_scheme",
    ),
    "publication.views": (
        "adjustment_table", "edge_cases", "group_table", "lower_in_final", "missing_table",
        "provenance", "ranking_table", "round_changes", "rounded", "rounds", "scheme_table",
        "surprising_marks",
    ),
    "publication.claims": ("compare_claims",),
    "publication.hedges": ("affirm",),
    "publication.letter": ("write_letter",),
    "publication.workbook": ("write_workbook",),
    "change": (
        "bridge", "cohort", "compare", "improvement", "leaf_account", "near_threshold",
        "trajectories",
    ),
    "publication.figures_account": ("plot_account", "plot_crossers", "plot_unit_account"),
    "publication.figures_improvers": ("plot_improvers", "plot_trajectories"),
    "publication.sentences_account": (
        "describe_account", "describe_bridge", "describe_cohort", "describe_crossers",
        "describe_near", "describe_ranks",
    ),
    "publication.sentences_improvers": (
        "describe_claims", "describe_improvement", "describe_trajectories",
    ),
    "publication.views_account": (
        "account_table", "bridge_table", "cohort_table", "crosser_table", "improver_table",
        "leaf_table", "near_table", "rank_table", "trajectory_table",
    ),
    "publication.year_over_year": ("improvers", "year_over_year"),
    "firmness.acceptability": ("rank_uncertainty",),
    "firmness.breakpoints": ("breakpoints",),
    "firmness.changes": ("smallest_change",),
    "firmness.extremes": ("extreme_ranks",),
    "firmness.weights": ("perturb_weights",),
    "publication.facts_weights": (
        "importance", "left_out", "named", "proof_table", "spans", "swings", "top_margins",
        "weight_moves",
    ),
    "publication.facts_ways": ("alternatives", "choices", "jackknife", "movement", "ways_in"),
    "publication.facts_firmness": (
        "change_under_doubt", "error_of_marks", "likeness", "neighbours", "place_ranges",
        "recheck", "top_shares",
    ),
    "publication.figures_weights": (
        "plot_alternatives", "plot_breakpoints", "plot_importance", "plot_left_out",
        "plot_swings", "plot_top_margins",
    ),
    "publication.figures_firmness": (
        "plot_acceptability", "plot_choices", "plot_doubt", "plot_error_of_marks",
        "plot_neighbours", "plot_place_ranges", "plot_rank_sets", "plot_recheck",
        "plot_top_shares",
    ),
    "publication.sentences_rounds": (
        "describe_change", "describe_cleaning", "describe_rounds",
    ),
    "publication.sentences_weights": (
        "describe_alternatives", "describe_breakpoints", "describe_importance",
        "describe_left_out", "describe_movement", "describe_smallest_change", "describe_swings",
        "describe_top_margins", "describe_ways_in",
    ),
    "publication.sentences_firmness": (
        "describe_acceptability", "describe_choices", "describe_doubt", "describe_error_of_marks",
        "describe_jackknife", "describe_likeness", "describe_neighbours", "describe_place_ranges",
        "describe_recheck", "describe_top_shares",
    ),
    "publication.pinned": ("describe_pinned", "pinned", "with_verdicts"),
    "publication.card_basis": ("site_basis",),
    "publication.site_facts": ("site_card",),
    "publication.sentences_site": (
        "describe_site", "describe_site_losses", "describe_site_profile", "describe_site_rounds",
    ),
    "publication.card_texts": (
        "site_loss_table", "site_peer_table", "site_profile_table", "site_round_table",
    ),
    "publication.figures_site": ("plot_site_losses", "plot_site_places", "plot_site_profile"),
    "publication.sentences_evidence": ("describe_loss", "describe_rule", "describe_veto"),
    "publication.views_evidence": (
        "computed_findings", "describe_evidence", "evidence_balance", "evidence_repairs",
        "evidence_set_aside", "measured_leaves", "veto_table",
    ),
    "publication.cards": ("write_card", "write_cards"),
    "publication.index": ("write_index",),
    "study.evidence.measured": ("measure",),
    "study.measuring": ("open_vetoes",),
    "monitoring.rows": ("trace_mark",),
    "monitoring.monitor": ("monitor",),
    "monitoring.what_if": ("other_rule", "under_other_rule"),
    "publication.views_monitor": (
        "change_table", "other_rule_table", "repair_table", "risk_table", "row_table",
    ),
    "publication.figures_monitor": ("plot_monitor_losses", "plot_monitor_vetoes"),
    "publication.sentences_monitor": (
        "describe_due", "describe_monitor", "describe_other_rule", "describe_repairs",
        "describe_risks",
    ),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _ON_FIRST_USE.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> type[Any] | Callable[..., Any]:
    if name not in _MODULE_OF:  # a submodule, or nothing
        raise AttributeError(f"evallib has no {name!r}")
    return getattr(import_module(f"evallib.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
