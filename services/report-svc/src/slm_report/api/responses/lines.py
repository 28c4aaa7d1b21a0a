"""The lines of a report: one target in one window, agreed against attained."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import Answer
from slm_report.api.responses.shapes import Document, Exact, Instant, TimeInterval

LineVerdict = Literal["met", "at_risk", "breached", "no_data", "not_applicable", "open", "no_breach"]


class ReportedFigure(Answer):
    """A number, exact and for people."""

    exact: Exact | None
    """The exact number, in the objective's unit; null if there is none"""
    display: str
    """With four decimals, rounded so that it never looks better than it is; `–` where there is none"""


class LateTicketLine(Answer):
    """A ticket that missed its deadline."""

    ticket: str
    """The ticket: source and number, joined by `/`"""
    deadline_at: Instant | None
    """Its deadline; null if it is not known"""
    ended_at: Instant | None
    """When its clock ended; null while it is open"""
    took_seconds: int | None
    """Seconds it took, counted as the objective counts; null while it is open"""
    late_seconds: int | None
    """Seconds on the wall clock after its deadline, of an open ticket so far; null if the deadline is not known"""


class TicketSummary(Answer):
    """The tickets whose clock ended in the period."""

    judged: int
    """How many there are"""
    met: int
    """How many met their deadline"""
    breached: int
    """How many missed it"""
    share: Exact | None
    """Percent of them that met it, exact; null without tickets"""
    share_display: str
    """The same number for people; `–` without tickets"""
    took: dict[str, int]
    """Percentile (`50`, `90`, `95`) to seconds: this percentage of the tickets took at most this long"""
    late: list[LateTicketLine]
    """Those that missed it, the latest first, 200 at most"""


class UncountedTime(TimeInterval):
    """Approved time that is not excluded."""

    because: str
    """`announced_late`: its notice was too short; `past_cap`: the agreed cap is used up"""
    detail: str
    """The reason in words, with the notice or the cap"""


class LineExclusion(Answer):
    """Time that does not count in the window."""

    exclusion_id: str
    """Id of the exclusion"""
    kind: str
    """`planned`, `force_majeure`, `customer_caused` or `claim`"""
    seconds: int
    """Seconds of the window that do not count because of it"""
    seconds_display: str
    """The same in words, such as `1 h 30 min`"""
    reason: str | None
    """The reason given with the request or the decision; null if the decision is not known to this service"""
    requested_by: str | None
    """Name of the party that asked for it; null if it is not known to this service"""
    decided_by: str | None
    """Name of the party that approved it, or how it was approved automatically; null if not known here"""
    decided_at: Instant | None
    """When it was approved; null if it is not known to this service"""
    intervals: list[TimeInterval]
    """The approved time"""
    uncounted: list[UncountedTime]
    """The part of it that is not excluded, and why"""
    revoked_at: Instant | None
    """When it was revoked; null while it is valid"""


class FigureBefore(Answer):
    """A window as it was published before it was restated."""

    verdict: str | None
    """Its verdict"""
    figure: Exact | None
    """Its figure, exact, in the objective's unit; null without one"""
    figure_display: str | None
    """Its figure for people"""
    revision: int | None
    """The revision of the window that had it"""


class Restatement(Answer):
    """Why the figure of a closed window was changed, and what it was before."""

    cause: str
    """`fact`, `exclusion`, `dispute` or `terms`"""
    before: FigureBefore
    """What was published before"""


class ReportLineAnswer(Answer):
    """One target in one window, or over the period if it has no calendar windows."""

    target_id: str
    """Id of the target"""
    target_key: str
    """The target's key in the agreement"""
    title: str
    """The target's title in the agreement"""
    agreement_version: int
    """The version of the agreement by which it is judged"""
    basis: Literal["window", "rolling", "tickets"]
    """The kind of the line: a calendar window, a rolling window, or tickets"""
    aggregation: str
    """How the figure is computed, such as `availability`"""
    window_id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one, the period of tickets"""
    window_start_at: Instant
    """Where the window begins"""
    window_end_at: Instant
    """Where the window ends"""
    closed: bool
    """Whether the window is closed, so that its figure is final"""
    verdict: LineVerdict
    """For a closed window its verdict, of an open one as of `as_of`; `open` if not yet known; `no_breach` of a rolling
    target that was not breached in the period
    """
    objective: Document
    """The objective as the agreement writes it, such as `at_least` 99.9 `unit` percent"""
    agreed: str
    """The objective in words"""
    unit: str
    """Unit of the figures; empty where they have none"""
    service_hours: str
    """Names of the service hours in which it counts"""
    weight: Exact
    """The target's weight among the others, exact"""
    attained: ReportedFigure
    """What was attained"""
    raw: ReportedFigure
    """The same before exclusions"""
    baseline: ReportedFigure
    """What was attained before the agreement, as the agreement states it"""
    trend: ReportedFigure
    """Mean of the figures of the last closed windows, six at most"""
    trend_windows: int
    """For how many windows the trend is the mean"""
    variance: ReportedFigure
    """Distance of the figure from the objective; negative if it is missed"""
    budget_consumed_percent: ReportedFigure
    """How much of the budget is used, percent"""
    good: str | None
    """Numerator of a figure that is a share, exact; null for others"""
    total: str | None
    """Denominator of a figure that is a share, exact; null for others"""
    downtime_seconds: int | None
    """Seconds of downtime; null if no time counts"""
    excluded_seconds: int | None
    """Seconds that do not count because of exclusions; null if no time counts"""
    unknown_seconds: int | None
    """Seconds of which the state is not known; null if no time counts"""
    measured: str
    """The measured values in words, such as `43 min 12 s down of 30 d`; empty if there is nothing to say"""
    exclusions: list[LineExclusion]
    """The exclusions of the window, with their approval"""
    coverage_percent: Exact | None
    """Share of the time or events that is known, percent, exact; null if unknown"""
    as_of: Instant | None
    """The instant of a figure to date; null for a figure that was established when the window closed"""
    tickets: TicketSummary | None
    """The tickets of the period, if the target is of tickets; else null"""
    revision: int | None
    """The revision of the closed window; null for an open one"""
    restated: Restatement | None
    """Why the window's figure was changed after its closing; null if it was not"""
    breach_ids: list[str]
    """Ids of the breaches of this line; `breaches` of the report has them"""
    risk_ids: list[str]
    """Ids of the warnings of this line; `risks` of the report has them"""
