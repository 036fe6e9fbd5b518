"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from reputable.cli.exits import CommandError, Exit

SERVER = "127.0.0.1:50051"

ServerOption = Annotated[
    str,
    typer.Option(
        "--server",
        metavar="HOST:PORT",
        help="The service to ask; with TLS: tls://HOST:PORT?ca=FILE&cert=FILE&key=FILE, each file optional.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
RejectsOption = Annotated[
    Path | None,
    typer.Option("--rejects", metavar="FILE", help="Also write the rejects here: CSV line,reason."),
]


def parsed_time(text: str, option: str) -> int:
    """Microseconds since 1970 of an option's ISO 8601 time; CommandError when it is none."""
    from reputable.domain.times import parse_time

    try:
        return parse_time(text)
    except (ValueError, OverflowError) as error:
        raise CommandError(f"{option}: {error}", Exit.USAGE) from error
