"""Settings of the console, read from the environment."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from slm_chassis.settings import ServiceSettings


class ConsoleSettings(ServiceSettings):
    """Settings of the console, each read from ``SLM_CONSOLE_<FIELD>`` or else from ``SLM_<FIELD>``."""

    context: ClassVar[str] = "console"

    prefix: str = Field(default="", pattern=r"^(/[a-z0-9][a-z0-9-]*)*$")
    """Path under which the console is served, such as ``/console``; empty for the root."""
    agreement_url: str = ""
    """Address of agreement-svc. Without it, the console asks the agreement-svc of its own process."""
    monitor_url: str = ""
    """Address of monitor-svc. Without it, the console asks the monitor-svc of its own process."""
    report_url: str = ""
    """Address of report-svc. Without it, the console asks the report-svc of its own process."""
    review_url: str = ""
    """Address of review-svc. Without it, the console asks the review-svc of its own process."""
    notification_url: str = ""
    """Address of notification-svc. Without it, the console asks the notification-svc of its own process."""
    api_seconds: float = Field(default=4.0, gt=0)
    """Seconds of real time that a page waits for a service, before it shows the service as away."""
    time_zone: str = "UTC"
    """IANA name of the time zone for people who have not chosen one."""

    @field_validator("agreement_url", "monitor_url", "report_url", "review_url", "notification_url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} is not an address; write it as http://host:port")
        return url.rstrip("/")

    def addresses(self) -> dict[str, str]:
        """Return service → its address, with keys such as ``agreement`` for agreement-svc.

        An address is empty if the service runs in this process.
        """
        return {
            "agreement": self.agreement_url,
            "monitor": self.monitor_url,
            "report": self.report_url,
            "review": self.review_url,
            "notification": self.notification_url,
        }
