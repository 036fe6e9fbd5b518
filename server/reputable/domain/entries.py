"""The rows of the ledger and the chain that links each source's rows."""

from dataclasses import dataclass

from reputable.domain.digests import digest
from reputable.domain.enums import Names
from reputable.domain.times import Micros

LEDGER_CHAIN = "_ledger"
"""The chain of rows that belong to no single source; never a source's id."""
NO_PREVIOUS = bytes(32)


class EntryKind(Names):
    """What a row says."""

    SOURCE = "source"
    MERGE = "merge"
    VERDICT = "verdict"
    SCORECARD = "scorecard"
    RETRACTION = "retraction"
    STANDING = "standing"
    EPOCH = "epoch"


SHARED_KINDS = frozenset({EntryKind.SOURCE, EntryKind.MERGE, EntryKind.STANDING, EntryKind.EPOCH})
"""Rows that touch every source alike: whoever resolves or scores must know of them all."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger.

    `revision` numbers all rows from 1, `source_revision` those of one chain (`source_id`, or
    LEDGER_CHAIN). `payload` is canonical JSON. `digest` covers everything else in the row with its
    own `salt` (16 bytes) and the digest of the chain's previous row, so that a changed, removed or
    reordered row is found.
    """

    revision: int
    kind: EntryKind
    source_id: str
    source_revision: int
    recorded_at: Micros
    principal: str
    request_id: str
    request_digest: bytes
    payload: bytes
    salt: bytes
    previous_digest: bytes
    digest: bytes

    def computed_digest(self) -> bytes:
        """The digest that the row should carry."""
        return chain_digest(
            self.revision, self.kind, self.source_id, self.source_revision, self.recorded_at, self.principal,
            self.request_id, self.request_digest, self.payload, self.salt, self.previous_digest,
        )  # fmt: skip


def chain_digest(  # noqa: PLR0913, PLR0917 - a row has that many columns
    revision: int,
    kind: EntryKind,
    source_id: str,
    source_revision: int,
    recorded_at: Micros,
    principal: str,
    request_id: str,
    request_digest: bytes,
    payload: bytes,
    salt: bytes,
    previous_digest: bytes,
) -> bytes:
    """Digest, 32 bytes, of a row and of all rows of its chain before it."""
    numbers = f"{kind.value} {revision} {source_revision} {recorded_at}"
    return digest("entry", numbers, source_id, principal, request_id, request_digest, payload, salt, previous_digest)
