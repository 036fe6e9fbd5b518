"""Track records."""

from reputable.api.conversion.assessments import encode_reliability
from reputable.api.conversion.claims import (
    decode_freshness,
    decode_reference,
    decode_revision,
    decode_time,
    encode_time,
)
from reputable.api.conversion.pages import bad_page_token, decode_page_token
from reputable.api.conversion.verdicts import encode_levels, encode_scorecard, encode_verdict
from reputable.application.listing import RecordedVerdict, VerdictState
from reputable.application.track_records import Month, TrackRecordQuery, TrackRecordView
from reputable.domain.freshness import STRONG
from reputable.domain.verdicts import Verdict
from reputable.v1 import track_records_pb2 as pb

_STATES = {
    VerdictState.ACTIVE: pb.VERDICT_STATE_ACTIVE,
    VerdictState.SUPERSEDED: pb.VERDICT_STATE_SUPERSEDED,
    VerdictState.RETRACTED: pb.VERDICT_STATE_RETRACTED,
}


def decode_record_query(message: pb.GetTrackRecordRequest) -> TrackRecordQuery:
    """Whose record is asked for, of which moment."""
    return TrackRecordQuery(
        source=decode_reference("", message.source_id, message.source_name),
        as_of=decode_time("as_of_time", message.as_of_time) if message.HasField("as_of_time") else None,
        at_revision=decode_revision("at_revision", message.at_revision) if message.HasField("at_revision") else None,
        topic=message.topic,
        timeline_months=message.timeline_month_count,
        freshness=decode_freshness(message.freshness) if message.HasField("freshness") else STRONG,
    )


def encode_record(view: TrackRecordView) -> pb.TrackRecord:
    """The message of a record."""
    record = view.record
    message = pb.TrackRecord(
        source_id=record.source_id,
        revision=record.revision,
        record_digest=record.digest,
        verdict_count=record.verdict_count,
        credible_count=record.credible_count,
        unproven_count=record.unproven_count,
        mean_truthfulness=view.mean_truthfulness,
        reliability=encode_reliability(view.reliability),
        level_counts=encode_levels(view.levels),
        timeline=map(_encode_month, view.timeline),
        as_of_time=encode_time(view.as_of),
        at_revision=view.at_revision,
    )
    if record.first_reviewed_at is not None:
        message.first_review_time.CopyFrom(encode_time(record.first_reviewed_at))
    if record.last_reviewed_at is not None:
        message.last_review_time.CopyFrom(encode_time(record.last_reviewed_at))
    return message


def _encode_month(month: Month) -> pb.TimelineMonth:
    return pb.TimelineMonth(
        month=month.name,
        verdict_count=month.verdict_count,
        credible_count=month.credible_count,
        mean_truthfulness=month.mean_truthfulness,
    )


def decode_revision_token(token: str) -> int | None:
    """The revision below which a page of verdicts starts; None for the first page."""
    last = decode_page_token(token)
    if last and not (last.isascii() and last.isdigit() and len(last) <= 18):
        raise bad_page_token()
    return int(last) if last else None


def encode_recorded_verdict(recorded: RecordedVerdict) -> pb.RecordedVerdict:
    """The message of a verdict or a scorecard as the ledger holds it."""
    message = pb.RecordedVerdict(
        verdict_id=recorded.verdict_id,
        state=_STATES[recorded.state],
        revision=recorded.revision,
        record_time=encode_time(recorded.recorded_at),
        principal=recorded.principal,
    )
    if isinstance(recorded.content, Verdict):
        message.verdict.CopyFrom(encode_verdict(recorded.content))
    else:
        message.scorecard.CopyFrom(encode_scorecard(recorded.content))
    return message
