"""Settings of a process, read from the environment once at the start and passed on as parameters."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from slm_chassis import addresses
from slm_chassis.environment import resolve_files
from slm_chassis.key_strength import REMEDY, explain_weakness
from slm_chassis.openid.settings import OpenIdSettings

_GIGABYTE = 1 << 30
_RATE = r"^[1-9][0-9]{0,8}/(second|minute|hour)$"


class _Environment(EnvSettingsSource):
    """Values from environment variables and from the files that they name."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in resolve_files(os.environ).items() if value}


class Settings(OpenIdSettings):
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
    """Real seconds that a start waits for a database or log that cannot be reached; then the process ends."""
    postgres_sslmode: Literal["", "disable", "prefer", "require", "verify-ca", "verify-full"] = ""
    """TLS to PostgreSQL, for all URLs without their own ``sslmode``."""
    postgres_root_certificate: Path | None = None
    """File of the certificate authority that must have signed PostgreSQL's certificate."""
    kafka_tls: bool = False
    """TLS to Kafka; the brokers' certificates and names are checked."""
    kafka_root_certificate: Path | None = None
    """File of the certificate authority that must have signed the brokers' certificates. Without it, the authorities
    that the machine trusts.
    """
    kafka_certificate: Path | None = None
    """File of the client's certificate, if the brokers demand one."""
    kafka_certificate_key: Path | None = None
    """File of the client certificate's private key."""
    kafka_sasl: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = ""
    """How to log in to Kafka; empty for no login."""
    kafka_user: str = ""
    kafka_password: SecretStr | None = None
    max_body_bytes: int = Field(default=1 << 20, ge=1_024, le=_GIGABYTE)
    """The largest request body, in bytes; a larger one is answered with 413."""
    max_bulk_body_bytes: int = Field(default=16 << 20, ge=1_024, le=_GIGABYTE)
    """The largest body, in bytes, of the routes that take many items at once; a larger one is answered with 413."""
    max_bodies_bytes: int = Field(default=256 << 20, ge=1_024)
    """The most bytes of request bodies in memory at once; one party may have a quarter. Requests beyond that are
    answered with 429.
    """
    max_head_bytes: int = Field(default=64 << 10, ge=1_024, le=1 << 20)
    """The most bytes of the request line and all headers; more is answered with 431."""
    max_headers: int = Field(default=100, ge=10)
    """The most headers of a request; more is answered with 431."""
    max_json_depth: int = Field(default=64, ge=8, le=400)
    """The deepest nesting of arrays and objects in a body. Python's own JSON parser fails near 1,000."""
    max_json_values: int = Field(default=100_000, ge=100)
    """The most values in a JSON body; a bulk body may have more."""
    max_connections: int = Field(default=10_000, ge=10)
    """The most open connections. Beyond that, the oldest one without a valid key is closed."""
    head_seconds: float = Field(default=10.0, gt=0)
    """Real seconds from the opening of a connection, or the first byte of a request, to the end of its headers."""
    body_seconds: float = Field(default=30.0, gt=0)
    """Real seconds in which a body must arrive, and one more second for each 32 KiB received. A slower body is answered
    with 408.
    """
    idle_seconds: int = Field(default=75, ge=1)
    """Real seconds that a connection stays open between two requests."""
    streams_per_principal: int = Field(default=20, ge=1)
    """The most open event streams of one principal; more are answered with 429."""
    requests_per_principal: int = Field(default=256, ge=1)
    """The most running requests of one principal, not counting streams; more are answered with 429."""
    rate: str = Field(default="1000/second", pattern=_RATE)
    """The most requests of one principal at one service in one process; more are answered with 429."""
    intake_rate: str = Field(default="5000/second", pattern=_RATE)
    """The most bulk requests of one principal at one service in one process; more are answered with 429."""
    address_rate: str = Field(default="100/second", pattern=_RATE)
    """The most requests without a valid key from one address; more are answered with 429. Requests with a valid key do
    not count.
    """
    trusted_proxies: str = ""
    """Addresses and networks, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are trusted."""
    smtp_url: SecretStr | None = None
    """Mail server for outgoing mails: ``smtp://user:password@host:port``, or ``smtps://…`` for TLS from the beginning.
    Without it no mail is sent.
    """
    mail_from: str = ""
    """Sender of mails: ``Acme <slm@acme.example>``. Needed with ``smtp_url``."""
    console_url: str = ""
    """Address under which people open the console, for links in mails and for the way back from an OpenID provider.
    Needed with ``smtp_url`` and ``oidc_issuer``.
    """
    graceful_seconds: int = Field(default=8, ge=0)
    """Real seconds that running requests may take to finish at shutdown."""

    @field_validator("bootstrap_key")
    @classmethod
    def _is_hard_to_guess(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and (weakness := explain_weakness(key.get_secret_value())) is not None:
            raise ValueError(f"it can be guessed: {weakness}; {REMEDY}")
        return key

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("smtp://", "smtps://")):
            raise ValueError("it is not the address of a mail server; write smtp://host:587 or smtps://host:465")
        return url

    @model_validator(mode="after")
    def _can_write_mails(self) -> Settings:
        if self.smtp_url is not None and not ("@" in self.mail_from and self.console_url.startswith("http")):
            raise ValueError(
                "SLM_SMTP_URL needs SLM_MAIL_FROM (slm@acme.example) and SLM_CONSOLE_URL (https://slm.acme.example)"
            )
        return self

    @property
    def mails_to(self) -> str | None:
        """The address of the console for links in mails, without a slash at its end; None if no mails are sent."""
        return self.console_url.rstrip("/") if self.smtp_url is not None else None

    @field_validator("log")
    @classmethod
    def _is_a_log(cls, url: str) -> str:
        return addresses.check_log_url(url) if url else url

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
        """Return a PostgreSQL URL with this installation's TLS settings added where the URL has none."""
        return addresses.add_tls_settings(url, self.postgres_sslmode, self.postgres_root_certificate)

    @classmethod
    def variables(cls) -> list[str]:
        """Return the names of all variables from which the settings are read."""
        return [f"SLM_{name.upper()}" for name in cls.model_fields]


class ServiceSettings(Settings):
    """Settings of one service. It reads its own settings from ``SLM_<CONTEXT>_<FIELD>``, and the installation's
    settings from ``SLM_<FIELD>``.

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
        return addresses.check_postgres_url(url) if url else url

    @classmethod
    def variables(cls) -> list[str]:
        """Return the names of all variables from which the settings are read."""
        return [f"SLM_{cls.context.upper()}_{name.upper()}" for name in cls.model_fields] + Settings.variables()


def service_settings(of: str, **given: Any) -> ServiceSettings:
    """Return the settings of the service ``of``, which has no settings class of its own; ``given`` overrides the
    environment.
    """
    settings = type(f"{of.title()}Settings", (ServiceSettings,), {"context": of, "__annotations__": {}})
    made = settings(**given)
    assert isinstance(made, ServiceSettings)
    return made
