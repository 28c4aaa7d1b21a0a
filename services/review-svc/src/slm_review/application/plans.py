"""Action plans: opened by risks, and ended when the risk clears or becomes a breach. Events may arrive in any order."""

from __future__ import annotations

from slm_events import instants
from slm_events.frozen import change_frozen
from slm_events.monitor import RiskCleared, TargetAtRisk
from slm_review.application.ledger import Desk, Ledger
from slm_review.domain import findings, plans
from slm_review.domain.agreements import Agreement, version_id
from slm_review.domain.plans import ActionPlan

_GOING_ON = ("open", "watching")


async def open_plan(ledger: Ledger, event: TargetAtRisk) -> None:
    """Open the action plan of a target at risk, with the agreed steps."""
    if _is_past(ledger, event):
        return
    await ledger.lock(event.agreement_id)
    plan = await ledger.plans.get(plans.plan_id(event.agreement_id, event.risk_id)) or plans.new_waiting_plan(event)
    heard = plans.plan_after_risk(plan, event)
    if heard is not plan:
        await _settle(ledger, heard)


async def end_plan(ledger: Ledger, event: RiskCleared) -> None:
    """Store that a risk cleared. Its action plan ends unless the risk returns soon."""
    if _is_past(ledger, event):
        return
    await ledger.lock(event.agreement_id)
    plan = await ledger.plans.get(plans.plan_id(event.agreement_id, event.risk_id)) or plans.new_waiting_plan(event)
    heard = plans.plan_after_clearing(plan, event)
    if heard is not plan:
        await _settle(ledger, heard)


def _is_past(ledger: Ledger, event: TargetAtRisk | RiskCleared) -> bool:
    """Whether nobody can act on the warning any more, because it is about the past. Two things must be true:

    - An import or the evaluation of a version's past caused the event.
    - The event's window has ended.
    """
    end, is_history = event.window_end_at, event.import_id is not None or event.catch_up is not None
    return is_history and end is not None and instants.from_text(end) <= ledger.now


async def settle_window(ledger: Ledger, agreement_id: str, version: int, target_id: str, window_id: str) -> None:
    """End the open action plans for a target's window, each only if its outcome is known now."""
    whose = {"agreement_id": agreement_id, "agreement_version": version, "target_id": target_id, "window_id": window_id}
    going_on = [plan for plan in await ledger.plans.find(**whose) if plan.state in _GOING_ON]
    for plan in sorted(going_on, key=lambda plan: _GOING_ON.index(plan.state)):
        await _settle(ledger, plan)


async def end_quiet_plans(desk: Desk) -> int:
    """End the action plans whose risk did not return, each in its own transaction; return how many plans changed."""
    moved = 0
    for agreement_id, plan_id in await desk.quiet_plans():
        async with desk.begin() as ledger:
            await ledger.lock(agreement_id)
            plan = await ledger.plans.get(plan_id)
            if plan is not None and plan.state in _GOING_ON:
                moved += (await _settle(ledger, plan)).state != plan.state
    return moved


async def open_waiting_plans(ledger: Ledger, agreement: Agreement) -> None:
    """Open the action plans that waited for this version of an agreement. Their steps are part of its terms."""
    found = await ledger.plans.find(
        agreement_id=agreement.agreement_id, agreement_version=agreement.version, state="waiting"
    )
    for plan in found:
        await _settle(ledger, plan)


async def _settle(ledger: Ledger, plan: ActionPlan) -> ActionPlan:
    """Move a plan to the state that follows from the known facts, store it, publish the change and return the plan."""
    if plan.state == "waiting":
        plan = await _opened(ledger, plan)
    if plan.state in _GOING_ON:
        plan = await _ended(ledger, plan)
    await ledger.plans.put(plan)
    return plan


async def _opened(ledger: Ledger, plan: ActionPlan) -> ActionPlan:
    if plan.at_risk_at is None:
        return plan
    responsible, owner = plan.responsible, ""
    if not responsible:
        agreement = await ledger.agreements.get(version_id(plan.agreement_id, plan.agreement_version))
        if agreement is None:
            return plan
        terms = agreement.target(plan.target_id) or {}
        responsible, owner = terms.get("responsible") or {}, agreement.provider_name
    plan = plans.opened_plan(plan, responsible, owner, ledger.now)
    ledger.publish(plans.plan_opened_event(plan))
    return plan


async def _ended(ledger: Ledger, plan: ActionPlan) -> ActionPlan:
    known = await ledger.breaches.find(
        agreement_id=plan.agreement_id,
        agreement_version=plan.agreement_version,
        target_id=plan.target_id,
        window_id=plan.window_id,
    )
    window = await ledger.windows.get(
        findings.attained_window_id(plan.agreement_id, plan.agreement_version, plan.target_id, plan.window_id)
    )
    agreement = await ledger.agreements.get(version_id(plan.agreement_id, plan.agreement_version))
    patience = plans.delay_before_ending(None if agreement is None else agreement.target(plan.target_id))
    if plan.state == "watching" and plan.cleared_as is None:
        # The risk has returned, so its plan is open again.
        plan = change_frozen(plan, state="open")
    ended = plans.plan_with_outcome(
        plan, plans.find_breach_of_plan(plan, known), window.verdict if window else None, ledger.now, patience
    )
    if ended.state == "watching":
        return plans.watched_plan(ended)
    if ended.state == "open":
        quiet_at = None if ended.cleared_at is None else ended.cleared_at + patience
        return ended if ended.quiet_at == quiet_at else change_frozen(ended, quiet_at=quiet_at)
    if ended.state not in _GOING_ON:
        ledger.publish(plans.plan_ended_event(ended))
    return ended
