"""Each verdict is compared with what would have been answered the moment before it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from reputable.adapters.local_cache import LruCache
from reputable.adapters.names import LetterLore
from reputable.adapters.observing import MetricsObserver
from reputable.application.assessing import Assessor
from reputable.application.foreseeing import MOST_WAITING, RECENT, Foresight
from reputable.application.record_reading import RecordReader
from reputable.application.recording import Recorder, VerdictRequest
from reputable.application.shared_rows import SharedRows
from reputable.domain.epochs import PriorEpoch
from reputable.domain.verdicts import Verdict
from reputable.metrics import Metrics
from tests.builders import NOON, OneModel, ShareScorer, verdict
from tests.fakes import InMemoryLedger, SetClock
from tests.waiting import eventually


class Desk:
    """A recorder, and the foresight that listens to its ledger."""

    def __init__(self) -> None:
        clock, names = SetClock(), LetterLore()
        self.ledger = InMemoryLedger(clock)
        shared = SharedRows(self.ledger, names, PriorEpoch(0, base_rate=0.5))
        self.reader = RecordReader(self.ledger, shared, clock)
        self.metrics = Metrics()
        assessor = Assessor(
            clock=clock,
            shared=shared,
            reader=self.reader,
            models=OneModel(ShareScorer()),
            local=LruCache(0),
            cache=None,
            observer=MetricsObserver(Metrics()),
        )
        self.foresight = Foresight(clock=clock, assessor=assessor, observer=MetricsObserver(self.metrics))
        self.ledger.on_commit(self.foresight.committed)
        self.recorder = Recorder(clock=clock, ledger=self.ledger, shared=shared, names=names)
        self._requests = iter(range(10_000))

    async def record(self, *verdicts: Verdict) -> None:
        requests = [VerdictRequest(one, f"v{next(self._requests)}") for one in verdicts]
        outcomes = await self.recorder.record_verdicts("local", requests)
        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []

    def counts(self) -> dict[str, int]:
        return {found: sum(histogram.counts) for found, histogram in self.metrics.foreseen.items()}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    await desk.reader.start()
    work = asyncio.create_task(desk.foresight.run())
    yield desk
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    await desk.ledger.close()


async def test_a_verdict_is_compared_with_the_credibility_before_it_and_not_after(desk: Desk) -> None:
    """The first claim would have got the base rate 0.5; its own verdict must not have helped."""
    await desk.record(verdict(truthfulness=1.0))
    await eventually(lambda: desk.counts()["credible"])

    assert desk.counts() == {"credible": 1, "not_credible": 0}
    assert desk.metrics.foreseen["credible"].total == 0.5
    assert desk.metrics.foreseen_squared_error == 0.25


async def test_verdicts_of_one_batch_foresee_each_other_in_order(desk: Desk) -> None:
    await desk.record(*(verdict(f"The bridge has {number} spans.", truthfulness=1.0) for number in range(20)))
    await eventually(lambda: desk.counts()["credible"] == 20)

    assert desk.metrics.foreseen["credible"].total > 20 * 0.5
    assert desk.metrics.foreseen_squared_error < 20 * 0.25


async def test_an_imported_an_unproven_and_a_repeated_verdict_are_left_out(desk: Desk) -> None:
    await desk.record(
        verdict("The bridge was built in 1902.", reviewed_at=NOON - RECENT - 1),
        verdict("The bridge was sold.", truthfulness=None),
        verdict("The bridge fell.", truthfulness=0.0),
    )
    await eventually(lambda: desk.counts()["not_credible"])
    again = VerdictRequest(verdict("The bridge fell.", truthfulness=0.0), "v2")
    await desk.recorder.record_verdict("local", again)
    await desk.record(verdict("The bridge stands.", truthfulness=1.0))
    await eventually(lambda: desk.counts()["credible"])

    assert desk.counts() == {"credible": 1, "not_credible": 1}


async def test_of_a_burst_the_first_are_compared_and_nothing_piles_up(desk: Desk) -> None:
    burst = [verdict(f"The bridge has {number} spans.") for number in range(MOST_WAITING + 50)]
    await desk.record(*burst)

    assert len(desk.foresight) <= MOST_WAITING
