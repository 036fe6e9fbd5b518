"""A thousand assessments made with a verdict memory come out again bit for bit, whatever was recorded since."""

import asyncio
import random
from pathlib import Path

import pytest

from reputable.adapters.clock import SystemClock
from reputable.app import service as app_service
from reputable.domain.times import DAY, Micros
from reputable.v1 import assessment_pb2, claim_pb2, credibility_pb2, track_records_pb2
from tests.learned_service import Client, served

CLAIMS = 1_000
VERDICTS = 260
SOURCES = [f"Speaker {number}" for number in range(40)]
SUBJECTS = ("taxes", "bridges", "schools", "hospitals", "wages", "crime", "harbours", "forests")
DEEDS = ("rose", "fell", "doubled", "were closed", "were sold", "cost the state millions")
PLACES = ("Ohio", "Texas", "the capital", "three counties", "every town", "the north")


class Calendar(SystemClock):
    """The machine's clock, days ahead."""

    days = 0

    def now(self) -> Micros:
        """Wall-clock time of that day."""
        return super().now() + self.days * DAY


def a_claim(rng: random.Random) -> claim_pb2.Claim:
    text = f"{rng.choice(SUBJECTS).title()} in {rng.choice(PLACES)} {rng.choice(DEEDS)} {rng.randrange(1_000)} times."
    return claim_pb2.Claim(text=text, source_name=rng.choice(SOURCES), context=rng.choice(("", "a speech")))


def verdicts(rng: random.Random, count: int, reviewed_at: Micros, reviewer: str) -> list[track_records_pb2.Verdict]:
    """Of the hour before `reviewed_at`."""
    found = []
    for number in range(count):
        verdict = track_records_pb2.Verdict(claim=a_claim(rng), truthfulness=rng.random(), reviewer=reviewer)
        verdict.review_time.FromMicroseconds(reviewed_at - (number + 1) * 1_000_000)
        found.append(verdict)
    return found


def without_the_moment(assessment: assessment_pb2.Assessment) -> bytes:
    """The bytes of all but when, from where and for how long it was answered."""
    copy = assessment_pb2.Assessment()
    copy.CopyFrom(assessment)
    for field in ("assess_time", "served_from", "expire_time"):
        copy.ClearField(field)
    return copy.SerializeToString(deterministic=True)


async def remembered(client: Client, claims: list[claim_pb2.Claim], epoch: int) -> list[assessment_pb2.Assessment]:
    """The claims' assessments once that epoch and its memory are there."""
    async with asyncio.timeout(60.0):
        while True:
            [first] = await client.assess([credibility_pb2.AssessClaimRequest(claim=claims[0])])
            if first.prior_epoch == epoch and not first.degraded:
                break
            await asyncio.sleep(0.05)
    return await client.assess(
        [
            credibility_pb2.AssessClaimRequest(claim=claim, explanation=credibility_pb2.EXPLANATION_FULL)
            for claim in claims
        ]
    )


def replayed(first: assessment_pb2.Assessment, claim: claim_pb2.Claim) -> credibility_pb2.AssessClaimRequest:
    return credibility_pb2.AssessClaimRequest(
        claim=claim,
        explanation=credibility_pb2.EXPLANATION_FULL,
        as_of_time=first.as_of_time,
        at_revision=first.at_revision,
        model_version=first.model_version,
        prior_epoch=first.prior_epoch,
    )


async def test_1000_assessments_with_memory_survive_a_late_import_retractions_and_a_new_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_service, "SystemClock", Calendar)
    rng = random.Random(4)
    today = Calendar().now()
    claims = [a_claim(rng) for _ in range(CLAIMS)]
    async with served(tmp_path) as client:
        await client.establish("Desk")
        ids = await client.record(verdicts(rng, VERDICTS, today, "Desk"), "first")
    monkeypatch.setattr(Calendar, "days", 1)
    async with served(tmp_path) as client:
        before = await remembered(client, claims, 2)
        assert all("similar_verdicts" in {factor.name for factor in each.factors} for each in before)
        await client.establish("Late Desk")
        await client.record(verdicts(rng, VERDICTS, today, "Late Desk"), "late")
        await asyncio.gather(*[
            client.records.RetractVerdict(
                track_records_pb2.RetractVerdictRequest(verdict_id=each, reason="Mistaken.", request_id=each), timeout=5
            )
            for each in ids[::3]
        ])  # fmt: skip
    monkeypatch.setattr(Calendar, "days", 2)
    async with served(tmp_path) as client:
        now = await remembered(client, claims, 3)
        again = await client.assess([replayed(first, claim) for first, claim in zip(before, claims, strict=True)])
    assert ({each.prior_epoch for each in before}, {each.prior_epoch for each in now}) == ({2}, {3})
    assert sum(a.credibility != b.credibility for a, b in zip(now, before, strict=True)) > CLAIMS // 2
    assert [without_the_moment(each) for each in again] == [without_the_moment(each) for each in before]
