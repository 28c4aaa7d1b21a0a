"""Answers about the back-test of a revision: what past measurements say about its targets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.response_models import ABSENT, Answer, Instant


class PastTicketsResponse(Answer):
    """The number of tickets whose clock ended in a window of a back-test."""

    judged: int
    """How many tickets have a clock that ended in the window"""
    met: int
    """How many of these tickets met their deadline"""


class PastWindowResponse(Answer):
    """The result of one window of a back-test."""

    window_id: str
    """The window, such as `2026-11`"""
    start: Instant = Field(alias="from")
    """Start of the window"""
    end: Instant = Field(alias="to")
    """End of the window; the instant itself is excluded"""
    figure: str | None
    """The figure, exact, in the objective's unit; null if there is none"""
    figure_display: str
    """The figure as text for people; – if there is none"""
    attained: str | None
    """The value that is compared with the objective, exact: of a quantile its value; null if there is none"""
    verdict: Literal["met", "at_risk", "breached", "no_data", "not_applicable"]
    """Verdict of the window under the terms"""
    budget_consumed_share: str | None
    """Used share of the error budget, exact; null if there is no budget"""
    tickets: PastTicketsResponse | None = ABSENT
    """For clocks and compliance: the tickets whose clock ended in the window; null or left out for others"""


class KeptObjectiveResponse(Answer):
    """An objective that eleven of twelve windows of a back-test would have met."""

    at_least: str = ABSENT
    """The objective, rounded to four decimals, where more is better"""
    at_most: str = ABSENT
    """The objective, rounded to four decimals, where less is better"""
    unit: str
    """Unit of the objective"""
    exact: str
    """The same objective without rounding"""


class OtherObjectiveResponse(Answer):
    """A candidate objective of a back-test: a number, and the side of it on which figures meet it."""

    at_least: str = ABSENT
    """The objective, where more is better"""
    at_most: str = ABSENT
    """The objective, where less is better"""


class ObjectivePriceResponse(Answer):
    """A candidate objective of a back-test: the windows that would have met it, and the credits then due."""

    objective: OtherObjectiveResponse
    """The candidate objective, in the unit of the revision's objective"""
    met: int
    """How many windows would have met it"""
    missed: int
    """How many windows would have missed it"""
    credits: str | None
    """The credits that would have been due, after caps, in the currency; null without a schedule, or if they cannot be
    computed
    """
    is_draft: bool
    """Whether this is the objective of the revision"""
    is_suggested: bool
    """Whether this is the objective that eleven of twelve windows would have met"""


class ObjectivePricesResponse(Answer):
    """The price table of a back-test: for each candidate objective the windows met and the credits due."""

    currency: str | None
    """Currency of the credits; null without a schedule"""
    rows: list[ObjectivePriceResponse]
    """The candidates, the strictest first"""
    credits_unknown: str | None
    """Why the credits cannot be computed; null if they are, or if there is no schedule"""


class ReadingCostsResponse(Answer):
    """By how much the readings of a policy differ over the windows of a back-test."""

    breaches: int
    """The most breaches under any reading less the fewest; for per-ticket targets, of late tickets"""
    amount: str | None
    """The highest credits under any reading less the lowest; null without a schedule"""
    currency: str | None
    """Currency of the amount; null without a schedule"""


class ReadingResponse(Answer):
    """One reading of a policy that the terms leave open, and what it would have given."""

    settled_by: dict[str, str]
    """The term that settles the policy in this way, such as `{"on_reopen": "new_clock"}`"""
    changed: int
    """How many verdicts, of windows or of tickets, differ from those under the default"""
    breaches: int
    """How many windows, or tickets of a per-ticket target, would have missed the objective"""
    credits: str | None
    """The credits that would have been due; null without a schedule, or if they cannot be computed"""


class OpenTermResponse(Answer):
    """A policy that the terms leave at its default, and that would have changed a verdict or money."""

    target: str | None
    """Key of the target that leaves it open: the revision, or one of its members; null if it has none"""
    policy: str
    """The term that would settle it, such as `on_reopen`"""
    default: str
    """How the terms are read as they stand"""
    changed: int
    """The most verdicts that another reading changes"""
    costs: ReadingCostsResponse
    """By how much the readings differ"""
    readings: list[ReadingResponse]
    """Every reading, the default first"""
    sentence: str
    """The same in one English sentence"""


class PastResultResponse(Answer):
    """The result of a back-test over the last windows that have ended."""

    windows: int
    """How many windows are evaluated"""
    judged: int
    """How many windows have a figure"""
    met: int
    """How many windows would have met the terms"""
    missed: int
    """How many windows would have missed the terms"""
    tickets: PastTicketsResponse | None
    """For a target of single tickets: those whose clock ended in these windows; null for others"""
    attained_share: str | None
    """Share of the windows that would have met the terms, or of the tickets for a target of single tickets, exact; null
    if there are none
    """
    realistic: Literal["ok", "warning", "error"] | None
    """Rating of the objective: `warning` if fewer than 90 percent of the windows met it, `error` if fewer than half
    did; null if no window has a figure
    """
    worst: PastWindowResponse | None
    """The window furthest from the objective; null if no window has a figure"""
    suggested_objective: KeptObjectiveResponse | None
    """An objective that eleven of twelve windows would have met; null if there is none"""
    prices: ObjectivePricesResponse | None
    """For each candidate objective the windows met and the credits due; null if no window has a figure, or for clocks
    """
    open_readings: list[OpenTermResponse]
    """Policies that the terms leave at their default, and that would have changed a verdict or money"""


class MeasuredResponse(Answer):
    """How a target is measured, at the time of its back-test."""

    last_at: Instant | None
    """When the latest measurement of the last 7 days was made; null: there is none"""
    in_7_days: int
    """How many measurements the last 7 days have"""
    is_sampled: bool
    """Whether each measurement is a probe or a value at an instant, so that nothing between two of them is noticed"""
    is_silent: bool
    """Whether an indicator of the target was measured before these 7 days, and not since then"""


class BacktestedTargetResponse(Answer):
    """The back-test of one target of a revision."""

    target: str
    """Key of the target"""
    state: Literal["running", "done", "failed", "withheld"]
    """`withheld`: the measurements are of a party that has not named them in a revision that it proposed"""
    reason: str | None
    """Why there is no result; null: the back-test is running or done"""
    as_of: Instant | None
    """Up to when windows were looked for; null: there is no result yet"""
    windows: list[PastWindowResponse]
    """The last windows that have ended, at most twelve, in order of time"""
    result: PastResultResponse | None
    """The result over these windows; null: there is none yet, or no window has ended"""
    measured: MeasuredResponse | None
    """How the target is measured; null: there is no result yet"""


class RevisionBacktestResponse(Answer):
    """Response: the newest back-test of a revision, the same for both parties."""

    state: Literal["running", "done"]
    """`running` until every target that may be tested has a result"""
    requested_at: Instant
    """When it was asked for"""
    targets: list[BacktestedTargetResponse]
    """The targets in the order of the document"""
