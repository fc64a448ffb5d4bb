"""Runs: params are refused before anything runs, results are whole or absent, work is kept."""

import gc
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from studies import make_study

import evallib as ev
from evallib.batch import plan, pool, read_run, run, run_all
from evallib.batch.execute import execute, pack, unpack
from evallib.batch.outcome import RunError

ROOT = Path(__file__).resolve().parents[1]
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
    import evallib.publication.publish as publishing

    def publish(study, year, folder, **_):
        (folder / "manifest.json").write_text("{}")

    monkeypatch.setattr(publishing, "publish", publish)


@pytest.fixture
def workbook(tmp_path, monkeypatch):
    """A workbook of two tiny notebooks, and a params file for the small study."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    nbformat.write(notebook(SHORT), folder / "01_clean.ipynb")
    nbformat.write(notebook(BROKEN), folder / "02_score.ipynb")
    monkeypatch.setattr(plan, "notebooks_folder", lambda: folder)
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


def test_a_changed_notebook_input_or_parameter_is_due_again_and_alone(workbook, unpublished):
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
    marks = workbook / "trial" / "2020" / "marks.csv"
    marks.write_text(marks.read_text().replace("u1,a,6", "u1,a,5"))
    plan._inputs.cache_clear()
    assert plan.fingerprint(read_run(params(workbook)), "01_clean", ["study", "year"]) != first


def test_one_notebook_alone_goes_beside_the_published_result(workbook):
    outcomes = run_all([params(workbook)], out=workbook / "out", only=["01_clean"])
    assert statuses(outcomes) == {"01_clean": "ran"}
    assert set(files_of(workbook / "out" / "trial" / "2020-only")) == {
        "notebooks/01_clean.ipynb",
        "notebooks/01_clean.sha256",
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
plan.notebooks_folder = lambda: __import__("pathlib").Path({folder!r}) / "notebooks"
run_all([{params!r}], out={folder!r} + "/out", jobs=1)
"""


def test_a_run_that_is_killed_leaves_nothing_half_written_and_is_taken_up(workbook, unpublished):
    nbformat.write(
        notebook(BROKEN, "import time\ntime.sleep(60 if wait else 0)"),
        workbook / "notebooks" / "02_score.ipynb",
    )
    path = params(workbook, wait=1)
    code = KILLED.format(tests=str(ROOT / "tests"), folder=str(workbook), params=str(path))
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    kept = workbook / "out" / "trial" / ".2020" / "notebooks" / "01_clean.sha256"
    limit = time.monotonic() + 60
    while not kept.exists() and time.monotonic() < limit:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert kept.exists()
    assert not (workbook / "out" / "trial" / "2020").exists()
    # the same notebook, now without the wait: 01_clean is kept, 02_score runs
    nbformat.write(notebook(BROKEN), workbook / "notebooks" / "02_score.ipynb")
    outcomes = run_all([path], out=workbook / "out", resume=True)
    assert statuses(outcomes) == {"01_clean": "up to date", "02_score": "ran"}
    assert (workbook / "out" / "trial" / "2020" / "manifest.json").exists()


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


def test_a_study_travels_as_one_archive(workbook, tmp_path):
    there = unpack(pack(workbook / "trial"), tmp_path / "there")
    assert there.name == "trial"
    assert files_of(there) == files_of(workbook / "trial")


def test_a_scheduler_that_does_not_answer_is_said_so():
    pytest.importorskip("distributed", reason="the extra [cluster] is not installed")
    with (
        pytest.raises(pool.ClusterError, match=r"no scheduler answers at tcp://127.0.0.1:1"),
        pool.open_pool(1, "tcp://127.0.0.1:1"),
    ):
        pass
