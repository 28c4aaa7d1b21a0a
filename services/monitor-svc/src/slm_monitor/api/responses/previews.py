"""Answers of previews: terms tried on facts that come with the request."""

from __future__ import annotations

from pydantic import Field

from slm_chassis.http.response_models import ABSENT, Answer
from slm_monitor.api.responses.clocks import ClockState, ClockVerdict, SegmentKind, SegmentSums, TwofoldLength
from slm_monitor.api.responses.explanations import FigureDerivation, ReliabilityAnswer
from slm_monitor.api.responses.shapes import Budget, Document, Exact, Instant, Length, Verdict


class LeftOutEvent(Answer):
    """An event of an iCalendar file that gave no holiday."""

    event: str
    """Its name in the file, or its line"""
    begins: str
    """Where it begins, as the file writes it"""
    why: str
    """Why it gave none"""


class CalendarAccount(Answer):
    """A report on the holidays from an iCalendar file."""

    entry: str
    """Place of the file in the service hours"""
    events: int
    """How many events it has"""
    taken: int
    """How many of them gave a holiday"""
    left_out: list[LeftOutEvent]
    """The first of those that gave none"""
    more_left_out: int = ABSENT
    """How many more gave none"""


class PreviewedSpan(Answer):
    """The window that was tried."""

    start: Instant = Field(alias="from")
    """Where it begins"""
    end: Instant = Field(alias="to")
    """Where it ends"""
    length: Length
    """How long it is"""


class WindowPreview(Answer):
    """A window under draft terms: figure, budget, verdict, and how they come about.

    A composite of verdicts has no figure of its own, and only its ``members`` are explained.
    """

    window: PreviewedSpan
    """The window that was tried"""
    figure: Exact | None = ABSENT
    """The figure, exact; of shares a share of one; null without one"""
    figure_display: str = ABSENT
    """The figure for people, in the objective's unit; – without one"""
    objective: Exact | None = ABSENT
    """The objective, exact; of shares a share of one"""
    verdict: Verdict
    """The verdict"""
    breached_at: Instant | None = ABSENT
    """First instant at which it is certain that the objective is missed; null if it is not"""
    budget: Budget | None = ABSENT
    """The error budget and how much of it is used; null if there is no budget"""
    burn_rate: Exact | None = ABSENT
    """How many times faster than allowed the budget is used, exact; null if unknown"""
    derivation: FigureDerivation = ABSENT
    """From facts to the figure"""
    reliability: ReliabilityAnswer = ABSENT
    """For availability: outages and the times between them"""
    quantile: Exact | None = ABSENT
    """For a quantile: its value, exact, in the indicator's unit; null without one"""
    raw_figure: Exact | None = ABSENT
    """For a series: the figure before exclusions, exact, in the objective's unit; null without one"""
    members: list[WindowPreview] = ABSENT
    """For a composite: its members, each tried by itself"""
    calendars: list[CalendarAccount] = ABSENT
    """The holidays from iCalendar files in the service hours, and the events left out"""


class PreviewedWarning(Answer):
    """When a share of a clock's time is used."""

    percent: int
    """The share, percent"""
    at: Instant
    """When it is used"""


class PreviewedEscalation(Answer):
    """When an escalation is due."""

    offset: Document
    """When, before or after the deadline: `calendar` or `service_time` with a length, or business days"""
    at: Instant
    """When that is"""


class PreviewedSegment(Answer):
    """A part of a clock's time."""

    start: Instant = Field(alias="from")
    """Its first instant"""
    end: Instant = Field(alias="to")
    """The first instant after it"""
    kind: SegmentKind
    """Service time that counts, time outside service hours, or a pause"""
    service_time: Length
    """How much service time it has"""
    cause: str
    """The event or rule that began it: an event of the ticket, or a rule of the service hours"""


class ClockDerivation(Answer):
    """The parts of a clock's time, and their sums."""

    intervals: list[PreviewedSegment]
    """All of its time, without gaps"""
    sums: SegmentSums
    """The sums of its time, by kind"""


class ClockInWindow(ClockDerivation):
    """The part of a clock's time that lies in a window."""

    start: Instant = Field(alias="from")
    """Where the window begins"""
    end: Instant = Field(alias="to")
    """Where the window ends"""


