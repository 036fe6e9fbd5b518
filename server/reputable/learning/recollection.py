"""Reads the verdict memory for past claims, as it was frozen on the day each was made."""

from collections import OrderedDict
from collections.abc import Mapping

from reputable.application.ports import Embedder, HistoricalVerdict
from reputable.domain.times import Day, Micros, day_of
from reputable.learning.history import Example, History
from reputable.learning.memory import KEPT, Archive, Memory, archive_of, in_order, proven

_MEMORIES_KEPT = 8


class Recollection:
    """What the memory of each claim's day says of past claims; what was read once is kept.

    What is usual on a day is the history's.
    """

    def __init__(self, history: History, archive: Archive, vectors: Mapping[str, bytes]) -> None:
        self._history = history
        self._archive = archive
        self._vectors = vectors
        self._memories: OrderedDict[Day, Memory | None] = OrderedDict()
        self._values: dict[tuple[Day, str, str], float | None] = {}

    def memory(self, day: Day) -> Memory | None:
        """The memory frozen at the beginning of the day."""
        if day not in self._memories:
            self._memories[day] = self._archive.memory(day, self._history.rates(day).truthfulness)
            if len(self._memories) > _MEMORIES_KEPT:
                self._memories.popitem(last=False)
        return self._memories[day]

    def value(self, example: Example) -> float | None:
        """The reading of a claim on the day it was made; None without a memory. Ask in order of days: it is faster."""
        text = example.verdict.claim.text
        key = (day_of(example.claimed_at), text, example.source_id)
        if key not in self._values:
            memory = self.memory(key[0])
            self._values[key] = None if memory is None else memory.value(self._vectors[text])
        return self._values[key]


def recollect(history: History, embedder: Embedder, since: Micros | None = None) -> Recollection:
    """The recollection of a history, all its reviewers ESTABLISHED.

    With `since` only for claims that matter from then on: those KEPT at that moment, and later ones.
    """
    examples = history.examples
    rows = [HistoricalVerdict(number, e.source_id, e.verdict) for number, e in enumerate(examples, start=1)]
    known = proven(in_order(rows))
    first = 0 if since is None else max(0, sum(row.verdict.reviewed_at < since for row in known) - KEPT)
    wanted = [row.verdict.claim.text for row in known[first:]]
    wanted += [e.verdict.claim.text for e in examples if since is None or e.claimed_at >= since]
    texts = list(dict.fromkeys(wanted))
    vectors = dict(zip(texts, embedder.embed(texts), strict=True))
    return Recollection(history, archive_of(known, vectors, first=first), vectors)
