"""Models are listed, compared, activated and rolled back from the command line."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reputable.cli.exits import Exit
from tests.constant_models import shelf_on
from tests.service import running
from tests.unit.cli.conftest import Run


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a service that has three models."""
    folder = tmp_path_factory.mktemp("service")
    shelf = shelf_on(folder / "models", ["model-25", "model-75", "model-30"])
    (folder / "models" / "model-30" / "damaged").touch()
    ready, done, target = threading.Event(), threading.Event(), ""

    async def serve() -> None:
        nonlocal target
        async with running(folder, models=shelf) as service:
            target = service.target
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(30)
    yield target
    done.set()
    thread.join()


def states(run: Run, server: str) -> dict[str, tuple[bool, bool]]:
    lines = run("models", "list", "--json", "--server", server).out.splitlines()
    models = [json.loads(line) for line in lines]
    return {m["version"]: (m.get("active", False), m.get("previous", False)) for m in models}


def test_a_model_is_activated_and_rolled_back_by_one_command_each(run: Run, server: str) -> None:
    outcome = run("models", "activate", "model-75", "--server", server)
    assert (outcome.code, outcome.out.splitlines()[-1]) == (Exit.OK, "model-75 scores now, model-25 did before")
    assert states(run, server)["model-75"] == (True, False)
    assert states(run, server)["model-25"] == (False, True)
    outcome = run("models", "rollback", "--server", server)
    assert (outcome.code, outcome.out.splitlines()[-1]) == (Exit.OK, "model-25 scores now, model-75 did before")
    assert states(run, server)["model-25"] == (True, False)


def test_a_model_that_is_refused_ends_with_1_and_says_what_to_do(run: Run, server: str) -> None:
    outcome = run("models", "activate", "model-30", "--server", server)
    assert outcome.code == Exit.FAILED
    assert "copy it again" in outcome.err


def test_a_version_that_there_is_not_ends_with_1(run: Run, server: str) -> None:
    assert run("models", "show", "model-99", "--server", server).code == Exit.FAILED


def test_models_are_shown_as_tables(run: Run, server: str) -> None:
    listed = run("models", "list", "--server", server).out
    assert "model-25" in listed
    assert "now" in listed
    assert "auc" in run("models", "show", "model-75", "--server", server).out


def test_two_models_are_compared_by_what_is_known_of_them_and_by_what_they_say(
    run: Run, server: str, tmp_path: Path
) -> None:
    claims = tmp_path / "claims.jsonl"
    claims.write_text("".join(json.dumps({"text": f"Claim {n}.", "source": "Ann"}) + "\n" for n in range(3)))
    arguments = ("models", "diff", "model-25", "model-75", "--file", claims, "--server", server)
    outcome = run(*arguments)
    assert "0.2500" in outcome.out
    assert "mean difference: 0.5" in outcome.out
    told = json.loads(run(*arguments, "--json").out)
    assert told["claims"] == {
        "claims_assessed": 3,
        "mean_difference": 0.5,
        "mean_absolute_difference": 0.5,
        "largest_absolute_difference": 0.5,
    }
