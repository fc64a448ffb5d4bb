"""Runs: params are refused before anything runs, results are whole or absent."""

import gc
import json

import nbformat
import pytest

import evallib as ev
from evallib import batch


def params(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_key_that_no_notebook_declares_is_refused_with_a_hint(tmp_path):
    with pytest.raises(
        ev.StudyError, match="column yeer: no notebook declares this parameter; did you mean year"
    ):
        batch.read_params(params(tmp_path, "study: nanning\nyear: 2020\nyeer: 2020\n"))


def test_study_and_year_are_needed_and_all_faults_come_at_once(tmp_path):
    with pytest.raises(ev.StudyError) as error:
        batch.read_params(params(tmp_path, "lang: zh\nlung: zh\n"))
    assert [fault.column for fault in error.value.faults] == ["lung", "study", "year"]


def test_a_params_file_must_be_there_and_be_a_mapping(tmp_path):
    with pytest.raises(ev.StudyError, match="no such params file"):
        batch.read_params(tmp_path / "absent.yaml")
    with pytest.raises(ev.StudyError, match="no mapping of parameters"):
        batch.read_params(params(tmp_path, "- study\n"))


def test_every_notebook_declares_study_year_and_lang():
    for name, keys in batch.declared_parameters().items():
        assert {"study", "year", "lang"} <= set(keys), name


@pytest.fixture
def one_notebook(tmp_path, monkeypatch):
    """A workbook of a single notebook whose last cell may fail."""
    cells = [
        nbformat.v4.new_markdown_cell("# What is tried here?"),
        nbformat.v4.new_code_cell(
            'study = "x"  # folder\nyear = 1  # year\nlang = "zh"  # language\nbroken = False  # fail',
            metadata={"tags": ["parameters"]},
        ),
        nbformat.v4.new_code_cell(
            "import evallib as ev\nresult = ev.evaluate(ev.read_study(study), year)"
        ),
        nbformat.v4.new_code_cell(
            "if broken:\n    raise ValueError('部门 is wrong')\nprint(result.printed.tolist())"
        ),
    ]
    notebook = nbformat.v4.new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
    )
    nbformat.write(notebook, tmp_path / "01_only.ipynb")
    monkeypatch.setattr(batch, "YEARLY", ("01_only",))
    monkeypatch.setattr(batch, "notebooks_folder", lambda: tmp_path)
    monkeypatch.setattr(batch.declared_parameters, "__defaults__", (("01_only",),))
    return tmp_path


# a kernel whose notebook fails leaves its sockets to the garbage collector
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_a_run_leaves_a_whole_result_and_a_failing_cell_leaves_the_old_one(one_notebook):
    good = params(one_notebook, "study: sichuan-land\nyear: 2011\nlang: en\n")
    target = batch.run(good, out=one_notebook / "out")
    before = {
        path.relative_to(target): path.read_bytes() for path in target.rglob("*") if path.is_file()
    }
    assert {"scores.csv", "claims.csv", "letter.docx", "report.html", "manifest.json"} <= {
        str(p) for p in before
    }
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["parameters"] == {"study": "sichuan-land", "year": 2011, "lang": "en"}
    assert set(manifest["inputs"]) >= {"study.yaml", "units.csv", "2011/marks.csv"}

    bad = params(one_notebook, "study: sichuan-land\nyear: 2011\nlang: en\nbroken: true\n")
    with pytest.raises(
        batch.RunError,
        match=r"study sichuan-land, year 2011, notebook 01_only, cell 4 \(if broken:\): ValueError: 部门 is wrong",
    ):
        batch.run(bad, out=one_notebook / "out")
    after = {
        path.relative_to(target): path.read_bytes() for path in target.rglob("*") if path.is_file()
    }
    assert after == before
    assert [path.name for path in target.parent.iterdir()] == ["2011"]
    gc.collect()


def test_injected_chinese_stays_readable(one_notebook):
    path = params(one_notebook, "study: sichuan-land\nyear: 2011\nlang: 中文\n")
    executed = batch.execute(
        "01_only", {"study": "sichuan-land", "year": 2011, "lang": "中文"}, one_notebook
    )
    assert "中文" in executed.read_text(encoding="utf-8")
    assert path.exists()
