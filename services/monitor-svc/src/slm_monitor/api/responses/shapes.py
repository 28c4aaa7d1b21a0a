"""Types of fields that many answers share, and the shape of a page."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from slm_chassis.http.response_models import ABSENT, Answer

Instant = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""RFC 3339 in UTC with microseconds."""
Length = Annotated[str, Field(pattern=r"^-?P[0-9DHMSTWY.]+$")]
"""ISO 8601. JSON Schema's format ``duration`` knows no fractions of a second and no minus."""
Exact = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?(/\d+)?$")]
"""An exact number: a fraction such as ``1999/20``, or a decimal such as ``99.95``."""
Document = dict[str, Any]
"""An object with free members, such as a fact as it was sent, or signed terms."""

Verdict = Literal["met", "at_risk", "breached", "no_data", "not_applicable"]
Level = Literal["objective", "unacceptable"]
BudgetUnit = Literal["microseconds", "events", "slices", "outages", "occurrences", "tickets", "recoveries"]


class TimeInterval(Answer):
    """A time interval; the second instant is excluded."""

    start: Instant = Field(alias="from")
    """Its first instant"""
    end: Instant = Field(alias="to")
    """The first instant after it"""


class UncountedInterval(TimeInterval):
    """Approved time that is not excluded, and why."""

    cause: str
    """`announced_late`: its notice was too short; `past_cap`: the agreed cap is used up"""
    detail: str
    """The reason in words, with the notice or the cap"""


class TicketName(Answer):
    """A reference to a ticket."""

    source: str
    """Name of the tool that the ticket comes from"""
    number: str
    """Number of the ticket in its tool"""


class IndicatorReference(Answer):
    """The indicator by which a target is judged."""

    key: str
    """Key of the indicator, given by its party"""
    kind: str = ABSENT
    """What is measured, such as `availability` or `count`; missing if the terms do not say it"""
    unit: str | None = ABSENT
    """Unit of its values, such as `ms`; null if it has none, missing if the terms do not say it"""
    owner_party_id: str
    """Id of the party that the indicator belongs to"""


class Budget(Answer):
    """The error budget and how much of it is used. All numbers are exact, in `unit`."""

    unit: BudgetUnit
    """What is counted; `microseconds` of downtime for availability"""
    whole: Exact
    """The whole budget of the window"""
    consumed: Exact
    """How much of it is used"""
    left: Exact
    """What is left of it; below zero where it is overspent"""
    consumed_share: Exact | None
    """Used ÷ whole; above 1 where overspent, null for a budget of zero"""


class HolderTimeAnswer(Answer):
    """How long somebody held a ticket."""

    by: str | None
    """Who held it; null: nobody"""
    calendar_seconds: int
    """Seconds on the wall clock"""
    service_seconds: int
    """Seconds of service time"""


class ExcludedSeconds(Answer):
    """An exclusion that lies in a window."""

    exclusion_id: str
    """Id of the exclusion"""
    kind: str
    """planned, force_majeure, customer_caused or claim"""
    seconds: int
    """Seconds of the window that do not count because of it"""
    uncounted: list[UncountedInterval]
    """The part of it that is not excluded, and why"""


class WindowAcceptance(Answer):
    """Acceptance of a window's figure by both parties, which freezes it."""

    acceptance_id: str
    """Id of the acceptance"""
    period: str
    """The period that was accepted, such as `2026-11`"""
    revision: int
    """The revision of the window that was accepted"""
    accepted_at: Instant
    """When the second party accepted it"""
