"""What the cards of all sites of a year share: results, last year, and the ranges of places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from evallib.errors import DataError
from evallib.firmness.acceptability import rank_uncertainty
from evallib.firmness.extremes import extreme_ranks
from evallib.firmness.linear import linear_scores
from evallib.firmness.weights import perturb_weights
from evallib.monitoring.outlook import repairs_of
from evallib.monitoring.rows import look_again
from evallib.publication import facts
from evallib.scoring import Evaluation, evaluate
from evallib.study.evidence.tally import faults_by_kind
from evallib.study.model import Study, Year

LEVEL = 0.9  # share of weightings that an interval of places holds
EXACT_UNITS = 100  # ranked units up to which exact best and worst places are looked for


@dataclass(frozen=True)
class SiteEvidence:
    """What the evidence of a measured year says of all its sites.

    Attributes
    ----------
    faults : Mapping of measured leaf to DataFrame
        Units x kinds of faults, see ``faults_by_kind``.
    repairs : DataFrame
        Faults that can still be mended, see ``repairs_of``.
    """

    faults: Mapping[str, pd.DataFrame]
    repairs: pd.DataFrame


@dataclass(frozen=True)
class SiteBasis:
    """What the cards of all sites of a year share; made once.

    Attributes
    ----------
    result : Evaluation
    initial : Evaluation of the initial round, or None
    before : Standing of the previous year, or None
    earlier : Evaluation of the previous year, or None where only totals survive
    was : Series
        The unit that each unit was in the previous year; missing where it compares with nobody.
    places : DataFrame by ranked unit
        ``low`` and ``high`` hold the unit in 90 % of the weightings; ``best`` and ``worst`` are
        exact for all weights within the spread, missing where the exact method does not apply.
    choices : Mapping
        ``spread``, ``draws``, ``seed`` and ``level`` of these places.
    evidence : SiteEvidence, or None where the year measures nothing
    """

    study: Study
    year: int
    result: Evaluation
    initial: Evaluation | None
    before: facts.Standing | None
    earlier: Evaluation | None
    was: pd.Series
    places: pd.DataFrame
    choices: Mapping[str, float]
    evidence: SiteEvidence | None

    @property
    def first(self) -> Evaluation:
        """The evaluation of the initial round; raises DataError where none is kept."""
        if self.initial is None:
            raise DataError(f"{self.result.study} {self.year}: no initial round is kept")
        return self.initial

    @property
    def year_before(self) -> int | None:
        """The previous year; None without one."""
        return None if self.before is None else self.before.year


def site_basis(
    study: Study, year: int, *, spread: float, draws: int, seed: int, threads: int | None = None
) -> SiteBasis:
    """What the cards of all sites of a year rest on.

    Parameters
    ----------
    study : Study
    year : int
    spread : float, 0 to 1
        How far every leaf weight may lie from its own, as a share of it.
    draws : int
        Weightings sampled for the intervals of places.
    seed : int
    threads : int, optional
        All cores when omitted; the numbers do not depend on it.

    Raises
    ------
    DataError
        If the study has no such year, or only totals of it.

    Examples
    --------
    >>> import evallib as ev
    >>> study = ev.read_study("data/sichuan-land")
    >>> basis = site_basis(study, 2011, spread=0.2, draws=1_000, seed=1)
    >>> basis.places.loc["chengdu"].tolist()
    [1, 1, 1, 1]
    """
    result, previous = evaluate(study, year), study.year_before(year)
    data = study.years[year]
    marked = previous is not None and study.years[previous].scheme is not None
    nobody = pd.Series(None, index=data.units.index, dtype=object)
    return SiteBasis(
        study,
        year,
        result,
        initial=None if data.initial is None else facts.initial_result(study, year),
        before=None if previous is None else facts.standing(study, previous),
        earlier=evaluate(study, previous) if previous is not None and marked else None,
        was=nobody if previous is None else facts.predecessors(study, previous, year),
        places=_places(result, spread, draws, seed, threads),
        choices={"spread": spread, "draws": draws, "seed": seed, "level": LEVEL},
        evidence=site_evidence(data),
    )


def site_evidence(year: Year) -> SiteEvidence | None:
    """What the cards of a Year need of its evidence; None where nothing is measured."""
    if year.measures is None:
        return None
    rules, units = year.measures, year.units.index
    seen = {code: look_again(year, code) for code in rules.leaves}
    return SiteEvidence(
        {code: faults_by_kind(seen[code], rule, units) for code, rule in rules.leaves.items()},
        repairs_of(year, rules, seen, pd.Timestamp(rules.as_of)),
    )


def _places(
    result: Evaluation, spread: float, draws: int, seed: int, threads: int | None
) -> pd.DataFrame:
    if not result.rank.notna().any():
        return pd.DataFrame(columns=["low", "high", "best", "worst"], dtype="Int64")
    drawn = perturb_weights(result.scheme, at="leaf", spread=spread, draws=draws, seed=seed)
    table = rank_uncertainty(result, drawn, threads=threads).interval(LEVEL)
    exact = pd.DataFrame(index=table.index, columns=["best", "worst"])
    if len(table) <= EXACT_UNITS and _is_ratio(result):
        found = extreme_ranks(result, spread=spread).table
        known = found[["best_status", "worst_status"]].eq("exact").to_numpy()
        exact = found[["best", "worst"]].where(known)
    return table.join(exact).astype("Int64")


def _is_ratio(result: Evaluation) -> bool:
    """Whether exact places exist: totals are a ratio of two linear forms of the weights."""
    try:
        linear_scores(result)
    except DataError:
        return False
    return True
