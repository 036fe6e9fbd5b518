"""One model scores at a time; another takes over whole, or not at all."""

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from reputable.adapters.model_shelf import CHOICE, FolderShelf
from reputable.application.ports import ScoreInput
from reputable.domain.assessments import Explanation
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import ArtifactRefused, InvalidInput, ModelNotFound
from reputable.domain.records import TrackRecord
from tests.builders import claim
from tests.constant_models import ConstantScorer, describe, load, said_by, shelf_on


def test_the_default_scores_until_another_is_activated(tmp_path: Path) -> None:
    shelf = shelf_on(tmp_path)
    assert (shelf.active.version, shelf.previous) == ("model-25", "")
    assert shelf.activate("model-75") == "model-25"
    assert (shelf.active.version, shelf.previous) == ("model-75", "model-25")


def test_a_choice_outlasts_the_process(tmp_path: Path) -> None:
    shelf_on(tmp_path).activate("model-75")
    again = shelf_on(tmp_path)
    assert (again.active.version, again.previous) == ("model-75", "model-25")


def test_a_rollback_is_the_activation_of_the_previous_one(tmp_path: Path) -> None:
    shelf = shelf_on(tmp_path)
    shelf.activate("model-75")
    shelf.activate(shelf.previous)
    assert (shelf.active.version, shelf.previous) == ("model-25", "model-75")
    assert shelf_on(tmp_path).active.version == "model-25"


def test_a_choice_made_by_another_process_is_followed(tmp_path: Path) -> None:
    here, elsewhere = shelf_on(tmp_path), shelf_on(tmp_path)
    elsewhere.activate("model-75")
    assert here.active.version == "model-25"
    assert here.follow_choice() == "model-75"
    assert (here.active.version, here.previous) == ("model-75", "model-25")


def test_an_activation_wins_over_a_choice_that_was_not_followed_yet(tmp_path: Path) -> None:
    here, elsewhere = shelf_on(tmp_path), shelf_on(tmp_path)
    elsewhere.activate("model-75")
    here.activate("model-25")
    assert here.follow_choice() == elsewhere.follow_choice() == "model-25"


@pytest.mark.parametrize("way", ["activated", "followed"])
def test_a_model_that_is_refused_leaves_the_one_before(tmp_path: Path, way: str) -> None:
    shelf = shelf_on(tmp_path)
    (tmp_path / "model-75" / "damaged").touch()
    if way == "followed":
        (tmp_path / CHOICE).write_text("model-75\nmodel-25\n")
    with pytest.raises(ArtifactRefused, match="copy it again"):
        shelf.follow_choice() if way == "followed" else shelf.activate("model-75")
    assert shelf.active.version == "model-25"
    if way == "activated":
        assert not (tmp_path / CHOICE).exists()


def test_a_folder_must_be_named_after_the_version_it_holds(tmp_path: Path) -> None:
    shelf = shelf_on(tmp_path)
    (tmp_path / "model-75" / "holds").write_text("model-50")
    for _ in range(2):
        with pytest.raises(ArtifactRefused, match="name it after its version"):
            shelf.get("model-75")


@pytest.mark.parametrize("version", ["../model-25", "/etc", "a/b", "", ".", "..", "model-25\n", "A", "x" * 65])
def test_a_version_cannot_name_a_path(tmp_path: Path, version: str) -> None:
    with pytest.raises(InvalidInput):
        shelf_on(tmp_path).activate(version)


@pytest.mark.parametrize("kind", ["symlink", "fifo", "file", "nothing"])
def test_what_is_no_folder_of_its_own_is_not_found(tmp_path: Path, kind: str) -> None:
    shelf = shelf_on(tmp_path)
    path = tmp_path / "model-50"
    if kind == "symlink":
        path.symlink_to(tmp_path / "model-75", target_is_directory=True)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "file":
        path.touch()
    with pytest.raises(ModelNotFound):
        shelf.activate("model-50")


def test_a_model_that_scores_stays_loaded_however_many_others_are_asked_for(tmp_path: Path) -> None:
    versions = [f"model-{number}" for number in range(10, 30)]
    shelf = shelf_on(tmp_path, versions, default="model-10")
    scoring = shelf.active
    for version in versions:
        shelf.get(version)
    assert shelf.get("model-10") is scoring


def test_a_version_that_is_loaded_is_had_while_another_is_being_read(tmp_path: Path) -> None:
    reading, done = threading.Event(), threading.Event()

    def slow(folder: Path) -> ConstantScorer:
        if folder.name == "model-75":
            reading.set()
            assert done.wait(10)
        return load(folder)

    for version in ("model-25", "model-75"):
        (tmp_path / version).mkdir()
    shelf = FolderShelf([tmp_path], load=slow, describe=describe, default="model-25")
    thread = threading.Thread(target=shelf.activate, args=("model-75",))
    thread.start()
    try:
        assert reading.wait(10)
        started = time.perf_counter()
        assert shelf.get("model-25").version == "model-25"
        assert time.perf_counter() - started < 1.0
    finally:
        done.set()
        thread.join()


class TornShelf:
    """What must not be: version and scores change one after the other, and readers can come between."""

    def __init__(self) -> None:
        self.version, self.scorer = "model-25", ConstantScorer("model-25")

    async def read(self) -> tuple[str, float]:
        return self.version, score_of(self.scorer)

    async def swap(self, version: str) -> None:
        self.version = version
        await asyncio.sleep(0)
        self.scorer = ConstantScorer(version)


class WholeShelf:
    """What is: one object is swapped."""

    def __init__(self, folder: Path) -> None:
        self.shelf = shelf_on(folder)

    async def read(self) -> tuple[str, float]:
        scorer = self.shelf.active
        await asyncio.sleep(0)
        return scorer.version, score_of(scorer)

    async def swap(self, version: str) -> None:
        await asyncio.to_thread(self.shelf.activate, version)


def score_of(scorer: object) -> float:
    assert isinstance(scorer, ConstantScorer)
    return scorer.score(ScoreInput(claim(), TrackRecord(), PriorEpoch(0)), Explanation.NONE).credibility


async def torn_reads(shelf: TornShelf | WholeShelf) -> int:
    """Of readings taken during 100 reloads, those where version and score do not belong together."""
    torn = readings = 0
    swapping = True

    async def read() -> None:
        nonlocal torn, readings
        while swapping or not readings:
            version, credibility = await shelf.read()
            torn += credibility != said_by(version)
            readings += 1
            await asyncio.sleep(0)

    readers = [asyncio.ensure_future(read()) for _ in range(4)]
    for number in range(100):
        await shelf.swap(("model-75", "model-25")[number % 2])
    swapping = False
    await asyncio.gather(*readers)
    assert readings > 100
    return torn


async def test_in_a_hundred_reloads_under_load_version_and_score_always_belong_together(tmp_path: Path) -> None:
    assert await torn_reads(WholeShelf(tmp_path)) == 0


async def test_a_swap_in_two_steps_would_have_been_caught() -> None:
    assert await torn_reads(TornShelf()) > 0
