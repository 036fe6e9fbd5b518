"""A ledger as it was at one moment, for those who only read."""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from reputable.application.ports import LedgerReader, Receipt, Write
from reputable.domain.errors import LedgerUnavailable


class Snapshot:
    """The Ledger port over a pinned reader: nothing is ever committed, so what was read stays exact."""

    exclusive = True

    def __init__(self, reader: LedgerReader) -> None:
        self._reader = reader

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the reader's own methods.
        """All that a reader does."""
        return getattr(self._reader, name)

    async def append(self, writes: Sequence[Write]) -> NoReturn:
        """Raises LedgerUnavailable."""
        message = f"{len(writes)} rows cannot be written to a snapshot of a ledger"
        raise LedgerUnavailable(message)

    def on_commit(self, listener: Callable[[Write, Receipt], None]) -> None:
        """There is nothing to listen to."""
