"""Answers about windows of targets: their present figures, published revisions, and course over time."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import ABSENT, Answer
from slm_monitor.api.responses.shapes import (
    Budget,
    Document,
    Exact,
    ExcludedSeconds,
    Instant,
    Verdict,
    WindowAcceptance,
)

RestatementCause = Literal["fact", "exclusion", "dispute", "terms"]


class WindowSums(Answer):
    """The sums behind a figure. Which members there are depends on the target's aggregation."""

    raw_figure: Exact | None = ABSENT
    """The figure before exclusions, exact, in the objective's unit"""
    service_time: int = ABSENT
    """Service time of the window less exclusions, microseconds"""
    up: int = ABSENT
    """Time up, microseconds"""
    down: int = ABSENT
    """Time down, microseconds"""
    unknown: int = ABSENT
    """Service time of which the state is not known, microseconds"""
    excluded: int = ABSENT
    """What does not count because of exclusions: microseconds of time, or a number of events"""
    outside_service_hours: int = ABSENT
    """How many events lie outside service hours"""
    good: int | Exact = ABSENT
    """Good events; of time slices the good ones, exact"""
    bad: int = ABSENT
    """Bad events"""
    total: int = ABSENT
    """All events"""
    number: int = ABSENT
    """How many values, ratings or occurrences there are"""
    sum: Exact = ABSENT
    """Sum of the values, exact, in the indicator's unit"""
    mean: Exact | None = ABSENT
    """Mean of the values, exact, in the indicator's unit"""
    max: Exact | None = ABSENT
    """Greatest value, exact, in the indicator's unit"""
    min: Exact | None = ABSENT
    """Least value, exact, in the indicator's unit"""
    scores: dict[str, int] = ABSENT
    """For ratings: how often each score was given"""
    promoters: int = ABSENT
    """For a net promoter score: how many promoters there are"""
    detractors: int = ABSENT
    """For a net promoter score: how many detractors there are"""
    net: int = ABSENT
    """For a net promoter score: promoters less detractors"""
    scheduled: int = ABSENT
    """Time slices of the window's service time"""
    judged: int = ABSENT
    """Time slices, or tickets, that count in the figure"""
    over: bool = ABSENT
    """For time slices: whether the window is over and can be closed"""
    met: int = ABSENT
    """Tickets that met their clock"""
    missed: int = ABSENT
    """Tickets that missed their clock"""
    inconsistent: int = ABSENT
    """Tickets in no figure, as their events contradict each other"""
    inconsistent_tickets: int = ABSENT
    """Tickets in no figure, as their events contradict each other"""
    outages: int = ABSENT
    """Outages that began in the window"""
    counted: int = ABSENT
    """Outages that lasted so long that they count"""
    allowed: Exact = ABSENT
    """How many outages the objective allows"""
    recoveries: int = ABSENT
    """Recoveries that count"""
    within_limits: int = ABSENT
    """Recoveries that kept the agreed limits"""
    tests: int = ABSENT
    """Recoveries that were exercises"""
    longest_minutes: Exact | None = ABSENT
    """The longest recovery in minutes, exact; null without one"""
    mean_minutes: Exact | None = ABSENT
    """The mean recovery in minutes, exact; null without one"""
    most_minutes_lost: Exact | None = ABSENT
    """The most data lost in minutes, exact; null if unknown"""
    rule: str | Document = ABSENT
    """For a composite: its rule, as the agreement writes it"""
    of: str = ABSENT
    """For a composite: what its members contribute: states, figures or verdicts"""
    members: int | list[str | None] = ABSENT
    """For a composite: how many members it has, or their verdicts or figures in the agreed order"""
    needed: int = ABSENT
    """For a composite of verdicts: how many members have to be met"""
    kept: int = ABSENT
    """For a rolling composite of verdicts: how many members are met"""
    budget: Exact | None = ABSENT
    """The whole budget: microseconds of downtime, or time slices; null if there is none"""
    consumed_percent: Exact | None = ABSENT
    """How much of the budget is used, percent, exact"""
    burn_rate: Exact | None = ABSENT
    """How many times faster than allowed the budget is used, exact"""
    exhausted_at: Instant | None = ABSENT
    """When the budget was used up; null if it is not"""
    projected_at: Instant | None = ABSENT
    """When it will be used up at the present pace; null if never"""
    coverage_percent: Exact | None = ABSENT
    """Share of the time or events that is known, percent, exact"""
    exclusions: list[ExcludedSeconds] = ABSENT
    """The exclusions that lie in the window"""
    overturned: list[str] = ABSENT
    """Limits that were not missed, as a dispute decided"""
    untold: int = ABSENT
    """Values in histograms whose buckets do not show how to count them"""
    reason: str = ABSENT
    """Why there is no figure, and what to send instead"""
    judged_to: int = ABSENT
    """For a rolling window: the last minute judged, counted from 1970"""


