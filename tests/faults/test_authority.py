"""Abuse of authority: A24 to A35."""

import ast
import shutil
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor import ServiceDescriptor

from reputable.api.authority import NEEDED, Authority, Role
from reputable.v1 import (
    credibility_pb2,
    models_pb2,
    sources_pb2,
    track_records_pb2,
)
from reputable.v1.track_records_pb2_grpc import TrackRecordServiceStub
from tests.certificates import Authority as Certificates
from tests.faults.messages import assess_request, check, establish, failure_of, verdict_request
from tests.faults.running import OWN_CONNECTION, ROOT, Service, children, wait_until

SERVICES: list[ServiceDescriptor] = [
    service
    for file in (credibility_pb2, track_records_pb2, sources_pb2, models_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
]
PICKLES = {"pickle", "joblib", "dill", "shelve"}
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl on the PATH")


class Secured:
    """A service that asks for certificates, and channels to it."""

    def __init__(self, folder: Path) -> None:
        self.certificates = Certificates(folder / "authority")
        certificate, key = self.certificates.issue("server")
        environ = {
            "REPUTABLE_TLS_CERTIFICATE": str(certificate),
            "REPUTABLE_TLS_KEY": str(key),
            "REPUTABLE_TLS_CLIENT_CA": str(self.certificates.certificate),
            "REPUTABLE_WRITERS": "desk, other-desk",
            "REPUTABLE_ADMINS": "chief",
        }
        self.service = Service(folder, environ=environ)
        self._folder = folder

    def start(self) -> "Secured":
        """Start, and wait until a reader is let in."""
        self.service.start(wait=False)
        with self.channel("reader") as channel:
            grpc.channel_ready_future(channel).result(timeout=20)
        return self

    def channel(self, name: str, by: Certificates | None = None) -> grpc.Channel:
        """A channel with the certificate of that name, of the service's authority or of another."""
        certificate, key = (by or self.certificates).issue(name)
        roots = self.certificates.certificate.read_bytes()
        credentials = grpc.ssl_channel_credentials(roots, key.read_bytes(), certificate.read_bytes())
        options = [("grpc.ssl_target_name_override", "localhost"), OWN_CONNECTION]
        return grpc.secure_channel(self.service.address, credentials, options)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """One for the module."""
    one = Secured(tmp_path_factory.mktemp("secured"))
    with children(one.service):
        yield one.start()


def refused(call: "grpc.UnaryUnaryMultiCallable[bytes, bytes]", body: bytes = b"", **how: object) -> grpc.StatusCode:
    """The status with which a call ends; OK when it succeeds."""
    try:
        call(body, timeout=5, **how)  # type: ignore[arg-type]
    except grpc.RpcError as error:
        return failure_of(error).code
    return grpc.StatusCode.OK


@needs_openssl
def test_a24_without_a_certificate_of_the_authority_nobody_is_let_in(secured: Secured, tmp_path: Path) -> None:
    foreign = Certificates(tmp_path / "foreign")
    roots = grpc.ssl_channel_credentials(secured.certificates.certificate.read_bytes())
    options = [("grpc.ssl_target_name_override", "localhost")]
    for channel in (
        grpc.insecure_channel(secured.service.address),
        grpc.secure_channel(secured.service.address, roots, options),
        secured.channel("mallory", foreign),
    ):
        with channel:
            path = "/reputable.v1.CredibilityService/AssessClaim"
            assert refused(channel.unary_unary(path)) is grpc.StatusCode.UNAVAILABLE


def test_a25_every_method_has_a_role_and_one_that_has_none_is_for_administrators() -> None:
    methods = {method.full_name for service in SERVICES for method in service.methods}
    assert methods == set(NEEDED)

    async def behaviour(_request: object, _context: object) -> str:
        return "done"

    authority = Authority(frozenset({"desk"}), frozenset())
    assert authority.guard("reputable.v1.NewService.NewMethod", behaviour) is not behaviour
    assert authority.guard("reputable.v1.CredibilityService.AssessClaim", behaviour) is behaviour
    assert [authority.role_of(name) for name in ("desk", "reader", "local")] == [Role.WRITER, Role.READER, Role.READER]


@needs_openssl
@pytest.mark.parametrize(("name", "role"), [("reader", Role.READER), ("desk", Role.WRITER), ("chief", Role.ADMIN)])
def test_a25_each_role_may_call_exactly_what_it_is_for(secured: Secured, name: str, role: Role) -> None:
    with secured.channel(name) as channel:
        for service in SERVICES:
            for method in service.methods:
                code = refused(channel.unary_unary(f"/{service.full_name}/{method.name}"))
                denied = code is grpc.StatusCode.PERMISSION_DENIED
                assert denied == (NEEDED[method.full_name] > role), f"{name} {method.name}: {code}"


@needs_openssl
def test_a26_a_bearer_token_is_worth_nothing(secured: Secured) -> None:
    """The service takes no tokens, so none can be forged: who calls is what the certificate says."""
    forged = ("authorization", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJjaGllZiJ9.")
    path = "/reputable.v1.TrackRecordService/SetReviewerStanding"
    with secured.channel("reader") as channel:
        assert refused(channel.unary_unary(path), metadata=(forged,)) is grpc.StatusCode.PERMISSION_DENIED
    with grpc.insecure_channel(secured.service.address) as channel:
        assert refused(channel.unary_unary(path), metadata=(forged,)) is grpc.StatusCode.UNAVAILABLE


def test_a27_reflection_is_off_and_metrics_are_on_another_port(service: Service) -> None:
    with grpc.insecure_channel(service.address) as channel:
        stream: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(REFLECTION)
        with pytest.raises(grpc.RpcError) as caught:
            list(stream(iter([b""]), timeout=5))
    assert failure_of(caught.value).code is grpc.StatusCode.UNIMPLEMENTED
    with pytest.raises((OSError, HTTPException)):
        urllib.request.urlopen(f"http://{service.address}/metrics", timeout=2)
    assert service.metrics()


def test_a29_nothing_in_the_service_can_load_a_pickle() -> None:
    found = []
    for path in (ROOT / "server" / "reputable").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = [a.name for a in node.names] + [getattr(node, "module", None) or ""]
                found += [
                    f"{path.name}: {m}" for m in modules if m.split(".")[0] in {"pickle", "joblib", "dill", "shelve"}
                ]
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                found += [] if isinstance(node.value, ast.Constant) and node.value.value is False else [path.name]
    assert found == []


def record_verdicts(service: Service, source: str, numbers: range, truthfulness: float, reviewers: list[str]) -> None:
    """One verdict for each number, by the reviewers in turn."""
    requests = [
        verdict_request(number, source, truthfulness=truthfulness, reviewer=reviewers[number % len(reviewers)])
        for number in numbers
    ]
    answer = service.records.BatchRecordVerdicts(
        track_records_pb2.BatchRecordVerdictsRequest(requests=requests), timeout=10
    )
    assert all(result.WhichOneof("outcome") == "response" for result in answer.results)


def assessed(service: Service, source: str) -> tuple[float, float]:
    """Reliability and credibility of one claim of the source."""
    answer = check(service.credibility.AssessClaim(assess_request(9_999, source), timeout=5).assessment)
    return answer.reliability.value, answer.credibility


@pytest.mark.parametrize("accounts", [1, 200])
def test_a31_two_hundred_verdicts_of_new_reviewers_move_a_record_by_little(service: Service, accounts: int) -> None:
    source = f"Brigaded by {accounts}"
    establish(service)
    record_verdicts(service, source, range(80), 1.0, ["Faults Weekly"])
    record_verdicts(service, source, range(80, 100), 0.0, ["Faults Weekly"])
    before = assessed(service, source)
    record_verdicts(service, source, range(100, 300), 0.0, [f"New Account {i}" for i in range(accounts)])
    after = assessed(service, source)
    print(f"{accounts} accounts: reliability and credibility {before} to {after}")
    assert abs(before[0] - after[0]) <= 0.05
    assert abs(before[1] - after[1]) <= 0.05


def test_a31_without_standings_the_same_verdicts_would_move_it_far(service: Service) -> None:
    """The naive variant takes every reviewer for established."""
    source = "Brigaded without standings"
    establish(service)
    record_verdicts(service, source, range(80), 1.0, ["Faults Weekly"])
    record_verdicts(service, source, range(80, 100), 0.0, ["Faults Weekly"])
    before = assessed(service, source)
    establish(service, "Believed At Once")
    record_verdicts(service, source, range(100, 300), 0.0, ["Believed At Once"])
    after = assessed(service, source)
    print(f"without standings: reliability {before[0]:.3f} to {after[0]:.3f}")
    assert before[0] - after[0] > 0.2


def test_a32_a_reviewer_who_says_otherwise_a_hundred_times_counts_once(service: Service) -> None:
    establish(service)
    for turn in range(100):
        last = service.records.RecordVerdict(verdict_request(1, "Flipped", truthfulness=float(turn % 2)), timeout=5)
    wanted = track_records_pb2.GetTrackRecordRequest(source_id=last.source_id)
    record = service.records.GetTrackRecord(wanted, timeout=5).track_record
    assert (record.verdict_count, record.credible_count) == (1, 1)
    once = service.records.RecordVerdict(verdict_request(1, "Said once", truthfulness=1.0), timeout=5)
    assert last.source_revision > once.source_revision


def test_a33_taking_back_all_of_a_reviewer_is_as_if_it_had_never_spoken(service: Service) -> None:
    establish(service)
    establish(service, "Compromised")
    record_verdicts(service, "Withdrawn", range(10), 1.0, ["Faults Weekly"])
    wanted = sources_pb2.ResolveSourceRequest(name="Withdrawn")
    source_id = service.sources.ResolveSource(wanted, timeout=5).resolution.source_id
    question = track_records_pb2.GetTrackRecordRequest(source_id=source_id)
    digest = service.records.GetTrackRecord(question, timeout=5).track_record.record_digest
    before = assessed(service, "Withdrawn")
    record_verdicts(service, "Withdrawn", range(10, 40), 0.0, ["Compromised"])
    assert assessed(service, "Withdrawn") != before
    request = track_records_pb2.RetractByReviewerRequest(reviewer="Compromised", reason="not its own", request_id="a33")
    assert service.records.RetractByReviewer(request, timeout=5).retracted_count == 30
    assert assessed(service, "Withdrawn") == before
    assert service.records.GetTrackRecord(question, timeout=5).track_record.record_digest == digest


@needs_openssl
def test_a34_a_request_id_belongs_to_the_caller_that_used_it(secured: Secured) -> None:
    """Who guesses another's request id neither learns its answer nor takes it away."""
    ids = []
    for name, number in (("desk", 1), ("other-desk", 2)):
        with secured.channel(name) as channel:
            request = verdict_request(number, "Guessed", request_id="the-same-id")
            answer = TrackRecordServiceStub(channel).RecordVerdict(request, timeout=5)
            assert not answer.duplicate
            ids.append(answer.verdict_id)
    assert len(set(ids)) == 2


def test_a35_an_unknown_source_gets_an_answer_of_the_same_shape_and_speed(service: Service) -> None:

    establish(service)
    record_verdicts(service, "Known Source", range(20), 1.0, ["Faults Weekly"])

    def seconds(source: str, start: int) -> float:
        found = []
        for number in range(start, start + 40):
            began = time.perf_counter()
            check(service.credibility.AssessClaim(assess_request(number, source), timeout=5).assessment)
            found.append(time.perf_counter() - began)
        return sorted(found)[len(found) // 2]

    unknown = service.credibility.AssessClaim(assess_request(1, "Nobody Knows"), timeout=5).assessment
    known = service.credibility.AssessClaim(assess_request(1, "Known Source"), timeout=5).assessment
    width = unknown.reliability.interval.upper - unknown.reliability.interval.lower
    assert width > known.reliability.interval.upper - known.reliability.interval.lower
    assert unknown.resolution.source_id == ""
    wait_until(
        lambda: abs(seconds("Nobody Knows", 100) - seconds("Known Source", 200)) < 0.002, 20, "both take as long"
    )
