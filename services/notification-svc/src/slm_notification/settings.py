"""Settings of notification-svc, read from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from slm_chassis.clock import SECOND
from slm_chassis.outgoing import NetworkList
from slm_chassis.settings import ServiceSettings
from slm_notification.application.mail_sending import MailLimits
from slm_notification.application.sending import SendingLimits
from slm_notification.application.ticket_sending import WritingLimits
from slm_notification.domain.attempts import RetryRules

_HOUR = 3_600 * SECOND
_DAY = 24 * _HOUR


class NotificationSettings(ServiceSettings):
    """Settings read from ``SLM_NOTIFICATION_<FIELD>`` or else ``SLM_<FIELD>``."""

    context: ClassVar[str] = "notification"

    allowed_networks: NetworkList = ""
    """Networks inside which webhooks may be sent, separated by commas, such as ``10.20.0.0/16``. If empty, webhooks are
    sent to public addresses only.
    """
    attempt_seconds: float = Field(default=15.0, gt=0, le=120)
    """Real seconds that a receiver has to accept a webhook."""
    parallel: int = Field(default=4, ge=1, le=100)
    """The most requests to one endpoint at a time."""
    at_once: int = Field(default=200, ge=1, le=10_000)
    """The most requests of one process at a time."""
    first_retry_seconds: float = Field(default=5.0, gt=0)
    """Real seconds until a failed delivery is tried again; each further pause is three times as long."""
    longest_retry_hours: float = Field(default=6.0, gt=0)
    """Real hours that a pause between two attempts lasts at most."""
    give_up_hours: float = Field(default=72.0, gt=0)
    """Real hours after which a delivery or a mail that keeps failing is given up, counted from its first attempt. An
    endpoint that fails for so long without any success is suspended. Events that are older are not told by mail.
    """
    alert_repeat_minutes: float = Field(default=5.0, gt=0, le=30)
    """Real minutes after which an alert that is still open is sent to Alertmanager again, which forgets alerts when it
    restarts.
    """
    mail_at_once: int = Field(default=8, ge=1, le=100)
    """The most mails that one process sends at a time."""
    mail_together_minutes: float = Field(default=15.0, ge=0)
    """The least real minutes between two mails about one cause. The second mail has all that was added meanwhile."""
    agreement_url: str = ""
    """URL of agreement-svc, such as ``http://agreement:8080``, for the mails on Monday. This and the next two are not
    needed if one process runs all services.
    """
    monitor_url: str = ""
    """URL of monitor-svc, for the mails on Monday."""
    review_url: str = ""
    """URL of review-svc, for the mails on Monday."""
    mail_reply_seconds: float = Field(default=20.0, gt=0, le=120)
    """Real seconds that each reply of the mail server may take."""
    mail_longest_retry_minutes: float = Field(default=30.0, gt=0)
    """Real minutes that a pause between two attempts to send a mail lasts at most."""
    connectors: Path | None = None
    """A folder with further connectors, each a folder as in `shared/mappings/src/slm_mappings/connectors`. One with the
    name of a connector that comes with the product replaces it.
    """
    keep_days: int = Field(default=30, ge=1, le=3_650)
    """Days for which events, deliveries and mails are kept, and so how far back a replay reaches."""

    @property
    def repeat_microseconds(self) -> int:
        """Microseconds after which an open alert is sent to Alertmanager again."""
        return int(self.alert_repeat_minutes * 60 * SECOND)

    def retry_rules(self) -> RetryRules:
        """Return the rules by which failed deliveries are sent again."""
        give_up = int(self.give_up_hours * _HOUR)
        first = int(self.first_retry_seconds * SECOND)
        return RetryRules(first, int(self.longest_retry_hours * _HOUR), give_up, give_up)

    def sending_limits(self) -> SendingLimits:
        """Return the most requests at a time, the longest time of an attempt, and for how long events are kept."""
        return SendingLimits(self.at_once, self.attempt_seconds, self.keep_days * _DAY)

    def writing_limits(self) -> WritingLimits:
        """Return the limits of writing into tickets of other tools."""
        return WritingLimits(
            parallel=self.parallel,
            attempt_seconds=self.attempt_seconds,
            keep_microseconds=self.keep_days * _DAY,
        )

    def mail_rules(self) -> RetryRules:
        """Return the rules by which mails that could not be sent are sent again."""
        give_up = int(self.give_up_hours * _HOUR)
        first = int(self.first_retry_seconds * SECOND)
        return RetryRules(first, int(self.mail_longest_retry_minutes * 60 * SECOND), give_up, give_up)

    def mail_limits(self) -> MailLimits:
        """Return the limits for mails, with the console's address for their links; ``console_url`` must be set."""
        return MailLimits(
            console_url=self.console_url.rstrip("/"),
            at_once=self.mail_at_once,
            together=int(self.mail_together_minutes * 60 * SECOND),
            reply_seconds=self.mail_reply_seconds,
            keep_microseconds=self.keep_days * _DAY,
        )
