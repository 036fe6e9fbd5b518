"""Recomputes all that a ledger holds from its rows, and names what differs."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

from reputable.application import payloads
from reputable.application.ports import LedgerCounts, LedgerReader, LedgerState
from reputable.application.sealing import Heads, Seal, check_seal
from reputable.domain.entries import NO_PREVIOUS, SHARED_KINDS, Entry, EntryKind
from reputable.domain.findings import Finding, active, record_digest
from reputable.domain.sources import Source, SourceKind

PAGE = 1_000
MOST_DIFFERENCES = 1_000


@dataclass(slots=True)
class Verification:
    """What was checked, and a sentence for each difference (at most 1,000)."""

    entries: int = 0
    chains: int = 0
    findings: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def differs(self, sentence: str) -> None:
        """Note a difference."""
        if len(self.differences) < MOST_DIFFERENCES:
            self.differences.append(sentence)


@dataclass(slots=True)
class _Said:
    """What the rows say, gathered in one pass."""

    heads: Heads = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    reviewers: set[str] = field(default_factory=set)
    epochs: set[int] = field(default_factory=set)
    retractions: dict[int, int] = field(default_factory=dict)
    shared_revision: int = 0


async def verify(
    reader: LedgerReader, seal: Seal | None = None, progress: Callable[[int], None] | None = None
) -> Verification:
    """Check a ledger, and that it still holds what `seal` covered.

    `reader` must see one snapshot for all its life. Every row's digest, every chain, every finding
    with its digest, every head and record digest and the sources are recomputed from the rows;
    `progress` is told how many rows were read. Raises LedgerUnavailable.
    """
    report = Verification()
    said = _Said()
    async for entry in rows(reader):
        _check_row(entry, report, said)
        if progress is not None and report.entries % PAGE == 0:
            progress(report.entries)
    for chain in said.heads:
        await _check_chain(reader, chain, report, said)
    await _check_sources(reader, report, said)
    _check_counts(await reader.counts(), report, said)
    state = await reader.state()
    if state != LedgerState(report.entries, said.shared_revision):
        report.differs(f"the ledger is said to be at {state}, its rows at {report.entries} and {said.shared_revision}")
    if seal is not None:
        for sentence in await check_seal(reader, seal):
            report.differs(sentence)
    return report


async def verify_newest(reader: LedgerReader, most: int = PAGE) -> Verification:
    """Check the `most` newest rows alone: their digests, their order, and where the heads of their chains stand.

    `reader` must see one snapshot for all its life. Raises LedgerUnavailable.
    """
    report = Verification()
    newest: dict[str, Entry] = {}
    for entry in await reader.entries(after=max(0, (await reader.state()).revision - most), limit=most):
        report.entries += 1
        before = newest.get(entry.source_id)
        if entry.computed_digest() != entry.digest:
            report.differs(f"row {entry.revision}: its digest is not that of its content")
        if before is not None and (before.source_revision + 1, before.digest) != (
            entry.source_revision,
            entry.previous_digest,
        ):
            report.differs(f"row {entry.revision}: does not follow the row of {entry.source_id!r} before it")
        newest[entry.source_id] = entry
    _, heads = await reader.heads(list(newest))
    for chain, entry in newest.items():
        head = heads.get(chain)
        if head is None or (head.revision, head.chain_digest) != (entry.source_revision, entry.digest):
            report.differs(f"source {chain!r}: its head is not its newest row")
    report.chains = len(newest)
    return report


async def rows(reader: LedgerReader, chain: str | None = None) -> AsyncIterator[Entry]:
    """All rows, or those of one chain, in order."""
    after = 0
    while page := await reader.entries(chain=chain, after=after, limit=PAGE):
        for entry in page:
            yield entry
        after = page[-1].revision


def _check_row(entry: Entry, report: Verification, said: _Said) -> None:
    report.entries += 1
    if entry.revision != report.entries:
        report.differs(f"row {report.entries}: is missing; the next is row {entry.revision}")
        report.entries = entry.revision
    if entry.computed_digest() != entry.digest:
        report.differs(f"row {entry.revision}: its digest is not that of its content")
    revision, previous = said.heads.get(entry.source_id, (0, NO_PREVIOUS))
    if entry.source_revision != revision + 1:
        report.differs(
            f"row {entry.revision}: is number {entry.source_revision} of {entry.source_id!r} after {revision}"
        )
    if entry.previous_digest != previous:
        report.differs(f"row {entry.revision}: does not follow the row of {entry.source_id!r} before it")
    said.heads[entry.source_id] = (entry.source_revision, entry.digest)
    if entry.kind in SHARED_KINDS:
        said.shared_revision = entry.revision
    try:
        _gather(entry, said)
    except (ValueError, KeyError, TypeError, LookupError) as error:
        report.differs(f"row {entry.revision}: its payload cannot be read ({error!r})")


def _gather(entry: Entry, said: _Said) -> None:
    if entry.kind is EntryKind.RETRACTION:
        said.retractions[payloads.parse(entry.payload)["retracts"]] = entry.revision
    elif entry.kind is EntryKind.SOURCE:
        source, names = payloads.parse_source(entry.payload)
        first = said.sources.get(source.id, replace(source, revision=entry.revision, aliases=()))
        kind = source.kind if first.kind is SourceKind.UNSPECIFIED else first.kind
        said.sources[source.id] = replace(first, kind=kind)
        said.names.update(names)
    elif entry.kind is EntryKind.MERGE:
        source_id, into = payloads.parse_merge(entry.payload)
        said.sources[source_id] = replace(said.sources[source_id], merged_into=into)
    elif entry.kind is EntryKind.STANDING:
        said.reviewers.add(payloads.parse_standing(entry.payload)[0])
    elif entry.kind is EntryKind.EPOCH:
        said.epochs.add(payloads.parse_epoch(entry.payload, entry.revision).number)


async def _check_chain(reader: LedgerReader, chain: str, report: Verification, said: _Said) -> None:
    """Compare a chain's head, findings and record digest with what its rows give."""
    expected = await _expected_findings(reader, chain, said)
    report.chains += 1
    report.findings += len(expected)
    _, held = await reader.findings([chain])
    if chain not in held:
        report.differs(f"source {chain!r}: has rows and no head")
        return
    head, key = held[chain].head, reader.identity.record_key
    if (head.revision, head.chain_digest) != said.heads[chain]:
        report.differs(f"source {chain!r}: its head is at {head.revision}, its rows at {said.heads[chain][0]}")
    if head.record_digest != record_digest(active(expected.values()), key):
        report.differs(f"source {chain!r}: its record digest is not that of its active findings")
    found = {finding.revision: finding for finding in held[chain].findings}
    digests = await reader.finding_digests(chain)
    for revision in sorted(expected.keys() | found.keys()):
        if expected.get(revision) != found.get(revision):
            report.differs(f"row {revision}: the finding derived from it is not what it says")
        elif digests.get(revision) != expected[revision].content_digest(key):
            report.differs(f"row {revision}: the digest of its finding is not that of its content")


