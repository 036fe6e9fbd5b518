"""Models."""

from reputable.api.conversion.claims import encode_time
from reputable.domain.models import ModelInfo
from reputable.v1 import models_pb2


def encode_model(info: ModelInfo, *, active: bool) -> models_pb2.Model:
    """The message of a model."""
    return models_pb2.Model(
        version=info.version,
        digest=info.digest.hex(),
        active=active,
        train_time=encode_time(info.trained_at),
        train_window_start_time=encode_time(info.window_start),
        train_window_end_time=encode_time(info.window_end),
        metrics=info.metrics,
        size_bytes=info.size_bytes,
    )
