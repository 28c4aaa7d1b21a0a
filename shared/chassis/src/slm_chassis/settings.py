"""Settings of a process, read from the environment once at the start and passed on as parameters."""

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
    """Values from environment variables and from the files that they name."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in resolved(os.environ).items() if value}


class Settings(BaseSettings):
    """Settings that are the same for all processes of an installation. Each field is read from ``SLM_<FIELD>``."""

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
    """Directory of the private PostgreSQL and of generated keys."""
    log_level: str = "INFO"
    """Level of the log: DEBUG, INFO, WARNING or ERROR."""
    bootstrap_key: SecretStr | None = None
    """An operator's API key that every service accepts without the log. It must be as strong as 128 random bits."""
    start_seconds: float = Field(default=300.0, gt=0)
    """Real seconds that a start waits for a database or log that cannot be reached, before the process ends."""
    postgres_sslmode: Literal["", "disable", "prefer", "require", "verify-ca", "verify-full"] = ""
    """TLS to PostgreSQL, for all URLs without their own ``sslmode``."""
    postgres_root_certificate: Path | None = None
    """File of the certificate authority by which PostgreSQL's certificate is checked."""
    kafka_tls: bool = False
    """TLS to Kafka; the brokers' certificates and names are checked."""
    kafka_root_certificate: Path | None = None
    """File of the certificate authority of Kafka's certificates. Without it, the authorities of the machine."""
    kafka_certificate: Path | None = None
    """File of the client's certificate, if the brokers demand one."""
    kafka_certificate_key: Path | None = None
    """File of the client certificate's private key."""
    kafka_sasl: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = ""
    """How to log in to Kafka; empty for no login."""
    kafka_user: str = ""
    kafka_password: SecretStr | None = None
    max_body_bytes: int = Field(default=1 << 20, ge=1_024, le=_GIGABYTE)
    """The largest request body; more is answered with 413."""
    max_bulk_body_bytes: int = Field(default=16 << 20, ge=1_024, le=_GIGABYTE)
    """The largest body of the routes that take many items at once."""
    max_bodies_bytes: int = Field(default=256 << 20, ge=1_024)
    """Bytes of request bodies in memory at once; one party may have a quarter. Requests beyond that are answered with
    429.
    """
    max_head_bytes: int = Field(default=64 << 10, ge=1_024, le=1 << 20)
    """Bytes of the request line and all headers at most; more is answered with 431."""
    max_headers: int = Field(default=100, ge=10)
    """Headers of a request at most; more is answered with 431."""
    max_json_depth: int = Field(default=64, ge=8, le=400)
    """Nesting of arrays and objects in a body at most. Python's own JSON parser fails near 1,000."""
    max_json_values: int = Field(default=100_000, ge=100)
    """Values in a JSON body at most; a bulk body may have more."""
    max_connections: int = Field(default=10_000, ge=10)
    """Open connections at most. Beyond that, the oldest one without a valid key is closed."""
    head_seconds: float = Field(default=10.0, gt=0)
    """Real seconds from the opening of a connection, or the first byte of a request, to the end of its headers."""
    body_seconds: float = Field(default=30.0, gt=0)
    """Real seconds for a body to arrive, and one more for each 32 KiB received. A slower one is answered with 408."""
    idle_seconds: int = Field(default=75, ge=1)
    """Real seconds that a connection stays open between two requests."""
    streams_per_principal: int = Field(default=20, ge=1)
    """Open event streams of one principal at most; more are answered with 429."""
    requests_per_principal: int = Field(default=256, ge=1)
    """Running requests of one principal at most, not counting streams; more are answered with 429."""
    rate: str = Field(default="1000/second", pattern=_RATE)
    """Requests of one principal at one service in one process; more are answered with 429."""
    intake_rate: str = Field(default="5000/second", pattern=_RATE)
    """Bulk requests of one principal at one service in one process; more are answered with 429."""
    address_rate: str = Field(default="100/second", pattern=_RATE)
    """Requests without a valid key from one address; more are answered with 429. Requests with a valid key do not
    count.
    """
    trusted_proxies: str = ""
    """Addresses and networks, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are trusted."""
    graceful_seconds: int = Field(default=8, ge=0)
    """Real seconds that running requests may take to finish at shutdown."""

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
        """Return a PostgreSQL URL with the TLS settings that it lacks."""
        return addresses.with_tls(url, self.postgres_sslmode, self.postgres_root_certificate)

    @classmethod
    def variables(cls) -> list[str]:
        """Return the names of all variables from which the settings are read."""
        return [f"SLM_{name.upper()}" for name in cls.model_fields]


class ServiceSettings(Settings):
    """Settings of one service: its own from ``SLM_<CONTEXT>_<FIELD>``, those of the installation from ``SLM_<FIELD>``.

    A service with more settings subclasses it, sets ``context`` and adds fields.
    """

    context: ClassVar[str] = ""

    database_url: str = ""
    """URL of the service's database: ``postgresql://user@host/slm_<context>``."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8080, ge=0, le=65_535)
    """Port to listen on; 0 means any free port."""
    pool_size: int = Field(default=10, ge=1)
    """Database connections of the service that are kept open."""

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
        """Return the names of all variables from which the settings are read."""
        return [f"SLM_{cls.context.upper()}_{name.upper()}" for name in cls.model_fields] + Settings.variables()


def service_settings(of: str, **given: Any) -> ServiceSettings:
    """Return the settings of a service that has none of its own; ``given`` takes precedence over the environment."""
    settings = type(f"{of.title()}Settings", (ServiceSettings,), {"context": of, "__annotations__": {}})
    made = settings(**given)
    assert isinstance(made, ServiceSettings)
    return made
