"""What the README tells a reader to type works."""

import re
import shlex
from pathlib import Path

import pytest

from reputable.cli.exits import Exit
from tests.unit.cli.conftest import Run

README = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[list[str]]:
    """The `reputable` commands of the tour that need no file and no other service."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    found = [shlex.split(line)[1:] for line in lines if line.startswith("reputable ")]
    return [words for words in found if not {"--file", "import", "ledger"} & set(words)]


def test_the_client_s_ten_lines_run(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("python")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10

    exec(compile(code.replace("127.0.0.1:50051", server), "README.md", "exec"), {})  # noqa: S102

    assert len(capsys.readouterr().out.splitlines()) == 2


def test_the_commands_of_the_tour_run(run: Run, server: str) -> None:
    assert len(commands()) >= 4
    for words in commands():
        outcome = run(*words, "--server", server)
        assert outcome.code == Exit.OK, outcome.err


def test_the_six_files_of_the_reading_list_are_there() -> None:
    numbered = re.findall(r"^\d\. \[(.+?)\]\((.+?)\)", README, re.MULTILINE)

    assert len(numbered) == 6
    assert all(shown == link for shown, link in numbered)
