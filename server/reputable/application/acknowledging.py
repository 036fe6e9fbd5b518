"""What a durable row is acknowledged with, and the ids that callers get of it."""

from dataclasses import dataclass
from typing import NamedTuple

from reputable.domain.errors import VerdictNotFound
from reputable.domain.freshness import Token


class Recorded(NamedTuple):
    """What a durable row is acknowledged with; `record_digest` is that of its source's own chain."""

    source_id: str
    revision: int
    source_revision: int
    record_digest: bytes
    ledger_id: str
    duplicate: bool
    source_created: bool = False

    @property
    def token(self) -> Token:
        """What to demand of a record that is to know of it."""
        return Token(self.ledger_id, self.revision)

    @property
    def verdict_id(self) -> str:
        """What names the verdict or scorecard to those who take it back."""
        return verdict_id(self.revision)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What taking back a reviewer's verdicts is acknowledged with."""

    count: int
    recorded: Recorded


def verdict_id(revision: int) -> str:
    """The id of the verdict or scorecard in the row `revision`."""
    return f"v{revision}"


def revision_of(identifier: str) -> int:
    """The row that a verdict's id names; VerdictNotFound when it cannot be one."""
    digits = identifier[1:]
    if identifier[:1] == "v" and digits.isascii() and digits.isdigit() and len(digits) <= 18:
        return int(digits)
    message = f"no verdict has the id {identifier[:64]!r}"
    raise VerdictNotFound(message)
