"""Looks for stale assessments: readers that know what was acknowledged before they asked."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import grpc

from reputable.v1 import common_pb2
from reputable.v1.track_records_pb2 import RecordVerdictResponse
from tests.faults.messages import assess_request, at_least, bounded, establish, failure_of, verdict_request
from tests.faults.running import Service

STRONG = common_pb2.Freshness(mode=common_pb2.FRESHNESS_MODE_STRONG)
BOUND_MS = 200


@dataclass
class Acknowledged:
    """What a source's writers were told: how many verdicts, when (monotonic seconds), and the last token."""

    counts: list[tuple[float, int]] = field(default_factory=lambda: [(0.0, 0)])
    token: str = ""

    def count_at(self, moment: float) -> int:
        """Verdicts acknowledged at that moment."""
        return next((count for when, count in reversed(self.counts) if when <= moment), 0)


@dataclass
class Hunt:
    """Writers record one verdict after another on a few sources; readers assess one claim of each."""

    services: Sequence[Service]
    sources: int = 8
    reads: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("strong", "at_least", "bounded"), 0))
    stale: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("strong", "at_least", "bounded"), 0))
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Nothing is acknowledged yet."""
        self.acknowledged = [Acknowledged() for _ in range(self.sources)]
        self._lock = threading.Lock()
        establish(self.services[0])

    def write(self, count: int, pause: float = 0.0) -> None:
        """Record that many verdicts, in turn on every source and by every service."""
        for number in range(count):
            source = number % self.sources
            told = self.acknowledged[source]
            request = verdict_request(1_000 + number, f"Hunted {source}", truthfulness=float(number % 2))
            service = self.services[(number // self.sources) % len(self.services)]
            response = _until_acknowledged(lambda: service.records.RecordVerdict(request, timeout=6))  # noqa: B023
            told.token = response.freshness_token
            told.counts.append((time.monotonic(), told.counts[-1][1] + 1))
            time.sleep(pause)

    def read(self, done: Callable[[], bool], chooser: random.Random) -> None:
        """Assess until done, in every mode of freshness, by every service."""
        while not done():
            mode = chooser.choice(("strong", "strong", "at_least", "bounded"))
            source = chooser.randrange(self.sources)
            told = self.acknowledged[source]
            if not told.token:
                continue
            freshness = {"strong": STRONG, "at_least": at_least(told.token), "bounded": bounded(BOUND_MS)}[mode]
            least = told.count_at(time.monotonic() - (BOUND_MS / 1_000 if mode == "bounded" else 0.0))
            request = assess_request(source, f"Hunted {source}", freshness=freshness)
            try:
                answer = chooser.choice(self.services).credibility.AssessClaim(request, timeout=3).assessment
            except grpc.RpcError as error:
                with self._lock:
                    self.failed.append(f"{mode}: {failure_of(error).code.name} {failure_of(error).message}")
                continue
            with self._lock:
                self.reads[mode] += 1
                self.stale[mode] += answer.evidence_count < least

    def run(
        self, writes: int, reads: int, *, trouble: Callable[[threading.Event], None] | None = None,
        readers: int = 6, pause: float = 0.0, seconds: float = 600.0,
    ) -> None:  # fmt: skip
        """Write and read at the same time, with trouble, until both numbers are reached or the time is up."""
        written, ended = threading.Event(), threading.Event()
        until = time.monotonic() + seconds

        def done() -> bool:
            return time.monotonic() > until or (written.is_set() and sum(self.reads.values()) >= reads)

        def write() -> None:
            self.write(writes, pause)
            written.set()

        threads = [threading.Thread(target=write)]
        threads += [threading.Thread(target=self.read, args=(done, random.Random(i))) for i in range(readers)]
        if trouble is not None:
            threads.append(threading.Thread(target=trouble, args=(ended,)))
        for thread in threads[: readers + 1]:
            thread.start()
        for thread in threads[readers + 1 :]:
            thread.start()
        for thread in threads[: readers + 1]:
            thread.join()
        ended.set()
        for thread in threads[readers + 1 :]:
            thread.join()

    def report(self) -> str:
        """One line."""
        return f"{sum(self.reads.values())} reads {self.reads}, stale {self.stale}, failed {len(self.failed)}"


def _until_acknowledged(call: Callable[[], RecordVerdictResponse]) -> RecordVerdictResponse:
    for _ in range(50):
        try:
            return call()
        except grpc.RpcError:
            time.sleep(0.1)
    raise AssertionError("a verdict was not acknowledged in fifty attempts")
