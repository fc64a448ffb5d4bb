"""The notebooks keep their form; what they say is compared by nbval in the same test command."""

import ast
import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
LIMIT = 500_000  # bytes


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def code(cells):
    return [cell for cell in cells if cell["cell_type"] == "code"]


def source(cell):
    return "".join(cell["source"])


def tags(cell):
    return cell["metadata"].get("tags", [])


def test_every_cell_was_run_in_order_so_that_nbval_has_something_to_compare(cells):
    counts = [cell["execution_count"] for cell in code(cells)]
    assert counts == list(range(1, len(counts) + 1))
    assert sum(bool(cell["outputs"]) for cell in code(cells)) >= len(counts) // 2


def test_nothing_failed_and_nothing_was_written_to_stderr(cells):
    for cell in code(cells):
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr"


def test_stored_outputs_carry_no_path_of_a_machine(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"(/home/|/root/|/tmp/|/Users/|[A-Z]:\\\\Users)", text)


def test_a_notebook_stays_small(path):
    assert path.stat().st_size < LIMIT


def test_the_title_is_a_question_and_the_end_says_what_is_not_said(cells):
    prose = [source(cell) for cell in cells if cell["cell_type"] == "markdown"]
    assert re.match(r"# .+\?$", prose[0].splitlines()[0])
    headings = re.findall(r"^## (.+)$", "\n".join(prose), re.M)
    assert headings[-2:] == ["What this says", "What this does not say"]


def test_one_parameters_cell_with_one_commented_literal_a_line(cells):
    (cell,) = [cell for cell in code(cells) if "parameters" in tags(cell)]
    for line in source(cell).splitlines():
        assert re.match(r"\w+ = .+  # .+", line), line
    for node in ast.parse(source(cell)).body:
        ast.literal_eval(node.value)


def test_cells_are_short_and_define_nothing(cells):
    for cell in code(cells):
        text = source(cell)
        assert len(text.splitlines()) <= 10, text
        assert not any(isinstance(node, ast.FunctionDef) for node in ast.walk(ast.parse(text)))


def test_a_cell_that_is_not_compared_says_why(cells):
    for cell in code(cells):
        if "nbval-ignore-output" in tags(cell):
            assert source(cell).lstrip().startswith("#"), source(cell)
