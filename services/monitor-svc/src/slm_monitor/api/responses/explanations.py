"""Answer of ``GET /api/v1/targets/{target_id}/explain``: how a window's figure was derived from facts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.record_marks import OnRecordAnswer
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
    """A part of the window, or an outage or a recovery in it, with the facts that it comes from.

    An interval of one state has ``state``, ``counts_as``, ``service_time``, ``cause`` and ``until``. An interval of a
    series has ``good``, ``total`` and ``digest``. An outage has ``counted_at``. A recovery has ``recovery_time``,
    ``recovery_point``, ``kept`` and ``test``.
    """

    state: StateName = ABSENT
    """State of the indicator in the interval"""
    counts_as: str = ABSENT
    """How the terms count the interval: up, down, removed, excluded, or the exact share of it that counts as up"""
    service_time: Length = ABSENT
    """Service time within the interval"""
    cause: str = ABSENT
    """What the interval begins with: a fact by its id, an exclusion, or silence"""
    until: str = ABSENT
    """What the interval ends with"""
    facts: list[str] | int = ABSENT
    """The facts from which the interval follows, by source and id; for a series, the number of its facts"""
    good: int = ABSENT
    """Good events in the interval"""
    total: int = ABSENT
    """All events in the interval"""
    digest: str = ABSENT
    """Start of the SHA-256 over the interval's rows, hexadecimal: it changes if any row changes"""
    counted_at: Instant | None = ABSENT
    """When the outage had lasted long enough to count; null if it has not"""
    recovery_time: Length = ABSENT
    """How long the recovery took, in service time"""
    recovery_point: Length | None = ABSENT
    """How much data was lost, as time; null if unknown"""
    kept: bool = ABSENT
    """Whether the recovery kept the agreed limits"""
    test: bool = ABSENT
    """Whether the recovery was an exercise"""


class FigureDerivation(Answer):
    """The derivation of a figure: intervals with their facts, their sums, and the arithmetic."""

    intervals: list[ExplainedInterval]
    """The parts of the window, each with its facts"""
    sums: WindowSums
    """The sums over the intervals"""
    arithmetic: list[str]
    """How figure and budget follow from the sums, line by line"""


class ReliabilityAnswer(Answer):
    """The outages of a window: their number, the mean time to restore service, and the mean times between outages.

    The mean times are exact, in microseconds.
    """

    outages: int
    """How many outages began in the window"""
    mtrs: Exact | None
    """Mean time to restore service; null without an outage"""
    mtbf: Exact | None
    """Mean time between failures: from a restored service to the next outage; null without two outages"""
    mtbsi: Exact | None
    """Mean time between service incidents: from outage to outage; null without two outages"""


class LevelAnswer(Answer):
    """A promised limit of a target, and whether the figure keeps it."""

    level: Level
    """`objective`, or the limit beyond which the figure is unacceptable"""
    promise: Document
    """The limit, exact: `at_least` or `at_most`, and `unit`"""
    kept: bool | None
    """Whether the figure keeps the limit; null without a figure"""
    missed_since: Instant | None
    """First instant at which it was certain that the limit is missed; null if it is not missed"""


class MemberFigure(Answer):
    """A member of a composite, with its figure and weight."""

    target_id: str
    """Id of the member"""
    target_key: str | None
    """The member's key in the agreement"""
    weight: Exact
    """Weight of the member"""
    figure: Exact | None
    """Figure of the member, exact, in its objective's unit; null if there is none"""
    verdict: Verdict | None
    """Verdict of the member; null if it has no such window"""


class EndedTicket(Answer):
    """A ticket whose clock ended in the window."""

    ticket: str
    """The ticket: its party's id, source and number, joined by `/`"""
    ended_at: Instant
    """When the clock ended"""
    met: bool
    """Whether the ticket met its deadline"""


