"""Makes the gRPC server: the transport, its limits, the services on it, health and reflection."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from reputable.api.authority import LOCAL_AUTHORITY, Authority, Behaviour
from reputable.api.conversion.assessments import MAX_MESSAGE_BYTES
from reputable.api.interceptors import NO_SHORTCUTS, Boundary, BoundMethod, Serve, Shortcuts
from reputable.api.limiter import Limiter

MAX_UNARY_BYTES = 64 * 1024
"""The most bytes that a message of a method other than a batch takes."""
READ_SECONDS = 2.0
"""The longest that an assessment or a read may take."""
WRITE_SECONDS = 5.0
"""The longest that a write may take."""
MAX_CONCURRENT_STREAMS = 100
MAX_PENDING_CALLS = 20_000
MAX_METADATA_BYTES = 8 * 1024
HANDSHAKE_SECONDS = 3.0
SENDING_SECONDS = 0.2
"""How long the last answers are given to leave the fast transport."""

_DEAR = "BatchAssessClaims"
"""The method whose calls are let in only while they will be answered soon; the ledger's writer limits its own."""
_READS = ("Assess", "BatchAssess", "Get", "List", "Resolve")
Serving = health_pb2.HealthCheckResponse


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM texts; with `client_ca` only clients that show a certificate of it are let in."""

    certificate: bytes
    key: bytes
    client_ca: bytes | None = None


@dataclass(frozen=True, slots=True)
class Transport:
    """What carries the calls: `grpcio`, or `fast` (plaintext only); times in seconds, 0 for never."""

    kind: str = "grpcio"
    tls: Tls | None = None
    idle_seconds: float = 3.0
    max_age_seconds: float = 0.0
    max_age_grace_seconds: float = 2 * WRITE_SECONDS
    share_port: bool = False


def make_server(transport: Transport) -> grpc.aio.Server:
    """A server without services. Raises ImportError when the fast transport is not installed."""
    options: list[tuple[str, Any]] = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_concurrent_streams", MAX_CONCURRENT_STREAMS),
        # It counts streams that are over but not yet freed, and so refuses calls of a client that keeps to the limit.
        ("grpc.http.overload_protection", 0),
        # Calls that come faster than the event loop asks for them are dropped at random beyond this, whoever calls.
        ("grpc.server.max_pending_requests", MAX_PENDING_CALLS),
        ("grpc.server.max_pending_requests_hard_limit", MAX_PENDING_CALLS),
        ("grpc.max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.so_reuseport", int(transport.share_port)),
    ]
    if transport.kind == "fast":
        import pygrpc_native.aio as fast  # noqa: PLC0415 - an optional extra.

        return fast.server(options=options)
    options.append(("grpc.server_handshake_timeout_ms", _milliseconds(HANDSHAKE_SECONDS)))
    if transport.idle_seconds:
        options.append(("grpc.max_connection_idle_ms", _milliseconds(transport.idle_seconds)))
    if transport.max_age_seconds:
        options.append(("grpc.max_connection_age_ms", _milliseconds(transport.max_age_seconds)))
        options.append(("grpc.max_connection_age_grace_ms", _milliseconds(transport.max_age_grace_seconds)))
    return grpc.aio.server(options=options)


class _GenericHandlers:
    """Adds handlers to a grpc.aio server without registering their methods.

    That server waits for the next call of each registered method by a task of its own, and goes
    through all of these tasks at every call; calls of all other methods have one task together.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self.add_generic_rpc_handlers = server.add_generic_rpc_handlers

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, object]) -> None:
        """Does nothing; the same handlers are added as generic ones."""


def place_for_services(server: grpc.aio.Server, transport: Transport) -> grpc.aio.Server:
    """What services are put on, so that their calls reach them in the cheapest way.

    The fast transport answers registered methods itself, and leaves others to grpc.aio.
    """
    return server if transport.kind == "fast" else cast("grpc.aio.Server", _GenericHandlers(server))


