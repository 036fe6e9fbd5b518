"""The boundary that every call of ours crosses.

It sets the deadline, turns bytes into a message and every outcome into exactly one status and one
count. It wraps methods when they are registered rather than intercepting them one by one, and
handlers are registered without a deserialiser: grpcio answers UNKNOWN or INTERNAL when one raises.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, NamedTuple, NoReturn, Protocol, cast

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from reputable.api.errors import Refusal, code_of, refusal_of
from reputable.api.gathering import Gate
from reputable.api.limiter import Limiter
from reputable.domain.errors import MalformedMessage, MessageTooLarge, ReputableError
from reputable.metrics import CODES, CallMeter, Metrics

TICK_SECONDS = 0.05
"""How late a deadline of the service may be noticed."""

_LOG = structlog.get_logger("reputable.call")
_CODE_NAMES = {code: CODES[code.value[0]] for code in grpc.StatusCode}
_OK = CODES[0]
_CANCELLED = _CODE_NAMES[grpc.StatusCode.CANCELLED]
_EXPIRED = _CODE_NAMES[grpc.StatusCode.DEADLINE_EXCEEDED]

Context = grpc.aio.ServicerContext[Any, Any]
Serve = Callable[[bytes, Any], Awaitable[bytes]]
Parse = Callable[[bytes], Any]
Ready = Callable[[bytes], bytes | None]


class Shortcuts(NamedTuple):
    """What a servicer may give for a method that everybody may call.

    `parse` makes what the method takes of a message's bytes, where that is not the message alone;
    `ready` gives the answer to a message, where it can be had at once, without waiting for anything.
    """

    parse: Parse | None = None
    ready: Ready | None = None


NO_SHORTCUTS = Shortcuts()


class CallLog(Protocol):
    """Decides which calls are worth a line, and writes it."""

    def wants(self, code: str, seconds: float) -> bool:
        """Whether to write a line; asked for every call."""
        ...

    def write(self, method: str, code: str, seconds: float, response: Message | bytes | None, context: Context) -> None:
        """Write the line."""
        ...


class Deadlines:
    """Ends calls that run too long; one timer for all of them.

    A timer for each call would cost more than a cached answer does.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._due: dict[asyncio.Task[Any], float] = {}
        self._expired: set[asyncio.Task[Any]] = set()
        self._metrics = metrics
        self.ticked_at = perf_counter()

    def __len__(self) -> int:
        """How many calls are under way."""
        return len(self._due)

    def begin(self, task: asyncio.Task[Any], due: float) -> None:
        """Cancel `task` soon after `due`, in seconds of `perf_counter`."""
        self._due[task] = due

    def end(self, task: asyncio.Task[Any]) -> None:
        """Forget a call that has ended."""
        self._due.pop(task, None)
        if self._expired:
            self._expired.discard(task)

    def take_expired(self, task: asyncio.Task[Any]) -> bool:
        """Whether it was this watch that cancelled the task; if so the cancellation is taken back."""
        if task not in self._expired:
            return False
        self._expired.discard(task)
        task.uncancel()
        return True

    async def run(self) -> NoReturn:
        """Watch until cancelled."""
        while True:
            asleep = perf_counter()
            await asyncio.sleep(TICK_SECONDS)
            now = self.ticked_at = perf_counter()
            self._metrics.loop_lag_seconds = max(0.0, now - asleep - TICK_SECONDS)
            for task in [task for task, due in self._due.items() if due <= now]:
                del self._due[task]
                self._expired.add(task)
                task.cancel()


class Boundary:
    """What all methods share.

    `in_span` puts a method, "/service/Method", inside a span of a trace; `gate` is that of the event
    loop that serves, where it has one.
    """

    def __init__(
        self,
        metrics: Metrics,
        deadlines: Deadlines,
        call_log: CallLog,
        in_span: Callable[[str, Serve], Serve] | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.metrics = metrics
        self.deadlines = deadlines
        self.call_log = call_log
        self.in_span = in_span
        self.gate = gate


class BoundMethod:
    """One RPC method behind the boundary; `serve` takes and gives bytes. For `ready` see Shortcuts."""

    def __init__(
        self,
        boundary: Boundary,
        name: tuple[str, str],
        parse: Parse,
        behaviour: Callable[[Any, Any], Awaitable[Message | bytes]],
        max_bytes: int,
        max_seconds: float,
        limiter: Limiter | None = None,
        ready: Ready | None = None,
    ) -> None:
        self._name = f"/{name[0]}/{name[1]}"
        self._meter: CallMeter = boundary.metrics.meter(*name)
        self._deadlines = boundary.deadlines
        self._call_log = boundary.call_log
        self._parse = parse
        self._behaviour = behaviour
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._limiter = limiter
        self._gate = boundary.gate if limiter is None else None
        self._ready = ready

    async def serve(self, raw: bytes, context: Context) -> bytes:
        """Answer one call; whatever happens in it, there is one status and one count."""
        started = perf_counter()
        self._meter.started += 1
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._deadlines.begin(task, started + self._max_seconds)
        try:
            if self._limiter is None:
                response, answer = await self._answer(raw, context)
            else:
                async with self._limiter.turn(len(raw)):
                    response, answer = await self._answer(raw, context)
        except asyncio.CancelledError:
            if not self._deadlines.take_expired(task):
                self._finish(task, started, _EXPIRED if _is_past(context) else _CANCELLED, None, context)
                raise
            refusal = self._expiry()
        except Exception as error:  # noqa: BLE001 - nothing may leave without a status.
            refusal = self._refusal(error)
        else:
            self._finish(task, started, _OK, response, context)
            return answer
        self._finish(task, started, _CODE_NAMES[refusal.code], None, context)
        return await context.abort(refusal.code, refusal.message, refusal.trailing_metadata)

    async def _answer(self, raw: bytes, context: Context) -> tuple[Message | bytes, bytes]:
        if self._gate is not None:
            await self._gate.pass_through()
        if self._ready is not None and (ready := self._ready(raw)) is not None:
            return ready, ready
        response = await self._behaviour(self._message(raw), context)
        return response, response if isinstance(response, bytes) else response.SerializeToString()

    def _message(self, raw: bytes) -> Any:  # noqa: ANN401 - what the method takes.
        if len(raw) > self._max_bytes:
            raise MessageTooLarge(f"the message has {len(raw):,} bytes; at most {self._max_bytes:,} are taken")
        try:
            return self._parse(raw)
        except DecodeError as error:
            raise MalformedMessage("", "the bytes are not the message that this method takes") from error

    def _refusal(self, error: Exception) -> Refusal:
        if not isinstance(error, ReputableError) or code_of(error) is grpc.StatusCode.INTERNAL:
            _LOG.error("call_failed", method=self._name, exc_info=error)
        return refusal_of(error if isinstance(error, ReputableError) else ReputableError(""))

    def _expiry(self) -> Refusal:
        message = f"the call took longer than the {self._max_seconds:g} s that the service gives it"
        return Refusal(grpc.StatusCode.DEADLINE_EXCEEDED, message, ())

    def _finish(
        self, task: "asyncio.Task[Any]", started: float, code: str, response: Message | bytes | None, context: Context
    ) -> None:
        seconds = perf_counter() - started
        self._deadlines.end(task)
        self._meter.finish(code, seconds)
        if self._call_log.wants(code, seconds):
            self._call_log.write(self._name, code, seconds, response, context)


def _is_past(context: Context) -> bool:
    """Whether it was the caller's deadline that ended the call."""
    remaining: float | None = context.time_remaining()
    return remaining is not None and remaining <= 0
