"""What a review decides: lessons, improvement actions, and proposals for new targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from slm_chassis.identity import named_id
from slm_events import instants
from slm_events.agreement import AmendmentDrafted
from slm_events.review import ActionOpened, LessonRecorded, TargetRevisionProposed
from slm_review.domain import raising
from slm_review.domain.agreements import Agreement
from slm_review.domain.findings import AttainedWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What was learned; instants in microseconds UTC."""

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
    """An improvement action: who does what by when, which target it should move and how."""

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
    external_refs: list[dict[str, Any]]
    opened_by_principal_id: str
    opened_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A new objective for a target, and the draft amendment that answers it."""

    proposal_id: str
    review_id: str | None
    """None: raised by comfortably attained windows, outside a review."""
    agreement_id: str
    agreement_version: int
    target_id: str
    target_key: str
    target_title: str
    provider_party_id: str
    customer_party_id: str
    present_objective: dict[str, Any]
    objective: dict[str, Any]
    reason: str
    origin: str
    """``review`` | ``attained``."""
    state: str = "proposed"
    """``proposed`` | ``drafted`` (an amendment answers it)."""
    proposed_by_party_id: str | None
    proposed_by_principal_id: str | None
    proposed_at: int
    amendment_version: int | None = None
    amendment_revision_hash: str | None = None
    drafted_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A drafted version of an agreement that answers a proposal."""

    amendment_id: str
    agreement_id: str
    version: int
    revision_hash: str
    proposal_id: str
    drafted_at: int


def amendment(event: AmendmentDrafted) -> Amendment | None:
    """The amendment, if it answers a proposal."""
    if event.proposal_id is None:
        return None
    return Amendment(
        amendment_id=named_id(event.agreement_id, "amendment", event.version),
        agreement_id=event.agreement_id,
        version=event.version,
        revision_hash=event.revision_hash,
        proposal_id=event.proposal_id,
        drafted_at=instants.from_text(event.drafted_at),
    )


def answered(proposal: Proposal, draft: Amendment) -> Proposal:
    """The proposal once an amendment answers it; a second answer changes nothing."""
    if proposal.amendment_version is not None:
        return proposal
    return replace(
        proposal,
        state="drafted",
        amendment_version=draft.version,
        amendment_revision_hash=draft.revision_hash,
        drafted_at=draft.drafted_at,
    )


def from_attained(agreement: Agreement, run: Sequence[AttainedWindow], now: int) -> Proposal | None:
    """The proposal to raise a target met comfortably in a run of windows: one for the same terms, however often."""
    newest = run[-1]
    objective = raising.raised(newest.objective, newest.aggregation)
    if objective is None:
        return None
    attained = ", ".join(
        f"{window.window_id} {window.figure_display}" for window in run[-agreement.after_met_windows :]
    )
    return Proposal(
        proposal_id=named_id(agreement.agreement_id, "raise", agreement.version, newest.target_id),
        review_id=None,
        agreement_id=agreement.agreement_id,
        agreement_version=agreement.version,
        target_id=newest.target_id,
        target_key=newest.target_key,
        target_title=newest.target_title,
        provider_party_id=agreement.provider_party_id,
        customer_party_id=agreement.customer_party_id,
        present_objective=newest.objective,
        objective=objective,
        reason=f"Met comfortably in {len(run)} windows in a row: {attained}.",
        origin="attained",
        proposed_by_party_id=None,
        proposed_by_principal_id=None,
        proposed_at=now,
    )


def opening_of(action: Action) -> ActionOpened:
    return ActionOpened(
        action_id=action.action_id,
        review_id=action.review_id,
        agreement_id=action.agreement_id,
        target_id=action.target_id,
        target_key=action.target_key,
        provider_party_id=action.provider_party_id,
        customer_party_id=action.customer_party_id,
        text=action.text,
        owner=action.owner,
        due_at=instants.to_text(action.due_at),
        expected_change=action.expected_change,
        opened_at=instants.to_text(action.opened_at),
    )


def recording_of(lesson: Lesson) -> LessonRecorded:
    return LessonRecorded(
        lesson_id=lesson.lesson_id,
        review_id=lesson.review_id,
        agreement_id=lesson.agreement_id,
        provider_party_id=lesson.provider_party_id,
        customer_party_id=lesson.customer_party_id,
        text=lesson.text,
        recorded_at=instants.to_text(lesson.recorded_at),
    )


def proposing_of(proposal: Proposal) -> TargetRevisionProposed:
    return TargetRevisionProposed(
        proposal_id=proposal.proposal_id,
        review_id=proposal.review_id,
        agreement_id=proposal.agreement_id,
        agreement_version=proposal.agreement_version,
        target_id=proposal.target_id,
        target_key=proposal.target_key,
        provider_party_id=proposal.provider_party_id,
        customer_party_id=proposal.customer_party_id,
        objective=proposal.objective,
        reason=proposal.reason,
        proposed_by_party_id=proposal.proposed_by_party_id,
        proposed_at=instants.to_text(proposal.proposed_at),
    )
