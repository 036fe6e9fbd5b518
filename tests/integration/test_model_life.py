"""Models come and go while the service answers."""

import asyncio
from pathlib import Path

import grpc
import pytest

from reputable.adapters.model_shelf import CHOICE
from reputable.app import service as app_service
from reputable.v1 import models_pb2
from tests.constant_models import said_by, shelf_on
from tests.service import Service, running
from tests.waiting import eventually

VERSIONS = ("model-25", "model-75")


async def activate(service: Service, version: str) -> models_pb2.ActivateModelResponse:
    return await service.models.ActivateModel(models_pb2.ActivateModelRequest(version=version), timeout=5)


async def test_in_a_hundred_reloads_no_call_fails_and_every_answer_is_that_of_the_model_it_names(
    tmp_path: Path,
) -> None:
    answers: list[tuple[str, float]] = []
    swapping = True

    async def ask(service: Service) -> None:
        while swapping:
            assessment = (await service.assess(text=f"Claim {len(answers)}.")).assessment
            answers.append((assessment.model_version, assessment.credibility))

    async with running(tmp_path, models=shelf_on(tmp_path / "models")) as service:
        callers = [asyncio.ensure_future(ask(service)) for _ in range(4)]
        for number in range(100):
            await activate(service, VERSIONS[(number + 1) % 2])
        swapping = False
        await asyncio.gather(*callers)
    assert {version for version, _ in answers} == set(VERSIONS)
    assert all(credibility == said_by(version) for version, credibility in answers)


async def test_a_damaged_model_is_refused_and_the_one_before_goes_on(tmp_path: Path) -> None:
    shelf = shelf_on(tmp_path / "models")
    (tmp_path / "models" / "model-75" / "damaged").touch()
    async with running(tmp_path, models=shelf) as service:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await activate(service, "model-75")
        assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert "copy it again" in (refused.value.details() or "")
        assert (await service.assess()).assessment.model_version == "model-25"


async def test_the_one_that_scored_before_is_named_so_that_it_can_be_gone_back_to(tmp_path: Path) -> None:
    async with running(tmp_path, models=shelf_on(tmp_path / "models")) as service:
        assert (await activate(service, "model-75")).previous_version == "model-25"
        listed = await service.models.ListModels(models_pb2.ListModelsRequest())
        assert {m.version: (m.active, m.previous) for m in listed.models} == {
            "model-75": (True, False),
            "model-25": (False, True),
        }


async def test_a_model_that_is_put_into_the_folder_and_chosen_there_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_service, "FOLLOW_SECONDS", 0.01)
    folder = tmp_path / "models"
    async with running(tmp_path, models=shelf_on(folder)) as service:
        (folder / "model-50").mkdir()
        (folder / CHOICE).write_text("model-50\nmodel-25\n")
        await eventually(lambda: "model-50" in service.app.ready()[1]["model"])
        assert (await service.assess()).assessment.credibility == said_by("model-50")
        _, metrics = await service.fetch()
    assert 'reputable_model_info{digest="' in metrics
    assert 'version="model-50"' in metrics


async def test_a_choice_that_cannot_be_used_is_shown_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_service, "FOLLOW_SECONDS", 0.01)
    folder = tmp_path / "models"
    async with running(tmp_path, models=shelf_on(folder)) as service:
        (folder / "model-75" / "damaged").touch()
        (folder / CHOICE).write_text("model-75\nmodel-25\n")
        await eventually(lambda: "copy it again" in service.app.ready()[1]["model"])
        assert "reputable_model_refused 1.0" in (await service.fetch())[1]
        assert (await service.assess()).assessment.model_version == "model-25"
        (folder / "model-75" / "damaged").unlink()
        await eventually(lambda: service.app.ready()[1]["model"] == "model-75")
        assert "reputable_model_refused 0.0" in (await service.fetch())[1]
