"""Assesses claims: resolve the source, read its record, look the score up, else compute it."""

from collections.abc import Sequence
from typing import NamedTuple

from reputable.application.grounds import Grounds
from reputable.application.ports import AssessmentCache, Clock, LocalCache, ModelShelf, ScoreInput
from reputable.application.queries import AssessQuery
from reputable.application.readings import Reading, Wanted
from reputable.application.record_reading import RecordReader
from reputable.application.remembering import Memories
from reputable.application.scoring import Found, Job, Observer, ScoreFinder
from reputable.application.shared_rows import SharedRows
from reputable.application.turns import take_turns
from reputable.domain.assessments import Assessment, DegradedPart, ServedFrom
from reputable.domain.claims import Claim, check_time
from reputable.domain.errors import InvalidInput, ReputableError
from reputable.domain.times import DAY, Micros


class Moment(NamedTuple):
    """What an answer says of when it was given: the time, the ledger's revision, what cannot be reached."""

    now: Micros
    revision: int
    degraded: tuple[DegradedPart, ...]


class Assessor:
    """Answers how credible claims are."""

    def __init__(
        self,
        *,
        clock: Clock,
        shared: SharedRows,
        reader: RecordReader,
        models: ModelShelf,
        local: LocalCache | None,
        cache: AssessmentCache | None,
        observer: Observer,
        memories: Memories | None = None,
    ) -> None:
        self._clock = clock
        self._shared = shared
        self._reader = reader
        self._models = models
        self._observer = observer
        self._remembers = memories is not None
        self._scores = ScoreFinder(clock=clock, local=local, cache=cache, observer=observer, memories=memories)

    async def assess(self, query: AssessQuery) -> Assessment:
        """Assess one claim.

        Raises InvalidInput, SourceNotFound, ModelNotFound, EpochNotFound, RevisionNotReached,
        PreconditionFailed, LedgerUnavailable.
        """
        now = self._clock.now()
        claim, wanted = _checked(query, now)
        started = self._clock.monotonic()
        reading = self._reader.held(wanted, now) or await self._reader.read(wanted)
        self._observer.took("record", self._clock.monotonic() - started)
        job = self._job(query, claim, reading)
        found = self._scores.local(job) or await self._scores.one(job)
        return self._assessment(reading, job, found, now)

    async def assess_many(self, queries: Sequence[AssessQuery]) -> list[Assessment | ReputableError]:
        """Assess claims together, answers in order; equal claims are scored once.

        Raises nothing but what makes the whole batch impossible; an item's refusal is its answer.
        """
        now = self._clock.now()
        outcomes: dict[int, Assessment | ReputableError] = {}
        checked: dict[int, tuple[Claim, Wanted]] = {}
        for index, query in enumerate(queries):
            await take_turns(index)
            try:
                checked[index] = _checked(query, now)
            except ReputableError as error:
                outcomes[index] = error
        readings = await self._reader.read_many([wanted for _, wanted in checked.values()], now)
        jobs: dict[int, tuple[Reading, Job]] = {}
        for (index, (claim, _)), reading in zip(checked.items(), readings, strict=True):
            await take_turns(index)
            try:
                if isinstance(reading, ReputableError):
                    raise reading
                jobs[index] = (reading, self._job(queries[index], claim, reading))
            except ReputableError as error:
                outcomes[index] = error
        found = await self._scores.many({job.key: job for _, job in jobs.values()})
        for index, (reading, job) in jobs.items():
            await take_turns(index)
            outcomes[index] = self._assessment(reading, job, found[job.key], now)
        return [outcomes[index] for index in range(len(queries))]

    def grounds(self, query: AssessQuery, assessment: Assessment) -> Grounds | None:
        """What a local hit rests on; None for a question that is not of now, or where asking would cost as much.

        Raises nothing of its own: the question has just been answered.
        """
        if assessment.served_from is not ServedFrom.LOCAL_CACHE or query.freshness.token is not None:
            return None
        moved = self._shared.revision > assessment.at_revision  # Names, standings or epochs, since the record was read.
        if not query.is_of_now or query.model_version or moved:
            return None
        now = self._clock.now()
        reading = self._reader.held(_checked(query, now)[1], now)
        if reading is None or reading.resolution != assessment.resolution:
            return None
        held = self._reader.anchor(reading)
        if (held is None) != (not reading.resolution.source_id) or reading.record.digest != assessment.record_digest:
            return None
        epoch = self._shared.epoch_at(reading.as_of, reading.at_revision)
        scorer = self._models.active
        if (scorer.version, epoch.number) != (assessment.model_version, assessment.prior_epoch):
            return None
        return Grounds(
            reading.resolution.source_id, held, self._shared.revision, scorer,
            assessment.as_of, assessment.expires_at, assessment.score.credibility,
        )  # fmt: skip

    def stands(self, grounds: Grounds, now: Micros) -> bool:
        """Whether the answer is still that of now; when it is, it counts as a local hit."""
        if (
            grounds.since <= now < grounds.until
            and grounds.shared_revision == self._shared.revision
            and grounds.scorer is self._models.active
            and self._reader.holds(grounds.source_id, grounds.held)
        ):
            self._observer.looked_up(ServedFrom.LOCAL_CACHE, 1, 0)
            self._observer.assessed(grounds.credibility, ServedFrom.LOCAL_CACHE)
            return True
        return False

    def moment(self) -> Moment:
        """What an answer of now says of now."""
        return Moment(self._clock.now(), self._reader.revision, self._scores.degraded)

    def _job(self, query: AssessQuery, claim: Claim, reading: Reading) -> Job:
        scorer = self._models.get(query.model_version) if query.model_version else self._models.active
        if query.prior_epoch is None:
            epoch = self._shared.epoch_at(reading.as_of, reading.at_revision)
        else:
            epoch = self._shared.epoch(query.prior_epoch)
        full = self._remembers and scorer.remembers and bool(epoch.memory_digest)
        item = ScoreInput(claim, reading.record, epoch)
        return Job(scorer, item, query.explanation, full, full and not query.is_of_now)

    def _assessment(self, reading: Reading, job: Job, found: Found, now: Micros) -> Assessment:
        self._observer.assessed(found.score.credibility, found.tier)
        record = reading.record
        degraded = self._scores.degraded
        return Assessment(
            found.score, reading.resolution, job.scorer.version, job.item.epoch.number, record.day,
            reading.as_of, reading.at_revision, record.revision, record.digest, now, (now // DAY + 1) * DAY,
            found.tier, (*degraded, DegradedPart.MEMORY) if found.light else degraded,
        )  # fmt: skip


def _checked(query: AssessQuery, now: Micros) -> tuple[Claim, Wanted]:
    """The claim in canonical form, and what is wanted of its source's record. Raises InvalidInput."""
    claim = query.claim.checked(now)
    if query.as_of is not None:
        check_time("as_of_time", query.as_of, now)
    if query.at_revision is not None and query.at_revision < 0:
        raise InvalidInput("at_revision", f"{query.at_revision} is not a revision; give 0 or more")
    return claim, Wanted(claim.source, query.as_of, query.at_revision, query.freshness)
