"""Generated sentences on evidence: why points were lost, what a rule says, when it vetoes."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from evallib.errors import DataError
from evallib.monitoring.rows import look_again, measured_year
from evallib.publication.wording import label, listing, percent, sentence
from evallib.rounding import format_number
from evallib.study.evidence.bounds import Step
from evallib.study.evidence.look import Span, WorkingDays
from evallib.study.evidence.measured import leaf_marks
from evallib.study.evidence.rules import LeafRule, Rule, VetoRule
from evallib.study.evidence.tally import faults_by_kind, tally
from evallib.study.model import Study, Year

SHARES = ("share_against", "share_for")
DUE = ("answered_in_time", "mean_working_days", "results_published_in_time")
UNVERIFIED = "未核实；"  # how a source of measures.yaml says so itself


def describe_loss(
    study: Study, year: int, unit: str, code: str, *, lang: str, as_of: date | None = None
) -> str:
    """One sentence on what a unit's measured leaf came from: points lost, and the rows that say so.

    Parameters
    ----------
    study : Study
    year : int
    unit : str
    code : str
        A measured leaf.
    lang : {"zh", "en"}
    as_of : date, optional
        Last day that counts; that of ``measures.yaml`` when omitted.

    Raises
    ------
    DataError
        If the year measures nothing, or has no such unit or measured leaf.
    """
    found = measured_year(study, year)
    if code not in found.measuring.leaves:
        known = ", ".join(found.measuring.leaves)
        raise DataError(f"{code!r} is no measured leaf of {year}; measured are {known}")
    rule, seen = found.measuring.leaves[code], look_again(found, code, as_of=as_of)
    table = leaf_marks(code, rule, seen, found.units, found.tree).set_index("unit")
    numbers = _of_unit(table, unit, year)
    if not found.tree.applies(found.units["class"]).at[unit, code]:
        return sentence("loss_not_applicable", lang)
    mark = numbers["mark"]
    if as_of is None and not numbers["counted"]:  # a typed mark that says it does not apply stands
        mark = found.marks.set_index(["unit", "indicator"]).at[(unit, code), "mark"]
    faults = faults_by_kind(seen, rule, found.units.index).loc[unit]
    lost = None if pd.isna(mark) else _points(found.tree.node(code).full_marks - mark)
    why = why_lost(rule, {**numbers, "mark": mark}, faults, lang)
    return sentence("evidence_loss", lang, points=lost, why=why)


def why_lost(rule: LeafRule | VetoRule, numbers: Any, faults: pd.Series, lang: str) -> str:
    """What the evidence says of one unit, without the points.

    Parameters
    ----------
    rule : LeafRule or VetoRule
    numbers : mapping
        value, counted, against and worst of the unit; of a leaf also its mark.
    faults : Series
        How many faults of each kind, one row of ``faults_by_kind``.
    lang : {"zh", "en"}
    """
    name, texts = rule.measure.name, _of_rule(rule, lang)
    counted, against = int(numbers["counted"]), int(numbers["against"])
    if (not counted and rule.kind.value != "counted") or pd.isna(numbers.get("mark", 0.0)):
        thing, known = label(f"thing_{rule.kind.table}", lang), pd.notna(numbers.get("mark"))
        about = {"thing": thing, "known": known, "due": name in DUE}
        return sentence("loss_nothing", lang, window=texts["window"], **about)
    value, worst = float(numbers["value"]), float(numbers["worst"])
    kinds = [
        {"name": _kind_name(rule, kind, lang), "n": int(n), "unit": _unit(rule, lang)}
        for kind, n in faults.items()
        if n and kind
    ]
    return sentence(
        f"loss_{name}",
        lang,
        counted=counted,
        against=against,
        kinds=kinds,
        share=_share(value) if rule.kind.value in SHARES else "",
        days="" if np.isinf(value) or np.isnan(value) else format_number(value, 2),
        never=np.isinf(value),
        worst=None if np.isnan(worst) else "inf" if np.isinf(worst) else format_number(worst, 2),
        slow=worst >= rule.parameters.get("seconds", np.inf),
        **texts,
    )


def describe_veto(
    study: Study, year: int, unit: str, veto: str, *, lang: str, as_of: date | None = None
) -> str:
    """What the evidence says of one veto and one unit, its bound, and who has decided.

    Parameters
    ----------
    study : Study
    year : int
    unit : str
    veto : str
        A veto of ``measures.yaml``.
    lang : {"zh", "en"}
    as_of : date, optional
        Last day that counts; that of ``measures.yaml`` when omitted.

    Raises
    ------
    DataError
        If the year measures nothing, or has no such unit or veto.
    """
    found = measured_year(study, year)
    rule, numbers, faults = _veto_numbers(found, unit, veto, as_of)
    return sentence(
        "evidence_veto",
        lang,
        name=veto_name(rule, lang),
        why=why_lost(rule, numbers, faults, lang),
        bound=_bound(rule, rule, lang),
        state=_veto_state(found, rule, unit, veto, numbers["value"]),
    )


def describe_open_veto(study: Study, year: int, unit: str, veto: str, *, lang: str) -> str:
    """A proposed veto that awaits a person: unit, veto and its code, value, bound and evidence."""
    found = measured_year(study, year)
    rule, numbers, faults = _veto_numbers(found, unit, veto, None)
    names = found.units.loc[unit]
    own, other = names["name_zh"], names["name_en"]
    return sentence(
        "evidence_veto_open",
        lang,
        unit=unit,
        who=own if lang == "zh" else other or own,
        veto=veto,
        name=veto_name(rule, lang),
        value=amount(rule, numbers["value"], lang),
        bound=_bound(rule, rule, lang),
        why=why_lost(rule, numbers, faults, lang),
    )


def veto_name(rule: VetoRule, lang: str) -> str:
    """Printed name of a veto."""
    return getattr(rule, lang) or rule.zh


def amount(rule: Rule, value: float, lang: str) -> str:
    """A value of a rule's measure, or a bound on it, as it prints: 5%, 14 days, 3."""
    if np.isinf(value):
        return label("amount_never", lang)
    if rule.kind.value in SHARES:
        return _share(value)
    about = {"kind": rule.kind.value, "unit": _unit(rule, lang)}
    return sentence("evidence_amount", lang, number=format_number(value, 2), **about)


