"""Assesses claims: resolve the source, read its record, look the score up, else compute it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from reputable.application.content_key import content_key
from reputable.application.grounds import Grounds
from reputable.application.ports import AssessmentCache, Clock, LocalCache, ModelShelf, Observer, ScoreInput, Scorer
from reputable.application.queries import AssessQuery
from reputable.application.readings import Reading, Wanted
from reputable.application.record_reading import RecordReader
from reputable.application.remembering import Memories
from reputable.application.shared_rows import SharedRows
from reputable.domain.assessments import Assessment, DegradedPart, Explanation, Score, ServedFrom
from reputable.domain.claims import check_time
from reputable.domain.errors import InvalidInput, ReputableError
from reputable.domain.times import DAY, Micros

_SLICE = 64
"""Claims of a batch that are dealt with before another call is let in: some milliseconds."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What an answer says of when it was given: the time, the ledger's revision, what cannot be reached."""

    now: Micros
    revision: int
    degraded: tuple[DegradedPart, ...]


@dataclass(slots=True)
class _Job:
    """A query on its way: what was read, what it is scored with (`full`: in the full form), under which key."""

    query: AssessQuery
    reading: Reading
    scorer: Scorer
    item: ScoreInput
    full: bool
    key: bytes


async def _take_turns(index: int) -> None:
    """Between two slices of a batch let other calls in; a new one takes several turns of the event loop."""
    if index and index % _SLICE == 0:
        for _ in range(10):
            await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class _Found:
    """A score and where it is from; `light` when the memory that it should have read could not be had."""

    score: Score
    tier: ServedFrom
    light: bool = False


