"""What a study hands in stays data: it opens nothing, runs nothing, and goes nowhere else."""

import ast
import json
import os
import re
import socket
import stat
import zipfile
from datetime import date
from functools import cache
from pathlib import Path

import nbformat
import openpyxl
import pytest
import yaml
from docx import Document
from papermill.parameterize import parameterize_notebook
from studies import SCHEME, STUDY, UNITS, make_study

import evallib as ev
from evallib.batch import plan, read_run
from evallib.batch.execute import execute
from evallib.batch.place import Place
from evallib.errors import StudyError
from evallib.explore import serve
from evallib.explore.panel import FILE_NAME
from evallib.publication.cards import file_stem
from evallib.publication.check.read import read_blocks
from evallib.publication.folders import set_right
from evallib.publication.publish import publish_data, publish_report
from evallib.publication.report import write_report
from evallib.publication.spreadsheet import Column, Sheet, write_sheets
from evallib.start import new_study, new_year
from evallib.study import guard, kept
from evallib.study.folders import inside, name_problem
from evallib.study.guard import archive_fault
from evallib.study.sheets import read_layout

# kernel clients leave sockets and event loops to the garbage collector
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
ROOT = Path(__file__).resolve().parents[1]
CODE = [ROOT / "run.py", *sorted((ROOT / "evallib").rglob("*.py"))]
HOSTILE = '<script>alert("1")</script>&<b>'


def notebook(*cells):
    about = {"name": "python3", "display_name": "Python 3", "language": "python"}
    head = nbformat.v4.new_markdown_cell("# What is tried here?", metadata={"tags": []})
    cells = [head, *cells]
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": about})


@cache
def nodes(path):
    return [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]


def calls(path):
    """Every call in a module: its dotted name, and the node."""
    for node in nodes(path):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


# --- nothing is run -------------------------------------------------------------------------------


def test_yaml_is_read_by_the_safe_loader_alone():
    assert guard.LOADER in (getattr(yaml, "CSafeLoader", None), yaml.SafeLoader)
    allowed = {"yaml.safe_load", "yaml.safe_dump", "yaml.parse", "yaml.MarkedYAMLError"}
    used = {
        name for path in CODE for name, _ in calls(path) if name.startswith(("yaml.", "pyyaml."))
    }
    assert used <= allowed, used - allowed
    hidden = [
        path
        for path in CODE
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and node.module == "yaml"
    ]
    assert hidden == []  # it would not show which loader is meant


def test_no_text_is_run_and_no_shell_is_called():
    refused = {"eval", "exec", "compile", "os.system", "os.popen", "__import__", "marshal.loads"}
    for path in CODE:
        for name, call in calls(path):
            assert name not in refused, f"{path}: {name}"
            assert "shell" not in [keyword.arg for keyword in call.keywords], f"{path}: {name}"
            assert not name.startswith("pickle.load") or path.name == "kept.py", path


def test_a_tag_in_yaml_makes_nothing(tmp_path):
    made = tmp_path / "made"
    rules = f'decimals: !!python/object/apply:os.mkdir ["{made}"]\n'
    with pytest.raises(StudyError, match=r"2020/rules.yaml, row 1: no valid YAML \(could not dete"):
        ev.read_study(make_study(tmp_path, files={"2020/rules.yaml": rules}))
    assert not made.exists()


@pytest.mark.parametrize(
    "value",
    [
        "a'b\"c\\",
        "x\nimport os\nos.abort()",
        "\"\"\"'''",
        "{0.__class__} {year} {{ lang }}",
        "\\\nraise SystemExit",
        "中文\u202e",
        [1, "]; raise SystemExit; ["],
        None,
        True,
        float("inf"),
    ],
)
def test_parameters_reach_a_notebook_as_literals(value):
    cell = nbformat.v4.new_code_cell("lang = 1", metadata={"tags": ["parameters"]})
    book = notebook(cell)
    book.metadata["papermill"] = {}
    done = parameterize_notebook(book, {"lang": value})
    (injected,) = [c for c in done.cells if "injected-parameters" in c.metadata["tags"]]
    (line,) = ast.parse(injected.source).body
    assert isinstance(line, ast.Assign)
    if value == float("inf"):  # has no literal
        assert ast.unparse(line.value) == "float('inf')"
    else:
        assert ast.literal_eval(line.value) == value


