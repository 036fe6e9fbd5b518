"""A server that decodes a request and answers with a ready message: what the transport alone costs.

Usage: python -m benchmarks.load.echo_server {grpcio,threads,fast} PORT
"""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc

from benchmarks.load import messages
from reputable.v1 import credibility_pb2 as pb

THREADS = 8
ANSWER = messages.answer()


async def _answer(_request: pb.AssessClaimRequest, _context: object) -> pb.AssessClaimResponse:
    return ANSWER


def _answer_in_thread(_request: pb.AssessClaimRequest, _context: object) -> pb.AssessClaimResponse:
    return ANSWER


def _register(server: grpc.Server | grpc.aio.Server, behaviour: Callable[..., object]) -> None:
    method = grpc.unary_unary_rpc_method_handler(
        behaviour,
        request_deserializer=pb.AssessClaimRequest.FromString,
        response_serializer=pb.AssessClaimResponse.SerializeToString,
    )
    _, service, name = messages.METHOD.split("/")
    server.add_registered_method_handlers(service, {name: method})


async def _serve(server: grpc.aio.Server, address: str) -> None:
    _register(server, _answer)
    server.add_insecure_port(address)
    await server.start()
    await server.wait_for_termination()


async def _serve_on_loop(kind: str, address: str) -> None:
    if kind == "fast":
        import pygrpc_native.aio as fast

        await _serve(fast.server(), address)
    else:
        await _serve(grpc.aio.server(), address)


def main(kind: str, port: str) -> None:
    """Serve until ended."""
    address = f"127.0.0.1:{port}"
    if kind != "threads":
        asyncio.run(_serve_on_loop(kind, address))
        return
    server = grpc.server(ThreadPoolExecutor(THREADS))
    _register(server, _answer_in_thread)
    server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
