"""Deliberately naive variants of the service: a test that finds nothing wrong with them proves nothing."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import grpc


def maximum_concurrent_rpcs() -> None:
    """Let grpc refuse calls beyond a number of them."""
    original = grpc.aio.server

    def server(*args: Any, **kwargs: Any) -> grpc.aio.Server:  # noqa: ANN401 - passed on.
        return original(*args, **kwargs, maximum_concurrent_rpcs=100)

    grpc.aio.server = server


def endless_calls() -> None:
    """Not naive but slow: every call takes for ever, so that only a deadline ends it."""
    from reputable.application.assessing import Assessor
    from reputable.application.recording import Recorder

    async def endless(*_: Any) -> Any:  # noqa: ANN401 - never returns.
        await asyncio.sleep(3_600)

    Assessor.assess = endless  # type: ignore[method-assign]
    Recorder.record_verdict = endless  # type: ignore[method-assign]


def nan_scores() -> None:
    """Broken: the model's scores are not numbers."""
    from reputable.application.assessing import Assessor

    compute = Assessor._compute

    def computing(self: Assessor, jobs: Any) -> Any:  # noqa: ANN401 - passed on.
        return {key: replace(score, credibility=math.nan) for key, score in compute(self, jobs).items()}

    Assessor._compute = computing  # type: ignore[method-assign]


def no_mac() -> None:
    """Believe what Redis answers."""
    from reputable.adapters.score_codec import MAC_SIZE, Seal

    def believe(self: Seal, key: bytes, sealed: bytes) -> bytes:
        return sealed[MAC_SIZE:]

    Seal.open = believe  # type: ignore[assignment]


def patient_redis() -> None:
    """Give Redis the five seconds that redis-py gives it, and never stop asking."""
    from reputable.adapters import breaker, redis_cache, redis_connections

    redis_cache.BUDGET_SECONDS = redis_connections.BUDGET_SECONDS = 5.0
    breaker.FAILURES_TO_OPEN = 1 << 30


VARIANTS: dict[str, Callable[[], None]] = {
    variant.__name__: variant for variant in (maximum_concurrent_rpcs, endless_calls, nan_scores, no_mac, patient_redis)
}


def install(name: str) -> None:
    """Make the service naive in that way."""
    VARIANTS[name]()
