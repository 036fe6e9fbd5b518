"""Imports keep what they can, list what they cannot, and may be run again."""

import csv
import json
from pathlib import Path

import pytest

from reputable.cli.exits import Exit
from reputable.client import (
    CallError,
    Client,
    RecordVerdictRequest,
    RecordVerdictResponse,
    SourceKind,
)
from tests.unit.cli.conftest import Run

HEADER = "id,claim,source,truthfulness,claimed_at,reviewed_at,reviewer,crowd_source"


def verdict_file(folder: Path, *lines: str) -> Path:
    path = folder / "verdicts.csv"
    path.write_text("\n".join((HEADER, *lines)) + "\n", encoding="utf-8")
    return path


def row(number: int, source: str, truthfulness: object = 0.8, crowd: int = 0) -> str:
    return f"v{number},Claim {number}.,{source},{truthfulness},2020-01-01,2020-01-02,Desk,{crowd}"


def evidence(run: Run, server: str, source: str) -> int:
    outcome = run("assess", "A claim.", "--source", source, "--json", "--server", server)
    assert outcome.code == Exit.OK, outcome.err
    count: int = json.loads(outcome.out)["evidence_count"]
    return count


def test_rows_are_recorded_once_however_often_they_are_imported(run: Run, server: str, tmp_path: Path) -> None:
    path = verdict_file(tmp_path, *(row(number, "Once Only") for number in range(700)))

    first = run("verdicts", "import", path, "--server", server)
    second = run("verdicts", "import", path, "--server", server)

    assert (first.code, second.code) == (Exit.OK, Exit.OK)
    assert first.out == "700 rows: 700 recorded, 0 recorded before, 0 rejected.\n"
    assert second.out == "700 rows: 0 recorded, 700 recorded before, 0 rejected.\n"
    assert evidence(run, server, "Once Only") == 700


def test_rejects_are_listed_by_line_and_reason_and_the_rest_is_kept(run: Run, server: str, tmp_path: Path) -> None:
    lines = (row(1, "Partly"), row(2, "Partly", 1.5), "cut,off", row(4, "Partly"))
    rejects = tmp_path / "rejects.csv"

    outcome = run("verdicts", "import", verdict_file(tmp_path, *lines), "--rejects", rejects, "--server", server)

    assert outcome.code == Exit.PARTLY
    assert outcome.out == "4 rows: 2 recorded, 0 recorded before, 2 rejected.\n"
    assert "line 3: truthfulness: 1.5 is not a truthfulness" in outcome.err
    assert "line 4: has 2 columns; the header has 8" in outcome.err
    with rejects.open(newline="") as file:
        assert [found["line"] for found in csv.DictReader(file)] == ["3", "4"]
    assert evidence(run, server, "Partly") == 2


def test_a_file_of_nothing_but_rejects_ends_with_1(run: Run, server: str, tmp_path: Path) -> None:
    outcome = run("verdicts", "import", verdict_file(tmp_path, "x"), "--server", server)

    assert outcome.code == Exit.FAILED


@pytest.mark.parametrize("content", [b"", b"claim,source\n", b"\xff\xfec\0l\0"])
def test_a_file_that_cannot_be_read_ends_with_1_and_one_sentence(
    run: Run, server: str, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "verdicts.csv"
    path.write_bytes(content)

    outcome = run("verdicts", "import", path, "--server", server)

    assert outcome.code == Exit.FAILED
    assert outcome.err.startswith("reputable: verdicts.csv")
    assert outcome.err.count("\n") == 1


def test_an_import_that_was_stopped_goes_on_where_it_ended(
    run: Run, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = verdict_file(tmp_path, *(row(number, "Stopped") for number in range(1500)))
    original, calls = Client.record_verdicts, []

    def failing(self: Client, verdicts: list[RecordVerdictRequest]) -> "list[RecordVerdictResponse | CallError]":
        calls.append(verdicts)
        if len(calls) == 2:
            import grpc

            raise CallError(grpc.StatusCode.UNAVAILABLE, "gone")
        return list(original(self, verdicts))

    monkeypatch.setattr(Client, "record_verdicts", lambda s, v: iter(failing(s, list(v))))
    stopped = run("verdicts", "import", path, "--server", server)
    resumed = run("verdicts", "import", path, "--server", server)

    assert stopped.code == Exit.UNREACHABLE
    assert "512 rows so far: 512 recorded" in stopped.err
    assert resumed.out == "1,500 rows: 988 recorded, 512 recorded before, 0 rejected.\n"
    assert evidence(run, server, "Stopped") == 1500


def test_reviewers_become_established_unless_told_otherwise(run: Run, server: str, tmp_path: Path) -> None:
    def effective(source: str, *options: str) -> float:
        line = row(1, source).replace("Desk", source)
        run("verdicts", "import", verdict_file(tmp_path, line), "--server", server, *options)
        found = run("assess", "A claim.", "--source", source, "--json", "--server", server)
        count: float = json.loads(found.out)["reliability"]["effective_verdict_count"]
        return count

    assert effective("Established One") == 1.0
    assert effective("New One", "--no-established") < 0.5


def test_a_crowd_source_is_registered_as_a_collective(run: Run, server: str, tmp_path: Path) -> None:
    path = verdict_file(tmp_path, row(1, "Viral image", crowd=1))

    assert run("verdicts", "import", path, "--server", server).code == Exit.OK
    with Client(server) as client:
        source = client.get_source("viral-image")
    assert source.kind == SourceKind.SOURCE_KIND_COLLECTIVE


def test_the_starter_scorecards_are_imported_once(run: Run, server: str) -> None:
    first = run("scorecards", "import", "--starter", "--server", server)
    second = run("scorecards", "import", "--starter", "--server", server)

    assert (first.code, second.code) == (Exit.OK, Exit.OK)
    assert first.out == "531 scorecards: 531 recorded, 0 recorded before, 0 rejected.\n"
    assert second.out == "531 scorecards: 0 recorded, 531 recorded before, 0 rejected.\n"
    assert evidence(run, server, "President Obama") > 500
