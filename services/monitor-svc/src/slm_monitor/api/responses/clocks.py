"""Answers about the clocks that targets run on tickets: deadlines, elapsed time, and their derivation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.response_models import Answer
from slm_monitor.api.responses.shapes import Document, HolderTimeAnswer, Instant, Length

ClockState = Literal["running", "paused", "met", "breached", "completed_late", "cancelled"]
ClockVerdict = Literal["open", "met", "breached", "cancelled"]
SegmentKind = Literal["open", "closed", "paused"]


class ClockAnswer(Answer):
    """A clock of a ticket, with the results of its last evaluation."""

    target_id: str
    """Id of the target that runs the clock"""
    ticket: str
    """The ticket: its party's id, source and number, joined by `/`"""
    ordinal: int
    """Number of the clock among those of the same target on the ticket, from 0"""
    version: int
    """Version of the agreement whose terms apply"""
    agreement_id: str
    """Id of the agreement"""
    service_id: str | None
    """Id of the agreement's service"""
    owner_party_id: str
    """Id of the party that sent the ticket"""
    source: str
    """Name of the tool that the ticket comes from"""
    number: str
    """Number of the ticket in its tool"""
    clock: str
    """What is timed: response, resolution, update, or a name of the agreement's own"""
    state: ClockState
    """State of the clock; `completed_late` stopped after its deadline"""
    started_at: Instant
    """When the clock started"""
    deadline_at: Instant
    """Deadline of the clock, moved by all pauses so far"""
    stopped_at: Instant | None
    """When the clock stopped; null while it runs"""
    breached_at: Instant | None
    """When the deadline passed before the clock stopped; null if it was not missed"""
    changed_at: Instant
    """When the clock's state last changed"""
    elapsed_calendar_seconds: int
    """Seconds of wall-clock time since the start, less pauses before the deadline"""
    elapsed_service_seconds: int
    """Seconds of service time since the start, less pauses before the deadline"""
    pauses: list[list[int]]
    """The clock's pauses: pairs of instants in microseconds since 1970"""
    net_calendar_seconds: int
    """Seconds of wall-clock time since the start, less all pauses, those after the deadline included"""
    net_service_seconds: int
    """Seconds of service time since the start, less all pauses, those after the deadline included"""
    provider_party_id: str
    """Id of the party that provides the service"""
    customer_party_id: str
    """Id of the party that receives the service"""


class ClockAtRisk(ClockAnswer):
    """A running clock with a warning in force, and its ticket."""

    target_key: str
    """The target's key in the agreement"""
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
    """Seconds of wall-clock time until the deadline"""


class ClockWarningAnswer(Answer):
    """A warning threshold of a clock."""

    threshold: str
    """Used share of the allowed time at which the clock warns, percent"""
    at: Instant
    """When this share of the allowed time is used"""
    reached: bool
    """Whether the clock was still running when this share was used"""


class ClockEscalationAnswer(Answer):
    """An agreed escalation of a clock."""

    level: str
    """`functional` to people who know more, `hierarchical` to people who may decide more"""
    to: str | None
    """Who is notified, if the terms name somebody"""
    offset: Document
    """Distance from the deadline: `calendar` or `service_time` with a length, or business days"""
    at: Instant
    """When the escalation is due"""
    reached: bool
    """Whether the clock was still running when the escalation was due"""


class ClockTimes(Answer):
    """The times of a clock: its start, its deadline, its stop, and the time that has passed. Part of other answers."""

    clock: str
    """What is timed: response, resolution, update, or a name of the agreement's own"""
    ordinal: int
    """Number of the clock among those of the same target on the ticket, from 0"""
    started_at: Instant
    """When the clock started"""
    attached_at: Instant
    """First instant at which the clock's target applied to the ticket"""
    past_due: bool
    """Whether the deadline had passed before the target applied to the ticket"""
    original_deadline_at: Instant
    """The deadline without any pause"""
    deadline_at: Instant
    """Deadline of the clock, moved by all pauses so far"""
    stopped_at: Instant | None
    """When the clock stopped; null while it runs"""
    breached_at: Instant | None
    """When the deadline passed before the clock stopped; null if it was not missed"""
    time_left_seconds: int
    """Seconds until the deadline in the clock's own measure; below zero where it has passed"""
    elapsed_calendar_seconds: int
    """Seconds of wall-clock time since the start, less pauses before the deadline"""
    elapsed_service_seconds: int
    """Seconds of service time since the start, less pauses before the deadline"""
    net_calendar_seconds: int
    """Seconds of wall-clock time since the start, less all pauses, those after the deadline included"""
    net_service_seconds: int
    """Seconds of service time since the start, less all pauses, those after the deadline included"""
    warnings: list[ClockWarningAnswer]
    """Warnings of the clock, the earliest first"""
    escalations: list[ClockEscalationAnswer]
    """Escalations of the clock, in the agreed order"""
    held: list[HolderTimeAnswer]
    """How long each person or team held the ticket"""
    held_by_at_breach: str | None
    """Who held the ticket when the deadline passed; null if nobody did, or if it has not passed"""


