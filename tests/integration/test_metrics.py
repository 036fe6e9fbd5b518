"""What a scrape shows is legal, documented, and bounded whatever callers send."""

import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reputable.application.epochs import EpochKeeper
from reputable.domain.errors import LedgerUnavailable
from reputable.v1 import claim_pb2, track_records_pb2
from tests.service import Service, running
from tests.waiting import eventually

PAGE = Path(__file__).resolve().parents[2] / "docs/metrics.md"
LIBRARYS_OWN = ("process_", "python_")
CHUNK = 1_000


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running(tmp_path, redis_url="embedded") as one:
        yield one


async def scraped(service: Service) -> str:
    return (await service.fetch("/metrics"))[1]


def families(text: str) -> Iterator[tuple[str, str, frozenset[str], str]]:
    """Name, type, labels and help of what is scraped."""
    for family in text_string_to_metric_families(text):
        if not family.name.startswith(LIBRARYS_OWN):
            labels = frozenset(label for sample in family.samples for label in sample.labels) - {"le"}
            yield family.name, family.type, labels, family.documentation


def documented() -> Iterator[tuple[str, str, frozenset[str], str]]:
    for line in PAGE.read_text("utf-8").splitlines():
        row = re.fullmatch(r"\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|", line)
        if row is not None:
            name = row[1].removesuffix("_total") if row[2] == "counter" else row[1]
            yield name, row[2], frozenset(re.findall(r"`(\w+)`", row[3])), row[4]


def series(text: str) -> set[str]:
    return {line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")}


async def test_the_page_on_metrics_lists_what_a_live_scrape_shows_and_nothing_else(service: Service) -> None:
    await service.assess()
    assert sorted(families(await scraped(service))) == sorted(documented())


async def test_names_follow_the_conventions(service: Service) -> None:
    for name, kind, _, documentation in families(await scraped(service)):
        assert re.fullmatch(r"(reputable|grpc_server)(_[a-z]+)+", name)
        assert documentation.endswith(".")
        if kind == "histogram" and not name.endswith("_credibility"):
            assert name.endswith("_seconds")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
async def test_promtool_finds_nothing_to_say(service: Service) -> None:
    await service.assess()
    text = await scraped(service)
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)  # noqa: ASYNC221
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


async def test_verdicts_on_ten_thousand_sources_by_as_many_reviewers_add_no_series(service: Service) -> None:
    await service.record(reviewer="Desk 0")
    before = series(await scraped(service))
    for start in range(0, 10_000, CHUNK):
        told = [verdict_on(number) for number in range(start, start + CHUNK)]
        request = track_records_pb2.BatchRecordVerdictsRequest(requests=told)
        results = (await service.track_records.BatchRecordVerdicts(request)).results
        assert all(result.HasField("response") for result in results)
    assert series(await scraped(service)) == before


def verdict_on(number: int) -> track_records_pb2.RecordVerdictRequest:
    claim = claim_pb2.Claim(text=f"Claim {number}.", source_name=f"Source {number}")
    verdict = track_records_pb2.Verdict(claim=claim, reviewer=f"Desk {number}", truthfulness=0.5)
    return track_records_pb2.RecordVerdictRequest(verdict=verdict, request_id=f"many-{number}")


async def test_calls_of_methods_that_there_are_not_add_no_series(service: Service) -> None:
    before = series(await scraped(service))
    for n in range(20):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await service.raw(f"/reputable.v1.CredibilityService/Guess{n}", b"")
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert series(await scraped(service)) == before


async def test_a_verdict_meets_the_score_from_just_before_in_the_figures_of_the_model(service: Service) -> None:
    await service.record(truthfulness=0.0)
    model = '{model_version="share-1"}'
    await eventually(lambda: service.app.metrics.foreseen["share-1"].credibility.total)
    text = await scraped(service)
    assert f"reputable_foreseen_squared_error_total{model} 0.25" in text
    assert f"reputable_foreseen_credible_total{model} 0.0" in text
    assert f"reputable_foreseen_credibility_count{model} 1.0" in text
    assert f"reputable_rolling_calibration_error{model} 0.5" in text


async def test_the_figures_on_honesty_are_there_before_the_first_verdict(service: Service) -> None:
    text = await scraped(service)
    assert 'reputable_rolling_verdicts{model_version="share-1"} 0.0' in text
    assert 'reputable_rolling_brier_score{model_version="share-1"} NaN' in text


async def test_failures_in_the_background_are_counted_from_the_start_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(_: EpochKeeper) -> None:
        raise LedgerUnavailable("no ledger today")

    monkeypatch.setattr(EpochKeeper, "ensure_today", failing)
    async with running(tmp_path) as service:
        text = await scraped(service)
    assert 'reputable_background_failures_total{work="prior_epoch"} 1.0' in text
    assert 'reputable_background_failures_total{work="verdict_memory"} 0.0' in text
