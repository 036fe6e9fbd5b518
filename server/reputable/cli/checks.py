"""What `reputable doctor` looks at; each check changes nothing and needs no running service."""

import asyncio
import contextlib
import shutil
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from reputable.domain.errors import ReputableError
from reputable.domain.times import DAY, MINUTE, format_time

if TYPE_CHECKING:
    from reputable.application.ports import LedgerReader
    from reputable.settings import Settings

FREE_WARNING, FREE_PROBLEM = 1 << 30, 100 << 20
"""Bytes free on the ledger's disk below which there is a warning, and below which a problem."""
OLD_MODEL = 730 * DAY
WAIT_SECONDS = 2.0
_CLOCK_LEEWAY = 5 * MINUTE
_ADVICE_ON_CLOCK = "Set the clock: verdicts are put in time by it."


class State(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found, and what to do about it."""

    check: str
    state: State
    found: str
    advice: str = ""


Check = Callable[["Settings"], Awaitable[list[Found]]]


async def check_ledger(settings: "Settings") -> list[Found]:
    """Whether the ledger can be opened and read, whether its newest rows are sound, whether its disk has room."""
    from reputable.app import open_ledger_reader, sqlite_path

    found: list[Found] = []
    if settings.ledger_url.startswith("sqlite:"):
        path = sqlite_path(settings.ledger_url)
        found += _check_disk(path)
        if not path.exists():
            state = State.PROBLEM if any(f.state is State.PROBLEM for f in found) else State.OK
            return [*found, Found("ledger", state, f"{path} is not there yet; the service makes it")]
    try:
        reader = await open_ledger_reader(settings.ledger_url)
        try:
            return [*found, *await _check_rows(reader)]
        finally:
            await reader.close()
    except (ReputableError, OSError) as error:
        if type(error.__cause__).__name__ == "UndefinedTable":
            return [*found, Found("ledger", State.OK, "the database holds no ledger yet; the service makes it")]
        advice = "Check REPUTABLE_LEDGER_URL and who may read it; restore a backup if the file is damaged."
        return [*found, Found("ledger", State.PROBLEM, str(error), advice)]


def _check_disk(path: Path) -> list[Found]:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    free = shutil.disk_usage(folder).free
    state = State.PROBLEM if free < FREE_PROBLEM else State.WARNING if free < FREE_WARNING else State.OK
    advice = "" if state is State.OK else "Free some space: when the disk is full, verdicts are refused."
    found = [Found("ledger disk", state, f"{free / 1e9:.1f} GB free in {folder}", advice)]
    targets = [file for file in (path, path.with_name(f"{path.name}.lock")) if file.exists()]
    for target in [folder, *targets]:
        if not _may_write(target):
            advice = f"Let the user that runs the service write {target}."
            found.append(Found("ledger files", State.PROBLEM, f"{target} is not writable", advice))
    return found


def _may_write(path: Path) -> bool:
    import os

    return os.access(path, os.W_OK)


async def _check_rows(reader: "LedgerReader") -> list[Found]:
    from reputable.application.verifying import verify_newest

    report = await verify_newest(reader)
    revision = (await reader.state()).revision
    if not report.sound:
        advice = "Run `reputable ledger verify` for all differences, then restore a backup from before."
        return [Found("ledger", State.PROBLEM, "; ".join(report.differences[:3]), advice)]
    newest = await reader.entry(revision)
    ahead = newest.recorded_at - time.time_ns() // 1_000 if newest is not None else 0
    clock = Found("clock", State.OK, format_time(time.time_ns() // 1_000))
    if ahead > _CLOCK_LEEWAY:
        clock = Found(
            "clock", State.PROBLEM, f"{ahead / MINUTE:,.0f} min behind the ledger's newest row", _ADVICE_ON_CLOCK
        )
    return [Found("ledger", State.OK, f"{revision:,} rows, the newest {report.entries:,} sound"), clock]


async def check_redis(settings: "Settings") -> list[Found]:
    """Whether the shared cache answers, and whether it makes room for what is new."""
    url = settings.redis_url
    if url in {"", "off"}:
        return [Found("redis", State.OK, "off: every process caches for itself")]
    if url == "embedded":
        from reputable.adapters.embedded_redis import EmbeddedRedisError, find_binary

        try:
            return [Found("redis", State.OK, f"embedded: {find_binary()}")]
        except EmbeddedRedisError as error:
            return [Found("redis", State.WARNING, "no embedded server", str(error))]
    return [await _ask_redis(url)]


async def _ask_redis(url: str) -> Found:
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError

    client = Redis.from_url(
        url, socket_timeout=WAIT_SECONDS, socket_connect_timeout=WAIT_SECONDS, retry=Retry(NoBackoff(), 0)
    )
    try:
        version = (await client.info("server"))["redis_version"]
        memory = await client.info("memory")
    except (RedisError, OSError, ValueError, KeyError) as error:
        advice = "Assessments go on without it, slower. Check REPUTABLE_REDIS_URL, the server and the way to it."
        return Found("redis", State.WARNING, f"no answer: {type(error).__name__}", advice)
    finally:
        with contextlib.suppress(RedisError, OSError):
            await client.aclose()
    if memory.get("maxmemory", 0) and memory.get("maxmemory_policy") == "noeviction":
        advice = "Set maxmemory-policy allkeys-lru: when it is full, no new score is kept."
        return Found("redis", State.WARNING, f"{version}, evicts nothing", advice)
    return Found("redis", State.OK, f"{version} answers")


async def check_model(settings: "Settings") -> list[Found]:
    """Whether the model to score with is whole and agrees with its golden claims, and how old its training is."""
    from reputable.app import load_learning

    try:
        models = load_learning(settings).models
        info = models.describe()
    except (ReputableError, OSError) as error:
        advice = "Copy the model's folder again, or set REPUTABLE_MODEL to another version."
        return [Found("model", State.PROBLEM, str(error), advice)]
    now = time.time_ns() // 1_000
    if info.trained_at > now + _CLOCK_LEEWAY:
        found = f"{format_time(now)}, before {info.version} was trained"
        return [Found("clock", State.PROBLEM, found, _ADVICE_ON_CLOCK)]
    age = now - info.window_end
    what = (
        f"{info.version} whole, its golden claims right, trained on reviews until {format_time(info.window_end)[:10]}"
    )
    if age > OLD_MODEL:
        return [Found("model", State.WARNING, what, "Train on newer verdicts: `reputable train --help`.")]
    return [Found("model", State.OK, what)]


async def check_ports(settings: "Settings") -> list[Found]:
    """Whether the addresses are free, or held by a service that answers."""
    found = [await asyncio.to_thread(_check_port, "grpc", settings.address, "REPUTABLE_ADDRESS")]
    if settings.metrics_address != "off":
        variable = "REPUTABLE_METRICS_ADDRESS"
        found.append(await asyncio.to_thread(_check_port, "metrics", settings.metrics_address, variable))
    return found


def _check_port(name: str, address: str, variable: str) -> Found:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        kind, _, _, _, target = socket.getaddrinfo(
            host or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(kind, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(target)
    except (OSError, OverflowError) as error:
        held = f"{address}: {getattr(error, 'strerror', None) or error}"
        if name == "grpc" and (status := _health_of(address)):
            return Found(f"{name} port", State.OK, f"{address}: a service answers {status}")
        if name == "metrics" and _serves_metrics(address):
            return Found(f"{name} port", State.OK, f"{address}: a service answers")
        return Found(f"{name} port", State.PROBLEM, held, f"End what holds it, or set {variable} to another address.")
    return Found(f"{name} port", State.OK, f"{address} is free")


def _health_of(address: str) -> str:
    """What the service there says of its health; empty when none answers."""
    import grpc
    from grpc_health.v1 import health_pb2

    answer = health_pb2.HealthCheckResponse
    with grpc.insecure_channel(address) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check", health_pb2.HealthCheckRequest.SerializeToString, answer.FromString
        )
        try:
            status = check(health_pb2.HealthCheckRequest(), timeout=WAIT_SECONDS).status
        except grpc.RpcError:
            return ""
    return str(answer.ServingStatus.Name(status))


def _serves_metrics(address: str) -> bool:
    from http.client import HTTPConnection, HTTPException

    host, _, port = address.rpartition(":")
    connection = HTTPConnection(host.strip("[]"), int(port), timeout=WAIT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return b"event_loop" in connection.getresponse().read(4_096)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


async def check_certificates(settings: "Settings") -> list[Found]:
    """Whether certificate and key can be read and belong together."""
    import ssl

    if settings.tls_certificate is None:
        return []
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        advice = "Give the chain and its own key as PEM files that the service may read."
        return [Found("certificate", State.PROBLEM, str(error), advice)]
    return [Found("certificate", State.OK, f"{settings.tls_certificate} fits its key")]


CHECKS: tuple[Check, ...] = (check_ledger, check_redis, check_model, check_ports, check_certificates)
