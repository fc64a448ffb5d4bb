"""The command ``evallib``: thin commands over the library, errors in plain paragraphs.

Exit codes: 0 all is well; 1 the study, the params, a notebook or a letter is at fault; 2 wrong
usage; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys

import typer

from evallib.cli import letters, runs, studies
from evallib.cli.common import err_console
from evallib.errors import DataError, StudyError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Score, rank and publish yearly evaluations of government websites.",
)
letter = typer.Typer(no_args_is_help=True, help="Read a letter back, or audit printed figures.")
for function in (studies.check, studies.new, studies.score, runs.run, runs.refresh, runs.explore):
    app.command()(function)
app.command("batch")(runs.run_batch)
app.command()(letters.claims)
app.command()(letters.diff)
app.command()(letters.cards)
letter.command()(letters.check)
letter.command()(letters.audit)
app.add_typer(letter, name="letter")


@app.callback()
def options(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """Options of every command."""
    options.debug = debug


options.debug = False


def main() -> None:
    """Entry point of the command ``evallib``."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except (StudyError, DataError, ValueError, OSError) as error:
        if options.debug:
            raise
        err_console.print(str(error), style="red", markup=False, highlight=False)
        sys.exit(1)
