"""A service whose Redis can be spoilt, and the right score of each claim."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from reputable.v1 import assessment_pb2
from tests.faults.messages import assess_request, check
from tests.faults.proxy import FaultProxy
from tests.faults.running import Redis, Service, wait_until

FROM_REDIS = assessment_pb2.SERVED_FROM_REDIS
COMPUTED = assessment_pb2.SERVED_FROM_COMPUTED
RECOVERY_SECONDS = 5.0
CLAIMS = range(40)


def figures(answer: assessment_pb2.Assessment) -> bytes:
    """What the score says, apart from when and whence."""
    only = assessment_pb2.Assessment(
        credibility=answer.credibility,
        interval=answer.interval,
        evidence_count=answer.evidence_count,
        reliability=answer.reliability,
        admiralty=answer.admiralty,
        basis=answer.basis,
    )
    return only.SerializeToString(deterministic=True)


@dataclass
class Cached:
    """A service whose Redis stands behind a fault proxy, and the right score of each claim."""

    service: Service
    redis: Redis
    proxy: FaultProxy
    right: dict[int, bytes]

    def assess(self, number: int) -> assessment_pb2.Assessment:
        """Assess one claim; its score must be the right one whatever Redis does."""
        answer = check(self.service.credibility.AssessClaim(assess_request(number), timeout=2).assessment)
        assert self.right.setdefault(number, figures(answer)) == figures(answer), "a wrong score"
        return answer

    def timed(self, numbers: Iterator[int] | range = CLAIMS) -> list[float]:
        """Assess claims one after another; seconds each."""
        seconds = []
        for number in numbers:
            started = time.monotonic()
            self.assess(number)
            seconds.append(time.monotonic() - started)
        return seconds

    def reachable(self) -> bool:
        """Whether the service says that it reaches Redis."""
        return self.service.metrics()["reputable_redis_up"] == 1

    def problems(self, kind: str) -> float:
        """How often something of that kind went wrong with Redis."""
        return self.service.metrics()[f'reputable_redis_problems_total{{kind="{kind}"}}']

    def fill(self) -> None:
        """Have Redis hold every claim's score."""

        def held() -> bool:
            return sum(self.assess(number).served_from == FROM_REDIS for number in CLAIMS) == len(CLAIMS)

        wait_until(held, RECOVERY_SECONDS, "Redis holds every score")

    def recovers(self) -> float:
        """Wait until Redis is used again; seconds."""
        seconds = wait_until(self.reachable, RECOVERY_SECONDS, "Redis is reached again")
        self.fill()
        return seconds
