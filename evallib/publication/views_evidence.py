"""What a year's evidence did, as tables and one paragraph: balance, repairs, leaves, vetoes."""

from __future__ import annotations

import pandas as pd

from evallib.errors import DataError
from evallib.publication.sentences import joined
from evallib.publication.sentences_evidence import amount, describe_open_veto, veto_name
from evallib.publication.sentences_site import leaf_names
from evallib.publication.wording import sentence
from evallib.study.marks import NOT_APPLICABLE
from evallib.study.measuring import RULE, open_vetoes
from evallib.study.model import Study, Year

BALANCE_COLUMNS = ["table", "rows_in", "kept", "set_aside"]
LEAF_COLUMNS = ["name", "measure", "sites", "counted", "lost_points", "points", "typed_overruled"]


def evidence_balance(study: Study, year: int) -> pd.DataFrame:
    """Rows of each table of evidence: rows_in = kept + set_aside; empty without evidence."""
    found = study.years[year]
    if found.evidence is None:
        return pd.DataFrame(columns=BALANCE_COLUMNS)
    return found.evidence.rows[BALANCE_COLUMNS].reset_index(drop=True)


def evidence_repairs(study: Study, year: int) -> pd.DataFrame:
    """How many rows of evidence were repaired on reading: rules x tables."""
    found = study.years[year]
    if found.evidence is None or found.evidence.decisions.empty:
        return pd.DataFrame(index=pd.Index([], name="rule"))
    log = found.evidence.decisions
    return log.pivot_table(
        index="rule", columns="table", values="rows", aggfunc="sum", fill_value=0, observed=True
    )


def evidence_set_aside(study: Study, year: int) -> pd.DataFrame:
    """How many rows of evidence were set aside: reasons x tables."""
    found = study.years[year]
    if found.evidence is None or found.evidence.set_aside.empty:
        return pd.DataFrame(index=pd.Index([], name="reason"))
    return found.evidence.set_aside.groupby(["reason", "table"]).size().unstack(fill_value=0)


def measured_leaves(study: Study, year: int, *, lang: str) -> pd.DataFrame:
    """What the evidence says of each measured leaf, in the order of ``measures.yaml``.

    Returns
    -------
    DataFrame by leaf
        name, measure; sites (to which it applies), counted (rows of evidence); lost_points (sites
        that lost some) and points (lost by all of them); typed_overruled (typed marks that the
        evidence replaced).
    """
    found = study.years[year]
    if found.measured is None:
        return pd.DataFrame(columns=LEAF_COLUMNS, index=pd.Index([], name="indicator"))
    full, names = found.tree.full_marks, leaf_names(found.tree, lang)
    marks = found.measured.marks
    marks = marks.assign(points=marks["indicator"].map(full) - marks["mark"])
    marks = marks[marks["status"] != NOT_APPLICABLE].groupby("indicator", sort=False)
    leaves = list(found.measuring.leaves)
    table = pd.DataFrame(
        {
            "name": [names[code] for code in leaves],
            "measure": [rule.measure.name for rule in found.measuring.leaves.values()],
            "sites": marks.size(),
            "counted": marks["counted"].sum(),
            "lost_points": marks["points"].agg(lambda points: int((points > 0).sum())),
            "points": marks["points"].sum(),
            "typed_overruled": overruled(study, year)["indicator"].value_counts(),
        },
        index=pd.Index(leaves, name="indicator"),
    )
    counts = ["sites", "counted", "lost_points", "typed_overruled"]
    table[counts] = table[counts].fillna(0).astype(int)
    return table.fillna({"points": 0.0})[LEAF_COLUMNS]


def overruled(study: Study, year: int) -> pd.DataFrame:
    """Typed marks and findings that the evidence replaced: rows of the decision log."""
    log = study.years[year].decisions
    if log is None:
        raise DataError(f"study {study.code}, year {year}: no decisions are kept")
    return log[log["rule"] == RULE].reset_index(drop=True)


def computed_findings(study: Study, year: int, *, lang: str) -> pd.DataFrame:
    """For each finding that the evidence decides: its text, and at how many sites it holds."""
    found, columns = study.years[year], ["finding", "true", "false", "not_applicable"]
    if found.measured is None or found.measured.findings.empty:
        return pd.DataFrame(columns=["name", *columns[1:]], index=pd.Index([], name="finding"))
    says = found.measured.findings
    table = says.groupby(["finding", "value"], sort=False).size().unstack(fill_value=0)
    table = table.reindex(columns=columns[1:], fill_value=0).rename_axis(columns=None)
    texts = found.rules.findings
    names = [getattr(texts[code], lang) or texts[code].zh for code in table.index]
    table.insert(0, "name", names)
    return table


def veto_table(study: Study, year: int, *, lang: str) -> pd.DataFrame:
    """Proposed vetoes that await a person, each with its evidence.

    Returns
    -------
    DataFrame
        unit, veto (its code), name, value and bound as printed, text (the whole sentence).
    """
    found, rows = study.years[year], []
    for one in open_vetoes(found).itertuples():
        rule = found.measuring.vetoes[one.veto]
        values = [amount(rule, value, lang) for value in (one.value, rule.bound)]
        text = describe_open_veto(study, year, one.unit, one.veto, lang=lang)
        rows.append((one.unit, one.veto, veto_name(rule, lang), *values, text))
    return pd.DataFrame(rows, columns=["unit", "veto", "name", "value", "bound", "text"])


def veto_notes(texts: list[str], *, file: str, lang: str) -> list[str]:
    """Lines that name proposed vetoes, and say how a person decides them; none without any.

    Parameters
    ----------
    texts : list of str
        Column ``text`` of a :func:`veto_table`.
    file : str
        Where the decision belongs, such as ``2020/adjustments.csv``.
    lang : {"zh", "en"}
    """
    if not texts:
        return []
    head = sentence("evidence_veto_head", lang, n=len(texts))
    return [head, *texts, sentence("evidence_veto_how", lang, file=file)]


def describe_evidence(study: Study, year: int, *, lang: str = "zh") -> str:
    """What the evidence of a year holds, what it decides, and whether typed marks agree.

    Examples
    --------
    >>> import evallib as ev
    >>> print(describe_evidence(ev.read_study("sichuan-land"), 2011, lang="en"))
    This year measures nothing; all its marks are typed in.
    """
    found = study.years[year]
    if found.measured is None:
        return sentence("evidence_none", lang)
    balance, typed = evidence_balance(study, year), _typed(found)
    replaced = overruled(study, year)["indicator"].isin(found.measuring.leaves)
    return joined(
        [
            sentence(
                "evidence_balance",
                lang,
                tables=len(balance),
                rows_in=int(balance["rows_in"].sum()),
                kept=int(balance["kept"].sum()),
                aside=int(balance["set_aside"].sum()),
                as_of=found.measured.as_of.isoformat(),
                leaves=len(found.measuring.leaves),
                findings=len(found.measuring.findings),
                open=len(open_vetoes(found)),
            ),
            sentence("evidence_overruled", lang, typed=typed, overruled=int(replaced.sum())),
        ],
        lang,
    )


def _typed(year: Year) -> int | None:
    """How many cells of measured leaves the final score sheets fill; None of a tidy table."""
    if year.cells is None:
        return None
    cells = year.cells[year.cells["round"] == "final"]
    cells = cells[cells["indicator"].isin(year.measuring.leaves)]
    return int((cells["was"].astype(str).str.strip() != "").sum())
