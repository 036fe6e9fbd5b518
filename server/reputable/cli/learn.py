"""`reputable train` and `reputable evaluate`."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
