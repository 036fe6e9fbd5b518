"""Sums a source's verdicts up for people: counts, levels, a timeline in months."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reputable.application.ports import Clock, Ledger, ModelShelf
from reputable.application.readings import Reading, Wanted
from reputable.application.record_reading import RecordReader
from reputable.application.shared_rows import SharedRows
from reputable.domain.assessments import Reliability
from reputable.domain.claims import check_reference, check_time
from reputable.domain.errors import InvalidInput, SourceNotFound
from reputable.domain.findings import Finding, active, without_double_counting
from reputable.domain.freshness import STRONG, Freshness
from reputable.domain.records import TrackRecord, summarise
from reputable.domain.sources import SourceReference
from reputable.domain.text import check_text
from reputable.domain.times import Micros, to_datetime
from reputable.domain.verdicts import CREDIBLE_FROM, Level

MAX_TIMELINE_MONTHS = 240


@dataclass(frozen=True, slots=True)
class TrackRecordQuery:
    """Whose record, of which moment; `topic` empty for all, `timeline_months` 0 to 240."""

    source: SourceReference
    as_of: Micros | None = None
    at_revision: int | None = None
    topic: str = ""
    timeline_months: int = 0
    freshness: Freshness = STRONG


@dataclass(frozen=True, slots=True)
class Month:
    """A month (YYYY-MM) of a record; `mean_truthfulness` in [0, 1], 0 without verdicts."""

    name: str
    verdict_count: int
    credible_count: int
    mean_truthfulness: float


@dataclass(frozen=True, slots=True)
class TrackRecordView:
    """A record as shown."""

    record: TrackRecord
    reliability: Reliability
    levels: tuple[Level, ...]
    mean_truthfulness: float
    timeline: tuple[Month, ...]
    as_of: Micros
    at_revision: int


class TrackRecordViewer:
    """Shows records."""

    def __init__(
        self, *, clock: Clock, ledger: Ledger, shared: SharedRows, reader: RecordReader, models: ModelShelf
    ) -> None:
        self._clock = clock
        self._ledger = ledger
        self._shared = shared
        self._reader = reader
        self._models = models

    async def view(self, query: TrackRecordQuery) -> TrackRecordView:
        """Sum up one source's record; errors as `RecordReader.read`, and SourceNotFound for a name
        that does not resolve.
        """
        now = self._clock.now()
        if query.as_of is not None:
            check_time("as_of_time", query.as_of, now)
        if not 0 <= query.timeline_months <= MAX_TIMELINE_MONTHS:
            raise InvalidInput("timeline_month_count", f"give 0 to {MAX_TIMELINE_MONTHS} months")
        reference = check_reference("", query.source)
        reading = await self._reader.read(Wanted(reference, query.as_of, query.at_revision, query.freshness))
        if not reading.resolution.source_id:
            raise SourceNotFound(
                f"the name {reference.name!r} does not resolve to a source; ResolveSource lists candidates"
            )
        findings = await self._findings(reading, query.topic)
        record = self._on_topic(reading, findings) if query.topic else reading.record
        counted = without_double_counting(active(findings, reading.as_of, reading.at_revision))
        levels = _levels(counted)
        total = sum(level.count for level in levels)
        return TrackRecordView(
            record=record,
            reliability=self._models.active.reliability(
                record, self._shared.epoch_at(reading.as_of, reading.at_revision)
            ),
            levels=levels,
            mean_truthfulness=sum(x.truthfulness * x.count for x in levels) / total if total else 0.0,
            timeline=_timeline(counted, reading.as_of, query.timeline_months),
            as_of=reading.as_of,
            at_revision=reading.at_revision,
        )

    async def _findings(self, reading: Reading, topic: str) -> list[Finding]:
        members = self._shared.directory.members(reading.resolution.source_id, reading.at_revision)
        _, found = await self._ledger.findings(members)
        findings = [finding for part in found.values() for finding in part.findings]
        if not topic:
            return findings
        wanted = check_text("topic", topic, 64).casefold()
        return [finding for finding in findings if wanted in finding.topics]

    def _on_topic(self, reading: Reading, findings: Sequence[Finding]) -> TrackRecord:
        return summarise(
            findings,
            self._shared.standings(reading.at_revision),
            as_of=reading.as_of,
            ledger_key=self._ledger.identity.record_key,
            source_id=reading.record.source_id,
            kind=reading.record.kind,
            revision=reading.record.revision,
            at_revision=reading.at_revision,
        )


def _levels(counted: Iterable[Finding]) -> tuple[Level, ...]:
    counts: Counter[float] = Counter()
    for finding in counted:
        for level in finding.levels:
            counts[level.truthfulness] += level.count
    return tuple(Level(truthfulness, counts[truthfulness]) for truthfulness in sorted(counts))


def _timeline(counted: Iterable[Finding], as_of: Micros, months: int) -> tuple[Month, ...]:
    if not months:
        return ()
    levels: dict[str, list[Level]] = defaultdict(list)
    for finding in counted:
        levels[_month(to_datetime(finding.reviewed_at))].extend(finding.levels)
    return tuple(_summed(name, levels.get(name, ())) for name in _last_months(as_of, months))


def _summed(name: str, levels: Sequence[Level]) -> Month:
    count = sum(level.count for level in levels)
    credible = sum(level.count for level in levels if level.truthfulness >= CREDIBLE_FROM)
    mean = sum(level.truthfulness * level.count for level in levels) / count if count else 0.0
    return Month(name, count, credible, mean)


def _last_months(as_of: Micros, months: int) -> list[str]:
    moment = to_datetime(as_of)
    names = []
    for _ in range(months):
        names.append(_month(moment))
        year, month = (moment.year, moment.month - 1) if moment.month > 1 else (moment.year - 1, 12)
        if year < 1:
            break
        moment = datetime(year, month, 1, tzinfo=UTC)
    return names[::-1]


def _month(moment: datetime) -> str:
    return f"{moment.year:04d}-{moment.month:02d}"
