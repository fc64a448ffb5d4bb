#!/usr/bin/env python3
"""Set up once, then run.

    python3 run.py            the main job: params/nanning-2020.yaml to out/nanning/2020
    python3 run.py test       all tests, the notebooks among them
    python3 run.py lab        JupyterLab
    python3 run.py refresh    run the notebooks again and store their outputs
    python3 run.py batch ...  several params files

Anything else is handed to the command ``evallib``: ``python3 run.py check nanning``.
Needs nothing but Python 3.11 to 3.13. The environment goes into .venv, from requirements.lock;
inside an active conda environment (environment.yml) that one is used as it is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "requirements.lock"
VENV = ROOT / ".venv"
STAMP = VENV / "evallib.stamp"
MAIN_JOB = ROOT / "params" / "nanning-2020.yaml"


def python_of(venv: Path) -> Path:
    """Interpreter of a virtual environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint() -> str:
    """What the environment depends on: the lock, the package's metadata, the interpreter."""
    parts = [LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode()]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def environment() -> Path:
    """The interpreter to use, after setting it up where that is still to be done."""
    if os.environ.get("CONDA_PREFIX") and Path(sys.prefix) == Path(os.environ["CONDA_PREFIX"]):
        return Path(sys.executable)
    if STAMP.is_file() and STAMP.read_text() == fingerprint():
        return python_of(VENV)
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(f"evallib needs Python 3.11 to 3.13; this is {sys.version.split()[0]}")
    print("setting up .venv from requirements.lock (once)", file=sys.stderr, flush=True)
    base = getattr(sys, "_base_executable", sys.executable)  # also where .venv's own Python runs
    shutil.rmtree(VENV, ignore_errors=True)
    subprocess.run([base, "-m", "venv", str(VENV)], check=True)
    install(python_of(VENV))
    STAMP.write_text(fingerprint())
    return python_of(VENV)


def install(python: Path) -> None:
    """Install the lock and the package, with uv where it can be had, else with pip."""
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    uv = [str(python), "-m", "uv", "pip", "install", "--quiet", "--python", str(python)]
    env = os.environ | {"UV_SYSTEM_CERTS": "1"}
    installer = uv if subprocess.run([*pip, "uv"], env=env).returncode == 0 else pip
    locked = ["--require-hashes", "-r", str(LOCK)]
    if installer is uv and subprocess.run([*uv, *locked], env=env).returncode != 0:
        installer = pip
    if installer is pip:
        subprocess.run([*pip, *locked], env=env, check=True)
    package = ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    subprocess.run([*installer, *package], env=env, check=True)


def command(python: Path, arguments: list[str]) -> list[str]:
    """The command line that the arguments stand for."""
    first, rest = (arguments[0], arguments[1:]) if arguments else ("run", [str(MAIN_JOB)])
    if first == "test":
        return [str(python), "-m", "pytest", *(rest or ["-q", "-n", "2", "--dist", "loadfile"])]
    if first == "lab":
        where = ["--ip=127.0.0.1", "--notebook-dir", str(ROOT / "notebooks")]
        return [str(python), "-m", "jupyterlab", *where, *rest]
    return [str(python), "-m", "evallib", first, *rest]


def main() -> int:
    """Set up, run, and return the exit code."""
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    python = environment()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    )
    if sys.argv[1:2] == ["test"]:
        os.chdir(ROOT)
    return subprocess.run(command(python, sys.argv[1:])).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
