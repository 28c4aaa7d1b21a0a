"""Improvement actions: who does what by when, and which target it should improve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slm_chassis.access import Principal
from slm_chassis.identity import new_id
from slm_events import instants
from slm_events.instants import UtcMicroseconds
from slm_review.application import reviews, targets
from slm_review.application.ledger import Desk, Ledger
from slm_review.application.locking import lock_and_read
from slm_review.domain import decisions
from slm_review.domain.decisions import Action
from slm_review.domain.errors import NotAcceptable
from slm_review.domain.reviews import Review, require_opened


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDecision:
    """An improvement action that a review decides on. ``target`` is a target's id or key, ``due_at`` is microseconds
    UTC.
    """

    text: str
    owner: str
    due_at: UtcMicroseconds
    target: str | None
    expected_change: str
    external_refs: list[dict[str, Any]]


async def open_action(desk: Desk, caller: Principal, review_id: str, decided: ActionDecision) -> Action:
    """Open an improvement action of an open or concluded review; raises NotFound, NotOpen and NotAcceptable."""
    async with desk.begin() as ledger:
        review = await reviews.lock_review(ledger, caller, review_id)
        require_opened(review)
        action = await _action(ledger, caller, review, decided)
        await ledger.actions.put(action)
        await ledger.note(caller, "action.opened", action.action_id)
        ledger.publish(decisions.action_opened_event(action))
        return action


async def complete_action(desk: Desk, caller: Principal, action_id: str, note: str) -> Action:
    """Record that an improvement action was completed; raises NotFound and AlreadyEnded."""
    async with desk.begin() as ledger:
        known = await lock_and_read(ledger, caller, ledger.actions, "action", action_id)
        action = decisions.completed_action(known, note, caller.principal_id, ledger.now)
        await ledger.actions.put(action)
        await ledger.note(caller, "action.completed", action_id)
        ledger.publish(decisions.action_completed_event(action))
        return action


async def _action(ledger: Ledger, caller: Principal, review: Review, decided: ActionDecision) -> Action:
    if decided.due_at <= ledger.now:
        remedy = f"give an instant in the future; it is {instants.to_text(ledger.now)} now"
        raise NotAcceptable("due_at", instants.to_text(decided.due_at), remedy)
    terms: dict[str, Any] = {}
    if decided.target is not None:
        _, terms = await targets.find_agreed_target(ledger, review, decided.target)
    return Action(
        action_id=new_id(),
        review_id=review.review_id,
        agreement_id=review.agreement_id,
        provider_party_id=review.provider_party_id,
        customer_party_id=review.customer_party_id,
        target_id=terms.get("target_id"),
        target_key=terms.get("key"),
        text=decided.text,
        owner=decided.owner,
        due_at=decided.due_at,
        expected_change=decided.expected_change,
        external_refs=decided.external_refs,
        opened_by_principal_id=caller.principal_id,
        opened_at=ledger.now,
    )
