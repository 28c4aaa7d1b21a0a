"""The events of review-svc: action plans, reviews, actions, lessons, disputes, surveys and proposals for new
targets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPlanOpened:
    """An action plan was opened for a risk: its owner should act before the target is missed."""

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
    hidden_from_party_id: str | None = None
    """The customer, if the agreement's `customer_sees` hides this event from it; null if both parties may see the
    event.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPlanEnded:
    """An action plan ended.

    ``outcome`` is ``breached`` if the target was breached, ``averted`` if a breach was predicted and did not happen, or
    ``cleared`` if the risk ended without a predicted breach.
    """

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
    hidden_from_party_id: str | None = None
    """The customer, if the agreement's `customer_sees` hides this event from it; null if both parties may see the
    event.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStepCompleted:
    """A step of an action plan was completed."""

    plan_id: str
    agreement_id: str
    target_id: str
    target_key: str
    risk_id: str
    provider_party_id: str
    customer_party_id: str
    number: int
    """The step's number in the plan, from 1."""
    step: str
    note: str
    completed_by_party_id: str | None
    completed_at: str
    hidden_from_party_id: str | None = None
    """The customer, if the agreement's `customer_sees` hides this event from it; null if both parties may see the
    event.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEvent:
    """The fields that all events of a service review have."""

    review_id: str
    agreement_id: str
    agreement_version: int
    provider_party_id: str
    customer_party_id: str
    reason: str
    """Why there is a review: ``breach`` | ``cadence``."""
    period: str | None
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewScheduled(ReviewEvent):
    """A regular review was scheduled for ``due_at``, by the agreement's review cadence."""

    due_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOpened(ReviewEvent):
    """A review was opened. The event carries the first items of its agenda, at most 500."""

    agenda: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewConcluded(ReviewEvent):
    """The review took place, and a party recorded its conclusion."""

    summary: str
    attendees: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLapsed(ReviewEvent):
    """The review ended without a conclusion: every breach for which it was opened was withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOpened:
    """An improvement action was opened: who does what by when, and which target it should improve."""

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
    """An improvement action was completed. Later figures show whether it improved its target."""

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
    """A lesson from a review was recorded."""

    lesson_id: str
    review_id: str
    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    text: str
    recorded_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRevisionProposed:
    """A new objective is proposed for a target. agreement-svc answers with a draft amendment.

    At most one proposal is open for an agreement. A further proposed target gets the same ``proposal_id`` and is added
    to the same draft.
    """

    proposal_id: str
    review_id: str | None
    """The review that proposed it; null if comfortably met windows caused the proposal."""
    agreement_id: str
    agreement_version: int
    target_id: str
    target_key: str
    provider_party_id: str
    customer_party_id: str
    objective: dict[str, Any]
    """The proposed objective, in the form of the target's terms."""
    reason: str
    proposed_by_party_id: str | None
    proposed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRevisionDeclined:
    """A party declined a proposal. Its draft amendment is withdrawn, unless somebody has already worked on it."""

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
    """Both parties accepted the results of a period. Later facts do not change these results, but adjust the current
    period.
    """

    acceptance_id: str
    review_id: str | None
    agreement_id: str
    agreement_version: int
    provider_party_id: str
    customer_party_id: str
    period: str
    windows: list[dict[str, Any]]
    """The accepted windows, each ``{"target_id", "window_id", "revision"}``. A window that was restated after the
    acceptance is not frozen, because the parties did not accept its present result.
    """
    accepted_by: list[dict[str, Any]]
    """Who accepted, each ``{"party_id", "principal_id", "name", "at"}``, with at least one for each party."""
    accepted_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeEvent:
    """The fields that all events of a dispute have: the breach and its revision, and the reason."""

    dispute_id: str
    review_id: str | None
    breach_id: str
    revision: int
    """The disputed revision of the breach."""
    agreement_id: str
    target_id: str
    target_key: str
    window_id: str
    provider_party_id: str
    customer_party_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachDisputed(DisputeEvent):
    """A party disputes a breach."""

    by_party_id: str
    by_principal_id: str
    by_name: str
    disputed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeDecided(DisputeEvent):
    """The parties decided a dispute about a breach. ``upheld``: the breach is withdrawn. ``rejected``: it remains."""

    decision: str
    """The decision: ``upheld`` (the breach is withdrawn) | ``rejected`` (it remains)."""
    decided_by: list[dict[str, Any]]
    """Who agreed to the decision, each ``{"party_id", "principal_id", "name", "at"}``."""
    decided_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SatisfactionSurveyed:
    """Somebody rated their satisfaction with a service. A higher revision of the same ``answer_id`` corrects the score.

    monitor-svc records the score as a rating of the provider's indicator with the key ``indicator``. If there is no
    such indicator yet, monitor-svc registers one with this scale.
    """

    answer_id: str
    survey_id: str
    revision: int = 0
    agreement_id: str
    service_id: str
    provider_party_id: str
    customer_party_id: str
    indicator: str
    """The indicator's key, such as ``satisfaction.checkout``."""
    score: str
    """The exact score, on the scale from ``lowest`` to ``highest``, which are exact, too."""
    lowest: str
    highest: str
    touch_point: str | None
    """Where the respondent had contact with the service: ``phone`` | ``mail`` | ``chat`` | ``portal``; null if unknown.
    """
    respondent: str | None
    comment: str | None = None
    answered_at: str
