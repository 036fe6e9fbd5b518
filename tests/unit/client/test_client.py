"""The client: retries, deadlines, errors, batches, and its cache, over a real wire."""

import time
from collections.abc import Iterator

import grpc
import pytest
import stamina.instrumentation

from reputable.client import (
    AssessClaimRequest,
    Assessment,
    CallError,
    Claim,
    Client,
    Freshness,
    FreshnessMode,
    Verdict,
)
from reputable.client.channels import Deadlines, Retries
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


def cancelled(context: Context) -> None:
    context.abort(grpc.StatusCode.CANCELLED, "draining")


def test_unavailable_and_cancelled_calls_are_sent_again(script: Script, target: str) -> None:
    script.before = [unavailable, cancelled]

    with Client(target, retries=QUICK) as client:
        assessment = client.assess(claim())

    assert assessment.model_version == "Rain fell."
    assert len(script.asked) == 3


def test_a_write_that_is_sent_again_keeps_its_request_id(script: Script, target: str) -> None:
    script.before = [unavailable]

    with Client(target, retries=QUICK) as client:
        done = client.record_verdict(Verdict(claim=claim(), truthfulness=1))

    assert script.request_ids == [done.verdict_id] * 2
    assert done.verdict_id


def test_a_call_that_stays_unavailable_fails_after_the_last_attempt(script: Script, target: str) -> None:
    script.before = [unavailable] * 9

    with Client(target, retries=QUICK) as client, pytest.raises(CallError) as failed:
        client.assess(claim())

    assert (failed.value.status, failed.value.reason) == (grpc.StatusCode.UNAVAILABLE, "")
    assert len(script.asked) == QUICK.attempts


def test_a_refusal_is_not_sent_again_and_carries_its_reason_and_field(script: Script, target: str) -> None:
    script.before = [lambda context: refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_INPUT", "claim.text")]

    with Client(target, retries=QUICK) as client, pytest.raises(CallError) as failed:
        client.assess(claim())

    error = failed.value
    assert error.status is grpc.StatusCode.INVALID_ARGUMENT
    assert (error.reason, error.field) == ("INVALID_INPUT", "claim.text")
    assert (str(error), error.retryable) == ("claim.text: is wrong", False)
    assert len(script.asked) == 1


def test_a_call_ends_at_its_deadline(script: Script, target: str) -> None:
    script.before = [lambda _context: time.sleep(1)]

    with Client(target, deadlines=Deadlines(read=0.1)) as client, pytest.raises(CallError) as late:
        client.assess(claim())

    assert late.value.status is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with Client("127.0.0.1:1", retries=Retries(attempts=1)) as client, pytest.raises(CallError) as gone:
        client.assess(claim())

    assert gone.value.retryable


def test_a_batch_answers_in_order_and_an_item_may_fail_alone(script: Script, target: str) -> None:
    texts = ["one", REFUSED_TEXT, "three", "four", "five"]

    with Client(target) as client:
        results = list(client.assess_many(map(claim, texts), batch_size=2))

    found = [r.model_version if isinstance(r, Assessment) else r.field for r in results]
    assert found == ["one", "claim.text", "three", "four", "five"]
    assert len(script.asked) == 3


def test_a_batch_whose_answers_are_too_many_is_halved(script: Script, target: str) -> None:
    script.most_answers = 3
    texts = [str(number) for number in range(10)]

    with Client(target) as client:
        results = list(client.assess_many(map(claim, texts)))

    assert [r.model_version for r in results if isinstance(r, Assessment)] == texts


def test_verdicts_are_recorded_in_batches_each_with_a_request_id(script: Script, target: str) -> None:
    verdicts = [Verdict(claim=claim(str(number)), truthfulness=1) for number in range(5)]

    with Client(target) as client:
        results = list(client.record_verdicts(verdicts, batch_size=2))

    ids = {result.verdict_id for result in results if not isinstance(result, CallError)}
    assert len(ids) == 5
    assert len(script.asked) == 3


def test_a_listing_goes_on_to_its_last_page(script: Script, target: str) -> None:
    with Client(target) as client:
        found = [source.source_id for source in client.list_sources()]

    assert found == ["source-0", "source-1", "source-2"]


def test_an_answer_is_kept_only_when_asked_to_and_until_it_expires(script: Script, target: str) -> None:
    with Client(target) as forgetful, Client(target, cache_size=10) as client:
        for _ in range(2):
            forgetful.assess(claim())
        for _ in range(2):
            client.assess(claim())
        assert len(script.asked) == 3
        script.expire_seconds = 0
        for _ in range(2):
            client.assess(claim("other"))

    assert len(script.asked) == 5


def test_a_request_that_names_a_freshness_mode_is_always_sent(script: Script, target: str) -> None:
    strong = Freshness(mode=FreshnessMode.FRESHNESS_MODE_STRONG)

    with Client(target, cache_size=10) as client:
        for _ in range(2):
            client.assess(AssessClaimRequest(claim=claim(), freshness=strong))

    assert len(script.asked) == 2


def test_a_write_empties_the_cache(script: Script, target: str) -> None:
    with Client(target, cache_size=10) as client:
        client.assess(claim())
        client.record_verdict(Verdict(claim=claim(), truthfulness=0))
        client.assess(claim())

    assert len(script.asked) == 3


def test_calls_go_in_turn_to_the_addresses_that_are_healthy(script: Script, target: str) -> None:
    second, sick = Script(), Script(healthy=False)
    with serving(second) as other, serving(sick) as ill:
        addresses = f"ipv4:{target},{other},{ill}"
        with Client(addresses) as client:
            deadline = time.monotonic() + 10
            while not (script.asked and second.asked) and time.monotonic() < deadline:
                client.assess(claim())
            script.asked.clear()
            second.asked.clear()
            for _ in range(20):
                client.assess(claim())

    assert (len(script.asked), len(second.asked)) == (10, 10)
    assert sick.asked == []
