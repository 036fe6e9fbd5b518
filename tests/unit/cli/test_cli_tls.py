"""Commands reach a service that wants certificates."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reputable.cli.exits import Exit
from tests.certificates import Authority
from tests.unit.cli.conftest import Run
from tests.unit.cli.running import service

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl on the PATH")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="module")
def port(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The port of a service that lets in whom the authority vouches for."""
    certificate, key = authority.issue("server")
    ledger = f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}"
    files = {"tls_certificate": certificate, "tls_key": key, "tls_client_ca": authority.certificate}
    with service(ledger, **files) as address:
        yield address.rpartition(":")[2]


def test_a_command_with_a_certificate_is_let_in(run: Run, authority: Authority, port: str) -> None:
    certificate, key = authority.issue("operator")
    files = f"ca={authority.certificate}&cert={certificate}&key={key}"

    outcome = run("sources", "add", "Jo Doe", "--server", f"tls://localhost:{port}?{files}")

    assert (outcome.code, outcome.out) == (Exit.OK, "jo-doe: Jo Doe\n"), outcome.err


def test_a_command_without_one_is_not(run: Run, authority: Authority, port: str) -> None:
    outcome = run("sources", "list", "--server", f"tls://localhost:{port}?ca={authority.certificate}")

    assert outcome.code == Exit.UNREACHABLE


@pytest.mark.parametrize("query", ["?cert=a.pem", "?authority=a.pem"])
def test_an_address_with_half_a_certificate_is_wrong_usage(run: Run, query: str) -> None:
    outcome = run("sources", "list", "--server", f"tls://localhost:1{query}")

    assert outcome.code == Exit.USAGE


def test_a_certificate_file_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    outcome = run("sources", "list", "--server", f"tls://localhost:1?ca={tmp_path / 'none.pem'}")

    assert outcome.code == Exit.FAILED
    assert "none.pem: No such file or directory" in outcome.err
