"""Response models of review-svc, which convert rows and the domain's dataclasses to JSON."""

from __future__ import annotations

from typing import Any, Literal

from slm_chassis.http.record_marks import OnRecordAnswer
from slm_chassis.http.response_models import ABSENT, Answer, Instant, fields_of_dataclass
from slm_review.domain import agenda, decisions, plans, proposed, reviews

Document = dict[str, Any]
"""A JSON object whose fields depend on what it describes, such as the terms of a target."""
_WHOSE = {
    "agreement_id": "Id of the agreement",
    "agreement_version": "Version of the agreement",
    "provider_party_id": "Id of the party that provides the service",
    "customer_party_id": "Id of the party that the service is provided to",
    "review_id": "Id of the review",
    "target_id": "Id of the target",
    "target_key": "The target's key in the agreement",
    "target_title": "The target's title in the agreement",
}


class AboutAgreement(Answer):
    """An answer about something that belongs to an agreement."""

    on_record: OnRecordAnswer = ABSENT
    """Only of an agreement on record, in lists and when one item is read: who recorded it, and who has not confirmed it
    """


class PlanStepAnswer(Answer):
    """A step of an action plan, as answers contain it."""

    step: str
    """What is to be done"""
    owner: str
    """Who carries out the step"""
    completed_at: Instant = ABSENT
    """When the step was completed; missing in a step that is not completed"""
    completed_by_party_id: str | None = ABSENT
    """Id of the party that completed the step; null: an operator"""
    completed_by_principal_id: str = ABSENT
    """Id of the principal that completed the step"""
    note: str = ABSENT
    """What was done in the step; may be empty"""


@fields_of_dataclass(
    plans.ActionPlan,
    without=(
        "service_id",
        "window_end_at",
        "responsible",
        "risk_revision",
        "breach_named_at",
        "cleared_revision",
        "cleared_as",
        "cleared_at",
        "quiet_at",
        "customer_sees",
    ),
    descriptions={
        **_WHOSE,
        "plan_id": "Id of the plan",
        "risk_id": "Id of the risk that the plan is against",
        "window_id": "The window at risk: `2026-11` for a calendar window, `PT1H` for a rolling one",
        "cause": "Kind of the warning: `budget_consumed`, `burn_rate`, `projection`, `below_objective` or `elapsed`",
        "threshold": "The limit of the warning that was reached, such as `75` percent of the budget",
        "figure_display": "The figure when the item was added or last updated, for people",
        "owner": "Who acts on the risk; empty if the agreement names nobody",
        "at_risk_at": "When the warning fired",
        "due_at": "When the steps are due; null if no instant of a breach is expected",
        "breach_id": "Id of the breach that the plan did not avert; null without one",
        "ended_at": "When the plan ended; null while it is open",
    },
)
class ActionPlanAnswer(AboutAgreement):
    """An action plan against a risk: its owner, its steps and its outcome."""

    state: Literal["open", "watching", "averted", "breached", "cleared"]
    """`open` while there is something to do; `watching`: the risk is over, but its outcome is not known yet; `averted`:
    a breach was predicted and did not happen; `breached`: a breach happened; `cleared`: the risk is over, and no breach
    had been predicted
    """
    steps: list[PlanStepAnswer]
    """The steps that the agreement names"""
    opened_at: Instant
    """When the plan was opened"""
    harm_expected_at: Instant | None
    """When a breach is expected: the projected instant, else the window's end, else the instant at which a rolling
    window contains only time after the warning; null if unknown
    """
    time_left_seconds: int | None
    """Seconds from now until a breach is expected; null if the plan is not `open`, or no instant is known"""


@fields_of_dataclass(
    reviews.Review,
    descriptions={
        **_WHOSE,
        "agreement_title": "Title of the agreement",
        "period": "The period that it is about, such as `2026-11`; null for a review after a breach",
        "due_at": "When it opens or opened",
        "opened_at": "When it opened; null until then",
        "concluded_at": "When it was concluded; null until then",
        "concluded_by_principal_id": "Id of the principal that concluded it; null until then",
        "summary": "The conclusion, as it was recorded; empty until then",
        "attendees": "Names of those who took part",
    },
)
class ReviewAnswer(AboutAgreement):
    """A service review, without its agenda."""

    reason: Literal["breach", "cadence"]
    """Why the review takes place: after a breach, or by the agreement's cadence"""
    state: Literal["scheduled", "open", "concluded", "cancelled", "lapsed"]
    """The state of the review. `cancelled`: the agreement ended before the reviewed period began; `lapsed`: all
    breaches on its agenda were withdrawn
    """
    start_at: Instant
    """The agenda covers events from this instant on"""
    end_at: Instant | None
    """The agenda covers events before this instant; null: until the review is concluded"""


