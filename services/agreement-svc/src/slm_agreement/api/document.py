"""Texts of agreement-svc's OpenAPI document that are not at its routes: tags, parameters and problem types."""

from __future__ import annotations

from slm_chassis.http.document import Documentation, answers_of
from slm_chassis.http.problem_types import KEY_TAKEN, ProblemType

_TAGS = {
    "agreements": "Agreements with their versions and revisions: draft, read, compare, check and amend.",
    "chain-previews": "Whether supporting agreements suffice for an agreement's promises. Nothing is stored.",
    "invitations and relations": "One party invites another with a code; an operator can relate two.",
    "negotiation": "From a draft to signatures and termination: propose, counter, accept, sign, terminate.",
    "parties": "The organisations that agree with each other: providers, customers, suppliers.",
    "people": "The people of a party, with their mandates to sign.",
    "principals": "Who calls the API: people and programs with their roles, and their API keys.",
    "requirements and templates": "What a customer needs of a service, and clauses to begin an agreement with.",
    "schemas": "JSON Schemas of the published events.",
    "services": "The catalogue: services with their provider and the outcome they exist for.",
}
_PARAMETERS = {
    "agreement_id": "Id of the agreement",
    "event_type": "Type of an event, such as `slm.monitor.target-breached.v1`, or its `dataschema`",
    "invitation_id": "Id of the invitation",
    "key": "Key that its party gave it",
    "key_id": "Id of the API key, which is not the key itself",
    "kind": "Kind of agreement: `sla`, `ola` or `uc`",
    "party_id": "Id of the party",
    "person_id": "Id of the person",
    "principal_id": "Id of the principal",
    "relation_id": "Id of the relation",
    "requirement_id": "Id of the requirement",
    "revision": "Number of the revision within its version, or its SHA-256 hash",
    "service_id": "Id of the service",
}
_PROBLEMS = (
    KEY_TAKEN,
    ProblemType(
        "not-allowed",
        403,
        "This principal may not do that",
        "The object exists, but this principal or person may not do this with it.",
        "`detail` names the role, mandate or side that may.",
    ),
    ProblemType(
        "wrong-state",
        409,
        "Not possible in this state",
        "The agreement, invitation or key is in a state in which this move is not possible.",
        "Read its state; `detail` names the move that must come first.",
    ),
    ProblemType(
        "other-side-answers",
        409,
        "The other party must answer",
        "The proposed revision is your own.",
        "Wait for the other party to accept or to counter it, or withdraw it.",
    ),
    ProblemType(
        "nothing-changed",
        409,
        "Nothing would change",
        "The document equals the proposed revision.",
        "Accept the revision, or change something in it.",
    ),
    ProblemType(
        "invalid",
        422,
        "The document is not valid",
        "The agreement breaks rules that it must keep before it can be proposed or signed.",
        "`errors` names each finding with its field, its code and what to write instead.",
    ),
    ProblemType(
        "no-idempotency-here",
        400,
        "Secrets are issued without Idempotency-Key",
        "The answer holds a secret that is not stored, so that it cannot be given again.",
        "Send the request without Idempotency-Key, and revoke a key or invitation whose answer was lost.",
    ),
)
DOCUMENT = Documentation(tags=_TAGS, parameters=_PARAMETERS, problems=_PROBLEMS, examples=answers_of(__package__ or ""))
