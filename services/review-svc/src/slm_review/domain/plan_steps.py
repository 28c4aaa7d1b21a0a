"""The steps of an action plan and their completion."""

from __future__ import annotations

from dataclasses import replace

from slm_events import instants
from slm_events.review import PlanStepCompleted
from slm_review.domain.errors import AlreadyEnded, NotAcceptable
from slm_review.domain.plans import ActionPlan, identity_of


def completed(
    plan: ActionPlan, number: int, note: str, by_party_id: str | None, by_principal_id: str, now: int
) -> ActionPlan:
    """Return the plan with a completed step; ``number`` counts from 1. The plan itself may have ended.

    Raises NotAcceptable for a number that the plan does not have, and AlreadyEnded for a completed step.
    """
    if not 1 <= number <= len(plan.steps):
        raise NotAcceptable("number", number, f"the plan has {len(plan.steps)} steps, counted from 1")
    step = plan.steps[number - 1]
    if step.get("completed_at") is not None:
        raise AlreadyEnded(f"Step {number} was completed at {step['completed_at']}.")
    done = {
        **step,
        "completed_at": instants.to_text(now),
        "completed_by_party_id": by_party_id,
        "completed_by_principal_id": by_principal_id,
        "note": note,
    }
    return replace(plan, steps=[done if place == number - 1 else each for place, each in enumerate(plan.steps)])


def completion_of(plan: ActionPlan, number: int) -> PlanStepCompleted:
    """Return the event of a completed step."""
    step = plan.steps[number - 1]
    return PlanStepCompleted(
        **identity_of(plan),
        number=number,
        step=step["step"],
        note=step["note"],
        completed_by_party_id=step["completed_by_party_id"],
        completed_at=step["completed_at"],
    )
