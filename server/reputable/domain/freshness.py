"""What a caller demands of the age of a record."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from reputable.domain.errors import InvalidInput

MAX_STALENESS_MS = 3_600_000
LEDGER_ID_LENGTH = 12


class FreshnessMode(Enum):
    """How fresh the record behind an answer must be."""

    STRONG = "strong"
    BOUNDED = "bounded"
    AT_LEAST = "at_least"


class Token(NamedTuple):
    """What a write's acknowledgement hands out: the ledger it was written to, and its revision."""

    ledger_id: str
    revision: int

    def encode(self) -> str:
        """The opaque form callers carry."""
        return f"r1.{self.ledger_id}.{self.revision}"

    @classmethod
    def decode(cls, text: str) -> "Token":
        """Read the opaque form; InvalidInput when it is not one."""
        parts = text.split(".")
        if len(parts) != 3 or parts[0] != "r1" or not (parts[2].isascii() and parts[2].isdigit()):
            raise InvalidInput("freshness.token", "is not a token; give back a freshness_token as received")
        if len(parts[2]) > 18:
            raise InvalidInput("freshness.token", "is not a token; its revision is out of range")
        return cls(parts[1], int(parts[2]))


@dataclass(frozen=True, slots=True)
class Freshness:
    """Mode with its bound (milliseconds, 1 to 3,600,000) or its token."""

    mode: FreshnessMode = FreshnessMode.STRONG
    max_staleness_ms: int = 0
    token: Token | None = None

    def __post_init__(self) -> None:
        """Refuse a bound outside of its range and a missing token."""
        if self.mode is FreshnessMode.BOUNDED and not 1 <= self.max_staleness_ms <= MAX_STALENESS_MS:
            raise InvalidInput("freshness.max_staleness_ms", f"give 1 to {MAX_STALENESS_MS:,} milliseconds")
        if self.mode is FreshnessMode.AT_LEAST and self.token is None:
            raise InvalidInput("freshness.token", "is missing; AT_LEAST needs a freshness_token")


STRONG = Freshness()