async def _expected_findings(reader: LedgerReader, chain: str, said: _Said) -> dict[int, Finding]:
    """The findings that a chain's rows give; rows that cannot be read were named before."""
    expected: dict[int, Finding] = {}
    async for entry in rows(reader, chain):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            finding = payloads.parse_finding(entry.kind, entry.payload, entry.revision)
            if finding is not None:
                expected[entry.revision] = finding._replace(retracted_at=said.retractions.get(entry.revision, 0))
    return expected


async def _check_sources(reader: LedgerReader, report: Verification, said: _Said) -> None:
    last: dict[str, tuple[SourceKind, str]] = {}
    for row in await reader.registered_sources(0):
        if row.source.merged_into:
            last[row.source.id] = (row.source.kind, row.source.merged_into)
    for source_id, source in said.sources.items():
        if source.merged_into and last.get(source_id) != (source.kind, source.merged_into):
            report.differs(f"source {source_id!r}: is not kept as merged into {source.merged_into!r}")


def _check_counts(counts: LedgerCounts, report: Verification, said: _Said) -> None:
    expected = LedgerCounts(
        entries=report.entries,
        findings=report.findings,
        heads=len(said.heads),
        sources=len(said.sources),
        names=len(said.names),
        standings=len(said.reviewers),
        epochs=len(said.epochs),
    )
    if counts != expected:
        report.differs(f"the derived tables hold {counts}, the rows give {expected}")
