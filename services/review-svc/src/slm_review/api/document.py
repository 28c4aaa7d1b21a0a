"""The texts of review-svc's OpenAPI document that are not written at its routes: tags, parameters and problem types."""

from __future__ import annotations

from slm_chassis.http.document import Documentation, read_answer_examples
from slm_chassis.http.problem_types import ALREADY_ENDED, ProblemType

_TAGS = {
    "action-plans": "Plans against a risk, opened when a target is at risk and ended with its outcome.",
    "actions": "Improvement actions that a review decided.",
    "dead-letters": "Records that the service could not handle, for operators.",
    "key-uses": "When API keys were last used in the service.",
    "lessons": "Lessons that a review recorded.",
    "reviews": "Service reviews: scheduled by the agreement's cadence or caused by a breach.",
    "schemas": "JSON Schemas of the published events.",
    "target-revision-proposals": "Proposed new objectives for targets, which become draft amendments.",
}
_PARAMETERS = {
    "action_id": "Id of the action",
    "agreement_id": "Id of the agreement",
    "dead_letter_id": "Id of the dead letter",
    "event_type": "Type of an event, such as `slm.monitor.target-breached.v1`, or its `dataschema`",
    "lesson_id": "Id of the lesson",
    "origin": "What the proposal began with: a review, or figures attained for some time",
    "plan_id": "Id of the action plan",
    "proposal_id": "Id of the proposal",
    "reason": "Why the review takes place: after a breach, or by the agreement's cadence",
    "review_id": "Id of the review",
    "risk_id": "Id of the risk that the plan is against",
    "state": "Only those in this state",
    "target_id": "Id of the target",
}
_PROBLEMS = (
    ALREADY_ENDED,
    ProblemType(
        "agreement-on-record",
        409,
        "The agreement is on record",
        "One party recorded the agreement, and its other party does not use the product: nobody could answer.",
        "Terminate the record, and record the changed contract under another key.",
    ),
    ProblemType(
        "review-already-concluded",
        409,
        "The review has already been concluded",
        "A review is concluded once.",
        "Lessons, actions and proposals can still be added to it.",
    ),
    ProblemType(
        "review-not-open",
        409,
        "The review is not open",
        "The review has not opened yet, was cancelled, or lapsed with the breach that it was about.",
        "Read its state; a scheduled review opens by itself when its period is over.",
    ),
)
DOCUMENT = Documentation(
    tags=_TAGS, parameters=_PARAMETERS, problems=_PROBLEMS, examples=read_answer_examples(__package__)
)
