"""Assesses claims: resolve the source, read its record, look the score up, else compute it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reputable.application.content_key import content_key
from reputable.application.grounds import Grounds
from reputable.application.ports import AssessmentCache, Clock, LocalCache, ModelShelf, ScoreInput, Scorer
from reputable.application.readings import Reading, Wanted
from reputable.application.record_reading import RecordReader
from reputable.application.shared_rows import SharedRows
from reputable.domain.assessments import Assessment, DegradedPart, Explanation, Score, ServedFrom
from reputable.domain.claims import Claim, check_time
from reputable.domain.errors import InvalidInput, ReputableError
from reputable.domain.freshness import STRONG, Freshness
from reputable.domain.times import DAY, Micros


@dataclass(frozen=True, slots=True)
class AssessQuery:
    """A claim with the moment, the freshness and the explanation wanted; see AssessClaimRequest."""

    claim: Claim
    as_of: Micros | None = None
    at_revision: int | None = None
    freshness: Freshness = STRONG
    explanation: Explanation = Explanation.SUMMARY
    model_version: str = ""
    prior_epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """What an answer says of when it was given: the time, the ledger's revision, what cannot be reached."""

    now: Micros
    revision: int
    degraded: tuple[DegradedPart, ...]


class Observer(Protocol):
    """Is told what happened, for metrics; must be cheap and never raise."""

    def looked_up(self, tier: ServedFrom, hits: int, misses: int) -> None:
        """Look-ups in a cache."""
        ...

    def took(self, stage: str, seconds: float) -> None:
        """How long a stage took: "record", "cache" or "predict"."""
        ...

    def assessed(self, credibility: float, tier: ServedFrom) -> None:
        """An assessment was given."""
        ...


