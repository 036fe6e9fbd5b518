"""What was found about similar claims, whoever made them: kernel-weighted earlier verdicts.

A claim's reading is sum(w r) / (sum(w) + 1) over the verdicts remembered (Nadaraya 1964, Watson
1964, shrunken), where r is a verdict's truthfulness less what is usual (the mean over named sources
in the year before the epoch), and w = standing * exp(SHARPNESS * (S - 1/2)) * 2^(-age / HALF_LIFE).
S is the cosine of the two claims' vectors as seen from the middle of what is remembered.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from reputable.application.acknowledging import verdict_id
from reputable.application.ports import Embedder, HistoricalVerdict, MemoryReading, VerdictMemory
from reputable.domain.assessments import SimilarVerdict
from reputable.domain.digests import Part, digest
from reputable.domain.epochs import PriorEpoch
from reputable.domain.times import Day, day_of
from reputable.domain.verdicts import Standing
from reputable.learning.history import standing_weights
from reputable.learning.recalibration import LATEST
from reputable.learning.vectors import SentenceEncoder, Vectors, stacked

REMEMBERED = 6_000
"""Verdicts of ESTABLISHED reviewers that a memory holds at the most, the latest ones."""
NEW_REMEMBERED = 600
"""Verdicts of NEW reviewers beside them: a flood of these pushes out nothing."""
LEAST = 200
"""Verdicts that a memory holds at the least."""
SHARPNESS = 14.0
HALF_LIFE = 350.0
"""Days."""
NEAREST = 3
"""Verdicts that a reading names."""
NEAR = 0.5
"""The least cosine of a verdict that is named."""
KEPT = REMEMBERED + LATEST + 500
"""Verdicts whose vectors an epoch needs: what is remembered now, and was when the latest claims were made."""
USUAL = "recent_truthfulness"
"""The name under which an epoch keeps what is usual: the trailing year's mean truthfulness of named sources."""
_RULE = "kernel mean 3"
_TINY = 1e-9

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]


class Memory:
    """The VerdictMemory port: rows in order of review; their unit vectors (n, d) and truthfulness (n,).

    `weights` (n,) are those of the reviewers' standing, `ages` (n,) in days; `usual` in [0, 1].
    """

    def __init__(
        self,
        rows: Sequence[HistoricalVerdict],
        vectors: Vectors,
        truth: Floats,
        weights: Floats,
        ages: Integers,
        usual: float,
    ) -> None:
        self._rows = rows
        self._vectors = vectors
        self._truth = truth
        self._usual = usual
        self._weights = weights
        self._ages = ages
        self._middle = np.full(len(rows), 1.0 / len(rows), dtype=np.float32).dot(vectors)
        self._square = self._middle.dot(self._middle)
        to_middle = vectors.dot(self._middle)
        lengths = np.sqrt(np.maximum(1.0 - 2.0 * to_middle + self._square, _TINY))
        self._slopes = (SHARPNESS / lengths).astype(np.float32)
        self._offsets = ((self._square - to_middle) * self._slopes).astype(np.float32)
        self._starts = (np.log(weights) - ages * (log(2.0) / HALF_LIFE) - 0.5 * SHARPNESS).astype(np.float32)
        self._summed = np.column_stack([truth - usual, np.ones(len(rows))]).astype(np.float32)
        self._digest = b""

    @property
    def digest(self) -> bytes:
        """Of all that a reading depends on but the encoder's arithmetic; 32 bytes."""
        if not self._digest:
            parts: list[Part] = [self._usual]
            facts = zip(self._rows, self._truth.tolist(), self._weights.tolist(), self._ages.tolist(), strict=True)
            for row, truth, weight, age in facts:
                parts += (row.revision, row.source_id, row.verdict.claim.text, truth, weight, age)
            self._digest = digest("memory", _RULE, SentenceEncoder().name, *parts)
        return self._digest

    def value(self, vector: bytes) -> float:
        """The reading of a claim, in truthfulness, -1 to 1."""
        found = np.frombuffer(vector, dtype="<f4")
        return self._value(found, self._vectors.dot(found))

    def read(self, vector: bytes) -> MemoryReading:
        """The reading with the verdicts nearest to the claim, nearest first."""
        found = np.frombuffer(vector, dtype="<f4")
        cosines = self._vectors.dot(found)
        near = np.flatnonzero(cosines >= NEAR)
        order = sorted(zip((-cosines[near]).tolist(), (-near).tolist(), strict=True))[:NEAREST]
        nearest = tuple(_similar(self._rows[-index], -cosine) for cosine, index in order)
        return MemoryReading(self._value(found, cosines), nearest)

    def _value(self, vector: Vectors, cosines: Vectors) -> float:
        """The exponents are SHARPNESS (S - 1/2) + log(standing) - age log(2) / HALF_LIFE, what is the rows' folded."""
        to_middle = vector.dot(self._middle)
        length = np.sqrt(max(1.0 - 2.0 * to_middle + self._square, _TINY))
        exponents = (cosines - to_middle) * self._slopes
        exponents += self._offsets
        exponents *= np.float32(1.0 / length)
        exponents += self._starts
        total, weight = np.exp(exponents, out=exponents).dot(self._summed).tolist()
        return float(total / (weight + 1.0))


