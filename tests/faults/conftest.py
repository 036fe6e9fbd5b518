"""What the fault tests share: services, a Redis, and the list of targets that `make soak` prints."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.running import Redis, Service, children


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what reads /proc where there is none."""
    if not sys.platform.startswith("linux"):
        for item in items:
            if "faults" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="reads /proc"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on SQLite without Redis, for one module."""
    one = Service(tmp_path_factory.mktemp("service"))
    with children(one):
        yield one.start()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of the test's own."""
    with Redis(tmp_path) as one:
        yield one


@dataclass
class Targets:
    """Takes what was measured beside what was wanted; for `make soak` also in a file."""

    test: str
    missed: list[str] = field(default_factory=list)
    count: int = 0

    def reached(self, target: str, measured: str, wanted: str, *, met: bool) -> None:
        """Note one target."""
        path = os.environ.get("REPUTABLE_TEST_TARGETS")
        if path:
            with Path(path).open("a") as file:
                file.write(json.dumps([target, measured, wanted, met]) + "\n")
        print(f"{target} | {measured} | {wanted} | {'met' if met else 'short'}")
        self.count += 1
        if not met:
            self.missed.append(f"{target}: {measured}, wanted {wanted}")


@pytest.fixture
def targets(request: pytest.FixtureRequest) -> Iterator[Targets]:
    """Collects targets and fails the test at its end when one was missed."""
    collected = Targets(request.node.name)
    yield collected
    if not collected.count:
        collected.reached(collected.test, "not measured", "a figure", met=False)
    assert not collected.missed, "; ".join(collected.missed)
