"""Assessments know of every acknowledged verdict and can be reproduced."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reputable.adapters.local_cache import LruCache
from reputable.adapters.names import LetterLore
from reputable.adapters.sqlite_ledger import SqliteLedger
from reputable.application import writes
from reputable.application.assessing import Assessor
from reputable.application.ports import LedgerState, Receipt, SourceFindings, Write
from reputable.application.queries import AssessQuery
from reputable.application.record_reading import RecordReader
from reputable.application.shared_rows import SharedRows
from reputable.domain.assessments import Assessment, Basis, Explanation, ServedFrom
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import InvalidInput, PreconditionFailed, RevisionNotReached
from reputable.domain.freshness import Freshness, FreshnessMode, Token
from reputable.domain.sources import Source
from reputable.domain.times import DAY, SECOND, Micros
from reputable.domain.verdicts import Standing, Verdict
from tests.builders import NOON, OneModel, ShareScorer, claim, named, verdict


class SetClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.at: Micros = NOON

    def now(self) -> Micros:
        return self.at

    def monotonic(self) -> float:
        return self.at / SECOND


class Silent:
    """Observes nothing."""

    def looked_up(self, tier: ServedFrom, hits: int, misses: int) -> None: ...
    def took(self, stage: str, seconds: float) -> None: ...
    def assessed(self, credibility: float, tier: ServedFrom) -> None: ...


class Desk:
    """An assessor on a real ledger, and the writes that a recorder would make."""

    def __init__(self, path: Path) -> None:
        self.clock = SetClock()
        self.scorer = ShareScorer()
        self.ledger = SqliteLedger(path / "ledger.db", self.clock)
        self.shared = SharedRows(self.ledger, LetterLore(), PriorEpoch(0, base_rate=0.5))
        self.reader = RecordReader(self.ledger, self.shared, self.clock)
        self.assessor = Assessor(
            clock=self.clock,
            shared=self.shared,
            reader=self.reader,
            models=OneModel(self.scorer),
            local=LruCache(1_000),
            cache=None,
            observer=Silent(),
        )
        self._requests: Iterator[int] = iter(range(1_000_000))

    async def append(self, *rows: Write) -> list[Receipt]:
        receipts = await self.ledger.append(rows)
        assert all(isinstance(receipt, Receipt) for receipt in receipts), receipts
        return [receipt for receipt in receipts if isinstance(receipt, Receipt)]

    async def know(self, name: str = "Ministry of Works", source_id: str = "works", *aliases: str) -> None:
        source = Source(source_id, name, aliases=aliases)
        names = tuple(LetterLore().canonical(n) for n in (name, *aliases))
        await self.append(writes.source_write("local", f"s{next(self._requests)}", source, names))
        await self.append(writes.standing_write("local", f"e{next(self._requests)}", "Desk", Standing.ESTABLISHED))

    async def record(self, one: Verdict, source_id: str = "works") -> Receipt:
        request_id = f"v{next(self._requests)}"
        return (
            await self.append(writes.verdict_write("local", request_id, writes.Chain(source_id), one, one.reviewed_at))
        )[0]

    async def retract(self, receipt: Receipt) -> Receipt:
        row = writes.retraction_write("local", f"r{receipt.revision}", receipt.chain, receipt.revision, "wrong")
        return (await self.append(row))[0]

    async def assess(self, **fields: object) -> Assessment:
        return await self.assessor.assess(AssessQuery(claim())._replace(**fields))  # type: ignore[arg-type]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    await desk.reader.start()
    yield desk
    await desk.ledger.close()


def content(assessment: Assessment) -> Assessment:
    """An assessment without where it came from and when."""
    return assessment._replace(served_from=ServedFrom.COMPUTED, assessed_at=0, expires_at=0)


async def test_a_claim_of_an_unknown_source_gets_a_cold_start_and_no_error(desk: Desk) -> None:
    assessment = await desk.assess()

    assert (assessment.score.basis, assessment.resolution.source_id) == (Basis.COLD_START, "")
    assert assessment.score.credibility == 0.5


async def test_a_verdict_is_in_the_next_assessment_and_a_retraction_restores_the_digest(desk: Desk) -> None:
    await desk.know()
    before = await desk.assess()

    receipt = await desk.record(verdict())
    after = await desk.assess()
    await desk.retract(receipt)
    restored = await desk.assess()

    assert after.score.credibility > before.score.credibility
    assert (before.score.evidence_count, after.score.evidence_count) == (0, 1)
    assert after.record_digest == receipt.record_digest != before.record_digest
    assert (restored.record_digest, restored.score) == (before.record_digest, before.score)
    assert restored.source_revision == before.source_revision + 2


async def test_a_verdict_reviewed_this_very_moment_counts_at_once(desk: Desk) -> None:
    await desk.know()
    await desk.record(verdict(reviewed_at=NOON))

    assessment = await desk.assess()

    assert (assessment.score.evidence_count, assessment.as_of) == (1, NOON + 1)


async def test_the_second_look_at_the_same_claim_is_a_local_hit_until_a_verdict_arrives(desk: Desk) -> None:
    await desk.know()

    tiers = [(await desk.assess()).served_from for _ in range(2)]
    await desk.record(verdict())
    tiers.append((await desk.assess()).served_from)

    assert tiers == [ServedFrom.COMPUTED, ServedFrom.LOCAL_CACHE, ServedFrom.COMPUTED]


async def test_of_many_who_want_a_record_that_is_not_held_one_reads_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.know()
    await desk.record(verdict())
    read, asked = desk.ledger.findings, list[Sequence[str]]()

    async def findings(source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceFindings]]:
        asked.append(source_ids)
        return await read(source_ids)

    monkeypatch.setattr(desk.ledger, "findings", findings)
    assessments = await asyncio.gather(*(desk.assess(claim=claim(text=f"Claim {n}.")) for n in range(20)))

    assert len(asked) == 1
    assert {assessment.score.evidence_count for assessment in assessments} == {1}


async def test_a_record_ages_with_the_day(desk: Desk) -> None:
    await desk.know()
    await desk.record(verdict())
    today = await desk.assess()

    desk.clock.at += DAY
    tomorrow = await desk.assess()

    assert tomorrow.decay_day == today.decay_day + 1
    assert tomorrow.served_from is ServedFrom.COMPUTED


async def test_giving_back_what_an_assessment_returned_reproduces_it_after_all_that_came_later(desk: Desk) -> None:
    await desk.know()
    await desk.know("Works Ministry", "works-2")
    kept = await desk.record(verdict("First."))
    await desk.record(verdict("Second.", truthfulness=0.0, reviewed_at=NOON - 3 * DAY))
    old = await desk.assess()

    desk.clock.at += 2 * DAY
    await desk.record(verdict("Late import.", truthfulness=0.0, reviewed_at=NOON - 9 * DAY))
    await desk.retract(kept)
    await desk.record(verdict("Other source."), "works-2")
    second = desk.shared.directory.get("works-2")
    await desk.append(writes.merge_write("local", "m", second, "works"))
    await desk.append(writes.epoch_write(PriorEpoch(1, start=NOON // DAY * DAY, base_rate=0.9)))
    await desk.append(writes.standing_write("local", "n", "Desk", Standing.NEW))
    new = await desk.assess()
    replayed = await desk.assess(as_of=old.as_of, at_revision=old.at_revision)

    assert content(replayed) == content(old)
    assert new.score != old.score
    assert new.prior_epoch == 1


async def test_as_of_alone_means_with_all_that_is_known_today_about_that_time(desk: Desk) -> None:
    await desk.know()
    await desk.record(verdict("Old.", reviewed_at=NOON - 9 * DAY))
    await desk.record(verdict("New.", reviewed_at=NOON - DAY))

    assert (await desk.assess(as_of=NOON - 2 * DAY)).score.evidence_count == 1
    assert (await desk.assess(as_of=NOON - 9 * DAY)).score.evidence_count == 0
    assert (await desk.assess(as_of=NOON - 9 * DAY + 1)).score.evidence_count == 1


async def test_a_merged_source_has_the_record_of_both(desk: Desk) -> None:
    await desk.know()
    await desk.know("Works Ministry", "works-2")
    await desk.record(verdict("One."))
    await desk.record(verdict("Two."), "works-2")
    await desk.append(writes.merge_write("local", "m", desk.shared.directory.get("works-2"), "works"))

    assessments = [
        await desk.assess(claim=replace(claim(), source=named(n))) for n in ("Works Ministry", "Ministry of Works")
    ]

    assert [a.score.evidence_count for a in assessments] == [2, 2]
    assert {a.resolution.source_id for a in assessments} == {"works"}


async def test_a_batch_answers_in_order_with_each_items_own_outcome_and_scores_equal_claims_once(desk: Desk) -> None:
    await desk.know()
    good, empty = AssessQuery(claim()), AssessQuery(claim(text=" "))
    other = AssessQuery(claim("Another."), explanation=Explanation.NONE)

    answers = await desk.assessor.assess_many([good, empty, other, good])

    assert [type(answer) for answer in answers] == [Assessment, InvalidInput, Assessment, Assessment]
    assert answers[0] == answers[3]
    assert desk.scorer.scored == 2


async def test_a_token_of_a_revision_not_reached_or_of_another_ledger_is_refused(desk: Desk) -> None:
    ahead = Freshness(FreshnessMode.AT_LEAST, token=Token(desk.ledger.identity.ledger_id, 99))
    foreign = Freshness(FreshnessMode.AT_LEAST, token=Token("x", 0))

    with pytest.raises(RevisionNotReached, match="asks for revision 99; the ledger stands at 0"):
        await desk.assess(freshness=ahead)
    with pytest.raises(PreconditionFailed, match="another ledger"):
        await desk.assess(freshness=foreign)
    with pytest.raises(RevisionNotReached):
        await desk.assess(at_revision=7)
