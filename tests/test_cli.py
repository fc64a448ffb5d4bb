"""The commands: what they print, and their exit codes."""

import json
import re
import subprocess
import sys

import pandas as pd
import pytest
from evidence_study import TABLES, make_evidence_study
from studies import MARKS, make_study

import evallib as ev
from evallib import cli
from evallib.batch.outcome import Outcome
from evallib.batch.pool import ClusterError
from evallib.start import new_year


def run(capsys, *arguments):
    """Exit code, standard output and standard error of one command."""
    sys.argv = ["evallib", *map(str, arguments)]
    with pytest.raises(SystemExit) as end:
        cli.main()
    shown = capsys.readouterr()
    return end.value.code or 0, shown.out, shown.err


def test_check_of_a_sound_study_says_so(capsys, tmp_path):
    code, out, _ = run(capsys, "check", make_study(tmp_path))
    assert code == 0
    assert "trial: no fault; years 2020; provenance observed" in out


def test_check_lists_every_fault_and_ends_with_one(capsys, tmp_path):
    marks = MARKS.replace("u1,a,6", "u1,a,7").replace("u2,b,2", "u2,b,x")
    code, out, err = run(
        capsys, "check", make_study(tmp_path, files={"2020/marks.csv": marks}), 2020
    )
    assert code == 1
    assert "trial 2020 cannot be scored yet" in out
    assert "2020/marks.csv, row 2, column mark: mark 7 of a is outside 0 to 6" in err
    assert "2020/marks.csv, row 7, column mark: 'x' is no number" in err
    assert "2 faults" in err


def test_an_unknown_study_is_named_with_those_there_are(capsys):
    code, _, err = run(capsys, "check", "nannning")
    assert code == 1
    assert "no study 'nannning'; name a folder, or one of ministries, nanning, sichuan-land" in err


def test_blank_cells_are_counted_and_other_faults_listed(capsys, tmp_path):
    study = make_study(tmp_path, files={"2020/marks.csv": None})
    code, out, err = run(capsys, "check", study, 2020)
    assert "score sheets for assessors: evallib new trial 2020" in out
    new_year(study, 2020)
    code, out, err = run(capsys, "check", study)
    assert code == 1
    assert re.search(r"in all +0 of 15 +0 of 15", out)
    assert err == "30 faults, 30 of them blank cells\n"
    assert len(json.loads(run(capsys, "check", study, "--json")[1])) == 30
    err = run(capsys, "score", study, 2020, "--out", tmp_path / "x.csv")[2].splitlines()
    assert (len(err), err[-1]) == (11, "and 20 more: evallib check STUDY sums them up")


def test_faults_come_as_json_for_machines(capsys, tmp_path):
    marks = MARKS.replace("u1,a,6", "u1,a,7")
    study = make_study(tmp_path, files={"2020/marks.csv": marks})
    code, out, _ = run(capsys, "check", study, "--json")
    (fault,) = json.loads(out)
    assert (code, fault["file"], fault["row"], fault["column"]) == (1, "2020/marks.csv", 2, "mark")
    marks = study / "2020" / "marks.csv"
    marks.write_text(MARKS)
    assert run(capsys, "check", study, "--json")[:2] == (0, "[]\n")


def test_quiet_says_nothing_but_errors_wherever_it_stands(capsys, tmp_path):
    study = make_study(tmp_path)
    assert run(capsys, "check", study, "--quiet") == (0, "", "")
    assert run(capsys, "--quiet", "check", study) == (0, "", "")
    assert "no study 'x'" in run(capsys, "-q", "check", "x")[2]
    assert run(capsys, "claims", study, 2020, "-q") == (0, "", "")
    assert json.loads(run(capsys, "claims", study, 2020, "-q", "--json")[1])


