"""Response models and bodies of mails and preferences."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from slm_chassis.http.response_models import Answer, Instant
from slm_notification.domain.notices import Kind, Severity
from slm_notification.domain.readers import When


class MailDeliveryResponse(Answer):
    """The delivery of one event to one person by mail."""

    delivery_id: str
    """Id of the delivery (UUID), always the same for an event and a person"""
    event_id: str
    """Id of the event"""
    event_type: str
    """Type of the event"""
    person_id: str
    """Id of the person who is told"""
    agreement_id: str | None
    """Id of the agreement that the event is about; null if it is about none"""
    kind: Kind
    """What the person is told of: `decision` and `signature` wait for somebody of the person's party"""
    severity: Severity
    """`high`: an unacceptable level was missed, a breach within the hour, an end before its time, or a recovery"""
    when: Literal["at_once", "digest"]
    """Whether the event is told at once or in the daily digest"""
    headline: str
    """What the person is told, in one line"""
    state: Literal["waiting", "sent", "failed", "dropped"]
    """`sent`: the mail server accepted it; `failed`: given up; `dropped`: the person has no address or left"""
    message_id: str | None
    """Id of the mail, the local part of its Message-ID; null until it is made. Mails of one cause have one"""
    attempts: int
    """Attempts to send the mail up to now"""
    problem: str
    """Why the latest attempt failed; empty otherwise"""
    created_at: Instant
    """When the event was handled"""
    next_attempt_at: Instant | None
    """When the mail is made or tried next; null unless the delivery is waiting"""
    sent_at: Instant | None
    """When the mail server accepted the mail; null until then"""


class PreferenceRuleAnswer(Answer):
    """When a person is told of things of one kind and severity."""

    kind: Kind
    """What the person is told of"""
    severity: Severity
    """How much it matters"""
    when: When
    """When the person is told: `at_once`, in the daily `digest`, or `never`"""
    by_role: bool
    """Whether this follows the person's roles, because the person chose nothing"""


class NotificationPreferenceResponse(Answer):
    """What a person hears of by mail, and when."""

    person_id: str
    """Id of the person"""
    time_zone: str
    """IANA time zone of the person: of instants in mails, and of the digest at 08:00"""
    rules: list[PreferenceRuleAnswer]
    """One for each kind and severity"""


class PreferenceRuleBody(BaseModel):
    """A choice for one kind and severity."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[Kind, Field(description="What the choice is about")]
    severity: Annotated[Severity, Field(description="How much it matters")]
    when: Annotated[When, Field(description="When to tell: `at_once`, in the daily `digest`, or `never`")]


class NotificationPreferenceBody(BaseModel):
    """What a person wants to hear of by mail."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "time_zone": "Europe/Berlin",
                    "rules": [{"kind": "recovered", "severity": "high", "when": "digest"}],
                }
            ]
        },
    )

    time_zone: Annotated[str, Field(max_length=60, description="IANA time zone, such as `Europe/Berlin`")] = "UTC"
    rules: Annotated[
        list[PreferenceRuleBody],
        Field(max_length=100, description="Choices; kinds and severities that are left out follow the roles"),
    ] = []
