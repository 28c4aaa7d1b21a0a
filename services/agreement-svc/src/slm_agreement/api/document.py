"""Texts of agreement-svc's OpenAPI document about tags, parameters and problem types. Routes have their own texts."""

from __future__ import annotations

from slm_chassis.http.document import Documentation, read_answer_examples
from slm_chassis.http.problem_types import KEY_TAKEN, NO_IDEMPOTENCY_HERE, ProblemType

_TAGS = {
    "agreements": "Agreements with their versions and revisions: draft, read, compare, check and amend.",
    "audit trail": "Who did what, when, how identified and from where.",
    "chain-previews": "Whether supporting agreements suffice for an agreement's promises. Nothing is stored.",
    "comments": "What people say about a revision, a clause or a target, to both parties or to their own.",
    "dead-letters": "Records that the service could not handle, for operators.",
    "guests": "Links to one agreement for people without an account, mailed and confirmed by a code.",
    "installation": "The installation itself, and its first start.",
    "invitations and relations": "One party invites another with a code; an operator can relate two.",
    "key-uses": "When API keys were last used in the service.",
    "negotiation": "From a draft to signatures and termination: propose, counter, accept, sign, terminate.",
    "oauth": "Access tokens for programs that speak OAuth 2.0: client credentials are an API key and its id.",
    "parties": "The organisations that agree with each other: providers, customers, suppliers.",
    "people": "The people of a party, with their mandates to sign.",
    "principals": "Who calls the API: people and programs with their roles, and their API keys.",
    "records": "Contracts on record, whose other party does not use the product, and the companies named in them.",
    "requirements and templates": "What a customer needs of a service, and clauses to begin an agreement with.",
    "schemas": "JSON Schemas of the published events.",
    "search": "Agreements, targets, services, parties and people by words.",
    "services": "The catalogue: services with their provider and the outcome they exist for.",
    "sessions": "Logging in and out, the sessions of a person, and who the caller is.",
}
_PARAMETERS = {
    "agreement_id": "Id of the agreement",
    "comment_id": "Id of the comment",
    "dead_letter_id": "Id of the dead letter",
    "event_type": "Type of an event, such as `slm.monitor.target-breached.v1`, or its `dataschema`",
    "invitation_id": "Id of the invitation",
    "key": "Key that its party gave it",
    "link_id": "Id of the link, which is not the link itself",
    "key_id": "Id of the API key, which is not the key itself",
    "kind": "Kind of agreement: `sla`, `ola` or `uc`",
    "party_id": "Id of the party",
    "person_id": "Id of the person",
    "principal_id": "Id of the principal",
    "relation_id": "Id of the relation",
    "requirement_id": "Id of the requirement",
    "revision": "Number of the revision within its version, or its SHA-256 hash",
    "service_id": "Id of the service",
    "session_id": "Id of the session, or `current`",
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
        "wrong-credentials",
        401,
        "This does not let you in",
        "No account has this mail address and password. An address without an account is answered in the same way.",
        "Check both. If the password is lost, ask whoever invited you for a new invitation.",
    ),
    ProblemType(
        "log-in-over",
        409,
        "This log-in is over",
        "The log-in with the OpenID provider was completed before, has ended after ten minutes, or was begun in another"
        " browser.",
        "Begin another log-in in this browser.",
    ),
    ProblemType(
        "identity-not-proven",
        403,
        "The provider has not proven who you are",
        "The provider did not take the code, or its token is not valid. The reason is in the log of the installation.",
        "Begin another log-in. If that does not help, tell the operator when it happened.",
    ),
    ProblemType(
        "person-unknown",
        403,
        "You are not known here",
        "The provider has identified you, but nobody here is known under that account, or its mail address is not"
        " verified. The reason is in the log of the installation.",
        "Ask whoever would invite you to record the mail address that you have at the provider.",
    ),
    ProblemType(
        "provider-away",
        503,
        "The OpenID provider does not answer",
        "The OpenID provider does not answer within some seconds, or not as it should.",
        "Try again later, or log in with a password.",
    ),
    ProblemType(
        "too-many-attempts",
        429,
        "Too many attempts",
        "There were too many attempts for this account or from this address.",
        "Wait for the seconds in Retry-After.",
    ),
    ProblemType(
        "mail-needed",
        409,
        "This installation sends no mails",
        "A guest is identified by a code that is mailed, and no mail server is configured.",
        "Ask an operator to set SLM_SMTP_URL, or invite the person instead.",
    ),
    ProblemType(
        "has-account",
        409,
        "The person can log in",
        "A link that only reads is for people who have neither a password nor an account of an OpenID provider.",
        "Log in.",
    ),
    ProblemType(
        "address-taken",
        409,
        "The mail address is taken",
        "Another account has the mail address with which the person would log in.",
        "Have another mail address recorded with the person. If the code of an invitation was mailed to you, send"
        " `take_address`: an account that never proved the address gives it up.",
    ),
    NO_IDEMPOTENCY_HERE,
)
DOCUMENT = Documentation(
    tags=_TAGS, parameters=_PARAMETERS, problems=_PROBLEMS, examples=read_answer_examples(__package__ or "")
)
