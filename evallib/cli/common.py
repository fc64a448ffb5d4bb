"""What all commands share: consoles, arguments, and the way an error is told."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

out_console = Console(soft_wrap=True)
err_console = Console(stderr=True, soft_wrap=True)

StudyArgument = Annotated[str, typer.Argument(help="Folder of the study, or its name under data/.")]
YearArgument = Annotated[int, typer.Argument(help="Evaluation year.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


def tell(text) -> None:
    """Print plain text, without colour or markup."""
    out_console.print(text, markup=False, highlight=False)


def fail(text) -> None:
    """Print an error for a person and end with exit code 1."""
    err_console.print(text, style="red", markup=False, highlight=False)
    raise typer.Exit(1)
