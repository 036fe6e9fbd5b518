"""Records what checking found, takes it back, and says who speaks and who reviews."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from reputable.application import payloads
from reputable.application.acknowledging import Recorded, Withdrawn, revision_of
from reputable.application.naming import Registration, free_id
from reputable.application.ports import Clock, Ledger, NameMatcher, Receipt, Write
from reputable.application.shared_rows import SharedRows
from reputable.application.writes import (
    Withdrawal,
    merge_write,
    retraction_write,
    scorecard_write,
    source_write,
    standing_write,
    verdict_write,
)
from reputable.domain.entries import EntryKind
from reputable.domain.errors import (
    IdempotencyConflict,
    LedgerCorrupt,
    ReputableError,
    SourceConflict,
    SourceNotFound,
    VerdictNotFound,
)
from reputable.domain.sources import Source
from reputable.domain.text import check_id, check_name, check_text
from reputable.domain.times import Micros
from reputable.domain.verdicts import (
    MAX_REASON_CHARACTERS,
    MAX_REVIEWER_CHARACTERS,
    Scorecard,
    Standing,
    Verdict,
    check_request_id,
)

_CHUNK = 4_096
"""Rows of one retraction by reviewer that are appended together."""


class VerdictRequest(NamedTuple):
    """A verdict to record. `review_time_given` is False when `reviewed_at` is only the default, now."""

    verdict: Verdict
    request_id: str
    review_time_given: bool = True


class ScorecardRequest(NamedTuple):
    """A scorecard to record."""

    scorecard: Scorecard
    request_id: str


R = TypeVar("R", VerdictRequest, ScorecardRequest)
_Outcome = Recorded | ReputableError
_Build = Callable[[str, R, Micros, Registration], Write]


class Recorder:
    """The ledger's only writer but for prior epochs."""

    def __init__(self, *, clock: Clock, ledger: Ledger, shared: SharedRows, names: NameMatcher) -> None:
        self._clock = clock
        self._ledger = ledger
        self._shared = shared
        self._names = names

    async def record_verdict(self, principal: str, request: VerdictRequest) -> Recorded:
        """Record one verdict, or raise why not."""
        return _or_raise((await self.record_verdicts(principal, [request]))[0])

    async def record_verdicts(self, principal: str, requests: Sequence[VerdictRequest]) -> list[_Outcome]:
        """Record verdicts in order, durable when this returns; each gets its own outcome.

        A source name that is not known exactly is registered. Outcomes that refuse: InvalidInput,
        SourceNotFound (an id), SourceConflict, IdempotencyConflict. Raises LedgerUnavailable,
        LedgerFull, Overloaded: the same requests may then be sent again.
        """
        return await self._record(principal, requests, _build_verdict)

    async def record_scorecard(self, principal: str, request: ScorecardRequest) -> Recorded:
        """Record one scorecard, or raise why not; errors as `record_verdicts`."""
        return _or_raise((await self._record(principal, [request], _build_scorecard))[0])

    async def _record(self, principal: str, requests: Sequence[R], build: _Build[R]) -> list[_Outcome]:
        outcomes = await self._attempt(principal, requests, build)
        stale = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, SourceConflict | SourceNotFound)]
        if stale:  # Another process may have registered what this one does not know of yet.
            await self._shared.catch_up()
            again = await self._attempt(principal, [requests[i] for i in stale], build)
            for i, outcome in zip(stale, again, strict=True):
                outcomes[i] = outcome
        return outcomes

    async def _attempt(self, principal: str, requests: Sequence[R], build: _Build[R]) -> list[_Outcome]:
        now = self._clock.now()
        registration = Registration(principal, self._shared.directory, self._names)
        writes: list[Write | ReputableError] = []
        for request in requests:
            try:
                writes.append(build(principal, request, now, registration))
            except ReputableError as refusal:
                writes.append(refusal)
        sources: list[Write] = registration.writes
        valid: list[Write] = [write for write in writes if isinstance(write, Write)]
        receipts = iter(await self._ledger.append([*sources, *valid]))
        created = {
            write.chain
            for write, receipt in zip(sources, receipts, strict=False)
            if isinstance(receipt, Receipt) and not receipt.duplicate
        }
        return [self._outcome(write, receipts, created) for write in writes]

    def _outcome(self, write: Write | ReputableError, receipts: "_Receipts", created: set[str]) -> _Outcome:
        receipt = next(receipts) if isinstance(write, Write) else write
        if isinstance(receipt, ReputableError):
            return receipt
        first = receipt.chain in created
        created.discard(receipt.chain)
        return self._recorded(receipt, source_created=first)

    def _recorded(self, receipt: Receipt, *, source_created: bool = False) -> Recorded:
        return Recorded(
            receipt.chain,
            receipt.revision,
            receipt.source_revision,
            receipt.record_digest,
            self._ledger.identity.ledger_id,
            receipt.duplicate,
            source_created,
        )

    async def _append(self, write: Write) -> Recorded:
        outcome = (await self._ledger.append([write]))[0]
        if isinstance(outcome, ReputableError):
            raise outcome
        return self._recorded(outcome)

    async def retract(self, principal: str, identifier: str, reason: str, request_id: str) -> Recorded:
        """Take a verdict or scorecard back; VerdictNotFound, AlreadyRetracted, IdempotencyConflict."""
        check_request_id(request_id)
        reason = check_text("reason", reason, MAX_REASON_CHARACTERS)
        revision = revision_of(identifier)
        entry = await self._ledger.entry(revision)
        if entry is None or entry.kind not in {EntryKind.VERDICT, EntryKind.SCORECARD}:
            message = f"no verdict has the id {identifier!r}"
            raise VerdictNotFound(message)
        return await self._append(retraction_write(principal, request_id, entry.source_id, revision, reason))

    async def retract_by_reviewer(self, withdrawal: Withdrawal) -> Withdrawn:
        """Take back all that a reviewer recorded; VerdictNotFound when there is nothing.

        Where there is more than one append can take, what was done stays done when a later part
        fails; the same request then goes on.
        """
        wanted = _checked_withdrawal(withdrawal)
        earlier = await self._ledger.recorded(wanted.principal, wanted.request_id)
        if earlier is not None:
            return await self._withdrawn_before(wanted, *earlier)
        rows = await self._rows_by(wanted)
        if not rows:
            message = f"the reviewer {wanted.reviewer!r} has recorded nothing that stands"
            raise VerdictNotFound(message)
        writes = wanted.writes(rows)
        for start in range(0, len(writes), _CHUNK):
            outcomes = await self._ledger.append(writes[start : start + _CHUNK])
        last = outcomes[-1]
        if isinstance(last, ReputableError):
            raise last
        return Withdrawn(len(rows), self._recorded(last))

    async def _rows_by(self, wanted: Withdrawal) -> list[tuple[int, str]]:
        if not wanted.source_id:
            return await self._ledger.reviewed_by(wanted.reviewer, "")
        directory = self._shared.directory
        root = directory.root(directory.get(wanted.source_id).id)
        rows = [await self._ledger.reviewed_by(wanted.reviewer, member) for member in directory.members(root)]
        return sorted(row for part in rows for row in part)

    async def _withdrawn_before(self, wanted: Withdrawal, request_digest: bytes, receipt: Receipt) -> Withdrawn:
        if request_digest != wanted.digest():
            message = f"the request id {wanted.request_id!r} was used with another request; use a new one"
            raise IdempotencyConflict(message)
        entry = await self._ledger.entry(receipt.revision)
        if entry is None:
            message = f"row {receipt.revision} is missing"
            raise LedgerCorrupt(message)
        return Withdrawn(payloads.parse(entry.payload)["withdrawn"], self._recorded(receipt))

    async def set_standing(self, principal: str, reviewer: str, standing: Standing, request_id: str) -> Recorded:
        """Set how much a reviewer's verdicts weigh; a duplicate when it is so already."""
        check_request_id(request_id)
        reviewer = check_name("reviewer", reviewer, MAX_REVIEWER_CHARACTERS)
        return await self._append(standing_write(principal, request_id, reviewer, standing))

    async def create_source(self, principal: str, source: Source, request_id: str = "") -> tuple[Source, Recorded]:
        """Register a source, or add aliases to it; SourceConflict, IdempotencyConflict.

        Without an id the one that has the name is meant, or one is derived from it.
        """
        if request_id:
            check_request_id(request_id)
        wanted = source.checked()
        directory = self._shared.directory
        if not source.id:
            canonical = self._names.canonical(wanted.name)
            known = directory.named(wanted.name) or free_id(wanted.name, canonical, directory)
            wanted = replace(wanted, id=known)
        names = tuple(dict.fromkeys(self._names.canonical(name) for name in (wanted.name, *wanted.aliases)))
        recorded = await self._append(source_write(principal, request_id, wanted, names))
        await self._catch_up_to(recorded.revision)
        return directory.get(recorded.source_id), recorded

    async def merge_sources(
        self, principal: str, source_id: str, into: str, request_id: str = ""
    ) -> tuple[Source, Recorded]:
        """Declare `source_id` to be `into`, and return what stays; SourceNotFound, MergeRefused."""
        if request_id:
            check_request_id(request_id)
        check_id("from_source_id", source_id)
        check_id("into_source_id", into)
        directory = self._shared.directory
        if not self._ledger.exclusive:
            await self._shared.catch_up()
        stays = directory.get(into)
        recorded = await self._append(merge_write(principal, request_id, directory.get(source_id), into))
        await self._catch_up_to(recorded.revision)
        return stays, recorded

    async def _catch_up_to(self, revision: int) -> None:
        if self._shared.revision < revision:
            await self._shared.catch_up()


