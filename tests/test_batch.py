"""Runs: params are refused before anything runs, results are whole or absent, work is kept."""

import errno
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import nbformat
import psutil
import pytest
from studies import make_study

import evallib as ev
from evallib.batch import plan, pool, read_run, run, run_all
from evallib.batch.execute import execute, pack, unpack
from evallib.batch.outcome import RunError
from evallib.batch.place import Place
from evallib.batch.press import Press, PressError
from evallib.publication.cards import publish_cards
from evallib.publication.manifest import write_manifest
from evallib.publication.publish import publish_report
from evallib.publication.tables import scores_table, write_csv
from evallib.study.kept import keep, keeping, kept, state_of

ROOT = Path(__file__).resolve().parents[1]
batch_run = import_module("evallib.batch.run")  # `run` of the package is the function
# kernel clients leave sockets and event loops to the garbage collector
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
PARAMETERS = 'study = "x"  # folder\nyear = 1  # year\nlang = "zh"  # language\nbroken = False  # fail\nwait = 0  # seconds'
SHORT = "import time\ntime.sleep(wait)\nprint(study, year)"
BROKEN = "if broken:\n    raise ValueError('部门 is wrong')\nprint(lang)"


def notebook(*sources):
    cells = [nbformat.v4.new_markdown_cell("# What is tried here?")]
    cells.append(nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}))
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    about = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": about})


@pytest.fixture(autouse=True)
def _collect():
    yield
    gc.collect()


@pytest.fixture
def unpublished(monkeypatch):
    """Runs without letter and report, where a test is about what is run."""
    monkeypatch.setattr(batch_run, "Press", Unpublished)


class Unpublished(Press):
    """A press that checks studies, and writes nothing but a manifest."""

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        pass

    def faults(self, folder):
        return ev.inspect_study(folder)[1]

    def data(self, folder, year, target, params):
        (target / "manifest.json").write_text("{}")

    def report(self, folder, year, target, params):
        pass


@pytest.fixture
def sparing(monkeypatch):
    """Runs with manifest, table and report, where a test is about these."""
    monkeypatch.setattr(batch_run, "Press", Sparing)


class Sparing(Unpublished):
    """A press without figures and letter."""

    def data(self, folder, year, target, params):
        study = ev.read_study(folder)
        write_manifest(target / "manifest.json", study, [year], params=params)
        write_csv(scores_table(ev.evaluate(study, year)), target / "scores.csv")

    def report(self, folder, year, target, params):
        publish_report(ev.read_study(folder), year, target, lang="zh")


