"""What a process is told by its environment, read once at start and passed down."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from slm_chassis import addresses
from slm_chassis.environment import resolved
from slm_chassis.key_strength import REMEDY, weakness_of

_GIGABYTE = 1 << 30
_RATE = r"^[1-9][0-9]{0,8}/(second|minute|hour)$"


class _Environment(EnvSettingsSource):
    """The environment's variables, and those that stand in files."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in resolved(os.environ).items() if value}


class Settings(BaseSettings):
    """What all processes of one installation agree on; each field is ``SLM_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix="SLM_", env_ignore_empty=True, extra="ignore", frozen=True)

    installation: str = "local"
    """Unique name of the installation; part of every event's source."""
    log: str = ""
    """Address of the log: ``postgresql://…``, ``kafka://host:port`` or ``memory://``."""
    clock: str = ""
    """``origin,start,rate`` of an accelerated clock; empty is real time."""
    partitions: int = Field(default=4, ge=1, le=512)
    """Partitions of every topic, fixed when the topics are created."""
    data_dir: Path = Path(".slm")
    """Where the private PostgreSQL and generated keys live."""
    log_level: str = "INFO"
    bootstrap_key: SecretStr | None = None
    """An operator's API key that every service accepts from its configuration; at least 128 bits hard to guess."""
    start_seconds: float = Field(default=300.0, gt=0)
    """Real seconds to wait at the start for a database or a log that is away; then the process ends."""
    postgres_sslmode: Literal["", "disable", "prefer", "require", "verify-ca", "verify-full"] = ""
    """TLS to PostgreSQL, for all addresses that do not say ``sslmode`` themselves."""
    postgres_root_certificate: Path | None = None
    """File of the certificate authority that PostgreSQL's certificate is checked against."""
    kafka_tls: bool = False
    """TLS to Kafka; the brokers' certificates and names are checked."""
    kafka_root_certificate: Path | None = None
    """File of the certificate authority of Kafka's certificates; without, the machine's own."""
    kafka_certificate: Path | None = None
    """File of the client's own certificate, where the brokers ask for one."""
    kafka_certificate_key: Path | None = None
    """File of its private key."""
    kafka_sasl: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = ""
    """How to log in to Kafka; empty: without."""
    kafka_user: str = ""
    kafka_password: SecretStr | None = None
    max_body_bytes: int = Field(default=1 << 20, ge=1_024, le=_GIGABYTE)
    """The largest request body; more is answered with 413."""
    max_bulk_body_bytes: int = Field(default=16 << 20, ge=1_024, le=_GIGABYTE)
    """The largest body of the routes that take many items at once."""
    max_bodies_bytes: int = Field(default=256 << 20, ge=1_024)
    """Bytes of request bodies held at once, of one party a quarter; beyond, requests are answered with 429."""
    max_head_bytes: int = Field(default=64 << 10, ge=1_024, le=1 << 20)
    """The longest request line with all headers; more is answered with 431."""
    max_headers: int = Field(default=100, ge=10)
    max_json_depth: int = Field(default=64, ge=8, le=400)
    """How deep arrays and objects of a body may be nested; Python's own reader ends near 1,000."""
    max_json_values: int = Field(default=100_000, ge=100)
    """The most values of a JSON body that is no bulk body."""
    max_connections: int = Field(default=10_000, ge=10)
    """Connections open at once; beyond, the oldest of an unknown caller is closed."""
    head_seconds: float = Field(default=10.0, gt=0)
    """Real seconds from a connection, or the first byte of a request, to the end of its headers."""
    body_seconds: float = Field(default=30.0, gt=0)
    """Real seconds for a body to arrive, and one more for every 32 KiB of it that did; beyond, 408."""
    idle_seconds: int = Field(default=75, ge=1)
    """Real seconds that a connection stays open between two requests."""
    streams_per_principal: int = Field(default=20, ge=1)
    requests_per_principal: int = Field(default=256, ge=1)
    """Requests of one principal in progress at once, streams aside; beyond, 429."""
    rate: str = Field(default="1000/second", pattern=_RATE)
    """Requests of one principal at one service of one process; beyond, 429."""
    intake_rate: str = Field(default="5000/second", pattern=_RATE)
    """The same of the doors for bulk bodies."""
    address_rate: str = Field(default="100/second", pattern=_RATE)
    """Requests without a valid key from one address; those with one do not count."""
    trusted_proxies: str = ""
    """Addresses and networks, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    graceful_seconds: int = Field(default=8, ge=0)
    """Real seconds that requests in progress get to end at shutdown."""

    @field_validator("bootstrap_key")
    @classmethod
    def _is_hard_to_guess(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and (weakness := weakness_of(key.get_secret_value())) is not None:
            raise ValueError(f"it can be guessed: {weakness}; {REMEDY}")
        return key

    @field_validator("log")
    @classmethod
    def _is_a_log(cls, url: str) -> str:
        return addresses.checked_log(url) if url else url

    @field_validator(
        "postgres_root_certificate", "kafka_root_certificate", "kafka_certificate", "kafka_certificate_key"
    )
    @classmethod
    def _is_there(cls, path: Path | None) -> Path | None:
        if path is not None and not os.access(path, os.R_OK):
            raise ValueError("there is no such file, or this process may not read it; name the file in PEM format")
        return path

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _Environment(settings_cls)

    def address(self, url: str) -> str:
        """A PostgreSQL URL with the TLS settings that it does not give itself."""
        return addresses.with_tls(url, self.postgres_sslmode, self.postgres_root_certificate)

    @classmethod
    def variables(cls) -> list[str]:
        """The names of all variables these settings are read from."""
        return [f"SLM_{name.upper()}" for name in cls.model_fields]


class ServiceSettings(Settings):
    """Settings of one service: its own as ``SLM_<CONTEXT>_<FIELD>``, those of the installation as ``SLM_<FIELD>``.

    A service with more to configure subclasses it, setting ``context`` and adding fields.
    """

    context: ClassVar[str] = ""

    database_url: str = ""
    """``postgresql://user@host/slm_<context>``."""
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    pool_size: int = Field(default=10, ge=1)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        own = _Environment(settings_cls, env_prefix=f"SLM_{cls.context.upper()}_")
        return init_settings, own, _Environment(Settings)

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, url: str) -> str:
        return addresses.checked_postgres(url) if url else url

    @classmethod
    def variables(cls) -> list[str]:
        """The names of all variables these settings are read from."""
        return [f"SLM_{cls.context.upper()}_{name.upper()}" for name in cls.model_fields] + Settings.variables()


def service_settings(of: str, **given: Any) -> ServiceSettings:
    """Settings of the service ``of`` with nothing of its own to configure; ``given`` wins over the environment."""
    settings = type(f"{of.title()}Settings", (ServiceSettings,), {"context": of, "__annotations__": {}})
    made = settings(**given)
    assert isinstance(made, ServiceSettings)
    return made
