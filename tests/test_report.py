"""The report as one page, and the manifest of a run."""

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess

import nbformat
import pytest
from fontTools.ttLib import TTFont
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from studies import make_study

import evallib as ev
from evallib.publication.manifest import write_manifest
from evallib.publication.report import align_tables, describe_images, write_report

CHROMIUM = shutil.which("chromium")
BROWSER = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
BROWSER += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
PNG = base64.b64encode(b"not really a picture").decode()
TABLE = (
    '<div><style scoped>.dataframe {color: red}</style><table border="1" class="dataframe"><thead>'
    "<tr><th></th><th>name</th><th>total</th></tr></thead><tbody>"
    "<tr><th>0</th><td>市卫健委</td><td>96.5</td></tr></tbody></table></div>"
)


def picture(**metadata):
    return new_output(
        "display_data", {"image/png": PNG, "text/plain": "<Figure>"}, metadata=metadata
    )


def said(text):
    return new_output("stream", name="stdout", text=text)


@pytest.fixture
def notebooks(tmp_path):
    cells = [
        new_markdown_cell("# Who scores what?\n\nThe bureau asks."),
        new_code_cell(
            "print(ev.describe_groups(result)) # <secret>", outputs=[said("平均89.95分。\n")]
        ),
        new_markdown_cell("## What this says"),
        new_code_cell("ev.plot_groups(result)", outputs=[picture()]),
        new_code_cell("table", outputs=[new_output("execute_result", {"text/html": TABLE})]),
    ]
    paths = []
    for name in ("01_a", "02_b"):
        paths.append(tmp_path / f"{name}.ipynb")
        nbformat.write(new_notebook(cells=cells), paths[-1])
    return paths


def page_of(tmp_path, notebooks, **choices):
    given = {"title": "南宁 <2020>", "provenance": "reconstructed"} | choices
    return write_report(tmp_path / "report.html", notebooks, **given).read_text(encoding="utf-8")


def test_the_page_needs_no_other_file_and_no_network(tmp_path, notebooks):
    page = page_of(tmp_path, notebooks)
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)
    assert "http" not in page
    assert re.findall("<script[^>]*>", page) == ["<script>"]


def test_the_page_says_what_kind_of_data_it_shows_in_its_language(tmp_path, notebooks):
    page = page_of(tmp_path, notebooks)
    assert '<html lang="zh">' in page
    assert '<p class="mark">重构数据，非该单位事实</p>' in page
    page = page_of(tmp_path, notebooks, provenance="observed", lang="en")
    assert '<html lang="en">' in page
    assert 'class="mark"' not in page
    assert 'aria-label="Contents"' in page


def test_title_and_code_are_escaped_and_code_is_folded(tmp_path, notebooks):
    page = page_of(tmp_path, notebooks)
    assert "<title>南宁 &lt;2020&gt;</title>" in page
    assert "# &lt;secret&gt;" in page
    assert page.count("<details") == page.count("<summary>代码</summary>") == 6


def test_contents_lead_to_headings_that_exist_once(tmp_path, notebooks):
    page = page_of(tmp_path, notebooks)
    ids = re.findall(r'<h[1-6] id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) == 4
    assert re.findall(r'href="#([^"]+)"', page) == ids
    assert page.count("<h1") == 1


def test_the_embedded_font_has_every_character_beyond_ascii(tmp_path, notebooks):
    page = page_of(tmp_path, notebooks)
    data = re.search(r"data:font/woff2;base64,([^)]+)\)", page)[1]
    font = TTFont(io.BytesIO(base64.b64decode(data)))
    used = {ord(mark) for mark in page if ord(mark) > 0x7F}
    assert used <= set(font.getBestCmap())
    assert len(data) < 40_000


def test_the_foot_says_what_the_page_rests_on(tmp_path, notebooks):
    page = page_of(tmp_path, notebooks, source="函 & 附件")
    foot = re.search(r'<footer id="provenance" aria-label="数据">(.*?)</footer>', page, re.DOTALL)[
        1
    ]
    assert "<dt>数据</dt><dd>重构数据，非该单位事实</dd>" in foot
    assert "<dt>来源</dt><dd>函 &amp; 附件</dd>" in foot
    assert f"evallib {ev.__version__}，由 01_a、02_b 运行得出" in foot
    assert "来源" not in page_of(tmp_path, notebooks)
    assert "<dd>observed</dd>" in page_of(tmp_path, notebooks, provenance="observed", lang="en")


def test_every_printed_page_carries_the_kind_of_data_and_its_number(tmp_path, notebooks):
    page = page_of(tmp_path, notebooks)
    assert '@bottom-left { content: "重构数据，非该单位事实"' in page
    assert "counter(page)" in page
    assert ".said { break-inside: avoid; }" in page  # else its bar runs down an empty page


def test_the_names_of_an_index_join_the_head_of_the_table():
    table = (
        "<table><thead><tr><th>{}</th><th>mark</th></tr><tr><th>unit</th><th>{}</th></tr></thead>"
        "<tbody><tr><th>a</th><td>1</td></tr></tbody></table>"
    )
    one = align_tables(table.format("", ""))
    assert one.count("<tr>") == 2
    assert "<th>unit</th><th>mark</th>" in one
    assert "<th>unit / round</th>" in align_tables(table.format("round", ""))
    assert align_tables(table.format("", "x")).count("<tr>") == 3


def test_wide_tables_print_smaller():
    wide, narrow = ("<table><tr>" + "<td>1</td>" * n + "</tr></table>" for n in (9, 8))
    assert 'class="wide"' in align_tables(wide)
    assert "wide" not in align_tables(narrow)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: the script is not run")
def test_a_click_on_a_head_sorts_numbers_as_numbers_and_text_as_text(tmp_path):
    rows = [("乙", "10"), ("甲", "\u22122"), ("丙", ""), ("丁", "9.5")]
    body = "".join(
        f"<tr><th>{n}</th><td>{a}</td><td>{b}</td></tr>" for n, (a, b) in enumerate(rows)
    )
    head = "<thead><tr><th></th><th>name</th><th>total</th></tr></thead>"
    table = f"<table>{head}<tbody>{body}</tbody></table>"
    cell = new_code_cell("t", outputs=[new_output("execute_result", {"text/html": table})])
    path = tmp_path / "01_a.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Why?"), cell]), path)
    page, orders = page_of(tmp_path, [path]), {}
    for clicks, column in ((1, 0), (2, 0), (3, 0), (1, 1)):
        press = f"<script>for (let n = 0; n < {clicks}; n++) document.querySelectorAll('th button')[{column}].click();</script>"
        order = dumped(tmp_path, page.replace("</body>", f"{press}</body>"))
        orders[clicks, column] = re.findall(r"<tr><th[^>]*>(\d)</th>", order)
    assert orders[1, 1] == ["1", "3", "0", "2"]  # empty cells last
    assert orders[3, 0] == ["0", "1", "2", "3"]  # as it was
    assert orders[1, 0] == orders[2, 0][::-1] == ["2", "3", "1", "0"]  # bing, ding, jia, yi


