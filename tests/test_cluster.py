"""A real scheduler and workers in processes of their own: same results, nothing lost."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from studies import make_study, synthetic
from test_batch import Unpublished, _collect, batch_run, notebook, params, statuses  # noqa: F401

import evallib as ev
from evallib.batch import plan, pool, run_all

pytest.importorskip("distributed", reason="the extra [cluster] is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # tornado and dask on shutdown

SLOW = "import time\ntime.sleep(wait)\nimport evallib as ev\nprint(ev.evaluate(ev.read_study(study), year).printed.tolist())"


@pytest.fixture
def workbook(tmp_path, monkeypatch):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for number in range(1, 5):
        nbformat.write(notebook(SLOW), folder / f"0{number}_part.ipynb")
    monkeypatch.setattr(plan, "notebooks_folder", lambda: folder)
    make_study(tmp_path)
    return tmp_path


@pytest.fixture
def cluster(tmp_path):
    """Address of a scheduler with two workers; every process is a group of its own."""
    file, processes = tmp_path / "scheduler.json", []
    common = {
        "start_new_session": True,
        "stderr": subprocess.DEVNULL,
        "stdout": subprocess.DEVNULL,
        "cwd": tmp_path,
    }

    def start(kind, *arguments):
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
        processes.append(subprocess.Popen(command, **common))

    start(
        "scheduler",
        "--port",
        "0",
        "--host",
        "127.0.0.1",
        "--no-dashboard",
        "--scheduler-file",
        str(file),
    )
    wait_for(file.exists)
    for name in ("first", "second"):
        start(
            "worker",
            "--scheduler-file",
            str(file),
            "--nthreads",
            "1",
            "--no-nanny",
            "--no-dashboard",
            "--name",
            name,
            "--local-directory",
            str(tmp_path / name),
        )
    yield json.loads(file.read_text())["address"], processes
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(done, limit=60):
    end = time.monotonic() + limit
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def workers(address):
    from distributed import Client

    with Client(address, timeout="30s") as client:
        client.wait_for_workers(2, timeout=60)


def printed(folder):
    """What the last cell of every executed notebook printed."""
    paths = sorted(folder.glob("*.ipynb"))
    return [nbformat.read(path, as_version=4).cells[-1].outputs[0].text for path in paths]


def test_a_batch_survives_the_death_of_a_worker_and_equals_the_local_one(
    workbook, cluster, monkeypatch
):
    monkeypatch.setattr(batch_run, "Press", Unpublished)
    address, processes = cluster
    workers(address)
    names = [f"0{number}_part" for number in range(1, 5)]
    seen = []

    def kill_one(step, done, total):
        if not isinstance(step, str) and not seen:
            os.killpg(processes[-1].pid, signal.SIGKILL)  # while it has work
        seen.append(step)

    path = params(workbook, wait=1)
    outcomes = run_all([path], out=workbook / "far", cluster=address, progress=kill_one)
    assert statuses(outcomes) == dict.fromkeys(names, "ran")
    assert processes[-1].poll() is not None
    local = run_all([params(workbook, wait=0)], out=workbook / "near")
    assert statuses(local) == dict.fromkeys(names, "ran")
    far, near = (workbook / place / "trial" / "2020" / "notebooks" for place in ("far", "near"))
    assert printed(far) == printed(near) == ["['100', '57.5', '86.67', '60']\n"] * 4


def test_workers_of_another_version_are_refused_by_name(workbook, cluster, monkeypatch):
    address, _ = cluster
    workers(address)
    monkeypatch.setattr(pool.evallib, "__version__", "9.9.9")
    with (
        pytest.raises(
            pool.ClusterError,
            match=r"evallib here is 9.9.9, but tcp://127.0.0.1:\d+ has .*; install the same",
        ),
        pool.open_pool(1, address),
    ):
        pass


def test_draws_counted_on_a_cluster_give_the_numbers_of_one_machine(cluster):
    address, _ = cluster
    workers(address)
    study = synthetic(3, units=20)
    result = ev.evaluate(study, 2020)
    drawn = ev.perturb_weights(result.scheme, at="leaf", spread=0.2, draws=20_000, seed=5)
    with pool.open_executor(cluster=address) as executor:
        there = ev.rank_uncertainty(result, drawn, executor=executor)
    here = ev.rank_uncertainty(result, drawn, threads=1)
    assert there.draws == here.draws == 20_000
    assert (there.mass == here.mass).all()
    assert there.interval().equals(here.interval())


def test_a_scheduler_without_workers_is_said_so(tmp_path):
    file = tmp_path / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0"]
    command += ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(file.exists)
        with (
            pytest.raises(pool.ClusterError, match=r"has no workers; start some"),
            pool.open_pool(1, json.loads(file.read_text())["address"]),
        ):
            pass
    finally:
        process.kill()
        process.wait()
