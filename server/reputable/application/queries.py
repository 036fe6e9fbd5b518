"""What is asked of the assessor."""

from typing import NamedTuple

from reputable.domain.assessments import Explanation
from reputable.domain.claims import Claim
from reputable.domain.freshness import STRONG, Freshness
from reputable.domain.times import Micros


class AssessQuery(NamedTuple):
    """A claim with the moment, the freshness and the explanation wanted; see AssessClaimRequest."""

    claim: Claim
    as_of: Micros | None = None
    at_revision: int | None = None
    freshness: Freshness = STRONG
    explanation: Explanation = Explanation.SUMMARY
    model_version: str = ""
    prior_epoch: int | None = None

    @property
    def is_of_now(self) -> bool:
        """Whether no moment, revision or epoch is given."""
        return self.as_of is self.at_revision is self.prior_epoch is None
