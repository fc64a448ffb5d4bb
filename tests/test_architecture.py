"""Imports point one way, and the house rules of the code hold."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "evallib"
# Each part may import from itself and from those before it, but for the pairs forbidden below.
ORDER = [
    "errors",
    "rounding",
    "study",
    "start",
    "aggregation",
    "scoring",
    "firmness",
    "change",
    "monitoring",
    "publication",
    "explore",
    "refresh",
    "batch",
    "cli",
]
FORBIDDEN = {
    ("firmness", "change"),
    ("change", "firmness"),
    ("publication.figures", "publication.letter"),
    ("publication.letter", "publication.figures"),
}
ONLY = {  # libraries that a single part may import
    "matplotlib": {"publication.figures", "publication.fonts"},
    "seaborn": {"publication.figures"},
    "papermill": {"batch.execute"},
    "distributed": {"batch.pool"},
    "python_calamine": {"study.sheets"},
    "polars": {"study.evidence.columns", "study.evidence.files", "study.evidence.times"},
    "chinese_calendar": {"study.evidence.workdays"},
}
MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE
)


def name_of(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_one_way(path):
    me = name_of(path)
    if me == "__main__":
        return
    mine = me.split(".")[0]
    for imported in imports_of(path):
        if not imported.startswith("evallib."):
            continue
        other = imported.removeprefix("evallib.")
        assert ORDER.index(other.split(".")[0]) <= ORDER.index(mine), f"{me} imports {other}"
        for source, target in FORBIDDEN:
            assert not (me.startswith(source) and other.startswith(target)), f"{me} imports {other}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_heavy_library_has_one_importer(path):
    for imported in imports_of(path):
        allowed = ONLY.get(imported.split(".")[0])
        assert allowed is None or name_of(path) in allowed, f"{name_of(path)} imports {imported}"


def test_only_load_and_ingest_know_the_names_of_study_files():
    readers = {
        "study.load",
        "study.ingest",
        "study.rulings",
        "study.sheets",
        "study.lines",
        "study.tables",
        "study.evidence.files",
    }
    for path in MODULES:
        if name_of(path) in readers or name_of(path) == "change.diff":  # diff reads results
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"read_csv", "read_excel"}, f"{name_of(path)} reads a file"


def test_modules_stay_small():
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: n for name, n in lines.items() if n > 300} == {}


def is_for_types(node):
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def names_at_run_time(node):
    """Names that are looked up when a module runs: those of annotations are not."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.Name):
                yield child.id
            elif isinstance(child, ast.AST) and not is_for_types(child):
                yield from names_at_run_time(child)


def imported_names(nodes):
    for node in nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_names_imported_for_types_are_used_for_types_only(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    blocks = [node for node in ast.walk(tree) if is_for_types(node)]
    inside = {id(node) for block in blocks for node in ast.walk(block)}
    for_types = set(imported_names(ast.walk(ast.Module([s for b in blocks for s in b.body], []))))
    elsewhere = set(imported_names(n for n in ast.walk(tree) if id(n) not in inside))
    assert not (for_types - elsewhere) & set(names_at_run_time(tree))
