"""Ledgers of made-up sources and verdicts, written by the service's own recorder before a service starts."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from benchmarks.load import claims
from reputable.adapters.clock import SystemClock
from reputable.adapters.names import LetterLore
from reputable.adapters.sqlite_file import prepare
from reputable.adapters.sqlite_ledger import SqliteLedger
from reputable.application.recording import Recorder, VerdictRequest
from reputable.application.shared_rows import SharedRows
from reputable.domain.claims import Claim
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import ReputableError
from reputable.domain.sources import SourceReference
from reputable.domain.times import DAY
from reputable.domain.verdicts import Standing, Verdict

PRINCIPAL = "local"
REVIEWER = "Desk of the benchmark"
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
DAYS = 700
"""Over how many days before yesterday the verdicts are spread."""
CHUNK = 4_096


def make(path: Path, verdict_counts: Sequence[int]) -> Path:
    """A ledger at `path` with one source for each count, and that many verdicts on it; kept if it is there."""
    if not path.exists():
        part = path.with_suffix(".part")
        for left in path.parent.glob(part.name + "*"):
            left.unlink()
        asyncio.run(_fill(part, verdict_counts))
        part.rename(path)
    prepare(path)  # Kept from an earlier release, perhaps.
    return path


async def _fill(path: Path, verdict_counts: Sequence[int]) -> None:
    clock, names = SystemClock(), LetterLore()
    ledger = SqliteLedger(path, clock)
    shared = SharedRows(ledger, names, PriorEpoch(number=0))
    recorder = Recorder(clock=clock, ledger=ledger, shared=shared, names=names)
    try:
        await shared.catch_up()
        await recorder.set_standing(PRINCIPAL, REVIEWER, Standing.ESTABLISHED, "standing")
        wanted = requests(verdict_counts, clock.now() // DAY * DAY - DAY)
        while chunk := list(islice(wanted, CHUNK)):
            for outcome in await recorder.record_verdicts(PRINCIPAL, chunk):
                if isinstance(outcome, ReputableError):
                    raise outcome
    finally:
        await ledger.close()


def requests(verdict_counts: Sequence[int], until: int, seed: int = claims.SEED) -> Iterator[VerdictRequest]:
    """Verdicts on each source, reviewed at or before `until` (microseconds), oldest first for each."""
    chance = random.Random(seed)
    texts = claims.texts(sum(verdict_counts), seed + 1)
    for number, count in enumerate(verdict_counts):
        name = claims.source_id(number).replace("-", " ").capitalize()
        for index in range(count):
            reviewed_at = until - DAYS * DAY * (count - index) // count
            claim = Claim(
                text=next(texts),
                source=SourceReference(name=name),
                claimed_at=reviewed_at - DAY,
                context=chance.choice(claims.CONTEXTS),
            )
            verdict = Verdict(claim, chance.choice(LEVELS), REVIEWER, reviewed_at)
            yield VerdictRequest(verdict, f"{number}-{index}")
