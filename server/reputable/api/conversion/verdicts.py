"""Verdicts, scorecards and their acknowledgements."""

from collections.abc import Sequence

from reputable.api.conversion.assessments import check_batch_size, encode_item_error
from reputable.api.conversion.claims import decode_claim, decode_reference, decode_time, encode_claim, encode_time
from reputable.application.acknowledging import Recorded
from reputable.application.recording import ScorecardRequest, VerdictRequest
from reputable.domain.errors import InvalidInput, ReputableError
from reputable.domain.times import Micros
from reputable.domain.verdicts import Level, Scorecard, Standing, Verdict
from reputable.v1 import track_records_pb2 as pb

_STANDINGS = {
    pb.REVIEWER_STANDING_NEW: Standing.NEW,
    pb.REVIEWER_STANDING_ESTABLISHED: Standing.ESTABLISHED,
}


def decode_verdict_request(message: pb.RecordVerdictRequest, now: Micros) -> VerdictRequest:
    """The verdict as sent, reviewed at `now` when no time is given; `Verdict.checked` judges the rest."""
    verdict = message.verdict
    if not message.HasField("verdict") or not verdict.HasField("claim"):
        raise InvalidInput("verdict.claim" if message.HasField("verdict") else "verdict", "is missing")
    given = verdict.HasField("review_time")
    reviewed_at = decode_time("verdict.review_time", verdict.review_time) if given else now
    decoded = Verdict(
        decode_claim(verdict.claim), _decode_finding(verdict), verdict.reviewer, reviewed_at, verdict.label, verdict.url
    )
    return VerdictRequest(decoded, message.request_id, given)


def _decode_finding(verdict: pb.Verdict) -> float | None:
    kind = verdict.WhichOneof("finding")
    if kind is None:
        raise InvalidInput("verdict.truthfulness", "is missing; give truthfulness from 0 to 1, or unproven")
    if kind == "truthfulness":
        return verdict.truthfulness
    if not verdict.unproven:
        raise InvalidInput("verdict.unproven", "must be true when it is set; give truthfulness instead")
    return None


def decode_verdict_requests(
    message: pb.BatchRecordVerdictsRequest, now: Micros
) -> list[VerdictRequest | ReputableError]:
    """One request, or what is wrong with it, for each item; InvalidInput when the batch itself is wrong."""
    check_batch_size(len(message.requests))
    return [_decode_item(item, now) for item in message.requests]


def _decode_item(item: pb.RecordVerdictRequest, now: Micros) -> VerdictRequest | ReputableError:
    try:
        return decode_verdict_request(item, now)
    except ReputableError as error:
        return error


def decode_scorecard_request(message: pb.RecordScorecardRequest) -> ScorecardRequest:
    """The scorecard as sent; `Scorecard.checked` judges the rest."""
    card = message.scorecard
    if not message.HasField("scorecard"):
        raise InvalidInput("scorecard", "is missing")
    for field in ("period_start_time", "period_end_time"):
        if not card.HasField(field):
            raise InvalidInput(f"scorecard.{field}", "is missing")
    scorecard = Scorecard(
        source=decode_reference("scorecard.", card.source_id, card.source_name),
        reviewer=card.reviewer,
        period_start=decode_time("scorecard.period_start_time", card.period_start_time),
        period_end=decode_time("scorecard.period_end_time", card.period_end_time),
        levels=tuple(Level(level.truthfulness, level.claim_count) for level in card.level_counts),
        unproven_count=card.unproven_count,
        url=card.url,
    )
    return ScorecardRequest(scorecard, message.request_id)


def decode_standing(number: int) -> Standing:
    """The standing; InvalidInput when unspecified or unknown."""
    standing = _STANDINGS.get(pb.ReviewerStanding.ValueType(number))
    if standing is None:
        raise InvalidInput("standing", "is missing or unknown; give NEW or ESTABLISHED")
    return standing


def encode_verdict(verdict: Verdict) -> pb.Verdict:
    """The message of a verdict."""
    message = pb.Verdict(
        claim=encode_claim(verdict.claim),
        reviewer=verdict.reviewer,
        review_time=encode_time(verdict.reviewed_at),
        label=verdict.label,
        url=verdict.url,
    )
    if verdict.truthfulness is None:
        message.unproven = True
    else:
        message.truthfulness = verdict.truthfulness
    return message


def encode_levels(levels: Sequence[Level]) -> list[pb.LevelCount]:
    """The messages of counts by level."""
    return [pb.LevelCount(truthfulness=level.truthfulness, claim_count=level.count) for level in levels]


def encode_scorecard(scorecard: Scorecard) -> pb.Scorecard:
    """The message of a scorecard."""
    message = pb.Scorecard(
        reviewer=scorecard.reviewer,
        period_start_time=encode_time(scorecard.period_start),
        period_end_time=encode_time(scorecard.period_end),
        level_counts=encode_levels(scorecard.levels),
        unproven_count=scorecard.unproven_count,
        url=scorecard.url,
    )
    if scorecard.source.id:
        message.source_id = scorecard.source.id
    else:
        message.source_name = scorecard.source.name
    return message


def encode_recorded(recorded: Recorded) -> pb.RecordVerdictResponse:
    """The acknowledgement of a verdict."""
    message = pb.RecordVerdictResponse()
    _acknowledge(message, recorded)
    return message


def _acknowledge(message: pb.RecordVerdictResponse | pb.RecordScorecardResponse, recorded: Recorded) -> None:
    """Field by field in place: half the time of making a message and copying it into a batch's."""
    message.verdict_id = recorded.verdict_id
    message.revision = recorded.revision
    message.source_revision = recorded.source_revision
    message.record_digest = recorded.record_digest
    message.freshness_token = recorded.token.encode()
    message.source_id = recorded.source_id
    message.duplicate = recorded.duplicate
    message.source_created = recorded.source_created


def encode_recorded_scorecard(recorded: Recorded) -> pb.RecordScorecardResponse:
    """The acknowledgement of a scorecard."""
    message = pb.RecordScorecardResponse()
    _acknowledge(message, recorded)
    return message


def encode_retracted(recorded: Recorded) -> pb.RetractVerdictResponse:
    """The acknowledgement of a retraction."""
    return pb.RetractVerdictResponse(
        revision=recorded.revision,
        source_revision=recorded.source_revision,
        record_digest=recorded.record_digest,
        freshness_token=recorded.token.encode(),
        duplicate=recorded.duplicate,
        source_id=recorded.source_id,
    )


def encode_recorded_results(outcomes: Sequence[Recorded | ReputableError]) -> pb.BatchRecordVerdictsResponse:
    """The outcomes of a batch in order."""
    response = pb.BatchRecordVerdictsResponse()
    add = response.results.add
    for outcome in outcomes:
        result = add()
        if isinstance(outcome, ReputableError):
            result.error.CopyFrom(encode_item_error(outcome))
        else:
            _acknowledge(result.response, outcome)
    return response
