"""A published folder is held to its record and to its study; what differs is named."""

import json
import re
import shutil
import sys

import nbformat
import openpyxl
import pytest
from docx import Document
from studies import make_study

import evallib as ev
from evallib import cli
from evallib.change import compare_runs
from evallib.errors import StudyError
from evallib.publication import verify as module
from evallib.publication.manifest import notebook_parameters, read_manifest, seal
from evallib.publication.publish import publish_data, publish_report
from evallib.publication.verify import verify

MOVED = re.compile(r"57\.(?:5|49+)")  # the total of u2, in full and in print


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a study, and what a run publishes of it."""
    folder = tmp_path_factory.mktemp("published")
    study = ev.read_study(make_study(folder))
    out = folder / "out" / "trial" / "2020"
    (out / "notebooks").mkdir(parents=True)
    cells = [
        nbformat.v4.new_markdown_cell("# How firm?"),
        nbformat.v4.new_code_cell("seed = 1  # of draws\nsem = None", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("# Parameters\nseed = 7", metadata={"tags": ["injected-parameters"]}),
    ]  # fmt: skip
    book = nbformat.v4.new_notebook(cells=cells)
    nbformat.write(book, out / "notebooks" / "04_stability.ipynb")
    params = {"study": str(study.path), "year": 2020, "lang": "zh"}
    publish_data(study, 2020, out, params=params)
    publish_report(study, 2020, out, lang="zh")
    return folder


@pytest.fixture
def published(made, tmp_path, monkeypatch):
    """A copy of the study and the folder, of which only tables are computed anew."""
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.setattr(module, "write_letter", lambda *_, **__: None)
    monkeypatch.setattr(module, "write_workbook", lambda *_, **__: None)
    return tmp_path / "copy" / "out" / "trial" / "2020", tmp_path / "copy" / "trial"


def rows(table):
    return [tuple(row) for row in table[["file", "place", "problem"]].itertuples(index=False)]


def test_the_record_names_every_file_and_every_seed(made):
    out = made / "out" / "trial" / "2020"
    manifest = read_manifest(out)
    there = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert set(manifest["outputs"]) == there - {"manifest.json"}
    assert manifest["notebooks"] == notebook_parameters(out)
    assert manifest["notebooks"] == {"04_stability": {"seed": 7, "sem": None}}


def test_what_was_published_is_what_comes_out_again(made):
    found = verify(made / "out" / "trial" / "2020")
    assert found.same
    assert found.counts == {"outputs": 19, "inputs": 4, "results": 7}
    assert found.notes == ()


def test_a_changed_cell_is_named_by_file_row_and_column(published):
    out, study = published
    scores = out / "scores.csv"
    text = scores.read_text(encoding="utf-8")
    scores.write_text(MOVED.sub("59.5", text), encoding="utf-8")
    found = verify(out, study=study)
    assert rows(found.outputs) == [("scores.csv", "", "it has changed")]
    assert rows(found.results) == [
        ("scores.csv", f"row 3 (u2), column {name}", "recomputed, it differs")
        for name in ("base", "total", "printed")
    ]
    assert found.results["recorded"][2] == "59.5"
    assert found.results["found"][2] == "57.5"
    assert found.inputs.empty


def test_a_missing_row_a_missing_file_and_a_new_one_are_named(published):
    out, study = published
    scores = out / "scores.csv"
    lines = scores.read_text(encoding="utf-8").splitlines(keepends=True)
    scores.write_text("".join(lines[:-1]), encoding="utf-8")
    (out / "claims.csv").unlink()
    (out / "notes.txt").write_text("mine")
    found = verify(out, study=study)
    assert rows(found.outputs) == [
        ("claims.csv", "", "it is missing"),
        ("notes.txt", "", "it is not on record"),
        ("scores.csv", "", "it has changed"),
    ]
    assert ("claims.csv", "", "it is missing") in rows(found.results)
    assert ("scores.csv", "row 5 (u4), column rank", "recomputed, it differs") in rows(
        found.results
    )


def test_inputs_that_changed_since_are_said_first_and_move_the_results(published):
    out, study = published
    marks = study / "2020" / "marks.csv"
    marks.write_text(marks.read_text().replace("u2,b,2", "u2,b,3"))
    (study / "2020" / "adjustments.csv").write_text(
        "unit,kind,points,reason,source\nu4,bonus,1,x,y\n"
    )
    found = verify(out, study=study)
    assert found.outputs.empty
    assert rows(found.inputs) == [
        ("2020/adjustments.csv", "", "it is not on record"),
        ("2020/marks.csv", "", "it has changed"),
    ]
    assert ("scores.csv", "row 3 (u2), column total", "recomputed, it differs") in rows(
        found.results
    )
    assert ("scores.csv", "row 5 (u4), column bonus", "recomputed, it differs") in rows(
        found.results
    )


def test_letter_and_workbook_are_compared_by_what_they_say(made, tmp_path):
    out = tmp_path / "2020"
    shutil.copytree(made / "out" / "trial" / "2020", out)
    letter = Document(out / "letter.docx")
    told = next(p for p in letter.paragraphs if "4" in p.text)
    told.runs[0].text = "改动 " + told.runs[0].text
    letter.save(out / "letter.docx")
    book = openpyxl.load_workbook(out / "scores.xlsx")
    book["名次"]["D4"] = 12.5
    book.save(out / "scores.xlsx")
    found = verify(out)
    assert rows(found.outputs) == [
        ("letter.docx", "", "it has changed"),
        ("scores.xlsx", "", "it has changed"),
    ]
    places = [(file, place.split(" ")[0], problem) for file, place, problem in rows(found.results)]
    assert places == [
        ("letter.docx", "paragraph", "recomputed, it differs"),
        ("scores.xlsx", "sheet", "recomputed, it differs"),
    ]
    assert found.results["place"][1] == "sheet 名次, cell D4"
    assert found.results["recorded"][1] == "12.5"
    (out / "scores.xlsx").write_bytes(b"no workbook")
    found = verify(out)
    assert "scores.xlsx: the workbook cannot be opened" in found.results["problem"][1]


def test_cards_have_a_record_of_their_own(published):
    out, study = published
    cards = out / "cards"
    cards.mkdir()
    (cards / "u1.html").write_text("card")
    (cards / "manifest.json").write_text((out / "manifest.json").read_text())
    seal(cards)
    assert verify(out, study=study).same
    (cards / "u1.html").write_text("another")
    assert rows(verify(out, study=study).outputs) == [("cards/u1.html", "", "it has changed")]


def test_other_versions_and_an_older_record_are_notes_and_no_faults(published):
    out, study = published
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    manifest["versions"]["numpy"] = "0.1"
    del manifest["outputs"]
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    found = verify(out, study=study)
    assert found.same
    assert found.notes[0] == (
        "the manifest does not record the files of this folder: it is of an earlier version"
    )
    assert found.notes[1].startswith("made with numpy 0.1, here is ")


def test_a_folder_without_a_record_and_a_lost_study_are_said_so(published, tmp_path):
    out, study = published
    with pytest.raises(StudyError, match=r"manifest.json: no such file; name the folder of a fin"):
        verify(tmp_path)
    with pytest.raises(StudyError, match="no study 'atlantis'"):
        verify(out, study="atlantis")
    (study / "2020" / "marks.csv").write_text("unit,indicator,mark\nu1,a,9\n")
    with pytest.raises(StudyError, match="mark 9 of a is outside 0 to 6"):
        verify(out, study=study)


def run(capsys, *arguments):
    sys.argv = ["evallib", *map(str, arguments)]
    with pytest.raises(SystemExit) as end:
        cli.main()
    shown = capsys.readouterr()
    return end.value.code or 0, shown.out, shown.err


def test_the_command_says_so_and_ends_with_one_where_anything_differs(capsys, published):
    out, study = published
    code, told, _ = run(capsys, "verify", out, "--study", study)
    assert (code, told) == (
        0,
        "files of the folder: 19 on record, 0 otherwise\n"
        "inputs: 4 on record, 0 changed since\n"
        "results computed anew: 5 files, 0 places differ\n",
    )
    scores = out / "scores.csv"
    scores.write_text(MOVED.sub("59.5", scores.read_text(encoding="utf-8")), encoding="utf-8")
    units = study / "units.csv"
    units.write_text(units.read_text() + "\n")
    code, told, _ = run(capsys, "verify", out, "--study", study)
    assert code == 1
    assert "files of the folder: 19 on record, 1 otherwise" in told
    assert "4 on record, 1 changed since: what follows is about the study as it is now" in told
    assert "results computed anew: 5 files, 3 places differ" in told
    code, told, _ = run(capsys, "verify", out, "--study", study, "--json")
    places = [row["place"] for row in json.loads(told)["results"]]
    assert (code, places[1]) == (1, "row 3 (u2), column total")
    assert run(capsys, "verify", out.parent)[0] == 1


def test_what_a_run_made_is_no_cause_of_a_moved_score(published, tmp_path):
    out, _ = published
    shutil.copytree(out, tmp_path / "b")
    manifest = json.loads((tmp_path / "b" / "manifest.json").read_text(encoding="utf-8"))
    manifest["outputs"]["scores.csv"] = "0"
    (tmp_path / "b" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert compare_runs(out, tmp_path / "b").inputs.empty
