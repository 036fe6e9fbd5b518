"""Tells the metrics what the application did."""

from collections.abc import Sequence
from typing import Any

from reputable.application.ports import Committed, Ledger, Receipt, Write
from reputable.domain.assessments import ServedFrom
from reputable.domain.entries import EntryKind
from reputable.domain.errors import LedgerFull, LedgerUnavailable, ReputableError
from reputable.domain.honesty import RollingHonesty, log_loss, squared_error
from reputable.domain.verdicts import CREDIBLE_FROM
from reputable.metrics import Metrics


class MetricsObserver:
    """What the application is given as its observer, and the ledger as its listener."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lookups = {tier: metrics.lookups[tier.value] for tier in (ServedFrom.LOCAL_CACHE, ServedFrom.REDIS)}
        self._tiers = {tier: tier.value for tier in ServedFrom}

    def looked_up(self, tier: ServedFrom, hits: int, misses: int) -> None:
        """Count look-ups in a cache."""
        counts = self._lookups[tier]
        counts["hit"] += hits
        counts["miss"] += misses

    def took(self, stage: str, seconds: float) -> None:
        """Time a stage of an assessment."""
        self._metrics.stages[stage].observe(seconds)

    def assessed(self, credibility: float, tier: ServedFrom) -> None:
        """Count an assessment."""
        self._metrics.assessments[self._tiers[tier]] += 1
        self._metrics.credibility.observe(credibility)

    def committed(self, rows: Sequence[Committed]) -> None:
        """Count durable rows of the ledger."""
        metrics = self._metrics
        metrics.ledger_revision = max(metrics.ledger_revision, rows[-1][1].revision)
        for write, _ in rows:
            if write.kind is EntryKind.VERDICT:
                metrics.verdicts[_name_of(write)] += 1
            elif write.kind is EntryKind.SCORECARD:
                metrics.verdicts["scorecard"] += 1
            elif write.kind is EntryKind.RETRACTION:
                metrics.retractions += 1


class WatchedWrites:
    """Stands for the ledger towards those who write; remembers whether the last write went through."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.problem = ""

    @property
    def well(self) -> bool:
        """Whether it did; true before the first."""
        return not self.problem

    async def append(self, writes: Sequence[Write]) -> list[Receipt | ReputableError]:
        """As Ledger.append."""
        try:
            outcomes = await self._ledger.append(writes)
        except (LedgerUnavailable, LedgerFull) as error:
            self.problem = error.message
            raise
        self.problem = ""
        return outcomes

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the ledger has.
        return getattr(self._ledger, name)


class HonestyMetrics:
    """Keeps the figures of what models foresaw."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._rolling: dict[str, RollingHonesty] = {}

    def expect(self, model_version: str) -> None:
        """Show the figures of a model from now on, before there are any."""
        if model_version not in self._metrics.foreseen:
            rolling = self._rolling[model_version] = RollingHonesty()
            self._metrics.foresee(model_version, lambda: _rolling_figures(rolling))
            self._rolling = {version: self._rolling[version] for version in self._metrics.foreseen}

    def foresaw(self, model_version: str, credibility: float, *, credible: bool) -> None:
        """Count a credibility and what was found then."""
        self.expect(model_version)
        self._rolling[model_version].add(credibility, credible=credible)
        meter = self._metrics.foreseen[model_version]
        meter.credibility.observe(credibility)
        meter.credible += credible
        meter.squared_error += squared_error(credibility, credible=credible)
        meter.log_loss += log_loss(credibility, credible=credible)

    def unforeseen(self) -> None:
        """Count a verdict without a comparison."""
        self._metrics.unforeseen += 1


def _rolling_figures(rolling: RollingHonesty) -> dict[str, float]:
    figures = rolling.figures()
    return {
        "reputable_rolling_verdicts": figures.count,
        "reputable_rolling_brier_score": figures.brier,
        "reputable_rolling_log_loss": figures.log_loss,
        "reputable_rolling_calibration_error": figures.calibration_error,
        "reputable_rolling_stability_index": figures.stability_index,
    }


def _name_of(write: Write) -> str:
    levels = write.finding.levels if write.finding is not None else ()
    if not levels:
        return "unproven"
    return "credible" if levels[0].truthfulness >= CREDIBLE_FROM else "not_credible"
