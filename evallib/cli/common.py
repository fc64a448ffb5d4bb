"""What all commands share: consoles, arguments, and the way an error is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NoReturn

import typer
from rich.console import Console

import evallib
from evallib.study.folders import project_root

out_console = Console(soft_wrap=True)
err_console = Console(stderr=True, soft_wrap=True)


@dataclass
class Settings:
    """Options that every command obeys."""

    debug: bool = False
    quiet: bool = False


settings = Settings()


def known_studies(incomplete: str) -> list[str]:
    """Names under data/ that begin so, for the shell's completion."""
    found = project_root().glob(f"data/{incomplete}*/study.yaml")
    return sorted(path.parent.name for path in found)


def known_notebooks(incomplete: str) -> list[str]:
    """Names of notebooks that begin so, for the shell's completion."""
    return sorted(path.stem for path in project_root().glob(f"notebooks/{incomplete}*.ipynb"))


StudyArgument = Annotated[
    str,
    typer.Argument(
        help="Folder of the study, or its name under data/.", autocompletion=known_studies
    ),
]
YearArgument = Annotated[int, typer.Argument(help="Evaluation year.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


def tell(text: object) -> None:
    """Print plain text, without colour or markup, unless all is to be quiet."""
    if not settings.quiet:
        out_console.print(text, markup=False, highlight=False)


def fail(text: object) -> NoReturn:
    """Print an error for a person and end with exit code 1."""
    err_console.print(text, style="red", markup=False, highlight=False)
    raise typer.Exit(1)


def show_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        out_console.print(f"evallib {evallib.__version__}", highlight=False)
        raise typer.Exit
