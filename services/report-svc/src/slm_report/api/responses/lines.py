"""Response models of a report's lines: one target in one window, agreed against attained."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import ABSENT, Answer
from slm_report.api.responses.shapes import Document, Exact, Instant, TimeInterval

LineVerdict = Literal["met", "at_risk", "breached", "no_data", "not_applicable", "open", "no_breach"]


class ReportedFigure(Answer):
    """A figure of a report line, as an exact number and as text for people."""

    exact: Exact | None
    """The exact number, in the objective's unit; null if there is none"""
    display: str
    """The number with four decimals, rounded so that it never looks better than it is; `–` where there is none"""


class LateTicketLine(Answer):
    """A ticket of a report line that missed its deadline."""

    ticket: str
    """The ticket: source and number, joined by `/`"""
    deadline_at: Instant | None
    """The ticket's deadline; null if it is not known"""
    ended_at: Instant | None
    """When the ticket's clock ended; null while it is running"""
    took_seconds: int | None
    """Seconds that the ticket took, in the kind of time of the objective; null while it is open"""
    late_seconds: int | None
    """Seconds of calendar time from the deadline to the ticket's end or, while the ticket is open, to the report's
    `as_of`; null if the deadline is not known
    """


class TicketSummary(Answer):
    """The tickets of a report line: how many met or missed their deadline in the period, and how long they took."""

    judged: int
    """Number of tickets that met or missed their deadline"""
    met: int
    """Number of tickets that met their deadline"""
    breached: int
    """Number of tickets that missed their deadline"""
    share: Exact | None
    """Percentage of the tickets that met their deadline, exact; null without tickets"""
    share_display: str
    """The percentage with four decimals, for people; `–` without tickets"""
    took: dict[str, int]
    """Percentile (`50`, `90`, `95`) → seconds: this percentage of the tickets took at most this long"""
    late: list[LateTicketLine]
    """The tickets that missed their deadline, the most overdue first, 200 at most"""


class ApprovedNotExcludedTime(TimeInterval):
    """Approved time that is nevertheless not excluded, and the reason."""

    because: str
    """`announced_late`: its notice was too short; `past_cap`: the agreed cap was used up"""
    detail: str
    """The reason in words, with the notice or the cap"""


class LineExclusion(Answer):
    """An exclusion within the window of a report line: excluded time, and who asked for and approved it."""

    exclusion_id: str
    """Id of the exclusion"""
    kind: str
    """`planned`, `force_majeure`, `customer_caused` or `claim`"""
    seconds: int
    """Seconds of the window that this exclusion excludes"""
    seconds_display: str
    """The excluded time in words, such as `1 h 30 min`"""
    reason: str | None
    """The reason given with the request or the decision; null if the decision is not known to this service"""
    requested_by: str | None
    """Name of the party that requested the exclusion; null if it is not known to this service"""
    decided_by: str | None
    """Name of the party that approved the exclusion, or how it was approved automatically; null if not known to this
    service
    """
    decided_at: Instant | None
    """When the exclusion was approved; null if it is not known to this service"""
    intervals: list[TimeInterval]
    """The approved time of the exclusion"""
    uncounted: list[ApprovedNotExcludedTime]
    """The part of the approved time that is not excluded, and why"""
    revoked_at: Instant | None
    """When the exclusion was revoked; null while it is valid"""


class ResultBeforeRestatement(Answer):
    """The result of a window as it was published before the window was restated."""

    verdict: str | None
    """The verdict before the restatement"""
    figure: Exact | None
    """The figure before the restatement, exact, in the objective's unit; null without one"""
    figure_display: str | None
    """The figure before the restatement, for people"""
    revision: int | None
    """The revision of the window that had this result"""


class Restatement(Answer):
    """The reason why the figure of a closed window was changed, and the result before."""

    cause: str
    """What changed the figure: `fact`, `exclusion`, `dispute` or `terms`"""
    before: ResultBeforeRestatement
    """The result that was published before"""


class ReportLineAnswer(Answer):
    """A line of a report: one target in one window, or over the period if the target has no calendar windows."""

    target_id: str
    """Id of the target"""
    target_key: str
    """The target's key in the agreement"""
    title: str
    """The target's title in the agreement"""
    agreement_version: int
    """The version of the agreement by which the target is evaluated"""
    basis: Literal["window", "rolling", "tickets"]
    """The kind of the line: a calendar window, a rolling window, or tickets"""
    aggregation: str
    """How the figure is computed, such as `availability`"""
    window_id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one; for tickets, the name of the report's period"""
    window_start_at: Instant
    """Where the window begins"""
    window_end_at: Instant
    """Where the window ends"""
    closed: bool
    """Whether the window is closed, so that its figure is final"""
    verdict: LineVerdict
    """The published verdict of a closed window, or the verdict of an open one at `as_of`; `open` if not yet known;
    `no_breach` for a rolling target that was not breached in the period
    """
    objective: Document
    """The objective as the agreement writes it, such as `{"at_least": "99.9", "unit": "percent"}`"""
    agreed: str
    """The objective in words"""
    unit: str
    """Unit of the figures; empty where they have none"""
    service_hours: str
    """Names of the service hours by which the target is evaluated"""
    weight: Exact
    """The target's weight among the others, exact"""
    attained: ReportedFigure
    """The figure that was attained"""
    raw: ReportedFigure
    """The attained figure as it would be without exclusions"""
    baseline: ReportedFigure
    """The figure that was attained before the agreement, as the agreement states it"""
    trend: ReportedFigure
    """Mean of the figures of the last closed windows, at most six"""
    trend_windows: int
    """The number of windows of which the trend is the mean"""
    variance: ReportedFigure
    """Distance of the attained figure from the objective; negative if the objective is missed"""
    budget_consumed_percent: ReportedFigure
    """The share of the error budget that is used, in percent"""
    good: str | None
    """Numerator of a figure that is a share, exact; null for other figures"""
    total: str | None
    """Denominator of a figure that is a share, exact; null for other figures"""
    downtime_seconds: int | None
    """Seconds of downtime; null if the target does not measure time"""
    excluded_seconds: int | None
    """Seconds that exclusions exclude; null if the target does not measure time"""
    unknown_seconds: int | None
    """Seconds in which the state is unknown; null if the target does not measure time"""
    measured: str
    """The measured values in words, such as `43 min 12 s down of 30 d`; empty if there is nothing to say"""
    exclusions: list[LineExclusion]
    """The exclusions within the window, each with its approval"""
    coverage_percent: Exact | None
    """Share of the time or events that is known, in percent, exact; null if the share is unknown"""
    no_data_reason: Literal["insufficient_coverage"] = ABSENT
    """Only if a window with a figure has no verdict: less of the window is known than the target's `min_coverage`"""
    as_of: Instant | None
    """The instant of an open window's figure; null for the figure of a closed window"""
    tickets: TicketSummary | None
    """The tickets of the period, if the target is about tickets; null for other targets"""
    revision: int | None
    """The revision of the closed window; null for an open one"""
    restated: Restatement | None
    """Why the figure was changed after the window had closed; null if it was not"""
    breach_ids: list[str]
    """Ids of the line's breaches; `breaches` of the report has their details"""
    risk_ids: list[str]
    """Ids of the line's warnings; `risks` of the report has their details"""