def listen(server: grpc.aio.Server, address: str, tls: Tls | None) -> int:
    """Open the port of `address` and return its number. Raises OSError when it cannot be had."""
    try:
        if tls is None:
            port = server.add_insecure_port(address)
        else:
            credentials = grpc.ssl_server_credentials(
                [(tls.key, tls.certificate)],
                root_certificates=tls.client_ca,
                require_client_auth=tls.client_ca is not None,
            )
            port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise cannot_listen(address) from error
    if not port:
        raise cannot_listen(address)
    return port


def cannot_listen(address: str) -> OSError:
    """The refusal of an address that cannot be had."""
    return OSError(f"cannot listen on {address}; another process has the port, or the address is not this machine's")


def register(
    server: grpc.aio.Server,
    boundary: Boundary,
    servicers: Mapping[ServiceDescriptor, object],
    authority: Authority = LOCAL_AUTHORITY,
) -> None:
    """Put each service on the server, every method of it behind the boundary and under the authority."""
    limiter = Limiter()
    for service, servicer in servicers.items():
        handlers = {}
        for method in service.methods:
            behaviour = authority.guard(method.full_name, getattr(servicer, method.name))
            shortcuts = getattr(servicer, "shortcuts", {}).get(method.name, NO_SHORTCUTS)
            handlers[method.name] = _handler(boundary, service, method, behaviour, limiter, shortcuts)
        generic = grpc.method_handlers_generic_handler(service.full_name, handlers)
        server.add_generic_rpc_handlers((generic,))
        server.add_registered_method_handlers(service.full_name, handlers)


def _handler(
    boundary: Boundary,
    service: ServiceDescriptor,
    method: MethodDescriptor,
    behaviour: Behaviour,
    limiter: Limiter,
    shortcuts: Shortcuts,
) -> "grpc.RpcMethodHandler[bytes, bytes]":
    bound = BoundMethod(
        boundary,
        name=(service.full_name, method.name),
        parse=shortcuts.parse or message_factory.GetMessageClass(method.input_type).FromString,
        behaviour=behaviour,
        ready=shortcuts.ready,
        max_bytes=MAX_MESSAGE_BYTES if method.name.startswith("Batch") else MAX_UNARY_BYTES,
        max_seconds=READ_SECONDS if method.name.startswith(_READS) else WRITE_SECONDS,
        limiter=limiter if method.name == _DEAR else None,
    )
    serve: Serve = bound.serve
    if boundary.in_span is not None:
        serve = boundary.in_span(f"/{service.full_name}/{method.name}", serve)
    return grpc.unary_unary_rpc_method_handler(serve)


LIVENESS = "liveness"
"""The name that health says SERVING for also while draining: who asks learns that the event loop turns."""


class Health:
    """Standard gRPC health, of the server as a whole (""), of each service and of `liveness`."""

    def __init__(self, server: grpc.aio.Server, services: list[str]) -> None:
        self._servicer = health.aio.HealthServicer()
        self._services = ["", *services]
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def set_serving(self, *, serving: bool) -> None:
        """Say SERVING or NOT_SERVING for all services."""
        await self._servicer.set(LIVENESS, Serving.SERVING)
        for service in self._services:
            await self._servicer.set(service, Serving.SERVING if serving else Serving.NOT_SERVING)


def enable_reflection(server: grpc.aio.Server, services: list[str]) -> None:
    """Let clients ask which services and messages there are."""
    from grpc_reflection.v1alpha import reflection  # noqa: PLC0415 - off by default.

    names = (*services, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1_000))


async def stop(server: grpc.aio.Server, grace_seconds: float, *, under_way: Callable[[], int], fast: bool) -> None:
    """Take no more calls and let those under way end within the grace.

    The fast transport closes a connection once its last answer is made, whether or not it was sent:
    it is stopped when the answers have had time to leave.
    """
    until = time.monotonic() + grace_seconds
    if fast:
        while under_way() and time.monotonic() < until:  # noqa: ASYNC110 - the end of a call signals nothing.
            await asyncio.sleep(0.01)
        await asyncio.sleep(min(grace_seconds, SENDING_SECONDS))
    await server.stop(max(0.0, until - time.monotonic()))
