"""Services are put on a server in the way that costs its calls least."""

import asyncio
from collections.abc import Callable

import grpc
import pytest
from grpc_health.v1 import health_pb2

from reputable.api.server import Health, Transport, make_server, place_for_services

Check = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]


def tasks_that_wait_for_calls() -> int:
    coroutines = [task.get_coro() for task in asyncio.all_tasks()]
    return sum("_request" in getattr(coroutine, "__qualname__", "") for coroutine in coroutines)


def as_it_is(server: grpc.aio.Server, _: Transport) -> grpc.aio.Server:
    return server


@pytest.mark.parametrize(("place", "waiting"), [(place_for_services, 1), (as_it_is, 4)])
def test_a_grpc_aio_server_looks_at_one_task_a_call_not_at_one_for_each_method(
    place: Callable[[grpc.aio.Server, Transport], grpc.aio.Server], waiting: int
) -> None:
    async def scenario() -> tuple[int, int]:
        transport = Transport()
        server = make_server(transport)
        health = Health(place(server, transport), [])
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        await health.set_serving(serving=True)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            check: Check = channel.unary_unary("/grpc.health.v1.Health/Check")
            answer = health_pb2.HealthCheckResponse.FromString(await check(b"", timeout=10))
        tasks = tasks_that_wait_for_calls()
        await server.stop(None)
        return answer.status, tasks

    assert asyncio.run(scenario()) == (health_pb2.HealthCheckResponse.SERVING, waiting)


def test_the_fast_transport_is_given_registered_methods() -> None:
    async def scenario() -> bool:
        transport = Transport(kind="fast")
        server = make_server(transport)
        return place_for_services(server, transport) is server

    assert asyncio.run(scenario())
