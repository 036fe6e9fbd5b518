"""Finds sources by id, by name, and page by page."""

from reputable.application.ports import Ledger
from reputable.application.shared_rows import SharedRows
from reputable.domain.claims import check_reference
from reputable.domain.sources import Resolution, Source, SourceReference


class SourceFinder:
    """Reads the directory, as current as the ledger is."""

    def __init__(self, ledger: Ledger, shared: SharedRows) -> None:
        self._ledger = ledger
        self._shared = shared

    async def get(self, source_id: str) -> Source:
        """The source with that id. Raises SourceNotFound, LedgerUnavailable."""
        await self._catch_up()
        return self._shared.directory.get(source_id)

    async def page(self, after: str, most: int) -> list[Source]:
        """At most `most` sources with ids after `after`, by id. Raises LedgerUnavailable."""
        await self._catch_up()
        return self._shared.directory.page(after, most)

    async def resolve(self, name: str, at_revision: int | None = None) -> Resolution:
        """What a name as written means. Raises InvalidInput, LedgerUnavailable."""
        reference = check_reference("", SourceReference(name=name))
        await self._catch_up()
        return self._shared.resolver.resolve(reference, at_revision)

    async def _catch_up(self) -> None:
        """Where other processes write too, read what they have registered."""
        if not self._ledger.exclusive:
            await self._shared.catch_up()
