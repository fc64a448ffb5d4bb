"""Where a run works and where its result goes: whole, or what was there before.

A run works in ``out/<study>/.<year>``. Each executed notebook is put there under its fingerprint
as soon as it is done, and when all are, the folder moves to ``out/<study>/<year>`` in one step:
a run that is killed leaves no half-written result, and ``resume`` takes up what it had done.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from evallib.batch.outcome import FAILED, Outcome
from evallib.batch.plan import Run, input_digests
from evallib.errors import Fault, StudyError
from evallib.publication.folders import put_in_place, set_right, write_whole

try:
    import fcntl
except ImportError:  # Windows, where two runs of one year are not kept apart
    fcntl = None  # type: ignore[assignment]  # a module cannot be declared optional

CARDS, OUTDATED = "cards", "cards-outdated"


@dataclass
class Place:
    """Folders of a run, fingerprints of its notebooks, and what became of them."""

    run: Run
    target: Path
    prints: dict[str, str]
    inputs: dict[str, str]
    outcomes: list[Outcome] = field(default_factory=list)
    ended: Event = field(default_factory=Event)  # every notebook has its outcome, or none will come
    claim: int | None = None  # the lock on the work folder; it goes with the process

    @property
    def names(self) -> tuple[str, ...]:
        """Notebooks of the run."""
        return self.run.notebooks

    @property
    def work(self) -> Path:
        """The folder that nobody but this run looks into."""
        return self.target.with_name(f".{self.target.name}")

    def kept(self, name: str) -> Path | None:
        """The executed notebook of the same fingerprint, in the result or in the work folder."""
        for folder in (self.target, self.work):
            path = folder / "notebooks" / f"{name}.ipynb"
            mark = path.with_suffix(".sha256")
            if path.is_file() and mark.is_file() and mark.read_text() == self.prints[name]:
                return path
        return None

    @property
    def complete(self) -> bool:
        """Whether the result in place is the one that this run would make."""
        inside = self.target / "notebooks"
        published = bool(self.run.beside) or (self.target / "manifest.json").is_file()
        return published and all(
            (path := self.kept(name)) is not None and path.parent == inside for name in self.names
        )

    @property
    def succeeded(self) -> bool:
        """Whether every notebook has an outcome, and nothing has failed."""
        known = {outcome.notebook for outcome in self.outcomes if outcome.status != FAILED}
        return known.issuperset(self.names) and len(known) == len(self.outcomes)

    def note(self, name: str, status: str, seconds: float = 0.0, **more: Any) -> Outcome:
        """Remember what became of a notebook."""
        outcome = Outcome(self.run.study, self.run.year, name, status, seconds, **more)
        self.outcomes.append(outcome)
        if len({one.notebook for one in self.outcomes}.intersection(self.names)) == len(self.names):
            self.ended.set()
        return outcome

    def open(self, *, fresh: bool) -> list[str]:
        """Empty the work folder of all but the notebooks that it, or the result, has already."""
        found = () if fresh else ((name, self.kept(name)) for name in self.names)
        kept = {name: path for name, path in found if path is not None}
        self._clear(kept)
        (self.work / "notebooks").mkdir(exist_ok=True)
        for name, path in kept.items():
            if path.parent != self.work / "notebooks":
                self.keep(name, path.read_bytes())
        return [*kept]

    def _clear(self, kept: Collection[str] = ()) -> None:
        """Remove from the work folder all but these notebooks."""
        for path in [*self.work.glob("notebooks/*"), *self.work.iterdir()]:
            if path.is_file() and path.stem not in kept:
                path.unlink()
            elif path.is_dir() and path.name != "notebooks":
                shutil.rmtree(path)

    def keep(self, name: str, content: bytes) -> None:
        """Put an executed notebook into the work folder, and its fingerprint beside it."""
        path = self.work / "notebooks" / f"{name}.ipynb"
        write_whole(path, content)
        write_whole(path.with_suffix(".sha256"), self.prints[name])

    def log(self, name: str, content: bytes) -> str:
        """Path of a failed notebook as far as it came."""
        path = self.target.parent / "failed" / f"{self.run.year}-{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        return str(write_whole(path, content))

    def carry_cards(self) -> None:
        """Copy the sites' cards of the result before: as they are, or set aside where they rest
        on other inputs or another library than this one."""
        before, now = self.target / CARDS, _basis(self.work)
        for name in (CARDS, OUTDATED):
            shutil.rmtree(self.work / name, ignore_errors=True)
        if before.is_dir():
            current = _basis(before) == now is not None
            shutil.copytree(before, self.work / (CARDS if current else OUTDATED))
        elif (self.target / OUTDATED).is_dir():
            shutil.copytree(self.target / OUTDATED, self.work / OUTDATED)

    def finish(self) -> None:
        """Move the result into place, unless it rests on files of two states."""
        now = input_digests(self.run.folder)
        if changed := {name for name, _ in self.inputs.items() ^ now.items()}:
            self._clear()
            problem, remedy = "it changed while the run was going on", "run it again"
            raise StudyError([Fault(name, None, None, problem, remedy) for name in sorted(changed)])
        with _held(self.target):  # it passes through the work folder, where nobody may take it
            put_in_place(self.work, self.target)
        self._release()

    def take(self) -> list[Fault]:
        """Make the work folder and lock it; why the result cannot be written, if so."""
        folder, remedy = self.target.parent, "name another with --out, or make room"
        try:
            self.work.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
            if not self._locked():
                problem, remedy = "another run is making it", "wait until that has ended"
                return [Fault(str(self.target), None, None, problem, remedy)]
            set_right(self.target)
            return []
        except OSError as error:
            return [Fault(str(folder), None, None, str(error.strerror), remedy)]

    def _locked(self) -> bool:
        if fcntl is None:
            return True
        claim = os.open(self.work, os.O_RDONLY)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(claim), self.work.stat()):
                self.claim = claim
        except (BlockingIOError, FileNotFoundError):  # it is held, or was just moved into place
            pass
        finally:
            if self.claim is None:
                os.close(claim)
        return self.claim is not None

    def tidy(self) -> None:
        """Remove what a run left that was killed after its result was in place."""
        if self.work.is_dir() and not self.take():
            shutil.rmtree(self.work, ignore_errors=True)
        self.leave()

    def leave(self) -> None:
        """Give up the lock; an empty work folder goes too."""
        if self._release():
            with suppress(OSError):
                self.work.rmdir()

    def _release(self) -> bool:
        held, self.claim = self.claim, None
        if held is not None:
            os.close(held)
        return held is not None


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """A lock on a folder that nobody else can hold now, where there is one."""
    claim = os.open(folder, os.O_RDONLY) if fcntl and folder.exists() else None
    try:
        if claim is not None:
            fcntl.flock(claim, fcntl.LOCK_EX)
        yield
    finally:
        if claim is not None:
            os.close(claim)


def _basis(folder: Path) -> tuple[dict[str, str], dict[str, str]] | None:
    """What cards rest on: inputs and library of their manifest; None without one."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return manifest["inputs"], manifest["versions"]
    except (OSError, ValueError, KeyError):
        return None
