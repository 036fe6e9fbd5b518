"""`reputable doctor`: look over everything that the service stands on."""

import asyncio
import json
from typing import TYPE_CHECKING

import typer

from reputable.cli.exits import Exit
from reputable.cli.options import JsonOption

if TYPE_CHECKING:
    from reputable.cli.checks import Found

HELP = """Check the configuration, the ledger, Redis, the model, the ports and the clock, and say what to fix.

Reads the same REPUTABLE_* variables as `reputable serve`; changes nothing, and may run beside a
service. Exit code 0 when the service can run (there may be warnings), 1 when something must be fixed.

Example: reputable doctor
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="doctor", help=HELP)(doctor)


def doctor(as_json: JsonOption = False) -> None:
    """Check everything."""
    from reputable.cli.checks import State

    found = asyncio.run(_examine())
    if as_json:
        rows = [{"check": f.check, "state": f.state, "found": f.found, "advice": f.advice} for f in found]
        typer.echo(json.dumps(rows, ensure_ascii=False))
    else:
        _show(found)
    raise typer.Exit(Exit.FAILED if any(f.state is State.PROBLEM for f in found) else Exit.OK)


async def _examine() -> "list[Found]":
    from reputable.cli.checks import CHECKS, Found, State
    from reputable.settings import SettingsError, load

    try:
        settings, warnings = load()
    except SettingsError as error:
        return [Found("configuration", State.PROBLEM, str(error), "docs/configuration.md lists the settings.")]
    found = [Found("configuration", State.WARNING, warning) for warning in warnings]
    found = found or [Found("configuration", State.OK, "every REPUTABLE_* variable is a setting")]
    for check in CHECKS:
        found += await check(settings)
    return found


def _show(found: "list[Found]") -> None:
    from reputable.cli.checks import State
    from reputable.cli.terminal import console, table

    shown = table("Check", "State", "Found")
    for item in found:
        shown.add_row(item.check, item.state, item.found)
    console().print(shown)
    advice = [item for item in found if item.advice]
    for item in advice:
        typer.echo(f"{item.check}: {item.advice}")
    if not any(item.state is State.PROBLEM for item in found):
        typer.echo(
            "The service can run." if not advice else "The service can run; see above what would make it better."
        )
