"""Measures of a site's pages: reachable, alive, kept up to date, without faults."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from evallib.study.evidence.look import Clock, Look, Span, days_between, never

Kind = Literal["home", "dynamic", "notice", "regular", "static"]
Kinds = Annotated[tuple[Kind, ...], Field(min_length=1)]
Elements = Annotated[tuple[str, ...], Field(min_length=1)]
Count = Annotated[int, Field(ge=1, strict=True)]
ERROR = 400  # the first status of HTTP that is an error


def failed_probes(
    rows: pd.DataFrame, clock: Clock, *, seconds: Annotated[float, Field(gt=0, strict=True)]
) -> Look:
    """Probes of the home page; against: no answer, an error, or an answer that took too long.

    Notes
    -----
    国办秘函〔2019〕19号, single-item veto: not open after 15 seconds in 5 % of a week's probes,
    twenty or more a day.
    """
    slow = rows["seconds"].to_numpy() >= seconds
    return Look(_dead(rows["status"]) | slow, rows["seconds"].to_numpy())


def dead_links(rows: pd.DataFrame, clock: Clock) -> Look:
    """Links looked at; against: no answer or an error, by ``home`` page and ``other`` pages.

    Notes
    -----
    国办发〔2015〕15号, availability of links.
    """
    kind = pd.Series(np.where(rows["home"], "home", "other"), rows.index)
    return Look(_dead(rows["status"]), kind=kind)


def days_since_update(rows: pd.DataFrame, clock: Clock, *, kinds: Kinds) -> Look:
    """Columns of these kinds, with the days from the last dated update to the look at them.

    Notes
    -----
    国办秘函〔2019〕19号, single-item veto: a home page without an update for two weeks. An update
    without a date counts as none (国办发〔2015〕15号).
    """
    left_out = {"other_kind": ~rows["kind"].isin(kinds).to_numpy()}
    return Look(never(rows), _days_without(rows), left_out)


def overdue_columns(
    rows: pd.DataFrame, clock: Clock, *, limits: Annotated[dict[Kind, Span], Field(min_length=1)]
) -> Look:
    """Columns that have a limit; against: not updated within it when looked at, in days since.

    A blank column is not counted here: no fault costs points twice.

    Notes
    -----
    国办秘函〔2019〕19号, single-item veto: five columns of news without an update for two weeks or
    of notices and policies for six months; ten that should have been updated.
    """
    until = pd.Series(pd.NaT, rows.index, dtype="datetime64[s]")
    for kind, limit in limits.items():
        until = until.mask(rows["kind"] == kind, limit.after(rows["last_update"]))
    left_out = {
        "other_kind": ~rows["kind"].isin(limits).to_numpy(),
        "blank": rows["blank"].to_numpy(bool),
    }
    overdue = ~(until > rows["checked"]).to_numpy()
    due = until - pd.Timedelta(days=1)
    return Look(overdue, _days_without(rows), left_out, kind=rows["kind"], due=due)


def blank_columns(rows: pd.DataFrame, clock: Clock) -> Look:
    """Columns looked at; against: those without content.

    Notes
    -----
    国办秘函〔2019〕19号, single-item veto: five blank columns.
    """
    return Look(rows["blank"].to_numpy(bool))


def typos(rows: pd.DataFrame, clock: Clock) -> Look:
    """Wrong words found, ``minor`` and ``serious``; a page without one counts as looked at."""
    return Look((rows["severity"] != "none").to_numpy(), kind=rows["severity"])


def days_since_post(rows: pd.DataFrame, clock: Clock) -> Look:
    """Posts of new-media accounts, with the days since; each account is judged apart.

    Notes
    -----
    国办秘函〔2019〕19号, veto of an account without an update for two weeks.
    """
    return Look(never(rows), days_between(rows["posted"], clock.as_of), group=rows["account"])


def article_count(rows: pd.DataFrame, clock: Clock) -> Look:
    """Articles published."""
    return Look(never(rows))


def original_share(rows: pd.DataFrame, clock: Clock) -> Look:
    """Articles published; against: those taken from other sites."""
    return Look(rows["reposted"].to_numpy(bool))


def lacking_elements(rows: pd.DataFrame, clock: Clock, *, elements: Elements) -> Look:
    """Rows looked at, and which of the elements each lacks; an element lacks when one row does."""
    lacking = {name: ~rows[name].to_numpy(bool) for name in elements}
    return Look(np.logical_or.reduce(list(lacking.values())), lacking=lacking)


def faulty_items(rows: pd.DataFrame, clock: Clock, *, elements: Elements) -> Look:
    """Rows looked at; against: those that lack one or more of the elements."""
    return lacking_elements(rows, clock, elements=elements)


def poor_guides(rows: pd.DataFrame, clock: Clock, *, elements: Elements, lacking: Count) -> Look:
    """Guides looked at; against: those that lack at least so many of the elements.

    Notes
    -----
    国办秘函〔2019〕19号, single-item veto: four kinds of elements missing in five guides.
    """
    return Look((~rows[list(elements)].to_numpy(bool)).sum(axis=1) >= lacking)


def _days_without(rows: pd.DataFrame) -> np.ndarray:
    days = days_between(rows["last_update"], rows["checked"])
    return np.where(np.isnan(days), np.inf, days)


def _dead(status: pd.Series) -> np.ndarray:
    return ~((status.to_numpy(float) > 0) & (status.to_numpy(float) < ERROR))
