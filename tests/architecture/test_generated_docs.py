"""The pages on settings and metrics say what the code says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_pages_on_settings_and_metrics_are_as_generated() -> None:
    result = subprocess.run(
        [sys.executable, ROOT / "scripts/generate_docs.py", "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
