"""Cookie of a browser during a log-in with an OpenID provider: the log-in's secret, and the page to return to."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from slm_console.web.visit import safe_next

OPENID = "slm_openid"
_SECONDS = 600
"""Lifetime of the cookie in seconds: the longest that a log-in may take."""
_SECRET_LENGTH = 43
_LONGEST_PATH = 1_000


@dataclass(frozen=True, slots=True)
class OpenIdVisit:
    """Content of the cookie: the secret that binds a log-in to this browser, and the path to go to afterwards."""

    secret: str
    back: str


def read(request: Request) -> OpenIdVisit | None:
    """Return the content of the cookie, None if it is missing or invalid.

    The path is checked, so that it cannot lead to another site.
    """
    secret, dot, back = request.cookies.get(OPENID, "").partition(".")
    if len(secret) != _SECRET_LENGTH or not dot:
        return None
    return OpenIdVisit(secret, safe_next(unquote(back)))


def remember(request: Request, response: Response, visit: OpenIdVisit) -> None:
    """Set the cookie with SameSite ``lax``: with ``strict``, a browser would not send it on the provider's redirect."""
    back = visit.back if len(visit.back) <= _LONGEST_PATH else "/"
    response.set_cookie(
        OPENID,
        f"{visit.secret}.{quote(back, safe='')}",
        max_age=_SECONDS,
        path=_path(request),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def forget(request: Request, response: Response) -> None:
    """Delete the OpenID log-in's cookie."""
    response.delete_cookie(OPENID, path=_path(request), httponly=True, samesite="lax")


def _path(request: Request) -> str:
    return f"{request.scope.get('root_path', '')}/openid"
