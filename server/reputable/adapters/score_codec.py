"""Scores as bytes: compact, versioned, doubles exact to the last bit, and vouched for by a MAC."""

import hashlib
import math
from struct import Struct, error

from reputable.domain.admiralty import AdmiraltyPair
from reputable.domain.assessments import (
    Basis,
    Counterfactual,
    Factor,
    Interval,
    Reliability,
    Score,
    SimilarVerdict,
)

VERSION = 1
MAC_SIZE = 16

_HEAD = Struct("<BBBBBH7dq")  # Version, letter, digit, basis, has a counterfactual, factors, figures, evidence.
_PAIR = Struct("<dd")
_FACTOR = Struct("<dHHH")  # Contribution, lengths of name and sentence, similar verdicts.
_SIMILAR = Struct("<ddqHIHHH")  # Truthfulness, similarity, time of review, lengths of the five texts.
_BASES = tuple(Basis)
_BASIS_NUMBERS = {basis: number for number, basis in enumerate(_BASES)}


def encode(score: Score) -> bytes:
    """The bytes of a score. Raises ValueError when a figure is not finite or a text is too long."""
    reliability = score.reliability
    figures = (
        score.credibility, score.interval.lower, score.interval.upper,
        reliability.value, reliability.interval.lower, reliability.interval.upper, reliability.effective_count,
    )  # fmt: skip
    if not all(map(math.isfinite, figures)):
        raise ValueError("a score with a figure that is not finite cannot be stored")
    try:
        parts = [
            _HEAD.pack(
                VERSION,
                ord(score.admiralty.letter),
                score.admiralty.digit,
                _BASIS_NUMBERS[score.basis],
                score.counterfactual is not None,
                len(score.factors),
                *figures,
                score.evidence_count,
            )
        ]
        if score.counterfactual is not None:
            parts.append(_PAIR.pack(score.counterfactual.without_record, score.counterfactual.record_only))
        for factor in score.factors:
            parts += _encode_factor(factor)
    except error as problem:
        raise ValueError(f"a score cannot be stored: {problem}") from problem
    return b"".join(parts)


def _encode_factor(factor: Factor) -> list[bytes]:
    name, sentence = factor.name.encode(), factor.sentence.encode()
    parts = [_FACTOR.pack(factor.contribution, len(name), len(sentence), len(factor.similar_verdicts)), name, sentence]
    for similar in factor.similar_verdicts:
        texts = [
            text.encode()
            for text in (similar.verdict_id, similar.claim_text, similar.source_id, similar.reviewer, similar.url)
        ]
        parts.append(_SIMILAR.pack(similar.truthfulness, similar.similarity, similar.reviewed_at, *map(len, texts)))
        parts += texts
    return parts


def decode(data: bytes) -> Score:
    """The score of `encode`'s bytes. Raises ValueError for any others."""
    try:
        version, letter, digit, basis, has_counterfactual, factor_count, *figures, evidence = _HEAD.unpack_from(data)
        if version != VERSION:
            raise ValueError(f"a score of version {version} cannot be read")
        position = _HEAD.size
        counterfactual = None
        if has_counterfactual:
            counterfactual = Counterfactual(*_PAIR.unpack_from(data, position))
            position += _PAIR.size
        factors = []
        for _ in range(factor_count):
            factor, position = _decode_factor(data, position)
            factors.append(factor)
        if position != len(data):
            raise ValueError("a score ends early or late")
        return Score(
            credibility=figures[0],
            interval=Interval(figures[1], figures[2]),
            reliability=Reliability(figures[3], Interval(figures[4], figures[5]), figures[6]),
            admiralty=AdmiraltyPair(chr(letter), digit),
            evidence_count=evidence,
            basis=_BASES[basis],
            factors=tuple(factors),
            counterfactual=counterfactual,
        )
    except (error, IndexError, UnicodeDecodeError) as problem:
        raise ValueError(f"a score cannot be read: {problem}") from problem


def _decode_factor(data: bytes, position: int) -> tuple[Factor, int]:
    contribution, name_size, sentence_size, similar_count = _FACTOR.unpack_from(data, position)
    position += _FACTOR.size
    (name, sentence), position = _texts(data, position, (name_size, sentence_size))
    similar = []
    for _ in range(similar_count):
        truthfulness, similarity, reviewed_at, *sizes = _SIMILAR.unpack_from(data, position)
        texts, position = _texts(data, position + _SIMILAR.size, sizes)
        verdict_id, claim_text, source_id, reviewer, url = texts
        similar.append(
            SimilarVerdict(verdict_id, claim_text, source_id, truthfulness, reviewed_at, reviewer, url, similarity)
        )
    return Factor(name, contribution, sentence, tuple(similar)), position


def _texts(data: bytes, position: int, sizes: tuple[int, ...] | list[int]) -> tuple[list[str], int]:
    texts = []
    for size in sizes:
        texts.append(data[position : position + size].decode())
        position += size
    return texts, position


class Seal:
    """Binds a value to its key with keyed BLAKE2b (RFC 7693), so that no other value is taken for it."""

    def __init__(self, secret: bytes) -> None:
        self._hash = hashlib.blake2b(key=secret, digest_size=MAC_SIZE)

    def close(self, key: bytes, value: bytes) -> bytes:
        """The MAC, 16 bytes, followed by the value."""
        return self._mac(key, value) + value

    def open(self, key: bytes, sealed: bytes) -> bytes | None:
        """The value, or None when the MAC does not vouch for it under this key."""
        value = sealed[MAC_SIZE:]
        return value if self._mac(key, value) == sealed[:MAC_SIZE] else None

    def _mac(self, key: bytes, value: bytes) -> bytes:
        mac = self._hash.copy()
        mac.update(len(key).to_bytes(2, "big") + key + value)
        return mac.digest()
