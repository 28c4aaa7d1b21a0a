"""Response models for the parts of a report beside its lines: breaches, warnings with their plans, and open actions."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import Answer
from slm_report.api.responses.shapes import Document, Exact, Instant


class ReportedTicket(Answer):
    """The ticket of a reported breach, in the ITSM tool that it comes from."""

    source: str
    """Name of the tool that the ticket comes from"""
    number: str
    """Number of the ticket in that tool"""


class ReportedBreach(Answer):
    """A breach of one of the report's targets, in `breaches` of the report."""

    breach_id: str
    """Id of the breach"""
    state: Literal["standing", "recovered", "withdrawn"]
    """`standing`: the breach is valid; `recovered`: the rolling target meets its objective again; `withdrawn`: later
    facts showed that there was no breach
    """
    counted: bool
    """Whether the breach belongs to this period; false for a breach of an earlier period that had not recovered"""
    target_id: str
    """Id of the target"""
    target_key: str
    """The target's key in the agreement"""
    title: str
    """The target's title in the agreement"""
    agreement_version: int
    """The version of the agreement by which the target is evaluated"""
    window_id: str
    """The window, or the ticket as source and number joined by `/`"""
    level: Literal["objective", "unacceptable"]
    """Which limit was missed: the objective, or the agreed limit beyond which a figure is unacceptable"""
    revision: int
    """The revision of the breach: 0 at first, one more with each change"""
    figure: Exact | None
    """The figure at the instant at which the breach became certain, exact, in the objective's unit; null for a
    ticket
    """
    figure_display: str
    """The figure with four decimals, for people"""
    agreed: str
    """The objective in words"""
    shortfall: Exact | None
    """How far the figure is from the objective, exact; null for a ticket"""
    shortfall_display: str
    """The shortfall with four decimals, for people; `–` where there is none"""
    certain_at: Instant
    """First instant at which no later fact could prevent the breach"""
    recovered_at: Instant | None
    """When the rolling target met its objective again; null if it did not"""
    withdrawal_cause: str | None
    """Why the breach was withdrawn; null while it is valid"""
    late: bool
    """Whether the breach was caused by a fact that arrived after the window had closed"""
    ticket: ReportedTicket | None
    """The ticket that missed its deadline; null if the target is not about tickets"""
    took_seconds: int | None
    """Seconds that the ticket took, in the kind of time of the objective; null while the ticket is open,
    and for breaches without a ticket
    """
    overdue_seconds: int | None
    """Seconds of calendar time from the deadline to the ticket's end or, while the ticket is open, to the report's
    `as_of`; null for breaches without a ticket
    """
    responsible_party_id: str
    """Id of the party that is responsible for the breach"""
    assets: list[str]
    """The affected configuration items, by the ids that the facts give"""
    evidence: Document
    """The facts that prove the breach; its members depend on how the figure is computed"""
    url: str
    """Path of the breach at monitor-svc"""


class ReportedStep(Answer):
    """One step of an action plan in a report."""

    step: str
    """What is to be done"""
    owner: str
    """Who carries out the step"""


class ReportedPlan(Answer):
    """An action plan in a report, opened by a warning."""

    plan_id: str
    """Id of the plan"""
    owner: str
    """Who is responsible for the plan; empty if the agreement names nobody"""
    steps: list[ReportedStep]
    """The steps of the plan, as the agreement names them"""
    due_at: Instant | None
    """When the plan's steps are due; null if no breach is expected at a known instant"""
    outcome: Literal["open", "averted", "breached", "cleared"]
    """How the plan ended; `open` while it has not"""
    url: str
    """Path of the plan at review-svc"""


class ReportedRisk(Answer):
    """A warning in a report that a target would be missed, with its outcome."""

    risk_id: str
    """Id of the risk"""
    target_id: str
    """Id of the target"""
    target_key: str
    """The target's key in the agreement"""
    title: str
    """The target's title in the agreement"""
    window_id: str
    """The window that was at risk"""
    cause: str
    """Why the target was at risk: `budget_consumed`, `burn_rate`, `projection`, `below_objective` or `elapsed`"""
    threshold: str
    """The threshold that was reached, such as `75` percent of the budget"""
    figure_display: str
    """The figure when the warning was raised, for people"""
    raised_at: Instant
    """When the warning was raised"""
    time_left_seconds: int | None
    """Seconds that were left to act when the warning was raised; null if unknown"""
    outcome: Literal["open", "averted", "breached", "window_closed"]
    """How the risk ended; `open` while it has not"""
    ended_at: Instant | None
    """When the risk ended; null while it is open"""
    plans: list[ReportedPlan]
    """The action plans that the warning opened"""


class ReportedAction(Answer):
    """An improvement action in a report that was not completed at the report's `as_of`."""

    action_id: str
    """Id of the action"""
    target_key: str | None
    """Key of the target that the action should improve; null if it names none"""
    text: str
    """What is to be done"""
    owner: str
    """Who carries out the action"""
    due_at: Instant
    """When the action is due"""
    expected_change: str
    """What should be better after the action"""
    opened_at: Instant
    """When a review opened the action"""
    url: str
    """Path of the action at review-svc"""
