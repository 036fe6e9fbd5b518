"""The figures that a live scrape shows are those that are documented, under names that Prometheus' own tool accepts."""

import asyncio
import re
import shutil
import subprocess
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.service import Service, running

PAGE = Path(__file__).resolve().parents[2] / "docs/metrics.md"
OF_THE_LIBRARY = ("process_", "python_")


@pytest.fixture
async def scrape(tmp_path: Path) -> AsyncIterator[str]:
    """What a service that has just answered shows."""
    async with running(tmp_path, redis_url="embedded") as service:
        await service.assess()
        await service.record()
        yield await asyncio.to_thread(fetch, service)


def fetch(service: Service) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{service.app.metrics_port}/metrics", timeout=5) as page:
        return str(page.read().decode())


def ours(scrape: str) -> list[Metric]:
    families = text_string_to_metric_families(scrape)
    return [family for family in families if not family.name.startswith(OF_THE_LIBRARY)]


async def test_every_family_is_documented_and_every_documented_one_is_there(scrape: str) -> None:
    documented = set(re.findall(r"^\| `(\w+)` \| (\w+) ", PAGE.read_text("utf-8"), re.MULTILINE))
    shown = {(f.name + ("_total" if f.type == "counter" else ""), str(f.type)) for f in ours(scrape)}
    assert shown == documented


async def test_names_follow_the_conventions(scrape: str) -> None:
    for family in ours(scrape):
        assert re.fullmatch(r"(reputable|grpc_server)(_[a-z]+)+", family.name)
        assert family.documentation.endswith(".")
        if family.type == "histogram" and not family.name.endswith("_credibility"):
            assert family.name.endswith("_seconds")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool on the PATH")
async def test_promtool_finds_nothing_to_complain_of(scrape: str) -> None:
    mine = "".join(f"{line}\n" for line in scrape.splitlines() if not re.match(r"(# \w+ )?python_", line))
    done = await asyncio.to_thread(
        subprocess.run, ["promtool", "check", "metrics"], input=mine, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
