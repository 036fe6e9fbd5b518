"""Runs the service with a failpoint, a failing disk or a naive variant, for the fault tests alone.

`REPUTABLE_TEST_FAILPOINT=before_commit:37`, `REPUTABLE_TEST_DISK=orders.txt`,
`REPUTABLE_TEST_VARIANT=no_mac`.
"""

import os
import sys
from pathlib import Path

from tests.faults import disk, failpoints, variants


def main() -> None:
    """Set what is asked for, then serve."""
    kept = []
    if orders := os.environ.get("REPUTABLE_TEST_DISK"):
        kept.append(disk.FailingDisk(Path(orders)))
    if point := os.environ.get("REPUTABLE_TEST_FAILPOINT"):
        failpoints.install(point)
    if variant := os.environ.get("REPUTABLE_TEST_VARIANT"):
        variants.install(variant)
    from reputable.cli import main as command

    sys.argv = ["reputable", "serve"]
    command()


if __name__ == "__main__":
    main()
