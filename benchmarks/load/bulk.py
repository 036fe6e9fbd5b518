"""Scoring a Parquet file with `reputable assess --local`: claims a second on both cores, and memory."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.load import claims, ledgers, machine

RUNS = 3
SOURCES = 200
VERDICTS = 30
TIMEOUT_SECONDS = 300.0

Figures = dict[str, float]


def score(work: Path, cores: tuple[int, int], counts: tuple[int, int]) -> Figures:
    """Claims a second, start included, of the larger file, the median of RUNS; MiB of both, all processes together."""
    small, large = counts
    ledger = ledgers.make(work / "bulk.db", [VERDICTS] * SOURCES)
    found = [_run(ledger, _file(work, large), cores) for _ in range(RUNS)]
    least = _run(ledger, _file(work, small), cores)
    return {
        "claims": large,
        "claims_per_second": statistics.median(large / seconds for seconds, _ in found),
        "rss_mebibytes": max(memory for _, memory in found),
        "rss_mebibytes_of_the_smaller": least[1],
        "smaller": small,
    }


def _file(work: Path, count: int) -> Path:
    """A Parquet file of claims, no two alike."""
    path = work / f"claims-{count}.parquet"
    numbers = range(count)
    columns = {
        "text": list(claims.texts(count)),
        "source_id": [claims.source_id(number % SOURCES) for number in numbers],
        "claim_time": ["2026-03-01T00:00:00Z"] * count,
        "context": [claims.CONTEXTS[number % len(claims.CONTEXTS)] for number in numbers],
        "topics": ["economy"] * count,
        "language": ["en"] * count,
    }
    pq.write_table(pa.table(columns), path, row_group_size=20_000)
    return path


def _run(ledger: Path, file: Path, cores: tuple[int, int]) -> tuple[float, float]:
    """Seconds and peak MiB of one run; RuntimeError with its output when it fails."""
    out = file.with_name("scored.parquet")
    command = [sys.executable, "-m", "reputable", "assess", "--file", str(file), "--out", str(out), "--local"]
    command += ["--ledger", f"sqlite:///{ledger}", "--processes", str(len(cores))]
    environment = {**os.environ, "REPUTABLE_VERDICT_MEMORY": "off"}
    started, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(
        ["taskset", "-c", ",".join(map(str, cores)), *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while process.poll() is None:
        if time.perf_counter() - started > TIMEOUT_SECONDS:
            process.kill()
        peak = max(peak, machine.rss_mebibytes(process.pid))
        time.sleep(0.1)
    seconds = time.perf_counter() - started
    output = process.communicate()[0]
    if process.returncode or pq.read_metadata(out).num_rows != pq.read_metadata(file).num_rows:
        raise RuntimeError(f"bulk scoring failed:\n{output}")
    return seconds, peak
