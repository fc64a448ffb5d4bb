"""The commands: what they print, and their exit codes."""

import pandas as pd
import pytest
from studies import MARKS, make_study

from evallib import cli


def run(capsys, *arguments):
    """Exit code, standard output and standard error of one command."""
    import sys

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
