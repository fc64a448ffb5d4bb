"""What is refused before it is opened: files that are too large, or that swell when they are read.

The limits lie above any evaluation: 14,000 sites x 60 leaves need a third of each at most.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

import yaml

from evallib.errors import Fault, StudyError

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

MB = 10**6
TEXT_LIMIT = 300 * MB  # bytes of a text file
ARCHIVE_LIMIT = 1_000 * MB  # bytes of all that a .xlsx or .docx unpacks to
CELL_LIMIT = 3_000_000  # cells that a sheet spans, from A1 to its last, and its merged ones
VALUE_LIMIT = 1_000_000  # values of a YAML file, its anchors unfolded
DEPTH_LIMIT = 50  # levels of a YAML file
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, 25 times faster, where built in
CHUNK = 1 << 20
CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
DAMAGED: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    OSError,
)
DAMAGED += (NotImplementedError, RuntimeError)  # compressed in another way, encrypted
# control characters, and marks that turn, join or hide what stands beside them
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


class _TooMuchError(Exception):
    """What a file holds too much of, or what it may not hold at all."""


def text_fault(path: Path, file: str) -> Fault | None:
    """A fault where a text file is larger than any table of a study."""
    size = Path(path).stat().st_size
    if size <= TEXT_LIMIT:
        return None
    problem = f"the file has {size / MB:,.0f} MB; at most {TEXT_LIMIT / MB:,.0f} MB are read"
    return Fault(file, None, None, problem, "take out what is no table of the study")


def archive_fault(path: Path, file: str) -> Fault | None:
    """A fault where a .xlsx or .docx swells beyond all measure, or is no such file.

    Everything in it is unpacked piece by piece, since what an archive says of its own sizes may be
    wrong, and its XML is walked through: document types, in which entities are defined, have no
    place in such a file, and a sheet spans its cells from A1 to the last one.

    Parameters
    ----------
    path : path of the file
    file : str, as it is named in the fault
    """
    try:
        with zipfile.ZipFile(path) as archive:
            left = ARCHIVE_LIMIT
            for member in archive.infolist():
                left = _walk(archive, member, left)
    except _TooMuchError as error:
        return Fault(file, None, None, str(error), "save what is needed of it in a new file")
    except DAMAGED as error:
        kind = Path(path).suffix.lower()
        what, ending = ("workbook", " as .xlsx") if kind == ".xlsx" else ("document", "")
        problem = f"the {what} cannot be opened ({error})"
        return Fault(file, None, None, problem, f"open and save it again{ending}")
    return None


def checked_archive(path: Path) -> Path:
    """The path of a .docx that may be opened; raises StudyError where it may not."""
    if fault := archive_fault(path, Path(path).name):
        raise StudyError([fault])
    return Path(path)


def _walk(archive: ZipFile, member: ZipInfo, left: int) -> int:
    """Read one member to its end; how many bytes the others may have."""
    kind = member.filename.rpartition(".")[2].lower()
    parser = _parser(sheet="worksheets/" in member.filename) if kind in ("xml", "rels") else None
    member.file_size = 1 << 62  # as if it were: reading ends where the data end
    with archive.open(member) as content:
        while chunk := content.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                limit = f"at most {ARCHIVE_LIMIT / MB:,.0f} MB are read"
                raise _TooMuchError(f"{Path(str(archive.filename)).name} unpacks to more: {limit}")
            if parser is not None:
                parser.Parse(chunk, False)
    if parser is not None:
        parser.Parse(b"", True)
    return left


def _parser(*, sheet: bool) -> expat.XMLParserType:
    """A parser that refuses document types and, of a sheet, cells far away."""
    parser, span = expat.ParserCreate(), [1, 1, 0]

    def refuse(*_: object) -> None:
        raise _TooMuchError("it defines entities, as no office program does")

    def begin(tag: str, given: Mapping[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c" and (place := CELL.fullmatch(given.get("r", ""))):
            span[:2] = max(span[0], int(place[2])), max(span[1], _column(place[1]))
        elif name == "mergeCell":
            span[2] += _area(given.get("ref", ""))
        if span[0] * span[1] > CELL_LIMIT or span[2] > CELL_LIMIT:
            far = given.get("r") or given.get("ref")
            raise _TooMuchError(f"a sheet spans more than {CELL_LIMIT:,} cells, up to {far}")

    parser.StartDoctypeDeclHandler = refuse
    if sheet:
        parser.StartElementHandler = begin
    return parser


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _area(reference: str) -> int:
    """Cells of a range such as A1:C3."""
    ends = [end for part in reference.split(":") if (end := CELL.fullmatch(part))]
    if len(ends) != 2:
        return 1
    rows, columns = [int(end[2]) for end in ends], [_column(end[1]) for end in ends]
    return (abs(rows[1] - rows[0]) + 1) * (abs(columns[1] - columns[0]) + 1)


def parse_yaml(text: str, *, quoting: bool = False) -> tuple[yaml.Node | None, Any]:
    """The root node and the content of a YAML text, both None where it is empty.

    Nothing but plain values is made of it, whatever its tags say.

    Parameters
    ----------
    text : str
    quoting : bool
        Whether it quotes raw sheets, and so may hold signs that nobody sees.

    Raises
    ------
    yaml.YAMLError
        If it is no YAML, holds a key of no plain kind, is nested too deeply, or unfolds to too
        many values.

    Examples
    --------
    >>> parse_yaml("a: [1, 2]")[1]
    {'a': [1, 2]}
    """
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):  # the composer goes down by calling itself
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            problem = f"it is nested more than {DEPTH_LIMIT} levels deep"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
    loader = LOADER(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, None
        _values(node, {}, quoting)
        return node, loader.construct_document(node)
    finally:
        loader.dispose()


def _values(node: yaml.Node, known: dict[int, int], quoting: bool) -> int:
    """Values below a node, its anchors unfolded."""
    if isinstance(node, yaml.ScalarNode) and not quoting and (sign := unseen(node.value)):
        problem = f"it holds {sign}, a sign that nobody sees"
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
    if id(node) not in known:
        known[id(node)] = VALUE_LIMIT  # until it is known: an anchor inside itself never ends
        parts = node.value if isinstance(node, yaml.CollectionNode) else ()
        inner = [part for pair in parts for part in (pair if isinstance(pair, tuple) else (pair,))]
        known[id(node)] = 1 + sum(_values(part, known, quoting) for part in inner)
        if known[id(node)] > VALUE_LIMIT:
            problem = f"its anchors unfold to more than {VALUE_LIMIT:,} values"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
    return known[id(node)]


def unseen(text: str) -> str:
    """The first sign of a text that nobody sees, as its code point; empty when there is none.

    Examples
    --------
    >>> unseen("市局\\u202e"), unseen("市局")
    ('U+202E', '')
    """
    found = UNSEEN.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""
