"""The steps of an action plan and their completion."""

from __future__ import annotations

from dataclasses import replace

from slm_events import instants
from slm_events.instants import UtcMicroseconds
from slm_events.review import PlanStepCompleted
from slm_review.domain.errors import AlreadyEnded, NotAcceptable
from slm_review.domain.plans import ActionPlan, plan_event_fields


def plan_with_completed_step(
    plan: ActionPlan, number: int, note: str, by_party_id: str | None, by_principal_id: str, now: UtcMicroseconds
) -> ActionPlan:
    """Return the plan with one step completed; ``number`` counts from 1. A plan that has ended is allowed.

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


def step_completed_event(plan: ActionPlan, number: int) -> PlanStepCompleted:
    """Return the event that a step of a plan was completed; ``number`` counts from 1."""
    step = plan.steps[number - 1]
    return PlanStepCompleted(
        **plan_event_fields(plan),
        number=number,
        step=step["step"],
        note=step["note"],
        completed_by_party_id=step["completed_by_party_id"],
        completed_at=step["completed_at"],
    )
