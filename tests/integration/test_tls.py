"""With certificates set, only those are let in whom the authority vouches for, and the ledger knows their names."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from reputable.v1 import claim_pb2, track_records_pb2
from reputable.v1.track_records_pb2_grpc import TrackRecordServiceStub
from tests.certificates import Authority
from tests.service import Service, running

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl on the PATH")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
async def service(tmp_path: Path, authority: Authority) -> AsyncIterator[Service]:
    certificate, key = authority.issue("server")
    async with running(
        tmp_path, tls_certificate=certificate, tls_key=key, tls_client_ca=authority.certificate
    ) as found:
        yield found


def channel(service: Service, authority: Authority, client: tuple[Path, Path] | None) -> grpc.aio.Channel:
    """A channel that trusts the authority and shows the client's certificate, if any."""
    certificate, key = (path.read_bytes() for path in client) if client else (None, None)
    credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes(), key, certificate)
    return grpc.aio.secure_channel(f"localhost:{service.app.port}", credentials)


def verdict() -> track_records_pb2.RecordVerdictRequest:
    claim = claim_pb2.Claim(text="Rain fell.", source_name="Ann Example")
    found = track_records_pb2.Verdict(claim=claim, truthfulness=1.0, reviewer="Desk")
    return track_records_pb2.RecordVerdictRequest(verdict=found, request_id="r")


async def test_a_client_with_a_certificate_is_known_by_its_name(service: Service, authority: Authority) -> None:
    for name in ("alice", "bob"):
        async with channel(service, authority, authority.issue(name)) as secure:
            stub = TrackRecordServiceStub(secure)
            receipt = await stub.RecordVerdict(verdict(), timeout=5)
            assert not receipt.duplicate, "another caller's request id was taken for this one's"
            listed = await stub.ListVerdicts(
                track_records_pb2.ListVerdictsRequest(source_id=receipt.source_id), timeout=5
            )
            assert listed.verdicts[0].principal == name


async def test_a_client_without_a_certificate_or_with_a_foreign_one_is_refused(
    service: Service, authority: Authority, tmp_path: Path
) -> None:
    foreign = Authority(tmp_path / "foreign").issue("mallory")
    for client in (None, foreign):
        async with channel(service, authority, client) as secure:
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await TrackRecordServiceStub(secure).RecordVerdict(verdict(), timeout=5)
            assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_plaintext_on_the_secure_port_is_refused(service: Service) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await service.assess()
    assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
