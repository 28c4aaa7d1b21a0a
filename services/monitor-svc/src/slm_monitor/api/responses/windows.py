"""Answers about windows of targets: figures, sums, published revisions, adjustments, and the budget over time."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.record_marks import OnRecordAnswer
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
    """The sums from which a figure is calculated. Which members are present depends on the target's aggregation."""

    raw_figure: Exact | None = ABSENT
    """The figure without exclusions, exact, in the objective's unit"""
    service_time: int = ABSENT
    """Service time of the window less exclusions, microseconds"""
    up: int = ABSENT
    """Time up, microseconds"""
    down: int = ABSENT
    """Time down, microseconds"""
    unknown: int = ABSENT
    """Service time in which the state is not known, microseconds"""
    ignored: int = ABSENT
    """Downtime that counts as up because its outages are too short (`ignore_outages_shorter_than`), microseconds"""
    excluded: int = ABSENT
    """Left out because of exclusions: a time in microseconds, or a number of events"""
    outside_service_hours: int = ABSENT
    """Number of events outside service hours"""
    good: int | Exact = ABSENT
    """Number of good events or, for a target of time slices, of good slices, exact"""
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
    """Time slices, or tickets, that are included in the figure"""
    over: bool = ABSENT
    """For time slices: whether the window has ended and can be closed"""
    met: int = ABSENT
    """Tickets whose clock met its deadline"""
    missed: int = ABSENT
    """Tickets whose clock missed its deadline"""
    inconsistent: int = ABSENT
    """Tickets left out of the figure, because their events contradict each other"""
    inconsistent_tickets: int = ABSENT
    """Tickets left out of the figure, because their events contradict each other"""
    outages: int = ABSENT
    """Outages that began in the window"""
    counted: int = ABSENT
    """Outages that lasted long enough to count"""
    allowed: Exact = ABSENT
    """How many outages the objective allows"""
    recoveries: int = ABSENT
    """Recoveries that are included in the figure"""
    within_limits: int = ABSENT
    """Recoveries that kept the agreed limits"""
    tests: int = ABSENT
    """Recoveries that were exercises"""
    longest_minutes: Exact | None = ABSENT
    """The longest recovery in minutes, exact; null if there is none"""
    mean_minutes: Exact | None = ABSENT
    """The mean recovery in minutes, exact; null if there is none"""
    most_minutes_lost: Exact | None = ABSENT
    """The most data lost in minutes, exact; null if unknown"""
    rule: str | Document = ABSENT
    """For a composite: its rule, as the agreement writes it"""
    of: str = ABSENT
    """For a composite: the kind of result that its members contribute: states, figures or verdicts"""
    members: int | list[str | None] = ABSENT
    """For a composite: how many members it has, or their verdicts or figures in the agreed order"""
    needed: int = ABSENT
    """For a composite of verdicts: how many members have to be met"""
    kept: int = ABSENT
    """For a rolling composite of verdicts: how many members are met"""
    budget: Exact | None = ABSENT
    """The whole budget: microseconds of downtime, or time slices; null if there is none"""
    consumed_percent: Exact | None = ABSENT
    """Used share of the budget, percent, exact"""
    burn_rate: Exact | None = ABSENT
    """How many times faster than allowed the budget is used, exact"""
    exhausted_at: Instant | None = ABSENT
    """When the budget was used up; null if it is not"""
    projected_at: Instant | None = ABSENT
    """When the budget will be used up at the present pace; null if never"""
    coverage_percent: Exact | None = ABSENT
    """Known share of the window so far, percent, exact: of the time in which the state is known, of the minutes near a
    measurement, of the slices or of the tickets that are judged"""
    no_data_reason: Literal["insufficient_coverage"] = ABSENT
    """Why a window with a figure has no verdict: less of it is known than the terms ask for"""
    exclusions: list[ExcludedSeconds] = ABSENT
    """The exclusions with time in the window"""
    overturned: list[str] = ABSENT
    """Levels (`objective`, `unacceptable`) that were not missed, as a dispute decided"""
    untold: int = ABSENT
    """Number of values in histograms whose buckets do not show whether the values are good"""
    reason: str = ABSENT
    """Why there is no figure, and what to send instead"""
    judged_to: int = ABSENT
    """For a rolling window: the last evaluated minute, in minutes since 1970"""


class PublishedFigure(Answer):
    """The figure of a window before a restatement or an adjustment changed it."""

    verdict: Verdict
    """The verdict of the earlier revision"""
    figure: Exact | None
    """The figure, exact, in the objective's unit"""
    figure_display: str = ABSENT
    """The figure as text for people; – if there is none"""
    revision: int = ABSENT
    """Revision of the window"""
    good: str = ABSENT
    """Numerator of the figure"""
    total: str = ABSENT
    """Denominator of the figure"""


class WindowRevisionAnswer(Answer):
    """A published revision of a window: its closing, or a later restatement."""

    revision: int
    """0 for the closing; one more for each restatement"""
    published_at: Instant
    """When the revision was published"""
    version: int
    """Version of the agreement whose terms applied"""
    verdict: Verdict
    """The verdict"""
    figure: Exact | None
    """The figure, exact, in the objective's unit; null if there is none"""
    figure_display: str
    """The figure as text for people; – if there is none"""
    cause: RestatementCause | None
    """What changed the closed window; null for the closing itself"""
    before: PublishedFigure | None
    """The figure published before; null for the closing"""


