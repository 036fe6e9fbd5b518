"""Assessments kept in this process until they expire."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from reputable.v1.assessment_pb2 import Assessment
from reputable.v1.common_pb2 import FreshnessMode
from reputable.v1.credibility_pb2 import AssessClaimRequest


class Answers:
    """At most `size` assessments by request, the least recently kept leaving first; thread-safe.

    An answer may be served until its `expire_time`, as far from its `assess_time` by this
    process's monotonic clock, so that the two machines' clocks need not agree. A request that
    names a freshness mode is never answered from here, and a write empties it.
    """

    def __init__(self, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[float, Assessment]] = OrderedDict()

    def get(self, request: AssessClaimRequest) -> Assessment | None:
        """A kept answer to the request that has not expired."""
        if not self._size or not _may_be_kept(request):
            return None
        key = _key(request)
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            if self._clock() >= found[0]:
                del self._kept[key]
                return None
        return found[1]

    def put(self, request: AssessClaimRequest, assessment: Assessment) -> None:
        """Keep an answer, unless a part was out of reach or it has no time to live."""
        lifetime = _seconds(assessment)
        if not self._size or assessment.degraded or lifetime <= 0 or not _may_be_kept(request):
            return
        with self._lock:
            self._kept[_key(request)] = (self._clock() + lifetime, assessment)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all: something was written."""
        with self._lock:
            self._kept.clear()


def _key(request: AssessClaimRequest) -> bytes:
    return request.SerializeToString(deterministic=True)


def _may_be_kept(request: AssessClaimRequest) -> bool:
    return request.freshness.mode == FreshnessMode.FRESHNESS_MODE_UNSPECIFIED


def _seconds(assessment: Assessment) -> float:
    if not (assessment.HasField("expire_time") and assessment.HasField("assess_time")):
        return 0.0
    span = assessment.expire_time.ToNanoseconds() - assessment.assess_time.ToNanoseconds()
    return span / 1e9
