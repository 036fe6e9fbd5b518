"""The records that this process holds, each with how it is known to be current."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

from reputable.domain.freshness import Freshness, FreshnessMode
from reputable.domain.records import TrackRecord
from reputable.domain.times import Micros, day_of

MOST_HELD = 50_000


@dataclass(slots=True)
class HeldRecord:
    """A source's record as of `as_of`, made from its `members`' chains at the revisions `heads`.

    It is known to be current at ledger revision `revision`, as read at `read_at` (monotonic
    seconds). `standings_revision` is that of the reviewers' standings it was weighed with.
    """

    record: TrackRecord
    as_of: Micros
    members: tuple[str, ...]
    heads: dict[str, int]
    standings_revision: int
    revision: int
    read_at: float

    def serves(self, as_of: Micros, standings_revision: int) -> bool:
        """Whether the record is also that of `as_of`: same day, same standings, all reviews before it."""
        record = self.record
        return (
            self.standings_revision == standings_revision
            and record.day == day_of(as_of)
            and record.next_review_at is None
            and (record.last_reviewed_at is None or record.last_reviewed_at < as_of)
        )

    def stands(self, members: tuple[str, ...], heads: dict[str, int]) -> bool:
        """Whether it was made from just these chains at these revisions."""
        return self.members == members and self.heads == heads

    def fresh_enough(self, freshness: Freshness, monotonic: float) -> bool:
        """Whether it may be given, at that moment, to a caller who allows for some age."""
        if freshness.mode is FreshnessMode.BOUNDED:
            return (monotonic - self.read_at) * 1000 <= freshness.max_staleness_ms
        return freshness.token is not None and self.revision >= freshness.token.revision


class HeldRecords:
    """A bounded map from source to its held record; the least recently used goes first."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most = most
        self._held: OrderedDict[str, HeldRecord] = OrderedDict()
        self._watchers: list[set[str]] = []
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def __len__(self) -> int:
        """How many records are held."""
        return len(self._held)

    def get(self, root: str) -> HeldRecord | None:
        """The record of that source, if held."""
        held = self._held.get(root)
        if held is not None:
            self._held.move_to_end(root)
        return held

    def put(self, root: str, held: HeldRecord) -> None:
        """Hold a record."""
        self._held[root] = held
        self._held.move_to_end(root)
        if len(self._held) > self._most:
            self._held.popitem(last=False)

    def drop(self, root: str) -> None:
        """Forget a source's record, and let loads under way know that it changed."""
        self._held.pop(root, None)
        for touched in self._watchers:
            touched.add(root)

    def clear(self) -> None:
        """Forget all records."""
        for root in list(self._held):
            self.drop(root)

    @contextmanager
    def watch(self) -> Iterator[set[str]]:
        """The sources dropped while the block runs; what was loaded of them may be out of date."""
        touched: set[str] = set()
        self._watchers.append(touched)
        try:
            yield touched
        finally:
            self._watchers = [watcher for watcher in self._watchers if watcher is not touched]

    @asynccontextmanager
    async def turn(self, roots: Iterable[str]) -> AsyncIterator[None]:
        """Hold off others who would load these sources' records; whoever waited looks for a held one first."""
        async with AsyncExitStack() as turns:
            for root in sorted(roots):  # In one order for all, so that no two wait for each other.
                await turns.enter_async_context(self._turns.setdefault(root, asyncio.Lock()))
            yield
