"""Files to rows: text decoded, every row and key validated, every fault collected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from evallib.errors import Fault
from evallib.study.guard import parse_yaml, unseen
from evallib.study.texts import csv_lines, read_text

Code = Annotated[
    str, BeforeValidator(lambda value: value.strip() if isinstance(value, str) else value)
]

QUOTED = {"was", "file", "sheet", "column", "alias"}  # quote a raw sheet, whatever it holds
NUMBER_TAGS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
PLAIN = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|nan)",
    re.IGNORECASE,
)
LARGE = 10**9  # no mark, weight or total of an evaluation is beyond; sums of them stay exact
TWICE = "\0twice"  # marks a YAML key that stands a second time
REMEDIES = {
    "missing": ("no value", "fill the cell in"),
    "string_type": ("no text", "write it"),
    "float_parsing": ("{input!r} is no number", "write a plain number such as 2.5"),
    "int_parsing": ("{input!r} is no whole number", "write a whole number"),
    "finite_number": ("{input!r} is no finite number", "write a plain number such as 2.5"),
    "bool_parsing": ("{input!r} is neither true nor false", "write true or false"),
    "date_from_datetime_parsing": ("{input!r} is no date", "write dates as 2020-12-31"),
    "date_parsing": ("{input!r} is no date", "write dates as 2020-12-31"),
    "literal_error": ("{input!r} is not allowed", "write one of {expected}"),
    "extra_forbidden": ("unknown key", "correct its spelling or remove it"),
    "greater_than": ("{input!r} is not above {gt}", "write a number above {gt}"),
    "greater_than_equal": ("{input!r} is below {ge}", "write a number of at least {ge}"),
    "less_than_equal": ("{input!r} is above {le}", "write a number of at most {le}"),
}


ModelT = TypeVar("ModelT", bound=BaseModel)
RowT = TypeVar("RowT", bound="Row")
Keys = tuple[str, ...]  # path of a key in a YAML file


class Row(BaseModel):
    """A row of a table: frozen, nothing beyond the named columns, no infinities."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


class Setting(Row):
    """A part of a YAML file, in which ``yes`` and ``no`` are no numbers."""

    @field_validator("*", mode="before")
    @classmethod
    def _no_flag(cls, value: object, info: ValidationInfo) -> object:
        if (
            isinstance(value, bool)
            and cls.model_fields[str(info.field_name)].annotation is not bool
        ):
            raise ValueError(f"{str(value).lower()} is neither number nor text; write one")
        return value


def has_text(cells: Sequence[str], start: int) -> bool:
    """Whether a row has anything from that cell on."""
    return any(cell.strip() for cell in cells[start:])