def describe_rule(rule: LeafRule | VetoRule, *, lang: str) -> str:
    """What a rule measures, over which time, with which bounds, from which source.

    Parameters
    ----------
    rule : LeafRule or VetoRule
    lang : {"zh", "en"}

    Examples
    --------
    >>> from evallib.study.evidence.rules import LeafRule
    >>> rule = {"measure": {"name": "blank_columns"}, "window": {"days": 31}, "points_each": 0.5}
    >>> rule |= {"source": "rule book of 2019", "confirmed": False}
    >>> print(describe_rule(LeafRule.model_validate(rule), lang="en"))
    Columns without content; the latest look within 31 days. Points lost for each fault: 0.5; \
with nothing to count, the mark is missing. Unconfirmed; source: rule book of 2019.
    """
    texts, is_veto = _of_rule(rule, lang), isinstance(rule, VetoRule)
    each = None if isinstance(rule, VetoRule) else rule.points_each
    each = each if isinstance(each, dict) else {} if each is None else {"": each}
    warn = getattr(rule, "warn", None)
    return sentence(
        "evidence_rule",
        lang,
        what=sentence(f"rule_{rule.measure.name}", lang, **texts),
        snapshot=rule.kind.snapshot,
        window=texts["window"],
        fewest=rule.at_least_rows if rule.at_least_rows > 1 else 0,
        steps=[_bound(rule, s, lang) | {"points": _points(s.points)} for s in _steps(rule)],
        each=[
            {"name": _kind_name(rule, k, lang, "each") if k else "", "points": _points(p)}
            for k, p in each.items()
        ],
        bound=_bound(rule, rule, lang) if is_veto else None,
        warn=None if warn is None else amount(rule, warn, lang),
        without="" if isinstance(rule, VetoRule) else label(f"none_{rule.none}", lang),
        confirmed=rule.confirmed,
        source=rule.source if rule.confirmed else rule.source.removeprefix(UNVERIFIED),
    )


