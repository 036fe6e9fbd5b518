"""Rows for ledgers, with sensible defaults."""

from reputable.application import writes as rows
from reputable.application.ports import Ledger, Receipt, Write
from reputable.application.writes import Chain
from reputable.domain.sources import Source, SourceKind, name_key
from reputable.domain.times import DAY
from reputable.domain.verdicts import Level, Scorecard, Standing
from tests.builders import NOON, named, verdict

CALLER = "local"
CHAIN = "ministry-of-works"


def source(
    source_id: str = CHAIN,
    name: str = "",
    *,
    aliases: tuple[str, ...] = (),
    kind: SourceKind = SourceKind.UNSPECIFIED,
    request_id: str = "",
) -> Write:
    """Registers a source."""
    name = name or source_id.replace("-", " ")
    names = tuple(dict.fromkeys(name_key(n) for n in (name, *aliases)))
    return rows.source_write(CALLER, request_id, Source(source_id, name, kind, aliases), names)


def found(
    request_id: str,
    text: str = "The bridge was rebuilt within a year.",
    *,
    chain: str = CHAIN,
    truthfulness: float | None = 1.0,
    reviewer: str = "Desk",
    reviewed_at: int = NOON - DAY,
    principal: str = CALLER,
    names: tuple[str, ...] = (),
) -> Write:
    """Records a verdict."""
    checked = verdict(text, source=chain, truthfulness=truthfulness, reviewer=reviewer, reviewed_at=reviewed_at)
    return rows.verdict_write(principal, request_id, Chain(chain, names), checked, reviewed_at)


def counted(request_id: str, *counts: tuple[float, int], chain: str = CHAIN, reviewer: str = "Desk") -> Write:
    """Records a scorecard."""
    levels = tuple(Level(truthfulness, count) for truthfulness, count in counts)
    card = Scorecard(named(chain), reviewer, NOON - 300 * DAY, NOON - 100 * DAY, levels).checked(NOON)
    return rows.scorecard_write(CALLER, request_id, Chain(chain), card, card.period_end)


def retraction(request_id: str, revision: int, *, chain: str = CHAIN, reason: str = "mistaken") -> Write:
    """Takes a row back."""
    return rows.retraction_write(CALLER, request_id, chain, revision, reason)


def merge(source_id: str, into: str, request_id: str = "") -> Write:
    """Merges two sources."""
    return rows.merge_write(CALLER, request_id, Source(source_id, source_id), into)


def standing(reviewer: str, to: Standing, request_id: str) -> Write:
    """Sets a standing."""
    return rows.standing_write(CALLER, request_id, reviewer, to)


async def accepted(ledger: Ledger, *writes: Write) -> list[Receipt]:
    """Append rows that must all be taken."""
    receipts = []
    for outcome in await ledger.append(writes):
        assert isinstance(outcome, Receipt), outcome
        receipts.append(outcome)
    return receipts


async def accept(ledger: Ledger, write: Write) -> Receipt:
    """Append one row that must be taken."""
    return (await accepted(ledger, write))[0]


async def refusal(ledger: Ledger, write: Write) -> Receipt | Exception:
    """The outcome of a row that must not be taken."""
    return (await ledger.append([write]))[0]