class PreviewedClock(Answer):
    """A clock under draft terms."""

    target: str
    """Key of the target that runs it"""
    clock: str
    """What is timed: response, resolution, update, or a name of the draft's own"""
    ordinal: int
    """Counts the clocks of the same target on the ticket from 0"""
    within: Document
    """The time that it may take: `calendar` or `service_time` with a length, business days, or a date of the ticket"""
    state: ClockState
    """Its state; `completed_late` stopped after its deadline"""
    verdict: ClockVerdict
    """Whether the deadline was kept; `open` while that is not certain"""
    started_at: Instant
    """When it started"""
    original_deadline_at: Instant
    """The deadline without any pause"""
    deadline_at: Instant
    """Its deadline, moved by all pauses so far"""
    stopped_at: Instant | None
    """When it stopped; null while it runs"""
    breached_at: Instant | None
    """When its deadline passed; null if it has not"""
    elapsed: TwofoldLength
    """How long it ran, without pauses"""
    net: TwofoldLength
    """How long it ran without any pause, including pauses after the deadline"""
    paused: TwofoldLength
    """How long it was paused"""
    left: Length
    """What is left until the deadline, with a minus where it has passed"""
    carried: TwofoldLength
    """Time taken over from the target that applied before"""
    warnings: list[PreviewedWarning]
    """When the shares of `warn_at` are used"""
    escalations: list[PreviewedEscalation]
    """When the `escalations` are due"""
    derivation: ClockDerivation
    """Why it has this state"""
    window: ClockInWindow | None
    """The part that lies in `window`; null if none was given"""


class PreviewedExchanges(Answer):
    """For update clocks: how messages were answered."""

    answered: int
    """How many were answered"""
    mean: Length
    """Mean time to an answer, service time"""
    longest: Length
    """Longest time to an answer, service time"""
    met: bool
    """Whether every one was answered in time"""


class DraftFinding(Answer):
    """A likely mistake in the draft."""

    field: str
    """The field"""
    value: str
    """The value there"""
    code: str
    """Which mistake it is"""
    severity: str
    """Severity"""
    remedy: str
    """What to write instead"""


class ClockPreview(Answer):
    """The clocks of a ticket under draft terms."""

    as_of: Instant
    """Instant as of which they are shown"""
    clocks: list[PreviewedClock]
    """The clocks; none where the events contradict each other"""
    inconsistent: str | None
    """How the events contradict each other; null if they do not"""
    exchanges: PreviewedExchanges | None
    """For update clocks: how messages were answered; null if none was"""
    findings: list[DraftFinding]
    """Likely mistakes in the draft"""
    calendars: list[CalendarAccount] = ABSENT
    """The holidays from iCalendar files in the service hours, and the events left out"""


class BurnRateConsequences(Answer):
    """The consequences of a burn rate for this objective and period."""

    factor: Exact
    """The burn rate: how many times faster than allowed the budget is used"""
    threshold: Exact
    """The bad share that causes this burn rate, exact, a share of one"""
    exhausted_after: Length | None
    """The time after which it has used up a whole budget; null for an objective of 100 percent"""
    lowest_objective: Exact
    """Objectives below this one can never reach the rate, even with everything bad; exact, a share of one"""
    can_fire: bool
    """Whether a burn rate above this one is possible"""


class BurnRatePairAnswer(BurnRateConsequences):
    """A burn rate warning over two windows at once."""

    long: Length
    """Length of the long window"""
    short: Length
    """Length of the short window"""
    short_over_long: Exact
    """Short ÷ long window, exact"""
    budget_spent: Exact | None
    """The share of the budget that is used when it warns; null for an objective of 100 percent"""
    detected_after: Length | None
    """The time after which an outage of `bad_share` makes it warn; null if it never does"""
    warns: bool | None
    """Whether `rate` makes it warn; null if no rate was given"""


class DroppedBurnRatePair(BurnRatePairAnswer):
    """A default warning that is left out."""

    cause: str
    """Why it is left out"""


class BudgetDropAnswer(Answer):
    """A warning of a share of the budget that is used within a time."""

    by: Exact
    """The share, percent, exact"""
    within: Length
    """The time"""
    burn_rate: Exact
    """The equivalent burn rate, exact"""
    warns: bool | None
    """Whether `rate` makes it warn; null if no rate was given, or for an objective of 100 percent"""


class ExhaustionWarning(Answer):
    """A warning that the budget will be used up soon."""

    under: Length
    """It warns where less time than this is left"""
    burn_rate: Exact
    """The equivalent burn rate with a whole budget, exact"""
    warns: bool | None
    """Whether `rate` makes it warn; null if no rate was given, or for an objective of 100 percent"""


class BurnRatePreview(Answer):
    """The burn rate warnings of an objective."""

    objective: Exact
    """The objective, exact, a share of one"""
    period: Length
    """The time that a budget is for"""
    budget_share: Exact | None
    """The budget, exact, a share of one; null for an objective of 100 percent"""
    highest_burn_rate: Exact | None
    """The burn rate with everything bad, exact; null for an objective of 100 percent"""
    pairs: list[BurnRatePairAnswer]
    """The burn rate warnings over two windows at once"""
    dropped: list[DroppedBurnRatePair]
    """Default warnings that are left out, as they could never fire or would say nothing new"""
    rate: BurnRateConsequences | None
    """The consequences of `rate`; null if none was given"""
    budget_drop: list[BudgetDropAnswer]
    """Warnings of a share of the budget that is used within a time"""
    time_to_exhaustion: list[ExhaustionWarning]
    """Warnings that the budget will be used up soon"""
