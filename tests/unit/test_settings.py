"""Settings come from the environment, and a mistake in them is told before anything starts."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from reputable.settings import SettingsError, environment, load


def test_nothing_needs_to_be_set() -> None:
    settings, warnings = load({})
    assert settings.address == "127.0.0.1:50051"
    assert settings.metrics_address == "127.0.0.1:9464"
    assert settings.ledger_url == "sqlite:///var/ledger.db"
    assert settings.redis_url == "embedded"
    assert warnings == []


def test_the_environment_is_read_and_what_is_given_wins() -> None:
    environment = {"REPUTABLE_ADDRESS": "[::1]:7", "REPUTABLE_REFLECTION": "true", "REPUTABLE_TLS_KEY": ""}
    settings, _ = load(environment, address="127.0.0.1:8")
    assert (settings.address, settings.reflection, settings.tls_key) == ("127.0.0.1:8", True, None)


def test_an_unknown_name_stops_the_start_and_near_matches_are_named() -> None:
    with pytest.raises(SettingsError, match=r"REPUTABLE_REDIS_URI is not a setting; did you mean REPUTABLE_REDIS_URL"):
        load({"REPUTABLE_REDIS_URI": "redis://x"})
    with pytest.raises(SettingsError, match=r"docs/configuration\.md"):
        load({"REPUTABLE_ZZZZ": "1"})


@pytest.mark.parametrize(
    "name",
    [
        "REPUTABLE_PORT",
        "REPUTABLE_PORT_50051_TCP",
        "REPUTABLE_PORT_50051_TCP_ADDR",
        "REPUTABLE_PORT_50051_TCP_PORT",
        "REPUTABLE_PORT_50051_TCP_PROTO",
        "REPUTABLE_SERVICE_HOST",
        "REPUTABLE_SERVICE_PORT",
        "REPUTABLE_SERVICE_PORT_GRPC",
        "REPUTABLE_METRICS_SERVICE_HOST",
        "REPUTABLE_METRICS_PORT_9464_TCP",
    ],
)
def test_variables_of_kubernetes_service_links_are_ignored_with_a_warning(name: str) -> None:
    _, warnings = load({name: "tcp://10.0.0.1:50051"})
    assert len(warnings) == 1
    assert warnings[0].startswith(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ADDRESS", "localhost"),
        ("ADDRESS", "off"),
        ("METRICS_ADDRESS", "http://127.0.0.1:1"),
        ("LEDGER_URL", "mysql://x"),
        ("LEDGER_URL", "sqlite:///"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("REDIS_MEMORY_MB", "0"),
        ("LOCAL_CACHE_SIZE", "-1"),
        ("TRANSPORT", "carrier pigeon"),
        ("DRAIN_SECONDS", "nan"),
        ("DRAIN_SECONDS", "inf"),
        ("GRACE_SECONDS", "-1"),
        ("LOG_CALLS", "some"),
    ],
)
def test_a_wrong_value_stops_the_start_with_the_variables_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^REPUTABLE_{name}="):
        load({f"REPUTABLE_{name}": value})


@pytest.mark.parametrize(
    "given",
    [
        {"tls_key": Path("k")},
        {"tls_client_ca": Path("c")},
        {"transport": "fast", "tls_key": Path("k"), "tls_certificate": Path("c")},
        {"transport": "fast", "connection_age_seconds": 5},
        {"share_port": True},
        {"processes": 2},
        {"processes": 2, "ledger_url": "postgresql://host/db", "address": "127.0.0.1:0"},
    ],
)
def test_settings_that_do_not_fit_together_stop_the_start(given: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        load({}, **given)


def test_a_url_with_a_password_is_not_shown_when_it_is_wrong() -> None:
    with pytest.raises(SettingsError) as refusal:
        load({"REPUTABLE_LEDGER_URL": "postgress://user:hunter2@host/db"})
    assert "hunter2" not in str(refusal.value)


def test_settings_never_change() -> None:
    settings, _ = load({})
    with pytest.raises(ValidationError):
        settings.address = "127.0.0.1:1"


def test_another_process_can_be_given_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPUTABLE_ADDRESS", "127.0.0.1:9")
    given = {"address": "127.0.0.1:8", "reflection": True, "models_dir": Path("m"), "drain_seconds": 0.5}
    settings, _ = load({}, **given)
    variables = environment(settings)
    assert load(variables)[0] == settings
    assert variables["PATH"] == os.environ["PATH"]
