"""Times as whole microseconds since 1970-01-01 UTC, days as whole days since then."""

from datetime import UTC, date, datetime, timedelta

Micros = int
Day = int

SECOND: Micros = 1_000_000
MINUTE: Micros = 60 * SECOND
DAY: Micros = 86_400 * SECOND
FUTURE_TOLERANCE: Micros = 5 * MINUTE
"""How far ahead of the clock a caller's time may lie."""

EARLIEST: Micros = -62_135_596_800 * SECOND
"""0001-01-01T00:00:00Z, the first time that protobuf's Timestamp and datetime share."""
LATEST: Micros = 253_402_300_800 * SECOND - 1
"""9999-12-31T23:59:59.999999Z, the last such time."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DATE = date(1970, 1, 1)


def from_datetime(moment: datetime) -> Micros:
    """Microseconds of an aware datetime; a naive one is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_datetime(micros: Micros) -> datetime:
    """The aware UTC datetime of `micros`, which must lie in [EARLIEST, LATEST]."""
    return _EPOCH + timedelta(microseconds=micros)


def day_of(micros: Micros) -> Day:
    """The UTC day that `micros` falls in."""
    return micros // DAY


def iso_day(day: Day) -> str:
    """`YYYY-MM-DD` of a day."""
    return (_EPOCH_DATE + timedelta(days=day)).isoformat()


def parse_time(text: str) -> Micros:
    """Micros of an ISO 8601 date (its midnight UTC) or date-time (UTC without an offset).

    Raises ValueError with a sentence when it is neither.
    """
    try:
        return from_datetime(datetime.fromisoformat(text.strip()))
    except ValueError as error:
        message = f"{text!r} is not a time; write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ"
        raise ValueError(message) from error


def format_time(micros: Micros) -> str:
    """ISO 8601 with microseconds and `Z`."""
    return to_datetime(micros).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