def test_a_parameter_is_a_plain_value(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("study: nanning\nyear: 2020\nlang: {a: b}\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r"p.yaml, column lang: \{'a': 'b'\} is no plain value"):
        read_run(path)


def test_a_template_of_a_study_shows_what_it_is_given_and_reaches_nothing_else(tmp_path):
    study = ev.read_study(make_study(tmp_path))
    for code in ("{{ ''.__class__.__mro__ }}", "{{ title.__init__.__globals__ }}"):
        own = Document()
        own.add_paragraph(code)
        own.save(study.path / "letter.docx")
        with pytest.raises(Exception, match="unsafe"):
            ev.write_letter(tmp_path / "l.docx", study, 2020)


def test_a_pickle_is_read_from_a_private_folder_alone(tmp_path, monkeypatch):
    folder = make_study(tmp_path)
    with kept.keeping() as private:
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        kept.keep(ev.read_study(folder), kept.state_of(folder))
        assert kept.kept(folder) is not None
        private.chmod(0o777)
        assert kept.kept(folder) is None
        private.chmod(0o700)
        monkeypatch.setattr(os, "getuid", lambda: 12345)  # somebody else
        assert kept.kept(folder) is None
        monkeypatch.undo()


# --- nothing swells -------------------------------------------------------------------------------

LAUGHS = "a: &a [1, 1]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n"
    for a, b in zip("abcdefghij", "bcdefghijk", strict=True)
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (LAUGHS, "its anchors unfold to more than 1,000,000 values"),
        ("a: &a [*a]\n", "its anchors unfold to more than 1,000,000 values"),
        ("[" * 100_000, "it is nested more than 50 levels deep"),
        ("- " * 100_000 + "1", "it is nested more than 50 levels deep"),
        ('names: {zh: "\\u202e局"}\n', r"it holds U\+202E, a sign that nobody sees"),
    ],
    ids=["laughs", "itself", "flow", "block", "unseen"],
)
def test_yaml_that_swells_is_refused(tmp_path, text, problem):
    for file in ("study.yaml", "2020/rules.yaml"):
        with pytest.raises(StudyError, match=rf"{file}, row \d+: no valid YAML \({problem}\)"):
            ev.read_study(make_study(tmp_path, files={file: text}))
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=r"p.yaml: no YAML"):
        read_run(tmp_path / "p.yaml")


def book(path, *, sheet=b"", member=None):
    """A workbook, with something put behind its cells, or with one more member."""
    plain = openpyxl.Workbook()
    plain.active.title = "s"
    plain.active["A1"] = "unit"
    plain.save(path)
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    name = "xl/worksheets/sheet1.xml"
    parts[name] = parts[name].replace(b"</sheetData>", sheet or b"</sheetData>")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for part in (parts | (member or {})).items():
            new.writestr(*part)
    return path


