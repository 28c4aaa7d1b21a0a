"""What monitor-svc is told by its environment."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from slm_chassis.settings import ServiceSettings


class MonitorSettings(ServiceSettings):
    """``SLM_MONITOR_<FIELD>`` over ``SLM_<FIELD>``."""

    context: ClassVar[str] = "monitor"

    most_behind: int = Field(default=10_000, ge=1)
    """Records of one partition that may wait to be judged; beyond, its facts are answered with 429."""
    retention_days: int | None = Field(default=None, ge=1)
    """Days for which a fact is kept, from its receipt on; without, it is kept for ever."""
    most_streams: int = Field(default=5_000, ge=1)
    """Live streams open at once in one replica; beyond, 503."""
    sources: dict[str, str] = Field(default_factory=dict)
    """``ce_source`` of records that others write to the intake topics → the id of the party they speak for; ``*`` for a
    source of the operator's own, whose items name their ``owner``. Records of any other source are set aside."""
