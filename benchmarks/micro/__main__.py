"""Times each stage of a call by itself, in CPU time, the best of many: `python -m benchmarks.micro`.

A stage alone runs with warm processor caches; within a call it costs up to half as much again.
"""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from benchmarks.load import ledgers, messages
from reputable.adapters.clock import SystemClock
from reputable.adapters.local_cache import LruCache
from reputable.adapters.names import LetterLore
from reputable.adapters.observing import MetricsObserver
from reputable.adapters.score_codec import decode, encode
from reputable.adapters.sqlite_ledger import SqliteLedger
from reputable.api.call_log import CallLog
from reputable.api.conversion import wire
from reputable.api.conversion.assessments import decode_query
from reputable.api.credibility import CredibilityServicer, Question
from reputable.api.interceptors import Boundary, BoundMethod, Deadlines
from reputable.app import load_learning
from reputable.application.assessing import Assessor
from reputable.application.content_key import content_key
from reputable.application.ports import ScoreInput
from reputable.application.readings import Wanted
from reputable.application.record_reading import RecordReader
from reputable.application.shared_rows import SharedRows
from reputable.domain.assessments import Explanation, ServedFrom
from reputable.metrics import Metrics
from reputable.settings import load
from reputable.v1 import credibility_pb2 as pb

SOURCES = 20
VERDICTS = 10
ROUNDS = 40
SECONDS = 0.004
"""How long one round lasts: shorter than the time that the system gives a process at once."""


def best(call: Callable[[], object]) -> float:
    """Microseconds of CPU that a call takes, in the best round."""
    call()
    started = time.process_time()
    call()
    count = max(1, int(SECONDS / max(time.process_time() - started, 1e-7)))
    found = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(count):
            call()
        found.append((time.process_time() - started) / count)
    return min(found) * 1e6


def finish(call: Coroutine[Any, Any, object]) -> object:
    """The result of a coroutine that never waits."""
    try:
        call.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("the call waits for something")


class Bench:
    """The parts of a service on a small ledger, without a transport."""

    def __init__(self, ledger: SqliteLedger) -> None:
        clock, learning, metrics = SystemClock(), load_learning(load({})[0]), Metrics()
        self.models = learning.models
        self.shared = SharedRows(ledger, LetterLore(), learning.priors.genesis(self.models.active))
        self.reader = RecordReader(ledger, self.shared, clock)
        self.metrics = metrics
        self.observer = MetricsObserver(metrics)
        parts = {"clock": clock, "shared": self.shared, "reader": self.reader, "models": self.models}
        self.cached, self.plain = (
            Assessor(**parts, local=local, cache=None, observer=self.observer)  # type: ignore[arg-type]
            for local in (LruCache(1_000), None)
        )

    def method(self, assessor: Assessor) -> BoundMethod:
        """AssessClaim as it is registered."""
        servicer = CredibilityServicer(assessor)
        return BoundMethod(
            Boundary(self.metrics, Deadlines(self.metrics), CallLog("none")),
            name=("reputable.v1.CredibilityService", "AssessClaim"),
            parse=Question.parse,
            behaviour=servicer.AssessClaim,
            ready=servicer.ready,
            max_bytes=65_536,
            max_seconds=2.0,
        )


async def measure(ledger: SqliteLedger) -> dict[str, float]:
    """Microseconds by stage."""
    bench = Bench(ledger)
    await bench.reader.start()
    request = messages.requests(1, SOURCES)[0]
    raw, query = request.SerializeToString(), decode_query(request)
    hit, computed = bench.method(bench.cached), bench.method(bench.plain)
    for _ in range(3):
        await hit.serve(raw, None)  # type: ignore[arg-type]
        await computed.serve(raw, None)  # type: ignore[arg-type]
    now = SystemClock().now()
    claim = query.claim.checked(now)
    wanted = Wanted(claim.source)
    reading = bench.reader.held(wanted, now)
    assert reading is not None  # noqa: S101 - it was read just now.
    scorer = bench.models.active
    item = ScoreInput(claim, reading.record, bench.shared.latest_epoch)
    score = scorer.score(item, Explanation.NONE)
    assessment = await bench.plain.assess(query)
    sealed = encode(score)
    meter = bench.metrics.meter("micro", "micro")

    def counted() -> None:
        meter.finish("OK", 0.001)
        bench.observer.looked_up(ServedFrom.LOCAL_CACHE, 1, 0)
        bench.observer.took("record", 0.001)
        bench.observer.assessed(0.5, ServedFrom.LOCAL_CACHE)

    stages: dict[str, Callable[[], object]] = {
        "decode and encode protobuf, as an echo does": lambda: pb.AssessClaimRequest.FromString(
            raw
        ).SerializeToString(),
        "a local hit behind the boundary, in all": lambda: finish(hit.serve(raw, None)),  # type: ignore[arg-type]
        "a computed answer behind the boundary, in all": lambda: finish(computed.serve(raw, None)),  # type: ignore[arg-type]
        "- message to query": lambda: decode_query(request),
        "- canonical form of the claim": lambda: query.claim.checked(1 << 60),
        "- source and record": lambda: bench.reader.held(wanted, now),
        "- content key": lambda: content_key(scorer, item, Explanation.NONE),
        "- model, explanation NONE": lambda: scorer.score(item, Explanation.NONE),
        "- assessment to bytes": lambda: wire.encode_fixed(assessment) + wire.encode_moment_of(assessment),
        "metrics of one call": counted,
        "model, explanation SUMMARY": lambda: scorer.score(item, Explanation.SUMMARY),
        "score to and from its form in Redis": lambda: decode(encode(score)),
        "score from its form in Redis": lambda: decode(sealed),
    }
    return {name: best(call) for name, call in stages.items()}


async def _run(path: Path) -> dict[str, float]:
    ledger = SqliteLedger(path, SystemClock())
    try:
        return await measure(ledger)
    finally:
        await ledger.close()


def main() -> None:
    """Print the table."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    folder = Path(tempfile.mkdtemp(prefix="reputable-micro-"))
    try:
        ledger = ledgers.make(folder / "ledger.db", [VERDICTS] * SOURCES)
        for name, microseconds in asyncio.run(_run(ledger)).items():
            print(f"{microseconds:8.2f} us  {name}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
