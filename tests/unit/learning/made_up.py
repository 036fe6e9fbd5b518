"""Made-up verdicts whose topics differ in how truthful they are, and an encoder that knows words only."""

import hashlib
import random
from collections.abc import Sequence

import numpy as np

from reputable.application.ports import HistoricalVerdict
from reputable.domain.claims import Claim
from reputable.domain.sources import SourceReference
from reputable.domain.times import DAY, Micros
from reputable.domain.verdicts import Verdict
from reputable.learning.vectors import DIMENSIONS

TODAY = 18_000
TOPICS = {
    "bridge": ("bridge river steel builder crossing", 0.9),
    "cure": ("cure doctor secret miracle remedy", 0.1),
    "tax": ("tax budget family percent income", 0.5),
}


class WordEncoder:
    """An Embedder: the normalised sum of one fixed random vector for each word."""

    name = "words"

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One vector a text."""
        return [_vector(text) for text in texts]


def _vector(text: str) -> bytes:
    total = np.zeros(DIMENSIONS)
    for word in text.lower().split():
        seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
        total += np.random.default_rng(seed).standard_normal(DIMENSIONS)
    return np.asarray(total / np.linalg.norm(total), dtype="<f4").tobytes()


def text_on(topic: str, rng: random.Random) -> str:
    """A few words on a topic and a few on nothing."""
    words = TOPICS[topic][0].split()
    return " ".join(rng.choices(words, k=5) + [f"word{rng.randrange(50)}" for _ in range(2)])


def row(
    revision: int,
    text: str,
    truthfulness: float | None,
    reviewed_at: Micros,
    *,
    source_id: str = "someone",
    reviewer: str = "Desk",
) -> HistoricalVerdict:
    """One verdict of a ledger; the claim was made a day before its review."""
    claim = Claim(text, SourceReference(id=source_id), claimed_at=reviewed_at - DAY)
    return HistoricalVerdict(revision, source_id, Verdict(claim, truthfulness, reviewer, reviewed_at))


def history(count: int, *, until: int = TODAY, per_day: int = 4) -> list[HistoricalVerdict]:
    """`count` verdicts of ESTABLISHED reviewers, the last of them on the day before `until`."""
    rng = random.Random(11)
    rows = []
    for number in range(count):
        topic = rng.choice(list(TOPICS))
        day = until - 1 - (count - 1 - number) // per_day
        truth = min(1.0, max(0.0, rng.gauss(TOPICS[topic][1], 0.15)))
        rows.append(row(number + 1, text_on(topic, rng), truth, day * DAY + 1 + number % per_day,
                        source_id=f"source-{rng.randrange(20)}"))  # fmt: skip
    return rows


def vectors_of(rows: Sequence[HistoricalVerdict], *more: str) -> dict[str, bytes]:
    """The vectors of the rows' claims, and of more texts."""
    texts = list(dict.fromkeys([*(each.verdict.claim.text for each in rows), *more]))
    return dict(zip(texts, WordEncoder().embed(texts), strict=True))
