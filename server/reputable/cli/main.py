"""The command tree, and how a failure becomes a sentence and an exit code."""

import contextlib
import io
import os
import sys

import typer

from reputable.cli import assess, demo, doctor, learn, ledger, models, scorecards, serve, sources, verdicts
from reputable.cli.exits import CommandError, Exit
from reputable.cli.failures import sentence_and_code

HELP = """How credible is this claim, coming from this source, at this moment?

Start a service with `reputable serve` (or `make run`, which shows it at work), then ask it.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 server unreachable, 4 done but for some
rejected rows.
"""

app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
serve.register(app)
demo.register(app)
doctor.register(app)
assess.register(app)
app.add_typer(verdicts.app, name="verdicts")
app.add_typer(scorecards.app, name="scorecards")
app.add_typer(sources.app, name="sources")
learn.register(app)
app.add_typer(models.app, name="models")
app.add_typer(ledger.app, name="ledger")


@app.callback(invoke_without_command=True)
def _version(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    if version:
        from reputable import __version__

        typer.echo(f"reputable {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line; exits with one of `Exit`."""
    for library in ("OPENBLAS", "OMP", "MKL"):
        # Small products gain nothing by threads, and several threads spin in one another's way.
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except BrokenPipeError:  # `| head` has read enough.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(Exit.OK) from None
    except CommandError as error:
        _end(str(error), error.code)
    except Exception as error:  # noqa: BLE001 - the last resort of the process.
        _end(*sentence_and_code(error))


def _end(sentence: str, code: Exit) -> None:
    typer.echo(f"reputable: {sentence}", err=True)
    raise SystemExit(code)
