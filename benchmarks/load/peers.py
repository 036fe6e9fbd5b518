"""Starts the peers and prepares calls to them, each checked by a real client."""

import base64
import json
import subprocess
import urllib.request
from pathlib import Path

from benchmarks.load import claims
from benchmarks.load.callers import Target, grpc_frame
from benchmarks.load.processes import Server, accepts, free_port
from benchmarks.peers.environments import python_of
from benchmarks.peers.model import FIELDS

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 90.0
MLSERVER_METHOD = "/inference.GRPCInferenceService/ModelInfer"
JSON_HEADERS = ("content-type: application/json",)


def _claims(count: int) -> list[dict[str, str]]:
    values = (
        (text, claims.source_id(number), claims.CONTEXTS[number % len(claims.CONTEXTS)])
        for number, text in enumerate(claims.texts(count))
    )
    return [dict(zip(FIELDS, row, strict=True)) for row in values]


def fastapi(
    work: Path, core: int, callers: int, redis_port: int, *, of_new_claims: bool = False
) -> tuple[Server, Target]:
    """FastAPI on one uvicorn worker, with Redis, where it finds all answers or none."""
    port = free_port()
    command = [str(python_of("fastapi")), "-m", "uvicorn", "benchmarks.peers.fastapi_app:app", "--port", str(port)]
    server = Server(
        [*command, "--no-access-log"],
        log=work / f"fastapi-{port}.log",
        core=core,
        folder=ROOT,
        environment={"REDIS_PORT": str(redis_port), "CLAIMS": "new" if of_new_claims else ""},
    )
    server.wait_until(lambda: accepts(port), READY_SECONDS)
    return server, _http_target(f"http://127.0.0.1:{port}/assess", callers)


def bentoml(work: Path, core: int, callers: int) -> tuple[Server, Target]:
    """BentoML with one worker."""
    port = free_port()
    command = [str(python_of("bentoml")), "-m", "bentoml", "serve", "benchmarks.peers.bentoml_service:Assess"]
    server = Server(
        [*command, "--port", str(port), "--host", "127.0.0.1"],
        log=work / "bentoml.log",
        core=core,
        folder=ROOT,
        environment={"BENTOML_HOME": str(work / "bentoml"), "BENTOML_DO_NOT_TRACK": "True", "PYTHONPATH": str(ROOT)},
    )
    server.wait_until(lambda: _answers(f"http://127.0.0.1:{port}/readyz"), READY_SECONDS)
    return server, _http_target(f"http://127.0.0.1:{port}/assess", callers)


def mlserver(work: Path, core: int, callers: int) -> tuple[Server, Target]:
    """MLServer, predicting in its own process, which is its fastest way with a small model."""
    ports = {name: free_port() for name in ("http_port", "grpc_port", "metrics_port")}
    folder = work / "mlserver"
    folder.mkdir(exist_ok=True)
    settings = {"host": "127.0.0.1", "parallel_workers": 0, **ports}
    (folder / "settings.json").write_text(json.dumps(settings))
    model = {"name": "assess", "implementation": "benchmarks.peers.mlserver_runtime.Assess"}
    (folder / "model-settings.json").write_text(json.dumps(model))
    server = Server(
        [str(python_of("mlserver").with_name("mlserver")), "start", str(folder)],
        log=work / "mlserver.log",
        core=core,
        folder=ROOT,
        environment={"PYTHONPATH": str(ROOT)},
    )
    server.wait_until(lambda: _answers(f"http://127.0.0.1:{ports['http_port']}/v2/health/ready"), READY_SECONDS)
    called = subprocess.run(
        [str(python_of("mlserver")), "-m", "benchmarks.peers.mlserver_client", str(ports["grpc_port"])],
        input=json.dumps(_claims(callers)),
        capture_output=True,
        check=True,
        text=True,
        cwd=ROOT,
    )
    answer = json.loads(called.stdout)
    return server, Target(
        f"http://127.0.0.1:{ports['grpc_port']}{MLSERVER_METHOD}",
        ("content-type: application/grpc", "te: trailers"),
        tuple(grpc_frame(base64.b64decode(body)) for body in answer["bodies"]),
        answer["reply_bytes"],
    )


def _http_target(url: str, callers: int) -> Target:
    """Calls with JSON; each body is sent once and its answer checked, so that a cache of the peer's holds it."""
    bodies = [json.dumps(claim).encode() for claim in _claims(callers)]
    lengths = []
    for body in bodies:
        request = urllib.request.Request(url, body, {"content-type": "application/json"})  # noqa: S310 - a local URL.
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - the same.
            answer = response.read()
        if not 0 < json.loads(answer)["credibility"] < 1:
            raise RuntimeError(f"{url} answered {answer!r}")
        lengths.append(len(answer))
    return Target(url, JSON_HEADERS, tuple(bodies), min(lengths), http1=True)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:  # noqa: S310 - a local URL.
            return bool(response.status == 200)
    except OSError:
        return False