def _steps(rule: LeafRule | VetoRule) -> list[Step]:
    return sorted(getattr(rule, "steps", ()), key=lambda step: step.points)


def _of_unit(table: pd.DataFrame, unit: str, year: int) -> pd.Series:
    if unit not in table.index:
        raise DataError(f"{unit!r} is no unit of {year}")
    return table.loc[unit]


def _veto_numbers(
    found: Year, unit: str, veto: str, as_of: date | None
) -> tuple[VetoRule, pd.Series, pd.Series]:
    if veto not in found.measuring.vetoes:
        known = ", ".join(found.measuring.vetoes)
        raise DataError(f"{veto!r} is no veto of measures.yaml of {found.year}; it has {known}")
    rule, seen = found.measuring.vetoes[veto], look_again(found, veto, as_of=as_of)
    numbers = _of_unit(tally(seen, rule, found.units.index), unit, found.year)
    return rule, numbers, faults_by_kind(seen, rule, found.units.index).loc[unit]


def _veto_state(found: Year, rule: VetoRule, unit: str, veto: str, value: float) -> str:
    log = found.adjustments
    decided = log.loc[(log["unit"] == unit) & (log["veto"] == veto), "kind"]
    if rule.holds(value):
        kinds = {"veto": "confirmed", "veto_rejected": "rejected"}
        return kinds.get(decided.iloc[-1], "proposed") if len(decided) else "proposed"
    return "near" if rule.warns(value) else "no"


def _points(value: float) -> str:
    text = format_number(value, 2)
    return "<0.01" if text == "0" and value > 1e-9 else text


def _share(value: float) -> str:
    return percent(value, 1, decimals=2)


def _bound(rule: Rule, bound: Step | Rule, lang: str) -> dict[str, str]:
    """The test of a bound and the value that it stands at, as printed."""
    tests = ("below", "at_most", "above", "at_least")
    test = next(name for name in tests if getattr(bound, name) is not None)
    return {"test": test, "at": amount(rule, getattr(bound, test), lang)}


def _of_rule(rule: Rule, lang: str) -> dict[str, Any]:
    """The parameters of a rule as printed, for the templates of its measure."""
    given = rule.parameters
    elements, kinds = given.get("elements", ()), given.get("kinds", ())
    joined = listing([label(f"element_{name}", lang) for name in elements], lang)
    limits = [
        {"name": label(f"page_{kind}", lang), "limit": _span(limit, lang)}
        for kind, limit in given.get("limits", {}).items()
    ]
    return {
        "window": _span(rule.window, lang),
        "limit": _span(given["limit"], lang) if "limit" in given else "",
        "limits": limits,
        "pages": listing([label(f"page_{kind}", lang) for kind in kinds], lang),
        "elements": joined,
        "of": len(elements),
        "lacking": given.get("lacking", 0),
        "seconds": format_number(given.get("seconds", 0), 2),
        "public": given.get("until") == "published",
        "until": label(f"until_{given['until']}", lang) if "until" in given else "",
        "since": label(f"since_{given['charge']}", lang) if "charge" in given else "",
    }


def _span(span: Span | WorkingDays, lang: str) -> str:
    unit, n = next((unit, n) for unit, n in span.model_dump().items() if n is not None)
    return sentence("evidence_span", lang, unit=unit, n=n)


def _kind_name(rule: Rule, kind: str, lang: str, prefix: str = "fault") -> str:
    return label(f"{'element' if rule.kind.value == 'lacking' else prefix}_{kind}", lang)


def _unit(rule: Rule, lang: str) -> str:
    """The word that counts a rule's rows; none in English."""
    table = "lacking" if rule.kind.value == "lacking" else rule.kind.table
    return label(f"unit_{table}", lang)
