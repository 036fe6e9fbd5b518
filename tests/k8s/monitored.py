"""A real service in a process of its own, and a real Prometheus that scrapes it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from scripts.generate_prometheus_rule import RULES

STARTS_WITHIN_SECONDS = 30.0


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on, all different."""
    listeners = [socket.socket() for _ in range(count)]
    for listener in listeners:
        listener.bind(("127.0.0.1", 0))
    ports = [int(listener.getsockname()[1]) for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def fetch(url: str) -> str:
    """What an address of ours answers."""
    with urlopen(url, timeout=10) as answer:  # noqa: S310 - our own address.
        return str(answer.read().decode())


@contextmanager
def process(command: list[str], folder: Path, ready: str, **environment: str) -> Iterator[None]:
    """Run a program in `folder` until it is no longer needed; entered once the address `ready` answers."""
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        running = subprocess.Popen(command, cwd=folder, env=os.environ | environment, stdout=log, stderr=log)
        try:
            until = time.monotonic() + STARTS_WITHIN_SECONDS
            while True:
                try:
                    fetch(ready)
                    break
                except URLError:
                    assert running.poll() is None, Path(log.name).read_text(encoding="utf-8")
                    assert time.monotonic() < until, f"{command[0]} does not answer"
                    time.sleep(0.1)
            yield
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(timeout=20)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


@dataclass(frozen=True)
class Monitored:
    """Where the service and Prometheus are."""

    target: str
    metrics: str
    prometheus: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples of an instant query, each with its `metric` and `value`; refused ones raise."""
        answer = json.loads(fetch(f"{self.prometheus}/api/v1/query?{urlencode({'query': expression})}"))
        assert answer["status"] == "success"
        assert answer.get("warnings", []) == []
        return list(answer["data"]["result"])

    def scrapes(self) -> int:
        """How often the service has been scraped."""
        (found,) = self.query('count_over_time(up{job="reputable"}[1h])') or [{"value": [0, "0"]}]
        return int(found["value"][1])


@contextmanager
def monitored(folder: Path) -> Iterator[Monitored]:
    """Start both on free ports; Prometheus scrapes each second and evaluates our rules."""
    grpc_port, metrics_port, prometheus_port = free_ports(3)
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES / "*.rules.yaml")],
        "scrape_configs": [
            {"job_name": "reputable", "static_configs": [{"targets": [f"127.0.0.1:{metrics_port}"]}]},
        ],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    serve = [str(Path(sys.executable).with_name("reputable")), "serve"]
    watch = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{prometheus_port}",
    ]
    found = Monitored(
        f"127.0.0.1:{grpc_port}", f"http://127.0.0.1:{metrics_port}", f"http://127.0.0.1:{prometheus_port}"
    )
    addresses = {
        "REPUTABLE_ADDRESS": found.target,
        "REPUTABLE_METRICS_ADDRESS": f"127.0.0.1:{metrics_port}",
        "REPUTABLE_DRAIN_SECONDS": "0",
    }
    with (
        process(serve, folder, f"{found.metrics}/readyz", **addresses),
        process(watch, folder, f"{found.prometheus}/-/ready"),
    ):
        yield found
