"""Makes the rows that go to the ledger; digests what the caller sent, so that a retry is known as one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from reputable.application import payloads
from reputable.application.ports import Write
from reputable.domain.digests import digest
from reputable.domain.entries import LEDGER_CHAIN, Entry, EntryKind
from reputable.domain.epochs import PriorEpoch
from reputable.domain.findings import of_scorecard, of_verdict
from reputable.domain.sources import Source
from reputable.domain.times import Micros
from reputable.domain.verdicts import Scorecard, Standing, Verdict

SYSTEM_PRINCIPAL = "_ledger"
"""Who wrote the rows that nobody asked for."""


class Chain(NamedTuple):
    """The source a row is for; with the canonical names that must be that source's own."""

    source_id: str
    names: tuple[str, ...] = ()


def verdict_write(
    principal: str, request_id: str, chain: Chain, verdict: Verdict, sent_review_time: Micros | None
) -> Write:
    """A checked verdict; the time of review as sent, None when left out."""
    core = payloads.verdict_core(verdict)
    return Write(
        EntryKind.VERDICT, chain.source_id, principal, request_id, digest("verdict", core, sent_review_time),
        payloads.timed(verdict.reviewed_at, core), of_verdict(verdict), names=chain.names,
    )  # fmt: skip


def scorecard_write(
    principal: str, request_id: str, chain: Chain, scorecard: Scorecard, sent_period_end: Micros
) -> Write:
    """A checked scorecard; the end of its period as sent."""
    core = payloads.scorecard_core(scorecard)
    return Write(
        kind=EntryKind.SCORECARD,
        chain=chain.source_id,
        principal=principal,
        request_id=request_id,
        request_digest=digest("scorecard", core, sent_period_end),
        payload=payloads.timed(scorecard.period_end, core),
        finding=of_scorecard(scorecard),
        names=chain.names,
    )


def retraction_write(principal: str, request_id: str, chain: str, revision: int, reason: str) -> Write:
    """Takes back the verdict or scorecard in row `revision` of `chain`."""
    content = digest("retraction", revision, reason)
    payload = payloads.retraction_payload(revision, reason)
    return _retraction(principal, request_id, chain, revision, content, payload)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Taking back all that a reviewer recorded, on one source or ("") on all."""

    principal: str
    request_id: str
    reviewer: str
    source_id: str
    reason: str

    def digest(self) -> bytes:
        """The request digest."""
        return digest("withdrawal", self.reviewer, self.source_id, self.reason)

    def writes(self, rows: Sequence[tuple[int, str]]) -> list[Write]:
        """One retraction for each (revision, chain).

        The last one carries the request id, and how many there are: once it is durable all are.
        The others carry ids that no caller can choose.
        """
        writes = [
            retraction_write(self.principal, f"{self.request_id}\t{revision}", chain, revision, self.reason)
            for revision, chain in rows[:-1]
        ]
        for revision, chain in rows[-1:]:
            payload = payloads.retraction_payload(revision, self.reason, withdrawn=len(rows))
            writes.append(_retraction(self.principal, self.request_id, chain, revision, self.digest(), payload))
        return writes


def _retraction(principal: str, request_id: str, chain: str, revision: int, content: bytes, payload: bytes) -> Write:
    return Write(
        kind=EntryKind.RETRACTION,
        chain=chain,
        principal=principal,
        request_id=request_id,
        request_digest=content,
        payload=payload,
        retracts=revision,
    )


def source_write(principal: str, request_id: str, source: Source, names: tuple[str, ...]) -> Write:
    """Registers a checked source, or adds names to it."""
    payload = payloads.source_payload(source, names)
    return Write(
        kind=EntryKind.SOURCE,
        chain=source.id,
        principal=principal,
        request_id=request_id,
        request_digest=digest("source", payload),
        payload=payload,
        source=source,
        names=names,
    )


def merge_write(principal: str, request_id: str, source: Source, into: str) -> Write:
    """Declares `source` to be `into`."""
    return Write(
        kind=EntryKind.MERGE,
        chain=source.id,
        principal=principal,
        request_id=request_id,
        request_digest=digest("merge", source.id, into),
        payload=payloads.merge_payload(source.id, into),
        source=replace(source, merged_into=into),
        merge_into=into,
    )


def standing_write(principal: str, request_id: str, reviewer: str, standing: Standing) -> Write:
    """Gives a reviewer a standing."""
    return Write(
        kind=EntryKind.STANDING,
        chain=LEDGER_CHAIN,
        principal=principal,
        request_id=request_id,
        request_digest=digest("standing", reviewer, standing.value),
        payload=payloads.standing_payload(reviewer, standing),
        standing=(reviewer, standing),
    )


def epoch_write(epoch: PriorEpoch) -> Write:
    """Puts an epoch in force; the first process to write its number wins, others get a duplicate's receipt."""
    return Write(
        kind=EntryKind.EPOCH,
        chain=LEDGER_CHAIN,
        principal=SYSTEM_PRINCIPAL,
        request_id="",
        request_digest=epoch.digest(),
        payload=payloads.epoch_payload(epoch),
        epoch=epoch,
    )


def entry_write(entry: Entry) -> Write:
    """The write that a row was made from. Raises ValueError, KeyError or TypeError when its payload is none."""
    kind, payload = entry.kind, entry.payload
    write = Write(
        kind, entry.source_id, entry.principal, entry.request_id, entry.request_digest, payload,
        finding=payloads.parse_finding(kind, payload, 0),
    )  # fmt: skip
    if kind is EntryKind.RETRACTION:
        return write._replace(retracts=payloads.parse(payload)["retracts"])
    if kind is EntryKind.SOURCE:
        source, names = payloads.parse_source(payload)
        return write._replace(source=source, names=names)
    if kind is EntryKind.MERGE:
        source_id, into = payloads.parse_merge(payload)
        return write._replace(source=Source(source_id, source_id, merged_into=into), merge_into=into)
    if kind is EntryKind.STANDING:
        return write._replace(standing=payloads.parse_standing(payload))
    if kind is EntryKind.EPOCH:
        return write._replace(epoch=payloads.parse_epoch(payload, entry.revision))
    return write
