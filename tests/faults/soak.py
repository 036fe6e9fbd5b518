"""`make soak`: runs what takes minutes and ends with one line for each target.

`target | measured | wanted | met` (or `short`); the exit code is 0 either way. What a test measured
before it failed is still listed; a test that measured nothing is listed as `not measured`.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Run the tests marked `soak` and print what they measured."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "targets.jsonl"
        found.touch()
        command = [sys.executable, "-m", "pytest", "-m", "soak", "-p", "no:cacheprovider", "--timeout", "1800"]
        subprocess.run([*command, *sys.argv[1:]], env=os.environ | {"REPUTABLE_TEST_TARGETS": str(found)}, check=False)
        lines = [json.loads(line) for line in found.read_text().splitlines()]
    print("\ntarget | measured | wanted | met")
    for target, measured, wanted, met in lines:
        print(f"{target} | {measured} | {wanted} | {'met' if met else 'short'}")


if __name__ == "__main__":
    main()
