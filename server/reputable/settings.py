"""Everything that can be set, from the environment; docs/configuration.md is generated from it."""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, PositiveInt, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "REPUTABLE_"
TEST_PREFIX = "REPUTABLE_TEST_"
_SERVICE_LINK = re.compile(
    r"REPUTABLE(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)
_ADDRESS = r"^(\[[0-9a-fA-F:.]+\]|[^\[\]:/\s]*):\d{1,5}$"

Address = Annotated[str, Field(pattern=_ADDRESS)]
Seconds = Annotated[FiniteFloat, Field(ge=0)]
AddressOrOff = Annotated[str, Field(pattern=rf"{_ADDRESS}|^off$")]


class SettingsError(Exception):
    """A setting is wrong or unknown; the message says which and what would be right."""


class Settings(BaseSettings):
    """Each field is set by the variable of its name in capitals, prefixed with REPUTABLE_."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", use_attribute_docstrings=True, env_ignore_empty=True
    )

    address: Address = "127.0.0.1:50051"
    """Where gRPC is served, `host:port`; port 0 takes a free one."""

    metrics_address: AddressOrOff = "127.0.0.1:9464"
    """Where /metrics, /healthz and /readyz are served over HTTP, `host:port`, or `off`."""

    ledger_url: Annotated[str, Field(pattern=r"^(sqlite:///.+|postgres(ql)?://.*)$")] = "sqlite:///var/ledger.db"
    """The ledger: `sqlite:///relative/path`, `sqlite:////absolute/path`, or a `postgresql://` URL."""

    redis_url: Annotated[str, Field(pattern=r"^(|off|embedded|(redis|rediss|unix)://.+)$")] = "embedded"
    """The shared cache: a `redis://`, `rediss://` or `unix://` URL; `embedded` starts a server of its own on a
    unix socket that ends with the service; `off` does without."""

    redis_memory_mb: PositiveInt = 64
    """What the embedded Redis may hold, in MiB; beyond that it evicts what was used least recently."""

    redis_expiry_seconds: PositiveInt = 86_400
    """After how many seconds Redis forgets a score."""

    local_cache_size: Annotated[int, Field(ge=0)] = 20_000
    """How many scores the process keeps itself; 0 keeps none, and no sentence vectors either."""

    models_dir: Path | None = None
    """A folder with one folder for each model, and the choice made by ActivateModel; unset: the package's own."""

    model: str = ""
    """Version of the model that scores when none was chosen by ActivateModel; unset: the package's default."""

    verdict_memory: Literal["on", "off"] = "on"
    """Whether scores take in what was found about similar claims: `off` scores in the model's light form."""

    transport: Literal["grpcio", "fast"] = "grpcio"
    """What carries gRPC: `grpcio`, or `fast` (needs the extra of that name; plaintext only)."""

    processes: PositiveInt = 1
    """How many processes serve on the port, each with a metrics port of its own: the one set and those after it.
    More than one needs a PostgreSQL ledger."""

    share_port: bool = False
    """Whether several processes may listen on the same port (SO_REUSEPORT); needs a PostgreSQL ledger."""

    reflection: bool = False
    """Whether clients may ask which services and messages there are."""

    tls_certificate: Path | None = None
    """PEM file with the server's certificate chain; unset: plaintext."""

    tls_key: Path | None = None
    """PEM file with the certificate's private key."""

    tls_client_ca: Path | None = None
    """PEM file with the authority whose clients alone are let in; unset: clients show no certificate."""

    writers: str = "*"
    """With `tls_client_ca`: the names in clients' certificates, separated by commas, that may record and retract
    verdicts and register sources; `*` for all that are let in."""

    admins: str = "*"
    """With `tls_client_ca`: the names that may also give reviewers a standing, take back all of a reviewer's
    verdicts, merge sources and activate models; `*` for all that are let in."""

    connection_idle_seconds: Seconds = 3.0
    """A connection without a call is closed after this; clients reconnect on their own. 0 keeps it open."""

    connection_age_seconds: Seconds = 0.0
    """A connection is closed gently after this, so that clients behind a plain TCP proxy spread anew. 0 keeps it."""

    drain_seconds: Seconds = 1.0
    """On SIGTERM: how long calls are still taken after health says NOT_SERVING. Behind a plain TCP proxy it
    must be longer than `connection_age_seconds`. SIGINT does not drain."""

    grace_seconds: Seconds = 6.0
    """After the drain: how long calls under way may take to end; longer than the longest deadline, 5 s."""

    traces: Literal["off", "otlp"] = "off"
    """`otlp` sends traces over OTLP/gRPC (needs the extra `tracing`); where to and how many is said by OpenTelemetry's
    own variables, such as OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_TRACES_SAMPLER."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level that is logged."""

    log_calls: Literal["problems", "all", "none"] = "problems"
    """Which calls get a line: errors, those over 250 ms and one in a thousand (`problems`), `all`, or `none`."""

    log_format: Literal["auto", "json", "text"] = "auto"
    """`json`, `text`, or `auto`: text on a terminal, JSON elsewhere."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature.
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing but what `load` gives: it reads the environment, and knows which names are wrong."""
        return (init_settings,)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key must be set together")
        if self.tls_client_ca is not None and self.tls_certificate is None:
            raise ValueError("tls_client_ca needs tls_certificate and tls_key")
        if self.transport == "fast" and self.tls_certificate is not None:
            raise ValueError("transport fast has no TLS; use transport grpcio")
        if self.transport == "fast" and self.connection_age_seconds:
            raise ValueError("transport fast cannot close connections by age; set connection_age_seconds to 0")
        many = self.processes > 1 or self.share_port
        if many and self.ledger_url.startswith("sqlite:"):
            raise ValueError("several processes need a postgresql:// ledger_url: SQLite means one process")
        if many and self.address.endswith(":0"):
            raise ValueError("several processes need a port that is the same for all; name one in address")
        return self


def load(environ: Mapping[str, str] | None = None, **given: object) -> tuple[Settings, list[str]]:
    """The settings of the environment, overridden by `given`, and warnings about variables that are ignored.

    Raises:
        SettingsError: A variable is unknown, or a value is wrong.
    """
    variables = os.environ if environ is None else environ
    warnings = _check_names(variables)
    values: dict[str, object] = {
        name: variables[PREFIX + name.upper()] for name in Settings.model_fields if variables.get(PREFIX + name.upper())
    }
    try:
        return Settings.model_validate(values | given), warnings
    except ValidationError as error:
        raise SettingsError(_sentences(error)) from error


def environment(settings: Settings) -> dict[str, str]:
    """This process's environment with the variables that make `load` give these settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    given = settings.model_dump(mode="json", exclude_defaults=True)
    return kept | {PREFIX + name.upper(): str(value) for name, value in given.items()}


def _check_names(variables: Mapping[str, str]) -> list[str]:
    """Warnings about variables of Kubernetes' service-link shape; SettingsError for other unknown ones."""
    known = [name.upper() for name in Settings.model_fields]
    warnings: list[str] = []
    for name in sorted(variables):
        if not name.startswith(PREFIX) or name.startswith(TEST_PREFIX) or name.removeprefix(PREFIX) in known:
            continue
        if _SERVICE_LINK.fullmatch(name):
            warnings.append(f"{name} is ignored: it has the form that Kubernetes gives service links")
            continue
        near = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=3, cutoff=0.6)
        hint = (
            f"did you mean {' or '.join(PREFIX + match for match in near)}?"
            if near
            else "docs/configuration.md lists those there are."
        )
        raise SettingsError(f"{name} is not a setting; {hint}")
    return warnings


def _sentences(error: ValidationError) -> str:
    found = []
    for item in error.errors():
        name = PREFIX + str(item["loc"][0]).upper() if item["loc"] else ""
        message = item["msg"].removeprefix("Value error, ")
        shown = "(hidden)" if name.endswith("_URL") else item["input"]  # A URL may hold a password.
        found.append(f"{name}={shown}: {message}" if name else message)
    return "; ".join(found)
