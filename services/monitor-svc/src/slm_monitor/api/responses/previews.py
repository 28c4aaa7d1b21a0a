"""Answers of previews: draft terms evaluated over facts that come with the request, and files before their import."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from slm_chassis.http.response_models import ABSENT, Answer
from slm_monitor.api.responses.clocks import (
    CalendarAndServiceLength,
    ClockState,
    ClockVerdict,
    SegmentKind,
    SegmentSums,
)
from slm_monitor.api.responses.explanations import FigureDerivation, ReliabilityAnswer
from slm_monitor.api.responses.intake import ItemFault
from slm_monitor.api.responses.shapes import Budget, Document, Exact, Instant, Length, Verdict


class LeftOutICalendarEvent(Answer):
    """An event of an iCalendar file that does not become a holiday, with the reason."""

    event: str
    """Name of the event in the file, or its line number"""
    begins: str
    """Start of the event, as the file writes it"""
    why: str
    """Why the event is not a holiday"""


class ICalendarFileReport(Answer):
    """A report on one iCalendar file in the service hours: which events became holidays, and which did not."""

    entry: str
    """Place of the file in the service hours"""
    events: int
    """Number of events in the file"""
    taken: int
    """How many events became holidays"""
    left_out: list[LeftOutICalendarEvent]
    """The first of the events that did not become holidays"""
    more_left_out: int = ABSENT
    """How many further events did not become holidays"""


class PreviewedWindowBounds(Answer):
    """Bounds and length of the window that a preview evaluates."""

    start: Instant = Field(alias="from")
    """Start of the window"""
    end: Instant = Field(alias="to")
    """End of the window; the instant itself is excluded"""
    length: Length
    """Length of the window"""


class WindowPreview(Answer):
    """A window under draft terms: figure, budget, verdict, and how they are derived.

    A composite of verdicts has no figure; only its ``members`` are explained.
    """

    window: PreviewedWindowBounds
    """The window that was evaluated"""
    figure: Exact | None = ABSENT
    """The figure, exact; if it is a share, between 0 and 1; null if there is none"""
    figure_display: str = ABSENT
    """The figure as text for people, in the objective's unit; – if there is none"""
    objective: Exact | None = ABSENT
    """The objective, exact; if it is a share, between 0 and 1"""
    verdict: Verdict
    """The verdict"""
    breached_at: Instant | None = ABSENT
    """First instant at which it is certain that the objective is missed; null if it is not"""
    budget: Budget | None = ABSENT
    """The error budget and how much of it is used; null if there is no budget"""
    burn_rate: Exact | None = ABSENT
    """How many times faster than allowed the budget is used, exact; null if unknown"""
    derivation: FigureDerivation = ABSENT
    """How the figure was derived from facts"""
    reliability: ReliabilityAnswer = ABSENT
    """For availability: outages and the mean times between outages"""
    quantile: Exact | None = ABSENT
    """For a quantile: its value, exact, in the indicator's unit; null if there is none"""
    raw_figure: Exact | None = ABSENT
    """For a series: the figure without exclusions, exact, in the objective's unit; null if there is none"""
    members: list[WindowPreview] = ABSENT
    """For a composite: its members, each evaluated separately"""
    calendars: list[ICalendarFileReport] = ABSENT
    """For each iCalendar file in the service hours: its holidays, and the events left out"""


class PreviewedWarning(Answer):
    """A warning of a clock under draft terms: a share of the allowed time, and the instant at which this share has been
    used.
    """

    percent: int
    """Used share of the allowed time, percent"""
    at: Instant
    """When this share of the allowed time is used"""


class PreviewedEscalation(Answer):
    """An escalation of a clock under draft terms, and when it is due."""

    offset: Document
    """Distance from the deadline: `calendar` or `service_time` with a length, or business days"""
    at: Instant
    """When the escalation is due"""


class PreviewedSegment(Answer):
    """An interval in which a clock under draft terms is running, outside service hours, or paused."""

    start: Instant = Field(alias="from")
    """First instant of the interval"""
    end: Instant = Field(alias="to")
    """End of the interval; the instant itself is excluded"""
    kind: SegmentKind
    """Service time in which the clock runs, time outside service hours, or a pause"""
    service_time: Length
    """Service time within the interval"""
    cause: str
    """The event of the ticket, or the rule of the service hours, with which the interval begins"""


