"""Stand-ins that keep the contracts of what they stand for."""

from dataclasses import dataclass

from reputable.domain.times import SECOND, Micros
from tests.builders import NOON
from tests.ledger_fake import InMemoryLedger

__all__ = ["InMemoryLedger", "SetClock"]


@dataclass
class SetClock:
    """A clock that stands until it is set."""

    moment: Micros = NOON

    def now(self) -> Micros:
        """The moment set."""
        return self.moment

    def monotonic(self) -> float:
        """The same, in seconds."""
        return self.moment / SECOND
