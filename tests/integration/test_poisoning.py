"""Hostile newcomers move a known source little, and taking back what they recorded leaves no trace."""

from pathlib import Path

import pytest

from reputable.v1 import assessment_pb2, claim_pb2, credibility_pb2, track_records_pb2
from tests.learned_service import Client, served

CLAIM = claim_pb2.Claim(text="The new bridge cost the state 40 million dollars.", source_name="Ann Example")


async def assessed(client: Client) -> assessment_pb2.Assessment:
    [assessment] = await client.assess([credibility_pb2.AssessClaimRequest(claim=CLAIM)])
    return assessment


async def judge(client: Client, name: str, reviewers: list[str], truthfulness: list[float]) -> None:
    verdicts = [
        track_records_pb2.Verdict(
            claim=claim_pb2.Claim(text=f"Claim {number} of {name}.", source_name="Ann Example"),
            truthfulness=each,
            reviewer=reviewer,
        )
        for number, (reviewer, each) in enumerate(zip(reviewers, truthfulness, strict=True))
    ]
    await client.record(verdicts, name)


@pytest.mark.parametrize("reviewers", [["Troll"] * 200, [f"Troll {number}" for number in range(200)]])
async def test_200_hostile_verdicts_of_newcomers_move_reliability_by_a_twentieth_and_can_be_taken_back(
    tmp_path: Path, reviewers: list[str]
) -> None:
    async with served(tmp_path) as client:
        await client.establish("Desk")
        await judge(client, "desk", ["Desk"] * 100, [1.0] * 80 + [0.0] * 20)
        before = await assessed(client)
        await judge(client, "hostile", reviewers, [0.0] * 200)
        attacked = await assessed(client)
        assert attacked.record_digest != before.record_digest
        assert abs(attacked.reliability.value - before.reliability.value) <= 0.05
        for reviewer in dict.fromkeys(reviewers):
            request = track_records_pb2.RetractByReviewerRequest(
                reviewer=reviewer, reason="Hostile.", request_id=reviewer
            )
            await client.records.RetractByReviewer(request, timeout=5)
        after = await assessed(client)
        assert after.record_digest == before.record_digest
        assert (after.credibility, after.reliability) == (before.credibility, before.reliability)
