"""Authentication of requests, and the roles and scopes that a route demands."""

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
    """Return the principal of the request's API key; raises 401 without a valid key and 403 outside the key's
    scopes.
    """
    return await identify(request)


async def identify(request: Request) -> Principal:
    """Return the principal of a request outside a route's dependencies; raises the same problems as
    ``authenticate``.
    """
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
"""A route with a parameter of this type demands a key and receives its principal."""


def require(*roles: str) -> Callable[[Principal], Awaitable[Principal]]:
    """Return a dependency that gives the principal if it has one of the roles, and else raises 403 that names them."""

    async def holder(caller: Caller) -> Principal:
        demand(caller, *roles)
        return caller

    # The OpenAPI document lists the roles of each operation.
    holder.roles = roles  # type: ignore[attr-defined]
    return holder


def demand(caller: Principal, *roles: str) -> None:
    """Raise 403 that names the roles unless the caller has one of them."""
    if not caller.has_role(*roles):
        held = ", ".join(sorted(caller.roles)) or "none"
        detail = f"This needs the role {' or '.join(roles)}; {caller.name!r} has {held}."
        raise Problem(403, "missing-role", "A role is missing", detail)


def key_of(request: Request) -> str:
    """Return the key that a request carries; empty if there is none."""
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
