"""Models."""

from reputable.api.conversion.claims import encode_time
from reputable.application.ports import ModelShelf
from reputable.domain.models import ModelInfo
from reputable.v1 import models_pb2


def encode_model(info: ModelInfo, models: ModelShelf) -> models_pb2.Model:
    """The message of a model on a shelf."""
    return models_pb2.Model(
        version=info.version,
        digest=info.digest.hex(),
        active=info.version == models.active.version,
        previous=info.version == models.previous,
        train_time=encode_time(info.trained_at),
        train_window_start_time=encode_time(info.window_start),
        train_window_end_time=encode_time(info.window_end),
        metrics=info.metrics,
        size_bytes=info.size_bytes,
    )