class Assessor:
    """Answers how credible claims are."""

    def __init__(
        self,
        *,
        clock: Clock,
        shared: SharedRows,
        reader: RecordReader,
        models: ModelShelf,
        local: LocalCache,
        cache: AssessmentCache | None,
        observer: Observer,
        memories: Memories | None = None,
    ) -> None:
        self._clock = clock
        self._shared = shared
        self._reader = reader
        self._models = models
        self._local = local
        self._cache = cache
        self._observer = observer
        self._memories = memories
        self._computing: dict[bytes, asyncio.Future[_Found]] = {}

    async def assess(self, query: AssessQuery) -> Assessment:
        """Assess one claim.

        Raises InvalidInput, SourceNotFound, ModelNotFound, EpochNotFound, RevisionNotReached,
        PreconditionFailed, LedgerUnavailable.
        """
        now = self._clock.now()
        wanted, query = self._checked(query, now)
        started = self._clock.monotonic()
        reading = self._reader.held(wanted) or await self._reader.read(wanted)
        self._observer.took("record", self._clock.monotonic() - started)
        job = self._job(query, reading)
        score = self._local.get(job.key)
        self._observer.looked_up(ServedFrom.LOCAL_CACHE, score is not None, score is None)
        if score is not None:
            return self._assessment(job, _Found(score, ServedFrom.LOCAL_CACHE), now)
        return self._assessment(job, await self._once(job), now)

    async def assess_many(self, queries: Sequence[AssessQuery]) -> list[Assessment | ReputableError]:
        """Assess claims together, answers in order; equal claims are scored once.

        Raises nothing but what makes the whole batch impossible; an item's refusal is its answer.
        """
        now = self._clock.now()
        outcomes: dict[int, Assessment | ReputableError] = {}
        checked: dict[int, tuple[Wanted, AssessQuery]] = {}
        for index, query in enumerate(queries):
            await _take_turns(index)
            try:
                checked[index] = self._checked(query, now)
            except ReputableError as error:
                outcomes[index] = error
        readings = await self._reader.read_many([wanted for wanted, _ in checked.values()])
        jobs: dict[int, _Job] = {}
        for (index, (_, query)), reading in zip(checked.items(), readings, strict=True):
            await _take_turns(index)
            try:
                if isinstance(reading, ReputableError):
                    raise reading
                jobs[index] = self._job(query, reading)
            except ReputableError as error:
                outcomes[index] = error
        scores = await self._scores({job.key: job for job in jobs.values()})
        for index, job in jobs.items():
            outcomes[index] = self._assessment(job, scores[job.key], now)
        return [outcomes[index] for index in range(len(queries))]

    def grounds(self, query: AssessQuery, assessment: Assessment) -> Grounds | None:
        """What a local hit rests on; None for a question that is not of now, or where asking would cost as much.

        Raises nothing of its own: the question has just been answered.
        """
        if assessment.served_from is not ServedFrom.LOCAL_CACHE or query.freshness.token is not None:
            return None
        if not query.is_of_now or query.model_version:
            return None
        reading = self._reader.held(self._checked(query, self._clock.now())[0])
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
        return Moment(self._clock.now(), self._reader.revision, self._degraded())

    def _checked(self, query: AssessQuery, now: Micros) -> tuple[Wanted, AssessQuery]:
        claim = query.claim.checked(now)
        if query.as_of is not None:
            check_time("as_of_time", query.as_of, now)
        if query.at_revision is not None and query.at_revision < 0:
            raise InvalidInput("at_revision", f"{query.at_revision} is not a revision; give 0 or more")
        checked = AssessQuery(
            claim, query.as_of, query.at_revision, query.freshness,
            query.explanation, query.model_version, query.prior_epoch,
        )  # fmt: skip
        return Wanted(claim.source, query.as_of, query.at_revision, query.freshness), checked

    def _job(self, query: AssessQuery, reading: Reading) -> _Job:
        scorer = self._models.get(query.model_version) if query.model_version else self._models.active
        if query.prior_epoch is None:
            epoch = self._shared.epoch_at(reading.as_of, reading.at_revision)
        else:
            epoch = self._shared.epoch(query.prior_epoch)
        item = ScoreInput(query.claim, reading.record, epoch)
        full = self._memories is not None and scorer.remembers and bool(epoch.memory_digest)
        return _Job(query, reading, scorer, item, full, content_key(scorer, item, query.explanation, full=full))

    async def _once(self, job: _Job) -> _Found:
        """Look a score up or compute it, once for all who want it at the same time."""
        flight = self._computing.get(job.key)
        if flight is None:
            flight = asyncio.ensure_future(self._found_or_computed(job))
            self._computing[job.key] = flight
            flight.add_done_callback(lambda _: self._computing.pop(job.key, None))
        return await asyncio.shield(flight)

    async def _found_or_computed(self, job: _Job) -> _Found:
        return (await self._missing({job.key: job}))[job.key]

    async def _scores(self, jobs: dict[bytes, _Job]) -> dict[bytes, _Found]:
        held = {key: self._local.get(key) for key in jobs}
        scores = {key: _Found(score, ServedFrom.LOCAL_CACHE) for key, score in held.items() if score is not None}
        self._observer.looked_up(ServedFrom.LOCAL_CACHE, len(scores), len(jobs) - len(scores))
        missing = {key: job for key, job in jobs.items() if key not in scores}
        return scores | await self._missing(missing) if missing else scores

    async def _missing(self, jobs: dict[bytes, _Job]) -> dict[bytes, _Found]:
        """What Redis holds of the scores, and the rest computed together."""
        found = await self._look_up(list(jobs))
        rest = {key: job for key, job in jobs.items() if key not in found}
        await self._recall([job for job in rest.values() if job.full])
        for key, score in (await self._computed(list(rest.values()))).items():
            job = rest[key]
            found[key] = _Found(score, ServedFrom.COMPUTED, job.full and job.item.memory is None)
            if self._cache is not None and not found[key].light:
                self._cache.put(key, score)
        for key, one in found.items():
            if not one.light:
                self._local.put(key, one.score)
        return found

    async def _look_up(self, keys: list[bytes]) -> dict[bytes, _Found]:
        if self._cache is None:
            return {}
        started = self._clock.monotonic()
        scores = await self._cache.get_many(keys)
        self._observer.took("cache", self._clock.monotonic() - started)
        found = {k: _Found(s, ServedFrom.REDIS) for k, s in zip(keys, scores, strict=True) if s is not None}
        self._observer.looked_up(ServedFrom.REDIS, len(found), len(keys) - len(found))
        return found

    async def _recall(self, jobs: list[_Job]) -> None:
        """Give each job what its epoch's memory says; one of a given moment waits for a memory being built."""
        if self._memories is None or not jobs:
            return
        started = self._clock.monotonic()
        wait = [not job.query.is_of_now for job in jobs]
        items = await self._memories.recall_all([job.item for job in jobs], wait=wait)
        for job, item in zip(jobs, items, strict=True):
            job.item = item
        self._observer.took("memory", self._clock.monotonic() - started)

    async def _computed(self, jobs: Sequence[_Job]) -> dict[bytes, Score]:
        """Scores computed a slice at a time, so that other calls get their turn between."""
        scores: dict[bytes, Score] = {}
        for start in range(0, len(jobs), _SLICE):
            await _take_turns(start)
            scores |= self._compute(jobs[start : start + _SLICE])
        return scores

    def _compute(self, jobs: Sequence[_Job]) -> dict[bytes, Score]:
        groups: dict[tuple[int, Explanation], list[_Job]] = {}
        for job in jobs:
            groups.setdefault((id(job.scorer), job.query.explanation), []).append(job)
        scores: dict[bytes, Score] = {}
        started = self._clock.monotonic()
        for group in groups.values():
            scorer, explanation = group[0].scorer, group[0].query.explanation
            if len(group) == 1:
                scores[group[0].key] = scorer.score(group[0].item, explanation)
                continue
            made = scorer.score_many([job.item for job in group], explanation)
            scores.update(zip((job.key for job in group), made, strict=True))
        if jobs:
            self._observer.took("predict", self._clock.monotonic() - started)
        return scores

    def _assessment(self, job: _Job, found: _Found, now: Micros) -> Assessment:
        self._observer.assessed(found.score.credibility, found.tier)
        reading = job.reading
        record = reading.record
        return Assessment(
            score=found.score,
            resolution=reading.resolution,
            model_version=job.scorer.version,
            prior_epoch=job.item.epoch.number,
            decay_day=record.day,
            as_of=reading.as_of,
            at_revision=reading.at_revision,
            source_revision=record.revision,
            record_digest=record.digest,
            assessed_at=now,
            expires_at=(now // DAY + 1) * DAY,
            served_from=found.tier,
            degraded=(*self._degraded(), *((DegradedPart.MEMORY,) if found.light else ())),
        )

    def _degraded(self) -> tuple[DegradedPart, ...]:
        if self._cache is not None and not self._cache.reachable:
            return (DegradedPart.REDIS,)
        return ()
