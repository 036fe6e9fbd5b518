"""The ledger's rows that touch every source alike: sources, reviewers' standings, prior epochs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reputable.application.directory import Directory
from reputable.application.ports import Committed, Ledger, NameMatcher, Receipt, RegisteredSource, StandingChange, Write
from reputable.application.resolving import Resolver
from reputable.domain.entries import SHARED_KINDS
from reputable.domain.epochs import PriorEpoch, in_force
from reputable.domain.errors import EpochNotFound
from reputable.domain.times import Micros
from reputable.domain.verdicts import Standing


class SharedRows:
    """What this process holds of them; `revision` says how far it has caught up with the ledger."""

    def __init__(self, ledger: Ledger, names: NameMatcher, genesis: PriorEpoch) -> None:
        self._ledger = ledger
        self.directory = Directory(names)
        self.resolver = Resolver(self.directory, names)
        self.revision = 0
        self.standings_revision = 0
        self.merges_revision = 0
        self._changes: list[StandingChange] = []
        self._standings: dict[str, Standing] = {}
        self._epochs: list[PriorEpoch] = [genesis]
        ledger.on_commit(self._committed)

    def _committed(self, rows: Sequence[Committed]) -> None:
        """Take in what this process has written; only where no other process can have come between."""
        if self._ledger.exclusive:
            for write, receipt in rows:
                if write.kind in SHARED_KINDS:
                    self._apply(write, receipt)

    def _apply(self, write: Write, receipt: Receipt) -> None:
        if write.source is not None:
            self._apply_source(RegisteredSource(receipt.revision, write.source))
        if write.standing is not None:
            self._apply_standing(StandingChange(receipt.revision, *write.standing))
        if write.epoch is not None:
            self._apply_epoch(write.epoch, receipt.revision)
        self.revision = max(self.revision, receipt.revision)

    async def catch_up(self) -> None:
        """Read what the ledger holds beyond `revision`."""
        state = await self._ledger.state()
        for row in await self._ledger.registered_sources(self.directory.revision):
            self._apply_source(row)
        for change in await self._ledger.standing_changes(self.standings_revision):
            self._apply_standing(change)
        for epoch in await self._ledger.epochs(self.latest_epoch.number):
            self._apply_epoch(epoch, epoch.held_from)
        held = (self.directory.revision, self.standings_revision, self.latest_epoch.held_from)
        self.revision = max(self.revision, state.shared_revision, *held)

    def _apply_source(self, row: RegisteredSource) -> None:
        if row.source.merged_into:
            self.merges_revision = max(self.merges_revision, row.revision)
        self.directory.apply([row])

    def _apply_standing(self, change: StandingChange) -> None:
        if change.revision > self.standings_revision:
            self._changes.append(change)
            self._standings[change.reviewer] = change.standing
            self.standings_revision = change.revision

    def _apply_epoch(self, epoch: PriorEpoch, revision: int) -> None:
        if epoch.number > self.latest_epoch.number:
            self._epochs.append(replace(epoch, held_from=revision))

    @property
    def genesis(self) -> PriorEpoch:
        """Epoch 0, in force before the ledger's first."""
        return self._epochs[0]

    @property
    def latest_epoch(self) -> PriorEpoch:
        """The epoch with the highest number."""
        return self._epochs[-1]

    def epoch_at(self, as_of: Micros, at_revision: int) -> PriorEpoch:
        """The epoch in force at `as_of` among those that the revision held."""
        latest = self._epochs[-1]
        if latest.start <= as_of and latest.held_from <= at_revision:
            return latest
        return in_force(self._epochs, as_of, at_revision) or self.genesis

    def epoch(self, number: int) -> PriorEpoch:
        """The epoch of that number; EpochNotFound without one."""
        for epoch in self._epochs:
            if epoch.number == number:
                return epoch
        message = f"there is no prior epoch {number}; the latest is {self.latest_epoch.number}"
        raise EpochNotFound(message)

    def standings_revision_at(self, at_revision: int) -> int:
        """The revision of the last change of standing that `at_revision` held."""
        if at_revision >= self.standings_revision:
            return self.standings_revision
        return max((c.revision for c in self._changes if c.revision <= at_revision), default=0)

    def standings(self, at_revision: int | None = None) -> Mapping[str, Standing]:
        """Every reviewer's standing, as of a revision."""
        if at_revision is None or at_revision >= self.standings_revision:
            return self._standings
        return {c.reviewer: c.standing for c in self._changes if c.revision <= at_revision}
