"""`reputable assess` and its kin say what the service says."""

import json
from pathlib import Path

import pytest

from reputable.cli.exits import Exit
from tests.unit.cli.conftest import Run


def claims_file(folder: Path, *rows: dict[str, object] | str) -> Path:
    path = folder / "claims.jsonl"
    lines = (line if isinstance(line, str) else json.dumps(line) for line in rows)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_claim_by_an_unknown_source_is_a_cold_start_not_an_error(run: Run, server: str) -> None:
    outcome = run("assess", "Rain fell.", "--source", "Nobody Known", "--server", server)

    assert outcome.code == Exit.OK
    assert "Nobody Known (unknown" in outcome.out
    assert "cold start" in outcome.out


def test_json_carries_all_that_reproduces_the_assessment(run: Run, server: str) -> None:
    outcome = run("assess", "Rain fell.", "--source", "Nobody", "--json", "--server", server)

    found = json.loads(outcome.out)
    assert 0 < found["credibility"] < 1
    assert found["interval"][0] <= found["interval"][1]
    assert {"model_version", "prior_epoch", "as_of_time", "at_revision", "record_digest"} <= set(found)
    assert isinstance(found["at_revision"], int)


@pytest.mark.parametrize(
    ("claim", "source", "message"),
    [
        (" ", "Jo", "claim.text"),
        ("x" * 10_001, "Jo", "claim.text: has 10,001 characters; at most 10,000 are taken"),
        ("Rain fell.", "Jo\u200b", "claim.source_name"),
    ],
)
def test_a_refused_claim_ends_with_1_and_the_services_sentence(
    run: Run, server: str, claim: str, source: str, message: str
) -> None:
    outcome = run("assess", claim, "--source", source, "--server", server)

    assert outcome.code == Exit.FAILED
    assert outcome.err.startswith(f"reputable: {message}")
    assert outcome.err.count("\n") == 1


def test_a_file_is_answered_line_by_line_in_order(run: Run, server: str, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"id": f"c{n}", "text": f"Claim {n}.", "source": "Jo Doe"} for n in range(600)]
    rows[300] = {"id": "c300", "text": "", "source": "Jo Doe"}
    path, out = claims_file(tmp_path, *rows, "{"), tmp_path / "answers.jsonl"

    outcome = run("assess", "--file", path, "--out", out, "--server", server)

    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert outcome.code == Exit.PARTLY
    assert outcome.err == "599 claims assessed, 2 refused.\n"
    assert [answer["line"] for answer in answers] == list(range(1, 602))
    assert [answer["line"] for answer in answers if "error" in answer] == [301, 601]
    assert answers[0]["id"] == "c0"
    assert "credibility" in answers[0]["assessment"]


def test_an_item_that_the_service_refuses_is_an_error_of_its_line(run: Run, server: str, tmp_path: Path) -> None:
    path = claims_file(tmp_path, {"text": "Rain.", "source_id": "nobody-at-all"})

    outcome = run("assess", "--file", path, "--server", server)

    assert outcome.code == Exit.FAILED
    assert json.loads(outcome.out)["error"]["reason"] == "SOURCE_NOT_FOUND"


def test_a_verdict_is_recorded_listed_and_taken_back(run: Run, server: str) -> None:
    recorded = run(
        "verdicts", "record", "Snow fell.", "--source", "Ann Lee", "--truthfulness", "1",
        "--reviewer", "Desk", "--server", server,
    )  # fmt: skip
    verdict_id = recorded.out.split()[2]
    listed = run("verdicts", "list", "ann-lee", "--json", "--server", server)
    retracted = run("verdicts", "retract", verdict_id, "--reason", "Mistake.", "--server", server)
    again = run("verdicts", "retract", verdict_id, "--reason", "Mistake.", "--server", server)
    left = run("verdicts", "list", "ann-lee", "--server", server)

    assert recorded.code == retracted.code == Exit.OK
    assert json.loads(listed.out)["claim"] == "Snow fell."
    assert again.code == Exit.FAILED
    assert "FAILED_PRECONDITION" in again.err
    assert "Snow fell." not in left.out


def test_a_source_is_added_shown_and_resolved_by_its_alias(run: Run, server: str) -> None:
    added = run(
        "sources", "add", "Ministry of Trade", "--kind", "government_body",
        "--alias", "MoT", "--server", server,
    )  # fmt: skip
    shown = run("sources", "show", "ministry-of-trade", "--server", server)
    resolved = run("sources", "resolve", "mot", "--server", server)
    unknown = run("sources", "resolve", "Zyx Wvu", "--json", "--server", server)
    listed = run("sources", "list", "--json", "--server", server)

    assert added.out == "ministry-of-trade: Ministry of Trade\n"
    assert "Ministry of Trade (ministry-of-trade, government body)" in shown.out
    assert resolved.out == "Ministry of Trade (ministry-of-trade, by name)\n"
    assert (unknown.code, json.loads(unknown.out)["source_id"]) == (Exit.FAILED, "")
    assert "ministry-of-trade" in {json.loads(line)["id"] for line in listed.out.splitlines()}


def test_an_unknown_kind_is_refused(run: Run, server: str) -> None:
    outcome = run("sources", "add", "X", "--kind", "planet", "--server", server)

    assert outcome.code == Exit.FAILED
    assert "is not a kind; give one of" in outcome.err
