"""The command ``evallib``: thin commands over the library, errors in plain paragraphs.

Exit codes: 0 all is well; 1 the study, the params, a notebook or a letter is at fault; 2 wrong
usage; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys
from typing import Any

import typer

from evallib.cli import evidence, letters, runs, studies
from evallib.cli.common import err_console, settings, show_version

PATH = """Score, rank and publish yearly evaluations of government websites.

From a new study to its report:

    evallib new mycity 2025              a folder with a README that says what to fill in
    evallib new mycity 2025              again, once its scheme is there: score sheets
    evallib check mycity 2025            what is still missing, and every fault
    evallib run params/mycity-2025.yaml  scores, figures, letter and report, into out/mycity/2025
"""
FOOT = (
    "STUDY is a folder, or its name under data/. --debug and --quiet may stand anywhere on the "
    "line. Exit codes: 0 all is well; 1 study, params, notebook or letter at fault; 2 wrong usage; "
    "130 stopped by Ctrl-C."
)
LISTED = 10  # faults that are told where a command stops because of them
START, RUN, TELL, READ = "Start", "Run", "Hand out", "Read back"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help=PATH,
    epilog=FOOT,
    context_settings={"help_option_names": ["-h", "--help"]},
)
letter = typer.Typer(no_args_is_help=True, help="Read a letter back, or audit printed figures.")
for name, function, panel, example in (
    ("new", studies.new, START, "evallib new nanning 2021 --from 2020"),
    ("check", studies.check, START, "evallib check nanning 2020"),
    ("score", studies.score, RUN, "evallib score nanning 2020 --out scores.csv --node-ranks"),
    ("run", runs.run, RUN, "evallib run params/nanning-2020.yaml"),
    ("batch", runs.run_batch, RUN, "evallib batch params/*.yaml --resume --jobs 4"),
    ("explore", runs.explore, RUN, "evallib explore params/nanning-2020.yaml --port 8900"),
    ("refresh", runs.refresh, RUN, "evallib refresh 02_score --check"),
    ("cards", letters.cards, TELL, "evallib cards nanning 2020"),
    ("monitor", evidence.monitor, TELL, "evallib monitor nanning --as-of 2020-11-30 --period week"),
    ("trace", evidence.trace, READ, "evallib trace nanning 2020 dept16 I2.1"),
    ("diff", letters.diff, READ, "evallib diff out/nanning/2020 before/nanning/2020"),
    ("verify", letters.verify, READ, "evallib verify out/nanning/2020"),
    ("claims", letters.claims, READ, "evallib claims nanning 2020 --published"),
):
    app.command(name, rich_help_panel=panel, epilog=f"Example: {example}")(function)
letter.command(epilog="Example: evallib letter check letter.docx nanning 2020")(letters.check)
letter.command(epilog="Example: evallib letter audit data/nanning/2020/published.yaml")(
    letters.audit
)
app.add_typer(letter, name="letter", rich_help_panel=READ)


@app.callback()
def options(
    debug: bool = typer.Option(False, "--debug", help="Show where an error comes from."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Say nothing but errors."),
    version: bool = typer.Option(
        False, "--version", callback=show_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Options of every command."""
    settings.debug, settings.quiet = debug, quiet


def main() -> None:
    """Entry point of the command ``evallib``."""
    given = sys.argv[1:]
    first = [word for word in given if word in ("--debug", "--quiet", "-q")]  # wherever they stand
    sys.argv[1:] = [*first, *(word for word in given if word not in first)]
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if settings.debug or "--debug" in first:
            raise
        err_console.print(told(error), style="red", markup=False, highlight=False)
        sys.exit(1)


def told(error: Any) -> str:
    """An error in one paragraph; one that nobody foresaw also says how to see more."""
    from evallib.batch.outcome import said
    from evallib.batch.pool import ClusterError
    from evallib.batch.press import PressError
    from evallib.errors import StudyError

    if isinstance(error, OSError):
        return said(error)
    if isinstance(error, StudyError) and len(error.faults) > LISTED:
        more = f"and {len(error.faults) - LISTED} more: evallib check STUDY sums them up"
        return "\n".join([*map(str, error.faults[:LISTED]), more])
    known = isinstance(error, StudyError | ClusterError | PressError | ValueError)
    return str(error) if known else f"{said(error)}\nRun it again with --debug to see where."