@pytest.fixture
def workbook(tmp_path, monkeypatch):
    """A workbook of two tiny notebooks, and a params file for the small study."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    nbformat.write(notebook(SHORT), folder / "01_clean.ipynb")
    nbformat.write(notebook(BROKEN), folder / "02_score.ipynb")
    monkeypatch.setattr(plan, "notebooks_folder", lambda: folder)
    monkeypatch.setattr(plan, "library_digest", lambda: "as it is")  # also while it is worked on
    make_study(tmp_path)
    return tmp_path


def params(folder, name="trial.yaml", **more):
    path = folder / name
    lines = {"study": str(folder / "trial"), "year": 2020, "lang": "zh"} | more
    path.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in lines.items()))
    return path


def files_of(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def statuses(outcomes):
    return {outcome.notebook: outcome.status for outcome in outcomes}


# --- params -------------------------------------------------------------------------------------


def test_a_key_that_no_notebook_declares_is_refused_with_a_hint(workbook):
    with pytest.raises(
        ev.StudyError, match="column yeer: no notebook declares this parameter; did you mean year"
    ):
        read_run(params(workbook, yeer=2020))


def test_study_and_year_are_needed_and_all_faults_come_at_once(workbook):
    (workbook / "p.yaml").write_text("lang: zh\nlung: zh\n")
    with pytest.raises(ev.StudyError) as error:
        read_run(workbook / "p.yaml")
    assert [fault.column for fault in error.value.faults] == ["lung", "study", "year"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- study\n", "no mapping of parameters"),
        ("a: [\n", "no YAML"),
        ("study: x\nyear: two\n", "'two' is no year"),
        ("study: 5\nyear: 2020\n", "5 is no study; write a name"),
        ("study:\nyear: 2020\n", "None is no study; write a name"),
    ],
)
def test_a_params_file_must_make_sense(workbook, text, problem):
    (workbook / "p.yaml").write_text(text)
    with pytest.raises(ev.StudyError, match=problem):
        read_run(workbook / "p.yaml")
    with pytest.raises(ev.StudyError, match=r"absent.yaml: no such file"):
        read_run(workbook / "absent.yaml")


def test_a_missing_year_and_a_misspelt_study_are_named(workbook):
    with pytest.raises(ev.StudyError, match="study trial has no year 2031; it has 2020"):
        read_run(params(workbook, year=2031))
    with pytest.raises(ev.StudyError, match=r"no study 'triall'; name a folder, or one of "):
        read_run(params(workbook, study="triall"))


def test_a_notebook_without_a_parameters_cell_is_named(workbook):
    bare = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nbformat.write(bare, workbook / "notebooks" / "02_score.ipynb")
    with pytest.raises(
        ev.StudyError, match=r"02_score.ipynb: 0 cells are tagged `parameters`; tag exactly one"
    ):
        plan.declared_parameters(["02_score"])
    with pytest.raises(
        ev.StudyError, match=r"09_none.ipynb: no such notebook; name one of 01_clean, 02_score"
    ):
        plan.declared_parameters(("09_none",))


def test_every_notebook_of_the_workbook_declares_study_year_and_lang():
    for name, keys in plan.declared_parameters(plan.yearly_notebooks()).items():
        assert {"study", "year", "lang"} <= set(keys), name


# --- runs ---------------------------------------------------------------------------------------


def test_a_run_leaves_a_whole_result_and_a_failing_cell_leaves_the_old_one(workbook):
    target = run(params(workbook), out=workbook / "out")
    before = files_of(target)
    whole = {
        "scores.csv",
        "indices.csv",
        "decisions.csv",
        "set_aside.csv",
        "claims.csv",
        "letter.docx",
        "report.html",
        "manifest.json",
    }
    assert whole <= set(before)
    manifest = json.loads(before["manifest.json"])
    assert manifest["parameters"]["year"] == 2020
    assert set(manifest["inputs"]) == {
        "study.yaml",
        "units.csv",
        "2020/marks.csv",
        "2020/scheme.csv",
    }

    with pytest.raises(
        RunError,
        match=r"study trial, year 2020, notebook 02_score, cell 3 \(if broken:\): ValueError: 部门 is wrong; as far as it came: .*2020-02_score.ipynb",
    ):
        run(params(workbook, broken=True), out=workbook / "out")
    assert files_of(target) == before
    assert "部门 is wrong" in (
        workbook / "out" / "trial" / "failed" / "2020-02_score.ipynb"
    ).read_text(encoding="utf-8")


def test_what_fails_does_not_stop_the_others_and_resume_runs_only_what_is_due(
    workbook, unpublished
):
    good, bad = params(workbook), params(workbook, "bad.yaml", broken=True)
    outcomes = run_all([bad], out=workbook / "out")
    assert statuses(outcomes) == {"01_clean": "ran", "02_score": "failed"}
    assert not (workbook / "out" / "trial" / "2020").exists()
    # 01_clean does not depend on what was wrong, and its params are the same but for `broken`
    outcomes = run_all([good], out=workbook / "out", resume=True)
    assert statuses(outcomes) == {"01_clean": "ran", "02_score": "ran"}
    assert statuses(run_all([good], out=workbook / "out", resume=True)) == {
        "01_clean": "up to date",
        "02_score": "up to date",
    }


def test_a_changed_notebook_input_library_or_parameter_is_due_again_and_alone(
    workbook, unpublished, monkeypatch
):
    chosen = {"out": workbook / "out", "resume": True}
    run_all([params(workbook)], **chosen)
    nbformat.write(notebook(BROKEN, "1 + 1"), workbook / "notebooks" / "02_score.ipynb")
    assert statuses(run_all([params(workbook)], **chosen)) == {
        "01_clean": "up to date",
        "02_score": "ran",
    }
    first = plan.fingerprint(read_run(params(workbook)), "01_clean", ["study", "year"])
    assert (
        plan.fingerprint(read_run(params(workbook, lang="en")), "01_clean", ["study", "year"])
        == first
    )
    monkeypatch.setattr(plan, "library_digest", lambda: "another")
    other = plan.fingerprint(read_run(params(workbook)), "01_clean", ["study", "year"])
    assert other != first
    monkeypatch.setattr(plan, "library_digest", lambda: "as it is")
    marks = workbook / "trial" / "2020" / "marks.csv"
    marks.write_text(marks.read_text().replace("u1,a,6", "u1,a,5"))
    assert plan.fingerprint(read_run(params(workbook)), "01_clean", ["study", "year"]) != first


def test_one_notebook_alone_goes_beside_the_published_result(workbook, sparing):
    outcomes = run_all([params(workbook)], out=workbook / "out", only=["01_clean"])
    assert statuses(outcomes) == {"01_clean": "ran"}
    assert set(files_of(workbook / "out" / "trial" / "2020-only")) == {
        "notebooks/01_clean.ipynb",
        "notebooks/01_clean.sha256",
        "report.html",
    }


def test_a_faulty_study_and_a_folder_that_cannot_be_written_stop_a_run_at_once(workbook):
    (workbook / "file").write_text("in the way")
    with pytest.raises(ev.StudyError, match=r"Not a directory; name another with --out"):
        run_all([params(workbook)], out=workbook / "file")
    (workbook / "trial" / "2020" / "marks.csv").write_text("unit,indicator,mark\nu1,a,9\n")
    with pytest.raises(ev.StudyError, match="mark 9 of a is outside 0 to 6"):
        run_all([params(workbook)], out=workbook / "out")
    assert not (workbook / "out" / "trial" / "2020").exists()


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from evallib.batch import plan
from evallib.batch import run_all
plan.library_digest = lambda: "as it is"
plan.notebooks_folder = lambda: __import__("pathlib").Path({folder!r}) / "notebooks"
run_all([{params!r}], out={folder!r} + "/out", jobs=2)
"""


