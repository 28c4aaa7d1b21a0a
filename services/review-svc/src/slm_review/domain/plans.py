"""Action plans: the owner of a risk, the time to act, and the outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from slm_calendar import iso_durations
from slm_calendar.errors import CalendarError
from slm_chassis.clock import SECOND
from slm_chassis.identity import named_id
from slm_events import instants
from slm_events.frozen import changed
from slm_events.monitor import RiskCleared, TargetAtRisk, TargetJudged
from slm_events.review import ActionPlanEnded, ActionPlanOpened
from slm_review.domain.findings import Breach

MARGIN = 10
"""A plan is due when a tenth of the time until the expected harm is left, so that the steps can take effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPlan:
    """The plan for one risk. Instants are microseconds UTC.

    It is ``waiting`` until both the risk and the agreed steps are known.
    """

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
    """``waiting`` | ``open`` | ``watching`` | ``averted`` | ``breached`` | ``cleared``.

    ``watching``: the risk is over and nobody has to act, but it is not known yet whether harm was averted. ``cleared``:
    the risk is over, and no breach had been predicted.
    """
    cause: str = ""
    threshold: str = ""
    figure_display: str = ""
    owner: str = ""
    steps: list[dict[str, Any]]
    responsible: dict[str, Any]
    """``{"owner", "plan": [{"step", "owner"}]}`` from the risk, possibly empty."""
    opened_at: int | None = None
    at_risk_at: int | None = None
    due_at: int | None = None
    harm_expected_at: int | None = None
    """The predicted breach; without one, the window's end; for a rolling window, when all its content has been
    replaced.
    """
    time_left_seconds: int | None = None
    """Seconds from the opening until harm is expected."""
    risk_revision: int = 0
    """The latest revision of the risk. A risk that clears and returns soon is the same one with the next revision."""
    breach_named_at: int | None = None
    """When the latest projection expected the breach; None if there was none."""
    cleared_revision: int = -1
    cleared_as: str | None = None
    cleared_at: int | None = None
    quiet_at: int | None = None
    """When the plan's state may change without an event."""
    breach_id: str | None = None
    ended_at: int | None = None


@lru_cache(maxsize=20_000)
def plan_id(agreement_id: str, risk_id: str) -> str:
    """Return the plan's id; each risk has one plan."""
    return named_id(agreement_id, "action-plan", risk_id)


def awaited(event: TargetAtRisk | RiskCleared) -> ActionPlan:
    """Return a new plan for a risk whose first event has arrived."""
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
    names = (
        "agreement_id",
        "agreement_version",
        "target_id",
        "target_key",
        "target_title",
        "service_id",
        "provider_party_id",
        "customer_party_id",
        "window_id",
    )
    end = instants.from_text(event.window_end_at) if event.window_end_at else None
    return {name: getattr(event, name) for name in names} | {"window_end_at": end}


