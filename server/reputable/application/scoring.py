"""Finds scores in the caches or computes them, each once for all who want it at the same time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reputable.application.ports import AssessmentCache, Clock, LocalCache, ScoreInput, Scorer
from reputable.domain.assessments import DegradedPart, Explanation, Score, ServedFrom


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
class Job:
    """A score that is wanted: by which model, of what, explained how far, and its content key."""

    scorer: Scorer
    item: ScoreInput
    explanation: Explanation
    key: bytes


Found = tuple[Score, ServedFrom]


class ScoreFinder:
    """Looks in the local cache, then in the shared one, then computes."""

    def __init__(self, *, clock: Clock, local: LocalCache, cache: AssessmentCache | None, observer: Observer) -> None:
        self._clock = clock
        self._local = local
        self._cache = cache
        self._observer = observer
        self._waiting: dict[bytes, Job] = {}
        self._awaited: dict[bytes, list[asyncio.Future[Found]]] = {}
        self._searches: set[asyncio.Task[None]] = set()

    @property
    def degraded(self) -> tuple[DegradedPart, ...]:
        """What is configured and cannot be reached."""
        return (DegradedPart.REDIS,) if self._cache is not None and not self._cache.reachable else ()

    def local(self, job: Job) -> Score | None:
        """The score, where this process holds it."""
        score = self._local.get(job.key)
        self._observer.looked_up(ServedFrom.LOCAL_CACHE, score is not None, score is None)
        return score

    async def one(self, job: Job) -> Found:
        """A score that is not in the local cache: looked up or computed, once for all who want it at the same time.

        What is wanted in one turn of the event loop is looked for together. A caller that goes
        away takes nothing from the others.
        """
        if self._cache is None:
            started = self._clock.monotonic()
            score = job.scorer.score(job.item, job.explanation)
            self._observer.took("predict", self._clock.monotonic() - started)
            self._local.put(job.key, score)
            return score, ServedFrom.COMPUTED
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Found] = loop.create_future()
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

    async def _answer(self, jobs: dict[bytes, Job]) -> None:
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

    async def many(self, jobs: dict[bytes, Job]) -> dict[bytes, Found]:
        """The scores of jobs by their keys, wherever they are found."""
        held = {key: self._local.get(key) for key in jobs}
        scores = {key: (score, ServedFrom.LOCAL_CACHE) for key, score in held.items() if score is not None}
        self._observer.looked_up(ServedFrom.LOCAL_CACHE, len(scores), len(jobs) - len(scores))
        missing = {key: job for key, job in jobs.items() if key not in scores}
        return scores | await self._missing(missing) if missing else scores

    async def _missing(self, jobs: dict[bytes, Job]) -> dict[bytes, Found]:
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

    def _computed(self, jobs: dict[bytes, Job]) -> dict[bytes, Found]:
        """The scores computed together, and kept."""
        computed = self._compute(list(jobs.values()))
        for key, score in computed.items():
            self._local.put(key, score)
            if self._cache is not None:
                self._cache.put(key, score)
        return {key: (score, ServedFrom.COMPUTED) for key, score in computed.items()}

    def _compute(self, jobs: Sequence[Job]) -> dict[bytes, Score]:
        groups: dict[tuple[int, Explanation], list[Job]] = {}
        for job in jobs:
            groups.setdefault((id(job.scorer), job.explanation), []).append(job)
        scores: dict[bytes, Score] = {}
        started = self._clock.monotonic()
        for group in groups.values():
            scorer, explanation = group[0].scorer, group[0].explanation
            if len(group) == 1:
                scores[group[0].key] = scorer.score(group[0].item, explanation)
                continue
            made = scorer.score_many([job.item for job in group], explanation)
            scores.update(zip((job.key for job in group), made, strict=True))
        if jobs:
            self._observer.took("predict", self._clock.monotonic() - started)
        return scores
