"""How many small faults in the modules that decide published numbers do the tests notice?

    python benchmarks/mutants.py [--groups GROUP...] [--every 1] [--jobs 2] [--survivors]

mutmut changes one operator, number, text or argument of a copy at a time and runs the tests that
reach it. It has an environment of its own, made on first use from ``peers/mutmut.txt``.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import sysconfig

from peers import environment
from runs import HERE, WORK, machine, table

ROOT = HERE.parent
GROUPS = {  # modules, and the fast tests that are about them
    "scoring": (
        ["scoring", "aggregation", "rounding"],
        ["test_worked_example.py", "test_scoring.py", "test_rounding.py", "test_naive.py"],
    ),
    "change": (
        ["change/account", "change/sides", "change/places", "change/pair"],
        ["test_worked_example.py", "test_change.py"],
    ),
    "claims": (["publication/claims"], ["test_worked_example.py", "test_claims.py"]),
    "breakpoints": (["firmness/breakpoints"], ["test_breakpoints.py"]),
}
COPIED = ["evallib", "tests", "data", "params", "docs", "README.md"]
PROFILE = """
from hypothesis import HealthCheck, settings

settings.register_profile("mutants", suppress_health_check=list(HealthCheck), database=None)
settings.load_profile("mutants")
"""  # one process runs a test many times, which hypothesis warns of
SURVIVED, NO_TESTS = 0, 33  # mutmut's codes; any other is a kill, a crash or a time-out


def copy(group):
    """A copy of the project set up for the modules of one group."""
    modules, tests = GROUPS[group]
    folder = WORK / "mutants" / group
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    with (folder / "tests" / "conftest.py").open("a", encoding="utf-8") as file:
        file.write(PROFILE)
    settings = {
        "source_paths": ["evallib"],
        "only_mutate": [f"evallib/{module}.py" for module in modules],
        "also_copy": COPIED[2:],
        "pytest_add_cli_args": ["-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:nbval"],
        "pytest_add_cli_args_test_selection": [f"tests/{name}" for name in tests],
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    lines += ["use_git_change_detection = false", "track_dependencies = false", ""]
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    text = "\n".join([project, "[tool.mutmut]", *lines])
    (folder / "pyproject.toml").write_text(text, "utf-8")
    return folder


def codes_of(folder, module) -> dict:
    """mutmut's code of every mutant of a module; None where it has not been tried."""
    meta = folder / "mutants" / "evallib" / f"{module}.py.meta"
    return json.loads(meta.read_text("utf-8"))["exit_code_by_key"]


def tried(group, python, *, every, jobs) -> dict:
    """By module, mutmut's code of every mutant tried."""
    folder, (modules, _) = copy(group), GROUPS[group]
    command = [str(python), "-m", "mutmut", "run", "--max-children", str(jobs)]
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*command, "none"], **quiet)  # makes the mutants, and stops at the name
    chosen = {}
    for module in modules:
        names = sorted(codes_of(folder, module))
        chosen[module] = random.Random(0).sample(names, len(names) // every)
    command += [name for some in chosen.values() for name in some]
    with (folder / "log").open("wb") as log:
        subprocess.run(command, cwd=folder, stdout=log, stderr=log)
    codes = {module: codes_of(folder, module) for module in modules}
    found = {module: {n: codes[module][n] for n in sorted(chosen[module])} for module in modules}
    if None in {code for some in found.values() for code in some.values()}:
        raise SystemExit(f"{group}: mutmut stopped early; {folder / 'log'} says why")
    return found


def difference(group, python, name) -> str:
    """What a mutant changed."""
    command = [str(python), "-m", "mutmut", "show", name]
    folder = WORK / "mutants" / group
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    lines = [
        line for line in done.stdout.splitlines() if line[:1] in "+-" and line[1:2] not in "+-"
    ]
    return "\n".join([name, *lines])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groups", nargs="+", default=list(GROUPS), choices=list(GROUPS))
    parser.add_argument("--every", type=int, default=1, help="try one mutant in so many")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--survivors", action="store_true", help="show what was not noticed")
    given = parser.parse_args()
    python = environment("mutmut")
    library = next((python.parents[1] / "lib").glob("python*/site-packages"))
    (library / "project.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    rows = []
    for group in given.groups:
        for module, codes in tried(group, python, every=given.every, jobs=given.jobs).items():
            alive = [name for name, code in codes.items() if code in (SURVIVED, NO_TESTS)]
            killed = len(codes) - len(alive)
            share = f"{100 * killed / len(codes):.1f} %"
            rows.append({"module": module, "tried": len(codes), "killed": killed, "share": share})
            print(rows[-1], file=sys.stderr, flush=True)
            if given.survivors:
                print("\n\n".join(difference(group, python, n) for n in alive), flush=True)
    print(table(rows))
    print(machine())


if __name__ == "__main__":
    main()
