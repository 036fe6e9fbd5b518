"""Ask the service of this container how it is; exits 0 when it is serving.

Plaintext gRPC is asked by the standard health check. Over TLS only clients with a certificate may ask, so there it is
the metrics port's /readyz, which tells the same.
"""

import os
import sys
import urllib.request
from http import HTTPStatus

TIMEOUT_SECONDS = 2.0


def local(variable: str, default: str) -> str:
    """The address of a setting, reached from inside."""
    port = (os.environ.get(variable) or default).rpartition(":")[2]
    return f"127.0.0.1:{port}"


def serves_grpc() -> bool:
    """Whether the health service says SERVING."""
    import grpc  # noqa: PLC0415 - not needed over TLS.
    from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: PLC0415

    with grpc.insecure_channel(local("REPUTABLE_ADDRESS", "127.0.0.1:50051")) as channel:
        request = health_pb2.HealthCheckRequest()
        stub = health_pb2_grpc.HealthStub(channel)
        answer = stub.Check(request, timeout=TIMEOUT_SECONDS)  # type: ignore[attr-defined] # Not in the stubs.
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def says_ready() -> bool:
    """Whether /readyz answers 200."""
    address = local("REPUTABLE_METRICS_ADDRESS", "127.0.0.1:9464")
    with urllib.request.urlopen(f"http://{address}/readyz", timeout=TIMEOUT_SECONDS) as answer:
        return bool(answer.status == HTTPStatus.OK)


if __name__ == "__main__":
    try:
        healthy = says_ready() if os.environ.get("REPUTABLE_TLS_CERTIFICATE") else serves_grpc()
    except Exception as error:  # noqa: BLE001 - whatever it is, the service is not healthy.
        sys.exit(f"no answer: {type(error).__name__}")
    sys.exit(0 if healthy else "not serving")
