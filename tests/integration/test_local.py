"""Claims assessed without a service get what the service says of them, as a stream, in order."""

import asyncio
import csv
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from reputable.adapters.clock import SystemClock
from reputable.adapters.names import LetterLore
from reputable.adapters.sqlite_ledger import SqliteLedger
from reputable.app import build, local_files
from reputable.app.local import NO_LEDGER, AsOf, LocalScorer, ScoredRow, Terms, agreed
from reputable.application.recording import Recorder, VerdictRequest
from reputable.application.shared_rows import SharedRows
from reputable.application.writes import epoch_write
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import RevisionNotReached
from reputable.domain.times import DAY
from reputable.ingest.rows import FileRefusedError, Record, Reject
from reputable.learning.predictor import Predictor
from reputable.settings import load
from reputable.v1 import assessment_pb2, claim_pb2, credibility_pb2
from reputable.v1.credibility_pb2_grpc import CredibilityServiceStub
from tests.builders import verdict

if TYPE_CHECKING:
    from reputable.v1.credibility_pb2_grpc import CredibilityServiceAsyncStub

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

COUNT = 5_000
BAD = {7: "text", 4_999: "source"}
SOURCES = ("Ministry of Works", "ministry of works", "Somebody")
DATES = ("2023-06-01", "2024-09-01", "2025-06-01", "2025-12-01")
FIGURES = ("credibility", "lower", "upper", "evidence_count", "basis", "admiralty", "source_id", "model_version")


async def record(url: str, count: int, start: int = 0) -> None:
    """Verdicts on the Ministry of Works, 100 days apart."""
    clock, names = SystemClock(), LetterLore()
    ledger = SqliteLedger(Path(url.removeprefix("sqlite:///")), clock)
    shared = SharedRows(ledger, names, PriorEpoch(0))
    await shared.catch_up()
    recorder = Recorder(clock=clock, ledger=ledger, shared=shared, names=names)
    found = [verdict(f"Bridge {n} stands.", truthfulness=(n % 3) / 2) for n in range(start, start + count)]
    dated = [replace(one, reviewed_at=one.reviewed_at - n * 100 * DAY) for n, one in enumerate(found)]
    await recorder.record_verdicts("local", [VerdictRequest(one, f"r{one.claim.text}") for one in dated])
    await ledger.close()


@pytest.fixture
async def url(tmp_path: Path) -> str:
    """A ledger with a source that has seven verdicts."""
    found = f"sqlite:///{tmp_path / 'ledger.db'}"
    await record(found, 7)
    return found


