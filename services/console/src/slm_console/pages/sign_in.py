"""Pages to sign in and out, and the list of the reader's sessions."""

from __future__ import annotations

import contextlib
import re

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Api, ApiError, NotFound, RefusedRequest, ServiceAway, SignedOut
from slm_console.views import account
from slm_console.views.instants import read
from slm_console.web import sessions
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.visit import AnyVisit, SignedIn, Visit, safe_next

router = APIRouter()
_SECONDS = 12 * 3_600
_SESSIONS = "/api/v1/sessions"


@router.get("/sign-in")
async def show_sign_in(visit: AnyVisit) -> Response:
    """Show the sign-in form."""
    return await sign_in_form(visit, safe_next(visit.request.query_params.get("next", "/")))


@router.post("/sign-in")
async def sign_in(visit: AnyVisit, form: Fields) -> Response:
    """Start a session with mail address and password, or use an API key as the session."""
    if form.text("key"):
        return await _sign_in_with_key(visit, form.text("key"), form.next)
    email = form.text("email")
    try:
        session = await begin(visit, email, form.password("password"))
    except (SignedOut, RefusedRequest) as refused:
        error = account.why_no_session(visit.reader, refused_status(refused))
        return await sign_in_form(visit, form.next, error, email)
    answer = go(visit, form.next)
    keep(visit, answer, session)
    return answer


@router.post("/sign-out")
async def sign_out(visit: AnyVisit, form: Fields) -> Response:
    """End the session in the API and remove the browser's session cookie."""
    # An API key that is no session stays valid, because programs use it: only the browser forgets it. The browser
    # forgets a session too while the service is away. It then expires, and nobody at this machine can go on with it.
    with contextlib.suppress(SignedOut, NotFound, ServiceAway):
        await visit.api.delete(f"{_SESSIONS}/current")
    answer = go(visit, "/sign-in")
    sessions.end(visit.request, answer)
    return answer


@router.get("/sessions")
async def list_sessions(visit: SignedIn) -> Response:
    """List the reader's sessions, each with its browser or machine."""
    parts = await visit.api.gather(sessions=_SESSIONS, me="/api/v1/me")
    lines = account.session_lines(visit.reader, parts["sessions"].items)
    return render(visit, "sign_in/sessions.html", {"lines": lines, "me": parts["me"].data or {}})


@router.post("/sessions/{session_id}/end")
async def end_session(visit: SignedIn, session_id: str, form: Fields) -> Response:
    """End one of the reader's sessions."""
    await visit.api.delete(f"{_SESSIONS}/{session_id}")
    return go(visit, "/sessions")


async def begin(visit: Visit, email: str, password: str) -> dict[str, object]:
    """Log in with mail address and password, and return the new session with its key.

    Raises SignedOut, RefusedRequest.
    """
    client = browser_in_words(visit.request.headers.get("user-agent", ""))
    body = {"email": email, "password": password, "client": client}
    session: dict[str, object] = await Api(visit.api.services, "", visit.api.now).post(_SESSIONS, body)
    return session


def keep(visit: Visit, answer: Response, session: dict[str, object]) -> None:
    """Store the session's key in a cookie of the browser, until the session expires."""
    ends = read(session.get("expires_at")) or visit.api.now
    sessions.start(visit.request, answer, str(session["key"]), (ends - visit.api.now) // 1_000_000)


def browser_in_words(agent: str) -> str:
    """Return browser and system from a User-Agent header, such as ``Firefox on Linux``."""
    browsers = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    systems = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"))
    browser = next((name for mark, name in browsers if mark in agent), "Browser")
    more = (*systems, ("Mac OS", "Mac"), ("Linux", "Linux"))
    system = next((name for mark, name in more if mark in agent), "")
    return re.sub(r"\s+on $", "", f"{browser} on {system}")


def refused_status(error: Exception) -> int:
    """Return the HTTP status of an API refusal: 401 for anything but a RefusedRequest."""
    return error.status if isinstance(error, RefusedRequest) else 401


async def _sign_in_with_key(visit: Visit, key: str, back: str) -> Response:
    try:
        await Api(visit.api.services, key, visit.api.now).get("/api/v1/parties", {"limit": "1"})
    except (SignedOut, RefusedRequest):
        error = visit.reader.gettext("This key is not known here, or it has ended.")
        return await sign_in_form(visit, back, error)
    answer = go(visit, back)
    sessions.start(visit.request, answer, key, _SECONDS)
    return answer


async def sign_in_form(visit: Visit, back: str, error: str = "", email: str = "") -> Response:
    """Render the sign-in page; after signing in, the browser goes to the path ``back``."""
    model = {"next": back, "email": email, "error": error, "provider": await _provider(visit)}
    return render(visit, "sign_in/form.html", model, status=403 if error else 200)


async def _provider(visit: Visit) -> str:
    """Return the name of the installation's OpenID provider; empty if there is none or the API does not answer."""
    try:
        state = await Api(visit.api.services, "", visit.api.now).get("/api/v1/installation")
    except ApiError:
        return ""
    return str(state.get("openid_provider") or "")
