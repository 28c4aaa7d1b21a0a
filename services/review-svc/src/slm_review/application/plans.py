"""Action plans as risks come, go, or turn into breaches, in whatever order that is heard."""

from __future__ import annotations

from slm_events.monitor import RiskCleared, TargetAtRisk
from slm_review.application.ledger import Ledger
from slm_review.domain import findings, plans
from slm_review.domain.agreements import Agreement, version_id
from slm_review.domain.plans import ActionPlan


async def open_plan(ledger: Ledger, event: TargetAtRisk) -> None:
    """A target is at risk: the agreed steps become somebody's plan."""
    await ledger.lock(event.agreement_id)
    plan = await ledger.plans.get(plans.plan_id(event.agreement_id, event.risk_id)) or plans.awaited(event)
    if plan.at_risk_at is None:
        await _settle(ledger, plans.at_risk(plan, event))


async def end_plan(ledger: Ledger, event: RiskCleared) -> None:
    """A warning no longer holds: its plan averted the breach, or did not."""
    await ledger.lock(event.agreement_id)
    plan = await ledger.plans.get(plans.plan_id(event.agreement_id, event.risk_id)) or plans.awaited(event)
    if plan.cleared_as is None:
        await _settle(ledger, plans.cleared(plan, event))


async def settle_window(ledger: Ledger, agreement_id: str, version: int, target_id: str, window_id: str) -> None:
    """Something new is known of a target's window: end the open plans that it decides."""
    found = await ledger.plans.find(
        agreement_id=agreement_id, agreement_version=version, target_id=target_id, window_id=window_id, state="open"
    )
    for plan in found:
        await _settle(ledger, plan)


async def complete(ledger: Ledger, agreement: Agreement) -> None:
    """Open the plans that waited for the agreement's steps."""
    found = await ledger.plans.find(
        agreement_id=agreement.agreement_id, agreement_version=agreement.version, state="waiting"
    )
    for plan in found:
        await _settle(ledger, plan)


async def _settle(ledger: Ledger, plan: ActionPlan) -> None:
    """Move a plan as far as what is known allows, and keep it."""
    if plan.state == "waiting":
        plan = await _opened(ledger, plan)
    if plan.state == "open":
        plan = await _ended(ledger, plan)
    await ledger.plans.put(plan)


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
    plan = plans.opened(plan, responsible, owner, ledger.now)
    ledger.publish(plans.opening_of(plan))
    return plan


async def _ended(ledger: Ledger, plan: ActionPlan) -> ActionPlan:
    known = await ledger.breaches.find(
        agreement_id=plan.agreement_id,
        agreement_version=plan.agreement_version,
        target_id=plan.target_id,
        window_id=plan.window_id,
    )
    window = await ledger.windows.get(
        findings.attained_id(plan.agreement_id, plan.agreement_version, plan.target_id, plan.window_id)
    )
    ended = plans.ended(plan, plans.harm(plan, known), window.verdict if window else None, ledger.now)
    if ended.state != "open":
        ledger.publish(plans.ending_of(ended))
    return ended