FAR = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
MERGED = b'</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
BOMBS = {
    "far": ({"sheet": FAR}, "a sheet spans more than 3,000,000 cells, up to XFD1048576"),
    "merged": ({"sheet": MERGED}, "a sheet spans more than 3,000,000 cells, up to A1:XFD1048576"),
    "entities": ({"member": {"xl/sharedStrings.xml": ENTITIES}}, "it defines entities"),
    "utf-16": (
        {"member": {"xl/x.xml": ENTITIES.decode().encode("utf-16")}},
        "it defines entities",
    ),
    "swells": (
        {"member": {"xl/media/a.bin": bytes(3_000_000)}},
        "bomb.xlsx unpacks to more: at most 2 MB are read",
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_workbook_that_swells_is_refused_before_it_is_opened(tmp_path, monkeypatch, bomb):
    made, problem = BOMBS[bomb]
    monkeypatch.setattr(guard, "ARCHIVE_LIMIT", 2_000_000)
    entry = {"file": "bomb.xlsx", "sheet": "s", "round": "final", "kind": "score"}
    entry |= {"shape": "wide", "unit_column": "unit"}
    files = {"2020/marks.csv": None, "2020/raw/layout.yaml": yaml.safe_dump({"sheets": [entry]})}
    study = make_study(tmp_path, files=files)
    book(study / "2020" / "raw" / "bomb.xlsx", **made)
    monkeypatch.setattr("evallib.study.sheets.CalamineWorkbook", None)  # it is not opened
    with pytest.raises(StudyError, match=f"2020/raw/bomb.xlsx: {re.escape(problem)}"):
        ev.read_study(study)


def test_what_an_archive_says_of_its_sizes_is_not_believed(tmp_path, monkeypatch):
    path = book(tmp_path / "bomb.xlsx", member={"xl/media/a.bin": bytes(3_000_000)})
    raw = path.read_bytes()
    size, small = (3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    assert raw.count(size) == 2  # before the data, and in the list at the end
    path.write_bytes(raw.replace(size, small))
    monkeypatch.setattr(guard, "ARCHIVE_LIMIT", 2_000_000)
    assert "unpacks to more" in archive_fault(path, "bomb.xlsx").problem


def test_a_sound_workbook_and_document_pass(tmp_path):
    Document().save(tmp_path / "a.docx")
    assert archive_fault(book(tmp_path / "a.xlsx"), "a.xlsx") is None
    assert archive_fault(tmp_path / "a.docx", "a.docx") is None
    for raw in sorted((ROOT / "data").rglob("*.xlsx")):
        assert archive_fault(raw, raw.name) is None


def test_a_letter_that_swells_is_refused(tmp_path):
    study = ev.read_study(make_study(tmp_path))
    own = study.path / "letter.docx"
    Document().save(own)
    with zipfile.ZipFile(own, "a") as archive:
        archive.writestr("word/footer9.xml", ENTITIES)
    with pytest.raises(StudyError, match=r"letter.docx: it defines entities, as no office program"):
        ev.write_letter(tmp_path / "l.docx", study, 2020)
    with pytest.raises(StudyError, match=r"letter.docx: it defines entities"):
        read_blocks(own)
    own.write_bytes(b"no archive")
    with pytest.raises(StudyError, match=r"letter.docx: the document cannot be opened"):
        read_blocks(own)


def test_a_table_beyond_all_measure_is_refused_by_its_size(tmp_path, monkeypatch):
    study = make_study(tmp_path)
    monkeypatch.setattr(guard, "TEXT_LIMIT", 100)
    with pytest.raises(StudyError, match=r"study.yaml: the file has 0 MB; at most 0 MB are read"):
        ev.read_study(study)


def test_a_cell_without_an_end_is_no_traceback(tmp_path):
    units = UNITS + '"' + "x" * 200_000
    with pytest.raises(StudyError, match=r"units.csv.*: no CSV \(field larger than field limit"):
        ev.read_study(make_study(tmp_path, files={"units.csv": units}))


# --- names are no paths ---------------------------------------------------------------------------

NAMES = ["../x", "/etc/passwd", "..", "CON", "nul.txt", "com1", "a:b", "a\\b", ".hidden", "x" * 60]


@pytest.mark.parametrize("name", NAMES)
def test_a_card_stays_in_its_folder_whatever_its_unit_is_called(tmp_path, name):
    stem = file_stem(name)
    path = tmp_path / f"{stem}.html"
    path.touch()
    assert os.listdir(tmp_path) == [path.name]
    assert not re.search(r'[<>:"/\\|?*\x00-\x20]', stem)
    assert not stem.startswith(".")
    assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", f"{stem}.html")


def test_units_are_told_apart_by_the_names_of_their_files(tmp_path):
    units = UNITS.replace("u2,乙局", "U1,乙局").replace("u3,丙局", f"{'u' * 300},丙局")
    with pytest.raises(StudyError) as told:
        ev.read_study(make_study(tmp_path, files={"units.csv": units}))
    shown = [str(fault) for fault in told.value.faults if fault.file == "units.csv"]
    assert shown == [
        "units.csv, row 3, column unit: u1 and U1 differ in case only; files are named by it: "
        "choose another",
        "units.csv, row 4, column unit: uuuuuuuuuuuuuuuuuuuu… has 300 characters; name files and "
        "rows by at most 60",
    ]


@pytest.mark.parametrize("sign", ["\u202e", "\u200f", "\u2066", "\x07", "\x1b", "\u200b"])
def test_a_name_holds_no_sign_that_nobody_sees(tmp_path, sign):
    code = f"U\\+{ord(sign):04X}"
    for old in ("u1,", "甲局", "甲项"):
        files = {"units.csv": UNITS, "2020/scheme.csv": SCHEME}
        files = {name: text.replace(old, sign + old, 1) for name, text in files.items()}
        with pytest.raises(StudyError, match=f"it holds {code}, a sign that nobody sees; type"):
            ev.read_study(make_study(tmp_path, files=files))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("con", "is reserved on Windows"),
        ("a:b", "holds ':'"),
        ("x" * 300, "and so on is longer than 200 bytes"),
        ("a\u202eb", r"holds U\+202E"),
        ("trial.", "begins or ends with a sign that gets lost"),
        ("-rf", "begins or ends with a sign that gets lost"),
    ],
)
def test_a_study_has_a_name_that_is_one_on_every_system(tmp_path, name, problem):
    with pytest.raises(StudyError, match=problem):
        new_study(tmp_path / name)
    if len(name) < 200:
        problem = problem.replace("2E", "2E, a sign that nobody sees")
        folder = make_study(tmp_path).rename(tmp_path / name)
        with pytest.raises(StudyError, match=f"study.yaml: .*{problem}; rename the folder"):
            ev.read_study(folder)


def test_ordinary_names_pass():
    for name in ("nanning", "南宁 2020", "sichuan-land", "city.v2"):
        assert name_problem(name) == ""


@pytest.mark.parametrize(
    "file", ["../../secret.csv", "/etc/passwd.csv", "C:\\x.csv", "..\\x.csv", "a/../../b.csv"]
)
def test_a_layout_names_files_of_its_own_folder_alone(tmp_path, file):
    assert not inside(file)
    entry = {"file": file, "round": "final", "kind": "score", "shape": "wide", "unit_column": "x"}
    path = tmp_path / "2020" / "raw" / "layout.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump({"sheets": [entry]}), encoding="utf-8")
    with pytest.raises(StudyError, match=r"is no file of raw/; put it there"):
        read_layout(path)


def test_a_link_out_of_a_study_is_refused_before_anything_is_read(tmp_path):
    study = make_study(tmp_path, files={"2020/marks.csv": None})
    secret = tmp_path / "secret.csv"
    secret.write_text("unit,indicator,mark\nroot,password,1\n")
    (study / "2020" / "marks.csv").symlink_to(secret)
    with pytest.raises(StudyError) as told:
        ev.read_study(study)
    assert str(told.value) == (
        "2020/marks.csv: the link leads out of the study; put the file itself there"
    )
    (study / "2020" / "marks.csv").unlink()
    (study / "2021").symlink_to(tmp_path)
    with pytest.raises(StudyError, match="2021: the link leads out of the study"):
        ev.read_study(study)


def test_a_scenario_never_takes_the_place_of_what_is_published(tmp_path, monkeypatch):
    (tmp_path / "params").mkdir()
    for name in ("nanning-2020-.yaml", "nanning-2020-before.yaml", "...yaml"):
        path = tmp_path / "params" / name
        path.write_text('study: nanning\nyear: 2020\nweights: ""\n', encoding="utf-8")
        run = read_run(path)
        assert run.beside
        target = run.target(tmp_path / "out")
        assert target.parent == tmp_path / "out" / "nanning"
        work = Place(run, target, {}, {}).work
        work.mkdir(parents=True)
        published = target.with_name("2020")
        set_right(published)  # what another run does first
        assert (work.exists(), published.exists()) == (True, False)


def test_a_scenario_is_saved_under_a_plain_name():
    for name in ("../x", "a/b", "a\\b", "", "..", "a.b", "a b", "a\n"):
        assert not FILE_NAME.fullmatch(name)


# --- text stays text ------------------------------------------------------------------------------


BLOCKED = """
import socket
asked, connect, names = [], socket.socket.connect, socket.getaddrinfo
def check(host):
    if host not in ("127.0.0.1", "::1", "localhost", None, ""):
        asked.append(host)
        raise OSError(f"it goes out to {host}")
def connect_here(self, address):
    if self.family != socket.AF_UNIX:
        check(address[0])
    return connect(self, address)
def names_here(host, *rest, **more):
    check(host)
    return names(host, *rest, **more)
socket.socket.connect = socket.socket.connect_ex = connect_here
socket.getaddrinfo = names_here
"""


@pytest.fixture(scope="module")
def asked():
    """Other machines that were asked for anything, as long as the tests of this module run."""
    kept = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo
    names = {}
    exec(BLOCKED, names)
    yield names["asked"]
    socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo = kept


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, asked):
    """A study all of whose names are markup, with its published folder."""
    folder = tmp_path_factory.mktemp("hostile")
    units = UNITS.replace("甲局", '"<script>alert(""1"")</script>&<b>"').replace(
        "乙局", "{{ 7*7 }}"
    )
    scheme = SCHEME.replace("一,One", "=1+1,One").replace("甲项", "$\\frac$")
    names = {"zh": HOSTILE, "en": HOSTILE}
    groups = {"g": names, "h": {"zh": "开发区", "en": "zone"}}
    about = yaml.safe_dump(STUDY | {"names": names, "groups": groups}, allow_unicode=True)
    files = {"units.csv": units, "2020/scheme.csv": scheme, "study.yaml": about}
    study = ev.read_study(make_study(folder, files=files))
    out = folder / "out" / "trial" / "2020"
    (out / "notebooks").mkdir(parents=True)
    table = ev.ranking_table(ev.evaluate(study, 2020))
    printed = ev.describe_ranking(ev.evaluate(study, 2020), study=study)
    outputs = [
        nbformat.v4.new_output("display_data", {"text/html": table._repr_html_()}),
        nbformat.v4.new_output("stream", text=printed),
    ]
    cell = nbformat.v4.new_code_cell("x", outputs=outputs)
    nbformat.write(notebook(cell), out / "notebooks" / "01_clean.ipynb")
    publish_data(study, 2020, out, params={"study": str(study.path), "year": 2020, "lang": "zh"})
    publish_report(study, 2020, out, lang="zh")
    ev.write_card(out / "card", study, 2020, "u1", spread=0.2, draws=100, seed=1)
    ev.write_index(folder / "out")
    return study, out


