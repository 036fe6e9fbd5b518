"""What an answer rests on, so that it can be asked cheaply whether the same question still has it."""

from dataclasses import dataclass

from reputable.application.held_records import HeldRecord
from reputable.application.ports import Scorer
from reputable.domain.times import Micros


@dataclass(frozen=True, slots=True)
class Grounds:
    """While all of this stands, a claim assessed as of now has the same content key, and so the same score.

    `held` is the source's record in this process's map, None for a source that is not known;
    `shared_revision` covers names, standings and epochs; from `since` up to `until` (microseconds)
    the record has the same day and takes in no further review.
    """

    source_id: str
    held: HeldRecord | None
    shared_revision: int
    scorer: Scorer
    since: Micros
    until: Micros
    credibility: float
