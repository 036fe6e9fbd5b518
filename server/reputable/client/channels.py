"""How the client reaches the service."""

import json
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import grpc
from google.protobuf.message import Message

OVERALL_HEALTH = ""
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
PAGE_SIZE = 500
"""Entries that a listing asks for at once."""
_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "healthCheckConfig": {"serviceName": OVERALL_HEALTH},
}
# Deadlines and retries are the client's own: a `timeout` in a service config fails every call, and gRPC's own retries
# of what no server has begun know no pause and no end. Where a server stopped without draining behind a TCP balancer,
# they held calls for a second and filled hundreds of MiB, once gigabytes, with calls that their deadlines did not end.
OPTIONS: list[tuple[str, str | int]] = [
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
]
"""Calls go in turn to every address of the target that reports itself healthy."""

Asked_contra = TypeVar("Asked_contra", bound=Message, contravariant=True)
Answered_co = TypeVar("Answered_co", bound=Message, covariant=True)


class Method(Protocol[Asked_contra, Answered_co]):
    """A stub's method: it waits for the answer, or raises grpc.RpcError."""

    def __call__(self, request: Asked_contra, *, timeout: float) -> Answered_co:
        """Call it; `timeout` in seconds."""
        ...


class AsyncMethod(Protocol[Asked_contra, Answered_co]):
    """As Method, for asyncio."""

    def __call__(self, request: Asked_contra, *, timeout: float) -> Awaitable[Answered_co]:
        """Call it; `timeout` in seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that one attempt may take, by what is called."""

    read: float = 2.0
    write: float = 5.0
    batch: float = 30.0


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call is sent at most, and for how many seconds in all.

    Only UNAVAILABLE and CANCELLED are tried again; every call is idempotent, because writes carry
    a request id.
    """

    attempts: int = 5
    timeout: float = 20.0
    first_wait: float = 0.1


def blocking_channel(target: str, credentials: grpc.ChannelCredentials | None) -> grpc.Channel:
    """A channel to `host:port`, `unix:path` or, for many replicas, `dns:///headless:port`."""
    if credentials is None:
        return grpc.insecure_channel(target, OPTIONS)
    return grpc.secure_channel(target, credentials, OPTIONS)


def aio_channel(target: str, credentials: grpc.ChannelCredentials | None) -> grpc.aio.Channel:
    """As `blocking_channel`, for asyncio."""
    if credentials is None:
        return grpc.aio.insecure_channel(target, OPTIONS)
    return grpc.aio.secure_channel(target, credentials, OPTIONS)
