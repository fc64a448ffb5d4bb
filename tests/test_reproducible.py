"""The same study and seed give the same bytes, on whatever machine, in whatever order."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from studies import MARKS, SCHEME, UNITS, make_study

import evallib as ev
from evallib.batch.plan import input_digests
from evallib.publication.claims import compare_claims
from evallib.publication.tables import scores_table, write_csv

ROOT = Path(__file__).resolve().parents[1]
SEED, DRAWS = 20, 3_000
PUBLISHED = """title: 试验
claims:
  - {id: mean, kind: mean, value: 76.04, printed: 76.04分}
  - {id: change, kind: delta, base_year: 2019, value: 1.25, printed: 1.25分}
  - {id: list, kind: ordered_list, names: [甲局, 丙局], printed: 甲局、丙局}
"""
FILES = {
    "2019/scheme.csv": SCHEME,
    "2019/marks.csv": MARKS.replace("u1,a,6", "u1,a,5"),
    "2020/published.yaml": PUBLISHED,
}
# what a program of its own does: the three tables, and the SHA-256 of their bytes
WORK = """
import sys
sys.path.insert(0, sys.argv[2])
from test_reproducible import digests
print(*digests(sys.argv[1], threads=int(sys.argv[3])))
"""


def tables(study, *, threads=1, executor=None):
    """``scores``, ``claims`` and ``acceptability`` of a study's year 2020."""
    result = ev.evaluate(study, 2020)
    drawn = ev.perturb_weights(result.scheme, at="leaf", spread=0.2, draws=DRAWS, seed=SEED)
    found = ev.rank_uncertainty(result, drawn, threads=threads, executor=executor)
    return scores_table(result), compare_claims(study, 2020), found.acceptability().reset_index()


def digests(folder, *, threads=1, executor=None):
    """SHA-256 of the bytes of each table, written as all tables are."""
    made, path = [], Path(folder).parent / f"written-{os.getpid()}.csv"
    for table in tables(ev.read_study(folder), threads=threads, executor=executor):
        write_csv(table, path)
        made.append(hashlib.sha256(path.read_bytes()).hexdigest())
    path.unlink()
    return made


def elsewhere(folder, *, python=sys.executable, threads=1, **env):
    """The digests that a process of its own makes, under other settings."""
    command = [python, "-c", WORK, folder, ROOT / "tests", threads]
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"} | env
    done = subprocess.run([*map(str, command)], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("study"), files=FILES)


@pytest.fixture(scope="module")
def expected(study):
    return digests(study)


def test_one_thread_two_threads_and_a_pool_of_others_make_the_same_bytes(study, expected):
    assert digests(study, threads=2) == expected
    with ThreadPoolExecutor(3) as executor:  # a cluster's workers stand behind this interface
        assert digests(study, executor=executor) == expected


SETTINGS = [
    {"LC_ALL": "C", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "0", "PYTHONUTF8": "0"},
    {"LC_ALL": "C.utf8", "LANG": "zh_CN.GB18030", "TZ": "America/St_Johns", "PYTHONHASHSEED": "1"},
    {"LC_ALL": "POSIX", "TZ": "", "PYTHONHASHSEED": "4294967295", "OPENBLAS_NUM_THREADS": "1"},
]


@pytest.mark.parametrize("env", SETTINGS, ids=lambda env: env["LC_ALL"])
def test_locale_time_zone_and_hash_seed_change_nothing(study, expected, env):
    assert elsewhere(study, threads=2, **env) == expected


def test_line_ends_of_windows_and_a_mark_in_front_change_nothing(tmp_path, expected):
    files = FILES | {"units.csv": UNITS, "2020/scheme.csv": SCHEME, "2020/marks.csv": MARKS}
    windows = {
        name: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() for name, text in files.items()
    }
    assert digests(make_study(tmp_path, files=windows)) == expected


def test_the_order_of_files_on_disk_changes_nothing(tmp_path, monkeypatch, expected):
    """Files are made in another order, and every folder is listed backwards."""
    made = make_study(tmp_path, files=dict(sorted(FILES.items(), reverse=True)))
    for name in ("iterdir", "glob", "rglob"):
        listed = getattr(Path, name)
        monkeypatch.setattr(Path, name, lambda self, *a, of=listed: [*of(self, *a)][::-1])
    assert digests(made) == expected


HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = [version for version in ("3.11", "3.12", "3.13") if version != HERE]


@pytest.mark.parametrize("version", OTHERS)
def test_every_python_makes_the_same_bytes(study, expected, version):
    """``EVALLIB_PYTHON_312`` and so on name interpreters that have the locked packages."""
    name = f"EVALLIB_PYTHON_{version.replace('.', '')}"
    if name not in os.environ:
        pytest.skip(f"{name} is not set: it names a Python {version} with the locked packages")
    assert elsewhere(study, python=os.environ[name]) == expected


def test_a_clock_that_goes_backwards_hides_no_change(tmp_path):
    """Files are known by what is in them: their times say nothing."""
    folder = make_study(tmp_path)
    marks = folder / "2020" / "marks.csv"
    for path in folder.rglob("*"):
        os.utime(path, (4e9, 4e9))  # in the year 2096
    before = input_digests(folder)
    marks.write_text(marks.read_text().replace("u1,a,6", "u1,a,5"))
    os.utime(marks, (1e9, 1e9))  # long ago
    assert {n for n, _ in before.items() ^ input_digests(folder).items()} == {"2020/marks.csv"}
