"""Tells those who asked of the rows that this process has appended."""

from collections.abc import Sequence

from reputable.application.ports import Listener, Receipt, Write
from reputable.domain.errors import ReputableError


class Listeners:
    """See Ledger.on_commit."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def add(self, listener: Listener) -> None:
        """Tell it too."""
        self._listeners.append(listener)

    def tell(self, writes: Sequence[Write], outcome: Sequence[Receipt | ReputableError]) -> None:
        """Tell of the new rows among an append's; of none nobody."""
        rows = [
            (write, receipt)
            for write, receipt in zip(writes, outcome, strict=True)
            if isinstance(receipt, Receipt) and not receipt.duplicate
        ]
        if rows:
            for listener in self._listeners:
                listener(rows)
