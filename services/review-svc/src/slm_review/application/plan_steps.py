"""The completion of single steps of action plans."""

from __future__ import annotations

from slm_chassis.access import Principal
from slm_review.application.ledger import Desk
from slm_review.application.locking import lock_and_read
from slm_review.domain import plan_steps
from slm_review.domain.errors import NotFound
from slm_review.domain.plans import ActionPlan


def _customer_who_sees(plan: ActionPlan) -> str | None:
    return None if plan.hidden_from_party_id is not None else plan.customer_party_id


async def complete_step(desk: Desk, caller: Principal, plan_id: str, number: int, note: str) -> ActionPlan:
    """Record that a step of an action plan was completed; raises NotFound, AlreadyEnded and NotAcceptable."""
    async with desk.begin() as ledger:
        known = await lock_and_read(ledger, caller, ledger.plans, "action plan", plan_id)
        if known.opened_at is None or not caller.may_see(known.provider_party_id, _customer_who_sees(known)):
            raise NotFound("action plan", plan_id)
        plan = plan_steps.plan_with_completed_step(
            known, number, note, caller.party_id, caller.principal_id, ledger.now
        )
        await ledger.plans.put(plan)
        await ledger.note(caller, "plan.step-completed", plan_id)
        ledger.publish(plan_steps.step_completed_event(plan, number))
        return plan
