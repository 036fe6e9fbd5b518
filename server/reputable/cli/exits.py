"""Exit codes for scripts, and the one exception that ends a command with a sentence."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    """Refused, or failed."""
    USAGE = 2
    """The command line is wrong."""
    UNREACHABLE = 3
    """The server cannot be reached."""
    PARTLY = 4
    """Done, but for some rows that were rejected."""


class CommandError(Exception):
    """Ends the command: one sentence for the terminal, and the exit code."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code
