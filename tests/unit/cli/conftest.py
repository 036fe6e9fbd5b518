"""Runs commands in this process against a real service."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from reputable.cli import main
from tests.unit.cli.running import service


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of the service's ledger, empty at first."""
    return f"sqlite:///{tmp_path_factory.mktemp('service') / 'ledger.db'}"


@pytest.fixture(scope="module")
def server(ledger: str) -> Iterator[str]:
    """`host:port` of a service that the module's tests share."""
    with service(ledger) as address:
        yield address


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `reputable` with the arguments given."""

    def command(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["reputable", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), printed.out, printed.err)

    return command