def test_names_are_no_markup_in_any_page(hostile):
    _, out = hostile
    for page in (out / "report.html", out / "card.html", out.parents[1] / "index.html"):
        text = page.read_text(encoding="utf-8")
        assert "&lt;script&gt;alert" in text, page.name
        assert not re.search(r"<script>\s*alert|&<b>", text), page.name


def test_names_are_no_markup_and_no_template_in_documents_and_figures(hostile):
    _, out = hostile
    rows = Document(out / "letter.docx").tables[0].rows
    assert {row.cells[1].text for row in rows} >= {HOSTILE, "{{ 7*7 }}"}
    assert any(HOSTILE in paragraph.text for paragraph in read_blocks(out / "card.docx"))
    svg = (out / "figures" / "ranking.svg").read_text(encoding="utf-8")
    assert "<script" not in svg


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\x01"])
def test_text_is_no_formula_in_a_workbook(tmp_path, text):
    sheet = Sheet("s", "t", (Column("x", [text]),))
    path = write_sheets(
        tmp_path / "t.xlsx", [sheet], mark="m", page="p", lang="zh", written_on=date(2020, 12, 31)
    )
    cell = openpyxl.load_workbook(path)["s"]["A4"]
    assert (cell.data_type, cell.quotePrefix) == ("s", text != "\x01")
    assert cell.value in (text, "\ufffd", text.replace("\r", "\n"))


