"""Opens the shared caches that the settings name."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from reputable.app.resources import Resources
from reputable.metrics import Metrics
from reputable.settings import Settings

if TYPE_CHECKING:
    from reputable.adapters.redis_cache import RedisCache, RedisVectors

_LOG = structlog.get_logger("reputable")


@dataclass(frozen=True, slots=True)
class SharedCaches:
    """What lies in Redis, whether it answers or not; None where none is wanted or to be had."""

    scores: "RedisCache | None" = None
    vectors: "RedisVectors | None" = None


async def open_redis(settings: Settings, secret: bytes, metrics: Metrics, resources: Resources) -> SharedCaches:
    """The caches in the Redis that is set, or in an embedded one."""
    url = await _embedded(settings, resources) if settings.redis_url == "embedded" else settings.redis_url
    if url in {"", "off"}:
        return SharedCaches()
    from reputable.adapters.redis_cache import RedisCache, RedisVectors

    scores = RedisCache(url, secret, metrics, expiry_seconds=settings.redis_expiry_seconds)
    resources.closed_by(scores.close)
    await scores.start()
    metrics.gauge("reputable_redis_up", lambda: float(scores.reachable))
    if settings.verdict_memory == "off":
        return SharedCaches(scores)
    vectors = RedisVectors(url, secret, metrics)
    resources.closed_by(vectors.close)
    await vectors.start()
    return SharedCaches(scores, vectors)


async def _embedded(settings: Settings, resources: Resources) -> str:
    """The URL of an embedded server just started; empty when there is none for this platform."""
    from reputable.adapters.embedded_redis import EmbeddedRedis, EmbeddedRedisError

    try:
        embedded = EmbeddedRedis(settings.redis_memory_mb)
        resources.closed_by(embedded.stop)
        await embedded.start()
    except (EmbeddedRedisError, OSError) as error:
        _LOG.warning("no_embedded_redis", message=str(error))
        return ""
    return embedded.url
