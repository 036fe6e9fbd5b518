"""The service as one would first write it: no caches, no folding, one row at a time through scikit-learn.

The same messages, the same ledger, the same features and fitted estimators, on grpc.aio.
Usage: python -m benchmarks.load.naive_server LEDGER PORT
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from benchmarks.load import messages
from reputable.adapters.clock import SystemClock
from reputable.adapters.sqlite_ledger import SqliteReader
from reputable.domain.epochs import PriorEpoch
from reputable.domain.records import TrackRecord, summarise
from reputable.domain.verdicts import Standing
from reputable.learning import artifact, estimators
from reputable.learning.epochs import EpochComputer
from reputable.learning.features import record_features
from reputable.v1 import credibility_pb2 as pb


class Naive:
    """Reads the ledger and asks scikit-learn for every call."""

    def __init__(self, ledger: Path) -> None:
        folder = artifact.MODELS_FOLDER / artifact.DEFAULT_VERSION
        self._fitted: dict[str, Any] = estimators.from_bytes(artifact.estimators(folder))
        self._epoch: PriorEpoch = EpochComputer().genesis(artifact.load(folder))
        self._ledger = SqliteReader(ledger)
        self._clock = SystemClock()

    async def assess(self, request: pb.AssessClaimRequest, _context: object) -> pb.AssessClaimResponse:
        """Assess one claim."""
        record = await self._record(request.claim.source_id)
        response = messages.answer()
        response.assessment.credibility = self._credibility(request.claim.text, request.claim.context, record)
        return response

    async def _record(self, source_id: str) -> TrackRecord:
        _, found = await self._ledger.findings([source_id])
        changes = await self._ledger.standing_changes(0)
        standings: dict[str, Standing] = {change.reviewer: change.standing for change in changes}
        return summarise(
            found[source_id].findings, standings, as_of=self._clock.now(), ledger_key=self._ledger.identity.record_key
        )

    def _credibility(self, text: str, context: str, record: TrackRecord) -> float:
        fitted = self._fitted
        words = fitted["words"].transform([text])
        credible = fitted["credible"].decision_function(words)[0]
        truth = fitted["truth"].predict(words)[0] - fitted["truth"].intercept_
        said = fitted["context"].decision_function(fitted["context_words"].transform([context]))[0]
        row = np.array([[*record_features(record, self._epoch), credible, truth, said]])
        return float(fitted["stages"]["light"].predict_proba(row)[0, 1])


async def _serve(ledger: str, port: str) -> None:
    server = grpc.aio.server()
    method = grpc.unary_unary_rpc_method_handler(
        Naive(Path(ledger)).assess,
        request_deserializer=pb.AssessClaimRequest.FromString,
        response_serializer=pb.AssessClaimResponse.SerializeToString,
    )
    _, service, name = messages.METHOD.split("/")
    server.add_registered_method_handlers(service, {name: method})
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
