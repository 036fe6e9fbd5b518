"""Settings shared by all tests."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres_server import NoPostgres, postgres_urls

settings.register_profile(
    "shared-machine",
    deadline=None,  # A busy machine is not a fault.
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("shared-machine")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server's maintenance database."""
    try:
        with postgres_urls() as url:
            yield url
    except NoPostgres as reason:
        pytest.skip(f"no PostgreSQL server: {reason}")
