"""Track records."""

from reputable.api.conversion.assessments import encode_reliability
from reputable.api.conversion.claims import (
    decode_freshness,
    decode_reference,
    decode_revision,
    decode_time,
    encode_time,
)
from reputable.api.conversion.verdicts import encode_levels
from reputable.application.track_records import Month, TrackRecordQuery, TrackRecordView
from reputable.domain.freshness import STRONG
from reputable.v1 import track_records_pb2 as pb


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
