"""BentoML serving the model over HTTP.

Usage: bentoml serve benchmarks.peers.bentoml_service:Assess
"""

import bentoml

from benchmarks.peers.model import features, train


@bentoml.service(workers=1)
class Assess:
    """Scores claims."""

    def __init__(self) -> None:
        self.model = train()

    @bentoml.api
    def assess(self, text: str, source_id: str, context: str = "") -> dict[str, float]:
        """Score one claim."""
        return {"credibility": float(self.model.predict_proba([features(text, source_id, context)])[0, 1])}
