"""The completion of single steps of action plans."""

from __future__ import annotations

from slm_chassis.access import Principal
from slm_review.application.ledger import Desk
from slm_review.application.locking import locked
from slm_review.domain import plan_steps
from slm_review.domain.errors import NotFound
from slm_review.domain.plans import ActionPlan


async def complete_step(desk: Desk, caller: Principal, plan_id: str, number: int, note: str) -> ActionPlan:
    """Record that a step was completed; raises NotFound, AlreadyEnded and NotAcceptable."""
    async with desk.begin() as ledger:
        known = await locked(ledger, caller, ledger.plans, "action plan", plan_id)
        if known.opened_at is None:
            raise NotFound("action plan", plan_id)
        plan = plan_steps.completed(known, number, note, caller.party_id, caller.principal_id, ledger.now)
        await ledger.plans.put(plan)
        await ledger.note(caller, "plan.step-completed", plan_id)
        ledger.publish(plan_steps.completion_of(plan, number))
        return plan
