"""What report-svc is told by its environment."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from slm_chassis.settings import ServiceSettings


class ReportSettings(ServiceSettings):
    """``SLM_REPORT_<FIELD>``, else ``SLM_<FIELD>``."""

    context: ClassVar[str] = "report"

    quiet_seconds: float = Field(default=1.0, ge=0)
    """Real seconds without news of an agreement after which what was heard is put into its reports."""

    monitor_url: str = ""
    """Where monitor-svc answers, ``http://monitor:8080``: reports of open periods read their figures there. Not needed
    where one process runs both."""
