"""Copies a ledger row by row into another database: the same revisions, the same digests."""

from collections.abc import Callable, Sequence
from typing import Protocol

from reputable.application.ports import LedgerReader
from reputable.domain.entries import Entry
from reputable.domain.errors import PreconditionFailed

PAGE = 1_000


class LedgerTarget(Protocol):
    """A ledger that takes another one's rows; no service may be writing to it."""

    async def last(self) -> Entry | None:
        """Its last row."""
        ...

    async def restore(self, entries: Sequence[Entry]) -> None:
        """Append rows as they are, and all that derives from them, in one transaction.

        Raises LedgerCorrupt when a row is not what it should be after those before it; then none
        of them is appended. Raises LedgerUnavailable and LedgerFull.
        """
        ...

    async def close(self) -> None:
        """Release everything."""
        ...


async def copy(source: LedgerReader, target: LedgerTarget, progress: Callable[[int], None] | None = None) -> int:
    """Append to `target` what it lacks of `source`, and return its last revision.

    Interrupted, it can be run again and goes on. Raises PreconditionFailed when the target holds
    rows that the source does not hold.
    """
    last = await target.last()
    revision = 0 if last is None else last.revision
    if last is not None and last != await source.entry(revision):
        message = f"the target's row {revision} is not the source's; copy into an empty database"
        raise PreconditionFailed(message)
    while page := await source.entries(after=revision, limit=PAGE):
        await target.restore(page)
        revision = page[-1].revision
        if progress is not None:
            progress(revision)
    return revision
