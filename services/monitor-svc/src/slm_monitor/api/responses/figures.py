"""Answer of ``GET /api/v1/figures``: all open windows of an agreement as of one instant."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import ABSENT, Answer
from slm_monitor.api.responses.explanations import ReliabilityAnswer
from slm_monitor.api.responses.findings import PublishedBreach, RiskAnswer
from slm_monitor.api.responses.shapes import Budget, Document, Exact, ExcludedSeconds, Instant, Verdict
from slm_monitor.api.responses.windows import WindowSums


class LateTicket(Answer):
    """A ticket whose clock missed its deadline."""

    ticket: str
    """The ticket: its party's id, source and number, joined by `/`"""
    ended_at: Instant
    """When the clock ended"""


class EndedTicketCounts(Answer):
    """The tickets whose clock ended in the window, by outcome."""

    judged: int
    """How many tickets have a clock that ended in the window"""
    met: int
    """How many of these tickets met their deadline"""
    late: list[LateTicket]
    """Tickets that missed their deadline"""


class FigureToDate(Answer):
    """The figure of a window so far, or the tickets of a per-ticket target.

    A per-ticket target has ``tickets`` and no sums. If a figure cannot be calculated, there is a ``reason``.
    """

    target_id: str
    """Id of the target"""
    target_key: str
    """The target's key in the agreement"""
    agreement_version: int
    """Version of the agreement whose terms apply"""
    window_id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one, `tickets` for a per-ticket target"""
    window_start_at: Instant
    """Start of the window"""
    window_end_at: Instant
    """End of the window"""
    aggregation: str
    """How the figure is computed, such as `availability`"""
    objective: Document
    """The objective as the agreement writes it, such as `at_least` 99.9 `unit` percent"""
    closed: bool
    """Whether the window is closed"""
    verdict: Verdict | None
    """The verdict so far; null for clocks and where there is a `reason`"""
    figure: Exact | None
    """The figure so far, exact, in the objective's unit; null if there is none"""
    figure_display: str
    """The figure as text for people; – if there is none"""
    raw_figure: Exact | None = ABSENT
    """The figure without exclusions, exact, in the objective's unit; null if there is none"""
    good: str | None = ABSENT
    """Numerator of a figure that is a share, exact; null for others"""
    total: str | None = ABSENT
    """Denominator of a figure that is a share, exact; null for others"""
    sums: WindowSums = ABSENT
    """The sums behind the figure"""
    budget: Budget | None = ABSENT
    """The error budget and how much of it is used; null if there is no budget"""
    budget_consumed_percent: Exact | None = ABSENT
    """Used share of the budget, percent, exact; null if there is none"""
    burn_rate: Exact | None = ABSENT
    """How many times faster than allowed the budget is used, exact; null if unknown"""
    breached_at: Instant | None = ABSENT
    """First instant at which it is certain that the objective is missed; null if it is not"""
    excluded_seconds: int = ABSENT
    """Seconds of service time left out of the figure because of exclusions"""
    exclusions: list[ExcludedSeconds] = ABSENT
    """The exclusions with time in the window"""
    unknown_seconds: int | None = ABSENT
    """Service time with an unknown state, seconds; null if the figure is not computed from lengths of time"""
    downtime_seconds: int | None = ABSENT
    """Seconds of downtime; null if the figure is not computed from lengths of time"""
    coverage_percent: Exact | None = ABSENT
    """Known share of the window so far, percent, exact; null if the figure has no coverage, as that of recoveries"""
    no_data_reason: Literal["insufficient_coverage"] | None = ABSENT
    """Why a window with a figure has no verdict: less of it is known than the terms ask for; null for others"""
    reliability: ReliabilityAnswer | None = ABSENT
    """Outages and the mean times between outages; null for a target without states"""
    tickets: EndedTicketCounts = ABSENT
    """For a per-ticket target: the tickets whose clock ended in the window"""
    reason: str = ABSENT
    """Why there is no figure"""


class FiguresAnswer(Answer):
    """The figures of an agreement as of one instant, with its breaches and risks."""

    agreement_id: str
    """Id of the agreement"""
    as_of: Instant
    """The instant of all figures; sending it as `as_of` returns the same figures"""
    position: dict[str, int] | None
    """`topic:partition` → position up to which the intake had been evaluated; null if `as_of` was given"""
    windows: list[FigureToDate]
    """The open windows, and one entry for each per-ticket target"""
    breaches: list[PublishedBreach]
    """Breaches in force that became certain in the requested time. Also earlier breaches in one of `windows`, if the
    target had not recovered before the requested time
    """
    risks: list[RiskAnswer]
    """Warnings that were in force at any instant of the time asked for"""
