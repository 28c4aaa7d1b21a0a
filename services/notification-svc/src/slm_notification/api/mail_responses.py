"""Response models and bodies of mails and preferences."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from slm_chassis.http.response_models import Answer, Instant
from slm_notification.domain.notices import Kind, MailKind, Severity
from slm_notification.domain.readers import When
from slm_notification.domain.weeks import MOST_SERVICES


class MailDeliveryResponse(Answer):
    """The delivery of one event, or of the Monday mail of a week, to one person by mail."""

    delivery_id: str
    """Id of the delivery (UUID), always the same for an event and a person"""
    event_id: str
    """Id of the event; for a Monday mail its week, such as `2026-W49`"""
    event_type: str
    """Type of the event; `week` for a Monday mail"""
    person_id: str
    """Id of the person who is told"""
    agreement_id: str | None
    """Id of the agreement that the event is about; null if it is about none"""
    kind: MailKind
    """What the notice is about; `week` is a Monday mail. `decision` and `signature`: somebody of the person's party has
    to decide or sign
    """
    severity: Severity
    """`high`, for example: a breach of an unacceptable level, a breach expected within an hour, an overdue answer, an
    agreement that ended early, a recovery
    """
    when: Literal["at_once", "digest"]
    """Whether the event is told at once or in the daily digest"""
    headline: str
    """What the person is told, in one line"""
    state: Literal["waiting", "sent", "failed", "dropped"]
    """`sent`: the mail server accepted it; `failed`: given up; `dropped`: the person has no address or left"""
    message_id: str | None
    """Id of the mail that has this delivery: the local part of its `Message-ID`. One mail may have several deliveries.
    Null until the mail is made
    """
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
    """When a person is told of notices of one kind and severity."""

    kind: Kind
    """Kind of the notices"""
    severity: Severity
    """Severity of the notices"""
    when: When
    """When the person is told: `at_once`, in the daily `digest`, or `never`"""
    by_role: bool
    """Whether the rule comes from the person's roles, because the person has not chosen one"""


class NotificationPreferenceResponse(Answer):
    """The rules by which a person is told of events by mail."""

    person_id: str
    """Id of the person"""
    time_zone: str
    """IANA time zone of the person, for instants in mails and for the daily digest, which is sent at 08:00"""
    rules: list[PreferenceRuleAnswer]
    """One rule for each kind and severity"""
    monday_service_ids: list[str]
    """Ids of the services of which the person gets a mail each Monday at 08:00"""


class PreferenceRuleBody(BaseModel):
    """When a person wants to be told of notices of one kind and severity."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[Kind, Field(description="Kind of the notices")]
    severity: Annotated[Severity, Field(description="Severity of the notices")]
    when: Annotated[When, Field(description="When to tell: `at_once`, in the daily `digest`, or `never`")]


class NotificationPreferenceBody(BaseModel):
    """Request body for choosing which events you are told of by mail, and when."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "time_zone": "Europe/Berlin",
                    "rules": [{"kind": "recovered", "severity": "high", "when": "digest"}],
                    "monday_service_ids": ["0193a5c0-7a00-7000-8000-000000000107"],
                }
            ]
        },
    )

    time_zone: Annotated[str, Field(max_length=60, description="IANA time zone, such as `Europe/Berlin`")] = "UTC"
    rules: Annotated[
        list[PreferenceRuleBody],
        Field(max_length=100, description="Your choices; for what is left out, the rules of your roles apply"),
    ] = []
    monday_service_ids: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=100)]],
        Field(
            max_length=MOST_SERVICES,
            description="Ids of the services of which you want a mail each Monday at 08:00 in your time zone",
        ),
    ] = []
