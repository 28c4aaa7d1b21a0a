"""Answer of ``GET /api/v1/targets/{target_id}/explain``: how a window's figure came about."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.response_models import ABSENT, Answer
from slm_monitor.api.responses.findings import RiskAnswer
from slm_monitor.api.responses.shapes import (
    Budget,
    Document,
    Exact,
    IndicatorReference,
    Instant,
    Length,
    Level,
    TimeInterval,
    UncountedInterval,
    Verdict,
    WindowAcceptance,
)
from slm_monitor.api.responses.windows import WindowSums

StateName = Literal["up", "down", "degraded", "unknown"]


class ExplainedInterval(TimeInterval):
    """A part of the window, or a thing in it, with the facts that it comes from.

    States have ``state`` to ``until``; series have ``good`` to ``digest``; outages have ``counted_at``; recoveries have
    ``recovery_time`` to ``test``.
    """

    state: StateName = ABSENT
    """The state in it"""
    counts_as: str = ABSENT
    """What it counts as by the terms: up, down, removed, excluded, or the exact share of it that counts as up"""
    service_time: Length = ABSENT
    """How much service time it has"""
    cause: str = ABSENT
    """What began it: a fact by its id, an exclusion, or silence"""
    until: str = ABSENT
    """What ended it"""
    facts: list[str] | int = ABSENT
    """The facts that say so, by source and id; of a series how many there are"""
    good: int = ABSENT
    """Good events in it"""
    total: int = ABSENT
    """All events in it"""
    digest: str = ABSENT
    """Start of the SHA-256 over its rows, hexadecimal: it changes with every one of them"""
    counted_at: Instant | None = ABSENT
    """When the outage had lasted so long that it counts; null if it has not"""
    recovery_time: Length = ABSENT
    """How long the recovery took, in service time"""
    recovery_point: Length | None = ABSENT
    """How much data was lost, as time; null if unknown"""
    kept: bool = ABSENT
    """Whether the recovery kept the agreed limits"""
    test: bool = ABSENT
    """Whether the recovery was an exercise"""


class FigureDerivation(Answer):
    """From facts to the figure."""

    intervals: list[ExplainedInterval]
    """The window in parts, each with its facts"""
    sums: WindowSums
    """The sums of the parts"""
    arithmetic: list[str]
    """How figure and budget follow from the sums, line by line"""


class ReliabilityAnswer(Answer):
    """Outages of the window and the mean times around them, exact, in microseconds."""

    outages: int
    """How many outages began in the window"""
    mtrs: Exact | None
    """Mean time to restore service; null without an outage"""
    mtbf: Exact | None
    """Mean time between failures: from a restored service to the next outage; null without two outages"""
    mtbsi: Exact | None
    """Mean time between service incidents: from outage to outage; null without two outages"""


class LevelAnswer(Answer):
    """A limit that was promised, and whether the figure keeps it."""

    level: Level
    """The objective, or the limit of what is unacceptable"""
    promise: Document
    """The limit, exact: `at_least` or `at_most`, and `unit`"""
    kept: bool | None
    """Whether the figure keeps it; null without a figure"""
    missed_since: Instant | None
    """First instant at which it is certain that it is missed; null if it is not"""


class MemberFigure(Answer):
    """A member of a composite."""

    target_id: str
    """Id of the member"""
    target_key: str | None
    """The member's key in the agreement"""
    weight: Exact
    """Its weight"""
    figure: Exact | None
    """Its figure, exact, in its objective's unit; null without one"""
    verdict: Verdict | None
    """Its verdict; null if it has no such window"""


class EndedTicket(Answer):
    """A ticket whose clock ended in the window."""

    ticket: str
    """The ticket: its party's id, source and number, joined by `/`"""
    ended_at: Instant
    """When its clock ended"""
    met: bool
    """Whether it met its deadline"""


class ExplainedFigure(Answer):
    """A window's figure with its derivation. Shares are shares of one here, and percent only for display."""

    figure_display: str
    """The figure for people, in the objective's unit; – without one"""
    objective: Exact | None
    """The objective, exact; of shares a share of one"""
    breached_at: Instant | None
    """First instant at which it is certain that the objective is missed; null if it is not"""
    budget: Budget | None
    """The error budget and how much of it is used; null if there is no budget"""
    burn_rate: Exact | None
    """How many times faster than allowed the budget is used, exact; null if unknown"""
    derivation: FigureDerivation
    """From facts to the figure"""
    reliability: ReliabilityAnswer = ABSENT
    """For availability: outages and the times between them"""
    quantile: Exact | None = ABSENT
    """For a quantile: its value, exact, in the indicator's unit; null without one"""
    raw_figure: Exact | None = ABSENT
    """For a series: the figure before exclusions, exact, in the objective's unit; null without one"""
    overturned: list[str] = ABSENT
    """Limits that were not missed, as a dispute decided; missing if none was disputed"""


class ExplainedWindowSpan(Answer):
    """The window that is explained."""

    id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one"""
    start: Instant = Field(alias="from")
    """Where it begins"""
    end: Instant = Field(alias="to")
    """Where it ends"""
    timezone: str
    """IANA zone in which it begins and ends"""
    closes_at: Instant | None
    """When it is closed, after the agreed delay; null for a rolling one"""
    service_time: Length
    """How much service time it has"""


class AppliedExclusion(Answer):
    """An exclusion that lies in the window."""

    exclusion_id: str
    """Id of the exclusion"""
    kind: str
    """planned, force_majeure, customer_caused or claim"""
    counted: list[TimeInterval]
    """The time that does not count because of it"""
    not_counted: list[UncountedInterval]
    """The part of it that is not excluded, and why"""


class TargetExplanation(ExplainedFigure):
    """How a target's figure came about: terms, window, every interval with its facts, sums and verdict."""

    target_id: str
    """Id of the target"""
    target_key: str
    """The target's key in the agreement"""
    target_title: str
    """The target's title in the agreement"""
    agreement_id: str
    """Id of the agreement"""
    agreement_version: int
    """The version of the agreement by which it is judged"""
    indicator: IndicatorReference | None
    """Its indicator; null for derived targets"""
    terms: Document
    """The target's terms as they were signed; see the reference of terms"""
    judged_by: str
    """Which version of the terms applies, in words"""
    window: ExplainedWindowSpan
    """The window that is explained"""
    as_of: Instant
    """Instant up to which it is judged"""
    known_at: Instant | None
    """Only facts received until this instant are used; null: all known facts"""
    excluded: list[TimeInterval]
    """The time that does not count"""
    exclusions: list[AppliedExclusion]
    """The exclusions that lie in the window"""
    figure: Exact | None
    """The figure, exact, in the objective's unit; null without one"""
    figure_share: Exact | None
    """The figure, exact; of shares a share of one; null without one"""
    verdict: Verdict
    """The verdict"""
    levels: list[LevelAnswer]
    """The limits that were promised"""
    members: list[MemberFigure] = ABSENT
    """For a composite of figures or verdicts: its members"""
    tickets: list[EndedTicket] = ABSENT
    """For compliance: the tickets whose clock ended in the window"""
    accepted: WindowAcceptance | None
    """Acceptance by both parties, with which it is explained as it was then; null if not accepted"""
    warnings: list[RiskAnswer]
    """The warnings that were open then"""
