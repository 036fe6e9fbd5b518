"""One line for each call that is worth one."""

from collections.abc import Callable
from typing import Any

import grpc
import structlog
from google.protobuf.message import Message

from reputable.metrics import CODES
from reputable.v1 import assessment_pb2, credibility_pb2

SLOW_SECONDS = 0.25
SAMPLE_EVERY = 1_000
MODES = ("problems", "all", "none")
SERVER_FAULTS = frozenset({"Unknown", "Internal", "Unavailable", "DataLoss"})
"""Codes that are the service's own fault and logged as errors."""

_ASSESS_CLAIM = "/reputable.v1.CredibilityService/AssessClaim"
_LOG = structlog.get_logger("reputable.call")


class CallLog:
    """Writes calls as `mode` says: `problems` (errors, slow calls, one in a thousand), `all` or `none`.

    A line never holds a claim's text or a source's name. `trace_id` gives that of the service's own
    span; without one the caller's is written.
    """

    def __init__(self, mode: str, trace_id: Callable[[], str] | None = None) -> None:
        self._mode = mode
        self._trace_id = trace_id
        self._count = 0

    def wants(self, code: str, seconds: float) -> bool:
        """Whether a call that ended with `code` after `seconds` gets a line."""
        if self._mode != "problems":
            return self._mode == "all"
        self._count += 1
        return code != CODES[0] or seconds > SLOW_SECONDS or self._count % SAMPLE_EVERY == 0

    def write(
        self,
        method: str,
        code: str,
        seconds: float,
        response: Message | bytes | None,
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> None:
        """Write the line: method, code, duration, and what the answer and the caller's metadata tell."""
        line = {"method": method, "code": code, "milliseconds": round(seconds * 1_000, 3)}
        if isinstance(response, bytes) and method == _ASSESS_CLAIM:
            response = credibility_pb2.AssessClaimResponse.FromString(response)
        if isinstance(response, credibility_pb2.AssessClaimResponse):
            served_from = assessment_pb2.ServedFrom.Name(response.assessment.served_from)
            line["served_from"] = served_from.removeprefix("SERVED_FROM_").lower()
            line["model_version"] = response.assessment.model_version
        trace_id = (self._trace_id() if self._trace_id is not None else "") or _callers_trace_id(context)
        if trace_id:
            line["trace_id"] = trace_id
        (_LOG.error if code in SERVER_FAULTS else _LOG.info)("call", **line)


def _callers_trace_id(context: "grpc.aio.ServicerContext[Any, Any]") -> str:
    """The trace id in the caller's W3C `traceparent`; empty without a well-formed one."""
    for key, value in context.invocation_metadata() or ():
        if key == "traceparent" and isinstance(value, str):
            parts = value.split("-")
            is_id = len(parts) == 4 and len(parts[1]) == 32 and set(parts[1]) <= set("0123456789abcdef")
            return parts[1] if is_id else ""
    return ""
