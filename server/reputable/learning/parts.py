"""What a claim's log-odds are made of."""

from typing import NamedTuple


class Parts(NamedTuple):
    """The log-odds of one claim, part by part; their sum, in this order, is the logit."""

    base_rate: float
    track_record: float
    recent_record: float
    checking_history: float
    wording: float
    context: float
    similar_verdicts: float
    recalibration: float

    def logit(self) -> float:
        """Log-odds of the credibility."""
        return (
            self.base_rate + self.track_record + self.recent_record + self.checking_history
            + self.wording + self.context + self.similar_verdicts + self.recalibration
        )  # fmt: skip
