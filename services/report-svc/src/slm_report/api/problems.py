"""Problem documents for refusals of the use cases: for each class of refusal its status, title and remedy."""

from __future__ import annotations

from slm_chassis.http.problems import Problem, invalid, not_found
from slm_report.domain.errors import (
    FiguresForbidden,
    FiguresUnavailable,
    NoSuchPeriod,
    OutsideTerm,
    Refusal,
    UnknownAgreement,
)


def problem_of(refused: Refusal) -> Problem:
    """Return the problem document that answers a refusal, with the remedy."""
    if isinstance(refused, UnknownAgreement):
        return not_found("signed agreement", refused.agreement_id)
    if isinstance(refused, NoSuchPeriod):
        return invalid("period", refused.text, str(refused))
    if isinstance(refused, FiguresUnavailable):
        detail = f"{refused}. A report of an open period needs its figures as of now: ask again in a moment."
        title = "The figures of open windows are not available now"
        return Problem(503, "figures-away", title, detail, headers={"Retry-After": "2"})
    if isinstance(refused, FiguresForbidden):
        detail = f"{refused} A report of an open period reads its figures with your key: it needs figures:read."
        return Problem(403, "out-of-scope", "Outside the key's scopes", detail)
    if isinstance(refused, OutsideTerm):
        detail = f"{refused}. Name a period in which it was in force."
        return Problem(409, "outside-term", "The agreement was not in force in the period", detail)
    raise refused
