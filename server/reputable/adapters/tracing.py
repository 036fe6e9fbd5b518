"""Spans around what is done for a call, by OpenTelemetry (the extra `tracing`).

Nothing on the request path asks whether traces are wanted: where they are, the composition root
puts these wrappers around the parts; where they are not, there is nothing to pay for.
"""

import copy
import functools
import inspect
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar, cast

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind, StatusCode

T = TypeVar("T")
Serve = Callable[[bytes, Any], Awaitable[bytes]]

CLOSE_SECONDS = 2.0
_NAME = "reputable"
_STATUS = "rpc.grpc.status_code"
_SERVER_FAULTS = frozenset({2, 4, 12, 13, 14, 15})
"""Codes that OpenTelemetry's conventions count as the server's errors."""

SPANS: dict[str, dict[str, str]] = {
    "resolver": {"resolve": "resolve"},
    "reader": {"held": "record", "read": "record", "read_many": "record"},
    "cache": {"get_many": "cache"},
    "memories": {"recall": "memory", "recall_all": "memory"},
    "ledger": {
        "append": "ledger", "state": "ledger", "heads": "ledger", "findings": "ledger", "entry": "ledger",
        "entries": "ledger", "entries_at": "ledger", "recorded": "ledger", "retractions": "ledger",
        "reviewed_by": "ledger",
    },
    "scorer": {"score": "predict", "score_many": "predict", "predict": "features"},
}  # fmt: skip
"""The spans, by part and method."""


class Call(Protocol):
    """What of a gRPC call's context is asked here."""

    def invocation_metadata(self) -> Any:
        """Pairs of key and value."""
        ...

    def code(self) -> Any:
        """The status set so far."""
        ...


class Tracing:
    """Makes spans and ends them; `processor` is what they are handed to."""

    def __init__(self, processor: SpanProcessor, version: str = "") -> None:
        name = os.environ.get("OTEL_SERVICE_NAME") or _NAME
        resource = Resource.create({"service.name": name, "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(_NAME, version)

    def server_span(self, name: str, serve: Serve) -> Serve:
        """`serve` inside a span that continues the caller's W3C trace; `name` is "/service/Method"."""
        service, _, method = name.strip("/").partition("/")
        attributes = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}

        async def traced(raw: bytes, context: Call) -> bytes:
            parent = extract(dict(_text_metadata(context)))
            with _span(self._tracer, name.strip("/"), parent, SpanKind.SERVER, attributes) as span:
                try:
                    return await serve(raw, context)
                finally:
                    number = _status_number(context)
                    span.set_attribute(_STATUS, number)
                    if number in _SERVER_FAULTS:
                        span.set_status(StatusCode.ERROR)

        return traced

    def around(self, part: str, target: T) -> T:
        """`target`, which plays the `part` of SPANS, with a span around each of the methods named there."""
        if part == "models":
            return cast("T", _Shelf(self._tracer, target))
        return cast("T", _Wrapped(self._tracer, target, SPANS[part]))

    def current_trace_id(self) -> str:
        """The trace id of the call under way, 32 hexadecimal digits; empty without one that is kept."""
        context = trace.get_current_span().get_span_context()
        return f"{context.trace_id:032x}" if context.is_valid and context.trace_flags.sampled else ""

    def close(self) -> None:
        """Hand over the spans that are waiting; blocks for 2 s at most, however long the exporter would try."""
        closing = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)


def otlp(version: str) -> Tracing:
    """Traces sent over OTLP/gRPC, as the standard OTEL_* variables say where and how many."""
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - heavy.
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    return Tracing(BatchSpanProcessor(OTLPSpanExporter()), version)


class _Wrapped:
    """Stands for an object: what it does not wrap, it passes on."""

    def __init__(self, tracer: trace.Tracer, target: object, spans: Mapping[str, str]) -> None:
        self._target = target
        for method, span in spans.items():
            setattr(self, method, _in_span(tracer, span, getattr(target, method)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)


class _Shelf:
    """Stands for a shelf of models; a scorer is copied, so that its calls to itself are seen too."""

    def __init__(self, tracer: trace.Tracer, models: Any) -> None:
        self._models = models
        self._tracer = tracer
        self._traced = functools.lru_cache(maxsize=8)(self._copy)

    def _copy(self, scorer: Any) -> Any:
        copied = copy.copy(scorer)
        for method, span in SPANS["scorer"].items():
            if hasattr(scorer, method):
                setattr(copied, method, _in_span(self._tracer, span, getattr(copied, method)))
        return copied

    @property
    def active(self) -> Any:
        """The one that scores now, with spans."""
        return self._traced(self._models.active)

    def get(self, version: str) -> Any:
        """One of them, with spans."""
        return self._traced(self._models.get(version))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._models, name)


def _in_span(tracer: trace.Tracer, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """`method` in a span; work that is done for no call gets none."""
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def awaited(*args: Any, **named: Any) -> Any:
            if not trace.get_current_span().get_span_context().is_valid:
                return await method(*args, **named)
            with _span(tracer, name):
                return await method(*args, **named)

        return awaited

    @functools.wraps(method)
    def called(*args: Any, **named: Any) -> Any:
        if not trace.get_current_span().get_span_context().is_valid:
            return method(*args, **named)
        with _span(tracer, name):
            return method(*args, **named)

    return called


@contextmanager
def _span(
    tracer: trace.Tracer,
    name: str,
    parent: Context | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, str] | None = None,
) -> Iterator[trace.Span]:
    """A span; of an exception it tells the type only: a message may hold a claim's words or a source's name."""
    with tracer.start_as_current_span(
        name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            raise


def _text_metadata(context: Call) -> Iterator[tuple[str, str]]:
    for key, value in context.invocation_metadata() or ():
        if isinstance(value, str):
            yield key, value


def _status_number(context: Call) -> int:
    """The number of the call's status; 0 while none was set, which means OK."""
    code = context.code()
    return int(getattr(code, "value", (code or 0,))[0])
