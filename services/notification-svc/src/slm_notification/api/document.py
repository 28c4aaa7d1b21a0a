"""The texts of notification-svc's OpenAPI document that are not written at its routes."""

from __future__ import annotations

from slm_chassis.http.document import Documentation, read_answer_examples
from slm_chassis.http.problem_types import NO_IDEMPOTENCY_HERE, ProblemType

_TAGS = {
    "dead-letters": "Records that the service could not handle, for operators.",
    "key-uses": "When API keys were last used in the service.",
    "mail-deliveries": "What people were told by mail, and how the latest attempt of each ended.",
    "notification-preferences": "What you hear of by mail, and when.",
    "schemas": "JSON Schemas of the published events.",
    "ticket-writers": "Accounts at ticket tools, into whose tickets due dates and the state of clocks are written.",
    "ticket-writes": "What is written into each ticket, and how the latest attempt ended.",
    "webhook-deliveries": "What was sent to the endpoints of your party, and how the latest attempt of each ended.",
    "webhook-endpoints": "Addresses to which events are sent as signed webhooks, after Standard Webhooks.",
}
_PARAMETERS = {
    "agreement_id": "Id of the agreement",
    "dead_letter_id": "Id of the dead letter",
    "delivery_id": "Id of the delivery, which is also its `webhook-id`",
    "endpoint_id": "Id of the endpoint",
    "event_type": "Type of an event, such as `slm.monitor.target-breached.v1`, or its `dataschema`",
    "person_id": "Id of the person",
    "state": "Only those in this state",
    "ticket": "Number of the ticket",
    "writer_id": "Id of the ticket writer",
}
_PROBLEMS = (
    ProblemType(
        "without-party",
        403,
        "An operator has no endpoints",
        "An endpoint gets the events of the party that it belongs to, and an operator belongs to none.",
        "Use a key of the party whose events are to be sent.",
    ),
    ProblemType(
        "without-person",
        403,
        "No mails to a machine",
        "Mails go to people of a party, and the key belongs to a machine or to an operator.",
        "Log in as a person, or use a key of a principal that was enrolled for a person.",
    ),
    ProblemType(
        "too-many-endpoints",
        409,
        "The party has too many endpoints",
        "A party has at most fifty endpoints.",
        "Remove one that is not used, or let one endpoint get the events of several agreements.",
    ),
    ProblemType(
        "too-many-ticket-writers",
        409,
        "The party has too many ticket writers",
        "A party has at most twenty ticket writers.",
        "Remove one that is not used.",
    ),
    ProblemType(
        "endpoint-gone",
        409,
        "The receiver wants no more deliveries",
        "The receiver answered a delivery with 410 Gone, so nothing more is sent to it.",
        "Change the endpoint, with the same or another URL: then it is active again.",
    ),
    NO_IDEMPOTENCY_HERE,
)
DOCUMENT = Documentation(
    tags=_TAGS, parameters=_PARAMETERS, problems=_PROBLEMS, examples=read_answer_examples(__package__)
)