def dumped(tmp_path, page):
    """The page's HTML after its scripts have run."""
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    command = [CHROMIUM, *BROWSER, f"--user-data-dir={tmp_path / 'browser'}", "--dump-dom"]
    command.append((tmp_path / "page.html").as_uri())
    done = subprocess.run(command, check=True, capture_output=True, timeout=120)
    return done.stdout.decode()


def test_the_same_notebooks_give_the_same_page(tmp_path, notebooks):
    assert page_of(tmp_path, notebooks) == page_of(tmp_path, notebooks)


def test_columns_of_text_are_marked_and_pandas_styles_are_gone(tmp_path, notebooks):
    page = page_of(tmp_path, notebooks)
    assert '<th class="text">name</th><th>total</th>' in page
    assert '<td class="text">市卫健委</td><td>96.5</td>' in page
    assert "color: red" not in page
    assert 'border="1"' not in page
    assert align_tables("<p>no table</p>") == "<p>no table</p>"


@pytest.mark.parametrize(
    ("cells", "alt"),
    [
        ([new_code_cell("x", outputs=[picture(**{"image/png": {"alt": "own"}})])], "own"),
        (
            [
                new_code_cell("ev.plot_index_tree(r)", outputs=[picture()]),
                new_code_cell("print(ev.describe_index(r))", outputs=[said("indices\n")]),
            ],
            "indices",
        ),
        ([new_code_cell("x", outputs=[said("before"), picture()])], "before"),
        (
            [
                new_code_cell("print(ev.describe_site(c))", outputs=[said("site\n")]),
                new_code_cell("print(ev.describe_site_losses(c))", outputs=[said("losses\n")]),
                new_code_cell("ev.plot_site_losses(c)", outputs=[picture()]),
            ],
            "losses",
        ),
        (
            [
                new_code_cell("x", outputs=[said("before")]),
                new_markdown_cell("text\n\n## Groups\n\nmore"),
                new_code_cell("y", outputs=[picture()]),
            ],
            "Groups",
        ),
    ],
)
def test_a_picture_is_described_by_itself_its_sentence_or_what_stands_before(cells, alt):
    notebook = describe_images(new_notebook(cells=cells))
    found = [o for cell in notebook.cells for o in cell.get("outputs", []) if "data" in o]
    assert found[0].metadata["alt"] == alt


def test_the_manifest_has_the_digest_of_every_input(tmp_path):
    study = ev.read_study(make_study(tmp_path, files={"2019/totals.csv": "unit,total\nu1,80\n"}))
    path = write_manifest(tmp_path / "m.json", study, [2020, 2019], params={"lang": "zh"})
    manifest = json.loads(path.read_text(encoding="utf-8"))
    assert manifest["years"] == [2019, 2020]
    assert manifest["names"] == {"zh": "试验", "en": "Trial"}
    assert manifest["parameters"] == {"lang": "zh"}
    assert list(manifest["inputs"]) == [
        "2019/totals.csv", "2020/marks.csv", "2020/scheme.csv", "study.yaml", "units.csv",
    ]  # fmt: skip
    raw = (study.path / "2020" / "marks.csv").read_bytes()
    assert manifest["inputs"]["2020/marks.csv"] == hashlib.sha256(raw).hexdigest()
    assert manifest["versions"]["evallib"] == ev.__version__
