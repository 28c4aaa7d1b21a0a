"""Settings of report-svc, read from the environment."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from slm_chassis.settings import ServiceSettings


class ReportSettings(ServiceSettings):
    """Settings read from ``SLM_REPORT_<FIELD>`` or else ``SLM_<FIELD>``."""

    context: ClassVar[str] = "report"

    quiet_seconds: float = Field(default=1.0, ge=0)
    """Real seconds without events about an agreement after which its reports are rebuilt."""

    monitor_url: str = ""
    """URL of monitor-svc, such as ``http://monitor:8080``, for the figures of open periods. Not needed if one process
    runs both services.
    """
