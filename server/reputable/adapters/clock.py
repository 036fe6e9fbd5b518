"""The machine's clocks."""

import time

from reputable.domain.times import Micros


class SystemClock:
    """Tells time by the machine's wall clock and its monotonic clock."""

    def now(self) -> Micros:
        """Wall-clock time, UTC, in microseconds."""
        return time.time_ns() // 1_000

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