class PublishedFigure(Answer):
    """The earlier published figure of a window."""

    verdict: Verdict
    """The verdict"""
    figure: Exact | None
    """The figure, exact, in the objective's unit"""
    figure_display: str = ABSENT
    """The figure for people; – without one"""
    revision: int = ABSENT
    """The revision"""
    good: str = ABSENT
    """Numerator of the figure"""
    total: str = ABSENT
    """Denominator of the figure"""


class WindowRevisionAnswer(Answer):
    """The closing of a window, or a restatement of it, as it was published."""

    revision: int
    """0 of the closing; one more for each restatement"""
    published_at: Instant
    """When it was published"""
    version: int
    """The version of the agreement by which it was judged"""
    verdict: Verdict
    """The verdict"""
    figure: Exact | None
    """The figure, exact, in the objective's unit; null without one"""
    figure_display: str
    """The figure for people; – without one"""
    cause: RestatementCause | None
    """What changed a closed window; null for its closing"""
    before: PublishedFigure | None
    """What was published before; null for the closing"""


class WindowAdjustmentAnswer(Answer):
    """The change that later facts would make to an accepted window. It counts in the period that was open then."""

    window_id: str
    """The accepted window, such as `2026-10`"""
    number: int
    """Counts the window's adjustments from 1"""
    booked_in_window_id: str | None
    """The window that the difference counts in; null if none is open"""
    published_at: Instant
    """When it was published"""
    verdict: Verdict
    """The verdict with the later facts"""
    figure: Exact | None
    """The figure with the later facts, exact, in the objective's unit"""
    figure_display: str
    """That figure for people; – without one"""
    good: str
    """Numerator of that figure"""
    total: str
    """Denominator of that figure"""
    difference: Exact | None
    """Difference between the figure and the one before, exact, in its unit"""
    cause: RestatementCause
    """What changed it"""
    before: PublishedFigure
    """What was accepted, or the adjustment before"""


class WindowAnswer(Answer):
    """A window of a target, with all its published revisions.

    With ``known_at`` it shows what was known then, and has neither ``closed_at`` nor what came later.
    """

    target_id: str = ABSENT
    """Id of the target; left out with `known_at`"""
    window_id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one"""
    version: int
    """The version of the agreement by which it is judged"""
    start_at: Instant
    """Where it begins"""
    end_at: Instant
    """Where it ends; of a rolling window the end of all time"""
    verdict: Verdict | None
    """Its verdict; null if later terms have undone the window"""
    good: int = ABSENT
    """Numerator of the figure: microseconds up, good events or tickets met"""
    total: int = ABSENT
    """Denominator of the figure: microseconds, events or tickets that count"""
    figure: Exact | None
    """The figure, exact, in the objective's unit; null without one"""
    figure_display: str
    """The figure for people; – without one"""
    detail: WindowSums
    """The sums behind the figure"""
    closed_at: Instant | None = ABSENT
    """When it was closed; null while it is open"""
    revision: int = ABSENT
    """How often it was restated since it was closed"""
    as_of: Instant
    """Instant up to which it is judged"""
    known_at: Instant = ABSENT
    """With `known_at`: the instant that was asked for"""
    revisions: list[WindowRevisionAnswer]
    """Its published revisions, the oldest first"""
    in_record: bool = ABSENT
    """Whether its facts are still kept, so that it can be explained"""
    accepted: WindowAcceptance | None = ABSENT
    """Acceptance by both parties; null if not accepted"""
    adjustments: list[WindowAdjustmentAnswer] = ABSENT
    """The changes that later facts would make to the accepted window"""
    booked: list[WindowAdjustmentAnswer] = ABSENT
    """Adjustments of others that count in this window"""


class ClosedFigure(Answer):
    """The figure of a closed window."""

    window_id: str
    """The window, such as `2026-11`"""
    version: int
    """The version of the agreement by which it was judged"""
    start_at: Instant
    """Where it begins"""
    end_at: Instant
    """Where it ends"""
    verdict: Verdict
    """Its verdict"""
    figure: Exact | None
    """The figure, exact, in the objective's unit; null without one"""
    figure_display: str
    """The figure for people; – without one"""
    good: int
    """Numerator of the figure: microseconds up, good events or tickets met"""
    total: int
    """Denominator of the figure: microseconds, events or tickets that count"""
    revision: int
    """How often it was restated since it was closed"""
    closed_at: Instant
    """When it was closed"""
    accepted: WindowAcceptance | None
    """Acceptance by both parties; null if not accepted"""
    adjustments: list[WindowAdjustmentAnswer]
    """The changes that later facts would make to it"""


class BudgetPoint(Answer):
    """Figure and budget of a window at an instant within it."""

    at: Instant
    """The instant"""
    figure: Exact | None
    """The figure by then, exact, in the objective's unit; null without one"""
    figure_display: str
    """The figure for people; – without one"""
    budget: Budget | None
    """The budget by then; null if there is none"""
    burn_rate: Exact | None
    """How many times faster than allowed the budget was used by then, exact; null if unknown"""


class BudgetSeries(Answer):
    """The course of a window's budget."""

    target_id: str
    """Id of the target"""
    window_id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one"""
    points: list[BudgetPoint]
    """Figure and budget at the end of each step, the earliest first"""
