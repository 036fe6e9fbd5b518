"""The key of a cached score: a digest of everything it was computed from."""

from functools import lru_cache
from hashlib import blake2b

from reputable.application.ports import ScoreInput, Scorer
from reputable.domain.assessments import Explanation
from reputable.domain.digests import DIGEST_SIZE, encode_parts
from reputable.domain.times import Day

SCHEMA = 2
"""Raised whenever equal inputs may give another score or another encoding of it."""


def content_key(scorer: Scorer, item: ScoreInput, explanation: Explanation, *, full: bool = False) -> bytes:
    """32 bytes; distinct inputs give distinct keys, so a stale score cannot be asked for.

    `full` says whether the full form is wanted, which reads the epoch's verdict memory.
    """
    record = item.record
    encoded = (
        _scorer_part(scorer.version, scorer.digest, item.epoch.digest(), explanation.value, full)
        + _record_part(record.day, record.source_id, record.kind.value, record.key)
        + item.claim.encoded()
    )
    return blake2b(encoded, digest_size=DIGEST_SIZE).digest()


@lru_cache(maxsize=64)
def _scorer_part(version: str, digest: bytes, epoch_digest: bytes, explanation: str, full: bool) -> bytes:  # noqa: FBT001 - private.
    return encode_parts(("score", SCHEMA, version, digest, epoch_digest, explanation, full))


@lru_cache(maxsize=8_192)
def _record_part(day: Day, source_id: str, kind: str, key: bytes) -> bytes:
    return encode_parts((day, source_id, kind, key))
