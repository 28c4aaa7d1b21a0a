"""Session cookie, which holds the session's API key, and the CSRF tokens derived from it."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

SESSION = "slm_session"
VISIT = "slm_visit"
"""Visitor's cookie, for somebody without a session. The CSRF tokens of the forms for signing in and for guests are
derived from its value.
"""
TOKEN_FIELD = "csrf_token"
TOKEN_HEADER = "x-csrf-token"
_LONGEST_SECONDS = 12 * 3_600


def key_of(request: Request) -> str:
    """Return the API key in a request's session cookie, empty if there is no cookie."""
    return request.cookies.get(SESSION, "")


def start(request: Request, response: Response, key: str, seconds: int) -> None:
    """Set the session cookie, which lasts ``seconds`` but at most 12 hours, and delete the visitor's cookie (VISIT)."""
    _set(request, response, SESSION, key, max(0, min(seconds, _LONGEST_SECONDS)))
    response.delete_cookie(VISIT, path=_path(request))


def end(request: Request, response: Response) -> None:
    """Delete the session cookie."""
    response.delete_cookie(SESSION, path=_path(request), httponly=True, samesite="lax")


def csrf_token(request: Request) -> str:
    """Return the CSRF token for the forms of this page.

    It is derived from the session key, or the visitor's cookie (VISIT), by a one-way function. So the server stores
    nothing, and a token is useless in any other session.
    """
    return _token(_secret(request))


def is_genuine(request: Request, token: str) -> bool:
    """Whether the CSRF token belongs to this session, and the browser does not report that the form is from another
    site.
    """
    secret = request.cookies.get(SESSION) or request.cookies.get(VISIT)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") or not secret:
        return False
    return hmac.compare_digest(_token(secret).encode(), token.encode())


def remember_visit(request: Request, response: Response) -> None:
    """Set the visitor's cookie (VISIT) if its value was created while this page was rendered."""
    made = getattr(request.state, "new_visit", "")
    if made:
        _set(request, response, VISIT, made, _LONGEST_SECONDS)


def _secret(request: Request) -> str:
    known = request.cookies.get(SESSION) or request.cookies.get(VISIT) or getattr(request.state, "new_visit", "")
    if not known:
        known = request.state.new_visit = secrets.token_urlsafe(32)
    return known


def _token(secret: str) -> str:
    return hmac.new(secret.encode(), b"slm console form", sha256).hexdigest()


def _set(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=_path(request),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def _path(request: Request) -> str:
    return str(request.scope.get("root_path", "")) or "/"
