"""What if the weights, the threshold or the rule for ties were others?"""

from evallib.explore.panel import explorer
from evallib.explore.scenario import (
    Scenario,
    evaluate_scenario,
    load_scenario,
    movements,
    save_scenario,
    what_if,
)
from evallib.explore.summary import describe_what_if
from evallib.explore.weights import (
    hundredths,
    official_weights,
    rebalance,
    scenario_weights,
    weights_text,
)

__all__ = [
    "Scenario",
    "describe_what_if",
    "evaluate_scenario",
    "explorer",
    "hundredths",
    "load_scenario",
    "movements",
    "official_weights",
    "rebalance",
    "save_scenario",
    "scenario_weights",
    "weights_text",
    "what_if",
]