def rows(count: int) -> list[dict[str, str]]:
    found = [
        {
            "id": f"c{n}",
            "text": f"Rain fell {n} times on the state's bridges.",
            "source": SOURCES[n % 3],
            "context": ("", "speech")[n % 2],
            "claimed_at": DATES[n // 3 % 4],
        }
        for n in range(count)
    ]
    for index in BAD.keys() & set(range(count)):
        found[index][BAD[index]] = ""
    return found


def assess(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reputable", "assess", "--local", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


def test_a_file_is_assessed_in_order_and_what_is_wrong_with_a_row_is_its_own(url: str, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(rows(COUNT)), tmp_path / "claims.parquet")
    out, rejects = tmp_path / "scored.parquet", tmp_path / "rejects.csv"
    done = assess("--file", tmp_path / "claims.parquet", "--ledger", url, "--out", out, "--rejects", rejects)

    assert done.stderr.strip().endswith("4,998 claims assessed, 2 refused."), done.stderr
    assert done.returncode == 4
    answers = pq.read_table(out).to_pylist()
    assert [answer["id"] for answer in answers] == [f"c{n}" for n in range(COUNT)]
    assert {n: answer["error"] for n, answer in enumerate(answers) if answer["error"]}.keys() == BAD.keys()
    assert all(str(answers[n]["error"]).startswith(f"{field}: ") for n, field in BAD.items())
    assert [row[0] for row in csv.reader(rejects.open())] == ["line", "8", "5000"]
    with LocalScorer(url) as scorer:
        assert [row._asdict() for row in scorer.rows(rows(6))] == answers[:6]


@pytest.fixture
async def stub(url: str) -> AsyncIterator["CredibilityServiceAsyncStub"]:
    """The real service with the real model on that ledger."""
    given: dict[str, object] = {
        "address": "127.0.0.1:0", "metrics_address": "off", "redis_url": "off", "grace_seconds": 0.5,
    }  # fmt: skip
    app = build(load({}, ledger_url=url, **given)[0])
    try:
        await app.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel:
            yield CredibilityServiceStub(channel)
    finally:
        await app.stop()


@pytest.mark.parametrize("as_of", AsOf)
async def test_the_scores_are_the_services_to_the_bit(
    url: str, stub: "CredibilityServiceAsyncStub", as_of: AsOf
) -> None:
    claims = rows(44)[8:]
    assessments = [(await stub.AssessClaim(request(claim, as_of), timeout=10)).assessment for claim in claims]

    def score() -> list[ScoredRow]:
        with LocalScorer(agreed(url, as_of)) as scorer:
            return scorer.rows(claims)

    found = await asyncio.to_thread(score)
    assert [figures(row) for row in found] == [told(assessment) for assessment in assessments]
    assert len({row.evidence_count for row in found}) == (2 if as_of is AsOf.NOW else 4)


def request(claim: dict[str, str], as_of: AsOf) -> credibility_pb2.AssessClaimRequest:
    message = claim_pb2.Claim(text=claim["text"], source_name=claim["source"], context=claim["context"])
    message.claim_time.FromJsonString(f"{claim['claimed_at']}T00:00:00Z")
    made = credibility_pb2.AssessClaimRequest(claim=message)
    if as_of is AsOf.CLAIM:
        made.as_of_time.CopyFrom(message.claim_time)
    return made


def figures(row: ScoredRow) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in FIGURES)


def told(assessment: assessment_pb2.Assessment) -> tuple[object, ...]:
    pair, interval = assessment.admiralty, assessment.interval
    basis = assessment_pb2.Basis.Name(assessment.basis).removeprefix("BASIS_").lower()
    return (
        assessment.credibility, interval.lower, interval.upper, assessment.evidence_count, basis,
        f"{pair.letter}{pair.digit}", assessment.resolution.source_id, assessment.model_version,
    )  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_the_same_claims_get_the_same_answers_in_every_format(form: str, tmp_path: Path) -> None:
    claims = rows(4)
    sources = {kind: tmp_path / f"claims.{kind}" for kind in ("csv", "jsonl", "parquet")}
    with sources["csv"].open("w", newline="") as file:
        writer = csv.DictWriter(file, list(claims[0]))
        writer.writeheader()
        writer.writerows(claims)
    sources["jsonl"].write_text("\n".join(map(json.dumps, claims)))
    pq.write_table(pa.Table.from_pylist(claims), sources["parquet"])
    terms = agreed(NO_LEDGER)
    for path in sources.values():
        list(local_files.score_file(path, tmp_path / f"{path.suffix[1:]}-scored.{form}", terms, 1))

    answers = [read(tmp_path / f"{kind}-scored.{form}") for kind in sources]
    with LocalScorer(terms) as scorer:
        scored = [row._asdict() for row in scorer.rows(claims)]
    assert answers[1] == answers[2]
    for told_rows in answers:
        assert [{**row, "line": 0} for row in told_rows] == [{**row, "line": 0} for row in scored]
    assert [row["basis"] for row in scored] == ["cold_start"] * 4


def read(path: Path) -> list[dict[str, object]]:
    """The rows, absent values as None and source_id as text."""
    if path.suffix == ".parquet":
        found = pq.read_table(path).to_pylist()
    elif path.suffix == ".jsonl":
        found = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        kinds = {"line": int, "evidence_count": int, "credibility": float, "lower": float, "upper": float}
        raw = list(csv.DictReader(path.open()))
        found = [{name: kinds.get(name, str)(value) if value else None for name, value in row.items()} for row in raw]
    blank: dict[str, object] = dict.fromkeys(ScoredRow._fields)
    return [{**blank, **row, "source_id": row.get("source_id") or ""} for row in found]


def test_a_plan_keeps_to_its_revision_whatever_is_recorded_later(url: str) -> None:
    terms = agreed(url)
    with LocalScorer(terms) as scorer:
        before = scorer.rows(rows(6))
    asyncio.run(record(url, 3, start=100))

    with LocalScorer(terms) as scorer:
        assert scorer.rows(rows(6)) == before
    with LocalScorer(url) as scorer:
        assert scorer.rows(rows(6)) != before


def test_a_ledger_that_has_not_come_so_far_is_refused(url: str) -> None:
    with pytest.raises(RevisionNotReached, match="stands at"):
        LocalScorer(Terms(url, 10_000, 1_700_000_000_000_000))


def test_no_more_of_a_file_is_read_than_keeps_the_processes_busy() -> None:
    lots = 0

    def batches() -> Iterator[list[Record | Reject]]:
        nonlocal lots
        for _ in range(20):
            lots += 1
            yield [Record(line, row) for line, row in enumerate(rows(2))]

    scored = local_files.scored(batches(), agreed(NO_LEDGER), ".jsonl", 1)
    next(scored)
    assert lots == local_files.AHEAD + 1
    assert sum(batch.row_count for batch in scored) == 19 * 2


def end(*_: object) -> None:
    """What a process does that is killed."""
    os._exit(9)


def test_a_killed_process_ends_the_job_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, out = tmp_path / "claims.jsonl", tmp_path / "scored.jsonl"
    path.write_text(json.dumps(rows(1)[0]))
    monkeypatch.setattr(local_files, "_score", end)

    with pytest.raises(local_files.ScoringStoppedError, match="killed"):
        list(local_files.score_file(path, out, agreed(NO_LEDGER), 1))
    assert list(tmp_path.iterdir()) == [path]


async def remember(url: str) -> None:
    """A prior epoch of today with a memory that the ledger's few rows do not give."""
    ledger = SqliteLedger(Path(url.removeprefix("sqlite:///")), SystemClock())
    today = SystemClock().now() // DAY * DAY
    await ledger.append([epoch_write(PriorEpoch(1, start=today, memory_digest=bytes(32)))])
    await ledger.close()


def test_a_verdict_memory_that_cannot_be_had_ends_the_job_instead_of_scoring_without(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(remember(url))

    with LocalScorer(url) as scorer:
        monkeypatch.setattr(Predictor, "remembers", True)
        with pytest.raises(ValueError, match="a memory holds 200 verdicts or more"):
            scorer.rows(rows(2))


def test_a_format_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="name it"):
        list(local_files.score_file(tmp_path / "a.csv", tmp_path / "b.txt", Terms(NO_LEDGER, 0, 0), 1))


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--ledger", "sqlite:///no.db"), 1, "there is no such ledger"),
        (("--ledger", "none", "--out", "x.txt"), 1, "name it .csv, .jsonl or .parquet"),
        (("--ledger", "none", "--as-of", "2020"), 2, "give one of now, claim"),
        (("--ledger", "none", "--explain", "full"), 2, "gives no reasons"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    (tmp_path / "claims.jsonl").write_text(json.dumps(rows(1)[0]))
    done = assess("--file", tmp_path / "claims.jsonl", *arguments)
    assert (done.returncode, sentence in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
