"""Requests to assess, and assessments."""

from collections.abc import Sequence

from reputable.api.conversion import wire
from reputable.api.conversion.claims import (
    decode_claim,
    decode_freshness,
    decode_revision,
    decode_time,
    encode_interval,
)
from reputable.api.errors import code_of, text_of
from reputable.application.queries import AssessQuery
from reputable.domain.assessments import Explanation, Reliability
from reputable.domain.errors import InvalidInput, ReputableError
from reputable.domain.freshness import STRONG
from reputable.v1 import assessment_pb2, common_pb2, credibility_pb2

MAX_BATCH = 4_096
"""The most items that a batch takes."""
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""The most bytes that any message takes, either way."""

_EXPLANATIONS = {
    credibility_pb2.EXPLANATION_NONE: Explanation.NONE,
    credibility_pb2.EXPLANATION_SUMMARY: Explanation.SUMMARY,
    credibility_pb2.EXPLANATION_FULL: Explanation.FULL,
}


def decode_query(
    message: credibility_pb2.AssessClaimRequest, default: Explanation = Explanation.SUMMARY
) -> AssessQuery:
    """What is asked; `default` is the explanation when none is named. InvalidInput names the field."""
    if not message.HasField("claim"):
        raise InvalidInput("claim", "is missing")
    explanation = _EXPLANATIONS.get(message.explanation, default) if message.explanation else default
    if message.explanation and message.explanation not in _EXPLANATIONS:
        raise InvalidInput("explanation", f"{message.explanation} is not one; see Explanation")
    return AssessQuery(
        claim=decode_claim(message.claim),
        as_of=decode_time("as_of_time", message.as_of_time) if message.HasField("as_of_time") else None,
        at_revision=decode_revision("at_revision", message.at_revision) if message.HasField("at_revision") else None,
        freshness=decode_freshness(message.freshness) if message.HasField("freshness") else STRONG,
        explanation=explanation,
        model_version=message.model_version,
        prior_epoch=decode_revision("prior_epoch", message.prior_epoch) if message.HasField("prior_epoch") else None,
    )


def check_batch_size(count: int) -> None:
    """Raise InvalidInput unless a batch has 1 to MAX_BATCH items."""
    if not 1 <= count <= MAX_BATCH:
        raise InvalidInput("requests", f"has {count:,} items; give 1 to {MAX_BATCH:,}")


def decode_item(item: credibility_pb2.AssessClaimRequest) -> AssessQuery | ReputableError:
    """What an item of a batch asks, or what is wrong with it."""
    try:
        return decode_query(item, Explanation.NONE)
    except ReputableError as error:
        return error


def encode_refusal(error: ReputableError) -> bytes:
    """The bytes of one of a batch's results that has no assessment."""
    result = credibility_pb2.BatchAssessClaimsResult(error=encode_item_error(error))
    return wire.framed(result.SerializeToString())


def joined(results: Sequence[bytes]) -> bytes:
    """The answer of a batch; InvalidInput naming the largest batch that fits when it passes 4 MiB."""
    response = b"".join(results)
    if len(response) > MAX_MESSAGE_BYTES:
        fitting = largest_fitting([len(result) for result in results])
        raise InvalidInput(
            "requests",
            f"the answer to {len(results):,} items takes {len(response):,} bytes and at most {MAX_MESSAGE_BYTES:,} "
            f"are sent; ask for at most {fitting:,} items at once",
        )
    return response


def largest_fitting(sizes: Sequence[int], limit: int = MAX_MESSAGE_BYTES) -> int:
    """The largest n for which every consecutive batch of n of the items fits `limit` bytes; at least 1."""
    for count in range(len(sizes), 1, -1):
        batches = (sum(sizes[start : start + count]) for start in range(0, len(sizes), count))
        if all(batch <= limit for batch in batches):
            return count
    return 1


def encode_item_error(error: ReputableError) -> common_pb2.ItemError:
    """The same facts that a single call's error carries."""
    field = error.field if isinstance(error, InvalidInput) else ""
    return common_pb2.ItemError(code=code_of(error).value[0], message=text_of(error), reason=error.reason, field=field)


def encode_reliability(reliability: Reliability) -> assessment_pb2.Reliability:
    """The message of a reliability."""
    return assessment_pb2.Reliability(
        value=reliability.value,
        interval=encode_interval(reliability.interval),
        effective_verdict_count=reliability.effective_count,
    )
