"""What an import kept and what it rejected."""

import csv
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import typer

from reputable.cli.exits import Exit


@dataclass
class Tally:
    """Rows of an import, by what became of them."""

    recorded: int = 0
    duplicate: int = 0
    rejected: int = 0
    mended: int = 0
    """Of those not rejected; see VerdictRow."""

    def sentence(self, noun: str) -> str:
        """The tally in words."""
        total = self.recorded + self.duplicate + self.rejected
        return (
            f"{total:,} {noun}: {self.recorded:,} recorded, {self.duplicate:,} recorded before, "
            f"{self.rejected:,} rejected." + (f" {mended_sentence(self.mended)}" if self.mended else "")
        )

    def exit_code(self) -> Exit:
        """OK, PARTLY when some rows were rejected, FAILED when all were."""
        if not self.rejected:
            return Exit.OK
        return Exit.PARTLY if self.recorded or self.duplicate else Exit.FAILED


def mended_sentence(count: int) -> str:
    """What was done to rows that could not be read as they stood."""
    return f"{count:,} held control characters, read as spaces."


class Rejects:
    """Lists rejects on stderr, and in a CSV file when a path is given; a context manager."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            self._file = self._path.open("w", encoding="utf-8", newline="")
            csv.writer(self._file).writerow(("line", "reason"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, line: int, reason: str) -> None:
        """List one reject."""
        typer.echo(f"line {line}: {reason}", err=True)
        if self._file is not None:
            csv.writer(self._file).writerow((line, reason))
