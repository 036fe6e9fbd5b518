"""The asyncio client does as the other."""

from collections.abc import Iterator

import grpc
import pytest
import stamina.instrumentation

from reputable.client import Assessment, AsyncClient, CallError, Claim, Client, Verdict
from reputable.client.channels import Retries
from tests.unit.client.services import REFUSED_TEXT, Context, Script, refuse, serving

QUICK = Retries(attempts=4, timeout=10, first_wait=0.01)


@pytest.fixture(autouse=True)
def _silent_retries() -> None:
    stamina.instrumentation.set_on_retry_hooks([])


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def target(script: Script) -> Iterator[str]:
    with serving(script) as address:
        yield address


def claim(text: str = "Rain fell.") -> Claim:
    return Claim(text=text, source_name="Jo Doe")


def unavailable(context: Context) -> None:
    context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")


def public_names(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


def test_both_clients_have_the_same_methods() -> None:
    assert public_names(AsyncClient) == public_names(Client)


async def test_an_unavailable_call_is_sent_again(script: Script, target: str) -> None:
    script.before = [unavailable]

    async with AsyncClient(target, retries=QUICK) as client:
        done = await client.record_verdict(Verdict(claim=claim(), truthfulness=1))

    assert script.request_ids == [done.verdict_id] * 2


async def test_a_refusal_carries_its_reason_and_field(script: Script, target: str) -> None:
    script.before = [lambda context: refuse(context, grpc.StatusCode.NOT_FOUND, "SOURCE_NOT_FOUND", "source_id")]

    async with AsyncClient(target) as client:
        with pytest.raises(CallError) as failed:
            await client.assess(claim())

    error = failed.value
    assert (error.status, error.reason) == (grpc.StatusCode.NOT_FOUND, "SOURCE_NOT_FOUND")
    assert error.field == "source_id"


async def test_a_batch_answers_in_order_though_it_is_split(script: Script, target: str) -> None:
    script.most_answers = 2
    texts = ["one", REFUSED_TEXT, "three", "four", "five"]

    async with AsyncClient(target) as client:
        results = [result async for result in client.assess_many(map(claim, texts))]

    found = [r.model_version if isinstance(r, Assessment) else r.field for r in results]
    assert found == ["one", "claim.text", "three", "four", "five"]


async def test_a_listing_goes_on_to_its_last_page(script: Script, target: str) -> None:
    async with AsyncClient(target) as client:
        found = [source.source_id async for source in client.list_sources()]

    assert found == ["source-0", "source-1", "source-2"]


async def test_an_answer_is_kept_when_asked_to(script: Script, target: str) -> None:
    async with AsyncClient(target, cache_size=10) as client:
        for _ in range(2):
            await client.assess(claim())

    assert len(script.asked) == 1
