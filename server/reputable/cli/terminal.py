"""How commands write: tables to stdout, progress and complaints to stderr."""

import sys
from collections.abc import Iterable
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

PLAIN_WIDTH = 112
MAX_WIDTH = 120


def console() -> Console:
    """The console on stdout: plain text of a fixed width when stdout is not a terminal."""
    made = Console(markup=False, highlight=False, emoji=False, soft_wrap=False)
    made.width = min(made.width, MAX_WIDTH) if made.is_terminal else PLAIN_WIDTH
    return made


def table(*columns: str, right: Iterable[str] = (), flexible: Iterable[str] = ()) -> Table:
    """An empty table.

    Columns named in `right` are flush right; those in `flexible` share the width that is left and
    wrap, while the others keep their contents on one line.
    """
    made = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, expand=bool(flexible))
    for column in columns:
        made.add_column(
            column,
            justify="right" if column in right else "left",
            no_wrap=bool(flexible) and column not in flexible,
            ratio=1 if column in flexible else None,
        )
    return made


def progress() -> Progress:
    """A progress bar on stderr; silent when stderr is not a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, markup=False, highlight=False),
        disable=not sys.stderr.isatty(),
        transient=True,
    )


def count_lines(path: Path) -> int | None:
    """How many lines a text file has, for a progress bar; None when that says nothing."""
    if path.suffix.lower() not in {".csv", ".jsonl", ".ndjson"}:
        return None
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
