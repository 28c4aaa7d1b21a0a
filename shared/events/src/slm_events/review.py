"""What review-svc publishes: plans against harm, reviews, actions, lessons and proposals for new targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPlanOpened:
    """Somebody is to act before a target is missed."""

    plan_id: str
    agreement_id: str
    target_id: str
    target_key: str
    risk_id: str
    provider_party_id: str
    customer_party_id: str
    owner: str
    steps: list[dict[str, Any]]
    due_at: str | None
    time_left_seconds: int | None
    opened_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPlanEnded:
    """How it ended: ``averted`` (a breach was in sight, and none came), ``breached``, or ``cleared`` (none was)."""

    plan_id: str
    agreement_id: str
    target_id: str
    target_key: str
    risk_id: str
    provider_party_id: str
    customer_party_id: str
    outcome: str
    breach_id: str | None
    ended_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStepCompleted:
    """A step of an action plan was ticked off by whoever carried it out."""

    plan_id: str
    agreement_id: str
    target_id: str
    target_key: str
    risk_id: str
    provider_party_id: str
    customer_party_id: str
    number: int
    """From 1, in the order of the plan."""
    step: str
    note: str
    completed_by_party_id: str | None
    completed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewMoved:
    """What every step of a service review tells."""

    review_id: str
    agreement_id: str
    agreement_version: int
    provider_party_id: str
    customer_party_id: str
    reason: str
    """``breach`` | ``cadence``."""
    period: str | None
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewScheduled(ReviewMoved):
    """The agreement's cadence asks for a review at ``due_at``."""

    due_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOpened(ReviewMoved):
    """A review was opened, its agenda assembled from what happened."""

    agenda: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewHeld(ReviewMoved):
    """The review took place."""

    summary: str
    attendees: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLapsed(ReviewMoved):
    """There is nothing left to review: every breach that it was opened for was withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOpened:
    """An improvement action: who does what by when, and which target it should move."""

    action_id: str
    review_id: str
    agreement_id: str
    target_id: str | None
    target_key: str | None
    provider_party_id: str
    customer_party_id: str
    text: str
    owner: str
    due_at: str
    expected_change: str
    opened_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCompleted:
    """An improvement action was done; whether it moved its target, later figures say."""

    action_id: str
    review_id: str
    agreement_id: str
    target_id: str | None
    target_key: str | None
    provider_party_id: str
    customer_party_id: str
    note: str
    was_due_at: str
    completed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonRecorded:
    """What was learned."""

    lesson_id: str
    review_id: str
    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    text: str
    recorded_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRevisionProposed:
    """A new objective is proposed for a target; agreement-svc answers with a draft amendment.

    At most one proposal is open for an agreement. Another target of it is told under the same ``proposal_id``, and is
    added to the same draft.
    """

    proposal_id: str
    review_id: str | None
    """None: raised by comfortably attained windows, outside a review."""
    agreement_id: str
    agreement_version: int
    target_id: str
    target_key: str
    provider_party_id: str
    customer_party_id: str
    objective: dict[str, Any]
    """The objective proposed, in the form of the target's terms."""
    reason: str
    proposed_by_party_id: str | None
    proposed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRevisionDeclined:
    """A party said no to a proposal; its draft amendment, where nobody has taken it up, goes with it."""

    proposal_id: str
    agreement_id: str
    agreement_version: int
    provider_party_id: str
    customer_party_id: str
    reason: str
    declined_by_party_id: str | None
    declined_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodAccepted:
    """Both parties accept what was established of a period: from now on later facts adjust the current one instead."""

    acceptance_id: str
    review_id: str | None
    agreement_id: str
    agreement_version: int
    provider_party_id: str
    customer_party_id: str
    period: str
    windows: list[dict[str, Any]]
    """Each ``{"target_id", "window_id", "revision"}``: as it stood when it was accepted. One that has been restated
    since is not what they accepted, and is not frozen."""
    accepted_by: list[dict[str, Any]]
    """Each ``{"party_id", "principal_id", "name", "at"}``, one of either party at least."""
    accepted_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """What every turn of a dispute tells: which breach it is about, of which revision."""

    dispute_id: str
    review_id: str | None
    breach_id: str
    revision: int
    """Of the breach."""
    agreement_id: str
    target_id: str
    target_key: str
    window_id: str
    provider_party_id: str
    customer_party_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachDisputed(Dispute):
    """A party says that a breach was none."""

    by_party_id: str
    by_principal_id: str
    by_name: str
    disputed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeDecided(Dispute):
    """The parties have agreed on it: where it is ``upheld`` the breach is withdrawn, ``rejected`` it stands."""

    decision: str
    """``upheld`` | ``rejected``."""
    decided_by: list[dict[str, Any]]
    """Each ``{"party_id", "principal_id", "name", "at"}``."""
    decided_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SatisfactionSurveyed:
    """Somebody answered how content they are with a service. The same answer again with a higher revision corrects it.

    monitor-svc takes it as a rating, of the indicator of that key of the provider's, which is registered with its scale
    where it is not yet.
    """

    answer_id: str
    survey_id: str
    revision: int = 0
    agreement_id: str
    service_id: str
    provider_party_id: str
    customer_party_id: str
    indicator: str
    """Its key, such as ``satisfaction.checkout``."""
    score: str
    """Exact, as are both ends of the scale."""
    lowest: str
    highest: str
    touch_point: str | None
    """``phone`` | ``mail`` | ``chat`` | ``portal``."""
    respondent: str | None
    comment: str | None = None
    answered_at: str