class ClockDerivation(Answer):
    """The intervals of a clock's time, and their sums by kind."""

    intervals: list[PreviewedSegment]
    """All of the clock's time, without gaps"""
    sums: SegmentSums
    """The sums of the clock's time, by kind"""


class ClockInWindow(ClockDerivation):
    """The part of a clock's time that lies in a given window."""

    start: Instant = Field(alias="from")
    """Start of the window"""
    end: Instant = Field(alias="to")
    """End of the window"""


class PreviewedClock(Answer):
    """A clock of a ticket under draft terms: deadline, elapsed time, verdict, and how they are derived."""

    target: str
    """Key of the target that runs the clock"""
    clock: str
    """What is timed: response, resolution, update, or a name of the draft's own"""
    ordinal: int
    """Number of the clock among those of the same target on the ticket, from 0"""
    within: Document
    """The time that the clock may run: `calendar` or `service_time` with a length, business days, or a ticket date"""
    state: ClockState
    """State of the clock; `completed_late` stopped after its deadline"""
    verdict: ClockVerdict
    """Whether the deadline was kept; `open` while that is not certain"""
    started_at: Instant
    """When the clock started"""
    original_deadline_at: Instant
    """The deadline without any pause"""
    deadline_at: Instant
    """Deadline of the clock, moved by all pauses so far"""
    stopped_at: Instant | None
    """When the clock stopped; null while it runs"""
    breached_at: Instant | None
    """When the deadline passed before the clock stopped; null if it was not missed"""
    elapsed: CalendarAndServiceLength
    """Time since the start, less pauses before the deadline"""
    net: CalendarAndServiceLength
    """Time since the start, less all pauses, those after the deadline included"""
    paused: CalendarAndServiceLength
    """Time in pauses"""
    left: Length
    """Time left until the deadline; negative if it has passed"""
    carried: CalendarAndServiceLength
    """Elapsed time taken over from the target that applied to the ticket earlier"""
    warnings: list[PreviewedWarning]
    """When the shares of `warn_at` are used"""
    escalations: list[PreviewedEscalation]
    """When the `escalations` are due"""
    derivation: ClockDerivation
    """The intervals and sums from which the state follows"""
    window: ClockInWindow | None
    """The part of the clock's time that lies in the requested `window`; null if none was given"""


class PreviewedUpdateExchanges(Answer):
    """For update clocks: how many messages were answered, and how fast."""

    answered: int
    """How many messages were answered"""
    mean: Length
    """Mean time to an answer, service time"""
    longest: Length
    """Longest time to an answer, service time"""
    met: bool
    """Whether every message was answered in time"""


class DraftFinding(Answer):
    """A likely mistake in the draft terms, with the remedy."""

    field: str
    """Name of the field"""
    value: str
    """Value of the field"""
    code: str
    """Code of the mistake"""
    severity: str
    """Severity of the mistake"""
    remedy: str
    """How to correct it, such as `write 1 to 100`"""


class ClockPreview(Answer):
    """The clocks of a ticket under draft terms."""

    as_of: Instant
    """Instant as of which the clocks are calculated"""
    clocks: list[PreviewedClock]
    """The clocks; empty if the ticket's events contradict each other"""
    inconsistent: str | None
    """How the events contradict each other; null if they do not"""
    exchanges: PreviewedUpdateExchanges | None
    """For update clocks: how messages were answered; null if none was"""
    findings: list[DraftFinding]
    """Likely mistakes in the draft terms"""
    calendars: list[ICalendarFileReport] = ABSENT
    """For each iCalendar file in the service hours: its holidays, and the events left out"""


class BurnRateConsequences(Answer):
    """What a burn rate means under the objective and the period of the request."""

    factor: Exact
    """The burn rate: how many times faster than allowed the budget is used"""
    threshold: Exact
    """Share of bad events or bad time that causes this burn rate, exact, between 0 and 1"""
    exhausted_after: Length | None
    """Time after which this burn rate has used up a whole budget; null for an objective of 100 percent"""
    lowest_objective: Exact
    """Under a lower objective this burn rate cannot be reached, even if everything is bad; exact, between 0 and 1"""
    can_fire: bool
    """Whether a higher burn rate than this one is possible"""