class TicketClockAnswer(ClockTimes):
    """A clock of a ticket, calculated from the ticket's events."""

    target_id: str
    """Id of the target that runs the clock"""
    target_key: str
    """The target's key in the agreement"""
    target_title: str
    """The target's title in the agreement"""
    agreement_id: str
    """Id of the agreement"""
    version: int
    """Version of the agreement whose terms apply"""
    state: ClockState
    """State of the clock; `completed_late` stopped after its deadline"""
    within: Document
    """The time that the clock may run: `calendar` or `service_time` with a length, business days, or a ticket date"""
    changed_at: Instant
    """When the clock's state last changed"""
    paused_calendar_seconds: int
    """Seconds of wall-clock time in pauses"""
    pauses: list[list[Instant]]
    """The clock's pauses: pairs of instants"""


class NonMatchingTarget(Answer):
    """A target that was compared with the ticket before the target that applies, but does not match the ticket."""

    target_key: str
    """The target's key in the agreement"""
    cause: str
    """Why the target does not match the ticket"""


class ClockSegmentAnswer(Answer):
    """An interval in which a clock's time is of one kind: running, outside service hours, or paused."""

    start: Instant = Field(alias="from")
    """First instant of the interval"""
    end: Instant = Field(alias="to")
    """End of the interval; the instant itself is excluded"""
    kind: SegmentKind
    """Service time in which the clock runs, time outside service hours, or a pause"""
    length: Length
    """Length of the interval in wall-clock time"""
    service_time: Length
    """Service time within the interval"""
    cause: str
    """The event of the ticket, or the rule of the service hours, with which the interval begins"""
    event_id: str | None
    """Id of the event with which the interval begins; null if there is none, and for readers who may not see it"""


class SegmentSums(Answer):
    """The sums of a clock's time, by kind."""

    open: Length
    """Service time in which the clock ran"""
    closed: Length
    """Time outside service hours"""
    paused: Length
    """Pauses, in wall-clock time"""
    paused_service: Length
    """Pauses, in service time"""


class CalendarAndServiceLength(Answer):
    """A length of time, both in wall-clock time and in service time."""

    calendar: Length
    """Length in wall-clock time"""
    service: Length
    """Length in service time"""


class ClockExplanation(ClockTimes):
    """Explanation of a ticket's clock: every interval with its cause, the sums, and the verdict."""

    ticket: str
    """The ticket: source and number, joined by `/`"""
    target_id: str
    """Id of the target that runs the clock"""
    target_key: str
    """The target's key in the agreement"""
    target_title: str
    """The target's title in the agreement"""
    agreement_id: str
    """Id of the agreement"""
    agreement_version: int
    """Version of the agreement whose terms apply"""
    terms: Document
    """The terms of the clock as they were signed; see the reference of terms"""
    passed_over: list[NonMatchingTarget]
    """Targets that would take precedence, but do not match the ticket"""
    as_of: Instant
    """Instant as of which the clock is explained"""
    state: ClockState
    """State of the clock; `completed_late` stopped after its deadline"""
    verdict: ClockVerdict
    """Whether the deadline was kept; `open` while that is not certain"""
    intervals: list[ClockSegmentAnswer]
    """All of the clock's time, without gaps"""
    sums: SegmentSums
    """The sums of the clock's time, by kind"""
    carried: CalendarAndServiceLength
    """Elapsed time taken over from the target that applied to the ticket earlier"""
    measured_from: Instant
    """Start of the first interval; time before it is in `carried`"""
