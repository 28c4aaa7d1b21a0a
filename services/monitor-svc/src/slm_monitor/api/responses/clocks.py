"""Answers about the clocks that targets run on tickets: deadlines, what has passed, and why."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.response_models import Answer
from slm_monitor.api.responses.shapes import Document, HolderTimeAnswer, Instant, Length

ClockState = Literal["running", "paused", "met", "breached", "completed_late", "cancelled"]
ClockVerdict = Literal["open", "met", "breached", "cancelled"]
SegmentKind = Literal["open", "closed", "paused"]


class ClockAnswer(Answer):
    """A clock of a ticket as it was last judged."""

    target_id: str
    """Id of the target that runs it"""
    ticket: str
    """The ticket: its party's id, source and number, joined by `/`"""
    ordinal: int
    """Counts the clocks of the same target on the ticket from 0"""
    version: int
    """The version of the agreement by which it is judged"""
    agreement_id: str
    """Id of the agreement"""
    owner_party_id: str
    """Id of the party that sent the ticket"""
    source: str
    """Name of the tool that the ticket comes from"""
    number: str
    """Number of the ticket in its tool"""
    clock: str
    """What is timed: response, resolution, update, or a name of the agreement's own"""
    state: ClockState
    """Its state; `completed_late` stopped after its deadline"""
    started_at: Instant
    """When it started"""
    deadline_at: Instant
    """Its deadline, moved by all pauses so far"""
    stopped_at: Instant | None
    """When it stopped; null while it runs"""
    breached_at: Instant | None
    """When its deadline passed; null if it has not"""
    changed_at: Instant
    """When its state last changed"""
    elapsed_calendar_seconds: int
    """Seconds on the wall clock since its start, without pauses"""
    elapsed_service_seconds: int
    """Seconds of service time since its start, without pauses"""
    pauses: list[list[int]]
    """When it was paused: pairs of instants in microseconds since 1970"""
    net_calendar_seconds: int
    """Seconds on the wall clock without any pause, including pauses after the deadline"""
    net_service_seconds: int
    """Seconds of service time without any pause, including pauses after the deadline"""
    provider_party_id: str
    """Id of the party that provides the service"""
    customer_party_id: str
    """Id of the party that receives the service"""


class ClockAtRisk(ClockAnswer):
    """A running clock that has warned, and its ticket."""

    target_key: str
    """The target's key in the agreement"""
    service_id: str | None
    """Id of the service"""
    type: str | None
    """Type of the ticket, as its tool calls it; null for readers who do not see it"""
    priority: str | None
    """Priority of the ticket, as its tool calls it"""
    held_by: str | None
    """The present holder of the ticket: a team, or a person where the reader may see it; null: nobody"""
    opened_at: Instant | None
    """When the ticket was opened"""
    at_risk_at: Instant
    """When the first warning was due"""
    time_left_seconds: int
    """Seconds on the wall clock until the deadline"""


class ClockWarningAnswer(Answer):
    """A warning of a clock."""

    threshold: str
    """How much of the time is used then, percent"""
    at: Instant
    """When that much is used"""
    reached: bool
    """Whether the clock ran until then"""


class ClockEscalationAnswer(Answer):
    """An agreed escalation of a clock."""

    level: str
    """`functional` to people who know more, `hierarchical` to people who may decide more"""
    to: str | None
    """Who is called upon, where the terms say so"""
    offset: Document
    """When, before or after the deadline: `calendar` or `service_time` with a length, or business days"""
    at: Instant
    """When that is"""
    reached: bool
    """Whether the clock ran until then"""


