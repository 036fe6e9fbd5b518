"""A service with the model of the package and its verdict memory, in the test's own process, called over the wire."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import grpc

from reputable.app import App, load_learning
from reputable.settings import load
from reputable.v1 import assessment_pb2, credibility_pb2, track_records_pb2
from reputable.v1.credibility_pb2_grpc import CredibilityServiceStub
from reputable.v1.track_records_pb2_grpc import TrackRecordServiceStub

IN_ONE_CALL = 50


class Client:
    """The public stubs of a service with the model of the package and its verdict memory."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.credibility = CredibilityServiceStub(channel)
        self.records = TrackRecordServiceStub(channel)

    async def record(self, verdicts: Iterable[track_records_pb2.Verdict], name: str) -> list[str]:
        """Record them all; their ids."""
        requests = [
            track_records_pb2.RecordVerdictRequest(verdict=verdict, request_id=f"{name}-{number}")
            for number, verdict in enumerate(verdicts)
        ]
        batch = track_records_pb2.BatchRecordVerdictsRequest(requests=requests)
        answer = await self.records.BatchRecordVerdicts(batch, timeout=60)
        return [result.response.verdict_id for result in answer.results]

    async def assess(self, requests: Sequence[credibility_pb2.AssessClaimRequest]) -> list[assessment_pb2.Assessment]:
        """Assess them in batches."""
        found: list[assessment_pb2.Assessment] = []
        for start in range(0, len(requests), IN_ONE_CALL):
            batch = credibility_pb2.BatchAssessClaimsRequest(requests=requests[start : start + IN_ONE_CALL])
            answer = await self.credibility.BatchAssessClaims(batch, timeout=30)
            found += [result.assessment for result in answer.results]
        return found

    async def establish(self, reviewer: str) -> None:
        """Grant the reviewer the standing ESTABLISHED."""
        request = track_records_pb2.SetReviewerStandingRequest(
            reviewer=reviewer,
            standing=track_records_pb2.REVIEWER_STANDING_ESTABLISHED,
            request_id=f"standing-{reviewer}",
        )
        await self.records.SetReviewerStanding(request, timeout=5)


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Client]:
    """A service with a ledger in `folder`, on free ports, without Redis."""
    settings, _ = load(
        {}, address="127.0.0.1:0", metrics_address="127.0.0.1:0", ledger_url=f"sqlite:///{folder / 'ledger.db'}",
        redis_url="off", grace_seconds=1.0, log_calls="none",
    )  # fmt: skip
    app = App(settings, load_learning(settings))
    try:
        await app.start()
        async with grpc.aio.insecure_channel(
            f"127.0.0.1:{app.port}", options=[("grpc.max_receive_message_length", -1)]
        ) as channel:
            yield Client(channel)
    finally:
        await app.stop()
