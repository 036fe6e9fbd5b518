"""`reputable demo`: start the service and watch an article's claims being assessed."""

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
