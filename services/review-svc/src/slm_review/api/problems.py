"""Problem documents for refusals of the use cases: for each class of refusal its status, title and remedy."""

from __future__ import annotations

from slm_chassis.http import problems
from slm_chassis.http.problems import Problem
from slm_review.domain.errors import AlreadyConcluded, AlreadyEnded, NotAcceptable, NotFound, NotOpen, OnRecord, Refusal


def problem_of(refused: Refusal) -> Problem:
    """Return the problem document that answers a refusal."""
    if isinstance(refused, NotFound):
        return problems.not_found(refused.what, refused.identity)
    if isinstance(refused, NotAcceptable):
        return problems.invalid(refused.field, refused.value, refused.remedy)
    if isinstance(refused, AlreadyConcluded):
        detail = f"{refused} Lessons, actions and proposals can still be added to it."
        return Problem(409, "review-already-concluded", "The review has already been concluded", detail)
    if isinstance(refused, AlreadyEnded):
        return Problem(409, "already-ended", "It has already ended", str(refused))
    if isinstance(refused, NotOpen):
        return Problem(409, "review-not-open", "The review is not open", str(refused))
    if isinstance(refused, OnRecord):
        return Problem(409, "agreement-on-record", "The agreement is on record", str(refused))
    raise refused
