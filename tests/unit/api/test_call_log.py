"""A call gets a line when it is a problem, and the line says nothing of what was claimed."""

from typing import Any

import pytest
import structlog

from reputable.api.call_log import CallLog
from reputable.v1 import credibility_pb2

METHOD = "/reputable.v1.CredibilityService/AssessClaim"
TRACE = "0af7651916cd43dd8448eb211c80319c"


class FakeContext:
    """A call with metadata."""

    def __init__(self, *metadata: tuple[str, str]) -> None:
        self._metadata = metadata

    def invocation_metadata(self) -> object:
        return self._metadata


@pytest.mark.parametrize(
    ("mode", "code", "seconds", "wanted"),
    [
        ("problems", "OK", 0.001, False),
        ("problems", "OK", 0.3, True),
        ("problems", "NotFound", 0.001, True),
        ("all", "OK", 0.001, True),
        ("none", "Internal", 9.0, False),
    ],
)
def test_the_mode_decides_which_calls_get_a_line(mode: str, code: str, seconds: float, *, wanted: bool) -> None:
    assert CallLog(mode).wants(code, seconds) is wanted


def test_one_good_call_in_a_thousand_gets_a_line() -> None:
    log = CallLog("problems")
    assert sum(log.wants("OK", 0.001) for _ in range(5_000)) == 5


def _line(*metadata: tuple[str, str]) -> dict[str, Any]:
    response = credibility_pb2.AssessClaimResponse()
    response.assessment.served_from = 2  # type: ignore[assignment]
    response.assessment.model_version = "m1"
    response.assessment.resolution.display_name = "secret source"
    with structlog.testing.capture_logs() as lines:
        CallLog("all").write(METHOD, "OK", 0.001234, response.SerializeToString(), FakeContext(*metadata))  # type: ignore[arg-type]
    return dict(lines[0])


def test_a_line_tells_the_method_the_outcome_and_where_the_answer_came_from() -> None:
    line = _line(("traceparent", f"00-{TRACE}-b7ad6b7169203331-01"))
    assert line == {
        "event": "call",
        "log_level": "info",
        "method": METHOD,
        "code": "OK",
        "milliseconds": 1.234,
        "served_from": "redis",
        "model_version": "m1",
        "trace_id": TRACE,
    }


@pytest.mark.parametrize("header", ["", "00-xyz-1-01", f"00-{TRACE}", 'a"\n{}-b-c-d', f"00-{TRACE[:-1]}\n-b-01"])
def test_a_malformed_trace_header_leaves_no_trace(header: str) -> None:
    assert "trace_id" not in _line(("traceparent", header))
