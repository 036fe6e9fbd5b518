"""Claims assessed without a service get what the assessor says of them, as a stream, in order."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reputable.adapters.clock import SystemClock
from reputable.adapters.names import LetterLore
from reputable.adapters.sqlite_ledger import SqliteLedger
from reputable.app import local
from reputable.application.recording import Recorder, VerdictRequest
from reputable.application.shared_rows import SharedRows
from reputable.domain.epochs import PriorEpoch
from tests.builders import verdict

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

COUNT = 5_000
BAD = {7: "claim.text", 4_999: "source_name"}


@pytest.fixture
async def url(tmp_path: Path) -> str:
    """A ledger with one source that was found credible twice."""
    clock, names = SystemClock(), LetterLore()
    ledger = SqliteLedger(tmp_path / "ledger.db", clock)
    shared = SharedRows(ledger, names, PriorEpoch(0))
    recorder = Recorder(clock=clock, ledger=ledger, shared=shared, names=names)
    requests = [VerdictRequest(verdict(f"Bridge {n} stands."), f"r{n}") for n in range(2)]
    await recorder.record_verdicts("local", requests)
    await ledger.close()
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def rows(count: int) -> list[dict[str, str]]:
    found = [
        {"id": f"c{n}", "text": f"Rain fell {n} times.", "source": ("Ministry of Works", "Somebody")[n % 2]}
        for n in range(count)
    ]
    for index in BAD.keys() & set(range(count)):
        found[index]["text" if "text" in BAD[index] else "source"] = ""
    return found


def test_a_file_is_assessed_in_order_and_what_is_wrong_with_a_row_is_its_own(url: str, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(rows(COUNT)), tmp_path / "claims.parquet")
    command = [sys.executable, "-m", "reputable", "assess", "--local", "--ledger", url]
    command += ["--file", str(tmp_path / "claims.parquet"), "--out", str(tmp_path / "answers.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.stderr.strip().endswith("4,998 claims assessed, 2 refused."), done.stderr
    answers = pq.read_table(tmp_path / "answers.parquet").to_pylist()
    assert [answer["id"] for answer in answers] == [f"c{n}" for n in range(COUNT)]
    assert {n: answer["error"] for n, answer in enumerate(answers) if answer["error"]}.keys() == BAD.keys()
    assert all(field in str(answers[n]["error"]) for n, field in BAD.items())
    assert [answers[n]["evidence_count"] for n in (0, 1)] == [2, 0]
    assert [answers[n]["source_id"] for n in (0, 1)] == ["ministry-of-works", ""]
    with local.LocalScorer(url) as scorer:
        assert scorer.rows(rows(6)) == [{k: v for k, v in a.items() if v is not None} for a in answers[:6]]


def test_no_more_of_a_file_is_read_than_keeps_the_processes_busy(url: str) -> None:
    read = 0

    def batches() -> Iterator[Any]:
        nonlocal read
        for _ in range(20):
            read += 1
            yield pa.RecordBatch.from_pylist(rows(2))

    scored = local._mapped(batches(), url, 1)  # noqa: SLF001 - the stream itself.
    next(scored)
    assert read == local.AHEAD + 1
    assert sum(batch.num_rows for batch in scored) == 19 * 2


def test_a_ledger_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "reputable", "assess", "--local", "--ledger", f"sqlite:///{tmp_path / 'no.db'}"]
    pq.write_table(pa.Table.from_pylist(rows(1)), tmp_path / "claims.parquet")
    command += ["--file", str(tmp_path / "claims.parquet"), "--out", str(tmp_path / "answers.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "there is no such ledger" in done.stderr
    assert "Traceback" not in done.stderr
