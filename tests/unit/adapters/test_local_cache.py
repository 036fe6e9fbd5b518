"""The process's own cache keeps what was used last."""

from reputable.adapters.local_cache import LruCache
from tests.builders import score

SCORE = score()


def test_what_was_used_least_recently_goes_first() -> None:
    cache = LruCache(2)
    cache.put(b"a", SCORE)
    cache.put(b"b", SCORE)
    assert cache.get(b"a") is SCORE
    cache.put(b"c", SCORE)
    assert (cache.get(b"a"), cache.get(b"b"), cache.get(b"c")) == (SCORE, None, SCORE)
    assert len(cache) == 2


def test_a_cache_of_no_size_keeps_nothing() -> None:
    cache = LruCache(0)
    cache.put(b"a", SCORE)
    assert cache.get(b"a") is None
