"""Every command explains itself, and wrong usage is told apart from failure."""

import subprocess
import sys

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from reputable.cli.exits import Exit
from reputable.cli.main import app
from tests.unit.cli.conftest import Run


def leaves(command: object, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], object]]:
    """All commands below one, each with its words."""
    if not isinstance(command, TyperGroup):
        return [(path, command)]
    return [leaf for name, sub in sorted(command.commands.items()) for leaf in leaves(sub, (*path, name))]


COMMANDS = leaves(typer.main.get_command(app))


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) for path, _ in COMMANDS])
def test_every_command_has_help_with_an_example(path: tuple[str, ...], command: object) -> None:
    assert isinstance(command, TyperCommand)
    assert "Example: " in (command.help or "")
    assert f"reputable {' '.join(path)}" in (command.help or "")


def test_the_commands_are_those_that_are_documented() -> None:
    expected = {
        "serve", "demo", "assess", "verdicts import", "scorecards import", "sources list",
        "sources show", "sources resolve", "sources add", "ledger verify", "ledger seal",
        "ledger backup", "ledger copy",
        "train", "evaluate",
    }  # fmt: skip

    assert expected <= {" ".join(path) for path, _ in COMMANDS}


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("assess",),
        ("assess", "A claim."),
        ("assess", "A claim.", "--file", "claims.jsonl"),
        ("assess", "A claim.", "--source", "Jo", "--as-of", "yesterday"),
        ("assess", "A claim.", "--source", "Jo", "--explain", "everything"),
        ("verdicts", "import"),
        ("scorecards", "import"),
        ("verdicts", "record", "x", "--source", "y", "--truthfulness", "very", "--reviewer", "z"),
    ],
)
def test_wrong_usage_ends_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    outcome = run(*arguments)

    assert outcome.code == Exit.USAGE
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [("assess", "A claim.", "--source", "Jo"), ("sources", "list"), ("sources", "show", "jo")],
)
def test_a_server_that_is_not_there_ends_with_3_and_one_sentence(run: Run, arguments: tuple[str, ...]) -> None:
    outcome = run(*arguments, "--server", "127.0.0.1:1")

    assert outcome.code == Exit.UNREACHABLE
    assert outcome.err.startswith("reputable: the server cannot be reached; start one with")
    assert outcome.err.count("\n") == 1


def test_help_imports_nothing_dear() -> None:
    code = (
        "import sys; from reputable.cli import main; sys.argv = ['reputable', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "dear = {'grpc', 'numpy', 'sklearn', 'redis', 'google.protobuf', 'pydantic', 'rich.table'}\n"
        "print(sorted(dear & set(sys.modules)), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"


def test_the_version_is_printed(run: Run) -> None:
    outcome = run("--version")

    assert outcome.code == Exit.OK
    assert outcome.out.startswith("reputable ")


def test_a_failure_that_nobody_foresaw_is_one_sentence_with_its_place(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("reputable.client.Client.list_sources", fail)

    outcome = run("sources", "list")

    assert outcome.code == Exit.FAILED
    assert outcome.err.startswith("reputable: this is a defect, please report it: ZeroDivisionError: by zero (test_cli")
    assert outcome.err.count("\n") == 1
