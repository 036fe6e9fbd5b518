"""The one table from what can be refused to what a caller sees of it."""

from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from reputable.domain import errors
from reputable.domain.errors import InvalidInput, LedgerUnavailable, Overloaded, ReputableError

DOMAIN = "reputable"
"""`domain` of every google.rpc.ErrorInfo."""
INTERNAL_TEXT = "The service failed on its own; the cause is in its log. The same call may succeed again."
DETAILS_KEY = "grpc-status-details-bin"
LEDGER_RETRY_SECONDS = 0.5

Code = grpc.StatusCode

STATUS: dict[type[ReputableError], Code] = {
    ReputableError: Code.INTERNAL,
    errors.InvalidInput: Code.INVALID_ARGUMENT,
    errors.MalformedMessage: Code.INVALID_ARGUMENT,
    errors.MessageTooLarge: Code.RESOURCE_EXHAUSTED,
    errors.NotFound: Code.NOT_FOUND,
    errors.SourceNotFound: Code.NOT_FOUND,
    errors.VerdictNotFound: Code.NOT_FOUND,
    errors.ModelNotFound: Code.NOT_FOUND,
    errors.EpochNotFound: Code.NOT_FOUND,
    errors.AlreadyExists: Code.ALREADY_EXISTS,
    errors.IdempotencyConflict: Code.ALREADY_EXISTS,
    errors.SourceConflict: Code.ALREADY_EXISTS,
    errors.PreconditionFailed: Code.FAILED_PRECONDITION,
    errors.AlreadyRetracted: Code.FAILED_PRECONDITION,
    errors.RevisionNotReached: Code.FAILED_PRECONDITION,
    errors.MergeRefused: Code.FAILED_PRECONDITION,
    errors.ArtifactRefused: Code.FAILED_PRECONDITION,
    errors.PermissionRefused: Code.PERMISSION_DENIED,
    errors.Unauthenticated: Code.UNAUTHENTICATED,
    errors.Overloaded: Code.RESOURCE_EXHAUSTED,
    errors.LedgerUnavailable: Code.UNAVAILABLE,
    errors.LedgerFull: Code.RESOURCE_EXHAUSTED,
    errors.LedgerCorrupt: Code.DATA_LOSS,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a call ends when it is refused."""

    code: Code
    message: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...]


def code_of(error: ReputableError) -> Code:
    """The status of an error: that of its class, or of the nearest class above that has one."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def text_of(error: ReputableError) -> str:
    """What a caller may read; an error without a status of its own shows nothing of its cause."""
    return INTERNAL_TEXT if code_of(error) is Code.INTERNAL else error.message


def refusal_of(error: ReputableError) -> Refusal:
    """Status, text and google.rpc details (ErrorInfo; BadRequest or RetryInfo where they apply)."""
    code, text = code_of(error), text_of(error)
    details: list[error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo] = [
        error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN)
    ]
    if isinstance(error, InvalidInput) and error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=error.field, description=error.description, reason=error.reason
        )
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    seconds = _retry_after(error)
    if seconds is not None:
        delay = duration_pb2.Duration(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    status = status_pb2.Status(code=code.value[0], message=text)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return Refusal(code, text, ((DETAILS_KEY, status.SerializeToString()),))


def _retry_after(error: ReputableError) -> float | None:
    if isinstance(error, Overloaded):
        return error.retry_after
    return LEDGER_RETRY_SECONDS if isinstance(error, LedgerUnavailable) else None
