"""Field types and small models that many answers share, such as instants, lengths of time, intervals and budgets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from slm_chassis.http.response_models import ABSENT, Answer

Instant = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant as RFC 3339 text, in UTC with microseconds."""
Length = Annotated[str, Field(pattern=r"^-?P[0-9DHMSTWY.]+$")]
"""A length of time as ISO 8601 text. JSON Schema's format ``duration`` knows no fractions of a second and no minus."""
Exact = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?(/\d+)?$")]
"""An exact number as text: a fraction such as ``1999/20``, or a decimal such as ``99.95``."""
Document = dict[str, Any]
"""A JSON object with any members, such as a fact as it was sent, or signed terms."""

Verdict = Literal["met", "at_risk", "breached", "no_data", "not_applicable"]
Level = Literal["objective", "unacceptable"]
BudgetUnit = Literal["microseconds", "events", "slices", "outages", "occurrences", "tickets", "recoveries"]


class TimeInterval(Answer):
    """A time interval from ``from`` (included) to ``to`` (excluded)."""

    start: Instant = Field(alias="from")
    """First instant of the interval"""
    end: Instant = Field(alias="to")
    """End of the interval; the instant itself is excluded"""


class UncountedInterval(TimeInterval):
    """Time of an approved exclusion that figures still count, and why."""

    cause: str
    """`announced_late`: its notice was too short; `past_cap`: the agreed cap is used up"""
    detail: str
    """The reason in words, with the notice or the cap"""


class TicketName(Answer):
    """A reference to a ticket: its source and its number."""

    source: str
    """Name of the tool that the ticket comes from"""
    number: str
    """Number of the ticket in its tool"""


class IndicatorReference(Answer):
    """A reference to the indicator of a target, with its kind and unit."""

    key: str
    """Key of the indicator, given by its party"""
    kind: str = ABSENT
    """What is measured, such as `availability` or `count`; missing if the terms do not name a kind"""
    unit: str | None = ABSENT
    """Unit of the indicator's values, such as `ms`; null without a unit, missing if the terms do not name one"""
    owner_party_id: str
    """Id of the party that the indicator belongs to"""


class Budget(Answer):
    """The error budget of a window and how much of it is used. All numbers are exact, in `unit`."""

    unit: BudgetUnit
    """What is counted; `microseconds` of downtime for availability"""
    whole: Exact
    """The whole budget of the window"""
    consumed: Exact
    """Used part of the budget"""
    left: Exact
    """Remaining part of the budget; below zero if it is overspent"""
    consumed_share: Exact | None
    """Used part ÷ whole budget; above 1 if it is overspent, null for a budget of zero"""


class HolderTimeAnswer(Answer):
    """How long a person or team held a ticket."""

    by: str | None
    """Person or team that held the ticket; null: nobody"""
    calendar_seconds: int
    """Seconds of wall-clock time"""
    service_seconds: int
    """Seconds of service time"""


class ExcludedSeconds(Answer):
    """An exclusion with time in a window: how much of the window it excludes."""

    exclusion_id: str
    """Id of the exclusion"""
    kind: str
    """planned, force_majeure, customer_caused or claim"""
    seconds: int
    """Seconds of the window that are left out of the figure because of the exclusion"""
    uncounted: list[UncountedInterval]
    """Time of the exclusion that is not excluded, and why"""


class WindowAcceptance(Answer):
    """The acceptance of a window's figure by both parties, which freezes the figure."""

    acceptance_id: str
    """Id of the acceptance"""
    period: str
    """The period that was accepted, such as `2026-11`"""
    revision: int
    """The accepted revision of the window"""
    accepted_at: Instant
    """When the second party accepted the window"""
