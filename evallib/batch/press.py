"""Publishing in a process of its own, so that tables and figures are made while notebooks run.

The process reads every study once. It takes a job as a line of JSON and answers with a line; it
ends when nobody is left to give it any, also where the batch was killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import astuple
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any, cast

from evallib.batch.outcome import said
from evallib.errors import Fault, StudyError

if TYPE_CHECKING:
    from evallib.study.load import Study


class PressError(Exception):
    """Something could not be published; what and why."""


class Press:
    """The process; every function waits until it has answered."""

    def __enter__(self) -> Press:
        command = [sys.executable, "-c", "from evallib.batch.press import main; main()"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.asks, self.answers = (
            cast("IO[bytes]", pipe) for pipe in (self.process.stdin, self.process.stdout)
        )
        return self

    def __exit__(self, kind: object, *failure: object) -> None:
        if kind is not None:
            self.process.kill()
        self.answers.close()
        with suppress(BrokenPipeError):
            self.asks.close()
        self.process.wait()

    def faults(self, folder: Path) -> list[Fault]:
        """All faults of a study."""
        return [Fault(*one) for one in self._ask("faults", folder)]

    def data(self, folder: Path, year: int, target: Path, params: Mapping[str, Any]) -> None:
        """Write tables, figures, letter and manifest of a year, which need no notebook."""
        self._ask("data", folder, year=year, target=str(target), params=params)

    def report(self, folder: Path, year: int, target: Path, params: Mapping[str, Any]) -> None:
        """Write the report of a year, of the notebooks and cards that stand in its folder."""
        self._ask("report", folder, year=year, target=str(target), params=params)

    def _ask(self, work: str, folder: Path, **job: Any) -> Any:
        job |= {"work": work, "study": str(folder)}
        try:
            self.asks.write(f"{json.dumps(job, default=str)}\n".encode())
            self.asks.flush()
            line = self.answers.readline()
        except (OSError, ValueError):  # it is gone, or closed
            line = b""
        if not line:
            code = self.process.wait()
            raise PressError(f"the process that publishes ended (exit code {code}); run it again")
        answer = json.loads(line)
        if "error" in answer:
            raise PressError(answer["error"])
        return answer["done"]


@cache
def _study(folder: str) -> tuple[Study | None, list[Fault]]:
    from evallib.study.load import inspect_study

    return inspect_study(folder)


def _read(folder: str) -> Study:
    study, faults = _study(folder)
    if study is None:
        raise StudyError(faults)
    return study


def _faults(study: str) -> list[tuple[Any, ...]]:
    from evallib.study.kept import keep, state_of

    state = state_of(Path(study))  # before it is read: what changes meanwhile is read again
    found, faults = _study(study)
    if found is not None and not faults:
        keep(found, state)
    return [astuple(fault) for fault in faults]


def _data(study: str, year: int, target: str, params: Mapping[str, Any]) -> None:
    from evallib.publication.publish import publish_data

    publish_data(_read(study), year, Path(target), params=params)


def _report(study: str, year: int, target: str, params: Mapping[str, Any]) -> None:
    from evallib.publication.publish import publish_report

    publish_report(_read(study), year, Path(target), lang=params.get("lang", "zh"))


def _listen(jobs: SimpleQueue[dict[str, Any]]) -> None:
    """Pass every line on; without a caller there is nothing left to do."""
    for line in sys.stdin:
        jobs.put(json.loads(line))
    os._exit(0)


def main() -> None:
    """Do one job after the other, and answer each with a line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's
    answers, sys.stdout = sys.stdout, sys.stderr
    jobs: SimpleQueue[dict[str, Any]] = SimpleQueue()
    threading.Thread(target=_listen, args=[jobs], daemon=True).start()
    work: dict[str, Callable[..., Any]] = {"faults": _faults, "data": _data, "report": _report}
    while True:
        job = jobs.get()
        try:
            answer = {"done": work[job.pop("work")](**job)}
        except Exception as error:  # what fails does not stop the others
            answer = {"error": said(error)}
        answers.write(f"{json.dumps(answer)}\n")
        answers.flush()
