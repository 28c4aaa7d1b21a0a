"""Authentication of a request, and what its principal must hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, APIKeyQuery, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from slm_chassis.access import Principal
from slm_chassis.http.parts import ACCESS
from slm_chassis.http.problems import Problem

_bearer = HTTPBearer(auto_error=False, description="An API key, `slm_…`")
_header = APIKeyHeader(name="X-API-Key", auto_error=False)
_query = APIKeyQuery(name="key", auto_error=False, description="For browsers, on GET only")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="slm"'}


async def authenticate(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None,
    header: Annotated[str | None, Depends(_header)] = None,
    query: Annotated[str | None, Depends(_query)] = None,
) -> Principal:
    """The principal of the request's API key. Raises 401 without a live key, 403 outside the key's scopes."""
    return await identify(request)


async def identify(request: Request) -> Principal:
    """What ``authenticate`` does, for those outside a route."""
    known = getattr(request.state, "principal", None)
    if isinstance(known, Principal):
        return known
    registry = ACCESS.find(request.app)
    key = key_of(request)
    if not key:
        detail = "Send your API key as Authorization: Bearer slm_…, as X-API-Key, or on GET as ?key=…"
        raise Problem(401, "no-key", "No API key", detail, headers=_CHALLENGE)
    principal = await registry.identify(key)
    if principal is None:
        detail = "The API key is unknown or revoked. Ask whoever manages your party's principals for a new one."
        raise Problem(401, "wrong-key", "The API key is not valid", detail, headers=_CHALLENGE)
    _check_scope(request, principal)
    request.state.principal = principal
    return principal


Caller = Annotated[Principal, Depends(authenticate)]
"""A parameter of this type makes a route ask for a key and receive its principal."""


def require(*roles: str) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency that gives the principal if it holds one of the roles; 403 naming them if not."""

    async def holder(caller: Caller) -> Principal:
        demand(caller, *roles)
        return caller

    # The API's document tells who may do what.
    holder.roles = roles  # type: ignore[attr-defined]
    return holder


def demand(caller: Principal, *roles: str) -> None:
    """Raises 403 naming the roles unless the caller holds one of them."""
    if not caller.has_role(*roles):
        held = ", ".join(sorted(caller.roles)) or "none"
        detail = f"This needs the role {' or '.join(roles)}; {caller.name!r} has {held}."
        raise Problem(403, "missing-role", "A role is missing", detail)


def key_of(request: Request) -> str:
    """The key that a request carries; empty without one."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    in_query = request.query_params.get("key", "") if request.method in ("GET", "HEAD") else ""
    return request.headers.get("x-api-key", "") or in_query


def _check_scope(request: Request, principal: Principal) -> None:
    resource = request.url.path.removeprefix("/api/v1/").split("/", 1)[0]
    action = "read" if request.method in ("GET", "HEAD", "OPTIONS") else "write"
    if not principal.in_scope(resource, action):
        detail = f"This key is limited to {', '.join(sorted(principal.scopes))}; the request needs {resource}:{action}."
        raise Problem(403, "out-of-scope", "Outside the key's scopes", detail)
