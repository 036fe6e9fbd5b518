"""The one exception of the client."""

from collections.abc import Iterable
from typing import cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from reputable.v1.common_pb2 import ItemError

_DETAILS_KEY = "grpc-status-details-bin"
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_RETRYABLE = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})


class CallError(Exception):
    """A call, or one item of a batch, that was refused or did not arrive.

    Attributes:
        status: The canonical gRPC status.
        message: What was wrong and what would be right, in English.
        reason: Machine-readable reason in UPPER_SNAKE; "" when the service was not reached.
        field: Path of the offending field in the request, "" where none is to blame.
    """

    def __init__(self, status: grpc.StatusCode, message: str, reason: str = "", field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason
        self.field = field

    @property
    def retryable(self) -> bool:
        """Whether the same idempotent call may be sent again."""
        return self.status in _RETRYABLE


def error_of_call(error: grpc.RpcError) -> CallError:
    """The failed call's status with the reason and the field that its details carry."""
    call = cast("grpc.Call", error)  # Every error of a call is the call as well.
    reason, field = _details_of(call.trailing_metadata() or ())
    return CallError(call.code(), call.details() or call.code().name, reason, field)


def error_of_item(item: ItemError) -> CallError:
    """The error of one item of a batch."""
    status = _CODES.get(item.code, grpc.StatusCode.UNKNOWN)
    return CallError(status, item.message, item.reason, item.field)


def _details_of(metadata: Iterable[tuple[str, str | bytes]]) -> tuple[str, str]:
    reason = field = ""
    for key, value in metadata:
        if key != _DETAILS_KEY or not isinstance(value, bytes):
            continue
        info, bad_request = ErrorInfo(), BadRequest()
        try:
            for detail in Status.FromString(value).details:
                if detail.Unpack(info):
                    reason = info.reason
                elif detail.Unpack(bad_request) and bad_request.field_violations:
                    field = bad_request.field_violations[0].field
        except DecodeError:
            continue
    return reason, field