class ExplainedFigure(Answer):
    """A window's figure with its derivation.

    If the objective is a share, ``objective`` is a number between 0 and 1, but figures in the objective's unit are in
    percent.
    """

    figure_display: str
    """The figure as text for people, in the objective's unit; – if there is none"""
    objective: Exact | None
    """The objective, exact; if it is a share, between 0 and 1"""
    breached_at: Instant | None
    """First instant at which it is certain that the objective is missed; null if it is not"""
    budget: Budget | None
    """The error budget and how much of it is used; null if there is no budget"""
    burn_rate: Exact | None
    """How many times faster than allowed the budget is used, exact; null if unknown"""
    derivation: FigureDerivation
    """How the figure was derived from facts"""
    reliability: ReliabilityAnswer = ABSENT
    """For availability: outages and the mean times between outages"""
    quantile: Exact | None = ABSENT
    """For a quantile: its value, exact, in the indicator's unit; null if there is none"""
    raw_figure: Exact | None = ABSENT
    """For a series: the figure without exclusions, exact, in the objective's unit; null if there is none"""
    overturned: list[str] = ABSENT
    """Levels (`objective`, `unacceptable`) that were not missed, as a dispute decided; missing if none was disputed"""


class ExplainedWindowBounds(Answer):
    """The window that is explained: its bounds, its zone, and its service time."""

    id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one"""
    start: Instant = Field(alias="from")
    """Start of the window"""
    end: Instant = Field(alias="to")
    """End of the window; the instant itself is excluded"""
    timezone: str
    """IANA zone in which the window begins and ends"""
    closes_at: Instant | None
    """When the window is closed, after the agreed delay; null for a rolling window"""
    service_time: Length
    """Service time within the window"""


class AppliedExclusion(Answer):
    """An exclusion with time in the window: the time that it excludes, and the time that is not excluded."""

    exclusion_id: str
    """Id of the exclusion"""
    kind: str
    """planned, force_majeure, customer_caused or claim"""
    counted: list[TimeInterval]
    """Time that is left out of the figure because of the exclusion"""
    not_counted: list[UncountedInterval]
    """Time of the exclusion that is not excluded, and why"""


class TargetExplanation(ExplainedFigure):
    """Explanation of a target's figure: terms, window, every interval with its facts, sums and verdict."""

    on_record: OnRecordAnswer = ABSENT
    """Only of an agreement on record: who recorded it, and who has not confirmed it"""
    target_id: str
    """Id of the target"""
    target_key: str
    """The target's key in the agreement"""
    target_title: str
    """The target's title in the agreement"""
    agreement_id: str
    """Id of the agreement"""
    agreement_version: int
    """Version of the agreement whose terms apply"""
    indicator: IndicatorReference | None
    """The target's indicator; null for derived targets"""
    terms: Document
    """The target's terms as they were signed; see the reference of terms"""
    judged_by: str
    """In words: the version of the terms that applies"""
    window: ExplainedWindowBounds
    """The window that is explained"""
    as_of: Instant
    """Instant up to which facts were evaluated"""
    known_at: Instant | None
    """Only facts received until this instant are used; null: all known facts"""
    excluded: list[TimeInterval]
    """Time that is left out of the figure because of exclusions"""
    exclusions: list[AppliedExclusion]
    """The exclusions with time in the window"""
    figure: Exact | None
    """The figure, exact, in the objective's unit; null if there is none"""
    figure_share: Exact | None
    """The figure, exact; if it is a share, between 0 and 1; null if there is none"""
    verdict: Verdict
    """Verdict of the window"""
    levels: list[LevelAnswer]
    """The promised limits, each with whether it is kept"""
    members: list[MemberFigure] = ABSENT
    """For a composite of figures or verdicts: its members"""
    tickets: list[EndedTicket] = ABSENT
    """For compliance: the tickets whose clock ended in the window"""
    accepted: WindowAcceptance | None
    """Acceptance by both parties; an accepted window is explained by the facts known at that instant; null if not
    accepted
    """
    warnings: list[RiskAnswer]
    """The warnings that were in force at the instant in question"""
