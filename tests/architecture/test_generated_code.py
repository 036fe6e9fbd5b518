"""server/reputable/v1 is what proto/ says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "generate_proto.py"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the generator; its exit code is the caller's to judge."""
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_generated_code_is_fresh() -> None:
    result = run("--check", ROOT / "server")

    assert (result.returncode, result.stderr) == (0, "")


def test_an_edited_or_left_over_file_is_called_stale(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 0
    with (tmp_path / "reputable/v1/claim_pb2.py").open("a") as generated:
        generated.write("# edited\n")
    (tmp_path / "reputable/v1/gone_pb2.py").touch()

    result = run("--check", tmp_path)

    assert result.returncode == 1
    assert result.stderr.strip().endswith("claim_pb2.py, gone_pb2.py")
