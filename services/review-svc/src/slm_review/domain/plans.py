"""Action plans: who acts before a target is missed, until when, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from slm_calendar import iso_durations
from slm_calendar.errors import CalendarError
from slm_chassis.clock import SECOND
from slm_chassis.identity import named_id
from slm_events import instants
from slm_events.monitor import RiskCleared, TargetAtRisk, TargetJudged
from slm_events.review import ActionPlanEnded, ActionPlanOpened
from slm_review.domain.findings import Breach

MARGIN = 10
"""A plan is due when a tenth of the time until harm is expected is still left, for the steps to take effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPlan:
    """The plan against one risk. ``waiting`` until the risk and the agreed steps are both known; instants in µs UTC."""

    plan_id: str
    risk_id: str
    agreement_id: str
    agreement_version: int
    target_id: str
    target_key: str
    target_title: str
    service_id: str
    provider_party_id: str
    customer_party_id: str
    window_id: str
    window_end_at: int | None
    state: str = "waiting"
    """``waiting`` | ``open`` | ``averted`` | ``breached``."""
    cause: str = ""
    threshold: str = ""
    figure_display: str = ""
    owner: str = ""
    steps: list[dict[str, Any]]
    responsible: dict[str, Any]
    """As the risk told it: ``{"owner", "plan": [{"step", "owner"}]}``, possibly empty."""
    at_risk_at: int | None = None
    harm_expected_at: int | None = None
    """The projected breach, else the window's end, else when a rolling window has turned over."""
    due_at: int | None = None
    time_left_seconds: int | None = None
    """At the opening, until harm is expected."""
    opened_at: int | None = None
    cleared_as: str | None = None
    cleared_at: int | None = None
    breach_id: str | None = None
    ended_at: int | None = None


@lru_cache(maxsize=20_000)
def plan_id(agreement_id: str, risk_id: str) -> str:
    """One plan a risk, however often the risk is heard."""
    return named_id(agreement_id, "action-plan", risk_id)


def awaited(event: TargetAtRisk | RiskCleared) -> ActionPlan:
    """The plan of a risk of which something was heard for the first time."""
    return ActionPlan(
        plan_id=plan_id(event.agreement_id, event.risk_id),
        risk_id=event.risk_id,
        **_whose(event),
        cause=event.cause,
        threshold=event.threshold,
        steps=[],
        responsible={},
    )


def _whose(event: TargetJudged) -> dict[str, Any]:
    names = ("agreement_id", "agreement_version", "target_id", "target_key", "target_title", "service_id",
             "provider_party_id", "customer_party_id", "window_id")  # fmt: skip
    end = instants.from_text(event.window_end_at) if event.window_end_at else None
    return {name: getattr(event, name) for name in names} | {"window_end_at": end}


def at_risk(plan: ActionPlan, event: TargetAtRisk) -> ActionPlan:
    """The plan once its risk is known."""
    if plan.at_risk_at is not None:
        return plan
    at = instants.from_text(event.at)
    harm_at = _harm_expected_at(event, at)
    return replace(
        plan,
        figure_display=event.figure_display,
        responsible=event.responsible,
        at_risk_at=at,
        harm_expected_at=harm_at,
        due_at=harm_at - (harm_at - at) // MARGIN if harm_at is not None else None,
    )


def _harm_expected_at(event: TargetAtRisk, at: int) -> int | None:
    if event.projected_breach_at is not None:
        return instants.from_text(event.projected_breach_at)
    if event.time_left_seconds is not None:
        return at + event.time_left_seconds * SECOND
    if event.window_end_at is not None:
        return instants.from_text(event.window_end_at)
    try:
        return at + iso_durations.from_iso(event.window_id)
    except CalendarError:
        return None


def cleared(plan: ActionPlan, event: RiskCleared) -> ActionPlan:
    """The plan once its risk no longer holds."""
    return replace(plan, cleared_as=event.outcome, cleared_at=instants.from_text(event.at))


def opened(plan: ActionPlan, responsible: dict[str, Any], fallback_owner: str, now: int) -> ActionPlan:
    """The plan with the agreed steps, from now on somebody's to carry out."""
    owner = responsible.get("owner") or fallback_owner
    steps = [{"step": step["step"], "owner": step.get("owner") or owner} for step in responsible.get("plan", [])]
    left = None if plan.harm_expected_at is None else max(0, plan.harm_expected_at - now) // SECOND
    return replace(plan, state="open", owner=owner, steps=steps, opened_at=now, time_left_seconds=left)


def harm(plan: ActionPlan, breaches: Sequence[Breach]) -> Breach | None:
    """The breach, of those of the plan's target and window, that the plan was to avert and did not.

    A rolling window keeps its id for ever: what was certain before the risk is another story, unless the risk is
    known to have ended in a breach; then it counts, being found late, even if it was withdrawn since.
    """
    if plan.at_risk_at is None:
        return None
    certain = sorted((b for b in breaches if b.certain_at is not None), key=lambda b: (b.certain_at or 0, b.breach_id))
    after = [b for b in certain if plan.window_end_at is not None or (b.certain_at or 0) >= plan.at_risk_at]
    standing = [breach for breach in after if breach.is_standing]
    if plan.cleared_as == "breached":
        return next(iter([*standing, *after, *reversed(certain)]), None)
    return next(iter(standing), None)


def ended(plan: ActionPlan, breach: Breach | None, verdict: str | None, now: int) -> ActionPlan:
    """The plan at its end by event time, ``averted`` or ``breached``; the plan as it is while it goes on."""
    how = "breached" if breach is not None else _cleared_to(plan, verdict)
    if how is None:
        return plan
    at = breach.certain_at if breach is not None else plan.cleared_at
    return replace(
        plan, state=how, breach_id=breach.breach_id if breach is not None else None, ended_at=now if at is None else at
    )


def _cleared_to(plan: ActionPlan, verdict: str | None) -> str | None:
    """How a risk without a breach ended, None while that is open.

    A risk that ended in a breach waits for the breach, so that the plan names it. A window that merely closed tells
    by its verdict, which comes on another topic and may be later; a rolling window has none to wait for.
    """
    if plan.cleared_as in (None, "averted"):
        return plan.cleared_as
    if verdict is None:
        return "averted" if plan.cleared_as == "window_closed" and plan.window_end_at is None else None
    return "breached" if "breached" in (verdict, plan.cleared_as) else "averted"


def opening_of(plan: ActionPlan) -> ActionPlanOpened:
    assert plan.opened_at is not None
    return ActionPlanOpened(
        plan_id=plan.plan_id,
        agreement_id=plan.agreement_id,
        target_id=plan.target_id,
        target_key=plan.target_key,
        risk_id=plan.risk_id,
        provider_party_id=plan.provider_party_id,
        customer_party_id=plan.customer_party_id,
        owner=plan.owner,
        steps=plan.steps,
        due_at=instants.to_text(plan.due_at) if plan.due_at is not None else None,
        time_left_seconds=plan.time_left_seconds,
        opened_at=instants.to_text(plan.opened_at),
    )


def ending_of(plan: ActionPlan) -> ActionPlanEnded:
    assert plan.ended_at is not None
    return ActionPlanEnded(
        plan_id=plan.plan_id,
        agreement_id=plan.agreement_id,
        target_id=plan.target_id,
        target_key=plan.target_key,
        risk_id=plan.risk_id,
        provider_party_id=plan.provider_party_id,
        customer_party_id=plan.customer_party_id,
        outcome=plan.state,
        breach_id=plan.breach_id,
        ended_at=instants.to_text(plan.ended_at),
    )
