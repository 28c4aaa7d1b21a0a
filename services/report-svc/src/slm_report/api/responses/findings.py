"""The parts of a report beside its lines: breaches, warnings with their plans, and open actions."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import Answer
from slm_report.api.responses.shapes import Document, Exact, Instant


class ReportedTicket(Answer):
    """A reference to a ticket."""

    source: str
    """Name of the tool that the ticket comes from"""
    number: str
    """Number of the ticket in its tool"""


class ReportedBreach(Answer):
    """A breach of one of the report's lines."""

    breach_id: str
    """Id of the breach"""
    state: Literal["standing", "recovered", "withdrawn"]
    """Whether it is valid, recovered (a rolling target meets the objective again), or withdrawn"""
    counted: bool
    """Whether it belongs to this period; a breach that was going on when the period began does not"""
    target_id: str
    """Id of the target"""
    target_key: str
    """The target's key in the agreement"""
    title: str
    """The target's title in the agreement"""
    agreement_version: int
    """The version of the agreement by which it is judged"""
    window_id: str
    """The window, or the ticket as source and number joined by `/`"""
    level: Literal["objective", "unacceptable"]
    """Which limit was missed: the objective, or the limit of what is unacceptable"""
    revision: int
    """Counts the changes of the breach, from 0"""
    figure: Exact | None
    """The figure at the instant it became certain, exact, in the objective's unit; null for a ticket"""
    figure_display: str
    """The same number for people"""
    agreed: str
    """The objective in words"""
    shortfall: Exact | None
    """How far the figure is from the objective, exact; null for a ticket"""
    shortfall_display: str
    """The same number for people; `–` where there is none"""
    certain_at: Instant
    """First instant at which no later fact could prevent it"""
    recovered_at: Instant | None
    """When its rolling target met the objective again; null if it did not"""
    withdrawal_cause: str | None
    """Why it was withdrawn; null while it is valid"""
    late: bool
    """Whether a fact caused it that came after the window had closed"""
    ticket: ReportedTicket | None
    """The ticket that missed its deadline; null for other breaches"""
    took_seconds: int | None
    """Seconds that the ticket took, counted as the objective counts; null while it is open, and of other breaches"""
    overdue_seconds: int | None
    """Seconds on the wall clock after the ticket's deadline, of an open one so far; null for other breaches"""
    responsible_party_id: str
    """Id of the party that answers for it"""
    assets: list[str]
    """What was affected, as the facts name it"""
    evidence: Document
    """The facts that prove it; its members depend on how the figure is computed"""
    url: str
    """Path of the breach at monitor-svc"""


class ReportedStep(Answer):
    """One step of an agreed plan."""

    step: str
    """What is to be done"""
    owner: str
    """Who does it"""


class ReportedPlan(Answer):
    """An action plan that a warning opened."""

    plan_id: str
    """Id of the plan"""
    owner: str
    """Who acts; empty if the agreement names nobody"""
    steps: list[ReportedStep]
    """The steps that the agreement names"""
    due_at: Instant | None
    """When it is due; null if the expected harm has no instant"""
    outcome: Literal["open", "averted", "breached", "cleared"]
    """How it ended"""
    url: str
    """Path of the plan at review-svc"""


class ReportedRisk(Answer):
    """A warning that a target would be missed, and its outcome."""

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
    """What warned: `budget_consumed`, `burn_rate`, `projection`, `below_objective` or `elapsed`"""
    threshold: str
    """The warning that fired, such as `75` percent of the budget"""
    figure_display: str
    """The figure at that time for people"""
    raised_at: Instant
    """When it was raised"""
    time_left_seconds: int | None
    """Seconds that were left then to act; null if unknown"""
    outcome: Literal["open", "averted", "breached", "window_closed"]
    """How it ended"""
    ended_at: Instant | None
    """When it ended; null while it is open"""
    plans: list[ReportedPlan]
    """The plans that it opened"""


class ReportedAction(Answer):
    """An improvement action that was open."""

    action_id: str
    """Id of the action"""
    target_key: str | None
    """Key of the target it should move; null if it names none"""
    text: str
    """What is to be done"""
    owner: str
    """Who does it"""
    due_at: Instant
    """When it is due"""
    expected_change: str
    """What should be better afterwards"""
    opened_at: Instant
    """When a review opened it"""
    url: str
    """Path of the action at review-svc"""