def begun(workbook):
    """A run in a process of its own, stopped in 02_score once 01_clean is done; its params."""
    nbformat.write(
        notebook(BROKEN, "import time\ntime.sleep(60 if wait else 0)"),
        workbook / "notebooks" / "02_score.ipynb",
    )
    path = params(workbook, wait=1)
    code = KILLED.format(tests=str(ROOT / "tests"), folder=str(workbook), params=str(path))
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    kept = workbook / "out" / "trial" / ".2020" / "notebooks" / "01_clean.sha256"
    wait_for(lambda: kept.exists() or process.poll() is not None)
    assert kept.exists()
    return process, path


def wait_for(done, limit=60):
    end = time.monotonic() + limit
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_stopped_leaves_nothing_half_written_and_is_taken_up(
    workbook, unpublished, stop
):
    process, path = begun(workbook)
    others = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(stop)
    process.wait(30)
    wait_for(lambda: not any(map(alive, others)), 30)  # kernels and the press end with it
    assert not (workbook / "out" / "trial" / "2020").exists()
    # the same notebook, now without the wait: 01_clean is kept, 02_score runs
    nbformat.write(notebook(BROKEN), workbook / "notebooks" / "02_score.ipynb")
    outcomes = run_all([path], out=workbook / "out", resume=True)
    assert statuses(outcomes) == {"01_clean": "up to date", "02_score": "ran"}
    assert (workbook / "out" / "trial" / "2020" / "manifest.json").exists()


def test_two_runs_of_one_year_at_once_are_kept_apart(workbook, unpublished):
    process, path = begun(workbook)
    work = workbook / "out" / "trial" / ".2020"
    before = files_of(work)
    with pytest.raises(
        ev.StudyError, match="another run is making it; wait until that has ended"
    ) as told:
        run_all([path], out=workbook / "out")
    assert str(work.with_name("2020")) in str(told.value)
    assert files_of(work) == before
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    nbformat.write(notebook(BROKEN), workbook / "notebooks" / "02_score.ipynb")
    outcomes = run_all([path], out=workbook / "out", resume=True)  # the lock died with its owner
    assert statuses(outcomes) == {"01_clean": "up to date", "02_score": "ran"}


def test_a_file_that_changes_during_a_run_leaves_no_result_that_mixes_its_states(
    workbook, unpublished, monkeypatch
):
    marks = workbook / "trial" / "2020" / "marks.csv"
    data = Unpublished.data

    def corrected(press, *about):
        marks.write_text(marks.read_text().replace("u1,a,6", "u1,a,5"))
        data(press, *about)

    monkeypatch.setattr(Unpublished, "data", corrected)
    outcomes = run_all([params(workbook)], out=workbook / "out")
    assert statuses(outcomes)["letter and report"] == "failed"
    assert "2020/marks.csv: it changed while the run was going on; run it" in outcomes[-1].error
    assert not (workbook / "out" / "trial" / "2020").exists()
    outcomes = run_all([params(workbook)], out=workbook / "out", resume=True)
    assert statuses(outcomes) == {"01_clean": "ran", "02_score": "ran"}


