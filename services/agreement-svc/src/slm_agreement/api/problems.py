"""Problem documents for the domain's refusals, with the HTTP status of each kind."""

from __future__ import annotations

from slm_agreement.domain.errors import (
    Invalid,
    NotAllowed,
    ProviderAway,
    Refusal,
    TooManyAttempts,
    Unknown,
    WrongCredentials,
    WrongState,
)
from slm_chassis.http.problems import Problem

_STATUS: dict[type[Refusal], int] = {
    WrongCredentials: 401,
    NotAllowed: 403,
    Unknown: 404,
    WrongState: 409,
    Invalid: 422,
    TooManyAttempts: 429,
    ProviderAway: 503,
}
"""Kind of refusal → HTTP status. A kind that is not listed has the status of its base class."""

_AWAY_SECONDS = "10"
"""After how many seconds a request may be repeated if the OpenID provider does not answer."""


def problem_of(refused: Refusal) -> Problem:
    """Return the problem document of a refusal."""
    errors = [finding.document() for finding in refused.findings]
    status = next(_STATUS[kind] for kind in type(refused).__mro__ if kind in _STATUS)
    return Problem(status, refused.code, refused.title, refused.detail, errors, _headers(refused))


def _headers(refused: Refusal) -> dict[str, str] | None:
    if isinstance(refused, TooManyAttempts):
        return {"Retry-After": str(refused.retry_after_seconds)}
    return {"Retry-After": _AWAY_SECONDS} if isinstance(refused, ProviderAway) else None
