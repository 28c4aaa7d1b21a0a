"""The decisions of a review: lessons and improvement actions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from slm_events import instants
from slm_events.review import ActionCompleted, ActionOpened, LessonRecorded
from slm_review.domain.errors import AlreadyEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A lesson of a review. Instants are microseconds UTC."""

    lesson_id: str
    review_id: str
    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    text: str
    recorded_by_principal_id: str
    recorded_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An improvement action: who does what by when, which target it should improve, and how."""

    action_id: str
    review_id: str
    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    target_id: str | None
    target_key: str | None
    text: str
    owner: str
    due_at: int
    expected_change: str
    state: str = "open"
    """``open`` | ``done``."""
    external_refs: list[dict[str, Any]]
    opened_by_principal_id: str
    opened_at: int
    completed_at: int | None = None
    completed_by_principal_id: str | None = None
    completion_note: str = ""


def action_opened(action: Action) -> ActionOpened:
    """Return the event of an opened action."""
    return ActionOpened(
        **_identity_of(action),
        text=action.text,
        owner=action.owner,
        due_at=instants.to_text(action.due_at),
        expected_change=action.expected_change,
        opened_at=instants.to_text(action.opened_at),
    )


def recording_of(lesson: Lesson) -> LessonRecorded:
    """Return the event of a recorded lesson."""
    return LessonRecorded(
        lesson_id=lesson.lesson_id,
        review_id=lesson.review_id,
        agreement_id=lesson.agreement_id,
        provider_party_id=lesson.provider_party_id,
        customer_party_id=lesson.customer_party_id,
        text=lesson.text,
        recorded_at=instants.to_text(lesson.recorded_at),
    )


def completed(action: Action, note: str, by_principal_id: str, now: int) -> Action:
    """Return the action after its completion; raises AlreadyEnded if it was completed before."""
    if action.state != "open":
        raise AlreadyEnded(f"The action was completed at {instants.to_text(action.completed_at or 0)}.")
    return replace(
        action, state="done", completed_at=now, completed_by_principal_id=by_principal_id, completion_note=note
    )


def completion_of(action: Action) -> ActionCompleted:
    """Return the event of a completed action."""
    return ActionCompleted(
        **_identity_of(action),
        note=action.completion_note,
        was_due_at=instants.to_text(action.due_at),
        completed_at=instants.to_text(action.completed_at or 0),
    )


def _identity_of(action: Action) -> dict[str, Any]:
    """Return the fields that all events of an action have."""
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
