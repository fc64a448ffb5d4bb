"""Runs in processes of their own, and tables of what they took; standard library only.

The peak memory that a child reports can never be below its parent's, so a parent stays small:
it imports nothing but this module.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE / ".work"


def peak_mb() -> float:
    """Peak resident memory of this process, in MB of 10^6 bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


@dataclass
class Clock:
    """Seconds on the wall, and of processor time on all threads, spent inside the block.

    Where other programs share the cores, the second is the steadier of the two.
    """

    seconds: float = 0.0
    cpu: float = 0.0

    def __enter__(self):
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *failure):
        now = time.perf_counter(), time.process_time()
        self.seconds, self.cpu = (end - begin for end, begin in zip(now, self._began, strict=True))


def alone(script, *arguments, python=sys.executable) -> dict:
    """What a script prints as JSON in its last line, run in a process of its own."""
    command = [str(python), str(HERE / script), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def table(rows) -> str:
    """Dicts with the same keys as a Markdown table; numbers stand on the right."""
    heads = list(rows[0])
    right = [all(str(row[head])[:1].isdigit() for row in rows) for head in heads]
    lines = [heads, ["---:" if flag else "---" for flag in right]]
    lines += [[str(row[head]) for head in heads] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def short(number) -> str:
    """Three significant digits, thousands separated."""
    if number == 0:
        return "0"
    digits = 2 - int(f"{number:e}".split("e")[1])
    return f"{round(number, digits):,.{max(digits, 0)}f}"


def machine() -> str:
    """Where this ran, in one line."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), name)
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pandas", "scipy"))
    return (
        f"{name}, {os.cpu_count()} cores, load at the end "
        f"{os.getloadavg()[0]:.1f}; Python {platform.python_version()}, {libraries}"
    )