@pytest.mark.filterwarnings("ignore:Cannot parse header or footer")  # openpyxl, on Chinese ones
@pytest.mark.parametrize("text", ["=1+1", "{=1+1}", "+1", "@x", "字" * 300])
def test_names_are_no_formulas_in_score_sheets(tmp_path, text):
    scheme = SCHEME.replace("一,One", f"{text},One").replace("甲项", text)
    files = {"2020/scheme.csv": scheme, "units.csv": UNITS.replace("甲局", text)}
    files |= {"2020/marks.csv": None, "study.yaml": yaml.safe_dump(STUDY | {"names": {"zh": text}})}
    year = new_year(make_study(tmp_path, files=files), 2020)
    ours = ("=IF(COUNT(", "=COUNTA(", "=C", "=SUM(")
    for sheet in openpyxl.load_workbook(year / "raw" / "初评.xlsx"):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f" or str(cell.value).startswith(ours), cell.value
                assert not cell.hyperlink


def test_scripts_of_a_notebook_are_left_out_of_the_report(tmp_path):
    data = {"text/html": "<p>kept</p>", "application/javascript": "alert(1)"}
    cell = nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", data)])
    nbformat.write(notebook(cell), tmp_path / "n.ipynb")
    page = write_report(
        tmp_path / "r.html", [tmp_path / "n.ipynb"], title="t", provenance="observed"
    )
    assert "alert(1)" not in page.read_text(encoding="utf-8")


