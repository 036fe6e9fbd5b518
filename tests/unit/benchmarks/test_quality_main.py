"""Without the evaluation data nothing is measured, and that is no failure."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_without_the_data_a_sentence_says_so_and_the_run_succeeds(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.quality", "--data", str(tmp_path)]

    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=100)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Nothing was measured: {tmp_path} lacks verdicts/politifact_2007_2021.csv")
    assert "Traceback" not in done.stderr
