"""The verdict memory is built in the background, waited for only where an answer is to be reproduced."""

import asyncio
import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from reputable.application.ports import HistoricalVerdict, Latest, MemoryReading, ScoreInput
from reputable.application.remembering import Memories
from reputable.application.vectors import Vectors
from reputable.domain.digests import digest
from reputable.domain.epochs import PriorEpoch
from reputable.domain.records import TrackRecord
from reputable.domain.verdicts import Standing
from tests.builders import claim, verdict

TEXTS = [f"Claim number {number}." for number in range(5)]
HISTORY = [HistoricalVerdict(number, "works", verdict(text)) for number, text in enumerate(TEXTS, 1)]


@dataclass
class CountingEmbedder:
    """Hashes texts, counts what it embeds, and can be held up."""

    name: str = "hash-1"
    embedded: list[str] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        assert self.go.wait(5)
        self.embedded += texts
        return [hashlib.sha256(text.encode()).digest() for text in texts]


class Remembered:
    """Says how many of its texts share the vector's first byte's parity."""

    def __init__(self, memory_digest: bytes, vectors: Mapping[str, bytes]) -> None:
        self.digest = memory_digest
        self._vectors = vectors

    def read(self, vector: bytes) -> MemoryReading:
        return MemoryReading(float(sum(v[0] % 2 == vector[0] % 2 for v in self._vectors.values())))


class Builder:
    """Remembers the whole history."""

    def __init__(self) -> None:
        self.embedder = CountingEmbedder()

    def texts(self, history: Sequence[HistoricalVerdict], standings: Mapping[str, Standing]) -> list[str]:
        return [row.verdict.claim.text for row in history]

    def build(
        self,
        epoch: PriorEpoch,
        history: Sequence[HistoricalVerdict],
        standings: Mapping[str, Standing],
        vectors: Mapping[str, bytes],
    ) -> Remembered:
        return Remembered(digest(*self.texts(history, standings)), vectors)


class Rows:
    """A ledger's history and a process's standings, and nothing else of them."""

    def __init__(self) -> None:
        self.asked: list[Latest] = []

    async def history(self, *, reviewed_before: int, at_revision: int, latest: Latest):  # type: ignore[no-untyped-def]  # noqa: ANN201
        self.asked.append(latest)
        for row in HISTORY:
            yield row

    def standings(self, at_revision: int) -> Mapping[str, Standing]:
        return {"Desk": Standing.ESTABLISHED, "Blog": Standing.NEW, "Bureau": Standing.ESTABLISHED}


@dataclass
class SharedCache:
    """Vectors that replicas share."""

    stored: dict[bytes, bytes] = field(default_factory=dict)

    async def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return [self.stored.get(key) for key in keys]

    def put(self, key: bytes, value: bytes) -> None:
        self.stored[key] = value


class Desk:
    """Memories over those rows."""

    def __init__(self, cache: SharedCache | None = None, *, patient: bool = False) -> None:
        self.builder = Builder()
        self.failures: list[BaseException] = []
        self.vectors = Vectors(self.builder.embedder, cache)
        self.rows = Rows()
        self.memories = Memories(
            ledger=self.rows,  # type: ignore[arg-type]
            shared=self.rows,  # type: ignore[arg-type]
            builder=self.builder,
            vectors=self.vectors,
            on_failure=self.failures.append,
            patient=patient,
        )


EPOCH = PriorEpoch(1, memory_digest=digest(*TEXTS))
ITEM = ScoreInput(claim("Claim number 9."), TrackRecord(), EPOCH)


async def test_an_answer_of_now_does_not_wait_for_a_memory_that_is_being_built() -> None:
    desk = Desk()

    early = await desk.memories.recall(ITEM, wait=False)
    desk.builder.embedder.go.set()
    waited = await desk.memories.recall(ITEM, wait=True)
    late = await desk.memories.recall(ITEM, wait=False)
    await desk.memories.close()

    assert early.memory is None
    assert waited.memory is not None
    assert waited == late


async def test_nine_tenths_of_the_history_are_reserved_for_established_reviewers() -> None:
    desk = Desk()
    desk.builder.embedder.go.set()

    await desk.memories.recall(ITEM, wait=True)
    await desk.memories.close()

    assert desk.rows.asked == [Latest(25_000, ["Desk", "Bureau"], 22_500)]


async def test_where_it_is_patient_answers_of_now_wait_too() -> None:
    desk = Desk(patient=True)
    desk.builder.embedder.go.set()

    waited = await desk.memories.recall(ITEM, wait=False)
    await desk.memories.close()

    assert waited.memory is not None


async def test_a_memory_that_differs_from_its_epochs_digest_is_never_read() -> None:
    desk = Desk()
    desk.builder.embedder.go.set()

    item = await desk.memories.recall(replace(ITEM, epoch=PriorEpoch(2, memory_digest=b"other")), wait=True)
    await desk.memories.close()

    assert item.memory is None
    assert "another memory" in str(desk.failures[0])


async def test_a_memory_that_could_not_be_built_is_not_tried_again_for_every_claim(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    desk.builder.embedder.go.set()
    item = replace(ITEM, epoch=PriorEpoch(2, memory_digest=b"other"))

    for wait in (True, False, True, False):
        assert (await desk.memories.recall(item, wait=wait)).memory is None
        await asyncio.sleep(0.01)
    assert len(desk.rows.asked) == 1
    assert "a moment ago" in str(desk.failures[-1])

    monkeypatch.setattr("reputable.application.remembering.REST_SECONDS", 0.0)
    await desk.memories.recall(item, wait=True)
    await desk.memories.close()
    assert len(desk.rows.asked) == 2


async def test_replicas_that_share_a_cache_compute_no_vector_twice() -> None:
    cache = SharedCache()
    desks = [Desk(cache), Desk(cache)]
    for desk in desks:
        desk.builder.embedder.go.set()

    readings = [(await desk.memories.recall(ITEM, wait=True)).memory for desk in desks]
    for desk in desks:
        await desk.memories.close()

    assert readings[0] == readings[1]
    assert sorted(desks[0].builder.embedder.embedded) == sorted([*TEXTS, "Claim number 9."])
    assert desks[1].builder.embedder.embedded == []


async def test_a_vector_asked_for_by_many_at_once_is_computed_once_though_the_first_goes_away() -> None:
    desk = Desk()
    first = asyncio.ensure_future(desk.vectors.of(["The same."]))
    others = [asyncio.ensure_future(desk.vectors.of(["The same."])) for _ in range(5)]
    await asyncio.sleep(0.01)

    first.cancel()
    desk.builder.embedder.go.set()
    vectors = await asyncio.gather(*others)
    await desk.memories.close()

    with pytest.raises(asyncio.CancelledError):
        await first
    assert desk.builder.embedder.embedded == ["The same."]
    assert len({found["The same."] for found in vectors}) == 1
