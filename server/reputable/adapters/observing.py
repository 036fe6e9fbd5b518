"""Tells the metrics what the application did."""

from reputable.application.ports import Receipt, Write
from reputable.domain.assessments import ServedFrom
from reputable.domain.entries import EntryKind
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

    def foreseen(self, credibility: float, *, credible: bool) -> None:
        """Count a claim of this credibility that was found credible or not."""
        self._metrics.foreseen["credible" if credible else "not_credible"].observe(credibility)
        self._metrics.foreseen_squared_error += (credibility - credible) ** 2

    def committed(self, write: Write, receipt: Receipt) -> None:
        """Count a durable row of the ledger."""
        metrics = self._metrics
        metrics.ledger_revision = max(metrics.ledger_revision, receipt.revision)
        if receipt.duplicate:
            return
        if write.kind is EntryKind.RETRACTION:
            metrics.retractions += 1
        elif write.kind is EntryKind.SCORECARD:
            metrics.verdicts["scorecard"] += 1
        elif write.kind is EntryKind.VERDICT and write.finding is not None:
            metrics.verdicts[_name_of(write)] += 1


def _name_of(write: Write) -> str:
    levels = write.finding.levels if write.finding is not None else ()
    if not levels:
        return "unproven"
    return "credible" if levels[0].truthfulness >= CREDIBLE_FROM else "not_credible"
