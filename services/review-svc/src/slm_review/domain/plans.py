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
from slm_events.frozen import change_frozen
from slm_events.instants import UtcMicroseconds
from slm_events.monitor import RiskCleared, TargetAtRisk, TargetResultEvent
from slm_events.review import ActionPlanEnded, ActionPlanOpened
from slm_review.domain.findings import Breach

MARGIN = 10
"""A plan is due when a tenth of the time from the warning to the expected breach is left, so that its steps can take
effect.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPlan:
    """The action plan for one risk. Instants are microseconds UTC.

    The plan is ``waiting`` until both the risk and the agreed steps are known.
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
    window_end_at: UtcMicroseconds | None
    state: str = "waiting"
    """The state of the plan: ``waiting`` | ``open`` | ``watching`` | ``averted`` | ``breached`` | ``cleared``.

    ``watching``: the risk is over and nobody has to act, but it is not known yet whether a breach was averted.
    ``cleared``: the risk is over, and no breach had been predicted.
    """
    cause: str = ""
    threshold: str = ""
    figure_display: str = ""
    owner: str = ""
    steps: list[dict[str, Any]]
    responsible: dict[str, Any]
    """Who acts, from the event of the risk: ``{"owner", "plan": [{"step", "owner"}]}``, possibly empty."""
    opened_at: UtcMicroseconds | None = None
    at_risk_at: UtcMicroseconds | None = None
    due_at: UtcMicroseconds | None = None
    harm_expected_at: UtcMicroseconds | None = None
    """When a breach is expected: the predicted instant; without one, the window's end; for a rolling window, when all
    of its content has been replaced. None if unknown.
    """
    time_left_seconds: int | None = None
    """Seconds from the opening of the plan until a breach is expected."""
    risk_revision: int = 0
    """The latest received revision of the risk. A risk that clears and returns soon is the same one with the next
    revision.
    """
    breach_named_at: UtcMicroseconds | None = None
    """The instant at which the latest projection expects the breach; None without a projection."""
    cleared_revision: int = -1
    cleared_as: str | None = None
    cleared_at: UtcMicroseconds | None = None
    quiet_at: UtcMicroseconds | None = None
    """When the plan's state may change without a new event; None if only an event can change it."""
    breach_id: str | None = None
    ended_at: UtcMicroseconds | None = None
    customer_sees: str = "none"
    """How much of the plan the customer may see: ``none`` (also while the risk is hidden) | ``titles`` | ``full``."""

    @property
    def hidden_from_party_id(self) -> str | None:
        """The party id of the customer if events about the plan must be hidden from it; else None.

        Events contain the plan's steps, so they are hidden unless the customer may see the whole plan.
        """
        return None if self.customer_sees == "full" else self.customer_party_id


@lru_cache(maxsize=20_000)
def plan_id(agreement_id: str, risk_id: str) -> str:
    """Return the id of the plan for a risk; each risk has one plan."""
    return named_id(agreement_id, "action-plan", risk_id)


def new_waiting_plan(event: TargetAtRisk | RiskCleared) -> ActionPlan:
    """Return a new plan in the state ``waiting``, for a risk whose first event has arrived."""
    return ActionPlan(
        plan_id=plan_id(event.agreement_id, event.risk_id),
        risk_id=event.risk_id,
        **_whose(event),
        cause=event.cause,
        threshold=event.threshold,
        steps=[],
        responsible={},
    )


def _whose(event: TargetResultEvent) -> dict[str, Any]:
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


def plan_after_risk(plan: ActionPlan, event: TargetAtRisk) -> ActionPlan:
    """Return the plan after its risk was raised, returned, or was disclosed to the customer."""
    if event.hidden_from_party_id is None and plan.customer_sees != event.customer_sees_plan:
        plan = change_frozen(plan, customer_sees=event.customer_sees_plan)
    if plan.at_risk_at is not None and event.revision <= plan.risk_revision:
        return plan
    at = instants.from_text(event.at)
    harm_at = _harm_expected_at(event, at)
    named = plan.breach_named_at
    if event.projected_breach_at is not None:
        named = instants.from_text(event.projected_breach_at)
    if plan.at_risk_at is not None:
        back = change_frozen(
            plan, risk_revision=event.revision, breach_named_at=named, figure_display=event.figure_display
        )
        is_over = plan.cleared_revision >= event.revision
        return back if is_over else change_frozen(back, cleared_as=None, cleared_at=None)
    return change_frozen(
        plan,
        risk_revision=event.revision,
        breach_named_at=named,
        figure_display=event.figure_display,
        responsible=event.responsible,
        at_risk_at=at,
        harm_expected_at=harm_at,
        due_at=harm_at - (harm_at - at) // MARGIN if harm_at is not None else None,
    )


def _harm_expected_at(event: TargetAtRisk, at: UtcMicroseconds) -> UtcMicroseconds | None:
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


def plan_after_clearing(plan: ActionPlan, event: RiskCleared) -> ActionPlan:
    """Return the plan after its risk cleared. If the risk clears several times, the event with the latest revision
    counts.
    """
    if event.revision <= plan.cleared_revision:
        return plan
    if plan.at_risk_at is not None and event.revision < plan.risk_revision:
        return change_frozen(plan, cleared_revision=event.revision)
    return change_frozen(
        plan,
        cleared_revision=event.revision,
        cleared_as=event.outcome,
        cleared_at=instants.from_text(event.at),
    )


