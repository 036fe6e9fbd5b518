"""Every verdict meets what would have been answered just before it, and no recording waits for that."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from reputable.application.honesty import HonestyWatch
from reputable.domain.times import DAY, Micros
from reputable.domain.verdicts import Verdict
from tests.builders import NOON, OneModel, verdict
from tests.unit.application.test_assessing import Desk
from tests.waiting import eventually


class Notes:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.foreseen: list[tuple[str, float, bool]] = []
        self.missed = 0

    def foresaw(self, model_version: str, credibility: float, *, credible: bool) -> None:
        self.foreseen.append((model_version, round(credibility, 6), credible))

    def unforeseen(self) -> None:
        self.missed += 1


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    await desk.reader.start()
    await desk.know()
    yield desk
    await desk.ledger.close()


def watching(desk: Desk, most_waiting: int = 256) -> tuple[HonestyWatch, Notes]:
    notes = Notes()
    watch = HonestyWatch(
        clock=desk.clock, ledger=desk.ledger, shared=desk.shared, reader=desk.reader,
        models=OneModel(desk.scorer), observer=notes, most_waiting=most_waiting,
    )  # fmt: skip
    return watch, notes


def said(text: str, claimed_at: Micros | None, reviewed_at: Micros, truthfulness: float | None = 0.0) -> Verdict:
    made = verdict(text, truthfulness=truthfulness, reviewed_at=reviewed_at)
    return replace(made, claim=replace(made.claim, claimed_at=claimed_at))


async def test_the_score_that_meets_a_verdict_does_not_know_of_it(desk: Desk) -> None:
    watch, notes = watching(desk)
    await desk.record(said("a", NOON - 3 * DAY, NOON - 2 * DAY))
    await watch.compare_next()
    assert notes.foreseen == [("share-1", 0.5, False)]
    assert (await desk.assess()).score.credibility < 0.5, "a score made afterwards would know"


async def test_the_record_is_that_of_the_moment_when_the_claim_was_made(desk: Desk) -> None:
    watch, notes = watching(desk)
    await desk.record(said("a", NOON - 9 * DAY, NOON - 8 * DAY))
    await desk.record(said("b", NOON - 5 * DAY, NOON - 4 * DAY))
    await desk.record(said("c", NOON - 7 * DAY, NOON - 1 * DAY, truthfulness=1.0))
    for _ in range(3):
        await watch.compare_next()
    base, after_one = 0.5, round(5 / 11, 6)
    assert notes.foreseen == [("share-1", base, False), ("share-1", after_one, False), ("share-1", after_one, True)]


async def test_a_claim_without_a_time_is_scored_as_of_its_review(desk: Desk) -> None:
    watch, notes = watching(desk)
    await desk.record(said("a", NOON - 9 * DAY, NOON - 8 * DAY))
    await desk.record(said("b", None, NOON - 4 * DAY))
    await watch.compare_next()
    await watch.compare_next()
    assert notes.foreseen[-1] == ("share-1", round(5 / 11, 6), False)


async def test_what_is_unproven_a_duplicate_or_no_verdict_meets_no_score(desk: Desk) -> None:
    watch, notes = watching(desk)
    await desk.record(said("a", None, NOON - DAY, truthfulness=None))
    receipt = await desk.record(said("b", None, NOON - DAY))
    await desk.retract(receipt)
    await watch.compare_next()
    with pytest.raises(IndexError):
        await watch.compare_next()
    assert len(notes.foreseen) == 1


async def test_of_more_verdicts_than_may_wait_the_rest_is_counted_as_unforeseen(desk: Desk) -> None:
    _, notes = watching(desk, most_waiting=3)
    for number in range(10):
        await desk.record(said(f"claim {number}", None, NOON - DAY))
    assert notes.missed == 7


async def test_a_claim_that_the_model_fails_on_is_counted_and_the_next_one_compared(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, notes = watching(desk)
    with monkeypatch.context() as patch:
        patch.setattr(desk.scorer, "score", _fail)
        assert (await desk.record(said("a", None, NOON - DAY))).revision
        await watch.compare_next()
    await desk.record(said("b", None, NOON - DAY))
    await watch.compare_next()
    assert (notes.missed, len(notes.foreseen)) == (1, 1)


async def test_what_waits_is_compared_in_the_background(desk: Desk) -> None:
    watch, notes = watching(desk)
    running = asyncio.ensure_future(watch.run())
    for number in range(5):
        await desk.record(said(f"claim {number}", None, NOON - DAY))
    await eventually(lambda: len(notes.foreseen) == 5)
    running.cancel()


async def test_samples_of_verdicts_that_come_too_fast_take_a_smaller_share_of_the_time(desk: Desk) -> None:
    watch, notes = watching(desk, most_waiting=2)
    for number in range(2):
        await desk.record(said(f"claim {number}", None, NOON - DAY))
    assert watch.rest_seconds(1.0) == pytest.approx(4.0)
    await desk.record(said("one too many", None, NOON - DAY))
    assert notes.missed == 1
    assert watch.rest_seconds(1.0) == pytest.approx(49.0)
    assert watch.rest_seconds(1.0) == pytest.approx(4.0)


def _fail(*_: object) -> None:
    raise ZeroDivisionError
