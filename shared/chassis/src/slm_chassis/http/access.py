"""Authentication of requests, and the roles and scopes that a route demands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from slm_chassis.access import Principal
from slm_chassis.http.parts import ACCESS, KEY_USES
from slm_chassis.http.problems import Problem

_bearer = HTTPBearer(
    auto_error=False,
    description="An API key, `slm_…`, an access token that stands for one, `slmt_…`, or an access token of the OpenID"
    " provider",
)
_header = APIKeyHeader(name="X-API-Key", auto_error=False)
SESSION_COOKIE = "slm_session"
"""The cookie in which a browser keeps the key of its session."""
_cookie = APIKeyCookie(
    name=SESSION_COOKIE, auto_error=False, description="The key of a session, for pages of the same origin"
)
_STREAMS = "/stream"
"""Only paths with this end accept the session's cookie: browsers open event streams without headers."""
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="slm"'}
_REFUSED = {"WWW-Authenticate": 'Bearer realm="slm", error="invalid_token"'}
"""The header of an answer 401 that makes clients of OAuth 2.0 ask for another token (RFC 6750, 3.1)."""


async def authenticate(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None,
    header: Annotated[str | None, Depends(_header)] = None,
    cookie: Annotated[str | None, Depends(_cookie)] = None,
) -> Principal:
    """Return the principal of the request's API key, as a FastAPI dependency.

    Raises 401 without a valid key, 403 if the key's scopes forbid the request, and 404 if the key is limited to some
    requests (``limited_to``) and this is not one of them.
    """
    return await identify(request)


async def identify(request: Request) -> Principal:
    """Return a request's principal where no FastAPI dependency runs; raises the same problems as ``authenticate``."""
    known = getattr(request.state, "principal", None)
    if isinstance(known, Principal):
        return known
    registry = ACCESS.find(request.app)
    key = key_of(request)
    if not key:
        detail = "Send your API key as Authorization: Bearer slm_…, or as X-API-Key."
        raise Problem(401, "no-key", "No API key", detail, headers=_CHALLENGE)
    principal = await registry.identify(key)
    if principal is None:
        detail = (
            "The API key is unknown, revoked or expired. Log in again, or ask whoever manages your party's principals"
            " for a new one."
        )
        raise Problem(401, "wrong-key", "The API key is not valid", detail, headers=_REFUSED)
    if principal.by_token and path_of(request).endswith(_STREAMS):
        # A stream ends with its key, and nothing tells when a token is over or withdrawn.
        detail = "An access token opens no stream. Use an API key, or log in and use the key of the session."
        raise Problem(403, "out-of-scope", "Outside the key's scopes", detail)
    if not principal.may_send(request.method, path_of(request)):
        detail = "There is nothing here for the key that you use, which is limited to one thing; check the address."
        raise Problem(404, "not-found", "No such resource", detail)
    resource = path_of(request).removeprefix("/api/v1/").split("/", 1)[0]
    check_scope(principal, resource, "read" if request.method in ("GET", "HEAD", "OPTIONS") else "write")
    KEY_USES.find(request.app).note(principal)
    request.state.principal = principal
    return principal


Caller = Annotated[Principal, Depends(authenticate)]
"""Type of a route's parameter: the route demands an API key, and the parameter gets the key's principal."""


def require_role(*roles: str) -> Callable[[Principal], Awaitable[Principal]]:
    """Return a FastAPI dependency that returns the principal if it has one of the roles, and else raises 403."""

    async def holder(caller: Caller) -> Principal:
        check_role(caller, *roles)
        return caller

    # The OpenAPI document lists the roles of each operation.
    holder.roles = roles  # type: ignore[attr-defined]
    return holder


def check_role(caller: Principal, *roles: str) -> None:
    """Raise 403 unless the caller has one of the roles. The problem names these roles."""
    if not caller.has_role(*roles):
        held = ", ".join(sorted(caller.roles)) or "none"
        detail = f"This needs the role {' or '.join(roles)}; {caller.name!r} has {held}."
        raise Problem(403, "missing-role", "A role is missing", detail)


def check_scope(caller: Principal, resource: str, action: str) -> None:
    """Raise 403 unless the scopes of the caller's key allow the action, ``read`` or ``write``, on the resource.

    A resource is the first path segment after ``/api/v1``.
    """
    if not caller.in_scope(resource, action):
        detail = f"This key is limited to {', '.join(sorted(caller.scopes))}; the request needs {resource}:{action}."
        raise Problem(403, "out-of-scope", "Outside the key's scopes", detail)


def key_of(request: Request) -> str:
    """Return the API key that a request carries; empty text if there is none."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    return request.headers.get("x-api-key", "") or _key_in_cookie(request)


def path_of(request: Request) -> str:
    """Return a request's path, without its query.

    Starlette's ``request.url.path`` is the same, but builds and takes apart a whole URL each time.
    """
    path: str = request.scope["path"]
    return path


def _key_in_cookie(request: Request) -> str:
    """Return the key in the session's cookie if a page of the same origin opens an event stream; else empty text.

    Every other request needs a header, which no other site can make a browser send, so no request can be forged.
    """
    if request.method != "GET" or not path_of(request).endswith(_STREAMS) or not _is_of_same_origin(request):
        return ""
    return request.cookies.get(SESSION_COOKIE, "")


def _is_of_same_origin(request: Request) -> bool:
    """Whether a browser says that a page of this origin sent the request.

    Three headers are looked at, in this order. Sec-Fetch-Site decides if it is there; browsers send it only over https
    and to localhost. Otherwise Origin decides if it is there; browsers send it whenever a page of another origin could
    read the answer to the request. Otherwise Accept decides. Images and scripts of another origin are requested without
    Origin, but never with ``Accept: text/event-stream``.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    if origin is not None:
        return origin == f"{request.url.scheme}://{request.headers.get('host', '')}"
    return request.headers.get("accept") == "text/event-stream"
