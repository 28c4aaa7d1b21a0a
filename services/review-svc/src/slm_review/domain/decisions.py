"""The decisions of a review: lessons and improvement actions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from slm_events import instants
from slm_events.instants import UtcMicroseconds
from slm_events.review import ActionCompleted, ActionOpened, LessonRecorded
from slm_review.domain.errors import AlreadyEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A lesson that a review recorded. Instants are microseconds UTC."""

    lesson_id: str
    review_id: str
    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    text: str
    recorded_by_principal_id: str
    recorded_at: UtcMicroseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An improvement action: who does what by when, and which target it should improve. Instants are microseconds
    UTC.
    """

    action_id: str
    review_id: str
    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    target_id: str | None
    target_key: str | None
    text: str
    owner: str
    due_at: UtcMicroseconds
    expected_change: str
    state: str = "open"
    """The state of the action: ``open`` | ``done``."""
    external_refs: list[dict[str, Any]]
    opened_by_principal_id: str
    opened_at: UtcMicroseconds
    completed_at: UtcMicroseconds | None = None
    completed_by_principal_id: str | None = None
    completion_note: str = ""


def action_opened_event(action: Action) -> ActionOpened:
    """Return the event that an improvement action was opened."""
    return ActionOpened(
        **_identity_of(action),
        text=action.text,
        owner=action.owner,
        due_at=instants.to_text(action.due_at),
        expected_change=action.expected_change,
        opened_at=instants.to_text(action.opened_at),
    )


def lesson_recorded_event(lesson: Lesson) -> LessonRecorded:
    """Return the event that a lesson was recorded."""
    return LessonRecorded(
        lesson_id=lesson.lesson_id,
        review_id=lesson.review_id,
        agreement_id=lesson.agreement_id,
        provider_party_id=lesson.provider_party_id,
        customer_party_id=lesson.customer_party_id,
        text=lesson.text,
        recorded_at=instants.to_text(lesson.recorded_at),
    )


def completed_action(action: Action, note: str, by_principal_id: str, now: UtcMicroseconds) -> Action:
    """Return the improvement action with its completion; raises AlreadyEnded if it was completed before."""
    if action.state != "open":
        raise AlreadyEnded(f"The action was completed at {instants.to_text(action.completed_at or 0)}.")
    return replace(
        action, state="done", completed_at=now, completed_by_principal_id=by_principal_id, completion_note=note
    )


def action_completed_event(action: Action) -> ActionCompleted:
    """Return the event that an improvement action was completed."""
    return ActionCompleted(
        **_identity_of(action),
        note=action.completion_note,
        was_due_at=instants.to_text(action.due_at),
        completed_at=instants.to_text(action.completed_at or 0),
    )


def _identity_of(action: Action) -> dict[str, Any]:
    """Return the fields that all events of an improvement action have."""
    names = (
        "action_id",
        "review_id",
        "agreement_id",
        "target_id",
        "target_key",
        "provider_party_id",
        "customer_party_id",
    )
    return {name: getattr(action, name) for name in names}
