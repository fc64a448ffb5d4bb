"""The claims of one year: of its populations, marks, findings, rules and sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from evallib.publication import facts
from evallib.publication.bound import Claim, Figures, shown
from evallib.publication.check.catalogue import Sources, claim, listed, number, part
from evallib.publication.facts import INDEX_DECIMALS
from evallib.scoring import score_index
from evallib.study.model import Year
from evallib.study.units import members


def claims_of_year(figures: Figures, now: Sources) -> Iterator[Claim]:
    """Claims of one year alone, but for who improved since the year before."""
    answers = _answers(now.data)
    for name in now.populations:
        yield from _of_totals(now, name)
        yield from _of_findings(now, name, answers)
        if now.result is not None:
            yield from _of_marks(now, name)
    yield from _of_rules(now)
    yield from _of_sites(now)
    if now.data.initial is not None:
        yield from _of_rounds(figures, now)


def _of_totals(now: Sources, name: str) -> Iterator[Claim]:
    inside, decimals, source = now.inside(name), now.data.rules.decimals, f"totals {now.year}"
    count, reached = len(now.populations[name]), int(inside.reaches_threshold.sum())
    yield number(now, "units", name, count, 0, f"units.csv on 31 December {now.year}", leaves=())
    mean = inside.means_of.mean()
    yield number(now, "mean", name, mean, decimals, f"unrounded {source}, every site alike")
    middle = inside.means_of.median()
    yield number(now, "median", name, middle, decimals, f"unrounded {source}, every site alike")
    yield number(now, "highest", name, inside.total.max(), decimals, source)
    yield number(now, "lowest", name, inside.total.min(), decimals, source)
    yield number(now, "count.at_threshold", name, reached, 0, f"printed {source}")
    yield part(now, "share.at_threshold", name, reached, count, f"printed {source}")
    places: dict[int, list[str]] = {}
    for unit, place in inside.rank.dropna().sort_values(kind="stable").to_dict().items():
        places.setdefault(place, []).append(unit)
    text = "、".join(inside.units["name_zh"][[u for tied in places.values() for u in tied]])
    held = tuple(map(tuple, places.values()))
    yield claim(now, "order", name, held, text, f"ranks {now.year}")
    text = "、".join(inside.units["name_zh"][[u for tied in held[::-1] for u in tied]])
    yield claim(now, "last", name, held[::-1], text, f"ranks {now.year}")
    log = now.data.adjustments
    failed = set(log.loc[log["kind"] == "veto", "unit"])
    vetoed, source = [u for u in now.populations[name] if u in failed], f"adjustments {now.year}"
    yield number(now, "count.vetoed", name, len(vetoed), 0, source, leaves=())
    yield listed(now, "vetoed", name, vetoed, source, leaves=())


def _answers(data: Year) -> dict[str, tuple[dict[str, str], set[str]]]:
    """What was found of every unit, and the finding's own population, by finding."""
    found: dict[str, tuple[dict[str, str], set[str]]] = {
        code: ({}, set(members(data.units, finding.population)))
        for code, finding in data.rules.findings.items()
    }
    for row in data.findings[["finding", "unit", "value"]].itertuples(index=False):
        found[row.finding][0][row.unit] = row.value
    return found


def _of_findings(
    now: Sources, name: str, answers: Mapping[str, tuple[dict[str, str], set[str]]]
) -> Iterator[Claim]:
    units = set(now.populations[name])
    for code, (asked, own) in answers.items():
        held = sum(asked.get(unit) == "true" for unit in units)
        found = [asked[unit] for unit in units & own if asked.get(unit) in ("true", "false")]
        n, source = len(found), f"findings {now.year}: {code}"
        yield number(now, f"count.finding.{code}", name, held, 0, source, leaves=())
        yield number(now, f"applicable.finding.{code}", name, n, 0, source, leaves=())
        yield part(now, f"share.finding.{code}", name, held, len(units), source, leaves=())
        if n:
            true = found.count("true")
            yield part(now, f"share.applicable.{code}", name, true, n, source, leaves=())


def _of_marks(now: Sources, name: str) -> Iterator[Claim]:
    result = now.evaluation
    units, scheme = list(now.populations[name]), result.scheme
    sites, pooled = result.scores.loc[units], score_index(result, units=units).to_dict()
    low, high, asked = (s.to_dict() for s in (sites.min(), sites.max(), sites.notna().sum()))
    for code in filter(asked.get, scheme.codes):
        leaves = scheme.leaves_under(code)
        source = f"marks {now.year} of {', '.join(leaves)} over their applicable full marks"
        about: dict[str, Any] = {"leaves": leaves, "denominator": int(asked[code])}
        yield number(now, f"index.{code}", name, pooled[code], INDEX_DECIMALS, source, **about)
        about["decimals"] = INDEX_DECIMALS
        text = f"{shown(low[code], 4)} to {shown(high[code], 4)} over the sites"
        yield claim(now, f"every.{code}", name, (low[code], high[code]), text, source, **about)
        below = [(c, round(pooled[c], 10)) for c in scheme.children(code) if asked[c]]
        if order := tuple(sorted(below, key=lambda pair: pair[1])):
            text = "; ".join(f"{child} {shown(x, INDEX_DECIMALS)}" for child, x in order)
            yield claim(now, f"order.{code}", name, order, text, source, **about)
    sides = facts.strengths_and_gaps(result, population=name)
    for what, nodes in zip(("above", "below"), sides, strict=True):
        yield number(now, f"count.{what}", name, len(nodes), 0, f"marks {now.year}")


