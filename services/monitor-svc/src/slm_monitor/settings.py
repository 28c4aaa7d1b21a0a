"""Settings of monitor-svc, read from the environment."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from slm_chassis.settings import ServiceSettings


class MonitorSettings(ServiceSettings):
    """Each field is read from ``SLM_MONITOR_<FIELD>``, otherwise from ``SLM_<FIELD>``."""

    context: ClassVar[str] = "monitor"

    most_behind: int = Field(default=10_000, ge=1)
    """Most records of one partition that may wait to be evaluated; beyond it, new facts are refused with 429."""
    retention_days: int | None = Field(default=None, ge=1)
    """Days for which a fact is kept after its receipt. Without a value, facts are kept for ever."""
    most_streams: int = Field(default=5_000, ge=1)
    """Most live streams that one replica keeps open at once; further ones are refused with 503."""
    sources: dict[str, str] = Field(default_factory=dict)
    """``ce_source`` of records that others write to the intake topics → the id of the party they speak for; ``*`` for a
    source of the operator's own, whose items name their ``owner``. Records of any other source are set aside."""
