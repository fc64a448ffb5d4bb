"""kill -9 at any moment: the published folder is the old one or the new one, whole."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from studies import MARKS, make_study

from evallib.publication import folders
from evallib.publication.folders import put_in_place
from evallib.publication.manifest import output_digests, read_manifest

ROOT = Path(__file__).resolve().parents[1]
# A batch with its own locks, folders and moves; only what takes time is left out: the notebooks
# come as they are, and the press writes small files. It counts what it does to files, and kills
# itself at one of these moments.
BATCH = """
import os, signal, sys
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from evallib.batch import plan
import importlib
run = importlib.import_module("evallib.batch.run")
from evallib.publication.folders import write_whole
from evallib.publication.manifest import FILE, input_digests, seal
home, last = Path(sys.argv[1]), int(sys.argv[2])
class Pool:
    def submit(self, folder, source, params):
        done = Future()
        done.set_result(SimpleNamespace(content=source, seconds=0.0, error=""))
        return done
@contextmanager
def open_pool(jobs, cluster):
    yield Pool()
class Press:
    def __enter__(self):
        return self
    def __exit__(self, *failure):
        pass
    def faults(self, folder):
        return []
    def data(self, folder, year, target, params):
        marks = (Path(folder) / "2020" / "marks.csv").read_bytes()
        (target / "figures").mkdir()
        for name in ("scores.csv", "claims.csv", "figures/ranking.png"):
            write_whole(target / name, marks)
        inputs = input_digests(Path(folder), [2020])
        manifest = dict(study="trial", years=[2020], parameters={}, inputs=inputs)
        write_whole(target / FILE, __import__("json").dumps(manifest))
    def report(self, folder, year, target, params):
        write_whole(target / "report.html", "report")
        seal(target)
run.Press, run.open_pool, run._write_index = Press, open_pool, lambda places: None
plan.notebooks_folder = lambda: ROOT / "notebooks"
plan.library_digest = lambda: "as it is"
done = 0
def count(event, about):
    global done
    if event in WATCHED and (event != "open" or "w" in str(about[1]) or "trial" in str(about[0])):
        done += 1
        if done == last:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
outcomes = run.run_all([home / "p.yaml"], out=home / "out", resume="--resume" in sys.argv, cluster="no")
assert not any(outcome.error for outcome in outcomes), outcomes
count = lambda *_: None
print(done)
"""
WATCHED = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")
WATCHED += ("ctypes.dlsym", "shutil.copyfile")  # the first, just before two folders are swapped
NOTEBOOK = '{"cells": [{"source": ["study = 1\\nyear = 1"], "cell_type": "code", "metadata": '
NOTEBOOK += '{"tags": ["parameters"]}}], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}'


@pytest.fixture
def home(tmp_path):
    """A study that is published, and whose marks have changed since."""
    make_study(tmp_path)
    (tmp_path / "p.yaml").write_text(f"study: {tmp_path / 'trial'}\nyear: 2020\n")
    (tmp_path / "notebooks").mkdir()
    for name in ("01_clean", "02_score"):
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text(NOTEBOOK)
    assert batch(tmp_path).returncode == 0
    change(tmp_path, 5)
    return tmp_path


def change(home, mark):
    path = home / "trial" / "2020" / "marks.csv"
    path.write_text(MARKS.replace("u1,a,6", f"u1,a,{mark}"))


def batch(home, *, last=0, resume=False):
    """Run a batch, killed at that moment; it prints how many moments there are."""
    code = BATCH.replace("ROOT", f"Path({str(home)!r})").replace("WATCHED", repr(WATCHED))
    command = [sys.executable, "-c", code, str(home), str(last), *["--resume"] * resume]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def published(home):
    """The marks that the published folder rests on; every file of it is as its record says."""
    target = home / "out" / "trial" / "2020"
    assert read_manifest(target)["outputs"] == output_digests(target)
    return (target / "scores.csv").read_bytes()


def killed_at(home, moment):
    """Kill a batch; the folder is old or new, and --resume completes it."""
    marks = home / "trial" / "2020" / "marks.csv"
    old, new = published(home), marks.read_bytes()
    assert old != new
    done = batch(home, last=moment)
    assert done.returncode == -signal.SIGKILL, (moment, done.stderr)
    found = published(home)
    assert found in (old, new), moment
    done = batch(home, resume=True)
    assert done.returncode == 0, done.stderr
    assert published(home) == new
    return found == new


def test_a_batch_that_is_killed_at_any_moment_leaves_a_whole_folder(home):
    moments = int(batch(home).stdout)  # it also brings the folder up to date
    rng = random.Random(7)
    for turn, moment in enumerate([*rng.sample(range(1, moments - 8), 4), moments - 3]):
        change(home, turn % 2 + 3)
        killed_at(home, moment)
    assert [p for p in os.listdir(home / "out" / "trial") if p != "2020"] == []


def test_where_folders_cannot_be_swapped_they_are_moved(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "_swapped", lambda *_: False)
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "is").write_text(name)
    put_in_place(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old" / "is").read_text() == "new"
    assert os.listdir(tmp_path) == ["old"]
