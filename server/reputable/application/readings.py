"""What is wanted of a record, and what was read."""

from typing import NamedTuple

from reputable.domain.freshness import STRONG, Freshness
from reputable.domain.records import TrackRecord
from reputable.domain.sources import Resolution, SourceReference
from reputable.domain.times import Micros


class Wanted(NamedTuple):
    """A checked reference and the moment of its reading: None means now, and the latest revision."""

    reference: SourceReference
    as_of: Micros | None = None
    at_revision: int | None = None
    freshness: Freshness = STRONG


class Reading(NamedTuple):
    """A record with the reference's resolution and the exact moment it was read for."""

    resolution: Resolution
    record: TrackRecord
    as_of: Micros
    at_revision: int
