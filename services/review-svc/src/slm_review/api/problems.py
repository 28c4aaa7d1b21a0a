"""What a refusal is in HTTP."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from slm_chassis.http import problems
from slm_chassis.http.problems import Problem
from slm_review.domain.errors import AlreadyEnded, AlreadyHeld, NotAcceptable, NotFound, NotOpen


async def respond(request: Request, refused: Exception) -> Response:
    """An exception handler for Refused."""
    return problems.respond(of(refused), request.url.path)


def of(refused: Exception) -> Problem:
    if isinstance(refused, NotFound):
        return problems.not_found(refused.what, refused.identity)
    if isinstance(refused, NotAcceptable):
        return problems.invalid(refused.field, refused.value, refused.remedy)
    if isinstance(refused, AlreadyHeld):
        detail = f"{refused} Lessons, actions and proposals can still be added to it."
        return Problem(409, "review-already-held", "The review was held before", detail)
    if isinstance(refused, AlreadyEnded):
        return Problem(409, "already-ended", "It has ended before", str(refused))
    if isinstance(refused, NotOpen):
        return Problem(409, "review-not-open", "The review is not open", str(refused))
    raise refused