class ClockCourse(Answer):
    """When a clock starts and has to stop, and how much time has passed."""

    clock: str
    """What is timed: response, resolution, update, or a name of the agreement's own"""
    ordinal: int
    """Counts the clocks of the same target on the ticket from 0"""
    started_at: Instant
    """When it started"""
    attached_at: Instant
    """First instant at which its target applied to the ticket"""
    past_due: bool
    """Whether its deadline had passed before its target applied"""
    original_deadline_at: Instant
    """The deadline without any pause"""
    deadline_at: Instant
    """Its deadline, moved by all pauses so far"""
    stopped_at: Instant | None
    """When it stopped; null while it runs"""
    breached_at: Instant | None
    """When its deadline passed; null if it has not"""
    time_left_seconds: int
    """Seconds until the deadline in the clock's own measure; below zero where it has passed"""
    elapsed_calendar_seconds: int
    """Seconds on the wall clock since its start, without pauses"""
    elapsed_service_seconds: int
    """Seconds of service time since its start, without pauses"""
    net_calendar_seconds: int
    """Seconds on the wall clock without any pause, including pauses after the deadline"""
    net_service_seconds: int
    """Seconds of service time without any pause, including pauses after the deadline"""
    warnings: list[ClockWarningAnswer]
    """Its warnings, the earliest first"""
    escalations: list[ClockEscalationAnswer]
    """Its escalations, in the agreed order"""
    held: list[HolderTimeAnswer]
    """Who held the ticket for how long"""
    held_by_at_breach: str | None
    """Who held the ticket when the deadline passed; null if it has not, or for nobody"""


class TicketClockAnswer(ClockCourse):
    """A clock of a ticket, worked out from the ticket's events."""

    target_id: str
    """Id of the target that runs it"""
    target_key: str
    """The target's key in the agreement"""
    target_title: str
    """The target's title in the agreement"""
    agreement_id: str
    """Id of the agreement"""
    version: int
    """The version of the agreement by which it is judged"""
    state: ClockState
    """Its state; `completed_late` stopped after its deadline"""
    within: Document
    """The time that it may take: `calendar` or `service_time` with a length, business days, or a date of the ticket"""
    changed_at: Instant
    """When its state last changed"""
    paused_calendar_seconds: int
    """Seconds on the wall clock that it was paused"""
    pauses: list[list[Instant]]
    """When it was paused: pairs of instants"""


class PassedOverTarget(Answer):
    """A target that does not apply to the ticket, though it comes before the one that does."""

    target_key: str
    """The target's key in the agreement"""
    cause: str
    """Why it does not apply"""


class ClockSegmentAnswer(Answer):
    """A part of a clock's time."""

    start: Instant = Field(alias="from")
    """Its first instant"""
    end: Instant = Field(alias="to")
    """The first instant after it"""
    kind: SegmentKind
    """Service time that counts, time outside service hours, or a pause"""
    length: Length
    """How long it is on the wall clock"""
    service_time: Length
    """How much service time it has"""
    cause: str
    """The event or rule that began it: an event of the ticket, or a rule of the service hours"""
    event_id: str | None
    """Id of the event that began it; null without one, and for readers who do not see it"""


class SegmentSums(Answer):
    """The sums of a clock's time, by kind."""

    open: Length
    """Service time that counts"""
    closed: Length
    """Time outside service hours"""
    paused: Length
    """Pauses, on the wall clock"""
    paused_service: Length
    """Pauses, in service time"""


class TwofoldLength(Answer):
    """A length, both on the wall clock and in service time."""

    calendar: Length
    """Length on the wall clock"""
    service: Length
    """Length in service time"""


class ClockExplanation(ClockCourse):
    """Why a clock has its state: every interval with its cause, and the sums."""

    ticket: str
    """The ticket: source and number, joined by `/`"""
    target_id: str
    """Id of the target that runs it"""
    target_key: str
    """The target's key in the agreement"""
    target_title: str
    """The target's title in the agreement"""
    agreement_id: str
    """Id of the agreement"""
    agreement_version: int
    """The version of the agreement by which it is judged"""
    terms: Document
    """The terms of the clock as they were signed; see the reference of terms"""
    passed_over: list[PassedOverTarget]
    """Targets that come before this one and do not apply"""
    as_of: Instant
    """Instant as of which it is explained"""
    state: ClockState
    """Its state; `completed_late` stopped after its deadline"""
    verdict: ClockVerdict
    """Whether the deadline was kept; `open` while that is not certain"""
    intervals: list[ClockSegmentAnswer]
    """All of its time, without gaps"""
    sums: SegmentSums
    """The sums of its time, by kind"""
    carried: TwofoldLength
    """Time taken over from the target that applied before"""
    measured_from: Instant
    """Start of the intervals; earlier time is carried over"""