class BurnRatePairAnswer(BurnRateConsequences):
    """A burn rate warning. It is raised if the burn rate is too high both over a long and over a short window."""

    long: Length
    """Length of the long window"""
    short: Length
    """Length of the short window"""
    short_over_long: Exact
    """Length of the short window ÷ length of the long window, exact"""
    budget_spent: Exact | None
    """Share of the budget that is used when the pair warns; null for an objective of 100 percent"""
    detected_after: Length | None
    """Time after which an outage with the requested `bad_share` makes the pair warn; null if it never does"""
    warns: bool | None
    """Whether the requested `rate` makes the pair warn; null if no rate was given"""


class DroppedBurnRatePair(BurnRatePairAnswer):
    """A default burn rate warning that is left out, with the reason."""

    cause: str
    """Why the pair is left out"""


class BudgetDropAnswer(Answer):
    """A warning that is raised if a given share of the budget is used within a given time."""

    by: Exact
    """The used share of the budget, percent, exact"""
    within: Length
    """The time within which the share is used"""
    burn_rate: Exact
    """The equivalent burn rate, exact"""
    warns: bool | None
    """Whether the requested `rate` raises the warning; null if no rate was given, or for an objective of 100 percent"""


class ExhaustionWarning(Answer):
    """A warning that is raised if the budget will be used up within a given time."""

    under: Length
    """The warning is raised if less time than this is left"""
    burn_rate: Exact
    """The burn rate that uses up a whole budget within the time `under`, exact"""
    warns: bool | None
    """Whether the requested `rate` raises the warning; null if no rate was given, or for an objective of 100 percent"""


class BurnRatePreview(Answer):
    """The burn rate warnings that an objective gets over a period, and what a given burn rate means."""

    objective: Exact
    """The objective, exact, between 0 and 1"""
    period: Length
    """The period for which there is one budget"""
    budget_share: Exact | None
    """The budget as a share of events or time, exact, between 0 and 1; null for an objective of 100 percent"""
    highest_burn_rate: Exact | None
    """The burn rate if everything is bad, exact; null for an objective of 100 percent"""
    pairs: list[BurnRatePairAnswer]
    """The burn rate warnings over a long and a short window"""
    dropped: list[DroppedBurnRatePair]
    """Default warnings that are left out, because they could never fire or add nothing"""
    rate: BurnRateConsequences | None
    """What the requested `rate` means; null if no rate was given"""
    budget_drop: list[BudgetDropAnswer]
    """Warnings that a share of the budget is used within a time"""
    time_to_exhaustion: list[ExhaustionWarning]
    """Warnings that the budget will be used up soon"""


class ItemOfFile(Answer):
    """A measurement that a mapping reads in a record of a file."""

    row: int
    """Line at which the record ends, or its number in a JSON list, from 1"""
    item: Document
    """The measurement, as `POST /api/v1/measurements` takes it"""


class RowSetAside(Answer):
    """A record of a file that cannot be sent, with the remedy."""

    row: int
    """Line at which the record ends, or its number in a JSON list, from 1"""
    field: str
    """The column that is wrong; empty: the whole record cannot be read"""
    value: Any
    """The value in the file, shortened if it is long"""
    remedy: str
    """What to write instead"""


class FilePreview(Answer):
    """The measurements that a mapping finds in a file, and the records that cannot be sent. Nothing is stored."""

    records: int
    """Number of records in the file; 0 if there are `errors`"""
    items: list[ItemOfFile]
    """The measurements that can be sent, in the order of the file"""
    indicators: list[Document]
    """For each indicator of these measurements the body of `POST /api/v1/indicators` that registers it"""
    set_aside: list[RowSetAside]
    """The records that cannot be sent; the others can"""
    notes: list[str]
    """What the mapping leaves out or counts once, and why"""
    errors: list[ItemFault]
    """What is wrong with the mapping or with the whole file, each with field, value and remedy"""
