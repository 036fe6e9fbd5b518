"""`reputable serve`: run the service."""

import os
import signal
from typing import Annotated, NoReturn

import typer

HELP = """Run the service until it is told to end (SIGTERM or Ctrl-C).

Everything is set by REPUTABLE_* variables (docs/configuration.md); the options here win over them.

Example: reputable serve

Example: REPUTABLE_REDIS_URL=redis://cache:6379 reputable serve --address 0.0.0.0:50051
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="serve", help=HELP)(serve)


def serve(
    address: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Where to serve gRPC.")] = None,
    ledger: Annotated[str | None, typer.Option(metavar="URL", help="sqlite:///file or postgresql://...")] = None,
    processes: Annotated[int | None, typer.Option(metavar="N", help="How many; needs a PostgreSQL ledger.")] = None,
) -> None:
    """Run the service."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)  # Until the service has handlers of its own: importing it takes a while.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # Read at its import; what matters of its lines is said by ours.
    from reputable.app import serve as run
    from reputable.settings import load

    options = {"address": address, "ledger_url": ledger, "processes": processes}
    given: dict[str, object] = {name: value for name, value in options.items() if value}
    settings, warnings = load(None, **given)
    for warning in warnings:
        typer.echo(f"reputable: {warning}", err=True)
    code = run(settings)
    _ignore_signals()
    raise typer.Exit(code)


def _end(_number: int, _frame: object) -> NoReturn:
    _ignore_signals()
    raise SystemExit(0)


def _ignore_signals() -> None:
    """What ends already need not be told again; a second signal would spoil the exit code."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
