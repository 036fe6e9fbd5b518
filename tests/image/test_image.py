"""The Dockerfile's steps, performed in an empty folder with a clean environment, give a service that runs."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests.image import engine
from tests.process import free_port

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN_SECONDS = 30.0

pytestmark = pytest.mark.timeout(600)


def tracked_files() -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())


@pytest.fixture(scope="module")
def image() -> Iterator[engine.Image]:
    work = Path(tempfile.mkdtemp(prefix="image-"))
    try:
        source = work / "context"
        engine.context(ROOT, source, tracked_files())
        shutil.copy2(ROOT / "Dockerfile", source / "Dockerfile")
        cache = subprocess.run(
            [sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=True
        )
        base = engine.base_environment(work / "home") | {"PIP_CACHE_DIR": cache.stdout.strip()}
        # As in an image, nothing is compiled or downloaded that this machine's cache already has.
        yield engine.build(source, work, base, {"PIP_NO_CACHE_DIR": "0"})
    finally:
        shutil.rmtree(work)


@pytest.fixture(scope="module")
def environment(image: engine.Image) -> dict[str, str]:
    return image.variables() | {
        "REPUTABLE_ADDRESS": f"127.0.0.1:{free_port()}",
        "REPUTABLE_METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
    }


def run(image: engine.Image, arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a command of the image in its folder."""
    moved = [image.moved(argument) for argument in arguments]
    program = shutil.which(moved[0], path=environment["PATH"])
    assert program is not None
    return subprocess.Popen([program, *moved[1:]], cwd=image.place("."), env=environment)


def becomes_healthy(image: engine.Image, environment: dict[str, str]) -> bool:
    until = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < until:
        if run(image, image.health, environment).wait() == 0:
            return True
        time.sleep(0.2)
    return False


def test_the_image_starts_is_healthy_and_ends_on_sigterm(image: engine.Image, environment: dict[str, str]) -> None:
    assert run(image, image.health, environment).wait() == 1

    service = run(image, image.entrypoint + image.command, environment)
    try:
        healthy = becomes_healthy(image, environment)
        service.send_signal(signal.SIGTERM)
        status = service.wait(timeout=30)
    finally:
        service.kill()

    assert healthy
    assert status == 0
    assert (image.place("var") / "ledger.db").exists()


def test_the_image_holds_the_package_and_not_the_tools_that_built_it(image: engine.Image) -> None:
    tools = {path.name for path in image.place("venv/bin").iterdir()}

    assert {"python", "reputable"} <= tools
    assert not {name for name in tools if name.startswith("pip")}
    assert sorted(path.name for path in image.place(".").iterdir()) == ["healthcheck.py", "var", "venv"]


def test_the_context_holds_no_tests_no_data_and_no_ledger() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]

    ignored = ["tests/fakes.py", "var/ledger.db", ".git/config", "server/reputable/__pycache__/a.pyc", "k8s/README.md"]
    kept = ["server/reputable/app.py", "requirements/full.txt", "scripts/healthcheck.py", "pyproject.toml"]

    assert [name for name in ignored if not engine.is_ignored(PurePosixPath(name), patterns)] == []
    assert [name for name in kept if engine.is_ignored(PurePosixPath(name), patterns)] == []


def test_a_step_that_is_not_known_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM base\nADD archive.tar /app/\n", encoding="utf-8")

    with pytest.raises(ValueError, match="ADD"):
        engine.build(tmp_path, tmp_path / "work", {}, {})
