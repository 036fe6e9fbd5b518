"""MLServer serving the model; the runtime is the shortest that its guide shows for a model of one's own."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.peers.model import features, train


class Assess(MLModel):  # type: ignore[misc]
    """Scores claims."""

    async def load(self) -> bool:
        """Make the model."""
        self._model = train()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Score the claims of one request."""
        columns = [StringCodec.decode_input(item) for item in payload.inputs]
        scores = self._model.predict_proba([features(*row) for row in zip(*columns, strict=True)])[:, 1]
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("credibility", scores.reshape(-1, 1))]
        )