def test_what_a_killed_run_left_aside_is_put_right_and_nothing_stale_is_published(
    workbook, unpublished
):
    target = run(params(workbook), out=workbook / "out")
    (target / "cards").mkdir()
    before = target.with_name(".before-2020")
    target.rename(before)  # killed between the two moves
    stale = target.with_name(".2020") / "notebooks" / "09_gone.ipynb"
    stale.parent.mkdir(parents=True)
    stale.write_text("{}")
    (stale.parents[1] / "old.csv").write_text("")
    outcomes = run_all([params(workbook)], out=workbook / "out", resume=True)
    assert set(statuses(outcomes).values()) == {"up to date"}
    assert os.listdir(target.parent) == ["2020"]
    assert not (target / "old.csv").exists()
    assert not (target / "notebooks" / stale.name).exists()
    assert any(target.glob("cards*"))


def alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_full_disk_is_said_so_and_the_run_can_be_taken_up(workbook, unpublished, monkeypatch):
    keep = Place.keep

    def full(place, name, content):
        if name == "02_score":
            raise OSError(errno.ENOSPC, "No space left on device", "02_score.ipynb")
        keep(place, name, content)

    monkeypatch.setattr(Place, "keep", full)
    with pytest.raises(
        RunError,
        match=r"02_score: No space left on device: 02_score.ipynb; make room and run again with --resume",
    ):
        run(params(workbook), out=workbook / "out")
    monkeypatch.undo()
    monkeypatch.setattr(plan, "notebooks_folder", lambda: workbook / "notebooks")
    monkeypatch.setattr(plan, "library_digest", lambda: "as it is")
    monkeypatch.setattr(batch_run, "Press", Unpublished)
    outcomes = run_all([params(workbook)], out=workbook / "out", resume=True)
    assert statuses(outcomes) == {"01_clean": "up to date", "02_score": "ran"}


@pytest.fixture
def mounted(tmp_path):
    """Mounts a tiny file system with the options given, where this user may."""
    places = []

    def mount(options):
        place = tmp_path / f"disk{len(places)}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("this user may not mount a file system")
        places.append(place)
        return place

    yield mount
    for place in places:
        subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full_fails_what_does_not_fit_and_nothing_else(
    workbook, unpublished, mounted
):
    out = mounted("size=4k")  # room for a folder, and for no notebook
    outcomes = run_all([params(workbook)], out=out)
    assert {one.status for one in outcomes} == {"failed"}
    assert all(
        "No space left on device" in one.error and "make room" in one.error for one in outcomes
    )
    assert not (out / "trial" / "2020").exists()


def test_a_folder_that_is_not_writable_stops_a_run_at_once(workbook, unpublished, mounted):
    out = mounted("ro")
    with pytest.raises(ev.StudyError, match=r"Read-only file system; name another with --out"):
        run_all([params(workbook)], out=out)


def test_what_cannot_be_published_is_said_so_and_the_notebooks_are_kept(workbook, monkeypatch):
    def full(*_):
        raise PressError("No space left on device: report.html")

    monkeypatch.setattr(batch_run, "Press", Unpublished)
    monkeypatch.setattr(Unpublished, "report", full)
    outcomes = run_all([params(workbook)], out=workbook / "out")
    assert statuses(outcomes) == {
        "01_clean": "ran",
        "02_score": "ran",
        "letter and report": "failed",
    }
    assert not (workbook / "out" / "trial" / "2020").exists()
    monkeypatch.undo()
    monkeypatch.setattr(plan, "notebooks_folder", lambda: workbook / "notebooks")
    monkeypatch.setattr(plan, "library_digest", lambda: "as it is")
    monkeypatch.setattr(batch_run, "Press", Unpublished)
    outcomes = run_all([params(workbook)], out=workbook / "out", resume=True)
    assert set(statuses(outcomes).values()) == {"up to date"}
    assert (workbook / "out" / "trial" / "2020" / "manifest.json").exists()


def test_a_press_that_dies_is_said_so(tmp_path):
    with Press() as press:
        press.process.kill()
        press.process.wait()
        with pytest.raises(PressError, match=r"the process that publishes ended \(exit code -9\)"):
            press.faults(make_study(tmp_path))


# --- places -------------------------------------------------------------------------------------


def test_two_params_files_of_one_year_are_refused(workbook):
    both = [params(workbook), params(workbook, "other.yaml", lang="en")]
    with pytest.raises(
        ev.StudyError, match=r"other.yaml: it makes trial/2020, and so does trial.yaml; run one"
    ):
        run_all(both, out=workbook / "out")


