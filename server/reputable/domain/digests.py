"""Digests over parts that cannot be confused with one another."""

import hashlib
import struct
from collections.abc import Iterable
from functools import lru_cache

DIGEST_SIZE = 32
_MODULUS = 1 << (8 * DIGEST_SIZE)

EMPTY_DIGEST = bytes(DIGEST_SIZE)
"""The sum over no content."""

Part = bytes | str | int | float | None


_SHORT = 1_024
_TEXT, _BYTES, _INTEGER = ([tag + size.to_bytes(4, "big") for size in range(_SHORT)] for tag in (b"s", b"b", b"i"))
"""What stands before parts shorter than that."""


def encode_parts(parts: Iterable[Part]) -> bytes:
    """Encode parts injectively: a type letter, the length, the bytes, for each."""
    out: list[bytes] = []
    for part in parts:
        kind = type(part)
        if kind is str:
            heads, raw = _TEXT, part.encode("utf-8", "surrogatepass")  # type: ignore[union-attr]
        elif kind is bytes:
            heads, raw = _BYTES, part
        elif kind is int:
            heads, raw = _INTEGER, b"%d" % part  # type: ignore[str-format]
        else:
            out += _encode(part)
            continue
        size = len(raw)
        out += (heads[size], raw) if size < _SHORT else _encode(part)
    return b"".join(out)


def _encode(part: Part) -> tuple[bytes, bytes]:
    tag, raw = _typed(part)
    return tag + len(raw).to_bytes(4, "big"), raw


def _typed(part: Part) -> tuple[bytes, bytes]:
    if part is None:
        return b"n", b""
    if isinstance(part, str):
        return b"s", part.encode("utf-8", "surrogatepass")
    if isinstance(part, int):
        return b"i", b"%d" % part
    if isinstance(part, float):
        return b"f", struct.pack(">d", part)
    return b"b", part


def digest(first: str, *rest: Part, key: bytes = b"", size: int = DIGEST_SIZE) -> bytes:
    """BLAKE2b of the encoded parts; keyed (a MAC) when `key` (at most 64 bytes) is given."""
    started = _started(first, key, size).copy()
    started.update(encode_parts(rest))
    return started.digest()


@lru_cache(maxsize=64)
def _started(first: str, key: bytes, size: int) -> "hashlib.blake2b":
    """A hash that has taken in its key and what is digested, which is mostly one of a few names; to be copied."""
    return hashlib.blake2b(encode_parts((first,)), digest_size=size, key=key)


def add(total: bytes, part: bytes) -> bytes:
    """Sum of two digests modulo 2^256.

    With keyed parts this is the multiset hash MSet-Add-Hash (Clarke et al., Asiacrypt 2003): the
    order of arrival does not matter, and what was added can be taken away.
    """
    value = int.from_bytes(total, "big") + int.from_bytes(part, "big")
    return (value % _MODULUS).to_bytes(DIGEST_SIZE, "big")


def subtract(total: bytes, part: bytes) -> bytes:
    """The sum without one of its parts."""
    value = int.from_bytes(total, "big") - int.from_bytes(part, "big")
    return (value % _MODULUS).to_bytes(DIGEST_SIZE, "big")