_Receipts = Iterator[Receipt | ReputableError]


def _build_verdict(principal: str, request: VerdictRequest, now: Micros, registration: Registration) -> Write:
    check_request_id(request.request_id)
    verdict = request.verdict.checked(now)
    sent = request.verdict.reviewed_at if request.review_time_given else None
    chain = registration.chain(verdict.claim.source)
    return verdict_write(principal, request.request_id, chain, verdict, sent)


def _build_scorecard(principal: str, request: ScorecardRequest, now: Micros, registration: Registration) -> Write:
    check_request_id(request.request_id)
    scorecard = request.scorecard.checked(now)
    chain = registration.chain(scorecard.source)
    return scorecard_write(principal, request.request_id, chain, scorecard, request.scorecard.period_end)


def _checked_withdrawal(withdrawal: Withdrawal) -> Withdrawal:
    check_request_id(withdrawal.request_id)
    return replace(
        withdrawal,
        reviewer=check_name("reviewer", withdrawal.reviewer, MAX_REVIEWER_CHARACTERS),
        source_id=check_id("source_id", withdrawal.source_id) if withdrawal.source_id else "",
        reason=check_text("reason", withdrawal.reason, MAX_REASON_CHARACTERS),
    )


def _or_raise(outcome: _Outcome) -> Recorded:
    if isinstance(outcome, ReputableError):
        raise outcome
    return outcome