def opened_plan(plan: ActionPlan, responsible: dict[str, Any], fallback_owner: str, now: UtcMicroseconds) -> ActionPlan:
    """Return the plan in the state ``open``, with the agreed steps. ``fallback_owner`` owns it if the terms name
    nobody.
    """
    owner = responsible.get("owner") or fallback_owner
    steps = [{"step": step["step"], "owner": step.get("owner") or owner} for step in responsible.get("plan", [])]
    left = None if plan.harm_expected_at is None else max(0, plan.harm_expected_at - now) // SECOND
    return change_frozen(plan, state="open", owner=owner, steps=steps, opened_at=now, time_left_seconds=left)


def find_breach_of_plan(plan: ActionPlan, breaches: Sequence[Breach]) -> Breach | None:
    """Return the breach that the plan should have averted; None if there is none.

    ``breaches`` are those of the plan's target and window. A rolling window keeps its id for ever, so breaches from
    before the risk are ignored. If the risk is known to have ended in a breach, an earlier or a withdrawn breach counts
    too.
    """
    if plan.at_risk_at is None:
        return None
    certain = sorted((b for b in breaches if b.certain_at is not None), key=lambda b: (b.certain_at or 0, b.breach_id))
    after = [b for b in certain if plan.window_end_at is not None or (b.certain_at or 0) >= plan.at_risk_at]
    standing = [breach for breach in after if breach.is_standing]
    if plan.cleared_as == "breached":
        return next(iter([*standing, *after, *reversed(certain)]), None)
    return next(iter(standing), None)


def plan_with_outcome(
    plan: ActionPlan, breach: Breach | None, verdict: str | None, now: UtcMicroseconds, again_after: int
) -> ActionPlan:
    """Return the plan in the state that follows from its breach, or from the end of its risk and its window's verdict.

    ``breach`` and ``verdict`` are None if they are not known. The plan is unchanged if no new state follows yet.

    ``again_after``: the microseconds for which the plan stays open after its risk cleared, because the risk may return.
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
        return change_frozen(plan, state=how)
    at = breach.certain_at if breach is not None else plan.cleared_at
    return change_frozen(
        plan, state=how, breach_id=breach.breach_id if breach is not None else None, ended_at=now if at is None else at
    )


def watched_plan(plan: ActionPlan) -> ActionPlan:
    """Return a plan in the state ``watching`` with ``quiet_at``, the instant at which its outcome is decided.

    For a rolling window that instant is computed. For any other window it is None, because the window's verdict
    decides.
    """
    is_rolling = plan.window_end_at is None and plan.breach_named_at is not None
    return change_frozen(plan, quiet_at=(plan.breach_named_at or 0) + _length_of(plan) if is_rolling else None)


ELAPSED, WARNED_LATE = "elapsed", 75
"""The cause of warnings about tickets, and a percentage of a ticket's duration. If a ticket met its deadline after a
warning at this percentage or a higher one, the plan has averted a breach.
"""


def _cleared_to(plan: ActionPlan, verdict: str | None, now: UtcMicroseconds, again_after: int) -> str | None:
    """Return the next state of a plan whose risk has cleared without a known breach; None while it is not decided.

    - Window with a verdict: a breach was averted if a projection had predicted one and the window closed without one.
    - Rolling window: a breach was averted if there is none until one window's length after the predicted instant.
    - Ticket: a breach was averted if the deadline was met after a warning at ``WARNED_LATE`` percent or later.
    - If the risk ended in a breach, the plan waits for the breach event, which names the breach, or for the verdict.
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


def delay_before_ending(terms: Mapping[str, Any] | None) -> int:
    """Return for how many microseconds a plan stays open after its risk cleared.

    That is ``warn_again_after`` in the target's terms, or an hour if the terms do not have this field.
    """
    written = (terms or {}).get("warn_again_after")
    return AGAIN_AFTER if written is None else iso_durations.from_iso(written)


def plan_event_fields(plan: ActionPlan) -> dict[str, Any]:
    """Return the fields that all events of a plan have."""
    names = ("plan_id", "agreement_id", "target_id", "target_key", "risk_id", "provider_party_id", "customer_party_id")
    return {name: getattr(plan, name) for name in (*names, "hidden_from_party_id")}


def plan_opened_event(plan: ActionPlan) -> ActionPlanOpened:
    """Return the event that a plan was opened."""
    assert plan.opened_at is not None
    return ActionPlanOpened(
        **plan_event_fields(plan),
        owner=plan.owner,
        steps=plan.steps,
        due_at=instants.to_text(plan.due_at) if plan.due_at is not None else None,
        time_left_seconds=plan.time_left_seconds,
        opened_at=instants.to_text(plan.opened_at),
    )


def plan_ended_event(plan: ActionPlan) -> ActionPlanEnded:
    """Return the event that a plan ended."""
    assert plan.ended_at is not None
    return ActionPlanEnded(
        **plan_event_fields(plan),
        outcome=plan.state,
        breach_id=plan.breach_id,
        ended_at=instants.to_text(plan.ended_at),
    )
