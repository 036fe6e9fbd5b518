"""The figures themselves: plain numbers that are counted up on the request path."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from time import time

from prometheus_client.samples import Exemplar

SECONDS = (
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper bounds of the latency histograms, in seconds."""
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Upper bounds of the credibility histogram."""

CODES = (
    "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists",
    "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented",
    "Internal", "Unavailable", "DataLoss", "Unauthenticated",
)  # fmt: skip
"""Status codes as Go prints them, by their number; stock dashboards select by these."""

Bucket = tuple[str, float] | tuple[str, float, Exemplar]


class Histogram:
    """Counts of values at or below each bound, and their sum."""

    __slots__ = ("bounds", "counts", "exemplars", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.exemplars: dict[int, Exemplar] = {}
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def exemplify(self, value: float, trace_id: str) -> None:
        """Show the trace of a counted value beside its bucket, in OpenMetrics only."""
        self.exemplars[bisect_left(self.bounds, value)] = Exemplar({"trace_id": trace_id}, value, time())

    def buckets(self) -> list[Bucket]:
        """Cumulative counts by upper bound, as Prometheus wants them, with the latest exemplars."""
        counts, running = list(self.counts), 0
        found: list[Bucket] = []
        for index, bound in enumerate((*map(str, self.bounds), "+Inf")):
            running += counts[index]
            exemplar = self.exemplars.get(index)
            found.append((bound, float(running)) if exemplar is None else (bound, float(running), exemplar))
        return found


class CallMeter:
    """The figures of one RPC method."""

    __slots__ = ("handled", "method", "seconds", "service", "started")

    def __init__(self, service: str, method: str) -> None:
        self.service = service
        self.method = method
        self.started = 0
        self.handled = dict.fromkeys(CODES, 0)
        self.seconds = Histogram(SECONDS)

    def finish(self, code: str, seconds: float) -> None:
        """Count a call that ended with `code` after `seconds`."""
        self.handled[code] += 1
        self.seconds.observe(seconds)


class ForeseenMeter:
    """Credibilities that a model gave before the verdicts were known; `rolling` gives figures by name."""

    def __init__(self, rolling: Callable[[], Mapping[str, float]]) -> None:
        self.credibility = Histogram(SHARES)
        self.credible = 0
        self.squared_error = 0.0
        self.log_loss = 0.0
        self.rolling = rolling


class TracedCallMeter(CallMeter):
    """A meter that keeps exemplars; `trace_id` gives that of the call under way, or nothing."""

    __slots__ = ("_trace_id",)

    def __init__(self, service: str, method: str, trace_id: Callable[[], str]) -> None:
        super().__init__(service, method)
        self._trace_id = trace_id

    def finish(self, code: str, seconds: float) -> None:
        """Count a call, with its trace."""
        super().finish(code, seconds)
        trace_id = self._trace_id()
        if trace_id:
            self.seconds.exemplify(seconds, trace_id)
