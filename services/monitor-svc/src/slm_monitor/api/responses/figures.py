"""Answer of ``GET /api/v1/figures``: all open windows of an agreement as of one instant."""

from __future__ import annotations

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
    """When its clock ended"""


class EndedTickets(Answer):
    """The tickets whose clock ended in the window."""

    judged: int
    """How many there are"""
    met: int
    """How many met their deadline"""
    late: list[LateTicket]
    """Those that missed it"""


class FigureToDate(Answer):
    """The figure of a window so far, or the tickets of a clock's target.

    Of clocks there are ``tickets`` and no sums; where a figure cannot be worked out there is a ``reason``.
    """

    target_id: str
    """Id of the target"""
    target_key: str
    """The target's key in the agreement"""
    agreement_version: int
    """The version of the agreement by which it is judged"""
    window_id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one, `tickets` for a clock's target"""
    window_start_at: Instant
    """Where the window begins"""
    window_end_at: Instant
    """Where the window ends"""
    aggregation: str
    """How the figure is computed, such as `availability`"""
    objective: Document
    """The objective as the agreement writes it, such as `at_least` 99.9 `unit` percent"""
    closed: bool
    """Whether the window is closed"""
    verdict: Verdict | None
    """The verdict so far; null for clocks and where there is a `reason`"""
    figure: Exact | None
    """The figure so far, exact, in the objective's unit; null without one"""
    figure_display: str
    """The figure for people; – without one"""
    raw_figure: Exact | None = ABSENT
    """The figure before exclusions, exact, in the objective's unit; null without one"""
    good: str | None = ABSENT
    """Numerator of a figure that is a share, exact; null for others"""
    total: str | None = ABSENT
    """Denominator of a figure that is a share, exact; null for others"""
    sums: WindowSums = ABSENT
    """The sums behind the figure"""
    budget: Budget | None = ABSENT
    """The error budget and how much of it is used; null if there is no budget"""
    budget_consumed_percent: Exact | None = ABSENT
    """How much of the budget is used, percent, exact; null if there is none"""
    burn_rate: Exact | None = ABSENT
    """How many times faster than allowed the budget is used, exact; null if unknown"""
    breached_at: Instant | None = ABSENT
    """First instant at which it is certain that the objective is missed; null if it is not"""
    excluded_seconds: int = ABSENT
    """Seconds of service time that do not count because of exclusions"""
    exclusions: list[ExcludedSeconds] = ABSENT
    """The exclusions that lie in the window"""
    unknown_seconds: int | None = ABSENT
    """Seconds of service time of which the state is not known; null if no time counts"""
    downtime_seconds: int | None = ABSENT
    """Seconds of downtime; null if no time counts"""
    coverage_percent: Exact | None = ABSENT
    """Share of the time or events that is known, percent, exact; null if unknown"""
    reliability: ReliabilityAnswer | None = ABSENT
    """Outages and the times between them; null if no states count"""
    tickets: EndedTickets = ABSENT
    """For a clock's target: the tickets whose clock ended in the window"""
    reason: str = ABSENT
    """Why there is no figure"""


class FiguresAnswer(Answer):
    """The figures of an agreement as of one instant, with its breaches and risks."""

    agreement_id: str
    """Id of the agreement"""
    as_of: Instant
    """The instant; sending it as `as_of` returns the same figures"""
    position: dict[str, int] | None
    """How far each partition of the intake had been judged, by `topic:partition`; null if `as_of` was given"""
    windows: list[FigureToDate]
    """The open windows, and one entry for each clock's target"""
    breaches: list[PublishedBreach]
    """Valid breaches of these windows or of that time"""
    risks: list[RiskAnswer]
    """Warnings that were raised in that time, or had not been cleared before it"""
