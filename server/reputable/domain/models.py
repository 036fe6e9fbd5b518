"""What there is to know of a trained model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from reputable.domain.errors import InvalidInput
from reputable.domain.times import Micros

_VERSION = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model's manifest in brief: `digest` is the SHA-256 of the manifest, times in microseconds.

    `metrics` are figures from evaluation by name, `size_bytes` counts all its files.
    """

    version: str
    digest: bytes
    trained_at: Micros
    window_start: Micros
    window_end: Micros
    metrics: Mapping[str, float] = field(default_factory=dict)
    size_bytes: int = 0


def check_version(field_name: str, version: str) -> str:
    """Return the version, or raise InvalidInput unless it is [a-z0-9][a-z0-9._-]{0,63} without '..'."""
    if _VERSION.fullmatch(version) is None or ".." in version:
        message = f"{version[:80]!r} is not a model version; use 1 to 64 characters of a-z, 0-9, '.', '_', '-'"
        raise InvalidInput(field_name, message)
    return version
