"""Whatever happens in a call, it ends with one status and one count."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from reputable.api import interceptors
from reputable.api.errors import INTERNAL_TEXT
from reputable.api.interceptors import Boundary, BoundMethod, Context, Deadlines
from reputable.domain.errors import LedgerUnavailable, SourceNotFound
from reputable.metrics import CODES, Metrics
from reputable.v1 import sources_pb2

GOOD = sources_pb2.GetSourceRequest(source_id="a").SerializeToString()


class Aborted(Exception):
    """How a fake call ends with a status."""


class FakeContext:
    """The part of a context that the boundary uses; `remaining` is what is left of the caller's deadline."""

    def __init__(self, remaining: float = 10.0) -> None:
        self.status: tuple[grpc.StatusCode, str] | None = None
        self.remaining = remaining

    async def abort(self, code: grpc.StatusCode, details: str, trailing_metadata: object = ()) -> None:
        assert self.status is None, "a second status"
        self.status = (code, details)
        raise Aborted

    def time_remaining(self) -> float:
        return self.remaining


class Lines:
    """Keeps what the call log is told."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str, Message | bytes | None]] = []

    def wants(self, code: str, seconds: float) -> bool:
        return True

    def write(self, method: str, code: str, seconds: float, response: Message | bytes | None, context: Context) -> None:
        self.written.append((method, code, response))


class Desk:
    """A boundary with one method on it."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.deadlines = Deadlines(self.metrics)
        self.lines = Lines()

    def method(self, behaviour: Callable[[Any, Any], Awaitable[Message]], seconds: float = 10.0) -> BoundMethod:
        boundary = Boundary(self.metrics, self.deadlines, self.lines)
        parse = sources_pb2.GetSourceRequest.FromString
        return BoundMethod(boundary, ("reputable.v1.S", "M"), parse, behaviour, max_bytes=64, max_seconds=seconds)

    def counted(self) -> dict[str, int]:
        [meter] = self.metrics.calls
        assert meter.started == sum(meter.handled.values()) == sum(meter.seconds.counts)
        assert len(self.deadlines) == 0
        return {code: count for code, count in meter.handled.items() if count}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    found = Desk()
    watch = asyncio.create_task(found.deadlines.run())
    yield found
    watch.cancel()


def _raises(error: BaseException) -> Callable[[Any, Any], Awaitable[Message]]:
    async def behaviour(request: object, context: object) -> Message:
        raise error

    return behaviour


async def _echo(request: sources_pb2.GetSourceRequest, context: object) -> Message:
    return request


async def _never(request: object, context: object) -> Message:
    return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]


async def test_an_answer_is_counted_once_as_ok(desk: Desk) -> None:
    assert await desk.method(_echo).serve(GOOD, FakeContext()) == GOOD  # type: ignore[arg-type]
    assert desk.counted() == {"OK": 1}
    assert [(method, code) for method, code, _ in desk.lines.written] == [("/reputable.v1.S/M", "OK")]


@pytest.mark.parametrize(
    ("behaviour", "raw", "code"),
    [
        (_raises(SourceNotFound("no")), GOOD, grpc.StatusCode.NOT_FOUND),
        (_raises(LedgerUnavailable("no")), GOOD, grpc.StatusCode.UNAVAILABLE),
        (_raises(RuntimeError("secret")), GOOD, grpc.StatusCode.INTERNAL),
        (_raises(ValueError("secret")), GOOD, grpc.StatusCode.INTERNAL),
        (_echo, b"\xff\xff\xff", grpc.StatusCode.INVALID_ARGUMENT),
        (_echo, b"\x0a\x02\xff\xfe", grpc.StatusCode.INVALID_ARGUMENT),
        (_echo, bytes(65), grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
)
async def test_a_failure_ends_with_its_status_and_one_count(
    desk: Desk, behaviour: Callable[[Any, Any], Awaitable[Message]], raw: bytes, code: grpc.StatusCode
) -> None:
    context = FakeContext()
    with pytest.raises(Aborted):
        await desk.method(behaviour).serve(raw, context)  # type: ignore[arg-type]
    assert context.status is not None
    assert context.status[0] is code
    assert desk.counted() == {CODES[code.value[0]]: 1}


async def test_a_defect_shows_nothing_of_the_inside(desk: Desk) -> None:
    context = FakeContext()
    with pytest.raises(Aborted):
        await desk.method(_raises(KeyError("secret"))).serve(GOOD, context)  # type: ignore[arg-type]
    assert context.status == (grpc.StatusCode.INTERNAL, INTERNAL_TEXT)


async def test_the_service_ends_a_call_that_takes_too_long(desk: Desk) -> None:
    context = FakeContext()
    with pytest.raises(Aborted):
        await asyncio.wait_for(desk.method(_never, seconds=0.05).serve(GOOD, context), 5)  # type: ignore[arg-type]
    assert context.status is not None
    assert context.status[0] is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "0.05 s" in context.status[1]
    assert desk.counted() == {"DeadlineExceeded": 1}


@pytest.mark.parametrize(("remaining", "code"), [(5.0, "Canceled"), (0.0, "DeadlineExceeded")])
async def test_a_call_that_its_caller_gives_up_is_counted_as_such(desk: Desk, remaining: float, code: str) -> None:
    method, context = desk.method(_never), FakeContext(remaining)
    call = asyncio.create_task(method.serve(GOOD, context))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert len(desk.deadlines) == 1
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert context.status is None
    assert desk.counted() == {code: 1}


async def test_a_short_call_is_not_ended_by_a_long_ones_deadline(desk: Desk) -> None:
    short, long = desk.method(_never, seconds=0.05), desk.method(_never, seconds=60.0)
    first, second = FakeContext(), FakeContext()
    waiting = asyncio.create_task(long.serve(GOOD, second))  # type: ignore[arg-type]
    with pytest.raises(Aborted):
        await short.serve(GOOD, first)  # type: ignore[arg-type]
    assert not waiting.done()
    waiting.cancel()


async def test_the_watch_notices_a_loop_that_does_not_turn(desk: Desk) -> None:
    await asyncio.sleep(2 * interceptors.TICK_SECONDS)
    await _block(0.2)
    await asyncio.sleep(0.01)
    assert desk.metrics.loop_lag_seconds > 0.1


async def _block(seconds: float) -> None:
    import time

    time.sleep(seconds)  # noqa: ASYNC251 - this is the fault.