class WindowAdjustmentAnswer(Answer):
    """The change that later facts would make to an accepted window. The change is booked in the window that is open
    when the adjustment is published.
    """

    window_id: str
    """The accepted window, such as `2026-10`"""
    number: int
    """Counts the window's adjustments from 1"""
    booked_in_window_id: str | None
    """Id of the window in which the difference is booked; null if none is open"""
    published_at: Instant
    """When the adjustment was published"""
    verdict: Verdict
    """The verdict with the later facts"""
    figure: Exact | None
    """The figure with the later facts, exact, in the objective's unit"""
    figure_display: str
    """The figure with the later facts as text for people; – if there is none"""
    good: str
    """Numerator of the figure with the later facts"""
    total: str
    """Denominator of the figure with the later facts"""
    difference: Exact | None
    """The figure with the later facts minus the figure in `before`, exact, in the objective's unit"""
    cause: RestatementCause
    """What changed the figure"""
    before: PublishedFigure
    """The accepted figure, or the figure of the adjustment before"""


class WindowAnswer(Answer):
    """A window of a target, with all its published revisions.

    With ``known_at``, the window is shown as it was known at that instant, and fields about its closing and acceptance
    are left out.
    """

    on_record: OnRecordAnswer = ABSENT
    """Only of an agreement on record: who recorded it, and who has not confirmed it"""
    target_id: str = ABSENT
    """Id of the target; left out with `known_at`"""
    window_id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one"""
    version: int
    """Version of the agreement whose terms apply"""
    start_at: Instant
    """Start of the window"""
    end_at: Instant
    """End of the window; of a rolling window an instant in the year 9999"""
    verdict: Verdict | None
    """Verdict of the window; null if later terms have removed the window"""
    good: int = ABSENT
    """Numerator of the figure: microseconds up, good events or tickets met"""
    total: int = ABSENT
    """Denominator of the figure: all microseconds, events or tickets that are included in the figure"""
    figure: Exact | None
    """The figure, exact, in the objective's unit; null if there is none"""
    figure_display: str
    """The figure as text for people; – if there is none"""
    detail: WindowSums
    """The sums behind the figure"""
    closed_at: Instant | None = ABSENT
    """When the window was closed; null while it is open"""
    revision: int = ABSENT
    """How often the window was restated after its closing"""
    as_of: Instant
    """Instant up to which facts were evaluated"""
    known_at: Instant = ABSENT
    """With `known_at`: the requested instant"""
    revisions: list[WindowRevisionAnswer]
    """Published revisions of the window, the oldest first"""
    in_record: bool = ABSENT
    """Whether the window's facts are still stored, so that the window can be explained"""
    accepted: WindowAcceptance | None = ABSENT
    """Acceptance by both parties; null if not accepted"""
    adjustments: list[WindowAdjustmentAnswer] = ABSENT
    """The changes that later facts would make to the accepted window"""
    booked: list[WindowAdjustmentAnswer] = ABSENT
    """Adjustments of other windows that are booked in this window"""


class ClosedFigure(Answer):
    """The figure of a closed window, as published last."""

    on_record: OnRecordAnswer = ABSENT
    """Only of an agreement on record: who recorded it, and who has not confirmed it"""
    window_id: str
    """The window, such as `2026-11`"""
    version: int
    """Version of the agreement whose terms applied"""
    start_at: Instant
    """Start of the window"""
    end_at: Instant
    """End of the window"""
    verdict: Verdict
    """Verdict of the window"""
    figure: Exact | None
    """The figure, exact, in the objective's unit; null if there is none"""
    figure_display: str
    """The figure as text for people; – if there is none"""
    good: int
    """Numerator of the figure: microseconds up, good events or tickets met"""
    total: int
    """Denominator of the figure: all microseconds, events or tickets that are included in the figure"""
    revision: int
    """How often the window was restated after its closing"""
    closed_at: Instant
    """When the window was closed"""
    accepted: WindowAcceptance | None
    """Acceptance by both parties; null if not accepted"""
    adjustments: list[WindowAdjustmentAnswer]
    """The changes that later facts would make to the window"""


class BudgetPoint(Answer):
    """Figure and budget of a window at one instant within the window."""

    at: Instant
    """The instant"""
    figure: Exact | None
    """The figure at that instant, exact, in the objective's unit; null if there is none"""
    figure_display: str
    """The figure as text for people; – if there is none"""
    budget: Budget | None
    """The budget at that instant; null if there is none"""
    burn_rate: Exact | None
    """How many times faster than allowed the budget was used at that instant, exact; null if unknown"""


class BudgetSeries(Answer):
    """The figure and the budget of a window over time, for charts."""

    target_id: str
    """Id of the target"""
    window_id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one"""
    points: list[BudgetPoint]
    """Figure and budget at the end of each step, the earliest first"""