def _of_rules(now: Sources) -> Iterator[Claim]:
    rules, scheme = now.data.rules, now.data.scheme
    about: dict[str, Any] = {"leaves": (), "units": ()}
    numbers = {
        "threshold": rules.threshold,
        "scale": rules.scale,
        "index_lowest": 0,
        "index_highest": 1,
        "bonus_cap": rules.bonus.cap,
        "gate": rules.bonus.gate,
        "penalty_cap": rules.penalty.cap,
        "improved": rules.improved.at_least if rules.improved else None,
    }
    for what, value in numbers.items():
        if value is not None:
            yield number(now, f"rule.{what}", "all", value, 2, f"rules {now.year}", **about)
    levels = [scheme.level(code) for code in scheme.codes] if scheme else []
    for n in range(1, max(levels, default=0) + 1):
        yield number(now, f"nodes.{n}", "all", levels.count(n), 0, f"scheme {now.year}", **about)
    if scheme is None:
        return
    for code in scheme.codes:
        about["leaves"], source = scheme.leaves_under(code), f"scheme {now.year}"
        weight = 100 * scheme.node_weights[code]
        yield number(now, f"weight.{code}", "all", weight, 2, source, **about)
        if np.isfinite(scheme.points[code]):
            yield number(now, f"points.{code}", "all", scheme.points[code], 2, source, **about)


def _of_sites(now: Sources) -> Iterator[Claim]:
    decimals, result = now.data.rules.decimals, now.result
    columns = {"total": (now.inside("all").total, decimals), "rank": (now.inside("all").rank, 0)}
    if result is not None:
        columns |= {what: (getattr(result, what), decimals) for what in ("bonus", "penalty")}
        for code in result.scheme.dimensions:
            columns[f"index.{code}"] = (result.scores[code], INDEX_DECIMALS)
    for what, (values, shown_decimals) in columns.items():
        leaves = result.scheme.leaves_under(what[6:]) if result and what[:6] == "index." else None
        for unit, value in values.dropna().to_dict().items():
            about: dict[str, Any] = {
                "units": (unit,),
                "leaves": leaves,
                "source": f"marks {now.year}",
            }
            yield number(now, what, unit, value, shown_decimals, **about)


def _of_rounds(figures: Figures, now: Sources) -> Iterator[Claim]:
    first, decimals = facts.initial_result(figures.study, now.year), now.data.rules.decimals
    for name, units in now.populations.items():
        mean = first.means_of.reindex(list(units)).mean()
        yield number(now, "mean.initial", name, mean, decimals, f"marks {now.year}, initial round")
        moved = now.inside(name).means_of.mean() - mean
        yield number(now, "delta.rounds", name, moved, decimals, f"marks {now.year}, both rounds")


def claims_of_change(figures: Figures, now: Sources, then: Sources) -> Iterator[Claim]:
    """Who improved most, who compares with nobody, what each site gained, and all together."""
    moves = facts.rank_changes(figures.study, then.year, now.year)
    source, years = f"totals {then.year} and {now.year}", (then.year, now.year)
    if now.data.rules.improved is not None:
        best = facts.most_improved(figures.study, now.year).index
        for name, units in now.populations.items():
            risen = [unit for unit in best if unit in units]
            yield listed(now, "improved", name, risen, source)
            yield number(now, "count.improved", name, len(risen), 0, source)
    new = set(moves.index[moves["was"].isna()])
    for what, column, decimals in (
        ("delta.total", "gain", now.data.rules.decimals),
        ("delta.rank", "change", 0),
    ):
        for unit, value in moves[column].dropna().to_dict().items():
            about = {"units": (unit,), "years": years}
            yield number(now, what, unit, value, decimals, source, **about)
    for name, units in now.populations.items():
        yield listed(now, "incomparable", name, [unit for unit in units if unit in new], source)
        gains = moves.loc[list(units), "gain"].dropna().astype(float)
        if name in then.populations and len(gains):
            mean = now.inside(name).means_of.mean() - then.inside(name).means_of.mean()
            value = (float(mean), float(gains.median()), int((gains > 0).sum()), len(gains))
            ends = f"mean {shown(mean, 2)}, median {shown(value[1], 2)}"
            text = f"{ends}, {value[2]} of {value[3]} rose"
            yield claim(now, "gains", name, value, text, source, years=years)
