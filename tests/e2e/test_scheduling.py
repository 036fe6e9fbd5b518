"""The threads that carry calls do not interrupt the one that answers them."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.e2e.test_process import assess
from tests.process import serving_in

pytestmark = pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="the system has no such policy")


def policies(pid: int) -> dict[str, list[int]]:
    """The scheduling policies of a process's threads, by the threads' names."""
    found: dict[str, list[int]] = {}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        name = (thread / "comm").read_text().strip()
        found.setdefault(name, []).append(os.sched_getscheduler(int(thread.name)))
    return found


@pytest.mark.parametrize(("transport", "carriers"), [("grpcio", "event_engine"), ("fast", "grpc-native-io")])
def test_the_transports_threads_yield_and_the_event_loop_does_not(
    tmp_path: Path, transport: str, carriers: str
) -> None:
    if transport == "fast" and find_spec("pygrpc_native") is None:
        pytest.skip("the fast transport is not installed")
    with serving_in(tmp_path, TRANSPORT=transport) as (service, target):
        assess(target)
        pid = service.process.pid
        found = policies(pid)
        assert set(found[carriers]) == {os.SCHED_BATCH}, found
        assert os.sched_getscheduler(pid) == os.SCHED_OTHER
