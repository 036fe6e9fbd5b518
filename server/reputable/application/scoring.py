"""Finds scores in the caches or computes them, each once for all who want it at the same time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reputable.application.content_key import content_key
from reputable.application.ports import AssessmentCache, Clock, LocalCache, ScoreInput, Scorer
from reputable.application.remembering import Memories
from reputable.application.turns import SLICE, take_turns
from reputable.domain.assessments import DegradedPart, Explanation, Score, ServedFrom


class Observer(Protocol):
    """Is told what happened, for metrics; must be cheap and never raise."""

    def looked_up(self, tier: ServedFrom, hits: int, misses: int) -> None:
        """Look-ups in a cache."""
        ...

    def took(self, stage: str, seconds: float) -> None:
        """How long a stage took: "record", "cache", "memory" or "predict"."""
        ...

    def assessed(self, credibility: float, tier: ServedFrom) -> None:
        """An assessment was given."""
        ...


@dataclass(slots=True)
class Job:
    """A score that is wanted: by which model, of what, explained how far.

    `full`: in the full form, which reads the epoch's memory; one that `waits` does so also while
    that memory is being built, as an answer that is to be reproduced must not depend on it.
    """

    scorer: Scorer
    item: ScoreInput
    explanation: Explanation
    full: bool = False
    waits: bool = False
    _key: bytes = b""

    @property
    def key(self) -> bytes:
        """The content key, made when it is first asked for."""
        if not self._key:
            self._key = content_key(self.scorer, self.item, self.explanation, full=self.full)
        return self._key


@dataclass(slots=True)
class Found:
    """A score and where it is from; `light` when the memory that it should have read could not be had."""

    score: Score
    tier: ServedFrom
    light: bool = False


Jobs = dict[bytes, Job]


class ScoreFinder:
    """Looks in the local cache, then in the shared one, then computes."""

    def __init__(
        self,
        *,
        clock: Clock,
        local: LocalCache | None,
        cache: AssessmentCache | None,
        observer: Observer,
        memories: Memories | None,
    ) -> None:
        self._clock = clock
        self._local = local
        self._cache = cache
        self._observer = observer
        self._memories = memories
        self._wanted: Jobs = {}
        self._awaited: dict[bytes, list[asyncio.Future[Found]]] = {}
        self._searches: set[asyncio.Task[None]] = set()

    @property
    def degraded(self) -> tuple[DegradedPart, ...]:
        """What is configured and cannot be reached."""
        return (DegradedPart.REDIS,) if self._cache is not None and not self._cache.reachable else ()

    def local(self, job: Job) -> Found | None:
        """The score, where this process holds it."""
        score = None if self._local is None else self._local.get(job.key)
        self._observer.looked_up(ServedFrom.LOCAL_CACHE, score is not None, score is None)
        return None if score is None else Found(score, ServedFrom.LOCAL_CACHE)

    async def one(self, job: Job) -> Found:
        """A score that is not in the local cache: looked up or computed, once for all who want it at the same time.

        What is wanted in one turn of the event loop is looked for together. A caller that goes
        away takes nothing from the others.
        """
        if self._cache is None and not job.full:
            return self._compute(job)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Found] = loop.create_future()
        if job.key in self._awaited:
            self._awaited[job.key].append(answer)
            return await answer
        self._awaited[job.key] = [answer]
        if job.waits:
            self._search({job.key: job})
        else:
            if not self._wanted:
                loop.call_soon(self._search_together)
            self._wanted[job.key] = job
        return await answer

    def _search_together(self) -> None:
        jobs, self._wanted = self._wanted, {}
        self._search(jobs)

    def _search(self, jobs: Jobs) -> None:
        search = asyncio.get_running_loop().create_task(self._answer(jobs))
        self._searches.add(search)
        search.add_done_callback(self._searches.discard)

    async def _answer(self, jobs: Jobs) -> None:
        """Tell all who wait, those first whose scores are there first; one failure is not the others'."""
        try:
            found = await self._look_up(jobs)
            self._tell(found)
            light = {key: job for key, job in jobs.items() if key not in found and not job.full}
            if light:
                self._tell(self._computed(light))
            full = {key: job for key, job in jobs.items() if key not in found and job.full}
            if full:
                self._tell(self._computed(await self._recalled(full)))
        except Exception as error:  # noqa: BLE001 - it is raised in those who wait.
            rest = {key: job for key, job in jobs.items() if key in self._awaited}
            if len(jobs) > 1:
                for key, job in rest.items():
                    await self._answer({key: job})
                return
            for key in rest:
                for answer in self._awaited.pop(key):
                    if not answer.done():
                        answer.set_exception(error)

    def _tell(self, found: dict[bytes, Found]) -> None:
        for key, one in found.items():
            for answer in self._awaited.pop(key):
                if not answer.done():
                    answer.set_result(one)

    async def many(self, jobs: Jobs) -> dict[bytes, Found]:
        """The scores of jobs by their keys, wherever they are found."""
        found = {key: one for key, job in jobs.items() if (one := self.local(job)) is not None}
        found |= await self._look_up({key: job for key, job in jobs.items() if key not in found})
        found |= await self._in_slices({key: job for key, job in jobs.items() if key not in found and not job.full})
        full = await self._recalled({key: job for key, job in jobs.items() if key not in found})
        return found | await self._in_slices(full)

    async def _in_slices(self, jobs: Jobs) -> dict[bytes, Found]:
        """The scores computed a slice at a time, so that other calls get their turn between."""
        found: dict[bytes, Found] = {}
        wanted = list(jobs.items())
        for start in range(0, len(wanted), SLICE):
            await take_turns(start)
            found |= self._computed(dict(wanted[start : start + SLICE]))
        return found

    async def _look_up(self, jobs: Jobs) -> dict[bytes, Found]:
        """What Redis holds of the scores."""
        if self._cache is None or not jobs:
            return {}
        keys = list(jobs)
        started = self._clock.monotonic()
        scores = await self._cache.get_many(keys)
        self._observer.took("cache", self._clock.monotonic() - started)
        found = {k: Found(s, ServedFrom.REDIS) for k, s in zip(keys, scores, strict=True) if s is not None}
        self._observer.looked_up(ServedFrom.REDIS, len(found), len(keys) - len(found))
        if self._local is not None:
            for key, one in found.items():
                self._local.put(key, one.score)
        return found

    async def _recalled(self, jobs: Jobs) -> Jobs:
        """The jobs with what their epochs' memories say."""
        if self._memories is not None and jobs:
            started = self._clock.monotonic()
            wanted = list(jobs.values())
            items = await self._memories.recall_all([job.item for job in wanted], wait=[job.waits for job in wanted])
            for job, item in zip(wanted, items, strict=True):
                job.item = item
            self._observer.took("memory", self._clock.monotonic() - started)
        return jobs

    def _computed(self, jobs: Jobs) -> dict[bytes, Found]:
        """The scores computed together, and kept."""
        started = self._clock.monotonic()
        found = {key: self._keep(jobs[key], score) for key, score in _scored(jobs).items()}
        if jobs:
            self._observer.took("predict", self._clock.monotonic() - started)
        return found

    def _compute(self, job: Job) -> Found:
        """One score computed, and kept."""
        started = self._clock.monotonic()
        found = self._keep(job, job.scorer.score(job.item, job.explanation))
        self._observer.took("predict", self._clock.monotonic() - started)
        return found

    def _keep(self, job: Job, score: Score) -> Found:
        """Put a score into the caches; a light one in a full one's place is not kept."""
        if job.full and job.item.memory is None:
            return Found(score, ServedFrom.COMPUTED, light=True)
        if self._local is not None:
            self._local.put(job.key, score)
        if self._cache is not None:
            self._cache.put(job.key, score)
        return Found(score, ServedFrom.COMPUTED)


def _scored(jobs: Jobs) -> dict[bytes, Score]:
    """Each score, made together with those of the same model and explanation."""
    groups: dict[tuple[int, Explanation], list[Job]] = {}
    for job in jobs.values():
        groups.setdefault((id(job.scorer), job.explanation), []).append(job)
    scores: dict[bytes, Score] = {}
    for group in groups.values():
        scores.update(zip((job.key for job in group), _made(group), strict=True))
    return scores


def _made(group: Sequence[Job]) -> list[Score]:
    return group[0].scorer.score_many([job.item for job in group], group[0].explanation)
