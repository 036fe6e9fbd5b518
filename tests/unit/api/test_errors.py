"""A caller sees a stable status, a sentence and machine-readable details, and nothing of the inside."""

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from reputable.api.errors import DETAILS_KEY, INTERNAL_TEXT, Refusal, refusal_of
from reputable.domain.errors import (
    InvalidInput,
    LedgerUnavailable,
    Overloaded,
    ReputableError,
    SourceNotFound,
)


def _details(refusal: Refusal, kind: type[Message]) -> list[Message]:
    [(key, raw)] = refusal.trailing_metadata
    assert key == DETAILS_KEY
    assert isinstance(raw, bytes)
    status = status_pb2.Status.FromString(raw)
    assert (status.code, status.message) == (refusal.code.value[0], refusal.message)
    found = []
    for packed in status.details:
        detail = kind()
        if packed.Unpack(detail):
            found.append(detail)
    return found


def test_an_error_carries_its_reason() -> None:
    refusal = refusal_of(SourceNotFound("no source has the id 'x'"))
    assert refusal.code is grpc.StatusCode.NOT_FOUND
    assert _details(refusal, error_details_pb2.ErrorInfo) == [
        error_details_pb2.ErrorInfo(reason="SOURCE_NOT_FOUND", domain="reputable")
    ]


def test_a_wrong_field_is_named() -> None:
    [bad] = _details(refusal_of(InvalidInput("claim.text", "is empty")), error_details_pb2.BadRequest)
    assert isinstance(bad, error_details_pb2.BadRequest)
    [violation] = bad.field_violations
    assert (violation.field, violation.description) == ("claim.text", "is empty")


@pytest.mark.parametrize(
    ("error", "seconds"), [(Overloaded("busy", retry_after=1.25), 1.25), (LedgerUnavailable("locked"), 0.5)]
)
def test_what_may_be_tried_again_says_when(error: ReputableError, seconds: float) -> None:
    [retry] = _details(refusal_of(error), error_details_pb2.RetryInfo)
    assert isinstance(retry, error_details_pb2.RetryInfo)
    assert retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9 == seconds


def test_an_error_without_a_status_shows_nothing_of_its_cause() -> None:
    refusal = refusal_of(ReputableError("secret of the inside"))
    assert (refusal.code, refusal.message) == (grpc.StatusCode.INTERNAL, INTERNAL_TEXT)


def test_a_class_that_is_not_in_the_table_has_the_status_of_the_class_above() -> None:
    class SourceHidden(SourceNotFound):
        reason = "SOURCE_HIDDEN"

    assert refusal_of(SourceHidden("hidden")).code is grpc.StatusCode.NOT_FOUND