@fields_of_dataclass(
    agenda.AgendaItem,
    without=("review_id", "agreement_id"),
    descriptions={
        "item_id": "Id of the item",
        "ref_id": "Id of the breach, window, report, action or proposal",
        "at": "When it happened",
        "title": "Title of the item",
    },
)
class AgendaItemAnswer(Answer):
    """An item of a review's agenda."""

    kind: Literal["breach", "window", "restatement", "report", "action", "proposal"]
    """What the item is about; `restatement` is a closed window whose figure was changed"""
    state: Literal["standing", "withdrawn"]
    """`withdrawn`: the item's breach was withdrawn later, and the item stays visible; `standing`: any other item"""
    detail: Document
    """Further data about the item; the members depend on the item's `kind`. `target_title` is the title of the target,
    and `figure` is the exact figure of a window
    """


class ReviewWithAgenda(ReviewAnswer):
    """A service review with the beginning of its agenda."""

    agenda: list[AgendaItemAnswer]
    """The first 100 items; all of them at `/api/v1/reviews/{review_id}/agenda`"""
    agenda_count: int
    """Number of all items of the agenda"""


class ExternalReference(Answer):
    """A reference to the same action in another system."""

    system: str
    """Name of the other system"""
    id: str
    """Id of the action in that system"""
    url: str = ABSENT
    """Address of a page about the action"""


@fields_of_dataclass(
    decisions.Action,
    descriptions={
        **_WHOSE,
        "action_id": "Id of the action",
        "target_id": "Id of the target that it should improve; null if it names none",
        "target_key": "Key of that target; null if it names none",
        "text": "What is to be done",
        "owner": "Who does it",
        "due_at": "When it is due",
        "expected_change": "What should be better afterwards",
        "opened_by_principal_id": "Id of the principal who opened it",
        "opened_at": "When it was opened",
        "completed_at": "When it was done; null while it is open",
        "completed_by_principal_id": "Id of the principal that completed it; null while it is open",
        "completion_note": "What was done; may be empty",
    },
)
class ActionAnswer(AboutAgreement):
    """An improvement action: who does what by when, and which target it should improve."""

    state: Literal["open", "done"]
    """Whether the action is still to be done"""
    external_refs: list[ExternalReference]
    """References to the same action in other systems"""


@fields_of_dataclass(
    decisions.Lesson,
    descriptions={
        **_WHOSE,
        "lesson_id": "Id of the lesson",
        "text": "What was learned",
        "recorded_by_principal_id": "Id of the principal who recorded it",
        "recorded_at": "When it was recorded",
    },
)
class LessonAnswer(AboutAgreement):
    """A lesson that a review recorded."""


class ProposedTarget(Answer):
    """A target in a proposal, with its present and its proposed objective."""

    target_id: str
    """Id of the target"""
    target_key: str
    """The target's key in the agreement"""
    target_title: str
    """The target's title in the agreement"""
    present_objective: Document
    """The objective as the agreement writes it, such as `{"at_least": "99.9", "unit": "percent"}`"""
    objective: Document
    """The proposed objective, in the same form"""
    reason: str
    """Why the objective is proposed"""


@fields_of_dataclass(
    proposed.Proposal,
    descriptions={
        **_WHOSE,
        "proposal_id": "Id of the proposal",
        "review_id": "Id of the review that proposed it; null if attained figures caused it",
        "agreement_version": "Version of the agreement whose objectives it would change",
        "proposed_by_party_id": "Id of the party that proposed it; null if attained figures caused it",
        "proposed_by_principal_id": "Id of the principal who proposed it; null if attained figures caused it",
        "proposed_at": "When it was proposed",
        "amendment_revision_hash": "SHA-256 of the revision that was drafted; null until then",
        "drafted_at": "When the amendment was drafted; null until then",
        "ended_at": "When it was agreed, declined or lapsed; null until then",
        "ended_by_party_id": "Id of the party that ended it; null if no party did",
        "ended_by_principal_id": "Id of the principal who ended it; null if no party did",
        "end_reason": "Why it was declined or lapsed; may be empty",
    },
)
class ProposalAnswer(AboutAgreement):
    """A target revision proposal: new objectives for targets of an agreement, and the draft amendment that answers
    them.
    """

    targets: list[ProposedTarget]
    """The targets in the order in which they were proposed; further targets are added while the proposal is open"""
    origin: Literal["review", "attained"]
    """What caused the first proposed target: a review, or figures attained for some time"""
    state: Literal["proposed", "drafted", "agreed", "declined", "lapsed"]
    """`drafted`: a draft amendment answers the proposal; `agreed`: that amendment was signed; `lapsed`: a new version
    was signed that does not answer the proposal, or the agreement ended
    """
    amendment_version: int | None
    """The version of the agreement that was drafted in answer; null until then"""