def at_risk(plan: ActionPlan, event: TargetAtRisk) -> ActionPlan:
    """Return the plan after its risk was raised, or has returned."""
    if plan.at_risk_at is not None and event.revision <= plan.risk_revision:
        return plan
    at = instants.from_text(event.at)
    harm_at = _harm_expected_at(event, at)
    named = plan.breach_named_at
    if event.projected_breach_at is not None:
        named = instants.from_text(event.projected_breach_at)
    if plan.at_risk_at is not None:
        back = changed(plan, risk_revision=event.revision, breach_named_at=named, figure_display=event.figure_display)
        is_over = plan.cleared_revision >= event.revision
        return back if is_over else changed(back, cleared_as=None, cleared_at=None)
    return changed(
        plan,
        risk_revision=event.revision,
        breach_named_at=named,
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
    """Return the plan after its risk cleared. Of several such events the latest revision counts."""
    if event.revision <= plan.cleared_revision:
        return plan
    if plan.at_risk_at is not None and event.revision < plan.risk_revision:
        return changed(plan, cleared_revision=event.revision)
    return changed(
        plan,
        cleared_revision=event.revision,
        cleared_as=event.outcome,
        cleared_at=instants.from_text(event.at),
    )


def opened(plan: ActionPlan, responsible: dict[str, Any], fallback_owner: str, now: int) -> ActionPlan:
    """Return the opened plan with the agreed steps."""
    owner = responsible.get("owner") or fallback_owner
    steps = [{"step": step["step"], "owner": step.get("owner") or owner} for step in responsible.get("plan", [])]
    left = None if plan.harm_expected_at is None else max(0, plan.harm_expected_at - now) // SECOND
    return changed(plan, state="open", owner=owner, steps=steps, opened_at=now, time_left_seconds=left)


def harm(plan: ActionPlan, breaches: Sequence[Breach]) -> Breach | None:
    """Return the breach that the plan should have averted; None if there is none.

    ``breaches`` are those of its target and window. A rolling window keeps its id for ever, so breaches from before the
    risk are ignored. If the risk is known to have ended in a breach, also an earlier or a withdrawn one counts.
    """
    if plan.at_risk_at is None:
        return None
    certain = sorted((b for b in breaches if b.certain_at is not None), key=lambda b: (b.certain_at or 0, b.breach_id))
    after = [b for b in certain if plan.window_end_at is not None or (b.certain_at or 0) >= plan.at_risk_at]
    standing = [breach for breach in after if breach.is_standing]
    if plan.cleared_as == "breached":
        return next(iter([*standing, *after, *reversed(certain)]), None)
    return next(iter(standing), None)


def with_outcome(
    plan: ActionPlan, breach: Breach | None, verdict: str | None, now: int, again_after: int
) -> ActionPlan:
    """Return the plan in its state as of now.

    ``again_after``: for so long after the risk cleared (microseconds) the plan stays open, because the risk may return.
    """
    if breach is not None:
        how: str | None = "breached"
    elif plan.cleared_as is None:
        return plan
    else:
        how = _cleared_to(plan, verdict, now, again_after)
    if how is None:
        return plan
    if how == "watching":
        return changed(plan, state=how)
    at = breach.certain_at if breach is not None else plan.cleared_at
    return changed(
        plan, state=how, breach_id=breach.breach_id if breach is not None else None, ended_at=now if at is None else at
    )


def waiting_until(plan: ActionPlan) -> ActionPlan:
    """Return a watched plan with the time of its decision. Only for a rolling window does time decide, else its verdict
    does.
    """
    is_rolling = plan.window_end_at is None and plan.breach_named_at is not None
    return changed(plan, quiet_at=(plan.breach_named_at or 0) + _length_of(plan) if is_rolling else None)


ELAPSED, WARNED_LATE = "elapsed", 75
"""From this percentage of a ticket's duration on, meeting the deadline after a warning counts as averted harm."""


def _cleared_to(plan: ActionPlan, verdict: str | None, now: int, again_after: int) -> str | None:
    """Return how a risk without a breach ended; None while that is open.

    Harm was averted only if a projection had predicted a breach and the window closed without one. A risk that ended in
    a breach waits for the breach, so that the plan can name it. A window's verdict comes on another topic and may be
    later. A rolling window has no verdict: there, no breach may come within a window's length after the predicted
    instant.
    """
    assert plan.cleared_at is not None
    if plan.cleared_as == "breached":
        return "breached" if verdict is not None else None
    if plan.cause == ELAPSED:
        return "averted" if plan.cleared_as == "averted" and float(plan.threshold) >= WARNED_LATE else "cleared"
    if verdict is not None:
        if verdict == "breached":
            return "breached"
        return "averted" if plan.breach_named_at is not None else "cleared"
    if plan.cleared_as == "averted" and now < plan.cleared_at + again_after:
        return None
    if plan.breach_named_at is None:
        is_known = plan.cleared_as == "averted" or plan.window_end_at is None
        return "cleared" if is_known else None
    if plan.window_end_at is not None:
        return "watching" if plan.cleared_as == "averted" else None
    return "averted" if now >= plan.breach_named_at + _length_of(plan) else "watching"


def _length_of(plan: ActionPlan) -> int:
    try:
        return iso_durations.from_iso(plan.window_id)
    except CalendarError:
        return 0


AGAIN_AFTER = 3600 * SECOND


def again_after(terms: Mapping[str, Any] | None) -> int:
    """Return how long a plan stays open after its risk cleared (microseconds), from the target's terms."""
    written = (terms or {}).get("warn_again_after")
    return AGAIN_AFTER if written is None else iso_durations.from_iso(written)


def identity_of(plan: ActionPlan) -> dict[str, Any]:
    """Return the fields that all events of a plan have."""
    names = ("plan_id", "agreement_id", "target_id", "target_key", "risk_id", "provider_party_id", "customer_party_id")
    return {name: getattr(plan, name) for name in names}


def plan_opened(plan: ActionPlan) -> ActionPlanOpened:
    """Return the event of an opened plan."""
    assert plan.opened_at is not None
    return ActionPlanOpened(
        **identity_of(plan),
        owner=plan.owner,
        steps=plan.steps,
        due_at=instants.to_text(plan.due_at) if plan.due_at is not None else None,
        time_left_seconds=plan.time_left_seconds,
        opened_at=instants.to_text(plan.opened_at),
    )


def ending_of(plan: ActionPlan) -> ActionPlanEnded:
    """Return the event of an ended plan."""
    assert plan.ended_at is not None
    return ActionPlanEnded(
        **identity_of(plan),
        outcome=plan.state,
        breach_id=plan.breach_id,
        ended_at=instants.to_text(plan.ended_at),
    )
