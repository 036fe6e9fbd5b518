"""`make run`: the tour over the wire, from an empty folder, in a process of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder that the module's demonstrations share, and so their ledger."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture
def environment() -> dict[str, str]:
    """The variables of a demonstration on free ports."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REPUTABLE_")}
    return kept | {
        "REPUTABLE_ADDRESS": f"127.0.0.1:{free_port()}",
        "REPUTABLE_METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
    }


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "reputable", "demo", "--examples", str(ROOT / "examples"), *options]


def demonstrate(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("--once"), check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.fixture(scope="module")
def first(folder: Path) -> str:
    """What the first demonstration in the folder prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REPUTABLE_")}
    addresses = {
        "REPUTABLE_ADDRESS": f"127.0.0.1:{free_port()}",
        "REPUTABLE_METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
    }
    done = demonstrate(folder, kept | addresses)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_an_empty_ledger_is_filled_with_the_starter_scorecards(first: str) -> None:
    assert "it holds 531 starter scorecards now" in first


def test_every_claim_of_the_article_and_the_eight_others_are_shown(first: str) -> None:
    estimates = re.findall(r"[01]\.\d\d \[[01]\.\d\d-[01]\.\d\d\] +[\d,]+ +[A-F][2-6] ", first)

    assert len(estimates) == 47 + 8
    assert "Russian Ministry of" in first
    assert "Bernie Sanders" in first


def test_verdicts_move_the_credibility_and_retracting_them_restores_the_digest(first: str) -> None:
    steps = re.findall(r"^ (assessed|[+-]3 verdicts, \w+ ?\w*) +(0\.\d\d) .* ([0-9a-f]{16}) *$", first, re.MULTILINE)

    (_, before, digest), (_, after, moved), (_, restored, again) = steps
    assert float(after) > float(before) == float(restored)
    assert moved != digest == again
    assert "to the bit" in first


def test_the_second_pass_is_answered_by_the_cache(first: str) -> None:
    assert re.search(r"^ first +55 .* computed 55 *$", first, re.MULTILINE)
    assert re.search(r"^ second +55 .* local cache 55 *$", first, re.MULTILINE)


def test_the_output_is_plain_and_fits_120_columns(first: str) -> None:
    assert "\x1b" not in first
    assert max(map(len, first.splitlines())) <= 120


def test_a_second_demonstration_starts_from_what_the_first_left(
    first: str, folder: Path, environment: dict[str, str]
) -> None:
    began = time.monotonic()
    done = demonstrate(folder, environment)
    seconds = time.monotonic() - began

    assert (done.returncode, done.stderr) == (0, "")
    assert "The ledger was empty" not in done.stdout
    assert "to the bit" in done.stdout
    assert seconds < 30  # 3 s on an idle machine.


def test_an_address_that_is_taken_is_named_with_what_to_set(folder: Path, environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = demonstrate(folder, environment | {"REPUTABLE_ADDRESS": address})

    assert done.returncode == 1
    assert f"reputable: {address} cannot be served on" in done.stderr
    assert "REPUTABLE_ADDRESS=127.0.0.1:" in done.stderr


def test_a_service_that_does_not_start_says_why(folder: Path, environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "ledger.db").write_bytes(b"this is not a database at all" * 100)

    done = demonstrate(tmp_path, environment)

    assert done.returncode == 1
    assert done.stderr.startswith("reputable: the service ended with code 1")
    assert "Traceback" not in done.stderr


@pytest.fixture
def serving(folder: Path, first: str, environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """A demonstration whose tour is over and that serves on."""
    process = subprocess.Popen(
        command(), cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert any("Serving until Ctrl-C." in line for line in process.stdout)
    yield process
    if process.poll() is None:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end_and_takes_the_service_with_it(
    serving: "subprocess.Popen[str]", environment: dict[str, str], number: signal.Signals
) -> None:
    host, port = environment["REPUTABLE_ADDRESS"].split(":")
    with socket.create_connection((host, int(port)), timeout=5):
        pass

    serving.send_signal(number)

    assert serving.wait(20) == 0
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(port)), timeout=5)
