"""The key of a cached score: a digest of everything it was computed from."""

from reputable.application.ports import ScoreInput, Scorer
from reputable.domain.assessments import Explanation
from reputable.domain.digests import digest

SCHEMA = 1
"""Raised whenever equal inputs may give another score or another encoding of it."""


def content_key(scorer: Scorer, item: ScoreInput, explanation: Explanation, *, full: bool = False) -> bytes:
    """32 bytes; distinct inputs give distinct keys, so a stale score cannot be asked for.

    `full` says whether the full form is wanted, which reads the epoch's verdict memory.
    """
    record = item.record
    return digest(
        "score", SCHEMA, scorer.version, scorer.digest, item.epoch.digest(), record.day, record.source_id,
        record.kind.value, record.key, item.claim.form(), explanation.value, full,
    )  # fmt: skip
