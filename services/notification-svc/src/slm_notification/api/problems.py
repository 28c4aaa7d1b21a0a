"""The problem documents that answer refused requests. Each class of refusal has a status, a title and a remedy."""

from __future__ import annotations

from slm_chassis.http import problems
from slm_chassis.http.problems import Problem
from slm_notification.domain.errors import (
    EndpointGone,
    NotAcceptable,
    NotFound,
    Refusal,
    TooManyEndpoints,
    TooManyWriters,
    WithoutParty,
    WithoutPerson,
)


def problem_of(refused: Refusal) -> Problem:
    """Return the problem document that answers a refusal."""
    if isinstance(refused, NotFound):
        return problems.not_found(refused.what, refused.identity)
    if isinstance(refused, NotAcceptable):
        return problems.invalid(refused.field, refused.value, refused.remedy)
    if isinstance(refused, WithoutParty):
        return Problem(403, "without-party", "An operator has no endpoints", f"{refused} Use a key of the party.")
    if isinstance(refused, WithoutPerson):
        return Problem(403, "without-person", "No mails to a machine", f"{refused} Log in as a person.")
    if isinstance(refused, TooManyEndpoints):
        return Problem(409, "too-many-endpoints", "The party has too many endpoints", f"{refused} Remove one first.")
    if isinstance(refused, TooManyWriters):
        title = "The party has too many ticket writers"
        return Problem(409, "too-many-ticket-writers", title, f"{refused} Remove one first.")
    if isinstance(refused, EndpointGone):
        detail = f"{refused} Change the endpoint to use it again."
        return Problem(409, "endpoint-gone", "The receiver wants no more deliveries", detail)
    raise refused
