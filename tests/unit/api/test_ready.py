"""Answers that are ready are given again only while everything they rest on stands."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reputable.adapters.local_cache import LruCache
from reputable.adapters.names import LetterLore
from reputable.adapters.sqlite_ledger import SqliteLedger
from reputable.api.conversion.assessments import decode_query
from reputable.api.credibility import CredibilityServicer, Question
from reputable.application import writes
from reputable.application.assessing import Assessor
from reputable.application.ports import Receipt
from reputable.application.record_reading import RecordReader
from reputable.application.shared_rows import SharedRows
from reputable.domain.assessments import ServedFrom
from reputable.domain.epochs import PriorEpoch
from reputable.domain.sources import Source
from reputable.domain.times import DAY, SECOND, Micros
from reputable.domain.verdicts import Standing
from reputable.v1 import assessment_pb2, credibility_pb2
from tests.builders import NOON, OneModel, ShareScorer, verdict

COMPUTED = assessment_pb2.SERVED_FROM_COMPUTED
LOCAL = assessment_pb2.SERVED_FROM_LOCAL_CACHE


class Counting:
    """Counts assessments; a clock that moves only when told."""

    def __init__(self) -> None:
        self.at: Micros = NOON
        self.hits = self.looks = self.assessments = 0

    def now(self) -> Micros:
        return self.at

    def monotonic(self) -> float:
        return self.at / SECOND

    def looked_up(self, tier: ServedFrom, hits: int, misses: int) -> None:
        self.hits += hits

    def took(self, stage: str, seconds: float) -> None:
        self.looks += stage == "record"

    def assessed(self, credibility: float, tier: ServedFrom) -> None:
        self.assessments += 1


class Service:
    """A servicer on a real ledger, and another that has no answers ready."""

    def __init__(self, path: Path) -> None:
        self.clock = Counting()
        self.models = OneModel(ShareScorer())
        self.ledger = SqliteLedger(path / "ledger.db", self.clock)
        self.shared = SharedRows(self.ledger, LetterLore(), PriorEpoch(0, base_rate=0.5))
        self.reader = RecordReader(self.ledger, self.shared, self.clock)
        self.servicer = CredibilityServicer(self.assessor())
        self._writes = 0

    def assessor(self) -> Assessor:
        """A new one, with a local cache of its own."""
        return Assessor(
            clock=self.clock, shared=self.shared, reader=self.reader, models=self.models,
            local=LruCache(100), cache=None, observer=self.clock,
        )  # fmt: skip

    async def write(self, kind: str) -> None:
        self._writes += 1
        request_id = str(self._writes)
        if kind == "source":
            row = writes.source_write("local", request_id, Source("works", "Ministry of Works"), ("ministry of works",))
        elif kind == "standing":
            row = writes.standing_write("local", request_id, "Desk", Standing.ESTABLISHED)
        elif kind == "epoch":
            row = writes.epoch_write(PriorEpoch(1, start=NOON // DAY * DAY, base_rate=0.2))
        else:
            one = verdict(f"Claim {request_id}.", truthfulness=0.0, reviewed_at=self.clock.at - DAY)
            row = writes.verdict_write("local", request_id, writes.Chain("works"), one, one.reviewed_at)
        [receipt] = await self.ledger.append([row])
        assert isinstance(receipt, Receipt), receipt

    async def ask(self, **fields: object) -> assessment_pb2.Assessment:
        raw = await answered(self.servicer, question(**fields))
        return credibility_pb2.AssessClaimResponse.FromString(raw).assessment

    async def fresh(self) -> assessment_pb2.Assessment:
        """The answer of a servicer that has none ready."""
        servicer = CredibilityServicer(self.assessor())
        raw = await answered(servicer, question())
        return credibility_pb2.AssessClaimResponse.FromString(raw).assessment

    async def ask_twice_in_a_batch(self) -> list[assessment_pb2.Assessment]:
        batch = credibility_pb2.BatchAssessClaimsRequest(requests=[question()] * 2)
        raw = await self.servicer.BatchAssessClaims(batch, None)  # type: ignore[arg-type]
        return [r.assessment for r in credibility_pb2.BatchAssessClaimsResponse.FromString(raw).results]


async def answered(servicer: CredibilityServicer, request: credibility_pb2.AssessClaimRequest) -> bytes:
    """What the boundary would send: the answer that is ready, else a new one."""
    raw = request.SerializeToString()
    return servicer.ready(raw) or await servicer.AssessClaim(Question.parse(raw), None)  # type: ignore[arg-type]


def question(**fields: object) -> credibility_pb2.AssessClaimRequest:
    request = credibility_pb2.AssessClaimRequest(**fields)  # type: ignore[arg-type]
    request.claim.text = "The bridge was rebuilt within a year."
    request.claim.source_name = "Ministry of Works"
    return request


def content(assessment: assessment_pb2.Assessment) -> assessment_pb2.Assessment:
    """The answer without where it came from."""
    copy = assessment_pb2.Assessment()
    copy.CopyFrom(assessment)
    copy.served_from = COMPUTED
    return copy


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    service = Service(tmp_path)
    await service.reader.start()
    yield service
    await service.ledger.close()


async def test_the_third_answer_is_ready_and_is_counted_as_a_hit(service: Service) -> None:
    await service.write("source")
    answers = [await service.ask() for _ in range(2)]
    looks, hits = service.clock.looks, service.clock.hits
    service.clock.at += SECOND
    answers.append(await service.ask())
    assert [answer.served_from for answer in answers] == [COMPUTED, LOCAL, LOCAL]
    assert service.clock.looks == looks  # No record was looked at.
    assert (service.clock.hits, service.clock.assessments) == (hits + 1, 3)
    assert content(answers[2]) == content(await service.fresh())


@pytest.mark.parametrize("change", ["verdict", "standing", "epoch", "source", "another model", "midnight", "earlier"])
async def test_an_answer_is_not_ready_once_anything_it_rests_on_has_changed(service: Service, change: str) -> None:
    if change != "source":
        await service.write("source")
    if change == "standing":
        await service.write("verdict")
    before = [await service.ask() for _ in range(3)][-1]
    looks = service.clock.looks
    if change == "another model":
        service.models.active = ShareScorer("share-2")
    elif change == "midnight":
        service.clock.at += DAY
    elif change == "earlier":
        service.clock.at -= SECOND
    else:
        await service.write(change)
    after = await service.ask()
    assert service.clock.looks == looks + 1
    assert content(after) == content(await service.fresh())
    assert content(after) != content(before)


@pytest.mark.parametrize("fields", [{"at_revision": 1}, {"prior_epoch": 0}, {"model_version": "share-1"}])
async def test_a_question_that_is_not_of_now_is_never_ready(service: Service, fields: dict[str, object]) -> None:
    await service.write("source")
    for _ in range(3):
        looks = service.clock.looks
        await service.ask(**fields)
        assert service.clock.looks == looks + 1


async def test_the_same_question_has_its_own_default_in_a_batch(service: Service) -> None:
    await service.write("source")
    for _ in range(3):
        alone, pair = await service.ask(), await service.ask_twice_in_a_batch()
        assert [len(item.factors) for item in (alone, *pair)] == [1, 0, 0]
    assert [item.served_from for item in pair] == [LOCAL, LOCAL]
    assert content(pair[0]) == content(pair[1])


async def test_an_answer_from_before_a_standing_changed_rests_on_nothing_even_when_the_record_was_read_again(
    service: Service,
) -> None:
    """A batch gives up the event loop between its scores and its answers."""
    await service.write("source")
    await service.write("verdict")
    assessor = service.assessor()
    query = decode_query(question())
    await assessor.assess(query)
    before = await assessor.assess(query)
    assert assessor.grounds(query, before) is not None
    await service.write("standing")
    await assessor.assess(query)
    assert assessor.grounds(query, before) is None