def test_an_error_is_one_paragraph_and_debug_shows_where_it_is_from(capsys, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise KeyError("never foreseen")

    monkeypatch.setattr("evallib.study.load.inspect_study", broken)
    code, _, err = run(capsys, "check", tmp_path)
    assert (code, err.strip()) == (
        1,
        "KeyError: 'never foreseen'\nRun it again with --debug to see where.",
    )
    with pytest.raises(KeyError, match="never foreseen"):
        run(capsys, "check", tmp_path, "--debug")


def test_a_cluster_that_cannot_be_used_ends_with_one(capsys, monkeypatch):
    def refuse(*_, **__):
        raise ClusterError("no scheduler answers at tcp://127.0.0.1:1")

    monkeypatch.setattr("evallib.batch.run_all", refuse)
    code, _, err = run(capsys, "batch", "params/nanning-2020.yaml", "--cluster", "tcp://x")
    assert (code, err.strip()) == (1, "no scheduler answers at tcp://127.0.0.1:1")


def test_batch_tells_what_failed_and_writes_it_for_machines(capsys, tmp_path, monkeypatch):
    outcomes = [
        Outcome("trial", 2020, "01_clean", "ran", 1.23),
        Outcome("trial", 2020, "02_score", "failed", 2.0, 3, "boom()", "ValueError: no"),
    ]
    monkeypatch.setattr("evallib.batch.run_all", lambda *_, **__: outcomes)
    code, out, err = run(capsys, "batch", "p.yaml", "--out", tmp_path)
    assert code == 1
    assert "up to date" not in out
    assert re.search(r"02_score +│ failed +│ 2.0", out)
    assert "notebook 02_score, cell 3 (boom()): ValueError: no" in err
    code, out, _ = run(capsys, "batch", "p.yaml", "--out", tmp_path, "--json")
    assert json.loads(out) == json.loads((tmp_path / "report.json").read_text())
    assert json.loads(out)[1] | {"log": ""} == outcomes[1].as_dict()


def test_a_file_that_cannot_be_written_is_named(capsys, tmp_path):
    out = tmp_path / "nowhere" / "scores.csv"
    code, _, err = run(capsys, "score", make_study(tmp_path), 2020, "--out", out)
    assert (code, "nowhere" in err, "Traceback" in err) == (1, True, False)


def test_help_lists_every_command_in_its_panel_and_how_to_begin(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for word in ("Start", "Run", "Hand out", "Read back", "evallib new mycity 2025", "Exit codes"):
        assert word in out
    assert "Example: evallib batch params/*.yaml" in run(capsys, "batch", "-h")[1]
    assert run(capsys, "--version")[1] == f"evallib {ev.__version__}\n"


def test_help_is_there_at_once():
    """Nothing heavy is loaded to show what the commands are."""
    code = "import sys, evallib.cli; print([m for m in sys.modules if m in {'pandas', 'numpy', 'papermill', 'distributed', 'matplotlib', 'pydantic'}])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert loaded.stdout == "[]\n"


def test_commands_work_from_any_folder(tmp_path):
    command = [sys.executable, "-m", "evallib", "check", "nanning", "2020"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nanning: no fault" in done.stdout


def test_score_writes_the_contract_columns_unrounded(capsys, tmp_path):
    out = tmp_path / "scores.csv"
    code, printed, _ = run(
        capsys, "score", make_study(tmp_path), 2020, "--out", out, "--node-ranks"
    )
    table = pd.read_csv(out, dtype={"printed": str})
    assert (code, "4 units" in printed) == (0, True)
    head = [
        "unit",
        "name",
        "group",
        "class",
        "base",
        "bonus",
        "penalty",
        "veto",
        "total",
        "printed",
        "rank",
        "group_rank",
        "band",
    ]
    nodes = ["all", "D1", "a", "b", "D2", "c", "d"]
    assert list(table) == [*head, *nodes, *(f"rank:{node}" for node in nodes)]
    assert table["total"][2] == pytest.approx(100 * 13 / 15, abs=1e-12)
    assert table["printed"].tolist() == ["100", "57.5", "86.67", "60"]
    assert table["rank:a"].tolist() == [1, 3, 1, 3]
    assert table["c"].isna().tolist() == [False, False, True, False]


def test_a_missing_year_and_wrong_usage_end_differently(capsys, tmp_path):
    code, _, err = run(capsys, "score", make_study(tmp_path), 1999, "--out", tmp_path / "x.csv")
    assert (code, "has no year 1999" in err) == (1, True)
    assert run(capsys, "score")[0] == 2
    assert not (tmp_path / "x.csv").exists()


def test_a_mark_is_traced_to_its_rows_and_a_typed_one_to_its_cell(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    letters = TABLES["letters"] + "n6,u1,2020-06-03,2020-06-02\n"
    study = make_evidence_study(tmp_path, letters=letters)
    code, out, _ = run(capsys, "trace", study, 2020, "u1", "l1", "--lang", "en")
    assert code == 0
    assert "3 points lost: 2 of 3 letters late" in out
    rows = "letters to 2020-11-30: 3 rows, 3 count, 2 against; left out: none; set aside when read"
    assert f"{rows}: 1 reply_before_receipt" in out
    assert re.search(r"│ 4 +│ 19 +│ n3 +│ 2020-09-14 │ 2020-10-15 │", out)
    assert max(map(len, out.splitlines()[3:])) <= 120
    whole = json.loads(run(capsys, "trace", study, 2020, "u1", "l1", "--all", "--json")[1])
    assert [row["counts"] for row in whole["rows"]] == ["against", "yes", "against"]
    assert (whole["numbers"]["mark"], whole["rule"]["measure"]["charge"]) == (0, "holder")
    assert "来信超过3个月未回应" in run(capsys, "trace", study, 2020, "u1", "unanswered")[1]
    code, out, _ = run(capsys, "trace", study, 2020, "u1", "typed", "--json")
    assert (code, isinstance(json.loads(out), list)) == (0, True)


def test_what_cannot_be_traced_ends_with_one(capsys, tmp_path):
    study = make_evidence_study(tmp_path)
    for words, message in (
        (("2018", "u1", "l1"), "no year 2018; it has 2020"),
        (("2020", "u9", "l1"), "'u9' is no unit of 2020; units.csv has u1, u2"),
        (("2020", "u1", "q"), "'q' is not measured in 2020; measured are"),
    ):
        code, _, err = run(capsys, "trace", study, *words)
        assert code == 1
        assert message in err


def test_monitor_tells_what_is_due_and_what_to_do(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    study = make_evidence_study(tmp_path)
    code, out, _ = run(capsys, "monitor", study, "--as-of", "2020-11-30", "--period", "year")
    assert code == 0
    assert "截至2020年11月30日，本年应测的指标有18项" in out
    assert re.search(r"│ 甲局 +│ A维·项p6 +│ 改正3处错误表述 +│ 2.4 +│", out)
    assert not re.search(r"\d\.\d{3}", out)
    said = json.loads(run(capsys, "monitor", study, "--period", "year", "--json")[1])
    assert (said["as_of"], said["risks"][0]["unit"]) == ("2020-11-30", "u1")
    assert run(capsys, "monitor", study, "--period", "day")[0] == 2
    assert run(capsys, "monitor", study, "--as-of", "30.11.2020")[0] == 2
    code, _, err = run(capsys, "monitor", study, "--as-of", "2021-01-01", "--period", "year")
    assert (code, "the evidence ends on 2020-11-30" in err) == (1, True)
    code, _, err = run(capsys, "monitor", make_study(tmp_path / "plain"))
    assert (code, "trial measures nothing" in err) == (1, True)
