"""The breaches, risks with their plans, and actions of a report, each with the path at which its details can be
read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slm_events import instants
from slm_events.clocks import ClockStopped
from slm_events.instants import UtcMicroseconds
from slm_events.review import ActionOpened
from slm_report.domain import figures, ticket_lines
from slm_report.domain.facts import Breach, Plan, Risk, belongs_to_period
from slm_report.domain.periods import Period


def breach_entry(
    breach: Breach, period: Period, as_of: UtcMicroseconds, clocks: Mapping[tuple[str, str], ClockStopped]
) -> dict[str, Any]:
    """Return a breach as the report shows it; ``counted`` says whether it belongs to this period.

    The figure in the entry is that of the instant when the breach became certain. ``clocks`` maps (target id, ticket as
    ``<source>/<number>``) to the stop of the ticket's clock, which shows how late the ticket was.
    """
    heard = breach.breached
    clock = clocks.get((heard.target_id, heard.window_id)) if heard.ticket is not None else None
    state = breach.state_at(as_of)
    figure, shortfall = figures.parse_figure(heard.figure), figures.parse_figure(heard.shortfall)
    return {
        "breach_id": heard.breach_id,
        "state": state,
        "counted": belongs_to_period(breach, period),
        "target_id": heard.target_id,
        "target_key": heard.target_key,
        "title": heard.target_title or heard.target_key,
        "agreement_version": heard.agreement_version,
        "window_id": heard.window_id,
        "level": heard.level,
        "revision": heard.revision,
        "figure": figures.figure_to_text(figure),
        "figure_display": figures.display_figure(figure, heard.objective)
        if figure is not None
        else heard.figure_display,
        "agreed": figures.display_objective(heard.objective),
        "shortfall": figures.figure_to_text(shortfall),
        "shortfall_display": figures.display_figure(shortfall, {"at_most": "0"}),
        "certain_at": heard.certain_at,
        "recovered_at": breach.recovered.recovered_at if breach.recovered and state == "recovered" else None,
        "withdrawal_cause": None if breach.is_standing or breach.withdrawn is None else breach.withdrawn.cause,
        "late": heard.late,
        "ticket": heard.ticket,
        "took_seconds": None if clock is None else _took(clock, heard.objective),
        "overdue_seconds": _overdue(breach, clock, as_of),
        "responsible_party_id": heard.responsible_party_id,
        "assets": heard.assets,
        "evidence": heard.evidence,
        "url": f"/api/v1/breaches/{heard.breach_id}",
    }


def _took(clock: ClockStopped, objective: Mapping[str, Any]) -> int:
    return ticket_lines.elapsed_seconds(clock, ticket_lines.duration_measure(objective))


def _overdue(breach: Breach, clock: ClockStopped | None, as_of: UtcMicroseconds) -> int | None:
    """Return the seconds of calendar time by which a ticket was late, or is late at ``as_of``; None if the breach has
    no ticket.
    """
    if breach.breached.ticket is None:
        return None
    ended = as_of if clock is None else instants.from_text(clock.at)
    return max(0, ended - breach.certain_at) // 1_000_000


def risk_entry(risk: Risk, plans: Sequence[Plan], as_of: UtcMicroseconds) -> dict[str, Any]:
    """Return a risk (a published warning) as the report's JSON, with its outcome and its action plans.

    ``plans`` may contain plans for other risks, which are left out. ``as_of`` is in microseconds UTC. The outcome of a
    risk or plan is ``open`` if it had not ended by ``as_of``. But if the risk's calendar window was over by ``as_of``,
    an end after ``as_of`` counts, too.
    """
    heard = risk.raised
    return {
        "risk_id": heard.risk_id,
        "target_id": heard.target_id,
        "target_key": heard.target_key,
        "title": heard.target_title or heard.target_key,
        "window_id": heard.window_id,
        "cause": heard.cause,
        "threshold": heard.threshold,
        "figure_display": heard.figure_display,
        "raised_at": heard.at,
        "time_left_seconds": heard.time_left_seconds,
        "outcome": risk.outcome_at(as_of),
        "ended_at": None if risk.cleared is None or risk.outcome_at(as_of) == "open" else risk.cleared.at,
        "plans": [
            _plan_entry(plan, plan.outcome_at(as_of, over=risk.is_over_by(as_of)))
            for plan in plans
            if plan.opened.risk_id == heard.risk_id
        ],
    }


def _plan_entry(plan: Plan, outcome: str) -> dict[str, Any]:
    return {
        "plan_id": plan.opened.plan_id,
        "owner": plan.opened.owner,
        "steps": plan.opened.steps,
        "due_at": plan.opened.due_at,
        "outcome": outcome,
        "url": f"/api/v1/action-plans/{plan.opened.plan_id}",
    }


def action_entry(action: ActionOpened) -> dict[str, Any]:
    """Return an improvement action as the report shows it."""
    return {
        "action_id": action.action_id,
        "target_key": action.target_key,
        "text": action.text,
        "owner": action.owner,
        "due_at": action.due_at,
        "expected_change": action.expected_change,
        "opened_at": instants.to_text(instants.from_text(action.opened_at)),
        "url": f"/api/v1/actions/{action.action_id}",
    }