def test_a_params_file_for_another_notebook_runs_that_alone_beside_the_year(workbook, unpublished):
    extra = notebook(SHORT)
    extra.cells[1].source += '\nweights = ""  # per cent'
    nbformat.write(extra, workbook / "notebooks" / "07_explore.ipynb")
    scenario = params(workbook, "trial-2020-tried.yaml", weights="a 40")
    target = run(scenario, out=workbook / "out")
    assert target == workbook / "out" / "trial" / "2020-tried"
    assert (target / "notebooks" / "07_explore.ipynb").exists()
    assert "index.html" in os.listdir(workbook / "out")
    assert statuses(run_all([scenario], out=workbook / "out", resume=True)) == {
        "07_explore": "up to date"
    }


def test_cards_are_carried_over_or_set_aside_never_lost_or_mixed(workbook, sparing):
    target = run(params(workbook), out=workbook / "out")
    study = ev.read_study(workbook / "trial")
    publish_cards(study, 2020, target, spread=0.2, draws=500, seed=1, jobs=1)
    first = files_of(target / "cards")
    assert {"u1.html", "u1.docx", "manifest.json"} <= set(first)
    run(params(workbook), out=workbook / "out")
    assert files_of(target / "cards") == first
    assert 'href="cards/u1.html"' in (target / "report.html").read_text(encoding="utf-8")
    assert 'href="trial/2020/cards/u1.html"' in (target.parents[1] / "index.html").read_text()

    marks = workbook / "trial" / "2020" / "marks.csv"
    marks.write_text(marks.read_text().replace("u1,a,6", "u1,a,5"))
    run(params(workbook), out=workbook / "out")
    assert files_of(target / "cards-outdated") == first
    assert not (target / "cards").exists()
    assert "cards/" not in (target / "report.html").read_text(encoding="utf-8")
    publish_cards(ev.read_study(study.path), 2020, target, spread=0.2, draws=500, seed=1, jobs=1)
    assert not (target / "cards-outdated").exists()
    assert 'href="cards/u1.html"' in (target / "report.html").read_text(encoding="utf-8")


# --- pieces -------------------------------------------------------------------------------------


def test_injected_chinese_stays_readable(workbook):
    source = (workbook / "notebooks" / "02_score.ipynb").read_bytes()
    executed = execute(source, {"lang": "中文"})
    assert executed.error == ""
    assert "'中文'" in executed.content.decode()


def test_a_kernel_that_dies_is_said_so(workbook):
    nbformat.write(notebook("import os\nos._exit(3)"), workbook / "notebooks" / "02_score.ipynb")
    executed = execute((workbook / "notebooks" / "02_score.ipynb").read_bytes(), {})
    assert "kernel died" in executed.error


def test_a_study_is_read_once_for_a_batch_and_again_when_a_file_has_changed(tmp_path, monkeypatch):
    folder = make_study(tmp_path)
    assert kept(folder) is None
    with keeping():
        assert kept(folder) is None
        keep(ev.read_study(folder), state_of(folder))
        monkeypatch.setattr("evallib.study.load.inspect_study", None)  # nothing is read again
        again = ev.read_study(folder)
        assert ev.evaluate(again, 2020).printed.tolist() == ["100", "57.5", "86.67", "60"]
        monkeypatch.undo()
        marks = folder / "2020" / "marks.csv"
        marks.write_text(marks.read_text().replace("u1,a,6", "u1,a,5"))
        assert kept(folder) is None
        assert ev.evaluate(ev.read_study(folder), 2020).printed["u1"] == "95"
        before, study = state_of(folder), ev.read_study(folder)
        marks.write_text(f"{marks.read_text()}\n")  # after it was read, before it was kept
        keep(study, before)
        assert kept(folder) is None
    assert kept(folder) is None


def test_a_study_travels_as_one_archive(workbook, tmp_path):
    there = unpack(pack(workbook / "trial"), tmp_path / "there")
    assert there.name == "trial"
    assert files_of(there) == files_of(workbook / "trial")


def test_a_scheduler_that_does_not_answer_is_said_so(monkeypatch):
    pytest.importorskip("distributed", reason="the extra [cluster] is not installed")
    monkeypatch.setattr(pool, "PATIENCE", 0.5)
    with (
        pytest.raises(pool.ClusterError, match=r"no scheduler answers at tcp://127.0.0.1:1"),
        pool.open_pool(1, "tcp://127.0.0.1:1"),
    ):
        pass
