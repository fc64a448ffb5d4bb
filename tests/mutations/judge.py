"""How a run on a damaged study ends: one of the allowed ways, or a bug. No case is known by name."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evallib import missing_table, read_study, surprising_marks
from evallib.errors import StudyError
from mutations import facts
from mutations.base import base
from mutations.grid import FOLDER, Mutation
from mutations.oracle import Unclear, expected

UNCHANGED, DECIDED, REFUSED, OTHER, BUG = OUTCOMES = (
    "unchanged", "decided", "refused", "another valid fact", "bug",
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """The outcome of a run, what speaks for it, and the study where one was read."""

    outcome: str
    note: str = ""
    place: str = ""
    study: object = None


class Sandbox:
    """A folder with the valid study, in which one mutation at a time is tried."""

    def __init__(self, folder):
        self.folder = Path(folder) / "trial"
        for name, content in base().items():
            self._put(name, content)
        self.valid = {years: self._read(years) for years in (None, (2018,), (2019,), (2020,))}

    def _read(self, years):
        """The study, or some years of it, with all that it says, decides and prints."""
        study = read_study(self.folder, years=years)
        return study, facts.said(study), facts.log(study), facts.results(study)

    def _put(self, name, content):
        path = self.folder / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        if content is FOLDER:
            path.mkdir()
        elif content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        else:
            self._prune(path.parent)

    def _prune(self, folder):
        while folder != self.folder and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent

    @contextmanager
    def damaged(self, mutation: Mutation):
        """The folder with the mutation in it; valid again behind the block."""
        for name, content in sorted(mutation.files.items(), key=lambda item: item[1] is not None):
            self._put(name, content)
        try:
            yield self.folder
        finally:
            for name in mutation.files:
                self._put(name, None)
            for name in mutation.files:
                if name in base():
                    self._put(name, base()[name])

    def judge(self, mutation: Mutation) -> Verdict:
        """Read and score the damaged study, and say how that ended."""
        years = _years(mutation)
        with self.damaged(mutation):
            try:
                return judged(self._read(years), self.valid[years], mutation, years)
            except StudyError as error:
                return of_faults(error.faults, mutation)
            except Exception as error:  # what must never come out of the reader
                return Verdict(BUG, f"{type(error).__name__}: {error}")

    def audited(self, mutation: Mutation) -> tuple[set, set]:
        """Marks that a valid change made implausible or lost, and those the audit points at."""
        with self.damaged(mutation):
            study = read_study(self.folder)
        before = implausible(self.valid[None][0])
        odd = {place for year in study.years for place in implausible(study).get(year, ())}
        odd -= {place for places in before.values() for place in places}
        return odd, {place for year in study.years for place in _pointed_at(study, year)}


def _years(mutation):
    """The one year that the damaged files are of, or None: nothing in it reaches another year."""
    folders = {name.partition("/")[0] for name in mutation.files}
    one = folders.pop() if len(folders) == 1 else ""
    return (int(one),) if re.fullmatch(r"\d{4}", one) else None


def judged(found, valid, mutation, years=None) -> Verdict:
    """The verdict on a study that was read without a fault, against the valid one."""
    study, said, log, results = found
    _, facts_before, log_before, results_before = valid
    stands, cells = as_it_stands(mutation, years)
    if wrong := conserved(study, cells):
        return Verdict(BUG, wrong)
    if stands is not None and stands != said:
        return Verdict(BUG, f"read otherwise than it stands there: {difference(stands, said)}")
    if lost := [key for key, row in results.items() if isinstance(row, tuple) and row[0] == ""]:
        return Verdict(BUG, f"no total of {lost}")
    if said == facts_before:
        if results != results_before:
            return Verdict(BUG, "the same facts, another result")
        return Verdict(UNCHANGED if log == log_before else DECIDED, study=study)
    if stands is None:
        return Verdict(BUG, f"changed without a decision: {difference(facts_before, said)}")
    return Verdict(OTHER, difference(facts_before, said), study=study)


def as_it_stands(mutation, years=None):
    """What the oracle reads in the damaged files, or None, and the cells it counts."""
    files = base() | mutation.files
    files = {name: raw for name, raw in files.items() if raw is not None and raw is not FOLDER}
    files |= {name: None for name, raw in mutation.files.items() if raw is FOLDER}
    try:
        return expected(files, years)
    except Unclear:
        return None, {}


def conserved(study, cells) -> str:
    """What was lost: cells in that are neither scored nor set aside, or not counted at all."""
    for key, (came, scored, aside) in facts.balance(study).items():
        if came != scored + aside:
            return f"{key}: {came} cells in, {scored} scored, {aside} set aside"
        if cells and cells.get(key) != came:
            return f"{key}: {cells.get(key)} cells stand there, {came} came in"
    return ""


def difference(before, after) -> str:
    """Some facts that went and came."""
    gone, new = list((before - after).elements()), list((after - before).elements())
    return f"-{len(gone)} {gone[:2]} +{len(new)} {new[:2]}"


def of_faults(found, mutation) -> Verdict:
    """A refusal is one if it names the damaged file, or one that now contradicts it, with place."""
    note = "; ".join(str(fault) for fault in found[:3])
    if any(not (fault.problem and fault.remedy) for fault in found):
        return Verdict(BUG, f"a fault without remedy: {note}")
    own = [fault for fault in found if _names(fault.file, mutation)]
    if own:
        return Verdict(REFUSED, note, _precision(own, mutation))
    related = [f for f in found if any(_related(f.file, name) for name in mutation.files)]
    if not related:
        return Verdict(BUG, f"names another file: {note}")
    if not any(_has_place(fault) for fault in related):
        return Verdict(BUG, f"names no place: {note}")
    return Verdict(REFUSED, note, "a file that contradicts it")


def _names(file, mutation):
    """Whether a fault is about a damaged file, or about a folder that came with it."""
    return any(name == file or name.startswith(f"{file}/") for name in mutation.files)


def _has_place(fault):
    return bool(
        fault.row
        or fault.column
        or fault.sheet
        or "missing" in fault.problem
        or "no " in fault.problem
        or "neither" in fault.problem
    )


def _related(file, mutated):
    """Whether two files of a study speak about the same year, or one of them about all."""
    years = [name[:4] if re.match(r"\d{4}/", name) else "" for name in (file, mutated)]
    return "" in years or years[0] == years[1]


def _precision(found, mutation):
    if mutation.row is None:
        return "the file"
    row = [fault for fault in found if fault.row == mutation.row]
    if any(_same(fault.column, mutation.column) for fault in row):
        return "row and column"
    column = mutation.column is not None and any(_same(f.column, mutation.column) for f in found)
    return "row" if row else "column" if column else "the file only"


def _same(one, other):
    return one is not None and other is not None and "".join(one.split()) == "".join(other.split())


def implausible(study) -> dict:
    """By year: marks half the scale from the initial round or the year before, and lost ones."""
    found = {}
    for number, year in study.years.items():
        if year.scheme is None:
            continue
        now, others = _indices(year, year.marks), []
        if year.initial is not None:
            first = _indices(year, year.initial)
            others.append(first)
            found[number] = {(u, c) for u, c in now if (u, c) not in first}
        before = study.years.get(study.year_before(number))
        if before is not None and before.scheme is not None:
            others.append(_indices(before, before.marks))
        far = {
            place
            for other in others
            for place in now.keys() & other.keys()
            if abs(now[place] - other[place]) > 0.5 + 1e-9
        }
        found[number] = found.get(number, set()) | far
    return found


def _indices(year, marks):
    """Scored marks as shares of the way from worst to best, by unit and leaf."""
    found = {}
    for row in marks[marks["status"] == "scored"].itertuples():
        node = year.scheme.node(row.indicator)
        low, high = (0, node.full_marks) if node.low is None else (node.low, node.high)
        found[row.unit, row.indicator] = min(max((row.mark - low) / (high - low), 0), 1)
    return found


def _pointed_at(study, year):
    if study.years[year].scheme is None:
        return
    for table in (surprising_marks(study, year), missing_table(study, year)):
        yield from zip(table["unit"], table["indicator"], strict=True)
