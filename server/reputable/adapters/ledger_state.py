"""What a group of writes finds in the ledger, and what is to be written there."""

from dataclasses import dataclass, field
from typing import NamedTuple

from reputable.application.ports import Receipt, Write
from reputable.domain.digests import EMPTY_DIGEST
from reputable.domain.entries import NO_PREVIOUS
from reputable.domain.findings import Finding
from reputable.domain.sources import Source
from reputable.domain.verdicts import Standing

Subject = tuple[str, bytes, str]
"""(source id, finding key, reviewer): of these one finding stands."""


@dataclass(slots=True)
class Head:
    """Where a chain stands."""

    source_revision: int = 0
    chain_digest: bytes = NO_PREVIOUS
    record_digest: bytes = EMPTY_DIGEST


class Held(NamedTuple):
    """A finding that the ledger holds."""

    subject: Subject
    digest: bytes
    retracted_at: int


@dataclass(slots=True)
class State:
    """What of the ledger the writes touch; brought up to date as rows are planned.

    `standing_findings` maps a subject to its findings that are not retracted, revision to digest,
    ascending: at least the last one, and all of them where the writes retract one.
    """

    revision: int
    receipts: dict[tuple[str, str], tuple[bytes, Receipt]] = field(default_factory=dict)
    heads: dict[str, Head] = field(default_factory=dict)
    standing_findings: dict[Subject, dict[int, bytes]] = field(default_factory=dict)
    held: dict[int, Held] = field(default_factory=dict)
    sources: dict[str, tuple[Source, Receipt]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    standings: dict[str, tuple[Standing, Receipt]] = field(default_factory=dict)
    epochs: dict[int, Receipt] = field(default_factory=dict)


class PlannedEntry(NamedTuple):
    """A row to insert."""

    write: Write
    receipt: Receipt
    salt: bytes
    previous_digest: bytes
    digest: bytes


class PlannedFinding(NamedTuple):
    """A finding to insert; its digest is the keyed one."""

    revision: int
    source_id: str
    finding: Finding
    digest: bytes


@dataclass(slots=True)
class Plan:
    """What to write, in one transaction."""

    entries: list[PlannedEntry] = field(default_factory=list)
    findings: list[PlannedFinding] = field(default_factory=list)
    retracted: list[tuple[int, int]] = field(default_factory=list)
    """(revision of the retraction, revision retracted)."""
    heads: dict[str, Head] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    names: list[tuple[str, str]] = field(default_factory=list)
    """(canonical name, source id)."""
    standings: dict[str, tuple[Standing, int]] = field(default_factory=dict)
    epochs: list[tuple[int, int]] = field(default_factory=list)
    """(number, revision)."""