def iso_date(value: object) -> object:
    """A date in the one form that nothing else can be mistaken for."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError(f"{value!r} is no date; write dates as 2020-12-31")
    return value


def plain_number(value: object) -> object:
    """Text of a number without the underscores that Python would read over."""
    if isinstance(value, str) and "_" in value:
        raise ValueError(f"{value!r} is no number")
    return value


IsoDate = Annotated[date, BeforeValidator(iso_date)]
Number = Annotated[float, BeforeValidator(plain_number)]
Whole = Annotated[int, BeforeValidator(plain_number)]


class Dated(Row):
    """A row that holds between two dates, both inclusive, open where empty."""

    valid_from: IsoDate = date.min
    valid_to: IsoDate = date.max

    def holds(self, year: int) -> bool:
        """Whether the row holds on 31 December of the year."""
        return self.valid_from <= date(year, 12, 31) <= self.valid_to

    def overlaps(self, other: Dated) -> bool:
        """Whether the two rows share a day."""
        return self.valid_from <= other.valid_to and other.valid_from <= self.valid_to


def _unseen_faults(cells: Mapping[str, str], file: str, row: int) -> Iterator[Fault]:
    """Faults of cells with signs that nobody sees, but where a raw sheet is quoted."""
    for column, text in cells.items():
        if column not in QUOTED and (sign := unseen(text)):
            problem = f"it holds {sign}, a sign that nobody sees"
            yield Fault(file, row, column, problem, "type the cell anew")


def read_rows(path: Path, model: type[RowT], file: str, faults: list[Fault]) -> dict[int, RowT]:
    """Rows of a CSV file as ``{line number: model}``, and every fault of header and cells.

    Line numbers are those that a spreadsheet shows, the header being 1.
    """
    text = read_text(path, file, faults)
    lines = None if text is None else csv_lines(text, file, faults)
    if text is None or lines is None:
        return {}
    hidden = unseen(text)
    header = [name.strip() for name in lines[0]]
    while (
        header
        and not header[-1]
        and not any(cell.strip() for row in lines[1:] for cell in row[len(header) - 1 :])
    ):
        header.pop()
    before = len(faults)
    faults += header_faults(header, columns_of(model), file)
    if len(faults) > before:
        return {}
    rows = {}
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if has_text(cells, len(header)):
            problem = f"{len(cells)} cells under {len(header)} columns"
            remedy = "quote cells that contain a comma"
            faults.append(Fault(file, number, None, problem, remedy))
            continue
        filled = {
            name: cell.strip() for name, cell in zip(header, cells, strict=False) if cell.strip()
        }
        if hidden and (found := [*_unseen_faults(filled, file, number)]):
            faults += found
            continue
        try:
            rows[number] = model.model_validate(filled)
        except ValidationError as error:
            faults += [_fault(item, file, number) for item in error.errors()]
    if len(lines) < 2 or not (rows or len(faults) > before):
        faults.append(
            Fault(file, None, None, "no rows below the header", "fill it in or remove it")
        )
    return rows


def read_file(
    path: Path, name: str, model: type[RowT], faults: list[Fault], *, required: bool = False
) -> dict[int, RowT]:
    """Rows of a file of a study or year folder; none where it is absent and may be."""
    if (path / name).is_file():
        return read_rows(path / name, model, _relative(path, name), faults)
    if required:
        faults.append(Fault(_relative(path, name), None, None, "the file is missing", "add it"))
    return {}


def _relative(path: Path, name: str) -> str:
    return f"{path.name}/{name}" if re.fullmatch(r"\d{4}", path.name) else name


@cache
def columns_of(model: type[BaseModel]) -> dict[str, bool]:
    """Column names of a row model, and whether each is required."""
    return {field.alias or name: field.is_required() for name, field in model.model_fields.items()}


def header_faults(header: list[str], known: Mapping[str, bool], file: str) -> Iterator[Fault]:
    """Faults of a header: unknown names, names that stand twice, required ones that are missing.

    Parameters
    ----------
    header : list of str
    known : dict of bool
        Names of the columns that there may be, and whether each is required.
    file : str
    """
    for name in dict.fromkeys(header):
        if name not in known:
            remedy = f"rename or remove it; known are {', '.join(known)}"
            yield Fault(file, 1, name or "(no name)", "unknown column", remedy)
        elif header.count(name) > 1:
            yield Fault(file, 1, name, "the column stands twice", "keep one")
    for name, required in known.items():
        if required and name not in header:
            yield Fault(file, 1, name, "the column is missing", "add it")


def read_yaml(path: Path, model: type[ModelT], file: str, faults: list[Fault]) -> ModelT | None:
    """Content of a YAML file as the model, defaults where absent or empty; None where faulty."""
    if not path.is_file() or not path.read_bytes().strip():
        return _validated({}, model, file, faults, {})
    text = read_text(path, file, faults)
    if text is None:
        return None
    try:
        node, content = parse_yaml(text, quoting=file.endswith("layout.yaml"))
        lines = _key_lines(node)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        faults.append(
            Fault(
                file,
                mark.line + 1 if mark else None,
                None,
                f"no valid YAML ({getattr(error, 'problem', error)})",
                "correct the line",
            )
        )
        return None
    if odd := [*_odd_numbers(node, file)]:
        faults += odd
        return None
    if twice := [keys for keys in lines if keys[-1] == TWICE]:
        for keys in twice:
            key = ".".join(keys[:-1])
            faults.append(Fault(file, lines[keys], key, "the key stands twice", "keep one"))
        return None
    return _validated({} if content is None else content, model, file, faults, lines)


def _validated(
    content: object, model: type[ModelT], file: str, faults: list[Fault], lines: Mapping[Keys, int]
) -> ModelT | None:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        for item in error.errors():
            path = tuple(str(part) for part in item["loc"])
            line = next(
                (lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), None
            )
            faults.append(_fault(item, file, line))
        return None


def _odd_numbers(node: yaml.Node | None, file: str) -> Iterator[Fault]:
    """Faults of numbers that YAML reads in another base: 010 is eight, 1:30 is ninety."""
    if isinstance(node, yaml.CollectionNode):
        for part in node.value:
            for inner in part if isinstance(part, tuple) else (part,):
                yield from _odd_numbers(inner, file)
    elif node is not None and node.tag in NUMBER_TAGS and not PLAIN.fullmatch(node.value):
        problem = f"{node.value!r} is no plain number"
        remedy = "write it such as 2.5, or in quotes if it is text"
        yield Fault(file, node.start_mark.line + 1, None, problem, remedy)


def _key_lines(node: yaml.Node | None, path: Keys = ()) -> dict[Keys, int]:
    """Line of every key of a YAML document, by its path."""
    found: dict[Keys, int] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = (*path, str(key.value))
            found[(*place, TWICE) if place in found else place] = key.start_mark.line + 1
            found |= _key_lines(value, (*path, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            found[(*path, str(position))] = value.start_mark.line + 1
            found |= _key_lines(value, (*path, str(position)))
    return found


def _fault(item: Mapping[str, Any], file: str, row: int | None) -> Fault:
    column = ".".join(str(part) for part in item["loc"]) or None
    details = {"input": item["input"], **item.get("ctx", {})}
    if item["type"] not in REMEDIES:
        problem, _, remedy = item["msg"].removeprefix("Value error, ").partition("; ")
        return Fault(file, row, column, problem, remedy or "correct it")
    problem, remedy = REMEDIES[item["type"]]
    return Fault(file, row, column, problem.format(**details), remedy.format(**details))
