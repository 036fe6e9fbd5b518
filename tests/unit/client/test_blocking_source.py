"""The blocking client says what the one for asyncio says."""

from scripts import generate_client


def test_the_blocking_client_is_what_make_client_makes() -> None:
    assert generate_client.MADE.read_text("utf-8") == generate_client.made()
