"""Imports through the client: rows in, acknowledgements and rejects out."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from reputable.cli.calling import scorecard_message, source_message, verdict_message
from reputable.cli.rejects import Rejects, Tally
from reputable.client import (
    CallError,
    Client,
    CreateSourceRequest,
    RecordScorecardRequest,
    RecordVerdictRequest,
    ReviewerStanding,
)
from reputable.domain.digests import digest
from reputable.domain.sources import Source, SourceKind
from reputable.ingest.rows import Reject
from reputable.ingest.scorecard_files import ScorecardRow
from reputable.ingest.verdict_files import VerdictRow

CALLS_AT_ONCE = 16
"""Single writes under way together, so that the ledger commits them in groups."""

_CONFLICTS = frozenset({"SOURCE_CONFLICT"})


class Registrations:
    """Standings and sources that an import needs, each sent once.

    Their request ids are derived from what they say: a later import sends the same and changes
    nothing.
    """

    def __init__(self, client: Client, *, established: bool) -> None:
        self._client = client
        self._established = established
        self._reviewers: set[str] = set()
        self._sources: set[str] = set()

    def reviewer(self, name: str) -> None:
        """Make the reviewer ESTABLISHED, unless the import leaves standings alone."""
        if not self._established or name in self._reviewers:
            return
        request_id = f"established-{digest(name, size=16).hex()}"
        standing = ReviewerStanding.REVIEWER_STANDING_ESTABLISHED
        self._client.set_reviewer_standing(name, standing, request_id)
        self._reviewers.add(name)

    def source(self, source: Source) -> None:
        """Register the source; one that stands under that name is left as it is."""
        if source.id in self._sources:
            return
        said = digest(source.id, source.name, source.kind.value, *source.aliases, size=16)
        request = CreateSourceRequest(source=source_message(source), request_id=f"source-{said.hex()}")
        try:
            self._client.create_source(request)
        except CallError as error:
            if error.reason not in _CONFLICTS:
                raise
        self._sources.add(source.id)


class VerdictImport:
    """Records the rows of a verdict file, a chunk at a time."""

    def __init__(self, client: Client, rejects: Rejects, *, established: bool) -> None:
        self.tally = Tally()
        self._client = client
        self._rejects = rejects
        self._registrations = Registrations(client, established=established)

    def take(self, chunk: Sequence[VerdictRow | Reject]) -> None:
        """Record the rows of the chunk and list its rejects; CallError when the service is gone."""
        rows = [row for row in chunk if isinstance(row, VerdictRow)]
        for row in rows:
            self._registrations.reviewer(row.verdict.reviewer)
            if row.crowd_source:
                self._registrations.source(crowd_source(row.verdict.claim.source.name))
        results = self._client.record_verdicts(
            RecordVerdictRequest(verdict=verdict_message(row.verdict), request_id=row.request_id()) for row in rows
        )
        for item in chunk:
            if isinstance(item, Reject):
                self._reject(item.line, item.reason)
                continue
            result = next(results)
            if isinstance(result, CallError):
                self._reject(item.line, result.message)
                continue
            self.tally.mended += item.mended
            if result.duplicate:
                self.tally.duplicate += 1
            else:
                self.tally.recorded += 1

    def _reject(self, line: int, reason: str) -> None:
        self.tally.rejected += 1
        self._rejects.add(line, reason)


def crowd_source(name: str) -> Source:
    """The source that a name stands for when it is a crowd."""
    return Source(id="", name=name, kind=SourceKind.COLLECTIVE).checked()


class ScorecardImport:
    """Records the rows of a scorecard file, a chunk at a time."""

    def __init__(self, client: Client, rejects: Rejects, *, established: bool) -> None:
        self.tally = Tally()
        self._client = client
        self._rejects = rejects
        self._registrations = Registrations(client, established=established)

    def sources(self, sources: Sequence[Source]) -> None:
        """Register sources before their scorecards."""
        for source in sources:
            self._registrations.source(source)

    def take(self, chunk: Sequence[ScorecardRow | Reject]) -> None:
        """Record the rows of the chunk and list its rejects; CallError when the service is gone."""
        for row in chunk:
            if isinstance(row, ScorecardRow):
                self._registrations.reviewer(row.scorecard.reviewer)
                if row.source is not None:
                    self._registrations.source(row.source)
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            for row, reason in zip(chunk, pool.map(self._outcome, chunk), strict=True):
                if reason:
                    self.tally.rejected += 1
                    self._rejects.add(row.line, reason)

    def _outcome(self, row: ScorecardRow | Reject) -> str:
        """Record one row; why it was rejected, or ""."""
        if isinstance(row, Reject):
            return row.reason
        request = RecordScorecardRequest(scorecard=scorecard_message(row.scorecard), request_id=row.request_id())
        try:
            answer = self._client.record_scorecard(request)
        except CallError as error:
            if error.retryable:
                raise
            return error.message
        if answer.duplicate:
            self.tally.duplicate += 1
        else:
            self.tally.recorded += 1
        return ""
