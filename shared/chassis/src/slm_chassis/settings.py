"""What a process is told by its environment, read once at start and passed down."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

_GIGABYTE = 1 << 30


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
    """An operator's API key that every service accepts from its configuration."""
    max_body_bytes: int = Field(default=16 << 20, ge=1_024, le=_GIGABYTE)
    """The largest request body; more is answered with 413."""
    graceful_seconds: int = Field(default=8, ge=0)
    """Real seconds that requests in progress get to end at shutdown."""


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
        own = EnvSettingsSource(settings_cls, env_prefix=f"SLM_{cls.context.upper()}_")
        return init_settings, own, EnvSettingsSource(Settings)


def service_settings(of: str, **given: Any) -> ServiceSettings:
    """Settings of the service ``of`` with nothing of its own to configure; ``given`` wins over the environment."""
    settings = type(f"{of.title()}Settings", (ServiceSettings,), {"context": of, "__annotations__": {}})
    made = settings(**given)
    assert isinstance(made, ServiceSettings)
    return made
