"""Evidence that gives exactly the marks of a panel: ten tables a year, drawn from own streams."""

from __future__ import annotations

from datetime import date

import numpy as np

from generator import evidence_letters as mail
from generator import evidence_pages as pages
from generator.evidence_days import written
from generator.evidence_faults import spoil
from generator.facts import FOLDER, YEARS, rows

# what makes each table, and its columns in order
TABLES = {
    "letters": (mail.letters, ("letter", "unit", "received", "transfers", "type", "status",
                               "replied", "published")),
    "consultations": (mail.consultations, ("consultation", "unit", "start", "end",
                                           "results_published")),
    "guides": (pages.guides, ("guide", "unit", "sampled", *pages.ELEMENTS, "same_format",
                              "same_source")),
    "probes": (pages.probes, ("unit", "time", "status", "seconds")),
    "links": (pages.links, ("unit", "checked", "page", "target", "status", "home")),
    "columns": (pages.columns, ("unit", "checked", "column", "kind", "last_update", "blank")),
    "articles": (pages.articles, ("unit", "published", "column", "title", "reposted")),
    "posts": (pages.posts, ("unit", "account", "posted")),
    "footer": (pages.footers, ("unit", "checked", *pages.MARKS, "error_report")),
    "typos": (pages.typos, ("unit", "checked", "page", "wrong", "right", "severity")),
}  # fmt: skip
STREAM = 6  # sets these draws apart from those of the panel


def evidence(panel, seed):
    """Tables of one year by name, each a list of rows of text; nothing is wrong in them yet."""
    since = {
        r["unit"]: date.fromisoformat(r["valid_from"])
        for r in rows(FOLDER / "units.csv")
        if r["valid_from"]
    }
    found = {}
    for number, (name, (make, columns)) in enumerate(TABLES.items()):
        rng = np.random.default_rng([seed, panel.frame.year, STREAM, number])
        made = make(panel, since, rng)
        found[name] = [{column: _text(row[column]) for column in columns} for row in made]
    return found


def _text(value):
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (str, int, float)) else written(value)


def clean(panels, seed):
    """Rows of all tables and both years, nothing wrong in them, by path below the study folder."""
    return {
        f"{year}/evidence/{name}.csv": rows
        for year in YEARS
        for name, rows in evidence(panels[year], seed).items()
    }


def faulty(panels, seed):
    """The same with the injected faults, and the ground truth of the faults of both years."""
    files, faults = {}, []
    for year in YEARS:
        tables = evidence(panels[year], seed)
        faults += spoil(tables, year, np.random.default_rng([seed, year, STREAM, len(TABLES)]))
        files |= {f"{year}/evidence/{name}.csv": rows for name, rows in tables.items()}
    return files, faults
