"""Seals: a digest over all heads, kept outside the ledger, which finds removed tails."""

import json
from dataclasses import asdict, dataclass

from reputable.application.ports import LedgerReader
from reputable.domain.digests import digest
from reputable.domain.errors import InvalidInput
from reputable.domain.times import Micros

_PAGE = 1_000

Heads = dict[str, tuple[int, bytes]]
"""Chain to (source revision, digest) of its last row."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What a ledger held at `revision`: `digest` (hexadecimal) covers the last row of every chain, and so all rows."""

    ledger_id: str
    revision: int
    digest: str
    sealed_at: Micros

    def encode(self) -> str:
        """A JSON object."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def decode(cls, text: str) -> "Seal":
        """Read a seal; InvalidInput when it is none."""
        try:
            fields = json.loads(text)
            seal = cls(
                str(fields["ledger_id"]), int(fields["revision"]), str(fields["digest"]), int(fields["sealed_at"])
            )
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput("seal", "is not a seal; give a file that `reputable ledger seal` wrote") from error
        return seal


async def seal(reader: LedgerReader, now: Micros) -> Seal:
    """Seal what the ledger holds now. Raises LedgerUnavailable."""
    revision = (await reader.state()).revision
    return Seal(reader.identity.ledger_id, revision, (await _digest_at(reader, revision)).hex(), now)


async def check_seal(reader: LedgerReader, sealed: Seal) -> list[str]:
    """A sentence for each way in which the ledger no longer holds what was sealed."""
    if reader.identity.ledger_id != sealed.ledger_id:
        return [f"the seal is of the ledger {sealed.ledger_id!r}, this is {reader.identity.ledger_id!r}"]
    revision = (await reader.state()).revision
    if revision < sealed.revision:
        return [f"rows {revision + 1} to {sealed.revision}, which the seal covers, are missing"]
    if (await _digest_at(reader, sealed.revision)).hex() != sealed.digest:
        return [f"the rows up to {sealed.revision} are not those that were sealed"]
    return []


async def _digest_at(reader: LedgerReader, revision: int) -> bytes:
    heads: Heads = {}
    after = 0
    while page := await reader.entries(after=after, limit=_PAGE):
        for entry in page:
            if entry.revision <= revision:
                heads[entry.source_id] = (entry.source_revision, entry.computed_digest())
        after = page[-1].revision
        if after >= revision:
            break
    return digest("seal", revision, *(part for chain in sorted(heads) for part in (chain, *heads[chain])))