def _similar(row: HistoricalVerdict, cosine: float) -> SimilarVerdict:
    verdict = row.verdict
    return SimilarVerdict(
        verdict_id=verdict_id(row.revision),
        claim_text=verdict.claim.text,
        source_id=row.source_id,
        truthfulness=verdict.truthfulness or 0.0,
        reviewed_at=verdict.reviewed_at,
        reviewer=verdict.reviewer,
        url=verdict.url,
        similarity=min(1.0, max(-1.0, cosine)),
    )


@dataclass(frozen=True, slots=True)
class Archive:
    """Proven verdicts in order of review; gives the memory of any day.

    `vectors` (n, d); truthfulness as `truth`, what the reviewer's standing weighs as `weights`, days
    of review as `days`, all (n,).
    """

    rows: Sequence[HistoricalVerdict]
    vectors: Vectors
    truth: Floats
    weights: Floats
    days: Integers

    def memory(self, day: Day, usual: float) -> Memory | None:
        """What is remembered on a day, of verdicts reviewed before it; None where it is less than LEAST.

        `usual` is the day's mean truthfulness.
        """
        chosen = latest(self.weights[: np.searchsorted(self.days, day)], REMEMBERED)
        if len(chosen) < LEAST:
            return None
        first, end = int(chosen[0]), int(chosen[-1]) + 1
        gapless = end - first == len(chosen)  # Then views do, and nothing is copied.
        span = slice(first, end) if gapless else chosen
        rows = self.rows[first:end] if gapless else [self.rows[index] for index in chosen.tolist()]
        ages = day - self.days[span]
        return Memory(rows, self.vectors[span], self.truth[span], self.weights[span], ages, usual)


def in_order(history: Iterable[HistoricalVerdict]) -> list[HistoricalVerdict]:
    """The verdicts in order of review, then of revision."""
    return sorted(history, key=lambda row: (row.verdict.reviewed_at, row.revision))


def proven(rows: Iterable[HistoricalVerdict]) -> list[HistoricalVerdict]:
    """Those of the rows that say how truthful the claim was."""
    return [row for row in rows if row.verdict.truthfulness is not None]


def archive_of(
    rows: Sequence[HistoricalVerdict],
    vectors: Mapping[str, bytes],
    standings: Mapping[str, Standing] | None = None,
    *,
    first: int | None = None,
) -> Archive:
    """The archive of proven rows in order of review: of the `latest` of them, or of those from `first` on.

    `vectors` by text; without `standings` all reviewers are ESTABLISHED.
    """
    weights = _weights(rows, standings)
    truth = np.array([row.verdict.truthfulness for row in rows], dtype=float)
    days = np.array([day_of(row.verdict.reviewed_at) for row in rows], dtype=np.intp)
    chosen = latest(weights, KEPT) if first is None else np.arange(first, len(rows))
    kept = [rows[index] for index in chosen.tolist()]
    return Archive(
        rows=kept,
        vectors=stacked([vectors[row.verdict.claim.text] for row in kept]),
        truth=truth[chosen],
        weights=weights[chosen],
        days=days[chosen],
    )


def _weights(rows: Sequence[HistoricalVerdict], standings: Mapping[str, Standing] | None) -> Floats:
    pairs = [(row.source_id, row.verdict.reviewer) for row in rows]
    if standings is None:
        standings = {reviewer: Standing.ESTABLISHED for _, reviewer in pairs}
    return standing_weights(pairs, standings)


def latest(weights: Floats, most: int) -> Integers:
    """The positions of the last `most` rows of ESTABLISHED reviewers and the last NEW_REMEMBERED of NEW ones."""
    full = weights >= 1.0
    return np.sort(np.concatenate([np.flatnonzero(full)[-most:], np.flatnonzero(~full)[-NEW_REMEMBERED:]]))


class VerdictMemories:
    """The MemoryBuilder port."""

    def __init__(self) -> None:
        self._encoder = SentenceEncoder()

    @property
    def embedder(self) -> Embedder:
        """The sentence encoder; loaded when first used."""
        return self._encoder

    def texts(self, history: Sequence[HistoricalVerdict], standings: Mapping[str, Standing]) -> list[str]:
        """The texts of the latest proven verdicts; none where a memory would hold too few."""
        rows = proven(in_order(history))
        chosen = latest(_weights(rows, standings), KEPT).tolist()
        return list(dict.fromkeys(rows[index].verdict.claim.text for index in chosen)) if len(chosen) >= LEAST else []

    def build(
        self,
        epoch: PriorEpoch,
        history: Sequence[HistoricalVerdict],
        standings: Mapping[str, Standing],
        vectors: Mapping[str, bytes],
    ) -> VerdictMemory:
        """The memory of an epoch; ValueError for too short a history."""
        rows = proven(in_order(history))
        usual = epoch.extra.get(USUAL, 0.5)  # An epoch of no model does not say.
        memory = archive_of(rows, vectors, standings).memory(day_of(epoch.start), usual)
        if memory is None:
            raise ValueError(f"a memory holds {LEAST} verdicts or more; there are {len(rows)}")
        return memory