@dataclass(slots=True)
class _Job:
    """A query on its way: what was read, what it is scored with, under which key."""

    query: AssessQuery
    reading: Reading
    scorer: Scorer
    item: ScoreInput
    key: bytes


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
    ) -> None:
        self._clock = clock
        self._shared = shared
        self._reader = reader
        self._models = models
        self._local = local
        self._cache = cache
        self._observer = observer
        self._waiting: dict[bytes, _Job] = {}
        self._awaited: dict[bytes, list[asyncio.Future[tuple[Score, ServedFrom]]]] = {}
        self._searches: set[asyncio.Task[None]] = set()

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
            return self._assessment(job, score, ServedFrom.LOCAL_CACHE, now)
        score, tier = await self._once(job)
        return self._assessment(job, score, tier, now)

    async def assess_many(self, queries: Sequence[AssessQuery]) -> list[Assessment | ReputableError]:
        """Assess claims together, answers in order; equal claims are scored once.

        Raises nothing but what makes the whole batch impossible; an item's refusal is its answer.
        """
        now = self._clock.now()
        outcomes: dict[int, Assessment | ReputableError] = {}
        checked: dict[int, tuple[Wanted, AssessQuery]] = {}
        for index, query in enumerate(queries):
            try:
                checked[index] = self._checked(query, now)
            except ReputableError as error:
                outcomes[index] = error
        readings = await self._reader.read_many([wanted for wanted, _ in checked.values()])
        jobs: dict[int, _Job] = {}
        for (index, (_, query)), reading in zip(checked.items(), readings, strict=True):
            try:
                if isinstance(reading, ReputableError):
                    raise reading
                jobs[index] = self._job(query, reading)
            except ReputableError as error:
                outcomes[index] = error
        scores = await self._scores({job.key: job for job in jobs.values()})
        for index, job in jobs.items():
            outcomes[index] = self._assessment(job, *scores[job.key], now)
        return [outcomes[index] for index in range(len(queries))]

    def grounds(self, query: AssessQuery, assessment: Assessment) -> Grounds | None:
        """What a local hit rests on; None for a question that is not of now, or where asking would cost as much.

        Raises nothing of its own: the question has just been answered.
        """
        if assessment.served_from is not ServedFrom.LOCAL_CACHE or query.freshness.token is not None:
            return None
        if not (query.as_of is query.at_revision is query.prior_epoch is None) or query.model_version:
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
        return _Job(query, reading, scorer, item, content_key(scorer, item, query.explanation))

    async def _once(self, job: _Job) -> tuple[Score, ServedFrom]:
        """Look a score up or compute it, once for all who want it at the same time.

        What is wanted in one turn of the event loop is looked for together. A caller that goes
        away takes nothing from the others.
        """
        if self._cache is None:
            return self._computed({job.key: job})[job.key]
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[Score, ServedFrom]] = loop.create_future()
        if job.key in self._awaited:
            self._awaited[job.key].append(answer)
        else:
            self._awaited[job.key] = [answer]
            if not self._waiting:
                loop.call_soon(self._search)
            self._waiting[job.key] = job
        return await answer

    def _search(self) -> None:
        jobs, self._waiting = self._waiting, {}
        search = asyncio.get_running_loop().create_task(self._answer(jobs))
        self._searches.add(search)
        search.add_done_callback(self._searches.discard)

    async def _answer(self, jobs: dict[bytes, _Job]) -> None:
        """Find or compute what is waited for, and tell all who wait; one failure is not the others'."""
        try:
            scores = await self._missing(jobs)
        except Exception as error:  # noqa: BLE001 - it is raised in those who wait.
            if len(jobs) > 1:
                for key, job in jobs.items():
                    await self._answer({key: job})
                return
            for answer in self._awaited.pop(next(iter(jobs))):
                if not answer.done():
                    answer.set_exception(error)
            return
        for key in jobs:
            for answer in self._awaited.pop(key):
                if not answer.done():
                    answer.set_result(scores[key])

    async def _scores(self, jobs: dict[bytes, _Job]) -> dict[bytes, tuple[Score, ServedFrom]]:
        held = {key: self._local.get(key) for key in jobs}
        scores = {key: (score, ServedFrom.LOCAL_CACHE) for key, score in held.items() if score is not None}
        self._observer.looked_up(ServedFrom.LOCAL_CACHE, len(scores), len(jobs) - len(scores))
        missing = {key: job for key, job in jobs.items() if key not in scores}
        return scores | await self._missing(missing) if missing else scores

    async def _missing(self, jobs: dict[bytes, _Job]) -> dict[bytes, tuple[Score, ServedFrom]]:
        """What Redis holds of the scores, and the rest computed together."""
        if self._cache is None:
            return self._computed(jobs)
        keys = list(jobs)
        started = self._clock.monotonic()
        found = await self._cache.get_many(keys)
        self._observer.took("cache", self._clock.monotonic() - started)
        scores = {key: score for key, score in zip(keys, found, strict=True) if score is not None}
        self._observer.looked_up(ServedFrom.REDIS, len(scores), len(keys) - len(scores))
        for key, score in scores.items():
            self._local.put(key, score)
        missing = {key: job for key, job in jobs.items() if key not in scores}
        return {key: (score, ServedFrom.REDIS) for key, score in scores.items()} | self._computed(missing)

    def _computed(self, jobs: dict[bytes, _Job]) -> dict[bytes, tuple[Score, ServedFrom]]:
        """The scores computed together, and kept."""
        computed = self._compute(list(jobs.values()))
        for key, score in computed.items():
            self._local.put(key, score)
            if self._cache is not None:
                self._cache.put(key, score)
        return {key: (score, ServedFrom.COMPUTED) for key, score in computed.items()}

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

    def _assessment(self, job: _Job, score: Score, tier: ServedFrom, now: Micros) -> Assessment:
        self._observer.assessed(score.credibility, tier)
        reading = job.reading
        record = reading.record
        return Assessment(
            score=score,
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
            served_from=tier,
            degraded=self._degraded(),
        )

    def _degraded(self) -> tuple[DegradedPart, ...]:
        if self._cache is not None and not self._cache.reachable:
            return (DegradedPart.REDIS,)
        return ()
