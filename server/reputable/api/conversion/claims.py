"""Times, sources as named, claims and freshness, between messages and the domain."""

from google.protobuf.timestamp_pb2 import Timestamp

from reputable.domain.assessments import LEVEL, Interval
from reputable.domain.claims import Claim
from reputable.domain.errors import InvalidInput
from reputable.domain.freshness import STRONG, Freshness, FreshnessMode, Token
from reputable.domain.sources import SourceReference
from reputable.domain.times import EARLIEST, LATEST, Micros
from reputable.v1 import claim_pb2, common_pb2

_MODES = {
    common_pb2.FRESHNESS_MODE_UNSPECIFIED: FreshnessMode.STRONG,
    common_pb2.FRESHNESS_MODE_STRONG: FreshnessMode.STRONG,
    common_pb2.FRESHNESS_MODE_BOUNDED: FreshnessMode.BOUNDED,
    common_pb2.FRESHNESS_MODE_AT_LEAST: FreshnessMode.AT_LEAST,
}


def decode_time(field: str, message: Timestamp) -> Micros:
    """Microseconds of a timestamp, its nanoseconds rounded down; InvalidInput outside of years 1 to 9999."""
    if not 0 <= message.nanos <= 999_999_999:
        raise InvalidInput(field, f"has {message.nanos} nanos; give 0 to 999,999,999")
    micros: Micros = message.seconds * 1_000_000 + message.nanos // 1_000
    if not EARLIEST <= micros <= LATEST:
        raise InvalidInput(field, "is out of range; give a time in the years 1 to 9999")
    return micros


def encode_time(micros: Micros) -> Timestamp:
    """The timestamp of `micros`."""
    seconds, rest = divmod(micros, 1_000_000)
    return Timestamp(seconds=seconds, nanos=rest * 1_000)


def decode_revision(field: str, value: int) -> int:
    """A revision or an epoch's number; InvalidInput when negative."""
    if value < 0:
        raise InvalidInput(field, f"{value} is negative; give 0 or more")
    return value


def encode_interval(interval: Interval) -> common_pb2.Interval:
    """The interval with the level that every interval is meant to hold."""
    return common_pb2.Interval(lower=interval.lower, upper=interval.upper, level=LEVEL)


def decode_reference(field: str, source_id: str, source_name: str) -> SourceReference:
    """The source as a caller names it; InvalidInput at `field` + "source_name" when it does not."""
    if not source_id and not source_name:
        raise InvalidInput(f"{field}source_name", "is missing; give source_id, or source_name as written")
    return SourceReference(source_id, source_name)


def decode_claim(message: claim_pb2.Claim) -> Claim:
    """The claim as sent; `Claim.checked` judges what it holds."""
    source = decode_reference("claim.", message.source_id, message.source_name)
    claimed_at = decode_time("claim.claim_time", message.claim_time) if message.HasField("claim_time") else None
    return Claim(
        message.text, source, claimed_at, message.context, tuple(message.topics), message.language, tuple(message.via)
    )


def encode_claim(claim: Claim) -> claim_pb2.Claim:
    """The message of a claim."""
    message = claim_pb2.Claim(
        text=claim.text,
        context=claim.context,
        topics=claim.topics,
        language=claim.language,
        via=claim.via,
    )
    if claim.source.id:
        message.source_id = claim.source.id
    else:
        message.source_name = claim.source.name
    if claim.claimed_at is not None:
        message.claim_time.CopyFrom(encode_time(claim.claimed_at))
    return message


def decode_freshness(message: common_pb2.Freshness) -> Freshness:
    """What the caller demands; InvalidInput for an unknown mode, a bound out of range, a bad token."""
    mode = _MODES.get(message.mode)
    if mode is None:
        raise InvalidInput("freshness.mode", f"{message.mode} is not a mode; see FreshnessMode")
    if mode is FreshnessMode.STRONG:
        return STRONG
    if mode is FreshnessMode.BOUNDED:
        return Freshness(mode, max_staleness_ms=message.max_staleness_ms)
    if not message.token:
        return Freshness(mode)
    return Freshness(mode, token=Token.decode(message.token))
