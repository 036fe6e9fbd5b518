"""Serves /metrics, /healthz and /readyz over HTTP on a port and in threads of their own."""

import json
import socket
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

Report = Callable[[], tuple[bool, Mapping[str, str]]]
"""Whether all is well, and the facts by part, as readable text."""
IDLE_SECONDS = 10.0
POLL_SECONDS = 0.05


class MetricsServer:
    """Listens at `address`, host:port, until `close`; a slow scrape holds up nothing else."""

    def __init__(self, address: str, registry: CollectorRegistry, alive: Report, ready: Report) -> None:
        reports = {"/healthz": alive, "/readyz": ready}

        class Handler(_Handler):
            def answer(self, path: str) -> tuple[HTTPStatus, str, bytes] | None:
                if path == "/metrics":
                    encode, content_type = choose_encoder(self.headers.get("Accept", ""))
                    return HTTPStatus.OK, content_type, encode(registry)
                report = reports.get(path)
                if report is None:
                    return None
                well, facts = report()
                status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
                body = json.dumps({"ok": well, **facts}, indent=1).encode() + b"\n"
                return status, "application/json", body

        host, _, port = address.rpartition(":")
        kind = _Server6 if ":" in host else _Server
        self._server = kind((host.strip("[]"), int(port)), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="metrics", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening; blocks until the accepting thread has ended, a moment later."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes] | None:
        raise NotImplementedError

    def do_GET(self) -> None:
        found = self.answer(urlsplit(self.path).path)
        status, content_type, body = found or (HTTPStatus.NOT_FOUND, "text/plain", b"/metrics /healthz /readyz\n")
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature.
        """Say nothing: scrapes are no news."""
