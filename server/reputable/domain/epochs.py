"""The priors that every record of a day is scored with, frozen so that a verdict touches one source."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from reputable.domain.digests import EMPTY_DIGEST, Part, digest
from reputable.domain.times import EARLIEST, Micros


@dataclass(frozen=True, slots=True)
class Recalibration:
    """Logit(credibility) = intercept + slope * logit(score), fitted on the latest verdicts."""

    intercept: float = 0.0
    slope: float = 1.0


@dataclass(frozen=True)
class PriorEpoch:
    """Base rates and recalibration in force from `start` (a UTC midnight) to the next epoch's.

    `revision` is the ledger revision it was computed from, `held_from` that of its own row (0
    for the epoch that a model brings along). Rates are shares of credible claims in
    (0, 1) among named sources (`base_rate`, all time; `recent_rate`, trailing year) and among
    COLLECTIVE ones. `context_rates` maps a canonical context to its running rate's
    (credible, count). `recalibrations` is keyed by model version, then form ("light", "full").
    `memory_digest` names the verdict memory frozen with the epoch; empty without one.
    """

    number: int
    start: Micros = EARLIEST
    revision: int = 0
    held_from: int = 0
    base_rate: float = 0.5
    recent_rate: float = 0.5
    collective_rate: float = 0.5
    context_rates: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    recalibrations: Mapping[str, Mapping[str, Recalibration]] = field(default_factory=dict)
    memory_digest: bytes = b""
    extra: Mapping[str, float] = field(default_factory=dict)

    def digest(self) -> bytes:
        """Digest, 32 bytes, of all that a score can depend on; computed once."""
        return self._digest

    @cached_property
    def _digest(self) -> bytes:
        rates: list[Part] = []
        for context, (credible, count) in sorted(self.context_rates.items()):
            rates += (context, float(credible), float(count))
        recalibrations: list[Part] = [
            part
            for version in sorted(self.recalibrations)
            for form in sorted(self.recalibrations[version])
            for part in (
                version,
                form,
                float(self.recalibrations[version][form].intercept),
                float(self.recalibrations[version][form].slope),
            )
        ]
        extra: list[Part] = [part for name in sorted(self.extra) for part in (name, float(self.extra[name]))]
        return digest(
            "epoch", self.number, self.start, float(self.base_rate), float(self.recent_rate),
            float(self.collective_rate), self.memory_digest or EMPTY_DIGEST,
            len(rates), *rates, len(recalibrations), *recalibrations, *extra,
        )  # fmt: skip


def in_force(epochs: Iterable[PriorEpoch], as_of: Micros, at_revision: int | None = None) -> PriorEpoch | None:
    """The epoch with the latest start at or before `as_of` among those that revision held; None without one."""
    chosen: PriorEpoch | None = None
    for epoch in epochs:
        held = at_revision is None or epoch.held_from <= at_revision
        if held and epoch.start <= as_of and (chosen is None or epoch.number > chosen.number):
            chosen = epoch
    return chosen
