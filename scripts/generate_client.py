"""Make `reputable.client.blocking` from `reputable.client.aio`.

Usage: python scripts/generate_client.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import unasync

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "server" / "reputable" / "client"
SOURCE = FOLDER / "aio.py"
MADE = FOLDER / "blocking.py"
NAMES = {"AsyncClient": "Client", "AsyncMethod": "Method", "aio_channel": "blocking_channel"}
NOTICE = "# Made from aio.py by `make client`; not to be edited.\n"


def made() -> str:
    """The source of the blocking client, formatted."""
    with tempfile.TemporaryDirectory() as folder:
        here, there = Path(folder) / "from", Path(folder) / "to"
        here.mkdir()
        (here / MADE.name).write_text(SOURCE.read_text("utf-8"), "utf-8")
        rule = unasync.Rule(f"{here}/", f"{there}/", additional_replacements=NAMES)
        unasync.unasync_files([str(here / MADE.name)], [rule])
        text = NOTICE + (there / MADE.name).read_text("utf-8")
    for command in (["check", "--fix", "--unsafe-fixes", "--select", "I,UP", "--quiet"], ["format"]):
        call = [str(Path(sys.executable).with_name("ruff")), *command, "--stdin-filename", str(MADE), "-"]
        text = subprocess.run(call, input=text, check=True, capture_output=True, text=True).stdout  # noqa: S603 - ours
    return text


if __name__ == "__main__":
    MADE.write_text(made(), "utf-8")
