"""Problem documents for the domain's refusals, with the status of each kind."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import Response

from slm_agreement.domain.errors import Invalid, NotAllowed, Refusal, Unknown, WrongState
from slm_chassis.http.problems import Problem, respond

_STATUS: dict[type[Refusal], int] = {Unknown: 404, NotAllowed: 403, WrongState: 409, Invalid: 422}
"""Kind of refusal → status. A kind that is not listed has the status of its base class."""


def problem_of(refused: Refusal) -> Problem:
    """Return the problem document of a refusal."""
    errors = [finding.document() for finding in refused.findings]
    status = next(_STATUS[kind] for kind in type(refused).__mro__ if kind in _STATUS)
    return Problem(status, refused.code, refused.title, refused.detail, errors)


def install(api: FastAPI) -> None:
    """Answer every refusal that a route raises with its problem document."""

    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return respond(problem_of(error), request.url.path)

    api.add_exception_handler(Refusal, answer)
