"""Error pages: not found, refused, service away, forged form; and the redirect of signed-out readers to the sign-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from slm_console.api_client import NotFound, RefusedRequest, ServiceAway, SignedOut
from slm_console.web import sessions
from slm_console.web.directories import is_guest
from slm_console.web.forms import ForgedForm, read_form
from slm_console.web.rendering import render
from slm_console.web.visit import Visit, open_visit, sign_in_address

_logger = structlog.get_logger(__name__)
_AGAIN_SECONDS = 5
_SECRETS = frozenset({"key", "code", "secret"})


def install(app: FastAPI) -> None:
    """Register the handlers that turn exceptions into error pages."""
    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        SignedOut: _signed_out,
        NotFound: _missing,
        RefusedRequest: _refused,
        ServiceAway: _away,
        ForgedForm: _forged,
        HTTPException: _http,
        RequestValidationError: _missing,
        Exception: _failed,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _signed_out(request: Request, error: Exception) -> Response:
    visit = open_visit(request)
    address = sign_in_address(visit)
    if visit.is_part:
        # A script must leave the page, not put the sign-in form into a part of it.
        answer: Response = Response(status_code=401, headers={"HX-Redirect": address})
    else:
        answer = RedirectResponse(address, 303)
    sessions.end(request, answer)
    return answer


async def _missing(request: Request, error: Exception) -> Response:
    reader = (visit := open_visit(request)).reader
    return _page(
        visit,
        404,
        reader.gettext("There is no such page"),
        reader.gettext("It does not exist, or it is not shown to your company."),
    )


async def _refused(request: Request, error: Exception) -> Response:
    visit = open_visit(request)
    assert isinstance(error, RefusedRequest)
    title = str(error.problem.get("title") or visit.reader.gettext("This cannot be done"))
    return _page(visit, error.status, title, str(error.problem.get("detail") or ""))


async def _away(request: Request, error: Exception) -> Response:
    """Answer with a page that links to the parts that work, and keeps what was typed so that it can be sent again."""
    visit = open_visit(request)
    assert isinstance(error, ServiceAway)
    has_rail = visit.is_signed_in and not is_guest(visit.api)
    model = {
        "layout": "base.html" if has_rail else "alone.html",
        "was_sent": error.was_sent,
        "typed": await _typed(request) if request.method == "POST" else None,
        "is_form": request.method == "POST",
    }
    answer = render(visit, "away.html", model, status=503)
    answer.headers["Retry-After"] = str(_AGAIN_SECONDS)
    return answer


async def _typed(request: Request) -> list[tuple[str, str]] | None:
    """Return the fields of a submitted form, for a page that can send them again; None if no page may show them.

    No page may repeat a secret or a file, nor show the fields of a form that is not from the reader's session.
    """
    try:
        form = await read_form(request)
    except (ForgedForm, HTTPException):
        return None
    if form.files or any(value and (name in _SECRETS or "password" in name) for name, value in form.fields):
        return None
    return [(name, value) for name, value in form.fields if name != sessions.TOKEN_FIELD]


async def _forged(request: Request, error: Exception) -> Response:
    reader = (visit := open_visit(request)).reader
    return _page(
        visit,
        403,
        reader.gettext("Nothing was changed: the form is not from your present session"),
        reader.gettext("You may have signed in again since it was opened. Go back, reload the page and send it again."),
    )


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return await _missing(request, error)
    return _page(open_visit(request), error.status_code, str(error.detail), "")


async def _failed(request: Request, error: Exception) -> Response:
    _logger.error("page failed", path=request.scope["path"], exc_info=error)
    reader = (visit := open_visit(request)).reader
    return _page(
        visit,
        500,
        reader.gettext("Something went wrong here"),
        reader.gettext("The error is in the log of this installation. Other pages work."),
    )


def _page(visit: Visit, status: int, title: str, text: str) -> Response:
    return render(visit, "error.html", {"title": title, "text": text, "status": status}, status=status)