# --- nothing goes out -----------------------------------------------------------------------------


def test_nothing_asks_the_network_from_reading_to_cards(hostile, asked, tmp_path, monkeypatch):
    """Neither this process nor a kernel speaks to any machine but this one."""
    assert asked == []  # hostile was read, scored, written as letter, report, card and index
    with pytest.raises(OSError, match="it goes out"):
        socket.create_connection(("192.0.2.1", 9), timeout=1)
    asked.clear()
    (tmp_path / "sitecustomize.py").write_text(BLOCKED)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    cells = [
        nbformat.v4.new_code_cell('study = ""', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("import evallib as ev, socket\nev.read_study(study).code"),
        nbformat.v4.new_code_cell("assert socket.socket.connect.__name__ == 'connect_here'"),
    ]
    nbformat.write(notebook(*cells), tmp_path / "n.ipynb")
    done = execute((tmp_path / "n.ipynb").read_bytes(), {"study": str(hostile[0].path)})
    assert (done.error, asked) == ("", [])


def test_servers_answer_this_machine_alone_and_ask_for_a_token(monkeypatch):
    assert {"--Voila.ip=127.0.0.1", "--Voila.auto_token=True"} <= {*serve.OPTIONS}
    monkeypatch.syspath_prepend(str(ROOT))
    import run as launcher

    lab = launcher.command(Path("python"), ["lab"])
    assert "--ip=127.0.0.1" in lab
    assert not [word for word in [*lab, *serve.OPTIONS] if "token=" in word and "auto" not in word]
    from jupyter_server.serverapp import ServerApp

    assert ServerApp.ip.default_value == "localhost"


def test_the_address_with_its_token_is_what_opens(monkeypatch, capsys):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)

    class Server:
        stderr = iter(["[Voila] running at:\n", "http://127.0.0.1:8866/?token=ab12\n", "later\n"])

        def wait(self):
            return 3

    assert serve._follow(Server(), True) == 3
    assert opened == ["http://127.0.0.1:8866/?token=ab12"]
    assert "later" in capsys.readouterr().err


def test_every_page_is_self_contained(hostile):
    _, out = hostile
    for page in (out / "report.html", out / "card.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text)


def test_the_lock_names_a_hash_for_every_package():
    for lock in ("requirements.lock", "requirements-cluster.lock"):
        blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text(encoding="utf-8").strip())
        assert all("--hash=sha256:" in block for block in blocks if "==" in block)
        assert "://" not in "".join(blocks)


def test_json_in_a_manifest_is_data_whatever_it_says(tmp_path):
    from evallib.publication.manifest import read_manifest

    (tmp_path / "manifest.json").write_text(json.dumps(["no", "manifest"]))
    with pytest.raises(StudyError, match="no manifest of a run; publish the year again"):
        read_manifest(tmp_path)


def test_the_notebooks_folder_is_read_from_the_project_alone():
    with pytest.raises(StudyError, match="no such notebook"):
        plan.declared_parameters(["../data/nanning/x"])
