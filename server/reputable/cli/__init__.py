"""The `reputable` command. Everything dear is imported by the command that needs it."""

from reputable.cli.main import main

__all__ = ["main"]
