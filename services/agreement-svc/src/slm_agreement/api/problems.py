"""What the rules refuse, as problem documents: which status means which refusal."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import Response

from slm_agreement.domain.errors import Invalid, NotAllowed, Refusal, Unknown, WrongState
from slm_chassis.http.problems import Problem, respond

_STATUS: dict[type[Refusal], int] = {Unknown: 404, NotAllowed: 403, WrongState: 409, Invalid: 422}
"""By the kind of refusal; its own kinds have the status of what they are a kind of."""


def problem_of(refused: Refusal) -> Problem:
    """A refusal as the answer to the caller."""
    errors = [finding.document() for finding in refused.findings]
    status = next(_STATUS[kind] for kind in type(refused).__mro__ if kind in _STATUS)
    return Problem(status, refused.code, refused.title, refused.detail, errors)


def install(api: FastAPI) -> None:
    """Lets every route of the API raise what the rules raise."""

    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return respond(problem_of(error), request.url.path)

    api.add_exception_handler(Refusal, answer)
