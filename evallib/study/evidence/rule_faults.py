"""Faults of ``measures.yaml`` against the scheme, the tables and the findings of the year."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from evallib.errors import Fault
from evallib.study.evidence.bounds import out_of_range
from evallib.study.evidence.rules import FindingRule, LeafRule, Measures, Rule
from evallib.study.evidence.tables import TABLES
from evallib.study.marks import off_step
from evallib.study.scheme import Node, Scheme


def rule_faults(
    rules: Measures, scheme: Scheme, findings: Collection[str], file: str
) -> list[Fault]:
    """Faults of ``measures.yaml`` against the scheme, the tables and the findings of the year.

    Parameters
    ----------
    rules : Measures
    scheme : Scheme
    findings : iterable of str
        Codes that ``rules.yaml`` defines.
    file : str
    """
    found: list[Fault] = []
    if not rules.leaves and not rules.vetoes:
        problem = "it measures nothing"
        found.append(Fault(file, None, "leaves", problem, "add a rule, or remove the file"))
    for code, rule in (rules.leaves | rules.vetoes).items():
        place = f"{'leaves' if code in rules.leaves else 'vetoes'}.{code}.measure"
        found += _element_faults(rule, file, place)
    for code, rule in rules.leaves.items():
        if code not in scheme.leaves:
            problem = f"{code!r} is no leaf of scheme.csv"
            found.append(Fault(file, None, f"leaves.{code}", problem, "write the code of a leaf"))
        elif scheme.node(code).full_marks is None:
            problem = f"{code} has goalposts, not full marks to lose points from"
            remedy = "give it full_marks in scheme.csv"
            found.append(Fault(file, None, f"leaves.{code}", problem, remedy))
        else:
            found += _price_faults(rule, scheme.node(code), file)
    for code in rules.vetoes:
        if code in scheme.codes:
            problem = f"{code!r} is also a code of scheme.csv"
            found.append(Fault(file, None, f"vetoes.{code}", problem, "give the veto another"))
    for code, finding in rules.findings.items():
        found += _finding_faults(code, finding, rules, findings, file)
    return found


def _element_faults(rule: Rule, file: str, place: str) -> Iterator[Fault]:
    chosen = rule.parameters.get("elements", ())
    known = [c.name for c in TABLES[rule.kind.table].columns if c.kind == "flag"]
    for name in dict.fromkeys(chosen):
        if name not in known:
            remedy = f"write some of {', '.join(known)}"
            problem = f"{name!r} is no element of {rule.kind.table}"
            yield Fault(file, None, f"{place}.elements", problem, remedy)
        elif chosen.count(name) > 1:
            yield Fault(file, None, f"{place}.elements", f"{name!r} stands twice", "keep one")
    if rule.parameters.get("lacking", 0) > len(chosen):
        problem = f"no guide lacks {rule.parameters['lacking']} of {len(chosen)} elements"
        yield Fault(file, None, f"{place}.lacking", problem, "correct one of the two")


def _price_faults(rule: LeafRule, node: Node, file: str) -> Iterator[Fault]:
    """Faults of points that the leaf cannot lose, and of prices of what it does not count."""
    each, place = rule.points_each, f"leaves.{node.code}"
    prices = each if isinstance(each, dict) else {} if each is None else {"": each}
    for kind in prices if isinstance(each, dict) else ():
        if kind not in rule.kinds:
            known = f"write some of {', '.join(rule.kinds)}" if rule.kinds else "write one number"
            name = getattr(rule.measure, "name", "")  # its class is made of its parameters
            problem = f"{kind!r} is no kind of fault that {name} tells apart"
            yield Fault(file, None, f"{place}.points_each", problem, known)
    for points in dict.fromkeys([*(step.points for step in rule.steps), *prices.values()]):
        if node.full_marks is not None and points > node.full_marks:
            problem = f"{points:g} points are more than the full marks of {node.full_marks:g}"
            yield Fault(file, None, place, problem, "write the full marks where all are lost")
        elif off_step(points, node.step):
            problem = f"{points:g} points are off the step {node.step:g}"
            yield Fault(file, None, place, problem, "correct the points, or the step in scheme.csv")


def _finding_faults(
    code: str, rule: FindingRule, rules: Measures, findings: Collection[str], file: str
) -> Iterator[Fault]:
    place = f"findings.{code}"
    if code not in findings:
        remedy = "define it there or correct the code"
        yield Fault(file, None, place, f"{code!r} is not defined in rules.yaml", remedy)
    if rule.leaf not in rules.leaves:
        problem = f"{rule.leaf!r} is not measured"
        yield Fault(file, None, f"{place}.leaf", problem, "add it under leaves")
    elif rule.when is not None:
        kind = rules.leaves[rule.leaf].kind.value
        if wrong := out_of_range(rule.when.bound, kind):
            yield Fault(file, None, f"{place}.when", wrong, "correct it")
    else:
        known = rules.leaves[rule.leaf].parameters.get("elements", ())
        if rule.lacking not in known or rules.leaves[rule.leaf].kind.value != "lacking":
            problem = f"{rule.lacking!r} is no element that {rule.leaf} counts"
            yield Fault(file, None, f"{place}.lacking", problem, "correct it")
