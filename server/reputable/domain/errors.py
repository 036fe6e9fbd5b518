"""Everything that can be refused, each with a stable machine-readable reason."""

from typing import ClassVar


class ReputableError(Exception):
    """Base of every refusal; `reason` is stable between releases.

    The message says what was wrong and what would be right, and is safe to show to a caller.
    """

    reason: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(ReputableError):
    """A field of the request is wrong; `field` is its path in the request."""

    reason: ClassVar[str] = "INVALID_INPUT"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.description = message


class MessageTooLarge(ReputableError):
    """A message is larger than its method takes."""

    reason: ClassVar[str] = "MESSAGE_TOO_LARGE"


class MalformedMessage(InvalidInput):
    """The bytes are not the message the method takes."""

    reason: ClassVar[str] = "MALFORMED_MESSAGE"


class NotFound(ReputableError):
    """What the request names does not exist."""

    reason: ClassVar[str] = "NOT_FOUND"


class SourceNotFound(NotFound):
    """No source has that id, or the name does not resolve."""

    reason: ClassVar[str] = "SOURCE_NOT_FOUND"


class VerdictNotFound(NotFound):
    """No verdict or scorecard has that id."""

    reason: ClassVar[str] = "VERDICT_NOT_FOUND"


class ModelNotFound(NotFound):
    """No model has that version."""

    reason: ClassVar[str] = "MODEL_NOT_FOUND"


class EpochNotFound(NotFound):
    """No prior epoch has that number."""

    reason: ClassVar[str] = "EPOCH_NOT_FOUND"


class AlreadyExists(ReputableError):
    """Something else stands where the request wants to write."""

    reason: ClassVar[str] = "ALREADY_EXISTS"


class IdempotencyConflict(AlreadyExists):
    """The request id was used before with another request."""

    reason: ClassVar[str] = "IDEMPOTENCY_CONFLICT"


class SourceConflict(AlreadyExists):
    """The id or name belongs to another source."""

    reason: ClassVar[str] = "SOURCE_CONFLICT"


class PreconditionFailed(ReputableError):
    """The state must change before the request can succeed."""

    reason: ClassVar[str] = "PRECONDITION_FAILED"


class AlreadyRetracted(PreconditionFailed):
    """The verdict was taken back before."""

    reason: ClassVar[str] = "ALREADY_RETRACTED"


class RevisionNotReached(PreconditionFailed):
    """The ledger does not hold that revision (yet, or any more)."""

    reason: ClassVar[str] = "REVISION_NOT_REACHED"


class MergeRefused(PreconditionFailed):
    """The two sources cannot be merged."""

    reason: ClassVar[str] = "MERGE_REFUSED"


class ArtifactRefused(PreconditionFailed):
    """A model's files are damaged, too large, or made for another release."""

    reason: ClassVar[str] = "ARTIFACT_REFUSED"


class PermissionRefused(ReputableError):
    """The caller's role does not allow the method."""

    reason: ClassVar[str] = "PERMISSION_REFUSED"


class Unauthenticated(ReputableError):
    """The caller did not show who it is."""

    reason: ClassVar[str] = "UNAUTHENTICATED"


class Overloaded(ReputableError):
    """More work is under way than can be done in time; `retry_after` in seconds."""

    reason: ClassVar[str] = "OVERLOADED"

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LedgerUnavailable(ReputableError):
    """The ledger cannot be reached or written; the same request may be tried again."""

    reason: ClassVar[str] = "LEDGER_UNAVAILABLE"


class LedgerFull(ReputableError):
    """The ledger's disk is full; nothing was recorded."""

    reason: ClassVar[str] = "LEDGER_FULL"


class LedgerCorrupt(ReputableError):
    """The ledger contradicts itself; `reputable ledger verify` names where."""

    reason: ClassVar[str] = "LEDGER_CORRUPT"
