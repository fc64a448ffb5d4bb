"""The path of the README: a new study, its score sheets filled in by hand, its report."""

import gc

import openpyxl
import pytest

from evallib.batch import run
from evallib.start import new_study, new_year, what_is_missing

pytestmark = pytest.mark.filterwarnings(  # kernel clients leave sockets to the garbage collector
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
UNITS = ["市民政局", "市教育局", "市财政局", "市交通局", "市卫健委", "市司法局"]
SCHEME = """code,parent,name_zh,full_marks,step
T,,政府网站绩效,,
H,T,健康情况,,
H1.1,H,首页可用,30,0.5
H1.2,H,链接可用,20,0.5
S,T,办事服务,,
S1.1,S,格式规范,50,0.5
"""
FULL = {"首页可用": 30, "链接可用": 20, "格式规范": 50}


@pytest.fixture(autouse=True)
def _collect():
    yield
    gc.collect()


def fill_sheets(raw):
    """Every open cell gets a mark, as an assessor would type it."""
    for path in raw.glob("*.xlsx"):
        book = openpyxl.load_workbook(path)
        for sheet in book.worksheets[1:]:
            first = sheet[sheet.freeze_panes].row  # of the units
            heads = {c.column: str(c.value) for c in sheet[first - 1] if c.value}
            for row in sheet.iter_rows(min_row=first, max_row=first + len(UNITS) - 1):
                for cell in row:
                    full = next((m for n, m in FULL.items() if n in heads.get(cell.column, "")), 0)
                    if full and not cell.protection.locked:
                        cell.value = full - 0.5 * ((3 * cell.row + 2 * cell.column) % 9)
        book.save(path)


def test_a_new_study_comes_from_empty_folder_to_report(tmp_path):
    study = new_study(tmp_path / "city", year=2025)
    about = study / "study.yaml"
    about.write_text(about.read_text(encoding="utf-8").replace("zh:  ", "zh: 某市 ", 1), "utf-8")
    rows = [f"dept{n},{name},department" for n, name in enumerate(UNITS)]
    (study / "units.csv").write_text("\n".join(["unit,name_zh,group", *rows]), "utf-8")
    (study / "2025" / "scheme.csv").write_text(SCHEME, "utf-8")
    assert f"score sheets for assessors: evallib new {study.name} 2025" in what_is_missing(
        study, 2025
    )
    new_year(study, 2025)
    assert what_is_missing(study, 2025)[0].endswith("0 of 36 cells are filled")
    fill_sheets(study / "2025" / "raw")
    assert what_is_missing(study, 2025) == []
    (tmp_path / "p.yaml").write_text(f"study: {study}\nyear: 2025\n")
    target = run(tmp_path / "p.yaml", out=tmp_path / "out")
    page = (target / "report.html").read_text(encoding="utf-8")
    assert all(name in page for name in UNITS)
    assert 'href="city/2025/report.html"' in (tmp_path / "out" / "index.html").read_text("utf-8")
