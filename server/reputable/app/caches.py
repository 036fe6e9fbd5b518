"""Opens the shared cache that the settings name."""

from typing import TYPE_CHECKING

import structlog

from reputable.app.resources import Resources
from reputable.metrics import Metrics
from reputable.settings import Settings

if TYPE_CHECKING:
    from reputable.adapters.redis_cache import RedisCache

_LOG = structlog.get_logger("reputable")


async def open_redis(settings: Settings, secret: bytes, metrics: Metrics, resources: Resources) -> "RedisCache | None":
    """The cache, whether it answers or not; None where none is wanted or an embedded one is not to be had."""
    url = await _embedded(settings, resources) if settings.redis_url == "embedded" else settings.redis_url
    if url in {"", "off"}:
        return None
    from reputable.adapters.redis_cache import RedisCache

    cache = RedisCache(url, secret, metrics, expiry_seconds=settings.redis_expiry_seconds)
    resources.closed_by(cache.close)
    await cache.start()
    metrics.gauge("reputable_redis_up", lambda: float(cache.reachable))
    return cache


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
