"""`reputable demo`: start the service and watch an article's claims being assessed."""

from pathlib import Path
from typing import Annotated

import typer

from reputable.cli.exits import CommandError

HELP = """Start the service and watch it assess the claims of a news article.

Starts on embedded defaults (ledger under var/), fills an empty ledger with the starter scorecards,
assesses the example claims over the wire, shows what a verdict moves, and serves until Ctrl-C.

Example: reputable demo --once
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="demo", help=HELP)(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the tour instead of serving on.")] = False,
    examples: Annotated[Path, typer.Option(help="The folder with the example claims.")] = Path("examples"),
) -> None:
    """Show the service at work."""
    from reputable.cli.demo.service import service
    from reputable.cli.demo.tour import tour
    from reputable.settings import load

    if not (examples / "border_raid_claims.jsonl").is_file():
        raise CommandError(f"{examples} holds no border_raid_claims.jsonl; name the examples' folder with --examples.")
    settings, warnings = load()
    for warning in warnings:
        typer.echo(f"reputable: {warning}", err=True)
    with service(settings) as running:
        tour(running, examples)
        if not once:
            running.wait(lambda: typer.echo("Serving until Ctrl-C."))
