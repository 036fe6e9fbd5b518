"""Tells which models there are and which one scores."""

import asyncio

from reputable.api.conversion.models import encode_model
from reputable.api.conversion.pages import bad_page_token, decode_page_size, decode_page_token, encode_page_token
from reputable.api.interceptors import Context
from reputable.application.ports import ModelShelf
from reputable.v1 import models_pb2 as pb
from reputable.v1.models_pb2_grpc import ModelServiceServicer


class ModelServicer(ModelServiceServicer):
    """Asks the shelf of models in a thread: it reads files."""

    def __init__(self, models: ModelShelf) -> None:
        self._models = models

    async def GetModel(self, request: pb.GetModelRequest, context: Context) -> pb.GetModelResponse:
        """One model, the active one by default."""
        info = await asyncio.to_thread(self._models.describe, request.version)
        return pb.GetModelResponse(model=encode_model(info, self._models))

    async def ListModels(self, request: pb.ListModelsRequest, context: Context) -> pb.ListModelsResponse:
        """One page of models, newest first."""
        most, after = decode_page_size(request.page_size), decode_page_token(request.page_token)
        models = await asyncio.to_thread(self._models.catalogue)
        versions = [info.version for info in models]
        if after and after not in versions:
            raise bad_page_token()
        start = versions.index(after) + 1 if after else 0
        return pb.ListModelsResponse(
            models=[encode_model(info, self._models) for info in models[start : start + most]],
            next_page_token=encode_page_token(versions[start + most - 1]) if start + most < len(models) else "",
        )

    async def ActivateModel(self, request: pb.ActivateModelRequest, context: Context) -> pb.ActivateModelResponse:
        """Load and test a model, then swap it in."""
        previous = await asyncio.to_thread(self._models.activate, request.version)
        info = await asyncio.to_thread(self._models.describe, request.version)
        return pb.ActivateModelResponse(model=encode_model(info, self._models), previous_version=previous)
